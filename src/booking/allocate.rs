//! Taking the time a booking needs: which staff member, which resources, which of their units, which seat.
//!
//! The choice is made and written in one transaction. What two transactions choose at once, the database refuses to
//! one of them, whose unit of work then runs again and sees the other's choice (B11).

use std::collections::{HashMap, HashSet};

use crate::availability::{Why, distinct};
use crate::store::allocations::{self, Allocation};
use crate::store::bookings::Booking;
use crate::store::people::Person;
use crate::store::resources::Resource;
use crate::store::{Conn, Id, TenantId, holds};
use crate::time::{Instant, Interval};

use super::offer::Reason;
use super::series::Occurrence;
use super::span::Span;
use super::{Conflict, Error};

/// Units and seats that bookings may take which new zone rules have put on top of each other.
const OVERFLOW_UNITS: i32 = 2000;

/// What a booking needs.
#[derive(Debug)]
pub struct Needs<'a> {
    /// The booking, with its buffers.
    pub booking: &'a Booking,
    /// Seats of one session of the service.
    pub capacity: i32,
    /// When.
    pub occurrences: &'a [Occurrence],
    /// Staff of whom one serves, in order of preference; empty: none is needed.
    pub staff: Vec<Person>,
    /// Resources; of each list one is used, in order of preference.
    pub resources: Vec<Vec<Resource>>,
    /// Take time beyond what there is, when new zone rules make bookings overlap that must both be kept.
    pub overflow: bool,
    /// The current time: holds that have expired by it make way.
    pub now: Instant,
}

/// What a booking got.
#[derive(Debug)]
pub struct Taken {
    /// Who serves.
    pub staff: Option<Person>,
    /// What is used.
    pub resources: Vec<Resource>,
}

/// Somebody or something with time.
struct Candidate {
    id: Id,
    quantity: i32,
}

/// One occurrence's place on a candidate.
struct Place {
    unit: i32,
    seat: i32,
    session: Id,
    busy: Interval,
}

/// Takes the time, for every occurrence or not at all.
///
/// # Errors
/// [`Conflict::SlotUnavailable`] says who or what is taken, and for a series when.
pub fn take(conn: &mut Conn, needs: &Needs<'_>) -> Result<Taken, Error> {
    match choose(conn, needs) {
        Err(refusal @ Error::Conflict { kind: Conflict::SlotUnavailable, .. }) => {
            // An expired hold keeps nobody out. On PostgreSQL another transaction may have given it back since.
            let given_back = holds::delete_expired(conn, needs.booking.tenant_id, needs.now)?;
            if given_back > 0 || conn.is_postgres() { choose(conn, needs) } else { Err(refusal) }
        }
        taken => taken,
    }
}

fn choose(conn: &mut Conn, needs: &Needs<'_>) -> Result<Taken, Error> {
    let mut free = Free { needs, anchor: None, found: HashMap::new() };
    let taken = team(conn, needs, &mut free)?;
    let mut ids: Vec<Id> = taken.staff.iter().map(|person| person.person_id).collect();
    ids.extend(taken.resources.iter().map(|resource| resource.resource_id));
    if ids.is_empty() && needs.capacity > 1 {
        // A class without staff or room still has its seats: they hang on the service itself.
        let service = needs.booking.service_id;
        if !free.has(conn, service, i32::MAX)? {
            return Err(unavailable(needs, &["the class"], &free.taken_at(&[service])));
        }
        ids.push(service);
    }
    let mut rows: Vec<Allocation> = ids.iter().flat_map(|id| free.rows(*id)).collect();
    if !rows.is_empty() {
        refuse_own_overlap(needs)?;
    }
    // Everyone takes in the same order, so that no two transactions wait for each other.
    rows.sort_unstable_by_key(|row| (row.resource_id, row.occurrence));
    for row in &rows {
        allocations::insert(conn, row)?;
    }
    Ok(taken)
}

/// The first staff member who is free and for whom all else that is needed is there.
fn team(conn: &mut Conn, needs: &Needs<'_>, free: &mut Free<'_>) -> Result<Taken, Error> {
    if needs.staff.is_empty() {
        return Ok(Taken { staff: None, resources: things(conn, needs, free)? });
    }
    let mut refusal = None;
    for person in &needs.staff {
        if !free.has(conn, person.person_id, 1)? {
            continue;
        }
        free.serve(person.person_id);
        match things(conn, needs, free) {
            Ok(resources) => return Ok(Taken { staff: Some(person.clone()), resources }),
            // Of a class that runs, who gives it has the room already: for another there may be none.
            Err(error @ Error::Conflict { .. }) if needs.capacity > 1 => {
                refusal.get_or_insert(error);
            }
            Err(error) => return Err(error),
        }
    }
    let ids: Vec<Id> = needs.staff.iter().map(|person| person.person_id).collect();
    let names: Vec<&str> = needs.staff.iter().map(|person| person.name.as_str()).collect();
    Err(refusal.unwrap_or_else(|| unavailable(needs, &names, &free.taken_at(&ids))))
}

