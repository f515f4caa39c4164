//! Whether anything was committed since: told by a database that is a file here, without a statement.
//!
//! SQLite's WAL-index, the file `…-shm`, begins with a header in two copies that every commit writes anew before it is
//! over: it names the last frame of the log, with its checksum and the salts of the log, and counts changes
//! (<https://sqlite.org/walformat.html#the_wal_index_header>). Readers of SQLite decide by these octets whether what they
//! have in memory is still true, and so does who compares a [`Mark`].

use std::fs::File;
use std::mem::ManuallyDrop;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::atomic::{AtomicU8, Ordering};

use super::Conn;

/// Octets of one copy of the header.
const HEADER: usize = 48;
/// Where in it is said that it is filled in.
const IS_INIT: usize = 12;
/// Where in it is said how many frames the log has, in the machine's own order of octets.
const FRAMES: usize = 16;

/// A state of the database. Whoever read something after one was taken, and finds the same one later, would read the same
/// again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark([u8; HEADER]);

impl Mark {
    /// Pages in the log, each as often as it was written since the log began.
    pub(super) fn frames(&self) -> u32 {
        self.0[FRAMES..].first_chunk().map_or(0, |octets| u32::from_ne_bytes(*octets))
    }
}

/// Where marks are taken.
#[derive(Debug)]
pub(super) struct Marks {
    /// Never closed: that would release the locks that SQLite holds on the same file in this process (POSIX fcntl).
    index: ManuallyDrop<File>,
    /// Whether what SQLite writes through its own mapping of the file is read here: on most file systems, not on all.
    trust: AtomicU8,
}

const UNPROVEN: u8 = 0;
const PROVEN: u8 = 1;
const BROKEN: u8 = 2;

impl Marks {
    /// The marks of the database in a file, of which a connection must be open from before until the last is taken: SQLite
    /// begins another index after the last connection was closed. None where there is no such index.
    pub fn open(database: &str) -> Option<Self> {
        // SQLite puts its index beside the file that a symbolic link names.
        let mut index = Path::new(database).canonicalize().ok()?.into_os_string();
        index.push("-shm");
        Some(Self { index: ManuallyDrop::new(File::open(index).ok()?), trust: AtomicU8::new(UNPROVEN) })
    }

    /// The mark of this moment. None while a commit is writing it.
    pub fn take(&self) -> Option<Mark> {
        if self.trust.load(Ordering::Relaxed) == BROKEN {
            return None;
        }
        let mut copies = [0; 2 * HEADER];
        self.index.read_exact_at(&mut copies, 0).ok()?;
        let (first, second) = copies.split_at(HEADER);
        let header: [u8; HEADER] = first.try_into().ok()?;
        (first == second && header[IS_INIT] == 1).then_some(Mark(header))
    }

    /// Sees once whether a commit changes the mark. If it does not, none is taken any more.
    pub fn prove(&self, conn: &mut Conn) {
        if self.trust.load(Ordering::Relaxed) != UNPROVEN {
            return;
        }
        let before = self.take();
        if conn.commit_nothing().is_ok() {
            self.judge(before, self.take());
        }
    }

