//! What a client means by the object it puts over a booking: pure.

mod added;

use std::collections::BTreeMap;

use crate::ical::object::{Component, Limits, Object, ObjectInstance, Property};
use crate::ical::personal::date_of;
use crate::ical::text::unescape_text;
use crate::time::{Instant, Interval, Zone};

/// Instances of a series that are compared; a booking has no more than 400.
const MOST: usize = 1_000;

/// From year 1 on.
const ALL_TIME: Interval = Interval { start: Instant::from_unix(-62_135_596_800), end: Instant::MAX };

/// What the business's own part of a booking says. Who changes it hears that it is not theirs.
const PROTECTED: [&str; 7] = ["SUMMARY", "LOCATION", "ORGANIZER", "ATTENDEE", "RDATE", "CLASS", "URL"];
/// What says when, or is written anew with every change.
const MANAGED: [&str; 16] = [
    "UID",
    "DTSTART",
    "DTEND",
    "DURATION",
    "RECURRENCE-ID",
    "RRULE",
    "EXDATE",
    "EXRULE",
    "STATUS",
    "SEQUENCE",
    "DTSTAMP",
    "LAST-MODIFIED",
    "CREATED",
    "CATEGORIES",
    "TRANSP",
    "REQUEST-STATUS",
];

pub(super) use added::Added;

/// One change that a client asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// All of it takes place at another time.
    MoveAll(Interval),
    /// The instance of this RECURRENCE-ID takes place at another time.
    Move(Instant, Interval),
    /// All of it is cancelled.
    CancelAll,
    /// The instance of this RECURRENCE-ID is cancelled.
    Cancel(Instant),
    /// That instance and all after it are cancelled.
    CancelFrom(Instant),
}

/// What it takes to come from what is served to what was sent. `zone` is the booking's, of which others may serve dates
/// that are not in what is served.
///
/// # Errors
/// What of it is not the client's to change, as a sentence.
pub(super) fn plan(served: &Object, sent: &Object, zone: &Zone, others: bool) -> Result<Vec<Step>, String> {
    if sent.uid() != served.uid() {
        return Err("a booking keeps its UID".to_owned());
    }
    let times = |object| instances(object, zone);
    let (before, after) = (times(served)?, times(sent)?);
    unchanged(served, sent, zone)?;
    let (old, new) = match (master(served), master(sent)) {
        (Some(old), Some(new)) => (old, new),
        // Who serves single dates of a series has those alone, and no others.
        (None, None) => return of_dates(&before, &after),
        _ => return Err("which dates of a booking are whose is decided by the business".to_owned()),
    };
    if new.says("STATUS", "CANCELLED") && !old.says("STATUS", "CANCELLED") {
        return Ok(all_cancelled(&before, others));
    }
    let (Some(was), Some(is)) = (begins(served, zone), begins(sent, zone)) else {
        return Err("a booking has a start and an end".to_owned());
    };
    if before.len() > 1 || after.len() > 1 || old.property("RRULE").is_some() {
        let same = |name: &&str| values(old, name) == values(new, name);
        let words = if !same(&"RRULE") {
            Words::Others { ruled: instances(&without_exceptions(sent)?, zone)? }
        } else if was == is || (same(&"EXDATE") && served.components().count() == sent.components().count()) {
            Words::Same
        } else {
            Words::SameRule { ends: values(old, "RRULE").iter().any(|rule| rule.contains("until=")) }
        };
        if was == is {
            return of_series(&before, &after, &words, others);
        }
        return moved_series((was, is), (&before, after), &words, (zone, others));
    }
    // It takes place once: whatever of it says when, and not at all when that is excluded.
    let live: Vec<Interval> = after.into_values().flatten().collect();
    Ok(match live.as_slice() {
        [] => vec![Step::CancelAll],
        [at] if *at == was => Vec::new(),
        [at, ..] => vec![Step::MoveAll(*at)],
    })
}

/// How a client that moves a series writes what else says when.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Words {
    /// As it was; or it is not moved, and only its exceptions are others.
    Same,
    /// With the same rule, which `ends` at a time, and other exceptions.
    SameRule { ends: bool },
    /// With another rule, which gives these dates without exceptions.
    Others { ruled: Times },
}

