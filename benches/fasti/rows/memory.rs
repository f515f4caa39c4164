//! How much memory a server takes that knows a hundred thousand bookings while subscribers ask for hundreds of feeds.

use std::sync::Arc;
use std::time::Duration;

use fasti::store::{Conn, FeedKind, people};

use super::get;
use crate::load::Load;
use crate::parts::Part;
use crate::process::Server;
use crate::report::Table;
use crate::seed;
use crate::{Bench, Failure};

const DESKS: usize = 200;
const PER_DESK: usize = 500;
const CUSTOMERS: usize = 5000;
/// Customers who subscribe.
const SUBSCRIBED: usize = 300;
const CLIENTS: usize = 32;
const LASTING: Duration = Duration::from_secs(20);

pub fn feeds(bench: &mut Bench, table: &mut Table) -> Result<(), Failure> {
    let url = bench.sqlite("memory.db");
    let house = seed::house(&url, DESKS)?;
    house.book(&url, PER_DESK, CUSTOMERS)?;
    let mut conn = Conn::open(&url, true)?;
    let mut requests = Vec::new();
    // Half of the subscribers take it compressed.
    let mut subscribe = |path: &str| {
        requests.push(get(path, ""));
        requests.push(get(path, "Accept-Encoding: gzip\r\n"));
    };
    for desk in &house.desks {
        subscribe(&house.feed(&mut conn, FeedKind::Staff, Some(desk.staff))?.0);
        subscribe(&house.feed(&mut conn, FeedKind::Resource, Some(desk.room))?.0);
    }
    let tenant = house.ctx.tenant;
    for number in 0..SUBSCRIBED {
        let (name, email, _) = seed::guest(number);
        let key = people::identity_key(&name, Some(&email)).unwrap_or_default();
        let customer = people::find_by_identity(&mut conn, tenant, &key)?.ok_or("a customer is missing")?;
        subscribe(&house.feed(&mut conn, FeedKind::Customer, Some(customer.person_id))?.0);
    }
    drop(conn);
    let feeds = requests.len() / 2;
    let server = Server::start(&Part::Fasti { url })?;
    let (round, memory) = bench.runtime.block_on(async {
        // Each client begins elsewhere and goes through all of them, in steps of a prime.
        let ask = Arc::new(move |client: usize, n: u64, to: &mut Vec<u8>| {
            let at = (client * 97 + usize::try_from(n).unwrap_or(0) * 389) % requests.len();
            to.extend_from_slice(&requests[at]);
        });
        let mut load = Load::new(server.address, CLIENTS, 200, ask).await?;
        let round = server.measure(&mut load, LASTING).await?;
        Ok::<_, Failure>((round, server.memory()?))
    })?;
    let what = format!("memory with 100,000 bookings, {feeds} feeds, {CLIENTS} clients, SQLite");
    table.memory(&what, memory, round, 150.0);
    Ok(())
}
