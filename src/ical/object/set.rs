//! A recurrence set: a master with its overrides, or an override alone (RFC 5545 §3.8.4.4, RFC 4791 §4.1).

use super::part::{Part, Read, instant};
use super::{Condition, Limits, Violation};
use crate::recurrence::{Change, Exhausted, Frequency, Instance, Override, Range, Series, SeriesError};
use crate::time::{Instant, Interval, Zone};

/// Components that say together which instances there are. Parts are named by their place in one list.
#[derive(Debug, Clone)]
pub(super) struct Set {
    /// The master, or the override without one.
    pub own: usize,
    /// `None` without DTSTART.
    pub series: Option<Series>,
    /// The parts of the series' overrides, in their order.
    pub changes: Vec<usize>,
}

impl Set {
    /// The part that an instance of the series is from.
    pub fn part_of(&self, instance: &Instance) -> usize {
        instance.change.and_then(|change| self.changes.get(change).copied()).unwrap_or(self.own)
    }

    /// Whether there can be more than one instance.
    pub fn recurs(&self) -> bool {
        self.series.as_ref().is_some_and(|series| {
            let definition = series.definition();
            !(definition.rules.is_empty() && definition.rdates.is_empty() && definition.overrides.is_empty())
        })
    }

    /// Whether an instance that is from the part `wanted`, which belongs to this set, passes `test`. Asked are those
    /// which share time with `window`, and others may be. Floating times are those of `floating`.
    pub fn any(
        &self,
        parts: &[Part],
        wanted: usize,
        window: Interval,
        floating: &Zone,
        mut test: impl FnMut(Interval) -> bool,
    ) -> Result<bool, Exhausted> {
        let (Some(series), Some(part)) = (&self.series, parts.get(wanted)) else { return Ok(false) };
        let overrides = &series.definition().overrides;
        let future = |index: &usize| parts.get(*index).is_some_and(Part::is_future);
        let Interval { mut start, mut end } = window;
        if wanted != self.own {
            let Some(own) = part.interval(floating) else { return Ok(false) };
            if !part.is_future() {
                return Ok(own.start < end && (own.end > start || own.start >= start) && test(own));
            }
            start = start.max(own.start);
        } else if self.changes.iter().any(future) {
            // From the first RANGE=THISANDFUTURE on, no instance is the master's.
            let futures = overrides.iter().filter(|changed| changed.range == Range::ThisAndFuture);
            end = futures.map(|changed| instant(&changed.recurrence_id, floating) + 1).fold(end, Instant::min);
            // What began before it may last until the window, and longer.
            end = end.max(start + 1);
        }
        if start >= end {
            return Ok(false);
        }
        for instance in series.instances(Interval { start, end }, floating) {
            let instance = instance?;
            if self.part_of(&instance) == wanted && test(instance.at) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

impl Part {
    /// Whether it changes later instances as well.
    pub fn is_future(&self) -> bool {
        matches!(self.recurrence, Some((_, Range::ThisAndFuture)))
    }

    /// When it is itself, without what it repeats like. `None` without DTSTART.
    pub fn interval(&self, floating: &Zone) -> Option<Interval> {
        self.end.interval(self.start.as_ref()?, floating).ok()
    }
}

/// Puts the components of one UID together, and says in each part which of `sets` it is in.
///
/// # Errors
/// Where there are two masters, or two overrides of one instance; where dates contradict each other; where there are too
/// many instances.
pub(super) fn assemble(
    reads: Vec<Read>,
    parts: &mut Vec<Part>,
    sets: &mut Vec<Set>,
    limits: &Limits,
) -> Result<(), Violation> {
    let refuse =
        |line: usize, condition, what: &str| Err(Violation { condition, detail: format!("line {line}: {what}") });
    let mut masters = reads.iter().filter(|read| read.part.recurrence.is_none());
    let master = masters.next().map(|read| (read.line, read.part.start.clone()));
    if let Some(second) = masters.next() {
        let what = "there are two components of this UID without RECURRENCE-ID (RFC 4791 §4.1)";
        return refuse(second.line, Condition::ValidCalendarObjectResource, what);
    }
    distinct(&reads)?;
    let first = parts.len();
    let own = reads.iter().position(|read| read.part.recurrence.is_none()).map(|place| first + place);
    let set_of_master = sets.len();
    let mut definition = None;
    let (mut changes, mut alone) = (Vec::new(), Vec::new());
    for read in reads {
        let place = parts.len();
        let Read { mut part, definition: mut of_part, line, .. } = read;
        let is_date = |moment: &crate::recurrence::Moment| matches!(moment, crate::recurrence::Moment::Date(_));
        match (&part.recurrence, &master) {
            (None, _) => definition = of_part.take(),
            (Some((id, range)), Some((_, Some(start)))) => {
                // Exchange and Google name an instance of whole days by the time of its midnight, which is plain enough.
                if is_date(id) && !is_date(start) {
                    let what = "RECURRENCE-ID must be a time as DTSTART is (RFC 5545 §3.8.4.4)";
                    return refuse(line, Condition::ValidCalendarData, what);
                }
                let change = match &part.start {
                    Some(start) => Change::Moved { start: start.clone(), end: part.end.clone() },
                    None => Change::Cancelled,
                };
                changes.push((place, Override { recurrence_id: id.clone(), range: *range, change }));
            }
            (Some(_), _) => {}
        }
        part.set = set_of_master;
        if part.recurrence.is_some() && (master.is_none() || part.start.is_none()) {
            alone.push((place, line, of_part));
        }
        parts.push(part);
    }
    if let (Some(own), Some((line, _))) = (own, master) {
        let (changes, overrides) = changes.into_iter().unzip();
        let series = definition.map(|mut definition| {
            definition.overrides = overrides;
            series(definition, limits, line)
        });
        sets.push(Set { own, series: series.transpose()?, changes });
    }
    for (place, line, definition) in alone {
        let series = definition.map(|definition| series(definition, limits, line)).transpose()?;
        if let Some(part) = parts.get_mut(place) {
            part.set = sets.len();
        }
        sets.push(Set { own: place, series, changes: Vec::new() });
    }
    Ok(())
}

/// No two may stand for one instance (RFC 4791 §4.1, RFC 5545 §3.8.4.4).
fn distinct(reads: &[Read]) -> Result<(), Violation> {
    let utc = Zone::utc();
    let ids = reads.iter().filter_map(|read| {
        let (id, range) = read.part.recurrence.as_ref()?;
        Some((instant(id, &utc), *range == Range::ThisAndFuture, read.line))
    });
    let mut ids: Vec<_> = ids.collect();
    ids.sort_unstable();
    match ids.windows(2).find(|pair| pair[0].0 == pair[1].0 && pair[0].1 == pair[1].1) {
        None => Ok(()),
        Some(pair) => {
            let detail = format!("line {}: there are two components of one RECURRENCE-ID (RFC 4791 §4.1)", pair[1].2);
            Err(Violation { condition: Condition::ValidCalendarObjectResource, detail })
        }
    }
}

fn series(definition: crate::recurrence::Definition, limits: &Limits, line: usize) -> Result<Series, Violation> {
    let refuse = |condition, what: String| Violation { condition, detail: format!("line {line}: {what}") };
    let plain = definition.rules.is_empty() && definition.rdates.is_empty() && definition.overrides.is_empty();
    let series = Series::new(definition).map_err(|error| {
        let condition = match error {
            SeriesError::Exhausted(_) | SeriesError::TooMany { .. } => Condition::MaxInstances,
            SeriesError::EndBeforeStart | SeriesError::MixedEnd | SeriesError::Year | SeriesError::NeedsTime => {
                Condition::ValidCalendarData
            }
        };
        refuse(condition, format!("the component {error}"))
    })?;
    if !plain && limits.instances < usize::MAX && dense(&series, limits.instances) {
        let what = format!("the component has more than {} instances a year", limits.instances);
        return Err(refuse(Condition::MaxInstances, what));
    }
    Ok(series)
}

/// Whether it has more than `most` instances in the first of its years; see [`Limits::instances`].
fn dense(series: &Series, most: usize) -> bool {
    let definition = series.definition();
    let coarse = definition.rules.iter().filter(|rule| rule.frequency() >= Frequency::Daily);
    let years = coarse.map(crate::recurrence::Rule::interval).max().unwrap_or(1).min(1000);
    let utc = Zone::utc();
    let start = instant(&definition.start, &utc) - 86_400;
    let window = Interval { start, end: start + i64::from(years) * 366 * 86_400 };
    let mut count = 0;
    for instance in series.instances(window, &utc) {
        count += 1;
        if instance.is_err() || count > most {
            return true;
        }
    }
    false
}
