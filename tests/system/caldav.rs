//! What must hold of CalDAV when many write at once, over processes of the real server.
//!
//! - Of 32 PUTs with one entity tag exactly one is done (R5). Mutant: `Preconditions::hold` answering true in
//!   `calendar::write::put`.
//! - After random operations at three servers, a reader that goes on from any token it ever had is equal to the collection
//!   (R6). Mutant: `write::store` numbering the object by the `collection.change` that was read before its row was locked.

use std::collections::BTreeMap;
use std::sync::Arc;

use rand::prelude::*;
use reqwest::Method;
use tokio::sync::{Barrier, Mutex};

use crate::support::{Answer, House, Kind, Server};

const WRITERS: usize = 32;

on_both!(one_of_many_puts_is_done);

/// A person's calendar program.
#[derive(Clone)]
struct Client {
    http: reqwest::Client,
    password: String,
}

impl Client {
    async fn send(&self, server: &str, method: &str, path: &str, headers: &[(&str, &str)], body: String) -> Answer {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let mut request = self.http.request(method, format!("{server}{path}")).basic_auth("anna", Some(&self.password));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        Answer::to(request.body(body)).await.unwrap_or_else(|error| panic!("{path}: {error:?}"))
    }
}

/// A database, servers over it, and a person with a calendar.
struct Arena {
    _house: House,
    servers: Vec<Server>,
    client: Client,
}

const CALENDAR: &str = "/dav/calendars/anna/work/";

impl Arena {
    async fn new(kind: Kind, instances: usize) -> Self {
        let house = House::new(kind).await;
        let mut servers = vec![house.start().await];
        house.business("salon");
        let person = ["--name", "Anna", "--email", "anna@salon.example", "--role", "staff", "--username", "anna"];
        house.ok(&[&["user", "create", "salon"][..], &person].concat());
        let password = house.ok(&["user", "app-password", "salon", "anna"]);
        while servers.len() < instances {
            servers.push(house.start().await);
        }
        let client = Client { http: reqwest::Client::new(), password };
        let made = client.send(&servers[0].url(), "MKCALENDAR", CALENDAR, &[], String::new()).await;
        assert_eq!(made.status, 201, "{}", made.body);
        Self { _house: house, servers, client }
    }
}

fn event(uid: &str, number: usize) -> String {
    format!(
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//test//EN\r\nBEGIN:VEVENT\r\nUID:{uid}\r\nDTSTAMP:20260801T080000Z\r\n\
         DTSTART:20260901T080000Z\r\nDURATION:PT1H\r\nSUMMARY:{number}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
    )
}

async fn one_of_many_puts_is_done(kind: Kind) {
    let arena = Arena::new(kind, 3).await;
    let path = format!("{CALENDAR}one.ics");
    let first = arena.client.send(&arena.servers[0].url(), "PUT", &path, &[], event("one", 0)).await;
    let mut tag = first.header("etag").to_owned();
    for round in 0..20 {
        let start = Arc::new(Barrier::new(WRITERS));
        let writers = (0..WRITERS).map(|writer| {
            let (client, server) = (arena.client.clone(), arena.servers[writer % 3].url());
            let (path, tag, start) = (path.clone(), tag.clone(), Arc::clone(&start));
            let body = event("one", round * WRITERS + writer + 1);
            tokio::spawn(async move {
                start.wait().await;
                (client.send(&server, "PUT", &path, &[("if-match", &tag)], body.clone()).await, body)
            })
        });
        let mut done = Vec::new();
        for writer in writers.collect::<Vec<_>>() {
            let (answer, body) = writer.await.unwrap();
            match answer.status {
                204 => done.push((answer.header("etag").to_owned(), body)),
                status => assert_eq!(status, 412, "round {round}: {}", answer.body),
            }
        }
        assert_eq!(done.len(), 1, "round {round}");
        let kept = arena.client.send(&arena.servers[2].url(), "GET", &path, &[], String::new()).await;
        assert_eq!((kept.body.as_str(), kept.header("etag")), (done[0].1.as_str(), done[0].0.as_str()));
        tag.clone_from(&done[0].0);
    }
}

/// A collection as a reader has it: names and entity tags.
type Shadow = BTreeMap<String, String>;

