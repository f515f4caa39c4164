//! The rows of the table.

pub mod availability;
pub mod book;
pub mod compose;
pub mod feed;
pub mod memory;

use std::net::SocketAddr;
use std::path::PathBuf;

use fasti::store::{Conn, FeedKind};

use crate::load::{Answer, Load, ask};
use crate::parts::Shown;
use crate::process::{Round, Server};
use crate::seed::{self, House};
use crate::{Bench, Failure};

/// A staff member with a thousand bookings, all of which their feed shows.
struct Thousand {
    path: String,
    shown: Shown,
}

impl Thousand {
    fn seed(url: &str) -> Result<Self, Failure> {
        let house = seed::house(url, 1)?;
        house.book(url, 1000, 200)?;
        let mut conn = Conn::open(url, true)?;
        let staff = house.desks[0].staff;
        let (path, token_hash) = house.feed(&mut conn, FeedKind::Staff, Some(staff))?;
        Ok(Self { path, shown: shown(&house, token_hash, *staff.as_bytes()) })
    }

    fn request(&self) -> Vec<u8> {
        get(&self.path, "")
    }

    /// Fetches the feed and checks that it is what it is said to be.
    async fn fetch(&self, address: SocketAddr) -> Result<Answer, Failure> {
        let answer = ask(address, &self.request()).await?;
        let events = answer.body.windows(12).filter(|part| *part == b"BEGIN:VEVENT").count();
        if answer.status != 200 || events != 1000 {
            return Err(format!("the feed answers {} with {events} events", answer.status).into());
        }
        Ok(answer)
    }
}

/// The window that the feed's defaults give today: 90 days back, 365 ahead.
fn shown(house: &House, token_hash: Vec<u8>, collection: [u8; 16]) -> Shown {
    let zone = &house.ctx.zone;
    let today = zone.civil_at(house.ctx.now).date();
    let midnight = |days: i64| {
        let date = today.saturating_add(jiff::Span::new().days(days));
        zone.instant(date.at(0, 0, 0, 0)).unix()
    };
    Shown {
        tenant: house.tenant(),
        token_hash,
        collection,
        from: midnight(-90),
        until: midnight(365),
        cancelled_since: midnight(-30),
    }
}

fn get(path: &str, headers: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nUser-Agent: bench/1\r\n{headers}\r\n").into_bytes()
}

/// Keeps an answer for the server that repeats it.
pub fn keep(bench: &Bench, name: &str, answer: &Answer) -> Result<PathBuf, Failure> {
    let file = bench.path(name);
    std::fs::write(&file, [answer.head.as_bytes(), &answer.body].concat())?;
    Ok(file)
}

/// Rounds on one server and the other by turns, after a shorter one each to warm up; the medians.
pub fn alternate(bench: &Bench, mut sides: [(&Server, Load); 2]) -> Result<[Round; 2], Failure> {
    let mut rounds = [Vec::new(), Vec::new()];
    bench.runtime.block_on(async {
        for (server, load) in &mut sides {
            server.measure(load, bench.round.div_f64(2.0)).await?;
        }
        for _ in 0..bench.rounds {
            for ((server, load), rounds) in sides.iter_mut().zip(&mut rounds) {
                rounds.push(server.measure(load, bench.round).await?);
            }
        }
        Ok::<_, Failure>(())
    })?;
    Ok(rounds.map(|rounds| Round::median(&rounds)))
}
