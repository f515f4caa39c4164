//! Tests through the public doors, each on SQLite and on PostgreSQL.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

#[macro_use]
mod support;

mod api;
mod dav;
mod setup;
mod store;
