//! What is kept in memory between requests, each under a budget: collections with their homes, answers that may be asked
//! for again, when objects take place whose rows do not say it, and what the bodies of questions mean.
//!
//! Nothing that the database decides is ever believed without a look at it, or at its mark. A collection and its home are
//! used again while nothing was committed, or after their stamp was read and found as it was, an answer only for the same
//! question about such a collection, which has a new number with every change of what is in it. Times are of a text, and are
//! looked up by its tag; what a body says is found by its octets.

use std::fmt::{self, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;

use super::cache::Budgeted;
use super::condition::Failure;
use super::listing::What;
use super::path::collection_href;
use super::property::{Stored, Wanted};
use super::xml::Element;
use crate::calendar::home::{self, Collection, Home, Stamp};
use crate::calendar::members::Tagged;
use crate::calendar::{self, Viewer};
use crate::ical::object::{Limits, Object, Occurs};
use crate::store::{Conn, Id, Mark, Role, Short, TenantId, tenants};
use crate::time::Zone;

/// How much is kept in memory between requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeepOptions {
    /// Bytes of lists; one alone may have a quarter of them. Short answers and what precedes lists may have an eighth more.
    pub answers: u64,
    /// Bytes, about, of what is known of recurring objects.
    pub times: u64,
}

impl Default for KeepOptions {
    fn default() -> Self {
        Self { answers: 32 * 1024 * 1024, times: 16 * 1024 * 1024 }
    }
}

/// What is asked, and by whom.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Question {
    pub person: Id,
    pub username: Arc<str>,
    pub collection: Id,
    pub wanted: Arc<Wanted>,
    pub minimal: bool,
    pub what: What,
}

/// All that an answer is made of besides the objects, and the number that stands for them.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct State {
    pub home: Arc<Home>,
    pub collection: Arc<Collection>,
    pub stored: Arc<Stored>,
    pub floating: Zone,
}

/// Whose name for which collection: of a home, its name, and who looks, as what.
type Address = (TenantId, Id, Role, Box<str>, Box<str>);

/// A collection and its home, as they were under a stamp.
pub(super) struct Opened {
    /// None where there is no stamp that could be compared.
    known_by: Option<(Address, Stamp)>,
    pub home: Arc<Home>,
    pub collection: Arc<Collection>,
    /// The path of the collection.
    pub href: Arc<str>,
    /// Whose clocks its floating times are on, unless a request says: its own, its owner's, the business's (RFC 4791 §7.3).
    pub floating: Zone,
    /// A mark taken before the last look at the stamp. If something was committed in between, it never comes again.
    seen: Mutex<Option<Mark>>,
}

impl Opened {
    fn new(known_by: Option<(Address, Stamp)>, (home, collection): (Home, Collection), business: &str) -> Self {
        let href = collection_href(home.owner.username.as_deref().unwrap_or_default(), &collection.name).into();
        let zones = [collection.timezone.as_deref(), home.owner.timezone.as_deref(), Some(business)];
        let known = zones.into_iter().flatten().find_map(|name| Zone::parse(name).ok());
        let floating = known.unwrap_or_else(Zone::utc);
        let (home, collection) = (home.into(), collection.into());
        Self { known_by, home, collection, href, floating, seen: Mutex::default() }
    }

    /// The same after other changes of what is in it.
    fn at(&self, address: Address, stamp: Stamp) -> Self {
        Self {
            collection: Arc::new(self.collection.at(&stamp)),
            known_by: Some((address, stamp)),
            home: Arc::clone(&self.home),
            href: Arc::clone(&self.href),
            floating: self.floating.clone(),
            seen: Mutex::default(),
        }
    }

