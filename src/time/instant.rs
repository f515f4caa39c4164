use std::fmt;
use std::ops::{Add, Sub};

use jiff::tz::Offset;

use super::{Civil, Interval, Zone};

/// A point on the time line: whole seconds since 1970-01-01T00:00:00Z.
///
/// Stored as an integer, so that a range of instants is a range of an index.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Default,
    diesel::expression::AsExpression,
    diesel::deserialize::FromSqlRow,
)]
#[diesel(sql_type = diesel::sql_types::BigInt)]
pub struct Instant(i64);

impl Instant {
    /// The last instant that every part of Fasti can represent: 9999-12-30T22:00:00Z.
    pub const MAX: Self = Self(253_402_207_200);

    /// From seconds since the Unix epoch.
    #[must_use]
    pub const fn from_unix(seconds: i64) -> Self {
        Self(seconds)
    }

    /// Seconds since the Unix epoch.
    #[must_use]
    pub const fn unix(self) -> i64 {
        self.0
    }

    /// The same instant as `YYYYMMDDTHHMMSSZ` (RFC 5545 §3.3.5, form 2).
    #[must_use]
    pub fn to_ical(self) -> String {
        let civil = Zone::utc().civil_at(self);
        format!("{}Z", civil.strftime("%Y%m%dT%H%M%S"))
    }

    /// The same instant as RFC 3339 text in `zone`, e.g. `2026-03-02T09:00:00+01:00`.
    #[must_use]
    pub fn to_rfc3339(self, zone: &Zone) -> String {
        self.text(zone.offset_at(self), zone)
    }

    fn text(self, offset: Offset, zone: &Zone) -> String {
        let civil: Civil = offset.to_datetime(self.timestamp());
        let offset = offset.seconds();
        // Digit by digit, because an answer about free time has thousands of these.
        let mut text = String::with_capacity(25);
        let number = |n: i16| n.unsigned_abs();
        two_digits(&mut text, number(civil.year() / 100));
        two_digits(&mut text, number(civil.year() % 100));
        for (before, part) in [
            ('-', civil.month()),
            ('-', civil.day()),
            ('T', civil.hour()),
            (':', civil.minute()),
            (':', civil.second()),
        ] {
            text.push(before);
            two_digits(&mut text, number(part.into()));
        }
        if offset == 0 && zone.name() == "UTC" {
            text.push('Z');
            return text;
        }
        text.push(if offset < 0 { '-' } else { '+' });
        let minutes = (offset.unsigned_abs() / 60) as u16;
        two_digits(&mut text, minutes / 60);
        text.push(':');
        two_digits(&mut text, minutes % 60);
        text
    }

    pub(super) fn timestamp(self) -> jiff::Timestamp {
        let clamped = self.0.clamp(jiff::Timestamp::MIN.as_second(), jiff::Timestamp::MAX.as_second());
        jiff::Timestamp::from_second(clamped).unwrap_or(jiff::Timestamp::UNIX_EPOCH)
    }
}

/// Texts of many instants in one zone: its rules are asked once between two changes of its clocks.
#[derive(Debug, Clone)]
pub struct Texts<'z> {
    zone: &'z Zone,
    offset: Offset,
    /// Where the offset holds.
    within: Interval,
}

impl<'z> Texts<'z> {
    /// In a zone.
    #[must_use]
    pub const fn new(zone: &'z Zone) -> Self {
        let never = Interval { start: Instant(0), end: Instant(0) };
        Self { zone, offset: Offset::UTC, within: never }
    }

    /// As [`Instant::to_rfc3339`].
    pub fn rfc3339(&mut self, at: Instant) -> String {
        if at < self.within.start || at >= self.within.end {
            self.offset = self.zone.offset_at(at);
            let change = self.zone.transitions_after(at).next();
            self.within = Interval { start: at, end: change.map_or(Instant::MAX, |(when, _)| when) };
        }
        at.text(self.offset, self.zone)
    }
}

/// Adds seconds.
impl Add<i64> for Instant {
    type Output = Self;
    fn add(self, seconds: i64) -> Self {
        Self(self.0.saturating_add(seconds))
    }
}

/// Subtracts seconds.
impl Sub<i64> for Instant {
    type Output = Self;
    fn sub(self, seconds: i64) -> Self {
        Self(self.0.saturating_sub(seconds))
    }
}

/// The seconds between two instants.
impl Sub for Instant {
    type Output = i64;
    fn sub(self, other: Self) -> i64 {
        self.0.saturating_sub(other.0)
    }
}

/// RFC 3339 in UTC.
impl fmt::Display for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_rfc3339(&Zone::utc()))
    }
}

fn two_digits(text: &mut String, number: u16) {
    let digit = |n: u16| char::from(b'0' + (n % 10) as u8);
    text.push(digit(number / 10));
    text.push(digit(number));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc_3339_is_what_clocks_of_the_zone_show() {
        let instants = [-86_400 * 365 * 69, -1, 0, 951_782_399, 1_774_746_000, 1_792_890_000, Instant::MAX.0];
        for name in ["UTC", "Europe/Berlin", "America/St_Johns", "Asia/Kathmandu", "Pacific/Apia", "Africa/Monrovia"] {
            let zone = Zone::parse(name).unwrap();
            let mut texts = Texts::new(&zone);
            for at in instants.map(Instant::from_unix) {
                let (civil, offset) = (zone.civil_at(at), zone.offset_seconds_at(at));
                let (sign, minutes) = (if offset < 0 { '-' } else { '+' }, offset.unsigned_abs() / 60);
                let offset = match name {
                    "UTC" => "Z".to_owned(),
                    _ => format!("{sign}{:02}:{:02}", minutes / 60, minutes % 60),
                };
                assert_eq!(texts.rfc3339(at), at.to_rfc3339(&zone), "{name}");
                assert_eq!(at.to_rfc3339(&zone), format!("{}{offset}", civil.strftime("%Y-%m-%dT%H:%M:%S")), "{name}");
            }
        }
    }

    #[test]
    fn many_texts_follow_the_clocks() {
        let zone = Zone::parse("Europe/Berlin").unwrap();
        let mut texts = Texts::new(&zone);
        let year = (0..400 * 24).map(|hour| Instant::from_unix(1_767_225_600 + hour * 3600));
        for at in year.clone().chain(year.rev()) {
            assert_eq!(texts.rfc3339(at), at.to_rfc3339(&zone));
        }
    }
}
