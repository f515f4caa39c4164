//! What a client means by the object it puts over a booking: pure.

use std::collections::BTreeMap;

use crate::ical::object::{Component, Object, ObjectInstance, Property};
use crate::ical::personal::{DATE, NO_ALARMS, date_of};
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

/// What it takes to come from what is served to what was sent. `zone` is the booking's.
///
/// # Errors
/// What of it is not the client's to change, as a sentence.
pub(super) fn plan(served: &Object, sent: &Object, zone: &Zone) -> Result<Vec<Step>, String> {
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
        return Ok(vec![Step::CancelAll]);
    }
    let (Some(was), Some(is)) = (begins(served, zone), begins(sent, zone)) else {
        return Err("a booking has a start and an end".to_owned());
    };
    if before.len() > 1 || after.len() > 1 || old.property("RRULE").is_some() {
        if was != is {
            return moved_series(old, new, is);
        }
        return of_series(&before, &after);
    }
    Ok(if was == is { Vec::new() } else { vec![Step::MoveAll(is)] })
}

/// All of a series is moved by its first instance; a client that also changes the rule means another series.
fn moved_series(old: &Component, new: &Component, to: Interval) -> Result<Vec<Step>, String> {
    let rule = |component| values(component, "RRULE");
    if rule(old) == rule(new) {
        return Ok(vec![Step::MoveAll(to)]);
    }
    Err("how a booking repeats is decided by the business; move or cancel single dates of it".to_owned())
}

/// What it takes that nothing of an object takes place any more.
///
/// # Errors
/// A sentence, when it has too many dates.
pub(super) fn deletion(served: &Object, zone: &Zone) -> Result<Vec<Step>, String> {
    match master(served) {
        Some(_) => Ok(vec![Step::CancelAll]),
        None => of_dates(&instances(served, zone)?, &Times::new()),
    }
}

/// When each instance takes place, by RECURRENCE-ID; `None` for one that is cancelled.
type Times = BTreeMap<Instant, Option<Interval>>;

fn of_series(before: &Times, after: &Times) -> Result<Vec<Step>, String> {
    let (mut steps, gone) = date_by_date(before, after)?;
    // A series that was cut short is cancelled from there on, as one change.
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
        if let Some(name) = PROTECTED.iter().find(|name| values(old, name) != values(new, name)) {
            return refused(name);
        }
        same_state(old, new)?;
    }
    let form = served.components().find_map(|component| component.property("DTSTART"));
    let form = form.map_or("", |start| start.value.trim());
    let written = dates(served, form, zone);
    for (date, new) in dates(sent, form, zone) {
        let Some(old) = written.get(&date).copied().or(old) else { continue };
        // What a client leaves out of a date that it moves is as in the master.
        let is_other = |name: &&&str| new.property(name).is_some() && values(old, name) != values(new, name);
        if let Some(name) = PROTECTED.iter().find(is_other) {
            return refused(name);
        }
        same_state(old, new)?;
    }
    Ok(())
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
    if new.property("CATEGORIES").is_some() && values(old, "CATEGORIES") != values(new, "CATEGORIES") {
        return Err("CATEGORIES of a booking are written by the business".to_owned());
    }
    if answers(new).iter().any(|(who, said)| answers(old).iter().any(|(other, was)| other == who && was != said)) {
        return Err("a booking is no invitation to answer; to cancel it, delete it".to_owned());
    }
    Ok(())
}

/// Who takes part, and what they said (RFC 5545 §3.2.12).
fn answers(component: &Component) -> Vec<(String, String)> {
    let attendees = component.properties.iter().filter(|property| property.is("ATTENDEE"));
    let answer = |property: &Property| {
        let said = property.parameter("PARTSTAT").and_then(<[String]>::first);
        (property.value.trim().to_lowercase(), said.map_or("NEEDS-ACTION".to_owned(), |said| said.to_ascii_uppercase()))
    };
    attendees.map(answer).collect()
}

fn instances(object: &Object, zone: &Zone) -> Result<Times, String> {
    let found =
        object.instances(ALL_TIME, zone, MOST).map_err(|_| "a booking has an end, and at most 400 dates".to_owned())?;
    let time = |instance: &ObjectInstance<'_>| {
        let cancelled = instance.component.says("STATUS", "CANCELLED");
        (instance.recurrence_at, (!cancelled).then_some(instance.at))
    };
    Ok(found.iter().map(time).collect())
}

/// When the master itself takes place.
fn begins(object: &Object, zone: &Zone) -> Option<Interval> {
    object.master_at(zone)
}

fn master(object: &Object) -> Option<&Component> {
    object.components().find(|component| component.property("RECURRENCE-ID").is_none())
}

