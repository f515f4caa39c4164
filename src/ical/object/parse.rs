//! The rules for the whole object (RFC 4791 §4.1).

use super::part::{Read, Reader, check_alarms};
use super::set::assemble;
use super::structure::{Node, definitions, nodes, tree};
use super::{Condition, Kind, Limits, Object, Violation, availability};
use crate::ical::guard::{self, unfold};
use crate::ical::read::resolver::{Budget, Resolver};
use crate::ical::read::times::Times;
use crate::ical::reason::excerpt;
use crate::time::Zone;

pub(super) fn parse(bytes: &[u8], limits: &Limits) -> Result<Object, Violation> {
    let lines = unfold(bytes, &guard::Limits::bytes(limits.bytes))?;
    let nodes = nodes(&lines)?;
    let (calendar, places) = tree(&nodes);
    if let Some(outer) = nodes.first() {
        check_calendar(outer)?;
    }
    let kind = kind(&nodes, &places, limits)?;
    check_attendees(&nodes, limits)?;
    let definitions = definitions(&nodes);
    let mut budget = Budget::default();
    let mut resolver = Resolver::new(&definitions, Zone::utc(), &mut budget);
    let mut reader = Reader { times: Times { resolver: &mut resolver, series_year: None }, limits };
    let (mut reads, mut available) = (Vec::new(), Vec::new());
    for (component, place) in places.iter().enumerate() {
        let Some(node) = nodes.get(*place).filter(|node| node.name == kind.as_str()) else { continue };
        reads.push(reader.read(node, component, kind)?);
        if kind == Kind::Availability {
            available.push(availability::read(&nodes, *place, &mut reader)?);
        }
        if let Some(component) = calendar.components.get(component) {
            check_alarms(component, node.begin.number)?;
        }
    }
    let uid = uid(&mut reads)?;
    let (mut parts, mut sets) = (Vec::new(), Vec::new());
    assemble(reads, &mut parts, &mut sets, limits)?;
    Ok(Object { calendar, uid, kind, parts, sets, available })
}

fn refuse<T>(condition: Condition, line: usize, what: &str) -> Result<T, Violation> {
    Err(Violation { condition, detail: format!("line {line}: {what}") })
}

/// The properties of the VCALENDAR itself. VERSION and PRODID are not asked for: what would they change?
fn check_calendar(calendar: &Node<'_>) -> Result<(), Violation> {
    for property in &calendar.properties {
        let (is, line) = (|name: &str| property.name.eq_ignore_ascii_case(name), property.line.number);
        if is("METHOD") {
            let what = "METHOD is for messages; what is kept in a calendar has none (RFC 4791 §4.1)";
            return refuse(Condition::ValidCalendarObjectResource, line, what);
        }
        if is("VERSION") && !property.value.split(';').any(|version| version.trim() == "2.0") {
            return refuse(Condition::ValidCalendarData, line, "only iCalendar 2.0 is accepted (RFC 5545 §3.7.4)");
        }
        if is("CALSCALE") && !property.value.eq_ignore_ascii_case("GREGORIAN") {
            return refuse(Condition::ValidCalendarData, line, "only GREGORIAN is accepted (RFC 5545 §3.7.1)");
        }
    }
    Ok(())
}

/// The one type of the components besides VTIMEZONE.
fn kind(nodes: &[Node<'_>], places: &[usize], limits: &Limits) -> Result<Kind, Violation> {
    let mut kind: Option<Kind> = None;
    for node in places.iter().filter_map(|place| nodes.get(*place)).filter(|node| node.name != "VTIMEZONE") {
        let line = node.begin.number;
        let found = Kind::parse(&node.name).filter(|found| limits.kinds.contains(found));
        let Some(found) = found else {
            let what = format!("{} is not a component that this calendar keeps", excerpt(&node.name));
            return refuse(Condition::SupportedCalendarComponent, line, &what);
        };
        if kind.is_some_and(|kind| kind != found) {
            let what = "an object has components of one type, besides VTIMEZONE (RFC 4791 §4.1)";
            return refuse(Condition::ValidCalendarObjectResource, line, what);
        }
        kind = Some(found);
    }
    let line = nodes.first().map_or(1, |node| node.begin.number);
    kind.map_or_else(|| refuse(Condition::ValidCalendarObjectResource, line, "there is no component to keep"), Ok)
}

fn check_attendees(nodes: &[Node<'_>], limits: &Limits) -> Result<(), Violation> {
    for node in nodes {
        let attendees = node.properties.iter().filter(|property| property.name.eq_ignore_ascii_case("ATTENDEE"));
        if attendees.count() > limits.attendees {
            let what = format!("there are more than {} attendees", limits.attendees);
            return refuse(Condition::MaxAttendeesPerInstance, node.begin.number, &what);
        }
    }
    Ok(())
}

/// The one UID of all components.
fn uid(reads: &mut [Read]) -> Result<String, Violation> {
    let uid = reads.first_mut().map(|read| std::mem::take(&mut read.uid)).unwrap_or_default();
    match reads.iter().skip(1).find(|read| read.uid != uid) {
        None => Ok(uid),
        Some(read) => {
            let what = "an object has components of one UID (RFC 4791 §4.1)";
            refuse(Condition::ValidCalendarObjectResource, read.line, what)
        }
    }
}
