//! What the room promises. The examples of RFC 4791, hostile and real objects are in `tests/object`.

mod expanded;
mod free;
mod properties;
mod rules;
mod tables;

use super::filter::{CompFilter, CompTest, PropFilter, PropTest, ValueTest, matches};
use super::{Kind, Limits, Object, TimeRange, Violation};
use crate::time::{Instant, TimeInput, Zone};

/// Every kind of component.
fn limits() -> Limits {
    Limits { kinds: &Kind::ALL, ..Limits::default() }
}

/// A VCALENDAR around lines that are written with `;;` for a line break; `(` and `)` begin and end a component.
fn calendar(lines: &str) -> String {
    let mut text = String::from("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\n");
    let mut open = Vec::new();
    for line in lines.split(";;").map(str::trim) {
        if let Some(name) = line.strip_prefix('(') {
            open.push(name.to_owned());
            text += &format!("BEGIN:{name}\r\n");
        } else if line == ")" {
            text += &format!("END:{}\r\n", open.pop().unwrap());
        } else {
            text += &format!("{line}\r\n");
        }
    }
    text + "END:VCALENDAR\r\n"
}

fn parse(lines: &str) -> Result<Object, Violation> {
    Object::parse(calendar(lines).as_bytes(), &limits())
}

fn object(lines: &str) -> Object {
    parse(lines).unwrap_or_else(|violation| panic!("{lines}: {violation}"))
}

fn berlin() -> Zone {
    Zone::parse("Europe/Berlin").unwrap()
}

fn at(text: &str) -> Instant {
    match TimeInput::parse(text) {
        Ok(TimeInput::Fixed(at)) => at,
        Ok(TimeInput::Local(civil)) => Zone::utc().instant(civil),
        other => panic!("{text}: {other:?}"),
    }
}

/// `2026-06-01T10:00/2026-06-01T11:00` in UTC, each end may be missing.
fn range(text: &str) -> TimeRange {
    let (start, end) = text.split_once('/').unwrap();
    let at = |text: &str| (!text.is_empty()).then(|| at(text));
    TimeRange { start: at(start), end: at(end) }
}

fn comp(name: &str, time_range: Option<TimeRange>, comps: Vec<CompFilter>) -> CompFilter {
    CompFilter { name: name.to_owned(), test: CompTest::Defined { time_range, props: Vec::new(), comps } }
}

/// Whether a component of the object's type overlaps a range.
fn overlaps(object: &Object, range: TimeRange, zone: &Zone) -> bool {
    let inner = comp(object.kind().as_str(), Some(range), Vec::new());
    matches(object, &comp("VCALENDAR", None, vec![inner]), zone).unwrap()
}

/// Whether an alarm of it does.
fn alarms(object: &Object, range: TimeRange, zone: &Zone) -> bool {
    let alarm = comp("VALARM", Some(range), Vec::new());
    let inner = comp(object.kind().as_str(), None, vec![alarm]);
    matches(object, &comp("VCALENDAR", None, vec![inner]), zone).unwrap()
}

/// Whether a property of it does.
fn dated(object: &Object, name: &str, range: TimeRange) -> bool {
    let test = PropTest::Defined { value: Some(ValueTest::TimeRange(range)), params: Vec::new() };
    let props = vec![PropFilter { name: name.to_owned(), test }];
    let test = CompTest::Defined { time_range: None, props, comps: Vec::new() };
    let inner = CompFilter { name: object.kind().as_str().to_owned(), test };
    matches(object, &comp("VCALENDAR", None, vec![inner]), &berlin()).unwrap()
}
