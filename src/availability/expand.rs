//! The one place where recurrence becomes intervals.

use crate::recurrence::{Definition, Exhausted, Moment, Rdate, Rule, Run, Series, SeriesError, Sweep};
use crate::time::{Date, Instant, Interval, Zone};

use super::hours::{Hours, Layout, Shift, Times};
use super::minutes::Minutes;
use super::offsets::{DAY, Offsets, date_of, day_number};
use super::{Busy, BusyKind, Ref, Spans};

/// A rule of working hours as somebody writes it (A1): "every other Friday until June, 9 to 5".
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HoursSpec {
    /// On which days.
    pub rule: Rule,
    /// The first day the rule holds on, which is also where its intervals count from; without one they count from
    /// Monday, 5 January 1970.
    pub valid_from: Option<Date>,
    /// The last day it holds on.
    pub valid_until: Option<Date>,
    /// Days on which it does not hold.
    pub exdates: Vec<Date>,
    /// Further days on which it does, within its validity.
    pub rdates: Vec<Date>,
    /// At which times of the day.
    pub shift: Shift,
    /// On whose clocks.
    pub zone: Zone,
}

/// A rule of working hours, checked and made ready to be laid out over any window.
#[derive(Debug, Clone)]
pub struct HoursRule {
    days: Series,
    valid: (i64, i64),
    shift: Shift,
    zone: Zone,
}

impl HoursRule {
    /// Checks a rule.
    ///
    /// # Errors
    /// [`SeriesError`] when its dates or its rule are beyond what is worked with, or the rule repeats within days.
    pub fn new(spec: HoursSpec) -> Result<Self, SeriesError> {
        let anchor = spec.valid_from.unwrap_or(Date::constant(1970, 1, 5));
        let mut days = Definition::new(Moment::Date(anchor));
        days.rules.push(spec.rule);
        days.rdates = spec.rdates.into_iter().map(|day| Rdate::from(Moment::Date(day))).collect();
        days.exdates = spec.exdates.into_iter().map(Moment::Date).collect();
        let valid = (spec.valid_from.map_or(i64::MIN, day_number), spec.valid_until.map_or(i64::MAX, day_number));
        Ok(Self { days: Series::new(days)?, valid, shift: spec.shift, zone: spec.zone })
    }
}

/// Something that takes time again and again: a block, or an event of another calendar.
#[derive(Debug, Clone)]
pub struct Recurring {
    series: Series,
    /// No instance ends later, wherever floating times are read.
    over: Instant,
    /// See [`Series::months`].
    months: u16,
    kind: BusyKind,
    source: Ref,
}

impl Recurring {
    /// Takes all units of whose it is.
    #[must_use]
    pub fn new(series: Series, kind: BusyKind, source: Ref) -> Self {
        let over = series.end(&Zone::utc()).map_or(Instant::from_unix(i64::MAX), |end| end + 2 * DAY);
        Self { over, months: series.months(), series, kind, source }
    }

    /// Which block or event it is.
    #[must_use]
    pub const fn source(&self) -> Ref {
        self.source
    }
}

/// The months of the year, on clocks anywhere, in which something of up to three days can start that shares time with a
/// window: bit 1 is January.
fn months(window: Interval) -> u16 {
    let month = |at: Instant| {
        let date = date_of(at.unix().div_euclid(DAY));
        i64::from(date.year()) * 12 + i64::from(date.month()) - 1
    };
    let (first, last) = (month(window.start - 4 * DAY), month(window.end + DAY));
    (first..=last.min(first + 11)).fold(0, |months, index| months | 2 << index.rem_euclid(12))
}

/// Those that can have instances in a window: most series of an old calendar are over, and of the others most come once a
/// year.
fn near(recurring: &[Recurring], window: Interval) -> impl Iterator<Item = &Recurring> {
    let months = months(window);
    recurring.iter().filter(move |r| r.over > window.start && r.months & months != 0)
}

/// Lays rules and series out over one window, and remembers zones meanwhile: one for all the people of a question.
#[derive(Debug)]
pub struct Expansion {
    window: Interval,
    zones: Vec<(Zone, Offsets)>,
    sweep: Sweep,
}

impl Expansion {
    /// For a window, usually [`super::Question::reach`].
    #[must_use]
    pub const fn new(window: Interval) -> Self {
        Self { window, zones: Vec::new(), sweep: Sweep::new(window) }
    }

    /// The working hours that rules add up to, whole where they begin before the window or end after it; those of the
    /// days around the window may be among them.
    ///
    /// # Errors
    /// [`Exhausted`] when a rule takes more work than a rule may.
    pub fn hours(&mut self, rules: &[HoursRule]) -> Result<Hours, Exhausted> {
        let mut layout = Layout::default();
        let (utc, window) = (Zone::utc(), self.window);
        for rule in rules {
            let offsets = self.offsets(&rule.zone);
            // The day before may have a shift over midnight, and a break of its second day.
            let first = (offsets.day(window.start) - 1).max(rule.valid.0);
            let last = offsets.day(window.end).min(rule.valid.1);
            // Dates are looked up as if they were in UTC, where a day's number is its midnight's.
            let midnight = |day: i64| Instant::from_unix(day.saturating_mul(DAY));
            let Some(dates) = Interval::new(midnight(first), midnight(last.saturating_add(1))) else { continue };
            let times = Times::of(&rule.shift);
            rule.days.for_each(dates, &utc, |instance| {
                layout.day(&times, offsets, instance.at.start.unix().div_euclid(DAY));
            })?;
            layout.next();
        }
        Ok(layout.finish())
    }

    /// Adds the instances of recurring blocks or events to `busy`. Floating times and whole days are those of `zone`, the
    /// zone of whose time they take.
    ///
    /// # Errors
    /// [`Exhausted`] when a series takes more work than a series may. Then the time it takes is not known, which must not
    /// be mistaken for free.
    pub fn busy(&mut self, recurring: &[Recurring], zone: &Zone, busy: &mut Vec<Busy>) -> Result<(), Exhausted> {
        for Recurring { series, kind, source, .. } in near(recurring, self.window) {
            let runs = series.taken(&mut self.sweep, zone)?;
            busy.reserve(runs.iter().map(Run::count).sum());
            for run in runs {
                busy.extend(run.each().map(|at| Busy { at, unit: None, kind: *kind, source: *source }));
            }
        }
        Ok(())
    }

    /// When any of some recurring blocks or events takes time: what [`busy`](Self::busy) adds, joined and without names. That
    /// is all that matters where nobody asks for reasons, and costs a fraction.
    ///
    /// # Errors
    /// As [`busy`](Self::busy).
    pub fn taken(&mut self, recurring: &[Recurring], zone: &Zone) -> Result<Spans, Exhausted> {
        let mut minutes = Minutes::new(self.window);
        for Recurring { series, .. } in near(recurring, self.window) {
            for run in series.taken(&mut self.sweep, zone)? {
                minutes.add(run);
            }
        }
        Ok(minutes.spans())
    }

    fn offsets(&mut self, zone: &Zone) -> &Offsets {
        let known = self.zones.iter().position(|(known, _)| known == zone).unwrap_or_else(|| {
            self.zones.push((zone.clone(), Offsets::new(zone, self.window.widened(3 * DAY, 3 * DAY))));
            self.zones.len() - 1
        });
        &self.zones[known].1
    }
}
