//! Which stretch of time a feed shows today, from its options.

use serde::Deserialize;

use crate::booking::feeds::Detail;
use crate::store::BookingKind;
use crate::store::collections;
use crate::time::{Date, Instant, Interval, Zone};

/// Cancelled bookings are shown this long after they were cancelled, so that subscribers who ask seldom remove them.
const CANCELLED_DAYS: u32 = 30;

/// The options of a feed, as its row keeps them in JSON. What is absent has its default, what is unknown is an error.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Options {
    /// Whole days before today.
    pub past_days: u16,
    /// Whole days from the beginning of today.
    pub future_days: u16,
    pub detail: Detail,
    /// IANA zone that the days are of; none: the business's.
    pub timezone: Option<String>,
}

impl Default for Options {
    fn default() -> Self {
        Self { past_days: 90, future_days: 365, detail: Detail::Full, timezone: None }
    }
}

/// One day of a feed: its content is the same as long as the day and the rows are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Day {
    /// Whose days.
    pub zone: Zone,
    pub date: Date,
    /// Its first instant.
    pub start: Instant,
    /// The first instant of the next day.
    pub end: Instant,
}

impl Day {
    /// The day that `now` falls on.
    pub fn of(now: Instant, zone: Zone) -> Self {
        let date = zone.civil_at(now).date();
        let (start, end) = (midnight(&zone, date, 0), midnight(&zone, date, 1));
        Self { zone, date, start, end }
    }

    /// What `options` let be seen on this day.
    pub fn interval(&self, options: &Options) -> Interval {
        Interval {
            start: midnight(&self.zone, self.date, -i64::from(options.past_days)),
            end: midnight(&self.zone, self.date, i64::from(options.future_days)),
        }
    }

    /// The same, for reading a collection's objects.
    pub fn window(&self, options: &Options, kind: Option<BookingKind>) -> collections::Window {
        let Interval { start: from, end: until } = self.interval(options);
        let cancelled_since = midnight(&self.zone, self.date, -i64::from(CANCELLED_DAYS));
        collections::Window { from, until, cancelled_since, kind }
    }
}

/// The first instant of the day that is `days` after `date`. A `u16` of days reaches 179 years, which every date that
/// a clock shows has on both sides.
fn midnight(zone: &Zone, date: Date, days: i64) -> Instant {
    let day = date.saturating_add(jiff::Span::new().days(days));
    zone.instant(day.at(0, 0, 0, 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(now: &str, zone: &str) -> Day {
        let crate::time::TimeInput::Fixed(now) = crate::time::TimeInput::parse(now).unwrap() else { panic!("{now}") };
        Day::of(now, Zone::parse(zone).unwrap())
    }

    #[test]
    fn a_day_is_the_zone_s_own() {
        let tokyo = day("2026-03-01T16:00:00Z", "Asia/Tokyo");
        assert_eq!((tokyo.start.to_string(), tokyo.end - tokyo.start), ("2026-03-01T15:00:00Z".to_owned(), 86_400));
        let short = day("2026-03-29T12:00:00Z", "Europe/Berlin");
        assert_eq!(short.end - short.start, 23 * 3600);
        let interval = short.interval(&Options { past_days: 1, future_days: 2, ..Options::default() });
        assert_eq!(interval.start.to_string(), "2026-03-27T23:00:00Z");
        assert_eq!(interval.end.to_string(), "2026-03-30T22:00:00Z");
    }

    #[test]
    fn the_widest_window_is_no_overflow() {
        let options = Options { past_days: u16::MAX, future_days: u16::MAX, ..Options::default() };
        let interval = day("2026-03-01T16:00:00Z", "UTC").interval(&options);
        assert!(interval.end - interval.start > 350 * 365 * 86_400);
    }

    #[test]
    fn absent_options_have_defaults_and_unknown_ones_are_refused() {
        let parse = serde_json::from_str::<Options>;
        assert_eq!(parse("{}").unwrap(), Options::default());
        let busy = parse(r#"{"detail":"busy","past_days":7,"timezone":"Asia/Tokyo"}"#).unwrap();
        assert_eq!((busy.detail, busy.past_days, busy.future_days), (Detail::Busy, 7, 365));
        for wrong in
            [r#"{"details":"busy"}"#, r#"{"detail":"none"}"#, r#"{"past_days":-1}"#, r#"{"past_days":"7"}"#, ""]
        {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
