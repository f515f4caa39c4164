//! From a token to what can be served: cache, rows, composing.

use std::io::Write;
use std::sync::Arc;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;

use super::cache::{Entry, Key, Live};
use super::shown::{Format, Shown};
use super::{Error, FeedState};
use crate::auth::FeedSecret;
use crate::store::{Conn, Id, TenantId, feeds};
use crate::time::Instant;

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
    /// Reads a token, or what is none.
    pub fn new(token: &'a str, format: Format) -> Self {
        let (tenant, hash) = FeedSecret::of_link(token);
        Self { tenant, key: Key { hash, format }, token }
    }
}

impl Entry {
    fn serves(&self, need: Need) -> bool {
        match (&self.live, need) {
            (None, _) | (Some(_), Need::Validators) => true,
            (Some(live), Need::Plain) => live.plain.is_some(),
            (Some(live), Need::Gzip) => live.gzip.is_some(),
        }
    }
}

/// What a look at the rows brought: the feed, and what it shows where it was not revoked.
struct Found {
    feed_id: Id,
    live: Option<(Arc<Shown>, Option<Bytes>)>,
}

/// A look at the rows of a token, on a thread that owns a connection.
struct Look {
    state: FeedState,
    tenant: TenantId,
    key: Key,
    token: String,
    now: Instant,
    /// What is held.
    known: Option<Known>,
}

struct Known {
    shown: Arc<Shown>,
    /// Whether its calendar is held too.
    composed: bool,
    /// How long its calendar was.
    length: usize,
}

impl Look {
    /// Reads the token's row.
    fn row(&self, conn: &mut Conn) -> Result<Option<Found>, Error> {
        let Some(found) = feeds::subscription(conn, self.tenant, &self.key.hash)? else { return Ok(None) };
        let feed_id = found.feed_id;
        let Some(feed) = found.live else { return Ok(Some(Found { feed_id, live: None })) };
        let shown = match &self.known {
            Some(known) if known.shown.is_same(&feed, self.now) => Arc::clone(&known.shown),
            _ => Arc::new(Shown::new(self.tenant, feed_id, feed, self.now)?),
        };
        Ok(Some(Found { feed_id, live: Some((shown, None)) }))
    }

    /// Reads the token's row, and composes the calendar unless it is held and still the same.
    fn calendar(&self, conn: &mut Conn) -> Result<Option<Found>, Error> {
        if let Some(known) = self.known.as_ref().filter(|known| known.composed) {
            let found = self.row(conn)?;
            let live = found.as_ref().and_then(|found| found.live.as_ref());
            if live.is_none_or(|(shown, _)| Arc::ptr_eq(shown, &known.shown)) {
                return Ok(found);
            }
        }
        let expected = self.known.as_ref().map_or(0, |known| known.length);
        // Row and components of one state, so that a tag never stands for other bytes.
        conn.snapshot(|conn| match self.row(conn)? {
            Some(Found { feed_id, live: Some((shown, _)) }) => {
                let body = self.state.0.composer.compose(conn, &shown, self.key.format, &self.token, expected)?;
                Ok(Some(Found { feed_id, live: Some((shown, Some(body))) }))
            }
            found => Ok(found),
        })
    }
}

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
        // Whoever had the turn before may have done the work, or all but the compressing.
        let held = cache.get(&opening.key);
        let fresh = held.as_ref().filter(|entry| cache.is_fresh(entry, self.now()));
        let plain = |entry: &&Arc<Entry>| entry.serves(Need::Plain);
        let entry = match fresh.filter(|entry| is_ready(entry) || need == Need::Gzip && plain(entry)) {
            Some(entry) => Some(Arc::clone(entry)),
            None => self.look(opening, held, need != Need::Validators).await?,
        };
        match entry {
            Some(entry) if !entry.serves(need) => self.compress(opening, entry).await.map(Some),
            entry => Ok(entry),
        }
    }

    /// Looks at the rows, and keeps what came of it.
    async fn look(
        &self,
        opening: Opening<'_>,
        held: Option<Arc<Entry>>,
        calendar: bool,
    ) -> Result<Option<Arc<Entry>>, Error> {
        let begun = self.0.cache.look(held.as_deref());
        let Opening { tenant, key, token } = opening;
        let now = self.now();
        let known = held.as_ref().and_then(|entry| entry.live.as_ref());
        let length = known.map_or(0, |live| live.length);
        let known = known.map(|live| Known { shown: Arc::clone(&live.shown), composed: live.plain.is_some(), length });
        let look = Look { state: self.clone(), tenant, key, token: token.to_owned(), now, known };
        let read = move |conn: &mut Conn| if calendar { look.calendar(conn) } else { look.row(conn) };
        let Some(Found { feed_id, live }) = self.0.store.read(read).await? else {
            self.0.cache.remove(&key);
            return Ok(None);
        };
        let Some((shown, body)) = live else {
            return Ok(Some(self.0.cache.keep(key, tenant, feed_id, None, begun)));
        };
        let same = held.filter(|entry| entry.live.as_ref().is_some_and(|live| Arc::ptr_eq(&live.shown, &shown)));
        let mut live = match same.as_ref().and_then(|entry| entry.live.clone()) {
            Some(live) => live,
            None => Live::new(shown, key.format, &self.0.salt, now, length),
        };
        let settled = live.settle(now);
        if let Some(entry) = same.filter(|_| !settled && body.is_none()) {
            self.0.cache.confirm(&entry, begun);
            return Ok(Some(entry));
        }
        if let Some(body) = body {
            live.length = body.len();
            live.plain = Some(body);
        }
        Ok(Some(self.0.cache.keep(key, tenant, feed_id, Some(live), begun)))
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
