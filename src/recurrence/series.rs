//! A recurring component: DTSTART with everything that repeats, moves or cancels it.

use super::build;
use super::day::{ALL_MONTHS, SECONDS_PER_DAY, civil_of};
use super::moment::{Length, Moment, Place};
use super::rule::Rule;
use super::set::Set;
use super::work::{Exhausted, Work};
use crate::time::{Civil, Instant, Interval, Zone};

/// The end of the first instance.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum End {
    /// Neither DTEND nor DURATION: a DATE lasts its day, a DATE-TIME no time at all (RFC 5545 §3.6.1).
    #[default]
    Default,
    /// DTEND (exclusive), or DUE: every instance has the same exact length (RFC 5545 §3.8.5.3).
    At(Moment),
    /// DURATION: every instance has the same nominal length.
    Lasting(Length),
}

impl End {
    /// When something lasts that begins at `start` and does not repeat. `zone` is the one that floating times and dates
    /// are in.
    ///
    /// # Errors
    /// [`SeriesError::EndBeforeStart`] or [`SeriesError::MixedEnd`].
    pub fn interval(&self, start: &Moment, zone: &Zone) -> Result<Interval, SeriesError> {
        let end = Place::end(start, build::length(start, self)?).resolve(zone);
        Ok(Interval { start: Instant::from_unix(Place::of(start).resolve(zone)), end: Instant::from_unix(end) })
    }
}

/// A value of RDATE (RFC 5545 §3.8.5.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rdate {
    /// When it starts.
    pub start: Moment,
    /// For a PERIOD its own end, else [`End::Default`]: the series' length.
    pub end: End,
}

impl From<Moment> for Rdate {
    fn from(start: Moment) -> Self {
        Self { start, end: End::Default }
    }
}

/// RANGE of a RECURRENCE-ID (RFC 5545 §3.2.13).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Range {
    /// That instance alone.
    #[default]
    This,
    /// THISANDFUTURE: it and those after it, each by the same difference.
    ThisAndFuture,
}

/// What became of an instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// It does not take place.
    Cancelled,
    /// It has another start or length. [`End::Default`] is as for a DTSTART without DTEND.
    Moved {
        /// The new start.
        start: Moment,
        /// The new end.
        end: End,
    },
}

/// An instance that differs: a component with RECURRENCE-ID (RFC 5545 §3.8.4.4).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Override {
    /// The original start of the instance.
    pub recurrence_id: Moment,
    /// Whether those after it change as well.
    pub range: Range,
    /// What is different.
    pub change: Change,
}

/// What a series is made of. Build one with [`Definition::new`], fill in what there is, and give it to
/// [`Series::new`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Definition {
    /// DTSTART. Its form is the form of the series.
    pub start: Moment,
    /// DTEND or DURATION.
    pub end: End,
    /// RRULE
    pub rules: Vec<Rule>,
    /// EXRULE (RFC 2445 §4.8.5.2; RFC 5545 dropped it)
    pub exrules: Vec<Rule>,
    /// RDATE
    pub rdates: Vec<Rdate>,
    /// EXDATE. A DATE in a series of times excludes the instances that start on that day.
    pub exdates: Vec<Moment>,
    /// Components with RECURRENCE-ID.
    pub overrides: Vec<Override>,
}

impl Definition {
    /// A start that does not repeat yet.
    #[must_use]
    pub fn new(start: Moment) -> Self {
        Self {
            start,
            end: End::Default,
            rules: Vec::new(),
            exrules: Vec::new(),
            rdates: Vec::new(),
            exdates: Vec::new(),
            overrides: Vec::new(),
        }
    }
}

/// Why a [`Definition`] is no series.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SeriesError {
    /// An end lies before its start.
    #[error("ends before it starts")]
    EndBeforeStart,
    /// A DATE with a time for its end, or the other way round (RFC 5545 §3.8.2.2).
    #[error(
        "the start is a date and the end a time, or the other way round; both must be of one kind (RFC 5545 §3.8.2.2)"
    )]
    MixedEnd,
    /// Years are 1 to 9999 (RFC 5545 §3.3.4).
    #[error("has a date outside of the years 1 to 9999")]
    Year,
    /// There are more dates or rules than one series may have.
    #[error("has more than {limit} {what}")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// How many there may be.
        limit: usize,
    },
    /// A rule in hours, minutes or seconds that does not step in whole days, with a DATE for a start.
    #[error("the rule repeats within days, but the start is a date without a time")]
    NeedsTime,
    /// Counting to COUNT, or finding a first instance, takes too long.
    #[error(transparent)]
    Exhausted(#[from] Exhausted),
}

