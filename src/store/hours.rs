//! Working hours: one row for each person, resource or business that has some.

use diesel::prelude::*;
use diesel::upsert::excluded;

use super::schema::working_hours;
use super::{Conn, Error, Id, TenantId, on};
use crate::time::Instant;

/// The working hours of a person, a resource or, under [`Id::TEAM`], the business.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = working_hours, treat_none_as_default_value = false)]
#[expect(missing_docs, reason = "each column is named for what it holds")]
pub struct WorkingHours {
    pub tenant_id: TenantId,
    pub owner_id: Id,
    /// JSON, as the API has it.
    pub rules: String,
    /// Grows with every change; the ETag.
    pub version: i64,
    pub updated_at: Instant,
}

/// Finds an owner's hours.
///
/// # Errors
/// [`Error::Db`].
pub fn find(conn: &mut Conn, tenant: TenantId, owner: Id) -> Result<Option<WorkingHours>, Error> {
    let row = working_hours::table.find((tenant, owner));
    Ok(on!(conn, |c| row.select(WorkingHours::as_select()).get_result(c).optional())?)
}

/// The hours of those of `owners` who have some, in no order.
///
/// # Errors
/// [`Error::Db`].
pub fn find_all(conn: &mut Conn, tenant: TenantId, owners: &[Id]) -> Result<Vec<WorkingHours>, Error> {
    // SQLite would parse a list anew each time; a row by its key is prepared once.
    if !conn.is_postgres() {
        let found = owners.iter().filter_map(|owner| find(conn, tenant, *owner).transpose());
        return found.collect();
    }
    let rows =
        working_hours::table.filter(working_hours::tenant_id.eq(tenant)).filter(working_hours::owner_id.eq_any(owners));
    Ok(on!(conn, |c| rows.select(WorkingHours::as_select()).load(c))?)
}

/// Writes an owner's hours, whether there were some or not.
///
/// # Errors
/// [`Error::Db`].
pub fn put(conn: &mut Conn, row: &WorkingHours) -> Result<(), Error> {
    on!(conn, |c| diesel::insert_into(working_hours::table)
        .values(row)
        .on_conflict((working_hours::tenant_id, working_hours::owner_id))
        .do_update()
        .set((
            working_hours::rules.eq(excluded(working_hours::rules)),
            working_hours::version.eq(excluded(working_hours::version)),
            working_hours::updated_at.eq(excluded(working_hours::updated_at)),
        ))
        .execute(c))?;
    Ok(())
}

/// Forgets the hours of somebody or something that was deleted.
///
/// # Errors
/// [`Error::Db`].
pub fn delete(conn: &mut Conn, tenant: TenantId, owner: Id) -> Result<(), Error> {
    on!(conn, |c| diesel::delete(working_hours::table.find((tenant, owner))).execute(c))?;
    Ok(())
}
