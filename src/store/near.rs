//! Look-ups on the caller's own thread.
//!
//! A few rows of a local file, by their keys, are read sooner than another thread wakes up and answers.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;

use super::{Conn, Error, WorkError};

/// Connections to SQLite that are borrowed for the time of a look-up.
pub(super) struct Near {
    url: String,
    /// The one used last is taken next: its pages are there.
    idle: Mutex<Vec<Conn>>,
}

impl Near {
    /// # Errors
    /// [`Error::Connect`].
    pub fn open(url: &str, connections: usize) -> Result<Self, Error> {
        let idle: Result<_, _> = (0..connections).map(|_| Conn::open_near(url)).collect();
        Ok(Self { url: url.to_owned(), idle: Mutex::new(idle?) })
    }

    /// What `work` returns. `None` when it is to be done by a thread that can wait: all connections are in use, or the
    /// database has something against it.
    pub fn look_up<T, E: WorkError>(&self, work: impl Fn(&mut Conn) -> Result<T, E>) -> Option<Result<T, E>> {
        let mut conn = self.idle.lock().ok()?.pop()?;
        let looked = catch_unwind(AssertUnwindSafe(|| work(&mut conn)));
        let conn = match &looked {
            Ok(_) if !conn.is_broken() => Some(conn),
            _ => Conn::open_near(&self.url).ok(),
        };
        if let (Some(conn), Ok(mut idle)) = (conn, self.idle.lock()) {
            idle.push(conn);
        }
        match looked {
            Ok(Err(error)) if error.store_error().is_some() => None,
            Ok(result) => Some(result),
            Err(_) => Some(Err(Error::Panic.into())),
        }
    }
}
