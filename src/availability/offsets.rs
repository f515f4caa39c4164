//! Wall clocks of one zone, as integers.

use jiff::SignedDuration;

use crate::time::{Date, Instant, Interval, Zone};

/// Seconds in a civil day.
pub(super) const DAY: i64 = 86_400;

/// The offsets of a zone over a window, so that a million local times cost a million additions and not a million
/// searches in the time zone database.
///
/// Local times are seconds from 1970-01-01T00:00 on the zone's clocks.
#[derive(Debug, Clone)]
pub struct Offsets {
    /// From when on which offset applies (seconds east of UTC); the first since ever.
    changes: Vec<(Instant, i64)>,
}

impl Offsets {
    /// The offsets of `zone` from the start of `window` to its end. Outside the window they are not to be relied on.
    #[must_use]
    pub fn new(zone: &Zone, window: Interval) -> Self {
        let first = (Instant::from_unix(i64::MIN), i64::from(zone.offset_seconds_at(window.start)));
        let later = zone.transitions_after(window.start).take_while(|(at, _)| *at < window.end);
        let mut changes = Vec::with_capacity(4);
        changes.push(first);
        for (at, offset) in later {
            let offset = i64::from(offset);
            // A change of name or of daylight saving alone moves no clock.
            if changes.last().is_some_and(|last| last.1 != offset) {
                changes.push((at, offset));
            }
        }
        Self { changes }
    }

    /// The offset at an instant, and until when it applies.
    #[must_use]
    pub(super) fn at(&self, at: Instant) -> (i64, Instant) {
        let next = self.changes.partition_point(|change| change.0 <= at).max(1);
        let until = self.changes.get(next).map_or(Instant::from_unix(i64::MAX), |change| change.0);
        (self.changes.get(next - 1).map_or(0, |change| change.1), until)
    }

    /// What the clocks show.
    #[must_use]
    pub fn local(&self, at: Instant) -> i64 {
        at.unix() + self.at(at).0
    }

    /// The local date, in days since 1970-01-01.
    #[must_use]
    pub(super) fn day(&self, at: Instant) -> i64 {
        self.local(at).div_euclid(DAY)
    }

    /// The first instant at which the clocks show `local` or later: in an overlap the earlier of the two, in a gap the
    /// instant at which the clocks jump over it.
    #[must_use]
    pub fn first_at(&self, local: i64) -> Instant {
        let mut found = Instant::from_unix(local);
        let mut changes = self.changes.iter().peekable();
        while let Some((from, offset)) = changes.next() {
            found = Instant::from_unix(local.saturating_sub(*offset)).max(*from);
            if changes.peek().is_none_or(|next| found < next.0) {
                break;
            }
        }
        found
    }

    /// When a local day begins; `day` counts from 1970-01-01.
    #[must_use]
    pub(super) fn midnight(&self, day: i64) -> Instant {
        self.first_at(day.saturating_mul(DAY))
    }
}

/// Days from 1970-01-01 to `date`.
#[must_use]
pub(super) fn day_number(date: Date) -> i64 {
    date.duration_since(Date::constant(1970, 1, 1)).as_secs() / DAY
}

/// The date that is `day` days after 1970-01-01; the last or first there is when that is out of range.
#[must_use]
pub(super) fn date_of(day: i64) -> Date {
    let far = if day < 0 { Date::MIN } else { Date::MAX };
    i32::try_from(day)
        .ok()
        .and_then(|day| Date::constant(1970, 1, 1).checked_add(SignedDuration::from_hours(i64::from(day) * 24)).ok())
        .unwrap_or(far)
}
