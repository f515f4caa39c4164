//! Whole days: how many are left (A6).

use crate::time::{Date, Instant, Interval, Time, Zone};

use super::offsets::{DAY, Offsets, date_of, day_number};
use super::{Calendar, Hours, Offers, Ref, Spans, Terms};

/// What a rental counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stay {
    /// Whole local days, midnight to midnight; the first and the last day need some opening hours to hand over in.
    Days,
    /// Nights: from `check_in` on the first day to `check_out` on the day after the last night. Both have to lie within
    /// opening hours; the days in between need not be open.
    Nights {
        /// When it begins.
        check_in: Time,
        /// When it ends.
        check_out: Time,
    },
}

/// Which days are left?
///
/// Closures of the whole business stop handing over and not what is out already: an excavator stays with the customer
/// over a holiday. Blocks of the resource itself are among its own busy times.
#[derive(Debug, Clone, Copy)]
pub struct DaysQuestion<'a> {
    /// The first day that is asked about.
    pub from: Date,
    /// The last.
    pub to: Date,
    /// The current time.
    pub now: Instant,
    /// On whose clocks days begin.
    pub zone: &'a Zone,
    /// Notice, horizon and buffers count; duration, grid and capacity do not.
    pub terms: Terms,
    /// What a rental counts.
    pub stay: Stay,
    /// When things are handed over; `None`: at any time.
    pub hours: Option<&'a Hours>,
    /// When nothing is handed over.
    pub closures: &'a Spans,
    /// What can be had: any of these. Their own hours, where they have some, are not asked for.
    pub candidates: &'a [Calendar<'a>],
    /// Bookings and holds that make way.
    pub ignore: &'a [Ref],
}

/// A day on which a rental may begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StayDay {
    /// The day.
    pub date: Date,
    /// How many units are free for this one day or night.
    pub remaining: u32,
    /// The longest rental that can begin here, in days or nights, that one unit serves and that ends by the last day
    /// asked about (or the morning after it); 0: none can.
    pub longest: u32,
}

/// A day and its slots.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SlotDay {
    /// The day.
    pub date: Date,
    /// How many slots begin on it.
    pub slots: u32,
    /// How many bookings they can take together.
    pub remaining: u32,
}

/// The slots of each day on the clocks of `zone`, days without any included.
#[must_use]
pub fn slot_days(offers: &Offers, from: Date, to: Date, zone: &Zone) -> Vec<SlotDay> {
    let (first, last) = (day_number(from), day_number(to));
    let offsets = Offsets::new(zone, around(first, last));
    let mut slots = offers.slots();
    (first..=last)
        .map(|day| {
            let end = offsets.midnight(day + 1);
            let begin = slots.partition_point(|slot| slot.at.start < offsets.midnight(day));
            let until = slots.partition_point(|slot| slot.at.start < end);
            let of_day = slots.get(begin..until).unwrap_or_default();
            slots = slots.get(until..).unwrap_or_default();
            let remaining = of_day.iter().fold(0_u32, |sum, slot| sum.saturating_add(slot.remaining));
            SlotDay { date: date_of(day), slots: u32::try_from(of_day.len()).unwrap_or(u32::MAX), remaining }
        })
        .collect()
}

/// Each day with what is left of it.
#[must_use]
pub fn days(question: &DaysQuestion<'_>) -> Vec<StayDay> {
    let calendar = Stays::new(question);
    let (first, last) = (day_number(question.from), day_number(question.to));
    (first..=last)
        .map(|day| {
            let remaining = calendar.units_free(calendar.span(day, 1));
            let longest = if calendar.may_begin(day) { calendar.longest(day, last) } else { 0 };
            StayDay { date: date_of(day), remaining, longest }
        })
        .collect()
}

/// How many units are free for a whole rental of `count` days or nights from `first` on; 0 also when it cannot be
/// handed over at its beginning or end. The days have to lie in those of the question.
#[must_use]
pub fn stay(question: &DaysQuestion<'_>, first: Date, count: u32) -> u32 {
    let calendar = Stays::new(question);
    let (first, count) = (day_number(first), i64::from(count.max(1)));
    if !calendar.may_begin(first) || !calendar.may_end(first, count) {
        return 0;
    }
    calendar.units_free(calendar.span(first, count))
}

/// The days asked about, with a day around them.
fn around(first: i64, last: i64) -> Interval {
    Interval { start: Instant::from_unix((first - 2) * DAY), end: Instant::from_unix((last + 4) * DAY) }
}

/// Units that share their busy times.
struct Units {
    busy: Spans,
    count: u32,
}

