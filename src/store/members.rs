//! Bookings as members of a reader's collection: what CalDAV lists and reads of [`super::collections::Object`]s.
//!
//! One that was cancelled, or is no more this reader's, is no member; its row tells who asks for changes.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Binary, Bool, Nullable, Text};

use super::schema::objects;
use super::statement::statement;
use super::{Conn, Error, Id, TenantId, on};
use crate::time::{Instant, Interval};

/// A booking in a listing, without its text.
#[derive(Debug, Clone, PartialEq, Eq, Queryable)]
#[expect(missing_docs, reason = "each field is named for the column it comes from")]
pub struct Listed {
    pub object_id: Id,
    pub cancelled: bool,
    pub change: i64,
    pub modified_at: Instant,
}

/// A booking with its text.
#[derive(Debug, Clone, PartialEq, Eq, Queryable)]
#[expect(missing_docs, reason = "each field is named for the column it comes from")]
pub struct Read {
    pub object_id: Id,
    pub timezone: Option<String>,
    pub first_start: Instant,
    pub last_end: Instant,
    pub change: i64,
    pub modified_at: Instant,
    pub component: String,
    pub personal: Option<String>,
}

type ListedRow = (Binary, Bool, BigInt, BigInt);
type ReadRow = (Binary, Nullable<Text>, BigInt, BigInt, BigInt, BigInt, Text, Nullable<Text>);

statement! {
    ListAfter(tenant: TenantId as BigInt, collection: Id as Binary, after: Id as Binary) -> ListedRow,
    "SELECT object_id, cancelled, change, modified_at FROM objects
     WHERE tenant_id = ? AND collection_id = ? AND object_id > ? AND NOT cancelled ORDER BY object_id LIMIT 1000"
}

/// A page of the bookings of a collection, by id, from after `after` on.
///
/// # Errors
/// [`Error::Db`].
pub fn list(conn: &mut Conn, tenant: TenantId, collection: Id, after: Id) -> Result<Vec<Listed>, Error> {
    let query = ListAfter { tenant, collection, after };
    Ok(on!(conn, |c| query.load(c))?)
}

statement! {
    ListChanged(tenant: TenantId as BigInt, collection: Id as Binary, after: i64 as BigInt, until: i64 as BigInt)
        -> ListedRow,
    "SELECT object_id, cancelled, change, modified_at FROM objects
     WHERE tenant_id = ? AND collection_id = ? AND change > ? AND change <= ? ORDER BY change LIMIT 1000"
}

/// A page of the bookings, cancelled ones too, whose last change has a number after `after` and up to `until`, by
/// number.
///
/// # Errors
/// [`Error::Db`].
pub fn list_changed(
    conn: &mut Conn,
    tenant: TenantId,
    collection: Id,
    (after, until): (i64, i64),
) -> Result<Vec<Listed>, Error> {
    let query = ListChanged { tenant, collection, after, until };
    Ok(on!(conn, |c| query.load(c))?)
}

statement! {
    ReadOne(tenant: TenantId as BigInt, collection: Id as Binary, id: Id as Binary) -> ReadRow,
    "SELECT object_id, timezone, first_start, last_end, change, modified_at, component, personal FROM objects
     WHERE tenant_id = ? AND collection_id = ? AND object_id = ? AND NOT cancelled"
}

/// Reads a booking.
///
/// # Errors
/// [`Error::Db`].
pub fn read(conn: &mut Conn, tenant: TenantId, collection: Id, id: Id) -> Result<Option<Read>, Error> {
    let query = ReadOne { tenant, collection, id };
    Ok(on!(conn, |c| query.get_result(c).optional())?)
}

