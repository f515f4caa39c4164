//! CALDAV:expand: every instance as a component of its own, in UTC (RFC 4791 §9.6.5).
//!
//! Days stay days, and floating times stay floating: neither has a zone that could be turned into UTC. An instance of a
//! series always has its RECURRENCE-ID, the first one too.

use super::{Budget, TooMany};
use crate::ical::event::push_civil;
use crate::ical::object::part::{Part, instant};
use crate::ical::object::period;
use crate::ical::object::set::Set;
use crate::ical::object::{Component, Kind, Object, Property, TimeRange};
use crate::ical::zones::zone_by_name;
use crate::recurrence::{End, Instance, Moment};
use crate::time::{Civil, Instant, Interval, Zone};

pub(super) fn expand(
    object: &Object,
    window: Interval,
    floating: &Zone,
    budget: &mut Budget,
) -> Result<Component, TooMany> {
    if object.kind == Kind::Availability {
        // RFC 7953 gives expansion no meaning.
        return Ok(object.calendar.clone());
    }
    let mut calendar = object.calendar.bare();
    calendar.properties.clone_from(&object.calendar.properties);
    let mut bytes = 0;
    let mut add = |component: Component| {
        budget.instances = budget.instances.checked_sub(1).ok_or(TooMany)?;
        bytes += weight(&component);
        if bytes > budget.bytes {
            return Err(TooMany);
        }
        calendar.components.push(component);
        Ok(())
    };
    for set in &object.sets {
        let Some(series) = set.series.as_ref().filter(|_| object.kind != Kind::FreeBusy) else {
            let Some((part, component)) = object.parts.get(set.own).and_then(|p| Some((p, object.component(p)?)))
            else {
                continue;
            };
            if object.overlaps(set.own, TimeRange::from(window), floating)? {
                add(undated(part, component, floating))?;
            }
            continue;
        };
        // To-dos that touch the window are in it.
        let wide = Interval { start: window.start - 1, end: window.end + 1 };
        let asked = if object.kind == Kind::Todo { wide } else { window };
        for instance in series.instances(asked, floating) {
            let instance = instance?;
            let Some(part) = object.parts.get(set.part_of(&instance)) else { continue };
            let Some(component) = object.component(part) else { continue };
            if object.instance_overlaps(component, instance.at, window) {
                let id = recurrence_id(set, part, &instance);
                add(dated(part, component, instance.at, id, floating))?;
            }
        }
    }
    Ok(calendar)
}

/// About how many octets its text has.
fn weight(component: &Component) -> usize {
    let properties = component.properties.iter().map(|property| {
        let parameters = property.parameters.iter().flat_map(|(_, values)| values).map(|value| value.len() + 16);
        property.name.len() + property.value.len() + 3 + parameters.sum::<usize>()
    });
    properties.sum::<usize>() + component.components.iter().map(weight).sum::<usize>() + 32
}

/// RECURRENCE-ID of an instance; `None` for what does not recur.
fn recurrence_id(set: &Set, part: &Part, instance: &Instance) -> Option<Property> {
    let series = set.series.as_ref()?;
    if !set.recurs() {
        let (id, _) = part.recurrence.as_ref()?;
        return Some(written("RECURRENCE-ID", id));
    }
    let civil = instance.recurrence_id();
    Some(match series.definition().start {
        Moment::Date(_) => written("RECURRENCE-ID", &Moment::Date(civil.date())),
        Moment::Floating(_) => written("RECURRENCE-ID", &Moment::Floating(civil)),
        Moment::Zoned(..) | Moment::Utc(_) => written("RECURRENCE-ID", &Moment::Utc(instance.recurrence_at)),
    })
}

