//! Feeds and the hashes of their secret tokens.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Binary, Nullable, Text};

use super::schema::{feed_tokens, feeds};
use super::statement::statement;
use super::{Conn, Error, FeedKind, Id, TenantId, on};
use crate::time::Instant;

/// A subscription that somebody was given.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = feeds, treat_none_as_null = true, treat_none_as_default_value = false)]
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
#[diesel(table_name = feed_tokens, treat_none_as_default_value = false)]
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
    Ok(on!(conn, |c| feeds::table.find((tenant, id)).select(Feed::as_select()).get_result(c).optional())?)
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
    Ok(on!(conn, |c| feed_tokens::table.find((tenant, hash)).select(FeedToken::as_select()).get_result(c).optional())?)
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

/// Notes when and by which client a feed was fetched last. An older note never replaces a newer one: instances write
/// theirs with some delay.
///
/// # Errors
/// [`Error::Db`].
pub fn note_fetch(conn: &mut Conn, tenant: TenantId, id: Id, at: Instant, by: &str) -> Result<(), Error> {
    let newer = feeds::last_fetched_at.is_null().or(feeds::last_fetched_at.lt(at));
    on!(conn, |c| diesel::update(feeds::table.find((tenant, id)).filter(newer))
        .set((feeds::last_fetched_at.eq(at), feeds::last_fetched_by.eq(by)))
        .execute(c))?;
    Ok(())
}

type SubscriptionRow = (
    (Binary, Nullable<BigInt>, Text),
    (Nullable<Text>, Nullable<Binary>, Nullable<Binary>, Nullable<Text>, Nullable<Text>, Nullable<BigInt>),
    (Nullable<BigInt>, Nullable<BigInt>, Nullable<BigInt>, Nullable<BigInt>),
);

statement! {
    FindSubscription(tenant: TenantId as BigInt, hash: Vec<u8> as Binary) -> SubscriptionRow,
    "SELECT t.feed_id, t.revoked_at, b.timezone,
            f.kind, f.collection_id, f.subject_id, f.name, f.options, f.version,
            f.updated_at, c.epoch, c.change, c.changed_at
     FROM feed_tokens t
     JOIN tenants b ON b.tenant_id = t.tenant_id
     LEFT JOIN feeds f ON f.tenant_id = t.tenant_id AND f.feed_id = t.feed_id
     LEFT JOIN collections c ON c.tenant_id = f.tenant_id AND c.collection_id = f.collection_id
     WHERE t.tenant_id = ? AND t.token_hash = ?"
}

/// What a token opens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscription {
    /// The feed, which may be gone.
    pub feed_id: Id,
    /// `None`: the token was revoked, or its feed deleted.
    pub live: Option<LiveFeed>,
}

/// A feed and the state of what it shows: everything its content depends on but the day.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "each field is named for the column it comes from")]
pub struct LiveFeed {
    pub kind: FeedKind,
    pub collection_id: Id,
    pub subject_id: Option<Id>,
    pub name: String,
    /// JSON.
    pub options: String,
    pub version: i64,
    pub updated_at: Instant,
    /// The collection's; 0 while it has no row.
    pub epoch: i64,
    /// The collection's; 0 while it has no row.
    pub change: i64,
    /// The collection's.
    pub changed_at: Option<Instant>,
    /// IANA zone of the business.
    pub tenant_timezone: String,
}

/// What a token opens, in one query; `None` for a token that never was.
///
/// # Errors
/// [`Error::Db`].
pub fn subscription(conn: &mut Conn, tenant: TenantId, hash: &[u8; 32]) -> Result<Option<Subscription>, Error> {
    type Feed = (Option<FeedKind>, Option<Id>, Option<Id>, Option<String>, Option<String>, Option<i64>);
    type State = (Option<Instant>, Option<i64>, Option<i64>, Option<Instant>);
    type Row = ((Id, Option<Instant>, String), Feed, State);
    let query = FindSubscription { tenant, hash: hash.to_vec() };
    let row: Option<Row> = on!(conn, |c| query.get_result(c).optional())?;
    Ok(row.map(|((feed_id, revoked_at, tenant_timezone), feed, state)| {
        let live = match (revoked_at, feed, state.0) {
            (
                None,
                (Some(kind), Some(collection_id), subject_id, Some(name), Some(options), Some(version)),
                Some(updated_at),
            ) => Some(LiveFeed {
                kind,
                collection_id,
                subject_id,
                name,
                options,
                version,
                updated_at,
                epoch: state.1.unwrap_or_default(),
                change: state.2.unwrap_or_default(),
                changed_at: state.3,
                tenant_timezone,
            }),
            _ => None,
        };
        Subscription { feed_id, live }
    }))
}
