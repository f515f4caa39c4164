//! VTIMEZONEs that no name stands for, evaluated (RFC 5545 §3.6.5).
//!
//! A definition is turned into the list of its onsets once. The work is bounded: yearly rules only, which is what exporters
//! write, and a limited number of observances and onsets.

use jiff::civil::Weekday;

use crate::ical::value::{DateOrTime, date_or_time, digits, utc_offset};
use crate::time::{Civil, Date, Instant, Zone};

/// The years for which rules are expanded. Times outside take the first or last offset there is.
const YEARS: std::ops::RangeInclusive<i16> = 1970..=2100;
/// More observances with a rule than any exporter writes.
const MAX_RULES: usize = 64;
/// More changes of offset than any zone has had, several times over.
const MAX_ONSETS: usize = 20_000;

/// A time zone that only its VTIMEZONE defines.
#[derive(Debug, Clone)]
pub(in crate::ical) struct CustomZone {
    /// By `local`.
    onsets: Vec<Onset>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Onset {
    /// Seconds from 1970-01-01T00:00 on clocks that show the offset before.
    local: i64,
    from: i32,
    to: i32,
}

/// One STANDARD or DAYLIGHT, its values as written.
#[derive(Debug, Default, Clone)]
pub(in crate::ical) struct Observance<'a> {
    pub(in crate::ical) start: Option<&'a str>,
    pub(in crate::ical) offset_from: Option<&'a str>,
    pub(in crate::ical) offset_to: Option<&'a str>,
    pub(in crate::ical) rules: Vec<&'a str>,
    pub(in crate::ical) dates: Vec<&'a str>,
}

