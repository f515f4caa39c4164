//! What every test needs: a database of its own, processes of Fasti over it, and somebody who calls them.

mod calendar;
mod client;
mod database;
mod dav;
mod house;
mod server;

pub(crate) use calendar::{Event, events};
pub(crate) use client::{Answer, Api, at, at_unix, path_of};
pub(crate) use database::{Database, Kind, Row};
pub(crate) use dav::{Dav, Shadow, dragged, event, utc};
pub(crate) use house::{Business, Finished, House, bare, finish};
pub(crate) use server::Server;

/// Runs a test's future to its end.
pub(crate) fn run(test: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap().block_on(test);
}

/// A number that the environment may set.
pub(crate) fn number(variable: &str, default: usize) -> usize {
    match std::env::var(variable) {
        Ok(text) => text.parse().unwrap_or_else(|_| panic!("{variable} must be a whole number, not {text:?}")),
        Err(_) => default,
    }
}

/// An id as both databases print the bytes of it.
pub(crate) fn hex(id: &str) -> String {
    format!("\\x{}", id.replace('-', ""))
}

/// How many migrations there are for a database.
pub(crate) fn migrations(kind: Kind) -> i64 {
    let folder = match kind {
        Kind::Sqlite => "migrations/sqlite",
        Kind::Postgres => "migrations/postgres",
    };
    let entries = std::fs::read_dir(std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)).unwrap();
    i64::try_from(entries.filter(|entry| entry.as_ref().unwrap().path().is_dir()).count()).unwrap()
}
