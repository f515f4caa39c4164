//! [`Definition`] to [`Series`]: every date is brought into the form of DTSTART, once.

use super::day::{self, SECONDS_PER_DAY, civil_of};
use super::moment::{Length, Moment, Place};
use super::offsets::{civil_until, civils_at};
use super::plan::{Ends, Plan};
use super::rule::{Rule, Until};
use super::series::{Change, Definition, End, Extra, Frame, Lane, Override, Range, Series, SeriesError};
use super::set::Set;
use super::work::Work;
use crate::time::Zone;

/// EXDATEs, RDATEs and overrides together: more than one a day for fifty years.
const MAX_DATES: usize = 20_000;
/// RRULEs and EXRULEs together.
const MAX_RULES: usize = 64;
/// Times of the day of all rules together: 2 MB.
const MAX_TIMES: usize = 500_000;

pub(super) fn series(definition: Definition) -> Result<Series, SeriesError> {
    check(&definition)?;
    let mut work = Work::new();
    let frame = Frame::of(&definition.start);
    let length = length(&definition.start, &definition.end)?;
    let mut builder =
        Builder { start: definition.start.civil(), length, frame, set: Set::default(), extras: Vec::new() };
    builder.exceptions(&definition, &mut work)?;
    builder.inclusions(&definition, &mut work)?;
    let (lanes, cancelled) = builder.overrides(&definition.overrides)?;
    let Builder { frame, mut set, mut extras, .. } = builder;
    sort(&mut set.replaced);
    extras.sort_by_key(|extra| extra.recurrence);
    extras.dedup_by_key(|extra| extra.recurrence);
    extras.sort_by_key(|extra| (extra.start.about(), extra.recurrence));
    let mut furthest = i64::MIN;
    let reach = extras.iter().map(|extra| {
        furthest = furthest.max(extra.end.about());
        furthest
    });
    let reach = reach.collect();
    Ok(Series { definition, frame, set, lanes, extras, reach, cancelled })
}

fn sort(list: &mut Vec<i64>) {
    list.sort_unstable();
    list.dedup();
    list.shrink_to_fit();
}

fn check(definition: &Definition) -> Result<(), SeriesError> {
    let dates = definition.exdates.len() + definition.rdates.len() + definition.overrides.len();
    if dates > MAX_DATES {
        return Err(SeriesError::TooMany {
            what: "exceptions, additional dates and changed instances",
            limit: MAX_DATES,
        });
    }
    if definition.rules.len() + definition.exrules.len() > MAX_RULES {
        return Err(SeriesError::TooMany { what: "rules", limit: MAX_RULES });
    }
    let rdates = definition.rdates.iter().map(|rdate| &rdate.start);
    let originals = definition.overrides.iter().map(|change| &change.recurrence_id);
    let moved = definition.overrides.iter().filter_map(|changed| match &changed.change {
        Change::Moved { start, .. } => Some(start),
        Change::Cancelled => None,
    });
    let mut all =
        [&definition.start].into_iter().chain(&definition.exdates).chain(rdates).chain(originals).chain(moved);
    if all.all(Moment::is_writable) { Ok(()) } else { Err(SeriesError::Year) }
}

/// The length of an instance that starts at `start`.
pub(super) fn length(start: &Moment, end: &End) -> Result<Length, SeriesError> {
    match end {
        End::Default => Ok(Length { civil: i64::from(start.is_date()) * SECONDS_PER_DAY, seconds: 0 }),
        End::Lasting(length) if start.is_date() && length.seconds > 0 => Err(SeriesError::MixedEnd),
        End::Lasting(length) => Ok(*length),
        End::At(end) if start.is_date() != end.is_date() => Err(SeriesError::MixedEnd),
        End::At(end) => {
            let apart = match (start, start.instant(), end.instant()) {
                (_, Some(start), Some(end)) => end - start,
                (Moment::Zoned(_, zone), Some(start), _) => zone.instant(civil_of(end.civil())).unix() - start,
                _ => end.civil() - start.civil(),
            };
            let length = match start {
                Moment::Date(_) | Moment::Floating(_) => Length::on_clocks(apart),
                _ => Length::exact(apart),
            };
            length.filter(|_| apart >= 0).ok_or(SeriesError::EndBeforeStart)
        }
    }
}

