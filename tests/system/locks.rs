//! Who waits for whom: orders, blocks of the whole business and new names meet bookings, and nobody waits in a circle.
//!
//! Mutants: without `tenants::claim` in `booking::orders::confirm`, PostgreSQL finds deadlocks in
//! `orders_in_opposite_order`; without it in `booking::blocks::owners`, `a_closure_in_the_midst` fails on PostgreSQL
//! within a few rounds; without it in `booking::project::prepare_refresh`, `new_names_in_the_midst` finds a booking with
//! an old name in the first round, and eleven deadlocks in ten; with `hold_time` as late as in `calendar::write::store`,
//! `time_off_is_put_and_moved` finds 153 deadlocks. On SQLite there is one writer, so none of them can.

use std::sync::Arc;
use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use tokio::sync::Barrier;

use crate::support::{self, Answer, Api, Business, Dav, House, Kind, at, event, utc};

const BOOKERS: usize = 12;
/// From one round's hours to the next.
const ROUND_MINUTES: i64 = 24 * 60;

/// Does everything at once, each at one of two servers; the answers, in order.
async fn at_once(all: Vec<(Api, Method, String, Value)>) -> Vec<Answer> {
    let start = Arc::new(Barrier::new(all.len()));
    let each = all.into_iter().enumerate().map(|(n, (api, method, path, body))| {
        let start = Arc::clone(&start);
        tokio::spawn(async move {
            let request = api.request(method, &path).json(&body);
            start.wait().await;
            tokio::time::sleep(Duration::from_millis(u64::try_from(n % 5).unwrap())).await;
            Answer::to(request).await.unwrap()
        })
    });
    let mut answers = Vec::new();
    for one in each.collect::<Vec<_>>() {
        answers.push(one.await.unwrap());
    }
    answers
}

/// Half of the orders want Anna first and then Ben, half the other way round, all at different times, while others book
/// and cancel with both.
async fn orders_in_opposite_order(kind: Kind) {
    let house = House::new(kind).await;
    let servers = [house.start().await, house.start().await];
    let business = Business::new(Api::new(&servers[0].url(), &house.business("salon")), 2).await;
    let mut services = Vec::new();
    for staff in &business.staff {
        services.push(business.service("Cut", 60, json!({ "staff": [staff] })).await);
    }
    let booking = |service: usize, start: i64| json!({ "service": services[service], "start": at(start), "customer": { "name": "Client" } });
    for round in 0..support::number("FASTI_TEST_ROUNDS", 20) / 2 {
        let first = i64::try_from(round).unwrap() * ROUND_MINUTES;
        let mut all = Vec::new();
        for n in 0..6 {
            let api = business.api.at(&servers[n % 2].url());
            let start = first + i64::try_from(n).unwrap() * 120;
            let item = |service: usize, start| json!({ "service": services[service], "start": at(start) });
            let items = [item(n % 2, start), item((n + 1) % 2, start + 60)];
            let order = json!({ "customer": { "name": "Ann" }, "items": items });
            let order = business.api.create("orders", &order).await;
            all.push((api.clone(), Method::POST, format!("orders/{order}/confirm"), json!({})));
            let old = business.api.create("bookings", &booking(n % 2, start + 720)).await;
            all.push((api.clone(), Method::POST, format!("bookings/{old}/cancel"), json!({})));
            all.push((api, Method::POST, "bookings".to_owned(), booking((n + 1) % 2, start + 720)));
        }
        for answer in at_once(all).await {
            assert!(matches!(answer.status, 200 | 201), "round {round}: {} {}", answer.status, answer.body);
        }
    }
    nobody_waited_in_a_circle(&house).await;
}

async fn nobody_waited_in_a_circle(house: &House) {
    if house.database.kind == Kind::Postgres {
        // A backend tells the statistics of a deadlock within a second.
        tokio::time::sleep(Duration::from_millis(1500)).await;
        let found = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()";
        assert_eq!(house.database.number(found).await, 0, "somebody waited in a circle");
    }
}

