//! The yearly rules that a VTIMEZONE can carry.

use std::fmt;

use jiff::civil::Weekday;

use super::Change;

/// A weekday of a month, every year (RFC 5545 §3.3.10).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct YearlyRule {
    month: i8,
    weekday: Weekday,
    day: Day,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Day {
    /// The first to the fourth of its kind.
    Nth(i8),
    /// The last of its kind.
    Last,
    /// The one within seven days that do not begin with 1, 8, 15 or 22, such as the Friday before a last Sunday.
    OnOrAfter(i8),
}

impl YearlyRule {
    /// The rule by which each of `changes` follows from the one before, one in each year from `first_year` on.
    pub(super) fn fit(changes: &[Change], first_year: i16) -> Option<Self> {
        let first = changes.first()?;
        let same_kind = |change: &Change| {
            (change.from, change.to, change.onset.time(), change.onset.month(), change.onset.weekday())
        };
        let in_turn =
            |(year, change): (i16, &Change)| change.onset.year() == year && same_kind(change) == same_kind(first);
        if !(first_year..).zip(changes).all(in_turn) {
            return None;
        }
        let days = || changes.iter().map(|change| change.onset.day());
        let (earliest, latest) = (days().min()?, days().max()?);
        let day = if (earliest - 1) / 7 == (latest - 1) / 7 && latest <= 28 {
            Day::Nth((earliest - 1) / 7 + 1)
        } else if changes.iter().all(|change| change.onset.day() + 7 > change.onset.date().days_in_month()) {
            Day::Last
        } else if latest - earliest == 6 {
            Day::OnOrAfter(earliest)
        } else {
            return None;
        };
        Some(Self { month: first.onset.month(), weekday: first.onset.weekday(), day })
    }
}

/// The value of RRULE.
impl fmt::Display for YearlyRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let weekday = match self.weekday {
            Weekday::Monday => "MO",
            Weekday::Tuesday => "TU",
            Weekday::Wednesday => "WE",
            Weekday::Thursday => "TH",
            Weekday::Friday => "FR",
            Weekday::Saturday => "SA",
            Weekday::Sunday => "SU",
        };
        write!(f, "FREQ=YEARLY;BYMONTH={};", self.month)?;
        match self.day {
            Day::Nth(nth) => write!(f, "BYDAY={nth}{weekday}"),
            Day::Last => write!(f, "BYDAY=-1{weekday}"),
            Day::OnOrAfter(day) => {
                write!(f, "BYMONTHDAY={day}")?;
                (day + 1..day + 7).try_for_each(|day| write!(f, ",{day}"))?;
                write!(f, ";BYDAY={weekday}")
            }
        }
    }
}
