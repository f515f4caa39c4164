//! Bookings by 64 clients, each durable when it is answered.

use std::sync::Arc;

use fasti::store::{Conn, Id, bookings, collections};
use fasti::time::{Instant, Zone, clock};

use super::alternate;
use crate::load::{Load, Requests, ask};
use crate::parts::{Part, Sample};
use crate::process::Server;
use crate::report::Table;
use crate::seed::{self, House, NOTES, guest};
use crate::{Bench, Failure};

const CLIENTS: usize = 64;
/// Customers who come again; one booking in [`NEW_EVERY`] is for somebody new.
const KNOWN: usize = 500;
const NEW_EVERY: u64 = 10;

pub fn sqlite(bench: &mut Bench, table: &mut Table) -> Result<(), Failure> {
    let url = bench.sqlite("book.db");
    let shop = Shop::seed(&url)?;
    let twin = bench.sqlite("book-bare.db");
    rusqlite::Connection::open(bench.path("book.db"))?
        .execute("VACUUM INTO ?1", [bench.path("book-bare.db").display().to_string()])?;
    compare(bench, table, "SQLite, synchronous=FULL", &shop, [&url, &twin])
}

pub fn postgres(bench: &mut Bench, table: &mut Table) -> Result<(), Failure> {
    bench.postgres()?;
    let cluster = bench.cluster.as_ref().ok_or("no cluster")?;
    let url = bench.runtime.block_on(cluster.create("book", None))?;
    // On a thread of its own, because a connection closes when the runtime of its thread ends.
    let shop =
        std::thread::scope(|scope| scope.spawn(|| Shop::seed(&url)).join()).map_err(|_| "seeding panicked")??;
    let twin = bench.runtime.block_on(cluster.create("book_bare", Some("book")))?;
    compare(bench, table, "PostgreSQL, synchronous_commit=on", &shop, [&url, &twin])
}

fn compare(
    bench: &Bench,
    table: &mut Table,
    database: &str,
    shop: &Shop,
    [ours, twin]: [&String; 2],
) -> Result<(), Failure> {
    let fasti = Server::start(&Part::Fasti { url: ours.clone() })?;
    let answer = bench.runtime.block_on(ask(fasti.address, &shop.request(0, 0)))?;
    let sample = Box::new(shop.sample(ours, &answer.body)?);
    let bare = Server::start(&Part::BareBooking { url: twin.clone(), sample })?;
    let sides = bench.runtime.block_on(async {
        let load = async |server: &Server| Load::new(server.address, CLIENTS, 201, shop.requests()).await;
        Ok::<_, Failure>([(&fasti, load(&fasti).await?), (&bare, load(&bare).await?)])
    })?;
    let [ours, other] = alternate(bench, sides)?;
    table.rate(&format!("booking, {database}, {CLIENTS} clients"), ours, ("bare loop", other), 0.5);
    Ok(())
}

/// A business that takes bookings.
struct Shop {
    house: Arc<House>,
    authorization: Arc<str>,
    first: Instant,
}

impl Shop {
    fn seed(url: &str) -> Result<Self, Failure> {
        let house = seed::house(url, CLIENTS)?;
        house.book(url, KNOWN.div_ceil(CLIENTS), KNOWN)?;
        let authorization = house.authorization(&mut Conn::open(url, true)?)?.into();
        // The hour after next, 100 days from now: behind all that was seeded.
        let first = Instant::from_unix((clock::now().unix() / 3600 + 100 * 24) * 3600);
        Ok(Self { house: Arc::new(house), authorization, first })
    }

    /// Each client books its own desk, hour after hour. Hour 0 of client 0 is the sample.
    fn requests(&self) -> Requests {
        let shop = Self { house: Arc::clone(&self.house), authorization: Arc::clone(&self.authorization), ..*self };
        Arc::new(move |client, n, to| to.extend_from_slice(&shop.request(client, n + 1)))
    }

    fn request(&self, client: usize, n: u64) -> Vec<u8> {
        let desk = self.house.desks[client];
        let number = usize::try_from(n).unwrap_or(usize::MAX);
        let who = if n % NEW_EVERY == NEW_EVERY - 1 {
            KNOWN + number * CLIENTS + client
        } else {
            (number * 7 + client) % KNOWN
        };
        let (name, email, phone) = guest(who);
        let start = self.first + i64::try_from(n).unwrap_or(0) * 3600;
        let body = format!(
            r#"{{"service":"{}","staff":"{}","resources":["{}"],"customer":{{"name":"{name}","email":"{email}","phone":"{phone}"}},"start":"{}","notes":"{NOTES}"}}"#,
            desk.service,
            desk.staff,
            desk.room,
            start.to_rfc3339(&Zone::utc()),
        );
        format!(
            "POST /api/v1/bookings HTTP/1.1\r\nHost: localhost\r\nUser-Agent: bench/1\r\nAuthorization: {}\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            self.authorization,
            body.len()
        )
        .into_bytes()
    }

    /// What Fasti wrote for the booking that it answered so.
    fn sample(&self, url: &str, answer: &[u8]) -> Result<Sample, Failure> {
        let answer = std::str::from_utf8(answer)?;
        let json: serde_json::Value = serde_json::from_str(answer)?;
        let id = |value: &serde_json::Value| -> Result<Id, Failure> {
            let text = value.as_str().ok_or_else(|| format!("the first booking was answered with {answer}"))?;
            Ok(text.parse()?)
        };
        let (booking, customer) = (id(&json["id"])?, id(&json["customer"]["id"])?);
        let desk = self.house.desks[0];
        let tenant = self.house.ctx.tenant;
        let read = || {
            let mut conn = Conn::open(url, false)?;
            let mut component = |collection| -> Result<String, Failure> {
                let object = collections::object(&mut conn, tenant, collection, booking)?;
                Ok(object.ok_or("the booking is missing in a calendar")?.component)
            };
            let components =
                [component(desk.staff)?, component(customer)?, component(desk.room)?, component(Id::TEAM)?];
            let history = bookings::history(&mut conn, tenant, booking)?;
            let changes = history.into_iter().next().ok_or("the booking has no history")?.changes;
            Ok::<_, Failure>((components, changes))
        };
        let (components, changes) =
            std::thread::scope(|scope| scope.spawn(read).join()).map_err(|_| "reading panicked")??;
        Ok(Sample {
            tenant: self.house.tenant(),
            authorization: self.authorization.to_string(),
            components,
            changes,
            answer: answer.to_owned(),
        })
    }
}
