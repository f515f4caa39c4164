//! Recurring bookings: from a rule to its occurrences.
//!
//! [`crate::recurrence`] expands on the clock face of the booking's zone; each local time is then resolved with current
//! zone data. What bookings have no use for is refused: rules without an end, and several times of one day.

use crate::recurrence::{Definition, Exhausted, Frequency, Moment, Rule, Series as Recurring, Until};
use crate::store::Local;
use crate::store::bookings::Override;
use crate::time::{Civil, Instant, Interval};

use super::Error;
use super::span::{Span, instant_of};

/// Occurrences that a series may have.
pub const MAX_OCCURRENCES: u16 = 400;
/// Parts that calendars show wrongly or not at all.
const NOT_SERVED: [&str; 5] = ["BYHOUR", "BYMINUTE", "BYSECOND", "RSCALE", "SKIP"];
const MAX_INTERVAL: u32 = 1000;
/// More than any offset from UTC.
const MARGIN: i64 = 2 * 86_400;

/// A rule with a known number of occurrences.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Series {
    /// The rule to store and to publish: COUNT instead of UNTIL, so that no reader has to convert its end.
    pub rule: String,
    /// Local starts, in order; the first is the booking's own.
    pub starts: Vec<Civil>,
}

/// One time a booking takes place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Occurrence {
    /// The local start the rule gives it.
    pub recurrence_id: Civil,
    /// When it takes place.
    pub span: Span,
}

/// Reads the rule of a new series and lists its occurrences.
///
/// # Errors
/// A fault at `/rrule`: not a rule, a part that bookings have no use for, no end, too many occurrences, or a start
/// that is no occurrence of it; at `/start` when that is the later of two equal local times, which no rule can say.
pub fn read(text: &str, first: &Span) -> Result<Series, Error> {
    if first.fold || first.end_fold {
        let pointer = if first.fold { "/start" } else { "/end" };
        let detail = "is the later of two times that clocks show twice; a series is kept by what clocks show, and that \
                      means the earlier";
        return Err(Error::invalid(pointer, detail));
    }
    expanded(text, first)
}

fn expanded(text: &str, first: &Span) -> Result<Series, Error> {
    let rule = parse(text).map_err(refuse)?;
    if rule.is_endless() {
        return Err(refuse("has no end; add COUNT or UNTIL".to_owned()));
    }
    let starts = expand(&rule, first, first.start_local)?;
    if starts.len() > usize::from(MAX_OCCURRENCES) {
        return Err(refuse(format!("has more than {MAX_OCCURRENCES} occurrences; give it a nearer end")));
    }
    Ok(counted(rule, starts))
}

/// Whether a rule has no end.
#[must_use]
pub fn is_endless(text: &str) -> bool {
    parse(text).is_ok_and(|rule| rule.is_endless())
}

/// Whether two rules differ in their end at most.
#[must_use]
pub fn same_pattern(one: &str, other: &str) -> bool {
    let pattern = |text: &str| parse(text).map(|rule| rule.with_count(None));
    pattern(one) == pattern(other)
}

/// The part of an endless rule that is booked: all its occurrences until `until`, or, where these are more than a series
/// may have, as many as it may from `from` on.
///
/// # Errors
/// As [`read`]; also when nothing is left.
pub fn read_endless(text: &str, first: &Span, from: Civil, until: Civil) -> Result<Series, Error> {
    let rule = parse(text).map_err(refuse)?.with_until(Until::Local(until));
    let mut starts = expand(&rule, first, first.start_local)?;
    if starts.len() > usize::from(MAX_OCCURRENCES) {
        starts = expand(&rule, first, from)?;
    }
    starts.truncate(usize::from(MAX_OCCURRENCES));
    if starts.is_empty() {
        return Err(refuse(format!("has no occurrence from {from} to {until}")));
    }
    Ok(counted(rule, starts))
}

/// Whether an endless rule has an occurrence at this local time.
///
/// # Errors
/// As [`read`].
pub fn has_occurrence(text: &str, first: &Span, start: Civil) -> Result<bool, Error> {
    recurring(&parse(text).map_err(refuse)?, first)?.contains(start).map_err(too_much)
}

