//! CALDAV:limit-recurrence-set and CALDAV:limit-freebusy-set (RFC 4791 §9.6.6, §9.6.7).

use std::collections::BTreeSet;

use super::TooMany;
use crate::ical::object::period::period;
use crate::ical::object::set::Set;
use crate::ical::object::{Component, Object, TimeRange};
use crate::ical::read::times::items;
use crate::recurrence::{Exhausted, Moment, Series};
use crate::time::{Civil, Interval, Zone};

impl From<Exhausted> for TooMany {
    fn from(_: Exhausted) -> Self {
        Self
    }
}

/// The object with those overrides only that matter within `window`.
pub(super) fn overrides(object: &Object, window: Interval, floating: &Zone) -> Result<Component, TooMany> {
    let mut dropped = BTreeSet::new();
    for set in &object.sets {
        let originals = set.series.as_ref().map(|series| originals(series, window, floating)).transpose()?;
        for place in &set.changes {
            let Some(part) = object.parts.get(*place) else { continue };
            let originally = match (&part.recurrence, &set.series, &originals) {
                (Some((id, _)), Some(series), Some(originals)) => {
                    touches(&series.recurrence_id(id), part.is_future(), originals, id, set, window, floating)
                }
                _ => false,
            };
            if !originally && !object.overlaps(*place, TimeRange::from(window), floating)? {
                dropped.insert(part.component);
            }
        }
    }
    let mut calendar = object.calendar.bare();
    calendar.properties.clone_from(&object.calendar.properties);
    let kept = object.calendar.components.iter().enumerate().filter(|(index, _)| !dropped.contains(index));
    calendar.components = kept.map(|(_, component)| component.clone()).collect();
    Ok(calendar)
}

/// The RECURRENCE-IDs of the instances in `window` that there would be without overrides.
fn originals(series: &Series, window: Interval, floating: &Zone) -> Result<BTreeSet<Civil>, Exhausted> {
    let mut definition = series.definition().clone();
    if definition.overrides.is_empty() {
        return Ok(BTreeSet::new());
    }
    definition.overrides.clear();
    let Ok(series) = Series::new(definition) else { return Err(Exhausted) };
    let mut found = BTreeSet::new();
    series.for_each(window, floating, |instance| {
        found.insert(instance.recurrence_id());
    })?;
    Ok(found)
}

/// Whether the instance of `id`, or with RANGE=THISANDFUTURE one after it, was originally in the window. One that the
/// series does not have was where it says, for as long as the series' first lasts.
fn touches(
    civil: &Civil,
    future: bool,
    originals: &BTreeSet<Civil>,
    id: &Moment,
    set: &Set,
    window: Interval,
    floating: &Zone,
) -> bool {
    if originals.contains(civil) || (future && originals.range(civil..).next().is_some()) {
        return true;
    }
    let end = set.series.as_ref().map(|series| &series.definition().end);
    let length = set.series.as_ref().zip(end).and_then(|(series, end)| {
        let first = end.interval(&series.definition().start, floating).ok()?;
        Some(first.end - first.start)
    });
    let start = crate::ical::object::part::instant(id, floating);
    start < window.end && (start + length.unwrap_or(0) > window.start || start >= window.start)
}

/// Leaves out the periods of VFREEBUSYs that are not in `window`.
pub(super) fn free_busy(calendar: &mut Component, window: Interval) {
    for component in calendar.components.iter_mut().filter(|component| component.name == "VFREEBUSY") {
        for property in component.properties.iter_mut().filter(|property| property.is("FREEBUSY")) {
            let inside = |text: &&str| period(text).is_ok_and(|at| at.overlaps(window));
            property.value = items(&property.value).filter(inside).collect::<Vec<_>>().join(",");
        }
        component.properties.retain(|property| !property.is("FREEBUSY") || !property.value.is_empty());
    }
}
