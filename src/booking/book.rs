//! Making a booking.

use crate::store::bookings::{self, Booking, Override};
use crate::store::people::Person;
use crate::store::resources::Resource;
use crate::store::services::{self, Service};
use crate::store::{BookingStatus, Conn, Id, Ids, Local};

use super::allocate::{Needs, Taken, take};
use super::cast::{Cast, Grip, bookable_service, resource_candidates, staff_candidates};
use super::model::{Booked, NewBooking};
use super::people::find_or_add_customer;
use super::project::{self, Scene};
use super::refusal::{self, Asking, Party};
use super::series::{self, Occurrence};
use super::span::{Asked, Bounds, Span, resolve};
use super::{Conflict, Context, Error, Faults, history, input, offer};

/// What an import knows of a booking beside what everybody may ask for.
#[derive(Debug, Clone, Default)]
pub struct Origin {
    /// Its UID elsewhere, kept for ever.
    pub uid: Option<String>,
    /// Its SEQUENCE elsewhere.
    pub sequence: Option<i32>,
    /// A state it can be in only because it is older.
    pub status: Option<BookingStatus>,
    /// Occurrences of its series that differ, by local start: where they are moved to, or nowhere.
    pub overrides: Vec<OverrideInput>,
}

/// An occurrence that differs from its rule: local times in the booking's zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OverrideInput {
    /// The start the rule gives it.
    pub recurrence_id: Local,
    /// Start and end it was moved to; none: it does not take place.
    pub moved_to: Option<(Local, Local)>,
}

/// How a booking comes about.
#[derive(Debug, Clone, Copy)]
pub(super) struct Way {
    /// Which times are accepted.
    pub bounds: Bounds,
    /// The order it belongs to.
    pub order: Option<Id>,
    /// Its time was held for it: hours, blocks and terms were asked when it was.
    pub held: bool,
}

impl Way {
    /// As anybody books.
    pub fn plain(ctx: &Context) -> Self {
        Self { bounds: Bounds::Upcoming(ctx.now), order: None, held: false }
    }
}

/// Books: checks the input, takes the time, writes booking, history and everyone's calendars.
///
/// # Errors
/// [`Error::Invalid`] with every fault, [`Conflict::SlotUnavailable`] when the time is taken,
/// [`Conflict::AlreadyExists`] when the reference is in use.
pub fn book(conn: &mut Conn, ctx: &Context, new: &NewBooking) -> Result<Booked, Error> {
    make(conn, ctx, new, &Origin::default(), Way::plain(ctx))
}

/// Books what comes from elsewhere: it may be in the past, over, or cancelled, and keeps its UID.
///
/// # Errors
/// As [`book`].
pub fn adopt(conn: &mut Conn, ctx: &Context, new: &NewBooking, origin: &Origin) -> Result<Booked, Error> {
    make(conn, ctx, new, origin, Way { bounds: Bounds::Any, order: None, held: false })
}

/// Books in some way.
pub(super) fn make(
    conn: &mut Conn,
    ctx: &Context,
    new: &NewBooking,
    origin: &Origin,
    way: Way,
) -> Result<Booked, Error> {
    let service = bookable_service(conn, ctx, new.service, Grip::Hold)?;
    let asked = Asked {
        start: &new.start,
        end: new.end.as_deref(),
        timezone: new.timezone.as_deref(),
        duration_minutes: service.duration_minutes,
    };
    let (span, notices) = resolve(asked, &ctx.zone, way.bounds)?;
    let mut booking = row(ctx, new, origin, &service, &span)?;
    booking.order_id = way.order;
    let rule = new.rrule.as_deref().map(|rule| series::read(rule, &span)).transpose()?;
    booking.rrule = rule.map(|series| series.rule);
    let overrides = overrides(&booking, origin);
    let occurrences = series::occurrences(&span, booking.rrule.as_deref(), &overrides)?;
    booking.last_end = project::last_end(&booking, &occurrences);
    refuse_known_reference(conn, ctx, &booking)?;
    let customer = find_or_add_customer(conn, ctx, &new.customer)?;
    let taken = claim(conn, ctx, new, way, &service, &booking, &occurrences)?;
    booking.customer_id = customer.as_ref().map(|c| c.person_id);
    booking.staff_id = taken.staff.as_ref().map(|s| s.person_id);
    booking.resource_ids = Ids(taken.resources.iter().map(|r| r.resource_id).collect());
    bookings::insert(conn, &booking)?;
    if !overrides.is_empty() {
        bookings::set_overrides(conn, ctx.tenant, booking.booking_id, &overrides)?;
    }
    history::record(conn, ctx, "created", None, &booking)?;
    let (stand_ins, other_resources) = (Vec::new(), Vec::new());
    let cast = Cast { service, staff: taken.staff, customer, resources: taken.resources, stand_ins, other_resources };
    let scene = Scene { booking: &booking, cast: &cast, overrides: &overrides, occurrences: &occurrences };
    let touched = project::create(conn, ctx, &scene)?;
    Ok(Booked { booking, customer: cast.customer, notices, touched })
}

