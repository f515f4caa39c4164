//! Which time many series take of one window: in no order, and without what instances are called.

use super::day::{Month, SECONDS_PER_DAY, split};
use super::instances::{bounds, extras};
use super::offsets::{Clocks, MOST, Stretch};
use super::plan::{Daily, Plan, step_from};
use super::series::{Lane, SHORT, Series};
use super::set::{Set, between};
use super::work::Exhausted;
use crate::time::{Instant, Interval, Zone};

/// Longer windows are not looked at as a whole.
const LONG: i64 = 800 * SECONDS_PER_DAY;

/// Instances of one length in equal steps on the time line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Run {
    /// When the first one starts.
    pub start: Instant,
    /// How long each takes, in seconds; at least one.
    pub length: i64,
    /// Seconds from one start to the next; at least one.
    pub step: i64,
    /// None starts at it or later.
    pub until: Instant,
}

impl Run {
    /// How many instances there are.
    #[must_use]
    pub fn count(&self) -> usize {
        usize::try_from((self.until - self.start - 1) / self.step + 1).unwrap_or_default()
    }

    /// Each instance, in order.
    pub fn each(self) -> impl Iterator<Item = Interval> {
        let starts = std::iter::successors(Some(self.start), move |start| Some(*start + self.step));
        let instances = starts.map(move |start| Interval { start, end: start + self.length });
        instances.take_while(move |at| at.start < self.until)
    }
}

/// A window that many series are asked about, and what they have in common there.
#[derive(Debug, Clone)]
pub struct Sweep {
    window: Interval,
    views: Vec<View>,
    clocks: Clocks,
    /// Those of one series.
    runs: Vec<Run>,
}

/// A window on the clocks of a zone.
#[derive(Debug, Clone)]
struct View {
    zone: Zone,
    /// All months that have the start of an instance of up to three days in the window.
    months: Vec<Month>,
    /// All offsets of their starts and ends, each with the first civil time that another one resolves.
    offsets: Vec<(i64, i64)>,
}

impl Sweep {
    /// Nothing is known yet.
    #[must_use]
    pub const fn new(window: Interval) -> Self {
        Self { window, views: Vec::new(), clocks: Clocks::new(), runs: Vec::new() }
    }

    /// The place of a zone's view.
    #[inline]
    fn view(&mut self, zone: &Zone) -> usize {
        self.views.iter().position(|view| view.zone == *zone).unwrap_or_else(|| {
            self.views.push(View::new(zone, self.window));
            self.views.len() - 1
        })
    }
}

impl View {
    fn new(zone: &Zone, window: Interval) -> Self {
        let (start, end) = bounds(window);
        let from = start - SHORT - MOST;
        let mut months = vec![Month::of(split(from).0)];
        while let Some(month) = months.last().filter(|month| month.end() * SECONDS_PER_DAY < end + MOST) {
            months.push(month.next());
        }
        let (mut offsets, mut civil) = (Vec::new(), from);
        while civil <= end + SHORT + MOST {
            let stretch = Stretch::find(zone, civil);
            offsets.push((stretch.offset, stretch.high));
            civil = stretch.high;
        }
        Self { zone: zone.clone(), months, offsets }
    }

    /// The instant of a civil time.
    #[inline]
    fn resolve(&self, civil: i64) -> i64 {
        civil - self.offsets.iter().find(|(_, until)| civil < *until).map_or(0, |(offset, _)| *offset)
    }

    /// Adds what equal steps from a first civil time to before `to` have in a window: one run for each offset.
    #[inline]
    fn add(&self, runs: &mut Vec<Run>, (first, step): (i64, i64), to: i64, length: i64, (start, end): (i64, i64)) {
        let mut from = i64::MIN;
        for (offset, until) in &self.offsets {
            let civil = step_from(first, step, from.max(start + offset - length + 1));
            let before = to.min(*until).min(end + offset);
            if civil < before && length > 0 {
                let instant = |civil: i64| Instant::from_unix(civil - offset);
                runs.push(Run { start: instant(civil), length, step, until: instant(before) });
            }
            from = *until;
        }
    }
}

