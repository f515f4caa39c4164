//! VTIMEZONE (RFC 5545 §3.6.5) as Fasti writes it: no more than a reader needs from the year before `from` on.
//!
//! Three readers shape it. Outlook.com fails on definitions that list historical offsets, so there are none. Outlook
//! desktop misreads RDATE, so zones with a regular rule are written with RRULE, which also never ends. And where no RRULE
//! can say it (Gaza will follow the moon, Egypt's autumn change is the day after a last Thursday), each change is an
//! observance of its own without RRULE or RDATE.

mod rule;

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use super::event::push_civil;
use super::text::{ContentLines, push_text};
use crate::time::{Civil, Date, Instant, Zone};
use rule::YearlyRule;

/// How many years are looked at to tell a rule that goes on from one that does not, and the most that are written out
/// one change at a time. More than the 28 years after which weekdays and leap years repeat.
const HORIZON_YEARS: i16 = 32;

/// A rule seen for fewer years than this is not trusted to go on: within them, each weekday falls on each of its dates.
const MIN_RULE_YEARS: i16 = 12;

/// An offset change of a zone.
#[derive(Debug, Clone, Copy)]
struct Change {
    at: Instant,
    /// What clocks that do not change would show: DTSTART of an observance (RFC 5545 §3.6.5).
    onset: Civil,
    /// TZOFFSETFROM, in seconds.
    from: i32,
    /// TZOFFSETTO, in seconds.
    to: i32,
}

/// `BEGIN:VTIMEZONE` to `END:VTIMEZONE` for the times from `from` to `until`, CRLF after each line.
///
/// A zone with a regular rule, or without changes, is described for ever; others up to `until`, and at most 32 years far.
/// The text depends on the zone, the year of `from` and, for irregular zones, on `until`: worth keeping, as writing it
/// walks 32 years of changes, some 10 to 20 µs.
#[must_use]
pub fn vtimezone(zone: &Zone, from: Instant, until: Instant) -> String {
    let first_year = (zone.civil_at(from).year() - 1).clamp(1, 9_990);
    let horizon = (first_year + HORIZON_YEARS).min(9_997);
    let changes = changes(zone, first_year, horizon);
    let mut lines = ContentLines::with_capacity(512);
    lines.plain("BEGIN", "VTIMEZONE");
    lines.property("TZID", |out| {
        out.push(':');
        push_text(out, zone.name());
    });
    if changes.first().is_none_or(|first| first.at > from) {
        push_first_offset(&mut lines, zone, first_year, changes.is_empty());
    }
    let (singles, rules) = split_regular_tail(&changes, first_year, horizon);
    // Where a rule takes over, the changes up to it are needed however far `until` is.
    for change in singles.iter().filter(|change| !rules.is_empty() || change.at <= until) {
        push_observance(&mut lines, zone, change, None);
    }
    for (change, rule) in &rules {
        push_observance(&mut lines, zone, change, Some(rule));
    }
    lines.plain("END", "VTIMEZONE");
    lines.into_string()
}

/// VTIMEZONEs that are kept at most; one is about 500 bytes.
const KEPT: usize = 2_000;

/// [`vtimezone`] for whole years of the zone, kept because writing one walks through 32 years of changes.
#[must_use]
pub fn kept(zone: &Zone, from: Instant, until: Instant) -> Arc<str> {
    type Kept = HashMap<(String, i16, i16), Arc<str>>;
    static TEXTS: LazyLock<Mutex<Kept>> = LazyLock::new(Mutex::default);
    let year = |at: Instant| zone.civil_at(at).year();
    // Whole years, so that what is kept does not depend on who asked first.
    let (first, last) = (year(from), year(until));
    let key = (zone.name().to_owned(), first, last);
    let mut kept = TEXTS.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(text) = kept.get(&key) {
        return Arc::clone(text);
    }
    let begin = |year: i16| zone.instant(Date::new(year.clamp(1, 9998), 1, 1).unwrap_or(Date::MAX).at(0, 0, 0, 0));
    let text: Arc<str> = vtimezone(zone, begin(first), begin(last.saturating_add(1))).into();
    if kept.len() >= KEPT {
        kept.clear();
    }
    kept.insert(key, Arc::clone(&text));
    text
}

