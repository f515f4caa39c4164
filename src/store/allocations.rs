//! Busy time of people and resources, which the database keeps from overlapping (B11).

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Binary, Integer};

use super::schema::allocations;
use super::statement::statement;
use super::{Conn, Error, Id, TenantId, on};
use crate::time::{Instant, Interval};

/// The busy time of one unit of a person or resource, for one occurrence of one booking.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = allocations)]
#[expect(missing_docs, reason = "each column is named for what it holds")]
pub struct Allocation {
    pub tenant_id: TenantId,
    pub booking_id: Id,
    /// The start of the occurrence as its rule gives it; of the booking itself when it is single.
    pub occurrence: Instant,
    /// A person or a resource.
    pub resource_id: Id,
    /// Which of the `quantity` units, from 0.
    pub unit: i32,
    /// What may share a unit: one occurrence of a booking, or all seats of one class.
    pub session: Id,
    /// Which seat of the session, from 0.
    pub seat: i32,
    /// Start, buffer included.
    pub busy_from: Instant,
    /// End, buffer included.
    pub busy_until: Instant,
    pub start_at: Instant,
    pub end_at: Instant,
}

statement! {
    /// The first of `quantity` units that is free from `busy_from` to `busy_until`, sessions of its own left aside.
    ///
    /// Allocations of a unit never overlap, so the one that ends first after `busy_from` is the only one to look at:
    /// one index seek a unit, however many bookings there are.
    FreeUnit(quantity: i32 as Integer, tenant: TenantId as BigInt, resource: Id as Binary, session: Id as Binary,
             busy_from: Instant as BigInt, busy_until: Instant as BigInt) -> Integer,
    "WITH RECURSIVE units(unit) AS (SELECT 0 UNION ALL SELECT unit + 1 FROM units WHERE unit + 1 < ?)
     SELECT unit FROM units WHERE NOT EXISTS (
         SELECT 1 FROM (
             SELECT a.busy_from FROM allocations a
             WHERE a.tenant_id = ? AND a.resource_id = ? AND a.unit = units.unit AND a.session <> ? AND a.busy_until > ?
             ORDER BY a.busy_until LIMIT 1
         ) nearest WHERE nearest.busy_from < ?
     ) ORDER BY unit LIMIT 1"
}

/// The first free unit of a person or resource, or `None` when all are taken.
///
/// # Errors
/// [`Error::Db`].
pub fn free_unit(
    conn: &mut Conn,
    tenant: TenantId,
    resource: Id,
    quantity: i32,
    session: Id,
    busy: Interval,
) -> Result<Option<i32>, Error> {
    let query = FreeUnit { quantity, tenant, resource, session, busy_from: busy.start, busy_until: busy.end };
    Ok(on!(conn, |c| query.get_result(c).optional())?)
}

/// The seats of a session that are taken on one resource, and the unit they share.
///
/// # Errors
/// [`Error::Db`].
pub fn session(conn: &mut Conn, tenant: TenantId, resource: Id, session: Id) -> Result<Vec<Allocation>, Error> {
    let query = allocations::table
        .filter(allocations::tenant_id.eq(tenant))
        .filter(allocations::resource_id.eq(resource))
        .filter(allocations::session.eq(session))
        .order(allocations::seat);
    Ok(on!(conn, |c| query.select(Allocation::as_select()).load(c))?)
}

/// Takes time. The database refuses what overlaps.
///
/// # Errors
/// [`Error::Db`].
pub fn insert(conn: &mut Conn, allocation: &Allocation) -> Result<(), Error> {
    let query = diesel::insert_into(allocations::table).values(allocation);
    let inserted = match conn {
        // A plain INSERT writes its row first and then waits for those in its way, who wait for it: a deadlock that
        // PostgreSQL breaks after a second, one of them at a time. ON CONFLICT withdraws the row before it waits.
        Conn::Pg(c) => query.on_conflict_do_nothing().execute(c)?,
        Conn::Sqlite(c) => query.execute(c)?,
    };
    if inserted == 1 { Ok(()) } else { Err(Error::overlap()) }
}

/// Gives back all time of a booking.
///
/// # Errors
/// [`Error::Db`].
pub fn delete(conn: &mut Conn, tenant: TenantId, booking: Id) -> Result<(), Error> {
    let rows = allocations::table.filter(allocations::tenant_id.eq(tenant)).filter(allocations::booking_id.eq(booking));
    on!(conn, |c| diesel::delete(rows).execute(c))?;
    Ok(())
}

/// All time of a booking, in order.
///
/// # Errors
/// [`Error::Db`].
pub fn of_booking(conn: &mut Conn, tenant: TenantId, booking: Id) -> Result<Vec<Allocation>, Error> {
    let query = allocations::table
        .filter(allocations::tenant_id.eq(tenant))
        .filter(allocations::booking_id.eq(booking))
        .order((allocations::occurrence, allocations::resource_id));
    Ok(on!(conn, |c| query.select(Allocation::as_select()).load(c))?)
}

/// The booking that has time of a person or resource within an interval, the first to end where there are several.
///
/// # Errors
/// [`Error::Db`].
pub fn holder(conn: &mut Conn, tenant: TenantId, resource: Id, within: Interval) -> Result<Option<Id>, Error> {
    let query = allocations::table
        .filter(allocations::tenant_id.eq(tenant))
        .filter(allocations::resource_id.eq(resource))
        .filter(allocations::busy_until.gt(within.start))
        .filter(allocations::busy_from.lt(within.end))
        .order(allocations::busy_until)
        .select(allocations::booking_id)
        .limit(1);
    Ok(on!(conn, |c| query.first(c).optional())?)
}

/// Whether a person or resource has any time taken after `from`.
///
/// # Errors
/// [`Error::Db`].
pub fn any_after(conn: &mut Conn, tenant: TenantId, resource: Id, from: Instant) -> Result<bool, Error> {
    let query = allocations::table
        .filter(allocations::tenant_id.eq(tenant))
        .filter(allocations::resource_id.eq(resource))
        .filter(allocations::busy_until.gt(from))
        .select(allocations::unit)
        .limit(1);
    Ok(on!(conn, |c| query.first::<i32>(c).optional())?.is_some())
}

/// The highest unit of a resource that has any time taken after `from`.
///
/// # Errors
/// [`Error::Db`].
pub fn highest_unit_after(
    conn: &mut Conn,
    tenant: TenantId,
    resource: Id,
    from: Instant,
) -> Result<Option<i32>, Error> {
    let query = allocations::table
        .filter(allocations::tenant_id.eq(tenant))
        .filter(allocations::resource_id.eq(resource))
        .filter(allocations::busy_until.gt(from))
        .select(diesel::dsl::max(allocations::unit));
    Ok(on!(conn, |c| query.get_result(c))?)
}
