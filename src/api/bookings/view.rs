use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::value::RawValue;

use super::super::problem::FaultBody;
use super::super::view::{Id, corrupt, ids, stored_zone};
use crate::booking::model::Booked;
use crate::booking::{Context, Error};
use crate::store::bookings::{Booking as Row, Change as Entry};
use crate::store::people::{self, Person};
use crate::store::{self, BookingKind, BookingStatus, Conn};
use crate::time::Zone;

/// A booking.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(in super::super) struct Booking {
    id: Id,
    /// iCalendar UID; never changes.
    uid: String,
    /// iCalendar SEQUENCE; grows with every change that subscribers must see.
    sequence: i32,
    status: BookingStatus,
    kind: BookingKind,
    service: Id,
    /// Who serves.
    staff: Option<Id>,
    /// What is used.
    resources: Vec<Id>,
    customer: Option<CustomerOfBooking>,
    /// RFC 3339, in `timezone`.
    start: String,
    /// As `start`, exclusive.
    end: String,
    /// IANA zone.
    timezone: String,
    /// Whole days: start and end are midnights.
    all_day: bool,
    /// RFC 5545 RRULE of a series.
    rrule: Option<String>,
    notes: Option<String>,
    location: Option<String>,
    /// Position in a delivery route, from 1.
    stop: Option<i32>,
    /// The reference another system knows it by.
    external_ref: Option<String>,
    /// The order it belongs to.
    order: Option<Id>,
    /// Why it was cancelled.
    cancel_reason: Option<String>,
    created_at: String,
    updated_at: String,
    links: BookingLinks,
    /// Where it was copied to.
    synced_to: Vec<SyncedTo>,
    /// How the input was understood, where that may surprise; only in answers to changes.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    notices: Vec<FaultBody>,
}

/// For whom a booking is.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub(in super::super) struct CustomerOfBooking {
    id: Id,
    name: String,
    email: Option<String>,
    phone: Option<String>,
}

impl From<&Person> for CustomerOfBooking {
    fn from(person: &Person) -> Self {
        Self {
            id: person.person_id.into(),
            name: person.name.clone(),
            email: person.email.clone(),
            phone: person.phone.clone(),
        }
    }
}

/// Secret links of a booking, for its customer.
#[derive(Debug, Serialize, utoipa::ToSchema)]
struct BookingLinks {
    /// Its calendar file.
    ics: String,
    /// Its customer's page.
    manage: String,
}

/// A copy of a booking in another calendar.
#[derive(Debug, Serialize, utoipa::ToSchema)]
struct SyncedTo {
    provider: String,
    connection: Id,
    event_id: String,
    state: String,
}

impl Booking {
    fn new(ctx: &Context, row: Row, customer: Option<&Person>, notices: Vec<FaultBody>) -> Result<Self, Error> {
        let zone = stored_zone(&row.timezone)?;
        let id = row.booking_id;
        Ok(Self {
            id: id.into(),
            uid: row.uid,
            sequence: row.sequence,
            status: row.status,
            kind: row.kind,
            service: row.service_id.into(),
            staff: row.staff_id.map(Id),
            resources: ids(&row.resource_ids.0),
            customer: customer.map(CustomerOfBooking::from),
            start: row.start_at.to_rfc3339(&zone),
            end: row.end_at.to_rfc3339(&zone),
            timezone: row.timezone,
            all_day: row.all_day,
            rrule: row.rrule,
            notes: row.notes,
            location: row.location,
            stop: row.stop,
            external_ref: row.external_ref,
            order: row.order_id.map(Id),
            cancel_reason: row.cancel_reason,
            created_at: row.created_at.to_rfc3339(&Zone::utc()),
            updated_at: row.updated_at.to_rfc3339(&Zone::utc()),
            links: BookingLinks { ics: ctx.links.ics(ctx.tenant, id), manage: ctx.links.manage(ctx.tenant, id) },
            synced_to: Vec::new(),
            notices,
        })
    }

    /// A booking as it was read.
    pub(super) fn read(conn: &mut Conn, ctx: &Context, row: Row) -> Result<Self, Error> {
        let customer = customer(conn, ctx, &row)?;
        Self::new(ctx, row, customer.as_ref(), Vec::new())
    }

    /// A booking as it was changed, with what there is to say about the change.
    pub(super) fn booked(ctx: &Context, booked: Booked) -> Result<Self, Error> {
        let notices = booked.notices.into_iter().map(FaultBody::from).collect();
        Self::new(ctx, booked.booking, booked.customer.as_ref(), notices)
    }

    /// Bookings with their customers, who are read at once.
    pub(super) fn read_all(conn: &mut Conn, ctx: &Context, rows: Vec<Row>) -> Result<Vec<Self>, Error> {
        let mut wanted: Vec<store::Id> = rows.iter().filter_map(|row| row.customer_id).collect();
        wanted.sort_unstable();
        wanted.dedup();
        let found = people::find_all(conn, ctx.tenant, &wanted)?;
        let by_id: BTreeMap<store::Id, Person> = found.into_iter().map(|person| (person.person_id, person)).collect();
        rows.into_iter()
            .map(|row| {
                let customer = row.customer_id.and_then(|id| by_id.get(&id));
                Self::new(ctx, row, customer, Vec::new())
            })
            .collect()
    }
}

fn customer(conn: &mut Conn, ctx: &Context, row: &Row) -> Result<Option<Person>, Error> {
    match row.customer_id {
        Some(id) => Ok(people::find(conn, ctx.tenant, id)?),
        None => Ok(None),
    }
}

/// One change of a booking.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(in super::super) struct Change {
    /// The booking's version that this change made.
    version: i64,
    at: String,
    /// Who: a token, the command line, an import.
    actor: String,
    /// What: created, changed, rescheduled, cancelled, completed, …
    action: String,
    /// Field → [from, to].
    #[schema(value_type = BTreeMap<String, Vec<serde_json::Value>>)]
    changes: Box<RawValue>,
}

impl TryFrom<Entry> for Change {
    type Error = Error;

    fn try_from(entry: Entry) -> Result<Self, Error> {
        Ok(Self {
            version: entry.version,
            at: entry.at.to_string(),
            actor: entry.actor,
            action: entry.action,
            changes: RawValue::from_string(entry.changes).map_err(corrupt)?,
        })
    }
}
