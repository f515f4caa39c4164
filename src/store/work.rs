//! Units of work: closures that run whole on a thread that owns a connection.
//!
//! On SQLite one thread does all writing and *groups* the units that wait into one commit, a savepoint each: one
//! `fsync` then makes up to 64 bookings durable. On PostgreSQL every thread reads and writes. Look-ups of a few rows are
//! done where they are asked for when the database is a file here (`near`).

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, OnceLock, mpsc};
use std::time::{Duration, Instant as Tick};

use tokio::sync::oneshot;

use super::mark::{Mark, Marks};
use super::near::Near;
use super::queue::{Entrance, Queue};
use super::{Conn, Error, WorkError};

/// Units that one commit on SQLite carries at most.
const GROUP: usize = 64;
/// Runs of one unit at most, when it keeps losing against others.
const RUNS: usize = 72;

/// How a store uses its database.
#[derive(Debug, Clone)]
pub struct Options {
    /// Threads, each with one connection. On SQLite these read, and one more writes.
    pub threads: usize,
    /// Units that may wait; more are refused with [`Error::Busy`].
    pub queue: usize,
    /// Connections for look-ups on callers' own threads, on SQLite. When all are in use, the readers do it.
    pub near: usize,
    /// How long a unit may wait for its turn before it is refused with [`Error::Busy`].
    pub wait: Duration,
}

impl Options {
    /// Defaults for `url`: 16 threads on PostgreSQL; on SQLite a reader for each processor, 2 to 4, and a connection for
    /// look-ups for each; 1024 waiting units, 5 seconds.
    ///
    /// More readers than processors only take turns, each with pages of its own in memory.
    #[must_use]
    pub fn for_url(url: &str) -> Self {
        let near = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
        let threads = if url.starts_with("sqlite:") { near.clamp(2, 4) } else { 16 };
        Self { threads, queue: 1024, near, wait: Duration::from_secs(5) }
    }
}

/// The database, as everything above `store` sees it.
#[derive(Clone)]
pub struct Store {
    readers: Arc<Entrance<Job>>,
    writers: Arc<Entrance<Job>>,
    near: Option<Arc<Near>>,
    marks: Arc<OnceLock<Marks>>,
    postgres: bool,
    wait: Duration,
}

/// Answers the caller, once it is known whether the commit that carries its unit succeeded.
type Answer = Box<dyn FnOnce(bool) + Send>;

enum Outcome {
    /// Nothing more is to be done for the caller.
    Over,
    /// The unit is done, and its caller to be answered: on SQLite after the group's commit.
    Done(Answer),
    /// The connection was dead before anything was done: run it again on a new one.
    Again,
}

/// A unit of work as a thread runs it; `None` tells its caller that its turn came too late.
type Run = Box<dyn FnMut(Option<&mut Conn>) -> Outcome + Send>;

struct Job {
    run: Run,
    deadline: Tick,
}

impl Store {
    /// Opens the connections. The schema must be there: see [`super::migrate`].
    ///
    /// # Errors
    /// [`Error::Connect`] or [`Error::Url`] when the first connection fails.
    pub fn connect(url: &str, options: &Options) -> Result<Self, Error> {
        let postgres = !url.starts_with("sqlite:");
        let queue = || Arc::new(Entrance(Arc::new(Queue::new(options.queue))));
        let (readers, marks) = (queue(), Arc::new(OnceLock::new()));
        for i in 0..options.threads.max(1) {
            spawn(url, &format!("store-{i}"), &readers, Kind::Single { writes: postgres })?;
        }
        let writers = if postgres {
            Arc::clone(&readers)
        } else {
            let writers = queue();
            spawn(url, "store-writer", &writers, Kind::Group { marks: Arc::clone(&marks) })?;
            writers
        };
        let near = if postgres { None } else { Some(Arc::new(Near::open(url, options.near)?)) };
        // The threads' connections are open as long as there is a store.
        if let Some(found) = url.strip_prefix("sqlite://").and_then(Marks::open) {
            marks.get_or_init(|| found);
        }
        Ok(Self { readers, writers, near, marks, postgres, wait: options.wait })
    }

    /// The state that the database is in, where that is known without a look at its tables: on SQLite.
    #[must_use]
    pub fn mark(&self) -> Option<Mark> {
        self.marks.get()?.take()
    }

    /// Whether this is PostgreSQL.
    #[must_use]
    pub fn is_postgres(&self) -> bool {
        self.postgres
    }

    /// Units waiting to read and to write.
    #[must_use]
    pub fn queued(&self) -> (usize, usize) {
        (self.readers.0.len(), self.writers.0.len())
    }