/// The form of DTSTART, which civil times of the series are in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Frame {
    Date,
    Floating,
    Zoned(Zone),
}

/// Three days.
pub(super) const SHORT: i64 = 3 * SECONDS_PER_DAY;

/// Instances from a RECURRENCE-ID on that differ from the definition by the same (RANGE=THISANDFUTURE); the first lane
/// is the definition itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Lane {
    /// The first original start that belongs to it, and the first that does not.
    pub from: i64,
    pub to: i64,
    /// What is added to the original start, in civil seconds.
    pub shift: i64,
    pub length: Length,
    /// Which of [`Definition::overrides`] it is from.
    pub change: Option<usize>,
}

impl Lane {
    /// Whether no instance ends more than [`SHORT`] after its original start.
    pub(super) fn is_short(&self) -> bool {
        self.shift == 0 && self.length.at_most() <= SHORT
    }
}

/// An instance with times of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Extra {
    /// The original start: civil, and where that is on the time line.
    pub recurrence: i64,
    pub recurrence_at: Place,
    pub start: Place,
    pub end: Place,
    /// Which of [`Definition::overrides`] it is from.
    pub change: Option<usize>,
}

/// A recurring component, checked and made ready: what it repeats like, without text or zone rules left to look up.
///
/// ```
/// use fasti::recurrence::{Definition, Moment, Rule, Series};
/// use fasti::time::{Instant, Interval, Zone};
///
/// let new_york = Zone::parse("America/New_York").unwrap();
/// let start = Moment::Zoned("1997-09-02T09:00:00".parse().unwrap(), new_york.clone());
/// let mut definition = Definition::new(start);
/// definition.rules.push(Rule::parse("FREQ=YEARLY;BYMONTH=11;BYDAY=4TH").unwrap()); // Thanksgiving
/// let series = Series::new(definition).unwrap();
///
/// let year_2026 = Interval::new(Instant::from_unix(1_767_225_600), Instant::from_unix(1_798_761_600)).unwrap();
/// let all: Result<Vec<_>, _> = series.instances(year_2026, &new_york).collect();
/// assert_eq!(all.unwrap()[0].at.start.to_string(), "2026-11-26T14:00:00Z");
/// ```
#[derive(Debug, Clone)]
pub struct Series {
    pub(super) definition: Definition,
    pub(super) frame: Frame,
    pub(super) set: Set,
    /// Ascending, and without a gap between them.
    pub(super) lanes: Vec<Lane>,
    /// By start.
    pub(super) extras: Vec<Extra>,
    /// The greatest end of the extras up to each.
    pub(super) reach: Vec<i64>,
    /// Original starts of cancelled instances, ascending.
    pub(super) cancelled: Vec<i64>,
}

impl Series {
    /// Checks a definition and makes it ready: COUNT becomes a last instance, exceptions are sorted, rules without any
    /// instance are dropped.
    ///
    /// # Errors
    /// [`SeriesError`] says what is wrong. The work it does is bounded, like that of every other call.
    pub fn new(definition: Definition) -> Result<Self, SeriesError> {
        build::series(definition)
    }

    /// What it was made of.
    #[must_use]
    pub fn definition(&self) -> &Definition {
        &self.definition
    }

    /// Whether a rule of it has no end.
    #[must_use]
    pub fn is_endless(&self) -> bool {
        self.set.is_endless() && self.lanes.last().is_some_and(|lane| lane.to == i64::MAX)
    }

