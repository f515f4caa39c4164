//! VALARM: when it goes off (RFC 5545 §3.6.6, §3.8.6).

use super::period;
use super::tree::Component;
use crate::ical::value::{Duration, digits, duration, signed_duration};
use crate::time::{Instant, Interval, Zone};

/// The most that REPEAT may say: a reminder every minute for a day, and no loop for anybody who expands it.
const MAX_REPEAT: i64 = 1440;
const DAY: i64 = 86_400;

/// When an alarm goes off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Alarm {
    pub trigger: Trigger,
    /// How many more times, and after how many seconds each.
    repeat: i64,
    every: i64,
}

/// TRIGGER (RFC 5545 §3.8.6.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trigger {
    At(Instant),
    FromStart(Offset),
    /// RELATED=END
    FromEnd(Offset),
}

/// A distance: days on the calendar, then seconds on the time line, both back if it is negative.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Offset {
    back: bool,
    size: Duration,
}

impl Offset {
    fn days(self) -> i64 {
        if self.back { -self.size.days } else { self.size.days }
    }

    fn seconds(self) -> i64 {
        if self.back { -self.size.seconds } else { self.size.seconds }
    }

    /// `at` and this. Days are those of the clocks of `zone`.
    pub fn from(self, at: Instant, zone: &Zone) -> Instant {
        if self.size.days == 0 {
            return at + self.seconds();
        }
        let days = jiff::Span::new().try_days(self.days());
        match days.and_then(|days| zone.civil_at(at).checked_add(days)) {
            Ok(civil) => zone.instant(civil) + self.seconds(),
            Err(_) => at + self.days() * DAY + self.seconds(),
        }
    }

    /// Which anchors can bring a trigger into `window`.
    pub fn anchors(self, window: Interval) -> Interval {
        let about = self.days() * DAY + self.seconds();
        Interval { start: window.start - about - DAY, end: window.end - about + DAY }
    }
}

impl Alarm {
    /// # Errors
    /// What is wrong, in a few words. `None` where it has no TRIGGER and never goes off.
    pub fn read(component: &Component) -> Result<Option<Self>, String> {
        let Some(property) = component.property("TRIGGER") else { return Ok(None) };
        let text = property.value.trim();
        let trigger = if text.starts_with(['P', 'p', '+', '-']) {
            let (back, size) = signed_duration(text).map_err(|reason| reason.to_string())?;
            let offset = Offset { back, size };
            if property.parameter_is("RELATED", "END") { Trigger::FromEnd(offset) } else { Trigger::FromStart(offset) }
        } else {
            Trigger::At(period::instant(text, &Zone::utc()).map_err(|reason| reason.to_string())?)
        };
        let (mut repeat, mut every) = (0, 0);
        if let Some(property) = component.property("REPEAT") {
            let count = digits(property.value.trim().as_bytes()).filter(|count| *count <= MAX_REPEAT);
            repeat = count.ok_or_else(|| format!("REPEAT is not a number from 0 to {MAX_REPEAT}"))?;
        }
        if let Some(property) = component.property("DURATION") {
            let length = duration(property.value.trim()).map_err(|reason| reason.to_string())?;
            every = length.days * DAY + length.seconds;
        }
        Ok(Some(Self { trigger, repeat, every }))
    }

    /// How many seconds after the start it goes off, where that is what it says; a day has 24 hours.
    pub fn after_start(self) -> Option<i64> {
        match self.trigger {
            Trigger::FromStart(offset) => Some(offset.days() * DAY + offset.seconds()),
            Trigger::FromEnd(_) | Trigger::At(_) => None,
        }
    }

    /// How long after its trigger it goes off for the last time, in seconds.
    pub fn lasts(self) -> i64 {
        self.repeat * self.every
    }

    /// Whether it goes off within `window`, if for the first time at `first` (RFC 4791 §9.9).
    pub fn goes_off(self, first: Instant, window: Interval) -> bool {
        let before = window.start - first;
        // The first time that is not before the window.
        let times = if before <= 0 || self.every == 0 { 0 } else { (before + self.every - 1) / self.every };
        let at = first + times * self.every;
        times <= self.repeat && window.start <= at && at < window.end
    }
}
