//! To and from `rrule::RRuleSet`, for programs that have one.
//!
//! `rrule` 0.14 is wrong about some rules and cannot hold others; what it would answer wrongly is refused as well, so that
//! a converted set means the same.

use super::moment::Moment;
use super::parse::ParseError;
use super::rule::{Frequency, Rule, Until};
use super::series::{Definition, End, Rdate, Series, SeriesError};
use crate::time::{Civil, Instant, UnknownZone, Zone};

/// Why a series and an `RRuleSet` cannot be turned into one another.
#[derive(Debug, thiserror::Error)]
pub enum ConvertError {
    /// `rrule` has no place for it, or answers it wrongly.
    #[error("the crate rrule cannot hold {0}")]
    Unsupported(&'static str),
    /// `rrule` refuses the text of it.
    #[error("the crate rrule refuses it: {0}")]
    Refused(#[from] rrule::RRuleError),
    /// Its zone is not in the IANA database.
    #[error(transparent)]
    Zone(#[from] UnknownZone),
    /// One of its rules is not what RFC 5545 allows.
    #[error("the rule {0}")]
    Rule(#[from] ParseError),
    /// It is no series.
    #[error(transparent)]
    Series(#[from] SeriesError),
}

fn unsupported<T>(what: &'static str) -> Result<T, ConvertError> {
    Err(ConvertError::Unsupported(what))
}

/// The set of a series: its starts, not its lengths.
///
/// # Errors
/// [`ConvertError::Unsupported`] for EXRULEs, overrides, PERIODs, EXDATE by DATE, dates and floating times, and for the rules that
/// `rrule` 0.14 answers wrongly.
impl TryFrom<&Series> for rrule::RRuleSet {
    type Error = ConvertError;

    fn try_from(series: &Series) -> Result<Self, ConvertError> {
        let definition = series.definition();
        if !definition.overrides.is_empty() {
            return unsupported("instances that were moved or cancelled");
        }
        let zone = match &definition.start {
            Moment::Zoned(_, zone) => zone.clone(),
            Moment::Utc(_) => Zone::utc(),
            Moment::Date(_) | Moment::Floating(_) => return unsupported("dates and floating times"),
        };
        let mut text = format!("DTSTART{}", written(&definition.start, &zone)?);
        if !definition.exrules.is_empty() {
            return unsupported("EXRULE: it drops them in silence unless built with its feature exrule");
        }
        for rule in &definition.rules {
            holds(rule)?;
            text += &format!("\nRRULE:{}", in_utc(rule, &zone));
        }
        for rdate in &definition.rdates {
            if rdate.end != End::Default {
                return unsupported("periods");
            }
            text += &format!("\nRDATE{}", written(&rdate.start, &zone)?);
        }
        for exdate in &definition.exdates {
            text += &format!("\nEXDATE{}", written(exdate, &zone)?);
        }
        Ok(text.parse()?)
    }
}

/// `;TZID=Europe/Berlin:20260301T090000`, or `:20260301T080000Z`.
fn written(moment: &Moment, own: &Zone) -> Result<String, ConvertError> {
    let format = |civil: Civil| civil.strftime("%Y%m%dT%H%M%S").to_string();
    match moment {
        Moment::Date(_) | Moment::Floating(_) => unsupported("dates and floating times"),
        Moment::Utc(instant) => Ok(format!(":{}", instant.to_ical())),
        Moment::Zoned(civil, zone) => {
            if !matches!(zone.resolve(*civil), crate::time::Resolved::Once(_)) {
                return unsupported("local times that clocks skip or show twice");
            }
            let zone = if zone.name() == "UTC" { own } else { zone };
            Ok(format!(";TZID={}:{}", zone.name(), format(*civil)))
        }
    }
}

/// Refuses the rules that `rrule` 0.14 gets wrong.
fn holds(rule: &Rule) -> Result<(), ConvertError> {
    let ordinals = rule.by_day.iter().filter(|day| day.ordinal.is_some()).count();
    if rule.skip.is_some() {
        return unsupported("RSCALE");
    }
    if rule.interval > u32::from(u16::MAX) {
        return unsupported("an INTERVAL of more than 65535");
    }
    if ordinals > 0 && ordinals < rule.by_day.len() {
        return unsupported("days with and without ordinals in one BYDAY");
    }
    if rule.frequency == Frequency::Weekly && !rule.by_set_pos.is_empty() {
        return unsupported("BYSETPOS with FREQ=WEEKLY");
    }
    if !rule.by_week_no.is_empty() {
        return unsupported("BYWEEKNO");
    }
    if rule.frequency < Frequency::Daily && rule.has_by_part() {
        return unsupported("parts that limit FREQ=HOURLY, MINUTELY or SECONDLY");
    }
    if rule.frequency == Frequency::Yearly
        && rule.by_month.is_empty()
        && rule.by_year_day.is_empty()
        && !rule.by_month_day.is_empty()
    {
        return unsupported("BYMONTHDAY with FREQ=YEARLY and no BYMONTH");
    }
    Ok(())
}

/// The rule with UNTIL as `rrule` wants it.
fn in_utc(rule: &Rule, zone: &Zone) -> Rule {
    let local = |civil: Civil| zone.instant(civil);
    let until = match rule.until {
        None => return rule.clone(),
        Some(Until::Utc(_)) => return rule.clone(),
        Some(Until::Local(civil)) => local(civil),
        Some(Until::Date(date)) => local(date.at(23, 59, 59, 0)),
    };
    rule.clone().with_until(Until::Utc(Zone::utc().civil_at(until)))
}

/// A set as the definition of a series; what it lacks (a length) can be filled in.
///
/// # Errors
/// [`ConvertError`] for a zone or a rule that Fasti does not know.
impl TryFrom<&rrule::RRuleSet> for Definition {
    type Error = ConvertError;

    fn try_from(set: &rrule::RRuleSet) -> Result<Self, ConvertError> {
        let mut definition = Self::new(moment(set.get_dt_start())?);
        let rules = |rules: &[rrule::RRule]| -> Result<Vec<Rule>, ConvertError> {
            // What rrule prints may have parts in a combination that RFC 5545 forbids.
            rules.iter().map(|rule| Ok(Rule::parse_lenient(&rule.to_string())?)).collect()
        };
        definition.rules = rules(set.get_rrule())?;
        definition.exrules = rules(set.get_exrule())?;
        for date in set.get_rdate() {
            definition.rdates.push(Rdate::from(moment(date)?));
        }
        for date in set.get_exdate() {
            definition.exdates.push(moment(date)?);
        }
        Ok(definition)
    }
}

fn moment(date: &chrono::DateTime<rrule::Tz>) -> Result<Moment, ConvertError> {
    let instant = Instant::from_unix(date.timestamp());
    match date.timezone() {
        rrule::Tz::Local(_) => unsupported("the machine's local zone as an IANA zone"),
        rrule::Tz::Tz(zone) if zone.name() == "UTC" => Ok(Moment::Utc(instant)),
        rrule::Tz::Tz(zone) => {
            let zone = Zone::parse(zone.name())?;
            let civil = zone.civil_at(instant);
            // The second of two equal local times is only sayable in UTC.
            Ok(if zone.instant(civil) == instant { Moment::Zoned(civil, zone) } else { Moment::Utc(instant) })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Interval;

    const TEXT: &str = "DTSTART;TZID=Europe/Berlin:20260301T090000\n\
        RRULE:FREQ=WEEKLY;UNTIL=20260501T070000Z;BYDAY=SU,WE\n\
        RDATE;TZID=Europe/Berlin:20260303T120000\nEXDATE;TZID=Europe/Berlin:20260308T090000";

    #[test]
    fn there_and_back() {
        let set: rrule::RRuleSet = TEXT.parse().unwrap();
        let series = Series::new(Definition::try_from(&set).unwrap()).unwrap();
        let year = Interval::new(Instant::from_unix(1_767_225_600), Instant::from_unix(1_798_761_600)).unwrap();
        let zone = Zone::utc();
        let starts: Vec<i64> = series.instances(year, &zone).map(|found| found.unwrap().at.start.unix()).collect();
        let theirs = |set: rrule::RRuleSet| set.all(100).dates.iter().map(|d| d.timestamp()).collect::<Vec<_>>();
        assert_eq!(starts.len(), 18);
        assert_eq!(starts, theirs(set));
        assert_eq!(starts, theirs(rrule::RRuleSet::try_from(&series).unwrap()));
    }

    #[test]
    fn what_rrule_gets_wrong_is_refused() {
        let start = Moment::Utc(Instant::from_unix(1_767_225_600));
        for (rule, what) in [
            ("FREQ=MONTHLY;BYDAY=MO,2TU", "days with and without ordinals in one BYDAY"),
            ("FREQ=WEEKLY;BYDAY=MO,TU;BYSETPOS=1", "BYSETPOS with FREQ=WEEKLY"),
            ("FREQ=DAILY;INTERVAL=65536", "an INTERVAL of more than 65535"),
            ("FREQ=YEARLY;BYWEEKNO=1;BYDAY=MO", "BYWEEKNO"),
            ("RSCALE=GREGORIAN;FREQ=DAILY", "RSCALE"),
            ("FREQ=MINUTELY;BYHOUR=10", "parts that limit FREQ=HOURLY, MINUTELY or SECONDLY"),
            ("FREQ=YEARLY;BYMONTHDAY=13", "BYMONTHDAY with FREQ=YEARLY and no BYMONTH"),
        ] {
            let mut definition = Definition::new(start.clone());
            definition.rules.push(Rule::parse(rule).unwrap());
            let error = rrule::RRuleSet::try_from(&Series::new(definition).unwrap()).unwrap_err();
            assert_eq!(error.to_string(), format!("the crate rrule cannot hold {what}"));
        }
        let floating = Definition::new(Moment::Floating("2026-03-01T09:00:00".parse().unwrap()));
        assert!(rrule::RRuleSet::try_from(&Series::new(floating).unwrap()).is_err());
    }
}
