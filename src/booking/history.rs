//! What a change of a booking changed, from what to what.

use serde_json::{Map, Value, json};

use crate::store::bookings::{self, Booking, Change, Override};
use crate::store::{Conn, Id, Local};

use super::span::Span;
use super::{Context, Error};

/// Adds a change to the history.
///
/// # Errors
/// [`Error::Store`].
pub fn record(conn: &mut Conn, ctx: &Context, action: &str, old: Option<&Booking>, new: &Booking) -> Result<(), Error> {
    record_with(conn, ctx, action, old, new, Map::new())
}

/// Adds a change to the history, with what it changed beside the booking's own fields.
///
/// # Errors
/// [`Error::Store`].
pub fn record_with(
    conn: &mut Conn,
    ctx: &Context,
    action: &str,
    old: Option<&Booking>,
    new: &Booking,
    more: Map<String, Value>,
) -> Result<(), Error> {
    let mut changes = difference(old, new);
    changes.extend(more);
    let change = Change {
        tenant_id: new.tenant_id,
        booking_id: new.booking_id,
        version: new.version,
        at: new.updated_at,
        actor: ctx.actor.clone(),
        action: action.to_owned(),
        changes: Value::Object(changes).to_string(),
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

/// The occurrences that differ from the rule otherwise than before: each by the start its rule gives it.
#[must_use]
pub fn occurrences(span: &Span, old: &[Override], new: &[Override]) -> Map<String, Value> {
    let at = |list: &[Override], id: Local| list.iter().find(|o| o.recurrence_id == id).cloned();
    let mut named: Vec<Local> = old.iter().chain(new).map(|o| o.recurrence_id).collect();
    named.sort_unstable();
    named.dedup();
    let (mut from, mut to) = (Map::new(), Map::new());
    for id in named {
        let (was, is) = (at(old, id), at(new, id));
        if was != is {
            from.insert(id.to_string(), occurrence(span, id, was.as_ref()));
            to.insert(id.to_string(), occurrence(span, id, is.as_ref()));
        }
    }
    let mut changes = Map::new();
    if !to.is_empty() {
        changes.insert("occurrences".to_owned(), json!([from, to]));
    }
    changes
}

fn occurrence(span: &Span, id: Local, differs: Option<&Override>) -> Value {
    let Some(o) = differs else {
        let of_rule = span.moved_to(id.0);
        return json!({"start": id.to_string(), "end": Local(of_rule.end_local).to_string()});
    };
    if o.cancelled {
        return json!({"status": "cancelled"});
    }
    let mut shown = json!({"start": o.start_local.to_string(), "end": o.end_local.to_string()});
    if let Some(staff) = o.staff_id {
        shown["staff"] = json!(staff.to_string());
    }
    if let Some(ids) = &o.resource_ids {
        shown["resources"] = json!(ids.0.iter().map(ToString::to_string).collect::<Vec<_>>());
    }
    shown
}

fn fields(b: &Booking) -> [(&'static str, Value); 16] {
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
        ("continues", id(b.continues)),
    ]
}
