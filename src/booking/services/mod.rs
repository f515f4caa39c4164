//! What can be booked (B4).

mod change;
mod color;
mod providers;

pub use change::{ServicePatch, update};
pub(super) use providers::withdraw;

use std::ops::RangeInclusive;

use super::{Conflict, Context, Error, Faults, input};
use crate::store::bookings::{self, Upcoming};
use crate::store::services::{self, Service};
use crate::store::{BookingKind, Conn, Id};

/// A year of leap days' minutes: 366 days.
const YEAR_MINUTES: i32 = 527_040;
const DURATION: RangeInclusive<i32> = 1..=YEAR_MINUTES;
const BUFFER: RangeInclusive<i32> = 0..=1440;
const STEP: RangeInclusive<i32> = 1..=1440;
const AHEAD: RangeInclusive<i32> = 0..=YEAR_MINUTES;
const ADVANCE_DAYS: RangeInclusive<i32> = 1..=3660;
const CAPACITY: RangeInclusive<i32> = 1..=1000;
/// Four weeks.
const REMINDER: RangeInclusive<i32> = 0..=40_320;
const REMINDERS: usize = 10;
/// One day and one hour before (M2).
const DEFAULT_REMINDERS: [i64; 2] = [1440, 60];

/// A service as somebody describes it. Numbers are checked against the bounds, so any may come.
#[derive(Debug, Clone, Default)]
pub struct NewService {
    /// Name, up to 200 characters.
    pub name: String,
    /// None: a class when there is more than one seat, an appointment otherwise.
    pub kind: Option<BookingKind>,
    /// 1 to 527,040 (366 days).
    pub duration_minutes: i64,
    /// 0 to 1440; none: 0.
    pub buffer_before_minutes: Option<i64>,
    /// 0 to 1440; none: 0.
    pub buffer_after_minutes: Option<i64>,
    /// 1 to 1440.
    pub slot_step_minutes: Option<i64>,
    /// 0 to 527,040.
    pub min_notice_minutes: Option<i64>,
    /// 1 to 3660.
    pub max_advance_days: Option<i64>,
    /// Seats, 1 to 1000; more than one only for a class; none: 1.
    pub capacity: Option<i64>,
    /// CSS3 colour name (RFC 7986 §5.9) or `#rrggbb`.
    pub color: Option<String>,
    /// Up to ten numbers from 0 to 40,320; none: 1440 and 60.
    pub reminders_minutes: Option<Vec<i64>>,
    /// 0 to 527,040.
    pub cancellation_window_minutes: Option<i64>,
    /// The reference another system knows it by, unique in the business.
    pub external_ref: Option<String>,
    /// Who can serve it; none: any staff member.
    pub staff: Vec<Id>,
    /// What can serve it; none: no resource is needed.
    pub resources: Vec<Id>,
}

/// A service with who and what can serve it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offered {
    /// The row.
    pub service: Service,
    /// Staff members, in the order of their ids.
    pub staff: Vec<Id>,
    /// Resources, in the order of their ids.
    pub resources: Vec<Id>,
}

/// Finds a service that is not deleted.
///
/// # Errors
/// [`Error::NotFound`].
pub fn find(conn: &mut Conn, ctx: &Context, id: Id) -> Result<Offered, Error> {
    let service = services::find(conn, ctx.tenant, id)?
        .filter(|service| service.deleted_at.is_none())
        .ok_or(Error::NotFound("service"))?;
    let (staff, resources) = providers::split(&services::providers(conn, ctx.tenant, id)?);
    Ok(Offered { service, staff, resources })
}

/// A page of services whose id comes after `after`, oldest first, with who and what can serve them.
///
/// # Errors
/// [`Error::Store`].
pub fn list(conn: &mut Conn, ctx: &Context, after: Option<Id>, limit: i64) -> Result<Vec<Offered>, Error> {
    let page = services::list(conn, ctx.tenant, after, limit)?;
    let ids: Vec<Id> = page.iter().map(|service| service.service_id).collect();
    let all = services::providers_of_all(conn, ctx.tenant, &ids)?;
    let offered = |service: Service| {
        let (staff, resources) = providers::split(all.iter().filter(|p| p.service_id == service.service_id));
        Offered { service, staff, resources }
    };
    Ok(page.into_iter().map(offered).collect())
}

/// Adds a service.
///
/// # Errors
/// [`Error::Invalid`], or [`Conflict::AlreadyExists`] when the reference is taken.
pub fn create(conn: &mut Conn, ctx: &Context, new: &NewService) -> Result<Offered, Error> {
    let mut faults = Faults::default();
    let service = checked(ctx, new, &mut faults);
    let staff = providers::staff(conn, ctx, &new.staff, &mut faults)?;
    let resources = providers::resources(conn, ctx, &new.resources, &mut faults)?;
    faults.check()?;
    refuse_twin(conn, &service)?;
    services::insert(conn, &service)?;
    let offered = Offered { service, staff, resources };
    providers::save(conn, &offered)?;
    Ok(offered)
}

