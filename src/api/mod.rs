//! REST: `/api/v1/…`, problem details, OpenAPI.
//!
//! A handler decodes, runs one unit of work that calls a use case, and encodes. The unit is `Shared::read` or
//! `Shared::write`, where idempotency keys are decided; every path is in `routes`, every refusal in `problem`.

mod answer;
mod availability;
mod blocks;
mod bookings;
mod caller;
mod customers;
mod feeds;
mod holds;
mod json;
mod openapi;
mod orders;
mod page;
mod problem;
mod request;
mod resources;
mod routes;
mod services;
mod staff;
mod view;
mod working_hours;

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};

pub use caller::Access;
pub use openapi::openapi;
pub use routes::{Route, table};

use crate::auth::MasterKey;
use crate::booking::Links;
use crate::store::{Id, Store, TenantId};
use crate::time::Instant;
use problem::Problem;

/// What the API works with.
pub struct ApiState {
    /// The database.
    pub store: Store,
    /// What feeds' and bookings' tokens are derived from.
    pub master_key: MasterKey,
    /// Where this installation is reached from outside, without a slash at the end.
    pub public_url: String,
    /// The current time.
    pub clock: fn() -> Instant,
    /// Called after a commit with the collections whose content or feeds changed, so that caches drop them.
    pub on_change: OnChange,
}

/// Told of the collections of a business that changed.
pub type OnChange = Arc<dyn Fn(TenantId, &[Id]) + Send + Sync>;

type Api = Arc<Shared>;

/// What handlers share.
struct Shared {
    store: Store,
    links: Links,
    clock: fn() -> Instant,
    on_change: OnChange,
    tokens: caller::Tokens,
    /// Password hashes being made: each takes a core and 19 MiB for a while.
    hashing: tokio::sync::Semaphore,
    openapi: String,
}

/// The API, to be nested at `/api`.
pub fn routes(state: ApiState) -> Router {
    let links = Links { public_url: state.public_url.as_str().into(), key: state.master_key };
    let api: Api = Arc::new(Shared {
        store: state.store,
        openapi: openapi(&state.public_url),
        links,
        clock: state.clock,
        on_change: state.on_change,
        tokens: caller::Tokens::new(),
        hashing: tokio::sync::Semaphore::new(2),
    });
    routes::router(&api)
        .fallback(async || Problem::no_such_path())
        .layer(axum::middleware::map_response_with_state(Arc::clone(&api), finish))
        .with_state(api)
}

/// Gives refusals their body, and every answer what it must carry.
async fn finish(State(api): State<Api>, mut response: Response) -> Response {
    let status = response.status();
    let told = response.extensions_mut().remove::<Problem>();
    if status.is_client_error() || status.is_server_error() {
        let problem = told.unwrap_or_else(|| Problem::of_status(status));
        let (mut parts, _) = response.into_parts();
        parts.headers.remove(header::CONTENT_LENGTH);
        parts.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        let body = problem.body(&api.links.public_url);
        // Only a map with keys that are no text cannot be written as JSON.
        let text = serde_json::to_string(&body).unwrap_or_else(|_| String::from("{}"));
        response = Response::from_parts(parts, text.into());
    }
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

/// The OpenAPI document.
#[utoipa::path(get, path = "/openapi.json", tag = "about", operation_id = "getOpenapi",
    responses((status = 200, description = "OpenAPI 3.1", body = serde_json::Value)))]
async fn document(State(api): State<Api>) -> Response {
    let json = (header::CONTENT_TYPE, "application/json");
    let mut response = ([json], api.openapi.clone()).into_response();
    // Documentation that anybody may read, from pages of any origin.
    response.headers_mut().insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    response
}
