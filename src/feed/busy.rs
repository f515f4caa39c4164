//! Busy time: composed from rows that hold times, never from what was rendered for somebody.
//!
//! Nothing else of a booking gets in here: no text, no zone, no UID that a reader of another feed could compare. What
//! remains are the times, and SEQUENCE and LAST-MODIFIED, without which subscribers do not see that a time moved.

use std::collections::HashMap;

use data_encoding::HEXLOWER;

use super::Error;
use super::shown::{Shown, Subject};
use crate::auth::MasterKey;
use crate::booking::series;
use crate::booking::span::Span;
use crate::ical::calendar::{CalendarHead, TAIL, render_head};
use crate::ical::event::{BusyEvent, When, render_busy};
use crate::ical::text::ContentLines;
use crate::store::busy::{self, BusyRow};
use crate::store::{BookingKind, BookingStatus, Conn, Id, bookings};
use crate::time::{Instant, Interval, Zone, merge};

/// Appends the events of a busy-only feed.
///
/// # Errors
/// [`Error::Store`].
pub(super) fn push_events(text: &mut String, conn: &mut Conn, shown: &Shown, key: &MasterKey) -> Result<(), Error> {
    let rows = rows(conn, shown)?;
    text.reserve(rows.len() * 256);
    if shown.subject() == Subject::Everybody {
        // How many are busy at once is nobody's business: one stretch for all of them.
        for busy in merge(rows.iter().map(interval).collect()) {
            let parts = [&busy.start.unix().to_be_bytes()[..], &busy.end.unix().to_be_bytes()];
            // Its times are its identity, so it never changes: it comes and goes.
            push_event(
                text,
                &Event {
                    uid: uid(key, shown, &parts),
                    start: When::Utc(busy.start),
                    end: When::Utc(busy.end),
                    sequence: 0,
                    modified: busy.start,
                },
            );
        }
        return Ok(());
    }
    let mut zones = HashMap::new();
    for Session { id, occurrence, row, modified, sequence } in sessions(&rows) {
        let (start, end) = times(row, &mut zones);
        let occurrence = occurrence.map_or([0; 8], |at| at.unix().to_be_bytes());
        push_event(
            text,
            &Event { uid: uid(key, shown, &[id.as_bytes(), &occurrence]), start, end, sequence, modified },
        );
    }
    Ok(())
}

/// The whole VFREEBUSY calendar of a feed. It has no METHOD: RFC 5546 §3.3.1 would ask for an ORGANIZER, whose address
/// is more than a time.
///
/// # Errors
/// [`Error::Store`].
pub(super) fn freebusy(conn: &mut Conn, shown: &Shown, key: &MasterKey) -> Result<String, Error> {
    let rows = rows(conn, shown)?;
    let window = shown.day.interval(&shown.options);
    let (tentative, firm): (Vec<&BusyRow>, Vec<&BusyRow>) =
        rows.iter().partition(|row| row.status == BookingStatus::Tentative);
    let inside = |rows: Vec<&BusyRow>| {
        let cut = |at: Interval| Interval::new(at.start.max(window.start), at.end.min(window.end));
        merge(rows.into_iter().map(interval).filter_map(cut).collect())
    };
    let firm = inside(firm);
    let tentative = without(inside(tentative), &firm);
    let mut lines = ContentLines::with_capacity(512 + rows.len() * 64);
    lines.append(&render_head(&CalendarHead::default()));
    lines.plain("BEGIN", "VFREEBUSY");
    lines.plain("UID", &uid(key, shown, &[b"free/busy"]));
    lines.plain("DTSTAMP", &shown.modified().to_ical());
    lines.plain("DTSTART", &window.start.to_ical());
    lines.plain("DTEND", &window.end.to_ical());
    for (kind, periods) in [("FREEBUSY;FBTYPE=BUSY", firm), ("FREEBUSY;FBTYPE=BUSY-TENTATIVE", tentative)] {
        for period in periods {
            lines.plain(kind, &format!("{}/{}", period.start.to_ical(), period.end.to_ical()));
        }
    }
    lines.plain("END", "VFREEBUSY");
    lines.append(TAIL);
    Ok(lines.into_string())
}

/// The busy time of the feed's subject in its window, by start.
fn rows(conn: &mut Conn, shown: &Shown) -> Result<Vec<BusyRow>, Error> {
    let within = shown.day.interval(&shown.options);
    let tenant = shown.tenant;
    let mut rows = match shown.subject() {
        Subject::Everybody => {
            let mut rows = busy::of_tenant(conn, tenant, within)?;
            rows.extend(unallocated(conn, shown, None, within)?);
            rows
        }
        Subject::Provider(id) => busy::of_resource(conn, tenant, id, within)?,
        Subject::Customer(id) => of_customer(conn, shown, id, within)?,
        Subject::Somebody(id) => {
            let mut rows = busy::of_resource(conn, tenant, id, within)?;
            rows.extend(of_customer(conn, shown, id, within)?);
            rows
        }
    };
    if let Some(kind) = shown.only() {
        rows.retain(|row| row.kind == kind);
    }
    rows.sort_by_key(|row| (row.start_at, row.booking_id, row.occurrence));
    Ok(rows)
}

fn of_customer(conn: &mut Conn, shown: &Shown, customer: Id, within: Interval) -> Result<Vec<BusyRow>, Error> {
    let mut rows = busy::of_customer(conn, shown.tenant, customer, within)?;
    rows.extend(unallocated(conn, shown, Some(customer), within)?);
    Ok(rows)
}

