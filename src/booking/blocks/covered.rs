//! Which bookings blocked time lies on: they stay, and people must be told.

use crate::store::blocks::Block;
use crate::store::busy::{self, Ahead};
use crate::store::{Conn, Id, bookings};
use crate::time::{Instant, Interval, Zone};

use crate::booking::span::Span;
use crate::booking::{Context, Error, Fault, series};

use super::repeat;

/// Bookings that are looked at.
const LOOKED_AT: i64 = 10_000;
/// Bookings that are named.
const NAMED: usize = 50;

/// A notice for each open booking that is not over and lies on the block.
///
/// # Errors
/// [`Error::Store`].
pub(super) fn notices(conn: &mut Conn, ctx: &Context, block: &Block, owners: &[Id]) -> Result<Vec<Fault>, Error> {
    let Some(window) = Interval::new(block.start_at.max(ctx.now), block.last_end.min(Instant::MAX)) else {
        return Ok(Vec::new());
    };
    let ahead = ahead(conn, ctx, owners, window)?;
    let looked_at_all = i64::try_from(ahead.len()).is_ok_and(|rows| rows < LOOKED_AT);
    let zone = Zone::parse(&block.timezone).unwrap_or_else(|_| ctx.zone.clone());
    let covered = covered(block, &ahead)?;
    let name = |row: &Ahead| {
        let (start, end) = (row.start_at.to_rfc3339(&zone), row.end_at.to_rfc3339(&zone));
        notice(format!("covers booking {} from {start} to {end}, which stays; move or cancel it", row.booking_id))
    };
    let mut notices: Vec<Fault> = covered.iter().take(NAMED).map(|row| name(row)).collect();
    if covered.len() > NAMED {
        notices.push(notice(format!("covers {} more bookings", covered.len() - NAMED)));
    }
    if !looked_at_all {
        notices.push(notice(format!("only the next {LOOKED_AT} bookings were looked at; it may cover later ones")));
    }
    Ok(notices)
}

fn notice(detail: String) -> Fault {
    Fault { pointer: String::new(), detail }
}

fn ahead(conn: &mut Conn, ctx: &Context, owners: &[Id], window: Interval) -> Result<Vec<Ahead>, Error> {
    if !owners.contains(&Id::TEAM) {
        return Ok(busy::ahead_of(conn, ctx.tenant, owners, window, LOOKED_AT)?);
    }
    let mut ahead = busy::ahead_of_tenant(conn, ctx.tenant, window, LOOKED_AT)?;
    for id in busy::unallocated_series(conn, ctx.tenant, None, window)? {
        let Some(booking) = bookings::find(conn, ctx.tenant, id)? else { continue };
        let overrides = bookings::overrides(conn, ctx.tenant, id)?;
        let span = Span::of(&booking).map_err(|e| Error::invalid("/timezone", e.to_string()))?;
        for occurrence in series::occurrences(&span, booking.rrule.as_deref(), &overrides)? {
            let Interval { start: start_at, end: end_at } = occurrence.span.at;
            ahead.push(Ahead { start_at, booking_id: id, end_at });
        }
    }
    ahead.sort_unstable();
    Ok(ahead)
}

fn covered<'a>(block: &Block, ahead: &'a [Ahead]) -> Result<Vec<&'a Ahead>, Error> {
    if block.rrule.is_none() && block.rdates.is_none() {
        let at = Interval { start: block.start_at, end: block.end_at };
        return Ok(ahead.iter().filter(|row| at.overlaps(taken(row))).collect());
    }
    let (series, zone) = repeat::stored(block)?;
    let mut covered = Vec::new();
    for row in ahead {
        if series.instances(taken(row), &zone).next().transpose().map_err(repeat::unreadable)?.is_some() {
            covered.push(row);
        }
    }
    Ok(covered)
}

fn taken(row: &Ahead) -> Interval {
    Interval { start: row.start_at, end: row.end_at }
}
