//! What people wrote into their own collections and takes their time: `time-off`, and calendars whose owners say so.

use crate::availability::{BlockKind, Busy, BusyKind};
use crate::booking::{Context, Error};
use crate::ical::object::free_busy::time_taken;
use crate::ical::object::{Limits, Object};
use crate::store::calendars::{self, Opaque};
use crate::store::{Conn, Id, calendar_objects};
use crate::time::{Interval, Zone};

use super::world::reference;

/// The time that is taken of `owners` in a window, each with its owner and what it is called.
///
/// # Errors
/// [`Error::Store`].
pub(super) fn busy(
    conn: &mut Conn,
    ctx: &Context,
    owners: &[Id],
    window: Interval,
) -> Result<Vec<(Id, Busy, Option<String>)>, Error> {
    let mut found = Vec::new();
    for collection in calendars::opaque(conn, ctx.tenant)? {
        if !owners.contains(&collection.owner_id) {
            continue;
        }
        for (name, body) in calendar_objects::busy_within(conn, ctx.tenant, collection.collection_id, window)? {
            push(&mut found, ctx, &collection, (&name, &body), window);
        }
    }
    Ok(found)
}

fn push(
    found: &mut Vec<(Id, Busy, Option<String>)>,
    ctx: &Context,
    collection: &Opaque,
    (name, body): (&str, &str),
    window: Interval,
) {
    let zone = collection.timezone.as_deref().and_then(|name| Zone::parse(name).ok());
    let zone = zone.unwrap_or_else(|| ctx.zone.clone());
    let read = Object::parse(body.as_bytes(), &Limits::stored()).map_err(|violation| violation.to_string());
    let taken = read.and_then(|object| {
        let taken =
            time_taken(&object, window, &zone, collection.time_off).map_err(|exhausted| exhausted.to_string())?;
        Ok((object.components().next().and_then(|component| component.text("SUMMARY")), taken))
    });
    match taken {
        Ok((summary, taken)) => {
            let id = collection.collection_id;
            let source = reference(Id::derived(&[b"written", id.as_bytes(), name.as_bytes()]));
            let kind = BusyKind::Block(BlockKind::TimeOff);
            let busy = |at| (collection.owner_id, Busy { at, unit: None, kind, source }, summary.clone());
            found.extend(taken.into_iter().map(busy));
        }
        // One bad object must not make everybody free, nor stop all bookings.
        Err(why) => {
            tracing::error!(collection = %collection.collection_id, name, why, "a stored object cannot be read");
        }
    }
}
