//! From what a link holds to what the profile says.

use super::profile::{Payload, Profile};
use super::{Error, SetupState};
use crate::auth::{AppKey, FeedSecret};
use crate::net::{ClientAddr, Origin};
use crate::store::{self, Conn, Id, TenantId, feeds, tenants};

/// What a link opens.
pub(super) enum Opened {
    /// A profile.
    Profile(Profile),
    /// The feed's token was revoked, or the feed is gone.
    Revoked,
}

/// What was found in the rows.
enum Found {
    Revoked,
    Live(Live),
}

/// What a profile is about.
struct Live {
    tenant: TenantId,
    /// The feed's id or the app password's.
    id: Id,
    /// The business's name.
    business: String,
    what: What,
}

enum What {
    /// A feed by its name.
    Feed(String),
    /// The account of that login name.
    Account(String),
}

impl SetupState {
    /// What the secret in a link opens; `None` for what never was one, and for an app password that is revoked.
    ///
    /// # Errors
    /// [`LoginError::TooMany`](crate::auth::LoginError) for who guesses, and what is wrong on this side.
    pub(super) async fn open(&self, secret: &str, from: ClientAddr) -> Result<Option<Opened>, Error> {
        let origin = Origin::parse(&self.links.public_url).ok_or(Error::PublicUrl)?;
        let (feed, app_password) = (FeedSecret::of_link(secret), AppKey::of_link(&self.links.key, secret));
        let accounts = origin.is_protected();
        let look = self.store.read(move |conn| look(conn, feed, &app_password, accounts));
        let Some(found) = self.logins.by_link(from, look).await? else { return Ok(None) };
        let Found::Live(live) = found else { return Ok(Some(Opened::Revoked)) };
        let url = &self.links.public_url;
        let payload = match live.what {
            What::Feed(name) => Payload::subscription(url, secret, &name, &origin),
            What::Account(username) => Payload::account(url, secret, &username, &origin),
        };
        let of = (live.tenant, live.id);
        Ok(Some(Opened::Profile(Profile::new(&self.links.key, of, &live.business, &origin, payload))))
    }
}

/// Looks the secret up as both: whatever is in vain takes the same statements.
fn look(
    conn: &mut Conn,
    (tenant, hash): (TenantId, [u8; 32]),
    app_password: &AppKey,
    accounts: bool,
) -> Result<Option<Found>, store::Error> {
    if let Some(subscription) = feeds::subscription(conn, tenant, &hash)? {
        let Some(feed) = subscription.live else { return Ok(Some(Found::Revoked)) };
        return live(conn, tenant, subscription.feed_id, What::Feed(feed.name));
    }
    let opened = app_password.open(conn)?;
    // Where passwords are refused because anybody on the way could read them, none is sent either.
    let Some((row, person)) = opened.filter(|_| accounts) else { return Ok(None) };
    let Some(username) = person.username else { return Ok(None) };
    live(conn, row.tenant_id, row.password_id, What::Account(username))
}

fn live(conn: &mut Conn, tenant: TenantId, id: Id, what: What) -> Result<Option<Found>, store::Error> {
    let business = tenants::find(conn, tenant)?;
    Ok(business.map(|business| Found::Live(Live { tenant, id, business: business.name, what })))
}
