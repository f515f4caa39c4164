//! Civil time to instants, with the offsets remembered between two changes of the clocks.

use super::day::civil_of;
use crate::time::{Instant, Zone};

/// More than any offset from UTC, and than any change of one.
const MARGIN: i64 = 2 * 86_400;
/// More than any offset from UTC.
pub(super) const MOST: i64 = 16 * 3600;

/// What the clocks of zones show, remembered from one series to the next.
#[derive(Debug, Clone)]
pub(super) struct Clocks(Vec<(Zone, Offsets)>);

impl Clocks {
    /// Nothing is known yet.
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    pub fn of(&mut self, zone: &Zone) -> &mut Offsets {
        let known = self.0.iter().position(|(known, _)| known == zone).unwrap_or_else(|| {
            self.0.push((zone.clone(), Offsets::new(zone)));
            self.0.len() - 1
        });
        &mut self.0[known].1
    }
}

/// Resolves civil seconds of one zone as RFC 5545 §3.3.5 says: the earlier of two, and in a gap with the offset before
/// it.
///
/// Between two transitions that is one subtraction. Instants grow with civil time, but for the times in a gap: they
/// coincide with those after it.
#[derive(Debug, Clone)]
pub(super) struct Offsets {
    now: Stretch,
    /// The last ones before `now`: a window of a year has three in all.
    kept: [Stretch; 3],
    oldest: usize,
}

/// Civil times, from `low` to before `high`, that one offset resolves.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stretch {
    low: i64,
    pub high: i64,
    pub offset: i64,
    /// Where the gap before `high` begins, if there is one, else `high`.
    gap: i64,
}

impl Offsets {
    pub fn new(zone: &Zone) -> Self {
        let none = Stretch { low: 0, high: 0, offset: 0, gap: 0 };
        let utc = Stretch { low: i64::MIN, high: i64::MAX, offset: 0, gap: i64::MAX };
        Self { now: if zone.name() == "UTC" { utc } else { none }, kept: [none; 3], oldest: 0 }
    }

    /// The instant of a civil time. `zone` is always the same.
    #[inline]
    pub fn resolve(&mut self, zone: &Zone, civil: i64) -> i64 {
        if !self.now.has(civil) {
            self.turn(zone, civil);
        }
        civil - self.now.offset
    }

    /// If the civil time just resolved lies in a gap: the civil time at its end.
    #[inline]
    pub fn gap_end(&self, civil: i64) -> Option<i64> {
        (civil >= self.now.gap).then_some(self.now.high)
    }

    /// Makes the stretch that has `civil` the current one.
    #[cold]
    fn turn(&mut self, zone: &Zone, civil: i64) {
        if let Some(known) = self.kept.iter_mut().find(|stretch| stretch.has(civil)) {
            std::mem::swap(known, &mut self.now);
        } else {
            self.kept[self.oldest] = std::mem::replace(&mut self.now, Stretch::find(zone, civil));
            self.oldest = (self.oldest + 1) % self.kept.len();
        }
    }
}

impl Stretch {
    #[inline]
    const fn has(&self, civil: i64) -> bool {
        self.low <= civil && civil < self.high
    }

    /// The stretch that has `civil`.
    pub fn find(zone: &Zone, civil: i64) -> Self {
        let from = Instant::from_unix(civil - MARGIN);
        let mut offset = i64::from(zone.offset_seconds_at(from));
        // Known to be after the change before `from`, whatever it was.
        let mut low = from.unix() + MOST;
        for (at, next) in zone.transitions_after(from) {
            let (at, next) = (at.unix(), i64::from(next));
            let high = at + offset.max(next);
            if civil < high {
                return Self { low, high, offset, gap: high.min(at + offset) };
            }
            (low, offset) = (high, next);
        }
        Self { low, high: i64::MAX, offset, gap: i64::MAX }
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
