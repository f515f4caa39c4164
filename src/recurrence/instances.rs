//! Instances of a series in a window.

use super::day::civil_of;
use super::lane::{Found, LaneCursor};
use super::series::Series;
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
        let end = window.end.min(Instant::MAX + 1).unix();
        let mut instances = Instances {
            start: window.start.unix(),
            end,
            work: Work::new(),
            lanes: Lanes::None,
            extras: Vec::new().into_iter(),
            failed: false,
        };
        match instances.open(self, zone) {
            Ok(lanes) => instances.lanes = lanes,
            Err(Exhausted) => instances.failed = true,
        }
        instances
    }

    /// Calls `each` for what [`instances`](Self::instances) gives, without an allocation per instance.
    ///
    /// # Errors
    /// [`Exhausted`] when the limit on work is reached; `each` has been called for the instances before that.
    pub fn for_each(&self, window: Interval, zone: &Zone, mut each: impl FnMut(Instance)) -> Result<(), Exhausted> {
        for instance in self.instances(window, zone) {
            each(instance?);
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
    /// The window: half-open.
    start: i64,
    end: i64,
    work: Work,
    lanes: Lanes<'s>,
    /// Instances with times of their own, those of the window, by start.
    extras: std::vec::IntoIter<Found>,
    failed: bool,
}

#[derive(Debug)]
enum Lanes<'s> {
    None,
    One(Box<LaneCursor<'s>>),
    /// Several, or one and extras; each with its next instance.
    Many(Vec<(LaneCursor<'s>, Option<Found>)>),
}

impl<'s> Instances<'s> {
    fn open(&mut self, series: &'s Series, zone: &'s Zone) -> Result<Lanes<'s>, Exhausted> {
        self.extras = self.extras(series, zone)?.into_iter();
        let window = (self.start, self.end);
        let open = |lane, work: &mut Work| LaneCursor::new(series, lane, zone, window, work);
        if let [lane] = series.lanes.as_slice()
            && self.extras.as_slice().is_empty()
        {
            return Ok(Lanes::One(Box::new(open(lane, &mut self.work)?)));
        }
        let mut cursors = Vec::with_capacity(series.lanes.len());
        for lane in &series.lanes {
            let mut cursor = open(lane, &mut self.work)?;
            let first = next_in(&mut cursor, self.start, self.end, &mut self.work)?;
            cursors.push((cursor, first));
        }
        Ok(Lanes::Many(cursors))
    }

    /// The extras that share time with the window.
    fn extras(&mut self, series: &Series, zone: &Zone) -> Result<Vec<Found>, Exhausted> {
        let zone = series.zone(zone);
        let mut found = Vec::new();
        let first = series.reach.partition_point(|reach| *reach < self.start - MARGIN);
        for extra in &series.extras[first..] {
            if extra.start.about() > self.end.saturating_add(MARGIN) {
                break;
            }
            self.work.spend(4)?;
            let (start, end) = (extra.start.resolve(zone), extra.end.resolve(zone));
            if start < self.end && (end > self.start || start >= self.start) {
                let recurrence_at = extra.recurrence_at.resolve(zone);
                let (recurrence, change) = (extra.recurrence, extra.change);
                found.push(Found { recurrence, recurrence_at, start, end, change });
            }
        }
        found.sort_by_key(|found| (found.start, found.recurrence));
        Ok(found)
    }

    #[inline]
    fn advance(&mut self) -> Result<Option<Found>, Exhausted> {
        let Self { start, end, work, extras, .. } = self;
        match &mut self.lanes {
            Lanes::None => Ok(None),
            Lanes::One(lane) => next_in(lane, *start, *end, work),
            Lanes::Many(lanes) => {
                let extra = extras.as_slice().first().map(order);
                work.spend(lanes.len() as u32)?;
                let least = lanes.iter_mut().filter(|(_, next)| next.is_some());
                let least = least.min_by_key(|(_, next)| next.as_ref().map(order));
                match least {
                    Some((lane, next)) if extra.is_none_or(|extra| next.as_ref().map(order) < Some(extra)) => {
                        let found = *next;
                        *next = next_in(lane, *start, *end, work)?;
                        Ok(found)
                    }
                    _ => Ok(extras.next()),
                }
            }
        }
    }
}

fn order(found: &Found) -> (i64, i64) {
    (found.start, found.recurrence)
}

/// The next instance of a lane that shares time with the window.
#[inline]
fn next_in(lane: &mut LaneCursor<'_>, start: i64, end: i64, work: &mut Work) -> Result<Option<Found>, Exhausted> {
    while let Some(found) = lane.next(work)? {
        if found.start >= end {
            return Ok(None);
        }
        if found.end > start || found.start >= start {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

impl Iterator for Instances<'_> {
    type Item = Result<Instance, Exhausted>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        if self.failed {
            self.failed = false;
            self.lanes = Lanes::None;
            return Some(Err(Exhausted));
        }
        match self.advance() {
            Ok(found) => found.map(|found| Ok(Instance::of(found))),
            Err(Exhausted) => {
                self.lanes = Lanes::None;
                Some(Err(Exhausted))
            }
        }
    }
}
