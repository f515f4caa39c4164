use jiff::civil::{Date, Time, time};

use super::{Civil, Instant, Zone};

/// A time as people and programs send it: RFC 3339, a local date and time, or a date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimeInput {
    /// RFC 3339 with an offset: one instant, whatever the zone.
    Fixed(Instant),
    /// `YYYY-MM-DDTHH:MM[:SS]`: a time on the clocks of some zone.
    Local(Civil),
    /// `YYYY-MM-DD`: a whole day.
    Day(Date),
}

/// Why a text is not a time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParseError {
    /// It has none of the accepted shapes.
    #[error("is not a time; write 2026-03-02T09:00 or 2026-03-02T09:00:00+01:00 or 2026-03-02")]
    Shape,
    /// It has the shape of a date, but no calendar has it, such as 30 February.
    #[error("names a day that does not exist ({0})")]
    NoSuchDay(String),
    /// Hours run to 23, minutes and seconds to 59.
    #[error(
        "names a time of day that does not exist ({0}); hours run from 00 to 23, minutes and seconds from 00 to 59"
    )]
    NoSuchTime(String),
    /// Parts of a second are not kept, so they are not accepted.
    #[error("has parts of a second; whole seconds only")]
    Fraction,
    /// Offsets run from -15:59 to +15:59.
    #[error("has an offset that does not exist ({0})")]
    NoSuchOffset(String),
}

impl TimeInput {
    /// Reads any of the three shapes.
    ///
    /// # Errors
    /// [`ParseError`] says which part is wrong. Nothing is rounded, clamped or guessed.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        if !text.is_ascii() {
            return Err(ParseError::Shape);
        }
        if text.len() == 10 {
            return parse_date(text).map(Self::Day);
        }
        let (day, rest) = text.split_at_checked(10).ok_or(ParseError::Shape)?;
        let rest = rest.strip_prefix(['T', 't', ' ']).ok_or(ParseError::Shape)?;
        let clock_len = rest.find(['Z', 'z', '+', '-', '.']).unwrap_or(rest.len());
        let (clock, mut zone) = rest.split_at(clock_len);
        if let Some(fraction) = zone.strip_prefix('.') {
            let digits = fraction.bytes().take_while(u8::is_ascii_digit).count();
            if digits == 0 {
                return Err(ParseError::Shape);
            }
            if fraction[..digits].bytes().any(|b| b != b'0') {
                return Err(ParseError::Fraction);
            }
            zone = &fraction[digits..];
        }
        let civil = parse_date(day)?.to_datetime(parse_time(clock)?);
        if zone.is_empty() {
            return Ok(Self::Local(civil));
        }
        let offset = parse_offset(zone)?;
        let utc = super::Zone::utc().instant(civil);
        Ok(Self::Fixed(utc - i64::from(offset)))
    }

    /// The instant it means on the clocks of `zone`, as [`Zone::instant`] says where clocks change. A day means the
    /// midnight it begins with.
    #[must_use]
    pub fn instant(self, zone: &Zone) -> Instant {
        match self {
            Self::Fixed(at) => at,
            Self::Local(civil) => zone.instant(civil),
            Self::Day(date) => zone.instant(date.at(0, 0, 0, 0)),
        }
    }

    /// Where time ends whose last part it names: as [`TimeInput::instant`], but of a day the midnight after it.
    #[must_use]
    pub fn end(self, zone: &Zone) -> Instant {
        match self {
            Self::Day(date) => Self::Day(date.tomorrow().unwrap_or(date)).instant(zone),
            time => time.instant(zone),
        }
    }
}

/// Reads `YYYY-MM-DDTHH:MM[:SS]`.
///
/// # Errors
/// [`ParseError`], also when an offset is there.
pub fn parse_civil(text: &str) -> Result<Civil, ParseError> {
    match TimeInput::parse(text)? {
        TimeInput::Local(civil) => Ok(civil),
        _ => Err(ParseError::Shape),
    }
}

/// Reads `YYYY-MM-DD` with a year from 1900 to 9998.
///
/// # Errors
/// [`ParseError::Shape`] or [`ParseError::NoSuchDay`].
pub fn parse_date(text: &str) -> Result<Date, ParseError> {
    let b = text.as_bytes();
    if b.len() != 10 || b[4] != b'-' || b[7] != b'-' {
        return Err(ParseError::Shape);
    }
    let (year, month, day) = (digits(&b[..4])?, digits(&b[5..7])?, digits(&b[8..])?);
    let no_such_day = || ParseError::NoSuchDay(text.to_owned());
    if !(1900..=9998).contains(&year) || !(1..=12).contains(&month) {
        return Err(no_such_day());
    }
    Date::new(year, month as i8, day as i8).map_err(|_| no_such_day())
}

