//! Which days of a month a rule has: every BYxxx part about days, and INTERVAL of DAILY to YEARLY, as bit masks.
//!
//! A mask has bit `n` for day `n` of the month. Bit 0 is the last day of the month before, and the bit after the last
//! day is the first day of the next month: SKIP (RFC 7529 §4.1) moves days there.

use super::super::day::{self, Month};
use super::super::rule::Skip;

/// The days of a rule. The default has every day.
#[derive(Debug, Clone)]
pub(in crate::recurrence) struct Days {
    pub step: Step,
    /// Bits 1 to 12.
    pub months: u16,
    pub month_days: Option<MonthDays>,
    pub year_days: Option<Box<YearDays>>,
    pub weeks: Option<Weeks>,
    pub by_day: Option<ByDay>,
    /// WKST, days from Monday.
    pub week_start: u8,
    pub skip: Skip,
    /// See [`Days::find_dates`].
    pub dates: Option<u32>,
}

/// INTERVAL, counted from the period that has DTSTART.
#[derive(Debug, Clone, Copy)]
pub(in crate::recurrence) enum Step {
    /// Every n-th day from a day.
    Days { from: i64, n: i64 },
    /// Every n-th week from the week that begins on a day.
    Weeks { from: i64, n: i64 },
    /// Every n-th month from a month's index.
    Months { from: i64, n: i64 },
    /// Every n-th year from a year.
    Years { from: i64, n: i64 },
    /// The same for the years that weeks belong to: 2024-12-30 is in week 1 of 2025.
    WeekYears { from: i64, n: i64 },
}

impl Step {
    /// INTERVAL.
    pub(in crate::recurrence) const fn interval(self) -> i64 {
        match self {
            Self::Days { n, .. }
            | Self::Weeks { n, .. }
            | Self::Months { n, .. }
            | Self::Years { n, .. }
            | Self::WeekYears { n, .. } => n,
        }
    }
}

/// BYMONTHDAY: bits 1 to 31, from the start and from the end.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::recurrence) struct MonthDays {
    pub from_start: u32,
    pub from_end: u32,
}

/// BYYEARDAY: bits 1 to 366, from the start and from the end.
#[derive(Debug, Clone, Default)]
pub(in crate::recurrence) struct YearDays {
    pub from_start: [u64; 6],
    pub from_end: [u64; 6],
}

/// BYWEEKNO: bits 1 to 53, from the start and from the end.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::recurrence) struct Weeks {
    pub from_start: u64,
    pub from_end: u64,
}

/// BYDAY.
#[derive(Debug, Clone)]
pub(in crate::recurrence) struct ByDay {
    /// Days of the week without an ordinal: bit 0 is Monday.
    pub plain: u8,
    /// (days from Monday, ordinal).
    pub ordinals: Box<[(u8, i8)]>,
    /// Whether ordinals count in the year instead of the month.
    pub in_year: bool,
}

/// The bits 1 to `len`.
const fn all(len: u8) -> u64 {
    (2 << len) - 2
}

impl Days {
    /// Every day.
    pub(in crate::recurrence) fn every(week_start: u8) -> Self {
        let step = Step::Days { from: 0, n: 1 };
        let months = day::ALL_MONTHS;
        Self {
            step,
            months,
            month_days: None,
            year_days: None,
            weeks: None,
            by_day: None,
            week_start,
            skip: Skip::Omit,
            dates: None,
        }
    }

    /// The days in a month: bits 1 to 31.
    #[inline]
    pub(in crate::recurrence) fn mask(&self, month: Month) -> u64 {
        match self.dates {
            Some(_) if self.months >> month.month & 1 == 0 => 0,
            Some(dates) => u64::from(dates) & all(month.len),
            None => self.mask_of_all(month),
        }
    }

    /// The bits 1 to 31 of BYMONTHDAY, if that alone says which days of its months a rule has, counted from the start: as in
    /// most rules of months and years.
    pub(in crate::recurrence) fn find_dates(&self) -> Option<u32> {
        let Self { month_days: Some(days), year_days: None, weeks: None, by_day: None, skip: Skip::Omit, .. } = self
        else {
            return None;
        };
        (days.from_end == 0 && self.step.interval() == 1).then_some(days.from_start)
    }

    /// The same by every part.
    fn mask_of_all(&self, month: Month) -> u64 {
        let own = self.own(month);
        if self.skip == Skip::Omit {
            return own;
        }
        let before = month.previous();
        let after = month.next();
        let from_before = (self.own(before) >> (before.len + 1)) & 1;
        let from_after = self.own(after) & 1;
        (own & all(month.len)) | (from_before << 1) | (from_after << month.len)
    }