/// All of a series is moved by its first instance. What else a client changes comes after that: it is what differs from the
/// series as it is then.
fn moved_series(
    (was, is): (Interval, Interval),
    (before, mut after): (&Times, Times),
    words: &Words,
    (zone, others): (&Zone, bool),
) -> Result<Vec<Step>, String> {
    // As clocks show it: the hour stays over a change of theirs.
    let shifted = |at: Instant, from: Instant, to: Instant| {
        let by = zone.civil_at(to).duration_since(zone.civil_at(from));
        zone.civil_at(at).checked_add(by).map_or(at, |civil| zone.instant(civil))
    };
    let later = |at: Instant| shifted(at, was.start, is.start);
    let moved = |key: Instant, at: Interval| match at.start == key {
        true => Interval { start: later(at.start), end: shifted(at.end, was.end, is.end) },
        // What was moved alone keeps its time.
        false => at,
    };
    let then: Times = before.iter().map(|(key, at)| (later(*key), at.map(|at| moved(*key, at)))).collect();
    // Some clients move the master and leave the names of single dates as they were.
    for (key, at) in before.iter().filter(|(key, _)| !then.contains_key(key)) {
        if let Some(left) = after.remove(key) {
            let unchanged = left == *at;
            after.insert(later(*key), if unchanged { at.map(|at| moved(*key, at)) } else { left });
        }
    }
    let last = after.keys().next_back().copied();
    match words {
        // On another day of the week, or past its UNTIL, a rule means other dates until it is written anew.
        Words::Same => {
            let clock = |at: &Instant| zone.civil_at(*at).time();
            let known = |key: &Instant| then.contains_key(key) || before.contains_key(key);
            if after.keys().any(|key| !known(key) && clock(key) != clock(&is.start)) {
                return Err(
                    "a booking that repeats stays on the clocks of its time zone; move it in that zone".to_owned()
                );
            }
            after.retain(|key, _| then.contains_key(key));
            after.extend(then.iter().filter(|(key, _)| !after.contains_key(key)).collect::<Vec<_>>());
        }
        Words::SameRule { ends: true } => after.extend(then.iter().filter(|(key, _)| Some(**key) > last)),
        Words::SameRule { ends: false } | Words::Others { .. } => {}
    }
    let more = of_series(&then, &after, words, others).map_err(|_| {
        "how a booking repeats is decided by the business; move or cancel single dates of it".to_owned()
    })?;
    Ok([Step::MoveAll(is)].into_iter().chain(more).collect())
}

/// When what a step is about begins, the first of it.
pub(super) fn begins_first(step: &Step, times: &Times) -> Option<Instant> {
    let first = |from: Instant| times.range(from..).filter_map(|(_, at)| at.map(|at| at.start)).min();
    match step {
        Step::MoveAll(_) | Step::CancelAll => times.values().flatten().map(|at| at.start).min(),
        Step::Move(key, _) | Step::Cancel(key) => times.get(key).copied().flatten().map(|at| at.start),
        Step::CancelFrom(key) => first(*key),
    }
}

/// What it takes that nothing of an object takes place any more.
///
/// # Errors
/// A sentence, when it has too many dates.
pub(super) fn deletion(served: &Object, zone: &Zone, others: bool) -> Result<Vec<Step>, String> {
    let times = instances(served, zone)?;
    match master(served) {
        Some(_) => Ok(all_cancelled(&times, others)),
        None => of_dates(&times, &Times::new()),
    }
}

/// Nothing of one's own takes place any more: what others serve does.
fn all_cancelled(times: &Times, others: bool) -> Vec<Step> {
    if !others {
        return vec![Step::CancelAll];
    }
    times.iter().filter(|(_, at)| at.is_some()).map(|(key, _)| Step::Cancel(*key)).collect()
}

/// When each instance takes place, by RECURRENCE-ID; `None` for one that is cancelled.
pub(super) type Times = BTreeMap<Instant, Option<Interval>>;

