//! Holds: times kept for people who are still deciding (B6).
//!
//! A hold takes its time as a booking does, with allocations under its own id, so that the database itself keeps holds
//! and bookings apart (B11). No calendar shows it. When it is booked, its time passes to the booking in one
//! transaction; when it expires, whoever wants the time next gets it (see [`super::allocate::take`]).

use crate::store::bookings::Booking;
use crate::store::holds::{self, Hold};
use crate::store::{Conn, Id, Ids, tenants};
use crate::time::{Instant, Zone};

use super::book::{Origin, Way, claim, make, row};
use super::cast::{Grip, bookable_service};
use super::model::{Booked, HeldBooking, NewBooking};
use super::series::Occurrence;
use super::span::{Asked, Bounds, Span, resolve};
use super::{Conflict, Context, Error, Fault, Faults, input};

/// How long a hold may last, in seconds.
const TTL_SECONDS: std::ops::RangeInclusive<i32> = 30..=3600;
/// How long it lasts when nobody says otherwise.
const DEFAULT_TTL_SECONDS: i64 = 600;
/// Holds of a business at one time, so that nobody can fill its calendar for nothing. Those who hold at the same moment
/// do not see each other: there may be a few more.
const MOST: i64 = 1000;

/// A time to hold.
#[derive(Debug, Clone)]
pub struct NewHold {
    /// What is to be booked, by whom, with what and when; everything else of it is left aside.
    pub wish: NewBooking,
    /// For how long, 30 to 3600; none: 600.
    pub ttl_seconds: Option<i64>,
}

/// A hold, and what the caller should know about how it was understood.
#[derive(Debug, Clone)]
pub struct Held {
    /// The row.
    pub hold: Hold,
    /// E.g. that a local time happens twice.
    pub notices: Vec<Fault>,
}

/// Holds a time.
///
/// # Errors
/// [`Error::Invalid`] with every fault, [`Conflict::SlotUnavailable`] when the time cannot be had, or
/// [`Conflict::TooMany`].
pub fn create(conn: &mut Conn, ctx: &Context, new: &NewHold) -> Result<Held, Error> {
    tenants::hold(conn, ctx.tenant)?;
    holds::delete_expired(conn, ctx.tenant, ctx.now)?;
    let mut faults = Faults::default();
    let ttl = input::number(new.ttl_seconds.unwrap_or(DEFAULT_TTL_SECONDS), TTL_SECONDS);
    let ttl = faults.take("/ttl_seconds", ttl);
    let service = faults.gather("", bookable_service(conn, ctx, new.wish.service, Grip::Hold))?;
    let asked = Asked {
        start: &new.wish.start,
        end: new.wish.end.as_deref(),
        timezone: new.wish.timezone.as_deref(),
        duration_minutes: service.as_ref().map_or(1, |service| service.duration_minutes),
    };
    let times = faults.gather("", resolve(asked, &ctx.zone, Bounds::Upcoming(ctx.now)))?;
    faults.check()?;
    let (Some(service), Some((span, notices))) = (service, times) else { return Err(Error::NotFound("service")) };
    refuse_too_many(conn, ctx)?;
    // The booking it may become, as far as its time is concerned.
    let booking = row(ctx, &new.wish, &Origin::default(), &service, &span)?;
    let occurrence = Occurrence { recurrence_id: span.start_local, span: span.clone() };
    let taken = claim(conn, ctx, &new.wish, Way::plain(ctx), &service, &booking, &[occurrence])?;
    let hold = Hold {
        staff_id: taken.staff.map(|person| person.person_id),
        resource_ids: Ids(taken.resources.iter().map(|resource| resource.resource_id).collect()),
        ..kept(&booking, &span, ctx.now + i64::from(ttl))
    };
    holds::insert(conn, &hold)?;
    Ok(Held { hold, notices })
}

fn kept(booking: &Booking, span: &Span, expires_at: Instant) -> Hold {
    Hold {
        tenant_id: booking.tenant_id,
        hold_id: booking.booking_id,
        service_id: booking.service_id,
        staff_id: None,
        resource_ids: Ids::default(),
        start_at: span.at.start,
        end_at: span.at.end,
        timezone: booking.timezone.clone(),
        all_day: span.all_day,
        expires_at,
        created_at: booking.created_at,
    }
}

fn refuse_too_many(conn: &mut Conn, ctx: &Context) -> Result<(), Error> {
    if holds::count(conn, ctx.tenant)? < MOST {
        return Ok(());
    }
    let detail =
        format!("there are {MOST} holds, as many as there may be; book or delete some, or wait until some expire");
    Err(Error::conflict(Conflict::TooMany, detail))
}

/// Finds a hold that has not expired.
///
/// # Errors
/// [`Error::NotFound`].
pub fn find(conn: &mut Conn, ctx: &Context, id: Id) -> Result<Hold, Error> {
    let hold = holds::find(conn, ctx.tenant, id)?;
    hold.filter(|hold| hold.expires_at > ctx.now).ok_or(Error::NotFound("hold"))
}

/// Gives a hold's time back.
///
/// # Errors
/// [`Error::NotFound`], also for one that has expired.
pub fn delete(conn: &mut Conn, ctx: &Context, id: Id) -> Result<(), Error> {
    find(conn, ctx, id)?;
    if holds::delete(conn, ctx.tenant, id)? { Ok(()) } else { Err(Error::NotFound("hold")) }
}

