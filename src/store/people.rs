//! Managers, staff and customers.

use diesel::prelude::*;

use super::schema::people;
use super::{Conn, Error, Id, Role, TenantId, locking, on};
use crate::time::Instant;

/// A person.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = people, treat_none_as_null = true, treat_none_as_default_value = false)]
#[expect(missing_docs, reason = "each column is named for what it holds")]
pub struct Person {
    pub tenant_id: TenantId,
    pub person_id: Id,
    pub role: Role,
    pub name: String,
    pub email: Option<String>,
    pub phone: Option<String>,
    pub username: Option<String>,
    /// PHC string of argon2id.
    pub password_hash: Option<String>,
    /// IANA zone.
    pub timezone: Option<String>,
    /// BCP 47 tag.
    pub locale: Option<String>,
    pub external_ref: Option<String>,
    /// For customers: what makes two of them the same, see [`identity_key`].
    pub identity_key: Option<String>,
    /// Grows with every change; the ETag.
    pub version: i64,
    pub created_at: Instant,
    pub updated_at: Instant,
    pub deleted_at: Option<Instant>,
}

/// Customers of one name and address are one customer; without an address no two are the same.
#[must_use]
pub fn identity_key(name: &str, email: Option<&str>) -> Option<String> {
    email.map(|email| format!("{}\n{}", email.to_lowercase(), name.to_lowercase()))
}

/// Adds a person.
///
/// # Errors
/// A unique violation when username, external reference or identity is taken.
pub fn insert(conn: &mut Conn, person: &Person) -> Result<(), Error> {
    on!(conn, |c| diesel::insert_into(people::table).values(person).execute(c))?;
    Ok(())
}

/// Finds a person, deleted ones too: old bookings name them.
///
/// # Errors
/// [`Error::Db`].
pub fn find(conn: &mut Conn, tenant: TenantId, id: Id) -> Result<Option<Person>, Error> {
    Ok(on!(conn, |c| people::table.find((tenant, id)).select(Person::as_select()).get_result(c).optional())?)
}

/// Finds a person for a booking that is about to name it: nobody [claims](claim) it until the transaction ends.
///
/// # Errors
/// [`Error::Db`].
pub fn hold(conn: &mut Conn, tenant: TenantId, id: Id) -> Result<Option<Person>, Error> {
    let row = people::table.find((tenant, id));
    Ok(locking!(conn, for_key_share, row.select(Person::as_select()), |query, c| query.get_result(c).optional())?)
}

/// Waits until no booking that is being made names this person, and keeps new ones waiting: what there is afterwards
/// is all there is.
///
/// # Errors
/// [`Error::Db`].
pub fn claim(conn: &mut Conn, tenant: TenantId, id: Id) -> Result<(), Error> {
    let row = people::table.find((tenant, id)).select(people::version);
    locking!(conn, for_update, row, |query, c| query.get_result::<i64>(c).optional())?;
    Ok(())
}

/// Finds several people at once, in no order.
///
/// # Errors
/// [`Error::Db`].
pub fn find_all(conn: &mut Conn, tenant: TenantId, ids: &[Id]) -> Result<Vec<Person>, Error> {
    let query = people::table.filter(people::tenant_id.eq(tenant)).filter(people::person_id.eq_any(ids));
    Ok(on!(conn, |c| query.select(Person::as_select()).load(c))?)
}

/// Finds several for a booking that is about to name one of them: see [`hold`].
///
/// # Errors
/// [`Error::Db`].
pub fn hold_all(conn: &mut Conn, tenant: TenantId, ids: &[Id]) -> Result<Vec<Person>, Error> {
    let rows = people::table
        .filter(people::tenant_id.eq(tenant))
        .filter(people::person_id.eq_any(ids))
        .order(people::person_id);
    Ok(locking!(conn, for_key_share, rows.select(Person::as_select()), |query, c| query.load(c))?)
}

/// Finds the customer of that name and address, for a booking that is about to name it: see [`hold`].
///
/// # Errors
/// [`Error::Db`].
pub fn find_by_identity(conn: &mut Conn, tenant: TenantId, key: &str) -> Result<Option<Person>, Error> {
    let row = people::table.filter(people::tenant_id.eq(tenant)).filter(people::identity_key.eq(key));
    Ok(locking!(conn, for_key_share, row.select(Person::as_select()), |query, c| query.get_result(c).optional())?)
}

/// Finds a person by the reference another system gave.
///
/// # Errors
/// [`Error::Db`].
pub fn find_by_external_ref(conn: &mut Conn, tenant: TenantId, reference: &str) -> Result<Option<Person>, Error> {
    let query = people::table.filter(people::tenant_id.eq(tenant)).filter(people::external_ref.eq(reference));
    Ok(on!(conn, |c| query.select(Person::as_select()).get_result(c).optional())?)
}

/// Finds the people of one login name.
///
/// # Errors
/// [`Error::Db`].
pub fn find_by_username(conn: &mut Conn, tenant: TenantId, username: &str) -> Result<Option<Person>, Error> {
    let query = people::table.filter(people::tenant_id.eq(tenant)).filter(people::username.eq(username));
    Ok(on!(conn, |c| query.select(Person::as_select()).get_result(c).optional())?)
}

/// The people of all businesses who have this login name and an account password, at most `limit`: who logs in with one
/// does not say which business they mean.
///
/// # Errors
/// [`Error::Db`].
pub fn with_password(conn: &mut Conn, username: &str, limit: i64) -> Result<Vec<Person>, Error> {
    let query = people::table.filter(people::username.eq(username)).filter(people::deleted_at.is_null());
    let query = query.filter(people::password_hash.is_not_null());
    let query = query.order(people::tenant_id).limit(limit);
    Ok(on!(conn, |c| query.select(Person::as_select()).load(c))?)
}

/// A page of people with one of `roles` whose id comes after `after`, oldest first.
///
/// # Errors
/// [`Error::Db`].
pub fn list(
    conn: &mut Conn,
    tenant: TenantId,
    roles: &[Role],
    after: Option<Id>,
    limit: i64,
) -> Result<Vec<Person>, Error> {
    let query = people::table
        .filter(people::tenant_id.eq(tenant))
        .filter(people::role.eq_any(roles))
        .filter(people::deleted_at.is_null())
        .filter(people::person_id.gt(after.unwrap_or(Id::TEAM)))
        .order(people::person_id)
        .limit(limit);
    Ok(on!(conn, |c| query.select(Person::as_select()).load(c))?)
}

/// Writes `person` over the row, if the row still has version `expected`. False: it has not.
///
/// # Errors
/// A unique violation as for [`insert`].
pub fn replace(conn: &mut Conn, person: &Person, expected: i64) -> Result<bool, Error> {
    let row = people::table.find((person.tenant_id, person.person_id)).filter(people::version.eq(expected));
    Ok(on!(conn, |c| diesel::update(row).set(person).execute(c))? == 1)
}
