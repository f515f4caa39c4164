//! Passwords for one client each, by what is derived of them.

use diesel::prelude::*;

use super::schema::app_passwords;
use super::{Conn, Error, Id, TenantId, on};
use crate::time::Instant;

/// An app password as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = app_passwords, treat_none_as_default_value = false)]
#[expect(missing_docs, reason = "each column is named for what it holds")]
pub struct AppPassword {
    pub tenant_id: TenantId,
    pub password_id: Id,
    pub person_id: Id,
    /// A keyed hash.
    pub secret_hash: Vec<u8>,
    /// Which client it is for, as its owner calls it.
    pub label: String,
    pub created_at: Instant,
    /// To within an hour.
    pub last_used_at: Option<Instant>,
    pub revoked_at: Option<Instant>,
}

/// Adds a password.
///
/// # Errors
/// [`Error::Db`].
pub fn insert(conn: &mut Conn, password: &AppPassword) -> Result<(), Error> {
    on!(conn, |c| diesel::insert_into(app_passwords::table).values(password).execute(c))?;
    Ok(())
}

/// Finds a password, revoked ones too.
///
/// # Errors
/// [`Error::Db`].
pub fn find(conn: &mut Conn, tenant: TenantId, id: Id) -> Result<Option<AppPassword>, Error> {
    let row = app_passwords::table.find((tenant, id));
    Ok(on!(conn, |c| row.select(AppPassword::as_select()).get_result(c).optional())?)
}

/// All passwords of a person, oldest first.
///
/// # Errors
/// [`Error::Db`].
pub fn list(conn: &mut Conn, tenant: TenantId, person: Id) -> Result<Vec<AppPassword>, Error> {
    let rows = app_passwords::table
        .filter(app_passwords::tenant_id.eq(tenant))
        .filter(app_passwords::person_id.eq(person))
        .order((app_passwords::created_at, app_passwords::password_id));
    Ok(on!(conn, |c| rows.select(AppPassword::as_select()).load(c))?)
}

/// Revokes a person's password. False: there is none of that id, or it is revoked.
///
/// # Errors
/// [`Error::Db`].
pub fn revoke(conn: &mut Conn, tenant: TenantId, person: Id, id: Id, at: Instant) -> Result<bool, Error> {
    let row = app_passwords::table
        .find((tenant, id))
        .filter(app_passwords::person_id.eq(person))
        .filter(app_passwords::revoked_at.is_null());
    Ok(on!(conn, |c| diesel::update(row).set(app_passwords::revoked_at.eq(at)).execute(c))? == 1)
}

/// Notes when a password was used.
///
/// # Errors
/// [`Error::Db`].
pub fn note_use(conn: &mut Conn, tenant: TenantId, id: Id, at: Instant) -> Result<(), Error> {
    let row = app_passwords::table.find((tenant, id));
    on!(conn, |c| diesel::update(row).set(app_passwords::last_used_at.eq(at)).execute(c))?;
    Ok(())
}
