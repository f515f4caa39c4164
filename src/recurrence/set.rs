//! The recurrence set in civil time: RRULEs and RDATEs together, without EXRULEs and EXDATEs (RFC 5545 §3.8.5).

use super::day;
use super::plan::{Cursor, Plan};
use super::work::{Exhausted, Work};

/// What a set consists of. Lists are ascending, in civil seconds.
#[derive(Debug, Clone, Default)]
pub(super) struct Set {
    pub rules: Vec<Plan>,
    /// RDATE, and DTSTART where there is no rule.
    pub dates: Vec<i64>,
    pub exrules: Vec<Plan>,
    /// EXDATE.
    pub exdates: Vec<i64>,
    /// EXDATE by DATE for times: day numbers.
    pub exdays: Vec<i64>,
    /// What an override or a PERIOD stands for; [`SetCursor`] passes them over.
    pub replaced: Vec<i64>,
}

impl Set {
    /// Whether EXRULE or EXDATE excludes a time.
    pub fn excludes(&self, civil: i64, work: &mut Work) -> Result<bool, Exhausted> {
        work.spend(1)?;
        if self.exdates.binary_search(&civil).is_ok() || self.exdays.binary_search(&day::split(civil).0).is_ok() {
            return Ok(true);
        }
        for rule in &self.exrules {
            if rule.contains(civil, work)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether RRULE or RDATE, and neither EXRULE nor EXDATE, gives a time.
    pub fn contains(&self, civil: i64, work: &mut Work) -> Result<bool, Exhausted> {
        let mut found = self.dates.binary_search(&civil).is_ok();
        for rule in &self.rules {
            found = found || rule.contains(civil, work)?;
        }
        Ok(found && !self.excludes(civil, work)?)
    }

    /// No time of the set is later; `None` if it has no end, or nothing.
    pub fn last(&self) -> Option<i64> {
        let rules = self.rules.iter().filter_map(Plan::last);
        rules.chain(self.dates.last().copied()).max()
    }

    pub fn is_endless(&self) -> bool {
        self.rules.iter().any(|rule| rule.endless && !rule.is_empty())
    }

    /// A cursor that has nothing before it is told to [`seek`](SetCursor::seek), and ends after `stop`.
    #[inline]
    pub fn closed(&self, stop: i64) -> SetCursor<'_> {
        let source = match self.rules.as_slice() {
            [rule] if self.dates.is_empty() => Source::Rule(rule.closed(stop)),
            rules => Source::Merged { rules: rules.iter().map(|rule| (rule.closed(stop), None)).collect(), dates: &[] },
        };
        let slow = !(self.exrules.is_empty() && self.exdays.is_empty());
        SetCursor { set: self, source, exdates: &[], replaced: &[], slow }
    }
}

#[inline]
fn from(list: &[i64], civil: i64) -> &[i64] {
    &list[list.partition_point(|at| *at < civil)..]
}

/// What an ascending list has from one time to before another.
#[inline]
pub(super) fn between(list: &[i64], from: i64, to: i64) -> &[i64] {
    let list = &list[list.partition_point(|at| *at < from)..];
    &list[..list.partition_point(|at| *at < to)]
}

/// Goes through a set in ascending order, without duplicates.
#[derive(Debug, Clone)]
pub(super) struct SetCursor<'s> {
    set: &'s Set,
    source: Source<'s>,
    exdates: &'s [i64],
    replaced: &'s [i64],
    /// Whether there is something to exclude that is in no sorted list.
    slow: bool,
}

#[derive(Debug, Clone)]
enum Source<'s> {
    Rule(Cursor<'s>),
    Merged {
        /// Each with the time it gave last, until that is used.
        rules: Vec<(Cursor<'s>, Option<i64>)>,
        dates: &'s [i64],
    },
}

impl SetCursor<'_> {
    /// Goes to before the first time that is not before `civil`.
    #[inline]
    pub fn seek(&mut self, civil: i64, work: &mut Work) -> Result<(), Exhausted> {
        match &mut self.source {
            Source::Rule(cursor) => cursor.seek(civil, work)?,
            Source::Merged { rules, dates } => {
                for (cursor, next) in rules {
                    cursor.seek(civil, work)?;
                    *next = None;
                }
                *dates = from(&self.set.dates, civil);
            }
        }
        self.exdates = from(&self.set.exdates, civil);
        self.replaced = from(&self.set.replaced, civil);
        Ok(())
    }

    #[inline(always)]
    pub fn next(&mut self, work: &mut Work) -> Result<Option<i64>, Exhausted> {
        loop {
            let next = match &mut self.source {
                Source::Rule(cursor) => cursor.next(work)?,
                Source::Merged { rules, dates } => merged(rules, dates, work)?,
            };
            let Some(civil) = next else { return Ok(None) };
            let listed = pass(&mut self.exdates, civil, work)? || pass(&mut self.replaced, civil, work)?;
            let excluded = listed || (self.slow && self.set.excludes(civil, work)?);
            if !excluded {
                return Ok(next);
            }
        }
    }
}

/// Whether an ascending list has `civil`; what is before it is dropped.
#[inline]
fn pass(list: &mut &[i64], civil: i64, work: &mut Work) -> Result<bool, Exhausted> {
    while let [first, rest @ ..] = *list {
        if *first >= civil {
            return Ok(*first == civil);
        }
        work.spend(1)?;
        *list = rest;
    }
    Ok(false)
}

/// The least time of all, taken from each that has it.
fn merged(
    rules: &mut [(Cursor<'_>, Option<i64>)],
    dates: &mut &[i64],
    work: &mut Work,
) -> Result<Option<i64>, Exhausted> {
    let mut least = dates.first().copied();
    for (cursor, next) in rules.iter_mut() {
        if next.is_none() {
            *next = cursor.next(work)?;
        }
        work.spend(1)?;
        least = match (least, *next) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
    }
    for (_, next) in rules.iter_mut() {
        if *next == least {
            *next = None;
        }
    }
    if dates.first().copied() == least {
        *dates = dates.get(1..).unwrap_or_default();
    }
    Ok(least)
}
