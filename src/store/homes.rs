//! What tells whether a collection, and whoever owns and reads it, are as they were: what nearly every CalDAV request
//! begins with, by one statement and few columns.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Binary, Bool, Nullable, Text};

use super::statement::statement;
use super::{Conn, Error, Id, TenantId, on};
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
}

impl Stamp {
    /// Whether another stamp is the same but for changes of what is in the collection.
    #[must_use]
    pub fn differs_only_by_changes(&self, other: &Self) -> bool {
        let Self { owner_id, owner_version, may_write, collection_id, epoch, opaque, timezone, .. } = other;
        (self.owner_id, self.owner_version, self.may_write) == (*owner_id, *owner_version, *may_write)
            && (self.collection_id, self.epoch, self.opaque) == (*collection_id, *epoch, *opaque)
            && self.timezone == *timezone
    }
}

type Row = (Binary, BigInt, Nullable<Bool>, Binary, BigInt, Nullable<Bool>, Nullable<Text>, BigInt, BigInt, BigInt);

statement! {
    OfCalendar(viewer: Id as Binary, tenant: TenantId as BigInt, username: String as Text, name: String as Text) -> Row,
    "SELECT p.person_id, p.version, d.may_write, k.collection_id, k.epoch, c.opaque, c.timezone, k.change, k.changed_at,
     k.octets FROM people p
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

statement! {
    OfBookings(viewer: Id as Binary, tenant: TenantId as BigInt, username: String as Text) -> Row,
    "SELECT p.person_id, p.version, d.may_write, k.collection_id, k.epoch, NULL, NULL, k.change, k.changed_at, k.octets
     FROM people p
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
