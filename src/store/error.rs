use diesel::result::{DatabaseErrorKind, Error as Db};

/// What can go wrong between Fasti and its database.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A statement failed.
    #[error("database: {0}")]
    Db(#[from] Db),
    /// No connection could be made.
    #[error("cannot reach the database: {0}")]
    Connect(String),
    /// The queue is full or the turn came too late: try again.
    #[error("the database is busy; try again in a moment")]
    Busy,
    /// The transaction's COMMIT was sent and its answer lost: it may or may not have happened.
    #[error("the connection to the database broke while saving; look before you try again")]
    Unknown,
    /// The code inside a unit of work panicked; its transaction was rolled back.
    #[error("an internal error stopped the work; nothing was saved")]
    Panic,
    /// The schema could not be brought to this version.
    #[error("migration: {0}")]
    Migration(String),
    /// The URL is of no database Fasti knows, or not well-formed.
    #[error("database_url: {0}")]
    Url(String),
}

impl Error {
    /// The same work may succeed when it is run again from its beginning: it lost against another transaction, or
    /// that one inserted the same key first, and the next run finds its row.
    pub(super) fn is_worth_a_retry(&self) -> bool {
        match self {
            Self::Db(Db::DatabaseError(
                DatabaseErrorKind::SerializationFailure | DatabaseErrorKind::ExclusionViolation,
                _,
            )) => true,
            Self::Db(Db::DatabaseError(_, info)) if info.message() == "deadlock detected" => true,
            _ => self.unique_violation().is_some(),
        }
    }

    /// What a unit says that saw a row withheld which it did not see before: another transaction was quicker.
    #[must_use]
    pub fn lost() -> Self {
        let said = Box::new("another transaction was quicker".to_owned());
        Self::Db(Db::DatabaseError(DatabaseErrorKind::SerializationFailure, said))
    }

    /// What the wall against overlapping allocations says, where it only withheld the row.
    pub(super) fn overlap() -> Self {
        let said = Box::new("allocations_do_not_overlap".to_owned());
        Self::Db(Db::DatabaseError(DatabaseErrorKind::ExclusionViolation, said))
    }

    /// A unique key was taken; the name of the constraint or columns, where the database says it.
    #[must_use]
    pub fn unique_violation(&self) -> Option<&str> {
        match self {
            Self::Db(Db::DatabaseError(DatabaseErrorKind::UniqueViolation, info)) => {
                Some(info.constraint_name().unwrap_or_else(|| info.message()))
            }
            _ => None,
        }
    }
}

/// An error of a unit of work: a domain's own, which may carry one of the store's.
pub trait WorkError: From<Error> + Send + 'static {
    /// The store's error, where this is one.
    fn store_error(&self) -> Option<&Error>;
}

impl WorkError for Error {
    fn store_error(&self) -> Option<&Error> {
        Some(self)
    }
}
