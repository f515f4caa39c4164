//! What to offer instead of a time that is taken (B10).

use crate::booking::model::{BookingPatch, NewBooking, Scope};
use crate::booking::span::{Asked, Bounds, resolve};
use crate::booking::{Context, Error, input, scope};
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

/// For a booking or occurrence that is to be moved, or that could not be moved as `patch` says. Its own time is free to
/// it, that of occurrences which stay is not.
///
/// # Errors
/// As [`super::slots`], [`Error::NotFound`], and a fault at `/occurrence`.
pub fn of_move(
    conn: &mut Conn,
    ctx: &Context,
    id: Id,
    (scope, patch): (&Scope, Option<&BookingPatch>),
    most: usize,
) -> Result<Instead, Error> {
    let booking = bookings::find(conn, ctx.tenant, id)?.ok_or(Error::NotFound("booking"))?;
    let place = scope::place(conn, ctx, id, scope)?;
    let timezone = patch.and_then(|patch| patch.timezone.as_deref()).unwrap_or(&booking.timezone);
    let (zone, start) = match patch.and_then(|patch| patch.start.as_deref()) {
        Some(start) => begin(ctx, start, Some(timezone))?,
        None => {
            let start = place.as_ref().map_or(booking.start_at, |place| place.span.at.start);
            (input::zone(timezone).map_err(|e| Error::invalid("/timezone", e))?, start)
        }
    };
    let (staff_now, resources_now, others) = match place {
        Some(place) => (place.staff, place.resources.0, place.others),
        None => (booking.staff_id, booking.resource_ids.0, Vec::new()),
    };
    let staff = patch.and_then(|patch| patch.staff).unwrap_or(staff_now);
    let resources = patch.and_then(|patch| patch.resources.clone()).unwrap_or(resources_now);
    let resources = Some(resources).filter(|resources| !resources.is_empty());
    let wish = Wish { service: booking.service_id, staff, resources };
    let looked_at = if others.is_empty() { most } else { usize::MAX };
    let mut slots = alternatives(conn, ctx, &wish, start, &[id], looked_at)?;
    slots.retain(|slot| others.iter().all(|other| !other.overlaps(slot.at)));
    slots.truncate(most);
    Ok((zone, slots))
}

fn begin(ctx: &Context, start: &str, timezone: Option<&str>) -> Result<(Zone, Instant), Error> {
    let asked = Asked { start, end: None, timezone, duration_minutes: 1 };
    let (span, _) = resolve(asked, &ctx.zone, Bounds::Any)?;
    Ok((span.zone, span.at.start))
}
