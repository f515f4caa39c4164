//! From a [`Rule`] and DTSTART to a [`Plan`]: what the rule does not say comes from DTSTART (RFC 5545 §3.3.10), COUNT
//! becomes a last instance, and a rule without instances is known as such.

use super::super::day::{self, Month, SECONDS_PER_DAY};
use super::super::rule::{Frequency, Rule, Skip};
use super::super::work::{Exhausted, Work};
use super::days::{ByDay, Days, MonthDays, Step, Weeks, YearDays};
use super::grid::Grid;
use super::picks::Picks;
use super::{AtDay, Daily, Kind, Plan, times};

/// The end of a rule, from outside.
#[derive(Debug, Clone, Copy)]
pub(in crate::recurrence) struct Ends {
    /// The last civil second an instance may start at (UNTIL, or the end of time).
    pub last: i64,
    /// Civil times before `last` that are excluded: those between the two.
    pub hole: (i64, i64),
    /// Whether DTSTART is a DATE: parts finer than a day are ignored.
    pub dates: bool,
}

impl Plan {
    /// # Errors
    /// [`Exhausted`] if counting to COUNT, or finding a first instance, takes too many steps.
    pub fn new(rule: &Rule, start: i64, ends: Ends, work: &mut Work) -> Result<Self, Exhausted> {
        let (today, second) = day::split(start);
        let mut plan = Self {
            kind: Kind::Days,
            days: days(rule, today),
            times: Box::new([]),
            first: start,
            last: ends.last.min(day::LAST_SECOND),
            hole: ends.hole,
            daily: None,
            endless: rule.is_endless(),
        };
        match times::unit(rule.frequency) {
            None => plan.times = times::of_day(rule, (!ends.dates).then_some(second)).into(),
            Some(unit) => plan.sub_daily(rule, unit, second, ends.dates),
        }
        if let (false, Some((period, from, n))) = (rule.by_set_pos.is_empty(), plan.days.step.period()) {
            plan.kind = Kind::Picks(Box::new(picks(rule, period, from, n)));
        }
        plan.days.dates = plan.days.find_dates();
        work.spend(1 + plan.times.len() as u32 / 16)?;
        plan.settle(rule, work)?;
        Ok(plan)
    }

    /// HOURLY, MINUTELY, SECONDLY: days × times if the steps fit into days or days into steps, else a grid.
    fn sub_daily(&mut self, rule: &Rule, unit: u32, second: u32, dates: bool) {
        let step = i64::from(unit) * i64::from(rule.interval);
        let begin = second - second % unit;
        // The seconds of the day that the grid can meet, today or ever.
        let phase = |step: i64| (begin as i64).rem_euclid(gcd(step, SECONDS_PER_DAY)) as u32;
        let spacing = gcd(step, SECONDS_PER_DAY) as usize;
        let (limit, within) = (times::limit(rule, unit), times::of_unit(rule, second, unit));
        let starts = (phase(step)..SECONDS_PER_DAY as u32).step_by(spacing).filter(|at| dates || limit.has(*at));
        if SECONDS_PER_DAY % step == 0 {
            self.times = starts.flat_map(|at| within.iter().map(move |second| at + second)).collect();
        } else if step % SECONDS_PER_DAY == 0 {
            self.times = starts.filter(|at| *at == begin).flat_map(|at| within.iter().map(move |s| at + s)).collect();
            self.days.step = Step::Days { from: day::split(self.first).0, n: step / SECONDS_PER_DAY };
        } else if starts.count() == 0 || within.is_empty() {
            self.kind = Kind::Never;
            return;
        } else {
            let origin = self.first - i64::from(second - begin);
            let limits_days = self.days.limits();
            self.kind = Kind::Grid(Box::new(Grid { origin, step, limit, within: within.into(), limits_days }));
            return;
        }
        if dates && !self.times.is_empty() {
            self.times = Box::new([0]);
        }
    }

    /// Ends the rule at its last instance, and finds out if it has none.
    fn settle(&mut self, rule: &Rule, work: &mut Work) -> Result<(), Exhausted> {
        let days_alone = matches!(self.kind, Kind::Days | Kind::Picks(_));
        let empty = self.first > self.last
            || matches!(self.kind, Kind::Never)
            || days_alone && self.times.is_empty()
            || matches!(&self.kind, Kind::Picks(picks) if picks.beyond(&self.days, self.times.len() as u64))
            || self.never(work)?;
        if empty {
            self.kind = Kind::Never;
        } else if let Some(count) = rule.count
            && let Some(last) = self.nth(u64::from(count), work)?
        {
            self.last = self.last.min(last);
        }
        if let (Kind::Days, Some(step)) = (&self.kind, self.steps())
            && let Some(first) = self.cursor(self.first, self.last, work)?.next(work)?
        {
            self.kind = Kind::Steps { first, step };
        }
        self.daily = self.find_daily();
        Ok(())
    }