/// The first `count` occurrences of a stored series.
///
/// # Errors
/// As [`read`].
pub fn shortened(text: &str, count: usize) -> Result<String, Error> {
    let rule = parse(text).map_err(refuse)?;
    Ok(rule.with_count(u32::try_from(count).ok()).to_string())
}

/// The series whose first occurrence is now `first` instead of one on the day `was`: the same rule, or, where that does
/// not name the new day, the same pattern of weekdays so many days later.
///
/// # Errors
/// As [`read`].
pub fn moved(text: &str, was: Civil, first: &Span) -> Result<Series, Error> {
    let as_it_is = read(text, first);
    let (Err(Error::Invalid(_)), Ok(rule)) = (&as_it_is, parse(text)) else { return as_it_is };
    let days = first.start_local.date().since(was.date()).map_or(0, |between| i64::from(between.get_days()));
    match rule.weekdays_later(days) {
        Some(rule) if days != 0 => read(&rule.to_string(), first),
        _ => as_it_is,
    }
}

fn refuse(detail: String) -> Error {
    Error::invalid("/rrule", detail)
}

#[allow(clippy::needless_pass_by_value, reason = "for map_err")]
fn too_much(error: Exhausted) -> Error {
    refuse(error.to_string())
}

/// A rule that bookings may have.
fn parse(text: &str) -> Result<Rule, String> {
    let text = text.trim();
    if text.len() > 512 || !text.is_ascii() {
        return Err("is too long or not ASCII".to_owned());
    }
    let prefix = text.get(..6).filter(|prefix| prefix.eq_ignore_ascii_case("RRULE:"));
    let rule = Rule::parse(prefix.map_or(text, |prefix| &text[prefix.len()..])).map_err(|error| error.to_string())?;
    let written = rule.to_string();
    let names = || written.split(';').filter_map(|part| Some(part.split_once('=')?.0));
    if let Some(name) = names().find(|name| NOT_SERVED.contains(name)) {
        return Err(format!("has {name}, which bookings cannot have; not served are {}", NOT_SERVED.join(", ")));
    }
    match rule.frequency() {
        Frequency::Daily | Frequency::Weekly | Frequency::Monthly | Frequency::Yearly => {}
        freq => return Err(format!("has FREQ={freq}; bookings recur DAILY, WEEKLY, MONTHLY or YEARLY")),
    }
    if rule.interval() > MAX_INTERVAL {
        return Err(format!("has an INTERVAL that is not a number from 1 to {MAX_INTERVAL}"));
    }
    if rule.count().is_some_and(|count| count > u32::from(MAX_OCCURRENCES)) {
        return Err(format!("has more than {MAX_OCCURRENCES} occurrences; give it a nearer end"));
    }
    Ok(rule)
}

fn recurring(rule: &Rule, first: &Span) -> Result<Recurring, Error> {
    let start = match first.all_day {
        true => Moment::Date(first.start_local.date()),
        false => Moment::Zoned(first.start_local, first.zone.clone()),
    };
    let mut definition = Definition::new(start);
    definition.rules.push(rule.clone());
    Recurring::new(definition).map_err(|error| refuse(error.to_string()))
}

/// The occurrences of a rule from `from` on, at most one more than a series may have.
fn expand(rule: &Rule, first: &Span, from: Civil) -> Result<Vec<Civil>, Error> {
    let series = recurring(rule, first)?;
    if !series.contains(first.start_local).map_err(too_much)? {
        return Err(refuse("does not include the start; begin the series on a day that the rule names".to_owned()));
    }
    let from = from.max(first.start_local);
    let window = Interval { start: first.zone.instant(from) - MARGIN, end: Instant::MAX + 1 };
    let mut starts = Vec::new();
    for instance in series.instances(window, &first.zone) {
        let start = instance.map_err(too_much)?.recurrence_id();
        if start >= from {
            starts.push(start);
        }
        if starts.len() > usize::from(MAX_OCCURRENCES) {
            break;
        }
    }
    Ok(starts)
}