/// Asks what changed since `token`, and makes it so.
async fn sync(client: &Client, server: &str, token: &str, shadow: &mut Shadow) -> String {
    let body = format!(
        r#"<D:sync-collection xmlns:D="DAV:"><D:sync-token>{token}</D:sync-token><D:sync-level>1</D:sync-level><D:prop><D:getetag/></D:prop></D:sync-collection>"#
    );
    let told = client.send(server, "REPORT", CALENDAR, &[("depth", "0")], body).await;
    assert_eq!(told.status, 207, "{}", told.body);
    let between = |text: &str, open: &str, close: &str| {
        text.split_once(open).map(|(_, rest)| rest.split_once(close).unwrap().0.to_owned())
    };
    for response in told.body.split("<D:response>").skip(1) {
        let href = between(response, "<D:href>", "</D:href>").unwrap();
        match between(response, "<D:getetag>", "</D:getetag>") {
            Some(tag) => shadow.insert(href, tag),
            None => shadow.remove(&href),
        };
    }
    between(&told.body, "<D:sync-token>", "</D:sync-token>").unwrap()
}

/// What the collection has now.
async fn listed(client: &Client, server: &str) -> Shadow {
    let body = r#"<D:propfind xmlns:D="DAV:"><D:prop><D:getetag/></D:prop></D:propfind>"#.to_owned();
    let listed = client.send(server, "PROPFIND", CALENDAR, &[("depth", "1")], body).await;
    let member = |response: &str| {
        let part =
            |open: &str, close: &str| response.split_once(open).unwrap().1.split_once(close).unwrap().0.to_owned();
        (part("<D:href>", "</D:href>"), part("<D:getetag>", "</D:getetag>"))
    };
    listed.body.split("<D:response>").skip(2).map(member).collect()
}

/// So many operations at three servers, while readers sync; then everybody must be equal to the collection.
async fn readers_miss_nothing(kind: Kind, instances: usize, operations: usize) {
    const NAMES: usize = 60;
    const CLIENTS: usize = 9;
    let arena = Arena::new(kind, instances).await;
    let urls: Vec<String> = arena.servers.iter().map(Server::url).collect();
    let running = Arc::new(std::sync::atomic::AtomicUsize::new(CLIENTS));
    let writers = (0..CLIENTS).map(|writer| {
        let (client, server, running) = (arena.client.clone(), urls[writer % urls.len()].clone(), Arc::clone(&running));
        tokio::spawn(async move {
            let mut random = StdRng::seed_from_u64(writer as u64);
            for number in 0..operations / CLIENTS {
                let name = random.random_range(0..NAMES);
                let path = format!("{CALENDAR}e{name}.ics");
                let answer = match random.random_range(0..4) {
                    0 => client.send(&server, "DELETE", &path, &[], String::new()).await,
                    1 => {
                        let to = format!("{CALENDAR}e{}.ics", random.random_range(0..NAMES));
                        client.send(&server, "MOVE", &path, &[("destination", &to)], String::new()).await
                    }
                    _ => {
                        client
                            .send(&server, "PUT", &path, &[], event(&format!("u{name}"), number * CLIENTS + writer))
                            .await
                    }
                };
                assert!(answer.status < 500, "{}", answer.body);
            }
            running.fetch_sub(1, std::sync::atomic::Ordering::SeqCst);
        })
    });
    let writers: Vec<_> = writers.collect();
    // Every token that a reader ever had, with what the reader knew then.
    let known: Arc<Mutex<Vec<(String, Shadow)>>> = Arc::default();
    let readers = (0..4).map(|reader| {
        let (client, server) = (arena.client.clone(), urls[reader % urls.len()].clone());
        let (running, known) = (Arc::clone(&running), Arc::clone(&known));
        tokio::spawn(async move {
            let (mut token, mut shadow) = (String::new(), Shadow::new());
            while running.load(std::sync::atomic::Ordering::SeqCst) > 0 {
                token = sync(&client, &server, &token, &mut shadow).await;
                known.lock().await.push((token.clone(), shadow.clone()));
                tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            }
        })
    });
    for task in writers.into_iter().chain(readers.collect::<Vec<_>>()) {
        task.await.unwrap();
    }
    let truth = listed(&arena.client, &urls[0]).await;
    let known = std::mem::take(&mut *known.lock().await);
    assert!(known.len() > 20, "the readers synced only {} times", known.len());
    for (place, (token, mut shadow)) in known.into_iter().enumerate() {
        sync(&arena.client, &urls[place % urls.len()], &token, &mut shadow).await;
        assert_eq!(shadow, truth, "from token {place}: {token}");
    }
}

fn operations() -> usize {
    std::env::var("FASTI_TEST_SYNC_OPERATIONS").ok().and_then(|text| text.parse().ok()).unwrap_or(5_000)
}

#[test]
fn readers_of_three_servers_miss_nothing() {
    crate::support::run(readers_miss_nothing(Kind::Postgres, 3, operations()));
}

#[test]
fn readers_of_one_server_miss_nothing() {
    crate::support::run(readers_miss_nothing(Kind::Sqlite, 1, operations() / 2));
}
