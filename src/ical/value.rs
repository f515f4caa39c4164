//! Dates, times and durations as RFC 5545 §3.3 writes them. ASCII digits only; nothing is rounded or guessed.

use crate::ical::reason::{Reason, excerpt};
use crate::time::{Civil, Date, Time};

/// DATE or DATE-TIME.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DateOrTime {
    /// `YYYYMMDD`
    Date(Date),
    /// `YYYYMMDDTHHMMSS`
    Civil(Civil),
    /// `YYYYMMDDTHHMMSSZ`
    Utc(Civil),
}

/// Reads a DATE or a DATE-TIME (RFC 5545 §3.3.4, §3.3.5).
///
/// # Errors
/// [`Reason::NotATime`], [`Reason::NoSuchTime`] or [`Reason::OutOfRange`].
pub(super) fn date_or_time(text: &str) -> Result<DateOrTime, Reason> {
    let b = text.as_bytes();
    let shape = || Reason::NotATime { text: excerpt(text) };
    if !matches!(b.len(), 8 | 15 | 16) {
        return Err(shape());
    }
    let number = |range: std::ops::Range<usize>| digits(&b[range]).ok_or_else(shape);
    let (year, month, day) = (number(0..4)?, number(4..6)?, number(6..8)?);
    if !(1..=9998).contains(&year) {
        return Err(Reason::OutOfRange { text: excerpt(text) });
    }
    let missing = |_| Reason::NoSuchTime { text: excerpt(text) };
    // Four digits and two of them: they fit.
    let date = Date::new(year as i16, month as i8, day as i8).map_err(missing)?;
    if b.len() == 8 {
        return Ok(DateOrTime::Date(date));
    }
    if !matches!(b[8], b'T' | b't') {
        return Err(shape());
    }
    let (hour, minute, second) = (number(9..11)?, number(11..13)?, number(13..15)?);
    // A leap second is read as the one before it (RFC 5545 §3.3.12).
    let second = if second == 60 { 59 } else { second };
    let civil = date.to_datetime(Time::new(hour as i8, minute as i8, second as i8, 0).map_err(missing)?);
    match b.get(15) {
        None => Ok(DateOrTime::Civil(civil)),
        Some(b'Z' | b'z') => Ok(DateOrTime::Utc(civil)),
        Some(_) => Err(shape()),
    }
}

/// A length of time (RFC 5545 §3.3.6): days are nominal, seconds exact.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Duration {
    /// Days on the calendar, weeks included.
    pub(super) days: i64,
    /// Seconds on the time line.
    pub(super) seconds: i64,
}

/// The longest part of a duration that is read: some 270 years in days, 31 in seconds.
const MAX_DURATION_PART: i64 = 1_000_000_000;

/// Reads a DURATION that is not negative (RFC 5545 §3.3.6, §3.8.2.5).
///
/// # Errors
/// [`Reason::NotADuration`], also for a part that is too long to be meant.
pub(super) fn duration(text: &str) -> Result<Duration, Reason> {
    parse_duration(text).ok_or_else(|| Reason::NotADuration { text: excerpt(text) })
}

/// Reads a DURATION that may be negative: whether it is, and its size (RFC 5545 §3.3.6).
///
/// # Errors
/// As for [`duration`].
pub(super) fn signed_duration(text: &str) -> Result<(bool, Duration), Reason> {
    match text.strip_prefix('-') {
        Some(size) if size.starts_with(['P', 'p']) => Ok((true, duration(size)?)),
        _ => Ok((false, duration(text)?)),
    }
}

fn parse_duration(text: &str) -> Option<Duration> {
    let rest = text.strip_prefix('+').unwrap_or(text).strip_prefix(['P', 'p'])?;
    let (days_part, time_part) = match rest.split_once(['T', 't']) {
        Some((days, time)) => (days, Some(time)),
        None => (rest, None),
    };
    let mut duration = Duration { days: 0, seconds: 0 };
    let mut parts = 0;
    for (number, unit) in split_parts(days_part)? {
        match unit {
            b'W' => duration.days += number * 7,
            b'D' => duration.days += number,
            _ => return None,
        }
        parts += 1;
    }
    for (number, unit) in split_parts(time_part.unwrap_or(""))? {
        match unit {
            b'H' => duration.seconds += number * 3600,
            b'M' => duration.seconds += number * 60,
            b'S' => duration.seconds += number,
            _ => return None,
        }
        parts += 1;
    }
    let plausible = duration.days <= MAX_DURATION_PART / 100 && duration.seconds <= MAX_DURATION_PART;
    (parts > 0 && parts <= 5 && plausible).then_some(duration)
}