/// The business closes for a day while twelve book it: every booking there is then is named in the answer.
async fn a_closure_in_the_midst(kind: Kind) {
    let house = House::new(kind).await;
    let servers = [house.start().await, house.start().await];
    let business = Business::new(Api::new(&servers[0].url(), &house.business("salon")), 1).await;
    let service = business.service("Cut", 30, json!({ "staff": business.staff })).await;
    let mut closed_before_some = 0;
    for round in 0..support::number("FASTI_TEST_ROUNDS", 20) {
        let first = i64::try_from(round).unwrap() * ROUND_MINUTES;
        let closure = json!({ "kind": "holiday", "start": at(first), "end": at(first + ROUND_MINUTES) });
        let booking = |n: usize| {
            let start = at(first + i64::try_from(n).unwrap() * 60);
            json!({ "service": service, "start": start, "customer": { "name": format!("Client {n}") } })
        };
        let path = |name: &str| (Method::POST, name.to_owned());
        let mut all = Vec::new();
        for n in 0..BOOKERS {
            let (method, name) = path("bookings");
            all.push((business.api.at(&servers[n % 2].url()), method, name, booking(n)));
        }
        let (method, name) = path("blocks");
        all.insert(round % BOOKERS, (business.api.clone(), method, name, closure));
        let mut answers = at_once(all).await;
        let closed = answers.remove(round % BOOKERS);
        assert_eq!(closed.status, 201, "{}", closed.body);
        for answer in answers {
            assert!(matches!(answer.status, 201 | 409), "round {round}: {} {}", answer.status, answer.body);
            let id = answer.json()["id"].as_str().unwrap_or_default().to_owned();
            assert!(
                answer.status == 409 || closed.body.contains(&format!("covers booking {id} ")),
                "round {round}: {id} was booked into the closure unseen: {}",
                closed.body
            );
            closed_before_some += usize::from(answer.status == 409);
        }
    }
    eprintln!("{closed_before_some} found it closed");
}

/// A service and somebody who serves it get new names while both are booked: no calendar keeps an old name, neither of
/// what was booked before nor of what was just being booked.
async fn new_names_in_the_midst(kind: Kind) {
    let house = House::new(kind).await;
    let servers = [house.start().await, house.start().await];
    let business = Business::new(Api::new(&servers[0].url(), &house.business("salon")), 3).await;
    let service = business.service("Cut", 30, json!({ "staff": business.staff })).await;
    for round in 0..support::number("FASTI_TEST_ROUNDS", 20) / 2 {
        let first = i64::try_from(round).unwrap() * ROUND_MINUTES;
        let mut all = Vec::new();
        for n in 0..BOOKERS {
            let start = at(first + i64::try_from(n).unwrap() * 60);
            let body = json!({ "service": service, "start": start, "staff": business.staff[n % 3] });
            all.push((business.api.at(&servers[n % 2].url()), Method::POST, "bookings".to_owned(), body));
        }
        let names = [format!("Cut {round}."), format!("Anna {round}.")];
        let paths = [format!("services/{service}"), format!("staff/{}", business.staff[0])];
        for (n, (path, name)) in paths.into_iter().zip(&names).enumerate() {
            all.insert(n * 5, (business.api.clone(), Method::PATCH, path, json!({ "name": name })));
        }
        for answer in at_once(all).await {
            assert!(matches!(answer.status, 200 | 201), "round {round}: {} {}", answer.status, answer.body);
        }
        let shown = house.database.rows("SELECT component FROM objects WHERE NOT cancelled").await;
        for component in shown.into_iter().map(|row| row[0].as_ref().unwrap().replace("\r\n ", "")) {
            assert!(component.contains(&names[0]), "round {round}: {component}");
            assert!(!component.contains("Anna ") || component.contains(&names[1]), "round {round}: {component}");
            assert!(!component.contains("Staff 0"), "round {round}: {component}");
        }
    }
    nobody_waited_in_a_circle(&house).await;
}

/// Events are put into `time-off`, and others are moved there from another calendar.
async fn time_off_is_put_and_moved(kind: Kind) {
    let house = House::new(kind).await;
    let servers = [house.start().await, house.start().await];
    house.business("salon");
    let (_, anna) = Dav::of_new_staff(&house, "salon", "anna", &servers[0].url());
    let (work, off) = (anna.make("work").await, anna.calendar("time-off"));
    let text = |uid: &str| event(uid, (&utc(0), &utc(60)), "Away");
    for round in 0..support::number("FASTI_TEST_ROUNDS", 20) / 2 {
        let start = Arc::new(Barrier::new(BOOKERS));
        let mut all = Vec::new();
        for n in 0..BOOKERS {
            let (uid, moves) = (format!("e{round}-{n}"), n % 2 == 0);
            let (from, to) = (format!("{work}{uid}.ics"), format!("{off}{uid}.ics"));
            if moves {
                assert_eq!(anna.send("PUT", &from, &[], &text(&uid)).await.status, 201);
            }
            let (program, body, start) = (anna.at(&servers[n / 2 % 2].url()), text(&uid), Arc::clone(&start));
            all.push(tokio::spawn(async move {
                start.wait().await;
                match moves {
                    true => program.send("MOVE", &from, &[("destination", &to)], "").await,
                    false => program.send("PUT", &to, &[], &body).await,
                }
            }));
        }
        for one in all {
            let answer = one.await.unwrap();
            assert_eq!(answer.status, 201, "round {round}: {}", answer.body);
        }
    }
    nobody_waited_in_a_circle(&house).await;
}

on_both!(orders_in_opposite_order, a_closure_in_the_midst, new_names_in_the_midst, time_off_is_put_and_moved);
