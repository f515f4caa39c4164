//! Time off that somebody writes into their calendar, while others book that very time: whatever is booked then is either
//! there when the PUT is answered, or is refused.
//!
//! Time off is always taken (who is ill is ill), and what was booked before it stays. So what the API lists at the
//! moment of the answer is all there will ever be in that time, and whoever asks after the answer is refused.
//!
//! Mutants: `people::claim` taken out of `hold_time` in `src/calendar/write.rs`, or out of `calendar::home::update`. On
//! PostgreSQL bookings then appear after the answer, in the first or second round, booked or dragged, with one server or
//! three. On SQLite there is one writer, so neither changes anything.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use tokio::sync::Barrier;

use crate::support::{self, Answer, Api, Business, Dav, House, Kind, Server, at, dragged, event, utc};

/// Those who write time off, each for a stretch of its own.
const WRITERS: usize = 6;
/// Those who want a time in each stretch.
const BOOKERS: usize = 4;
/// What they book.
const MINUTES: i64 = 2;
/// A stretch: the times that are wanted, and one for who comes too late.
const STRETCH_MINUTES: i64 = (BOOKERS as i64 + 1) * MINUTES;
/// From one round to the next.
const ROUND_MINUTES: i64 = 120;

/// Where and when a stretch begins.
fn stretch(round: usize, writer: usize) -> i64 {
    i64::try_from(round).unwrap() * ROUND_MINUTES + i64::try_from(writer).unwrap() * STRETCH_MINUTES
}

/// How those who want a time go about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum By {
    /// They book by the API.
    Booking,
    /// They move a booking they have, in Anna's calendar program.
    Dragging,
    /// They book by the API, and what is in their way lies in a calendar of which Anna says only then that it takes her
    /// time.
    BookingWhatWasFree,
}

/// Servers over one database, and Anna, with whom everybody books.
struct Arena {
    _house: House,
    servers: Vec<Server>,
    api: Api,
    anna: Dav,
    service: String,
    /// What is dragged.
    parked: Vec<String>,
}

/// What came of a stretch.
struct Stretch {
    /// What is booked in it when its time off is answered.
    seen: BTreeSet<String>,
    /// What those who wanted a time in it were told: the booking, and whether it was done.
    told: Vec<(String, bool)>,
}

impl Arena {
    async fn new(kind: Kind, instances: usize, by: By) -> Self {
        let house = House::new(kind).await;
        let mut servers = vec![house.start().await];
        let api = Api::new(&servers[0].url(), &house.business("salon"));
        while servers.len() < instances {
            servers.push(house.start().await);
        }
        let (id, anna) = Dav::of_new_staff(&house, "salon", "anna", &servers[0].url());
        let business = Business::new(api.clone(), 0).await;
        let service = business.service("Trim", MINUTES, json!({ "staff": [id] })).await;
        let mut arena = Self { _house: house, servers, api, anna, service, parked: Vec::new() };
        // The first login furnishes the home.
        let home = arena.anna.listed(&arena.anna.calendar("time-off")).await;
        assert!(home.is_empty());
        for writer in (0..WRITERS).filter(|_| by == By::BookingWhatWasFree) {
            arena.anna.make(&format!("c{writer}")).await;
        }
        for n in (0..WRITERS * BOOKERS).filter(|_| by == By::Dragging) {
            let far = stretch(2000, 0) + i64::try_from(n).unwrap() * MINUTES;
            arena.parked.push(arena.api.create("bookings", &arena.booking(far)).await);
        }
        arena
    }

    fn url(&self, n: usize) -> String {
        self.servers[n % self.servers.len()].url()
    }

    fn booking(&self, start: i64) -> Value {
        json!({ "service": self.service, "start": at(start) })
    }

    /// Everybody at once.
    async fn round(self: &Arc<Self>, round: usize, by: By) -> Vec<Stretch> {
        let start = Arc::new(Barrier::new(WRITERS * (BOOKERS + 1)));
        let mut writers = Vec::new();
        let mut bookers = Vec::new();
        for writer in 0..WRITERS {
            let (arena, barrier) = (Arc::clone(self), Arc::clone(&start));
            writers.push(tokio::spawn(async move { arena.take(round, writer, by, &barrier).await }));
            for booker in 0..BOOKERS {
                let (arena, barrier) = (Arc::clone(self), Arc::clone(&start));
                let time = stretch(round, writer) + i64::try_from(booker).unwrap() * MINUTES;
                let n = writer * BOOKERS + booker;
                bookers.push(tokio::spawn(async move {
                    match by {
                        By::Booking | By::BookingWhatWasFree => arena.book(n, time, &barrier).await,
                        By::Dragging => arena.drag(n, time, &barrier).await,
                    }
                }));
            }
        }
        let mut stretches = Vec::new();
        for writer in writers {
            stretches.push(Stretch { seen: writer.await.unwrap(), told: Vec::new() });
        }
        for (n, booker) in bookers.into_iter().enumerate() {
            stretches[n / BOOKERS].told.push(booker.await.unwrap());
        }
        stretches
    }