    fn find_daily(&self) -> Option<Daily> {
        let ([time], true) = (&*self.times, self.hole.0 >= self.last) else { return None };
        match self.kind {
            Kind::Steps { first, step } => Some(Daily::Steps { first, step }),
            Kind::Days => Some(Daily::Days { time: i64::from(*time) }),
            _ => None,
        }
    }

    /// The seconds between two instances, if they are always the same.
    fn steps(&self) -> Option<i64> {
        let Days { step, months, month_days: None, year_days: None, weeks: None, by_day, skip: Skip::Omit, .. } =
            &self.days
        else {
            return None;
        };
        let one = |days: &ByDay| days.plain.count_ones() == 1 && days.ordinals.is_empty();
        let days = match (step, by_day) {
            _ if *months != day::ALL_MONTHS || self.times.len() != 1 => return None,
            (Step::Days { n, .. }, None) => *n,
            (Step::Weeks { n, .. }, Some(by_day)) if one(by_day) => 7 * n,
            _ => return None,
        };
        Some(days * SECONDS_PER_DAY)
    }

    /// Whether there is no instance at all. The calendar repeats every 400 years, which are whole weeks, so a first day is
    /// within INTERVAL times that or there is none.
    fn never(&self, work: &mut Work) -> Result<bool, Exhausted> {
        let cycle = (400 * 366 * SECONDS_PER_DAY).saturating_mul(self.days.step.interval());
        let horizon = self.first.saturating_add(cycle);
        if let Kind::Grid(grid) = &self.kind {
            let first = day::split(self.first).0 * SECONDS_PER_DAY;
            let whole_days = Self { kind: Kind::Days, times: Box::new([0]), first, ..self.clone() };
            if whole_days.cursor(first, horizon, work)?.next(work)?.is_none() {
                return Ok(true);
            }
            let horizon = self.first.saturating_add(grid.cycle(&self.days).saturating_mul(SECONDS_PER_DAY));
            return Ok(self.cursor(self.first, horizon, work)?.next(work)?.is_none());
        }
        Ok(self.cursor(self.first, horizon, work)?.next(work)?.is_none())
    }

    /// The `count`-th instance; `None` if the rule ends before.
    fn nth(&self, count: u64, work: &mut Work) -> Result<Option<i64>, Exhausted> {
        let most = match &self.kind {
            Kind::Never => 0,
            Kind::Days if count / self.times.len() as u64 > (day::LAST_DAY - day::FIRST_DAY).unsigned_abs() => 0,
            Kind::Steps { first, step } => {
                let steps = i64::try_from(count - 1).ok().and_then(|steps| steps.checked_mul(*step));
                let civil = steps.and_then(|steps| first.checked_add(steps));
                return Ok(civil.filter(|civil| *civil <= self.last));
            }
            Kind::Days => return AtDay::seek(self, self.first).nth(self, count, work),
            Kind::Picks(picks) => picks.most(self.first, self.days.week_start),
            Kind::Grid(grid) => match grid.nth_unlimited(self.first, count) {
                Some(civil) => return Ok(Some(civil).filter(|civil| *civil <= self.last)),
                None => grid.most(self.first),
            },
        };
        if count > most {
            return Ok(None);
        }
        let mut cursor = self.cursor(self.first, self.last, work)?;
        let mut found = None;
        for _ in 0..count {
            found = cursor.next(work)?;
            if found.is_none() {
                break;
            }
        }
        Ok(found)
    }
}

const fn gcd(mut a: i64, mut b: i64) -> i64 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

/// The days of a rule whose DTSTART is on day `start`.
fn days(rule: &Rule, start: i64) -> Days {
    use Frequency::{Daily, Monthly, Weekly, Yearly};
    let frequency = rule.frequency;
    let month = Month::of(start);
    let week_start = rule.week_start.number();
    let n = i64::from(rule.interval);
    let numbered = !rule.by_week_no.is_empty();
    let mut days = Days::every(week_start);
    days.step = match frequency {
        Daily => Step::Days { from: start, n },
        Weekly => Step::Weeks { from: day::week_of(start, week_start), n },
        Monthly => Step::Months { from: month.index(), n },
        Yearly if numbered => Step::WeekYears { from: i64::from(day::ymd(day::week_of(start, week_start) + 3).0), n },
        Yearly => Step::Years { from: i64::from(month.year), n },
        _ => days.step,
    };
    if matches!(frequency, Monthly | Yearly) {
        days.skip = rule.skip.unwrap_or_default();
    }
    days.months =
        if rule.by_month.is_empty() { day::ALL_MONTHS } else { rule.by_month.iter().fold(0, |bits, m| bits | 1 << m) };
    days.month_days = (!rule.by_month_day.is_empty()).then(|| MonthDays::of(&rule.by_month_day));
    days.year_days = (!rule.by_year_day.is_empty()).then(|| Box::new(YearDays::of(&rule.by_year_day)));
    days.weeks = numbered.then(|| Weeks::of(&rule.by_week_no));
    days.by_day = (!rule.by_day.is_empty()).then(|| by_day(rule));
    from_start(rule, &mut days, start, month);
    days
}

