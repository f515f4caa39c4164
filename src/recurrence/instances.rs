//! Instances of a series in a window.

use super::day::civil_of;
use super::lane::{Found, LaneCursor};
use super::offsets::{Clocks, Offsets};
use super::series::{Extra, Series};
use super::work::{Exhausted, Work};
use crate::time::{Civil, Instant, Interval, Zone};

/// More than any offset from UTC: how far a civil number and an instant of one time can be apart.
const MARGIN: i64 = 2 * 86_400;

/// One instance of a [`Series`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Instance {
    /// When it takes place. Start and end are equal for an instance without length.
    pub at: Interval,
    /// Which of [`Definition::overrides`](super::Definition::overrides) moved it or changed its length.
    pub change: Option<usize>,
    /// The instant of its RECURRENCE-ID: its start, unless it was moved.
    pub recurrence_at: Instant,
    recurrence: i64,
}

impl Instance {
    /// Its RECURRENCE-ID: the original start on DTSTART's clock, midnight for a DATE (RFC 5545 §3.8.4.4).
    #[must_use]
    pub fn recurrence_id(&self) -> Civil {
        civil_of(self.recurrence)
    }

    fn of(found: Found) -> Self {
        let instant = Instant::from_unix;
        Self {
            at: Interval { start: instant(found.start), end: instant(found.end) },
            change: found.change,
            recurrence_at: instant(found.recurrence_at),
            recurrence: found.recurrence,
        }
    }
}

impl Series {
    /// The instances that share time with `window` in order of their starts, wherever DTSTART is: an instance that began
    /// before is given too, one that ends when the window starts is not. An instance without length is given if it
    /// starts inside.
    ///
    /// `zone` is the reader's: the one that floating times and dates are in. The cost grows with the instances in the
    /// window, not with the years before it.
    ///
    /// Local times that a gap leaves out take the offset before it, and of two equal ones the first is meant (RFC 5545
    /// §3.3.5). Starts after [`Instant::MAX`] are left out.
    ///
    /// The iterator gives an error and ends when the limit on work is reached.
    pub fn instances<'s>(&'s self, window: Interval, zone: &'s Zone) -> Instances<'s> {
        let (reader, zone) = (zone, self.zone(zone));
        let (mut offsets, mut work) = (Offsets::new(zone), Work::new());
        let mut walk = Walk::closed(window);
        let opened = walk.open(self, (reader, zone), &mut offsets, &mut work);
        Instances { walk: opened.map(|()| Some(walk)), offsets, work }
    }

    /// Calls `each` for what [`instances`](Self::instances) gives, without an allocation.
    ///
    /// # Errors
    /// [`Exhausted`] when the limit on work is reached; `each` has been called for the instances before that.
    #[inline]
    pub fn for_each(&self, window: Interval, zone: &Zone, each: impl FnMut(Instance)) -> Result<(), Exhausted> {
        self.walk(window, zone, &mut Offsets::new(self.zone(zone)), each)
    }

    /// The same for one of many series: `clocks` remembers for the next one what this one looked up.
    pub(super) fn for_each_with(
        &self,
        clocks: &mut Clocks,
        window: Interval,
        zone: &Zone,
        each: impl FnMut(Instance),
    ) -> Result<(), Exhausted> {
        self.walk(window, zone, clocks.of(self.zone(zone)), each)
    }

    #[inline]
    fn walk(
        &self,
        window: Interval,
        zone: &Zone,
        offsets: &mut Offsets,
        mut each: impl FnMut(Instance),
    ) -> Result<(), Exhausted> {
        let mut work = Work::new();
        let mut walk = Walk::closed(window);
        walk.open(self, (zone, self.zone(zone)), offsets, &mut work)?;
        while let Some(found) = walk.next(offsets, &mut work)? {
            each(Instance::of(found));
        }
        Ok(())
    }

    /// The first instance that starts after `instant`. `zone` as for [`instances`](Self::instances).
    ///
    /// # Errors
    /// [`Exhausted`] when that takes too many steps to find.
    pub fn first_after(&self, instant: Instant, zone: &Zone) -> Result<Option<Instance>, Exhausted> {
        let window = Interval { start: instant + 1, end: Instant::MAX + 1 };
        for instance in self.instances(window, zone) {
            let instance = instance?;
            if instance.at.start > instant {
                return Ok(Some(instance));
            }
        }
        Ok(None)
    }
}

/// The iterator of [`Series::instances`].
#[derive(Debug)]
pub struct Instances<'s> {
    /// `None` after an error.
    walk: Result<Option<Walk<'s>>, Exhausted>,
    offsets: Offsets,
    work: Work,
}

impl Iterator for Instances<'_> {
    type Item = Result<Instance, Exhausted>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let next = match &mut self.walk {
            Ok(None) => return None,
            Ok(Some(walk)) => walk.next(&mut self.offsets, &mut self.work),
            Err(Exhausted) => Err(Exhausted),
        };
        if next.is_err() {
            self.walk = Ok(None);
        }
        next.transpose().map(|found| found.map(Instance::of))
    }
}

