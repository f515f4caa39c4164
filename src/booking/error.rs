use super::offer::Reason;
use super::span::Span;
use crate::store;
use crate::time::Civil;

/// Why a use case did not happen. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The database failed, or is busy.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// There is no such thing in this business.
    #[error("there is no {0} with this id")]
    NotFound(&'static str),
    /// The input cannot be accepted; every fault is named.
    #[error("{}", .0.first().map_or_else(|| "the input cannot be accepted".to_owned(), Fault::to_string))]
    Invalid(Vec<Fault>),
    /// The input is fine, but not in the present state.
    #[error("{detail}")]
    Conflict {
        /// Which kind of conflict.
        kind: Conflict,
        /// What is in the way and what to do.
        detail: String,
    },
    /// Times of several things that are had together or not at all are taken; each that is names its place.
    #[error("{}", .0.first().map_or_else(|| "the time is taken".to_owned(), Fault::to_string))]
    Unavailable(Vec<Fault>),
    /// Some occurrences of a series cannot be had, and so none of it is.
    #[error("{detail}")]
    Occurrences {
        /// Which, in short, and what to do.
        detail: String,
        /// Each of them, by start.
        failing: Vec<Failing>,
    },
    /// Somebody else changed it since the caller read it.
    #[error("it was changed since you read it; read it again and repeat your change")]
    Changed,
}

/// An occurrence of a series that cannot be had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failing {
    /// Which: the local start its rule gives it.
    pub recurrence_id: Civil,
    /// When it would be.
    pub span: Span,
    /// Everything that is in the way.
    pub reasons: Vec<Reason>,
}

/// The kinds of conflict.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Conflict {
    /// The time is taken.
    SlotUnavailable,
    /// There is one of this name, address, reference or UID already.
    AlreadyExists,
    /// Something that is needed still depends on it.
    InUse,
    /// A booking in this state cannot be changed so.
    WrongState,
    /// There are as many as a business may have at once.
    TooMany,
    /// The idempotency key was used for another request.
    KeyReused,
    /// Hours or a block that are kept cannot be worked out any more; the detail says whose, and what to do.
    Unusable,
}

/// One thing that is wrong with the input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Where, as a JSON pointer (RFC 6901), e.g. `/customer/email`; empty for the whole.
    pub pointer: String,
    /// What is wrong and what would be right.
    pub detail: String,
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let field = self.pointer.trim_start_matches('/').replace('/', ".");
        if field.is_empty() { f.write_str(&self.detail) } else { write!(f, "{field} {}", self.detail) }
    }
}

impl Error {
    /// Whether it is for want of time.
    #[must_use]
    pub fn is_want_of_time(&self) -> bool {
        let kind = Conflict::SlotUnavailable;
        matches!(self, Self::Occurrences { .. } | Self::Unavailable(_))
            || matches!(self, Self::Conflict { kind: found, .. } if *found == kind)
    }

    /// One fault at one place.
    pub fn invalid(pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::Invalid(vec![Fault { pointer: pointer.into(), detail: detail.into() }])
    }

    /// Another transaction was quicker: the unit of work is run again, and looks anew at what its caller expects.
    #[must_use]
    pub fn lost() -> Self {
        store::Error::lost().into()
    }

    /// The same where the unit of work itself read what is expected: then nobody else can tell what changed since.
    #[must_use]
    pub fn or_lost(self) -> Self {
        if matches!(self, Self::Changed) { Self::lost() } else { self }
    }

    /// A conflict.
    pub fn conflict(kind: Conflict, detail: impl Into<String>) -> Self {
        Self::Conflict { kind, detail: detail.into() }
    }
}

impl store::WorkError for Error {
    fn store_error(&self) -> Option<&store::Error> {
        match self {
            Self::Store(error) => Some(error),
            _ => None,
        }
    }
}

impl From<diesel::result::Error> for Error {
    fn from(error: diesel::result::Error) -> Self {
        Self::Store(error.into())
    }
}

/// Gathers what is wrong, so that a caller learns all of it at once.
#[derive(Debug, Default)]
pub struct Faults(Vec<Fault>);

impl Faults {
    /// Notes a fault.
    pub fn add(&mut self, pointer: impl Into<String>, detail: impl Into<String>) {
        self.0.push(Fault { pointer: pointer.into(), detail: detail.into() });
    }

    /// Takes the value, or notes the fault and gives a stand-in that [`Faults::check`] keeps from being used.
    pub fn take<T: Default, E: ToString>(&mut self, pointer: &str, result: Result<T, E>) -> T {
        result.unwrap_or_else(|error| {
            self.add(pointer, error.to_string());
            T::default()
        })
    }

    /// Takes the value, or notes its faults at places below `under`, and goes on.
    ///
    /// # Errors
    /// What is no fault of the input.
    pub fn gather<T>(&mut self, under: &str, result: Result<T, Error>) -> Result<Option<T>, Error> {
        match result {
            Ok(value) => Ok(Some(value)),
            Err(Error::Invalid(faults)) => {
                let below = |f: Fault| Fault { pointer: format!("{under}{}", f.pointer), ..f };
                self.0.extend(faults.into_iter().map(below));
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// How many there are so far.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none so far.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Goes on only when nothing is wrong.
    ///
    /// # Errors
    /// [`Error::Invalid`] with every fault.
    pub fn check(self) -> Result<(), Error> {
        if self.0.is_empty() { Ok(()) } else { Err(Error::Invalid(self.0)) }
    }
}