/// A property for a date or time, in UTC if it has a zone.
fn written(name: &str, moment: &Moment) -> Property {
    let local = |civil: Civil| {
        let mut value = String::new();
        push_civil(&mut value, civil);
        value
    };
    match moment {
        Moment::Date(date) => Property::new(name, date.strftime("%Y%m%d").to_string()).with("VALUE", "DATE"),
        Moment::Floating(civil) => Property::new(name, local(*civil)),
        Moment::Zoned(..) | Moment::Utc(_) => {
            let at = instant(moment, &Zone::utc());
            Property::new(name, local(Zone::utc().civil_at(at)) + "Z")
        }
    }
}

/// `at` in the form of `like`.
fn in_form(at: Instant, like: &Moment, floating: &Zone) -> Moment {
    match like {
        Moment::Date(_) => Moment::Date(floating.civil_at(at).date()),
        Moment::Floating(_) => Moment::Floating(floating.civil_at(at)),
        Moment::Zoned(..) | Moment::Utc(_) => Moment::Utc(at),
    }
}

/// The component of one instance.
fn dated(part: &Part, component: &Component, at: Interval, id: Option<Property>, floating: &Zone) -> Component {
    let mut one = component.bare();
    one.components.clone_from(&component.components);
    let Some(start) = &part.start else { return one };
    let start_property = written("DTSTART", &in_form(at.start, start, floating));
    let end_form = match &part.end {
        End::At(end) => end,
        End::Default | End::Lasting(_) => start,
    };
    let end = |name: &str| written(name, &in_form(at.end, end_form, floating));
    // In UTC a day has 24 hours, in the zone it came from it may have 23; and a PERIOD has a length of its own (RFC 5545
    // §3.8.5.2).
    let by_itself = part.end.interval(&in_form(at.start, start, floating), floating);
    let has_own_end = by_itself != Ok(at);
    let new_end = || end(if component.name == "VTODO" { "DUE" } else { "DTEND" });
    for property in &component.properties {
        let is = |name: &str| property.is(name);
        if is("DTSTART") {
            one.properties.push(start_property.clone());
            one.properties.extend(id.clone());
            if has_own_end && part.end == End::Default && component.name != "VJOURNAL" {
                one.properties.push(new_end());
            }
        } else if is("DTEND") || is("DUE") {
            one.properties.push(end(&property.name));
        } else if is("DURATION") && has_own_end {
            one.properties.push(new_end());
        } else {
            one.properties.extend(kept(property));
        }
    }
    one
}

/// A component that has no DTSTART, or repeats in no way.
fn undated(part: &Part, component: &Component, floating: &Zone) -> Component {
    let mut one = component.bare();
    one.components.clone_from(&component.components);
    for property in &component.properties {
        let dated = match (&part.start, &part.until, &part.recurrence) {
            (Some(start), ..) if property.is("DTSTART") => Some(written("DTSTART", start)),
            (_, Some(until), _) if property.is("DTEND") || property.is("DUE") => Some(written(&property.name, until)),
            (Some(_), None, _) if property.is("DTEND") => {
                part.interval(floating).map(|at| written("DTEND", &Moment::Utc(at.end)))
            }
            (.., Some((id, _))) if property.is("RECURRENCE-ID") => Some(written("RECURRENCE-ID", id)),
            _ => None,
        };
        match dated {
            Some(dated) => one.properties.push(dated),
            None => one.properties.extend(kept(property)),
        }
    }
    one
}

/// A property that has nothing to do with recurrence, its local time in UTC.
fn kept(property: &Property) -> Option<Property> {
    const DROPPED: [&str; 5] = ["RRULE", "EXRULE", "RDATE", "EXDATE", "RECURRENCE-ID"];
    if DROPPED.iter().any(|name| property.is(name)) {
        return None;
    }
    let Some([tzid]) = property.parameter("TZID") else { return Some(property.clone()) };
    let at = zone_by_name(tzid).and_then(|zone| period::instant(&property.value, &zone).ok());
    let mut property = property.clone();
    // One that cannot be turned into UTC would refer to a VTIMEZONE that is not there.
    property.value = written("", &Moment::Utc(at?)).value;
    property.parameters.retain(|(name, _)| !name.eq_ignore_ascii_case("TZID"));
    Some(property)
}
