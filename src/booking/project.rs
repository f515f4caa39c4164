//! The projection: a booking as each of its readers sees it, written with it in one transaction.

use crate::store::bookings::{self, Booking, Override, Upcoming};
use crate::store::collections::{self, Object};
use crate::store::{self, BookingStatus, Conn, Id, tenants};
use crate::time::Instant;

use super::cast::Cast;
use super::render::{Reader, render};
use super::retake::serving;
use super::series::{self, Occurrence};
use super::span::Span;
use super::{Context, Error};

/// A booking with all that its calendar objects say.
#[derive(Debug)]
pub struct Scene<'a> {
    /// The row.
    pub booking: &'a Booking,
    /// Whom it names.
    pub cast: &'a Cast,
    /// What differs from its rule.
    pub overrides: &'a [Override],
    /// When it takes place.
    pub occurrences: &'a [Occurrence],
}

/// Writes a new booking into the calendars of everyone concerned, and returns these collections.
///
/// # Errors
/// [`Error::Store`].
pub fn create(conn: &mut Conn, ctx: &Context, scene: &Scene<'_>) -> Result<Vec<Id>, Error> {
    write(conn, ctx, readers(scene).into_iter().map(|reader| (reader, scene)), collections::insert_object)
}

/// Writes a changed booking into the calendars of everyone concerned; to those who were and are no more (`before`
/// names them), it is shown as cancelled.
///
/// # Errors
/// [`Error::Store`].
pub fn update(conn: &mut Conn, ctx: &Context, scene: &Scene<'_>, before: Option<&Scene<'_>>) -> Result<Vec<Id>, Error> {
    let mut shown: Vec<_> = readers(scene).into_iter().map(|reader| (reader, scene)).collect();
    let Some(before) = before else {
        return write(conn, ctx, shown.into_iter(), collections::put_object);
    };
    let withdrawn = Booking {
        status: BookingStatus::Cancelled,
        sequence: scene.booking.sequence,
        updated_at: scene.booking.updated_at,
        ..before.booking.clone()
    };
    let withdrawn = Scene { booking: &withdrawn, ..*before };
    for reader in readers(before) {
        if shown.iter().all(|((still, _), _)| *still != reader.0) {
            shown.push((reader, &withdrawn));
        }
    }
    write(conn, ctx, shown.into_iter(), collections::put_object)
}

/// Writes what each reader is shown into that reader's collection.
fn write<'a>(
    conn: &mut Conn,
    ctx: &Context,
    shown: impl Iterator<Item = ((Id, Reader), &'a Scene<'a>)>,
    put: fn(&mut Conn, &Object) -> Result<(), store::Error>,
) -> Result<Vec<Id>, Error> {
    let mut shown: Vec<_> = shown.collect();
    shown.sort_unstable_by(|((one, _), _), ((other, _), _)| collections::lock_order(*one, *other));
    for ((collection, reader), scene) in &shown {
        // Rendered before the lock is taken: it is held for the statements only.
        let object = object(ctx, scene, *collection, *reader)?;
        let change = collections::bump(conn, ctx.tenant, *collection, ctx.now)?;
        put(conn, &Object { change, ..object })?;
    }
    Ok(shown.into_iter().map(|((id, _), _)| id).collect())
}

/// Which collections a booking appears in, and as whose view: those of everyone who serves one of its dates, of its
/// customer and of the team. Of a series of which others serve every date, nothing is left.
fn readers(scene: &Scene<'_>) -> Vec<(Id, Reader)> {
    let booking = scene.booking;
    let served = if scene.overrides.is_empty() {
        vec![(booking.staff_id, &booking.resource_ids)]
    } else {
        scene.occurrences.iter().map(|occurrence| serving(booking, scene.overrides, occurrence)).collect()
    };
    let mut readers = vec![(Id::TEAM, Reader::Team)];
    readers.extend(booking.customer_id.map(|id| (id, Reader::Customer)));
    for (staff, resources) in &served {
        let resources = resources.0.iter().map(|id| (*id, Reader::Resource));
        for reader in staff.map(|id| (id, Reader::Staff)).into_iter().chain(resources) {
            if readers.iter().all(|(known, _)| *known != reader.0) {
                readers.push(reader);
            }
        }
    }
    readers
}

/// The object as a reader sees it; its change number comes with the lock.
fn object(ctx: &Context, scene: &Scene<'_>, collection: Id, reader: Reader) -> Result<Object, Error> {
    let booking = scene.booking;
    let span = Span::of(booking).map_err(|e| Error::invalid("/timezone", e.to_string()))?;
    Ok(Object {
        tenant_id: ctx.tenant,
        collection_id: collection,
        object_id: booking.booking_id,
        uid: booking.uid.clone(),
        kind: booking.kind.word().to_owned(),
        cancelled: booking.status == BookingStatus::Cancelled,
        timezone: (!span.all_day).then(|| booking.timezone.clone()),
        first_start: scene
            .occurrences
            .iter()
            .map(|o| o.span.at.start)
            .min()
            .unwrap_or(booking.start_at)
            .min(booking.start_at),
        last_end: last_end(booking, scene.occurrences),
        modified_at: booking.updated_at,
        change: 0,
        component: render(ctx, scene, &span, (reader, collection)),
    })
}

/// When the last occurrence is over.
#[must_use]
pub fn last_end(booking: &Booking, occurrences: &[Occurrence]) -> Instant {
    occurrences.iter().map(|o| o.span.at.end).max().unwrap_or(booking.end_at).max(booking.end_at)
}

/// Has the business to itself for a [`refresh`], before anything is read or locked for it: bookings are written anew in
/// another order than that in which others lock collections, and one that is just being made would keep the old name.
///
/// # Errors
/// [`Error::Store`].
pub fn prepare_refresh(conn: &mut Conn, ctx: &Context) -> Result<(), Error> {
    Ok(tenants::claim(conn, ctx.tenant)?)
}

/// Writes anew every booking that is not over and names what changed its name or look, as a change that subscribers
/// see. [`prepare_refresh`] comes first.
///
/// # Errors
/// [`Error::Store`].
pub fn refresh(conn: &mut Conn, ctx: &Context, of: Upcoming) -> Result<Vec<Id>, Error> {
    let mut touched = Vec::new();
    let mut after = None;
    loop {
        let page = bookings::upcoming(conn, ctx.tenant, of, ctx.now, after, 200)?;
        let Some(last) = page.last() else { break };
        after = Some(last.booking_id);
        for old in page {
            let new = super::change::next_version(&old, ctx.now, true);
            bookings::replace(conn, &new, old.version)?;
            super::history::record(conn, ctx, "refreshed", Some(&old), &new)?;
            touched.extend(reproject(conn, ctx, &new)?);
        }
    }
    touched.sort_unstable();
    touched.dedup();
    Ok(touched)
}

/// Writes a booking's objects anew, from its rows.
///
/// # Errors
/// [`Error::Store`].
pub fn reproject(conn: &mut Conn, ctx: &Context, booking: &Booking) -> Result<Vec<Id>, Error> {
    let overrides = bookings::overrides(conn, ctx.tenant, booking.booking_id)?;
    let cast = Cast::load(conn, booking, &overrides)?;
    let span = Span::of(booking).map_err(|e| Error::invalid("/timezone", e.to_string()))?;
    let occurrences = series::occurrences(&span, booking.rrule.as_deref(), &overrides)?;
    let scene = Scene { booking, cast: &cast, overrides: &overrides, occurrences: &occurrences };
    update(conn, ctx, &scene, None)
}