/// The occurrences of series that need neither staff nor resources, whose times are in no row.
fn unallocated(conn: &mut Conn, shown: &Shown, customer: Option<Id>, within: Interval) -> Result<Vec<BusyRow>, Error> {
    let mut rows = Vec::new();
    for id in busy::unallocated_series(conn, shown.tenant, customer, within)? {
        let Some(booking) = bookings::find(conn, shown.tenant, id)? else { continue };
        let overrides = bookings::overrides(conn, shown.tenant, id)?;
        let expanded = Span::of(&booking)
            .ok()
            .and_then(|span| series::occurrences(&span, booking.rrule.as_deref(), &overrides).ok());
        let Some(expanded) = expanded else {
            tracing::error!(booking = %id, "a stored series cannot be expanded; its busy time is missing from a feed");
            continue;
        };
        rows.extend(expanded.into_iter().filter(|o| o.span.at.overlaps(within)).map(|o| BusyRow {
            booking_id: id,
            occurrence: o.span.zone.instant(o.recurrence_id),
            session: id,
            start_at: o.span.at.start,
            end_at: o.span.at.end,
            status: booking.status,
            kind: booking.kind,
            all_day: booking.all_day,
            timezone: booking.timezone.clone(),
            recurring: true,
            sequence: booking.sequence,
            created_at: booking.created_at,
            updated_at: booking.updated_at,
        }));
    }
    Ok(rows)
}

/// Busy time that is one event: all units of an occurrence, all seats of a class.
struct Session<'a> {
    id: Id,
    occurrence: Option<Instant>,
    row: &'a BusyRow,
    sequence: u32,
    modified: Instant,
}

fn sessions(rows: &[BusyRow]) -> Vec<Session<'_>> {
    let mut found: Vec<Session<'_>> = Vec::with_capacity(rows.len());
    let mut places: HashMap<(Id, Option<Instant>), usize> = HashMap::with_capacity(rows.len());
    for row in rows {
        let class = row.kind == BookingKind::Class;
        let id = if class { row.session } else { row.booking_id };
        let occurrence = (row.recurring && !class).then_some(row.occurrence);
        match places.get(&(id, occurrence)) {
            // A class is as old as its first seat, however many follow: who joins when is not to be seen.
            Some(&place) if class => found[place].modified = found[place].modified.min(row.created_at),
            Some(_) => {}
            None => {
                places.insert((id, occurrence), found.len());
                let sequence = if class { 0 } else { u32::try_from(row.sequence).unwrap_or(0) };
                let modified = if class { row.created_at } else { row.updated_at };
                found.push(Session { id, occurrence, row, sequence, modified });
            }
        }
    }
    found
}

struct Event {
    uid: String,
    start: When,
    end: When,
    sequence: u32,
    modified: Instant,
}

fn push_event(text: &mut String, event: &Event) {
    text.push_str(&render_busy(&BusyEvent {
        uid: event.uid.as_str().into(),
        sequence: event.sequence,
        modified: event.modified,
        start: event.start.clone(),
        end: event.end.clone(),
        rrule: None,
        exdates: Vec::new(),
        recurrence_id: None,
    }));
}

/// A UID that is the same as long as the feed and the busy time are, and that nobody can lead back to the booking's: it
/// hangs on the master key.
fn uid(key: &MasterKey, shown: &Shown, parts: &[&[u8]]) -> String {
    let mut all: Vec<&[u8]> = vec![shown.feed_id.as_bytes()];
    all.extend_from_slice(parts);
    HEXLOWER.encode(&key.derive(b"busy uid", &all)[..16])
}

fn interval(row: &BusyRow) -> Interval {
    Interval { start: row.start_at, end: row.end_at }
}

/// Whole days stay whole days; everything else is in UTC, so that not even the zone is told.
fn times(row: &BusyRow, zones: &mut HashMap<String, Option<Zone>>) -> (When, When) {
    if row.all_day {
        if !zones.contains_key(&row.timezone) {
            zones.insert(row.timezone.clone(), Zone::parse(&row.timezone).ok());
        }
        if let Some(Some(zone)) = zones.get(&row.timezone) {
            let date = |at| When::Date(zone.civil_at(at).date());
            return (date(row.start_at), date(row.end_at));
        }
    }
    (When::Utc(row.start_at), When::Utc(row.end_at))
}

/// What of `periods` is in none of `others`; both are merged.
fn without(periods: Vec<Interval>, others: &[Interval]) -> Vec<Interval> {
    let mut rest = Vec::with_capacity(periods.len());
    for period in periods {
        let mut start = period.start;
        for other in others.iter().filter(|other| other.overlaps(period)) {
            rest.extend(Interval::new(start, other.start));
            start = start.max(other.end);
        }
        rest.extend(Interval::new(start, period.end));
    }
    rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_of_a_period() {
        let span = |a, b| Interval::new(Instant::from_unix(a), Instant::from_unix(b)).unwrap();
        let others = [span(0, 10), span(20, 30), span(40, 50)];
        let cases = [
            (span(0, 10), vec![]),
            (span(10, 20), vec![span(10, 20)]),
            (span(5, 45), vec![span(10, 20), span(30, 40)]),
            (span(45, 60), vec![span(50, 60)]),
            (span(22, 28), vec![]),
        ];
        for (period, expected) in cases {
            assert_eq!(without(vec![period], &others), expected, "{period:?}");
        }
    }
}
