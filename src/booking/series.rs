//! Recurring bookings: from a rule to its occurrences.
//!
//! The `rrule` crate expands on the clock face, as if local times were UTC; each local time is then resolved in the
//! booking's zone with current zone data. Rules it is known to get wrong, and rules without an end, are refused.

use rrule::{RRule, Tz, Unvalidated};

use crate::store::bookings::Override;
use crate::time::{Civil, Interval};

use super::Error;
use super::span::Span;

/// Occurrences that a series may have.
pub const MAX_OCCURRENCES: u16 = 400;

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

/// Reads a rule and lists its occurrences.
///
/// # Errors
/// A fault at `/rrule`: not a rule, a part that bookings have no use for, no end, too many occurrences, or a start
/// that is no occurrence of it.
pub fn read(text: &str, first: &Span) -> Result<Series, Error> {
    let parts = parts(text).map_err(refuse)?;
    let found = expand(&parts, first, None)?;
    if found.limited || found.starts.len() > usize::from(MAX_OCCURRENCES) {
        return Err(refuse(format!("has more than {MAX_OCCURRENCES} occurrences; give it a nearer end")));
    }
    Ok(Series { rule: counted(&parts, found.starts.len()), starts: found.starts })
}

/// Whether a rule has no end.
#[must_use]
pub fn is_endless(text: &str) -> bool {
    let rule = text.to_ascii_uppercase();
    let rule = rule.strip_prefix("RRULE:").unwrap_or(&rule);
    !rule.split(';').any(|part| part.starts_with("COUNT=") || part.starts_with("UNTIL="))
}

/// The part of an endless rule that is booked: all its occurrences until `until`, or, where these are more than a series
/// may have, as many as it may from `from` on.
///
/// # Errors
/// As [`read`]; also when nothing is left.
pub fn read_endless(text: &str, first: &Span, from: Civil, until: Civil) -> Result<Series, Error> {
    let bounded = format!("{};UNTIL={}", text.trim(), until.strftime("%Y%m%dT%H%M%S"));
    let parts = parts(&bounded).map_err(refuse)?;
    let mut found = expand(&parts, first, None)?;
    if found.limited {
        found = expand(&parts, first, Some(from))?;
    }
    found.starts.truncate(usize::from(MAX_OCCURRENCES));
    if found.starts.is_empty() {
        return Err(refuse(format!("has no occurrence from {from} to {until}")));
    }
    Ok(Series { rule: counted(&parts, found.starts.len()), starts: found.starts })
}

/// Whether an endless rule has an occurrence at this local time.
///
/// # Errors
/// As [`read`].
pub fn has_occurrence(text: &str, first: &Span, start: Civil) -> Result<bool, Error> {
    let bounded = format!("{};UNTIL={}", text.trim(), start.strftime("%Y%m%dT%H%M%S"));
    let parts = parts(&bounded).map_err(refuse)?;
    Ok(expand(&parts, first, Some(start))?.starts.first() == Some(&start))
}

fn refuse(detail: String) -> Error {
    Error::invalid("/rrule", detail)
}

/// Local starts, and whether there are more than a series may have.
struct Found {
    starts: Vec<Civil>,
    limited: bool,
}

/// The occurrences of a rule from `from` on, at most one more than a series may have.
fn expand(parts: &[(String, String)], first: &Span, from: Option<Civil>) -> Result<Found, Error> {
    let start = first.start_local;
    let rule = with_utc_until(parts, first);
    let wall = |civil: Civil| civil.strftime("%Y%m%dT%H%M%SZ").to_string();
    let parsed: RRule<Unvalidated> = rule.parse().map_err(|e| refuse(format!("is not a recurrence rule: {e}")))?;
    let origin = format!("DTSTART:{}\nRRULE:{parsed}", wall(start));
    let set: rrule::RRuleSet = origin.parse().map_err(|e| refuse(format!("is not a recurrence rule: {e}")))?;
    if set.clone().all(1).dates.first().and_then(civil_of) != Some(start) {
        return Err(refuse("does not include the start; begin the series on a day that the rule names".to_owned()));
    }
    let set = match from {
        None => set,
        Some(from) => set.after(clock_face(from.max(start)).ok_or_else(|| refuse("is out of range".to_owned()))?),
    };
    let found = set.limit().all(MAX_OCCURRENCES + 1);
    let starts = found.dates.iter().filter_map(civil_of).collect::<Vec<_>>();
    let limited = found.limited || starts.len() > usize::from(MAX_OCCURRENCES);
    Ok(Found { starts, limited })
}

