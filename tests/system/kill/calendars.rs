//! `kill -9` in the middle of the work of those who write with calendar programs, and of those who read along (R1, R6).
//!
//! After each kill: every object that was acknowledged is there with its entity tag and its bytes, and what was deleted
//! is gone; of a request whose answer was lost all was done, or nothing; the calendar has nothing besides; its change
//! number is that of the last object that changed; and whoever goes on from any token knows what the calendar has.
//!
//! The mutant is that of `kill/mod.rs`: a mover then sees its booking where it was before the answer, mostly before the
//! first kill.

use std::time::Duration;

use rand::prelude::*;
use serde_json::json;

use super::agreement::Ledger;
use super::keeper::Keeper;
use super::mover::Mover;
use super::writer::Tally;
use crate::support::{self, Api, Business, Database, Dav, House, Kind, Server, Shadow};

const KEEPERS: usize = 5;
const MOVERS: i64 = 2;
/// Tokens of before the last start that are tried, beside all of those since.
const EARLIER: usize = 20;

on_both!(what_calendar_programs_wrote_survives);

/// A token of a calendar, and what the reader who had it knew then.
#[derive(Clone)]
struct Known {
    calendar: String,
    token: String,
    shadow: Shadow,
}

/// One who reads along in a calendar.
struct Reader {
    dav: Dav,
    at: Known,
    /// Every token it had since the last start.
    had: Vec<Known>,
}

