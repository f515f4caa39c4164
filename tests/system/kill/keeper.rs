//! One of those who keep objects in their calendars while the server is killed.

use std::collections::{BTreeMap, BTreeSet};

use super::writer::Tally;
use crate::support::{Answer, Dav, event, utc};

/// An object as it was acknowledged.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Kept {
    /// Quotes and all.
    etag: String,
    body: String,
}

/// A request whose answer is awaited, or was lost.
#[derive(Debug, Clone)]
enum Sent {
    /// PUT of something new, or over what is known.
    Put {
        path: String,
        body: String,
    },
    Delete {
        path: String,
    },
    /// To another calendar and another name.
    Move {
        path: String,
        to: String,
    },
}

/// A keeper. No other touches its objects, so that it knows what each must be.
pub(super) struct Keeper {
    number: usize,
    pub(super) dav: Dav,
    calendars: Vec<String>,
    objects: BTreeMap<String, Kept>,
    /// Those that were acknowledged anew since they were last looked at.
    fresh: BTreeSet<String>,
    made: usize,
    lost: Option<Sent>,
    pub(super) tally: Tally,
}

impl Keeper {
    pub(super) fn new(number: usize, dav: Dav, calendars: Vec<String>) -> Self {
        let (objects, fresh, tally) = (BTreeMap::new(), BTreeSet::new(), Tally::default());
        Self { number, dav, calendars, objects, fresh, made: 0, lost: None, tally }
    }

    /// Writes until the server is gone.
    pub(super) async fn write(&mut self) {
        assert!(self.lost.is_none(), "the last answer is still unknown");
        loop {
            let sent = self.choose();
            match self.send(&sent).await {
                Ok(answer) => self.learn(&sent, &answer),
                Err(_) => {
                    self.tally.lost += 1;
                    self.lost = Some(sent);
                    return;
                }
            }
        }
    }

    fn choose(&mut self) -> Sent {
        let known = self.objects.keys().nth(rand::random_range(0..self.objects.len().max(1))).cloned();
        match (rand::random_range(0..100), known) {
            (40..70, Some(path)) => {
                let body = self.text(self.objects[&path].uid());
                Sent::Put { path, body }
            }
            (70..85, Some(path)) => Sent::Delete { path },
            (85..100, Some(path)) => {
                let elsewhere: Vec<&String> = self.calendars.iter().filter(|c| !path.starts_with(*c)).collect();
                let calendar = elsewhere[rand::random_range(0..elsewhere.len())].clone();
                Sent::Move { path, to: format!("{calendar}{}.ics", self.name()) }
            }
            _ => {
                let name = self.name();
                let calendar = &self.calendars[rand::random_range(0..self.calendars.len())];
                Sent::Put { path: format!("{calendar}{name}.ics"), body: self.text(&name) }
            }
        }
    }

    fn name(&mut self) -> String {
        self.made += 1;
        format!("k{}-{}", self.number, self.made)
    }

    /// A text that nobody wrote before.
    fn text(&self, uid: &str) -> String {
        let start = rand::random_range(0..10_000);
        let filling = "long ".repeat(rand::random_range(0..200));
        event(uid, (&utc(start), &utc(start + 30)), &format!("{:x} {filling}", rand::random::<u64>()))
    }

    async fn send(&self, sent: &Sent) -> Result<Answer, reqwest::Error> {
        let tag = |path: &String| self.objects.get(path).map(|kept| kept.etag.as_str());
        match sent {
            Sent::Put { path, body } => {
                let expected = tag(path).map_or(("if-none-match", "*"), |tag| ("if-match", tag));
                self.dav.ask("PUT", path, &[expected], body).await
            }
            Sent::Delete { path } => self.dav.ask("DELETE", path, &[("if-match", tag(path).unwrap())], "").await,
            Sent::Move { path, to } => {
                let headers = [("if-match", tag(path).unwrap()), ("destination", to), ("overwrite", "F")];
                self.dav.ask("MOVE", path, &headers, "").await
            }
        }
    }

    /// Writes down what an answer says. Nobody else is here, so that everything is done.
    fn learn(&mut self, sent: &Sent, answer: &Answer) {
        let wanted = match sent {
            Sent::Put { path, .. } if self.objects.contains_key(path) => 204,
            Sent::Delete { .. } => 204,
            Sent::Put { .. } | Sent::Move { .. } => 201,
        };
        assert_eq!(answer.status, wanted, "{sent:?} → {answer:?}");
        self.tally.acknowledged += 1;
        self.take_place(sent, answer.header("etag"));
    }

    fn take_place(&mut self, sent: &Sent, etag: &str) {
        match sent {
            Sent::Put { path, body } => {
                assert!(etag.len() > 2, "{sent:?} has no entity tag");
                self.objects.insert(path.clone(), Kept { etag: etag.to_owned(), body: body.clone() });
                self.fresh.insert(path.clone());
            }
            Sent::Delete { path } => {
                self.objects.remove(path);
            }
            Sent::Move { path, to } => {
                let kept = self.objects.remove(path).unwrap();
                self.objects.insert(to.clone(), kept);
                self.fresh.insert(to.clone());
            }
        }
    }

    /// Finds out what became of the request whose answer was lost: all of it, or nothing.
    pub(super) async fn look(&mut self) {
        let Some(sent) = self.lost.take() else { return };
        let (Sent::Put { path, .. } | Sent::Delete { path } | Sent::Move { path, .. }) = &sent;
        let there = self.read(path).await;
        let old = self.objects.get(path).cloned();
        let done = match &sent {
            Sent::Put { body, .. } => there.as_ref().is_some_and(|kept| kept.body == *body),
            Sent::Delete { .. } => there.is_none(),
            Sent::Move { to, .. } => {
                let arrived = self.read(to).await;
                assert!(arrived.is_some() != there.is_some(), "{path} and {to}: {there:?} {arrived:?}");
                assert!(arrived.is_none() || arrived == old, "{to}: {arrived:?}, it was {old:?}");
                arrived.is_some()
            }
        };
        assert!(done || there == old, "{sent:?} is half done: {there:?}, it was {old:?}");
        if done {
            self.tally.done_before += 1;
            self.take_place(&sent, &there.map_or_else(String::new, |kept| kept.etag));
        }
    }

    async fn read(&self, path: &str) -> Option<Kept> {
        let answer = self.dav.send("GET", path, &[], "").await;
        match answer.status {
            200 => Some(Kept { etag: answer.header("etag").to_owned(), body: answer.body }),
            status => {
                assert_eq!(status, 404, "{path}: {}", answer.body);
                None
            }
        }
    }

    /// What was acknowledged last is there, byte for byte.
    pub(super) async fn has_what_was_acknowledged(&mut self) {
        for path in std::mem::take(&mut self.fresh) {
            if let Some(kept) = self.objects.get(&path) {
                assert_eq!(self.read(&path).await.as_ref(), Some(kept), "{path}");
            }
        }
    }

    /// Addresses and entity tags of its objects in a calendar.
    pub(super) fn in_calendar<'a>(&'a self, calendar: &'a str) -> impl Iterator<Item = (String, String)> + 'a {
        let here = self.objects.iter().filter(move |(path, _)| path.starts_with(calendar));
        here.map(|(path, kept)| (path.clone(), kept.etag.clone()))
    }
}

impl Kept {
    fn uid(&self) -> &str {
        self.body.split_once("UID:").unwrap().1.split_once("\r\n").unwrap().0
    }
}
