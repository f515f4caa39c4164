use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::value::RawValue;

use super::super::problem::FaultBody;
use super::super::view::{Id, corrupt, ids, stored_zone};
use crate::booking::model::Booked;
use crate::booking::span::Span;
use crate::booking::{Context, Error, scope, series};
use crate::store::bookings::{self, Booking as Row, Change as Entry, Override};
use crate::store::people::{self, Person};
use crate::store::{self, BookingKind, BookingStatus, Conn};
use crate::time::{Civil, Interval, Zone};

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
    /// Of a series, by the start its rule gives each: all of them, in a list those within the asked window; absent from
    /// lists without one.
    #[serde(skip_serializing_if = "Option::is_none")]
    occurrences: Option<Vec<Occurrence>>,
    /// The series whose later occurrences this booking took over.
    continues: Option<Id>,
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

/// One time a series takes place, or was to.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(in super::super) struct Occurrence {
    /// Its name: the local start its rule gives it, or the date of whole days. It stays when the occurrence is moved.
    occurrence: String,
    /// RFC 3339, in the booking's zone.
    start: String,
    /// As `start`, exclusive.
    end: String,
    /// That of the booking, or `cancelled`.
    status: BookingStatus,
    /// Who serves.
    staff: Option<Id>,
    /// What is used.
    resources: Vec<Id>,
    /// Whether it has a time, staff or resources of its own, or is cancelled alone.
    differs: bool,
}

impl Occurrence {
    fn of(row: &Row, span: &Span, start: Civil, own: Option<&Override>) -> (Interval, Self) {
        let now = own.map_or_else(|| span.moved_to(start), |own| series::overridden(span, own));
        let resources = own.and_then(|own| own.resource_ids.as_ref()).unwrap_or(&row.resource_ids);
        let shown = Self {
            occurrence: scope::name(start, span.all_day),
            start: now.at.start.to_rfc3339(&span.zone),
            end: now.at.end.to_rfc3339(&span.zone),
            status: if own.is_some_and(|own| own.cancelled) { BookingStatus::Cancelled } else { row.status },
            staff: own.and_then(|own| own.staff_id).or(row.staff_id).map(Id),
            resources: ids(&resources.0),
            differs: own.is_some(),
        };
        (now.at, shown)
    }

    /// Those of a series, all or within a window; none of a single booking.
    fn all(row: &Row, overrides: &[Override], window: Option<Interval>) -> Result<Option<Vec<Self>>, Error> {
        let Some(rule) = &row.rrule else { return Ok(None) };
        let span = Span::of(row).map_err(corrupt)?;
        let starts = series::starts(&span, Some(rule))?.into_iter();
        let own = |start: Civil| overrides.iter().find(|o| o.recurrence_id.0 == start);
        let shown = starts.map(|start| Self::of(row, &span, start, own(start)));
        let shown = shown.filter(|(at, _)| window.is_none_or(|window| at.overlaps(window)));
        Ok(Some(shown.map(|(_, shown)| shown).collect()))
    }
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
    fn new(
        ctx: &Context,
        row: Row,
        customer: Option<&Person>,
        occurrences: Option<Vec<Occurrence>>,
        notices: Vec<FaultBody>,
    ) -> Result<Self, Error> {
        let zone = stored_zone(&row.timezone)?;
        let links = BookingLinks { ics: ctx.links.ics(&row), manage: ctx.links.manage(&row) };
        Ok(Self {
            id: row.booking_id.into(),
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
            occurrences,
            continues: row.continues.map(Id),
            notes: row.notes,
            location: row.location,
            stop: row.stop,
            external_ref: row.external_ref,
            order: row.order_id.map(Id),
            cancel_reason: row.cancel_reason,
            created_at: row.created_at.to_rfc3339(&Zone::utc()),
            updated_at: row.updated_at.to_rfc3339(&Zone::utc()),
            links,
            synced_to: Vec::new(),
            notices,
        })
    }

    /// A booking as it was read.
    pub(super) fn read(conn: &mut Conn, ctx: &Context, row: Row) -> Result<Self, Error> {
        let customer = customer(conn, ctx, &row)?;
        let occurrences = occurrences(conn, ctx, &row)?;
        Self::new(ctx, row, customer.as_ref(), occurrences, Vec::new())
    }

    /// A booking as it was changed, with what there is to say about the change.
    pub(super) fn booked(conn: &mut Conn, ctx: &Context, booked: Booked) -> Result<Self, Error> {
        let notices = booked.notices.into_iter().map(FaultBody::from).collect();
        let occurrences = occurrences(conn, ctx, &booked.booking)?;
        Self::new(ctx, booked.booking, booked.customer.as_ref(), occurrences, notices)
    }

    /// Bookings with their customers and, where a window was asked about, the occurrences of series in it; each are read
    /// at once.
    pub(super) fn read_all(
        conn: &mut Conn,
        ctx: &Context,
        rows: Vec<Row>,
        window: Option<Interval>,
    ) -> Result<Vec<Self>, Error> {
        let mut wanted: Vec<store::Id> = rows.iter().filter_map(|row| row.customer_id).collect();
        wanted.sort_unstable();
        wanted.dedup();
        let found = people::find_all(conn, ctx.tenant, &wanted)?;
        let by_id: BTreeMap<store::Id, Person> = found.into_iter().map(|person| (person.person_id, person)).collect();
        let series = rows.iter().filter(|row| window.is_some() && row.rrule.is_some()).map(|row| row.booking_id);
        let overrides = bookings::overrides_of_all(conn, ctx.tenant, &series.collect::<Vec<_>>())?;
        rows.into_iter()
            .map(|row| {
                let customer = row.customer_id.and_then(|id| by_id.get(&id));
                let own: Vec<Override> = overrides.iter().filter(|o| o.booking_id == row.booking_id).cloned().collect();
                let occurrences = match window {
                    Some(_) => Occurrence::all(&row, &own, window)?,
                    None => None,
                };
                Self::new(ctx, row, customer, occurrences, Vec::new())
            })
            .collect()
    }
}

fn occurrences(conn: &mut Conn, ctx: &Context, row: &Row) -> Result<Option<Vec<Occurrence>>, Error> {
    if row.rrule.is_none() {
        return Ok(None);
    }
    Occurrence::all(row, &bookings::overrides(conn, ctx.tenant, row.booking_id)?, None)
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
