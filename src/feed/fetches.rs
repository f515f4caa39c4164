//! When each feed was fetched last, and by which client: noted in memory, written from time to time.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::store::{Id, TenantId};
use crate::time::Instant;

const SHARDS: usize = 16;

type Feed = (TenantId, Id);

/// The last fetch of one feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fetch {
    pub at: Instant,
    pub by: String,
}

/// The fetches that are not written yet.
#[derive(Default)]
pub(super) struct Fetches([Mutex<HashMap<Feed, Fetch>>; SHARDS]);

impl Fetches {
    /// Notes a fetch. The same client again costs no allocation.
    pub fn note(&self, tenant: TenantId, feed: Id, at: Instant, by: &str) {
        let mut shard = self.shard(feed);
        match shard.get_mut(&(tenant, feed)) {
            Some(fetch) => {
                fetch.at = fetch.at.max(at);
                if fetch.by != by {
                    by.clone_into(&mut fetch.by);
                }
            }
            None => {
                shard.insert((tenant, feed), Fetch { at, by: by.to_owned() });
            }
        }
    }

    /// Takes all that is noted.
    pub fn take(&self) -> Vec<(Feed, Fetch)> {
        self.0.iter().flat_map(|shard| std::mem::take(&mut *lock(shard))).collect()
    }

    /// Puts back what could not be written, where nothing newer was noted since.
    pub fn put_back(&self, fetches: Vec<(Feed, Fetch)>) {
        for (feed, fetch) in fetches {
            self.shard(feed.1).entry(feed).or_insert(fetch);
        }
    }

    fn shard(&self, feed: Id) -> MutexGuard<'_, HashMap<Feed, Fetch>> {
        lock(&self.0[usize::from(feed.as_bytes()[15]) % SHARDS])
    }
}

fn lock<T>(shard: &Mutex<T>) -> MutexGuard<'_, T> {
    shard.lock().unwrap_or_else(PoisonError::into_inner)
}
