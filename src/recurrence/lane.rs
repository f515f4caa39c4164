//! The instances of one lane: civil times of the set, put on the time line in order.

use super::day::SECONDS_PER_DAY;
use super::offsets::{MOST, Offsets};
use super::series::{Lane, Series};
use super::set::SetCursor;
use super::work::{Exhausted, Work};
use crate::time::Zone;

/// An original start (civil), a start and an end (both on the time line).
#[derive(Debug, Clone, Copy)]
pub(super) struct Found {
    pub recurrence: i64,
    pub recurrence_at: i64,
    pub start: i64,
    pub end: i64,
    /// Which of [`Definition::overrides`](super::Definition::overrides) it is from.
    pub change: Option<usize>,
}

/// Goes through the instances of a lane in order of their starts.
#[derive(Debug, Clone)]
pub(super) struct LaneCursor<'s> {
    lane: &'s Lane,
    zone: &'s Zone,
    set: SetCursor<'s>,
    starts: Offsets<'s>,
    ends: Offsets<'s>,
    /// The instances in a gap, which lie among those after it.
    in_gap: Option<Box<InGap<'s>>>,
    /// The next instance that is not in a gap, while there is `in_gap`.
    ahead: Option<Option<(i64, i64)>>,
}

#[derive(Debug, Clone)]
struct InGap<'s> {
    set: SetCursor<'s>,
    /// The first original start after the gap.
    end: i64,
    /// From an original start to the instant.
    offset: i64,
    next: (i64, i64),
}

impl<'s> LaneCursor<'s> {
    /// A cursor for the instances that share time with a window; some before and after it may come as well. The zone is
    /// not looked at before there is one.
    pub fn new(
        series: &'s Series,
        lane: &'s Lane,
        reader: &'s Zone,
        window: (i64, i64),
        work: &mut Work,
    ) -> Result<Self, Exhausted> {
        let zone = series.zone(reader);
        let from = window.0 - lane.length.at_most() - MOST - lane.shift;
        let stop = window.1 + MOST - lane.shift;
        let set = series.set.cursor(from.max(lane.from), stop, work)?;
        Ok(Self { lane, zone, set, starts: Offsets::new(zone), ends: Offsets::new(zone), in_gap: None, ahead: None })
    }

    #[inline]
    pub fn next(&mut self, work: &mut Work) -> Result<Option<Found>, Exhausted> {
        let Some((recurrence, start)) = self.next_start(work)? else { return Ok(None) };
        let Lane { length, shift, change, .. } = *self.lane;
        let end = if length.days == 0 {
            start + length.seconds
        } else {
            let later = recurrence + shift + length.days * SECONDS_PER_DAY;
            self.starts.known(later).unwrap_or_else(|| self.ends.resolve(later)) + length.seconds
        };
        let recurrence_at = if shift == 0 { start } else { self.zone.instant(super::day::civil_of(recurrence)).unix() };
        Ok(Some(Found { recurrence, recurrence_at, start, end, change }))
    }

    /// The original start (civil) and the start (instant) of the next instance.
    #[inline]
    fn next_start(&mut self, work: &mut Work) -> Result<Option<(i64, i64)>, Exhausted> {
        let ahead = match self.ahead.take() {
            Some(ahead) => ahead,
            None => self.next_outside(work)?,
        };
        let Some(in_gap) = &mut self.in_gap else { return Ok(ahead) };
        if ahead.is_some_and(|(_, start)| start < in_gap.next.1) {
            return Ok(ahead);
        }
        self.ahead = Some(ahead);
        let next = in_gap.next;
        match in_gap.set.next(work)? {
            Some(civil) if civil < in_gap.end.min(self.lane.to) => in_gap.next = (civil, civil + in_gap.offset),
            _ => self.in_gap = None,
        }
        Ok(Some(next))
    }

    /// The next instance outside of gaps. Those inside are set aside.
    #[inline]
    fn next_outside(&mut self, work: &mut Work) -> Result<Option<(i64, i64)>, Exhausted> {
        let Some(civil) = self.next_civil(work)? else { return Ok(None) };
        let start = self.starts.resolve(civil + self.lane.shift);
        match self.starts.gap_end(civil + self.lane.shift) {
            None => Ok(Some((civil, start))),
            Some(end) => {
                let end = end - self.lane.shift;
                let (next, offset) = ((civil, start), start - civil);
                self.in_gap = Some(Box::new(InGap { set: self.set.clone(), end, offset, next }));
                self.set.seek(end, work)?;
                let Some(civil) = self.next_civil(work)? else { return Ok(None) };
                Ok(Some((civil, self.starts.resolve(civil + self.lane.shift))))
            }
        }
    }

    #[inline]
    fn next_civil(&mut self, work: &mut Work) -> Result<Option<i64>, Exhausted> {
        Ok(self.set.next(work)?.filter(|civil| *civil < self.lane.to))
    }
}
