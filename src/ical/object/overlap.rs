//! When a component overlaps a time range: the tables of RFC 4791 §9.9 and RFC 7953 §7.2.2.

use super::alarm::{Alarm, Trigger};
use super::part::{Part, instant};
use super::period::{periods, stamp};
use super::tree::Component;
use super::{Kind, Object, TimeRange};
use crate::recurrence::{Exhausted, Moment};
use crate::time::{Instant, Interval, Zone};

impl Object {
    /// The component of a part.
    pub(super) fn component(&self, part: &Part) -> Option<&Component> {
        self.calendar.components.get(part.component)
    }

    /// Whether an instance that is from the part at `place` overlaps `range`.
    pub(super) fn overlaps(&self, place: usize, range: TimeRange, floating: &Zone) -> Result<bool, Exhausted> {
        let window = range.interval();
        let Some((part, component)) = self.parts.get(place).and_then(|part| Some((part, self.component(part)?))) else {
            return Ok(false);
        };
        match self.kind {
            // What the instances of a window are is what the tables say; without DTSTART, a VJOURNAL has none.
            Kind::Event | Kind::Journal => self.any(place, window, floating, |_| true),
            Kind::Todo if part.start.is_some() => {
                let wide = Interval { start: window.start - 1, end: window.end + 1 };
                self.any(place, wide, floating, |at| todo_overlaps(component, at, window))
            }
            Kind::Todo => Ok(undated_todo_overlaps(part, component, window, floating)),
            Kind::FreeBusy => Ok(free_busy_overlaps(part, component, window, floating)),
            Kind::Availability => Ok(part.spans(floating).is_some_and(|at| at.overlaps(window))),
        }
    }

    /// Whether an instance that is from `component` and lasts for `at` overlaps `window`, with which it shares time or
    /// nearly so.
    pub(super) fn instance_overlaps(&self, component: &Component, at: Interval, window: Interval) -> bool {
        self.kind != Kind::Todo || todo_overlaps(component, at, window)
    }

    /// Whether an instance that is from the part at `place` passes `test`, see [`super::set::Set::any`].
    pub(super) fn any(
        &self,
        place: usize,
        window: Interval,
        floating: &Zone,
        test: impl FnMut(Interval) -> bool,
    ) -> Result<bool, Exhausted> {
        match self.parts.get(place).and_then(|part| self.sets.get(part.set)) {
            Some(set) => set.any(&self.parts, place, window, floating, test),
            None => Ok(false),
        }
    }

    /// Whether an alarm of the part at `place` goes off within `range`, for any instance.
    pub(super) fn alarm_overlaps(
        &self,
        place: usize,
        alarm: &Component,
        range: TimeRange,
        floating: &Zone,
    ) -> Result<bool, Exhausted> {
        let (Ok(Some(alarm)), Some(part)) = (Alarm::read(alarm), self.parts.get(place)) else { return Ok(false) };
        let window = range.interval();
        let (offset, at_end) = match alarm.trigger {
            Trigger::At(at) => return Ok(alarm.goes_off(at, window)),
            Trigger::FromStart(offset) => (offset, false),
            Trigger::FromEnd(offset) => (offset, true),
        };
        let zone = match &part.start {
            Some(Moment::Zoned(_, zone)) => zone.clone(),
            Some(Moment::Utc(_)) => Zone::utc(),
            _ => floating.clone(),
        };
        // A to-do that is due at a time but starts at none has no other anchor.
        if let (None, Some(due)) = (&part.start, &part.until) {
            return Ok(alarm.goes_off(offset.from(instant(due, floating), &zone), window));
        }
        let mut anchors = offset.anchors(Interval { start: window.start - alarm.lasts(), end: window.end });
        anchors.start = anchors.start - 1;
        self.any(place, anchors, floating, |at| {
            alarm.goes_off(offset.from(if at_end { at.end } else { at.start }, &zone), window)
        })
    }
}

impl Part {
    /// The time of a VAVAILABILITY, unbounded where an end is missing. `None` where there is nothing of it.
    pub(super) fn spans(&self, floating: &Zone) -> Option<Interval> {
        let all = TimeRange::default().interval();
        let (start, end) = match (&self.start, &self.until) {
            (Some(_), _) if self.end != crate::recurrence::End::Default => return self.interval(floating),
            (Some(start), _) => (instant(start, floating), all.end),
            (None, Some(until)) => (all.start, instant(until, floating)),
            (None, None) => (all.start, all.end),
        };
        Interval::new(start, end)
    }
}

/// The rows for a VTODO with DTSTART.
fn todo_overlaps(component: &Component, at: Interval, window: Interval) -> bool {
    let Interval { start, end } = window;
    let before = end > at.start || end >= at.end;
    if component.property("DURATION").is_some() {
        start <= at.end && before
    } else if component.property("DUE").is_some() {
        (start < at.end || start <= at.start) && before
    } else {
        start <= at.start && end > at.start
    }
}

/// The other rows.
fn undated_todo_overlaps(part: &Part, component: &Component, window: Interval, floating: &Zone) -> bool {
    let Interval { start, end } = window;
    if let Some(due) = &part.until {
        let due = instant(due, floating);
        return start < due && end >= due;
    }
    match (stamp(component, "COMPLETED", floating), stamp(component, "CREATED", floating)) {
        (Some(completed), Some(created)) => {
            (start <= created || start <= completed) && (end >= created || end >= completed)
        }
        (Some(completed), None) => start <= completed && end >= completed,
        (None, Some(created)) => end > created,
        (None, None) => true,
    }
}

fn free_busy_overlaps(part: &Part, component: &Component, window: Interval, floating: &Zone) -> bool {
    match free_busy_bounds(part, component, floating) {
        Some(at) => window.start <= at.end && window.end > at.start,
        None => free_busy_periods(component).any(|(at, _)| at.overlaps(window)),
    }
}

/// DTSTART and DTEND of a VFREEBUSY, if it has both.
pub(super) fn free_busy_bounds(part: &Part, component: &Component, floating: &Zone) -> Option<Interval> {
    component.property("DTEND")?;
    part.interval(floating)
}

/// The periods of a VFREEBUSY, with the properties they are in.
pub(super) fn free_busy_periods(component: &Component) -> impl Iterator<Item = (Interval, &super::Property)> {
    let properties = component.properties.iter().filter(|property| property.is("FREEBUSY"));
    properties.flat_map(|property| periods(&property.value).filter_map(Result::ok).map(move |at| (at, property)))
}

/// The first and last instant that a to-do without DTSTART overlaps, as far as there are any: the same rows.
pub(super) fn undated_todo_bounds(
    part: &Part,
    component: &Component,
    zone: &Zone,
) -> (Option<Instant>, Option<Instant>) {
    if let Some(due) = &part.until {
        let due = instant(due, zone);
        return (Some(due - 1), Some(due + 1));
    }
    match (stamp(component, "COMPLETED", zone), stamp(component, "CREATED", zone)) {
        (Some(completed), Some(created)) => (Some(created.min(completed) - 1), Some(created.max(completed) + 1)),
        (Some(completed), None) => (Some(completed - 1), Some(completed + 1)),
        (None, Some(created)) => (Some(created), None),
        (None, None) => (None, None),
    }
}
