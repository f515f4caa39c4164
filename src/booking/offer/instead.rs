//! What to offer instead of a time that is taken (B10).

use crate::booking::model::{BookingPatch, NewBooking};
use crate::booking::span::{Asked, Bounds, resolve};
use crate::booking::{Context, Error, input};
use crate::store::{Conn, Id, bookings};
use crate::time::{Instant, Zone};

use super::{Slot, Wish, alternatives};

/// The nearest free times, and the zone in which they were asked for.
pub type Instead = (Zone, Vec<Slot>);

/// For a booking that could not be made.
///
/// # Errors
/// As [`super::slots`].
pub fn of_new(conn: &mut Conn, ctx: &Context, new: &NewBooking, most: usize) -> Result<Instead, Error> {
    let (zone, start) = begin(ctx, &new.start, new.timezone.as_deref())?;
    let wish = Wish { service: new.service, staff: new.staff, resources: new.resources.clone() };
    let slots = alternatives(conn, ctx, &wish, start, &[], most)?;
    Ok((zone, slots))
}

/// For a booking that is to be moved, or that could not be moved as `patch` says. Its own time is free to it.
///
/// # Errors
/// As [`super::slots`], and [`Error::NotFound`].
pub fn of_move(
    conn: &mut Conn,
    ctx: &Context,
    id: Id,
    patch: Option<&BookingPatch>,
    most: usize,
) -> Result<Instead, Error> {
    let booking = bookings::find(conn, ctx.tenant, id)?.ok_or(Error::NotFound("booking"))?;
    let timezone = patch.and_then(|patch| patch.timezone.as_deref()).unwrap_or(&booking.timezone);
    let (zone, start) = match patch.and_then(|patch| patch.start.as_deref()) {
        Some(start) => begin(ctx, start, Some(timezone))?,
        None => (input::zone(timezone).map_err(|e| Error::invalid("/timezone", e))?, booking.start_at),
    };
    let staff = patch.and_then(|patch| patch.staff).unwrap_or(booking.staff_id);
    let resources = patch.and_then(|patch| patch.resources.clone()).unwrap_or(booking.resource_ids.0);
    let resources = Some(resources).filter(|resources| !resources.is_empty());
    let wish = Wish { service: booking.service_id, staff, resources };
    let slots = alternatives(conn, ctx, &wish, start, &[id], most)?;
    Ok((zone, slots))
}

fn begin(ctx: &Context, start: &str, timezone: Option<&str>) -> Result<(Zone, Instant), Error> {
    let asked = Asked { start, end: None, timezone, duration_minutes: 1 };
    let (span, _) = resolve(asked, &ctx.zone, Bounds::Any)?;
    Ok((span.zone, span.at.start))
}
