//! Pages for people: so far the customer's page of one booking.

mod manage;

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};

use crate::booking::Links;
use crate::store::{Id, Store, TenantId};
use crate::time::Instant;

/// Told of the collections of a business that changed.
pub type OnChange = Arc<dyn Fn(TenantId, &[Id]) + Send + Sync>;

/// What pages work with.
#[derive(Clone)]
pub struct WebState {
    /// The database.
    pub store: Store,
    /// How links are made and read.
    pub links: Links,
    /// The current time.
    pub clock: fn() -> Instant,
    /// Called after a commit, so that caches drop what changed.
    pub on_change: OnChange,
}

/// `/manage/{token}` and what can be done there.
pub fn routes(state: WebState) -> Router {
    Router::new()
        .route("/manage/{token}", get(manage::show))
        .route("/manage/{token}/cancel", post(manage::cancel))
        .route("/manage/{token}/cancel/{occurrence}", post(manage::cancel_one))
        .with_state(state)
}
