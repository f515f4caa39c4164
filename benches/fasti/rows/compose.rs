//! A feed that changed since it was asked for last: all of it is read and written anew.

use std::time::{Duration, Instant};

use tokio_postgres::Statement;

use super::{Thousand, keep};
use crate::load::{Client, Heard};
use crate::parts::{Part, Shown};
use crate::process::{Round, Server};
use crate::report::Table;
use crate::{Bench, Failure, cluster};

pub fn sqlite(bench: &mut Bench, table: &mut Table) -> Result<(), Failure> {
    let url = bench.sqlite("compose.db");
    changed(bench, table, "SQLite", &url)
}

pub fn postgres(bench: &mut Bench, table: &mut Table) -> Result<(), Failure> {
    bench.postgres()?;
    let cluster = bench.cluster.as_ref().ok_or("no cluster")?;
    let url = bench.runtime.block_on(cluster.create("compose", None))?;
    changed(bench, table, "PostgreSQL", &url)
}

/// One client, because the time is judged. Before every request the feed's collection counts a change, so that no
/// cache can have what is asked for; the bare loop, which has no cache, gets the same treatment.
fn changed(bench: &Bench, table: &mut Table, database: &str, url: &str) -> Result<(), Failure> {
    let feed = Thousand::seed(url)?;
    let fasti = Server::start(&Part::Rechecking { url: url.to_owned() })?;
    let whole = bench.runtime.block_on(feed.fetch(fasti.address))?;
    let answer = keep(bench, &format!("answer-{database}"), &whole)?;
    let bare = Server::start(&Part::BareFeed { url: url.to_owned(), shown: feed.shown.clone(), answer })?;
    let mut rounds = [Vec::new(), Vec::new()];
    bench.runtime.block_on(async {
        if feed.fetch(bare.address).await?.body != whole.body {
            return Err(Failure::from("the bare loop does not write the same bytes"));
        }
        let counter = Counter::open(url, &feed.shown).await?;
        let mut sides =
            [(&fasti, Client::connect(fasti.address).await?), (&bare, Client::connect(bare.address).await?)];
        for round in 0..=bench.rounds {
            for ((server, client), rounds) in sides.iter_mut().zip(&mut rounds) {
                let work = one_by_one(client, &counter, &feed, bench.round);
                let measured = server.measure_with(work).await?;
                // The first is there to warm up.
                if round > 0 {
                    rounds.push(measured);
                }
            }
        }
        Ok(())
    })?;
    let [ours, other] = rounds.map(|rounds| Round::median(&rounds));
    let what = format!("uncached feed of 1,000 bookings, {database}, 1 client");
    table.time(&what, ours, ("bare loop", other), Duration::from_millis(5), 0.5);
    Ok(())
}

async fn one_by_one(
    client: &mut Client,
    counter: &Counter<'_>,
    feed: &Thousand,
    lasting: Duration,
) -> Result<Heard, Failure> {
    let request = feed.request();
    let mut heard = Heard::default();
    let begun = Instant::now();
    while begun.elapsed() < lasting {
        counter.count().await?;
        let asked = Instant::now();
        let status = client.exchange(&request, None).await?;
        let took = asked.elapsed();
        if status != 200 {
            return Err(format!("an answer was {status} instead of 200").into());
        }
        heard.took += took;
        heard.latencies.push(took);
    }
    heard.latencies.sort_unstable();
    Ok(heard)
}

/// Counts changes of a collection, as a booking would.
struct Counter<'a> {
    database: Database,
    shown: &'a Shown,
}

enum Database {
    Sqlite(rusqlite::Connection),
    Postgres(tokio_postgres::Client, Statement),
}

const COUNT: &str = "UPDATE collections SET change = change + 1 WHERE tenant_id = $1 AND collection_id = $2";

impl<'a> Counter<'a> {
    async fn open(url: &str, shown: &'a Shown) -> Result<Self, Failure> {
        let database = match url.strip_prefix("sqlite://") {
            Some(file) => {
                let conn = rusqlite::Connection::open(file)?;
                // The change need not be durable to be seen.
                conn.execute_batch("PRAGMA busy_timeout=10000; PRAGMA synchronous=OFF;")?;
                Database::Sqlite(conn)
            }
            None => {
                let client = cluster::connect(url).await?;
                client.batch_execute("SET synchronous_commit='off'").await?;
                let count = client.prepare(COUNT).await?;
                Database::Postgres(client, count)
            }
        };
        Ok(Self { database, shown })
    }

    async fn count(&self) -> Result<(), Failure> {
        let (tenant, collection) = (self.shown.tenant, &self.shown.collection[..]);
        match &self.database {
            Database::Sqlite(conn) => {
                conn.prepare_cached(COUNT)?.execute(rusqlite::params![tenant, collection])?;
            }
            Database::Postgres(client, count) => {
                client.execute(count, &[&tenant, &collection]).await?;
            }
        }
        Ok(())
    }
}
