//! Civil time to instants, with the offset remembered between two changes of the clocks.

use super::day::civil_of;
use crate::time::{Instant, Zone};

/// More than any offset from UTC, and than any change of one.
const MARGIN: i64 = 2 * 86_400;
/// More than any offset from UTC.
pub(super) const MOST: i64 = 16 * 3600;

/// Resolves civil seconds as RFC 5545 §3.3.5 says: the earlier of two, and in a gap with the offset before it.
///
/// Between two transitions that is one subtraction. Instants grow with civil time, but for the times in a gap: they
/// coincide with those after it.
#[derive(Debug, Clone)]
pub(super) struct Offsets<'z> {
    /// `None` is UTC.
    zone: Option<&'z Zone>,
    /// The civil times that `offset` resolves: from `low` to before `high`.
    low: i64,
    high: i64,
    offset: i64,
    /// Where the gap before `high` begins, if there is one, else `high`.
    gap: i64,
}

impl<'z> Offsets<'z> {
    pub fn new(zone: &'z Zone) -> Self {
        if zone.name() == "UTC" {
            return Self { zone: None, low: i64::MIN, high: i64::MAX, offset: 0, gap: i64::MAX };
        }
        Self { zone: Some(zone), low: 0, high: 0, offset: 0, gap: 0 }
    }

    /// The instant of a civil time.
    #[inline]
    pub fn resolve(&mut self, civil: i64) -> i64 {
        if let Some(zone) = self.zone
            && !(self.low..self.high).contains(&civil)
        {
            self.load(zone, civil);
        }
        civil - self.offset
    }

    /// What [`resolve`](Self::resolve) gives, if it is known already.
    #[inline]
    pub fn known(&self, civil: i64) -> Option<i64> {
        (self.low..self.high).contains(&civil).then(|| civil - self.offset)
    }

    /// If the civil time just resolved lies in a gap: the civil time at its end.
    #[inline]
    pub fn gap_end(&self, civil: i64) -> Option<i64> {
        (civil >= self.gap).then_some(self.high)
    }

    /// Finds the stretch of one offset that has `civil`.
    fn load(&mut self, zone: &Zone, civil: i64) {
        let from = Instant::from_unix(civil - MARGIN);
        let mut offset = i64::from(zone.offset_seconds_at(from));
        // Known to be after the change before `from`, whatever it was.
        let mut low = from.unix() + MOST;
        for (at, next) in zone.transitions_after(from) {
            let (at, next) = (at.unix(), i64::from(next));
            let high = at + offset.max(next);
            if civil < high {
                (self.low, self.high, self.offset, self.gap) = (low, high, offset, at + offset);
                self.gap = self.gap.min(high);
                return;
            }
            (low, offset) = (high, next);
        }
        (self.low, self.high, self.offset, self.gap) = (low, i64::MAX, offset, i64::MAX);
    }
}

/// The last civil time that resolves to `instant` or earlier, and the civil times before it that resolve later: those
/// between the two numbers.
pub(super) fn civil_until(zone: &Zone, instant: i64) -> (i64, (i64, i64)) {
    let mut offset = i64::from(zone.offset_seconds_at(Instant::from_unix(instant - MARGIN)));
    let (mut last, mut hole) = (instant + offset, (i64::MAX, i64::MAX));
    for (at, next) in zone.transitions_after(Instant::from_unix(instant - MARGIN)) {
        let (at, next) = (at.unix(), i64::from(next));
        if at > instant {
            break;
        }
        hole = (i64::MAX, i64::MAX);
        if next < offset {
            // Times that happen twice mean the first.
            last = (instant + next).max(at + offset - 1);
        } else {
            last = instant + next;
            if instant + offset < at + next {
                hole = (instant + offset, at + next);
            }
        }
        offset = next;
    }
    (last, hole)
}

/// The civil times that resolve to `instant`: two for one that a gap's end and a time in the gap share, none for the
/// second of two equal ones.
pub(super) fn civils_at(zone: &Zone, instant: i64) -> impl Iterator<Item = i64> {
    let now = i64::from(zone.offset_seconds_at(Instant::from_unix(instant)));
    let before = i64::from(zone.offset_seconds_at(Instant::from_unix(instant - MARGIN / 2)));
    let early = (before != now).then_some(instant + before);
    let resolves = move |civil: &i64| zone.instant(civil_of(*civil)).unix() == instant;
    early.into_iter().chain([instant + now]).filter(resolves)
}