/// The values of a property, in no order.
fn values(component: &Component, name: &str) -> Vec<String> {
    let mut values: Vec<String> = component
        .properties
        .iter()
        .filter(|property| property.is(name))
        .map(|property| property.value.trim().to_owned())
        .collect();
    // Addresses are compared without case.
    if matches!(name, "ORGANIZER" | "ATTENDEE" | "RRULE") {
        values.iter_mut().for_each(|value| *value = value.to_lowercase());
    }
    values.sort();
    values
}

/// The content lines that a client added for itself: properties that are neither when, nor the business's, where they
/// differ from what the business wrote, and its alarms. What it added to single dates of a series follows, where that is
/// not the same. `zone` is the booking's.
pub(super) fn personal(rendered: &Object, sent: &Object, zone: &Zone) -> String {
    let old = master(rendered);
    // Without a master there is nothing that all dates have.
    let all = old.zip(master(sent)).map(|(old, new)| added(old, new)).unwrap_or_default();
    let mut text = all.clone();
    let form = rendered.components().find_map(|component| component.property("DTSTART"));
    let Some(form) = form.map(|start| start.value.trim()) else { return text };
    let written = dates(rendered, form, zone);
    for (date, component) in dates(sent, form, zone) {
        let Some(old) = written.get(&date).copied().or(old) else { continue };
        let own = added(old, component);
        if own != all {
            text.push_str(&format!("{DATE}{date}\r\n{own}"));
        }
    }
    text
}

/// The dates of a series that have components of their own.
fn dates<'o>(object: &'o Object, form: &str, zone: &Zone) -> BTreeMap<String, &'o Component> {
    let found = object.instances(ALL_TIME, zone, MOST).unwrap_or_default();
    let is_own = |instance: &&ObjectInstance<'_>| {
        let own = instance.component.property("RECURRENCE-ID");
        own.is_some_and(|id| id.parameter("RANGE").is_none()) && !instance.component.says("STATUS", "CANCELLED")
    };
    let dated = |instance: &ObjectInstance<'o>| (date_of(instance.recurrence_at, form, zone), instance.component);
    found.iter().filter(is_own).map(dated).collect()
}

/// The content lines that `new` has more than, or otherwise than `old`.
fn added(old: &Component, new: &Component) -> String {
    let mut own = Component { name: String::new(), properties: Vec::new(), components: Vec::new() };
    let is_personal = |property: &&Property| {
        !PROTECTED.iter().chain(&MANAGED).any(|name| property.is(name)) && !property.name.starts_with("X-FASTI-")
    };
    for property in new.properties.iter().filter(is_personal) {
        if values(old, &property.name) != values(new, &property.name) {
            own.properties.push(property.clone());
        }
    }
    let alarms = |component: &Component| -> Vec<Component> {
        component.components.iter().filter(|inner| inner.name == "VALARM").map(without_stamps).collect()
    };
    let (before, after) = (alarms(old), alarms(new));
    if before != after {
        own.components = new.components.iter().filter(|inner| inner.name == "VALARM").cloned().collect();
    }
    let mut text = own.inner_ical();
    if before != after && after.is_empty() {
        text.push_str(NO_ALARMS);
    }
    text
}

