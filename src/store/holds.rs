//! Times kept for people who are still deciding (B6). Each has allocations under its own id.

use diesel::prelude::*;

use super::schema::{allocations, holds};
use super::{Conn, Error, Id, Ids, TenantId, locking, on};
use crate::time::Instant;

/// A time that is kept until it expires.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = holds, treat_none_as_default_value = false)]
#[expect(missing_docs, reason = "each column is named for what it holds")]
pub struct Hold {
    pub tenant_id: TenantId,
    pub hold_id: Id,
    pub service_id: Id,
    pub staff_id: Option<Id>,
    pub resource_ids: Ids,
    pub start_at: Instant,
    pub end_at: Instant,
    /// IANA zone in which it was asked for.
    pub timezone: String,
    /// Whole days in `timezone`.
    pub all_day: bool,
    /// The first instant at which it is void.
    pub expires_at: Instant,
    pub created_at: Instant,
}

/// Adds a hold; its allocations are added beside it.
///
/// # Errors
/// [`Error::Db`].
pub fn insert(conn: &mut Conn, hold: &Hold) -> Result<(), Error> {
    on!(conn, |c| diesel::insert_into(holds::table).values(hold).execute(c))?;
    Ok(())
}

/// Finds a hold, expired or not.
///
/// # Errors
/// [`Error::Db`].
pub fn find(conn: &mut Conn, tenant: TenantId, id: Id) -> Result<Option<Hold>, Error> {
    let row = holds::table.find((tenant, id));
    Ok(on!(conn, |c| row.select(Hold::as_select()).get_result(c).optional())?)
}

/// Gives a hold's time back and forgets it; returns whether there was one.
///
/// # Errors
/// [`Error::Db`].
pub fn delete(conn: &mut Conn, tenant: TenantId, id: Id) -> Result<bool, Error> {
    super::allocations::delete(conn, tenant, id)?;
    Ok(on!(conn, |c| diesel::delete(holds::table.find((tenant, id))).execute(c))? == 1)
}

/// Gives back the time of all holds that are void at `now`; returns how many there were. Those that another transaction
/// is giving back are waited for and not counted.
///
/// # Errors
/// [`Error::Db`].
pub fn delete_expired(conn: &mut Conn, tenant: TenantId, now: Instant) -> Result<usize, Error> {
    let void = holds::table.filter(holds::tenant_id.eq(tenant)).filter(holds::expires_at.le(now));
    // In order, so that no two transactions wait for each other.
    let void = void.select(holds::hold_id).order(holds::hold_id);
    let ids: Vec<Id> = locking!(conn, for_update, void, |query, c| query.load(c))?;
    if ids.is_empty() {
        return Ok(0);
    }
    let time =
        allocations::table.filter(allocations::tenant_id.eq(tenant)).filter(allocations::booking_id.eq_any(&ids));
    on!(conn, |c| diesel::delete(time).execute(c))?;
    let rows = holds::table.filter(holds::tenant_id.eq(tenant)).filter(holds::hold_id.eq_any(&ids));
    Ok(on!(conn, |c| diesel::delete(rows).execute(c))?)
}

/// How many holds there are, expired ones too.
///
/// # Errors
/// [`Error::Db`].
pub fn count(conn: &mut Conn, tenant: TenantId) -> Result<i64, Error> {
    let rows = holds::table.filter(holds::tenant_id.eq(tenant));
    Ok(on!(conn, |c| rows.count().get_result(c))?)
}
