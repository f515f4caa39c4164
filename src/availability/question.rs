//! What is asked: a service's terms, and who and what it needs.

use crate::time::{Instant, Interval, Zone};

use super::grid::Grid;
use super::offsets::Offsets;
use super::{Busy, Hours, Ref};

/// How a service is booked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terms {
    /// How long it takes, in minutes; 0 counts as 1.
    pub duration_minutes: u32,
    /// When it may begin.
    pub grid: Grid,
    /// Minutes before the start that must be free of everything busy. They may lie outside working hours: a room can be
    /// aired before the shop opens.
    pub buffer_before_minutes: u32,
    /// Minutes after the end, as before the start.
    pub buffer_after_minutes: u32,
    /// The least number of minutes between asking and the start.
    pub min_notice_minutes: u32,
    /// The number of days after today, on the business's calendar, on which the last slots are; `None`: no limit.
    pub max_advance_days: Option<u32>,
    /// Seats of one session; more than 1 makes it a class.
    pub capacity: u32,
}

/// A person's, resource's or class's own time.
#[derive(Debug, Clone, Copy, Default)]
pub struct Calendar<'a> {
    /// Who or what.
    pub who: Ref,
    /// Own working hours.
    pub hours: Option<&'a Hours>,
    /// How many of it there are; a person is 1. Each is a unit of its own, numbered from 0, because a booking keeps its
    /// unit for the whole time: two units that are free one after the other serve nobody.
    pub quantity: u32,
    /// What takes its time, in any order.
    pub busy: &'a [Busy],
    /// Sessions of the asked service, when it is a class. Their time is among `busy` too, under the same source.
    pub sessions: &'a [Session],
}

/// A class that takes place and has people in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Session {
    /// From start to end, without buffers.
    pub at: Interval,
    /// Seats that are taken.
    pub taken: u32,
    /// Which unit it takes.
    pub unit: u32,
    /// The session; equal to the source of its busy time.
    pub source: Ref,
}

/// One of the things that a booking needs: one of several candidates, who serves no other need of the same booking.
#[derive(Debug, Clone, Copy)]
pub struct Need<'a> {
    /// Who can serve, in order of preference.
    pub candidates: &'a [Calendar<'a>],
    /// How many units of one candidate it takes; 0 counts as 1.
    pub units: u32,
}

/// The business around the calendars.
///
/// **Whose hours count.** Who is asked for and has hours of their own keeps those, whatever the business's are: a
/// stylist may open on a Sunday. Without own hours they have the business's. What is needed besides, such as a room, and
/// has no hours of its own is there whenever the one that is asked for is. Without hours anywhere, hours limit nothing.
/// Blocks of the whole business hold for everyone.
#[derive(Debug, Clone, Copy, Default)]
pub struct Business<'a> {
    /// The business's own hours.
    pub hours: Option<&'a Hours>,
    /// Blocks of the whole business, in any order.
    pub closures: &'a [Busy],
}

/// When can this be booked?
///
/// Hours, blocks and busy times have to be known over [`Question::reach`], whatever lies outside does not matter.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// The starts that are asked about.
    pub window: Interval,
    /// The current time.
    pub now: Instant,
    /// The business's zone. Grids and horizons are those of its clocks, wherever the one who asks may be: so slots are
    /// the same instants in every zone.
    pub zone: &'a Zone,
    /// The service.
    pub terms: Terms,
    /// The business.
    pub business: Business<'a>,
    /// What the booking needs. The first need leads: a slot says which of its candidates have it. None: the business's
    /// hours alone decide.
    pub needs: &'a [Need<'a>],
    /// Bookings and holds that make way: the one that is moved, the hold that is redeemed.
    pub ignore: &'a [Ref],
}

impl Terms {
    /// A service of some minutes, every so many minutes, without any other limit.
    #[must_use]
    pub const fn plain(duration_minutes: u32, grid: Grid) -> Self {
        Self {
            duration_minutes,
            grid,
            buffer_before_minutes: 0,
            buffer_after_minutes: 0,
            min_notice_minutes: 0,
            max_advance_days: None,
            capacity: 1,
        }
    }

    /// Seconds from start to end.
    pub(super) fn duration(&self) -> i64 {
        i64::from(self.duration_minutes.max(1)) * 60
    }

    /// Seconds of buffer before the start.
    pub(super) fn before(&self) -> i64 {
        i64::from(self.buffer_before_minutes) * 60
    }

    /// Seconds of buffer after the end.
    pub(super) fn after(&self) -> i64 {
        i64::from(self.buffer_after_minutes) * 60
    }

    /// All the time that a booking at `start` takes, buffers included.
    #[must_use]
    pub fn taken_from(&self, start: Instant) -> Interval {
        Interval { start, end: start + self.duration() }.widened(self.before(), self.after())
    }

    /// The first start that leaves the notice.
    #[must_use]
    pub fn earliest(&self, now: Instant) -> Instant {
        now + i64::from(self.min_notice_minutes) * 60
    }

    /// The first start that is too far ahead.
    #[must_use]
    pub fn horizon(&self, now: Instant, zone: &Zone) -> Option<Instant> {
        let days = i64::from(self.max_advance_days?);
        let near = Offsets::new(zone, Interval { start: now, end: now });
        // Two days more than asked for, because `end` needs to lie inside what the offsets know.
        let known = Interval { start: now, end: now + (days + 2) * super::offsets::DAY };
        Some(Offsets::new(zone, known).midnight(near.day(now) + days + 1))
    }
}

impl Question<'_> {
    /// The time over which hours, blocks and busy times have to be known to answer: from two local midnights before the
    /// window, where grids that concern it may begin, to the end of what a last start in it takes.
    #[must_use]
    pub fn reach(&self) -> Interval {
        let (start, terms) = (self.window.start, &self.terms);
        let around = Interval { start: start - 4 * super::offsets::DAY, end: start };
        let offsets = Offsets::new(self.zone, around);
        let first = offsets.midnight(offsets.day(start) - 2);
        Interval { start: first - terms.before(), end: self.window.end + terms.duration() + terms.after() }
    }

    /// The starts that are asked about and that notice and horizon allow.
    #[must_use]
    pub(super) fn bounds(&self) -> Option<Interval> {
        let horizon = self.terms.horizon(self.now, self.zone);
        let end = horizon.map_or(self.window.end, |far| far.min(self.window.end));
        Interval::new(self.window.start.max(self.terms.earliest(self.now)), end)
    }
}

impl Need<'_> {
    pub(super) fn units(&self) -> u32 {
        self.units.max(1)
    }
}
