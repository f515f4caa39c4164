//! Calendar object resources (RFC 4791 §4.1) as clients wrote them.

mod within;

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Binary, Bool, Integer, Text};

use super::schema::calendar_objects;
use super::statement::statement;
use super::{Conn, Error, Id, Short, TenantId, locking, on};
use crate::time::{Instant, Interval};
pub use within::{After, busy_within, read_within, visit_within};

/// An object as its client wrote it, and what is known of its contents.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = calendar_objects)]
#[expect(missing_docs, reason = "each column is named for what it holds")]
pub struct CalendarObject {
    pub tenant_id: TenantId,
    pub collection_id: Id,
    /// The last segment of its URL.
    pub name: String,
    pub uid: String,
    /// The name of its component: `VEVENT`, `VTODO`, `VJOURNAL`.
    pub component: String,
    /// Without quotes.
    pub etag: String,
    /// Byte for byte what was put; empty when it is deleted.
    pub body: String,
    /// No instance begins before this.
    pub first_start: Instant,
    /// No instance ends after this.
    pub last_end: Instant,
    /// Whether it takes time at all.
    pub busy: bool,
    /// Whether it is one instance, from `first_start` to `last_end`.
    pub exact: bool,
    pub deleted: bool,
    /// The collection's change number that wrote it.
    pub change: i64,
    pub created_at: Instant,
    pub modified_at: Instant,
}

/// Finds an object, deleted ones too.
///
/// # Errors
/// [`Error::Db`].
pub fn find(conn: &mut Conn, tenant: TenantId, collection: Id, name: &str) -> Result<Option<CalendarObject>, Error> {
    let row = calendar_objects::table.find((tenant, collection, name));
    Ok(on!(conn, |c| row.select(CalendarObject::as_select()).get_result(c).optional())?)
}

/// Finds an object that is about to be changed: nobody else changes it until the transaction ends.
///
/// # Errors
/// [`Error::Db`].
pub fn claim(conn: &mut Conn, tenant: TenantId, collection: Id, name: &str) -> Result<Option<CalendarObject>, Error> {
    let row = calendar_objects::table.find((tenant, collection, name));
    let found = locking!(conn, for_update, row.select(CalendarObject::as_select()), |query, c| {
        query.get_result(c).optional()
    });
    Ok(found?)
}

/// The name of the object with this UID.
///
/// # Errors
/// [`Error::Db`].
pub fn name_of_uid(conn: &mut Conn, tenant: TenantId, collection: Id, uid: &str) -> Result<Option<String>, Error> {
    let row = calendar_objects::table
        .filter(calendar_objects::tenant_id.eq(tenant))
        .filter(calendar_objects::collection_id.eq(collection))
        .filter(calendar_objects::uid.eq(uid))
        .filter(diesel::dsl::not(calendar_objects::deleted))
        .select(calendar_objects::name);
    Ok(on!(conn, |c| row.get_result(c).optional())?)
}

statement! {
    Insert(tenant: TenantId as BigInt, collection: Id as Binary, name: String as Text, uid: String as Text,
           component: String as Text, etag: String as Text, body: String as Text, first_start: Instant as BigInt,
           last_end: Instant as BigInt, busy: bool as Bool, exact: bool as Bool, deleted: bool as Bool,
           change: i64 as BigInt, created_at: Instant as BigInt, modified_at: Instant as BigInt) -> (),
    "INSERT INTO calendar_objects (tenant_id, collection_id, name, uid, component, etag, body, first_start, last_end, busy,
     exact, deleted, change, created_at, modified_at)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"
}

/// Adds an object whose name was never there. False: it was, or its UID is there under another name.
///
/// # Errors
/// [`Error::Db`].
pub fn insert(conn: &mut Conn, object: CalendarObject) -> Result<bool, Error> {
    let o = object;
    let query = Insert {
        tenant: o.tenant_id,
        collection: o.collection_id,
        name: o.name,
        uid: o.uid,
        component: o.component,
        etag: o.etag,
        body: o.body,
        first_start: o.first_start,
        last_end: o.last_end,
        busy: o.busy,
        exact: o.exact,
        deleted: o.deleted,
        change: o.change,
        created_at: o.created_at,
        modified_at: o.modified_at,
    };
    Ok(on!(conn, |c| query.execute(c))? == 1)
}