    /// The days that this month gives rise to: bits 0 to 32.
    #[inline]
    pub(in crate::recurrence) fn own(&self, month: Month) -> u64 {
        if self.months >> month.month & 1 == 0 {
            return 0;
        }
        let mut mask = if self.step.interval() == 1 { all(month.len) } else { self.stepped(month) };
        if mask == 0 {
            return 0;
        }
        if self.skip != Skip::Omit {
            mask |= 1 | 2 << month.len;
        }
        if let Some(year_days) = &self.year_days {
            mask &= year_days.mask(month, self.skip);
        }
        if let Some(month_days) = self.month_days {
            // A day that BYYEARDAY names exists, so BYMONTHDAY only limits then.
            let skip = if self.year_days.is_some() { Skip::Omit } else { self.skip };
            mask &= month_days.mask(month.len, skip);
        }
        if let Some(weeks) = self.weeks {
            mask &= self.in_weeks(weeks, month);
        }
        if !self.names_days() {
            mask &= all(month.len);
        }
        match &self.by_day {
            Some(by_day) if mask != 0 => mask & by_day.mask(month, self.skip),
            _ => mask,
        }
    }

    /// Whether days outside of the month can come from here.
    fn names_days(&self) -> bool {
        self.month_days.is_some() || self.year_days.is_some()
    }

    /// The days of the month that an INTERVAL above 1 leaves.
    fn stepped(&self, month: Month) -> u64 {
        let whole = all(month.len);
        let hit = |value: i64, from: i64, n: i64| (value - from).rem_euclid(n) == 0;
        match self.step {
            Step::Months { from, n } => whole * u64::from(hit(month.index(), from, n)),
            Step::Years { from, n } => whole * u64::from(hit(i64::from(month.year), from, n)),
            Step::Days { from, n } => {
                let mut mask = 0;
                let mut at = (from - month.first).rem_euclid(n);
                while at < i64::from(month.len) {
                    mask |= 2 << at;
                    at += n;
                }
                mask
            }
            Step::Weeks { from, n } => self.by_week(month, |week| hit((week - from) / 7, 0, n)),
            Step::WeekYears { from, n } => self.by_week(month, |week| hit(i64::from(day::ymd(week + 3).0), from, n)),
        }
    }

    fn in_weeks(&self, weeks: Weeks, month: Month) -> u64 {
        // The first days of a year's week 1 and of the next year's.
        let (mut first, mut end) = (i64::MAX, i64::MIN);
        self.by_week(month, |week| {
            if !(first..end).contains(&week) {
                // The year of a week is the year of its fourth day.
                let year = day::ymd(week + 3).0;
                (first, end) = (day::week_one(year, self.week_start), day::week_one(year + 1, self.week_start));
            }
            let (number, from_end) = ((week - first) / 7 + 1, (end - week) / 7);
            weeks.from_start >> number & 1 == 1 || weeks.from_end >> from_end & 1 == 1
        })
    }

    /// The days of the month, and the one before and after it, whose week passes.
    fn by_week(&self, month: Month, mut passes: impl FnMut(i64) -> bool) -> u64 {
        let mut week = day::week_of(month.first - 1, self.week_start);
        let mut mask = 0_u64;
        while week <= month.end() {
            if passes(week) {
                let at = week - (month.first - 1);
                mask |= if at < 0 { 0x7f >> -at } else { 0x7f << at };
            }
            week += 7;
        }
        mask & (all(month.len) | 1 | 2 << month.len)
    }

    /// What finding the days of a month costs.
    #[inline]
    pub(in crate::recurrence) fn cost(&self, month: Month) -> u32 {
        if self.months >> month.month & 1 == 0 {
            return 1;
        }
        let by_week = self.weeks.is_some() || matches!(self.step, Step::Weeks { n: 2.., .. } | Step::WeekYears { .. });
        let by_day = self.by_day.as_ref().map_or(0, |days| days.ordinals.len() as u32 / 4);
        1 + 2 * u32::from(by_week) + 2 * u32::from(self.year_days.is_some()) + by_day
    }

    /// The next month that can have a day of the rule, after one that was looked at.
    #[inline]
    pub(in crate::recurrence) fn next_month(&self, month: Month) -> Month {
        if self.skip != Skip::Omit {
            month.next()
        } else if self.step.interval() == 1 {
            month.next_in(self.months)
        } else {
            self.next_stepped(month)
        }
    }

    /// The same where INTERVAL leaves months out.
    fn next_stepped(&self, month: Month) -> Month {
        match self.step {
            Step::Months { from, n } => far(month.index() + n - (month.index() - from).rem_euclid(n)),
            Step::Years { from, n } => {
                let year = i64::from(month.year);
                if month.month < 12 && (year - from).rem_euclid(n) == 0 {
                    month.next()
                } else {
                    far((year + n - (year - from).rem_euclid(n)) * 12)
                }
            }
            Step::WeekYears { from, n } => {
                let next = month.next();
                let year = i64::from(next.year);
                // The weeks of a year can begin in the December before it and end in the January after it.
                let near = [year, year + i64::from(next.month == 12), year - i64::from(next.month == 1)];
                if near.iter().any(|year| (year - from).rem_euclid(n) == 0) {
                    next
                } else {
                    far((year + n - (year - from).rem_euclid(n)) * 12 - 1)
                }
            }
            Step::Days { from, n } if n > 31 => {
                let end = month.end();
                Month::of(end + (from - end).rem_euclid(n))
            }
            Step::Days { .. } | Step::Weeks { .. } => month.next_in(self.months),
        }
    }
}

