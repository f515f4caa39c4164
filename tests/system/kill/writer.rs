//! One of those who write while the server is killed, and their journal of what was acknowledged.

use std::collections::BTreeSet;
use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use tokio::time::timeout;

use super::Shop;
use crate::support::{Answer, Api, at};

/// A booking as it was acknowledged last.
#[derive(Debug, Clone)]
pub(super) struct Known {
    pub(super) id: String,
    /// The answer's body, without what is only said in answers to changes.
    pub(super) body: Value,
    pub(super) version: i64,
    /// Everybody who ever served it.
    pub(super) staff: BTreeSet<String>,
    /// Whether it was acknowledged anew since it was last looked at.
    pub(super) fresh: bool,
}

/// A request whose answer is awaited, or was lost.
#[derive(Debug, Clone)]
struct Sent {
    method: Method,
    path: String,
    body: Value,
    /// `Idempotency-Key`; a PATCH has `If-Match` instead.
    key: Option<String>,
    about: About,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum About {
    NewBooking,
    /// The booking of this place in the journal.
    Booking(usize),
    NewFeed,
}

/// How the writers fared.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Tally {
    pub(super) acknowledged: usize,
    pub(super) refused: usize,
    /// Answers that were lost.
    pub(super) lost: usize,
    /// Those of them whose effect was there all the same.
    pub(super) done_before: usize,
}

/// A writer. No other touches its bookings, so that it knows what each must be.
pub(super) struct Writer {
    number: usize,
    shop: Shop,
    pub(super) api: Api,
    pub(super) bookings: Vec<Known>,
    /// Paths of the feeds that it made.
    pub(super) feeds: Vec<String>,
    /// Places in the journal of bookings that can still be changed.
    open: Vec<usize>,
    next_slot: i64,
    keys: usize,
    lost: Option<Sent>,
    pub(super) tally: Tally,
}

impl Writer {
    pub(super) fn new(number: usize, shop: Shop, api: Api) -> Self {
        let (bookings, feeds, open) = (Vec::new(), Vec::new(), Vec::new());
        Self { number, shop, api, bookings, feeds, open, next_slot: 0, keys: 0, lost: None, tally: Tally::default() }
    }

    /// Writes until the server is gone.
    pub(super) async fn write(&mut self) {
        assert!(self.lost.is_none(), "the last answer is still unknown");
        loop {
            let sent = self.choose();
            let answer = if rand::random_range(0..10) == 0 {
                // Hangs up before the answer comes.
                let patience = Duration::from_micros(rand::random_range(0..30_000));
                timeout(patience, self.send(&sent)).await.ok().and_then(Result::ok)
            } else {
                self.send(&sent).await.ok()
            };
            if let Some(answer) = answer {
                self.learn(&sent, &answer);
                continue;
            }
            self.tally.lost += 1;
            self.lost = Some(sent);
            if self.repeat().await.is_err() {
                return;
            }
        }
    }

    /// Repeats the request whose answer was lost: exactly one effect, whether there was one before or not.
    pub(super) async fn repeat(&mut self) -> Result<(), reqwest::Error> {
        let Some(sent) = self.lost.clone() else { return Ok(()) };
        let mut answer = self.send(&sent).await?;
        if let (412, None, About::Booking(place)) = (answer.status, &sent.key, sent.about) {
            // Somebody changed it, and that can only have been this very request.
            let request = self.api.request(Method::GET, &format!("bookings/{}", self.bookings[place].id));
            answer = Answer::to(request).await?;
            assert_eq!(answer.json()["staff"], sent.body["staff"], "another change than the one that was sent");
            self.tally.done_before += 1;
        }
        if answer.header("idempotency-replayed") == "true" {
            self.tally.done_before += 1;
        }
        self.lost = None;
        self.learn(&sent, &answer);
        if sent.key.is_some() && answer.status < 300 {
            let again = self.send(&sent).await?;
            assert_eq!(again.header("idempotency-replayed"), "true", "{sent:?} → {again:?}");
            assert_eq!(again.body, answer.body, "a repetition is answered as the first time");
        }
        Ok(())
    }

    async fn send(&self, sent: &Sent) -> Result<Answer, reqwest::Error> {
        let request = self.api.request(sent.method.clone(), &sent.path).json(&sent.body);
        let request = match (&sent.key, sent.about) {
            (Some(key), _) => request.header("idempotency-key", key),
            (None, About::Booking(place)) => {
                request.header("if-match", format!("\"v{}\"", self.bookings[place].version))
            }
            (None, _) => request,
        };
        Answer::to(request).await
    }

    fn choose(&mut self) -> Sent {
        let dice = rand::random_range(0..100);
        match self.open.len() {
            0 => self.book(),
            count => {
                let place = self.open[rand::random_range(0..count)];
                match dice {
                    0..45 => self.book(),
                    45..65 => self.change(place, "reschedule"),
                    65..78 => self.change(place, "reassign"),
                    78..95 => self.change(place, "cancel"),
                    _ => self.subscribe(),
                }
            }
        }
    }