/// The rule with the number of its occurrences for an end.
fn counted(rule: Rule, starts: Vec<Civil>) -> Series {
    Series { rule: rule.with_count(u32::try_from(starts.len()).ok()).to_string(), starts }
}

/// The local starts of a stored booking: its own, or those its rule gives.
///
/// # Errors
/// [`Error::Invalid`] for a rule that cannot be read.
pub fn starts(span: &Span, rule: Option<&str>) -> Result<Vec<Civil>, Error> {
    match rule {
        Some(rule) => Ok(expanded(rule, span)?.starts),
        None => Ok(vec![span.start_local]),
    }
}

/// The times a booking takes place: its own, or those of its series with what differs.
///
/// # Errors
/// [`Error::Invalid`] for a rule that cannot be read.
pub fn occurrences(span: &Span, rule: Option<&str>, overrides: &[Override]) -> Result<Vec<Occurrence>, Error> {
    if rule.is_none() {
        return Ok(vec![Occurrence { recurrence_id: span.start_local, span: span.clone() }]);
    }
    let starts = starts(span, rule)?;
    let one = |start: Civil| match overrides.iter().find(|o| o.recurrence_id.0 == start) {
        Some(o) if o.cancelled => None,
        Some(o) => Some(Occurrence { recurrence_id: start, span: overridden(span, o) }),
        None => Some(Occurrence { recurrence_id: start, span: span.moved_to(start) }),
    };
    Ok(starts.into_iter().filter_map(one).collect())
}

/// The span of an occurrence that was moved.
#[must_use]
pub fn overridden(span: &Span, changed: &Override) -> Span {
    let (fold, end_fold) = (changed.fold == 1, changed.end_fold == 1);
    let start = instant_of(&span.zone, changed.start_local.0, fold);
    let end = instant_of(&span.zone, changed.end_local.0, end_fold);
    match Interval::new(start, end) {
        Some(at) => Span {
            start_local: changed.start_local.0,
            end_local: changed.end_local.0,
            fold,
            end_fold,
            at,
            ..span.clone()
        },
        // New zone rules may have put a gap between the two.
        None => span.moved_to(changed.start_local.0),
    }
}

/// What differs from a series that moved: the n-th occurrence of the old is the n-th of the new. What was moved alone
/// keeps its own time; what only has others to serve it moves along.
#[must_use]
pub fn carried(stored: &[Override], old: (&Span, &[Civil]), new: (&Span, &[Civil])) -> Vec<Override> {
    let carry = |o: &Override| {
        let n = old.1.iter().position(|start| *start == o.recurrence_id.0)?;
        let start = *new.1.get(n)?;
        let (of_old, of_new) = (old.0.moved_to(o.recurrence_id.0), new.0.moved_to(start));
        let mut o = Override { recurrence_id: Local(start), ..o.clone() };
        let moved_alone = !o.cancelled && (o.start_local.0, o.end_local.0) != (of_old.start_local, of_old.end_local);
        // A time means nothing to a series of whole days, nor a day to one of times.
        if !moved_alone || old.0.all_day != new.0.all_day {
            (o.start_local, o.end_local) = (Local(of_new.start_local), Local(of_new.end_local));
            (o.fold, o.end_fold) = (0, 0);
        }
        Some(o).filter(|o| differs(o, new.0))
    };
    stored.iter().filter_map(carry).collect()
}