impl Frame {
    fn of(start: &Moment) -> Self {
        match start {
            Moment::Date(_) => Self::Date,
            Moment::Floating(_) => Self::Floating,
            Moment::Zoned(_, zone) => Self::Zoned(zone.clone()),
            Moment::Utc(_) => Self::Zoned(Zone::utc()),
        }
    }

    /// The civil times of the series that a date or time of any form means: none, one, or two in and after a gap.
    fn civils(&self, moment: &Moment) -> Vec<i64> {
        match (self, moment) {
            (Self::Date, moment) => vec![day::split(moment.civil()).0 * SECONDS_PER_DAY],
            (Self::Zoned(own), Moment::Zoned(_, zone)) if own == zone => vec![moment.civil()],
            (Self::Zoned(own), Moment::Zoned(..) | Moment::Utc(_)) => {
                moment.instant().map_or_else(Vec::new, |instant| civils_at(own, instant).collect())
            }
            _ => vec![moment.civil()],
        }
    }

    /// The civil time of the series that stands for a RECURRENCE-ID of any form.
    pub(super) fn civil(&self, moment: &Moment) -> i64 {
        self.civils(moment).last().copied().unwrap_or_else(|| self.local(moment))
    }

    /// What a clock of the series shows, even if it shows that twice.
    fn local(&self, moment: &Moment) -> i64 {
        match (self, moment.instant()) {
            (Self::Zoned(zone), Some(instant)) => {
                instant + i64::from(zone.offset_seconds_at(crate::time::Instant::from_unix(instant)))
            }
            _ => moment.civil(),
        }
    }

    /// Where a date or time is: local ones are in the series' zone, if it has one.
    fn place(&self, moment: &Moment) -> Place {
        match (self, moment) {
            (Self::Zoned(own), Moment::Floating(_) | Moment::Date(_)) => {
                Place::Instant(own.instant(civil_of(moment.civil())).unix())
            }
            _ => Place::of(moment),
        }
    }

    fn end(&self, moment: &Moment, length: Length) -> Place {
        match (self, moment) {
            (Self::Zoned(own), Moment::Floating(_) | Moment::Date(_)) => {
                Place::end(&Moment::Zoned(civil_of(moment.civil()), own.clone()), length)
            }
            _ => Place::end(moment, length),
        }
    }

    /// UNTIL in civil seconds, and what a gap excludes before it.
    fn until(&self, rule: &Rule) -> Ends {
        let mut ends = Ends { last: day::LAST_SECOND, hole: (i64::MAX, i64::MAX), dates: *self == Self::Date };
        let Some(until) = rule.until else { return ends };
        match (until, self) {
            // The whole day: UNTIL is inclusive, and a date names the day.
            (Until::Date(date), _) => ends.last = (day::day_of(date) + 1) * SECONDS_PER_DAY - 1,
            (Until::Utc(civil), Self::Zoned(zone)) => {
                (ends.last, ends.hole) = civil_until(zone, day::seconds_of(civil));
            }
            (Until::Local(civil) | Until::Utc(civil), _) => ends.last = day::seconds_of(civil),
        }
        ends
    }
}

struct Builder {
    start: i64,
    length: Length,
    frame: Frame,
    set: Set,
    extras: Vec<Extra>,
}

impl Builder {
    fn plans(&self, rules: &[Rule], work: &mut Work) -> Result<Vec<Plan>, SeriesError> {
        let mut plans = Vec::with_capacity(rules.len());
        for rule in rules {
            let plan = Plan::new(rule, self.start, self.frame.until(rule), work)?;
            if plan.is_grid() && self.frame == Frame::Date {
                return Err(SeriesError::NeedsTime);
            }
            plans.push(plan);
            if plans.iter().map(Plan::size).sum::<usize>() > MAX_TIMES {
                return Err(SeriesError::TooMany { what: "times of the day in its rules", limit: MAX_TIMES });
            }
        }
        Ok(plans)
    }

