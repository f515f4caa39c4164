//! Readers' calendars: a change counter each, and the bookings as that reader sees them.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Binary, Integer, Nullable, Text};

use super::schema::{collections, objects};
use super::statement::statement;
use super::{BookingKind, CollectionKind, Conn, Error, Id, Local, TenantId, on};
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
    /// How many octets the objects that clients wrote have together.
    pub octets: i64,
}

/// A booking as one reader sees it.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = objects, treat_none_as_null = true, treat_none_as_default_value = false)]
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
    Ok(on!(conn, |c| collections::table.find((tenant, id)).select(Collection::as_select()).get_result(c).optional())?)
}

statement! {
    Bump(at: Instant as BigInt, tenant: TenantId as BigInt, id: Id as Binary) -> BigInt,
    "UPDATE collections SET change = change + 1, changed_at = ? WHERE tenant_id = ? AND collection_id = ? RETURNING change"
}

/// Counts one change in a collection and returns its number.
///
/// The row stays locked until the commit, so that the order of numbers is the order of commits. Who bumps several
/// takes them in [`lock_order`].
///
/// # Errors
/// [`Error::Db`], also when the collection is there no more: [`Error::lost`].
pub fn bump(conn: &mut Conn, tenant: TenantId, id: Id, at: Instant) -> Result<i64, Error> {
    let query = Bump { at, tenant, id };
    on!(conn, |c| query.get_result(c)).optional()?.ok_or_else(Error::lost)
}

statement! {
    Grow(octets: i64 as BigInt, at: Instant as BigInt, tenant: TenantId as BigInt, id: Id as Binary) -> (BigInt, BigInt),
    "UPDATE collections SET change = change + 1, octets = octets + ?, changed_at = ?
     WHERE tenant_id = ? AND collection_id = ? RETURNING change, octets"
}

/// [`bump`] for a change after which the objects have so many octets more. Returns also how many they have then.
///
/// # Errors
/// Those of [`bump`].
pub fn grow(conn: &mut Conn, tenant: TenantId, id: Id, at: Instant, octets: i64) -> Result<(i64, i64), Error> {
    let query = Grow { octets, at, tenant, id };
    on!(conn, |c| query.get_result(c)).optional()?.ok_or_else(Error::lost)
}

/// The order in which all transactions lock collections, so that no two wait for each other: by id, the business's
/// own, which every booking changes, last and so for the shortest time.
#[must_use]
pub fn lock_order(one: Id, other: Id) -> std::cmp::Ordering {
    other.cmp(&one)
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
    Ok(on!(conn, |c| objects::table.find(key).select(Object::as_select()).get_result(c).optional())?)
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

/// Which objects of a collection to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// Those that end after this.
    pub from: Instant,
    /// Those that start before this.
    pub until: Instant,
    /// Cancelled ones only when they were changed at this time or later.
    pub cancelled_since: Instant,
    /// Only those of this kind.
    pub kind: Option<BookingKind>,
}

/// What a feed is composed of: one object's times and text.
#[derive(Debug, Clone, PartialEq, Eq, Queryable)]
#[expect(missing_docs, reason = "each field is named for the column it comes from")]
pub struct Entry {
    pub timezone: Option<String>,
    pub first_start: Instant,
    pub last_end: Instant,
    pub component: String,
}

statement! {
    InWindow(tenant: TenantId as BigInt, collection: Id as Binary, from: Instant as BigInt, until: Instant as BigInt,
             cancelled_since: Instant as BigInt, any: String as Text, kind: String as Text)
        -> (Nullable<Text>, BigInt, BigInt, Text),
    "SELECT timezone, first_start, last_end, component FROM objects
     WHERE tenant_id = ? AND collection_id = ? AND last_end > ? AND first_start < ?
       AND (NOT cancelled OR modified_at >= ?) AND (? = '' OR kind = ?)
     ORDER BY last_end, object_id"
}

/// Hands the objects of a collection in a window to `visit`, by end, one at a time: a feed is written from them without
/// all of them being in memory twice.
///
/// # Errors
/// [`Error::Db`].
pub fn visit_window(
    conn: &mut Conn,
    tenant: TenantId,
    collection: Id,
    window: &Window,
    mut visit: impl FnMut(Entry),
) -> Result<(), Error> {
    let kind = window.kind.map_or("", BookingKind::word);
    let query = InWindow {
        tenant,
        collection,
        from: window.from,
        until: window.until,
        cancelled_since: window.cancelled_since,
        any: kind.to_owned(),
        kind: kind.to_owned(),
    };
    on!(conn, |c| {
        for entry in query.load_iter::<Entry, _>(c)? {
            visit(entry?);
        }
    });
    Ok(())
}

statement! {
    Stops(tenant: TenantId as BigInt, collection: Id as Binary, from: Instant as BigInt, until: Instant as BigInt,
          cancelled_since: Instant as BigInt, kind: String as Text)
        -> ((Text, Nullable<Integer>, BigInt, Binary), (Nullable<Text>, BigInt, BigInt, Text)),
    "SELECT b.start_local, b.stop, b.start_at, b.booking_id, o.timezone, o.first_start, o.last_end, o.component
     FROM objects o JOIN bookings b ON b.tenant_id = o.tenant_id AND b.booking_id = o.object_id
     WHERE o.tenant_id = ? AND o.collection_id = ? AND o.last_end > ? AND o.first_start < ?
       AND (NOT o.cancelled OR o.modified_at >= ?) AND o.kind = ?"
}

/// The deliveries of a collection in a window, by day, then by stop, those without a stop last.
///
/// # Errors
/// [`Error::Db`].
pub fn route(conn: &mut Conn, tenant: TenantId, collection: Id, window: &Window) -> Result<Vec<Entry>, Error> {
    type Row = ((Local, Option<i32>, Instant, Id), Entry);
    let query = Stops {
        tenant,
        collection,
        from: window.from,
        until: window.until,
        cancelled_since: window.cancelled_since,
        kind: BookingKind::Delivery.word().to_owned(),
    };
    let mut rows: Vec<Row> = on!(conn, |c| query.load(c))?;
    rows.sort_by_key(|((start, stop, start_at, id), _)| (start.0.date(), stop.is_none(), *stop, *start_at, *id));
    Ok(rows.into_iter().map(|(_, entry)| entry).collect())
}