/// One resource of each list.
fn things(conn: &mut Conn, needs: &Needs<'_>, free: &mut Free<'_>) -> Result<Vec<Resource>, Error> {
    let quantity = |id| needs.resources.iter().flatten().find(|r| r.resource_id == id).map_or(1, |r| r.quantity);
    let lists: Vec<Vec<Id>> = needs.resources.iter().map(|any| any.iter().map(|r| r.resource_id).collect()).collect();
    match distinct(&lists, |id| free.has(conn, id, quantity(id)))? {
        Ok(chosen) => {
            let row = |(any, id): (&Vec<Resource>, Id)| any.iter().find(|r| r.resource_id == id).cloned();
            Ok(needs.resources.iter().zip(chosen).filter_map(row).collect())
        }
        Err(unmet) => {
            let any = needs.resources.get(unmet).map_or(&[][..], |any| &any[..]);
            let names: Vec<&str> = any.iter().map(|resource| resource.name.as_str()).collect();
            let ids: Vec<Id> = any.iter().map(|resource| resource.resource_id).collect();
            Err(unavailable(needs, &names, &free.taken_at(&ids)))
        }
    }
}

/// Who and what is free for every occurrence: each is looked up once, when it matters.
struct Free<'a> {
    needs: &'a Needs<'a>,
    /// Who gives the class.
    anchor: Option<Id>,
    found: HashMap<Id, Found<'a>>,
}

/// Where the occurrences fit, and which do not.
#[derive(Default)]
struct Found<'a> {
    places: Vec<(&'a Occurrence, Place)>,
    taken_at: Vec<&'a Occurrence>,
}

impl<'a> Free<'a> {
    /// Names who serves. Of a class, what else is free depends on that.
    fn serve(&mut self, id: Id) {
        self.anchor = Some(id);
        if self.needs.capacity > 1 {
            let things: HashSet<Id> = self.needs.resources.iter().flatten().map(|r| r.resource_id).collect();
            self.found.retain(|id, _| !things.contains(id));
        }
    }

    fn has(&mut self, conn: &mut Conn, id: Id, quantity: i32) -> Result<bool, Error> {
        if let Some(found) = self.found.get(&id) {
            return Ok(found.taken_at.is_empty());
        }
        // Who could serve gives their own class, not that of whoever was asked before.
        let serves = self.needs.staff.iter().any(|person| person.person_id == id);
        let anchor = self.anchor.filter(|_| !serves);
        let mut found = Found::default();
        for occurrence in self.needs.occurrences {
            match place(conn, self.needs, anchor, &Candidate { id, quantity }, occurrence)? {
                Some(place) => found.places.push((occurrence, place)),
                None => found.taken_at.push(occurrence),
            }
        }
        let is_free = found.taken_at.is_empty();
        self.found.insert(id, found);
        Ok(is_free)
    }

    /// When the last of these that is not free is taken; if all are free, each is needed for something else then.
    fn taken_at(&self, ids: &[Id]) -> Vec<&'a Occurrence> {
        let taken = ids.iter().rev().filter_map(|id| self.found.get(id)).find(|found| !found.taken_at.is_empty());
        taken.map_or_else(|| self.needs.occurrences.iter().collect(), |found| found.taken_at.clone())
    }

    fn rows(&self, id: Id) -> impl Iterator<Item = Allocation> {
        let places = self.found.get(&id).map_or(&[][..], |found| &found.places[..]);
        places.iter().map(move |(occurrence, place)| row(self.needs.booking, id, occurrence, place))
    }
}

/// Occurrences of one series may not want one another's time: the database would refuse what no retry can mend.
fn refuse_own_overlap(needs: &Needs<'_>) -> Result<(), Error> {
    let booking = needs.booking;
    let buffers = i64::from(booking.buffer_before_minutes + booking.buffer_after_minutes) * 60;
    let mut spans: Vec<&Span> = needs.occurrences.iter().map(|o| &o.span).collect();
    spans.sort_unstable_by_key(|span| span.at.start);
    match spans.windows(2).find(|pair| pair[0].at.end + buffers > pair[1].at.start) {
        None => Ok(()),
        Some(pair) => {
            let (one, other) = (&pair[0], &pair[1]);
            let (one, other) = (one.at.start.to_rfc3339(&one.zone), other.at.start.to_rfc3339(&other.zone));
            Err(Error::invalid("/rrule", format!("makes occurrences that overlap: {one} and {other}")))
        }
    }
}

