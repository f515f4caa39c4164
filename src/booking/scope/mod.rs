//! Cancelling and moving some occurrences of a series (B8): one, or one and all after it.
//!
//! One that differs is an override, which keeps the start its rule gives it as its name (RFC 5545 §3.8.4.4). A series of
//! which the rest moves ends before it, and a new booking carries the rest on. Where the named occurrence is the first,
//! or the booking does not recur, all of it is meant.

mod one;
mod rest;

use crate::store::bookings::{self, Booking, Override};
use crate::store::{Conn, Id};
use crate::time::{Civil, Instant, TimeInput};

use super::model::{Booked, BookingPatch, Scope};
use super::series;
use super::span::Span;
use super::{Context, Error, change};

pub(in crate::booking) use one::place;

/// Cancels the occurrences that are meant: their time is free again, calendars show it, the history keeps it.
/// Cancelling twice changes nothing.
///
/// # Errors
/// As [`change::cancel`], and a fault at `/occurrence` when it names none of the booking.
pub fn cancel(
    conn: &mut Conn,
    ctx: &Context,
    id: Id,
    expected_version: Option<i64>,
    (scope, reason): (&Scope, Option<String>),
) -> Result<Booked, Error> {
    let aim = aim(conn, ctx, id, expected_version, scope)?;
    match aim {
        Aim::Whole => change::cancel(conn, ctx, id, expected_version, reason),
        Aim::One(part) => one::cancel(conn, ctx, &part, reason.as_deref()),
        Aim::Rest(part) => rest::cancel(conn, ctx, &part, reason.as_deref()),
    }
}

/// Moves the occurrences that are meant to a patch's start. Of a series whose rest moves, the answer is the booking that
/// carries it.
///
/// # Errors
/// As [`change::reschedule`], and a fault at `/occurrence` when it names none of the booking.
pub fn reschedule(
    conn: &mut Conn,
    ctx: &Context,
    id: Id,
    (scope, patch): (&Scope, &BookingPatch),
) -> Result<Booked, Error> {
    let aim = aim(conn, ctx, id, patch.expected_version, scope)?;
    match aim {
        Aim::Whole => change::reschedule(conn, ctx, id, patch),
        Aim::One(part) => one::reschedule(conn, ctx, &part, patch),
        Aim::Rest(part) => rest::reschedule(conn, ctx, &part, patch),
    }
}

/// What takes place of a booking: once, or by the dates of its series, the first one first.
///
/// # Errors
/// [`Error::Store`], and [`Error::Invalid`] for a rule that cannot be read.
pub fn occurrences(conn: &mut Conn, booking: &Booking) -> Result<Vec<series::Occurrence>, Error> {
    let overrides = bookings::overrides(conn, booking.tenant_id, booking.booking_id)?;
    let mut all = change::occurrences(booking, &overrides)?;
    all.sort_by_key(|o| o.span.at.start);
    Ok(all)
}

/// What a scope comes to.
#[derive(Debug)]
enum Aim {
    Whole,
    One(Box<Part>),
    Rest(Box<Part>),
}

/// A series and one occurrence of it.
#[derive(Debug)]
struct Part {
    booking: Booking,
    stored: Vec<Override>,
    /// Of the first occurrence, by the rule.
    span: Span,
    /// Of every occurrence.
    starts: Vec<Civil>,
    /// Which one is meant.
    n: usize,
}

impl Part {
    /// The start that the rule gives the occurrence.
    fn start(&self) -> Civil {
        self.starts[self.n]
    }

    /// Its key among the allocations.
    fn key(&self) -> Instant {
        self.span.zone.instant(self.start())
    }

    fn rule(&self) -> &str {
        self.booking.rrule.as_deref().unwrap_or_default()
    }

    /// What differs of it already.
    fn own(&self) -> Option<&Override> {
        self.stored.iter().find(|o| o.recurrence_id.0 == self.start())
    }

    /// When it takes place now.
    fn now(&self) -> Span {
        self.own().map_or_else(|| self.span.moved_to(self.start()), |o| series::overridden(&self.span, o))
    }
}

fn aim(conn: &mut Conn, ctx: &Context, id: Id, expected: Option<i64>, scope: &Scope) -> Result<Aim, Error> {
    let (Scope::This(name) | Scope::Following(name)) = scope else { return Ok(Aim::Whole) };
    let booking = change::load(conn, ctx, id, expected)?;
    let span = change::span_of(&booking)?;
    let starts = series::starts(&span, booking.rrule.as_deref())?;
    let recurs = booking.rrule.is_some();
    let n = match name {
        Some(name) => named(name, &span, &starts)?,
        None if recurs => return Err(missing(ctx, &span, &starts)),
        None => 0,
    };
    if !recurs || (n == 0 && matches!(scope, Scope::Following(_))) {
        return Ok(Aim::Whole);
    }
    let stored = bookings::overrides(conn, ctx.tenant, id)?;
    let part = Box::new(Part { booking, stored, span, starts, n });
    Ok(match scope {
        Scope::Following(_) => Aim::Rest(part),
        _ => Aim::One(part),
    })
}

/// How an occurrence is named.
#[must_use]
pub fn name(start: Civil, all_day: bool) -> String {
    if all_day { start.date().to_string() } else { start.strftime("%Y-%m-%dT%H:%M:%S").to_string() }
}

fn missing(ctx: &Context, span: &Span, starts: &[Civil]) -> Error {
    let ahead = starts.iter().find(|start| span.zone.instant(**start) > ctx.now).or(starts.last());
    let such = name(*ahead.unwrap_or(&span.start_local), span.all_day);
    let detail = format!("is missing: name the occurrence by the start its rule gives it, such as {such}");
    Error::invalid("/occurrence", detail)
}

/// Which of the starts a text names.
fn named(text: &str, span: &Span, starts: &[Civil]) -> Result<usize, Error> {
    let fault = |detail: String| Error::invalid("/occurrence", detail);
    let input = TimeInput::parse(text).map_err(|error| fault(error.to_string()))?;
    let first = |start: &Civil| *start == span.start_local;
    // The first may be the later of two equal times, when it is the only one.
    let at = |start: &Civil| if first(start) { span.at.start } else { span.zone.instant(*start) };
    let (found, civil) = match input {
        TimeInput::Fixed(instant) => {
            (starts.iter().position(|start| at(start) == instant), span.zone.civil_at(instant))
        }
        TimeInput::Local(civil) => (starts.iter().position(|start| *start == civil), civil),
        TimeInput::Day(date) => {
            let midnight = date.at(0, 0, 0, 0);
            (starts.iter().position(|start| span.all_day && *start == midnight), midnight)
        }
    };
    found.ok_or_else(|| {
        let apart = |start: &&Civil| (span.zone.instant(**start) - span.zone.instant(civil)).abs();
        let nearest = name(*starts.iter().min_by_key(apart).unwrap_or(&span.start_local), span.all_day);
        let whose = "occurrences are named by the start their rule gives them, whatever they were moved to";
        fault(format!("names no occurrence of this booking; {whose}, and the nearest is {nearest}"))
    })
}