fn of_series(before: &Times, after: &Times, words: &Words, others: bool) -> Result<Vec<Step>, String> {
    let (mut steps, gone) = date_by_date(before, after)?;
    // Clients cut a series short also where they move the rest of it, to another object, which will be refused: the dates
    // between would be lost.
    if let Words::Others { ruled } = words
        && gone.iter().any(|date| !ruled.contains_key(date))
    {
        return Err(
            "how a booking repeats is decided by the business; to cancel dates, delete each of them, or all".into()
        );
    }
    if others {
        steps.extend(gone.into_iter().map(Step::Cancel));
        return Ok(steps);
    }
    // What is cancelled to the end is one change.
    let live: Vec<Instant> = before.iter().filter(|(_, at)| at.is_some()).map(|(key, _)| *key).collect();
    let tail = gone.len() > 1 && live.ends_with(&gone);
    match (tail, gone.first(), gone.len() == live.len()) {
        (_, Some(_), true) => return Ok(vec![Step::CancelAll]),
        (true, Some(first), false) => steps.push(Step::CancelFrom(*first)),
        _ => steps.extend(gone.into_iter().map(Step::Cancel)),
    }
    Ok(steps)
}

/// The rest of the series is another's.
fn of_dates(before: &Times, after: &Times) -> Result<Vec<Step>, String> {
    let (mut steps, gone) = date_by_date(before, after)?;
    steps.extend(gone.into_iter().map(Step::Cancel));
    Ok(steps)
}

/// The moves of single dates, and the dates that are gone.
fn date_by_date(before: &Times, after: &Times) -> Result<(Vec<Step>, Vec<Instant>), String> {
    let live = |key: &Instant| before.get(key).copied().flatten().is_some();
    if after.iter().any(|(key, at)| at.is_some() && !live(key)) {
        return Err("dates are added to a booking by the business; move or cancel single dates of it".to_owned());
    }
    let mut steps = Vec::new();
    let mut gone = Vec::new();
    for (key, was) in before {
        let Some(was) = was else { continue };
        match after.get(key).copied().flatten() {
            None => gone.push(*key),
            Some(is) if is != *was => steps.push(Step::Move(*key, is)),
            Some(_) => {}
        }
    }
    Ok((steps, gone))
}

/// Refuses changes of what is the business's, in the master and in the dates with components of their own.
fn unchanged(served: &Object, sent: &Object, zone: &Zone) -> Result<(), String> {
    let refused = |name: &str| Err(format!("{name} of a booking is written by the business; change the booking there"));
    let old = master(served);
    if let (Some(old), Some(new)) = (old, master(sent)) {
        if let Some(name) = PROTECTED.iter().find(|name| is_rewritten(old, new, name)) {
            return refused(name);
        }
        same_state(old, new)?;
    }
    let form = served.components().find_map(|component| component.property("DTSTART"));
    let form = form.map_or("", |start| start.value.trim());
    let is_day = |value: &str| value.len() == "20260302".len();
    let starts = sent.components().filter_map(|component| component.property("DTSTART"));
    if starts.map(|start| is_day(start.value.trim())).any(|days| days != is_day(form)) {
        return Err(
            "whether a booking takes hours or whole days is decided by the business; change it there".to_owned()
        );
    }
    let written = dates(served, form, zone);
    for (date, new) in dates(sent, form, zone) {
        let Some(old) = written.get(&date).copied().or(old) else { continue };
        // What a client leaves out of a date that it moves is as in the master.
        let is_other = |name: &&&str| !values(new, name).is_empty() && is_rewritten(old, new, name);
        if let Some(name) = PROTECTED.iter().find(is_other) {
            return refused(name);
        }
        same_state(old, new)?;
    }
    Ok(())
}

/// Whether a client says something else than the business. A business without an address organizes nothing in iCalendar, and
/// DAVx5 then writes the account's owner beside the attendees: that is left out, and refuses no drag.
fn is_rewritten(old: &Component, new: &Component, name: &str) -> bool {
    let (old, new) = (values(old, name), values(new, name));
    old != new && !(name == "ORGANIZER" && old.is_empty())
}

