//! BYSETPOS with WEEKLY, MONTHLY and YEARLY: places in the set of one period, found by counting, never by listing it.

use super::super::day::{self, Month, SECONDS_PER_DAY};
use super::super::rule::Skip;
use super::super::work::{Exhausted, Work};
use super::Plan;
use super::days::{Days, Step};

/// A year that is past the last one, and the last day of the year before it as well.
const AFTER: i64 = 10_001;

/// The places.
#[derive(Debug, Clone)]
pub(in crate::recurrence) struct Picks {
    pub period: Period,
    /// INTERVAL.
    pub n: i64,
    /// The period that has DTSTART.
    pub from: i64,
    /// Places from the start, counted from 1, ascending.
    pub from_start: Box<[u64]>,
    /// Places from the end, counted from 1, descending.
    pub from_end: Box<[u64]>,
}

/// What BYSETPOS counts in, and what numbers it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::recurrence) enum Period {
    /// Weeks since the week of 1970-01-01.
    Week,
    /// [`Month::index`].
    Month,
    Year,
    /// Years that weeks belong to.
    WeekYear,
}

/// Where a cursor stands.
#[derive(Debug, Clone)]
pub(super) struct At {
    period: i64,
    set: Set,
    /// The next places from the start and from the end.
    next: (usize, usize),
    /// What was given already, and what lies before the seek, is not given (SKIP can move a day into the next period).
    floor: i64,
}

/// The days of a period: bit n of a mask is the n-th day after the day beside it.
#[derive(Debug, Clone)]
struct Set {
    masks: [(i64, u64); 14],
    len: usize,
    days: u64,
}

impl Set {
    const EMPTY: Self = Self { masks: [(0, 0); 14], len: 0, days: 0 };

    fn push(&mut self, base: i64, mask: u64) {
        if mask != 0 && self.len < self.masks.len() {
            self.masks[self.len] = (base, mask);
            self.len += 1;
            self.days += u64::from(mask.count_ones());
        }
    }

    /// The n-th day, counted from 0.
    fn day(&self, mut n: u64) -> i64 {
        for (base, mask) in &self.masks[..self.len] {
            let ones = u64::from(mask.count_ones());
            if n < ones {
                let mut mask = *mask;
                for _ in 0..n {
                    mask &= mask - 1;
                }
                return base + i64::from(mask.trailing_zeros());
            }
            n -= ones;
        }
        day::LAST_DAY + 1
    }
}

impl Period {
    /// The period of a day.
    pub(super) fn of(self, day: i64, week_start: u8) -> i64 {
        match self {
            Self::Week => day::week_of(day, week_start).div_euclid(7),
            Self::Month => Month::of(day).index(),
            Self::Year => i64::from(day::ymd(day).0),
            Self::WeekYear => i64::from(day::ymd(day::week_of(day, week_start) + 3).0),
        }
    }

    /// How many months are looked at for a period; most of a year's are passed over quickly.
    const fn months(self) -> u32 {
        match self {
            Self::Week => 4,
            Self::Month => 2,
            Self::Year | Self::WeekYear => 7,
        }
    }
}

impl Picks {
    /// How many instances there can be at most until the end of time.
    pub(super) fn most(&self, start: i64, week_start: u8) -> u64 {
        let periods = self.period.of(day::LAST_DAY, week_start) - self.period.of(day::split(start).0, week_start);
        let each = (self.from_start.len() + self.from_end.len()) as u64;
        (periods / self.n + 1).unsigned_abs().saturating_mul(each)
    }

    pub(super) fn seek(&self, plan: &Plan, civil: i64, work: &mut Work) -> Result<At, Exhausted> {
        let reach = i64::from(plan.days.skip != Skip::Omit);
        let period = self.period.of(day::split(civil).0 - reach, plan.days.week_start).max(self.from);
        let period = period + (self.from - period).rem_euclid(self.n);
        let mut at = At { period, set: Set::EMPTY, next: (0, 0), floor: civil };
        self.enter(plan, &mut at, work)?;
        Ok(at)
    }

    pub(super) fn next(&self, plan: &Plan, at: &mut At, stop: i64, work: &mut Work) -> Result<Option<i64>, Exhausted> {
        let times = plan.times.len() as u64;
        loop {
            while let Some(place) = self.place(at, at.set.days * times) {
                work.spend(1)?;
                let day = at.set.day(place / times);
                let civil = day * SECONDS_PER_DAY + i64::from(plan.times[(place % times) as usize]);
                if civil > stop {
                    return Ok(None);
                }
                if civil >= at.floor {
                    at.floor = civil + 1;
                    return Ok(Some(civil));
                }
            }
            at.period += self.n;
            if self.enter(plan, at, work)? > stop {
                return Ok(None);
            }
        }
    }