/// The row, whose fields are only good when no fault was noted.
fn checked(ctx: &Context, new: &NewService, faults: &mut Faults) -> Service {
    let mut number = |field: &str, value: Option<i64>, bounds: RangeInclusive<i32>| -> Option<i32> {
        faults.take(&format!("/{field}"), value.map(|value| input::number(value, bounds)).transpose())
    };
    let duration = number("duration_minutes", Some(new.duration_minutes), DURATION);
    let before = number("buffer_before_minutes", Some(new.buffer_before_minutes.unwrap_or(0)), BUFFER);
    let after = number("buffer_after_minutes", Some(new.buffer_after_minutes.unwrap_or(0)), BUFFER);
    let capacity = number("capacity", Some(new.capacity.unwrap_or(1)), CAPACITY).unwrap_or(1);
    let slot_step_minutes = number("slot_step_minutes", new.slot_step_minutes, STEP);
    let min_notice_minutes = number("min_notice_minutes", new.min_notice_minutes, AHEAD);
    let max_advance_days = number("max_advance_days", new.max_advance_days, ADVANCE_DAYS);
    let window = number("cancellation_window_minutes", new.cancellation_window_minutes, AHEAD);
    let kind = new.kind.unwrap_or(if capacity > 1 { BookingKind::Class } else { BookingKind::Appointment });
    check_seats(kind, capacity, faults);
    let reminders = new.reminders_minutes.as_deref().unwrap_or(&DEFAULT_REMINDERS);
    Service {
        tenant_id: ctx.tenant,
        service_id: Id::new(),
        kind,
        name: faults.take("/name", input::line(&new.name, 200)),
        duration_minutes: duration.unwrap_or_default(),
        buffer_before_minutes: before.unwrap_or_default(),
        buffer_after_minutes: after.unwrap_or_default(),
        slot_step_minutes,
        min_notice_minutes,
        max_advance_days,
        capacity,
        color: faults.take("/color", new.color.as_deref().map(color::parse).transpose()),
        reminders_minutes: check_reminders(reminders, faults),
        cancellation_window_minutes: window,
        external_ref: faults.take("/external_ref", input::reference(new.external_ref.as_deref())),
        version: 1,
        created_at: ctx.now,
        updated_at: ctx.now,
        deleted_at: None,
    }
}

fn check_seats(kind: BookingKind, capacity: i32, faults: &mut Faults) {
    if capacity > 1 && kind != BookingKind::Class {
        faults.add("/capacity", format!("is {capacity}; only a class has more than one seat, and this is a {kind}"));
    }
}

/// The column's text: each number once, the earliest reminder first.
fn check_reminders(minutes: &[i64], faults: &mut Faults) -> String {
    if minutes.len() > REMINDERS {
        faults.add("/reminders_minutes", format!("has {} entries; at most {REMINDERS} are allowed", minutes.len()));
        return String::new();
    }
    let mut checked: Vec<i32> = Vec::with_capacity(minutes.len());
    for (i, value) in minutes.iter().enumerate() {
        checked.push(faults.take(&format!("/reminders_minutes/{i}"), input::number(*value, REMINDER)));
    }
    checked.sort_unstable_by(|a, b| b.cmp(a));
    checked.dedup();
    let words: Vec<String> = checked.iter().map(ToString::to_string).collect();
    words.join(",")
}

fn refuse_twin(conn: &mut Conn, service: &Service) -> Result<(), Error> {
    let Some(reference) = &service.external_ref else { return Ok(()) };
    match services::find_by_external_ref(conn, service.tenant_id, reference)? {
        Some(twin) if twin.service_id != service.service_id => {
            let detail = format!("external_ref \"{reference}\" belongs to {}", twin.service_id);
            Err(Error::conflict(Conflict::AlreadyExists, detail))
        }
        _ => Ok(()),
    }
}

/// Deletes a service: it cannot be booked any more; past bookings still name it.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Changed`], or [`Conflict::InUse`] while bookings are ahead.
pub fn delete(conn: &mut Conn, ctx: &Context, id: Id, expected_version: Option<i64>) -> Result<(), Error> {
    services::claim(conn, ctx.tenant, id)?;
    let old = find(conn, ctx, id)?.service;
    if expected_version.is_some_and(|expected| expected != old.version) {
        return Err(Error::Changed);
    }
    if bookings::any_upcoming(conn, ctx.tenant, Upcoming::OfService(id), ctx.now)? {
        let detail = "there are bookings ahead; cancel them first";
        return Err(Error::conflict(Conflict::InUse, detail));
    }
    let expected = old.version;
    let gone =
        Service { external_ref: None, version: expected + 1, updated_at: ctx.now, deleted_at: Some(ctx.now), ..old };
    if !services::replace(conn, &gone, expected)? {
        return Err(Error::lost());
    }
    Ok(services::set_providers(conn, ctx.tenant, id, &[])?)
}
