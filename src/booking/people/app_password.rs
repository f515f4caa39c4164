use crate::auth::{AppSecret, Secret};
use crate::booking::{Context, Error, input};
use crate::store::app_passwords::{self, AppPassword};
use crate::store::{Conn, people};

/// Makes a password for one of a person's calendar programs (D9). It cannot be shown again.
///
/// # Errors
/// [`Error::NotFound`] for nobody of that login name, [`Error::Invalid`] for the label.
pub fn add_app_password(conn: &mut Conn, ctx: &Context, username: &str, label: &str) -> Result<Secret, Error> {
    let person = people::find_by_username(conn, ctx.tenant, username)?.ok_or(Error::NotFound("person"))?;
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
    app_passwords::insert(conn, &row)?;
    Ok(secret)
}
