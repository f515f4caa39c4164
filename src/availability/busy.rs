//! What takes time away.

use crate::time::{Instant, Interval};

use super::Ref;

/// A stretch of time that is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Busy {
    /// When; of a booking or hold, with its own buffers.
    pub at: Interval,
    /// Which unit of a resource is taken; `None`: all of them.
    pub unit: Option<u32>,
    /// What takes it.
    pub kind: BusyKind,
    /// Which booking, hold, block or event.
    pub source: Ref,
}

/// What takes time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BusyKind {
    /// A booking that stands.
    Booking,
    /// A time kept for somebody who is still deciding; from `expires` on it takes nothing.
    Hold {
        /// The first instant at which it is void.
        expires: Instant,
    },
    /// Time that people took off or a manager blocked.
    Block(BlockKind),
    /// An event of another calendar, or one that a person put into their own collection.
    External,
}

/// Why time is blocked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BlockKind {
    /// Somebody's leave.
    TimeOff,
    /// A public holiday or a day on which the business is closed.
    Holiday,
    /// Something is being repaired or cleaned.
    Maintenance,
    /// Any other reason.
    Block,
}

impl Busy {
    /// A booking that takes one unit.
    #[must_use]
    pub const fn booking(at: Interval, unit: u32, source: Ref) -> Self {
        Self { at, unit: Some(unit), kind: BusyKind::Booking, source }
    }

    /// A block of everything its owner has.
    #[must_use]
    pub const fn block(at: Interval, kind: BlockKind, source: Ref) -> Self {
        Self { at, unit: None, kind: BusyKind::Block(kind), source }
    }

    /// An event of another calendar.
    #[must_use]
    pub const fn external(at: Interval, source: Ref) -> Self {
        Self { at, unit: None, kind: BusyKind::External, source }
    }

    /// Whether it takes time from who asks at `now`, and is none of the `ignored` that make way for what is asked.
    pub(super) fn counts(&self, now: Instant, ignored: &[Ref]) -> bool {
        let void = matches!(self.kind, BusyKind::Hold { expires } if expires <= now);
        !void && (ignored.is_empty() || !ignored.contains(&self.source))
    }

    /// Whether it takes this unit of `quantity`. Bookings that new zone rules put on top of others have units beyond
    /// the quantity; they take time all the same.
    pub(super) fn takes(&self, unit: u32, quantity: u32) -> bool {
        self.unit.is_none_or(|taken| taken % quantity.max(1) == unit)
    }
}
