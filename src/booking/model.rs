//! What goes into and comes out of the use cases on bookings.

use crate::store::bookings::Booking;
use crate::store::people::Person;
use crate::store::{BookingStatus, Id};

use super::Fault;

/// A booking as somebody asks for it. Times are texts as [`crate::time::TimeInput`] reads them.
#[derive(Debug, Clone, Default)]
pub struct NewBooking {
    /// What is booked.
    pub service: Id,
    /// Who serves; none: the first free one of those who can.
    pub staff: Option<Id>,
    /// What is used; none: the first free one of those the service needs.
    pub resources: Option<Vec<Id>>,
    /// For whom.
    pub customer: CustomerInput,
    /// RFC 3339, local time, or a date for whole days.
    pub start: String,
    /// As `start`, exclusive; none: `start` and the service's duration.
    pub end: Option<String>,
    /// IANA zone of local times and of the booking; none: the business's.
    pub timezone: Option<String>,
    /// RFC 5545 RRULE for a series.
    pub rrule: Option<String>,
    /// For staff.
    pub notes: Option<String>,
    /// Where, e.g. the address of a delivery.
    pub location: Option<String>,
    /// Position in a delivery route, from 1.
    pub stop: Option<i64>,
    /// The reference another system knows it by; unique in the business.
    pub external_ref: Option<String>,
    /// `tentative` or `confirmed`; none: confirmed.
    pub status: Option<BookingStatus>,
}

/// A booking of a time that is held. What it leaves out is the hold's; what it names has to agree with it.
#[derive(Debug, Clone)]
pub struct HeldBooking {
    /// The hold.
    pub hold: Id,
    /// What is booked.
    pub service: Option<Id>,
    /// When.
    pub start: Option<String>,
    /// Everything else; its service and start are left aside.
    pub rest: NewBooking,
}

/// For whom a booking is.
#[derive(Debug, Clone, Default)]
pub enum CustomerInput {
    /// Nobody, e.g. maintenance.
    #[default]
    Nobody,
    /// A customer of the business.
    Known(Id),
    /// A customer by name and address, who is found or added.
    Named {
        /// Name.
        name: String,
        /// One e-mail address.
        email: Option<String>,
        /// Telephone number.
        phone: Option<String>,
    },
}

/// What to change of a booking. Outer `None`: leave it; inner `None`: remove it.
#[derive(Debug, Clone, Default)]
pub struct BookingPatch {
    /// The version the caller read (`If-Match`); none: whatever it is.
    pub expected_version: Option<i64>,
    /// Another staff member.
    pub staff: Option<Option<Id>>,
    /// Other resources.
    pub resources: Option<Vec<Id>>,
    /// Another customer.
    pub customer: Option<CustomerInput>,
    /// Another start; without `end` the duration stays.
    pub start: Option<String>,
    /// Another end.
    pub end: Option<String>,
    /// Another zone; the local times stay unless they are given too.
    pub timezone: Option<String>,
    /// Other notes.
    pub notes: Option<Option<String>>,
    /// Another place.
    pub location: Option<Option<String>>,
    /// Another position in the route.
    pub stop: Option<Option<i64>>,
    /// Another reference.
    pub external_ref: Option<Option<String>>,
    /// `tentative` or `confirmed`.
    pub status: Option<BookingStatus>,
}

/// A booking that was accepted, and what the caller should know about how it was understood.
#[derive(Debug, Clone)]
pub struct Booked {
    /// The row as it is now.
    pub booking: Booking,
    /// For whom it is.
    pub customer: Option<Person>,
    /// E.g. that a local time happens twice and the earlier was taken; pointers name the input's fields.
    pub notices: Vec<Fault>,
    /// The collections whose content changed, for caches of this process.
    pub touched: Vec<Id>,
}

/// Which occurrences of a booking are meant. Each is named by its RECURRENCE-ID: the local start its rule gives it, or
/// that as an instant; of whole days the date. The one occurrence of a booking that does not recur need not be named.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Scope {
    /// Every one.
    #[default]
    All,
    /// This one.
    This(Option<String>),
    /// This one and all after it.
    Following(Option<String>),
}
