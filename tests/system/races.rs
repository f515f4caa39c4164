//! Of 64 clients who want one slot at one moment, as many win as there is room for, and the others are told (R4).
//!
//! The wall is the database's: on PostgreSQL an exclusion constraint and, for the seats of a class, a unique one; on
//! SQLite the check inside the transaction of a writer that holds the write lock, with a trigger behind it.
//!
//! Mutants, and what they do to the races:
//! - `FASTI_TEST_MUTANT=no-constraint` takes constraints and trigger away. Every race on PostgreSQL fails in the first
//!   rounds (`mutant::without_the_constraint_postgres_is_double_booked` says so in every run); on SQLite none does,
//!   with three processes either, because there the check itself is inside the transaction.
//! - `BEGIN IMMEDIATE` → `BEGIN DEFERRED` in `src/store/connection.rs`: `sqlite_three_processes` gets 500s in round 0.
//! - `allocations::free_unit` answering `Ok(Some(0))`: SQLite's trigger still lets one win, as 500 to the others; and
//!   with `FASTI_TEST_MUTANT=no-constraint` besides, all 64 win.
//! - `store::orders::claim` without its lock: on PostgreSQL `confirmations_of_one_order` and `two_orders_for_one_slot` fail.
//! - `allocate::take` without giving back expired holds: `a_slot_of_an_expired_hold` has no winner. Looking again only when
//!   this very transaction gave something back: on PostgreSQL some of `slots_of_expired_holds` are refused.
//! - `holds::redeem` without deleting the hold: `one_hold_booked_by_all` has no winner.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::Arc;

use reqwest::Method;
use serde_json::{Value, json};
use tokio::sync::Barrier;

use crate::support::{self, Answer, Api, Business, Database, House, Kind, Server, at, at_unix};

const CLIENTS: usize = 64;
/// From one round's slot to the next; no slot of a round, nor what overlaps it, is longer.
const ROUND_MINUTES: i64 = 180;

/// What everybody wants.
struct Contest {
    business: Business,
    /// How many are to win in a round.
    winners: usize,
    /// How many bookings and holds there are to be of its slot.
    taken: usize,
    /// Status and problem of those who lose.
    loss: (u16, &'static str),
    /// What so many hold before a round, and has expired by then.
    expired: Option<(usize, Wish)>,
    wish: Wish,
}

/// Path and body of a client in a round.
type Wish = Box<dyn Fn(usize, usize) -> (String, Value)>;

impl Contest {
    /// One for so many bookings, in which each who wins has one.
    fn of(business: Business, winners: usize, wish: impl Fn(usize, usize) -> (String, Value) + 'static) -> Self {
        let loss = (409, "slot-unavailable");
        Self { business, winners, taken: winners, loss, expired: None, wish: Box::new(wish) }
    }
}

type Prepared = Pin<Box<dyn Future<Output = Contest>>>;

/// A database, and so many servers over it.
struct Arena {
    house: House,
    servers: Vec<Server>,
    contest: Contest,
}

impl Arena {
    async fn new(kind: Kind, instances: usize, prepare: fn(Business) -> Prepared) -> Self {
        let house = House::new(kind).await;
        let mut servers = vec![house.start().await];
        let token = house.business("salon");
        while servers.len() < instances {
            servers.push(house.start().await);
        }
        let contest = prepare(Business::new(Api::new(&servers[0].url(), &token), 3).await).await;
        Self { house, servers, contest }
    }

    /// What must be true of every round, or how it was not.
    async fn rounds(&self, rounds: usize) -> Result<(), String> {
        for round in 0..rounds {
            let answers = self.round(round).await;
            self.judge(&answers).map_err(|why| format!("round {round}: {why}"))?;
            let taken = self.taken(round).await;
            if taken != self.contest.taken {
                return Err(format!("round {round}: the database has {taken} bookings and holds of the slot"));
            }
        }
        allocations_never_overlap(&self.house.database).await
    }