impl CustomZone {
    /// Expands a VTIMEZONE.
    ///
    /// # Errors
    /// Why it cannot be used.
    pub(in crate::ical) fn new(observances: &[Observance<'_>]) -> Result<Self, &'static str> {
        let rules: usize = observances.iter().map(|observance| observance.rules.len()).sum();
        if rules > MAX_RULES {
            return Err("it has too many rules");
        }
        let mut onsets = Vec::new();
        for observance in observances {
            let offset = |text: Option<&str>| {
                text.and_then(utc_offset).ok_or("TZOFFSETFROM or TZOFFSETTO is missing or not an offset")
            };
            let (from, to) = (offset(observance.offset_from)?, offset(observance.offset_to)?);
            let start = civil(observance.start.ok_or("DTSTART is missing")?)?;
            let mut push = |civil: Civil| onsets.push(Onset { local: seconds(civil), from, to });
            push(start);
            for rule in &observance.rules {
                YearlyRule::parse(rule, start, from)?.expand(start, &mut push);
            }
            for date in observance.dates.iter().flat_map(|dates| dates.split(',')).take(MAX_ONSETS + 1) {
                push(civil(date.split('/').next().unwrap_or(date).trim())?);
            }
            if onsets.len() > MAX_ONSETS {
                return Err("it has too many changes");
            }
        }
        onsets.sort_unstable();
        onsets.dedup();
        if onsets.is_empty() { Err("it has neither STANDARD nor DAYLIGHT") } else { Ok(Self { onsets }) }
    }

    /// The instant at which its clocks show `civil`: the earlier one of an overlap, and in a gap the one that the offset
    /// before it gives (RFC 5545 §3.3.5).
    pub(in crate::ical) fn instant(&self, civil: Civil) -> Instant {
        let local = seconds(civil);
        let next = self.onsets.partition_point(|onset| onset.local <= local);
        let offset = match next.checked_sub(1).and_then(|last| self.onsets.get(last)) {
            Some(onset) if local >= onset.local + i64::from(onset.to - onset.from) => onset.to,
            Some(onset) => onset.from,
            None => self.onsets.first().map_or(0, |onset| onset.from),
        };
        Instant::from_unix(local - i64::from(offset))
    }

    /// Whether `zone` gives the same instants from `year` on, for so many years.
    pub(in crate::ical) fn behaves_like(&self, zone: &Zone, year: i16, years: i32) -> bool {
        let length = years * 365;
        let Ok(first) = Date::new(year, 1, 1) else { return false };
        let same = |civil: Civil| self.instant(civil) == zone.instant(civil);
        let noon = first.at(12, 0, 0, 0);
        let days = || (0..length).map_while(|day| noon.checked_add(jiff::ToSpan::days(day)).ok());
        // A quick look first, as most zones differ within the year.
        if !days().step_by(31).all(same) || !days().all(same) {
            return false;
        }
        let (from, until) = (zone.instant(noon), zone.instant(noon) + i64::from(length) * 86_400);
        let changes = zone.transitions_after(from).take_while(|change| change.0 < until);
        changes
            .flat_map(|(at, _)| [at - 7201, at - 3601, at - 1, at + 3600, at + 7200])
            .all(|at| same(zone.civil_at(at)))
    }
}

fn civil(text: &str) -> Result<Civil, &'static str> {
    match date_or_time(text.trim()) {
        // A date or a UTC time is wrong here but seen, and can only mean this.
        Ok(DateOrTime::Civil(civil) | DateOrTime::Utc(civil)) => Ok(civil),
        Ok(DateOrTime::Date(date)) => Ok(date.at(0, 0, 0, 0)),
        Err(_) => Err("DTSTART or RDATE is not a time"),
    }
}

/// Seconds from 1970-01-01T00:00 to `civil` on the same clocks.
fn seconds(civil: Civil) -> i64 {
    Zone::utc().instant(civil).unix()
}

/// RRULE of an observance: one day in each year.
struct YearlyRule {
    month: i8,
    /// Empty for all.
    days: Vec<i8>,
    /// The weekday, and which of the month; 0 for each.
    weekday: Option<(i8, Weekday)>,
    position: Option<i8>,
    count: Option<i64>,
    /// In local seconds like [`Onset::local`].
    until: i64,
}

const UNUSUAL_RULE: &str = "its RRULE is not a yearly one of a kind that is supported";

impl YearlyRule {
    fn parse(text: &str, start: Civil, offset_from: i32) -> Result<Self, &'static str> {
        let mut rule = Self {
            month: start.month(),
            days: Vec::new(),
            weekday: None,
            position: None,
            count: None,
            until: i64::MAX,
        };
        let (mut yearly, mut month_given) = (false, false);
        for part in text.split(';').filter(|part| !part.trim().is_empty()) {
            let (name, value) = part.split_once('=').ok_or(UNUSUAL_RULE)?;
            let value = value.trim();
            match name.trim().to_ascii_uppercase().as_str() {
                "FREQ" => yearly = value.eq_ignore_ascii_case("YEARLY"),
                "INTERVAL" if value == "1" => {}
                "WKST" => {}
                "BYMONTH" => {
                    rule.month = small(value).filter(|month| (1..=12).contains(month)).ok_or(UNUSUAL_RULE)?;
                    month_given = true;
                }
                "BYMONTHDAY" => {
                    rule.days = value.split(',').map(small).collect::<Option<_>>().ok_or(UNUSUAL_RULE)?;
                }
                "BYDAY" => rule.weekday = Some(weekday(value).ok_or(UNUSUAL_RULE)?),
                "BYSETPOS" => rule.position = Some(small(value).filter(|n| *n != 0).ok_or(UNUSUAL_RULE)?),
                "COUNT" => rule.count = Some(digits(value.as_bytes()).ok_or(UNUSUAL_RULE)?),
                "UNTIL" => rule.until = until(value, offset_from)?,
                _ => return Err(UNUSUAL_RULE),
            }
        }
        // A weekday without a month would count through the whole year.
        let one_month = month_given || rule.weekday.is_none();
        // Counting has to begin at the first one; time zones are hardly older than this.
        let countable = rule.count.is_none() || start.year() >= 1900;
        let usual = yearly && one_month && countable && rule.days.len() <= 31;
        if usual { Ok(rule) } else { Err(UNUSUAL_RULE) }
    }

