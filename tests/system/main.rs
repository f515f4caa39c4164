//! The whole program from outside: processes of the real `fasti`, real sockets, both databases.
//!
//! | file | what must hold |
//! | --- | --- |
//! | `caldav.rs` | one of many PUTs is done, and readers who sync miss nothing (R5, R6) |
//! | `races.rs` | of many who want one slot, as many win as there is room for (R4) |
//! | `kill/` | what was acknowledged survives `kill -9`, and nothing is half there (R1) |
//! | `endings.rs` | what is deleted while it is being booked is deleted or booked, never both |
//! | `locks.rs` | orders and closures meet bookings, and nobody waits in a circle |
//! | `instances.rs` | several processes over one database start together and see each other's writes |
//! | `command_line.rs` | the commands, as somebody meets them who has read nothing |
//! | `logs.rs` | no secret and no personal data reaches the log or the metrics |
//! | `slots.rs` | `fasti slots` |
//! | `time_off.rs` | time off in a calendar and bookings of that time know of each other |
//! | `shutdown.rs` | SIGTERM cuts nothing off and loses nothing |
//! | `tenant_keys.rs` | every key begins with the tenant, and no statement leaves its tenant |
//! | `hostile/` | the hostile inputs of `../shared/hostile` get what they must |
//!
//! Every test makes its own database and drops it. PostgreSQL is the server that `FASTI_TEST_PG_URL` names.
//!
//! | variable | what it does |
//! | --- | --- |
//! | `FASTI_TEST_PG_URL` | `postgres://postgres@127.0.0.1:PORT`, set by `tests/with-postgres.sh` |
//! | `FASTI_TEST_ROUNDS` | rounds of each race (20) |
//! | `FASTI_TEST_SYNC_OPERATIONS` | operations that readers sync through (5,000) |
//! | `FASTI_TEST_KILLS` | kills of each kill test (10) |
//! | `FASTI_TEST_LOGINS` | wrong passwords for each name in `tests/it/dav/login_times.rs`, which only `make soak` runs (2,000) |
//! | `FASTI_TEST_MUTANT=no-constraint` | drops the wall against overlaps before the races: they must fail |
//! | `FASTI_SHARED` | the folder `shared`, if it is not beside this checkout |
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

/// Makes a `#[test]` for each database out of an async function that takes a [`support::Kind`].
macro_rules! on_both {
    ($($name:ident),* $(,)?) => {
        mod sqlite {
            $(#[test] fn $name() { crate::support::run(super::$name(crate::support::Kind::Sqlite)); })*
        }
        mod postgres {
            $(#[test] fn $name() { crate::support::run(super::$name(crate::support::Kind::Postgres)); })*
        }
    };
}

mod caldav;
mod command_line;
mod endings;
mod hostile;
mod instances;
mod kill;
mod locks;
mod logs;
mod races;
mod shutdown;
mod slots;
mod support;
mod tenant_keys;
mod time_off;
