//! One occurrence and all after it.

use serde_json::{Map, Value, json};

use crate::store::bookings::{self, Booking, Override};
use crate::store::{BookingStatus, Conn, Id, Ids, allocations};
use crate::time::Instant;

use super::Part;
use super::one::require_taking_place;
use crate::booking::cast::Cast;
use crate::booking::change::{
    cancel_whole, checked_reason, finish_with, next_version, occurrences, patch_times, require_open, span_of, unchanged,
};
use crate::booking::model::{Booked, BookingPatch};
use crate::booking::project::{self, Scene};
use crate::booking::retake::Retake;
use crate::booking::series;
use crate::booking::span::Bounds;
use crate::booking::{Context, Error, additions, history};

/// What is left of a series that ends before an occurrence.
struct Head {
    booking: Booking,
    overrides: Vec<Override>,
    /// Whether any of it takes place.
    takes_place: bool,
}

fn head(ctx: &Context, part: &Part) -> Result<Head, Error> {
    let mut booking = next_version(&part.booking, ctx.now, true);
    booking.rrule = Some(series::shortened(part.rule(), part.n)?);
    let overrides: Vec<Override> = part.stored.iter().filter(|o| o.recurrence_id.0 < part.start()).cloned().collect();
    let left = occurrences(&booking, &overrides)?;
    booking.last_end = project::last_end(&booking, &left);
    Ok(Head { booking, overrides, takes_place: !left.is_empty() })
}

/// The keys of the rest among the allocations.
fn keys(part: &Part) -> (Instant, Instant) {
    (part.key(), Instant::from_unix(i64::MAX))
}

pub(super) fn cancel(conn: &mut Conn, ctx: &Context, part: &Part, reason: Option<&str>) -> Result<Booked, Error> {
    let reason = checked_reason(reason)?;
    let old = &part.booking;
    if old.status == BookingStatus::Cancelled {
        return unchanged(conn, old.clone(), Vec::new());
    }
    require_open(old, "cancelled")?;
    let head = head(ctx, part)?;
    if !head.takes_place {
        return cancel_whole(conn, ctx, old, reason);
    }
    allocations::delete_occurrences(conn, ctx.tenant, old.booking_id, keys(part))?;
    let more = reason.map(|reason| ("cancel_reason".to_owned(), json!([Value::Null, reason])));
    let is = (head.booking, head.overrides.as_slice());
    finish_with(conn, ctx, "following_cancelled", (old, &part.stored), is, Map::from_iter(more))
}

pub(super) fn reschedule(conn: &mut Conn, ctx: &Context, part: &Part, patch: &BookingPatch) -> Result<Booked, Error> {
    let old = &part.booking;
    require_open(old, "changed")?;
    require_taking_place(part)?;
    let rest = rest(part)?;
    let mut wanted = rest.clone();
    let notices = patch_times(ctx, &rest, &mut wanted, patch)?;
    if let Some(staff) = patch.staff {
        wanted.staff_id = staff;
    }
    if let Some(resources) = &patch.resources {
        wanted.resource_ids = Ids(resources.clone());
    }
    if wanted == rest && part.own().is_none() {
        return unchanged(conn, old.clone(), notices);
    }
    let overrides = carried(part, &rest, &wanted, patch)?;
    let times = occurrences(&wanted, &overrides)?;
    let (id, now) = (Id::new(), ctx.now);
    let mut wanted = renewed(wanted, id, now);
    let overrides: Vec<Override> = overrides.into_iter().map(|o| Override { booking_id: id, ..o }).collect();
    wanted.last_end = project::last_end(&wanted, &times);
    let retake = Retake {
        old,
        stored: &part.stored,
        wanted: &wanted,
        overrides: &overrides,
        occurrences: &times,
        gives_back: keys(part),
        bounds: Bounds::Upcoming(ctx.now),
    };
    retake.run(conn, ctx)?;
    let mut touched = shorten(conn, ctx, part, id)?;
    bookings::insert(conn, &wanted)?;
    bookings::set_overrides(conn, ctx.tenant, id, &overrides)?;
    history::record(conn, ctx, "created", None, &wanted)?;
    let cast = Cast::load(conn, &wanted, &overrides)?;
    let scene = Scene { booking: &wanted, cast: &cast, overrides: &overrides, occurrences: &times };
    touched.extend(project::create(conn, ctx, &scene)?);
    additions::split(conn, ctx, old.booking_id, &additions::names(old)?[part.n..], &wanted)?;
    Ok(Booked { booking: wanted, customer: cast.customer, notices, touched })
}

/// Ends the old series before the occurrence; the history names the booking that carries the rest.
fn shorten(conn: &mut Conn, ctx: &Context, part: &Part, rest: Id) -> Result<Vec<Id>, Error> {
    let mut head = head(ctx, part)?;
    if !head.takes_place {
        head.booking.status = BookingStatus::Cancelled;
    }
    let more = Map::from_iter([("continued_by".to_owned(), json!([Value::Null, rest.to_string()]))]);
    let is = (head.booking, head.overrides.as_slice());
    Ok(finish_with(conn, ctx, "split", (&part.booking, &part.stored), is, more)?.touched)
}

/// The rest as a booking of its own whose times are still those of the old one.
fn rest(part: &Part) -> Result<Booking, Error> {
    let mut rest = part.booking.clone();
    part.span.moved_to(part.start()).write_to(&mut rest);
    rest.rrule = Some(series::shortened(part.rule(), part.starts.len() - part.n)?);
    Ok(rest)
}

/// What differs of the rest goes with it. The named occurrence has its time from the request now, and who serves it in
/// somebody's place goes on doing so unless the request says who does.
fn carried(part: &Part, rest: &Booking, wanted: &Booking, patch: &BookingPatch) -> Result<Vec<Override>, Error> {
    let own = part.own().map(|o| Override {
        start_local: rest.start_local,
        end_local: rest.end_local,
        staff_id: o.staff_id.filter(|_| patch.staff.is_none()),
        resource_ids: o.resource_ids.clone().filter(|_| patch.resources.is_none()),
        ..o.clone()
    });
    let later = part.stored.iter().filter(|o| o.recurrence_id.0 > part.start()).cloned();
    let later: Vec<Override> = own.into_iter().chain(later).collect();
    let (was, is) = (span_of(rest)?, span_of(wanted)?);
    let starts = series::starts(&is, wanted.rrule.as_deref())?;
    Ok(series::carried(&later, (&was, &part.starts[part.n..]), (&is, &starts)))
}

/// A booking of its own, with its own identity.
fn renewed(booking: Booking, id: Id, now: Instant) -> Booking {
    Booking {
        continues: Some(booking.booking_id),
        booking_id: id,
        uid: id.to_string(),
        sequence: 0,
        version: 1,
        // References are unique, and the old series keeps its own.
        external_ref: None,
        created_at: now,
        updated_at: now,
        ..booking
    }
}