    /// The onsets after `start`, which is the first itself.
    fn expand(&self, start: Civil, push: &mut impl FnMut(Civil)) {
        let first_year = if self.count.is_some() { start.year() } else { start.year().max(*YEARS.start()) };
        let mut left = self.count.map_or(i64::MAX, |count| count - 1);
        for year in first_year..=*YEARS.end() {
            for date in self.days_in(year, start.day()) {
                let civil = date.to_datetime(start.time());
                if civil <= start {
                    continue;
                }
                if left <= 0 || seconds(civil) > self.until {
                    return;
                }
                left -= 1;
                push(civil);
            }
        }
    }

    fn days_in(&self, year: i16, start_day: i8) -> Vec<Date> {
        let Ok(first) = Date::new(year, self.month, 1) else { return Vec::new() };
        let length = first.days_in_month();
        let matches = |date: &Date| {
            let day = date.day();
            let by_day = match self.weekday {
                Some((0, weekday)) => date.weekday() == weekday,
                Some((nth, weekday)) if nth > 0 => date.weekday() == weekday && (day - 1) / 7 + 1 == nth,
                Some((nth, weekday)) => date.weekday() == weekday && (length - day) / 7 + 1 == -nth,
                None => !self.days.is_empty() || day == start_day,
            };
            let by_month_day =
                self.days.is_empty() || self.days.contains(&day) || self.days.contains(&(day - length - 1));
            by_day && by_month_day
        };
        let mut days: Vec<Date> =
            (1..=length).filter_map(|day| Date::new(year, self.month, day).ok()).filter(matches).collect();
        if let Some(position) = self.position {
            let from_start = if position > 0 { position - 1 } else { position + days.len() as i8 };
            let day = usize::try_from(from_start).ok().and_then(|index| days.get(index).copied());
            days = day.into_iter().collect();
        }
        days
    }
}

/// UNTIL is in UTC here (RFC 5545 §3.3.10); exporters that leave out the Z mean the local time.
fn until(value: &str, offset_from: i32) -> Result<i64, &'static str> {
    match date_or_time(value) {
        Ok(DateOrTime::Utc(civil)) => Ok(seconds(civil) + i64::from(offset_from)),
        Ok(DateOrTime::Civil(civil)) => Ok(seconds(civil)),
        Ok(DateOrTime::Date(date)) => Ok(seconds(date.at(23, 59, 59, 0))),
        Err(_) => Err("UNTIL is not a time"),
    }
}

/// A number of at most two digits, with or without a sign.
fn small(text: &str) -> Option<i8> {
    let (sign, number) = match text.as_bytes() {
        [b'-', number @ ..] => (-1, number),
        [b'+', number @ ..] => (1, number),
        number => (1, number),
    };
    if number.len() > 2 {
        return None;
    }
    i8::try_from(digits(number)?).ok().map(|number| sign * number)
}