/// A month by its index; any month after the year 9999 stands for all of them.
fn far(index: i64) -> Month {
    Month::from_index(index.min(10_000 * 12))
}

impl MonthDays {
    pub(in crate::recurrence) fn of(days: &[i16]) -> Self {
        let mut found = Self::default();
        for day in days {
            let bit = 1_u32 << (day.unsigned_abs() & 31);
            *(if *day > 0 { &mut found.from_start } else { &mut found.from_end }) |= bit;
        }
        found
    }

    fn mask(self, len: u8, skip: Skip) -> u64 {
        let whole = all(len);
        let from_start = u64::from(self.from_start);
        // Day -1 is day len, day -n is day len + 1 - n: the mirror image.
        let mirrored = u64::from(self.from_end).reverse_bits() >> (62 - len);
        let mut mask = (from_start | mirrored) & whole;
        if skip != Skip::Omit {
            let too_late = from_start & !whole != 0;
            let too_early = u64::from(self.from_end) & !whole != 0;
            mask |= moved(too_late, too_early, len, skip);
        }
        mask
    }
}

/// Where SKIP moves a day after the last and a day before the first.
fn moved(too_late: bool, too_early: bool, len: u8, skip: Skip) -> u64 {
    let (late, early) = match skip {
        Skip::Omit => return 0,
        Skip::Backward => (1 << len, 1),
        Skip::Forward => (2 << len, 2),
    };
    (late * u64::from(too_late)) | (early * u64::from(too_early))
}

impl YearDays {
    pub(in crate::recurrence) fn of(days: &[i16]) -> Self {
        let mut found = Self::default();
        for day in days {
            let at = usize::from(day.unsigned_abs());
            let words = if *day > 0 { &mut found.from_start } else { &mut found.from_end };
            words[at / 64] |= 1 << (at % 64);
        }
        found
    }

    fn mask(&self, month: Month, skip: Skip) -> u64 {
        let year_len = day::year_len(month.year);
        let has = |words: &[u64; 6], at: u32| words[(at / 64) as usize] >> (at % 64) & 1 == 1;
        let mut mask = 0;
        for day in 1..=u32::from(month.len) {
            let at = month.offset_in_year() + day;
            if has(&self.from_start, at) || has(&self.from_end, year_len + 1 - at) {
                mask |= 1 << day;
            }
        }
        if skip != Skip::Omit && year_len == 365 {
            let late = month.month == 12 && has(&self.from_start, 366);
            let early = month.month == 1 && has(&self.from_end, 366);
            mask |= moved(late, early, month.len, skip);
        }
        mask
    }
}

impl ByDay {
    fn mask(&self, month: Month, skip: Skip) -> u64 {
        let first = day::weekday(month.first);
        // The seven bits turned so that bit 0 is the day before the first, repeated for six weeks.
        let turn = (first + 6) % 7;
        let plain = u64::from(self.plain);
        let turned = (plain >> turn | plain << (7 - turn)) & 0x7f;
        let mut mask = turned * 0x0000_0408_1020_4081;
        mask &= if skip == Skip::Omit { all(month.len) } else { all(month.len) | 1 | 2 << month.len };
        for (weekday, ordinal) in &self.ordinals {
            mask |= if self.in_year { in_year(month, *weekday, *ordinal) } else { in_month(month, *weekday, *ordinal) };
        }
        mask
    }
}

/// The n-th such weekday of a stretch that begins on `first` and is `len` days long, counted from 1.
fn nth(first: i64, len: i64, weekday: u8, ordinal: i8) -> Option<i64> {
    let day = if ordinal > 0 {
        1 + (i64::from(weekday) - i64::from(day::weekday(first))).rem_euclid(7) + 7 * (i64::from(ordinal) - 1)
    } else {
        let last = i64::from(day::weekday(first + len - 1));
        len - (last - i64::from(weekday)).rem_euclid(7) + 7 * (i64::from(ordinal) + 1)
    };
    (1..=len).contains(&day).then_some(day)
}

fn in_month(month: Month, weekday: u8, ordinal: i8) -> u64 {
    nth(month.first, i64::from(month.len), weekday, ordinal).map_or(0, |day| 1 << day)
}

fn in_year(month: Month, weekday: u8, ordinal: i8) -> u64 {
    let offset = i64::from(month.offset_in_year());
    let day = nth(month.first - offset, i64::from(day::year_len(month.year)), weekday, ordinal);
    day.map(|day| day - offset).filter(|day| (1..=i64::from(month.len)).contains(day)).map_or(0, |day| 1 << day)
}
