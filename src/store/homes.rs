//! People's homes. What tells whether a collection, and whoever owns and reads it, are as they were is read by nearly
//! every CalDAV request, by one statement and few columns.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Binary, Bool, Nullable, Text};

use super::schema::{app_passwords, delegates, objects};
use super::statement::statement;
use super::{Conn, Error, Id, Short, TenantId, calendars, dav_properties, on};
use crate::time::Instant;

/// A collection in somebody's home, as far as it can change.
#[derive(Debug, Clone, PartialEq, Eq, Queryable)]
pub struct Stamp {
    /// Whose home it is.
    pub owner_id: Id,
    /// That person's version.
    pub owner_version: i64,
    /// Whether who asks may write, where the owner lets them in.
    pub may_write: Option<bool>,
    /// Which collection it is.
    pub collection_id: Id,
    /// New after a restore.
    pub epoch: i64,
    /// Whether its events take its owner's time; none for bookings.
    pub opaque: Option<bool>,
    /// The zone of its floating times.
    pub timezone: Option<String>,
    /// The number of its last change.
    pub change: i64,
    /// When that was.
    pub changed_at: Instant,
    /// How many octets its objects have.
    pub octets: i64,
    /// The zone of the business.
    pub business_timezone: String,
}

impl Stamp {
    /// Whether another stamp is the same but for changes of what is in the collection.
    #[must_use]
    pub fn differs_only_by_changes(&self, other: &Self) -> bool {
        let Self { owner_id, owner_version, may_write, collection_id, epoch, opaque, .. } = other;
        (self.owner_id, self.owner_version, self.may_write) == (*owner_id, *owner_version, *may_write)
            && (self.collection_id, self.epoch, self.opaque) == (*collection_id, *epoch, *opaque)
            && (&self.timezone, &self.business_timezone) == (&other.timezone, &other.business_timezone)
    }
}

type Row =
    (Binary, BigInt, Nullable<Bool>, Binary, BigInt, Nullable<Bool>, Nullable<Text>, BigInt, BigInt, BigInt, Text);

statement! {
    OfCalendar(viewer: Id as Binary, tenant: TenantId as BigInt, username: String as Text, name: String as Text) -> Row,
    "SELECT p.person_id, p.version, d.may_write, k.collection_id, k.epoch, c.opaque, c.timezone, k.change, k.changed_at,
     k.octets, t.timezone FROM people p JOIN tenants t ON t.tenant_id = p.tenant_id
     JOIN calendars c ON c.tenant_id = p.tenant_id AND c.owner_id = p.person_id
     JOIN collections k ON k.tenant_id = c.tenant_id AND k.collection_id = c.collection_id
     LEFT JOIN delegates d ON d.tenant_id = p.tenant_id AND d.owner_id = p.person_id AND d.delegate_id = ?
     WHERE p.tenant_id = ? AND p.username = ? AND p.deleted_at IS NULL AND c.name = ?"
}

/// The collection of this name that the person with this login name writes into, as `viewer` finds it.
///
/// # Errors
/// [`Error::Db`].
pub fn calendar(
    conn: &mut Conn,
    tenant: TenantId,
    viewer: Id,
    username: &str,
    name: &str,
) -> Result<Option<Stamp>, Error> {
    let query = OfCalendar { viewer, tenant, username: username.to_owned(), name: name.to_owned() };
    Ok(on!(conn, |c| query.get_result(c).optional())?)
}

/// An object as it is served.
#[derive(Debug, Clone, PartialEq, Eq, Queryable)]
#[expect(missing_docs, reason = "each field is named for the column it comes from")]
pub struct Served {
    pub etag: Short,
    pub body: String,
    pub modified_at: Instant,
}

statement! {
    OwnObject(tenant: TenantId as BigInt, owner: Id as Binary, calendar: String as Text, name: String as Text)
        -> (Text, Text, BigInt),
    "SELECT o.etag, o.body, o.modified_at FROM calendars c
     JOIN calendar_objects o ON o.tenant_id = c.tenant_id AND o.collection_id = c.collection_id
     WHERE c.tenant_id = ? AND c.owner_id = ? AND c.name = ? AND o.name = ? AND NOT o.deleted"
}

/// The object of this name in a calendar that its owner calls so.
///
/// # Errors
/// [`Error::Db`].
pub fn own_object(
    conn: &mut Conn,
    tenant: TenantId,
    owner: Id,
    (calendar, name): (&str, &str),
) -> Result<Option<Served>, Error> {
    let query = OwnObject { tenant, owner, calendar: calendar.to_owned(), name: name.to_owned() };
    Ok(on!(conn, |c| query.get_result(c).optional())?)
}

statement! {
    OfBookings(viewer: Id as Binary, tenant: TenantId as BigInt, username: String as Text) -> Row,
    "SELECT p.person_id, p.version, d.may_write, k.collection_id, k.epoch, NULL, NULL, k.change, k.changed_at, k.octets,
     t.timezone FROM people p JOIN tenants t ON t.tenant_id = p.tenant_id
     JOIN collections k ON k.tenant_id = p.tenant_id AND k.collection_id = p.person_id
     LEFT JOIN delegates d ON d.tenant_id = p.tenant_id AND d.owner_id = p.person_id AND d.delegate_id = ?
     WHERE p.tenant_id = ? AND p.username = ? AND p.deleted_at IS NULL"
}

/// The bookings of the person with this login name, as `viewer` finds them.
///
/// # Errors
/// [`Error::Db`].
pub fn bookings(conn: &mut Conn, tenant: TenantId, viewer: Id, username: &str) -> Result<Option<Stamp>, Error> {
    let query = OfBookings { viewer, tenant, username: username.to_owned() };
    Ok(on!(conn, |c| query.get_result(c).optional())?)
}

/// Deletes all that only this person had: their calendars with what is in them, what they set on anything, what they
/// added to bookings for themselves, whom they let in and who let them in, and their app passwords.
///
/// # Errors
/// [`Error::Db`].
pub fn forget(conn: &mut Conn, tenant: TenantId, person: Id) -> Result<(), Error> {
    for (calendar, _) in calendars::of_owner(conn, tenant, person)? {
        dav_properties::forget(conn, tenant, calendar.collection_id, None)?;
        calendars::delete(conn, tenant, calendar.collection_id)?;
    }
    dav_properties::forget_of(conn, tenant, person)?;
    let let_in = delegates::table
        .filter(delegates::tenant_id.eq(tenant))
        .filter(delegates::owner_id.eq(person).or(delegates::delegate_id.eq(person)));
    on!(conn, |c| diesel::delete(let_in).execute(c))?;
    let passwords =
        app_passwords::table.filter(app_passwords::tenant_id.eq(tenant)).filter(app_passwords::person_id.eq(person));
    on!(conn, |c| diesel::delete(passwords).execute(c))?;
    let added = objects::table
        .filter(objects::tenant_id.eq(tenant))
        .filter(objects::collection_id.eq(person))
        .filter(objects::personal.is_not_null());
    on!(conn, |c| diesel::update(added).set(objects::personal.eq(None::<String>)).execute(c))?;
    Ok(())
}
