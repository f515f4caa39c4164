//! One unit of work: rows, each in its own savepoint, so that a bad one leaves no trace and stops no other.

use crate::booking::{Context, Error, Fault};
use crate::store::{self, Conn, WorkError, tenants};

use super::directory::Directory;
use super::row::{Content, Row};
use super::{blocks, bookings, offers};

/// What became of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    Created,
    Changed,
    Unchanged,
    Rejected(Vec<Fault>),
    Skipped(String),
    /// No row of its own.
    Noted(String),
}

/// A verdict, and what should be known about how the row was understood.
pub(super) type Outcome = (Verdict, Vec<Fault>);

/// Takes rows one after the other.
///
/// # Errors
/// Only those of the database, of which the whole unit is run again.
pub(super) fn take<'a>(
    conn: &mut Conn,
    ctx: &Context,
    staff: Option<&str>,
    rows: impl Iterator<Item = &'a Row>,
) -> Result<Vec<Outcome>, Error> {
    // Rows come in no order of whose time they take, and some are of the whole business.
    tenants::claim(conn, ctx.tenant)?;
    let mut directory = Directory::default();
    rows.map(|row| {
        directory.begin();
        let taken = match &row.content {
            Content::Refused(faults) => Ok((Verdict::Rejected(faults.clone()), Vec::new())),
            Content::Skipped(why) => Ok((Verdict::Skipped(why.clone()), Vec::new())),
            Content::Note(text) => Ok((Verdict::Noted(text.clone()), Vec::new())),
            content => conn.transaction(|conn| one(conn, ctx, &mut directory, staff, content)),
        };
        match taken {
            Ok(outcome) => Ok(outcome),
            Err(Error::Store(error)) => Err(Error::Store(error)),
            Err(error) => {
                directory.roll_back();
                let mut faults = faults(&error);
                if let (true, Content::Booking(booking)) = (error.is_want_of_time(), &row.content) {
                    // Who asks what is in the way of a row that is refused already may get no answer.
                    let holder = bookings::in_the_way(conn, ctx, &mut directory, staff, booking).ok().flatten();
                    if let (Some(holder), Some(fault)) = (holder, faults.first_mut()) {
                        fault.detail.push_str(&format!(" (conflict with {holder})"));
                    }
                }
                Ok((Verdict::Rejected(faults), Vec::new()))
            }
        }
    })
    .collect()
}

fn one(
    conn: &mut Conn,
    ctx: &Context,
    directory: &mut Directory,
    staff: Option<&str>,
    content: &Content,
) -> Result<Outcome, Error> {
    let plain = |verdict: Verdict| (verdict, Vec::new());
    match content {
        Content::Resource(row) => offers::resource(conn, ctx, directory, row).map(plain),
        Content::Person(row) => offers::person(conn, ctx, directory, row).map(plain),
        Content::Service(row) => offers::service(conn, ctx, directory, row).map(plain),
        Content::Booking(row) => bookings::booking(conn, ctx, directory, staff, row),
        Content::Block(row) => blocks::block(conn, ctx, row),
        Content::Refused(_) | Content::Skipped(_) | Content::Note(_) => Ok(plain(Verdict::Unchanged)),
    }
}

fn faults(error: &Error) -> Vec<Fault> {
    match error {
        Error::Invalid(faults) => faults.clone(),
        other => vec![Fault { pointer: String::new(), detail: other.to_string() }],
    }
}

/// How a unit of work ends that is not to be stored.
#[derive(Debug)]
pub(super) enum Ended {
    /// The database failed.
    Failed(store::Error),
    /// All went as it should, and was rolled back: a dry run.
    Undone(Vec<Outcome>),
}

impl From<store::Error> for Ended {
    fn from(error: store::Error) -> Self {
        Self::Failed(error)
    }
}

impl WorkError for Ended {
    fn store_error(&self) -> Option<&store::Error> {
        match self {
            Self::Failed(error) => Some(error),
            Self::Undone(_) => None,
        }
    }
}
