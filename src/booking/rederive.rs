//! When the rules of a zone change: what the clocks show stays, the instants are worked out anew (B12).

use crate::store::bookings::{self, Booking, Override, Upcoming};
use crate::store::{Conn, Id, allocations, services, tenants};

use super::allocate::{Needs, take};
use super::cast::Cast;
use super::project::{self, Scene};
use super::retake::shifts;
use super::series::{self, Occurrence};
use super::span::Span;
use super::{Conflict, Context, Error, blocks, change, history};

/// What new zone rules did to the bookings and blocks of a business.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rederived {
    /// Bookings whose instants moved.
    pub moved: usize,
    /// Bookings that now overlap another: both stay, somebody has to decide.
    pub conflicts: Vec<Id>,
    /// Blocks whose instants moved.
    pub blocks: usize,
}

/// A booking whose instants are no longer what its local times mean.
struct Stale {
    old: Booking,
    new: Booking,
    overrides: Vec<Override>,
    occurrences: Vec<Occurrence>,
}

/// Works out the instants of every block and booking that is not over. None is dropped: where two now overlap, the later one
/// keeps its time beyond what there is of the person or resource, and is named.
///
/// # Errors
/// [`Error::Store`].
pub fn rederive(conn: &mut Conn, ctx: &Context) -> Result<Rederived, Error> {
    tenants::claim(conn, ctx.tenant)?;
    let mut stale = Vec::new();
    let mut after = None;
    loop {
        // A day of grace: what ended an hour ago by the old rules may not be over by the new ones.
        let page = bookings::upcoming(conn, ctx.tenant, Upcoming::Any, ctx.now - 86_400, after, 500)?;
        let Some(last) = page.last() else { break };
        after = Some(last.booking_id);
        for booking in page {
            stale.extend(examine(conn, ctx, booking)?);
        }
    }
    // First all old times are given back, so that bookings which move together do not stand in each other's way.
    for booking in &stale {
        allocations::delete(conn, ctx.tenant, booking.old.booking_id)?;
    }
    stale.sort_by_key(|s| s.new.start_at);
    let blocks = blocks::rederive(conn, ctx)?;
    let mut report = Rederived { moved: stale.len(), conflicts: Vec::new(), blocks };
    for booking in &stale {
        if !settle(conn, ctx, booking)? {
            report.conflicts.push(booking.new.booking_id);
        }
    }
    Ok(report)
}

fn examine(conn: &mut Conn, ctx: &Context, old: Booking) -> Result<Option<Stale>, Error> {
    let span = Span::of(&old).map_err(|e| Error::invalid("/timezone", e.to_string()))?;
    let overrides = match old.rrule {
        Some(_) => bookings::overrides(conn, ctx.tenant, old.booking_id)?,
        None => Vec::new(),
    };
    let occurrences = series::occurrences(&span, old.rrule.as_deref(), &overrides)?;
    let mut new = change::next_version(&old, ctx.now, true);
    span.write_to(&mut new);
    new.last_end = project::last_end(&new, &occurrences);
    let same = (new.start_at, new.end_at, new.last_end) == (old.start_at, old.end_at, old.last_end)
        && (old.rrule.is_none() || allocated_as(conn, &old, &occurrences)?);
    Ok((!same).then_some(Stale { old, new, overrides, occurrences }))
}

/// Whether the time a series has taken is that of its occurrences.
fn allocated_as(conn: &mut Conn, booking: &Booking, occurrences: &[Occurrence]) -> Result<bool, Error> {
    let taken = allocations::of_booking(conn, booking.tenant_id, booking.booking_id)?;
    let at = |row: &allocations::Allocation| occurrences.iter().any(|o| o.span.at.start == row.start_at);
    Ok(taken.iter().all(at))
}

/// Takes the new time and writes everything. False: it overlaps another.
fn settle(conn: &mut Conn, ctx: &Context, stale: &Stale) -> Result<bool, Error> {
    let booking = &stale.new;
    let cast = Cast::load(conn, booking, &stale.overrides)?;
    let service = services::find(conn, ctx.tenant, booking.service_id)?.ok_or(Error::NotFound("service"))?;
    let mut fits = true;
    for shift in shifts(booking, &stale.overrides, &stale.occurrences) {
        let who = Cast::load(
            conn,
            &Booking { staff_id: shift.staff, resource_ids: shift.resources, ..booking.clone() },
            &[],
        )?;
        let needs = |overflow| Needs {
            booking,
            capacity: service.capacity,
            occurrences: &shift.occurrences,
            staff: who.staff.clone().into_iter().collect(),
            resources: who.resources.iter().map(|r| vec![r.clone()]).collect(),
            overflow,
            now: ctx.now,
        };
        match take(conn, &needs(false)) {
            Ok(_) => {}
            Err(Error::Conflict { kind: Conflict::SlotUnavailable, .. }) => {
                take(conn, &needs(true))?;
                fits = false;
            }
            Err(error) => return Err(error),
        }
    }
    if !bookings::replace(conn, booking, stale.old.version)? {
        return Err(Error::lost());
    }
    history::record(conn, ctx, "rederived", Some(&stale.old), booking)?;
    let scene = Scene { booking, cast: &cast, overrides: &stale.overrides, occurrences: &stale.occurrences };
    project::update(conn, ctx, &scene, None)?;
    Ok(fits)
}
