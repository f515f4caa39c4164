//! Look-ups on the caller's own thread.
//!
//! A few rows of a local file, by their keys, are read sooner than another thread wakes up and answers. And while nothing
//! is committed they are read in the transaction of the look-up before: SQLite begins and ends one by two locks of a file,
//! under a mutex of all connections of the process.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::task::JoinHandle;

use super::{Conn, Error, Mark, WorkError};

/// No transaction stays open while the log has as many pages, when SQLite writes it back into the database and begins it
/// anew: it waits with that for whoever still reads in it. (The default of `PRAGMA wal_autocheckpoint`.)
const LONG_LOG: u32 = 1000;
/// How long a transaction stays open that nobody reads in: the log may be written by other processes.
const IDLE: Duration = Duration::from_millis(100);

/// Connections to SQLite that are borrowed for the time of a look-up.
pub(super) struct Near {
    url: String,
    idle: Mutex<Idle>,
}

#[derive(Default)]
struct Idle {
    /// The one used last is taken next: its pages are there.
    readers: Vec<Reader>,
    /// Ends what stays open.
    watch: Option<JoinHandle<()>>,
}

struct Reader {
    conn: Conn,
    /// The state of the database that the open transaction began in, or an earlier one.
    open: Option<Mark>,
}

impl Reader {
    fn open(url: &str) -> Result<Self, Error> {
        Ok(Self { conn: Conn::open_near(url)?, open: None })
    }

    /// Goes on in the open transaction if it began in this state; begins another if there is a state to compare with.
    fn see(&mut self, now: Option<Mark>) -> Result<(), Error> {
        if self.open != now {
            self.end()?;
        }
        if self.open.is_none() && now.is_some() {
            self.conn.begin_reading()?;
            self.open = now;
        }
        Ok(())
    }

    fn end(&mut self) -> Result<(), Error> {
        if self.open.is_some() {
            self.conn.end_reading()?;
            self.open = None;
        }
        Ok(())
    }
}

impl Near {
    /// # Errors
    /// [`Error::Connect`].
    pub fn open(url: &str, connections: usize) -> Result<Self, Error> {
        let readers: Result<_, _> = (0..connections).map(|_| Reader::open(url)).collect();
        Ok(Self { url: url.to_owned(), idle: Mutex::new(Idle { readers: readers?, watch: None }) })
    }

    /// What `work` returns about the state that the database is in `now`. `None` when it is to be done by a thread that can
    /// wait: all connections are in use, or the database has something against it.
    pub fn look_up<T, E: WorkError>(
        self: &Arc<Self>,
        now: Option<Mark>,
        work: impl Fn(&mut Conn) -> Result<T, E>,
    ) -> Option<Result<T, E>> {
        let now = now.filter(|mark| mark.frames() < LONG_LOG);
        let mut reader = self.take(now)?;
        let looked = catch_unwind(AssertUnwindSafe(|| {
            reader.see(now)?;
            work(&mut reader.conn)
        }));
        let refused = matches!(&looked, Ok(Err(error)) if error.store_error().is_some());
        let ended = if refused { reader.end() } else { Ok(()) };
        match ended {
            Ok(()) if looked.is_ok() && !reader.conn.is_broken() => self.put_back(reader),
            _ => Reader::open(&self.url).map_or((), |reader| self.put_back(reader)),
        }
        match looked {
            Ok(_) if refused => None,
            Ok(result) => Some(result),
            Err(_) => Some(Err(Error::Panic.into())),
        }
    }

    fn take(&self, now: Option<Mark>) -> Option<Reader> {
        let mut idle = self.idle.lock().ok()?;
        if now.is_none() {
            idle.end_all();
        }
        idle.readers.pop()
    }

    fn put_back(self: &Arc<Self>, reader: Reader) {
        let Ok(mut idle) = self.idle.lock() else { return };
        if reader.open.is_some() && idle.watch.as_ref().is_none_or(JoinHandle::is_finished) {
            let near = Arc::downgrade(self);
            idle.watch = Some(tokio::spawn(async move {
                tokio::time::sleep(IDLE).await;
                if let Some(near) = near.upgrade()
                    && let Ok(mut idle) = near.idle.lock()
                {
                    idle.end_all();
                }
            }));
        }
        idle.readers.push(reader);
    }
}

impl Idle {
    /// One that cannot be ended is found out at the next look-up.
    fn end_all(&mut self) {
        for reader in &mut self.readers {
            reader.end().ok();
        }
    }
}

#[cfg(test)]
mod tests {
    use diesel::prelude::*;
    use diesel::sql_types::{BigInt, Integer};

