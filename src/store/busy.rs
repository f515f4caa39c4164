//! When people, resources and the business are busy: times without what happens in them.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Binary, Bool, Integer, Text};

use super::schema::{allocations, bookings};
use super::statement::statement;
use super::{BookingKind, BookingStatus, Conn, Error, Id, TenantId, on};
use crate::time::{Instant, Interval};

/// One stretch of busy time, without buffers, and what tells it from others.
#[derive(Debug, Clone, PartialEq, Eq, Queryable)]
#[expect(missing_docs, reason = "each field is named for the column it comes from")]
pub struct BusyRow {
    pub booking_id: Id,
    /// The start of the occurrence as its rule gives it.
    pub occurrence: Instant,
    /// What may share a unit: one occurrence of a booking, or all seats of one class.
    pub session: Id,
    pub start_at: Instant,
    pub end_at: Instant,
    pub status: BookingStatus,
    pub kind: BookingKind,
    /// Whole days in `timezone`.
    pub all_day: bool,
    pub timezone: String,
    /// Whether it is an occurrence of a series.
    pub recurring: bool,
    pub sequence: i32,
    pub created_at: Instant,
    pub updated_at: Instant,
}

type Row = (Binary, BigInt, Binary, BigInt, BigInt, Text, Text, Bool, Text, Bool, Integer, BigInt, BigInt);

statement! {
    OfResource(tenant: TenantId as BigInt, resource: Id as Binary, from: Instant as BigInt, until: Instant as BigInt)
        -> Row,
    "SELECT a.booking_id, a.occurrence, a.session, a.start_at, a.end_at,
            b.status, b.kind, b.all_day, b.timezone, b.rrule IS NOT NULL, b.sequence, b.created_at, b.updated_at
     FROM allocations a JOIN bookings b ON b.tenant_id = a.tenant_id AND b.booking_id = a.booking_id
     WHERE a.tenant_id = ? AND a.resource_id = ? AND a.end_at > ? AND a.start_at < ? AND b.status <> 'cancelled'
     ORDER BY a.start_at, a.booking_id, a.occurrence, a.unit"
}

statement! {
    /// Single bookings from their own row, the occurrences of series from what they allocate.
    OfCustomer(tenant: TenantId as BigInt, customer: Id as Binary, from: Instant as BigInt, until: Instant as BigInt,
               tenant2: TenantId as BigInt, customer2: Id as Binary, from2: Instant as BigInt, until2: Instant as BigInt)
        -> Row,
    "SELECT b.booking_id, b.start_at AS occurrence, b.booking_id AS session, b.start_at, b.end_at,
            b.status, b.kind, b.all_day, b.timezone, b.rrule IS NOT NULL, b.sequence, b.created_at, b.updated_at
     FROM bookings b
     WHERE b.tenant_id = ? AND b.customer_id = ? AND b.end_at > ? AND b.start_at < ?
       AND b.rrule IS NULL AND b.status <> 'cancelled'
     UNION
     SELECT a.booking_id, a.occurrence, a.booking_id, a.start_at, a.end_at,
            b.status, b.kind, b.all_day, b.timezone, b.rrule IS NOT NULL, b.sequence, b.created_at, b.updated_at
     FROM bookings b JOIN allocations a ON a.tenant_id = b.tenant_id AND a.booking_id = b.booking_id
     WHERE b.tenant_id = ? AND b.customer_id = ? AND a.end_at > ? AND a.start_at < ?
       AND b.rrule IS NOT NULL AND b.status <> 'cancelled'
     ORDER BY 4, 1, 2"
}

statement! {
    OfTenant(tenant: TenantId as BigInt, from: Instant as BigInt, until: Instant as BigInt,
             tenant2: TenantId as BigInt, from2: Instant as BigInt, until2: Instant as BigInt) -> Row,
    "SELECT b.booking_id, b.start_at AS occurrence, b.booking_id AS session, b.start_at, b.end_at,
            b.status, b.kind, b.all_day, b.timezone, b.rrule IS NOT NULL, b.sequence, b.created_at, b.updated_at
     FROM bookings b
     WHERE b.tenant_id = ? AND b.last_end > ? AND b.start_at < ? AND b.rrule IS NULL AND b.status <> 'cancelled'
     UNION
     SELECT a.booking_id, a.occurrence, a.booking_id, a.start_at, a.end_at,
            b.status, b.kind, b.all_day, b.timezone, b.rrule IS NOT NULL, b.sequence, b.created_at, b.updated_at
     FROM bookings b JOIN allocations a ON a.tenant_id = b.tenant_id AND a.booking_id = b.booking_id
     WHERE b.tenant_id = ? AND a.end_at > ? AND a.start_at < ? AND b.rrule IS NOT NULL AND b.status <> 'cancelled'
     ORDER BY 4, 1, 2"
}

/// When a staff member or resource is busy, by start. A row for each unit and seat that is taken.
///
/// # Errors
/// [`Error::Db`].
pub fn of_resource(conn: &mut Conn, tenant: TenantId, resource: Id, within: Interval) -> Result<Vec<BusyRow>, Error> {
    let query = OfResource { tenant, resource, from: within.start, until: within.end };
    Ok(on!(conn, |c| query.load(c))?)
}

