//! Events of a calendar (RFC 5545), as bookings or as blocks.
//!
//! A VEVENT is one row; the events that move occurrences of a series belong to the row of the series.

mod block;
mod event;

use std::collections::{HashMap, HashSet};
use std::fs;
use std::path::Path;

use crate::booking::{Context, Fault};
use crate::ical::event::Status;
use crate::ical::read::{MAX_IMPORT_BYTES, ReadCalendar, ReadError, ReadEvent, Reason, read_events};
use crate::time::Zone;

use super::Events;
use super::csv::Broken;
use super::report::Kind;
use super::row::{Content, Place, Row};

/// What is not read as events, and what to say of it.
const OTHERS: [(&str, &str); 3] = [
    ("VTODO", "is a task; only events are imported"),
    ("VJOURNAL", "is a journal entry; only events are imported"),
    ("VFREEBUSY", "is free/busy time; only events are imported"),
];

/// Reads the rows of a calendar, in the order of its lines; `emit` says whether to go on.
///
/// # Errors
/// What makes the calendar as a whole unusable.
pub(super) fn read(
    path: &Path,
    ctx: &Context,
    events: &Events,
    emit: &mut dyn FnMut(Row) -> bool,
) -> Result<(), Broken> {
    let size = fs::metadata(path)?.len();
    if size > MAX_IMPORT_BYTES as u64 {
        return Err(Broken::file(format!("has {size} octets; a calendar may have {MAX_IMPORT_BYTES}")));
    }
    let bytes = fs::read(path)?;
    for row in rows(&bytes, ctx, events)? {
        if !emit(row) {
            break;
        }
    }
    Ok(())
}

/// The rows of a calendar, in the order of its lines.
///
/// # Errors
/// What makes the calendar as a whole unusable.
pub(super) fn rows(bytes: &[u8], ctx: &Context, events: &Events) -> Result<Vec<Row>, Broken> {
    let (kind, own) = match events {
        Events::Bookings => (Kind::Booking, None),
        Events::Blocks(of) => (Kind::Block, of.timezone.as_deref()),
    };
    let own = own.map(Zone::parse).transpose().map_err(|unknown| Broken::file(unknown.to_string()))?;
    let mut rows = unsorted(bytes, ctx, own.as_ref().unwrap_or(&ctx.zone), events)?;
    rows.sort_by_key(|row| (row.place.line, row.place.column));
    rows.iter_mut().for_each(|row| row.kind = kind);
    Ok(rows)
}

fn unsorted(bytes: &[u8], ctx: &Context, own: &Zone, as_what: &Events) -> Result<Vec<Row>, Broken> {
    let calendar = read_events(bytes, own).map_err(|error| {
        let at = Some((error.line as u64, error.column as u64));
        Broken { at, reason: error.reason.to_string() }
    })?;
    let mut rows: Vec<Row> = calendar.errors.iter().map(error_row).collect();
    rows.extend(others(bytes, &calendar));
    let taken_as = As { ctx, own, theirs: calendar.zone.as_ref().unwrap_or(own), events: as_what };
    let mut series: HashMap<&str, Vec<&ReadEvent>> = HashMap::new();
    for event in calendar.events.iter().filter(|event| event.recurrence_id.is_some()) {
        match &event.uid {
            Some(uid) => series.entry(uid).or_default().push(event),
            None => rows.push(refused(event, "/uid", "is missing, so it is not known which series this changes")),
        }
    }
    let newest = newest(&calendar.events);
    let mut taken = HashSet::new();
    for event in calendar.events.iter().filter(|event| event.recurrence_id.is_none()) {
        let uid = event.uid.as_deref();
        if let Some(line) = uid.and_then(|uid| newest.get(uid)).filter(|line| **line != event.line) {
            let text = format!("the event of the same UID on line {line} is newer, or later in the file");
            rows.push(row(event, Content::Skipped(text)));
            continue;
        }
        taken.extend(uid);
        let changes = uid.and_then(|uid| series.get(uid)).map(Vec::as_slice).unwrap_or_default();
        rows.extend(taken_as.of_event(event, changes));
    }
    for (uid, orphans) in &series {
        if !taken.contains(uid) {
            let detail = "changes an occurrence of a series that is not in this file, or could not be read";
            rows.extend(orphans.iter().map(|event| refused(event, "/recurrence_id", detail)));
        }
    }
    Ok(rows)
}

/// For each UID the line of its newest event: the highest SEQUENCE, then the latest LAST-MODIFIED, then the last.
fn newest(events: &[ReadEvent]) -> HashMap<&str, usize> {
    let mut newest: HashMap<&str, &ReadEvent> = HashMap::new();
    let age = |event: &ReadEvent| (event.sequence, event.last_modified, event.line);
    for event in events.iter().filter(|event| event.recurrence_id.is_none()) {
        let Some(uid) = &event.uid else { continue };
        let known = newest.entry(uid).or_insert(event);
        if age(event) > age(known) {
            *known = event;
        }
    }
    newest.into_iter().map(|(uid, event)| (uid, event.line)).collect()
}

