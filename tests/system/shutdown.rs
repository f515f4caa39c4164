//! SIGTERM: what was begun is finished, and what was only in memory is written down.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::{Answer, Api, Business, House, Kind, at};

on_both!(nothing_that_was_begun_is_cut_off, the_last_fetch_is_written_down);

const CLIENTS: usize = 32;
/// How long a request is under way at least before it counts as accepted. One that is sent in the same moment as the
/// server closes an idle connection is lost in any HTTP/1.1 (RFC 9112 §9.5), and clients repeat it.
const UNDER_WAY: Duration = Duration::from_millis(100);

/// One request of the load.
struct Sent {
    at: Instant,
    /// The booking that was acknowledged, or nothing when no answer came.
    booked: Option<String>,
}

async fn nothing_that_was_begun_is_cut_off(kind: Kind) {
    let house = House::new(kind).await;
    let mut server = house.start().await;
    let business = Business::new(Api::new(&server.url(), &house.business("salon")), 1).await;
    let service = business.service("Note", 30, json!({})).await;
    let booking = json!({ "service": service, "start": at(0) });
    let mut slow = Vec::new();
    for _ in 0..CLIENTS {
        slow.push(SlowRequest::begin(&business.api, server.address, &booking.to_string()).await);
    }
    let stop = Arc::new(AtomicBool::new(false));
    let load: Vec<_> = (0..CLIENTS)
        .map(|_| tokio::spawn(keep_booking(business.api.clone(), booking.clone(), Arc::clone(&stop))))
        .collect();
    tokio::time::sleep(Duration::from_millis(500)).await;

    let terminated = Instant::now();
    server.terminate();
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(TcpStream::connect(server.address).await.is_err(), "it still accepts connections");
    let mut acknowledged = 0;
    for request in slow {
        let answer = request.finish().await;
        assert!(answer.starts_with("HTTP/1.1 201 "), "a request that was begun got {answer:?}");
        acknowledged += 1;
    }
    stop.store(true, Ordering::Relaxed);
    let (status, took) = server.wait().await;
    assert!(status.success(), "it ended with {status}");
    assert!(took < Duration::from_secs(10), "it took {took:?} to end");
    for client in load {
        for sent in client.await.unwrap() {
            let accepted = sent.at + UNDER_WAY < terminated;
            assert!(sent.booked.is_some() || !accepted, "cut off, {:?} after it was sent", terminated - sent.at);
            acknowledged += i64::from(sent.booked.is_some());
        }
    }
    let kept = house.database.number("SELECT count(*) FROM bookings").await;
    assert!(kept >= acknowledged, "{acknowledged} were acknowledged and {kept} are there");
    eprintln!("{acknowledged} acknowledged, {kept} kept, ended {took:?} after the last slow request");
}

/// Books until told to stop, or until the server is gone.
async fn keep_booking(api: Api, booking: serde_json::Value, stop: Arc<AtomicBool>) -> Vec<Sent> {
    let mut all = Vec::new();
    while !stop.load(Ordering::Relaxed) {
        let at = Instant::now();
        let answer = Answer::to(api.request(Method::POST, "bookings").json(&booking)).await;
        let Ok(answer) = answer else {
            all.push(Sent { at, booked: None });
            break;
        };
        assert_eq!(answer.status, 201, "{}", answer.body);
        all.push(Sent { at, booked: answer.json()["id"].as_str().map(str::to_owned) });
    }
    all
}

/// A request of which the server has the head and half of the body.
struct SlowRequest {
    stream: TcpStream,
    rest: Vec<u8>,
}

impl SlowRequest {
    async fn begin(api: &Api, address: std::net::SocketAddr, body: &str) -> Self {
        let (first, rest) = body.as_bytes().split_at(body.len() / 2);
        let head = format!(
            "POST /api/v1/bookings HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {}\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n",
            api.token(),
            body.len()
        );
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(&[head.as_bytes(), first].concat()).await.unwrap();
        Self { stream, rest: rest.to_vec() }
    }

    async fn finish(mut self) -> String {
        self.stream.write_all(&self.rest).await.unwrap();
        let mut answer = Vec::new();
        self.stream.read_to_end(&mut answer).await.unwrap();
        String::from_utf8_lossy(&answer).into_owned()
    }
}

/// When and by whom a feed was fetched is written every ten seconds, and at the end.
async fn the_last_fetch_is_written_down(kind: Kind) {
    let house = House::new(kind).await;
    let mut server = house.start().await;
    let api = Api::new(&server.url(), &house.business("salon"));
    let path = api.subscribe(&json!({ "kind": "team" })).await;
    let fetch = api.plain(Method::GET, &path).header("user-agent", "Thunderbird/128.0");
    assert_eq!(Answer::to(fetch).await.unwrap().status, 200);
    server.terminate();
    assert!(server.wait().await.0.success());
    let rows = house.database.rows("SELECT last_fetched_at, last_fetched_by FROM feeds").await;
    let [at, by] = <[Option<String>; 2]>::try_from(rows[0].clone()).unwrap();
    let now = jiff::Timestamp::now().as_second();
    assert!(at.is_some_and(|at| (now - at.parse::<i64>().unwrap()).abs() < 60), "the time of the fetch is lost");
    assert!(by.is_some_and(|by| by.contains("Thunderbird")), "who fetched it is lost");
}
