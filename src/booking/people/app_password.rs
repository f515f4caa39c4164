use crate::auth::{AppSecret, Secret};
use crate::booking::{Context, Error, input};
use crate::store::app_passwords::{self as rows, AppPassword};
use crate::store::people::{self, Person};
use crate::store::{Conn, Id};

/// Makes a password for one of a person's calendar programs (D9). It cannot be shown again.
///
/// # Errors
/// [`Error::NotFound`] for nobody of that login name, [`Error::Invalid`] for the label.
pub fn add_app_password(conn: &mut Conn, ctx: &Context, username: &str, label: &str) -> Result<Secret, Error> {
    let person = owner(conn, ctx, username)?;
    let label = input::line(label, 100).map_err(|detail| Error::invalid("/label", detail))?;
    let (secret, key) = AppSecret::generate(&ctx.links.key, ctx.tenant);
    let row = AppPassword {
        tenant_id: ctx.tenant,
        password_id: key.id,
        person_id: person.person_id,
        secret_hash: key.hash.to_vec(),
        label,
        created_at: ctx.now,
        last_used_at: None,
        revoked_at: None,
    };
    rows::insert(conn, &row)?;
    Ok(secret)
}

/// The passwords of a person's calendar programs, oldest first, revoked ones too.
///
/// # Errors
/// [`Error::NotFound`] for nobody of that login name.
pub fn app_passwords(conn: &mut Conn, ctx: &Context, username: &str) -> Result<Vec<AppPassword>, Error> {
    let person = owner(conn, ctx, username)?;
    Ok(rows::list(conn, ctx.tenant, person.person_id)?)
}

/// Ends a password: from the commit on it opens no profile, and no login that is not believed already (for seconds, see
/// [`crate::auth::Logins`]).
///
/// # Errors
/// [`Error::NotFound`] when there is none of that id, or it is revoked already.
pub fn revoke_app_password(conn: &mut Conn, ctx: &Context, id: Id) -> Result<(), Error> {
    let row = rows::find(conn, ctx.tenant, id)?.ok_or(Error::NotFound("app password"))?;
    if rows::revoke(conn, ctx.tenant, row.person_id, id, ctx.now)? {
        Ok(())
    } else {
        Err(Error::NotFound("app password"))
    }
}

fn owner(conn: &mut Conn, ctx: &Context, username: &str) -> Result<Person, Error> {
    people::find_by_username(conn, ctx.tenant, username)?.ok_or(Error::NotFound("person"))
}
