//! Taking the time a booking needs: which staff member, which resources, which of their units, which seat.
//!
//! The choice is made and written in one transaction. What two transactions choose at once, the database refuses to
//! one of them, whose unit of work then runs again and sees the other's choice (B11).

use crate::availability::Why;
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
    let mut rows = Vec::new();
    let mut staff = None;
    if !needs.staff.is_empty() {
        let candidates: Vec<Candidate> =
            needs.staff.iter().map(|p| Candidate { id: p.person_id, quantity: 1 }).collect();
        let names: Vec<&str> = needs.staff.iter().map(|p| p.name.as_str()).collect();
        let chosen = first_free(conn, needs, None, &candidates, &names, &mut rows)?;
        staff = needs.staff.get(chosen).cloned();
    }
    let anchor = staff.as_ref().map(|p| p.person_id);
    let mut resources: Vec<Resource> = Vec::with_capacity(needs.resources.len());
    for alternatives in &needs.resources {
        let unused: Vec<&Resource> =
            alternatives.iter().filter(|r| resources.iter().all(|used| used.resource_id != r.resource_id)).collect();
        let candidates: Vec<Candidate> =
            unused.iter().map(|r| Candidate { id: r.resource_id, quantity: r.quantity }).collect();
        let names: Vec<&str> = unused.iter().map(|r| r.name.as_str()).collect();
        let chosen = first_free(conn, needs, anchor, &candidates, &names, &mut rows)?;
        resources.extend(unused.get(chosen).map(|r| (*r).clone()));
    }
    if rows.is_empty() && needs.capacity > 1 {
        // A class without staff or room still has its seats: they hang on the service itself.
        let service = Candidate { id: needs.booking.service_id, quantity: i32::MAX };
        first_free(conn, needs, anchor, &[service], &["the class"], &mut rows)?;
    }
    if !rows.is_empty() {
        refuse_own_overlap(needs)?;
    }
    // Everyone takes in the same order, so that no two transactions wait for each other.
    rows.sort_unstable_by_key(|row| (row.resource_id, row.occurrence));
    for row in &rows {
        allocations::insert(conn, row)?;
    }
    Ok(Taken { staff, resources })
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

/// The first candidate that is free for all occurrences; its allocations are added to `rows`.
fn first_free(
    conn: &mut Conn,
    needs: &Needs<'_>,
    anchor: Option<Id>,
    candidates: &[Candidate],
    names: &[&str],
    rows: &mut Vec<Allocation>,
) -> Result<usize, Error> {
    let mut taken_at = Vec::new();
    for (i, candidate) in candidates.iter().enumerate() {
        let mut places = Vec::with_capacity(needs.occurrences.len());
        taken_at.clear();
        for occurrence in needs.occurrences {
            match place(conn, needs, anchor, candidate, occurrence)? {
                Some(place) => places.push((occurrence, place)),
                None => taken_at.push(occurrence),
            }
        }
        if taken_at.is_empty() {
            rows.extend(
                places.into_iter().map(|(occurrence, place)| row(needs.booking, candidate.id, occurrence, place)),
            );
            return Ok(i);
        }
    }
    Err(unavailable(needs, names, &taken_at))
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

fn row(booking: &Booking, resource: Id, occurrence: &Occurrence, place: Place) -> Allocation {
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
