//! One occurrence.

use serde_json::{Map, Value, json};

use crate::store::bookings::{self, Booking, Override};
use crate::store::{Conn, Id, Ids, Local, allocations};
use crate::time::Interval;

use super::{Aim, Part, aim};
use crate::booking::change::{
    cancel_whole, checked_reason, duration_minutes, finish_with, next_version, occurrences, require_open, unchanged,
};
use crate::booking::model::{Booked, BookingPatch, Scope};
use crate::booking::retake::{Retake, serving};
use crate::booking::series::{Occurrence, differs};
use crate::booking::span::{Asked, Bounds, Span, resolve};
use crate::booking::{Conflict, Context, Error, Fault, project, refusal};

pub(super) fn cancel(conn: &mut Conn, ctx: &Context, part: &Part, reason: Option<&str>) -> Result<Booked, Error> {
    let reason = checked_reason(reason)?;
    let old = &part.booking;
    if part.own().is_some_and(|o| o.cancelled) || old.status == crate::store::BookingStatus::Cancelled {
        return unchanged(conn, old.clone(), Vec::new());
    }
    require_open(old, "cancelled")?;
    let of_rule = part.span.moved_to(part.start());
    let gone = Override {
        cancelled: true,
        start_local: Local(of_rule.start_local),
        end_local: Local(of_rule.end_local),
        ..plain(part)
    };
    let overrides = replaced(part, Some(gone));
    let left = occurrences(old, &overrides)?;
    if left.is_empty() {
        // Nothing of it takes place any more.
        return cancel_whole(conn, ctx, old, reason);
    }
    allocations::delete_occurrences(conn, ctx.tenant, old.booking_id, (part.key(), part.key()))?;
    let mut new = next_version(old, ctx.now, true);
    new.last_end = project::last_end(&new, &left);
    let more = reason.map(|reason| ("cancel_reason".to_owned(), json!([Value::Null, reason])));
    let was = (old, part.stored.as_slice());
    finish_with(conn, ctx, "occurrence_cancelled", was, (new, &overrides), Map::from_iter(more))
}

pub(super) fn reschedule(conn: &mut Conn, ctx: &Context, part: &Part, patch: &BookingPatch) -> Result<Booked, Error> {
    let old = &part.booking;
    require_open(old, "changed")?;
    require_taking_place(part)?;
    let (span, notices) = times(ctx, part, patch)?;
    let wanted = wanted(part, &span, patch);
    let overrides = replaced(part, Some(wanted).filter(|o| differs(o, &part.span)));
    if overrides == part.stored {
        return unchanged(conn, old.clone(), notices);
    }
    let all = occurrences(old, &overrides)?;
    let Some(this) = all.iter().find(|o| o.recurrence_id == part.start()) else {
        return Err(Error::NotFound("occurrence"));
    };
    refuse_own_overlap(old, &all, this)?;
    if this.span.at != part.now().at || serving(old, &overrides, this) != serving(old, &part.stored, this) {
        let retake = Retake {
            old,
            stored: &part.stored,
            wanted: old,
            overrides: &overrides,
            occurrences: std::slice::from_ref(this),
            gives_back: (part.key(), part.key()),
            bounds: Bounds::Upcoming(ctx.now),
        };
        retake.run(conn, ctx)?;
    }
    let mut new = next_version(old, ctx.now, true);
    new.last_end = project::last_end(&new, &all);
    let was = (old, part.stored.as_slice());
    let done = finish_with(conn, ctx, "occurrence_rescheduled", was, (new, &overrides), Map::new())?;
    Ok(Booked { notices, ..done })
}

/// A cancelled occurrence is not revived by moving it.
pub(super) fn require_taking_place(part: &Part) -> Result<(), Error> {
    if part.own().is_some_and(|o| o.cancelled) {
        let detail = "this occurrence is cancelled and cannot be changed any more; make a new booking";
        return Err(Error::conflict(Conflict::WrongState, detail));
    }
    Ok(())
}

/// The occurrence as its rule has it.
fn plain(part: &Part) -> Override {
    Override {
        tenant_id: part.booking.tenant_id,
        booking_id: part.booking.booking_id,
        recurrence_id: Local(part.start()),
        cancelled: false,
        start_local: Local(part.start()),
        end_local: Local(part.start()),
        fold: 0,
        end_fold: 0,
        staff_id: None,
        resource_ids: None,
    }
}

/// What differs of the series when this is what differs of the occurrence.
fn replaced(part: &Part, own: Option<Override>) -> Vec<Override> {
    let others = part.stored.iter().filter(|o| o.recurrence_id.0 != part.start()).cloned();
    let mut all: Vec<Override> = others.chain(own).collect();
    all.sort_unstable_by_key(|o| o.recurrence_id);
    all
}