    /// Takes a stretch off; what is booked in it when the answer comes. Nobody gets a time in it after that.
    async fn take(&self, round: usize, writer: usize, by: By, barrier: &Barrier) -> BTreeSet<String> {
        let (from, until) = (stretch(round, writer), stretch(round, writer + 1));
        let uid = format!("off-{round}-{writer}");
        let body = event(&uid, (&utc(from), &utc(until)), "Away");
        let anna = self.anna.at(&self.url(writer));
        if by == By::BookingWhatWasFree {
            let calendar = anna.calendar(&format!("c{writer}"));
            says(&anna, &calendar, "transparent").await;
            put(&anna, &format!("{calendar}{uid}.ics"), &body).await;
            after_a_while(barrier, 100).await;
            says(&anna, &calendar, "opaque").await;
        } else {
            let path = format!("{}{uid}.ics", anna.calendar("time-off"));
            after_a_while(barrier, 100).await;
            put(&anna, &path, &body).await;
        }
        let seen = self.booked(writer, (from, until)).await;
        let late = self.api.at(&self.url(writer + 1)).post("bookings", &self.booking(until - MINUTES)).await;
        assert!(late.status == 409 && late.is_problem("slot-unavailable"), "after the time off: {}", late.body);
        seen
    }

    async fn book(&self, n: usize, start: i64, barrier: &Barrier) -> (String, bool) {
        let request = self.api.at(&self.url(n)).request(Method::POST, "bookings").json(&self.booking(start));
        after_a_while(barrier, 200).await;
        let answer = Answer::to(request).await.unwrap();
        match answer.status {
            201 => (answer.json()["id"].as_str().unwrap().to_owned(), true),
            status => {
                assert_eq!(status, 409, "{}", answer.body);
                (String::new(), false)
            }
        }
    }

    async fn drag(&self, n: usize, start: i64, barrier: &Barrier) -> (String, bool) {
        let anna = self.anna.at(&self.url(n));
        let path = format!("{}{}.ics", anna.calendar("bookings"), self.parked[n]);
        let served = anna.send("GET", &path, &[], "").await;
        let body = dragged(&served.body, (start, start + MINUTES));
        after_a_while(barrier, 200).await;
        let answer = anna.send("PUT", &path, &[("if-match", served.header("etag"))], &body).await;
        assert!(matches!(answer.status, 204 | 403), "{} {}", answer.status, answer.body);
        (self.parked[n].clone(), answer.status == 204)
    }

    /// What is booked in a time.
    async fn booked(&self, n: usize, (from, until): (i64, i64)) -> BTreeSet<String> {
        let path = format!("bookings?from={}&to={}&status=confirmed&limit=200", at(from), at(until));
        let listed = self.api.at(&self.url(n)).get(&path).await.json();
        let ids = listed["items"].as_array().unwrap().iter().map(|booking| booking["id"].as_str().unwrap().to_owned());
        ids.collect()
    }
}

async fn put(anna: &Dav, path: &str, body: &str) {
    let kept = anna.send("PUT", path, &[("if-none-match", "*")], body).await;
    assert_eq!(kept.status, 201, "{}", kept.body);
}

/// Whether what is in a calendar takes time (RFC 6638 §9.1).
async fn says(anna: &Dav, calendar: &str, transp: &str) {
    let body = format!(
        r#"<D:propertyupdate xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"><D:set><D:prop><C:schedule-calendar-transp><C:{transp}/></C:schedule-calendar-transp></D:prop></D:set></D:propertyupdate>"#
    );
    let said = anna.send("PROPPATCH", calendar, &[], &body).await;
    assert!(said.status == 207 && said.body.contains("200 OK"), "{}", said.body);
}

/// Together, but in no order: of bookings and time off either may come first.
async fn after_a_while(barrier: &Barrier, most_ms: u64) {
    barrier.wait().await;
    tokio::time::sleep(Duration::from_millis(rand::random_range(0..most_ms))).await;
}

async fn race(kind: Kind, instances: usize, by: By) {
    let arena = Arc::new(Arena::new(kind, instances, by).await);
    let (mut before, mut after) = (0, 0);
    for round in 0..support::number("FASTI_TEST_ROUNDS", 20) / 2 {
        for (writer, Stretch { seen, told }) in arena.round(round, by).await.into_iter().enumerate() {
            let now = arena.booked(0, (stretch(round, writer), stretch(round, writer + 1))).await;
            assert_eq!(
                now, seen,
                "round {round}: what is booked in time off {writer}, and what was when it was answered"
            );
            let done: BTreeSet<String> = told.iter().filter(|(_, done)| *done).map(|(id, _)| id.clone()).collect();
            assert_eq!(now, done, "round {round}: what is booked in time off {writer}, and what was said to be");
            before += done.len();
            after += told.len() - done.len();
        }
    }
    eprintln!("{before} came before the time off, {after} after it");
    assert!(before > 0 && after > 0, "they never met");
}

macro_rules! races {
    ($($set_up:ident: $kind:ident, $instances:literal;)*) => {
        $(mod $set_up {
            use super::*;

            #[test]
            fn bookings() {
                support::run(race(Kind::$kind, $instances, By::Booking));
            }

            #[test]
            fn bookings_that_are_dragged_there() {
                support::run(race(Kind::$kind, $instances, By::Dragging));
            }

            #[test]
            fn bookings_in_a_calendar_that_becomes_opaque() {
                support::run(race(Kind::$kind, $instances, By::BookingWhatWasFree));
            }
        })*
    };
}

races! {
    sqlite: Sqlite, 1;
    sqlite_three_processes: Sqlite, 3;
    postgres: Postgres, 1;
    postgres_three_instances: Postgres, 3;
}
