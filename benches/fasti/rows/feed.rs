//! A feed that did not change: what almost all requests of subscribers are.

use std::sync::Arc;

use super::{Thousand, alternate, get, keep};
use crate::load::{Load, ask};
use crate::parts::Part;
use crate::process::Server;
use crate::report::Table;
use crate::{Bench, Failure};

/// Subscribers who have the calendar already.
pub fn unchanged(bench: &mut Bench, table: &mut Table) -> Result<(), Failure> {
    against_ceiling(bench, table, "304 of a feed", 304, 32, 0.5)
}

/// Subscribers who do not.
pub fn cached(bench: &mut Bench, table: &mut Table) -> Result<(), Failure> {
    against_ceiling(bench, table, "cached 200 of a feed of 1,000 bookings", 200, 8, 0.7)
}

fn against_ceiling(
    bench: &Bench,
    table: &mut Table,
    what: &str,
    status: u16,
    clients: usize,
    least: f64,
) -> Result<(), Failure> {
    let url = bench.sqlite(&format!("feed-{status}.db"));
    let feed = Thousand::seed(&url)?;
    let fasti = Server::start(&Part::Fasti { url })?;
    let (request, file, size) = bench.runtime.block_on(async {
        let whole = feed.fetch(fasti.address).await?;
        // Its Last-Modified appears when no later change can have the same.
        tokio::time::sleep(std::time::Duration::from_secs(2)).await;
        let tag = whole.header("etag").ok_or("the feed has no ETag")?;
        let condition = if status == 304 { format!("If-None-Match: {tag}\r\n") } else { String::new() };
        let request = get(&feed.path, &condition);
        let answer = ask(fasti.address, &request).await?;
        let file = keep(bench, &format!("answer-{status}"), &answer)?;
        Ok::<_, Failure>((request, file, answer.body.len()))
    })?;
    let ceiling = Server::start(&Part::Ceiling { answer: file })?;
    let sides = bench.runtime.block_on(async {
        let request = Arc::new(request);
        let load = async |server: &Server| {
            let request = Arc::clone(&request);
            let ask = Arc::new(move |_, _, to: &mut Vec<u8>| to.extend_from_slice(&request));
            Load::new(server.address, clients, status, ask).await
        };
        Ok::<_, Failure>([(&fasti, load(&fasti).await?), (&ceiling, load(&ceiling).await?)])
    })?;
    let [ours, other] = alternate(bench, sides)?;
    let what = format!("{what} ({size} bytes), {clients} clients");
    table.rate(&what, ours, ("memory ceiling", other), least);
    Ok(())
}
