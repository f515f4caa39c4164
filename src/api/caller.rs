//! Who calls: the bearer token (RFC 6750), its business and its scope.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use axum::middleware::Next;
use axum::response::Response;
use moka::sync::Cache;

use super::{Api, problem::Problem};
use crate::auth::ApiSecret;
use crate::store::{self, Id, Scope, Store, TenantId, tokens};

/// Who may call a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Anybody.
    Public,
    /// Who has a token of at least this scope.
    Token(Scope),
}

/// The token of a request.
#[derive(Debug, Clone)]
pub(super) struct Caller {
    pub(super) tenant: TenantId,
    pub(super) token: Id,
    /// As the history shows it: `token:website`.
    pub(super) actor: Arc<str>,
    scope: Scope,
}

impl<S: Sync> FromRequestParts<S> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        parts.extensions.get::<Self>().cloned().ok_or_else(Problem::unauthorized)
    }
}

/// Tokens seen in the last half second, so that a busy one costs no read. A revocation is seen within that time.
pub(super) struct Tokens(Cache<Vec<u8>, Caller>);

impl Tokens {
    pub(super) fn new() -> Self {
        Self(Cache::builder().max_capacity(10_000).time_to_live(Duration::from_millis(500)).build())
    }

    async fn find(&self, store: &Store, tenant: TenantId, hash: Vec<u8>) -> Result<Option<Caller>, store::Error> {
        if let Some(caller) = self.0.get(&hash) {
            return Ok(Some(caller));
        }
        let key = hash.clone();
        let found = store.look_up(move |conn| tokens::find_by_hash(conn, tenant, &hash)).await?;
        let Some(token) = found.filter(|token| token.revoked_at.is_none()) else { return Ok(None) };
        let actor = format!("token:{}", token.label).into();
        let caller = Caller { tenant, token: token.token_id, actor, scope: token.scope };
        self.0.insert(key, caller.clone());
        Ok(Some(caller))
    }
}

/// Lets a request through to its handler when its token may, and tells the handler who calls.
pub(super) async fn authorize(
    State((api, access)): State<(Api, Access)>,
    mut request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let Access::Token(needed) = access else { return Ok(next.run(request).await) };
    let (tenant, hash) = bearer(request.headers()).and_then(ApiSecret::parse).ok_or_else(Problem::unauthorized)?;
    let found = api.tokens.find(&api.store, tenant, hash).await.map_err(crate::booking::Error::from)?;
    let caller = found.ok_or_else(Problem::unauthorized)?;
    if caller.scope < needed {
        return Err(Problem::forbidden(needed));
    }
    request.extensions_mut().insert(caller);
    Ok(next.run(request).await)
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let value = values.next()?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    let bearer = scheme.eq_ignore_ascii_case("Bearer") && values.next().is_none();
    bearer.then(|| token.trim_matches(' '))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_are_in_order() {
        assert!(Scope::Read < Scope::Write && Scope::Write < Scope::Admin);
    }

    #[test]
    fn one_header_of_one_scheme() {
        let of = |values: &[&str]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(header::AUTHORIZATION, value.parse().unwrap());
            }
            bearer(&headers).map(str::to_owned)
        };
        assert_eq!(of(&["Bearer fasti_x"]).as_deref(), Some("fasti_x"));
        assert_eq!(of(&["bearer  fasti_x "]).as_deref(), Some("fasti_x"));
        for bad in [&[][..], &["Basic YQ=="], &["Bearer"], &["fasti_x"], &["Bearer a", "Bearer b"]] {
            assert_eq!(of(bad), None, "{bad:?}");
        }
    }
}