impl Series {
    /// The instances that share time with the window of `sweep`, in no order. Those without length take no time, and are left
    /// out. `zone` is the reader's: the one that floating times and dates are in.
    ///
    /// # Errors
    /// [`Exhausted`] when the limit on work is reached.
    pub fn taken<'s>(&self, sweep: &'s mut Sweep, zone: &Zone) -> Result<&'s [Run], Exhausted> {
        let (zone, (start, end)) = (self.zone(zone), bounds(sweep.window));
        sweep.runs.clear();
        let Some(Simple { lane, rule, dates }) = self.simple(start, end) else {
            let Sweep { window, runs, clocks, .. } = sweep;
            self.for_each_with(clocks, *window, zone, |instance| append(runs, instance.at))?;
            return Ok(&sweep.runs);
        };
        let view = sweep.view(zone);
        let (Sweep { views, runs, .. }, length) = (sweep, lane.length);
        let view = &views[view];
        let mut one = |civil: i64| {
            let from = view.resolve(civil);
            let until = length.end((civil, from), |civil| view.resolve(civil));
            if from < end && until > start {
                push(runs, Interval { start: Instant::from_unix(from), end: Instant::from_unix(until) });
            }
        };
        let Some((rule, daily)) = rule else {
            dates.iter().for_each(|civil| one(*civil));
            return Ok(runs);
        };
        let to = lane.to.min(rule.last_start() + 1);
        let time = match daily {
            Daily::Steps { first, step } if length.civil == 0 => {
                view.add(runs, (first, step), to, length.seconds, (start, end));
                return Ok(runs);
            }
            Daily::Steps { first, .. } => split(first).1.into(),
            Daily::Days { time } => time,
        };
        for month in &view.months {
            let mut mask = rule.days(*month);
            while mask != 0 {
                let civil = (month.first + i64::from(mask.trailing_zeros()) - 1) * SECONDS_PER_DAY + time;
                if rule.first_start() <= civil && civil < to {
                    one(civil);
                }
                mask &= mask - 1;
            }
        }
        Ok(runs)
    }

    /// What there is of it around a window, if that is simple.
    #[inline]
    fn simple(&self, start: i64, end: i64) -> Option<Simple<'_>> {
        let Set { rules, dates, exrules, exdates, exdays, replaced } = &self.set;
        let [lane] = self.lanes.as_slice() else { return None };
        let rule = match rules.as_slice() {
            [] => None,
            [rule] => Some((rule, rule.daily?)),
            _ => return None,
        };
        if !lane.is_short() || end - start > LONG || exrules.len() + exdays.len() > 0 {
            return None;
        }
        let simple = Simple { lane, rule, dates: &[] };
        if dates.len() + exdates.len() + replaced.len() + self.extras.len() == 0 {
            return Some(simple);
        }
        let (from, to) = (start - SHORT - MOST, end + MOST);
        let dates = between(dates, from, to.min(lane.to));
        let listed = [exdates, replaced].into_iter().any(|list| !between(list, from, to).is_empty());
        let alone = extras(self, start, end).is_empty() && !listed && (rule.is_none() || dates.is_empty());
        alone.then_some(Simple { dates, ..simple })
    }
}

/// Adds one instance.
#[inline]
fn push(runs: &mut Vec<Run>, Interval { start, end }: Interval) {
    if start < end {
        runs.push(Run { start, length: end - start, step: 1, until: start + 1 });
    }
}

/// The same to the last run, if it is the next of that: what is no [`Daily`] rule may have tens of thousands.
fn append(runs: &mut Vec<Run>, at: Interval) {
    let length = at.end - at.start;
    if let Some(run) = runs.last_mut().filter(|run| run.length == length) {
        let step = at.start + 1 - run.until;
        let single = run.until == run.start + 1;
        if step > 0 && (single || run.step == step) {
            (run.step, run.until) = (step, at.start + 1);
            return;
        }
    }
    push(runs, at);
}

/// Short instances of one rule or of dates, without exceptions.
struct Simple<'s> {
    lane: &'s Lane,
    rule: Option<(&'s Plan, Daily)>,
    dates: &'s [i64],
}
