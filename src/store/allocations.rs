//! Busy time of people and resources, which the database keeps from overlapping (B11).

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Binary, Integer, Nullable};

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

/// `CROSS JOIN` tells SQLite to go from the units to what each has in the window: left to itself it may read all that a
/// person ever had.
const WITHIN: &str = "WITH RECURSIVE units(unit) AS (
         SELECT min(unit) FROM allocations WHERE tenant_id = ? AND resource_id = ?
         UNION ALL
         SELECT (SELECT min(a.unit) FROM allocations a
                 WHERE a.tenant_id = ? AND a.resource_id = ? AND a.unit > units.unit)
         FROM units WHERE units.unit IS NOT NULL
     )
     SELECT a.booking_id, a.session, a.unit, a.busy_from, a.busy_until, a.start_at, a.end_at, h.expires_at
     FROM units CROSS JOIN allocations a
     LEFT JOIN holds h ON h.tenant_id = a.tenant_id AND h.hold_id = a.booking_id
     WHERE a.tenant_id = ? AND a.resource_id = ? AND a.unit = units.unit AND a.busy_until > ? AND a.busy_until <= ?
     UNION ALL
     SELECT a.booking_id, a.session, a.unit, a.busy_from, a.busy_until, a.start_at, a.end_at, h.expires_at
     FROM units CROSS JOIN allocations a
     LEFT JOIN holds h ON h.tenant_id = a.tenant_id AND h.hold_id = a.booking_id
     WHERE a.tenant_id = ? AND a.resource_id = ? AND a.unit = units.unit AND a.busy_from < ? AND a.busy_until = (
         SELECT min(b.busy_until) FROM allocations b
         WHERE b.tenant_id = ? AND b.resource_id = ? AND b.unit = units.unit AND b.busy_until > ?
     )";

statement! {
    /// Of each unit that was ever taken: what ends inside the window, and the one that ends after it. Allocations of a
    /// unit never overlap, so these are all that touch it, whatever lies before and behind.
    Within(tenant: TenantId as BigInt, resource: Id as Binary, tenant_again: TenantId as BigInt, again: Id as Binary,
           tenant_of_row: TenantId as BigInt, of_row: Id as Binary, from: Instant as BigInt, until: Instant as BigInt,
           tenant_of_last: TenantId as BigInt, of_last: Id as Binary, before: Instant as BigInt,
           tenant_of_next: TenantId as BigInt, of_next: Id as Binary, after: Instant as BigInt)
        -> (Binary, Binary, Integer, BigInt, BigInt, BigInt, BigInt, Nullable<BigInt>),
    WITHIN
}

/// Time of one unit that is taken.
#[derive(Debug, Clone, PartialEq, Eq, Queryable)]
#[expect(missing_docs, reason = "each field is named for the column it comes from")]
pub struct Occupied {
    /// A booking, or a hold.
    pub booking_id: Id,
    pub session: Id,
    pub unit: i32,
    pub busy_from: Instant,
    pub busy_until: Instant,
    pub start_at: Instant,
    pub end_at: Instant,
    /// Of a hold: from then on it keeps nobody out.
    pub expires_at: Option<Instant>,
}

/// The time of a person or resource that is taken within a window, in no order; each seat of a class is one. Costs
/// what lies in the window, and a seek or two for each unit.
///
/// # Errors
/// [`Error::Db`].
pub fn within(conn: &mut Conn, tenant: TenantId, resource: Id, window: Interval) -> Result<Vec<Occupied>, Error> {
    let (from, until) = (window.start, window.end);
    let query = Within {
        tenant,
        resource,
        tenant_again: tenant,
        again: resource,
        tenant_of_row: tenant,
        of_row: resource,
        from,
        until,
        tenant_of_last: tenant,
        of_last: resource,
        before: until,
        tenant_of_next: tenant,
        of_next: resource,
        after: until,
    };
    Ok(on!(conn, |c| query.load(c))?)
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
        Conn::Sqlite(c, _) => query.execute(c)?,
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

/// Gives back the time of occurrences of a booking: of those whose rule has them start within `starts`, the end
/// included.
///
/// # Errors
/// [`Error::Db`].
pub fn delete_occurrences(
    conn: &mut Conn,
    tenant: TenantId,
    booking: Id,
    (first, last): (Instant, Instant),
) -> Result<(), Error> {
    let rows = allocations::table
        .filter(allocations::tenant_id.eq(tenant))
        .filter(allocations::booking_id.eq(booking))
        .filter(allocations::occurrence.between(first, last));
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

#[cfg(test)]
mod tests {
    use super::WITHIN;

    #[test]
    fn what_lies_before_and_behind_the_window_is_not_read() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("fasti.db");
        crate::store::migrate(&format!("sqlite://{}", file.display())).unwrap();
        let conn = rusqlite::Connection::open(&file).unwrap();
        let mut explain = conn.prepare(&format!("EXPLAIN QUERY PLAN {WITHIN}")).unwrap();
        let unbound = vec![rusqlite::types::Null; WITHIN.matches('?').count()];
        let steps =
            explain.query_map(rusqlite::params_from_iter(unbound), |row| row.get::<_, String>("detail")).unwrap();
        let steps: Vec<String> = steps.map(Result::unwrap).collect();
        let of_rows: Vec<&String> = steps.iter().filter(|step| step.starts_with("SEARCH a USING INDEX")).collect();
        assert_eq!(of_rows.len(), 2, "{steps:#?}");
        for step in of_rows {
            assert!(step.contains("unit=? AND busy_until"), "{steps:#?}");
        }
    }
}