    fn book(&mut self) -> Sent {
        let key = self.key();
        let kind = rand::random_range(0..4_usize);
        let mut body = json!({ "service": self.shop.services[kind.min(2)], "start": self.slot(), "notes": key });
        if kind == 0 {
            body["staff"] = json!(self.somebody());
        }
        if rand::random_range(0..3) > 0 {
            let name = format!("Customer {}", rand::random_range(0..40));
            body["customer"] = json!({ "name": name, "email": "guest@example.com" });
        }
        Sent { method: Method::POST, path: "bookings".to_owned(), body, key: Some(key), about: About::NewBooking }
    }

    fn change(&mut self, place: usize, how: &str) -> Sent {
        let (id, has_staff) = (self.bookings[place].id.clone(), self.bookings[place].body["staff"].is_string());
        let about = About::Booking(place);
        if how == "reassign" && has_staff && rand::random() {
            // The same time, and another who serves; a PATCH knows no idempotency key, but it has If-Match.
            let body = json!({ "staff": self.another_than(place) });
            return Sent { method: Method::PATCH, path: format!("bookings/{id}"), body, key: None, about };
        }
        let (verb, body) = match how {
            "cancel" => ("cancel", json!({ "reason": "they said so" })),
            "reassign" if has_staff => {
                ("reschedule", json!({ "start": self.slot(), "staff": self.another_than(place) }))
            }
            _ => ("reschedule", json!({ "start": self.slot() })),
        };
        let (method, path, key) = (Method::POST, format!("bookings/{id}/{verb}"), Some(self.key()));
        Sent { method, path, body, key, about }
    }

    fn subscribe(&mut self) -> Sent {
        let options = json!({ "future_days": 3650 });
        let body = if rand::random() {
            json!({ "kind": "staff", "subject": self.somebody(), "options": options })
        } else {
            json!({ "kind": "team", "options": options })
        };
        let key = Some(self.key());
        Sent { method: Method::POST, path: "feeds".to_owned(), body, key, about: About::NewFeed }
    }

    /// Writes down what an answer says. Any that is neither good nor one of the refusals there may be is a failure.
    fn learn(&mut self, sent: &Sent, answer: &Answer) {
        match answer.status {
            200 | 201 => {
                self.tally.acknowledged += 1;
                match sent.about {
                    About::NewFeed => {
                        let url = answer.json()["url"].as_str().unwrap().to_owned();
                        self.feeds.push(crate::support::path_of(&url));
                    }
                    About::NewBooking => self.learn_of_new(answer),
                    About::Booking(place) => self.learn_of_change(place, answer),
                }
            }
            409 if answer.is_problem("slot-unavailable") => self.tally.refused += 1,
            _ => panic!("{sent:?} → {answer:?}"),
        }
    }

    fn learn_of_new(&mut self, answer: &Answer) {
        let body = told(answer);
        let staff = body["staff"].as_str().map(str::to_owned).into_iter().collect();
        let id = body["id"].as_str().unwrap().to_owned();
        self.open.push(self.bookings.len());
        self.bookings.push(Known { id, body, version: answer.version(), staff, fresh: true });
    }

    fn learn_of_change(&mut self, place: usize, answer: &Answer) {
        let (known, body) = (&mut self.bookings[place], told(answer));
        assert_eq!(answer.version(), known.version + 1, "one change is one version: {known:?} → {body}");
        if body["status"] == "cancelled" {
            self.open.retain(|open| *open != place);
        }
        known.staff.extend(body["staff"].as_str().map(str::to_owned));
        (known.body, known.version, known.fresh) = (body, answer.version(), true);
    }

    /// A slot of its own most of the time, one of another writer's sometimes.
    fn slot(&mut self) -> String {
        self.next_slot += 1;
        let number = i64::try_from(self.number).unwrap();
        let lane = if rand::random_range(0..20) == 0 { (number + 1) % 8 } else { number };
        at((self.next_slot * 8 + lane) * 30)
    }

    fn key(&mut self) -> String {
        self.keys += 1;
        format!("writer-{}-{}", self.number, self.keys)
    }

    fn somebody(&self) -> String {
        self.shop.staff[rand::random_range(0..self.shop.staff.len())].clone()
    }

    fn another_than(&self, place: usize) -> String {
        let now = self.bookings[place].body["staff"].as_str();
        let others: Vec<&String> = self.shop.staff.iter().filter(|id| Some(id.as_str()) != now).collect();
        others[rand::random_range(0..others.len())].clone()
    }
}

/// The body of an answer, without the notices that only answers to changes have.
fn told(answer: &Answer) -> Value {
    let mut body = answer.json();
    body.as_object_mut().unwrap().remove("notices");
    body
}