    fn exceptions(&mut self, definition: &Definition, work: &mut Work) -> Result<(), SeriesError> {
        self.set.exrules = self.plans(&definition.exrules, work)?;
        for exdate in &definition.exdates {
            if exdate.is_date() && self.frame != Frame::Date {
                self.set.exdays.push(day::split(exdate.civil()).0);
            } else {
                self.set.exdates.extend(self.frame.civils(exdate));
            }
        }
        sort(&mut self.set.exdays);
        sort(&mut self.set.exdates);
        Ok(())
    }

    fn inclusions(&mut self, definition: &Definition, work: &mut Work) -> Result<(), SeriesError> {
        self.set.rules = self.plans(&definition.rules, work)?;
        if self.set.rules.is_empty() {
            self.set.dates.push(self.start);
        }
        for rdate in &definition.rdates {
            let at = self.frame.place(&rdate.start);
            let civil = self.frame.civils(&rdate.start).last().copied();
            let plain = rdate.end == End::Default && rdate.start.is_date() == (self.frame == Frame::Date);
            match civil {
                Some(civil) if plain => self.set.dates.push(civil),
                // A PERIOD, or the second of two equal times, which no civil time can say.
                _ => {
                    let civil = civil.unwrap_or_else(|| self.frame.local(&rdate.start));
                    let length =
                        if rdate.end == End::Default { self.length } else { length(&rdate.start, &rdate.end)? };
                    if !self.set.excludes(civil, work)? {
                        let end = self.frame.end(&rdate.start, length);
                        self.replace(Extra { recurrence: civil, recurrence_at: at, start: at, end, change: None });
                    }
                }
            }
        }
        sort(&mut self.set.dates);
        Ok(())
    }

    /// Adds an instance of its own in the place of the one that has its RECURRENCE-ID. A later one replaces it.
    fn replace(&mut self, extra: Extra) {
        self.set.replaced.push(extra.recurrence);
        self.extras.push(extra);
    }

    /// Takes the overrides; gives the lanes, and the instances that are cancelled.
    fn overrides(&mut self, overrides: &[Override]) -> Result<(Vec<Lane>, Vec<i64>), SeriesError> {
        let (mut futures, mut cancelled, mut single) = (Vec::new(), Vec::new(), Vec::new());
        for (index, changed) in overrides.iter().enumerate() {
            let civil = self.frame.civil(&changed.recurrence_id);
            if changed.range == Range::ThisAndFuture { &mut futures } else { &mut single }
                .push((civil, index, changed));
        }
        // Of several for one instance the last one given counts.
        single.sort_by_key(|(civil, ..)| *civil);
        futures.sort_by_key(|(civil, ..)| *civil);
        let replaced: Vec<i64> = single.iter().map(|(civil, ..)| *civil).collect();
        self.extras.retain(|extra| replaced.binary_search(&extra.recurrence).is_err());
        for (place, (civil, index, changed)) in single.iter().enumerate() {
            if single.get(place + 1).is_some_and(|next| next.0 == *civil) {
                continue;
            }
            self.set.replaced.push(*civil);
            match &changed.change {
                Change::Cancelled => cancelled.push(*civil),
                Change::Moved { start, end } => {
                    // A component of its own: what floats in it does so by itself, whatever zone the series has.
                    let end = Place::end(start, length(start, end)?);
                    let recurrence_at = self.frame.place(&changed.recurrence_id);
                    let start = Place::of(start);
                    self.extras.push(Extra { recurrence: *civil, recurrence_at, start, end, change: Some(*index) });
                }
            }
        }
        Ok((self.lanes(&futures)?, cancelled))
    }

    fn lanes(&self, futures: &[(i64, usize, &Override)]) -> Result<Vec<Lane>, SeriesError> {
        let mut lanes = vec![Lane { from: i64::MIN, to: i64::MAX, shift: 0, length: self.length, change: None }];
        for (civil, index, changed) in futures {
            if let Some(before) = lanes.last_mut() {
                before.to = *civil;
            }
            match &changed.change {
                Change::Cancelled => break,
                Change::Moved { start, end } => lanes.push(Lane {
                    from: *civil,
                    to: i64::MAX,
                    shift: self.frame.local(start) - civil,
                    length: length(start, end)?,
                    change: Some(*index),
                }),
            }
        }
        Ok(lanes)
    }
}
