//! HOURLY, MINUTELY and SECONDLY with an INTERVAL that does not fit into days: a grid of units, limited by masks.

use super::super::day::{self, Month, SECONDS_PER_DAY};
use super::super::work::{Exhausted, Work};
use super::Plan;
use super::times::Clock;

/// The grid.
#[derive(Debug, Clone)]
pub(in crate::recurrence) struct Grid {
    /// The start of the unit that has DTSTART, in civil seconds.
    pub origin: i64,
    /// INTERVAL in seconds.
    pub step: i64,
    /// What limits a unit's start.
    pub limit: Clock,
    /// The instances within a unit, in seconds from its start.
    pub within: Box<[u32]>,
    /// Whether a BYxxx part limits days.
    pub limits_days: bool,
}

/// Where a cursor stands on the grid.
#[derive(Debug, Clone)]
pub(super) struct At {
    /// The start of the current unit.
    unit: i64,
    /// The next instance in it.
    index: usize,
    /// Whether the current unit is known to pass the limits.
    passed: bool,
    /// The month of the last day looked at, and its days.
    month: (Month, u64),
}

impl Grid {
    /// The first point of the grid that is not before `civil`.
    fn align(&self, civil: i64) -> i64 {
        let past = civil - self.origin;
        if past <= 0 { self.origin } else { self.origin + (past + self.step - 1) / self.step * self.step }
    }

    pub(super) fn seek(&self, plan: &Plan, civil: i64, work: &mut Work) -> Result<At, Exhausted> {
        work.spend(1)?;
        let before = self.within.last().map_or(0, |last| i64::from(*last));
        let unit = self.align(civil - before);
        let index = self.within.partition_point(|second| unit + i64::from(*second) < civil);
        let month = Month::of(day::split(unit).0);
        Ok(At { unit, index, passed: false, month: (month, plan.days.mask(month)) })
    }

    pub(super) fn next(&self, plan: &Plan, at: &mut At, stop: i64, work: &mut Work) -> Result<Option<i64>, Exhausted> {
        loop {
            work.spend(1)?;
            if at.unit > stop {
                return Ok(None);
            }
            if at.index >= self.within.len() {
                at.unit += self.step;
                (at.index, at.passed) = (0, false);
            } else if at.passed {
                let civil = at.unit + i64::from(self.within[at.index]);
                at.index += 1;
                return Ok((civil <= stop).then_some(civil));
            } else if let Some(later) = self.refused(plan, at, stop, work)? {
                at.unit = self.align(later);
                at.index = 0;
            } else {
                at.passed = true;
            }
        }
    }

    /// If the current unit does not pass the limits: the earliest civil time that could.
    fn refused(&self, plan: &Plan, at: &mut At, stop: i64, work: &mut Work) -> Result<Option<i64>, Exhausted> {
        let (today, second) = day::split(at.unit);
        if self.limits_days && !has_day(at, plan, today) {
            return next_day(plan, at, today, stop, work).map(Some);
        }
        if self.limit.has(second) {
            return Ok(None);
        }
        let (hour, minute) = (second / 3600, second / 60 % 60);
        let midnight = today * SECONDS_PER_DAY;
        let hour_end = midnight + i64::from(hour + 1) * 3600;
        if self.limit.hours >> hour & 1 == 0 {
            let later = self.limit.hours & 0xff_ffff & (u64::MAX << (hour + 1));
            return Ok(Some(match later {
                0 => midnight + SECONDS_PER_DAY,
                _ => midnight + i64::from(later.trailing_zeros()) * 3600,
            }));
        }
        if self.limit.minutes >> minute & 1 == 0 {
            let later = self.limit.minutes & (u64::MAX << (minute + 1));
            return Ok(Some(match later {
                0 => hour_end,
                _ => hour_end - 3600 + i64::from(later.trailing_zeros()) * 60,
            }));
        }
        Ok(Some(at.unit + 1))
    }
}

fn has_day(at: &mut At, plan: &Plan, day: i64) -> bool {
    if !(at.month.0.first..at.month.0.end()).contains(&day) {
        let month = Month::of(day);
        at.month = (month, plan.days.mask(month));
    }
    at.month.1 >> (day - at.month.0.first + 1) & 1 == 1
}

/// The midnight before the next day that has the rule, or a time after `stop`.
fn next_day(plan: &Plan, at: &mut At, day: i64, stop: i64, work: &mut Work) -> Result<i64, Exhausted> {
    let (mut month, mut mask) = at.month;
    mask &= u64::MAX << (day - month.first + 2);
    while mask == 0 {
        work.spend(plan.days.cost(month))?;
        month = plan.days.next_month(month);
        if month.first * SECONDS_PER_DAY > stop {
            return Ok(stop + 1);
        }
        mask = plan.days.mask(month);
        at.month = (month, mask);
    }
    Ok((month.first + i64::from(mask.trailing_zeros()) - 1) * SECONDS_PER_DAY)
}
