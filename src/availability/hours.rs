//! Working hours: rules on wall clocks, laid out over a window (A1).

use crate::time::{Interval, Time};

use super::Spans;
use super::offsets::{DAY, Offsets};

/// Times of the day at which somebody works on the days of a rule.
///
/// They are times of the wall clock. Where clocks jump over a start or an end, the hours start or end at the jump; of a
/// time that clocks show twice, the earlier is meant (RFC 5545 §3.3.5).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shift {
    /// When work begins.
    pub start: Time,
    /// When it ends; not after the start: on the next day. 00:00 to 00:00 is a whole day.
    pub end: Time,
    /// When nobody works in between.
    pub breaks: Vec<Break>,
}

impl Shift {
    /// The stretches of work between the breaks, in seconds after the midnight at which its day begins: from 86,400 on
    /// they are on the next day.
    #[must_use]
    pub fn stretches(&self) -> Vec<(i64, i64)> {
        let Times { start, end, breaks } = Times::of(self);
        let (mut found, mut from) = (Vec::new(), start);
        for (begins, ends) in breaks {
            found.push((from, begins.clamp(from, end)));
            from = ends.clamp(from, end);
        }
        found.push((from, end));
        found.retain(|(from, until)| from < until);
        found
    }
}

/// A stretch of a shift without work. A break of a shift over midnight that begins before the shift does, on the clock,
/// belongs to the second day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Break {
    /// When it begins.
    pub start: Time,
    /// When it ends; not after the start: on the next day.
    pub end: Time,
}

/// Working hours over a window.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Hours {
    /// When there is work.
    open: Spans,
    /// When there would be work but for a break.
    breaks: Spans,
}

impl Hours {
    /// Open whenever `open` says, without breaks.
    #[must_use]
    pub const fn new(open: Spans) -> Self {
        Self { open, breaks: Spans::EMPTY }
    }

    /// When there is work: no breaks.
    #[must_use]
    pub const fn open(&self) -> &Spans {
        &self.open
    }

    /// Breaks that no other hours cover.
    #[must_use]
    pub const fn breaks(&self) -> &Spans {
        &self.breaks
    }
}

/// Lays shifts out over days. Several add up: what one of them breaks off, another may cover.
#[derive(Debug, Default)]
pub(super) struct Layout {
    /// What the rules before give.
    hours: Hours,
    /// What the current one gives, in order.
    open: Vec<Interval>,
    breaks: Vec<Interval>,
}

impl Layout {
    /// Adds a shift on each of `days`, which count from 1970-01-01 on the clocks of `offsets`.
    #[cfg(test)]
    pub(super) fn add(&mut self, shift: &Shift, offsets: &Offsets, days: impl Iterator<Item = i64>) {
        let times = Times::of(shift);
        days.for_each(|day| self.day(&times, offsets, day));
        self.next();
    }

    /// Adds the times of one day.
    #[inline]
    pub(super) fn day(&mut self, times: &Times, offsets: &Offsets, day: i64) {
        let mut open_from = times.start;
        for (from, until) in &times.breaks {
            let (from, until) = ((*from).clamp(open_from, times.end), (*until).clamp(open_from, times.end));
            self.open.extend(on(day, open_from, from, offsets));
            self.breaks.extend(on(day, from, until, offsets));
            open_from = until;
        }
        self.open.extend(on(day, open_from, times.end, offsets));
    }

    /// Ends a rule. Merging the rules' sorted lists is less work than sorting all of it.
    pub(super) fn next(&mut self) {
        let (open, breaks) = (std::mem::take(&mut self.open), std::mem::take(&mut self.breaks));
        let (open, breaks) = (Spans::new(open), Spans::new(breaks));
        self.hours = Hours { open: self.hours.open.union(&open), breaks: self.hours.breaks.union(&breaks) };
    }

    /// The hours.
    #[must_use]
    pub(super) fn finish(self) -> Hours {
        let Hours { open, breaks } = self.hours;
        let breaks = if breaks.is_empty() { breaks } else { breaks.subtract(&open) };
        Hours { open, breaks }
    }
}

/// A shift in seconds after midnight.
#[derive(Debug)]
pub(super) struct Times {
    start: i64,
    end: i64,
    breaks: Vec<(i64, i64)>,
}

impl Times {
    pub(super) fn of(shift: &Shift) -> Self {
        let (start, end) = ordered(shift.start, shift.end, 0);
        let mut breaks: Vec<(i64, i64)> = shift.breaks.iter().map(|b| ordered(b.start, b.end, start)).collect();
        breaks.sort_unstable();
        Self { start, end, breaks }
    }
}

/// Seconds after midnight at which something starts and ends that starts at or after `not_before`.
fn ordered(start: Time, end: Time, not_before: i64) -> (i64, i64) {
    let seconds = |time: Time| i64::from(time.hour()) * 3600 + i64::from(time.minute()) * 60 + i64::from(time.second());
    let (mut start, mut end) = (seconds(start), seconds(end));
    if start < not_before {
        (start, end) = (start + DAY, end + DAY);
    }
    if end <= start {
        end += DAY;
    }
    (start, if end - start > DAY { end - DAY } else { end })
}

fn on(day: i64, start: i64, end: i64, offsets: &Offsets) -> Option<Interval> {
    if start >= end {
        return None;
    }
    Interval::new(offsets.first_at(day * DAY + start), offsets.first_at(day * DAY + end))
}
