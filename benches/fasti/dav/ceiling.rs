//! The ceiling for writes: one thread that commits whatever waits at once, as davload's `sqlite … group commit`. Each
//! write is what a PUT must store: the object, a line of the change log, the calendar's new number.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use rusqlite::{Connection, TransactionBehavior, params};

use super::calendar::event;
use crate::Failure;
use crate::load::Heard;

const SCHEMA: &str = "
    CREATE TABLE calendar (id INTEGER PRIMARY KEY, token INTEGER NOT NULL);
    INSERT INTO calendar VALUES (1, 0);
    CREATE TABLE object (calendar INTEGER NOT NULL, name TEXT NOT NULL, uid TEXT NOT NULL, etag TEXT NOT NULL,
        first INTEGER, last INTEGER, ics TEXT NOT NULL, PRIMARY KEY (calendar, name)) WITHOUT ROWID;
    CREATE UNIQUE INDEX object_uid ON object (calendar, uid);
    CREATE INDEX object_time ON object (calendar, last, first);
    CREATE TABLE change (calendar INTEGER NOT NULL, token INTEGER NOT NULL, name TEXT NOT NULL,
        PRIMARY KEY (calendar, token)) WITHOUT ROWID;";

pub struct Ceiling {
    conn: Connection,
    texts: Vec<String>,
    next: AtomicUsize,
}

impl Ceiling {
    pub fn open(file: &Path) -> Result<Self, Failure> {
        let conn = Connection::open(file)?;
        conn.execute_batch("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;")?;
        conn.execute_batch(SCHEMA)?;
        let texts = (0..500).map(|index| event(index, 10_000, 0)).collect();
        Ok(Self { conn, texts, next: AtomicUsize::new(0) })
    }

    /// So many writers, each of which waits for its commit.
    pub fn run(&mut self, writers: usize, lasting: Duration) -> Result<Heard, Failure> {
        let Self { conn, texts, next } = self;
        let (queue, jobs) = mpsc::channel::<(usize, mpsc::SyncSender<()>)>();
        let begun = Instant::now();
        let mut heard = Heard::default();
        std::thread::scope(|scope| {
            let committer = scope.spawn(move || -> Result<(), rusqlite::Error> {
                while let Ok(first) = jobs.recv() {
                    let group = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
                    let mut waiting = Vec::new();
                    for (number, answer) in std::iter::once(first).chain(std::iter::from_fn(|| jobs.try_recv().ok())) {
                        insert(&group, number, &texts[number % texts.len()])?;
                        waiting.push(answer);
                    }
                    group.commit()?;
                    for answer in waiting {
                        // Who hung up needs no answer.
                        answer.send(()).ok();
                    }
                }
                Ok(())
            });
            let next = &*next;
            let write = |queue: mpsc::Sender<(usize, mpsc::SyncSender<()>)>| {
                let mut latencies = Vec::new();
                while begun.elapsed() < lasting {
                    let asked = Instant::now();
                    let (answer, answered) = mpsc::sync_channel(1);
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if queue.send((number, answer)).is_err() || answered.recv().is_err() {
                        break;
                    }
                    latencies.push(asked.elapsed());
                }
                latencies
            };
            let threads: Vec<_> = (0..writers)
                .map(|_| {
                    let queue = queue.clone();
                    scope.spawn(move || write(queue))
                })
                .collect();
            for thread in threads {
                heard.latencies.extend(thread.join().map_err(|_| "a writer panicked")?);
            }
            heard.took = begun.elapsed();
            drop(queue);
            committer.join().map_err(|_| "the committer panicked")??;
            Ok::<_, Failure>(())
        })?;
        heard.latencies.sort_unstable();
        Ok(heard)
    }
}

fn insert(conn: &Connection, number: usize, text: &str) -> Result<(), rusqlite::Error> {
    let name = format!("{number:016x}.ics");
    conn.prepare_cached("UPDATE calendar SET token = token + 1 WHERE id = 1")?.execute([])?;
    let object = params![name, name, name, number as i64, text];
    conn.prepare_cached("INSERT INTO object VALUES (1, ?1, ?2, ?3, ?4, ?4, ?5)")?.execute(object)?;
    conn.prepare_cached("INSERT INTO change SELECT 1, token, ?1 FROM calendar WHERE id = 1")?.execute([&name])?;
    Ok(())
}
