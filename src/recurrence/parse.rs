//! RECUR text to [`Rule`]: the grammar of RFC 5545 §3.3.10 and RFC 7529 §4.

use super::rule::{Frequency, Rule, Skip, Until, Weekday, WeekdayNum};
use crate::time::{Civil, Date};

/// No honest rule is longer: all lists full take 5 KB.
const MAX_LENGTH: usize = 65_536;

/// Why a text is not a recurrence rule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParseError {
    /// There is nothing.
    #[error("is empty; a rule begins with FREQ, such as FREQ=WEEKLY")]
    Empty,
    /// It is longer than 64 KiB.
    #[error("is longer than 65536 characters")]
    TooLong,
    /// Between two `;` there is no `=`.
    #[error("has a part without a value: \"{0}\"; parts are NAME=VALUE, separated by semicolons")]
    NoValue(String),
    /// A part that RFC 5545 and RFC 7529 do not define, such as `X-FOO`.
    #[error("has an unknown part: \"{0}\"")]
    UnknownPart(String),
    /// RFC 5545 §3.3.10: "MUST NOT occur more than once".
    #[error("has {0} twice")]
    Twice(&'static str),
    /// FREQ is required.
    #[error("has no FREQ; it is one of SECONDLY, MINUTELY, HOURLY, DAILY, WEEKLY, MONTHLY, YEARLY")]
    NoFrequency,
    /// A value that its part cannot have.
    #[error("{part} cannot be \"{value}\"; it is {expected}")]
    Value {
        /// The name of the part.
        part: &'static str,
        /// What was given, shortened.
        value: String,
        /// What would be right.
        expected: &'static str,
    },
    /// Parts that must not be together.
    #[error("{part} is not allowed {with} ({section})")]
    Forbidden {
        /// The name of the part.
        part: &'static str,
        /// With or without which other part.
        with: String,
        /// Where that is said.
        section: &'static str,
    },
    /// Only the Gregorian calendar is served (RFC 7529 §4 lets us refuse).
    #[error("RSCALE={0} is not served; GREGORIAN is")]
    Calendar(String),
}

/// The parts, in the order of RFC 5545 §3.3.10, then RFC 7529.
const PARTS: [&str; 16] = [
    "FREQ",
    "UNTIL",
    "COUNT",
    "INTERVAL",
    "BYSECOND",
    "BYMINUTE",
    "BYHOUR",
    "BYDAY",
    "BYMONTHDAY",
    "BYYEARDAY",
    "BYWEEKNO",
    "BYMONTH",
    "BYSETPOS",
    "WKST",
    "RSCALE",
    "SKIP",
];