/// Reads the bookings of these ids that are members, in any order: at most as many as a statement can name.
///
/// # Errors
/// [`Error::Db`].
pub fn read_named(conn: &mut Conn, tenant: TenantId, collection: Id, ids: &[Id]) -> Result<Vec<Read>, Error> {
    use objects::{cancelled, change, component, first_start, last_end, modified_at, object_id, personal, timezone};
    let rows = objects::table
        .filter(objects::tenant_id.eq(tenant))
        .filter(objects::collection_id.eq(collection))
        .filter(object_id.eq_any(ids))
        .filter(diesel::dsl::not(cancelled))
        .select((object_id, timezone, first_start, last_end, change, modified_at, component, personal));
    Ok(on!(conn, |c| rows.load(c))?)
}

statement! {
    ReadAfter(tenant: TenantId as BigInt, collection: Id as Binary, after: Id as Binary) -> ReadRow,
    "SELECT object_id, timezone, first_start, last_end, change, modified_at, component, personal FROM objects
     WHERE tenant_id = ? AND collection_id = ? AND object_id > ? AND NOT cancelled ORDER BY object_id LIMIT 1000"
}

/// A page of the bookings of a collection with their texts, by id, from after `after` on.
///
/// # Errors
/// [`Error::Db`].
pub fn read_all(conn: &mut Conn, tenant: TenantId, collection: Id, after: Id) -> Result<Vec<Read>, Error> {
    let query = ReadAfter { tenant, collection, after };
    Ok(on!(conn, |c| query.load(c))?)
}

statement! {
    ReadWithin(tenant: TenantId as BigInt, collection: Id as Binary, from: Instant as BigInt, until: Instant as BigInt,
               same_end: Instant as BigInt, after: Id as Binary) -> ReadRow,
    "SELECT object_id, timezone, first_start, last_end, change, modified_at, component, personal FROM objects
     WHERE tenant_id = ? AND collection_id = ? AND last_end >= ? AND first_start < ?
       AND (last_end > ? OR object_id > ?) AND NOT cancelled ORDER BY last_end, object_id LIMIT 1000"
}

/// A page of the bookings that may have an occurrence in a window, by (`last_end`, id), from after `after` on.
///
/// # Errors
/// [`Error::Db`].
pub fn read_within(
    conn: &mut Conn,
    tenant: TenantId,
    collection: Id,
    window: Interval,
    after: Option<(Instant, Id)>,
) -> Result<Vec<Read>, Error> {
    let (from, after) = after.unwrap_or((window.start, Id::TEAM));
    let query = ReadWithin { tenant, collection, from, until: window.end, same_end: from, after };
    Ok(on!(conn, |c| query.load(c))?)
}

/// Keeps what the reader added to a booking for themselves.
///
/// # Errors
/// [`Error::Db`].
pub fn set_personal(
    conn: &mut Conn,
    tenant: TenantId,
    (collection, id): (Id, Id),
    personal: Option<&str>,
    change: i64,
) -> Result<(), Error> {
    let row = objects::table.find((tenant, collection, id));
    let set = (objects::personal.eq(personal), objects::change.eq(change));
    on!(conn, |c| diesel::update(row).set(set).execute(c))?;
    Ok(())
}

/// What people added to a booking for themselves, and in whose collections, in the order in which these are locked.
///
/// # Errors
/// [`Error::Db`].
pub fn additions(conn: &mut Conn, tenant: TenantId, id: Id) -> Result<Vec<(Id, String)>, Error> {
    let rows = objects::table
        .filter(objects::tenant_id.eq(tenant))
        .filter(objects::object_id.eq(id))
        .filter(objects::personal.is_not_null())
        .order(objects::collection_id.desc())
        .select((objects::collection_id, objects::personal.assume_not_null()));
    Ok(on!(conn, |c| rows.load(c))?)
}

/// Writes what a reader added to a booking as part of a change that has numbered its object already.
///
/// # Errors
/// [`Error::Db`].
pub fn carry_personal(
    conn: &mut Conn,
    tenant: TenantId,
    (collection, id): (Id, Id),
    personal: Option<&str>,
) -> Result<(), Error> {
    let row = objects::table.find((tenant, collection, id));
    on!(conn, |c| diesel::update(row).set(objects::personal.eq(personal)).execute(c))?;
    Ok(())
}
