//! A rule made ready: civil time in, civil time out.
//!
//! | file | what it does |
//! | --- | --- |
//! | `days` | which days of a month, as a bit mask |
//! | `times` | which times of a day |
//! | `build` | from a [`Rule`](super::Rule) and DTSTART |
//! | `picks` | BYSETPOS |
//! | `grid` | HOURLY to SECONDLY when INTERVAL does not fit into days |
//!
//! Most rules are days × times: HOURLY every six hours is DAILY at four times. Many of them, such as every Tuesday at ten,
//! are equal steps. A cursor goes from month to month, so a jump over centuries is one division, and a rule without any
//! day ends after the months to the year 9999.

mod build;
mod days;
mod grid;
mod picks;
mod times;

use super::day::{self, Month, SECONDS_PER_DAY};
use super::rule::Skip;
use super::work::{Exhausted, Work};
use days::Days;

pub(super) use build::Ends;

/// A rule made ready for one DTSTART. Times are civil seconds ([`day::seconds_of`]).
#[derive(Debug, Clone)]
pub(super) struct Plan {
    kind: Kind,
    days: Days,
    /// Seconds of the day, ascending.
    times: Box<[u32]>,
    /// DTSTART.
    first: i64,
    /// No instance is later. With COUNT it is the last instance.
    last: i64,
    /// Civil times that are not instances although before `last`: the ones between the two (UNTIL inside a gap).
    hole: (i64, i64),
    /// `None` for rules of other kinds, and with a hole.
    pub daily: Option<Daily>,
    /// Whether neither COUNT nor UNTIL ends it.
    pub endless: bool,
}

#[derive(Debug, Clone)]
enum Kind {
    /// It has no instance.
    Never,
    Days,
    /// Equal steps from a first instance on: one time every so many days or weeks.
    Steps {
        first: i64,
        step: i64,
    },
    Picks(Box<picks::Picks>),
    Grid(Box<grid::Grid>),
}

/// How a rule with one time of the day repeats.
#[derive(Debug, Clone, Copy)]
pub(super) enum Daily {
    /// In equal steps from the first instance on.
    Steps { first: i64, step: i64 },
    /// On [some days](Plan::days) at a second of the day.
    Days { time: i64 },
}

/// Goes through the instances of a rule in ascending order.
#[derive(Debug, Clone)]
pub(super) struct Cursor<'p> {
    plan: &'p Plan,
    at: At,
    /// Nothing later is looked for.
    stop: i64,
}

#[derive(Debug, Clone)]
enum At {
    End,
    Days(AtDay),
    /// The next instance, if it is not after the stop.
    Steps {
        next: i64,
        step: i64,
    },
    Picks(Box<picks::At>),
    Grid(grid::At),
}

#[derive(Debug, Clone)]
struct AtDay {
    month: Month,
    /// The days of the month that are still to come.
    mask: u64,
    midnight: i64,
    /// The next time of the current day.
    index: usize,
}

impl Plan {
    /// A cursor before the first instance that is not before `civil`. It ends after `stop`.
    pub fn cursor(&self, civil: i64, stop: i64, work: &mut Work) -> Result<Cursor<'_>, Exhausted> {
        let mut cursor = self.closed(stop);
        cursor.seek(civil, work)?;
        Ok(cursor)
    }

    /// A cursor that has nothing before it is told to [`seek`](Cursor::seek), and ends after `stop`.
    #[inline]
    pub fn closed(&self, stop: i64) -> Cursor<'_> {
        Cursor { plan: self, at: At::End, stop: stop.min(self.last) }
    }

    /// Whether an instance starts at `civil`.
    pub fn contains(&self, civil: i64, work: &mut Work) -> Result<bool, Exhausted> {
        Ok(self.cursor(civil, civil, work)?.next(work)? == Some(civil))
    }

    /// The last instance can not be later; `None` without end or without any instance.
    pub fn last(&self) -> Option<i64> {
        (!self.endless && !self.is_empty()).then_some(self.last)
    }

    /// The months that instances can start in: bits 1 to 12.
    pub fn months(&self) -> u16 {
        match self.days.skip {
            _ if self.is_empty() => 0,
            Skip::Omit => self.days.months,
            Skip::Backward | Skip::Forward => day::ALL_MONTHS,
        }
    }

    /// The days of a month that have instances, if it repeats [`Daily`]: bits 1 to 31. Those before the first start and
    /// after the last one do not count.
    #[inline]
    pub fn days(&self, month: Month) -> u64 {
        self.days.mask(month)
    }

    /// DTSTART: no instance is earlier.
    pub fn first_start(&self) -> i64 {
        self.first
    }

    /// No instance is later.
    pub fn last_start(&self) -> i64 {
        self.last
    }

    pub fn is_empty(&self) -> bool {
        matches!(self.kind, Kind::Never)
    }

    /// Whether it has times of the day that differ from day to day.
    pub fn is_grid(&self) -> bool {
        matches!(self.kind, Kind::Grid(_))
    }

    /// How many times of the day it keeps.
    pub fn size(&self) -> usize {
        self.times.len()
    }
}

