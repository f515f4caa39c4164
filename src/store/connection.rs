//! A connection to either database, and the macro that runs one query on whichever it is.

use std::sync::Arc;
use std::time::{Duration, Instant};

use diesel::connection::{SimpleConnection, TransactionManager};
use diesel::prelude::*;
use diesel_async::AsyncPgConnection;
use diesel_async::async_connection_wrapper::{AsyncConnectionWrapper, BlockOn};
use diesel_async::pooled_connection::PoolableConnection;

use super::statement::statement;
use super::{Error, dialect, tls};

/// Runs a future on the current-thread runtime of the thread that owns the connection.
///
/// It polls once before it blocks: rows that are already here then cost nothing.
#[derive(Clone)]
pub struct ThreadRuntime(Arc<tokio::runtime::Runtime>);

thread_local! {
    static RUNTIME: ThreadRuntime = ThreadRuntime(Arc::new(
        #[expect(clippy::expect_used, reason = "a thread that cannot have a runtime cannot have a connection")]
        tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a current-thread runtime"),
    ));
}

impl BlockOn for ThreadRuntime {
    fn block_on<F: Future>(&self, future: F) -> F::Output {
        let mut future = std::pin::pin!(future);
        let _entered = self.0.enter();
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        if let std::task::Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return output;
        }
        self.0.block_on(future)
    }

    fn get_runtime() -> Self {
        RUNTIME.with(Clone::clone)
    }
}

/// PostgreSQL without libpq, behind diesel's synchronous interface.
pub type PgConn = AsyncConnectionWrapper<AsyncPgConnection, ThreadRuntime>;

/// A connection, owned by one thread.
#[expect(clippy::large_enum_variant, reason = "there is one for each thread, and it never moves")]
pub enum Conn {
    /// PostgreSQL.
    Pg(PgConn),
    /// SQLite.
    Sqlite(SqliteConnection, Nesting),
}

/// Runs a diesel expression on the connection, compiled once for each database.
macro_rules! on {
    ($conn:expr, |$c:ident| $body:expr) => {
        match $conn {
            $crate::store::Conn::Pg($c) => $body,
            $crate::store::Conn::Sqlite($c, _) => $body,
        }
    };
}
pub(crate) use on;

/// Runs a select that locks its rows on PostgreSQL until the transaction ends: `for_update` to change or end what
/// others may be about to name, `for_key_share` to name it. On SQLite there is one writer, who needs no lock.
macro_rules! locking {
    ($conn:expr, $lock:ident, $query:expr, |$locked:ident, $c:ident| $body:expr) => {
        match $conn {
            $crate::store::Conn::Pg($c) => {
                let $locked = $query.$lock();
                $body
            }
            $crate::store::Conn::Sqlite($c, _) => {
                let $locked = $query;
                $body
            }
        }
    };
}
pub(crate) use locking;

impl Conn {
    /// Opens a connection to SQLite for look-ups that wait for nothing.
    pub(super) fn open_near(url: &str) -> Result<Self, Error> {
        let mut conn = Self::open(url, false)?;
        conn.batch_execute(dialect::SQLITE_NEAR)?;
        Ok(conn)
    }