    fn seen(&self) -> std::sync::MutexGuard<'_, Option<Mark>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Octets of the collections that are kept, and of one, about.
const MAX_OPENED: u64 = 10 * 1024 * 1024;
const OPENED: usize = 1024;

/// Octets of a body that is kept: longer ones list addresses, and hardly come twice.
const MAX_BODY: usize = 4096;
/// Octets, about, of all bodies with what was read of them, which takes some times as many.
const MAX_BODIES: u64 = 8 * 1024 * 1024;
const TIMES_AS_MANY: usize = 32;

struct Answer {
    state: State,
    chunks: Arc<[Bytes]>,
}

/// See the module; cheap to clone.
#[derive(Clone)]
pub(super) struct Kept(Arc<Caches>);

struct Caches {
    opened: Budgeted<Address, Arc<Opened>>,
    answers: Budgeted<Question, Arc<Answer>>,
    times: Budgeted<(Id, Short), Option<Arc<Occurs>>>,
    bodies: Budgeted<Box<[u8]>, Arc<Element>>,
    /// Bytes of the longest answer that is kept.
    longest: u64,
    /// Bytes of answers that are being given and may be kept: together they stay within the budget, too.
    waiting: AtomicU64,
    budget: u64,
}

impl Kept {
    pub fn new(options: KeepOptions) -> Self {
        Self(Arc::new(Caches {
            opened: Budgeted::new(MAX_OPENED, OPENED as u64),
            answers: Budgeted::new(options.answers, 1024 * 1024),
            times: Budgeted::new(options.times, 8 * 1024),
            bodies: Budgeted::new(MAX_BODIES, 16 * 1024),
            longest: options.answers / 4,
            waiting: AtomicU64::new(0),
            budget: options.answers,
        }))
    }

    /// What [`home::open`] gives, kept from now on. The database was in a state of this mark before any look into it that
    /// the caller takes together with this.
    ///
    /// # Errors
    /// Those of [`home::open`].
    pub fn open(
        &self,
        conn: &mut Conn,
        mark: Option<Mark>,
        viewer: &Viewer,
        (username, name): (&str, &str),
    ) -> Result<Arc<Opened>, calendar::Error> {
        let address = address(viewer, username, name);
        let known = self.0.opened.get(&address);
        if let Some(known) = known.as_ref().filter(|known| mark.is_some() && *known.seen() == mark) {
            return Ok(Arc::clone(known));
        }
        let (opened, is_kept) = look(conn, viewer, address, known)?;
        if mark.is_some() {
            *opened.seen() = mark;
        }
        if !is_kept {
            self.keep(&opened);
        }
        Ok(opened)
    }

    /// What [`home::open`] gives. A transaction may still be undone: what it saw is to be kept when it has ended.
    ///
    /// # Errors
    /// Those of [`home::open`].
    pub fn find(
        &self,
        conn: &mut Conn,
        viewer: &Viewer,
        (username, name): (&str, &str),
    ) -> Result<Arc<Opened>, calendar::Error> {
        let address = address(viewer, username, name);
        let known = self.0.opened.get(&address);
        look(conn, viewer, address, known).map(|(opened, _)| opened)
    }

    /// Keeps what was found.
    pub fn keep(&self, opened: &Arc<Opened>) {
        let Some((address, _)) = &opened.known_by else { return };
        if self.0.opened.get(address).is_none_or(|kept| !Arc::ptr_eq(&kept, opened)) {
            self.0.opened.insert(address.clone(), Arc::clone(opened), OPENED);
        }
    }

    /// What the body of a question says, as `read` reads it: clients ask again and again in the same words.
    ///
    /// # Errors
    /// Those of `read`.
    pub fn read(
        &self,
        body: &[u8],
        read: impl FnOnce(&[u8]) -> Result<Option<Element>, Failure>,
    ) -> Result<Option<Arc<Element>>, Failure> {
        let known = self.0.bodies.get(body);
        if known.is_some() {
            return Ok(known);
        }
        let found = read(body)?.map(Arc::new);
        if let Some(found) = &found
            && body.len() <= MAX_BODY
        {
            self.0.bodies.insert(body.into(), Arc::clone(found), body.len() * TIMES_AS_MANY + 256);
        }
        Ok(found)
    }

    /// The answer to a question, if it is still true.
    pub fn answer(&self, question: &Question, state: &State) -> Option<Arc<[Bytes]>> {
        let known = self.0.answers.get(question)?;
        (known.state == *state).then(|| Arc::clone(&known.chunks))
    }