/// Reads `HH:MM` or `HH:MM:SS`.
///
/// # Errors
/// [`ParseError::Shape`] or [`ParseError::NoSuchTime`].
pub fn parse_time(text: &str) -> Result<Time, ParseError> {
    let b = text.as_bytes();
    let seconds = match b.len() {
        5 => 0,
        8 if b[5] == b':' => digits(&b[6..])?,
        _ => return Err(ParseError::Shape),
    };
    if b[2] != b':' {
        return Err(ParseError::Shape);
    }
    let (hours, minutes) = (digits(&b[..2])?, digits(&b[3..5])?);
    if hours > 23 || minutes > 59 || seconds > 59 {
        return Err(ParseError::NoSuchTime(text.to_owned()));
    }
    Ok(time(hours as i8, minutes as i8, seconds as i8, 0))
}

/// Seconds east of UTC from `Z` or `±HH:MM`.
fn parse_offset(text: &str) -> Result<i32, ParseError> {
    if matches!(text, "Z" | "z") {
        return Ok(0);
    }
    let b = text.as_bytes();
    if b.len() != 6 || b[3] != b':' {
        return Err(ParseError::Shape);
    }
    let (hours, minutes) = (digits(&b[1..3])?, digits(&b[4..])?);
    if hours > 15 || minutes > 59 {
        return Err(ParseError::NoSuchOffset(text.to_owned()));
    }
    let seconds = i32::from(hours) * 3600 + i32::from(minutes) * 60;
    Ok(if b[0] == b'-' { -seconds } else { seconds })
}

fn digits(bytes: &[u8]) -> Result<i16, ParseError> {
    bytes.iter().try_fold(0_i16, |n, b| match b {
        b'0'..=b'9' => Ok(n * 10 + i16::from(b - b'0')),
        _ => Err(ParseError::Shape),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn the_three_shapes() {
        assert_eq!(TimeInput::parse("2026-09-01").unwrap(), TimeInput::Day(date(2026, 9, 1)));
        let local = TimeInput::Local(date(2026, 9, 1).at(10, 0, 0, 0));
        assert_eq!(TimeInput::parse("2026-09-01T10:00").unwrap(), local);
        assert_eq!(TimeInput::parse("2026-09-01T10:00:00").unwrap(), local);
        for text in
            ["2026-09-01T10:00:00+02:00", "2026-09-01T08:00:00Z", "2026-09-01T08:00:00.000Z", "2026-08-31T22:30-09:30"]
        {
            assert_eq!(TimeInput::parse(text).unwrap(), TimeInput::Fixed(Instant::from_unix(1_788_249_600)), "{text}");
        }
    }

    #[test]
    fn a_day_is_its_midnights_and_a_time_what_the_clocks_show() {
        let berlin = Zone::parse("Europe/Berlin").unwrap();
        for (text, instant, end) in [
            ("2026-10-25", "2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z"),
            ("2026-10-25T02:30", "2026-10-25T00:30:00Z", "2026-10-25T00:30:00Z"),
            ("2026-03-29T02:30", "2026-03-29T01:30:00Z", "2026-03-29T01:30:00Z"),
            ("2026-10-25T02:30:00-05:00", "2026-10-25T07:30:00Z", "2026-10-25T07:30:00Z"),
            ("9998-12-31", "9998-12-30T23:00:00Z", "9998-12-31T23:00:00Z"),
        ] {
            let time = TimeInput::parse(text).unwrap();
            let both = (time.instant(&berlin).to_string(), time.end(&berlin).to_string());
            assert_eq!(both, (instant.to_owned(), end.to_owned()), "{text}");
        }
    }

    #[test]
    fn nothing_is_rounded_or_clamped() {
        for text in [
            "2026-02-30",
            "2026-13-01",
            "2026-09-01T24:00:00Z",
            "2026-09-01T10:00:60Z",
            "2026-09-01T10:00:00+99:99",
            "2026-09-01T10:00:00.999999999999+02:00",
            "2026-09-01T10",
            "10:00",
            "",
            "٢٠٢٦-09-01",
            "2026-09-01T10:00:00 Z",
            "2026-9-1",
            "9999-12-31T23:59:59Z",
            "+2026-09-01",
            "2026-09-01T1:000",
            "2026-09-01T10:00:00+2:00",
            "tomorrow",
        ] {
            assert!(TimeInput::parse(text).is_err(), "{text}");
        }
    }
}