    use super::*;
    use crate::store::mark::Marks;
    use crate::store::on;
    use crate::store::statement::statement;

    statement! { Value() -> BigInt, "SELECT value FROM counters" }
    statement! { WriteBack() -> (Integer, Integer, Integer), "PRAGMA wal_checkpoint(TRUNCATE)" }

    const TABLE: &str = "CREATE TABLE counters (value INTEGER NOT NULL, filling BLOB);
        INSERT INTO counters VALUES (0, NULL)";
    const ADD: &str = "UPDATE counters SET value = value + 1, filling = randomblob(200000)";

    struct Database {
        /// Somebody else who writes.
        other: Conn,
        near: Arc<Near>,
        marks: Marks,
        _dir: tempfile::TempDir,
    }

    impl Database {
        fn new() -> Self {
            let dir = tempfile::tempdir().unwrap();
            let file = dir.path().join("t.db").display().to_string();
            let url = format!("sqlite://{file}");
            let mut other = Conn::open(&url, true).unwrap();
            other.batch_execute(TABLE).unwrap();
            let near = Arc::new(Near::open(&url, 2).unwrap());
            Self { other, near, marks: Marks::open(&file).unwrap(), _dir: dir }
        }

        fn add(&mut self) {
            self.other.batch_execute(ADD).unwrap();
        }

        fn look_up<T>(&self, work: impl Fn(&mut Conn) -> Result<T, Error>) -> Option<Result<T, Error>> {
            self.near.look_up(self.marks.take(), work)
        }

        fn value(&self) -> i64 {
            self.look_up(value).unwrap().unwrap()
        }

        fn open(&self) -> usize {
            self.near.idle.lock().unwrap().readers.iter().filter(|reader| reader.open.is_some()).count()
        }
    }

    fn value(conn: &mut Conn) -> Result<i64, Error> {
        Ok(on!(conn, |c| Value {}.get_result(c))?)
    }

    #[tokio::test]
    async fn look_ups_go_on_in_one_transaction_until_somebody_commits() {
        let mut db = Database::new();
        for n in 0..5 {
            // The second one is within the first.
            let both = db.look_up(|conn| Ok((value(conn)?, db.value()))).unwrap().unwrap();
            assert_eq!((both, db.open()), ((n, n), 2));
            db.add();
        }
        let without = db.near.look_up(None, value).unwrap().unwrap();
        assert_eq!((without, db.open()), (5, 0));
    }

    #[tokio::test]
    async fn a_look_up_that_fails_leaves_no_transaction() {
        let db = Database::new();
        assert!(db.look_up(|conn| conn.batch_execute("SELECT nothing")).is_none());
        assert_eq!(db.open(), 0);
        assert!(matches!(db.look_up(|_| -> Result<(), Error> { panic!("on purpose") }), Some(Err(Error::Panic))));
        assert_eq!((db.open(), db.value(), db.open()), (0, 0, 1));
        // SQLite ends the transaction itself: the connection is replaced.
        let lost = db.look_up(|conn| {
            conn.batch_execute("COMMIT")?;
            conn.batch_execute("SELECT nothing")
        });
        assert!(lost.is_none());
        assert_eq!((db.value(), db.near.idle.lock().unwrap().readers.len()), (0, 2));
    }

    #[tokio::test]
    async fn the_log_is_begun_anew_while_there_are_look_ups() {
        let mut db = Database::new();
        // Of this one nobody hears again.
        db.look_up(|_| Ok(db.value())).unwrap().unwrap();
        let mut longest = 0;
        for n in 1..=200 {
            db.add();
            assert_eq!(db.value(), n);
            longest = longest.max(db.marks.take().unwrap().frames());
        }
        assert!((LONG_LOG..LONG_LOG * 3 / 2).contains(&longest), "{longest} of some 10,000 pages");
    }

    #[tokio::test]
    async fn a_transaction_that_nobody_reads_in_is_ended_soon() {
        let mut db = Database::new();
        assert_eq!((db.value(), db.open()), (0, 1));
        tokio::time::sleep(IDLE * 3).await;
        assert_eq!(db.open(), 0);
        let (refused, ..) = on!(&mut db.other, |c| WriteBack {}.get_result::<(i32, i32, i32)>(c)).unwrap();
        assert_eq!(refused, 0);
        // And so is the next one.
        assert_eq!((db.value(), db.open()), (0, 1));
        tokio::time::sleep(IDLE * 3).await;
        assert_eq!(db.open(), 0);
    }
}