statement! {
    Replace(uid: String as Text, component: String as Text, etag: String as Text, body: String as Text,
            first_start: Instant as BigInt, last_end: Instant as BigInt, busy: bool as Bool, exact: bool as Bool,
            deleted: bool as Bool, change: i64 as BigInt, created_at: Instant as BigInt, modified_at: Instant as BigInt,
            tenant: TenantId as BigInt, collection: Id as Binary, name: String as Text) -> (),
    "UPDATE calendar_objects SET uid = ?, component = ?, etag = ?, body = ?, first_start = ?, last_end = ?, busy = ?,
     exact = ?, deleted = ?, change = ?, created_at = ?, modified_at = ?
     WHERE tenant_id = ? AND collection_id = ? AND name = ?"
}

/// Writes an object over the one of its name, deleted or not.
///
/// # Errors
/// A unique violation when its UID is there under another name.
pub fn replace(conn: &mut Conn, object: CalendarObject) -> Result<(), Error> {
    let o = object;
    let query = Replace {
        uid: o.uid,
        component: o.component,
        etag: o.etag,
        body: o.body,
        first_start: o.first_start,
        last_end: o.last_end,
        busy: o.busy,
        exact: o.exact,
        deleted: o.deleted,
        change: o.change,
        created_at: o.created_at,
        modified_at: o.modified_at,
        tenant: o.tenant_id,
        collection: o.collection_id,
        name: o.name,
    };
    on!(conn, |c| query.execute(c))?;
    Ok(())
}

/// How many rows a page has. It stands in the statements: SQLite plans one anew whenever a value is bound to its limit.
pub const PAGE: usize = 1000;

/// An object of which little more than its tag is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "each field is named for the column it comes from")]
pub struct Tagged<'r> {
    pub name: &'r str,
    pub component: &'r str,
    pub etag: &'r str,
}

/// An object that may have an instance in a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Placed<'r> {
    /// Its name and tag.
    pub object: Tagged<'r>,
    /// Its text.
    pub body: &'r str,
    /// Its one instance, where it has one and that is known without looking into the text.
    pub exact: Option<Interval>,
}

/// An object in a listing, without its text.
#[derive(Debug, Clone, PartialEq, Eq, Queryable)]
#[expect(missing_docs, reason = "each field is named for the column it comes from")]
pub struct Listed {
    pub name: Short,
    pub etag: Short,
    pub component: Short,
    /// Octets of its text.
    pub size: i32,
    pub deleted: bool,
    pub change: i64,
    pub created_at: Instant,
    pub modified_at: Instant,
}

/// An object with its text.
#[derive(Debug, Clone, PartialEq, Eq, Queryable)]
#[expect(missing_docs, reason = "each field is named for the column it comes from")]
pub struct Read {
    pub name: Short,
    pub etag: Short,
    pub component: Short,
    pub body: String,
    pub first_start: Instant,
    pub last_end: Instant,
    pub exact: bool,
    pub created_at: Instant,
    pub modified_at: Instant,
}

type ListedRow = (Text, Text, Text, Integer, Bool, BigInt, BigInt, BigInt);
type ReadRow = (Text, Text, Text, Text, BigInt, BigInt, Bool, BigInt, BigInt);

statement! {
    // One column instead of three: each costs about as much as finding its row. Only names may have spaces.
    TagsAfter(tenant: TenantId as BigInt, collection: Id as Binary, after: String as Text) -> Text,
    "SELECT concat_ws(' ', component, etag, name) FROM calendar_objects
     WHERE tenant_id = ? AND collection_id = ? AND name > ? AND NOT deleted ORDER BY name LIMIT 1000"
}

