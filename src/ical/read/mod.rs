//! Lenient reading of calendars that are imported or subscribed to.
//!
//! Behind the [guard](super::guard), each content line is taken apart by a small reader of its own and not by `calcard`,
//! which gives neither positions nor reasons: who imports a thousand events wants to know which three failed, where, and
//! why. `calcard` lends its table of Outlook's time zone names.
//!
//! An event is taken whole or reported: no date is rounded, no unknown time zone guessed, no exception rule ignored. What is
//! forgiven cannot change when something happens: letter case, white space, quotes, unknown properties, a missing UID.

pub(super) mod event;
pub(super) mod property;
pub(super) mod resolver;
pub(super) mod structure;
pub(super) mod times;

use super::event::{Attendee, Party, Status, When};
use super::guard::{Limits, unfold};
use super::reason::excerpt;
pub use super::reason::{ReadError, Reason};
use super::text::unescape_text;
use super::zones::zone_by_name;
use crate::time::{Instant, Zone};
use property::Property;
use resolver::{Budget, Resolver};
use structure::{Calendar, calendars};

/// The largest calendar that is read, in octets.
pub const MAX_IMPORT_BYTES: usize = 32 * 1024 * 1024;

/// The calendars of one file.
#[derive(Debug, Clone, Default)]
pub struct ReadCalendar {
    /// X-WR-CALNAME, or NAME (RFC 7986 §5.1), of the first calendar that has one.
    pub name: Option<String>,
    /// X-WR-TIMEZONE of the first calendar that has one which is known.
    pub zone: Option<Zone>,
    /// The VEVENTs that could be read, in the order of the file.
    pub events: Vec<ReadEvent>,
    /// Why the others could not, and what else is to be said, in the order of the file.
    pub errors: Vec<ReadError>,
}

/// A VEVENT as it was read (RFC 5545 §3.6.1).
#[derive(Debug, Clone)]
pub struct ReadEvent {
    /// The physical line of its `BEGIN:VEVENT`, from 1.
    pub line: usize,
    /// UID.
    pub uid: Option<String>,
    /// SEQUENCE; 0 where there is none (RFC 5545 §3.8.7.4).
    pub sequence: u32,
    /// RECURRENCE-ID.
    pub recurrence_id: Option<When>,
    /// DTSTART.
    pub start: When,
    /// The end, exclusive: DTEND, or DTSTART and DURATION, or what RFC 5545 §3.6.1 gives an event without either (one day
    /// for a day, nothing for a time). Not before the start by the clocks of its zone.
    pub end: When,
    /// STATUS; `None` where there is none, or one that a VEVENT cannot have.
    pub status: Option<Status>,
    /// SUMMARY.
    pub summary: Option<String>,
    /// DESCRIPTION.
    pub description: Option<String>,
    /// LOCATION.
    pub location: Option<String>,
    /// ORGANIZER.
    pub organizer: Option<Party<'static>>,
    /// ATTENDEE.
    pub attendees: Vec<Attendee<'static>>,
    /// CATEGORIES, of all lines.
    pub categories: Vec<String>,
    /// RRULE, as it is written. Only its characters are checked.
    pub rrule: Option<String>,
    /// RDATE, of all lines.
    pub rdates: Vec<When>,
    /// EXDATE, of all lines. May hold days although the event has a time: those stand for every instance on that day.
    pub exdates: Vec<When>,
    /// TRANSP: whether it leaves the time free.
    pub transparent: bool,
    /// LAST-MODIFIED.
    pub last_modified: Option<Instant>,
}

/// Reads the VEVENTs of all VCALENDARs in `bytes`.
///
/// Floating times are those of the calendar's X-WR-TIMEZONE, else of `default_zone`. A time in a zone that only its
/// VTIMEZONE defines becomes an instant; a series in one takes an IANA zone that behaves the same, where there is one.
///
/// # Errors
/// What makes the whole file unusable: it passes [`MAX_IMPORT_BYTES`] or another limit of the guard, is not UTF-8, is not a
/// calendar, or is cut off (whoever mirrors a calendar must not take a broken download for deletions). What is wrong with
/// single events is in [`ReadCalendar::errors`].
pub fn read_events(bytes: &[u8], default_zone: &Zone) -> Result<ReadCalendar, ReadError> {
    let lines = unfold(bytes, &Limits::bytes(MAX_IMPORT_BYTES))?;
    let mut read = ReadCalendar::default();
    let mut budget = Budget::default();
    for calendar in calendars(&lines)? {
        read_calendar(&calendar, default_zone, &mut budget, &mut read);
    }
    Ok(read)
}

fn read_calendar(calendar: &Calendar<'_>, default_zone: &Zone, budget: &mut Budget, read: &mut ReadCalendar) {
    let mut floating = default_zone.clone();
    for line in &calendar.lines {
        let Ok(property) = Property::parse(line) else { continue };
        let is = |name: &str| property.name.eq_ignore_ascii_case(name);
        if is("X-WR-CALNAME") || is("NAME") {
            read.name.get_or_insert_with(|| unescape_text(property.value));
        } else if is("X-WR-TIMEZONE") && !property.value.is_empty() {
            match zone_by_name(&unescape_text(property.value)) {
                Some(zone) => {
                    read.zone.get_or_insert_with(|| zone.clone());
                    floating = zone;
                }
                None => {
                    let (tzid, instead) = (excerpt(property.value), default_zone.name().to_owned());
                    read.errors.push(property.error_at(property.value, Reason::UnknownCalendarZone { tzid, instead }));
                }
            }
        }
    }
    let mut resolver = Resolver::new(&calendar.definitions, floating, budget);
    for block in &calendar.events {
        match event::read(block, &mut resolver) {
            Ok(event) => read.events.push(event),
            Err(error) => read.errors.push(error),
        }
    }
}

#[cfg(test)]
mod tests;
