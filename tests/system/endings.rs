//! What ends while it is being booked: either it ends, or it is booked, never both.
//!
//! Mutants: `find` for `hold` in `src/booking/cast.rs`, or no `claim` in the deletions: each fails on PostgreSQL within
//! a few rounds. On SQLite there is one writer, so neither can.

use std::sync::Arc;
use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use tokio::sync::Barrier;

use crate::support::{self, Answer, Api, Business, House, Kind, at};

const BOOKERS: usize = 12;

/// What is about to end, and who would book it.
struct Ending {
    method: Method,
    path: String,
    change: Value,
    /// What booker `n` sends.
    wish: Box<dyn Fn(usize) -> Value>,
}

/// One ending a round, while twelve book through two servers; `make` gets the round's number.
async fn rounds<F: Future<Output = Ending>>(kind: Kind, make: impl Fn(Arc<Business>, usize) -> F) {
    let house = House::new(kind).await;
    let servers = [house.start().await, house.start().await];
    let token = house.business("salon");
    let business = Arc::new(Business::new(Api::new(&servers[0].url(), &token), 1).await);
    let mut ended = 0;
    for round in 0..support::number("FASTI_TEST_ROUNDS", 20) {
        let ending = make(Arc::clone(&business), round).await;
        let start = Arc::new(Barrier::new(BOOKERS + 1));
        let bookers = (0..BOOKERS).map(|n| {
            let (api, body) = (business.api.at(&servers[n % 2].url()), (ending.wish)(n));
            let start = Arc::clone(&start);
            tokio::spawn(async move {
                start.wait().await;
                // One after the other, so that the end meets some of them half way.
                tokio::time::sleep(Duration::from_millis(u64::try_from(n).unwrap())).await;
                api.post("bookings", &body).await
            })
        });
        let bookers: Vec<_> = bookers.collect();
        let request = business.api.request(ending.method.clone(), &ending.path).json(&ending.change);
        start.wait().await;
        tokio::time::sleep(Duration::from_millis(u64::try_from(round % 8).unwrap())).await;
        let end = Answer::to(request).await.unwrap();
        assert!(matches!(end.status, 200 | 204 | 409), "round {round}: {} {}", end.status, end.body);
        let mut booked = 0;
        for booker in bookers {
            let answer = booker.await.unwrap();
            assert!(matches!(answer.status, 201 | 409 | 422), "round {round}: {} {}", answer.status, answer.body);
            booked += usize::from(answer.status == 201);
        }
        let did_end = end.status != 409;
        assert!(
            !did_end || booked == 0,
            "round {round}: {} {} ended, and was booked {booked} times",
            ending.method,
            ending.path
        );
        ended += usize::from(did_end);
    }
    eprintln!("{ended} ended before anybody booked");
}

fn booking(service: &str, n: usize, more: Value) -> Value {
    let start = at(i64::try_from(n).unwrap() * 120);
    let mut body = json!({ "service": service, "start": start, "customer": { "name": format!("Client {n}") } });
    if let (Some(body), Value::Object(more)) = (body.as_object_mut(), more) {
        body.extend(more);
    }
    body
}

async fn a_person_who_leaves(kind: Kind) {
    rounds(kind, |business, round| async move {
        let person = json!({ "name": format!("Temp {round}"), "email": format!("temp{round}@salon.example") });
        let person = business.api.create("staff", &person).await;
        let service = business.service("Cut", 60, json!({ "staff": [person, business.staff[0]] })).await;
        let path = format!("staff/{person}");
        let wish = Box::new(move |n| booking(&service, n, json!({ "staff": person })));
        Ending { method: Method::DELETE, path, change: Value::Null, wish }
    })
    .await;
}

async fn a_customer_who_leaves(kind: Kind) {
    rounds(kind, |business, round| async move {
        let customer = json!({ "name": format!("Guest {round}"), "email": format!("guest{round}@guest.example") });
        let customer = business.api.create("customers", &customer).await;
        let service = business.service("Talk", 60, json!({})).await;
        let path = format!("customers/{customer}");
        let wish = Box::new(move |n| {
            let mut body = booking(&service, n, json!({ "customer_id": customer }));
            body.as_object_mut().unwrap().remove("customer");
            body
        });
        Ending { method: Method::DELETE, path, change: Value::Null, wish }
    })
    .await;
}

async fn a_service_that_ends(kind: Kind) {
    rounds(kind, |business, _| async move {
        let service = business.service("Perm", 60, json!({})).await;
        let path = format!("services/{service}");
        let wish = Box::new(move |n| booking(&service, n, json!({})));
        Ending { method: Method::DELETE, path, change: Value::Null, wish }
    })
    .await;
}

async fn a_room_that_goes(kind: Kind) {
    rounds(kind, |business, round| async move {
        let room = |name: String| json!({ "name": name, "kind": "room" });
        let stays = business.api.create("resources", &room(format!("Stays {round}"))).await;
        let goes = business.api.create("resources", &room(format!("Goes {round}"))).await;
        let service = business.service("Massage", 60, json!({ "resources": [stays, goes] })).await;
        let path = format!("resources/{goes}");
        let wish = Box::new(move |n| booking(&service, n, json!({ "resources": [goes] })));
        Ending { method: Method::DELETE, path, change: Value::Null, wish }
    })
    .await;
}

/// Of two units one is taken ahead; whoever gets the other keeps it from being taken away.
async fn a_quantity_that_shrinks(kind: Kind) {
    rounds(kind, |business, round| async move {
        let bikes = json!({ "name": format!("Bicycles {round}"), "kind": "equipment", "quantity": 2 });
        let bikes = business.api.create("resources", &bikes).await;
        let service = business.service("Bicycle", 60, json!({ "resources": [bikes], "kind": "rental" })).await;
        for n in 0..BOOKERS {
            business.api.create("bookings", &booking(&service, n, json!({}))).await;
        }
        let path = format!("resources/{bikes}");
        let wish = Box::new(move |n| booking(&service, n, json!({})));
        Ending { method: Method::PATCH, path, change: json!({ "quantity": 1 }), wish }
    })
    .await;
}

on_both!(a_person_who_leaves, a_customer_who_leaves, a_service_that_ends, a_room_that_goes, a_quantity_that_shrinks,);
