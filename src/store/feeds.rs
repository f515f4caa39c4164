//! Feeds and the hashes of their secret tokens.

use diesel::prelude::*;

use super::schema::{feed_tokens, feeds};
use super::{Conn, Error, FeedKind, Id, TenantId, on};
use crate::time::Instant;

/// A subscription that somebody was given.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = feeds, treat_none_as_null = true)]
#[expect(missing_docs, reason = "each column is named for what it holds")]
pub struct Feed {
    pub tenant_id: TenantId,
    pub feed_id: Id,
    pub kind: FeedKind,
    /// The collection it shows.
    pub collection_id: Id,
    /// Whom or what it is about; none for the whole business.
    pub subject_id: Option<Id>,
    pub name: String,
    /// JSON of its options.
    pub options: String,
    /// Grows when its token is rotated.
    pub generation: i32,
    /// Grows with every change; the ETag.
    pub version: i64,
    pub created_at: Instant,
    pub updated_at: Instant,
    pub last_fetched_at: Option<Instant>,
    /// The User-Agent that fetched it last.
    pub last_fetched_by: Option<String>,
}

/// A token as it is kept: its hash.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = feed_tokens)]
#[expect(missing_docs, reason = "each column is named for what it holds")]
pub struct FeedToken {
    pub tenant_id: TenantId,
    pub token_hash: Vec<u8>,
    pub feed_id: Id,
    pub created_at: Instant,
    pub revoked_at: Option<Instant>,
}

/// Adds a feed.
///
/// # Errors
/// [`Error::Db`].
pub fn insert(conn: &mut Conn, feed: &Feed) -> Result<(), Error> {
    on!(conn, |c| diesel::insert_into(feeds::table).values(feed).execute(c))?;
    Ok(())
}

/// Finds a feed.
///
/// # Errors
/// [`Error::Db`].
pub fn find(conn: &mut Conn, tenant: TenantId, id: Id) -> Result<Option<Feed>, Error> {
    Ok(on!(conn, |c| feeds::table.find((tenant, id)).select(Feed::as_select()).first(c).optional())?)
}

/// A page of feeds whose id comes after `after`, oldest first.
///
/// # Errors
/// [`Error::Db`].
pub fn list(conn: &mut Conn, tenant: TenantId, after: Option<Id>, limit: i64) -> Result<Vec<Feed>, Error> {
    let query = feeds::table
        .filter(feeds::tenant_id.eq(tenant))
        .filter(feeds::feed_id.gt(after.unwrap_or(Id::TEAM)))
        .order(feeds::feed_id)
        .limit(limit);
    Ok(on!(conn, |c| query.select(Feed::as_select()).load(c))?)
}

/// The feeds about one person or resource.
///
/// # Errors
/// [`Error::Db`].
pub fn of_subject(conn: &mut Conn, tenant: TenantId, subject: Id) -> Result<Vec<Feed>, Error> {
    let query = feeds::table.filter(feeds::tenant_id.eq(tenant)).filter(feeds::subject_id.eq(subject));
    Ok(on!(conn, |c| query.select(Feed::as_select()).load(c))?)
}

/// Writes `feed` over the row, if the row still has version `expected`. False: it has not.
///
/// # Errors
/// [`Error::Db`].
pub fn replace(conn: &mut Conn, feed: &Feed, expected: i64) -> Result<bool, Error> {
    let row = feeds::table.find((feed.tenant_id, feed.feed_id)).filter(feeds::version.eq(expected));
    Ok(on!(conn, |c| diesel::update(row).set(feed).execute(c))? == 1)
}

/// Deletes a feed. Its tokens stay, revoked, so that subscribers are told.
///
/// # Errors
/// [`Error::Db`].
pub fn delete(conn: &mut Conn, tenant: TenantId, id: Id) -> Result<bool, Error> {
    Ok(on!(conn, |c| diesel::delete(feeds::table.find((tenant, id))).execute(c))? == 1)
}

/// Adds a token.
///
/// # Errors
/// [`Error::Db`].
pub fn insert_token(conn: &mut Conn, token: &FeedToken) -> Result<(), Error> {
    on!(conn, |c| diesel::insert_into(feed_tokens::table).values(token).execute(c))?;
    Ok(())
}

/// Finds a token by its hash.
///
/// # Errors
/// [`Error::Db`].
pub fn find_token(conn: &mut Conn, tenant: TenantId, hash: &[u8]) -> Result<Option<FeedToken>, Error> {
    Ok(on!(conn, |c| feed_tokens::table.find((tenant, hash)).select(FeedToken::as_select()).first(c).optional())?)
}

/// Revokes every token of a feed that is not revoked yet.
///
/// # Errors
/// [`Error::Db`].
pub fn revoke_tokens(conn: &mut Conn, tenant: TenantId, feed: Id, at: Instant) -> Result<(), Error> {
    let rows = feed_tokens::table
        .filter(feed_tokens::tenant_id.eq(tenant))
        .filter(feed_tokens::feed_id.eq(feed))
        .filter(feed_tokens::revoked_at.is_null());
    on!(conn, |c| diesel::update(rows).set(feed_tokens::revoked_at.eq(at)).execute(c))?;
    Ok(())
}

/// Notes when and by which client a feed was fetched last.
///
/// # Errors
/// [`Error::Db`].
pub fn note_fetch(conn: &mut Conn, tenant: TenantId, id: Id, at: Instant, by: &str) -> Result<(), Error> {
    on!(conn, |c| diesel::update(feeds::table.find((tenant, id)))
        .set((feeds::last_fetched_at.eq(at), feeds::last_fetched_by.eq(by)))
        .execute(c))?;
    Ok(())
}
