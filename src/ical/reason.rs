//! Why a calendar, or an event in it, was not read, and where.

use std::fmt;

/// A place in the text that was read, and what is wrong there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadError {
    /// The physical line, from 1.
    pub line: usize,
    /// The octet in that line, from 1.
    pub column: usize,
    /// What is wrong.
    pub reason: Reason,
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}: {}", self.line, self.column, self.reason)
    }
}

impl std::error::Error for ReadError {}

/// What is wrong with a calendar. The texts are [`excerpt`]s: short, and free of control characters.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs, reason = "each message says what the variant means")]
pub enum Reason {
    // What the guard refuses.
    #[error("the calendar is larger than {limit} bytes")]
    TooManyBytes { limit: usize },
    #[error("the calendar has more than {limit} lines")]
    TooManyLines { limit: usize },
    #[error("a component has more than {limit} properties")]
    TooManyProperties { limit: usize },
    #[error("a property has more than {limit} parameters")]
    TooManyParameters { limit: usize },
    #[error("components are nested more than {limit} deep")]
    TooDeep { limit: usize },
    #[error("this is UTF-16; a calendar is UTF-8 (RFC 5545 §3.1.4)")]
    Utf16,
    #[error("this is not UTF-8 (RFC 5545 §3.1.4)")]
    NotUtf8,
    #[error("a NUL character is not text")]
    Nul,
    #[error("a line that begins with a space continues another one, but there is none before it")]
    NothingToContinue,

    // What is wrong with the whole file.
    #[error("there is no calendar here: BEGIN:VCALENDAR is expected")]
    NotACalendar,
    #[error("END:{found} does not close BEGIN:{open}")]
    EndMismatch { open: String, found: String },
    #[error("the calendar is cut off: END:{open} is missing")]
    CutOff { open: String },

    // What is wrong with one event.
    #[error("this is not a property: a name and a colon are expected (RFC 5545 §3.1)")]
    NotAProperty,
    #[error("DTSTART is missing (RFC 5545 §3.6.1)")]
    NoStart,
    #[error("{name} is here twice")]
    Twice { name: &'static str },
    #[error("\"{text}\" is not a date or time (RFC 5545 §3.3.4, §3.3.5)")]
    NotATime { text: String },
    #[error("\"{text}\" names a day or time that does not exist")]
    NoSuchTime { text: String },
    #[error("\"{text}\" is not in the years 1 to 9998")]
    OutOfRange { text: String },
    #[error("\"{text}\" is not a duration (RFC 5545 §3.3.6)")]
    NotADuration { text: String },
    #[error("the event ends before it begins")]
    EndBeforeStart,
    #[error("DTSTART and DTEND must both be days or both be times (RFC 5545 §3.8.2.2)")]
    MixedKinds,
    #[error("DTEND and DURATION contradict each other (RFC 5545 §3.6.1)")]
    EndAndDuration,
    #[error("\"{text}\" is not a sequence number")]
    NotASequence { text: String },
    #[error("\"{text}\" is not a recurrence rule (RFC 5545 §3.3.10)")]
    NotARule { text: String },
    #[error("EXRULE is not supported; it would bring back dates that were taken out")]
    ExRule,
    #[error("RANGE=THISANDFUTURE is not supported")]
    ThisAndFuture,
    #[error("an RDATE whose period is not as long as the event is not supported")]
    PeriodOfOtherLength,

    // Time zones.
    #[error("\"{tzid}\" is not a known time zone, and there is no VTIMEZONE for it")]
    UnknownZone { tzid: String },
    #[error("the VTIMEZONE of \"{tzid}\" cannot be used: {why}")]
    UnusableZone { tzid: String, why: &'static str },
    #[error("the event recurs in \"{tzid}\", which behaves like no time zone of the IANA database")]
    RecursInCustomZone { tzid: String },
    #[error("\"{tzid}\" is not a known time zone; times without a zone are read as {instead}")]
    UnknownCalendarZone { tzid: String, instead: String },
}

/// At most 80 characters of `text`, without its control characters: fit for a message, a page and a log.
#[must_use]
pub fn excerpt(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(80).collect()
}