/// The new times on the clocks of the series. Without an end the occurrence lasts as long as it does now.
fn times(ctx: &Context, part: &Part, patch: &BookingPatch) -> Result<(Span, Vec<Fault>), Error> {
    let now = part.now();
    let start = patch.start.as_deref().ok_or_else(|| Error::invalid("/start", "is missing"))?;
    let asked = Asked {
        start,
        end: patch.end.as_deref(),
        timezone: Some(patch.timezone.as_deref().unwrap_or(&part.booking.timezone)),
        duration_minutes: duration_minutes(&now),
    };
    let (span, notices) = resolve(asked, &ctx.zone, Bounds::Upcoming(ctx.now))?;
    if span.all_day != part.span.all_day {
        let form =
            if part.span.all_day { "a date, as the series is of whole days" } else { "a time, as the series has" };
        return Err(Error::invalid("/start", format!("must be {form}")));
    }
    if span.zone == part.span.zone {
        return Ok((span, notices));
    }
    if span.all_day {
        return Err(Error::invalid("/timezone", "must be left out: one occurrence has the days of its series"));
    }
    // The same instants on the series' own clocks.
    let zone = &part.span.zone;
    let (start, end) = (span.at.start.to_rfc3339(zone), span.at.end.to_rfc3339(zone));
    let asked = Asked { start: &start, end: Some(&end), timezone: Some(zone.name()), duration_minutes: 0 };
    Ok((resolve(asked, &ctx.zone, Bounds::Any)?.0, notices))
}

/// The occurrence as it is to be. Who serves the series needs no mention.
fn wanted(part: &Part, span: &Span, patch: &BookingPatch) -> Override {
    let (booking, own) = (&part.booking, part.own());
    let staff = patch.staff.flatten().or_else(|| own.and_then(|o| o.staff_id));
    let resources = patch.resources.clone().map(Ids).or_else(|| own.and_then(|o| o.resource_ids.clone()));
    Override {
        start_local: Local(span.start_local),
        end_local: Local(span.end_local),
        fold: i16::from(span.fold),
        end_fold: i16::from(span.end_fold),
        staff_id: staff.filter(|id| Some(*id) != booking.staff_id),
        resource_ids: resources.filter(|ids| *ids != booking.resource_ids),
        ..plain(part)
    }
}

/// The database refuses two occurrences of one booking at one time in a way that no retry can mend.
fn refuse_own_overlap(booking: &Booking, all: &[Occurrence], this: &Occurrence) -> Result<(), Error> {
    let busy = |at: Interval| {
        at.widened(i64::from(booking.buffer_before_minutes) * 60, i64::from(booking.buffer_after_minutes) * 60)
    };
    let meets = |o: &&Occurrence| o.recurrence_id != this.recurrence_id && busy(o.span.at).overlaps(busy(this.span.at));
    match all.iter().find(meets) {
        None => Ok(()),
        Some(_) => Err(refusal::own_overlap(booking, this)),
    }
}

/// Where one occurrence is now: for what to offer instead of it.
#[derive(Debug)]
pub(in crate::booking) struct Place {
    /// When it takes place.
    pub span: Span,
    pub staff: Option<Id>,
    pub resources: Ids,
    /// The times of the other occurrences, with their buffers.
    pub others: Vec<Interval>,
}

/// Where the occurrence is that a scope names; none when the whole booking is meant.
///
/// # Errors
/// [`Error::NotFound`], or a fault at `/occurrence`.
pub(in crate::booking) fn place(conn: &mut Conn, ctx: &Context, id: Id, scope: &Scope) -> Result<Option<Place>, Error> {
    let (part, alone) = match aim(conn, ctx, id, None, scope)? {
        Aim::Whole => return Ok(None),
        Aim::One(part) => (part, true),
        Aim::Rest(part) => (part, false),
    };
    let booking = &part.booking;
    let this = Occurrence { recurrence_id: part.start(), span: part.now() };
    let (staff, resources) = serving(booking, &part.stored, &this);
    let (before, after) = (i64::from(booking.buffer_before_minutes) * 60, i64::from(booking.buffer_after_minutes) * 60);
    let stays = |o: &&Occurrence| o.recurrence_id < part.start() || (alone && o.recurrence_id != part.start());
    let all = occurrences(booking, &bookings::overrides(conn, ctx.tenant, id)?)?;
    // Both have buffers, which may not meet.
    let kept = all.iter().filter(stays).map(|o| o.span.at.widened(before + after, before + after));
    let others = kept.collect();
    Ok(Some(Place { span: this.span, staff, resources: resources.clone(), others }))
}