    /// Everybody at once, spread over the servers.
    async fn round(&self, round: usize) -> Vec<Answer> {
        if let Some((holders, expired)) = &self.contest.expired {
            for holder in 0..*holders {
                let (path, body) = expired(round, holder);
                self.contest.business.api.create(&path, &body).await;
            }
            self.house.database.execute("UPDATE holds SET expires_at = 0").await;
        }
        let start = Arc::new(Barrier::new(CLIENTS));
        let clients = (0..CLIENTS).map(|client| {
            let (path, body) = (self.contest.wish)(round, client);
            let api = self.contest.business.api.at(&self.servers[client % self.servers.len()].url());
            let start = Arc::clone(&start);
            tokio::spawn(async move {
                let request = api.request(Method::POST, &path).json(&body);
                start.wait().await;
                insistently(request).await
            })
        });
        let mut answers = Vec::with_capacity(CLIENTS);
        for client in clients.collect::<Vec<_>>() {
            answers.push(client.await.unwrap());
        }
        answers
    }

    fn judge(&self, answers: &[Answer]) -> Result<(), String> {
        let won = answers.iter().filter(|answer| matches!(answer.status, 200 | 201)).count();
        let (status, problem) = self.contest.loss;
        let lost = answers.iter().filter(|answer| answer.status == status && answer.is_problem(problem)).count();
        if (won, lost) == (self.contest.winners, CLIENTS - self.contest.winners) {
            return Ok(());
        }
        let odd = answers.iter().find(|answer| !matches!(answer.status, 200 | 201) && answer.status != status);
        let odd = odd.map_or(String::new(), |answer| format!("; one got {}: {}", answer.status, answer.body));
        Err(format!("{won} won and {lost} were told that the slot is taken{odd}"))
    }

