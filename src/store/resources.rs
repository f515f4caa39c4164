//! Rooms, vehicles, equipment and products.

use diesel::prelude::*;

use super::schema::resources;
use super::{Conn, Error, Id, ResourceKind, TenantId, locking, on};
use crate::time::Instant;

/// A resource.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = resources, treat_none_as_null = true, treat_none_as_default_value = false)]
#[expect(missing_docs, reason = "each column is named for what it holds")]
pub struct Resource {
    pub tenant_id: TenantId,
    pub resource_id: Id,
    pub kind: ResourceKind,
    pub name: String,
    /// How many there are, that is how many can be booked at once.
    pub quantity: i32,
    /// IANA zone.
    pub timezone: Option<String>,
    pub external_ref: Option<String>,
    /// Grows with every change; the ETag.
    pub version: i64,
    pub created_at: Instant,
    pub updated_at: Instant,
    pub deleted_at: Option<Instant>,
}

/// Adds a resource.
///
/// # Errors
/// A unique violation when the external reference is taken.
pub fn insert(conn: &mut Conn, resource: &Resource) -> Result<(), Error> {
    on!(conn, |c| diesel::insert_into(resources::table).values(resource).execute(c))?;
    Ok(())
}

/// Finds a resource, deleted ones too.
///
/// # Errors
/// [`Error::Db`].
pub fn find(conn: &mut Conn, tenant: TenantId, id: Id) -> Result<Option<Resource>, Error> {
    Ok(on!(conn, |c| resources::table.find((tenant, id)).select(Resource::as_select()).get_result(c).optional())?)
}

/// Finds a resource for a booking that is about to name it: nobody [claims](claim) it until the transaction ends.
///
/// # Errors
/// [`Error::Db`].
pub fn hold(conn: &mut Conn, tenant: TenantId, id: Id) -> Result<Option<Resource>, Error> {
    let row = resources::table.find((tenant, id));
    Ok(locking!(conn, for_key_share, row.select(Resource::as_select()), |query, c| query.get_result(c).optional())?)
}

/// Waits until no booking that is being made names this resource, and keeps new ones waiting: what there is afterwards
/// is all there is.
///
/// # Errors
/// [`Error::Db`].
pub fn claim(conn: &mut Conn, tenant: TenantId, id: Id) -> Result<(), Error> {
    let row = resources::table.find((tenant, id)).select(resources::version);
    locking!(conn, for_update, row, |query, c| query.get_result::<i64>(c).optional())?;
    Ok(())
}

/// Finds several resources at once, in no order.
///
/// # Errors
/// [`Error::Db`].
pub fn find_all(conn: &mut Conn, tenant: TenantId, ids: &[Id]) -> Result<Vec<Resource>, Error> {
    let query = resources::table.filter(resources::tenant_id.eq(tenant)).filter(resources::resource_id.eq_any(ids));
    Ok(on!(conn, |c| query.select(Resource::as_select()).load(c))?)
}

/// Finds several for a booking that is about to name one of them: see [`hold`].
///
/// # Errors
/// [`Error::Db`].
pub fn hold_all(conn: &mut Conn, tenant: TenantId, ids: &[Id]) -> Result<Vec<Resource>, Error> {
    let rows = resources::table
        .filter(resources::tenant_id.eq(tenant))
        .filter(resources::resource_id.eq_any(ids))
        .order(resources::resource_id);
    Ok(locking!(conn, for_key_share, rows.select(Resource::as_select()), |query, c| query.load(c))?)
}

/// Finds a resource by the reference another system gave.
///
/// # Errors
/// [`Error::Db`].
pub fn find_by_external_ref(conn: &mut Conn, tenant: TenantId, reference: &str) -> Result<Option<Resource>, Error> {
    let query = resources::table.filter(resources::tenant_id.eq(tenant)).filter(resources::external_ref.eq(reference));
    Ok(on!(conn, |c| query.select(Resource::as_select()).get_result(c).optional())?)
}

/// A page of resources whose id comes after `after`, oldest first.
///
/// # Errors
/// [`Error::Db`].
pub fn list(conn: &mut Conn, tenant: TenantId, after: Option<Id>, limit: i64) -> Result<Vec<Resource>, Error> {
    let query = resources::table
        .filter(resources::tenant_id.eq(tenant))
        .filter(resources::deleted_at.is_null())
        .filter(resources::resource_id.gt(after.unwrap_or(Id::TEAM)))
        .order(resources::resource_id)
        .limit(limit);
    Ok(on!(conn, |c| query.select(Resource::as_select()).load(c))?)
}

/// Writes `resource` over the row, if the row still has version `expected`. False: it has not.
///
/// # Errors
/// A unique violation as for [`insert`].
pub fn replace(conn: &mut Conn, resource: &Resource, expected: i64) -> Result<bool, Error> {
    let row = resources::table.find((resource.tenant_id, resource.resource_id)).filter(resources::version.eq(expected));
    Ok(on!(conn, |c| diesel::update(row).set(resource).execute(c))? == 1)
}