/// When a customer is busy, by start.
///
/// # Errors
/// [`Error::Db`].
pub fn of_customer(conn: &mut Conn, tenant: TenantId, customer: Id, within: Interval) -> Result<Vec<BusyRow>, Error> {
    let Interval { start: from, end: until } = within;
    let query =
        OfCustomer { tenant, customer, from, until, tenant2: tenant, customer2: customer, from2: from, until2: until };
    Ok(on!(conn, |c| query.load(c))?)
}

/// When anything of the business is busy, by start.
///
/// # Errors
/// [`Error::Db`].
pub fn of_tenant(conn: &mut Conn, tenant: TenantId, within: Interval) -> Result<Vec<BusyRow>, Error> {
    let Interval { start: from, end: until } = within;
    let query = OfTenant { tenant, from, until, tenant2: tenant, from2: from, until2: until };
    Ok(on!(conn, |c| query.load(c))?)
}

statement! {
    UnallocatedSeries(tenant: TenantId as BigInt, from: Instant as BigInt, until: Instant as BigInt, any: bool as Bool,
                      customer: Id as Binary) -> Binary,
    "SELECT b.booking_id FROM bookings b
     WHERE b.tenant_id = ? AND b.last_end > ? AND b.start_at < ? AND b.rrule IS NOT NULL AND b.status <> 'cancelled'
       AND (? OR b.customer_id = ?)
       AND NOT EXISTS (SELECT 1 FROM allocations a WHERE a.tenant_id = b.tenant_id AND a.booking_id = b.booking_id)
     ORDER BY b.booking_id"
}

/// The series of a customer, or of all, that need nobody and nothing, so that no row has the times of their
/// occurrences.
///
/// # Errors
/// [`Error::Db`].
pub fn unallocated_series(
    conn: &mut Conn,
    tenant: TenantId,
    customer: Option<Id>,
    within: Interval,
) -> Result<Vec<Id>, Error> {
    let query = UnallocatedSeries {
        tenant,
        from: within.start,
        until: within.end,
        any: customer.is_none(),
        customer: customer.unwrap_or(Id::TEAM),
    };
    Ok(on!(conn, |c| query.load(c))?)
}

/// When a booking that is not over takes place, one row for each occurrence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Queryable)]
#[expect(missing_docs, reason = "each field is named for the column it comes from")]
pub struct Ahead {
    pub start_at: Instant,
    pub booking_id: Id,
    pub end_at: Instant,
}

/// The states in which somebody still counts on a booking.
const OPEN: [BookingStatus; 2] = [BookingStatus::Tentative, BookingStatus::Confirmed];

/// When open bookings take the time of any of these people and resources within a window: the first `limit` by start.
///
/// # Errors
/// [`Error::Db`].
pub fn ahead_of(
    conn: &mut Conn,
    tenant: TenantId,
    owners: &[Id],
    within: Interval,
    limit: i64,
) -> Result<Vec<Ahead>, Error> {
    let same = bookings::tenant_id.eq(allocations::tenant_id).and(bookings::booking_id.eq(allocations::booking_id));
    let rows = allocations::table
        .inner_join(bookings::table.on(same))
        .filter(allocations::tenant_id.eq(tenant))
        .filter(allocations::resource_id.eq_any(owners))
        .filter(allocations::end_at.gt(within.start))
        .filter(allocations::start_at.lt(within.end))
        .filter(bookings::status.eq_any(OPEN))
        .select((allocations::start_at, allocations::booking_id, allocations::end_at))
        .distinct()
        .order((allocations::start_at, allocations::booking_id, allocations::end_at))
        .limit(limit);
    Ok(on!(conn, |c| rows.load(c))?)
}

/// When open bookings of the business take place within a window: the first `limit` by start. Of series that need
/// nobody and nothing, see [`unallocated_series`].
///
/// # Errors
/// [`Error::Db`].
pub fn ahead_of_tenant(conn: &mut Conn, tenant: TenantId, within: Interval, limit: i64) -> Result<Vec<Ahead>, Error> {
    let single = bookings::table
        .filter(bookings::tenant_id.eq(tenant))
        .filter(bookings::last_end.gt(within.start))
        .filter(bookings::start_at.lt(within.end))
        .filter(bookings::rrule.is_null())
        .filter(bookings::status.eq_any(OPEN))
        .select((bookings::start_at, bookings::booking_id, bookings::end_at))
        .order((bookings::start_at, bookings::booking_id))
        .limit(limit);
    let same = bookings::tenant_id.eq(allocations::tenant_id).and(bookings::booking_id.eq(allocations::booking_id));
    let series = allocations::table
        .inner_join(bookings::table.on(same))
        .filter(allocations::tenant_id.eq(tenant))
        .filter(allocations::end_at.gt(within.start))
        .filter(allocations::start_at.lt(within.end))
        .filter(bookings::rrule.is_not_null())
        .filter(bookings::status.eq_any(OPEN))
        .select((allocations::start_at, allocations::booking_id, allocations::end_at))
        .distinct()
        .order((allocations::start_at, allocations::booking_id, allocations::end_at))
        .limit(limit);
    let mut rows: Vec<Ahead> = on!(conn, |c| single.load(c))?;
    rows.extend(on!(conn, |c| series.load::<Ahead>(c))?);
    rows.sort_unstable();
    rows.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    Ok(rows)
}
