//! What was shown, kept under a byte budget, and how long it may be believed.
//!
//! An entry is believed for a moment after it was checked against its rows, unless this process has changed something
//! it depends on: then it is checked at the next request. So a write of this process is seen at once, one of another
//! process after that moment.

use std::hash::{BuildHasherDefault, Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant as Tick};

use axum::http::HeaderValue;
use bytes::Bytes;

use super::conditional::GZIP_SUFFIX;
use super::shown::{Format, Shown};
use crate::store::{Id, TenantId};
use crate::time::{Instant, http_date};

/// How a feed's cache behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CacheOptions {
    /// Bytes of calendars that are kept at most, compressed forms included.
    pub bytes: u64,
    /// How long an answer may be old before its rows are looked at again.
    pub recheck: Duration,
}

impl Default for CacheOptions {
    fn default() -> Self {
        Self { bytes: 32 * 1024 * 1024, recheck: Duration::from_millis(500) }
    }
}

/// A token's hash and the form it is asked in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Key {
    pub hash: [u8; 32],
    pub format: Format,
}

/// The hash of a token is hash enough.
impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(first_word(&self.hash) ^ self.format as u64);
    }
}

/// Takes the word it is given.
#[derive(Default)]
pub(super) struct Words(u64);

impl Hasher for Words {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, bytes: &[u8]) {
        self.0 = bytes.iter().fold(self.0, |word, byte| word.rotate_left(8) ^ u64::from(*byte));
    }
    fn write_u64(&mut self, word: u64) {
        self.0 ^= word;
    }
}

fn first_word(hash: &[u8; 32]) -> u64 {
    hash.iter().take(8).fold(0, |word, byte| word << 8 | u64::from(*byte))
}

/// What a token opened when it was last looked at.
pub(super) struct Entry {
    pub feed_id: Id,
    pub tenant: TenantId,
    /// `None`: the token was revoked, or its feed deleted.
    pub live: Option<Live>,
    places: [usize; 2],
    mark: AtomicU64,
    checked_ms: AtomicU64,
}

/// A feed's content and its validators.
#[derive(Clone)]
pub(super) struct Live {
    pub shown: Arc<Shown>,
    pub tag: Arc<str>,
    pub etag: HeaderValue,
    pub etag_gzip: HeaderValue,
    /// When it was last modified; none while another change may still carry the same second.
    pub modified: Option<(Instant, HeaderValue)>,
    pub plain: Option<Bytes>,
    pub gzip: Option<Bytes>,
    /// How long the calendar is, or was before it changed: room to make for the next.
    pub length: usize,
}

impl Live {
    pub fn new(shown: Arc<Shown>, format: Format, salt: &[u8], now: Instant, length: usize) -> Self {
        let tag = shown.tag(format, salt);
        let quoted = |suffix: &str| {
            HeaderValue::from_str(&format!("\"{tag}{suffix}\"")).unwrap_or(HeaderValue::from_static("\"\""))
        };
        let mut live = Self {
            etag: quoted(""),
            etag_gzip: quoted(GZIP_SUFFIX),
            tag: tag.as_str().into(),
            modified: None,
            shown,
            plain: None,
            gzip: None,
            length,
        };
        live.settle(now);
        live
    }

    /// Gives it its Last-Modified once no later change can have the same: times are whole seconds, and a change bears
    /// the time at which its transaction was begun. Returns whether anything changed.
    pub fn settle(&mut self, now: Instant) -> bool {
        let modified = self.shown.modified();
        if self.modified.is_some() || now - modified < 2 {
            return false;
        }
        self.modified = HeaderValue::from_str(&http_date(modified)).ok().map(|date| (modified, date));
        self.modified.is_some()
    }

    fn bytes(&self) -> usize {
        let body = |bytes: &Option<Bytes>| bytes.as_ref().map_or(0, Bytes::len);
        body(&self.plain) + body(&self.gzip) + self.shown.feed.name.len() + self.shown.feed.options.len()
    }
}

/// When a look at the rows began: what is found is believed only if nothing was invalidated since.
#[derive(Clone, Copy)]
pub(super) struct Look {
    ms: u64,
    /// The counter of all invalidations, for what is not known before.
    all: u64,
    /// The mark of the entry that is looked at again.
    known: Option<([usize; 2], u64)>,
}

/// Entries that could not be believed even for a moment have this mark.
const NEVER: u64 = u64::MAX;

pub(super) struct Cache {
    entries: moka::sync::Cache<Key, Arc<Entry>, BuildHasherDefault<Words>>,
    /// Counters of invalidations, by what was invalidated. Two things that share one cost each other a look at rows.
    marks: Box<[AtomicU64]>,
    /// Counts all invalidations.
    all: AtomicU64,
    stripes: Box<[tokio::sync::Mutex<()>]>,
    recheck_ms: u64,
    started: Tick,
}

