//! The hostile inputs of `../shared/hostile`, sent to a real server over its real socket.
//!
//! `EXPECT.tsv` there says what each must get; where the collection speaks of things that Fasti names otherwise, the
//! tests translate (`event_type` is `service`, `guest` is `customer`), and move its dates to the coming year. After
//! every case the same must be true: no 5xx, no panic, an answer in time, less than 64 MiB more memory, a healthy
//! request answered as before, and nothing of the other business changed.

mod json;
mod raw;
mod tokens;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::{Answer, Api, House, Kind, Server, at, path_of};

/// The promise is 2 s. The builds tested here are debug builds, on machines that do other things too.
const IN_TIME: Duration = Duration::from_secs(6);
const MEMORY_KIB: u64 = 64 * 1024;

/// A case of the collection, or `None` with a word why where there is none.
fn case(file: &str) -> Option<Vec<u8>> {
    let beside = || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../shared"));
    let path = std::env::var_os("FASTI_SHARED").map_or_else(beside, PathBuf::from).join("hostile").join(file);
    if !path.exists() {
        eprintln!("not tested: {} is not here (FASTI_SHARED names the folder \"shared\")", path.display());
        return None;
    }
    let bytes = std::fs::read(&path).unwrap();
    if !file.ends_with(".gz") {
        return Some(bytes);
    }
    let mut content = Vec::new();
    std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(&bytes[..]), &mut content).unwrap();
    Some(content)
}

/// The same for a case that is text.
fn case_text(file: &str) -> Option<String> {
    case(file).map(|bytes| String::from_utf8(bytes).unwrap())
}

/// A server with two businesses; the hostile one is a customer of the first.
struct Target {
    house: House,
    server: Server,
    api: Api,
    other: Api,
    service: String,
    booking: Value,
    others_booking: String,
    feed: String,
    revoked_feed: String,
    others_feed: String,
}

impl Target {
    async fn new(kind: Kind) -> Self {
        let house = House::new(kind).await.with("FASTI_LIMITS__BODY_TIMEOUT", "2s");
        let server = house.start().await;
        let api = Api::new(&server.url(), &house.business("salon"));
        let other = Api::new(&server.url(), &house.business("rival"));
        let service = json!({ "name": "Cut", "duration_minutes": 30 });
        let (mine, theirs) = (api.create("services", &service).await, other.create("services", &service).await);
        let customer = json!({ "name": "Ann", "email": "ann@guest.example" });
        let booking = json!({ "service": mine, "start": at(0), "customer": customer });
        let booking = api.post("bookings", &booking).await.json();
        let others_booking =
            json!({ "service": theirs, "start": at(0), "customer": customer, "notes": "theirs alone" });
        let others_booking = other.create("bookings", &others_booking).await;
        let team = json!({ "kind": "team", "options": { "future_days": 3650 } });
        let (feed, others_feed) = (api.subscribe(&team).await, other.subscribe(&team).await);
        let gone = api.post("feeds", &team).await.json();
        let delete = api.request(Method::DELETE, &format!("feeds/{}", gone["id"].as_str().unwrap()));
        assert_eq!(Answer::to(delete).await.unwrap().status, 204);
        let revoked_feed = path_of(gone["url"].as_str().unwrap());
        Self { house, server, api, other, service: mine, booking, others_booking, feed, revoked_feed, others_feed }
    }

    fn booking_id(&self) -> &str {
        self.booking["id"].as_str().unwrap()
    }

    /// How many bookings the business has.
    async fn bookings(&self) -> i64 {
        self.house.database.number("SELECT count(*) FROM bookings").await
    }

    /// Sends one case and sees to it that the server is as before.
    async fn hit(&self, case: &str, request: impl Future<Output = Answer>) -> Answer {
        let theirs = self.theirs().await;
        let (memory, started) = (self.server.resident_kib(), Instant::now());
        let answer = request.await;
        let took = started.elapsed();
        assert!(answer.status < 500 || answer.status == 501, "{case}: {} {}", answer.status, answer.body);
        assert!(took < IN_TIME, "{case}: answered after {took:?}");
        let more = self.server.resident_kib().saturating_sub(memory);
        assert!(more < MEMORY_KIB, "{case}: {more} KiB more");
        let healthy = self.api.get(&format!("bookings/{}", self.booking_id())).await;
        assert_eq!(healthy.json()["uid"], self.booking["uid"], "{case}: a healthy request is answered otherwise");
        assert_eq!(self.theirs().await, theirs, "{case}: something of the other business changed");
        let log = self.server.stderr();
        assert!(!log.contains("panic"), "{case}: {log}");
        answer
    }

    /// What the other business has.
    async fn theirs(&self) -> String {
        let booking = self.other.get(&format!("bookings/{}", self.others_booking)).await;
        assert_eq!(booking.status, 200);
        booking.header("etag").to_owned() + &booking.body + &self.other.get("bookings").await.body
    }

    /// Bytes over a socket of their own; status 0 when the server only closed.
    async fn raw(&self, bytes: &[u8]) -> Answer {
        let mut stream = TcpStream::connect(self.server.address).await.unwrap();
        // It may refuse and close before all of it is sent.
        stream.write_all(bytes).await.ok();
        let mut answer = Vec::new();
        let mut chunk = [0; 65536];
        while let Ok(Ok(count @ 1..)) = tokio::time::timeout(patience(&answer), stream.read(&mut chunk)).await {
            answer.extend_from_slice(&chunk[..count]);
        }
        let text = String::from_utf8_lossy(&answer).into_owned();
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
        let status = head.split(' ').nth(1).map_or(0, |status| status.parse().unwrap());
        let mut headers = reqwest::header::HeaderMap::new();
        for (name, value) in head.lines().skip(1).filter_map(|line| line.split_once(": ")) {
            headers.append(reqwest::header::HeaderName::try_from(name).unwrap(), value.parse().unwrap());
        }
        Answer { status, headers, body: body.to_owned() }
    }
}

/// How long to wait for more: a kept-alive connection stays open after its answer.
fn patience(so_far: &[u8]) -> Duration {
    if so_far.is_empty() { IN_TIME } else { Duration::from_millis(100) }
}

/// Sends JSON text to a path of the API, as it is.
async fn post_text(target: &Target, path: &str, body: String) -> Answer {
    let request = target.api.request(Method::POST, path).header("content-type", "application/json").body(body);
    Answer::to(request).await.unwrap()
}