/// `-1SU` as (-1, Sunday), `SU` as (0, Sunday).
fn weekday(text: &str) -> Option<(i8, Weekday)> {
    let (nth, name) = text.split_at_checked(text.len().checked_sub(2)?)?;
    let weekday = match name.to_ascii_uppercase().as_str() {
        "MO" => Weekday::Monday,
        "TU" => Weekday::Tuesday,
        "WE" => Weekday::Wednesday,
        "TH" => Weekday::Thursday,
        "FR" => Weekday::Friday,
        "SA" => Weekday::Saturday,
        "SU" => Weekday::Sunday,
        _ => return None,
    };
    let nth = if nth.is_empty() { 0 } else { small(nth).filter(|nth| (1..=5).contains(&nth.abs()))? };
    Some((nth, weekday))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::parse_civil;

    fn berlin() -> CustomZone {
        let observance = |offset_from, offset_to, start, rule| Observance {
            start: Some(start),
            offset_from: Some(offset_from),
            offset_to: Some(offset_to),
            rules: vec![rule],
            dates: Vec::new(),
        };
        let parts = [
            observance("+0200", "+0100", "16010101T030000", "FREQ=YEARLY;WKST=MO;INTERVAL=1;BYMONTH=10;BYDAY=-1SU"),
            observance("+0100", "+0200", "16010101T020000", "FREQ=YEARLY;BYMONTH=3;BYDAY=SU;BYSETPOS=-1"),
        ];
        CustomZone::new(&parts).unwrap()
    }

    #[test]
    fn a_definition_of_outlook_is_the_zone_it_describes() {
        let (custom, zone) = (berlin(), Zone::parse("Europe/Berlin").unwrap());
        let (mut civil, end) = (parse_civil("2026-01-01T00:00").unwrap(), parse_civil("2029-01-01T00:00").unwrap());
        while civil < end {
            assert_eq!(custom.instant(civil), zone.instant(civil), "{civil}");
            civil = civil.checked_add(jiff::ToSpan::minutes(30)).unwrap();
        }
        assert!(custom.behaves_like(&zone, 2026, 10));
        for other in ["Europe/London", "Africa/Tunis", "Africa/Cairo", "Europe/Chisinau"] {
            assert!(!custom.behaves_like(&Zone::parse(other).unwrap(), 2026, 10), "{other}");
        }
    }

    #[test]
    fn until_and_count_and_dates() {
        let observance = |rules, dates| Observance {
            start: Some("20200101T000000"),
            offset_from: Some("+0000"),
            offset_to: Some("+0100"),
            rules,
            dates,
        };
        let years = |rules, dates| {
            let zone = CustomZone::new(&[observance(rules, dates)]).unwrap();
            zone.onsets
                .iter()
                .map(|onset| Zone::utc().civil_at(Instant::from_unix(onset.local)).year())
                .collect::<Vec<_>>()
        };
        assert_eq!(years(vec!["FREQ=YEARLY;COUNT=3"], vec![]), [2020, 2021, 2022]);
        assert_eq!(years(vec!["FREQ=YEARLY;UNTIL=20220101T000000Z"], vec![]), [2020, 2021, 2022]);
        assert_eq!(years(vec!["FREQ=YEARLY;UNTIL=20211231T235959Z"], vec![]), [2020, 2021]);
        assert_eq!(years(vec![], vec!["20250101T000000,20240101T000000", "20240101"]), [2020, 2024, 2025]);
    }

    #[test]
    fn what_cannot_be_used() {
        let good = Observance {
            start: Some("20200101T000000"),
            offset_from: Some("+0000"),
            offset_to: Some("+0100"),
            ..Observance::default()
        };
        assert!(CustomZone::new(&[]).is_err());
        let bad_rules = [
            "FREQ=SECONDLY",
            "FREQ=YEARLY;BYDAY=SU",
            "FREQ=YEARLY;INTERVAL=2",
            "FREQ=YEARLY;BYMONTH=13",
            "BYMONTH=1",
            "x",
        ];
        for rule in bad_rules {
            assert!(CustomZone::new(&[Observance { rules: vec![rule], ..good.clone() }]).is_err(), "{rule}");
        }
        for bad in [
            Observance { offset_to: Some("+9999"), ..good.clone() },
            Observance { offset_from: None, ..good.clone() },
            Observance { start: None, ..good.clone() },
            Observance { dates: vec!["soon"], ..good.clone() },
            Observance { rules: vec!["FREQ=YEARLY"; 65], ..good.clone() },
            Observance { dates: vec!["20200101T000000,"; 30_000], ..good.clone() },
        ] {
            assert!(CustomZone::new(&[bad]).is_err());
        }
    }
}