/// Reads what the grammar allows; combinations are not looked at.
pub(super) fn read(text: &str) -> Result<Rule, ParseError> {
    if text.is_empty() {
        return Err(ParseError::Empty);
    }
    if text.len() > MAX_LENGTH {
        return Err(ParseError::TooLong);
    }
    let mut values: [Option<&str>; PARTS.len()] = [None; PARTS.len()];
    for part in text.split(';') {
        let (name, value) = part.split_once('=').ok_or_else(|| ParseError::NoValue(shown(part)))?;
        let index = PARTS.iter().position(|known| known.eq_ignore_ascii_case(name));
        let index = index.ok_or_else(|| ParseError::UnknownPart(shown(name)))?;
        if values[index].replace(value).is_some() {
            return Err(ParseError::Twice(PARTS[index]));
        }
    }
    let [
        freq,
        until,
        count,
        interval,
        second,
        minute,
        hour,
        day,
        month_day,
        year_day,
        week_no,
        month,
        set_pos,
        wkst,
        rscale,
        skip,
    ] = values;
    Ok(Rule {
        skip: read_skip(rscale, skip)?,
        frequency: freq.map_or(Err(ParseError::NoFrequency), frequency)?,
        interval: interval.map_or(Ok(1), |value| positive("INTERVAL", value))?,
        count: count.map(|value| positive("COUNT", value)).transpose()?,
        until: until.map(read_until).transpose()?,
        by_second: list(second, |value| unsigned("BYSECOND", value, 0, 60, "a list of numbers from 0 to 60"))?,
        by_minute: list(minute, |value| unsigned("BYMINUTE", value, 0, 59, "a list of numbers from 0 to 59"))?,
        by_hour: list(hour, |value| unsigned("BYHOUR", value, 0, 23, "a list of numbers from 0 to 23"))?,
        by_day: list(day, weekday_num)?,
        by_month_day: list(month_day, |value| {
            signed("BYMONTHDAY", value, 31, "a list of numbers from 1 to 31 or -31 to -1")
        })?,
        by_year_day: list(year_day, |value| {
            signed("BYYEARDAY", value, 366, "a list of numbers from 1 to 366 or -366 to -1")
        })?,
        by_week_no: list(week_no, |value| {
            signed("BYWEEKNO", value, 53, "a list of numbers from 1 to 53 or -53 to -1")
        })?,
        by_month: list(month, |value| unsigned("BYMONTH", value, 1, 12, "a list of numbers from 1 to 12"))?,
        by_set_pos: list(set_pos, |value| {
            signed("BYSETPOS", value, 366, "a list of numbers from 1 to 366 or -366 to -1")
        })?,
        week_start: wkst.map_or(Ok(Weekday::Monday), |value| {
            weekday(value).ok_or_else(|| wrong("WKST", value, "one of MO, TU, WE, TH, FR, SA, SU"))
        })?,
    })
}

