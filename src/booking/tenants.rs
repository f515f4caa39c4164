//! Businesses (B1).

use super::people::open_collection;
use super::{Conflict, Context, Error, Faults, Links, input};
use crate::store::tenants::{self, Tenant};
use crate::store::{self, CollectionKind, Conn, Id, TenantId};
use crate::time::{Instant, Zone};

/// A business as its operator describes it.
#[derive(Debug, Clone, Default)]
pub struct NewTenant {
    /// Its short name in URLs, for ever: see [`input::slug`].
    pub slug: String,
    /// Its name, up to 200 characters.
    pub name: String,
    /// IANA zone.
    pub timezone: String,
    /// Where its customers write to.
    pub email: Option<String>,
}

/// Adds a business and its team collection.
///
/// # Errors
/// [`Error::Invalid`], or [`Conflict::AlreadyExists`] when the slug is taken.
pub fn create(conn: &mut Conn, new: &NewTenant, now: Instant, links: Links) -> Result<Tenant, Error> {
    let mut faults = Faults::default();
    let slug = faults.take("/slug", input::slug(&new.slug));
    let name = faults.take("/name", input::line(&new.name, 200));
    let timezone = faults.take("/timezone", input::zone(&new.timezone).map(|zone| zone.name().to_owned()));
    let email = faults.take("/email", new.email.as_deref().map(input::email).transpose());
    faults.check()?;
    let tenant_id = TenantId::of_slug(&slug);
    if let Some(other) = tenants::find(conn, tenant_id)? {
        let detail = format!("there is a business \"{}\" already; choose another slug", other.slug);
        return Err(Error::conflict(Conflict::AlreadyExists, detail));
    }
    let tenant = Tenant { tenant_id, slug, name, timezone, email, created_at: now, updated_at: now };
    tenants::insert(conn, &tenant)?;
    let ctx = context_of(&tenant, "operator", now, links)?;
    open_collection(conn, &ctx, Id::TEAM, CollectionKind::Team)?;
    Ok(tenant)
}

/// Deletes a business and every row of it.
///
/// # Errors
/// [`Error::NotFound`].
pub fn delete(conn: &mut Conn, slug: &str) -> Result<(), Error> {
    let tenant = TenantId::of_slug(slug);
    if tenants::find(conn, tenant)?.is_none_or(|found| found.slug != slug) {
        return Err(Error::NotFound("business"));
    }
    Ok(tenants::delete(conn, tenant)?)
}

/// What the use cases need to know of a business and of who asks.
///
/// # Errors
/// [`Error::NotFound`] when the business is gone.
pub fn context(conn: &mut Conn, tenant: TenantId, actor: &str, now: Instant, links: Links) -> Result<Context, Error> {
    let tenant = tenants::find(conn, tenant)?.ok_or(Error::NotFound("business"))?;
    context_of(&tenant, actor, now, links)
}

fn context_of(tenant: &Tenant, actor: &str, now: Instant, links: Links) -> Result<Context, Error> {
    // Only a downgrade to older zone data can make a stored name unknown.
    let zone = Zone::parse(&tenant.timezone)
        .map_err(|unknown| store::Error::Db(diesel::result::Error::DeserializationError(Box::new(unknown))))?;
    Ok(Context {
        tenant: tenant.tenant_id,
        zone,
        tenant_name: tenant.name.clone(),
        tenant_email: tenant.email.clone(),
        now,
        actor: actor.to_owned(),
        links,
    })
}