    /// Runs a unit that looks up a few rows by their keys, outside of any transaction of its own. On SQLite that is done on
    /// this very thread, so it must not be much; on PostgreSQL it is a [`Self::read`].
    ///
    /// # Errors
    /// Those of [`Self::read`].
    pub async fn look_up<T, E>(&self, work: impl Fn(&mut Conn) -> Result<T, E> + Send + 'static) -> Result<T, E>
    where
        T: Send + 'static,
        E: WorkError,
    {
        self.look_up_at(self.mark(), work).await
    }

    /// [`Self::look_up`] of the state that a mark stands for, or of a later one.
    ///
    /// # Errors
    /// Those of [`Self::read`].
    pub async fn look_up_at<T, E>(
        &self,
        mark: Option<Mark>,
        work: impl Fn(&mut Conn) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: WorkError,
    {
        if let Some(looked) = self.near.as_ref().and_then(|near| near.look_up(mark, &work)) {
            return looked;
        }
        self.read(work).await
    }

    /// Runs a unit that reads. Several statements of it may see different states: see [`Conn::snapshot`].
    ///
    /// # Errors
    /// What `work` returns, [`Error::Busy`], or [`Error::Panic`].
    pub async fn read<T, E>(&self, work: impl Fn(&mut Conn) -> Result<T, E> + Send + 'static) -> Result<T, E>
    where
        T: Send + 'static,
        E: WorkError,
    {
        let mut fresh = true;
        self.submit(&self.readers, move |conn, answer| {
            let result = work(conn);
            if result.is_err() && std::mem::take(&mut fresh) && conn.is_broken() {
                return Outcome::Again;
            }
            let answer = answer.take();
            Outcome::Done(Box::new(move |_| send(answer, result)))
        })
        .await
    }

    /// Runs a unit that writes: all of it happens, or nothing. It must be repeatable, because it is run again when
    /// another transaction got in its way.
    ///
    /// # Errors
    /// What `work` returns (after the rollback), [`Error::Busy`], [`Error::Panic`], or [`Error::Unknown`].
    pub async fn write<T, E>(&self, work: impl Fn(&mut Conn) -> Result<T, E> + Send + 'static) -> Result<T, E>
    where
        T: Send + 'static,
        E: WorkError,
    {
        let mut fresh = true;
        self.submit(&self.writers, move |conn, answer| {
            let begun = std::cell::Cell::new(false);
            let result = run_until_settled(conn, &work, &begun);
            if result.is_err() && !begun.get() && std::mem::take(&mut fresh) && conn.is_broken() {
                return Outcome::Again;
            }
            let answer = answer.take();
            Outcome::Done(Box::new(move |committed| {
                let lost = || Err(Error::Db(diesel::result::Error::RollbackTransaction).into());
                send(answer, if committed || result.is_err() { result } else { lost() });
            }))
        })
        .await
    }

    async fn submit<T, E>(
        &self,
        queue: &Entrance<Job>,
        mut work: impl FnMut(&mut Conn, &mut Option<Reply<T, E>>) -> Outcome + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: WorkError,
    {
        let (reply, answered) = oneshot::channel();
        let mut reply = Some(reply);
        let run = Box::new(move |conn: Option<&mut Conn>| {
            let Some(conn) = conn else {
                send(reply.take(), Err(Error::Busy.into()));
                return Outcome::Over;
            };
            work(conn, &mut reply)
        });
        let job = Job { run, deadline: Tick::now() + self.wait };
        queue.0.push(job).map_err(|_| Error::Busy)?;
        answered.await.unwrap_or_else(|_| Err(Error::Panic.into()))
    }
}

type Reply<T, E> = oneshot::Sender<Result<T, E>>;

/// A caller that hung up does not need its answer; what was committed stays.
fn send<T, E>(reply: Option<Reply<T, E>>, result: Result<T, E>) {
    if let Some(reply) = reply {
        reply.send(result).ok();
    }
}

/// Runs a unit again while it loses against other transactions: a serialization failure, a deadlock, or a key or
/// time that another one took first. The next run sees what the winner wrote.
fn run_until_settled<T, E: WorkError>(
    conn: &mut Conn,
    work: &impl Fn(&mut Conn) -> Result<T, E>,
    begun: &std::cell::Cell<bool>,
) -> Result<T, E> {
    let mut runs = 0;
    loop {
        runs += 1;
        let result = conn.transaction(|c| {
            begun.set(true);
            work(c)
        });
        let lost = |e: &E| e.store_error().is_some_and(Error::is_worth_a_retry);
        match result {
            Err(error) if conn.is_postgres() && lost(&error) && !conn.is_broken() => {
                if runs == RUNS {
                    // A key that is taken still was not lost to somebody quicker: the unit does not look for it.
                    let is_twin = error.store_error().is_some_and(|e| e.unique_violation().is_some());
                    return Err(if is_twin { error } else { Error::Busy.into() });
                }
            }
            settled => return settled,
        }
    }
}

enum Kind {
    /// One unit after the other, each with its own transaction.
    Single { writes: bool },
    /// Waiting units share a commit.
    Group { marks: Arc<OnceLock<Marks>> },
}

fn spawn(url: &str, name: &str, jobs: &Entrance<Job>, kind: Kind) -> Result<(), Error> {
    let (url, jobs) = (url.to_owned(), Arc::clone(&jobs.0));
    let (opened, ready) = mpsc::sync_channel(1);
    let thread = move || {
        let writes = !matches!(kind, Kind::Single { writes: false });
        let mut conn = match Conn::open(&url, writes) {
            Ok(conn) => conn,
            Err(error) => {
                opened.send(Err(error)).ok();
                return;
            }
        };
        opened.send(Ok(())).ok();
        let mut answer: Option<Answer> = None;
        while let Some(mut job) = jobs.pop(|| settle(answer.take())) {
            if Tick::now() > job.deadline {
                (job.run)(None);
                continue;
            }
            if conn.is_broken() {
                reopen(&mut conn, &url, writes);
            }
            let ran = catch_unwind(AssertUnwindSafe(|| match &kind {
                Kind::Group { marks } => {
                    if let Some(marks) = marks.get() {
                        marks.prove(&mut conn);
                    }
                    run_group(&mut conn, job, &jobs);
                    None
                }
                Kind::Single { .. } => match (job.run)(Some(&mut conn)) {
                    Outcome::Over => None,
                    Outcome::Done(answer) => Some(answer),
                    Outcome::Again => {
                        reopen(&mut conn, &url, writes);
                        match (job.run)(Some(&mut conn)) {
                            Outcome::Done(answer) => Some(answer),
                            Outcome::Over | Outcome::Again => None,
                        }
                    }
                },
            }));
            let failed = ran.is_err();
            answer = ran.unwrap_or_default();
            if failed || conn.is_broken() {
                // Opening it again may take its time.
                settle(answer.take());
                reopen(&mut conn, &url, writes);
            }
        }
    };
    std::thread::Builder::new().name(name.to_owned()).spawn(thread).map_err(|e| Error::Connect(e.to_string()))?;
    ready.recv().map_err(|e| Error::Connect(e.to_string()))?
}

/// Answers the caller of a unit that stands.
fn settle(answer: Option<Answer>) {
    if let Some(answer) = answer {
        answer(true);
    }
}

/// Runs `job` and what waits behind it in one transaction, and answers all of them after its commit.
fn run_group(conn: &mut Conn, job: Job, jobs: &Queue<Job>) {
    let (mut answers, mut next): (Vec<Answer>, _) = (Vec::new(), Some(job));
    let committed = conn.transaction(|conn| -> Result<(), Error> {
        let mut units = 0;
        while let Some(mut job) = next.take() {
            if let Outcome::Done(answer) = (job.run)(Some(conn)) {
                answers.push(answer);
            }
            units += 1;
            if units < GROUP {
                next = jobs.try_pop();
            }
        }
        Ok(())
    });
    if let Err(error) = &committed {
        tracing::error!(%error, units = answers.len(), "a group commit failed; none of its units was saved");
        // It was not begun: another process writes and writes.
        if let Some(mut job) = next {
            (job.run)(None);
        }
    }
    for answer in answers {
        answer(committed.is_ok());
    }
}

fn reopen(conn: &mut Conn, url: &str, writes: bool) {
    let mut pause = Duration::from_millis(50);
    loop {
        match Conn::open(url, writes) {
            Ok(opened) => {
                *conn = opened;
                return;
            }
            Err(error) => {
                tracing::warn!(%error, "no connection to the database; trying again");
                std::thread::sleep(pause);
                pause = (pause * 2).min(Duration::from_secs(5));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn who_cannot_begin_hears_that_the_database_is_busy() {
        let dir = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", dir.path().join("t.db").display());
        let mut other = Conn::open(&url, true).unwrap();
        other.batch_execute("CREATE TABLE notes (note TEXT); BEGIN IMMEDIATE").unwrap();
        let store = Store::connect(&url, &Options::for_url(&url)).unwrap();
        let note = || store.write(|conn| conn.batch_execute("INSERT INTO notes VALUES ('a')"));
        // As long as SQLite waits, which is ten seconds.
        assert!(matches!(note().await, Err(Error::Busy)));
        other.batch_execute("ROLLBACK").unwrap();
        note().await.unwrap();
    }
}