/// Whether an occurrence is other than its rule has it.
#[must_use]
pub fn differs(o: &Override, span: &Span) -> bool {
    o.cancelled || o.staff_id.is_some() || o.resource_ids.is_some() || {
        let of_rule = span.moved_to(o.recurrence_id.0);
        overridden(span, o).at != of_rule.at
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::booking::span::{Asked, Bounds, resolve};
    use crate::time::Zone;

    fn span(start: &str) -> Span {
        let asked = Asked { start, end: None, timezone: Some("Europe/Berlin"), duration_minutes: 60 };
        resolve(asked, &Zone::utc(), Bounds::Any).unwrap().0
    }

    #[test]
    fn a_series_keeps_its_wall_time_over_the_change_of_clocks() {
        let all = occurrences(&span("2026-03-15T09:00"), Some("FREQ=WEEKLY;COUNT=4"), &[]).unwrap();
        let starts: Vec<String> = all.iter().map(|o| o.span.at.start.to_string()).collect();
        let expected = ["2026-03-15T08:00:00Z", "2026-03-22T08:00:00Z", "2026-03-29T07:00:00Z", "2026-04-05T07:00:00Z"];
        assert_eq!(starts, expected);
    }

    #[test]
    fn an_end_in_any_form_becomes_a_count() {
        for until in ["20260329", "20260329T090000", "20260329T070000Z"] {
            let series = read(&format!("rrule:freq=weekly;until={until}"), &span("2026-03-15T09:00")).unwrap();
            assert_eq!(series.rule, "FREQ=WEEKLY;COUNT=3", "{until}");
        }
    }

    #[test]
    fn rules_without_end_or_sense_are_refused() {
        for rule in [
            "FREQ=WEEKLY",
            "FREQ=SECONDLY;COUNT=2",
            "FREQ=DAILY;INTERVAL=0;COUNT=2",
            "FREQ=DAILY;COUNT=4294967295",
            "FREQ=DAILY;UNTIL=99991231",
            "FREQ=WEEKLY;BYDAY=2TU;COUNT=3",
            "COUNT=3",
            "FREQ=DAILY;COUNT=2;COUNT=3",
            "FREQ=DAILY;COUNT=2;UNTIL=20270101",
            "FREQ=WEEKLY;BYDAY=MO;COUNT=3",
            "nonsense",
            "FREQ=DAILY;COUNT=2;RSCALE=GREGORIAN",
            "FREQ=DAILY;BYHOUR=9,15;COUNT=4",
            "FREQ=DAILY;INTERVAL=1001;COUNT=2",
            "FREQ=DAILY;COUNT=401",
            "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30;COUNT=2",
            "",
        ] {
            // 15 March 2026 is a Sunday, so BYDAY=MO does not include the start.
            assert!(read(rule, &span("2026-03-15T09:00")).is_err(), "{rule}");
        }
    }

    #[test]
    fn days_with_and_without_an_ordinal_and_the_last_workday() {
        for (rule, expected) in [
            // Every Sunday and the first Monday.
            (
                "FREQ=MONTHLY;BYDAY=SU,1MO;COUNT=5",
                ["2026-03-15", "2026-03-22", "2026-03-29", "2026-04-05", "2026-04-06"],
            ),
            (
                "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR,SU;BYSETPOS=13,-1;COUNT=5",
                ["2026-03-15", "2026-03-31", "2026-04-15", "2026-04-30", "2026-05-15"],
            ),
        ] {
            let series = read(rule, &span("2026-03-15T09:00")).unwrap();
            let days: Vec<String> = series.starts.iter().map(|start| start.date().to_string()).collect();
            assert_eq!(days, expected, "{rule}");
        }
    }

    #[test]
    fn a_weekly_pattern_moves_with_its_first_day() {
        let two_weeks = "FREQ=WEEKLY;INTERVAL=2;COUNT=5;BYDAY=MO,SU";
        let was = span("2026-03-15T09:00");
        let old = read(two_weeks, &was).unwrap();
        let series = moved(two_weeks, was.start_local, &span("2026-03-17T11:00")).unwrap();
        for (old, new) in old.starts.iter().zip(&series.starts) {
            assert_eq!(new.date().since(old.date()).unwrap().get_days(), 2, "{old} {new}");
        }
        assert_eq!(series.starts.len(), 5);
        assert!(moved("FREQ=MONTHLY;BYDAY=3SU;COUNT=3", was.start_local, &span("2026-03-17T11:00")).is_err());
    }

    #[test]
    fn the_later_of_two_equal_times_is_no_start_of_a_series() {
        let later = span("2026-10-25T02:30:00+01:00");
        assert!(read("FREQ=DAILY;COUNT=2", &later).unwrap_err().to_string().contains("start is the later"));
    }
}