    /// Opens a connection to `sqlite://PATH` or `postgres://…`; a reader on SQLite cannot write.
    ///
    /// # Errors
    /// [`Error::Url`] for another scheme, [`Error::Connect`] when nothing answers.
    pub fn open(url: &str, writer: bool) -> Result<Self, Error> {
        if let Some(path) = url.strip_prefix("sqlite://") {
            let mut conn = SqliteConnection::establish(path).map_err(|e| Error::Connect(format!("{path}: {e}")))?;
            settle(&mut conn)?;
            if !writer {
                conn.batch_execute(dialect::SQLITE_READER)?;
            }
            return Ok(Self::Sqlite(conn, Nesting::default()));
        }
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            let conn = ThreadRuntime::get_runtime().0.block_on(connect_postgres(url))?;
            let mut conn = PgConn::from(conn);
            conn.batch_execute(dialect::POSTGRES_SETTINGS)?;
            return Ok(Self::Pg(conn));
        }
        let scheme = url.split(':').next().unwrap_or_default();
        Err(Error::Url(format!(
            "unknown scheme \"{scheme}\"; use sqlite:///path/fasti.db or postgres://user@host/name"
        )))
    }

    /// Whether this is PostgreSQL.
    #[must_use]
    pub fn is_postgres(&self) -> bool {
        matches!(self, Self::Pg(_))
    }

    /// Runs `work` in a transaction, or in a savepoint when one is open. SQLite takes its write lock at once.
    ///
    /// # Errors
    /// What `work` returns, after the rollback; or the failure of BEGIN or COMMIT.
    pub fn transaction<T, E: From<Error>>(&mut self, work: impl FnOnce(&mut Self) -> Result<T, E>) -> Result<T, E> {
        self.begin().map_err(Error::from)?;
        let result = work(self);
        let end = match (&mut *self, result.is_ok()) {
            (Self::Pg(c), true) => PgManager::commit_transaction(c),
            (Self::Pg(c), false) => PgManager::rollback_transaction(c),
            (Self::Sqlite(c, nesting), kept) => nesting.end(c, kept),
        };
        match (result, end) {
            (Ok(value), Ok(())) => Ok(value),
            (Ok(_), Err(failed)) => Err(self.commit_error(failed).into()),
            (Err(error), _) => Err(error),
        }
    }

    /// A COMMIT that the server answered with an error did not happen; one that was not answered may have.
    fn commit_error(&mut self, failed: diesel::result::Error) -> Error {
        if self.is_postgres() && self.is_broken() { Error::Unknown } else { Error::Db(failed) }
    }

    fn begin(&mut self) -> QueryResult<()> {
        match self {
            Self::Pg(c) => PgManager::begin_transaction(c),
            Self::Sqlite(c, nesting) => nesting.begin(c),
        }
    }

    /// Runs `work` over one consistent state of the database.
    ///
    /// # Errors
    /// What `work` returns, or a failure to begin.
    pub fn snapshot<T, E: From<Error>>(&mut self, work: impl FnOnce(&mut Self) -> Result<T, E>) -> Result<T, E> {
        self.begin_reading()?;
        let result = work(self);
        self.end_reading()?;
        result
    }

    /// Begins a transaction that only reads: all in it is of one state, the one of its first statement.
    pub(super) fn begin_reading(&mut self) -> Result<(), Error> {
        match self {
            Self::Pg(c) => c.batch_execute(dialect::POSTGRES_SNAPSHOT)?,
            Self::Sqlite(c, _) => _ = BeginReading {}.execute(c)?,
        }
        Ok(())
    }

    pub(super) fn end_reading(&mut self) -> Result<(), Error> {
        match self {
            Self::Pg(c) => c.batch_execute("COMMIT")?,
            Self::Sqlite(c, _) => _ = Commit {}.execute(c)?,
        }
        Ok(())
    }

    /// Runs statements that return nothing.
    ///
    /// # Errors
    /// The first statement that failed.
    pub fn batch_execute(&mut self, sql: &str) -> Result<(), Error> {
        Ok(on!(self, |c| c.batch_execute(sql))?)
    }

    /// Commits on SQLite without changing anything: writes the number anew that stands there for whoever wants one.
    pub(super) fn commit_nothing(&mut self) -> Result<(), Error> {
        let Self::Sqlite(c, _) = self else { return Ok(()) };
        let number: i32 = UserVersion {}.get_result(c)?;
        self.batch_execute(&format!("PRAGMA user_version = {number}"))
    }

    /// Whether the connection can take no more work: closed by the server, or left inside a transaction.
    pub(super) fn is_broken(&mut self) -> bool {
        match self {
            Self::Sqlite(_, nesting) => *nesting != Nesting::default(),
            Self::Pg(c) => {
                // Lets the connection's own task run once, so that a close by the server is seen.
                ThreadRuntime::get_runtime().0.block_on(tokio::task::yield_now());
                !matches!(PgManager::transaction_manager_status_mut(c).transaction_depth(), Ok(None))
                    || (**c).is_broken()
            }
        }
    }
}

