//! Making a booking what its source says it is now.

use crate::store::bookings::{self, Booking, Override};
use crate::store::{BookingStatus, Conn, Id, Ids, Local, allocations};

use super::book::{Origin, overrides, refuse_known_reference, row};
use super::cast::{Grip, bookable_service};
use super::change::{finish, load, next_version, require_open, unchanged};
use super::model::{Booked, CustomerInput, NewBooking};
use super::people::find_or_add_customer;
use super::retake::{ALL, Retake};
use super::span::{Asked, Bounds, Span, resolve};
use super::{Context, Error, Fault, project, series};

/// Makes a booking that came from elsewhere what it is there now: the same identity, whatever differs written once.
/// Without `staff` or `resources` it keeps those it has.
///
/// A booking that was completed here stays so when its source only knows it as confirmed; one that was cancelled
/// here cannot be revived by a source that does not know of it.
///
/// # Errors
/// As [`super::adopt`]; [`super::Conflict::WrongState`] when a booking that is over or cancelled differs.
pub fn revise(conn: &mut Conn, ctx: &Context, id: Id, new: &NewBooking, origin: &Origin) -> Result<Booked, Error> {
    let old = load(conn, ctx, id, None)?;
    let status = next_status(&old, new, origin);
    if (old.status, status) == (BookingStatus::Cancelled, BookingStatus::Cancelled) {
        return unchanged(conn, old, Vec::new());
    }
    let (span, notices) = times(conn, ctx, new)?;
    let mut wanted = described(conn, ctx, &old, new, origin, &span)?;
    wanted.status = status;
    let stored = bookings::overrides(conn, ctx.tenant, id)?;
    let differs = with_stand_ins(overrides(&wanted, origin), &stored, &span, wanted.rrule.as_deref())?;
    let occurrences = series::occurrences(&span, wanted.rrule.as_deref(), &differs)?;
    wanted.last_end = project::last_end(&wanted, &occurrences);
    wanted.customer_id = customer(conn, ctx, &old, &new.customer)?;
    if wanted == old && differs == stored {
        return unchanged(conn, old, notices);
    }
    require_open(&old, "changed")?;
    if wanted.external_ref != old.external_ref {
        refuse_known_reference(conn, ctx, &wanted)?;
    }
    if status == BookingStatus::Cancelled {
        allocations::delete(conn, ctx.tenant, id)?;
    } else if differs != stored || takes_other_time(&old, &wanted) {
        let retake = Retake {
            old: &old,
            stored: &stored,
            wanted: &wanted,
            overrides: &differs,
            occurrences: &occurrences,
            gives_back: ALL,
            bounds: Bounds::Any,
        };
        retake.run(conn, ctx)?;
    }
    // Subscribers need not hear of a reference.
    let visible = differs != stored || Booking { external_ref: old.external_ref.clone(), ..wanted.clone() } != old;
    let next = next_version(&old, ctx.now, visible);
    wanted.version = next.version;
    wanted.updated_at = next.updated_at;
    wanted.sequence = next.sequence.max(origin.sequence.unwrap_or(0));
    Ok(Booked { notices, ..finish(conn, ctx, action(&old, &wanted), (&old, &stored), (wanted, &differs))? })
}

fn times(conn: &mut Conn, ctx: &Context, new: &NewBooking) -> Result<(Span, Vec<Fault>), Error> {
    let service = bookable_service(conn, ctx, new.service, Grip::Hold)?;
    let asked = Asked {
        start: &new.start,
        end: new.end.as_deref(),
        timezone: new.timezone.as_deref(),
        duration_minutes: service.duration_minutes,
    };
    resolve(asked, &ctx.zone, Bounds::Any)
}

/// The row as the source describes it, people and resources that it does not name as they are.
fn described(
    conn: &mut Conn,
    ctx: &Context,
    old: &Booking,
    new: &NewBooking,
    origin: &Origin,
    span: &Span,
) -> Result<Booking, Error> {
    let service = bookable_service(conn, ctx, new.service, Grip::Hold)?;
    let mut wanted = same_booking(old, row(ctx, new, origin, &service, span)?);
    wanted.staff_id = new.staff.or(old.staff_id);
    if let Some(resources) = &new.resources {
        wanted.resource_ids = Ids(resources.clone());
    }
    let rule = new.rrule.as_deref().map(|rule| series::read(rule, span)).transpose()?;
    wanted.rrule = rule.map(|series| series.rule);
    Ok(wanted)
}

