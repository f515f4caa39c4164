use std::ops::RangeInclusive;

use super::{
    ADVANCE_DAYS, AHEAD, BUFFER, CAPACITY, DURATION, Offered, STEP, check_reminders, check_seats, color, find,
    providers, refuse_twin,
};
use crate::booking::project;
use crate::booking::{Context, Error, Faults, Saved, input};
use crate::store::bookings::Upcoming;
use crate::store::services::{self, Service};
use crate::store::{BookingKind, Conn, Id};

/// What to change of a service. Outer `None`: leave it; inner `None`: remove it. Bounds as for [`super::NewService`].
///
/// Bookings made before keep their own duration and buffers.
#[derive(Debug, Clone, Default)]
#[expect(missing_docs, reason = "each field is that of NewService")]
pub struct ServicePatch {
    /// The version the caller read (`If-Match`); none: whatever it is.
    pub expected_version: Option<i64>,
    pub name: Option<String>,
    pub kind: Option<BookingKind>,
    pub duration_minutes: Option<i64>,
    pub buffer_before_minutes: Option<i64>,
    pub buffer_after_minutes: Option<i64>,
    pub slot_step_minutes: Option<Option<i64>>,
    pub min_notice_minutes: Option<Option<i64>>,
    pub max_advance_days: Option<Option<i64>>,
    pub capacity: Option<i64>,
    pub color: Option<Option<String>>,
    pub reminders_minutes: Option<Vec<i64>>,
    pub cancellation_window_minutes: Option<Option<i64>>,
    pub external_ref: Option<Option<String>>,
    pub staff: Option<Vec<Id>>,
    pub resources: Option<Vec<Id>>,
}

/// Changes a service. A patch that changes nothing leaves the version as it is.
///
/// # Errors
/// As for [`super::create`], and [`Error::NotFound`] or [`Error::Changed`].
pub fn update(conn: &mut Conn, ctx: &Context, id: Id, patch: &ServicePatch) -> Result<Saved<Offered>, Error> {
    if patch.name.is_some() || patch.color.is_some() || patch.reminders_minutes.is_some() {
        project::prepare_refresh(conn, ctx)?;
    }
    let old = find(conn, ctx, id)?;
    if patch.expected_version.is_some_and(|expected| expected != old.service.version) {
        return Err(Error::Changed);
    }
    let mut faults = Faults::default();
    let mut new = Offered { service: patched(&old.service, patch, &mut faults), ..old.clone() };
    if let Some(ids) = &patch.staff {
        new.staff = providers::staff(conn, ctx, ids, &mut faults)?;
    }
    if let Some(ids) = &patch.resources {
        new.resources = providers::resources(conn, ctx, ids, &mut faults)?;
    }
    faults.check()?;
    if new == old {
        return Ok(Saved::alone(old));
    }
    new.service.version += 1;
    new.service.updated_at = ctx.now;
    refuse_twin(conn, &new.service)?;
    if !services::replace(conn, &new.service, old.service.version)? {
        return Err(Error::lost());
    }
    if (&new.staff, &new.resources) != (&old.staff, &old.resources) {
        providers::save(conn, &new)?;
    }
    let shown = |s: &Service| (s.name.clone(), s.color.clone(), s.reminders_minutes.clone());
    let changed = shown(&old.service) != shown(&new.service);
    let touched = if changed { project::refresh(conn, ctx, Upcoming::OfService(id))? } else { Vec::new() };
    Ok(Saved { row: new, touched })
}

fn patched(old: &Service, patch: &ServicePatch, faults: &mut Faults) -> Service {
    let mut new = old.clone();
    set(&mut new.duration_minutes, "/duration_minutes", patch.duration_minutes, DURATION, faults);
    set(&mut new.buffer_before_minutes, "/buffer_before_minutes", patch.buffer_before_minutes, BUFFER, faults);
    set(&mut new.buffer_after_minutes, "/buffer_after_minutes", patch.buffer_after_minutes, BUFFER, faults);
    set(&mut new.capacity, "/capacity", patch.capacity, CAPACITY, faults);
    set_or_clear(&mut new.slot_step_minutes, "/slot_step_minutes", patch.slot_step_minutes, STEP, faults);
    set_or_clear(&mut new.min_notice_minutes, "/min_notice_minutes", patch.min_notice_minutes, AHEAD, faults);
    set_or_clear(&mut new.max_advance_days, "/max_advance_days", patch.max_advance_days, ADVANCE_DAYS, faults);
    let window = patch.cancellation_window_minutes;
    set_or_clear(&mut new.cancellation_window_minutes, "/cancellation_window_minutes", window, AHEAD, faults);
    if let Some(name) = &patch.name {
        new.name = faults.take("/name", input::line(name, 200));
    }
    if let Some(kind) = patch.kind {
        new.kind = kind;
    }
    if let Some(text) = &patch.color {
        new.color = faults.take("/color", text.as_deref().map(color::parse).transpose());
    }
    if let Some(minutes) = &patch.reminders_minutes {
        new.reminders_minutes = check_reminders(minutes, faults);
    }
    if let Some(reference) = &patch.external_ref {
        new.external_ref = faults.take("/external_ref", input::reference(reference.as_deref()));
    }
    check_seats(new.kind, new.capacity, faults);
    new
}

fn set(field: &mut i32, pointer: &str, value: Option<i64>, bounds: RangeInclusive<i32>, faults: &mut Faults) {
    match value.map(|value| input::number(value, bounds)) {
        None => {}
        Some(Ok(value)) => *field = value,
        Some(Err(detail)) => faults.add(pointer, detail),
    }
}

fn set_or_clear(
    field: &mut Option<i32>,
    pointer: &str,
    value: Option<Option<i64>>,
    bounds: RangeInclusive<i32>,
    faults: &mut Faults,
) {
    match value.map(|value| value.map(|value| input::number(value, bounds)).transpose()) {
        None => {}
        Some(Ok(value)) => *field = value,
        Some(Err(detail)) => faults.add(pointer, detail),
    }
}
