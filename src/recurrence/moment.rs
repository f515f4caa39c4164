//! When: the forms a date or time takes in iCalendar.

use super::day::{self, SECONDS_PER_DAY, civil_of, day_of, seconds_of};
use crate::time::{Civil, Date, Instant, Zone};

/// A DATE or DATE-TIME value in one of its forms (RFC 5545 §3.3.4 and §3.3.5).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Moment {
    /// A whole day.
    Date(Date),
    /// Form 1, "floating": a local time, wherever one is.
    Floating(Civil),
    /// Form 3, TZID: a local time of a zone.
    Zoned(Civil, Zone),
    /// Form 2, `Z`: an instant.
    Utc(Instant),
}

impl Moment {
    /// What a clock beside it shows, in civil seconds; for a DATE its midnight.
    pub(super) fn civil(&self) -> i64 {
        match self {
            Self::Date(date) => day_of(*date) * SECONDS_PER_DAY,
            Self::Floating(civil) | Self::Zoned(civil, _) => seconds_of(*civil),
            Self::Utc(instant) => instant.unix(),
        }
    }

    /// The instant, if it does not depend on where one is.
    pub(super) fn instant(&self) -> Option<i64> {
        match self {
            Self::Date(_) | Self::Floating(_) => None,
            Self::Zoned(civil, zone) => Some(zone.instant(*civil).unix()),
            Self::Utc(instant) => Some(instant.unix()),
        }
    }

    pub(super) fn is_date(&self) -> bool {
        matches!(self, Self::Date(_))
    }

    /// Whether its year is one that RFC 5545 can write.
    pub(super) fn is_writable(&self) -> bool {
        (day::FIRST_DAY..=day::LAST_DAY).contains(&day::split(self.civil()).0)
    }
}

/// How long an instance lasts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Length {
    /// How much later clocks show its end, but for the seconds.
    pub(super) civil: i64,
    pub(super) seconds: i64,
}

/// 8,000 years: nothing that RFC 5545 can write is longer.
const MAX_SECONDS: i64 = 8_000 * 366 * SECONDS_PER_DAY;

impl Length {
    /// Nothing: the instance is a point in time.
    pub const ZERO: Self = Self { civil: 0, seconds: 0 };

    /// So many seconds on the time line, as between DTSTART and DTEND (RFC 5545 §3.8.5.3).
    ///
    /// `None` for a negative number, or one of more than 8,000 years.
    #[must_use]
    pub fn exact(seconds: i64) -> Option<Self> {
        Self::nominal(0, seconds)
    }

    /// So many days on the calendar.
    #[must_use]
    pub fn days(days: i64) -> Option<Self> {
        Self::nominal(days, 0)
    }

    /// DURATION: days on the calendar, then seconds on the time line (RFC 5545 §3.3.6). `P1DT2H` is `nominal(1, 7200)`.
    #[must_use]
    pub fn nominal(days: i64, seconds: i64) -> Option<Self> {
        let fits = |number: i64, limit: i64| (0..=limit).contains(&number);
        (fits(days, MAX_SECONDS / SECONDS_PER_DAY) && fits(seconds, MAX_SECONDS))
            .then(|| Self { civil: days * SECONDS_PER_DAY, seconds })
    }

    /// What clocks show between a start and an end that float: how long that is depends on where one is.
    pub(super) fn on_clocks(seconds: i64) -> Option<Self> {
        (0..=MAX_SECONDS).contains(&seconds).then_some(Self { civil: seconds, seconds: 0 })
    }

    /// How much later clocks show its end, in seconds, 86,400 a day, and the seconds on the time line that follow.
    #[must_use]
    pub fn parts(self) -> (i64, i64) {
        (self.civil, self.seconds)
    }

    /// No instance of this length is longer, in seconds, whatever the clocks do.
    pub(super) fn at_most(self) -> i64 {
        self.civil + self.seconds + if self.civil > 0 { SECONDS_PER_DAY + 3600 } else { 0 }
    }

    /// The end of what begins at `start`, when clocks show `civil`; `resolve` gives the instant when they show something.
    /// Where that is before the start, because the clocks went on over it, it lasts as long as they would have shown.
    #[inline(always)]
    pub(super) fn end(self, (civil, start): (i64, i64), resolve: impl FnOnce(i64) -> i64) -> i64 {
        if self.civil == 0 {
            return start + self.seconds;
        }
        let later = resolve(civil + self.civil);
        (if later < start { start + self.civil } else { later }) + self.seconds
    }
}

/// A start that is known, or depends on where one is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Instant(i64),
    /// Civil seconds.
    Local(i64),
}

impl Place {
    pub fn of(moment: &Moment) -> Self {
        moment.instant().map_or_else(|| Self::Local(moment.civil()), Self::Instant)
    }

    pub fn resolve(self, zone: &Zone) -> i64 {
        match self {
            Self::Instant(instant) => instant,
            Self::Local(civil) => zone.instant(civil_of(civil)).unix(),
        }
    }

    /// The number, to within the largest offset from UTC.
    pub fn about(self) -> i64 {
        match self {
            Self::Instant(seconds) | Self::Local(seconds) => seconds,
        }
    }

    /// The end of something that begins at `moment`.
    pub fn end(moment: &Moment, length: Length) -> Self {
        let civil = moment.civil();
        match moment {
            Moment::Date(_) | Moment::Floating(_) => Self::Local(civil + length.civil + length.seconds),
            Moment::Utc(_) => Self::Instant(civil + length.civil + length.seconds),
            Moment::Zoned(local, zone) => {
                let resolve = |civil| zone.instant(civil_of(civil)).unix();
                Self::Instant(length.end((civil, zone.instant(*local).unix()), resolve))
            }
        }
    }
}
