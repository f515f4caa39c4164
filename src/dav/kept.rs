//! What is kept in memory between requests, each under a budget of bytes: answers that may be asked for again, and when
//! objects take place whose rows do not say it.
//!
//! Nothing here is ever believed without a look at the database. An answer is given again only to the same question,
//! after the collection and whoever owns and reads it were read and found as they were; a collection has a new number
//! with every change of what is in it. Times are of a text, and are looked up by its tag.

use std::sync::Arc;

use bytes::Bytes;
use moka::sync::Cache;

use super::listing::What;
use super::property::{Stored, Wanted};
use crate::calendar::home::{Collection, Home};
use crate::calendar::members::Member;
use crate::ical::object::{Limits, Object, Occurs};
use crate::store::Id;
use crate::time::Zone;

/// How much is kept in memory between requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeepOptions {
    /// Bytes of answers; one alone may have a quarter of them.
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

struct Answer {
    state: State,
    chunks: Arc<[Bytes]>,
}

/// See the module; cheap to clone.
#[derive(Clone)]
pub(super) struct Kept {
    answers: Cache<Question, Arc<Answer>>,
    times: Cache<Arc<str>, Option<Arc<Occurs>>>,
    /// Bytes of the longest answer that is kept.
    longest: u64,
}

impl Kept {
    pub fn new(options: KeepOptions) -> Self {
        let of_answer = |_: &Question, answer: &Arc<Answer>| {
            let bytes: usize = answer.chunks.iter().map(Bytes::len).sum();
            u32::try_from(bytes + 1024).unwrap_or(u32::MAX)
        };
        // What is read of a text takes about as much room as the text.
        let of_times = |key: &Arc<str>, _: &Option<Arc<Occurs>>| u32::try_from(key.len() + 2048).unwrap_or(u32::MAX);
        Self {
            answers: Cache::builder().weigher(of_answer).max_capacity(options.answers).build(),
            times: Cache::builder().weigher(of_times).max_capacity(options.times).build(),
            longest: options.answers / 4,
        }
    }

    /// The answer to a question, if it is still true.
    pub fn answer(&self, question: &Question, state: &State) -> Option<Arc<[Bytes]>> {
        let known = self.answers.get(question)?;
        (known.state == *state).then(|| Arc::clone(&known.chunks))
    }

    /// When a member takes place. `None` when only its text can tell.
    pub fn occurs(&self, collection: &Collection, member: &Member) -> Option<Arc<Occurs>> {
        let body = member.body.as_deref()?;
        let key = format!("{}/{}/{}", collection.id, member.etag, member.name);
        let read = || Some(Arc::new(Object::parse(body.as_bytes(), &Limits::stored()).ok()?.into_occurs()?));
        match self.times.get(&*key) {
            Some(known) => known,
            None => {
                let found = read();
                self.times.insert(key.into(), found.clone());
                found
            }
        }
    }
}

/// An answer that is being given for the first time, chunk by chunk.
pub(super) struct Keeping {
    kept: Kept,
    question: Question,
    state: State,
    chunks: Vec<Bytes>,
    bytes: usize,
}

impl Keeping {
    pub fn new(kept: &Kept, question: Question, state: State) -> Self {
        Self { kept: kept.clone(), question, state, chunks: Vec::new(), bytes: 0 }
    }

    /// Takes the next chunk, and keeps the answer with the last. `None` once it is kept, or too long for that.
    pub fn and(mut self, chunk: &Bytes, last: bool) -> Option<Self> {
        self.bytes += chunk.len();
        self.chunks.push(chunk.clone());
        if self.bytes as u64 > self.kept.longest {
            return None;
        }
        if !last {
            return Some(self);
        }
        let Self { kept, question, state, chunks, .. } = self;
        kept.answers.insert(question, Arc::new(Answer { state, chunks: chunks.into() }));
        None
    }
}
