//! Calendars behind secret URLs: what people subscribe to (F1–F8).
//!
//! A token is the credential. Its hash leads to a feed, the feed to a collection, whose change number and the day make
//! the entity tag, so that most requests are answered from one row, or from none (`cache`). Only when something changed
//! is the calendar composed anew, from components that were rendered when the bookings were written.

mod busy;
mod cache;
mod client;
mod compose;
mod conditional;
mod fetches;
mod load;
mod respond;
mod shown;
mod window;

use std::sync::Arc;

use axum::Router;
use axum::routing::get;
use sha2::{Digest, Sha256};

pub use cache::CacheOptions;

use crate::auth::MasterKey;
use crate::store::{self, Id, Store, TenantId, feeds};
use crate::time::{Instant, tzdata_version};

/// Tells the time: [`crate::time::clock::now`], or what a test says it is.
pub type Clock = Arc<dyn Fn() -> Instant + Send + Sync>;

/// Fetches that one unit of work writes at most: bookings wait no longer than that for the writer.
const FLUSHED_AT_ONCE: usize = 500;

/// Everything that feeds need; cheap to clone.
#[derive(Clone)]
pub struct FeedState(Arc<Inner>);

struct Inner {
    store: Store,
    key: MasterKey,
    clock: Clock,
    composer: compose::Composer,
    cache: cache::Cache,
    fetches: fetches::Fetches,
    /// What other versions of the software differ in.
    salt: [u8; 32],
}

/// Why a feed could not be answered.
#[derive(Debug, thiserror::Error)]
enum Error {
    #[error(transparent)]
    Store(#[from] store::Error),
    #[error("feed {feed} cannot be read: {what}")]
    Row { feed: Id, what: String },
    #[error("{0}")]
    Internal(String),
}

impl store::WorkError for Error {
    fn store_error(&self) -> Option<&store::Error> {
        match self {
            Self::Store(error) => Some(error),
            _ => None,
        }
    }
}

impl FeedState {
    /// Feeds of `store`, whose tokens come from `key`, reached at `public_url` (without a slash at the end).
    #[must_use]
    pub fn new(store: Store, key: MasterKey, public_url: &str, options: CacheOptions, clock: Clock) -> Self {
        let mut salt = Sha256::new();
        for part in [env!("CARGO_PKG_VERSION"), tzdata_version(), public_url] {
            salt.update((part.len() as u64).to_be_bytes());
            salt.update(part);
        }
        Self(Arc::new(Inner {
            composer: compose::Composer::new(key.clone(), public_url.into()),
            store,
            key,
            clock,
            cache: cache::Cache::new(options),
            fetches: fetches::Fetches::default(),
            salt: salt.finalize().into(),
        }))
    }

    /// To be called after a commit that changed `collections`, so that this process never serves what was before it.
    pub fn invalidate(&self, tenant: TenantId, collections: &[Id]) {
        self.0.cache.invalidate(tenant, collections);
    }

    /// To be called after a commit that changed, rotated or deleted `feeds`.
    pub fn forget_feeds(&self, tenant: TenantId, feeds: &[Id]) {
        self.0.cache.invalidate(tenant, feeds);
    }

    /// Writes when and by whom feeds were fetched, and returns how many were. To be called every ten seconds and
    /// before the end.
    ///
    /// # Errors
    /// The store's; what was not written is written the next time.
    pub async fn flush_fetches(&self) -> Result<usize, store::Error> {
        let mut waiting = self.0.fetches.take();
        let mut written = 0;
        while !waiting.is_empty() {
            let rest = waiting.split_off(waiting.len().min(FLUSHED_AT_ONCE));
            let batch = Arc::new(waiting);
            let unit = Arc::clone(&batch);
            let result = self.0.store.write(move |conn| {
                for ((tenant, feed), fetch) in &*unit {
                    feeds::note_fetch(conn, *tenant, *feed, fetch.at, &fetch.by)?;
                }
                Ok::<_, store::Error>(())
            });
            if let Err(error) = result.await {
                self.0.fetches.put_back(batch.to_vec());
                self.0.fetches.put_back(rest);
                return Err(error);
            }
            written += batch.len();
            waiting = rest;
        }
        Ok(written)
    }

    fn now(&self) -> Instant {
        (self.0.clock)()
    }
}

/// The routes of feeds and of single bookings, and the `robots.txt` that lets Google's importer in: it obeys one.
pub fn routes(state: FeedState) -> Router {
    Router::new()
        .route("/feeds/{file}", get(respond::feed))
        .route("/ics/{file}", get(respond::booking))
        .route("/robots.txt", get(respond::robots))
        .with_state(state)
}

#[cfg(test)]
mod tests;
