//! Every path, on one page.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;

use super::{Room, Routes, ServerOptions, operations};
use crate::api::{self, ApiState};
use crate::auth::Logins;
use crate::booking::Links;
use crate::dav::{self, DavState, KeepOptions};
use crate::feed::{self, CacheOptions, FeedState};
use crate::setup::{self, SetupState, Signer};
use crate::store::{self, Store, TenantId};
use crate::time::{Instant, clock};
use crate::web::{self, WebState};

/// How often what was learnt in memory is written down.
const TIDY_EVERY: Duration = Duration::from_secs(10);
/// How long the answer to an idempotency key is kept.
const ANSWERS_KEPT_SECONDS: i64 = 24 * 3600;

/// The rooms behind the routes, wired to each other.
pub struct App {
    store: Store,
    links: Links,
    logins: Arc<Logins>,
    signer: Option<Arc<Signer>>,
    feeds: FeedState,
    tidier: tokio::task::JoinHandle<()>,
}

impl App {
    /// Wires the rooms over one database, and starts what is done in the background.
    #[must_use]
    pub fn new(store: Store, links: Links) -> Self {
        let feeds = FeedState::new(
            store.clone(),
            links.key.clone(),
            &links.public_url,
            CacheOptions::default(),
            Arc::new(clock::now),
        );
        let tidier = tokio::spawn(tidy(store.clone(), feeds.clone()));
        let logins = Arc::new(Logins::new(store.clone(), links.key.clone(), clock::now));
        Self { store, links, logins, signer: None, feeds, tidier }
    }

    /// The same, with profiles signed where there is something to sign them with.
    #[must_use]
    pub fn signing(self, signer: Option<Signer>) -> Self {
        Self { signer: signer.map(Arc::new), ..self }
    }

    /// `/dav/…`, `/.well-known/caldav`, `/api/…`, `/feeds/…`, `/ics/…`, `/setup/…`, `/manage/…`, `/robots.txt`,
    /// `/healthz`, `/readyz`, `/metrics`.
    pub fn routes(&self, options: &ServerOptions) -> Routes {
        let feeds = self.feeds.clone();
        let on_change: web::OnChange = Arc::new(move |tenant, touched| feeds.invalidate(tenant, touched));
        let api = ApiState {
            store: self.store.clone(),
            master_key: self.links.key.clone(),
            public_url: self.links.public_url.to_string(),
            clock: clock::now,
            on_change: Arc::clone(&on_change),
        };
        let (store, links, logins) = (self.store.clone(), self.links.clone(), Arc::clone(&self.logins));
        let dav = DavState::new(store, links, logins, clock::now, Arc::clone(&on_change), KeepOptions::default());
        let setup = SetupState {
            store: self.store.clone(),
            links: self.links.clone(),
            logins: Arc::clone(&self.logins),
            signer: self.signer.clone(),
            clock: clock::now,
        };
        let web = WebState { store: self.store.clone(), links: self.links.clone(), clock: clock::now, on_change };
        let store = self.store.clone();
        let calendars = Routes::from(dav);
        let router = Router::new()
            .nest("/api", api::routes(api))
            .merge(feed::routes(self.feeds.clone()))
            .merge(setup::routes(setup))
            .merge(web::routes(web))
            .merge(calendars.router)
            .merge(operations(options, move || ready(store.clone())));
        Routes { router, room: calendars.room }
    }

    /// Writes down what is still only in memory.
    pub async fn close(self) {
        self.tidier.abort();
        if let Err(error) = self.feeds.flush_fetches().await {
            tracing::warn!(%error, "when feeds were fetched last could not be written");
        }
    }
}

impl From<DavState> for Routes {
    fn from(dav: DavState) -> Self {
        let handle = dav::handler(dav.clone());
        let room = Room { prefix: dav::PREFIX, pattern: "/dav/{*path}", handle };
        Self { router: dav::routes(dav), room: Some(room) }
    }
}

async fn ready(store: Store) -> Result<(), String> {
    let answer = store.read(|conn| store::tenants::find(conn, TenantId::INSTALLATION)).await;
    answer.map(|_| ()).map_err(|error| error.to_string())
}

async fn tidy(store: Store, feeds: FeedState) {
    let mut every = tokio::time::interval(TIDY_EVERY);
    every.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        every.tick().await;
        let (reading, writing) = store.queued();
        super::metrics::store_queue(reading, writing);
        if let Err(error) = feeds.flush_fetches().await {
            tracing::warn!(%error, "when feeds were fetched last could not be written; trying again");
        }
        let before: Instant = clock::now() - ANSWERS_KEPT_SECONDS;
        let forgotten = store.write(move |conn| store::tokens::forget_answers(conn, before)).await;
        if let Err(error) = forgotten {
            tracing::warn!(%error, "old idempotency keys could not be deleted; trying again");
        }
    }
}
