//! What people added to single dates of a series for themselves goes with these dates when they become others: in the
//! transaction of the move, for everybody who added something.

use crate::ical::personal::{Moved, date_of, nth, renamed};
use crate::store::bookings::Booking;
use crate::store::{Conn, Id, members};

use super::change::span_of;
use super::{Context, Error, series};

/// The RECURRENCE-IDs of all dates of a booking, cancelled ones too.
pub(super) fn names(booking: &Booking) -> Result<Vec<String>, Error> {
    let span = span_of(booking)?;
    let form = match (span.all_day, span.zone.name()) {
        (true, _) => "YYYYMMDD",
        (false, "UTC") => "YYYYMMDDTHHMMSSZ",
        (false, _) => "YYYYMMDDTHHMMSS",
    };
    let starts = series::starts(&span, booking.rrule.as_deref())?;
    Ok(starts.into_iter().map(|start| date_of(span.zone.instant(start), form, &span.zone)).collect())
}

/// The dates of a series that begins at another time by now, if they are others.
///
/// # Errors
/// [`Error::Invalid`] for a rule that cannot be read.
pub fn moved(old: &Booking, new: &Booking) -> Result<Option<Moved>, Error> {
    let begins = |booking: &Booking| (booking.start_local, booking.timezone.clone(), booking.all_day);
    if old.rrule.is_none() || begins(old) == begins(new) {
        return Ok(None);
    }
    Ok(Moved::new(names(old)?, names(new)?))
}

/// Keeps what was added to the n-th date of a series with the n-th. Its objects are written already, so that nobody
/// else writes additions to them.
///
/// # Errors
/// As [`moved`], and [`Error::Store`].
pub(super) fn carry(conn: &mut Conn, ctx: &Context, old: &Booking, new: &Booking) -> Result<(), Error> {
    let Some(moved) = moved(old, new)? else { return Ok(()) };
    for (collection, personal) in members::additions(conn, ctx.tenant, new.booking_id)? {
        let carried = renamed(&personal, |date| moved.now(date));
        if carried != personal {
            write(conn, ctx, (collection, new.booking_id), &carried)?;
        }
    }
    Ok(())
}

/// Gives a booking that carries on the dates `was` of another what was added to these and to all. Its objects are
/// written already, as those of the other are.
///
/// # Errors
/// As [`carry`].
pub(super) fn split(conn: &mut Conn, ctx: &Context, old: Id, was: &[String], rest: &Booking) -> Result<(), Error> {
    let is = names(rest)?;
    for (collection, personal) in members::additions(conn, ctx.tenant, old)? {
        let stays = renamed(&personal, |date| (!was.iter().any(|gone| gone == date)).then_some(date));
        let goes = renamed(&personal, |date| nth(was, &is, date));
        write(conn, ctx, (collection, old), &stays)?;
        write(conn, ctx, (collection, rest.booking_id), &goes)?;
    }
    Ok(())
}

fn write(conn: &mut Conn, ctx: &Context, object: (Id, Id), personal: &str) -> Result<(), Error> {
    let personal = Some(personal).filter(|text| !text.is_empty());
    Ok(members::carry_personal(conn, ctx.tenant, object, personal)?)
}
