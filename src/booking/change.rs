//! Changing a booking that exists: time, people, resources, texts, state.

use serde_json::{Map, Value};

use crate::store::bookings::{self, Booking, Override};
use crate::store::{BookingStatus, Conn, Id, Ids, Local, allocations, people, tenants};
use crate::time::Instant;

use super::book::first_status;
use super::cast::Cast;
use super::model::{Booked, BookingPatch};
use super::people::find_or_add_customer;
use super::project::{self, Scene};
use super::retake::{ALL, Retake};
use super::series::{self, Occurrence};
use super::span::{Asked, Bounds, Span, resolve};
use super::{Conflict, Context, Error, Fault, Faults, additions, history, input};

/// Applies a patch. What it does not name stays; when nothing differs, nothing is written.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Changed`], [`Error::Invalid`], [`Conflict::SlotUnavailable`], or
/// [`Conflict::WrongState`] for a booking that is over or cancelled.
pub fn change(conn: &mut Conn, ctx: &Context, id: Id, patch: &BookingPatch) -> Result<Booked, Error> {
    apply(conn, ctx, id, patch, "changed")
}

/// Moves a booking: a patch that names a start. Its UID stays (B9).
///
/// # Errors
/// As [`change`].
pub fn reschedule(conn: &mut Conn, ctx: &Context, id: Id, patch: &BookingPatch) -> Result<Booked, Error> {
    if patch.start.is_none() {
        return Err(Error::invalid("/start", "is missing"));
    }
    apply(conn, ctx, id, patch, "rescheduled")
}

/// Cancels: the time is free again, calendars show it, the history keeps it. Cancelling twice changes nothing.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Changed`], or [`Conflict::WrongState`] for a booking that took place.
pub fn cancel(
    conn: &mut Conn,
    ctx: &Context,
    id: Id,
    expected_version: Option<i64>,
    reason: Option<String>,
) -> Result<Booked, Error> {
    let reason = checked_reason(reason.as_deref())?;
    let old = load(conn, ctx, id, expected_version)?;
    if old.status == BookingStatus::Cancelled {
        return unchanged(conn, old, Vec::new());
    }
    require_open(&old, "cancelled")?;
    cancel_whole(conn, ctx, &old, reason)
}

/// Cancels an open booking.
pub(super) fn cancel_whole(
    conn: &mut Conn,
    ctx: &Context,
    old: &Booking,
    reason: Option<String>,
) -> Result<Booked, Error> {
    allocations::delete(conn, ctx.tenant, old.booking_id)?;
    let new = Booking { status: BookingStatus::Cancelled, cancel_reason: reason, ..next_version(old, ctx.now, true) };
    let overrides = bookings::overrides(conn, ctx.tenant, old.booking_id)?;
    finish(conn, ctx, "cancelled", (old, &overrides), (new, &overrides))
}

/// Why something is cancelled, as it is kept.
pub(super) fn checked_reason(text: Option<&str>) -> Result<Option<String>, Error> {
    let reason = text.map(|text| input::paragraph(text, 1000)).transpose();
    Ok(reason.map_err(|detail| Error::invalid("/reason", detail))?.filter(|text| !text.is_empty()))
}

/// Notes that a booking took place.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Changed`], or [`Conflict::WrongState`].
pub fn complete(conn: &mut Conn, ctx: &Context, id: Id, expected_version: Option<i64>) -> Result<Booked, Error> {
    close(conn, ctx, id, expected_version, BookingStatus::Completed)
}

/// Notes that the customer did not come.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Changed`], or [`Conflict::WrongState`].
pub fn no_show(conn: &mut Conn, ctx: &Context, id: Id, expected_version: Option<i64>) -> Result<Booked, Error> {
    close(conn, ctx, id, expected_version, BookingStatus::NoShow)
}

fn close(
    conn: &mut Conn,
    ctx: &Context,
    id: Id,
    expected_version: Option<i64>,
    status: BookingStatus,
) -> Result<Booked, Error> {
    let old = load(conn, ctx, id, expected_version)?;
    if old.status == status {
        return unchanged(conn, old, Vec::new());
    }
    require_open(&old, status.word())?;
    let new = Booking { status, ..next_version(&old, ctx.now, true) };
    let overrides = bookings::overrides(conn, ctx.tenant, id)?;
    finish(conn, ctx, status.word(), (&old, &overrides), (new, &overrides))
}

pub(super) fn load(conn: &mut Conn, ctx: &Context, id: Id, expected: Option<i64>) -> Result<Booking, Error> {
    tenants::hold(conn, ctx.tenant)?;
    let booking = bookings::find(conn, ctx.tenant, id)?.ok_or(Error::NotFound("booking"))?;
    match expected {
        Some(version) if version != booking.version => Err(Error::Changed),
        _ => Ok(booking),
    }
}

