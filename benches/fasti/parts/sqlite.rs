//! SQLite without anything around it: one connection, one thread that writes, the waiting ones in one commit.

use std::sync::mpsc::{self, Receiver, Sender};

use rusqlite::{Connection, OptionalExtension, params};
use tokio::sync::oneshot;
use uuid::Uuid;

use super::bare_booking::Booking;
use super::sql;
use crate::Failure;

/// Bookings that one commit carries at most, as in Fasti.
const GROUP: usize = 64;

/// A connection with Fasti's settings.
pub fn open(file: &str) -> Result<Connection, Failure> {
    let conn = Connection::open(file)?;
    conn.execute_batch(
        "PRAGMA busy_timeout=10000; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;
         PRAGMA temp_store=MEMORY; PRAGMA trusted_schema=OFF; PRAGMA cell_size_check=ON; PRAGMA cache_size=-16384;",
    )?;
    conn.set_prepared_statement_cache_capacity(64);
    Ok(conn)
}

type Job = (Booking, oneshot::Sender<bool>);

/// The thread that writes.
pub struct Writer(Sender<Job>);

impl Writer {
    pub fn start(file: &str) -> Result<Self, Failure> {
        let mut conn = open(file)?;
        let (jobs, waiting) = mpsc::channel();
        std::thread::Builder::new().spawn(move || {
            while let Ok(job) = waiting.recv() {
                let (answers, written) = group(&mut conn, job, &waiting);
                if let Err(error) = &written {
                    eprintln!("a group failed: {error}");
                }
                for (answer, one) in answers {
                    // Who hung up needs no answer.
                    answer.send(written.is_ok() && one).ok();
                }
            }
        })?;
        Ok(Self(jobs))
    }

    pub async fn write(&self, booking: Booking) -> Result<(), Failure> {
        let (answer, answered) = oneshot::channel();
        self.0.send((booking, answer))?;
        if answered.await? { Ok(()) } else { Err("the booking was not written".into()) }
    }
}

type Answers = Vec<(oneshot::Sender<bool>, bool)>;

/// One transaction, in which a booking that is refused takes no other with it.
fn group(conn: &mut Connection, first: Job, waiting: &Receiver<Job>) -> (Answers, Result<(), Failure>) {
    let mut answers = Answers::new();
    let transact = || -> Result<(), Failure> {
        conn.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
        let mut next = Some(first);
        while let Some((booking, answer)) = next.take() {
            conn.prepare_cached("SAVEPOINT one")?.execute([])?;
            let written = write(conn, &booking);
            if let Err(error) = &written {
                eprintln!("refused: {error}");
                conn.prepare_cached("ROLLBACK TO one")?.execute([])?;
            }
            conn.prepare_cached("RELEASE one")?.execute([])?;
            answers.push((answer, written.is_ok()));
            if answers.len() < GROUP {
                next = waiting.try_recv().ok();
            }
        }
        conn.prepare_cached("COMMIT")?.execute([])?;
        Ok(())
    };
    let written = transact();
    (answers, written)
}

fn write(conn: &Connection, b: &Booking) -> Result<(), Failure> {
    let tenant = b.sample.tenant;
    let id = b.id.as_bytes();
    let customer = customer(conn, b)?;
    for provider in b.providers() {
        let row = params![tenant, id, provider.as_bytes(), b.start, b.busy_until, b.end];
        conn.prepare_cached(sql::ADD_ALLOCATION)?.execute(row)?;
    }
    conn.prepare_cached(sql::ADD_BOOKING)?.execute(params![
        tenant,
        id,
        b.uid,
        b.service.as_bytes(),
        b.staff.as_bytes(),
        b.resource.as_bytes(),
        customer.as_bytes(),
        b.start_local,
        b.end_local,
        b.start,
        b.end,
        b.notes,
        b.now
    ])?;
    conn.prepare_cached(sql::ADD_HISTORY)?.execute(params![tenant, id, b.now, b.sample.changes])?;
    for (reader, component) in b.readers(customer) {
        let change: i64 =
            conn.prepare_cached(sql::BUMP)?.query_row(params![b.now, tenant, reader.as_bytes()], |row| row.get(0))?;
        let row = params![tenant, reader.as_bytes(), id, b.uid, b.start, b.end, b.now, change, component];
        conn.prepare_cached(sql::ADD_OBJECT)?.execute(row)?;
    }
    Ok(())
}

fn customer(conn: &Connection, b: &Booking) -> Result<Uuid, Failure> {
    let (tenant, identity) = (b.sample.tenant, b.customer.identity());
    let found: Option<[u8; 16]> =
        conn.prepare_cached(sql::FIND_CUSTOMER)?.query_row(params![tenant, identity], |row| row.get(0)).optional()?;
    if let Some(id) = found {
        return Ok(Uuid::from_bytes(id));
    }
    let id = Uuid::now_v7();
    let who = &b.customer;
    let person = params![tenant, id.as_bytes(), who.name, who.email, who.phone, identity, b.now];
    conn.prepare_cached(sql::ADD_CUSTOMER)?.execute(person)?;
    conn.prepare_cached(sql::ADD_COLLECTION)?.execute(params![tenant, id.as_bytes(), b.now])?;
    Ok(id)
}
