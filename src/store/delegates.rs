//! Whom people let into their calendars.

use diesel::prelude::*;

use super::schema::delegates;
use super::{Conn, Error, Id, TenantId, on};

/// One person's access to another's calendars.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = delegates)]
#[expect(missing_docs, reason = "each column is named for what it holds")]
pub struct Delegate {
    pub tenant_id: TenantId,
    /// Whose calendars.
    pub owner_id: Id,
    /// Who may.
    pub delegate_id: Id,
    pub may_write: bool,
}

/// What one person may do with another's calendars.
///
/// # Errors
/// [`Error::Db`].
pub fn find(conn: &mut Conn, tenant: TenantId, owner: Id, delegate: Id) -> Result<Option<Delegate>, Error> {
    let row = delegates::table.find((tenant, owner, delegate));
    Ok(on!(conn, |c| row.select(Delegate::as_select()).get_result(c).optional())?)
}

/// Whom `owner` lets in.
///
/// # Errors
/// [`Error::Db`].
pub fn of_owner(conn: &mut Conn, tenant: TenantId, owner: Id) -> Result<Vec<Delegate>, Error> {
    let rows = delegates::table
        .filter(delegates::tenant_id.eq(tenant))
        .filter(delegates::owner_id.eq(owner))
        .order(delegates::delegate_id);
    Ok(on!(conn, |c| rows.select(Delegate::as_select()).load(c))?)
}

/// Who lets `delegate` in.
///
/// # Errors
/// [`Error::Db`].
pub fn of_delegate(conn: &mut Conn, tenant: TenantId, delegate: Id) -> Result<Vec<Delegate>, Error> {
    let rows = delegates::table
        .filter(delegates::tenant_id.eq(tenant))
        .filter(delegates::delegate_id.eq(delegate))
        .order(delegates::owner_id);
    Ok(on!(conn, |c| rows.select(Delegate::as_select()).load(c))?)
}

/// Makes `people` those whom `owner` lets read, or write; those of the other kind stay.
///
/// # Errors
/// [`Error::Db`].
pub fn replace(conn: &mut Conn, tenant: TenantId, owner: Id, may_write: bool, people: &[Id]) -> Result<(), Error> {
    let former = delegates::table
        .filter(delegates::tenant_id.eq(tenant))
        .filter(delegates::owner_id.eq(owner))
        .filter(delegates::may_write.eq(may_write).or(delegates::delegate_id.eq_any(people)));
    on!(conn, |c| diesel::delete(former).execute(c))?;
    for person in people {
        let row = Delegate { tenant_id: tenant, owner_id: owner, delegate_id: *person, may_write };
        on!(conn, |c| diesel::insert_into(delegates::table).values(&row).execute(c))?;
    }
    Ok(())
}
