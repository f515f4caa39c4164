//! The recurrence rule as a value (RFC 5545 §3.3.10, RFC 7529).

use std::fmt;

use super::parse::{self, ParseError};
use crate::time::{Civil, Date};

/// FREQ: what a rule repeats in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Frequency {
    /// SECONDLY
    Secondly,
    /// MINUTELY
    Minutely,
    /// HOURLY
    Hourly,
    /// DAILY
    Daily,
    /// WEEKLY
    Weekly,
    /// MONTHLY
    Monthly,
    /// YEARLY
    Yearly,
}

/// A day of the week.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Weekday {
    /// MO
    Monday,
    /// TU
    Tuesday,
    /// WE
    Wednesday,
    /// TH
    Thursday,
    /// FR
    Friday,
    /// SA
    Saturday,
    /// SU
    Sunday,
}

/// An entry of BYDAY: `MO`, or with an ordinal `2MO` or `-1MO`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WeekdayNum {
    /// 1 to 53 from the start, -1 to -53 from the end, of the month or the year.
    pub ordinal: Option<i8>,
    /// The day.
    pub weekday: Weekday,
}

/// UNTIL: the last time an instance may start, itself included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Until {
    /// `19971224`
    Date(Date),
    /// `19971224T000000`: on the clocks of DTSTART's zone.
    Local(Civil),
    /// `19971224T000000Z`: this is its civil time in UTC.
    Utc(Civil),
}

/// SKIP: what becomes of a day that its month or year does not have (RFC 7529 §4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub enum Skip {
    /// OMIT: there is no instance.
    #[default]
    Omit,
    /// BACKWARD: the valid day before it.
    Backward,
    /// FORWARD: the valid day after it.
    Forward,
}

/// A recurrence rule: the value of RRULE or EXRULE (RECUR, RFC 5545 §3.3.10), with SKIP of RFC 7529.
///
/// Lists are in ascending order, without repetition; an absent part is an empty list.
///
/// ```
/// use fasti::recurrence::Rule;
///
/// let rule = Rule::parse("freq=monthly;byday=fr,mo;bysetpos=-1;interval=1").unwrap();
/// assert_eq!(rule.to_string(), "FREQ=MONTHLY;BYDAY=MO,FR;BYSETPOS=-1");
///
/// let error = Rule::parse("FREQ=WEEKLY;BYDAY=2MO").unwrap_err();
/// assert_eq!(error.to_string(), "BYDAY with an ordinal is not allowed with FREQ=WEEKLY (RFC 5545 §3.3.10)");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Rule {
    pub(super) frequency: Frequency,
    pub(super) interval: u32,
    pub(super) count: Option<u32>,
    pub(super) until: Option<Until>,
    pub(super) by_second: Vec<u8>,
    pub(super) by_minute: Vec<u8>,
    pub(super) by_hour: Vec<u8>,
    pub(super) by_day: Vec<WeekdayNum>,
    pub(super) by_month_day: Vec<i16>,
    pub(super) by_year_day: Vec<i16>,
    pub(super) by_week_no: Vec<i16>,
    pub(super) by_month: Vec<u8>,
    pub(super) by_set_pos: Vec<i16>,
    pub(super) week_start: Weekday,
    /// `None` without RSCALE.
    pub(super) skip: Option<Skip>,
}

impl Rule {
    /// Reads a rule: what RFC 5545 forbids is an error. Names and values may be in lower case (§2); a leading
    /// `RRULE:` is not part of the value.
    ///
    /// # Errors
    /// [`ParseError`] says which part is wrong, why, and what would be right.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        let rule = parse::read(text)?;
        super::check::check(&rule)?;
        Ok(rule)
    }

    /// Reads a rule that somebody else wrote. Combinations that RFC 5545 forbids are taken in the sense that most
    /// programs give them: BYYEARDAY, BYWEEKNO and BYMONTHDAY limit with every FREQ, an ordinal in BYDAY counts only
    /// where it can, the earlier of COUNT and UNTIL ends the rule, BYSETPOS alone and a semicolon at the end are accepted.
    /// Values out of range, unknown parts, parts given twice and calendars other than the Gregorian remain errors.
    ///
    /// # Errors
    /// [`ParseError`], as for [`Rule::parse`].
    pub fn parse_lenient(text: &str) -> Result<Self, ParseError> {
        parse::read(text.strip_suffix(';').unwrap_or(text))
    }

    /// FREQ
    #[must_use]
    pub fn frequency(&self) -> Frequency {
        self.frequency
    }

    /// INTERVAL, 1 when absent.
    #[must_use]
    pub fn interval(&self) -> u32 {
        self.interval
    }

    /// COUNT
    #[must_use]
    pub fn count(&self) -> Option<u32> {
        self.count
    }

    /// UNTIL
    #[must_use]
    pub fn until(&self) -> Option<Until> {
        self.until
    }

    /// Whether neither COUNT nor UNTIL ends it.
    #[must_use]
    pub fn is_endless(&self) -> bool {
        self.count.is_none() && self.until.is_none()
    }

    /// The same rule with `count` instances and no UNTIL; endless with `None`.
    #[must_use]
    pub fn with_count(mut self, count: Option<u32>) -> Self {
        self.count = count.map(|count| count.max(1));
        self.until = None;
        self
    }

    /// The same pattern of weekdays so many days later, or earlier: BYDAY moves round the week, and where weeks are
    /// counted their start moves with it. `None` for a rule that is not of whole weeks, whose pattern depends on months.
    #[must_use]
    pub fn weekdays_later(mut self, days: i64) -> Option<Self> {
        let of_weeks = self.frequency == Frequency::Weekly && self.by_month.is_empty();
        let no_others = self.by_month_day.is_empty() && self.by_year_day.is_empty() && self.by_week_no.is_empty();
        if !of_weeks || !no_others {
            return None;
        }
        for day in &mut self.by_day {
            day.weekday = day.weekday.later(days);
        }
        self.by_day.sort_unstable();
        if self.interval > 1 || !self.by_set_pos.is_empty() {
            self.week_start = self.week_start.later(days);
        }
        Some(self)
    }

    /// The same rule that ends at `until`, without COUNT.
    #[must_use]
    pub fn with_until(mut self, until: Until) -> Self {
        self.count = None;
        self.until = Some(until);
        self
    }
}