    fn judge(&self, before: Option<Mark>, after: Option<Mark>) {
        if before.is_some() != after.is_some() {
            // Somebody else was writing it: the next time tells.
            return;
        }
        if before == after {
            tracing::warn!(
                "what SQLite maps of its files is not read there; nothing is known without a look at tables"
            );
        }
        self.trust.store(if before == after { BROKEN } else { PROVEN }, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use diesel::prelude::*;
    use diesel::sql_types::BigInt;

    use super::*;
    use crate::store::statement::statement;
    use crate::store::{Error, Options, Store, on};

    statement! { Value() -> BigInt, "SELECT value FROM counters" }

    fn opened(database: &Path) -> Conn {
        Conn::open(&format!("sqlite://{}", database.display()), true).unwrap()
    }

    fn value(conn: &mut Conn) -> i64 {
        on!(conn, |c| Value {}.get_result(c)).unwrap()
    }

    const TABLE: &str = "CREATE TABLE counters (value INTEGER NOT NULL); INSERT INTO counters VALUES (0)";
    const ADD: &str = "UPDATE counters SET value = value + 1";

    #[test]
    fn every_commit_is_seen_and_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("t.db");
        let mut conn = opened(&file);
        conn.batch_execute(TABLE).unwrap();
        let link = dir.path().join("link.db");
        std::os::unix::fs::symlink(&file, &link).unwrap();
        let marks = Marks::open(link.to_str().unwrap()).unwrap();
        let mut last = marks.take().unwrap();
        let mut changes = |conn: &mut Conn, sql: &str| {
            conn.batch_execute(sql).unwrap();
            let now = marks.take().unwrap();
            now != std::mem::replace(&mut last, now)
        };
        let mut other = opened(&file);
        assert!(!changes(&mut other, "SELECT value FROM counters"));
        for conn in [&mut conn, &mut other] {
            assert!(changes(conn, ADD));
            assert!(!changes(conn, "BEGIN; UPDATE counters SET value = 0; ROLLBACK"));
        }
        for checkpoint in ["PASSIVE", "FULL", "RESTART", "TRUNCATE"] {
            conn.batch_execute(&format!("PRAGMA wal_checkpoint({checkpoint})")).unwrap();
            assert!(changes(&mut other, ADD), "after {checkpoint}");
        }
        assert!(changes(&mut conn, "VACUUM"));
        drop(conn);
        assert!(changes(&mut other, ADD), "after another connection ended");
        let uncommitted = other.transaction(|c| {
            c.batch_execute(ADD)?;
            Ok::<_, Error>(changes(c, "SELECT 1"))
        });
        assert!(!uncommitted.unwrap());
        assert!(changes(&mut other, "SELECT 1"));
    }

    #[test]
    fn one_mark_stands_for_one_state_while_others_write() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("t.db");
        let mut conn = opened(&file);
        conn.batch_execute(TABLE).unwrap();
        let marks = Marks::open(file.to_str().unwrap()).unwrap();
        let read = || {
            let (mut conn, mut known) = (opened(&file), HashMap::new());
            while known.len() < 20 {
                let Some(mark) = marks.take() else { continue };
                let read = value(&mut conn);
                // What was read after it was taken may be newer; the oldest is that of the mark.
                let oldest: &mut i64 = known.entry(mark.0).or_insert(read);
                let same = marks.take() == Some(mark);
                assert!(!same || *oldest == read, "{oldest} and {read} under one mark");
                *oldest = read.min(*oldest);
            }
        };
        std::thread::scope(|scope| {
            let readers = [scope.spawn(read), scope.spawn(read)];
            while !readers.iter().all(std::thread::ScopedJoinHandle::is_finished) {
                conn.batch_execute(ADD).unwrap();
            }
            readers.into_iter().for_each(|reader| reader.join().unwrap());
        });
    }

    #[test]
    fn marks_that_stay_the_same_are_taken_no_more() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("t.db");
        let mut conn = opened(&file);
        conn.batch_execute(TABLE).unwrap();
        let marks = Marks::open(file.to_str().unwrap()).unwrap();
        let before = marks.take().unwrap();
        marks.prove(&mut conn);
        let proven = marks.take().unwrap();
        assert_ne!(proven, before);
        marks.prove(&mut conn);
        assert_eq!(marks.take().unwrap(), proven);
        assert_eq!(value(&mut conn), 0);
        marks.judge(Some(before), Some(before));
        assert_eq!(marks.take(), None);
    }

    #[tokio::test]
    async fn the_writer_sees_it_once() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("t.db");
        opened(&file).batch_execute(TABLE).unwrap();
        let url = format!("sqlite://{}", file.display());
        let store = Store::connect(&url, &Options::for_url(&url)).unwrap();
        let mut marks = vec![store.mark().unwrap()];
        for _ in 0..3 {
            store.write(|_| Ok::<_, Error>(())).await.unwrap();
            marks.push(store.mark().unwrap());
        }
        assert_ne!(marks[0], marks[1]);
        assert_eq!(marks[1..], [marks[1]; 3]);
    }

    #[test]
    fn where_there_is_no_index_there_are_no_marks() {
        let dir = tempfile::tempdir().unwrap();
        assert!(Marks::open(dir.path().join("none.db").to_str().unwrap()).is_none());
        std::fs::write(dir.path().join("empty.db-shm"), "").unwrap();
        std::fs::write(dir.path().join("empty.db"), "").unwrap();
        assert!(Marks::open(dir.path().join("empty.db").to_str().unwrap()).unwrap().take().is_none());
    }
}
