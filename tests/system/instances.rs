//! Several processes over one database: they start at once, and what one writes the others serve within a second.

use std::time::Duration;

use reqwest::Method;
use serde_json::json;

use crate::support::{self, Answer, Api, Business, House, Kind, Server, at, events};

/// How old what an instance serves may be.
const A_SECOND: Duration = Duration::from_secs(1);

on_both!(
    five_start_at_once_on_an_empty_database,
    a_write_elsewhere_is_in_a_cached_feed_within_a_second,
    an_import_is_in_a_cached_feed_within_a_second,
    a_revoked_feed_is_gone_everywhere_within_a_second,
    a_revoked_token_opens_nothing_within_a_second,
);

async fn five_start_at_once_on_an_empty_database(kind: Kind) {
    let house = House::new(kind).await;
    let mut servers: Vec<Server> = (0..5).map(|_| Server::spawn(house.serve())).collect();
    for server in &mut servers {
        server.wait_until_ready().await;
    }
    let applied = house.database.number("SELECT count(*) FROM __diesel_schema_migrations").await;
    let told: usize = servers.iter().map(|server| server.stderr().matches("migrated migration=").count()).sum();
    assert_eq!((applied, i64::try_from(told).unwrap()), (support::migrations(kind), applied), "each migration once");
    let token = house.business("salon");
    for server in &servers {
        assert_eq!(Api::new(&server.url(), &token).get("staff").await.status, 200);
    }
}

/// Two instances, and a feed of the one member of the staff.
struct Two {
    house: House,
    here: Api,
    there: Api,
    business: Business,
    service: String,
    _servers: [Server; 2],
}

impl Two {
    async fn new(kind: Kind) -> Self {
        let house = House::new(kind).await;
        let servers = [house.start().await, house.start().await];
        let here = Api::new(&servers[0].url(), &house.business("salon"));
        let there = here.at(&servers[1].url());
        let business = Business::new(here.clone(), 1).await;
        let service = business.service("Cut", 30, json!({ "staff": business.staff })).await;
        Self { house, here, there, business, service, _servers: servers }
    }

    async fn feed(&self) -> String {
        self.here.subscribe(&json!({ "kind": "staff", "subject": self.business.staff[0] })).await
    }

    async fn book(&self, api: &Api, minutes: i64) -> String {
        api.create("bookings", &json!({ "service": self.service, "start": at(minutes) })).await
    }

    /// Makes the other instance keep a path as it is now: it has served it, and served it again from its cache.
    async fn keep_there(&self, path: &str) -> Answer {
        let kept = self.there.fetch(path).await;
        let again = self.there.plain(Method::GET, path).header("if-none-match", kept.header("etag"));
        assert_eq!((kept.status, Answer::to(again).await.unwrap().status), (200, 304));
        kept
    }
}

async fn a_write_elsewhere_is_in_a_cached_feed_within_a_second(kind: Kind) {
    let two = Two::new(kind).await;
    two.book(&two.here, 0).await;
    let path = two.feed().await;
    let mut moved = None;
    for round in 1..6 {
        let before = two.keep_there(&path).await;
        match &moved {
            Some(id) => {
                let change = json!({ "start": at(round * 60) });
                assert_eq!(two.here.post(&format!("bookings/{id}/reschedule"), &change).await.status, 200);
            }
            None => moved = Some(two.book(&two.here, round * 60).await),
        }
        // Where it was written it is seen at once.
        let here = two.here.fetch(&path).await;
        assert_ne!(here.header("etag"), before.header("etag"), "the writer itself serves the old state");
        tokio::time::sleep(A_SECOND).await;
        let request = two.there.plain(Method::GET, &path).header("if-none-match", before.header("etag"));
        let after = Answer::to(request).await.unwrap();
        assert_eq!(after.status, 200, "the other instance still says that nothing changed");
        assert_eq!((after.header("etag"), events(&after.body)), (here.header("etag"), events(&here.body)));
    }
}

/// A command is a process of its own, and knows no server.
async fn an_import_is_in_a_cached_feed_within_a_second(kind: Kind) {
    let two = Two::new(kind).await;
    two.book(&two.here, 0).await;
    let path = two.here.subscribe(&json!({ "kind": "team" })).await;
    let before = two.keep_there(&path).await;
    let start = at(120).replace(['-', ':'], "");
    let calendar = format!(
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//test//EN\r\nBEGIN:VEVENT\r\nUID:imported@elsewhere.example\r\n\
         DTSTAMP:20260101T000000Z\r\nDTSTART:{start}\r\nDURATION:PT30M\r\nSUMMARY:Cut\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
    );
    let file = two.house.database.directory().join("elsewhere.ics");
    std::fs::write(&file, calendar).unwrap();
    two.house.ok(&["import", "salon", file.to_str().unwrap()]);
    tokio::time::sleep(A_SECOND).await;
    let after = two.there.fetch(&path).await;
    assert_ne!(after.header("etag"), before.header("etag"));
    assert!(events(&after.body).iter().any(|event| event.uid == "imported@elsewhere.example"), "{}", after.body);
}

async fn a_revoked_feed_is_gone_everywhere_within_a_second(kind: Kind) {
    let two = Two::new(kind).await;
    two.book(&two.here, 0).await;
    let (deleted, rotated) = (two.feed().await, two.feed().await);
    let feeds = two.here.get("feeds").await.json();
    let ids: Vec<&str> = feeds["items"].as_array().unwrap().iter().map(|feed| feed["id"].as_str().unwrap()).collect();
    for path in [&deleted, &rotated] {
        two.keep_there(path).await;
    }
    let delete = two.here.request(Method::DELETE, &format!("feeds/{}", ids[0]));
    assert_eq!(Answer::to(delete).await.unwrap().status, 204);
    let new = two.here.post(&format!("feeds/{}/rotate", ids[1]), &json!({})).await;
    let new = support::path_of(new.json()["url"].as_str().unwrap());
    for path in [&deleted, &rotated] {
        assert_eq!(two.here.fetch(path).await.status, 410, "at once where it was revoked");
    }
    tokio::time::sleep(A_SECOND).await;
    for path in [&deleted, &rotated] {
        assert_eq!(two.there.fetch(path).await.status, 410, "a second later everywhere");
    }
    assert_eq!((two.here.fetch(&new).await.status, two.there.fetch(&new).await.status), (200, 200));
}

async fn a_revoked_token_opens_nothing_within_a_second(kind: Kind) {
    let two = Two::new(kind).await;
    let token = two.house.ok(&["token", "create", "salon", "--scope", "read", "--label", "for a week"]);
    let callers = [&two.here, &two.there].map(|api| api.clone().with_token(&token));
    for caller in &callers {
        assert_eq!(caller.get("staff").await.status, 200);
    }
    let listed = two.house.ok(&["token", "list", "salon"]);
    let line = listed.lines().find(|line| line.contains("for a week")).unwrap();
    two.house.ok(&["token", "revoke", "salon", line.split('\t').next().unwrap()]);
    tokio::time::sleep(A_SECOND).await;
    for caller in &callers {
        assert_eq!(caller.get("staff").await.status, 401);
    }
}