/// Hands a page of the tags of a collection to `visit`, by name, from after `after` on.
///
/// # Errors
/// [`Error::Db`].
pub fn visit_tags(
    conn: &mut Conn,
    tenant: TenantId,
    collection: Id,
    after: &str,
    mut visit: impl FnMut(Tagged<'_>),
) -> Result<(), Error> {
    let query = TagsAfter { tenant, collection, after: after.to_owned() };
    on!(conn, |c| {
        for row in query.load_iter::<String, _>(c)? {
            visit(Tagged::read(&row?));
        }
    });
    Ok(())
}

impl<'r> Tagged<'r> {
    /// Takes apart what was one column.
    fn read(row: &'r str) -> Self {
        let (component, rest) = word(row);
        let (etag, name) = word(rest);
        Self { name, component, etag }
    }
}

/// What is before the first space, and what after it.
fn word(text: &str) -> (&str, &str) {
    let space = memchr::memchr(b' ', text.as_bytes()).unwrap_or(text.len());
    (&text[..space], text.get(space + 1..).unwrap_or_default())
}

statement! {
    ListAfter(tenant: TenantId as BigInt, collection: Id as Binary, after: String as Text) -> ListedRow,
    "SELECT name, etag, component, CAST(octet_length(body) AS INTEGER), deleted, change, created_at, modified_at
     FROM calendar_objects
     WHERE tenant_id = ? AND collection_id = ? AND name > ? AND NOT deleted ORDER BY name LIMIT 1000"
}

/// A page of the objects of a collection, by name, from after `after` on.
///
/// # Errors
/// [`Error::Db`].
pub fn list(conn: &mut Conn, tenant: TenantId, collection: Id, after: &str) -> Result<Vec<Listed>, Error> {
    let query = ListAfter { tenant, collection, after: after.to_owned() };
    Ok(on!(conn, |c| query.load(c))?)
}

statement! {
    ListChanged(tenant: TenantId as BigInt, collection: Id as Binary, after: i64 as BigInt, until: i64 as BigInt) -> ListedRow,
    "SELECT name, etag, component, CAST(octet_length(body) AS INTEGER), deleted, change, created_at, modified_at
     FROM calendar_objects
     WHERE tenant_id = ? AND collection_id = ? AND change > ? AND change <= ? ORDER BY change LIMIT 1000"
}

/// A page of the objects, deleted ones too, whose last change has a number after `after` and up to `until`, by number.
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
    TagsChanged(tenant: TenantId as BigInt, collection: Id as Binary, after: i64 as BigInt, until: i64 as BigInt)
        -> (Text, BigInt, Bool),
    "SELECT concat_ws(' ', component, etag, name), change, deleted FROM calendar_objects
     WHERE tenant_id = ? AND collection_id = ? AND change > ? AND change <= ? ORDER BY change LIMIT 1000"
}

/// The tags of a page of [`list_changed`], handed to `visit` with the number of the last change and whether the object is
/// gone.
///
/// # Errors
/// [`Error::Db`].
pub fn visit_changed(
    conn: &mut Conn,
    tenant: TenantId,
    collection: Id,
    (after, until): (i64, i64),
    mut visit: impl FnMut(Tagged<'_>, i64, bool),
) -> Result<(), Error> {
    let query = TagsChanged { tenant, collection, after, until };
    on!(conn, |c| {
        for row in query.load_iter::<(String, i64, bool), _>(c)? {
            let (object, change, deleted) = row?;
            visit(Tagged::read(&object), change, deleted);
        }
    });
    Ok(())
}

statement! {
    ReadOne(tenant: TenantId as BigInt, collection: Id as Binary, name: String as Text) -> ReadRow,
    "SELECT name, etag, component, body, first_start, last_end, exact, created_at, modified_at FROM calendar_objects
     WHERE tenant_id = ? AND collection_id = ? AND name = ? AND NOT deleted"
}

/// Reads an object.
///
/// # Errors
/// [`Error::Db`].
pub fn read(conn: &mut Conn, tenant: TenantId, collection: Id, name: &str) -> Result<Option<Read>, Error> {
    let query = ReadOne { tenant, collection, name: name.to_owned() };
    Ok(on!(conn, |c| query.get_result(c).optional())?)
}

/// Reads the objects of these names that are there, in any order: at most as many as a statement can name.
///
/// # Errors
/// [`Error::Db`].
pub fn read_named(conn: &mut Conn, tenant: TenantId, collection: Id, names: &[&str]) -> Result<Vec<Read>, Error> {
    use calendar_objects::{
        body, component, created_at, deleted, etag, exact, first_start, last_end, modified_at, name,
    };
    let rows = calendar_objects::table
        .filter(calendar_objects::tenant_id.eq(tenant))
        .filter(calendar_objects::collection_id.eq(collection))
        .filter(name.eq_any(names))
        .filter(diesel::dsl::not(deleted))
        .select((name, etag, component, body, first_start, last_end, exact, created_at, modified_at));
    Ok(on!(conn, |c| rows.load(c))?)
}

statement! {
    ReadAfter(tenant: TenantId as BigInt, collection: Id as Binary, after: String as Text) -> ReadRow,
    "SELECT name, etag, component, body, first_start, last_end, exact, created_at, modified_at FROM calendar_objects
     WHERE tenant_id = ? AND collection_id = ? AND name > ? AND NOT deleted ORDER BY name LIMIT 1000"
}

/// A page of the objects of a collection with their texts, by name, from after `after` on.
///
/// # Errors
/// [`Error::Db`].
pub fn read_all(conn: &mut Conn, tenant: TenantId, collection: Id, after: &str) -> Result<Vec<Read>, Error> {
    let query = ReadAfter { tenant, collection, after: after.to_owned() };
    Ok(on!(conn, |c| query.load(c))?)
}
