//! What a handler's unit of work came to, and how it is sent and kept for a repetition.

use std::sync::Arc;

use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};

use super::caller::Caller;
use super::feeds;
use super::request::{IfNoneMatch, Once, etag};
use super::{Shared, problem::Problem};
use crate::booking::{Conflict, Context, Error, tenants};
use crate::store::tokens::{self, Answered};
use crate::store::{self, Conn, Id};

/// A good answer, before it is sent.
#[derive(Debug, Clone)]
pub(super) struct Answer {
    status: StatusCode,
    kept: Kept,
    /// Collections whose readers must not be served from a cache any more.
    touched: Vec<Id>,
    replayed: bool,
}

/// What of an answer is kept for its idempotency key. No secret is in it: see [`Kept::feed`].
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Kept {
    /// JSON text; none for 204.
    body: Option<String>,
    version: Option<i64>,
    location: Option<String>,
    /// A feed and its generation, whose secret links are added to the body when it is sent.
    feed: Option<(Id, i32)>,
}

impl Answer {
    fn of<T: Serialize>(status: StatusCode, view: &T, version: Option<i64>) -> Result<Self, Error> {
        let kept = Kept { body: Some(text(view)?), version, ..Kept::default() };
        Ok(Self { status, kept, touched: Vec::new(), replayed: false })
    }

    /// 201 with the new thing, at `path` of the API.
    pub(super) fn created<T: Serialize>(
        ctx: &Context,
        path: &str,
        id: Id,
        version: i64,
        view: &T,
    ) -> Result<Self, Error> {
        let mut answer = Self::of(StatusCode::CREATED, view, Some(version))?;
        answer.kept.location = Some(format!("{}/api/v1/{path}/{id}", ctx.links.public_url));
        Ok(answer)
    }

    /// 201 with several new things.
    pub(super) fn made<T: Serialize>(view: &T) -> Result<Self, Error> {
        Self::of(StatusCode::CREATED, view, None)
    }

    /// 200 with one thing as it is now.
    pub(super) fn one<T: Serialize>(version: i64, view: &T) -> Result<Self, Error> {
        Self::of(StatusCode::OK, view, Some(version))
    }

    /// 200 with something that has no version of its own.
    pub(super) fn many<T: Serialize>(view: &T) -> Result<Self, Error> {
        Self::of(StatusCode::OK, view, None)
    }

    /// 204.
    pub(super) fn nothing() -> Self {
        Self { status: StatusCode::NO_CONTENT, kept: Kept::default(), touched: Vec::new(), replayed: false }
    }

    /// Names the collections that changed.
    pub(super) fn touching(mut self, touched: Vec<Id>) -> Self {
        self.touched = touched;
        self
    }

    /// Shows the secret links of a feed.
    pub(super) fn revealing(mut self, feed: Id, generation: i32) -> Self {
        self.kept.feed = Some((feed, generation));
        self
    }

    /// 304 instead, when the caller has this version.
    pub(super) fn unless(self, has: &IfNoneMatch) -> Self {
        if self.kept.version.is_some_and(|version| has.has(version)) {
            let kept = Kept { version: self.kept.version, ..Kept::default() };
            return Self { status: StatusCode::NOT_MODIFIED, kept, ..self };
        }
        self
    }

    fn send(self, api: &Shared, caller: &Caller) -> Result<Response, Problem> {
        let body = match (self.kept.body, self.kept.feed) {
            (Some(body), Some((feed, generation))) => Some(feeds::reveal(api, caller.tenant, &body, feed, generation)?),
            (body, _) => body,
        };
        let mut response = (self.status, body.unwrap_or_default()).into_response();
        let headers = response.headers_mut();
        headers.remove(header::CONTENT_TYPE);
        if self.status != StatusCode::NO_CONTENT && self.status != StatusCode::NOT_MODIFIED {
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        if let Some(version) = self.kept.version.and_then(|version| etag(version).parse().ok()) {
            headers.insert(header::ETAG, version);
        }
        if let Some(location) = self.kept.location.and_then(|location| location.parse().ok()) {
            headers.insert(header::LOCATION, location);
        }
        if self.replayed {
            headers.insert(HeaderName::from_static("idempotency-replayed"), HeaderValue::from_static("true"));
        }
        Ok(response)
    }
}

/// JSON text of what was made here.
pub(super) fn text<T: Serialize>(view: &T) -> Result<String, Error> {
    serde_json::to_string(view)
        .map_err(|e| store::Error::Db(diesel::result::Error::SerializationError(Box::new(e))).into())
}

impl Shared {
    /// Runs a use case that reads, in one unit of work.
    pub(super) async fn read(
        self: &Arc<Self>,
        caller: Caller,
        work: impl Fn(&mut Conn, &Context) -> Result<Answer, Error> + Send + 'static,
    ) -> Result<Response, Problem> {
        let (api, who) = (Arc::clone(self), caller.clone());
        let unit = move |conn: &mut Conn| {
            let ctx = api.context(conn, &who)?;
            work(conn, &ctx)
        };
        self.store.read(unit).await?.send(self, &caller)
    }

