//! The days of a rule of working hours, as the availability engine counts them.

use crate::recurrence::{Definition, Frequency, Moment, Rule, Series, Until};
use crate::time::{Date, Instant, Interval, Zone};

/// How many days are compared where a rule is said in another way: eight years of a weekly one.
const COMPARED: usize = 400;

/// Days, from an anchor that intervals count from and that need not be one of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Days {
    pub anchor: Date,
    /// Without UNTIL.
    pub rule: Rule,
    /// The last day there can be.
    pub last: Option<Date>,
}

/// A rule of days without the times of the day in it.
pub(super) fn without_times(rule: &Rule) -> Option<Rule> {
    let text = rule.to_string();
    let is_time = |part: &&str| ["BYHOUR=", "BYMINUTE=", "BYSECOND="].iter().any(|name| part.starts_with(name));
    let kept: Vec<&str> = text.split(';').filter(|part| !is_time(part)).collect();
    Rule::parse(&kept.join(";")).ok().filter(|rule| rule.frequency() >= Frequency::Daily)
}

/// Why days cannot be said in another way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Unsayable;

impl Days {
    /// UNTIL becomes the last day, and so does a COUNT that ends later than `last`.
    pub fn new(anchor: Date, rule: Rule, last: Option<Date>) -> Result<Self, Unsayable> {
        let until = rule.until().map(|until| match until {
            Until::Date(day) => day,
            Until::Local(civil) | Until::Utc(civil) => civil.date(),
        });
        let last = until.into_iter().chain(last).min();
        let rule = if until.is_some() { rule.with_count(None) } else { rule };
        let mut days = Self { anchor, rule, last };
        if days.rule.count().is_some() {
            let counted = days.counted()?;
            if last.is_some_and(|last| last < counted) {
                days.rule = days.rule.with_count(None);
            } else {
                days.last = None;
            }
        }
        Ok(days)
    }

    fn series(&self) -> Result<Series, Unsayable> {
        let mut definition = Definition::new(Moment::Date(self.anchor));
        definition.rules.push(self.rule.clone());
        Series::new(definition).map_err(|_| Unsayable)
    }

    /// The last day that COUNT gives.
    fn counted(&self) -> Result<Date, Unsayable> {
        let end = self.series()?.end(&Zone::utc()).ok_or(Unsayable)?;
        Ok(Zone::utc().civil_at(end - 1).date())
    }

    /// The same days with a last one in place of COUNT.
    pub fn uncounted(&self) -> Result<Self, Unsayable> {
        if self.rule.count().is_none() {
            return Ok(self.clone());
        }
        Ok(Self { last: Some(self.counted()?), rule: self.rule.clone().with_count(None), ..*self })
    }

    /// The first `most` of them from a day on.
    pub fn from(&self, day: Date, most: usize) -> Result<Vec<Date>, Unsayable> {
        let utc = Zone::utc();
        let window = Interval { start: utc.instant(day.at(0, 0, 0, 0)), end: Instant::MAX };
        let mut found = Vec::new();
        for instance in self.series()?.instances(window, &utc).take(most) {
            let day = instance.map_err(|_| Unsayable)?.recurrence_id().date();
            if self.last.is_some_and(|last| day > last) {
                break;
            }
            found.push(day);
        }
        Ok(found)
    }

    pub fn contains(&self, day: Date) -> Result<bool, Unsayable> {
        Ok(self.from(day, 1)?.first() == Some(&day))
    }

    /// The same days from `day` on, anchored at the first of them; none when there are no more.
    pub fn starting(&self, day: Date) -> Result<Option<Self>, Unsayable> {
        let wanted = self.from(day, COMPARED)?;
        let Some(first) = wanted.first().copied() else { return Ok(None) };
        let same_count = self.from(self.anchor, 1)? == [first];
        let kept = if same_count { self.clone() } else { self.uncounted()? };
        let moved = Self { anchor: first, ..kept };
        if moved.from(first, COMPARED)? == wanted { Ok(Some(moved)) } else { Err(Unsayable) }
    }

    /// Each of them a day later.
    pub fn a_day_later(&self) -> Result<Self, Unsayable> {
        let later = |day: Date| day.tomorrow().map_err(|_| Unsayable);
        let wanted = self.from(self.anchor, COMPARED)?.into_iter().map(later).collect::<Result<Vec<_>, _>>()?;
        let (anchor, last) = (later(self.anchor)?, self.last.map(later).transpose()?);
        let weekly = match self.rule.frequency() {
            Frequency::Daily if self.rule.interval() == 1 => self.rule.to_string().replacen("DAILY", "WEEKLY", 1),
            _ => self.rule.to_string(),
        };
        let weekly = Rule::parse(&weekly).ok().and_then(|rule| rule.weekdays_later(1));
        for rule in weekly.into_iter().chain([self.rule.clone()]) {
            let moved = Self { anchor, rule, last };
            if moved.from(anchor, COMPARED)? == wanted {
                return Ok(moved);
            }
        }
        Err(Unsayable)
    }
}
