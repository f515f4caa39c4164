//! What a change of a booking changed, from what to what.

use serde_json::{Map, Value, json};

use crate::store::bookings::{self, Booking, Change};
use crate::store::{Conn, Id};

use super::{Context, Error};

/// Adds a change to the history.
///
/// # Errors
/// [`Error::Store`].
pub fn record(conn: &mut Conn, ctx: &Context, action: &str, old: Option<&Booking>, new: &Booking) -> Result<(), Error> {
    let change = Change {
        tenant_id: new.tenant_id,
        booking_id: new.booking_id,
        version: new.version,
        at: new.updated_at,
        actor: ctx.actor.clone(),
        action: action.to_owned(),
        changes: Value::Object(difference(old, new)).to_string(),
    };
    Ok(bookings::record(conn, &change)?)
}

/// Field → [from, to], for every field that a person would call changed.
#[must_use]
pub fn difference(old: Option<&Booking>, new: &Booking) -> Map<String, Value> {
    let before = old.map(fields);
    let mut changed = Map::new();
    for (i, (name, to)) in fields(new).into_iter().enumerate() {
        let from = before.as_ref().map_or(Value::Null, |fields| fields[i].1.clone());
        if from != to {
            changed.insert(name.to_owned(), json!([from, to]));
        }
    }
    changed
}

fn fields(b: &Booking) -> [(&'static str, Value); 15] {
    let id = |id: Option<Id>| id.map_or(Value::Null, |id| json!(id.to_string()));
    [
        ("status", json!(b.status.word())),
        ("start", json!(b.start_local.to_string())),
        ("end", json!(b.end_local.to_string())),
        ("timezone", json!(b.timezone)),
        ("fold", json!([b.fold, b.end_fold])),
        ("all_day", json!(b.all_day)),
        ("rrule", json!(b.rrule)),
        ("staff", id(b.staff_id)),
        ("resources", json!(b.resource_ids.0.iter().map(ToString::to_string).collect::<Vec<_>>())),
        ("customer", id(b.customer_id)),
        ("location", json!(b.location)),
        ("stop", json!(b.stop)),
        ("notes", json!(b.notes)),
        ("external_ref", json!(b.external_ref)),
        ("cancel_reason", json!(b.cancel_reason)),
    ]
}
