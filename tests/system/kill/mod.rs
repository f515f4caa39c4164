//! `kill -9` in the middle of the work of eight writers, again and again over one database (R1).
//!
//! Every writer keeps a journal of what was acknowledged. After each kill another server starts over what the last one
//! left, and three questions are asked, the first before anything else is: is everything there that was acknowledged?
//! Does a request whose answer was lost, sent again with its idempotency key, have exactly one effect? Do booking,
//! history, allocations, objects, collections and feeds agree, with nothing half there?
//!
//! The mutant is an answer before the commit, in `src/store/work.rs`, `Store::write`: on SQLite, before
//! `Outcome::AfterCommit(…)`, `if std::env::args().any(|a| a == "serve") { send(answer, result); return
//! Outcome::Answered; }` (in a command the process would end before the commit, and no test could begin). The first
//! kill then finds a booking that was acknowledged and is gone.

mod agreement;
mod calendars;
mod feeds;
mod keeper;
mod mover;
mod writer;

use std::time::Duration;

use serde_json::json;

use crate::support::{self, Api, Business, House, Kind, Server};
use agreement::Ledger;
use writer::{Tally, Writer};

const WRITERS: usize = 8;

/// What the writers write about.
#[derive(Clone)]
struct Shop {
    staff: Vec<String>,
    /// With staff, with a resource, with neither.
    services: [String; 3],
}

on_both!(what_was_acknowledged_survives, killed_while_starting);

async fn what_was_acknowledged_survives(kind: Kind) {
    let house = House::new(kind).await;
    let mut server = house.start().await;
    let api = Api::new(&server.url(), &house.business("salon"));
    let shop = open_shop(api.clone()).await;
    let mut subscriptions = feeds::subscribe(&api, &shop).await;
    let mut writers: Vec<Writer> = (0..WRITERS).map(|n| Writer::new(n, shop.clone(), api.clone())).collect();
    for kill in 0..support::number("FASTI_TEST_KILLS", 10) {
        writers = write_until_killed(writers, &mut server).await;
        let log = server.stderr();
        assert!(!log.contains("panic"), "before kill {kill}:\n{log}");
        server = house.start().await;
        writers.iter_mut().for_each(|writer| writer.api = api.at(&server.url()));

        let ledger = Ledger::read(&house.database).await;
        writers.iter().for_each(|writer| ledger.has_what_was_acknowledged(&writer.bookings));
        for writer in &mut writers {
            writer.repeat().await.expect("nobody kills the server now");
        }
        let ledger = Ledger::read(&house.database).await;
        ledger.agrees_with_itself();
        ledger.is_exactly(&writers);
        agreement::answers_are_what_is_there(&mut writers).await;
        subscriptions
            .extend(writers.iter_mut().flat_map(|writer| std::mem::take(&mut writer.feeds)).map(feeds::Path::of));
        feeds::show_what_is_there(&api.at(&server.url()), &subscriptions, &ledger).await;
        report(kill, &writers);
    }
    let lost: usize = writers.iter().map(|writer| writer.tally.lost).sum();
    assert!(lost > 0, "no kill hit a request: nothing was tested");
}

async fn open_shop(api: Api) -> Shop {
    let business = Business::new(api, 4).await;
    let boats = json!({ "name": "Boats", "kind": "vehicle", "quantity": 2 });
    let boats = business.api.create("resources", &boats).await;
    let services = [
        business.service("Cut", 30, json!({ "staff": business.staff })).await,
        business.service("Boat", 30, json!({ "resources": [boats], "kind": "rental" })).await,
        business.service("Note", 30, json!({})).await,
    ];
    Shop { staff: business.staff, services }
}

/// Lets the writers write, and kills the server at a moment that nobody knows.
async fn write_until_killed(writers: Vec<Writer>, server: &mut Server) -> Vec<Writer> {
    let writing: Vec<_> = writers
        .into_iter()
        .map(|mut writer| {
            tokio::spawn(async move {
                writer.write().await;
                writer
            })
        })
        .collect();
    tokio::time::sleep(Duration::from_millis(rand::random_range(100..900))).await;
    server.kill();
    let mut back = Vec::new();
    for writer in writing {
        back.push(writer.await.unwrap());
    }
    back
}

fn report(kill: usize, writers: &[Writer]) {
    let sum = |of: fn(&Tally) -> usize| writers.iter().map(|writer| of(&writer.tally)).sum::<usize>();
    eprintln!(
        "kill {}: {} acknowledged, {} refused; {} answers lost, of which {} had been done",
        kill + 1,
        sum(|t| t.acknowledged),
        sum(|t| t.refused),
        sum(|t| t.lost),
        sum(|t| t.done_before)
    );
}

/// An empty database, and a server killed while it makes its tables.
async fn killed_while_starting(kind: Kind) {
    let house = House::new(kind).await;
    for _ in 0..6 {
        let mut server = Server::spawn(house.serve());
        tokio::time::sleep(Duration::from_millis(rand::random_range(5..250))).await;
        server.kill();
    }
    let server = house.start().await;
    let api = Api::new(&server.url(), &house.business("salon"));
    let shop = open_shop(api).await;
    assert_eq!(shop.staff.len(), 4);
    let applied = house.database.number("SELECT count(*) FROM __diesel_schema_migrations").await;
    assert_eq!(applied, support::migrations(kind), "each migration once");
}