    /// The next place in the set, from 0, of the two merged lists.
    fn place(&self, at: &mut At, len: u64) -> Option<u64> {
        while self.from_end.get(at.next.1).is_some_and(|n| *n > len) {
            at.next.1 += 1;
        }
        let from_start = self.from_start.get(at.next.0).map(|n| n - 1).filter(|place| *place < len);
        let from_end = self.from_end.get(at.next.1).map(|n| len - n);
        let place = match (from_start, from_end) {
            (Some(a), Some(b)) => a.min(b),
            (a, b) => a.or(b)?,
        };
        at.next.0 += usize::from(from_start == Some(place));
        at.next.1 += usize::from(from_end == Some(place));
        Some(place)
    }

    /// Takes the days of the current period, and gives the civil time that nothing in it is before.
    fn enter(&self, plan: &Plan, at: &mut At, work: &mut Work) -> Result<i64, Exhausted> {
        // BYMONTH leaves little to look at.
        let cost = plan.days.cost(Month::new(2000, plan.days.months.trailing_zeros().clamp(1, 12) as u8));
        work.spend(self.period.months() * if plan.days.months.count_ones() > 6 { cost } else { 1 })?;
        (at.set, at.next) = (Set::EMPTY, (0, 0));
        let days = &plan.days;
        let first = match self.period {
            Period::Week => weeks_days(days, at.period, &mut at.set),
            Period::Month => {
                let month = Month::from_index(at.period.min(AFTER * 12));
                at.set.push(month.first - 1, days.own(month));
                month.first
            }
            Period::Year => years_days(days, at.period.min(AFTER) as i32, &mut at.set),
            Period::WeekYear => week_years_days(days, at.period.min(AFTER) as i32, &mut at.set),
        };
        Ok((first - 1) * SECONDS_PER_DAY)
    }
}

/// The days of a month from `start` to `end`, the latter excluded.
fn clip(month: Month, mask: u64, start: i64, end: i64) -> u64 {
    let low = (start - month.first + 1).clamp(1, 40);
    let high = (end - month.first + 1).clamp(1, 40);
    mask & (u64::MAX << low) & !(u64::MAX << high)
}

fn weeks_days(days: &Days, week: i64, set: &mut Set) -> i64 {
    // Week numbers count from a Thursday: the week's first day is among the six days before or on it.
    let start = day::week_of(week * 7 + 6, days.week_start);
    let mut month = Month::of(start);
    while month.first < start + 7 {
        set.push(month.first - 1, clip(month, days.own(month), start, start + 7));
        month = month.next();
    }
    start
}

fn years_days(days: &Days, year: i32, set: &mut Set) -> i64 {
    for number in 1..=12 {
        let month = Month::new(year, number);
        let mut mask = days.own(month);
        if days.skip != Skip::Omit {
            // What SKIP moves out of a month counts where it lands, unless that is another year.
            let (before, after) = (month.previous(), month.next());
            let (early, late) = (1, 2 << month.len);
            if number > 1 {
                mask = (mask & !early) | ((days.own(before) >> (before.len + 1) & 1) << 1);
            }
            if number < 12 {
                mask = (mask & !late) | ((days.own(after) & 1) << month.len);
            }
        }
        set.push(month.first - 1, mask);
    }
    day::days(year, 1, 1)
}

fn week_years_days(days: &Days, year: i32, set: &mut Set) -> i64 {
    let (start, end) = (day::week_one(year, days.week_start), day::week_one(year + 1, days.week_start));
    let mut month = Month::of(start);
    while month.first < end {
        set.push(month.first - 1, clip(month, days.own(month), start, end));
        month = month.next();
    }
    start
}

impl Step {
    /// INTERVAL and the period that has DTSTART, for counting.
    pub(super) fn period(self) -> Option<(Period, i64, i64)> {
        match self {
            Self::Days { .. } => None,
            Self::Weeks { from, n } => Some((Period::Week, from.div_euclid(7), n)),
            Self::Months { from, n } => Some((Period::Month, from, n)),
            Self::Years { from, n } => Some((Period::Year, from, n)),
            Self::WeekYears { from, n } => Some((Period::WeekYear, from, n)),
        }
    }
}