/// A value for an error message: no control characters, at most 40 characters.
fn shown(text: &str) -> String {
    text.chars().take(40).map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

fn wrong(part: &'static str, value: &str, expected: &'static str) -> ParseError {
    ParseError::Value { part, value: shown(value), expected }
}

fn frequency(value: &str) -> Result<Frequency, ParseError> {
    use Frequency::{Daily, Hourly, Minutely, Monthly, Secondly, Weekly, Yearly};
    let all = [Secondly, Minutely, Hourly, Daily, Weekly, Monthly, Yearly];
    all.into_iter()
        .find(|frequency| frequency.name().eq_ignore_ascii_case(value))
        .ok_or_else(|| wrong("FREQ", value, "one of SECONDLY, MINUTELY, HOURLY, DAILY, WEEKLY, MONTHLY, YEARLY"))
}

fn read_skip(rscale: Option<&str>, skip: Option<&str>) -> Result<Option<Skip>, ParseError> {
    let Some(rscale) = rscale else {
        let forbidden =
            |_| ParseError::Forbidden { part: "SKIP", with: "without RSCALE".to_owned(), section: "RFC 7529 §4" };
        return skip.map_or(Ok(None), |value| Err(forbidden(value)));
    };
    if !rscale.eq_ignore_ascii_case("GREGORIAN") {
        return Err(ParseError::Calendar(shown(rscale)));
    }
    let Some(skip) = skip else { return Ok(Some(Skip::Omit)) };
    let all = [("OMIT", Skip::Omit), ("BACKWARD", Skip::Backward), ("FORWARD", Skip::Forward)];
    let found = all.into_iter().find(|(name, _)| name.eq_ignore_ascii_case(skip));
    found.map(|(_, skip)| Some(skip)).ok_or_else(|| wrong("SKIP", skip, "one of OMIT, BACKWARD, FORWARD"))
}

/// Digits only: no sign, no blank, no other alphabet's.
fn digits(text: &str, at_most: usize) -> Option<u32> {
    let honest = !text.is_empty() && text.len() <= at_most && text.bytes().all(|b| b.is_ascii_digit());
    if honest { text.parse().ok() } else { None }
}

fn positive(part: &'static str, value: &str) -> Result<u32, ParseError> {
    let number = digits(value, 20).filter(|number| *number > 0);
    number.ok_or_else(|| wrong(part, value, "a number from 1 to 4294967295"))
}

fn list<T: Ord>(text: Option<&str>, item: impl Fn(&str) -> Result<T, ParseError>) -> Result<Vec<T>, ParseError> {
    let Some(text) = text else { return Ok(Vec::new()) };
    let mut values = text.split(',').map(item).collect::<Result<Vec<T>, _>>()?;
    values.sort_unstable();
    values.dedup();
    values.shrink_to_fit();
    Ok(values)
}

fn unsigned(part: &'static str, value: &str, min: u8, max: u8, expected: &'static str) -> Result<u8, ParseError> {
    let number = digits(value, 2).and_then(|number| u8::try_from(number).ok());
    number.filter(|number| (min..=max).contains(number)).ok_or_else(|| wrong(part, value, expected))
}

fn signed(part: &'static str, value: &str, max: i16, expected: &'static str) -> Result<i16, ParseError> {
    let (sign, magnitude) = sign_of(value);
    let number = digits(magnitude, if max > 99 { 3 } else { 2 }).and_then(|number| i16::try_from(number).ok());
    let number = number.filter(|number| (1..=max).contains(number)).ok_or_else(|| wrong(part, value, expected))?;
    Ok(number * sign)
}

fn sign_of(value: &str) -> (i16, &str) {
    match value.as_bytes().first() {
        Some(b'-') => (-1, &value[1..]),
        Some(b'+') => (1, &value[1..]),
        _ => (1, value),
    }
}

fn weekday(value: &str) -> Option<Weekday> {
    Weekday::ALL.into_iter().find(|weekday| weekday.to_string().eq_ignore_ascii_case(value))
}

fn weekday_num(value: &str) -> Result<WeekdayNum, ParseError> {
    let fault =
        || wrong("BYDAY", value, "a list of MO, TU, WE, TH, FR, SA, SU, each with or without 1 to 53 or -1 to -53");
    let (ordinal, day) = value.split_at_checked(value.len().saturating_sub(2)).ok_or_else(fault)?;
    let weekday = weekday(day).ok_or_else(fault)?;
    if ordinal.is_empty() {
        return Ok(WeekdayNum { ordinal: None, weekday });
    }
    let ordinal = signed("BYDAY", ordinal, 53, "").map_err(|_| fault())?;
    Ok(WeekdayNum { ordinal: i8::try_from(ordinal).ok(), weekday })
}

fn read_until(value: &str) -> Result<Until, ParseError> {
    let fault = || {
        wrong("UNTIL", value, "a date (20261224), a local time (20261224T090000) or a time in UTC (20261224T080000Z)")
    };
    match value.len() {
        8 => date(value).map(Until::Date),
        15 => civil(value).map(Until::Local),
        16 => value.strip_suffix(['Z', 'z']).and_then(civil).map(Until::Utc),
        _ => None,
    }
    .ok_or_else(fault)
}

/// `YYYYMMDD`, years from 1 on.
fn date(text: &str) -> Option<Date> {
    let number = |range| text.get(range).and_then(|part| digits(part, 4)).and_then(|number| i16::try_from(number).ok());
    let (year, month, day) = (number(0..4)?, number(4..6)?, number(6..8)?);
    Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok().filter(|_| year > 0)
}

/// `YYYYMMDDTHHMMSS`. Second 60 is read as 59 (RFC 5545 §3.3.12).
fn civil(text: &str) -> Option<Civil> {
    let clock = text.get(8..)?.strip_prefix(['T', 't'])?;
    let number = |range| clock.get(range).and_then(|part| digits(part, 2)).and_then(|number| i8::try_from(number).ok());
    let (hour, minute, second) = (number(0..2)?, number(2..4)?, number(4..6)?);
    let time = crate::time::Time::new(hour, minute, if second == 60 { 59 } else { second }, 0).ok()?;
    Some(date(text.get(..8)?)?.to_datetime(time))
}
