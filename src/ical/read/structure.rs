//! Which lines belong to which component (RFC 5545 §3.4, §3.6), without recursion.

use super::property::Property;
use crate::ical::guard::{Delimiter, Line};
use crate::ical::reason::{ReadError, Reason, excerpt};
use crate::ical::text::unescape_text;
use crate::ical::zones::Observance;

/// A VCALENDAR.
#[derive(Debug, Default)]
pub(in crate::ical) struct Calendar<'a> {
    /// Its own properties.
    pub(in crate::ical) lines: Vec<&'a Line<'a>>,
    /// Its VEVENTs.
    pub(in crate::ical) events: Vec<Block<'a>>,
    /// Its VTIMEZONEs.
    pub(in crate::ical) definitions: Vec<Definition<'a>>,
}

/// A VEVENT.
#[derive(Debug)]
pub(in crate::ical) struct Block<'a> {
    /// `BEGIN:VEVENT`
    pub(super) begin: &'a Line<'a>,
    /// Its own properties, those of its alarms not.
    pub(super) lines: Vec<&'a Line<'a>>,
}

/// A VTIMEZONE.
#[derive(Debug, Default)]
pub(in crate::ical) struct Definition<'a> {
    /// TZID.
    pub(in crate::ical) tzid: String,
    /// X-LIC-LOCATION: libical's name of the zone that is meant.
    pub(in crate::ical) location: Option<&'a str>,
    /// STANDARD and DAYLIGHT.
    pub(in crate::ical) observances: Vec<Observance<'a>>,
}

impl<'a> Definition<'a> {
    /// Takes a property of the VTIMEZONE itself.
    pub(in crate::ical) fn take(&mut self, property: &Property<'a>) {
        if property.name.eq_ignore_ascii_case("TZID") {
            self.tzid = unescape_text(property.value);
        } else if property.name.eq_ignore_ascii_case("X-LIC-LOCATION") {
            self.location = Some(property.value);
        }
    }

    /// Takes a property of the last observance.
    pub(in crate::ical) fn observe(&mut self, property: &Property<'a>) {
        let Some(observance) = self.observances.last_mut() else { return };
        match property.name.to_ascii_uppercase().as_str() {
            "DTSTART" => observance.start = Some(property.value),
            "TZOFFSETFROM" => observance.offset_from = Some(property.value),
            "TZOFFSETTO" => observance.offset_to = Some(property.value),
            "RRULE" => observance.rules.push(property.value),
            "RDATE" => observance.dates.push(property.value),
            _ => {}
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Calendar,
    Event,
    TimeZone,
    Observance,
    Other,
}

impl Kind {
    fn inside(outer: Option<Self>, name: &str) -> Self {
        let is = |wanted: &str| name.eq_ignore_ascii_case(wanted);
        match outer {
            None if is("VCALENDAR") => Self::Calendar,
            Some(Self::Calendar) if is("VEVENT") => Self::Event,
            Some(Self::Calendar) if is("VTIMEZONE") => Self::TimeZone,
            Some(Self::TimeZone) if is("STANDARD") || is("DAYLIGHT") => Self::Observance,
            _ => Self::Other,
        }
    }
}

/// Sorts the lines of a file into its calendars.
///
/// # Errors
/// Where the file is not a sequence of VCALENDARs, each component closed by its own END.
pub(in crate::ical) fn calendars<'a>(lines: &'a [Line<'a>]) -> Result<Vec<Calendar<'a>>, ReadError> {
    let mut calendars = Vec::new();
    let mut open: Vec<(Kind, &str)> = Vec::new();
    for line in lines {
        let kind = open.last().map(|(kind, _)| *kind);
        match line.delimiter() {
            Some(Delimiter::Begin(name)) => {
                let inner = Kind::inside(kind, name);
                if kind.is_none() && inner != Kind::Calendar {
                    return Err(line.error(0, Reason::NotACalendar));
                }
                begin(&mut calendars, inner, line);
                open.push((inner, name));
            }
            Some(Delimiter::End(name)) => match open.pop() {
                Some((_, begun)) if begun.eq_ignore_ascii_case(name) => {}
                Some((_, begun)) => {
                    return Err(line.error(0, Reason::EndMismatch { open: excerpt(begun), found: excerpt(name) }));
                }
                None => return Err(line.error(0, Reason::NotACalendar)),
            },
            None => match (kind, calendars.last_mut()) {
                (Some(kind), Some(calendar)) => add(calendar, kind, line),
                _ => return Err(line.error(0, Reason::NotACalendar)),
            },
        }
    }
    match (lines.last(), open.last()) {
        (None, _) => Err(ReadError { line: 1, column: 1, reason: Reason::NotACalendar }),
        (Some(last), Some((_, name))) => Err(last.error(last.text.len(), Reason::CutOff { open: excerpt(name) })),
        (Some(_), None) => Ok(calendars),
    }
}

fn begin<'a>(calendars: &mut Vec<Calendar<'a>>, kind: Kind, line: &'a Line<'a>) {
    if kind == Kind::Calendar {
        calendars.push(Calendar::default());
    }
    let Some(calendar) = calendars.last_mut() else { return };
    match kind {
        Kind::Event => calendar.events.push(Block { begin: line, lines: Vec::new() }),
        Kind::TimeZone => calendar.definitions.push(Definition::default()),
        Kind::Observance => {
            if let Some(definition) = calendar.definitions.last_mut() {
                definition.observances.push(Observance::default());
            }
        }
        Kind::Calendar | Kind::Other => {}
    }
}

fn add<'a>(calendar: &mut Calendar<'a>, kind: Kind, line: &'a Line<'a>) {
    match kind {
        Kind::Calendar => calendar.lines.push(line),
        Kind::Event => {
            if let Some(event) = calendar.events.last_mut() {
                event.lines.push(line);
            }
        }
        // A definition is only looked at where a name says nothing, and what is broken in it is missing then.
        Kind::TimeZone | Kind::Observance => {
            if let (Ok(property), Some(definition)) = (Property::parse(line), calendar.definitions.last_mut()) {
                if kind == Kind::TimeZone {
                    definition.take(&property);
                } else {
                    definition.observe(&property);
                }
            }
        }
        Kind::Other => {}
    }
}