/// Refuses what a client would see undone at its next sync, without a word.
fn same_state(old: &Component, new: &Component) -> Result<(), String> {
    let word = |component: &Component, name: &str, default: &str| {
        component.property(name).map_or(default.to_owned(), |property| property.value.trim().to_ascii_uppercase())
    };
    let status = word(new, "STATUS", "");
    if !matches!(status.as_str(), "" | "CANCELLED") && status != word(old, "STATUS", "CONFIRMED") {
        return Err("STATUS of a booking is decided by the business; to cancel it, delete it".to_owned());
    }
    if word(old, "TRANSP", "OPAQUE") != word(new, "TRANSP", "OPAQUE") {
        return Err("a booking takes the time it takes; TRANSP is written by the business".to_owned());
    }
    if !values(new, "CATEGORIES").is_empty() && values(old, "CATEGORIES") != values(new, "CATEGORIES") {
        return Err("CATEGORIES of a booking are written by the business".to_owned());
    }
    if answers(new).iter().any(|(who, said)| answers(old).iter().any(|(other, was)| other == who && was != said)) {
        return Err("a booking is no invitation to answer; to cancel it, delete it".to_owned());
    }
    Ok(())
}

/// Who takes part, and what they said, where that is written (RFC 5545 §3.2.12).
fn answers(component: &Component) -> Vec<(String, String)> {
    let attendees = component.properties.iter().filter(|property| property.is("ATTENDEE"));
    let answer = |property: &Property| {
        let said = property.parameter("PARTSTAT").and_then(<[String]>::first)?;
        Some((property.value.trim().to_lowercase(), said.to_ascii_uppercase()))
    };
    attendees.filter_map(answer).collect()
}

/// The times by RECURRENCE-ID; `None` for an instance that is cancelled.
///
/// # Errors
/// A sentence, when it has too many.
pub(super) fn instances(object: &Object, zone: &Zone) -> Result<Times, String> {
    let found =
        object.instances(ALL_TIME, zone, MOST).map_err(|_| "a booking has an end, and at most 400 dates".to_owned())?;
    let time = |instance: &ObjectInstance<'_>| {
        let cancelled = instance.component.says("STATUS", "CANCELLED");
        (instance.recurrence_at, (!cancelled).then_some(instance.at))
    };
    Ok(found.iter().map(time).collect())
}

/// The same without EXDATE.
///
/// # Errors
/// A sentence, when that is none.
fn without_exceptions(object: &Object) -> Result<Object, String> {
    let mut calendar = object.calendar().clone();
    for component in &mut calendar.components {
        component.properties.retain(|property| !property.is("EXDATE"));
    }
    Object::parse(calendar.to_ical().as_bytes(), &Limits::stored())
        .map_err(|violation| format!("a booking without its exceptions has to be one, too: {violation}"))
}

/// When the master itself takes place.
fn begins(object: &Object, zone: &Zone) -> Option<Interval> {
    object.master_at(zone)
}

fn master(object: &Object) -> Option<&Component> {
    object.components().find(|component| component.property("RECURRENCE-ID").is_none())
}

/// The values of a property that say something, in no order.
fn values(component: &Component, name: &str) -> Vec<String> {
    let mut values: Vec<String> = component
        .properties
        .iter()
        .filter(|property| property.is(name))
        .map(|property| property.value.trim())
        // PUBLIC is what no CLASS means (RFC 5545 §3.8.1.3).
        .filter(|value| !value.is_empty() && (name != "CLASS" || !value.eq_ignore_ascii_case("PUBLIC")))
        .map(|value| if is_text(name) { unescape_text(value) } else { value.to_owned() })
        .collect();
    // Addresses are compared without case.
    if matches!(name, "ORGANIZER" | "ATTENDEE" | "RRULE" | "CATEGORIES" | "CLASS") {
        values.iter_mut().for_each(|value| *value = value.to_lowercase());
    }
    values.sort();
    values
}

/// Whether a property's value is TEXT, where a client may write escapes otherwise.
fn is_text(name: &str) -> bool {
    matches!(name, "SUMMARY" | "LOCATION" | "DESCRIPTION")
}

/// The dates of a series that have components of their own, by name.
fn dates<'o>(object: &'o Object, form: &str, zone: &Zone) -> BTreeMap<String, &'o Component> {
    let found = object.instances(ALL_TIME, zone, MOST).unwrap_or_default();
    let is_own = |instance: &&ObjectInstance<'_>| {
        let own = instance.component.property("RECURRENCE-ID");
        own.is_some_and(|id| id.parameter("RANGE").is_none()) && !instance.component.says("STATUS", "CANCELLED")
    };
    let dated = |instance: &ObjectInstance<'o>| (date_of(instance.recurrence_at, form, zone), instance.component);
    found.iter().filter(is_own).map(dated).collect()
}

#[cfg(test)]
mod tests;
