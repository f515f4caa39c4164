//! The instances of one lane: civil times of the set, put on the time line in order.

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
    /// A cursor for the instances that share time with a window; some before and after it may come as well. It has none
    /// before it is told to [`seek`](Self::seek) the start of the window. `zone` is that of the series.
    #[inline]
    pub fn closed(series: &'s Series, lane: &'s Lane, zone: &'s Zone, end: i64) -> Self {
        Self { lane, zone, set: series.set.closed(end + MOST - lane.shift), in_gap: None, ahead: None }
    }

    /// Goes to before the first instance that can share time with a window from `start` on.
    #[inline]
    pub fn seek(&mut self, start: i64, work: &mut Work) -> Result<(), Exhausted> {
        let from = start - self.lane.length.at_most() - MOST - self.lane.shift;
        self.set.seek(from.max(self.lane.from), work)
    }

    /// The next instance; `offsets` are those of the zone.
    #[inline(always)]
    pub fn next(&mut self, offsets: &mut Offsets, work: &mut Work) -> Result<Option<Found>, Exhausted> {
        let Some((recurrence, start)) = self.next_start(offsets, work)? else { return Ok(None) };
        let Lane { length, shift, change, .. } = *self.lane;
        let end = length.end((recurrence + shift, start), |civil| offsets.resolve(self.zone, civil));
        let recurrence_at = if shift == 0 { start } else { offsets.resolve(self.zone, recurrence) };
        Ok(Some(Found { recurrence, recurrence_at, start, end, change }))
    }

    /// The original start (civil) and the start (instant) of the next instance.
    #[inline(always)]
    fn next_start(&mut self, offsets: &mut Offsets, work: &mut Work) -> Result<Option<(i64, i64)>, Exhausted> {
        if self.in_gap.is_some() || self.ahead.is_some() {
            return self.next_around_gap(offsets, work);
        }
        let Some(civil) = self.next_civil(work)? else { return Ok(None) };
        let start = offsets.resolve(self.zone, civil + self.lane.shift);
        let Some(end) = offsets.gap_end(civil + self.lane.shift) else { return Ok(Some((civil, start))) };
        self.set_aside((civil, start), end - self.lane.shift, work)?;
        self.next_around_gap(offsets, work)
    }

    /// The same while there are instances in a gap, which lie among those after it.
    #[cold]
    fn next_around_gap(&mut self, offsets: &mut Offsets, work: &mut Work) -> Result<Option<(i64, i64)>, Exhausted> {
        let ahead = match self.ahead.take() {
            Some(ahead) => ahead,
            None => {
                let civil = self.next_civil(work)?;
                civil.map(|civil| (civil, offsets.resolve(self.zone, civil + self.lane.shift)))
            }
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

    /// Keeps an instance in a gap, and those after it, apart; the set goes on with what is after the gap, at `end`.
    fn set_aside(&mut self, next: (i64, i64), end: i64, work: &mut Work) -> Result<(), Exhausted> {
        self.in_gap = Some(Box::new(InGap { set: self.set.clone(), end, offset: next.1 - next.0, next }));
        self.set.seek(end, work)
    }

    #[inline(always)]
    fn next_civil(&mut self, work: &mut Work) -> Result<Option<i64>, Exhausted> {
        Ok(self.set.next(work)?.filter(|civil| *civil < self.lane.to))
    }
}
