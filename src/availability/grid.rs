//! At which times of the clock slots begin.

use std::ops::ControlFlow;

use crate::time::{Instant, Interval};

use super::offsets::{DAY, Offsets};

/// How far apart slots begin, and on which times of the clock the first of a free stretch may.
///
/// A grid begins with the free stretch it lies in: its first slot is the first local time there that is aligned, and
/// the others follow in steps of elapsed time. Where a free stretch goes on for days, the grid begins anew at the
/// second local midnight after its start and at every later one, so that the slots of a day depend on that day and the
/// two before it and not on how far back somebody looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grid {
    pub(super) step: i64,
    pub(super) align: i64,
}

/// Why there is no such grid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum GridError {
    /// Steps run from one minute to one day.
    #[error("a slot step of {0} minutes is not between 1 and 1440")]
    Step(u32),
    /// An alignment repeats every day on the same times of the clock.
    #[error("an alignment of {0} minutes does not divide a day")]
    Align(u32),
}

/// Starts in equal steps; at least one.
#[derive(Debug, Clone, Copy)]
pub(super) struct Starts {
    pub(super) first: Instant,
    count: i64,
    step: i64,
}

impl Starts {
    pub(super) const fn one(at: Instant) -> Self {
        Self { first: at, count: 1, step: 0 }
    }

    /// Each, in order.
    pub(super) fn each(self) -> impl Iterator<Item = Instant> {
        (0..self.count).map(move |number| self.first + number * self.step)
    }
}

impl Grid {
    /// Steps of some minutes, aligned to the largest of 60, 30, 20, 15, 10, 5 minutes that divides the step, else to
    /// whole minutes: a step of 90 minutes begins on full or half hours, one of 45 on quarters.
    ///
    /// # Errors
    /// [`GridError::Step`].
    pub fn every(step_minutes: u32) -> Result<Self, GridError> {
        let align = [60, 30, 20, 15, 10, 5].into_iter().find(|align| step_minutes.is_multiple_of(*align)).unwrap_or(1);
        Self::aligned(step_minutes, align)
    }

    /// Steps of some minutes whose first begins on a time of the clock that is a multiple of `align_minutes` after
    /// midnight. 0 aligns to nothing: the first slot begins where the free stretch does.
    ///
    /// # Errors
    /// [`GridError`].
    pub fn aligned(step_minutes: u32, align_minutes: u32) -> Result<Self, GridError> {
        if !(1..=1440).contains(&step_minutes) {
            return Err(GridError::Step(step_minutes));
        }
        if align_minutes != 0 && !1440_u32.is_multiple_of(align_minutes) {
            return Err(GridError::Align(align_minutes));
        }
        Ok(Self { step: i64::from(step_minutes) * 60, align: i64::from(align_minutes) * 60 })
    }

    /// Calls `found` with the starts on the grid of `stretch` that lie within `window`, in order.
    ///
    /// `stretch` holds possible starts, the last one included; it is where the grid begins, even before the window.
    pub(super) fn starts(
        self,
        stretch: Interval,
        window: Interval,
        offsets: &Offsets,
        mut found: impl FnMut(Starts) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        // Two midnights are never nearer than this to a start before the first of them.
        if stretch.end - stretch.start <= 22 * 3600 {
            return self.steps(stretch, window, offsets, &mut found);
        }
        let first_day = offsets.day(stretch.start);
        let mut part = Interval { start: stretch.start, end: offsets.midnight(first_day + 2).min(stretch.end) };
        let mut day = first_day + 2;
        if part.end < window.start {
            day = day.max(offsets.day(window.start) - 1);
            part = Interval { start: offsets.midnight(day).max(part.start), end: offsets.midnight(day + 1) };
            part.end = part.end.min(stretch.end);
            day += 1;
        }
        while part.start < part.end && part.start < window.end {
            self.steps(part, window, offsets, &mut found)?;
            day += 1;
            part = Interval { start: part.end, end: offsets.midnight(day).min(stretch.end) };
        }
        ControlFlow::Continue(())
    }

    /// The starts of a grid that begins at the start of `part`.
    fn steps(
        self,
        part: Interval,
        window: Interval,
        offsets: &Offsets,
        found: &mut impl FnMut(Starts) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let mut first = self.first(part.start, offsets);
        if first < window.start {
            let behind = window.start - first;
            first = first + (behind + self.step - 1) / self.step * self.step;
        }
        let end = part.end.min(window.end);
        if first >= end {
            return ControlFlow::Continue(());
        }
        found(Starts { first, count: (end - first - 1) / self.step + 1, step: self.step })
    }

    /// The first aligned time of the clock from `from` on.
    fn first(self, from: Instant, offsets: &Offsets) -> Instant {
        if self.align == 0 {
            return from;
        }
        let mut from = from;
        loop {
            let (offset, until) = offsets.at(from);
            let past = (from.unix() + offset).rem_euclid(DAY) % self.align;
            let at = if past == 0 { from } else { from + (self.align - past) };
            // The clocks may change before that time of the clock comes.
            if at < until {
                return at;
            }
            from = until;
        }
    }
}
