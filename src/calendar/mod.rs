//! Use cases on collections and the calendar objects in them: what CalDAV shows of a business to one person.
//!
//! Everything is seen by a [`Viewer`]. [`home::find`] says whose calendars they may see and what they may do there,
//! [`members`] lists and reads objects, [`mod@write`] changes those that clients own. What a client changes in a `bookings`
//! collection is a matter of [`crate::booking`], which the caller asks.

pub mod home;
pub mod members;
pub mod precondition;
pub mod write;

use crate::ical::object::Violation;
use crate::store::{self, Id, Role, TenantId};
use crate::time::Instant;

/// Who looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Viewer {
    /// The business.
    pub tenant: TenantId,
    /// The person.
    pub person: Id,
    /// What they are in the business.
    pub role: Role,
    /// The current time.
    pub now: Instant,
}

/// Why something was not shown or not done. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The database failed, or is busy.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// It is not there, or the viewer may not know that it is.
    #[error("there is nothing at this address")]
    NotFound,
    /// There is no such collection in the home.
    #[error("there is no such calendar")]
    NoCollection,
    /// It is there, and the viewer may not do this.
    #[error("{0}")]
    Forbidden(&'static str),
    /// A collection of this name is there already.
    #[error("there is something at this address already")]
    Exists,
    /// The collection it would lie in is not there (RFC 4918 §9.7.1).
    #[error("the collection it would lie in does not exist")]
    NoParent,
    /// It has changed, is there, or is not, against what the request expects (RFC 9110 §13).
    #[error("it is not, or no longer, as this change expects; read it again and repeat the change")]
    Precondition,
    /// The text is no calendar object that can be kept.
    #[error("{}", .0.detail)]
    Object(#[from] Violation),
    /// The collection does not take components of this kind (`CALDAV:supported-calendar-component`).
    #[error("this collection does not take {0}; it takes {1}")]
    Component(String, String),
    /// There is an object of this UID in the collection, under this name (`CALDAV:no-uid-conflict`).
    #[error("the calendar has an object of this UID already: {0}")]
    UidConflict(String),
    /// The collection would have more octets than it may (RFC 4331 §6).
    #[error("this calendar is full; delete what is long over, or make another one")]
    Full,
    /// There are as many as there may be.
    #[error("there are {0} already, as many as there may be; delete one first")]
    TooMany(usize),
}

impl store::WorkError for Error {
    fn store_error(&self) -> Option<&store::Error> {
        match self {
            Self::Store(error) => Some(error),
            _ => None,
        }
    }
}
