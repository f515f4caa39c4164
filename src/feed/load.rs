//! From a token to what can be served: cache, rows, composing.

use std::io::Write;
use std::sync::Arc;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest, Sha256};

use super::cache::{Entry, Key, Live};
use super::shown::{Format, Shown};
use super::{Error, FeedState};
use crate::auth::FeedSecret;
use crate::store::{Conn, TenantId, feeds};

/// What a request needs of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Need {
    /// Enough to tell whether the client's copy is right.
    Validators,
    /// The calendar.
    Plain,
    /// The compressed calendar.
    Gzip,
}

/// A token on its way to its rows.
#[derive(Clone, Copy)]
pub(super) struct Opening<'a> {
    pub tenant: TenantId,
    pub key: Key,
    /// The token itself: it is part of the address that the calendar names as its source.
    pub token: &'a str,
}

impl<'a> Opening<'a> {
    /// Reads a token. What cannot be one is looked up all the same, in vain: whether a token is malformed or unknown
    /// shows neither in the answer nor in its time, nor does its length.
    pub fn new(token: &'a str, format: Format) -> Self {
        let beginning = || &token.as_bytes()[..token.len().min(ONE_BLOCK)];
        let (tenant, hash) =
            FeedSecret::parse(token).unwrap_or_else(|| (TenantId::INSTALLATION, Sha256::digest(beginning()).into()));
        Self { tenant, key: Key { hash, format }, token }
    }
}

/// SHA-256 hashes up to 55 bytes in one block, and a token has 54.
const ONE_BLOCK: usize = 54;

impl Entry {
    fn serves(&self, need: Need) -> bool {
        match (&self.live, need) {
            (None, _) | (Some(_), Need::Validators) => true,
            (Some(live), Need::Plain) => live.plain.is_some(),
            (Some(live), Need::Gzip) => live.gzip.is_some(),
        }
    }
}

/// What a look at the rows brought.
type Found = Option<(crate::store::Id, Option<(Arc<Shown>, Option<Bytes>)>)>;

impl FeedState {
    /// What a token opens, with what is needed of it; `None` for a token that never was.
    ///
    /// # Errors
    /// The store's, or what is wrong with the feed's row.
    pub(super) async fn load(&self, opening: Opening<'_>, need: Need) -> Result<Option<Arc<Entry>>, Error> {
        let cache = &self.0.cache;
        let is_ready = |entry: &Arc<Entry>| entry.serves(need) && cache.is_fresh(entry, self.now());
        if let Some(entry) = cache.get(&opening.key).filter(is_ready) {
            return Ok(Some(entry));
        }
        let _turn = cache.turn(&opening.key).await;
        // Whoever had the turn before may have done the work.
        let held = cache.get(&opening.key);
        if let Some(entry) = held.as_ref().filter(|entry| is_ready(entry)) {
            return Ok(Some(Arc::clone(entry)));
        }
        let compose = need != Need::Validators
            && held.as_ref().and_then(|entry| entry.live.as_ref()).is_none_or(|live| live.plain.is_none());
        let entry = self.look(opening, held, compose).await?;
        let Some(entry) = entry else { return Ok(None) };
        if entry.serves(need) {
            return Ok(Some(entry));
        }
        // The rows have changed since what was held was composed, or it is not compressed yet.
        let entry = match &entry.live {
            Some(live) if live.plain.is_none() => self.look(opening, Some(entry), true).await?,
            _ => Some(entry),
        };
        match entry {
            Some(entry) if !entry.serves(need) => self.compress(opening, entry).await.map(Some),
            entry => Ok(entry),
        }
    }

    /// Reads the token's row, and all others too when they are to be composed; then keeps what came of it.
    async fn look(
        &self,
        opening: Opening<'_>,
        held: Option<Arc<Entry>>,
        compose: bool,
    ) -> Result<Option<Arc<Entry>>, Error> {
        let look = self.0.cache.look(held.as_deref());
        let now = self.now();
        let state = self.clone();
        let (Key { hash, format }, tenant, token) = (opening.key, opening.tenant, opening.token.to_owned());
        let live = held.as_ref().and_then(|entry| entry.live.as_ref());
        let expected = live.and_then(|live| live.plain.as_ref()).map_or(0, Bytes::len);
        let known = live.map(|live| Arc::clone(&live.shown));
        let read = move |conn: &mut Conn| -> Result<Found, Error> {
            let Some(found) = feeds::subscription(conn, tenant, &hash)? else { return Ok(None) };
            let Some(feed) = found.live else { return Ok(Some((found.feed_id, None))) };
            let shown = match &known {
                Some(shown) if shown.is_same(&feed, now) => Arc::clone(shown),
                _ => Arc::new(Shown::new(tenant, found.feed_id, feed, now)?),
            };
            let body = compose.then(|| state.0.composer.compose(conn, &shown, format, &token, expected)).transpose()?;
            Ok(Some((found.feed_id, Some((shown, body)))))
        };
        // Row and components of one state, so that a tag never stands for other bytes.
        let found = self.0.store.read(move |conn| if compose { conn.snapshot(&read) } else { read(conn) }).await?;
        let Some((feed_id, found)) = found else {
            self.0.cache.remove(&opening.key);
            return Ok(None);
        };
        let Some((shown, body)) = found else {
            return Ok(Some(self.0.cache.keep(opening.key, tenant, feed_id, None, look)));
        };
        let unchanged = held.filter(|entry| entry.live.as_ref().is_some_and(|live| Arc::ptr_eq(&live.shown, &shown)));
        let mut live = match unchanged.as_ref().and_then(|entry| entry.live.clone()) {
            Some(live) => live,
            None => Live::new(shown, format, &self.0.salt, now),
        };
        let settled = live.settle(now);
        if let Some(entry) = unchanged.filter(|_| !settled && body.is_none()) {
            self.0.cache.confirm(&entry, look);
            return Ok(Some(entry));
        }
        live.plain = body.or(live.plain);
        Ok(Some(self.0.cache.keep(opening.key, tenant, feed_id, Some(live), look)))
    }

    /// Adds the compressed form to an entry that has the other.
    async fn compress(&self, opening: Opening<'_>, entry: Arc<Entry>) -> Result<Arc<Entry>, Error> {
        let Some(mut live) = entry.live.clone() else { return Ok(entry) };
        let plain = live.plain.clone().unwrap_or_default();
        let work = tokio::task::spawn_blocking(move || gzip(&plain));
        let gzip = work.await.map_err(|e| Error::Internal(format!("compressing failed: {e}")))?;
        live.gzip = Some(gzip.map_err(|e| Error::Internal(format!("compressing failed: {e}")))?);
        Ok(self.0.cache.keep_like(opening.key, &entry, live))
    }
}

fn gzip(plain: &[u8]) -> std::io::Result<Bytes> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(plain.len() / 8 + 64), Compression::default());
    encoder.write_all(plain)?;
    let mut bytes = encoder.finish()?;
    bytes.shrink_to_fit();
    Ok(Bytes::from(bytes))
}