impl Reader {
    /// Reads until the server is gone.
    async fn read(&mut self) {
        let Known { calendar, token, shadow } = &mut self.at;
        loop {
            match self.dav.sync(calendar, token, shadow).await {
                Ok(next) => *token = next,
                Err(_) => return,
            }
            let (calendar, token, shadow) = (calendar.clone(), token.clone(), shadow.clone());
            self.had.push(Known { calendar, token, shadow });
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

/// Everybody who works while the server is killed.
struct Everybody {
    keepers: Vec<Keeper>,
    movers: Vec<Mover>,
    readers: Vec<Reader>,
}

async fn what_calendar_programs_wrote_survives(kind: Kind) {
    let house = House::new(kind).await;
    let mut server = house.start().await;
    let api = Api::new(&server.url(), &house.business("salon"));
    let (id, mut anna) = Dav::of_new_staff(&house, "salon", "anna", &server.url());
    let service = Business::new(api.clone(), 0).await.service("Cut", 30, json!({ "staff": [id] })).await;
    let own = vec![anna.make("work").await, anna.make("private").await];
    let mut all = Everybody::new(&anna, &api, &own, &service).await;
    let mut earlier: Vec<Known> = Vec::new();
    for kill in 0..support::number("FASTI_TEST_KILLS", 10) {
        all = all.work_until_killed(&mut server).await;
        let log = server.stderr();
        assert!(!log.contains("panic"), "before kill {kill}:\n{log}");
        server = house.start().await;
        anna = anna.at(&server.url());
        all.go_to(&anna, &api.at(&server.url()));
        let truth = all.find_what_is_there(&anna, &own).await;
        numbers_are_those_of_objects(&house.database).await;
        Ledger::read(&house.database).await.agrees_with_itself();
        let had: Vec<Known> = all.readers.iter_mut().flat_map(|reader| std::mem::take(&mut reader.had)).collect();
        let before = earlier.sample(&mut rand::rng(), EARLIER).cloned();
        for known in had.iter().cloned().chain(before) {
            leads_to_the_truth(&anna, known, &truth).await;
        }
        earlier.extend(had);
        all.report(kill);
    }
    let lost: usize = all.tallies().map(|tally| tally.lost).sum();
    assert!(lost > 0, "no kill hit a request: nothing was tested");
}

impl Everybody {
    async fn new(anna: &Dav, api: &Api, own: &[String], service: &str) -> Self {
        let keepers = (0..KEEPERS).map(|n| Keeper::new(n, anna.clone(), own.to_vec())).collect();
        let mut movers = Vec::new();
        for n in 0..MOVERS {
            movers.push(Mover::new(n, anna.clone(), api.clone(), service).await);
        }
        let calendars = own.iter().cloned().chain([anna.calendar("bookings")]);
        let reader = |calendar| Reader {
            dav: anna.clone(),
            at: Known { calendar, token: String::new(), shadow: Shadow::new() },
            had: Vec::new(),
        };
        Self { keepers, movers, readers: calendars.map(reader).collect() }
    }

    /// Lets everybody work, and kills the server at a moment that nobody knows.
    async fn work_until_killed(self, server: &mut Server) -> Self {
        macro_rules! work {
            ($who:expr, $does:ident) => {
                $who.into_iter()
                    .map(|mut who| {
                        tokio::spawn(async move {
                            who.$does().await;
                            who
                        })
                    })
                    .collect::<Vec<_>>()
            };
        }
        let (keepers, movers) = (work!(self.keepers, write), work!(self.movers, write));
        let readers = work!(self.readers, read);
        tokio::time::sleep(Duration::from_millis(rand::random_range(100..900))).await;
        server.kill();
        let mut back = Self { keepers: Vec::new(), movers: Vec::new(), readers: Vec::new() };
        for keeper in keepers {
            back.keepers.push(keeper.await.unwrap());
        }
        for mover in movers {
            back.movers.push(mover.await.unwrap());
        }
        for reader in readers {
            back.readers.push(reader.await.unwrap());
        }
        back
    }

    fn go_to(&mut self, anna: &Dav, api: &Api) {
        self.keepers.iter_mut().for_each(|keeper| keeper.dav = anna.clone());
        self.readers.iter_mut().for_each(|reader| reader.dav = anna.clone());
        for mover in &mut self.movers {
            (mover.dav, mover.api) = (anna.clone(), api.clone());
        }
    }

    /// What each calendar has: what was acknowledged, what turned out to be done, and nothing besides.
    async fn find_what_is_there(&mut self, anna: &Dav, own: &[String]) -> Vec<(String, Shadow)> {
        for keeper in &mut self.keepers {
            keeper.look().await;
            keeper.has_what_was_acknowledged().await;
        }
        for mover in &mut self.movers {
            mover.look().await;
            mover.has_what_was_acknowledged().await;
        }
        let mut found = Vec::new();
        for calendar in own {
            let known: Shadow = self.keepers.iter().flat_map(|keeper| keeper.in_calendar(calendar)).collect();
            assert_eq!(anna.listed(calendar).await, known, "{calendar}");
            found.push((calendar.clone(), known));
        }
        let bookings = anna.calendar("bookings");
        let known: Shadow = self.movers.iter().flat_map(Mover::in_calendar).collect();
        assert_eq!(anna.listed(&bookings).await, known, "{bookings}");
        found.push((bookings, known));
        found
    }

    fn tallies(&self) -> impl Iterator<Item = Tally> {
        self.keepers.iter().map(|keeper| keeper.tally).chain(self.movers.iter().map(|mover| mover.tally))
    }

    fn report(&self, kill: usize) {
        let sum = |of: fn(Tally) -> usize| self.tallies().map(of).sum::<usize>();
        eprintln!(
            "kill {}: {} acknowledged, {} refused; {} answers lost, of which {} had been done",
            kill + 1,
            sum(|t| t.acknowledged),
            sum(|t| t.refused),
            sum(|t| t.lost),
            sum(|t| t.done_before)
        );
    }
}

async fn leads_to_the_truth(anna: &Dav, known: Known, truth: &[(String, Shadow)]) {
    let Known { calendar, token, mut shadow } = known;
    anna.sync(&calendar, &token, &mut shadow).await.expect("nobody kills the server now");
    let (_, truth) = truth.iter().find(|(name, _)| *name == calendar).unwrap();
    assert_eq!(&shadow, truth, "{calendar} from {token}");
}

/// A calendar counts each change for an object: its number is the greatest of theirs, and none is of two.
async fn numbers_are_those_of_objects(database: &Database) {
    let sql = "SELECT c.change, COALESCE(max(o.change), 0), count(o.change), count(DISTINCT o.change), k.name \
               FROM calendars k \
               JOIN collections c ON c.tenant_id = k.tenant_id AND c.collection_id = k.collection_id \
               LEFT JOIN calendar_objects o ON o.tenant_id = k.tenant_id AND o.collection_id = k.collection_id \
               GROUP BY k.collection_id, k.name, c.change";
    for row in database.rows(sql).await {
        assert_eq!((&row[0], &row[2]), (&row[1], &row[3]), "{row:?}");
    }
    let half = "SELECT count(*) FROM calendar_objects WHERE deleted <> (body = '')";
    assert_eq!(database.number(half).await, 0, "objects that are neither there nor gone");
}