impl Cache {
    pub fn new(options: CacheOptions) -> Self {
        let weigh = |_: &Key, entry: &Arc<Entry>| {
            let bytes = 1024 + entry.live.as_ref().map_or(0, Live::bytes);
            u32::try_from(bytes).unwrap_or(u32::MAX)
        };
        let entries = moka::sync::Cache::builder().max_capacity(options.bytes).weigher(weigh);
        Self {
            entries: entries.build_with_hasher(BuildHasherDefault::default()),
            marks: (0..4096).map(|_| AtomicU64::new(0)).collect(),
            all: AtomicU64::new(0),
            stripes: (0..256).map(|_| tokio::sync::Mutex::new(())).collect(),
            recheck_ms: u64::try_from(options.recheck.as_millis()).unwrap_or(u64::MAX),
            started: Tick::now(),
        }
    }

    /// The entry of `key`, however old.
    pub fn get(&self, key: &Key) -> Option<Arc<Entry>> {
        self.entries.get(key)
    }

    /// Whether an entry can be served without a look at its rows.
    pub fn is_fresh(&self, entry: &Entry, now: Instant) -> bool {
        let age = self.now_ms().saturating_sub(entry.checked_ms.load(Ordering::Relaxed));
        age < self.recheck_ms
            && entry.mark.load(Ordering::Acquire) == self.mark(entry.places)
            && entry.live.as_ref().is_none_or(|live| live.shown.is_today(now))
    }

    /// To be called before rows are read, with the entry that may be confirmed.
    pub fn look(&self, held: Option<&Entry>) -> Look {
        let known = held.map(|entry| (entry.places, self.mark(entry.places)));
        Look { ms: self.now_ms(), all: self.all.load(Ordering::Acquire), known }
    }

    /// Notes that an entry was found unchanged.
    pub fn confirm(&self, entry: &Entry, look: Look) {
        let mark = self.mark_since(entry.places, look);
        entry.mark.store(mark, Ordering::Release);
        entry.checked_ms.store(look.ms, Ordering::Relaxed);
    }

    /// Keeps what was found.
    pub fn keep(&self, key: Key, tenant: TenantId, feed_id: Id, live: Option<Live>, look: Look) -> Arc<Entry> {
        let collection = live.as_ref().map_or(feed_id, |live| live.shown.feed.collection_id);
        let places = [self.place(tenant, collection), self.place(tenant, feed_id)];
        let entry = Arc::new(Entry {
            feed_id,
            tenant,
            live,
            places,
            mark: AtomicU64::new(self.mark_since(places, look)),
            checked_ms: AtomicU64::new(look.ms),
        });
        self.entries.insert(key, Arc::clone(&entry));
        entry
    }

    /// Replaces an entry by one that has more of the same, and is believed no longer.
    pub fn keep_like(&self, key: Key, entry: &Entry, live: Live) -> Arc<Entry> {
        let entry = Arc::new(Entry {
            feed_id: entry.feed_id,
            tenant: entry.tenant,
            live: Some(live),
            places: entry.places,
            mark: AtomicU64::new(entry.mark.load(Ordering::Acquire)),
            checked_ms: AtomicU64::new(entry.checked_ms.load(Ordering::Relaxed)),
        });
        self.entries.insert(key, Arc::clone(&entry));
        entry
    }

    pub fn remove(&self, key: &Key) {
        self.entries.invalidate(key);
    }

    /// Makes entries that depend on one of `ids` be checked before they are served again.
    pub fn invalidate(&self, tenant: TenantId, ids: &[Id]) {
        // `all` first: a look whose rows are older than the commit then sees that it moved, whichever counter it reads.
        self.all.fetch_add(1, Ordering::AcqRel);
        for id in ids {
            self.marks[self.place(tenant, *id)].fetch_add(1, Ordering::AcqRel);
        }
    }

    /// One at a time works on a key: however many ask for a feed that changed, its rows are read once.
    pub async fn turn(&self, key: &Key) -> tokio::sync::MutexGuard<'_, ()> {
        let stripe = usize::from(key.hash[31]) % self.stripes.len();
        self.stripes[stripe].lock().await
    }

    fn mark(&self, places: [usize; 2]) -> u64 {
        places.iter().map(|place| self.marks[*place].load(Ordering::Acquire)).sum()
    }

    /// The mark that what was read after `look` deserves: that of the moment before it was read. Of an entry that was not
    /// known then, it is the present one, if nothing at all was invalidated in between.
    fn mark_since(&self, places: [usize; 2], look: Look) -> u64 {
        if let Some((known, mark)) = look.known
            && known == places
        {
            return mark;
        }
        let mark = self.mark(places);
        if self.all.load(Ordering::Acquire) == look.all { mark } else { NEVER }
    }

    /// Ids are random in their last eight bytes; [`Id::TEAM`] is not, but the business's own id is.
    fn place(&self, tenant: TenantId, id: Id) -> usize {
        let last = id.as_bytes().iter().skip(8).fold(0_u64, |word, byte| word << 8 | u64::from(*byte));
        let word = last ^ u64::from_be_bytes(tenant.to_bytes());
        usize::try_from(word % self.marks.len() as u64).unwrap_or(0)
    }

    fn now_ms(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}
