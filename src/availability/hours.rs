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
pub struct Layout {
    open: Vec<Interval>,
    breaks: Vec<Interval>,
}

impl Layout {
    /// Adds a shift on each of `days`, which count from 1970-01-01 on the clocks of `offsets`.
    pub(super) fn add(&mut self, shift: &Shift, offsets: &Offsets, days: impl Iterator<Item = i64>) {
        let (start, end) = ordered(shift.start, shift.end, 0);
        if shift.breaks.is_empty() {
            self.open.extend(days.filter_map(|day| on(day, start, end, offsets)));
            return;
        }
        let mut breaks: Vec<(i64, i64)> = shift.breaks.iter().map(|b| ordered(b.start, b.end, start)).collect();
        breaks.sort_unstable();
        for day in days {
            let mut open_from = start;
            for (from, until) in &breaks {
                let (from, until) = ((*from).clamp(open_from, end), (*until).clamp(open_from, end));
                self.open.extend(on(day, open_from, from, offsets));
                self.breaks.extend(on(day, from, until, offsets));
                open_from = until;
            }
            self.open.extend(on(day, open_from, end, offsets));
        }
    }

    /// The hours.
    #[must_use]
    pub(super) fn finish(self) -> Hours {
        let open = Spans::new(self.open);
        let breaks = if self.breaks.is_empty() { Spans::EMPTY } else { Spans::new(self.breaks).subtract(&open) };
        Hours { open, breaks }
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