pub(super) fn require_open(booking: &Booking, verb: &str) -> Result<(), Error> {
    if matches!(booking.status, BookingStatus::Tentative | BookingStatus::Confirmed) {
        return Ok(());
    }
    let detail = format!("the booking is {} and cannot be {verb} any more; make a new one", booking.status);
    Err(Error::conflict(Conflict::WrongState, detail))
}

pub(super) fn unchanged(conn: &mut Conn, booking: Booking, notices: Vec<Fault>) -> Result<Booked, Error> {
    let customer = booking.customer_id.map(|id| people::find(conn, booking.tenant_id, id)).transpose()?.flatten();
    Ok(Booked { booking, customer, notices, touched: Vec::new() })
}

/// The row of the next change. LAST-MODIFIED grows with every change, even within one second: there are subscribers
/// (ICSx5) that skip an event whose LAST-MODIFIED is the one they know.
pub(super) fn next_version(old: &Booking, now: Instant, visible: bool) -> Booking {
    let mut new = old.clone();
    new.version += 1;
    new.updated_at = now.max(old.updated_at + 1);
    if visible {
        new.sequence += 1;
    }
    new
}

fn apply(conn: &mut Conn, ctx: &Context, id: Id, patch: &BookingPatch, action: &str) -> Result<Booked, Error> {
    let old = load(conn, ctx, id, patch.expected_version)?;
    require_open(&old, "changed")?;
    let mut wanted = old.clone();
    patch_texts(&mut wanted, patch)?;
    let notices = patch_times(ctx, &old, &mut wanted, patch)?;
    if let Some(status) = patch.status {
        wanted.status = first_status(Some(status))?;
    }
    if let Some(input) = &patch.customer {
        wanted.customer_id = find_or_add_customer(conn, ctx, input)?.map(|c| c.person_id);
    }
    if let Some(staff) = patch.staff {
        wanted.staff_id = staff;
    }
    if let Some(resources) = &patch.resources {
        wanted.resource_ids = Ids(resources.clone());
    }
    if wanted == old {
        return unchanged(conn, old, notices);
    }
    refuse_taken_reference(conn, ctx, &old, &wanted)?;
    let stored = bookings::overrides(conn, ctx.tenant, id)?;
    let overrides = carried(&stored, &old, &wanted)?;
    let occurrences = occurrences(&wanted, &overrides)?;
    wanted.last_end = project::last_end(&wanted, &occurrences);
    if needs_other_time(&old, &wanted) {
        let retake = Retake {
            old: &old,
            stored: &stored,
            wanted: &wanted,
            overrides: &overrides,
            occurrences: &occurrences,
            gives_back: ALL,
            bounds: Bounds::Upcoming(ctx.now),
        };
        retake.run(conn, ctx)?;
    }
    let visible = Booking { external_ref: old.external_ref.clone(), ..wanted.clone() } != old;
    let next = next_version(&old, ctx.now, visible);
    let new = Booking { version: next.version, sequence: next.sequence, updated_at: next.updated_at, ..wanted };
    Ok(Booked { notices, ..finish(conn, ctx, action, (&old, &stored), (new, &overrides))? })
}

fn patch_texts(wanted: &mut Booking, patch: &BookingPatch) -> Result<(), Error> {
    let mut faults = Faults::default();
    let line = |text: &String, max| input::line(text, max);
    if let Some(notes) = &patch.notes {
        wanted.notes = faults.take("/notes", notes.as_ref().map(|t| input::paragraph(t, 10_000)).transpose());
    }
    if let Some(location) = &patch.location {
        wanted.location = faults.take("/location", location.as_ref().map(|t| line(t, 500)).transpose());
    }
    if let Some(reference) = &patch.external_ref {
        wanted.external_ref = faults.take("/external_ref", reference.as_ref().map(|t| line(t, 200)).transpose());
    }
    if let Some(stop) = patch.stop {
        wanted.stop = faults.take("/stop", stop.map(|n| input::number(n, 1..=10_000)).transpose());
    }
    faults.check()
}

/// Works out the new times: a new start keeps the duration, a new zone keeps what the clocks show.
pub(super) fn patch_times(
    ctx: &Context,
    old: &Booking,
    wanted: &mut Booking,
    patch: &BookingPatch,
) -> Result<Vec<Fault>, Error> {
    if patch.start.is_none() && patch.end.is_none() && patch.timezone.is_none() {
        return Ok(Vec::new());
    }
    let before = Span::of(old).map_err(|e| Error::invalid("/timezone", e.to_string()))?;
    let keeps_zone = patch.timezone.is_none();
    let local = |text: &Local| if old.all_day { text.to_string()[..10].to_owned() } else { text.to_string() };
    // In the same zone the instant says which of two equal local times is meant.
    let kept = |text: &Local, at: Instant| {
        if keeps_zone && !old.all_day { at.to_rfc3339(&before.zone) } else { local(text) }
    };
    let start = patch.start.clone().unwrap_or_else(|| kept(&old.start_local, old.start_at));
    let end = match (&patch.end, &patch.start) {
        (Some(end), _) => Some(end.clone()),
        (None, Some(_)) => None,
        (None, None) => Some(kept(&old.end_local, old.end_at)),
    };
    let asked = Asked {
        start: &start,
        end: end.as_deref(),
        timezone: Some(patch.timezone.as_deref().unwrap_or(&old.timezone)),
        duration_minutes: duration_minutes(&before),
    };
    let (span, notices) = resolve(asked, &ctx.zone, Bounds::Upcoming(ctx.now))?;
    span.write_to(wanted);
    if let Some(rule) = &old.rrule {
        wanted.rrule = Some(series::moved(rule, old.start_local.0, &span)?.rule);
    }
    Ok(notices)
}