/// The first of equal steps from `first` on that is not before `civil`.
#[inline]
pub(super) const fn step_from(first: i64, step: i64, civil: i64) -> i64 {
    let behind = civil - first;
    if behind <= 0 { first } else { first + (behind + step - 1) / step * step }
}

impl Cursor<'_> {
    /// Jumps to before the first instance that is not before `civil`, forwards or backwards.
    #[inline]
    pub fn seek(&mut self, civil: i64, work: &mut Work) -> Result<(), Exhausted> {
        let plan = self.plan;
        let civil = civil.max(plan.first);
        work.spend(1)?;
        self.at = match &plan.kind {
            _ if civil > self.stop => At::End,
            Kind::Never => At::End,
            Kind::Steps { first, step } => At::Steps { next: step_from(*first, *step, civil), step: *step },
            Kind::Days => At::Days(AtDay::seek(plan, civil)),
            Kind::Picks(picks) => At::Picks(Box::new(picks.seek(plan, civil, work)?)),
            Kind::Grid(grid) => At::Grid(grid.seek(plan, civil, work)?),
        };
        Ok(())
    }

    #[inline(always)]
    pub fn next(&mut self, work: &mut Work) -> Result<Option<i64>, Exhausted> {
        loop {
            let next = match &mut self.at {
                At::Days(at) => at.next(self.plan, self.stop, work)?,
                At::Steps { next, step } => {
                    work.spend(1)?;
                    let civil = *next;
                    let within = civil <= self.stop;
                    *next += if within { *step } else { 0 };
                    within.then_some(civil)
                }
                _ => self.next_of_rest(work)?,
            };
            match next {
                Some(civil) if civil > self.plan.hole.0 && civil < self.plan.hole.1 => {}
                next => return Ok(next),
            }
        }
    }

    /// Kept out of line: the rules of most calendars are days or steps.
    #[inline(never)]
    fn next_of_rest(&mut self, work: &mut Work) -> Result<Option<i64>, Exhausted> {
        match (&mut self.at, &self.plan.kind) {
            (At::Picks(at), Kind::Picks(picks)) => picks.next(self.plan, at, self.stop, work),
            (At::Grid(at), Kind::Grid(grid)) => grid.next(self.plan, at, self.stop, work),
            _ => Ok(None),
        }
    }
}

impl AtDay {
    /// Before the first instance that is not before `civil`.
    #[inline]
    fn seek(plan: &Plan, civil: i64) -> Self {
        let (today, second) = day::split(civil);
        let month = Month::of(today);
        let bit = today - month.first + 1;
        let mask = plan.days.mask(month) & (u64::MAX << bit);
        let mut at = Self { month, mask, midnight: today * SECONDS_PER_DAY, index: plan.times.len() };
        if mask >> bit & 1 == 1 {
            at.mask &= mask - 1;
            at.index = plan.times.partition_point(|time| *time < second);
        }
        at
    }

    #[inline(always)]
    fn next(&mut self, plan: &Plan, stop: i64, work: &mut Work) -> Result<Option<i64>, Exhausted> {
        loop {
            work.spend(1)?;
            if let Some(time) = plan.times.get(self.index) {
                self.index += 1;
                let civil = self.midnight + i64::from(*time);
                return Ok((civil <= stop).then_some(civil));
            }
            if self.mask == 0 {
                if !self.turn(plan, stop, work)? {
                    // Every further call comes here again.
                    return Ok(None);
                }
            } else {
                self.midnight = (self.month.first + i64::from(self.mask.trailing_zeros()) - 1) * SECONDS_PER_DAY;
                self.mask &= self.mask - 1;
                self.index = 0;
            }
        }
    }

    /// Goes on to the next month; `false` when it begins after `stop`.
    fn turn(&mut self, plan: &Plan, stop: i64, work: &mut Work) -> Result<bool, Exhausted> {
        work.spend(plan.days.cost(self.month))?;
        self.month = plan.days.next_month(self.month);
        if self.month.first * SECONDS_PER_DAY > stop {
            return Ok(false);
        }
        self.mask = plan.days.mask(self.month);
        Ok(true)
    }

    /// The `count`-th instance from here, or `None` if there are fewer.
    fn nth(mut self, plan: &Plan, count: u64, work: &mut Work) -> Result<Option<i64>, Exhausted> {
        let times = plan.times.len() as u64;
        let mut left = count;
        let today = times - self.index as u64;
        if left > today {
            left -= today;
            self.index = plan.times.len();
            while left > u64::from(self.mask.count_ones()) * times {
                left -= u64::from(self.mask.count_ones()) * times;
                if !self.turn(plan, plan.last, work)? {
                    return Ok(None);
                }
            }
            for _ in 0..(left - 1) / times {
                self.mask &= self.mask - 1;
            }
            left = (left - 1) % times + 1;
            self.midnight = (self.month.first + i64::from(self.mask.trailing_zeros()) - 1) * SECONDS_PER_DAY;
            self.index = 0;
        }
        let index = self.index + left as usize - 1;
        Ok(plan.times.get(index).map(|time| self.midnight + i64::from(*time)))
    }
}