/// The offset changes from the start of `first_year` to the end of `horizon`, oldest first.
fn changes(zone: &Zone, first_year: i16, horizon: i16) -> Vec<Change> {
    let start = zone.instant(new_year(first_year)) - 1;
    let mut offset = zone.offset_seconds_at(start);
    let mut changes = Vec::new();
    // No zone of the database has ever had more than a handful of changes in a year; the count bounds the work anyway.
    for (at, to) in zone.transitions_after(start).take(16 * HORIZON_YEARS as usize) {
        let from = std::mem::replace(&mut offset, to);
        let onset = Zone::utc().civil_at(at + i64::from(from));
        if onset.year() > horizon {
            break;
        }
        // Some transitions only rename the offset.
        if from != to {
            changes.push(Change { at, onset, from, to });
        }
    }
    changes
}

/// The changes that come one by one, and the rules that go on from the year after them, each with its first change.
fn split_regular_tail(changes: &[Change], first_year: i16, horizon: i16) -> (&[Change], Vec<(Change, YearlyRule)>) {
    for year in first_year..=horizon - MIN_RULE_YEARS {
        let split = changes.partition_point(|change| change.onset.year() < year);
        let (singles, tail) = changes.split_at(split);
        let years = usize::try_from(horizon - year + 1).unwrap_or(usize::MAX);
        if tail.is_empty() {
            break;
        }
        if tail.len() != 2 * years {
            continue;
        }
        let rules = [0, 1].map(|first| {
            let every_other: Vec<Change> = tail[first..].iter().step_by(2).copied().collect();
            YearlyRule::fit(&every_other, year).map(|rule| (tail[first], rule))
        });
        if let [Some(one), Some(other)] = rules {
            return (singles, vec![one, other]);
        }
    }
    (changes, Vec::new())
}

/// An observance for the time before the first change, or for all time.
fn push_first_offset(lines: &mut ContentLines, zone: &Zone, first_year: i16, for_ever: bool) {
    let onset = new_year(if for_ever { 1970 } else { first_year });
    let at = zone.instant(new_year(first_year));
    let offset = zone.offset_seconds_at(at);
    push_observance(lines, zone, &Change { at, onset, from: offset, to: offset }, None);
}

fn push_observance(lines: &mut ContentLines, zone: &Zone, change: &Change, rule: Option<&YearlyRule>) {
    // The database calls Irish winter time the saving one; readers expect DAYLIGHT to be the one ahead.
    let seasonal = zone.is_dst_at(change.at) != zone.is_dst_at(change.at - 1);
    let kind = if seasonal && change.to > change.from { "DAYLIGHT" } else { "STANDARD" };
    lines.plain("BEGIN", kind);
    lines.plain("TZOFFSETFROM", &utc_offset(change.from));
    lines.plain("TZOFFSETTO", &utc_offset(change.to));
    lines.text("TZNAME", &zone.abbreviation_at(change.at));
    lines.property("DTSTART", |out| {
        out.push(':');
        push_civil(out, change.onset);
    });
    if let Some(rule) = rule {
        lines.plain("RRULE", &rule.to_string());
    }
    lines.plain("END", kind);
}

/// UTC-OFFSET (RFC 5545 §3.3.14), seconds only where there are some.
fn utc_offset(seconds: i32) -> String {
    let sign = if seconds < 0 { '-' } else { '+' };
    let total = seconds.unsigned_abs();
    let (hours, minutes, seconds) = (total / 3600, total / 60 % 60, total % 60);
    if seconds == 0 {
        format!("{sign}{hours:02}{minutes:02}")
    } else {
        format!("{sign}{hours:02}{minutes:02}{seconds:02}")
    }
}

/// Midnight of 1 January.
const fn new_year(year: i16) -> Civil {
    Date::constant(year, 1, 1).at(0, 0, 0, 0)
}

#[cfg(test)]
mod tests;