    /// When an object takes place. `None` when only its text can tell.
    pub fn occurs(&self, collection: &Collection, object: Tagged<'_>, body: &str) -> Option<Arc<Occurs>> {
        let key = (collection.id, Short::from(object.etag));
        match self.0.times.get(&key) {
            Some(known) => known,
            None => {
                let read = Object::parse(body.as_bytes(), &Limits::stored()).ok();
                let found = read.and_then(Object::into_occurs).map(Arc::new);
                let octets = found.as_ref().map_or(0, |times| times.octets()) + 192;
                self.0.times.insert(key, found.clone(), octets);
                found
            }
        }
    }
}

fn address(viewer: &Viewer, username: &str, name: &str) -> Address {
    (viewer.tenant, viewer.person, viewer.role, username.into(), name.into())
}

/// What [`home::open`] gives, and whether that is what was known of it.
fn look(
    conn: &mut Conn,
    viewer: &Viewer,
    address: Address,
    known: Option<Arc<Opened>>,
) -> Result<(Arc<Opened>, bool), calendar::Error> {
    let (username, name) = (&*address.3, &*address.4);
    let Some(stamp) = home::stamp(conn, viewer, username, name)? else {
        let found = home::open(conn, viewer, username, name)?;
        let business = tenants::find(conn, viewer.tenant)?.map(|business| business.timezone);
        return Ok((Arc::new(Opened::new(None, found, &business.unwrap_or_default())), false));
    };
    let opened = match known.as_ref().and_then(|known| Some((known, &known.known_by.as_ref()?.1))) {
        Some((known, then)) if *then == stamp => return Ok((Arc::clone(known), true)),
        Some((known, then)) if then.differs_only_by_changes(&stamp) => known.at(address, stamp),
        _ => {
            let found = home::open(conn, viewer, username, name)?;
            let business = stamp.business_timezone.clone();
            Opened::new(Some((address, stamp)), found, &business)
        }
    };
    Ok((Arc::new(opened), false))
}

/// An answer that is being given for the first time, chunk by chunk.
pub(super) struct Keeping {
    kept: Kept,
    question: Question,
    state: State,
    chunks: Vec<Bytes>,
    bytes: u64,
}

impl Keeping {
    pub fn new(kept: &Kept, question: Question, state: State) -> Self {
        Self { kept: kept.clone(), question, state, chunks: Vec::new(), bytes: 0 }
    }

    /// Takes the next chunk, and keeps the answer with the last. `None` once it is kept, or there is no room for it.
    pub fn and(mut self, chunk: &Bytes, last: bool) -> Option<Self> {
        let length = chunk.len() as u64;
        self.bytes += length;
        let waiting = self.kept.0.waiting.fetch_add(length, Ordering::Relaxed) + length;
        if self.bytes > self.kept.0.longest || waiting > self.kept.0.budget {
            return None;
        }
        self.chunks.push(chunk.clone());
        if !last {
            return Some(self);
        }
        let answer = Answer { state: self.state.clone(), chunks: std::mem::take(&mut self.chunks).into() };
        // A question can be longer than its answer, and so can what was set on the objects.
        let octets: usize = answer.chunks.iter().map(Bytes::len).sum();
        let octets = octets + written(&self.question) + written(&self.state) + 1024;
        self.kept.0.answers.insert(self.question.clone(), Arc::new(answer), octets);
        None
    }
}

impl Drop for Keeping {
    fn drop(&mut self) {
        self.kept.0.waiting.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

/// About how many octets something takes: those it is written with.
fn written(something: &impl fmt::Debug) -> usize {
    struct Count(usize);
    impl fmt::Write for Count {
        fn write_str(&mut self, text: &str) -> fmt::Result {
            self.0 += text.len();
            Ok(())
        }
    }
    let mut count = Count(0);
    // Counting cannot fail, and what cannot be written counts for as much as was.
    write!(count, "{something:?}").ok();
    count.0
}