/// As what events are taken, and on whose clocks.
struct As<'a> {
    ctx: &'a Context,
    /// The zone that was asked for, else the business's.
    own: &'a Zone,
    /// The zone that the calendar names, if it does.
    theirs: &'a Zone,
    events: &'a Events,
}

impl As<'_> {
    /// The row of an event, and what there is to say of the events that change its occurrences.
    fn of_event(&self, event: &ReadEvent, changes: &[&ReadEvent]) -> Vec<Row> {
        // Calendars of holidays show as free: nobody who reads them is to be busy. Whoever imports one as blocks is.
        if *self.events == Events::Bookings && event.transparent && event.status != Some(Status::Cancelled) {
            let shows_free =
                |event: &ReadEvent| row(event, Content::Skipped("shows as free (TRANSP:TRANSPARENT)".to_owned()));
            return std::iter::once(event).chain(changes.iter().copied()).map(shows_free).collect();
        }
        match self.content(event, changes) {
            Ok((content, mut others)) => {
                others.push(row(event, content));
                others
            }
            Err(faults) => {
                let detail = format!("the series on line {} is rejected", event.line);
                let left = changes.iter().map(|change| refused(change, "/recurrence_id", &detail));
                left.chain(std::iter::once(row(event, Content::Refused(faults)))).collect()
            }
        }
    }

    fn content(&self, event: &ReadEvent, changes: &[&ReadEvent]) -> Result<(Content, Vec<Row>), Vec<Fault>> {
        Ok(match self.events {
            Events::Bookings => {
                let (record, others) = event::record(event, changes, self.ctx, self.theirs)?;
                (Content::Booking(Box::new(record)), others)
            }
            Events::Blocks(of) => {
                let (record, others) = block::record(event, changes, of, self.own)?;
                (Content::Block(Box::new(record)), others)
            }
        })
    }
}

fn row(event: &ReadEvent, content: Content) -> Row {
    Row { place: place(event.line, 1), kind: Kind::Booking, content }
}

fn place(line: usize, column: usize) -> Place {
    Place { line: line as u64, column: column as u64, ..Place::default() }
}

fn refused(event: &ReadEvent, pointer: &str, detail: &str) -> Row {
    row(event, Content::Refused(vec![Fault { pointer: pointer.to_owned(), detail: detail.to_owned() }]))
}

fn error_row(error: &ReadError) -> Row {
    let reason = error.reason.to_string();
    let content = match error.reason {
        // The events are read all the same.
        Reason::UnknownCalendarZone { .. } => Content::Note(reason),
        _ => Content::Refused(vec![Fault { pointer: String::new(), detail: reason }]),
    };
    Row { place: place(error.line, error.column), kind: Kind::Booking, content }
}

/// The components that are not read: those that are no events, and events that stand in no calendar.
fn others(bytes: &[u8], calendar: &ReadCalendar) -> Vec<Row> {
    let mut rows = Vec::new();
    let mut events = Vec::new();
    for (line, name) in components(bytes) {
        if name.eq_ignore_ascii_case(b"VEVENT") {
            events.push(line);
        } else if let Some((name, why)) = OTHERS.iter().find(|(other, _)| name.eq_ignore_ascii_case(other.as_bytes())) {
            let content = Content::Skipped(format!("{name} {why}"));
            rows.push(Row { place: place(line, 1), kind: Kind::Booking, content });
        }
    }
    let mut accounted: HashSet<usize> = calendar.events.iter().map(|event| event.line).collect();
    // An error is somewhere inside of its event.
    accounted.extend(
        calendar
            .errors
            .iter()
            .filter_map(|error| events[..events.partition_point(|line| *line <= error.line)].last().copied()),
    );
    rows.extend(events.iter().filter(|line| !accounted.contains(line)).map(|line| {
        let detail = "the event stands inside something else than a calendar".to_owned();
        let content = Content::Refused(vec![Fault { pointer: String::new(), detail }]);
        Row { place: place(*line, 1), kind: Kind::Booking, content }
    }));
    rows
}

/// The lines on which components begin, and their names.
fn components(bytes: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    let line_break = if bytes.contains(&b'\n') { b'\n' } else { b'\r' };
    bytes.split(move |byte| *byte == line_break).enumerate().filter_map(|(index, line)| {
        let (begin, name) = line.split_at_checked(6)?;
        begin.eq_ignore_ascii_case(b"BEGIN:").then(|| (index + 1, name.trim_ascii()))
    })
}

/// The property that a field of a booking comes from.
pub(super) fn property(pointer: &str) -> &'static str {
    match pointer.split('/').nth(1).unwrap_or_default() {
        "start" => "DTSTART",
        "end" => "DTEND",
        "timezone" => "TZID",
        "rrule" => "RRULE",
        "rdate" | "rdates" => "RDATE",
        "exdates" => "EXDATE",
        "recurrence_id" => "RECURRENCE-ID",
        "uid" | "external_ref" => "UID",
        "notes" => "DESCRIPTION",
        "location" => "LOCATION",
        "service" | "name" | "summary" => "SUMMARY",
        "customer" => "ATTENDEE",
        "staff" => "the staff member to serve",
        _ => "",
    }
}
