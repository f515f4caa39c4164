//! API tokens, by hash, and the answers kept for idempotency keys.

use diesel::prelude::*;

use super::schema::{api_tokens, idempotency_keys};
use super::{Conn, Error, Id, Scope, TenantId, on};
use crate::time::Instant;

/// An API token as it is kept: its hash.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = api_tokens, treat_none_as_default_value = false)]
#[expect(missing_docs, reason = "each column is named for what it holds")]
pub struct ApiToken {
    pub tenant_id: TenantId,
    pub token_id: Id,
    pub token_hash: Vec<u8>,
    pub scope: Scope,
    pub label: String,
    pub created_at: Instant,
    pub revoked_at: Option<Instant>,
}

/// What a POST with an `Idempotency-Key` was answered.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = idempotency_keys)]
#[expect(missing_docs, reason = "each column is named for what it holds")]
pub struct Answered {
    pub tenant_id: TenantId,
    pub token_id: Id,
    pub idempotency_key: String,
    /// Hash of method, path and body: the same key with another request is an error.
    pub fingerprint: Vec<u8>,
    pub status: i32,
    /// JSON.
    pub body: String,
    pub created_at: Instant,
}

/// Adds a token.
///
/// # Errors
/// [`Error::Db`].
pub fn insert(conn: &mut Conn, token: &ApiToken) -> Result<(), Error> {
    on!(conn, |c| diesel::insert_into(api_tokens::table).values(token).execute(c))?;
    Ok(())
}

/// Finds a token by its hash, revoked ones too.
///
/// # Errors
/// [`Error::Db`].
pub fn find_by_hash(conn: &mut Conn, tenant: TenantId, hash: &[u8]) -> Result<Option<ApiToken>, Error> {
    let query = api_tokens::table.filter(api_tokens::tenant_id.eq(tenant)).filter(api_tokens::token_hash.eq(hash));
    Ok(on!(conn, |c| query.select(ApiToken::as_select()).get_result(c).optional())?)
}

/// All tokens of a business, oldest first.
///
/// # Errors
/// [`Error::Db`].
pub fn list(conn: &mut Conn, tenant: TenantId) -> Result<Vec<ApiToken>, Error> {
    let query = api_tokens::table.filter(api_tokens::tenant_id.eq(tenant)).order(api_tokens::token_id);
    Ok(on!(conn, |c| query.select(ApiToken::as_select()).load(c))?)
}

/// Revokes a token. False: there is none of that id, or it is revoked.
///
/// # Errors
/// [`Error::Db`].
pub fn revoke(conn: &mut Conn, tenant: TenantId, id: Id, at: Instant) -> Result<bool, Error> {
    let row = api_tokens::table.find((tenant, id)).filter(api_tokens::revoked_at.is_null());
    Ok(on!(conn, |c| diesel::update(row).set(api_tokens::revoked_at.eq(at)).execute(c))? == 1)
}

/// What this key was answered before.
///
/// # Errors
/// [`Error::Db`].
pub fn answered(conn: &mut Conn, tenant: TenantId, token: Id, key: &str) -> Result<Option<Answered>, Error> {
    let row = idempotency_keys::table.find((tenant, token, key));
    Ok(on!(conn, |c| row.select(Answered::as_select()).get_result(c).optional())?)
}

/// Keeps an answer for its key.
///
/// # Errors
/// A unique violation when another request with the same key was faster.
pub fn keep_answer(conn: &mut Conn, answer: &Answered) -> Result<(), Error> {
    on!(conn, |c| diesel::insert_into(idempotency_keys::table).values(answer).execute(c))?;
    Ok(())
}

/// Forgets answers given before `before`.
///
/// # Errors
/// [`Error::Db`].
pub fn forget_answers(conn: &mut Conn, before: Instant) -> Result<usize, Error> {
    let rows = idempotency_keys::table.filter(idempotency_keys::created_at.lt(before));
    Ok(on!(conn, |c| diesel::delete(rows).execute(c))?)
}
