//! Calendar object resources (RFC 4791 §4.1): what clients keep with PUT, strictly read.
//!
//! [`Object::parse`] takes what a client sends, or says which precondition of CalDAV it violates. What was accepted is
//! stored as it came; this room answers questions about it: what the index of a table should know ([`Object::index`]),
//! whether a calendar-query wants it ([`filter`]), which part of it a report asks for ([`select`]) and which time it
//! takes ([`free_busy`]). All of it is a function of its arguments; nothing is rendered that was not written, but for
//! partial retrieval and expansion.
//!
//! | file | what it does |
//! | --- | --- |
//! | `tree` | components and properties as they are written (RFC 5545 §3.4), and back to text |
//! | `parse`, `structure` | the rules of RFC 4791 §4.1 over the whole object |
//! | `part`, `availability`, `alarm`, `period` | one component: its dates, rules and values (RFC 5545, RFC 7953) |
//! | `set` | a master with its overrides: the instances, and which component each is from |
//! | `overlap` | when a component or an instance overlaps a time range (RFC 4791 §9.9) |
//! | `index` | what a table keeps, so that most objects need no reading |
//! | `occurs` | when an object takes place, to be remembered |
//! | `filter/` | CALDAV:filter (RFC 4791 §9.7) |
//! | `select/` | CALDAV:calendar-data (RFC 4791 §9.6): partial retrieval, expand, limits |
//! | `free_busy` | CALDAV:free-busy-query (RFC 4791 §7.10) |
//!
//! It reads leniently where real clients need it and the meaning is plain; `docs/rulings.md` has the list.

mod alarm;
mod availability;
pub mod filter;
pub mod free_busy;
mod index;
mod occurs;
mod overlap;
mod parse;
mod part;
mod period;
pub mod select;
mod set;
mod structure;
#[cfg(test)]
mod tests;
mod tree;

use std::fmt;

pub use crate::recurrence::Exhausted;
use crate::time::{Instant, Interval, Zone};
pub use index::Index;
pub use occurs::Occurs;
pub use tree::{Component, Property};

/// The type of an object's components (RFC 5545 §3.6, RFC 7953 §3.1). An object has one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// `VEVENT`
    Event,
    /// `VTODO`
    Todo,
    /// `VJOURNAL`
    Journal,
    /// `VFREEBUSY`
    FreeBusy,
    /// `VAVAILABILITY`
    Availability,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Event, Self::Todo, Self::Journal, Self::FreeBusy, Self::Availability];

    /// The RFC's word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Event => "VEVENT",
            Self::Todo => "VTODO",
            Self::Journal => "VJOURNAL",
            Self::FreeBusy => "VFREEBUSY",
            Self::Availability => "VAVAILABILITY",
        }
    }

    /// The type of that name, case ignored.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str().eq_ignore_ascii_case(name))
    }
}

/// What a collection accepts (RFC 4791 §5.2.3 to §5.2.9).
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// CALDAV:max-resource-size, in octets.
    pub bytes: usize,
    /// CALDAV:max-attendees-per-instance; counted in each component for itself, alarms included.
    pub attendees: usize,
    /// CALDAV:max-instances: how many instances a series may have within a year (so many years, if the rule takes a step
    /// only every so many). An endless rule is welcome, a dense one is not.
    pub instances: usize,
    /// CALDAV:min-date-time: the earliest date or time that may be written.
    pub earliest: Instant,
    /// CALDAV:max-date-time: the latest one.
    pub latest: Instant,
    /// CALDAV:supported-calendar-component-set.
    pub kinds: &'static [Kind],
}

impl Default for Limits {
    /// 1 MiB, 100 attendees, 10,000 instances a year, the years 1 to 9998, events and to-dos and journals.
    fn default() -> Self {
        Self {
            bytes: 1024 * 1024,
            attendees: 100,
            instances: 10_000,
            earliest: EARLIEST,
            latest: Instant::from_unix(253_370_764_799),
            kinds: &[Kind::Event, Kind::Todo, Kind::Journal],
        }
    }
}

impl Limits {
    /// For what was accepted once, and is read again: every kind, and nothing counted that a smaller limit could refuse
    /// afterwards.
    #[must_use]
    pub const fn stored() -> Self {
        Self {
            bytes: 64 * 1024 * 1024,
            attendees: usize::MAX,
            instances: usize::MAX,
            earliest: Instant::from_unix(i64::MIN),
            latest: Instant::from_unix(i64::MAX),
            kinds: &Kind::ALL,
        }
    }
}

/// 0001-01-01T00:00:00Z: no date that RFC 5545 can write is earlier by more than an offset from UTC.
const EARLIEST: Instant = Instant::from_unix(-62_135_596_800);

/// The precondition of a PUT that an object violates (RFC 4791 §5.3.2.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Condition {
    /// CALDAV:valid-calendar-data: it is not iCalendar.
    ValidCalendarData,
    /// CALDAV:valid-calendar-object-resource: it is iCalendar, but not one object as §4.1 has it.
    ValidCalendarObjectResource,
    /// CALDAV:supported-calendar-component
    SupportedCalendarComponent,
    /// CALDAV:max-resource-size
    MaxResourceSize,
    /// CALDAV:min-date-time
    MinDateTime,
    /// CALDAV:max-date-time
    MaxDateTime,
    /// CALDAV:max-instances
    MaxInstances,
    /// CALDAV:max-attendees-per-instance
    MaxAttendeesPerInstance,
}

