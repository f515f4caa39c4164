//! Why a time cannot be booked (A8).

mod look;

use crate::time::{Civil, Interval, Resolved, Zone};

use super::{BlockKind, Busy, BusyKind, Ref};

pub use look::explain;

/// One thing that stands in the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reason {
    /// What kind of thing.
    pub kind: Why,
    /// Whose time it is about: a person or a resource; `None` when it is about the service or the business.
    pub who: Option<Ref>,
    /// The booking, hold, block, event or session; `None` for what has no name of its own.
    pub source: Option<Ref>,
    /// When: the busy time with its buffers, the nearest working hours, the time that is too soon or too far, the
    /// nearest slot.
    pub at: Option<Interval>,
}

/// Kinds of reasons.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Why {
    /// Clocks jump over this local time.
    Gap,
    /// It has begun already.
    Past,
    /// Less than the service's minimum notice is left.
    Notice,
    /// Further ahead than the service may be booked.
    Horizon,
    /// Not, or not for the whole duration, within working hours. The interval is the nearest that is.
    OutsideHours,
    /// A break in working hours.
    Break,
    /// Leave.
    TimeOff,
    /// A holiday, or the business is closed.
    Holiday,
    /// Maintenance.
    Maintenance,
    /// Blocked.
    Block,
    /// Another booking, with its buffers.
    Booking,
    /// Kept for somebody who is still deciding.
    Hold,
    /// An event of another calendar.
    External,
    /// The class is full.
    Full,
    /// More units are needed than there are.
    Quantity,
    /// What the service needs can each be had, but not all at once: one candidate would have to serve twice.
    Shared,
    /// Nobody is there who could serve.
    Nobody,
    /// Free, but slots begin at other times; the interval is the next one, when there is one soon.
    Step,
}

impl Why {
    /// The word for it in JSON.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Gap => "gap",
            Self::Past => "past",
            Self::Notice => "notice",
            Self::Horizon => "horizon",
            Self::OutsideHours => "outside_hours",
            Self::Break => "break",
            Self::TimeOff => "time_off",
            Self::Holiday => "holiday",
            Self::Maintenance => "maintenance",
            Self::Block => "block",
            Self::Booking => "booking",
            Self::Hold => "hold",
            Self::External => "external",
            Self::Full => "full",
            Self::Quantity => "quantity",
            Self::Shared => "shared",
            Self::Nobody => "nobody",
            Self::Step => "step",
        }
    }

    /// What to tell anyone, as the end of a sentence that begins with "not available".
    #[must_use]
    pub const fn summary(self) -> &'static str {
        match self {
            Self::Gap => "clocks are set forward over this time",
            Self::Past => "this time has passed",
            Self::Notice => "too soon to book",
            Self::Horizon => "too far ahead to book",
            Self::OutsideHours => "outside working hours",
            Self::Break => "in a break",
            Self::TimeOff => "time off",
            Self::Holiday => "closed for a holiday",
            Self::Maintenance => "under maintenance",
            Self::Block => "blocked",
            Self::Booking => "booked",
            Self::Hold => "held for somebody who is booking now",
            Self::External => "busy in another calendar",
            Self::Full => "the class is full",
            Self::Quantity => "not as many as are needed",
            Self::Shared => "what is needed is not free together",
            Self::Nobody => "nobody can serve",
            Self::Step => "bookings do not begin at this time",
        }
    }
}

impl Reason {
    /// What those who do not manage the business may know: the kind, neither who nor which nor exactly when.
    #[must_use]
    pub const fn reduced(self) -> Self {
        Self { kind: self.kind, who: None, source: None, at: None }
    }

    const fn new(kind: Why, at: Option<Interval>) -> Self {
        Self { kind, who: None, source: None, at }
    }

    fn busy(busy: &Busy, who: Option<Ref>) -> Self {
        let kind = match busy.kind {
            BusyKind::Booking => Why::Booking,
            BusyKind::Hold { .. } => Why::Hold,
            BusyKind::External => Why::External,
            BusyKind::Block(BlockKind::TimeOff) => Why::TimeOff,
            BusyKind::Block(BlockKind::Holiday) => Why::Holiday,
            BusyKind::Block(BlockKind::Maintenance) => Why::Maintenance,
            BusyKind::Block(BlockKind::Block) => Why::Block,
        };
        Self { kind, who, source: Some(busy.source), at: Some(busy.at) }
    }
}

/// Whether a time can be booked, and if not, why.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Explanation {
    /// Whether [`super::slots()`] offers it.
    pub available: bool,
    /// Everything that stands in the way; empty when it is available.
    pub reasons: Vec<Reason>,
}

impl Explanation {
    /// What those who do not manage the business may know: each kind once.
    #[must_use]
    pub fn reduced(&self) -> Self {
        let mut reasons: Vec<Reason> = self.reasons.iter().map(|reason| reason.reduced()).collect();
        reasons.sort_by_key(|reason| reason.kind);
        reasons.dedup();
        Self { available: self.available, reasons }
    }
}

/// Why a booking cannot start at a local time that clocks jump over; `None` for times that exist.
#[must_use]
pub fn explain_gap(local: Civil, zone: &Zone) -> Option<Explanation> {
    let Resolved::Never { .. } = zone.resolve(local) else { return None };
    Some(Explanation { available: false, reasons: vec![Reason::new(Why::Gap, None)] })
}