    /// Runs a use case that reads, over one state of the database.
    pub(super) async fn snapshot(
        self: &Arc<Self>,
        caller: Caller,
        work: impl Fn(&mut Conn, &Context) -> Result<Answer, Error> + Send + 'static,
    ) -> Result<Response, Problem> {
        self.read(caller, move |conn, ctx| conn.snapshot(|conn| work(conn, ctx))).await
    }

    /// Looks something up that is part of an answer, over one state of the database.
    pub(super) async fn look<T: Send + 'static>(
        self: &Arc<Self>,
        caller: Caller,
        work: impl Fn(&mut Conn, &Context) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let api = Arc::clone(self);
        let unit = move |conn: &mut Conn| {
            conn.snapshot(|conn| {
                let ctx = api.context(conn, &caller)?;
                work(conn, &ctx)
            })
        };
        self.store.read(unit).await
    }

    /// Runs a use case that changes something, in one unit of work, and once only when the caller named a key.
    pub(super) async fn write(
        self: &Arc<Self>,
        caller: Caller,
        once: Option<Once>,
        work: impl Fn(&mut Conn, &Context) -> Result<Answer, Error> + Send + 'static,
    ) -> Result<Response, Problem> {
        let (api, who) = (Arc::clone(self), caller.clone());
        let unit = move |conn: &mut Conn| {
            let ctx = api.context(conn, &who)?;
            match &once {
                None => work(conn, &ctx),
                Some(once) => only_once(conn, &ctx, who.token, once, &work),
            }
        };
        let answer = self.store.write(unit).await?;
        if !answer.touched.is_empty() {
            (self.on_change)(caller.tenant, &answer.touched);
        }
        answer.send(self, &caller)
    }

    fn context(&self, conn: &mut Conn, caller: &Caller) -> Result<Context, Error> {
        match tenants::context(conn, caller.tenant, &caller.actor, (self.clock)(), self.links.clone()) {
            // Only while a business is being deleted do tokens outlive it.
            Err(Error::NotFound(what)) => {
                tracing::warn!(%what, "a token of a deleted business was used");
                Err(Error::NotFound(what))
            }
            result => result,
        }
    }
}

/// Does `work` unless it was done for this key before; then its answer is given again.
fn only_once(
    conn: &mut Conn,
    ctx: &Context,
    token: Id,
    once: &Once,
    work: &impl Fn(&mut Conn, &Context) -> Result<Answer, Error>,
) -> Result<Answer, Error> {
    if let Some(before) = tokens::answered(conn, ctx.tenant, token, &once.key)? {
        return replay(before, once);
    }
    let answer = match work(conn, ctx) {
        Ok(answer) => answer,
        // The database's own refusals end the transaction; the store runs it again, and it finds the key then.
        Err(Error::Store(error)) => return Err(error.into()),
        // The same request may have been done while this one waited, and be what is in its way.
        Err(error) => match tokens::answered(conn, ctx.tenant, token, &once.key)? {
            Some(before) => return replay(before, once),
            None => return Err(error),
        },
    };
    tokens::keep_answer(
        conn,
        &Answered {
            tenant_id: ctx.tenant,
            token_id: token,
            idempotency_key: once.key.clone(),
            fingerprint: once.fingerprint.clone(),
            status: i32::from(answer.status.as_u16()),
            body: text(&answer.kept)?,
            created_at: ctx.now,
        },
    )?;
    Ok(answer)
}

fn replay(before: Answered, once: &Once) -> Result<Answer, Error> {
    if before.fingerprint != once.fingerprint {
        let detail = "this Idempotency-Key was sent with another request; use a new key for a new request";
        return Err(Error::conflict(Conflict::KeyReused, detail));
    }
    let corrupt = |e: Box<dyn std::error::Error + Send + Sync>| {
        Error::from(store::Error::Db(diesel::result::Error::DeserializationError(e)))
    };
    let status = u16::try_from(before.status).map_err(|e| corrupt(e.into()))?;
    let status = StatusCode::from_u16(status).map_err(|e| corrupt(e.into()))?;
    let kept = serde_json::from_str(&before.body).map_err(|e| corrupt(e.into()))?;
    Ok(Answer { status, kept, touched: Vec::new(), replayed: true })
}