impl Condition {
    /// The element of the namespace `urn:ietf:params:xml:ns:caldav`.
    #[must_use]
    pub const fn element(self) -> &'static str {
        match self {
            Self::ValidCalendarData => "valid-calendar-data",
            Self::ValidCalendarObjectResource => "valid-calendar-object-resource",
            Self::SupportedCalendarComponent => "supported-calendar-component",
            Self::MaxResourceSize => "max-resource-size",
            Self::MinDateTime => "min-date-time",
            Self::MaxDateTime => "max-date-time",
            Self::MaxInstances => "max-instances",
            Self::MaxAttendeesPerInstance => "max-attendees-per-instance",
        }
    }
}

/// Why an object is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// What the client's program is told.
    pub condition: Condition,
    /// What people are told: where it is wrong and why, without control characters.
    pub detail: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.detail)
    }
}

impl std::error::Error for Violation {}

/// A stretch of time, open where an end is missing (CALDAV:time-range, RFC 4791 §9.9).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct TimeRange {
    /// The first instant inside.
    pub start: Option<Instant>,
    /// The first instant after it.
    pub end: Option<Instant>,
}

impl TimeRange {
    /// The whole of it, as far as dates can be written.
    #[must_use]
    pub fn interval(self) -> Interval {
        let start = self.start.unwrap_or(EARLIEST - 86_400);
        Interval { start, end: self.end.unwrap_or(Instant::MAX + 1) }
    }
}

impl From<Interval> for TimeRange {
    fn from(interval: Interval) -> Self {
        Self { start: Some(interval.start), end: Some(interval.end) }
    }
}

/// A calendar object resource that obeys RFC 4791 §4.1.
#[derive(Debug, Clone)]
pub struct Object {
    calendar: Component,
    uid: String,
    kind: Kind,
    /// The components of `kind`, in the order of the text.
    parts: Vec<part::Part>,
    /// How they belong together: one set, or one for each override whose master is elsewhere.
    sets: Vec<set::Set>,
    /// What is in each VAVAILABILITY.
    available: Vec<availability::Available>,
}

/// One instance of an object's components.
#[derive(Debug, Clone, Copy)]
pub struct ObjectInstance<'o> {
    /// The instant of its RECURRENCE-ID: its start, unless it was moved.
    pub recurrence_at: Instant,
    /// When it takes place.
    pub at: Interval,
    /// The master, or the override it is from.
    pub component: &'o Component,
}

impl Object {
    /// Reads an object.
    ///
    /// # Errors
    /// The first precondition that it violates.
    pub fn parse(bytes: &[u8], limits: &Limits) -> Result<Self, Violation> {
        parse::parse(bytes, limits)
    }

    /// UID, the same in all components.
    #[must_use]
    pub fn uid(&self) -> &str {
        &self.uid
    }

    /// The type of its components.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// The VCALENDAR, as it was written.
    #[must_use]
    pub const fn calendar(&self) -> &Component {
        &self.calendar
    }

    /// The components of its type, in the order of the text.
    pub fn components(&self) -> impl Iterator<Item = &Component> {
        self.parts.iter().filter_map(|part| self.calendar.components.get(part.component))
    }

    /// The instances that share time with `window`, each with the component that says what it is like. Floating times and
    /// dates are those of `floating`.
    ///
    /// # Errors
    /// [`Exhausted`] when there are more than `most`, or when finding them takes too much work.
    pub fn instances(
        &self,
        window: Interval,
        floating: &Zone,
        most: usize,
    ) -> Result<Vec<ObjectInstance<'_>>, Exhausted> {
        let mut found = Vec::new();
        for set in &self.sets {
            let Some(series) = &set.series else { continue };
            for instance in series.instances(window, floating) {
                let instance = instance?;
                let part = self.parts.get(set.part_of(&instance));
                let component = part.and_then(|part| self.calendar.components.get(part.component));
                let Some(component) = component else { continue };
                if found.len() == most {
                    return Err(Exhausted);
                }
                // An override without its master knows which instance it is only by its name.
                let alone = part.and_then(|part| part.recurrence.as_ref()).filter(|_| !set.recurs());
                let recurrence_at = alone.map_or(instance.recurrence_at, |(id, _)| part::instant(id, floating));
                found.push(ObjectInstance { recurrence_at, at: instance.at, component });
            }
        }
        Ok(found)
    }

    /// When the master itself takes place, without what it repeats like. `None` without a master, or without DTSTART.
    #[must_use]
    pub fn master_at(&self, floating: &Zone) -> Option<Interval> {
        self.parts.iter().find(|part| part.recurrence.is_none())?.interval(floating)
    }

    /// What an index of objects should know.
    ///
    /// ```
    /// use fasti::ical::object::{Limits, Object};
    ///
    /// let text = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//x//y//EN\r\nBEGIN:VEVENT\r\nUID:1\r\n\
    ///     DTSTAMP:20260101T000000Z\r\nDTSTART:20260105T090000Z\r\nDURATION:PT1H\r\nRRULE:FREQ=WEEKLY\r\n\
    ///     END:VEVENT\r\nEND:VCALENDAR\r\n";
    /// let index = Object::parse(text.as_bytes(), &Limits::default()).unwrap().index();
    /// // A bound: of a series it may be a second early.
    /// assert!(("2026-01-05T08:59:59Z".."2026-01-05T09:00:01Z").contains(&&*index.first_start.unwrap().to_string()));
    /// assert!(index.recurring && index.last_end.is_none());
    /// ```
    #[must_use]
    pub fn index(&self) -> Index {
        index::index(self)
    }
}
