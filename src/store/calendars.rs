//! Collections that people write into.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Binary, Bool, Nullable, Text};

use super::collections::Collection;
use super::schema::{calendar_objects, calendars, collections};
use super::statement::statement;
use super::{Conn, Error, Id, TenantId, on};
use crate::time::Instant;

/// A collection that its owner writes into. Its counter is in the [`Collection`] of the same id.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = calendars, treat_none_as_null = true, treat_none_as_default_value = false)]
#[expect(missing_docs, reason = "each column is named for what it holds")]
pub struct Calendar {
    pub tenant_id: TenantId,
    pub collection_id: Id,
    pub owner_id: Id,
    /// A segment of its URL.
    pub name: String,
    /// Names of components, comma-separated.
    pub components: String,
    /// Whether what is in it takes its owner's time.
    pub opaque: bool,
    /// IANA zone of its floating times; none: its owner's.
    pub timezone: Option<String>,
    pub created_at: Instant,
}

/// Adds a collection and its counter.
///
/// # Errors
/// A unique violation when its owner has one of that name.
pub fn insert(conn: &mut Conn, calendar: &Calendar, counter: &Collection) -> Result<(), Error> {
    on!(conn, |c| diesel::insert_into(calendars::table).values(calendar).execute(c))?;
    super::collections::insert(conn, counter)
}

/// Writes a collection's row anew.
///
/// # Errors
/// A unique violation when its owner has another one of that name.
pub fn update(conn: &mut Conn, calendar: &Calendar) -> Result<(), Error> {
    let row = calendars::table.find((calendar.tenant_id, calendar.collection_id));
    on!(conn, |c| diesel::update(row).set(calendar).execute(c))?;
    Ok(())
}

/// Deletes a collection with all that is in it.
///
/// # Errors
/// [`Error::Db`].
pub fn delete(conn: &mut Conn, tenant: TenantId, id: Id) -> Result<(), Error> {
    let objects = calendar_objects::table
        .filter(calendar_objects::tenant_id.eq(tenant))
        .filter(calendar_objects::collection_id.eq(id));
    on!(conn, |c| diesel::delete(objects).execute(c))?;
    on!(conn, |c| diesel::delete(calendars::table.find((tenant, id))).execute(c))?;
    on!(conn, |c| diesel::delete(collections::table.find((tenant, id))).execute(c))?;
    Ok(())
}

/// A person's collections with their counters, by name.
///
/// # Errors
/// [`Error::Db`].
pub fn of_owner(conn: &mut Conn, tenant: TenantId, owner: Id) -> Result<Vec<(Calendar, Collection)>, Error> {
    let same =
        collections::tenant_id.eq(calendars::tenant_id).and(collections::collection_id.eq(calendars::collection_id));
    let rows = calendars::table
        .inner_join(collections::table.on(same))
        .filter(calendars::tenant_id.eq(tenant))
        .filter(calendars::owner_id.eq(owner))
        .order(calendars::name);
    Ok(on!(conn, |c| rows.select((Calendar::as_select(), Collection::as_select())).load(c))?)
}

/// A person's collection of that name.
///
/// # Errors
/// [`Error::Db`].
pub fn find(conn: &mut Conn, tenant: TenantId, owner: Id, name: &str) -> Result<Option<(Calendar, Collection)>, Error> {
    let same =
        collections::tenant_id.eq(calendars::tenant_id).and(collections::collection_id.eq(calendars::collection_id));
    let row = calendars::table
        .inner_join(collections::table.on(same))
        .filter(calendars::tenant_id.eq(tenant))
        .filter(calendars::owner_id.eq(owner))
        .filter(calendars::name.eq(name));
    Ok(on!(conn, |c| row.select((Calendar::as_select(), Collection::as_select())).get_result(c).optional())?)
}

/// A collection whose events take its owner's time.
#[derive(Debug, Clone, PartialEq, Eq, Queryable)]
#[expect(missing_docs, reason = "each field is named for the column it comes from")]
pub struct Opaque {
    pub owner_id: Id,
    pub collection_id: Id,
    /// The zone of its floating times: its own, else its owner's.
    pub timezone: Option<String>,
    /// Whether it is where its owner writes time off.
    pub time_off: bool,
}

statement! {
    AllOpaque(tenant: TenantId as BigInt) -> (Binary, Binary, Nullable<Text>, Bool),
    "SELECT c.owner_id, c.collection_id, COALESCE(c.timezone, p.timezone), k.kind = 'time_off' FROM calendars c
     JOIN people p ON p.tenant_id = c.tenant_id AND p.person_id = c.owner_id
     JOIN collections k ON k.tenant_id = c.tenant_id AND k.collection_id = c.collection_id
     WHERE c.tenant_id = ? AND c.opaque"
}

/// All collections of a business whose events take their owners' time.
///
/// # Errors
/// [`Error::Db`].
pub fn opaque(conn: &mut Conn, tenant: TenantId) -> Result<Vec<Opaque>, Error> {
    let query = AllOpaque { tenant };
    Ok(on!(conn, |c| query.load(c))?)
}