/// The rule with the number of its occurrences for an end.
fn counted(parts: &[(String, String)], count: usize) -> String {
    let kept = parts.iter().filter(|(name, _)| !matches!(name.as_str(), "COUNT" | "UNTIL"));
    let kept: Vec<String> = kept.map(|(name, value)| format!("{name}={value}")).collect();
    format!("{};COUNT={count}", kept.join(";"))
}

/// A local time as if it were UTC.
fn clock_face(civil: Civil) -> Option<chrono::DateTime<Tz>> {
    use chrono::TimeZone;
    let (date, time) = (civil.date(), civil.time());
    let (month, day) = (u32::try_from(date.month()).ok()?, u32::try_from(date.day()).ok()?);
    let clock = [time.hour(), time.minute(), time.second()].map(|part| u32::try_from(part).unwrap_or_default());
    Tz::UTC.with_ymd_and_hms(i32::from(date.year()), month, day, clock[0], clock[1], clock[2]).single()
}

fn civil_of(date: &chrono::DateTime<Tz>) -> Option<Civil> {
    use chrono::{Datelike, Timelike};
    Civil::new(
        date.year().try_into().ok()?,
        date.month().try_into().ok()?,
        date.day().try_into().ok()?,
        date.hour().try_into().ok()?,
        date.minute().try_into().ok()?,
        date.second().try_into().ok()?,
        0,
    )
    .ok()
}

/// The parts of a rule, upper-cased, each known and allowed.
fn parts(text: &str) -> Result<Vec<(String, String)>, String> {
    const ALLOWED: [&str; 9] =
        ["FREQ", "INTERVAL", "COUNT", "UNTIL", "BYDAY", "BYMONTHDAY", "BYMONTH", "BYSETPOS", "WKST"];
    if text.len() > 512 || !text.is_ascii() {
        return Err("is too long or not ASCII".to_owned());
    }
    let text = text.trim().to_ascii_uppercase();
    let mut parts: Vec<(String, String)> = Vec::new();
    for part in text.strip_prefix("RRULE:").unwrap_or(&text).split(';') {
        let (name, value) = part.split_once('=').ok_or_else(|| format!("has a part without a value: \"{part}\""))?;
        if !ALLOWED.contains(&name) {
            return Err(format!("has {name}, which bookings cannot have; allowed are {}", ALLOWED.join(", ")));
        }
        if value.is_empty() || parts.iter().any(|(seen, _)| seen == name) {
            return Err(format!("has {name} twice or empty"));
        }
        parts.push((name.to_owned(), value.to_owned()));
    }
    let get = |name: &str| parts.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str());
    let freq = get("FREQ").ok_or("has no FREQ")?;
    if !matches!(freq, "DAILY" | "WEEKLY" | "MONTHLY" | "YEARLY") {
        return Err(format!("has FREQ={freq}; bookings recur DAILY, WEEKLY, MONTHLY or YEARLY"));
    }
    match (get("COUNT"), get("UNTIL")) {
        (Some(_), Some(_)) => return Err("has both COUNT and UNTIL; RFC 5545 allows one of them".to_owned()),
        (None, None) => return Err("has no end; add COUNT or UNTIL".to_owned()),
        _ => {}
    }
    if get("INTERVAL").is_some_and(|n| !n.parse::<u16>().is_ok_and(|n| (1..=1000).contains(&n))) {
        return Err("has an INTERVAL that is not a number from 1 to 1000".to_owned());
    }
    check_days(freq, get("BYDAY"))?;
    Ok(parts)
}