/// Books a time that is held: the hold ends and the booking has its time. A hold that has expired gives no right to the
/// time, which is booked if it is free.
///
/// # Errors
/// As [`super::book()`]; faults at `/hold` for one that there is not (any more), and wherever the booking disagrees with it.
pub fn redeem(conn: &mut Conn, ctx: &Context, wanted: &HeldBooking) -> Result<Booked, Error> {
    tenants::hold(conn, ctx.tenant)?;
    let (hold, new) = held(conn, ctx, wanted)?;
    let stands = hold.expires_at > ctx.now;
    // Of two who book one hold, the second finds it gone. An expired one goes with all others when the time is needed.
    if stands && !holds::delete(conn, ctx.tenant, hold.hold_id)? {
        return Err(gone(wanted.hold));
    }
    let mut booked = make(conn, ctx, &new, &Origin::default(), Way { held: stands, ..Way::plain(ctx) })?;
    if !stands {
        let detail = format!("expired at {}; the time was still free", hold.expires_at);
        booked.notices.push(Fault { pointer: "/hold".to_owned(), detail });
        holds::delete_expired(conn, ctx.tenant, ctx.now)?;
    }
    Ok(booked)
}

/// A hold, expired or not, and the booking of it that somebody wants.
///
/// # Errors
/// As [`redeem`].
pub(super) fn held(conn: &mut Conn, ctx: &Context, wanted: &HeldBooking) -> Result<(Hold, NewBooking), Error> {
    let hold = holds::find(conn, ctx.tenant, wanted.hold)?.ok_or_else(|| gone(wanted.hold))?;
    let new = agreed(&hold, wanted)?;
    Ok((hold, new))
}

fn gone(hold: Id) -> Error {
    Error::invalid("/hold", format!("names no hold of this business: {hold}; it may have expired or been booked"))
}

/// Gives a hold's time to who books it now; false: it has expired or was booked, and gives no right to the time.
///
/// # Errors
/// [`Error::Store`].
pub(super) fn release(conn: &mut Conn, ctx: &Context, id: Id) -> Result<bool, Error> {
    let stands = holds::find(conn, ctx.tenant, id)?.is_some_and(|hold| hold.expires_at > ctx.now);
    Ok(stands && holds::delete(conn, ctx.tenant, id)?)
}

/// The booking of a hold: what it names has to be as it was held.
fn agreed(hold: &Hold, wanted: &HeldBooking) -> Result<NewBooking, Error> {
    let rest = &wanted.rest;
    let mut faults = Faults::default();
    if let Some(service) = wanted.service.filter(|id| *id != hold.service_id) {
        faults.add("/service", format!("is {service}, but {} was held", hold.service_id));
    }
    if rest.staff.is_some() && rest.staff != hold.staff_id {
        let held = hold.staff_id.map_or_else(|| "nobody".to_owned(), |id| id.to_string());
        faults.add("/staff", format!("was not held; {held} was"));
    }
    let same = |asked: &Vec<Id>| {
        asked.len() == hold.resource_ids.0.len() && asked.iter().all(|id| hold.resource_ids.0.contains(id))
    };
    if rest.resources.as_ref().is_some_and(|asked| !same(asked)) {
        faults.add("/resources", "were not held, or not all that were held are named");
    }
    if rest.rrule.is_some() {
        faults.add("/rrule", "cannot stand beside a hold, which is of one time");
    }
    let times = faults.gather("", agreed_times(hold, wanted))?;
    faults.check()?;
    let (start, end, timezone) = times.unwrap_or_default();
    let resources = Some(hold.resource_ids.0.clone()).filter(|ids| !ids.is_empty());
    let (service, staff) = (hold.service_id, hold.staff_id);
    Ok(NewBooking { service, staff, resources, start, end: Some(end), timezone: Some(timezone), ..rest.clone() })
}

/// Start, end and zone of the booking of a hold, as texts.
fn agreed_times(hold: &Hold, wanted: &HeldBooking) -> Result<(String, String, String), Error> {
    let fault = |pointer: &str, detail: String| Error::invalid(pointer, detail);
    let held_zone = Zone::parse(&hold.timezone).map_err(|e| fault("/timezone", e.to_string()))?;
    let zone = wanted.rest.timezone.as_deref().map(input::zone).transpose().map_err(|e| fault("/timezone", e))?;
    let zone = zone.unwrap_or_else(|| held_zone.clone());
    if hold.all_day && zone != held_zone {
        return Err(fault("/timezone", format!("is not {held_zone}, in whose days the time was held")));
    }
    let text = |at: Instant| match hold.all_day {
        true => zone.civil_at(at).date().to_string(),
        false => at.to_rfc3339(&zone),
    };
    let (start, end) = (text(hold.start_at), text(hold.end_at));
    let read = |start: &str, end: Option<&str>| {
        resolve(Asked { start, end, timezone: Some(zone.name()), duration_minutes: 1 }, &zone, Bounds::Any)
    };
    let mut faults = Faults::default();
    if let Some(asked) = &wanted.start
        && let Some((span, _)) = faults.gather("", read(asked, None))?
        && (span.at.start, span.all_day) != (hold.start_at, hold.all_day)
    {
        faults.add("/start", format!("is not what was held: {start}"));
    }
    if let Some(asked) = &wanted.rest.end
        && let Some((span, _)) = faults.gather("", read(&start, Some(asked)))?
        && span.at.end != hold.end_at
    {
        faults.add("/end", format!("is not what was held: {end}"));
    }
    faults.check()?;
    Ok((start, end, zone.name().to_owned()))
}