/// An alarm without what clients note in it.
fn without_stamps(alarm: &Component) -> Component {
    let kept = |property: &&Property| {
        !["UID", "X-WR-ALARMUID", "ACKNOWLEDGED", "X-MOZ-LASTACK", "DESCRIPTION"].iter().any(|name| property.is(name))
    };
    let properties = alarm.properties.iter().filter(kept).cloned().collect();
    Component { name: alarm.name.clone(), properties, components: Vec::new() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ical::object::Limits;

    fn object(inside: &str) -> Object {
        let text = format!(
            "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//x//y//EN\r\nBEGIN:VEVENT\r\nUID:1\r\nDTSTAMP:20260101T000000Z\r\nSUMMARY:Cut\r\n{inside}END:VEVENT\r\nEND:VCALENDAR\r\n"
        );
        Object::parse(text.as_bytes(), &Limits::default()).unwrap()
    }

    fn steps(served: &str, sent: &str) -> Result<Vec<Step>, String> {
        plan(&object(served), &object(sent), &Zone::utc())
    }

    const ONCE: &str = "DTSTART:20260302T090000Z\r\nDTEND:20260302T100000Z\r\n";
    const WEEKLY: &str = "DTSTART:20260302T090000Z\r\nDTEND:20260302T100000Z\r\nRRULE:FREQ=WEEKLY;COUNT=4\r\n";

    fn at(text: &str) -> Instant {
        Zone::utc().instant(crate::time::parse_civil(text).unwrap())
    }

    fn hour(text: &str) -> Interval {
        Interval { start: at(text), end: at(text) + 3600 }
    }

    #[test]
    fn a_drag_moves() {
        assert_eq!(steps(ONCE, ONCE), Ok(vec![]));
        let moved = ONCE.replace("T09", "T11").replace("T10", "T12");
        assert_eq!(steps(ONCE, &moved), Ok(vec![Step::MoveAll(hour("2026-03-02T11:00:00"))]));
        assert_eq!(steps(ONCE, &format!("{ONCE}STATUS:CANCELLED\r\n")), Ok(vec![Step::CancelAll]));
        let zoned = "DTSTART;TZID=Europe/Berlin:20260302T100000\r\nDURATION:PT1H\r\n";
        assert_eq!(steps(ONCE, zoned), Ok(vec![]), "the same time on another clock");
    }

    #[test]
    fn what_is_the_business_stays() {
        for sent in ["LOCATION:Elsewhere\r\n", "ATTENDEE:mailto:x@example.com\r\n", "RDATE:20260303T090000Z\r\n"] {
            let refused = steps(ONCE, &format!("{ONCE}{sent}"));
            assert!(refused.is_err(), "{sent}");
        }
    }

    #[test]
    fn single_dates_of_a_series() {
        let second = at("2026-03-09T09:00:00");
        assert_eq!(steps(WEEKLY, &format!("{WEEKLY}EXDATE:20260309T090000Z\r\n")), Ok(vec![Step::Cancel(second)]));
        assert!(steps(WEEKLY, &WEEKLY.replace("COUNT=4", "COUNT=9")).is_err(), "dates are added by the business");
        assert!(steps(&format!("{WEEKLY}EXDATE:20260309T090000Z\r\n"), WEEKLY).is_err(), "nor is one brought back");
        assert_eq!(steps(WEEKLY, &WEEKLY.replace("COUNT=4", "COUNT=1")), Ok(vec![Step::CancelFrom(second)]));
        assert_eq!(
            steps(WEEKLY, &WEEKLY.replace("COUNT=4", "UNTIL=20260316T090000Z")),
            Ok(vec![Step::Cancel(at("2026-03-23T09:00:00"))])
        );
        let moved = format!(
            "{WEEKLY}END:VEVENT\r\nBEGIN:VEVENT\r\nUID:1\r\nDTSTAMP:20260101T000000Z\r\nRECURRENCE-ID:20260309T090000Z\r\nDTSTART:20260310T140000Z\r\nDTEND:20260310T150000Z\r\n"
        );
        assert_eq!(steps(WEEKLY, &moved), Ok(vec![Step::Move(second, hour("2026-03-10T14:00:00"))]));
        let off = moved.replace(
            "DTSTART:20260310T140000Z\r\nDTEND:20260310T150000Z",
            "DTSTART:20260309T090000Z\r\nDTEND:20260309T100000Z\r\nSTATUS:CANCELLED",
        );
        assert_eq!(steps(WEEKLY, &off), Ok(vec![Step::Cancel(second)]));
        let later = WEEKLY.replace("T09", "T11").replace("T10", "T12");
        assert_eq!(steps(WEEKLY, &later), Ok(vec![Step::MoveAll(hour("2026-03-02T11:00:00"))]));
    }

    #[test]
    fn what_somebody_adds_is_theirs() {
        let served = format!(
            "{ONCE}DESCRIPTION:Customer: Ben\r\nBEGIN:VALARM\r\nACTION:DISPLAY\r\nDESCRIPTION:x\r\nTRIGGER:-PT1H\r\nEND:VALARM\r\n"
        );
        let sent = format!(
            "{ONCE}DESCRIPTION:bring scissors\r\nX-APPLE-TRAVEL:1\r\nBEGIN:VALARM\r\nACTION:DISPLAY\r\nDESCRIPTION:x\r\nTRIGGER:-PT2H\r\nEND:VALARM\r\n"
        );
        let text = personal(&object(&served), &object(&sent), &Zone::utc());
        assert_eq!(
            text,
            "DESCRIPTION:bring scissors\r\nX-APPLE-TRAVEL:1\r\nBEGIN:VALARM\r\nACTION:DISPLAY\r\nDESCRIPTION:x\r\nTRIGGER:-PT2H\r\nEND:VALARM\r\n"
        );
        assert_eq!(personal(&object(&served), &object(&served), &Zone::utc()), "");
        assert_eq!(
            personal(&object(&served), &object(&format!("{ONCE}DESCRIPTION:Customer: Ben\r\n")), &Zone::utc()),
            NO_ALARMS
        );
    }
}
