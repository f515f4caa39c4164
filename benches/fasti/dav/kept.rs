//! Questions asked again while nothing changed, against the memory ceiling.

use std::sync::Arc;

use super::calendar;
use crate::load::{Answer, Load, ask};
use crate::parts::Part;
use crate::process::Server;
use crate::report::Table;
use crate::rows::{alternate, keep};
use crate::{Bench, Failure};

const EVENTS: usize = 10_000;
const CLIENTS: usize = 16;
const LEAST: f64 = 0.5;

pub fn listing_again(bench: &mut Bench, table: &mut Table) -> Result<(), Failure> {
    again(bench, table, "PROPFIND depth 1", |calendar, to, _| calendar.propfind(to))
}

pub fn sync_again(bench: &mut Bench, table: &mut Table) -> Result<(), Failure> {
    again(bench, table, "sync-collection without a token", |calendar, to, _| calendar.sync(to, ""))?;
    again(bench, table, "sync-collection with the last token", |calendar, to, token| calendar.sync(to, token))
}

fn again(
    bench: &Bench,
    table: &mut Table,
    what: &str,
    write: fn(&calendar::Calendar, &mut Vec<u8>, &str),
) -> Result<(), Failure> {
    let url = bench.sqlite(&format!("dav-again-{}.db", table.len()));
    let calendar = calendar::seed(&url, EVENTS)?;
    let fasti = Server::start(&Part::Fasti { url })?;
    let (request, answer) = bench.runtime.block_on(async {
        let mut request = Vec::new();
        calendar.sync(&mut request, "");
        let token = token(&ask(fasti.address, &request).await?)?;
        request.clear();
        write(&calendar, &mut request, &token);
        let first = ask(fasti.address, &request).await?;
        let answer = ask(fasti.address, &request).await?;
        if answer.status != 207 || answer.body != first.body {
            return Err(Failure::from("the second answer differs from the first"));
        }
        Ok::<_, Failure>((Arc::new(request), answer))
    })?;
    let ceiling = Server::start(&Part::Ceiling { answer: keep(bench, "dav-again", &answer)? })?;
    let sides = bench.runtime.block_on(async {
        let load = async |server: &Server| {
            let request = Arc::clone(&request);
            let ask = Arc::new(move |_, _, to: &mut Vec<u8>| to.extend_from_slice(&request));
            Load::new(server.address, CLIENTS, 207, ask).await
        };
        Ok::<_, Failure>([(&fasti, load(&fasti).await?), (&ceiling, load(&ceiling).await?)])
    })?;
    let [ours, other] = alternate(bench, sides)?;
    let what = format!("{what} of {EVENTS} ({} bytes), asked again, {CLIENTS} clients", answer.body.len());
    table.rate(&what, ours, ("memory ceiling", other), LEAST);
    Ok(())
}

/// The sync token at the end of an answer.
pub fn token(answer: &Answer) -> Result<String, Failure> {
    let text = std::str::from_utf8(&answer.body)?;
    let token = text.rsplit_once("<D:sync-token>").and_then(|(_, rest)| rest.split_once('<'));
    Ok(token.ok_or("no sync token")?.0.to_owned())
}