impl Weekday {
    pub(super) const ALL: [Self; 7] =
        [Self::Monday, Self::Tuesday, Self::Wednesday, Self::Thursday, Self::Friday, Self::Saturday, Self::Sunday];

    /// Days from Monday, 0 to 6.
    pub(super) const fn number(self) -> u8 {
        self as u8
    }

    fn later(self, days: i64) -> Self {
        Self::ALL[usize::try_from((i64::from(self.number()) + days).rem_euclid(7)).unwrap_or(0)]
    }

    const fn name(self) -> &'static str {
        ["MO", "TU", "WE", "TH", "FR", "SA", "SU"][self as usize]
    }
}

impl Frequency {
    pub(super) const fn name(self) -> &'static str {
        ["SECONDLY", "MINUTELY", "HOURLY", "DAILY", "WEEKLY", "MONTHLY", "YEARLY"][self as usize]
    }
}

impl fmt::Display for Weekday {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Display for WeekdayNum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.ordinal.map_or(Ok(()), |n| write!(f, "{n}"))?;
        self.weekday.fmt(f)
    }
}

impl fmt::Display for Frequency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Display for Until {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Date(date) => write!(f, "{}", date.strftime("%Y%m%d")),
            Self::Local(civil) => write!(f, "{}", civil.strftime("%Y%m%dT%H%M%S")),
            Self::Utc(civil) => write!(f, "{}Z", civil.strftime("%Y%m%dT%H%M%S")),
        }
    }
}

fn list<T: fmt::Display>(f: &mut fmt::Formatter<'_>, name: &str, values: &[T]) -> fmt::Result {
    for (index, value) in values.iter().enumerate() {
        if index == 0 {
            write!(f, ";{name}={value}")?;
        } else {
            write!(f, ",{value}")?;
        }
    }
    Ok(())
}

/// Canonical text: FREQ first (for readers of RFC 2445), defaults left out, lists ascending.
impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FREQ={}", self.frequency)?;
        match self.skip {
            None => {}
            Some(Skip::Omit) => f.write_str(";RSCALE=GREGORIAN")?,
            Some(Skip::Backward) => f.write_str(";RSCALE=GREGORIAN;SKIP=BACKWARD")?,
            Some(Skip::Forward) => f.write_str(";RSCALE=GREGORIAN;SKIP=FORWARD")?,
        }
        if self.interval != 1 {
            write!(f, ";INTERVAL={}", self.interval)?;
        }
        self.count.map_or(Ok(()), |count| write!(f, ";COUNT={count}"))?;
        self.until.map_or(Ok(()), |until| write!(f, ";UNTIL={until}"))?;
        list(f, "BYMONTH", &self.by_month)?;
        list(f, "BYWEEKNO", &self.by_week_no)?;
        list(f, "BYYEARDAY", &self.by_year_day)?;
        list(f, "BYMONTHDAY", &self.by_month_day)?;
        list(f, "BYDAY", &self.by_day)?;
        list(f, "BYHOUR", &self.by_hour)?;
        list(f, "BYMINUTE", &self.by_minute)?;
        list(f, "BYSECOND", &self.by_second)?;
        list(f, "BYSETPOS", &self.by_set_pos)?;
        if self.week_start != Weekday::Monday {
            write!(f, ";WKST={}", self.week_start)?;
        }
        Ok(())
    }
}

impl std::str::FromStr for Rule {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        Self::parse(text)
    }
}