/// Refuses BYDAY forms that RFC 5545 forbids or that `rrule` 0.14 answers wrongly in silence.
fn check_days(freq: &str, days: Option<&str>) -> Result<(), String> {
    let Some(days) = days else { return Ok(()) };
    let ordinals = days.split(',').filter(|day| day.len() > 2).count();
    if ordinals > 0 && matches!(freq, "DAILY" | "WEEKLY") {
        return Err(format!("has an ordinal in BYDAY, which RFC 5545 §3.3.10 does not allow with FREQ={freq}"));
    }
    if ordinals > 0 && ordinals < days.split(',').count() {
        return Err("mixes days with and without an ordinal in BYDAY; make two series of it".to_owned());
    }
    Ok(())
}

/// The rule with UNTIL as the clock face in `first`'s zone shows it, written as if it were UTC.
fn with_utc_until(parts: &[(String, String)], first: &Span) -> String {
    let until = |value: &str| -> String {
        match value.len() {
            8 => format!("{value}T235959Z"),
            15 => format!("{value}Z"),
            _ => crate::time::TimeInput::parse(&rfc3339(value)).map_or_else(
                |_| value.to_owned(),
                |time| match time {
                    crate::time::TimeInput::Fixed(at) => {
                        format!("{}Z", first.zone.civil_at(at).strftime("%Y%m%dT%H%M%S"))
                    }
                    _ => value.to_owned(),
                },
            ),
        }
    };
    let rewritten = parts.iter().map(|(name, value)| match name.as_str() {
        "UNTIL" => format!("{name}={}", until(value)),
        _ => format!("{name}={value}"),
    });
    rewritten.collect::<Vec<_>>().join(";")
}

/// `20260301T090000Z` as `2026-03-01T09:00:00Z`.
fn rfc3339(basic: &str) -> String {
    let part = |range: std::ops::Range<usize>| basic.get(range).unwrap_or_default();
    let (date, time) =
        ([part(0..4), part(4..6), part(6..8)].join("-"), [part(9..11), part(11..13), part(13..15)].join(":"));
    format!("{date}T{time}Z")
}

/// The times a booking takes place: its own, or those of its series with what differs.
///
/// # Errors
/// [`Error::Invalid`] for a rule that cannot be read.
pub fn occurrences(span: &Span, rule: Option<&str>, overrides: &[Override]) -> Result<Vec<Occurrence>, Error> {
    let Some(rule) = rule else {
        return Ok(vec![Occurrence { recurrence_id: span.start_local, span: span.clone() }]);
    };
    let series = read(rule, span)?;
    let mut all = Vec::with_capacity(series.starts.len());
    for start in series.starts {
        let changed = overrides.iter().find(|o| o.recurrence_id.0 == start);
        match changed {
            Some(o) if o.cancelled => {}
            Some(o) => all.push(Occurrence { recurrence_id: start, span: overridden(span, o) }),
            None => all.push(Occurrence { recurrence_id: start, span: span.moved_to(start) }),
        }
    }
    Ok(all)
}

/// The span of an occurrence that was moved.
#[must_use]
pub fn overridden(span: &Span, changed: &Override) -> Span {
    let mut moved = span.moved_to(changed.start_local.0);
    let end = span.zone.instant(changed.end_local.0);
    if let Some(at) = Interval::new(moved.at.start, end) {
        moved.at = at;
        moved.end_local = changed.end_local.0;
    }
    moved
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
            "FREQ=MONTHLY;BYDAY=MO,2TU;COUNT=3",
            "FREQ=WEEKLY;BYDAY=2TU;COUNT=3",
            "COUNT=3",
            "FREQ=DAILY;COUNT=2;COUNT=3",
            "FREQ=DAILY;COUNT=2;UNTIL=20270101",
            "FREQ=WEEKLY;BYDAY=MO;COUNT=3",
            "nonsense",
            "FREQ=DAILY;COUNT=2;RSCALE=GREGORIAN",
            "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30;COUNT=2",
            "",
        ] {
            // 15 March 2026 is a Sunday, so BYDAY=MO does not include the start.
            assert!(read(rule, &span("2026-03-15T09:00")).is_err(), "{rule}");
        }
    }
}