    /// An instant that no instance ends after, or `None` if the series is endless. `zone` is the one that floating times
    /// and dates are in. Without UNTIL, EXDATE and EXRULE it is the end of the last instance; a series without any
    /// instance has its DTSTART.
    #[must_use]
    pub fn end(&self, zone: &Zone) -> Option<Instant> {
        if self.is_endless() {
            return None;
        }
        let extras = self.extras.iter().map(|extra| extra.end.resolve(zone));
        let latest = extras.max();
        let zone = self.zone(zone);
        let last = if self.set.is_endless() { i64::MAX } else { self.set.last().unwrap_or(i64::MIN) };
        let lanes = self.lanes.iter().filter(|lane| lane.from <= last).map(|lane| {
            let local = civil_of(last.min(lane.to - 1) + lane.shift);
            Place::end(&Moment::Zoned(local, zone.clone()), lane.length).resolve(zone)
        });
        let start = zone.instant(civil_of(self.definition.start.civil())).unix();
        Some(Instant::from_unix(latest.into_iter().chain(lanes).max().unwrap_or(start)))
    }

    /// The months of the year that have instances, on the clocks of the series: bit 1 is January. It may have none in some
    /// of them; all twelve if it is no series of rules alone, or its instances can last more than three days.
    #[must_use]
    pub fn months(&self) -> u16 {
        match self.lanes.as_slice() {
            [lane] if self.extras.is_empty() && self.set.dates.is_empty() && lane.is_short() => {
                self.set.rules.iter().fold(0, |months, rule| months | rule.months())
            }
            _ => ALL_MONTHS,
        }
    }

    /// About how many octets of memory it takes.
    #[must_use]
    pub fn octets(&self) -> usize {
        // More than a date or time of any list takes in its definition and where it is made ready.
        const LISTED: usize = 256;
        let Set { rules, dates, exrules, exdates, exdays, replaced } = &self.set;
        let times: usize = rules.iter().chain(exrules).map(|rule| size_of_val(rule) + 4 * rule.size()).sum();
        let listed = [dates, exdates, exdays, replaced, &self.cancelled].map(Vec::len).iter().sum::<usize>();
        size_of::<Self>() + times + LISTED * (listed + self.extras.len() + self.lanes.len())
    }

    /// Whether the series has an instance whose RECURRENCE-ID is `recurrence_id`: a civil time as DTSTART's clock shows
    /// it, for a DATE its midnight. Moved instances keep theirs; cancelled ones do not count.
    ///
    /// # Errors
    /// [`Exhausted`] when that takes too many steps to say.
    pub fn contains(&self, recurrence_id: Civil) -> Result<bool, Exhausted> {
        let civil = super::day::seconds_of(recurrence_id);
        if self.cancelled.binary_search(&civil).is_ok() {
            return Ok(false);
        }
        if self.set.replaced.binary_search(&civil).is_ok() {
            return Ok(true);
        }
        let reachable = self.lanes.last().is_some_and(|lane| civil < lane.to);
        Ok(reachable && self.set.contains(civil, &mut Work::new())?)
    }

    /// The RECURRENCE-ID that [`Instance::recurrence_id`](super::Instance::recurrence_id) has for an instance that a
    /// component names in any of the forms of a date or time.
    #[must_use]
    pub fn recurrence_id(&self, named: &Moment) -> Civil {
        civil_of(self.frame.civil(named))
    }

    /// The zone that its civil times are in: its own, or the reader's.
    pub(super) fn zone<'z>(&'z self, reader: &'z Zone) -> &'z Zone {
        match &self.frame {
            Frame::Zoned(zone) => zone,
            Frame::Date | Frame::Floating => reader,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_that_of_what_was_made_ready() {
        let octets = |rule: &str, exdates: usize| {
            let start = Moment::Floating(Civil::constant(2026, 1, 5, 9, 0, 0, 0));
            let mut definition = Definition::new(start.clone());
            definition.rules.push(Rule::parse(rule).unwrap());
            definition.exdates =
                (1..=exdates).map(|day| Moment::Utc(Instant::from_unix(day as i64 * 86_400))).collect();
            Series::new(definition).unwrap().octets()
        };
        let plain = octets("FREQ=WEEKLY", 0);
        let minutes: Vec<String> = (0..60).map(|n| n.to_string()).collect();
        let every = octets(&format!("FREQ=HOURLY;BYMINUTE={}", minutes.join(",")), 0);
        assert!(plain < 4096 && every >= plain + 24 * 60 * 3, "{plain} {every}");
        assert!(octets("FREQ=WEEKLY", 1000) >= plain + 1000 * size_of::<Moment>());
    }
}