pub(super) fn duration_minutes(span: &Span) -> i32 {
    if span.all_day {
        let days = span.end_local.date().since(span.start_local.date()).map_or(1, |between| between.get_days());
        return days * 1440;
    }
    i32::try_from((span.at.end - span.at.start) / 60).unwrap_or(i32::MAX)
}

fn refuse_taken_reference(conn: &mut Conn, ctx: &Context, old: &Booking, wanted: &Booking) -> Result<(), Error> {
    let Some(reference) = wanted.external_ref.as_ref().filter(|_| wanted.external_ref != old.external_ref) else {
        return Ok(());
    };
    match bookings::find_by_external_ref(conn, ctx.tenant, reference)? {
        None => Ok(()),
        Some(known) => Err(Error::conflict(
            Conflict::AlreadyExists,
            format!("external_ref \"{reference}\" is booking {} already", known.booking_id),
        )),
    }
}

/// What differs from a rule that moved moves with it.
fn carried(stored: &[Override], old: &Booking, wanted: &Booking) -> Result<Vec<Override>, Error> {
    let times = |b: &Booking| (b.start_local, b.end_local, b.timezone.clone(), b.all_day, b.rrule.clone());
    if stored.is_empty() || times(old) == times(wanted) {
        return Ok(stored.to_vec());
    }
    let starts = |booking: &Booking| -> Result<_, Error> {
        let span = span_of(booking)?;
        let starts = series::starts(&span, booking.rrule.as_deref())?;
        Ok((span, starts))
    };
    let ((was, old), (is, new)) = (starts(old)?, starts(wanted)?);
    Ok(series::carried(stored, (&was, &old), (&is, &new)))
}

/// When a stored booking takes place, or the first occurrence of a series.
pub(super) fn span_of(booking: &Booking) -> Result<Span, Error> {
    Span::of(booking).map_err(|e| Error::invalid("/timezone", e.to_string()))
}

pub(super) fn occurrences(booking: &Booking, overrides: &[Override]) -> Result<Vec<Occurrence>, Error> {
    series::occurrences(&span_of(booking)?, booking.rrule.as_deref(), overrides)
}

fn needs_other_time(old: &Booking, new: &Booking) -> bool {
    (old.start_at, old.end_at, old.staff_id, &old.resource_ids, &old.rrule, old.start_local)
        != (new.start_at, new.end_at, new.staff_id, &new.resource_ids, &new.rrule, new.start_local)
}

/// Writes the row, what differs from its rule, its history and everyone's calendars.
pub(super) fn finish(
    conn: &mut Conn,
    ctx: &Context,
    action: &str,
    was: (&Booking, &[Override]),
    is: (Booking, &[Override]),
) -> Result<Booked, Error> {
    finish_with(conn, ctx, action, was, is, Map::new())
}

/// As [`finish`], with more for the history to tell.
pub(super) fn finish_with(
    conn: &mut Conn,
    ctx: &Context,
    action: &str,
    (old, stored): (&Booking, &[Override]),
    (new, overrides): (Booking, &[Override]),
    more: Map<String, Value>,
) -> Result<Booked, Error> {
    if !bookings::replace(conn, &new, old.version)? {
        return Err(Error::lost());
    }
    if overrides != stored {
        bookings::set_overrides(conn, ctx.tenant, new.booking_id, overrides)?;
    }
    let mut changes = Map::new();
    if (old.start_local, &old.rrule) == (new.start_local, &new.rrule) {
        changes = history::occurrences(&span_of(&new)?, stored, overrides);
    }
    changes.extend(more);
    history::record_with(conn, ctx, action, Some(old), &new, changes)?;
    let (was, is) = (Cast::load(conn, old, stored)?, Cast::load(conn, &new, overrides)?);
    let (then, now) = (occurrences(old, stored)?, occurrences(&new, overrides)?);
    let before = Scene { booking: old, cast: &was, overrides: stored, occurrences: &then };
    let after = Scene { booking: &new, cast: &is, overrides, occurrences: &now };
    let touched = project::update(conn, ctx, &after, Some(&before))?;
    additions::carry(conn, ctx, old, &new)?;
    Ok(Booked { booking: new, customer: is.customer, notices: Vec::new(), touched })
}