/// No source says who serves a single occurrence: those who do, here, go on doing so.
fn with_stand_ins(
    mut differs: Vec<Override>,
    stored: &[Override],
    span: &Span,
    rule: Option<&str>,
) -> Result<Vec<Override>, Error> {
    let starts = if rule.is_some() && !stored.is_empty() { series::starts(span, rule)? } else { Vec::new() };
    for known in stored.iter().filter(|o| !o.cancelled && starts.contains(&o.recurrence_id.0)) {
        let same = |o: &&mut Override| o.recurrence_id == known.recurrence_id;
        let mine = match differs.iter_mut().find(same) {
            Some(o) if o.cancelled => continue,
            Some(o) => o,
            None if known.staff_id.is_none() && known.resource_ids.is_none() => continue,
            None => {
                let of_rule = span.moved_to(known.recurrence_id.0);
                let (start_local, end_local) = (Local(of_rule.start_local), Local(of_rule.end_local));
                differs.push(Override { start_local, end_local, fold: 0, end_fold: 0, ..known.clone() });
                continue;
            }
        };
        (mine.staff_id, mine.resource_ids) = (known.staff_id, known.resource_ids.clone());
        if (mine.start_local, mine.end_local) == (known.start_local, known.end_local) {
            (mine.fold, mine.end_fold) = (known.fold, known.end_fold);
        }
    }
    differs.sort_unstable_by_key(|o| o.recurrence_id.0);
    Ok(differs)
}

/// Who says nothing of the state leaves it; who knows no more than that it was agreed on does not undo what became of it.
fn next_status(old: &Booking, new: &NewBooking, origin: &Origin) -> BookingStatus {
    use BookingStatus::{Completed, Confirmed, NoShow};
    match (origin.status.or(new.status), old.status) {
        (Some(Confirmed), Completed | NoShow) | (None, _) => old.status,
        (Some(status), _) => status,
    }
}

/// The row as the source describes it, with what only this side knows.
fn same_booking(old: &Booking, described: Booking) -> Booking {
    let same_service = described.service_id == old.service_id;
    Booking {
        booking_id: old.booking_id,
        uid: old.uid.clone(),
        sequence: old.sequence,
        version: old.version,
        resource_ids: old.resource_ids.clone(),
        // A service whose kind or buffers were changed since leaves its bookings as they are.
        kind: if same_service { old.kind } else { described.kind },
        buffer_before_minutes: if same_service { old.buffer_before_minutes } else { described.buffer_before_minutes },
        buffer_after_minutes: if same_service { old.buffer_after_minutes } else { described.buffer_after_minutes },
        order_id: old.order_id,
        cancel_reason: old.cancel_reason.clone(),
        created_at: old.created_at,
        updated_at: old.updated_at,
        continues: old.continues,
        ..described
    }
}

/// The customer of old bookings may be deleted by now, and still is their customer.
fn customer(conn: &mut Conn, ctx: &Context, old: &Booking, input: &CustomerInput) -> Result<Option<Id>, Error> {
    match input {
        CustomerInput::Known(id) if old.customer_id == Some(*id) => Ok(Some(*id)),
        _ => Ok(find_or_add_customer(conn, ctx, input)?.map(|customer| customer.person_id)),
    }
}

fn takes_other_time(old: &Booking, new: &Booking) -> bool {
    let needs = |b: &Booking| {
        (b.start_at, b.end_at, b.start_local, b.staff_id, b.service_id, b.resource_ids.clone(), b.rrule.clone())
    };
    needs(old) != needs(new)
}

fn action(old: &Booking, new: &Booking) -> &'static str {
    if new.status != old.status && !matches!(new.status, BookingStatus::Tentative | BookingStatus::Confirmed) {
        return new.status.word();
    }
    if (old.start_at, old.end_at) == (new.start_at, new.end_at) { "changed" } else { "rescheduled" }
}
