//! PUT against what SQLite and this disk allow when nothing else is done, and the memory of a long answer.

use std::sync::Arc;

use super::calendar::{self, Calendar};
use super::ceiling;
use crate::load::{Load, ask};
use crate::parts::Part;
use crate::process::{Memory, Round, Server};
use crate::report::Table;
use crate::{Bench, Failure};

const CLIENTS: usize = 16;
const LEAST: f64 = 0.3;

/// New objects.
pub fn new(bench: &mut Bench, table: &mut Table) -> Result<(), Failure> {
    puts(bench, table, "PUT of a new object", 201, Calendar::put_new)
}

/// New revisions.
pub fn update(bench: &mut Bench, table: &mut Table) -> Result<(), Failure> {
    puts(bench, table, "PUT of a new revision", 204, Calendar::put_update)
}

fn puts(
    bench: &Bench,
    table: &mut Table,
    what: &str,
    status: u16,
    write: fn(&Calendar, &mut Vec<u8>, usize, u64),
) -> Result<(), Failure> {
    let url = bench.sqlite(&format!("dav-put-{status}.db"));
    let calendar = calendar::seed(&url, 10_000)?;
    let fasti = Server::start(&Part::Fasti { url })?;
    let mut rounds = [Vec::new(), Vec::new()];
    let mut load = bench.runtime.block_on(Load::new(
        fasti.address,
        CLIENTS,
        status,
        Arc::new(move |client, n, to: &mut Vec<u8>| write(&calendar, to, client, n)),
    ))?;
    let mut ceiling = ceiling::Ceiling::open(&bench.path(&format!("ceiling-{status}.db")))?;
    for _ in 0..bench.rounds {
        rounds[0].push(bench.runtime.block_on(fasti.measure(&mut load, bench.round))?);
        rounds[1].push(Round::new(&ceiling.run(CLIENTS, bench.round)?, bench.round)?);
    }
    let [ours, other] = rounds.map(|rounds| Round::median(&rounds));
    table.rate(&format!("{what}, {CLIENTS} clients, SQLite FULL"), ours, ("group commit alone", other), LEAST);
    Ok(())
}

/// A PROPFIND of a hundred thousand objects: what it adds to the server's memory.
pub fn memory(bench: &mut Bench, table: &mut Table) -> Result<(), Failure> {
    let url = bench.sqlite("dav-memory.db");
    let calendar = calendar::seed(&url, 100_000)?;
    let fasti = Server::start(&Part::Fasti { url })?;
    let (before, after, round) = bench.runtime.block_on(async {
        let mut request = Vec::new();
        calendar.get(&mut request, 0, 0);
        ask(fasti.address, &request).await?;
        let before = fasti.memory()?;
        let load = Load::new(fasti.address, 1, 207, Arc::new(move |_, _, to: &mut Vec<u8>| calendar.propfind(to)));
        let round = fasti.measure(&mut load.await?, bench.round).await?;
        Ok::<_, Failure>((before, fasti.memory()?, round))
    })?;
    let added = Memory { now: after.now - before.now, peak: after.peak - before.now };
    table.memory("memory added by PROPFIND depth 1 of 100,000", added, round, 32.0);
    Ok(())
}