/// How long somebody else may take to make a new database one with a write-ahead log.
const SETTLED_WITHIN: Duration = Duration::from_secs(10);

/// Sets a connection to SQLite up. When several processes meet at a new database, SQLite does not wait for its lock as it
/// does otherwise: each of them holds one that another one wants.
fn settle(conn: &mut SqliteConnection) -> QueryResult<()> {
    let begun = Instant::now();
    loop {
        match conn.batch_execute(dialect::SQLITE_SETTINGS) {
            Err(diesel::result::Error::DatabaseError(_, why))
                if why.message().contains("locked") && begun.elapsed() < SETTLED_WITHIN =>
            {
                std::thread::sleep(Duration::from_millis(10));
            }
            settled => return settled,
        }
    }
}

type PgManager = <PgConn as Connection>::TransactionManager;

statement! { UserVersion() -> diesel::sql_types::Integer, "PRAGMA user_version" }
statement! { Begin() -> (), "BEGIN IMMEDIATE" }
statement! { BeginReading() -> (), "BEGIN DEFERRED" }
statement! { Commit() -> (), "COMMIT" }
statement! { Rollback() -> (), "ROLLBACK" }
statement! { Savepoint() -> (), "SAVEPOINT unit" }
statement! { Release() -> (), "RELEASE unit" }
statement! { RollbackTo() -> (), "ROLLBACK TO unit" }

/// How many transactions and savepoints are open on SQLite: `None` after one that could not be ended, when nothing more
/// may be done on the connection.
///
/// diesel's own manager has SQLite parse each of these statements each time: about a hundredth of what a PUT takes.
#[derive(Debug, PartialEq, Eq)]
pub struct Nesting(Option<u32>);

impl Default for Nesting {
    fn default() -> Self {
        Self(Some(0))
    }
}

impl Nesting {
    fn begin(&mut self, c: &mut SqliteConnection) -> QueryResult<()> {
        let open = self.0.ok_or(diesel::result::Error::BrokenTransactionManager)?;
        if open == 0 { Begin {}.execute(c) } else { Savepoint {}.execute(c) }?;
        self.0 = Some(open + 1);
        Ok(())
    }

    fn end(&mut self, c: &mut SqliteConnection, kept: bool) -> QueryResult<()> {
        let open = self.0.take().ok_or(diesel::result::Error::BrokenTransactionManager)?;
        let ended = match (open, kept) {
            (..=1, true) => Commit {}.execute(c),
            (..=1, false) => Rollback {}.execute(c),
            (_, true) => Release {}.execute(c),
            (_, false) => RollbackTo {}.execute(c).and_then(|_| Release {}.execute(c)),
        };
        // A COMMIT that failed may have left the transaction open.
        if ended.is_ok() || (open == 1 && kept && Rollback {}.execute(c).is_ok()) {
            self.0 = Some(open.saturating_sub(1));
        }
        ended.map(|_| ())
    }
}

async fn connect_postgres(url: &str) -> Result<AsyncPgConnection, Error> {
    let (mut config, mode) = tls::postgres_config(url)?;
    config.connect_timeout(Duration::from_secs(5)).keepalives_idle(Duration::from_secs(30));
    let failed = |e: tokio_postgres::Error| {
        let cause = std::error::Error::source(&e).map(|s| format!(": {s}")).unwrap_or_default();
        Error::Connect(format!("{e}{cause}"))
    };
    let adopted = |e: diesel::ConnectionError| Error::Connect(e.to_string());
    match mode {
        tls::Mode::Plain => {
            let (client, conn) = config.connect(tokio_postgres::NoTls).await.map_err(failed)?;
            AsyncPgConnection::try_from_client_and_connection(client, conn).await.map_err(adopted)
        }
        tls::Mode::Tls(tls) => {
            let tls = tokio_postgres_rustls::MakeRustlsConnect::new(*tls);
            let (client, conn) = config.connect(tls).await.map_err(failed)?;
            AsyncPgConnection::try_from_client_and_connection(client, conn).await.map_err(adopted)
        }
    }
}

