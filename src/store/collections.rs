//! Readers' calendars: a change counter each, and the bookings as that reader sees them.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Binary};

use super::schema::{collections, objects};
use super::statement::statement;
use super::{CollectionKind, Conn, Error, Id, TenantId, on};
use crate::time::Instant;

/// A reader's calendar. Its id is that of the person or resource it belongs to, [`Id::TEAM`] for the business.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = collections)]
#[expect(missing_docs, reason = "each column is named for what it holds")]
pub struct Collection {
    pub tenant_id: TenantId,
    pub collection_id: Id,
    pub kind: CollectionKind,
    /// New after a restore.
    pub epoch: i64,
    /// Grows by one with every change, in the transaction of the change.
    pub change: i64,
    pub changed_at: Instant,
}

/// A booking as one reader sees it.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = objects, treat_none_as_null = true)]
#[expect(missing_docs, reason = "each column is named for what it holds")]
pub struct Object {
    pub tenant_id: TenantId,
    pub collection_id: Id,
    /// The booking's id.
    pub object_id: Id,
    pub uid: String,
    /// The word of a [`super::BookingKind`].
    pub kind: String,
    pub cancelled: bool,
    /// IANA zone its times refer to; none when they are dates or UTC.
    pub timezone: Option<String>,
    pub first_start: Instant,
    pub last_end: Instant,
    pub modified_at: Instant,
    /// The collection's change number that wrote it.
    pub change: i64,
    /// VEVENTs, CRLF line ends.
    pub component: String,
}

/// Adds a reader's calendar.
///
/// # Errors
/// A unique violation when it is there.
pub fn insert(conn: &mut Conn, collection: &Collection) -> Result<(), Error> {
    on!(conn, |c| diesel::insert_into(collections::table).values(collection).execute(c))?;
    Ok(())
}

/// Finds a reader's calendar.
///
/// # Errors
/// [`Error::Db`].
pub fn find(conn: &mut Conn, tenant: TenantId, id: Id) -> Result<Option<Collection>, Error> {
    Ok(on!(conn, |c| collections::table.find((tenant, id)).select(Collection::as_select()).first(c).optional())?)
}

statement! {
    Bump(at: Instant as BigInt, tenant: TenantId as BigInt, id: Id as Binary) -> BigInt,
    "UPDATE collections SET change = change + 1, changed_at = ? WHERE tenant_id = ? AND collection_id = ? RETURNING change"
}

/// Counts one change in each of `ids` and returns their new numbers, in the order of `ids`.
///
/// Rows are taken in ascending order of id, the same for everyone, so that two transactions never wait for each
/// other; and they stay locked until the commit, so that the order of numbers is the order of commits.
///
/// # Errors
/// [`Error::Db`], also when a collection does not exist.
pub fn bump(conn: &mut Conn, tenant: TenantId, ids: &[Id], at: Instant) -> Result<Vec<i64>, Error> {
    let mut order: Vec<usize> = (0..ids.len()).collect();
    order.sort_unstable_by_key(|&i| ids[i]);
    let mut numbers = vec![0; ids.len()];
    for i in order {
        let query = Bump { at, tenant, id: ids[i] };
        numbers[i] = on!(conn, |c| query.get_result(c))?;
    }
    Ok(numbers)
}

/// Adds an object that is not there yet.
///
/// # Errors
/// A unique violation when it is.
pub fn insert_object(conn: &mut Conn, object: &Object) -> Result<(), Error> {
    on!(conn, |c| diesel::insert_into(objects::table).values(object).execute(c))?;
    Ok(())
}

/// Writes an object, whether it is there or not.
///
/// # Errors
/// [`Error::Db`].
pub fn put_object(conn: &mut Conn, object: &Object) -> Result<(), Error> {
    let key = (object.tenant_id, object.collection_id, object.object_id);
    let updated = on!(conn, |c| diesel::update(objects::table.find(key)).set(object).execute(c))?;
    if updated == 0 {
        insert_object(conn, object)?;
    }
    Ok(())
}

/// Reads one object.
///
/// # Errors
/// [`Error::Db`].
pub fn object(conn: &mut Conn, tenant: TenantId, collection: Id, id: Id) -> Result<Option<Object>, Error> {
    let key = (tenant, collection, id);
    Ok(on!(conn, |c| objects::table.find(key).select(Object::as_select()).first(c).optional())?)
}

/// Which collections hold an object of this id.
///
/// # Errors
/// [`Error::Db`].
pub fn holders(conn: &mut Conn, tenant: TenantId, candidates: &[Id], object: Id) -> Result<Vec<Id>, Error> {
    let query = objects::table
        .filter(objects::tenant_id.eq(tenant))
        .filter(objects::collection_id.eq_any(candidates))
        .filter(objects::object_id.eq(object))
        .select(objects::collection_id);
    Ok(on!(conn, |c| query.load(c))?)
}

/// What a feed is composed of: one object's times and text.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = objects)]
#[expect(missing_docs, reason = "each column is named for what it holds")]
pub struct Entry {
    pub object_id: Id,
    pub kind: String,
    pub cancelled: bool,
    pub timezone: Option<String>,
    pub first_start: Instant,
    pub last_end: Instant,
    pub modified_at: Instant,
    pub component: String,
}

/// The objects of a collection that end after `from` and start before `until`, by end.
///
/// # Errors
/// [`Error::Db`].
pub fn window(
    conn: &mut Conn,
    tenant: TenantId,
    collection: Id,
    from: Instant,
    until: Instant,
) -> Result<Vec<Entry>, Error> {
    let query = objects::table
        .filter(objects::tenant_id.eq(tenant))
        .filter(objects::collection_id.eq(collection))
        .filter(objects::last_end.gt(from))
        .filter(objects::first_start.lt(until))
        .order((objects::last_end, objects::object_id));
    Ok(on!(conn, |c| query.select(Entry::as_select()).load(c))?)
}