/// What the rule leaves open is as in DTSTART.
fn from_start(rule: &Rule, days: &mut Days, start: i64, month: Month) {
    use Frequency::{Monthly, Weekly, Yearly};
    let some_day = days.month_days.is_some() || days.year_days.is_some() || days.by_day.is_some();
    let of_weekday = ByDay { plain: 1 << day::weekday(start), ordinals: Box::new([]), in_year: false };
    match rule.frequency {
        Weekly if !some_day && days.weeks.is_none() => days.by_day = Some(of_weekday),
        Yearly if !some_day && days.weeks.is_some() => days.by_day = Some(of_weekday),
        Monthly | Yearly if !some_day && days.weeks.is_none() => {
            days.month_days = Some(MonthDays::of(&[(start - month.first + 1) as i16]));
        }
        _ => {}
    }
    let month_missing = rule.by_month.is_empty() && days.year_days.is_none() && days.weeks.is_none();
    if rule.frequency == Yearly && month_missing && days.month_days.is_some() {
        days.months = 1 << month.month;
    }
}

fn by_day(rule: &Rule) -> ByDay {
    let counts = match rule.frequency {
        Frequency::Monthly => true,
        Frequency::Yearly => rule.by_week_no.is_empty(),
        _ => false,
    };
    let with_ordinal = |day: &&super::super::rule::WeekdayNum| counts && day.ordinal.is_some();
    let plain = rule.by_day.iter().filter(|day| !with_ordinal(day));
    ByDay {
        plain: plain.fold(0, |bits, day| bits | 1 << day.weekday.number()),
        ordinals: rule
            .by_day
            .iter()
            .filter(with_ordinal)
            .filter_map(|day| Some((day.weekday.number(), day.ordinal?)))
            .collect(),
        in_year: rule.frequency == Frequency::Yearly && rule.by_month.is_empty(),
    }
}

fn picks(rule: &Rule, period: super::picks::Period, from: i64, n: i64) -> Picks {
    let place = |position: &&i16| u64::from(position.unsigned_abs());
    Picks {
        period,
        n,
        from,
        from_start: rule.by_set_pos.iter().filter(|p| **p > 0).map(|p| place(&p)).collect(),
        from_end: rule.by_set_pos.iter().filter(|p| **p < 0).map(|p| place(&p)).collect(),
    }
}

impl Weeks {
    fn of(weeks: &[i16]) -> Self {
        let mut found = Self::default();
        for week in weeks {
            *(if *week > 0 { &mut found.from_start } else { &mut found.from_end }) |= 1 << week.unsigned_abs();
        }
        found
    }
}

impl Days {
    /// Whether there is a day that it does not have, beside those that INTERVAL leaves out.
    fn limits(&self) -> bool {
        let everywhere = self.month_days.is_none() && self.year_days.is_none() && self.weeks.is_none();
        !(everywhere && self.by_day.is_none() && self.months == day::ALL_MONTHS)
    }
}

impl Picks {
    /// Whether every place is beyond what the fullest period can have.
    fn beyond(&self, days: &Days, times: u64) -> bool {
        let weekdays = days.by_day.as_ref().filter(|days| days.ordinals.is_empty()).map_or(7, |d| d.plain.count_ones());
        let most = times
            * match self.period {
                super::picks::Period::Week => u64::from(weekdays),
                super::picks::Period::Month if days.skip == Skip::Omit => u64::from(weekdays * 5).min(31),
                _ => 372,
            };
        self.from_start.iter().chain(&self.from_end).all(|place| *place > most)
    }
}

impl Grid {
    /// The days after which the same times of the same days come again.
    fn cycle(&self, days: &Days) -> i64 {
        let by_date = days.months != day::ALL_MONTHS || days.month_days.is_some() || days.year_days.is_some();
        let calendar = match (self.limits_days, by_date || days.weeks.is_some()) {
            (false, _) => 1,
            (true, false) => 7,
            (true, true) => 146_097,
        };
        let clock = self.step / gcd(self.step, SECONDS_PER_DAY);
        1 + (calendar / gcd(calendar, clock)).saturating_mul(clock)
    }

    /// How many instances there can be at most until the end of time.
    fn most(&self, start: i64) -> u64 {
        ((day::LAST_SECOND - start) / self.step + 1).unsigned_abs().saturating_mul(self.within.len() as u64)
    }

    /// The `count`-th instance by arithmetic, if nothing limits the units.
    fn nth_unlimited(&self, start: i64, count: u64) -> Option<i64> {
        if self.limits_days || !self.limit.is_full() {
            return None;
        }
        let before = self.within.partition_point(|second| self.origin + i64::from(*second) < start) as u64;
        let place = before.checked_add(count)? - 1;
        let (units, index) = (place / self.within.len() as u64, (place % self.within.len() as u64) as usize);
        let unit = self.origin.checked_add(self.step.checked_mul(i64::try_from(units).ok()?)?)?;
        Some(unit + i64::from(self.within[index]))
    }
}