/// `1H30M` as [(1, H), (30, M)]. Few and short enough that their sum cannot overflow.
fn split_parts(text: &str) -> Option<Vec<(i64, u8)>> {
    let mut parts = Vec::new();
    let mut rest = text.as_bytes();
    while !rest.is_empty() {
        let length = rest.iter().position(|byte| !byte.is_ascii_digit())?;
        if !(1..=9).contains(&length) || parts.len() == 5 {
            return None;
        }
        parts.push((digits(&rest[..length])?, rest[length].to_ascii_uppercase()));
        rest = &rest[length + 1..];
    }
    Some(parts)
}

/// Seconds east of UTC (RFC 5545 §3.3.14).
pub(super) fn utc_offset(text: &str) -> Option<i32> {
    let b = text.as_bytes();
    let sign = match b.first()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let part = |range: std::ops::Range<usize>| digits(b.get(range)?);
    let (hours, minutes) = (part(1..3)?, part(3..5)?);
    let seconds = match b.len() {
        5 => 0,
        7 => part(5..7)?,
        _ => return None,
    };
    let total = (hours < 24 && minutes < 60 && seconds < 60).then_some(hours * 3600 + minutes * 60 + seconds)?;
    i32::try_from(sign * total).ok()
}

/// The number that ASCII digits write; at most eighteen of them.
pub(super) fn digits(bytes: &[u8]) -> Option<i64> {
    if bytes.is_empty() || bytes.len() > 18 {
        return None;
    }
    bytes.iter().try_fold(0, |n, byte| byte.is_ascii_digit().then(|| n * 10 + i64::from(byte - b'0')))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::{parse_civil, parse_date};

    #[test]
    fn dates_and_times() {
        let civil = parse_civil("2026-02-28T23:59:59").unwrap();
        for (text, read) in [
            ("20260228", DateOrTime::Date(parse_date("2026-02-28").unwrap())),
            ("20260228T235959", DateOrTime::Civil(civil)),
            ("20260228t235959z", DateOrTime::Utc(civil)),
            ("20260228T235960Z", DateOrTime::Utc(civil)),
        ] {
            assert_eq!(date_or_time(text), Ok(read), "{text}");
        }
        for text in ["20260230", "20261301", "20260101T240000", "20260101T006000Z", "20260101T000061"] {
            assert!(matches!(date_or_time(text), Err(Reason::NoSuchTime { .. })), "{text}");
        }
        for text in
            ["", "2026-01-01", "20260101T0000", "20260101X000000", "20260101T000000X", "٢٠٢٦", "2026010١", "+0260101"]
        {
            assert!(matches!(date_or_time(text), Err(Reason::NotATime { .. })), "{text}");
        }
        for text in ["00000101", "99990101T000000Z"] {
            assert!(matches!(date_or_time(text), Err(Reason::OutOfRange { .. })), "{text}");
        }
    }

    #[test]
    fn durations() {
        for (text, days, seconds) in [
            ("PT1H30M", 0, 5400),
            ("+P1DT2H", 1, 7200),
            ("P2W", 14, 0),
            ("PT0S", 0, 0),
            ("P15DT5H0M20S", 15, 18_020),
            ("P1W2D", 9, 0),
        ] {
            assert_eq!(duration(text), Ok(Duration { days, seconds }), "{text}");
        }
        for text in [
            "",
            "P",
            "PT",
            "-PT1H",
            "PT1",
            "1H",
            "PT1X",
            "P1H",
            "P999999999999999999W",
            "P999999999W",
            "PT١H",
            "PT1.5H",
        ] {
            assert!(duration(text).is_err(), "{text}");
        }
    }

    #[test]
    fn offsets() {
        for (text, seconds) in [("+0100", 3600), ("-0330", -12_600), ("+001730", 1050), ("-0000", 0)] {
            assert_eq!(utc_offset(text), Some(seconds), "{text}");
        }
        for text in ["+9999", "0100", "+01", "+01:00", "", "+01000", "+2400"] {
            assert_eq!(utc_offset(text), None, "{text}");
        }
    }
}
