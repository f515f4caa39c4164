//! Content lines to nested components, without recursion: depth is what senders choose.

use super::tree::{Component, Property};
use super::{Condition, Violation};
use crate::ical::guard::{Delimiter, Line};
use crate::ical::read::property::Property as Raw;
use crate::ical::read::structure::Definition;
use crate::ical::reason::{ReadError, Reason, excerpt};
use crate::ical::zones::Observance;

/// A component whose properties still know where they were.
#[derive(Debug)]
pub(super) struct Node<'a> {
    /// In upper case.
    pub name: String,
    pub begin: &'a Line<'a>,
    pub properties: Vec<Raw<'a>>,
    /// The component around it; the first node has none.
    pub parent: Option<usize>,
}

/// The one VCALENDAR of `lines` and all that is in it, each before what is in it.
///
/// # Errors
/// Where it is not one VCALENDAR, each component closed by its own END and in its place, without control characters.
pub(super) fn nodes<'a>(lines: &'a [Line<'a>]) -> Result<Vec<Node<'a>>, Violation> {
    let mut nodes: Vec<Node<'a>> = Vec::new();
    let mut open: Vec<usize> = Vec::new();
    for line in lines {
        check_characters(line)?;
        let around = open.last().copied();
        let not_a_calendar = || Violation::from(line.error(0, Reason::NotACalendar));
        match line.delimiter() {
            Some(Delimiter::Begin(name)) => {
                let name = name.to_ascii_uppercase();
                if nodes.is_empty() != (name == "VCALENDAR") || (around.is_none() && !nodes.is_empty()) {
                    return Err(if nodes.is_empty() { not_a_calendar() } else { misplaced(line, &name) });
                }
                let outer = around.and_then(|around| nodes.get(around)).map(|node| node.name.as_str());
                if !belongs(outer, &name) {
                    return Err(misplaced(line, &name));
                }
                open.push(nodes.len());
                nodes.push(Node { name, begin: line, properties: Vec::new(), parent: around });
            }
            Some(Delimiter::End(name)) => {
                let closed = open.pop().and_then(|closed| nodes.get(closed)).ok_or_else(not_a_calendar)?;
                if !closed.name.eq_ignore_ascii_case(name) {
                    let (open, found) = (excerpt(&closed.name), excerpt(name));
                    return Err(line.error(0, Reason::EndMismatch { open, found }).into());
                }
            }
            None => {
                let node = around.and_then(|around| nodes.get_mut(around)).ok_or_else(not_a_calendar)?;
                node.properties.push(Raw::parse(line)?);
            }
        }
    }
    match (lines.last(), open.last().and_then(|open| nodes.get(*open))) {
        (None, _) => Err(ReadError { line: 1, column: 1, reason: Reason::NotACalendar }.into()),
        (Some(last), Some(node)) => {
            Err(last.error(last.text.len(), Reason::CutOff { open: excerpt(&node.name) }).into())
        }
        (Some(_), None) => Ok(nodes),
    }
}

/// What RFC 5545 §3.1 calls CONTROL, and the two characters that no XML can carry: an answer to a REPORT is XML.
fn check_characters(line: &Line<'_>) -> Result<(), Violation> {
    let bad = |c: char| (c < ' ' && c != '\t') || matches!(c, '\u{7f}' | '\u{fffe}' | '\u{ffff}');
    let suspect = |byte: u8| ((byte < b' ') & (byte != b'\t')) | (byte == 0x7f) | (byte == 0xef);
    // To the end of the line, because that can be done for many octets at once.
    if !line.text.bytes().fold(false, |any, byte| any | suspect(byte)) {
        return Ok(());
    }
    let Some((at, c)) = line.text.char_indices().find(|(_, c)| bad(*c)) else { return Ok(()) };
    let (line, column) = line.position(at);
    let detail = format!("line {line}, column {column}: a control character (U+{:04X}) is not text", c as u32);
    Err(Violation { condition: Condition::ValidCalendarData, detail })
}

/// Whether a component may be in another (RFC 5545 §3.6). Types that are not known may be anywhere but in a VCALENDAR,
/// which is looked at elsewhere.
fn belongs(outer: Option<&str>, name: &str) -> bool {
    match name {
        "VCALENDAR" => outer.is_none(),
        "VEVENT" | "VTODO" | "VJOURNAL" | "VFREEBUSY" | "VTIMEZONE" | "VAVAILABILITY" => outer == Some("VCALENDAR"),
        "VALARM" => matches!(outer, Some("VEVENT" | "VTODO")),
        "STANDARD" | "DAYLIGHT" => outer == Some("VTIMEZONE"),
        "AVAILABLE" => outer == Some("VAVAILABILITY"),
        _ => outer.is_some(),
    }
}

fn misplaced(line: &Line<'_>, name: &str) -> Violation {
    let detail = format!("line {}: {} is not allowed here (RFC 5545 §3.6)", line.number, excerpt(name));
    Violation { condition: Condition::ValidCalendarData, detail }
}

/// The VTIMEZONEs among `nodes`.
pub(super) fn definitions<'a>(nodes: &[Node<'a>]) -> Vec<Definition<'a>> {
    let mut definitions: Vec<Definition<'a>> = Vec::new();
    for node in nodes {
        match node.name.as_str() {
            "VTIMEZONE" => {
                definitions.push(Definition::default());
                let Some(definition) = definitions.last_mut() else { continue };
                node.properties.iter().for_each(|property| definition.take(property));
            }
            "STANDARD" | "DAYLIGHT" => {
                let Some(definition) = definitions.last_mut() else { continue };
                definition.observances.push(Observance::default());
                node.properties.iter().for_each(|property| definition.observe(property));
            }
            _ => {}
        }
    }
    definitions
}

/// The tree that `nodes` are, and for each child of the VCALENDAR its place in the list of nodes.
pub(super) fn tree(nodes: &[Node<'_>]) -> (Component, Vec<usize>) {
    let mut open: Vec<(usize, Component)> = Vec::new();
    let mut places = Vec::new();
    for (index, node) in nodes.iter().enumerate() {
        while open.last().is_some_and(|(place, _)| Some(*place) != node.parent) {
            close(&mut open);
        }
        if node.parent == Some(0) {
            places.push(index);
        }
        let properties = node.properties.iter().map(Property::of).collect();
        open.push((index, Component { name: node.name.clone(), properties, components: Vec::new() }));
    }
    while open.len() > 1 {
        close(&mut open);
    }
    (open.pop().map(|(_, component)| component).unwrap_or_default(), places)
}

fn close(open: &mut Vec<(usize, Component)>) {
    if let Some((_, done)) = open.pop()
        && let Some((_, around)) = open.last_mut()
    {
        around.components.push(done);
    }
}