/// Goes through the instances of a series in a window, in order of their starts.
#[derive(Debug)]
struct Walk<'s> {
    /// The window: half-open.
    start: i64,
    end: i64,
    lanes: Lanes<'s>,
    /// Instances with times of their own, those of the window, by start.
    extras: std::vec::IntoIter<Found>,
}

#[derive(Debug)]
#[allow(clippy::large_enum_variant, reason = "nearly every series has one lane, and needs no allocation for it")]
enum Lanes<'s> {
    One(LaneCursor<'s>),
    /// Several, or one and extras; each with its next instance.
    Many(Vec<(LaneCursor<'s>, Option<Found>)>),
}

impl<'s> Walk<'s> {
    /// It has nothing before [`open`](Self::open), which fills it where it is: a copy would cost as much as a short window.
    #[inline]
    fn closed(window: Interval) -> Self {
        let (start, end) = bounds(window);
        Self { start, end, lanes: Lanes::Many(Vec::new()), extras: Vec::new().into_iter() }
    }

    /// Goes to before the first instance of a series, whose clocks are those of `zone`.
    #[inline]
    fn open(
        &mut self,
        series: &'s Series,
        (reader, zone): (&Zone, &'s Zone),
        offsets: &mut Offsets,
        work: &mut Work,
    ) -> Result<(), Exhausted> {
        let window = (self.start, self.end);
        self.extras = extras_within(series, window, reader, work)?.into_iter();
        if let [lane] = series.lanes.as_slice()
            && self.extras.as_slice().is_empty()
        {
            self.lanes = Lanes::One(LaneCursor::closed(series, lane, zone, self.end));
            if let Lanes::One(cursor) = &mut self.lanes {
                cursor.seek(self.start, work)?;
            }
            return Ok(());
        }
        let mut cursors = Vec::with_capacity(series.lanes.len());
        for lane in &series.lanes {
            let mut cursor = LaneCursor::closed(series, lane, zone, self.end);
            cursor.seek(self.start, work)?;
            let first = next_in(&mut cursor, window, offsets, work)?;
            cursors.push((cursor, first));
        }
        self.lanes = Lanes::Many(cursors);
        Ok(())
    }

    #[inline]
    fn next(&mut self, offsets: &mut Offsets, work: &mut Work) -> Result<Option<Found>, Exhausted> {
        let window = (self.start, self.end);
        match &mut self.lanes {
            Lanes::One(lane) => next_in(lane, window, offsets, work),
            Lanes::Many(_) => self.next_of_many(offsets, work),
        }
    }

    fn next_of_many(&mut self, offsets: &mut Offsets, work: &mut Work) -> Result<Option<Found>, Exhausted> {
        let window = (self.start, self.end);
        let extra = self.extras.as_slice().first().map(order);
        let Lanes::Many(lanes) = &mut self.lanes else { return Ok(None) };
        work.spend(lanes.len() as u32)?;
        let least = lanes.iter_mut().filter(|(_, next)| next.is_some());
        let least = least.min_by_key(|(_, next)| next.as_ref().map(order));
        match least {
            Some((lane, next)) if extra.is_none_or(|extra| next.as_ref().map(order) < Some(extra)) => {
                let found = *next;
                *next = next_in(lane, window, offsets, work)?;
                Ok(found)
            }
            _ => Ok(self.extras.next()),
        }
    }
}

/// A window in seconds. Starts after [`Instant::MAX`] are in none.
#[inline]
pub(super) fn bounds(window: Interval) -> (i64, i64) {
    (window.start.unix(), window.end.min(Instant::MAX + 1).unix())
}

/// The instances with times of their own that may share time with a window; no others do.
#[inline]
pub(super) fn extras(series: &Series, start: i64, end: i64) -> &[Extra] {
    let rest = &series.extras[series.reach.partition_point(|reach| *reach < start - MARGIN)..];
    &rest[..rest.partition_point(|extra| extra.start.about() <= end.saturating_add(MARGIN))]
}

/// Those that do.
#[inline]
fn extras_within(
    series: &Series,
    (start, end): (i64, i64),
    zone: &Zone,
    work: &mut Work,
) -> Result<Vec<Found>, Exhausted> {
    let mut found = Vec::new();
    for extra in extras(series, start, end) {
        work.spend(4)?;
        let from = extra.start.resolve(zone);
        // Clocks that go on over its end are past that when it starts.
        let until = extra.end.resolve(zone).max(from);
        if from < end && (until > start || from >= start) {
            let recurrence_at = extra.recurrence_at.resolve(zone);
            let (recurrence, change) = (extra.recurrence, extra.change);
            found.push(Found { recurrence, recurrence_at, start: from, end: until, change });
        }
    }
    found.sort_by_key(|found| (found.start, found.recurrence));
    Ok(found)
}

fn order(found: &Found) -> (i64, i64) {
    (found.start, found.recurrence)
}

/// The next instance of a lane that shares time with the window.
#[inline(always)]
fn next_in(
    lane: &mut LaneCursor<'_>,
    (start, end): (i64, i64),
    offsets: &mut Offsets,
    work: &mut Work,
) -> Result<Option<Found>, Exhausted> {
    while let Some(found) = lane.next(offsets, work)? {
        if found.start >= end {
            return Ok(None);
        }
        if found.end > start || found.start >= start {
            return Ok(Some(found));
        }
    }
    Ok(None)
}
