//! What the readers of files hand over: typed rows that know where they stood.

use crate::booking::Fault;
use crate::booking::people::NewPerson;
use crate::store::{BlockKind, BookingKind, BookingStatus, Id, ResourceKind, Role};
use crate::time::{Civil, Date};

use super::report::Kind;

/// Where a row begins.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Place {
    /// From 1.
    pub(super) line: u64,
    /// Octet in the line, from 1.
    pub(super) column: u64,
    /// Octet in the file, from 0.
    pub(super) offset: u64,
    /// Number of the row in its list, from 0.
    pub(super) index: u64,
}

/// A row.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) place: Place,
    pub(super) kind: Kind,
    pub(super) content: Content,
}

/// What a row says.
#[derive(Debug)]
pub(super) enum Content {
    Resource(ResourceRecord),
    Person(Box<PersonRecord>),
    Service(Box<ServiceRecord>),
    Booking(Box<BookingRecord>),
    Block(Box<BlockRecord>),
    /// It cannot be understood.
    Refused(Vec<Fault>),
    /// It is nothing to be taken.
    Skipped(String),
    /// It is taken with another row, or only something to be said.
    Note(String),
}

/// A field that may be missing (leave what is there), empty (`Some(None)`: nothing), or have a value.
pub(super) type Field<T> = Option<Option<T>>;

#[derive(Debug, Default)]
pub(super) struct ResourceRecord {
    pub(super) external_ref: Option<String>,
    pub(super) name: String,
    pub(super) kind: Option<ResourceKind>,
    pub(super) quantity: Option<i64>,
    pub(super) timezone: Field<String>,
}

#[derive(Debug)]
pub(super) struct PersonRecord {
    pub(super) role: Role,
    pub(super) external_ref: Option<String>,
    pub(super) name: String,
    pub(super) email: Field<String>,
    pub(super) phone: Field<String>,
    pub(super) username: Field<String>,
    pub(super) timezone: Field<String>,
    pub(super) locale: Field<String>,
}

impl PersonRecord {
    pub(super) fn to_new(&self) -> NewPerson {
        NewPerson {
            role: self.role,
            name: self.name.clone(),
            email: self.email.clone().flatten(),
            phone: self.phone.clone().flatten(),
            username: self.username.clone().flatten(),
            password_hash: None,
            timezone: self.timezone.clone().flatten(),
            locale: self.locale.clone().flatten(),
            external_ref: self.external_ref.clone(),
        }
    }
}

#[derive(Debug, Default)]
pub(super) struct ServiceRecord {
    pub(super) external_ref: Option<String>,
    pub(super) name: String,
    pub(super) kind: Option<BookingKind>,
    pub(super) duration_minutes: Option<i64>,
    pub(super) buffer_before_minutes: Option<i64>,
    pub(super) buffer_after_minutes: Option<i64>,
    pub(super) slot_step_minutes: Field<i64>,
    pub(super) min_notice_minutes: Field<i64>,
    pub(super) max_advance_days: Field<i64>,
    pub(super) capacity: Option<i64>,
    pub(super) color: Field<String>,
    pub(super) reminders_minutes: Option<Vec<i64>>,
    pub(super) cancellation_window_minutes: Field<i64>,
    pub(super) staff: Option<Vec<String>>,
    pub(super) resources: Option<Vec<String>>,
}

#[derive(Debug, Default)]
pub(super) struct BookingRecord {
    pub(super) external_ref: Option<String>,
    pub(super) uid: Option<String>,
    pub(super) sequence: Option<i32>,
    pub(super) service: ServiceChoice,
    pub(super) people: People,
    pub(super) resources: Option<Vec<String>>,
    pub(super) start: String,
    pub(super) end: Option<String>,
    pub(super) timezone: Option<String>,
    pub(super) status: Option<BookingStatus>,
    pub(super) notes: Field<String>,
    pub(super) location: Field<String>,
    pub(super) stop: Field<i64>,
    pub(super) rrule: Field<String>,
    /// What differs from the rule; none: what is stored stays.
    pub(super) differs: Option<Vec<Differing>>,
    /// The rule had no end in its calendar, and `rrule` is the part of it that is taken.
    pub(super) endless: Option<Endless>,
    /// What should be known about how it was understood.
    pub(super) notices: Vec<Fault>,
}

/// Blocked time as an event of a calendar says it.
#[derive(Debug)]
pub(super) struct BlockRecord {
    pub(super) uid: Option<String>,
    pub(super) cancelled: bool,
    pub(super) kind: BlockKind,
    pub(super) staff: Vec<Id>,
    pub(super) resources: Vec<Id>,
    pub(super) summary: Option<String>,
    pub(super) start: String,
    pub(super) end: String,
    pub(super) timezone: String,
    pub(super) rrule: Option<String>,
    pub(super) rdates: Vec<String>,
    pub(super) exdates: Vec<String>,
}

/// Which service a booking is of.
#[derive(Debug)]
pub(super) enum ServiceChoice {
    /// The one of this name, reference or id.
    Named(String),
    /// The first of these names that is a service, else the one for events of no known service. The event's own title.
    Guessed { names: Vec<String>, summary: Option<String> },
}

impl Default for ServiceChoice {
    fn default() -> Self {
        Self::Named(String::new())
    }
}

/// Who takes part.
#[derive(Debug)]
pub(super) enum People {
    /// As the columns say.
    Named { staff: Option<String>, customer: Field<Customer> },
    /// The parties of an event, of whom one may be staff and another the customer.
    Parties(Vec<PartyRecord>),
}

impl Default for People {
    fn default() -> Self {
        Self::Named { staff: None, customer: None }
    }
}

/// For whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Customer {
    /// By reference or id.
    Known(String),
    /// By name.
    Named { name: String, email: Option<String>, phone: Option<String> },
}

/// ORGANIZER or ATTENDEE of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PartyRecord {
    pub(super) name: String,
    pub(super) email: Option<String>,
}

/// Which occurrence of a series is meant, on the clocks of the series.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Instance {
    /// Those of this day.
    Day(Date),
    /// The one that starts then.
    At(Civil),
}

impl Instance {
    pub(super) fn is(self, start: Civil) -> bool {
        match self {
            Self::Day(day) => start.date() == day,
            Self::At(civil) => start == civil,
        }
    }
}

/// An occurrence that differs from its rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Differing {
    pub(super) instance: Instance,
    /// Start and end it was moved to; none: it does not take place.
    pub(super) moved_to: Option<(Civil, Civil)>,
}

/// A rule without an end as its calendar has it.
#[derive(Debug)]
pub(super) struct Endless {
    pub(super) rule: String,
    pub(super) start: String,
    pub(super) end: String,
}