    /// Bookings that stand in a round's slot, and holds of it.
    async fn taken(&self, round: usize) -> usize {
        let (from, until) = (at_unix(slot(round)), at_unix(slot(round + 1)));
        let within = format!("start_at >= {from} AND start_at < {until}");
        let count = format!(
            "SELECT (SELECT count(*) FROM bookings WHERE {within} AND status <> 'cancelled') \
             + (SELECT count(*) FROM holds WHERE {within})"
        );
        usize::try_from(self.house.database.number(&count).await).unwrap()
    }
}

fn slot(round: usize) -> i64 {
    i64::try_from(round).unwrap() * ROUND_MINUTES
}

/// A unit is never taken by two sessions at once, nor a seat by two bookings: read from the database itself.
async fn allocations_never_overlap(database: &Database) -> Result<(), String> {
    let columns = "tenant_id, resource_id, unit, busy_from, busy_until, session, seat";
    let rows = database.rows(&format!("SELECT {columns} FROM allocations ORDER BY 1, 2, 3, 4")).await;
    type Taken = (i64, i64, String, String);
    let mut of_unit: BTreeMap<Vec<String>, Vec<Taken>> = BTreeMap::new();
    for row in rows {
        let row: Vec<String> = row.into_iter().map(Option::unwrap).collect();
        let [tenant, resource, unit, from, until, session, seat] = row.try_into().unwrap();
        let busy = (from.parse().unwrap(), until.parse().unwrap(), session, seat);
        of_unit.entry(vec![tenant, resource, unit]).or_default().push(busy);
    }
    for (unit, taken) in of_unit {
        for (i, one) in taken.iter().enumerate() {
            // In order of their starts, so that only those before its end can be in its way.
            for other in taken[i + 1..].iter().take_while(|other| other.0 < one.1) {
                if one.2 != other.2 || one.3 == other.3 {
                    return Err(format!("unit {unit:?} is taken twice: {one:?} and {other:?}"));
                }
            }
        }
    }
    Ok(())
}

fn booking(service: &str, start: i64, client: usize) -> Value {
    let customer = json!({ "name": format!("Client {client}"), "email": format!("client{client}@guest.example") });
    json!({ "service": service, "start": at(start), "customer": customer })
}

/// One staff member, one start.
fn one_slot(business: Business) -> Prepared {
    Box::pin(async move {
        let staff = business.staff[0].clone();
        let service = business.service("Cut", 60, json!({ "staff": [staff] })).await;
        let wish = move |round, client| {
            let mut wish = booking(&service, slot(round), client);
            wish["staff"] = json!(staff);
            ("bookings".to_owned(), wish)
        };
        Contest::of(business, 1, wish)
    })
}

/// One staff member, sixty starts a minute apart, of which any two overlap; buffers included.
fn overlapping_slots(business: Business) -> Prepared {
    Box::pin(async move {
        let offer = json!({ "staff": [business.staff[0]], "buffer_before_minutes": 5, "buffer_after_minutes": 10 });
        let service = business.service("Colour", 45, offer).await;
        let wish = move |round, client: usize| {
            let start = slot(round) + i64::try_from(client % 60).unwrap();
            ("bookings".to_owned(), booking(&service, start, client))
        };
        Contest::of(business, 1, wish)
    })
}

/// A class with five seats.
fn a_class_of_five(business: Business) -> Prepared {
    Box::pin(async move {
        let offer = json!({ "staff": [business.staff[0]], "capacity": 5, "kind": "class" });
        let service = business.service("Yoga", 60, offer).await;
        let wish = move |round, client| ("bookings".to_owned(), booking(&service, slot(round), client));
        Contest::of(business, 5, wish)
    })
}

/// A resource of which there are three.
fn three_of_a_kind(business: Business) -> Prepared {
    Box::pin(async move {
        let bikes = json!({ "name": "Bicycles", "kind": "equipment", "quantity": 3 });
        let bikes = business.api.create("resources", &bikes).await;
        let service = business.service("Bicycle", 60, json!({ "resources": [bikes], "kind": "rental" })).await;
        let wish = move |round, client| ("bookings".to_owned(), booking(&service, slot(round), client));
        Contest::of(business, 3, wish)
    })
}

/// Three who could serve, and nobody says by whom.
fn any_of_three(business: Business) -> Prepared {
    Box::pin(async move {
        let service = business.service("Shave", 60, json!({ "staff": business.staff })).await;
        let wish = move |round, client| ("bookings".to_owned(), booking(&service, slot(round), client));
        Contest::of(business, 3, wish)
    })
}

/// Half of them move a booking they have to the slot that the other half books.
fn moves_against_bookings(business: Business) -> Prepared {
    Box::pin(async move {
        let service = business.service("Cut", 60, json!({ "staff": [business.staff[0]] })).await;
        // Where the movers wait: after the last round there could be.
        let parked = slot(2000);
        let mut movers = Vec::new();
        for client in 0..CLIENTS / 2 {
            let start = parked + i64::try_from(client).unwrap() * 90;
            movers.push(business.api.create("bookings", &booking(&service, start, client)).await);
        }
        let wish = move |round, client: usize| match movers.get(client / 2).filter(|_| client.is_multiple_of(2)) {
            Some(id) => (format!("bookings/{id}/reschedule"), json!({ "start": at(slot(round)) })),
            None => ("bookings".to_owned(), booking(&service, slot(round), client)),
        };
        Contest::of(business, 1, wish)
    })
}

/// Everybody holds one slot.
fn holds_of_one_slot(business: Business) -> Prepared {
    Box::pin(async move {
        let service = business.service("Cut", 60, json!({ "staff": [business.staff[0]] })).await;
        let wish = move |round, _| ("holds".to_owned(), hold(&service, slot(round)));
        Contest::of(business, 1, wish)
    })
}

/// Half of them hold the slot that the other half books.
fn holds_against_bookings(business: Business) -> Prepared {
    Box::pin(async move {
        let service = business.service("Cut", 60, json!({ "staff": [business.staff[0]] })).await;
        let wish = move |round, client: usize| match client.is_multiple_of(2) {
            true => ("holds".to_owned(), hold(&service, slot(round))),
            false => ("bookings".to_owned(), booking(&service, slot(round), client)),
        };
        Contest::of(business, 1, wish)
    })
}

/// Everybody books what one of them holds, by the same hold.
fn one_hold_booked_by_all(business: Business) -> Prepared {
    Box::pin(async move {
        let service = business.service("Cut", 60, json!({ "staff": [business.staff[0]] })).await;
        let mut held = Vec::new();
        for round in 0..rounds() {
            held.push(business.api.create("holds", &hold(&service, slot(round))).await);
        }
        let wish = move |round: usize, _| ("bookings".to_owned(), json!({ "hold": held[round] }));
        Contest { loss: (422, "invalid-input"), ..Contest::of(business, 1, wish) }
    })
}

/// A hold that has expired lies on the slot: half of them book it, and half hold it.
fn a_slot_of_an_expired_hold(business: Business) -> Prepared {
    Box::pin(async move {
        let service = business.service("Cut", 60, json!({ "staff": [business.staff[0]] })).await;
        let again = service.clone();
        let expired = move |round, _| ("holds".to_owned(), hold(&again, slot(round)));
        let wish = move |round, client: usize| match client.is_multiple_of(2) {
            true => ("holds".to_owned(), hold(&service, slot(round))),
            false => ("bookings".to_owned(), booking(&service, slot(round), client)),
        };
        Contest { expired: Some((1, Box::new(expired))), ..Contest::of(business, 1, wish) }
    })
}

/// Everybody books a slot of their own, on each of which lies a hold that has expired. Who comes first gives all of them
/// back, while others have just seen theirs.
fn slots_of_expired_holds(business: Business) -> Prepared {
    Box::pin(async move {
        let service = business.service("Trim", 2, json!({ "staff": [business.staff[0]] })).await;
        let own = |round, client: usize| slot(round) + 2 * i64::try_from(client).unwrap();
        let again = service.clone();
        let expired: Wish = Box::new(move |round, client| ("holds".to_owned(), hold(&again, own(round, client))));
        let wish = move |round, client| ("bookings".to_owned(), booking(&service, own(round, client), client));
        Contest { expired: Some((CLIENTS, expired)), ..Contest::of(business, CLIENTS, wish) }
    })
}

/// Everybody confirms one order: all are told the same, and each item is booked once. Nothing but the order itself keeps
/// its seats of a class from being taken 64 times.
fn confirmations_of_one_order(business: Business) -> Prepared {
    Box::pin(async move {
        let class = class(&business).await;
        let mut orders = Vec::new();
        for round in 0..rounds() {
            orders.push(order(&business, &[(&class, slot(round)), (&class, slot(round))]).await);
        }
        let wish = move |round: usize, _| (format!("orders/{}/confirm", orders[round]), json!({}));
        Contest { taken: 2, ..Contest::of(business, CLIENTS, wish) }
    })
}

/// Half of them confirm one order and half another, each of a seat and of the same hour of one staff member.
fn two_orders_for_one_slot(business: Business) -> Prepared {
    Box::pin(async move {
        let (class, staff) = (class(&business).await, json!({ "staff": [business.staff[0]] }));
        let cut = business.service("Cut", 60, staff).await;
        let mut orders = Vec::new();
        for round in 0..rounds() {
            let one = order(&business, &[(&class, slot(round)), (&cut, slot(round))]).await;
            orders.push([one, order(&business, &[(&cut, slot(round)), (&class, slot(round))]).await]);
        }
        let wish = move |round: usize, client| (format!("orders/{}/confirm", orders[round][client % 2]), json!({}));
        Contest { taken: 2, ..Contest::of(business, CLIENTS / 2, wish) }
    })
}

/// Asks again while the server says that it is busy, as it asks one to: a machine that runs much else is no fault.
pub(crate) async fn insistently(request: reqwest::RequestBuilder) -> Answer {
    loop {
        let again = request.try_clone().expect("a body of memory");
        let answer = Answer::to(again).await.expect("every client gets an answer");
        if !(answer.status == 503 && answer.is_problem("busy")) {
            return answer;
        }
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    }
}

/// A class that everybody fits into; its id.
async fn class(business: &Business) -> String {
    let offer = json!({ "staff": [business.staff[1]], "capacity": 200, "kind": "class" });
    business.service("Lecture", 60, offer).await
}

/// A pending order of services and starts; its id.
async fn order(business: &Business, items: &[(&str, i64)]) -> String {
    let item = |(service, start): &(&str, i64)| json!({ "service": service, "start": at(*start) });
    let items: Vec<Value> = items.iter().map(item).collect();
    let customer = json!({ "name": "Client", "email": "client@guest.example" });
    business.api.create("orders", &json!({ "customer": customer, "items": items })).await
}

fn hold(service: &str, start: i64) -> Value {
    json!({ "service": service, "start": at(start), "ttl_seconds": 3600 })
}

/// Takes the database's own wall away.
async fn tear_down_the_wall(database: &Database) {
    database
        .execute(match database.kind {
            Kind::Sqlite => "DROP TRIGGER allocations_do_not_overlap",
            // Seats of a class are kept apart by the other one.
            Kind::Postgres => {
                "ALTER TABLE allocations DROP CONSTRAINT allocations_do_not_overlap, \
                 DROP CONSTRAINT allocations_tenant_id_resource_id_unit_session_seat_key"
            }
        })
        .await;
}

async fn race(kind: Kind, instances: usize, prepare: fn(Business) -> Prepared) {
    let arena = Arena::new(kind, instances, prepare).await;
    match std::env::var("FASTI_TEST_MUTANT").as_deref() {
        Ok("no-constraint") => tear_down_the_wall(&arena.house.database).await,
        Ok(other) => panic!("no mutant is called {other}"),
        Err(_) => {}
    }
    arena.rounds(rounds()).await.unwrap_or_else(|why| panic!("{why}"));
}

fn rounds() -> usize {
    support::number("FASTI_TEST_ROUNDS", 20)
}

macro_rules! races {
    ($($set_up:ident: $kind:ident, $instances:literal;)*) => {
        $(mod $set_up {
            use super::*;
            races!(@ $kind, $instances: one_slot, overlapping_slots, a_class_of_five, three_of_a_kind, any_of_three,
                moves_against_bookings, holds_of_one_slot, holds_against_bookings, one_hold_booked_by_all,
                a_slot_of_an_expired_hold, slots_of_expired_holds, confirmations_of_one_order, two_orders_for_one_slot);
        })*
    };
    (@ $kind:ident, $instances:literal: $($contest:ident),*) => {
        $(#[test] fn $contest() { support::run(race(Kind::$kind, $instances, super::$contest)); })*
    };
}

races! {
    sqlite: Sqlite, 1;
    sqlite_three_processes: Sqlite, 3;
    postgres: Postgres, 1;
    postgres_three_instances: Postgres, 3;
}

mod mutant {
    use super::*;

    /// The race can be lost: without the constraint it is, within 60 rounds.
    #[test]
    fn without_the_constraint_postgres_is_double_booked() {
        support::run(async {
            let arena = Arena::new(Kind::Postgres, 3, one_slot).await;
            tear_down_the_wall(&arena.house.database).await;
            let found = arena.rounds(60).await.expect_err("60 rounds without the constraint and no double booking");
            eprintln!("as it should: {found}");
            assert!(found.contains(" won and "), "another failure: {found}");
            let overlap = allocations_never_overlap(&arena.house.database).await;
            assert!(overlap.is_err(), "two won, and the allocations do not show it");
        });
    }
}