#[cfg(test)]
mod tests {
    use diesel::sql_types::BigInt;

    use super::*;

    statement! { Count() -> BigInt, "SELECT count(*) FROM parents" }

    fn opened(dir: &tempfile::TempDir) -> Conn {
        let mut conn = Conn::open(&format!("sqlite://{}", dir.path().join("t.db").display()), true).unwrap();
        let tables = "CREATE TABLE parents (id INTEGER PRIMARY KEY);
            CREATE TABLE children (of INTEGER REFERENCES parents (id) DEFERRABLE INITIALLY DEFERRED);";
        conn.batch_execute(tables).unwrap();
        conn
    }

    fn parents(conn: &mut Conn) -> i64 {
        on!(conn, |c| Count {}.get_result(c)).unwrap()
    }

    fn insert(conn: &mut Conn, sql: &str) -> Result<(), Error> {
        conn.batch_execute(sql)
    }

    #[test]
    fn what_fails_within_a_transaction_is_undone_alone() {
        let dir = tempfile::tempdir().unwrap();
        let mut conn = opened(&dir);
        let outer = conn.transaction(|conn| {
            insert(conn, "INSERT INTO parents VALUES (1)")?;
            let inner = conn.transaction(|conn| {
                insert(conn, "INSERT INTO parents VALUES (2)")?;
                conn.transaction(|conn| insert(conn, "INSERT INTO parents VALUES (3)"))?;
                insert(conn, "INSERT INTO parents VALUES (1)")
            });
            assert!(inner.is_err());
            conn.transaction(|conn| insert(conn, "INSERT INTO parents VALUES (4)"))
        });
        assert!(outer.is_ok() && !conn.is_broken());
        assert_eq!(parents(&mut conn), 2);
        let undone: Result<(), Error> = conn.transaction(|conn| {
            conn.transaction(|conn| insert(conn, "INSERT INTO parents VALUES (5)"))?;
            Err(Error::Panic)
        });
        assert!(undone.is_err() && !conn.is_broken());
        assert_eq!(parents(&mut conn), 2);
    }

    #[test]
    fn a_commit_that_is_refused_leaves_nothing_open() {
        let dir = tempfile::tempdir().unwrap();
        let mut conn = opened(&dir);
        let orphan = |conn: &mut Conn| insert(conn, "INSERT INTO parents VALUES (1); INSERT INTO children VALUES (9)");
        assert!(conn.transaction(orphan).is_err() && !conn.is_broken());
        assert_eq!(parents(&mut conn), 0);
        conn.transaction(|conn| insert(conn, "INSERT INTO parents VALUES (1)")).unwrap();
        assert_eq!(parents(&mut conn), 1);
    }

    #[test]
    fn nothing_more_is_done_in_a_transaction_that_is_gone() {
        let dir = tempfile::tempdir().unwrap();
        let mut conn = opened(&dir);
        let gone = conn.transaction(|conn| {
            insert(conn, "INSERT INTO parents VALUES (1)")?;
            // SQLite itself ends the whole transaction, as it does when the disk is full.
            let lost = conn.transaction(|conn| insert(conn, "INSERT OR ROLLBACK INTO parents VALUES (1)"));
            assert!(lost.is_err());
            // Outside of a transaction this would be there for good.
            let alone = conn.transaction(|conn| insert(conn, "INSERT INTO parents VALUES (2)"));
            assert!(alone.is_err());
            Ok::<_, Error>(())
        });
        assert!(gone.is_err() && conn.is_broken());
        assert_eq!(parents(&mut conn), 0);
    }
}