fn unavailable(needs: &Needs<'_>, names: &[&str], taken_at: &[&Occurrence]) -> Error {
    let who = match names {
        [] => "nothing that the service needs".to_owned(),
        [one] if needs.capacity > 1 => format!("the class is full, or {one}"),
        [one] => (*one).to_owned(),
        [first, .., last] => format!("none of {} ({first} … {last})", names.len()),
    };
    let free = if names.len() == 1 { "is not free" } else { "is free" };
    let mut times: Vec<String> = taken_at.iter().take(10).map(|o| o.span.at.start.to_rfc3339(&o.span.zone)).collect();
    if taken_at.len() > times.len() {
        times.push(format!("{} more", taken_at.len() - times.len()));
    }
    let detail = format!("{who} {free} at {}; choose another time", times.join(", "));
    Error::conflict(Conflict::SlotUnavailable, detail)
}

/// Where an occurrence fits on a candidate: a unit that is free with buffers, or a seat of its class.
fn place(
    conn: &mut Conn,
    needs: &Needs<'_>,
    anchor: Option<Id>,
    candidate: &Candidate,
    occurrence: &Occurrence,
) -> Result<Option<Place>, Error> {
    let booking = needs.booking;
    let before = i64::from(booking.buffer_before_minutes) * 60;
    let after = i64::from(booking.buffer_after_minutes) * 60;
    let busy = occurrence.span.at.widened(before, after);
    let start = occurrence.span.at.start.unix().to_be_bytes();
    if needs.capacity <= 1 {
        let session = Id::derived(&[booking.booking_id.as_bytes(), &start]);
        let quantity = if needs.overflow { OVERFLOW_UNITS } else { candidate.quantity };
        let unit = allocations::free_unit(conn, booking.tenant_id, candidate.id, quantity, session, busy)?;
        return Ok(unit.map(|unit| Place { unit, seat: 0, session, busy }));
    }
    let anchor = anchor.unwrap_or(candidate.id);
    let session = Id::derived(&[b"class", booking.service_id.as_bytes(), anchor.as_bytes(), &start]);
    let capacity = if needs.overflow { OVERFLOW_UNITS } else { needs.capacity };
    seat(conn, booking.tenant_id, capacity, candidate, session, busy)
}

/// What has taken an occurrence's place on one candidate of a quantity; none: it is free.
///
/// # Errors
/// [`Error::Store`].
pub(super) fn taken_by(
    conn: &mut Conn,
    needs: &Needs<'_>,
    anchor: Option<Id>,
    (id, quantity): (Id, i32),
    occurrence: &Occurrence,
) -> Result<Option<Reason>, Error> {
    let Booking { tenant_id: tenant, buffer_before_minutes: before, buffer_after_minutes: after, .. } = needs.booking;
    if place(conn, needs, anchor, &Candidate { id, quantity }, occurrence)?.is_some() {
        return Ok(None);
    }
    let busy = occurrence.span.at.widened(i64::from(*before) * 60, i64::from(*after) * 60);
    let holder = allocations::holder(conn, *tenant, id, busy)?;
    let kind = match holder {
        _ if needs.capacity > 1 => Why::Full,
        Some(holder) if holds::find(conn, *tenant, holder)?.is_some() => Why::Hold,
        _ => Why::Booking,
    };
    Ok(Some(Reason { reference: holder, ..Reason::of(kind) }))
}

/// A seat of a class that runs already, or the first seat of a new one.
fn seat(
    conn: &mut Conn,
    tenant: TenantId,
    capacity: i32,
    candidate: &Candidate,
    session: Id,
    busy: Interval,
) -> Result<Option<Place>, Error> {
    let taken = allocations::session(conn, tenant, candidate.id, session)?;
    let Some(first) = taken.first() else {
        // Units of a class that hangs on its service do not matter: each session has its own.
        let quantity = candidate.quantity.min(1000);
        let unit = allocations::free_unit(conn, tenant, candidate.id, quantity, session, busy)?;
        return Ok(unit.map(|unit| Place { unit, seat: 0, session, busy }));
    };
    // Seats are counted, not only numbered: the capacity may be smaller than when they were taken.
    let has_room = usize::try_from(capacity).is_ok_and(|capacity| taken.len() < capacity);
    let free = (0..capacity).filter(|_| has_room).find(|seat| taken.iter().all(|row| row.seat != *seat));
    // All seats of a session have the bounds of the first, whatever the service's buffers are by now.
    let busy = Interval { start: first.busy_from, end: first.busy_until };
    Ok(free.map(|seat| Place { unit: first.unit, seat, session, busy }))
}

fn row(booking: &Booking, resource: Id, occurrence: &Occurrence, place: &Place) -> Allocation {
    Allocation {
        tenant_id: booking.tenant_id,
        booking_id: booking.booking_id,
        occurrence: occurrence.span.zone.instant(occurrence.recurrence_id),
        resource_id: resource,
        unit: place.unit,
        session: place.session,
        seat: place.seat,
        busy_from: place.busy.start,
        busy_until: place.busy.end,
        start_at: occurrence.span.at.start,
        end_at: occurrence.span.at.end,
    }
}