struct Stays<'q> {
    question: &'q DaysQuestion<'q>,
    offsets: Offsets,
    /// When things are handed over.
    open: Spans,
    units: Vec<Units>,
    earliest: Instant,
    horizon: Instant,
}

impl<'q> Stays<'q> {
    fn new(question: &'q DaysQuestion<'q>) -> Self {
        let known = around(day_number(question.from), day_number(question.to));
        let open = question.hours.map_or_else(|| Spans::from(known), |hours| hours.open().clone());
        let horizon = question.terms.horizon(question.now, question.zone);
        Self {
            question,
            offsets: Offsets::new(question.zone, known),
            open: open.subtract(question.closures),
            units: question.candidates.iter().flat_map(|c| units(question, c)).collect(),
            earliest: question.terms.earliest(question.now),
            horizon: horizon.unwrap_or(Instant::from_unix(i64::MAX)),
        }
    }

    /// The time that a rental of `count` days or nights takes.
    fn span(&self, day: i64, count: i64) -> Interval {
        let at = |day: i64, time: Time| {
            let seconds = i64::from(time.hour()) * 3600 + i64::from(time.minute()) * 60 + i64::from(time.second());
            self.offsets.first_at(day * DAY + seconds)
        };
        match self.question.stay {
            Stay::Days => Interval { start: self.offsets.midnight(day), end: self.offsets.midnight(day + count) },
            Stay::Nights { check_in, check_out } => {
                Interval { start: at(day, check_in), end: at(day + count, check_out) }
            }
        }
    }

    /// Whether things can be fetched on a day, soon enough and not too soon.
    fn may_begin(&self, day: i64) -> bool {
        let start = self.span(day, 1).start;
        match self.question.stay {
            Stay::Days => {
                let from = start.max(self.earliest);
                start < self.horizon && self.open_between(from, self.offsets.midnight(day + 1))
            }
            Stay::Nights { .. } => self.open.contains(start) && start >= self.earliest && start < self.horizon,
        }
    }

    /// Whether things can be brought back after `count` days or nights.
    fn may_end(&self, day: i64, count: i64) -> bool {
        let end = self.span(day, count).end;
        match self.question.stay {
            Stay::Days => self.open_between(self.offsets.midnight(day + count - 1), end),
            // Who brings it back when the shop closes comes in time.
            Stay::Nights { .. } => self.open.contains(end) || self.open.contains(end - 1),
        }
    }

    fn open_between(&self, from: Instant, until: Instant) -> bool {
        Interval::new(from, until).is_some_and(|day| !self.open.touching(day).is_empty())
    }

    /// The longest rental of one unit from `day` on.
    fn longest(&self, day: i64, last: i64) -> u32 {
        let start = self.span(day, 1).start;
        let free = self.units.iter().filter(|units| units.count > 0 && !units.busy.contains(start));
        let next_busy = |units: &Units| {
            let next = units.busy.as_slice().partition_point(|b| b.end <= start);
            units.busy.as_slice().get(next).map_or(Instant::from_unix(i64::MAX), |b| b.start)
        };
        let Some(until) = free.map(next_busy).max() else { return 0 };
        let fits = |count: &i64| self.span(day, *count).end <= until && self.may_end(day, *count);
        (1..=last - day + 1).rev().find(fits).and_then(|count| u32::try_from(count).ok()).unwrap_or(0)
    }

    fn units_free(&self, whole: Interval) -> u32 {
        let free = self.units.iter().filter(|units| units.busy.touching(whole).is_empty());
        free.fold(0, |sum, units| sum.saturating_add(units.count))
    }
}

/// The units of a candidate with what takes them; those without bookings together.
fn units(question: &DaysQuestion<'_>, of: &Calendar<'_>) -> Vec<Units> {
    let counting = || of.busy.iter().filter(|b| b.counts(question.now, question.ignore));
    let mut taken: Vec<u32> = counting().filter_map(|b| b.unit).map(|unit| unit % of.quantity.max(1)).collect();
    taken.sort_unstable();
    taken.dedup();
    let untouched = of.quantity.saturating_sub(u32::try_from(taken.len()).unwrap_or(u32::MAX));
    let busy = |unit: u32| {
        let of_unit = counting().filter(|b| b.takes(unit, of.quantity));
        // The rental's own buffers must be free too.
        of_unit.map(|b| b.at.widened(question.terms.after(), question.terms.before())).collect()
    };
    let mut units: Vec<Units> = taken.into_iter().map(|unit| Units { busy: busy(unit), count: 1 }).collect();
    units.push(Units { busy: busy(u32::MAX), count: untouched });
    units
}