/// The row as the input alone determines it.
pub(super) fn row(
    ctx: &Context,
    new: &NewBooking,
    origin: &Origin,
    service: &Service,
    span: &Span,
) -> Result<Booking, Error> {
    let texts = Texts::check(new)?;
    let id = Id::new();
    let mut booking = Booking {
        tenant_id: ctx.tenant,
        booking_id: id,
        uid: origin.uid.clone().unwrap_or_else(|| id.to_string()),
        sequence: origin.sequence.unwrap_or(0).max(0),
        version: 1,
        status: origin.status.map_or_else(|| first_status(new.status), Ok)?,
        kind: service.kind,
        service_id: service.service_id,
        staff_id: None,
        resource_ids: Ids::default(),
        customer_id: None,
        start_local: Local(span.start_local),
        end_local: Local(span.end_local),
        fold: 0,
        end_fold: 0,
        timezone: String::new(),
        all_day: false,
        start_at: span.at.start,
        end_at: span.at.end,
        last_end: span.at.end,
        rrule: None,
        buffer_before_minutes: service.buffer_before_minutes,
        buffer_after_minutes: service.buffer_after_minutes,
        location: texts.location,
        stop: texts.stop,
        notes: texts.notes,
        external_ref: texts.external_ref,
        order_id: None,
        cancel_reason: None,
        created_at: ctx.now,
        updated_at: ctx.now,
        continues: None,
    };
    span.write_to(&mut booking);
    Ok(booking)
}

/// A new booking is confirmed, or tentative when somebody has yet to decide.
pub(super) fn first_status(asked: Option<BookingStatus>) -> Result<BookingStatus, Error> {
    match asked {
        None | Some(BookingStatus::Confirmed) => Ok(BookingStatus::Confirmed),
        Some(BookingStatus::Tentative) => Ok(BookingStatus::Tentative),
        Some(other) => {
            Err(Error::invalid("/status", format!("cannot be set to {other} here; use tentative or confirmed")))
        }
    }
}

/// The free texts of a booking, checked.
struct Texts {
    location: Option<String>,
    stop: Option<i32>,
    notes: Option<String>,
    external_ref: Option<String>,
}

impl Texts {
    fn check(new: &NewBooking) -> Result<Self, Error> {
        let mut faults = Faults::default();
        let texts = Self {
            location: faults.take("/location", new.location.as_deref().map(|t| input::line(t, 500)).transpose()),
            stop: faults.take("/stop", new.stop.map(|n| input::number(n, 1..=10_000)).transpose()),
            notes: faults.take("/notes", new.notes.as_deref().map(|t| input::paragraph(t, 10_000)).transpose()),
            external_ref: faults
                .take("/external_ref", new.external_ref.as_deref().map(|t| input::line(t, 200)).transpose()),
        };
        faults.check()?;
        Ok(texts)
    }
}

pub(super) fn overrides(booking: &Booking, origin: &Origin) -> Vec<Override> {
    let row = |o: &OverrideInput| {
        let (start_local, end_local) = o.moved_to.unwrap_or((o.recurrence_id, o.recurrence_id));
        Override {
            tenant_id: booking.tenant_id,
            booking_id: booking.booking_id,
            recurrence_id: o.recurrence_id,
            cancelled: o.moved_to.is_none(),
            start_local,
            end_local,
            fold: 0,
            end_fold: 0,
            staff_id: None,
            resource_ids: None,
        }
    };
    origin.overrides.iter().map(row).collect()
}

pub(super) fn refuse_known_reference(conn: &mut Conn, ctx: &Context, booking: &Booking) -> Result<(), Error> {
    let Some(reference) = &booking.external_ref else { return Ok(()) };
    match bookings::find_by_external_ref(conn, ctx.tenant, reference)? {
        None => Ok(()),
        Some(known) => Err(Error::conflict(
            Conflict::AlreadyExists,
            format!("external_ref \"{reference}\" is booking {} already; change that one instead", known.booking_id),
        )),
    }
}

/// Takes staff and resources, unless the booking is cancelled and so needs none.
pub(super) fn claim(
    conn: &mut Conn,
    ctx: &Context,
    new: &NewBooking,
    way: Way,
    service: &Service,
    booking: &Booking,
    occurrences: &[Occurrence],
) -> Result<Taken, Error> {
    let providers = services::providers(conn, ctx.tenant, service.service_id)?;
    let staff = staff_candidates(conn, ctx, &providers, new.staff, Grip::Hold)?;
    let resources = resource_candidates(conn, ctx, &providers, new.resources.as_deref(), Grip::Hold)?;
    if booking.status == BookingStatus::Cancelled {
        let named = new.staff.is_some();
        return Ok(Taken { staff: staff.into_iter().next().filter(|_| named), resources: Vec::new() });
    }
    // What comes from elsewhere is already agreed on, and what was held was allowed then.
    let by_hours = way.bounds != Bounds::Any && !way.held;
    let asking = Asking { ctx, service, booking, by_hours };
    if booking.rrule.is_none() {
        return allowed_and_free(conn, asking, occurrences, (staff, resources));
    }
    let party = Party { occurrences: occurrences.to_vec(), staff: staff.clone(), resources: resources.clone() };
    match allowed_and_free(conn, asking, occurrences, (staff, resources)) {
        Err(short @ Error::Conflict { kind: Conflict::SlotUnavailable, .. }) => {
            Err(refusal::of_each(conn, asking, &[party], short)?)
        }
        taken => taken,
    }
}

fn allowed_and_free(
    conn: &mut Conn,
    Asking { ctx, service, booking, by_hours }: Asking<'_>,
    occurrences: &[Occurrence],
    (mut staff, mut resources): (Vec<Person>, Vec<Vec<Resource>>),
) -> Result<Taken, Error> {
    if by_hours {
        (staff, resources) = offer::allowed(conn, ctx, service, occurrences, (staff, resources))?;
        staff = offer::fairest(conn, ctx, staff, booking.start_at)?;
    }
    let (capacity, now) = (service.capacity, ctx.now);
    take(conn, &Needs { booking, capacity, occurrences, staff, resources, overflow: false, now })
}
