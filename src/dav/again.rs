//! Requests that come again word by word while nothing was committed: the answer from before, without a look at the
//! database. Clients poll, most of the time in vain.

use std::sync::{Arc, Weak};

use axum::body::Body;
use axum::http::{Method, Response};
use bytes::Bytes;

use super::cache::Budgeted;
use super::kept::KeepOptions;
use super::multistatus;
use super::request::{Depth, Prefer};
use crate::auth::Login;
use crate::store::Mark;

/// Octets of a request together with what precedes its list: whoever sends more hardly sends it again.
const LONGEST: usize = 16 * 1024;

/// All that the answer to a request is made of besides the database.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Asked {
    pub login: Arc<Login>,
    pub method: Method,
    pub path: Box<str>,
    pub depth: Option<Depth>,
    pub prefer: Prefer,
    pub body: Bytes,
}

impl Asked {
    fn octets(&self) -> usize {
        self.login.username.len() + self.path.len() + self.body.len()
    }
}

/// Marks a response that would be the same as long as nothing is committed, among its extensions.
#[derive(Debug, Clone)]
pub(super) struct Lasting {
    /// What is before the list; all of a short answer.
    pub head: Bytes,
    /// The list, as long as it is kept.
    pub members: Option<Weak<[Bytes]>>,
}

/// Answers by what was asked.
pub(super) struct Again(Budgeted<Asked, Arc<(Mark, Lasting)>>);

impl Again {
    pub fn new(options: KeepOptions) -> Self {
        Self(Budgeted::new(options.answers / 8, 1024))
    }

    /// The answer that was given when the database was in this state, too.
    pub fn answer(&self, asked: &Asked, mark: Mark) -> Option<Response<Body>> {
        if asked.octets() > LONGEST {
            return None;
        }
        let known = self.0.get(asked).filter(|known| known.0 == mark)?;
        let Lasting { head, members } = &known.1;
        let members = match members {
            Some(members) => Some(members.upgrade()?),
            None => None,
        };
        let chunks = members.iter().flat_map(|members| members.iter()).cloned();
        Some(multistatus::whole_of(std::iter::once(head.clone()).chain(chunks)))
    }

    /// Keeps an answer that was made of the database in this state or a later one.
    pub fn keep(&self, asked: Asked, mark: Mark, answer: Lasting) {
        let octets = asked.octets() + answer.head.len();
        if octets <= LONGEST {
            // The body is a part of what the connection read it into.
            let body = Bytes::copy_from_slice(&asked.body);
            self.0.insert(Asked { body, ..asked }, Arc::new((mark, answer)), octets + 512);
        }
    }
}
