//! Whether an object matches (RFC 4791 §9.7).

use super::{CompFilter, CompTest, ParamFilter, ParamTest, PropFilter, PropTest, ValueTest};
use crate::ical::object::period::stamp;
use crate::ical::object::{Component, Kind, Object, Property, TimeRange};
use crate::ical::text::unescape_text;
use crate::recurrence::Exhausted;
use crate::time::{Interval, Zone};

/// Whether `object` matches `filter`, which is one for VCALENDAR. Floating times and dates are those of `floating`.
///
/// A component with RECURRENCE-ID stands for its own instance, the master for all that no other one replaces: a time range
/// and the tests beside it hold for the same component. Alarms are those of the component's instances.
///
/// # Errors
/// [`Exhausted`] when a series takes too many steps; the work for one time range is bounded.
pub fn matches(object: &Object, filter: &CompFilter, floating: &Zone) -> Result<bool, Exhausted> {
    let matcher = Matcher { object, floating };
    if !filter.name.eq_ignore_ascii_case("VCALENDAR") {
        return Ok(filter.test == CompTest::IsNotDefined);
    }
    match &filter.test {
        CompTest::IsNotDefined => Ok(false),
        // The semantics of a time range are not defined for a VCALENDAR (§9.9).
        CompTest::Defined { time_range: Some(_), .. } => Ok(false),
        CompTest::Defined { props, comps, .. } => {
            matcher.all(Place::Elsewhere, &object.calendar, Place::Elsewhere, props, comps)
        }
    }
}

/// Where a component is.
#[derive(Clone, Copy)]
enum Place {
    /// It is the part of that place in the list.
    Part(usize),
    /// It is in that part.
    In(usize),
    /// It is the VCALENDAR, a VTIMEZONE or deeper down.
    Elsewhere,
}

struct Matcher<'o> {
    object: &'o Object,
    floating: &'o Zone,
}

impl Matcher<'_> {
    /// Whether `component` passes all of the tests. `inside` is where the components in it are.
    fn all(
        &self,
        place: Place,
        component: &Component,
        inside: Place,
        props: &[PropFilter],
        comps: &[CompFilter],
    ) -> Result<bool, Exhausted> {
        for filter in props {
            if !self.property(place, component, filter)? {
                return Ok(false);
            }
        }
        for filter in comps {
            if !self.component(component, inside, filter)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Whether `filter` matches the components in `around`.
    fn component(&self, around: &Component, inside: Place, filter: &CompFilter) -> Result<bool, Exhausted> {
        let is_calendar = std::ptr::eq(around, &raw const self.object.calendar);
        let mut named = around.components.iter().enumerate();
        let CompTest::Defined { time_range, props, comps } = &filter.test else {
            return Ok(!named.any(|(_, component)| component.name.eq_ignore_ascii_case(&filter.name)));
        };
        for (index, component) in named.filter(|(_, component)| component.name.eq_ignore_ascii_case(&filter.name)) {
            let (place, next) = if is_calendar {
                // Parts are in the order of the components.
                match self.object.parts.binary_search_by_key(&index, |part| part.component) {
                    Ok(place) => (Place::Part(place), Place::In(place)),
                    Err(_) => (Place::Elsewhere, Place::Elsewhere),
                }
            } else {
                (inside, Place::Elsewhere)
            };
            let timely = match time_range {
                None => true,
                Some(range) => self.timely(place, component, *range)?,
            };
            if timely && self.all(place, component, next, props, comps)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// RFC 4791 §9.9; false where it defines nothing.
    fn timely(&self, place: Place, component: &Component, range: TimeRange) -> Result<bool, Exhausted> {
        match place {
            Place::Part(place) => self.object.overlaps(place, range, self.floating),
            Place::In(place) if component.name == "VALARM" => {
                self.object.alarm_overlaps(place, component, range, self.floating)
            }
            Place::In(_) | Place::Elsewhere => Ok(false),
        }
    }

    fn property(&self, place: Place, component: &Component, filter: &PropFilter) -> Result<bool, Exhausted> {
        let mut named = component.properties.iter().filter(|property| property.is(&filter.name));
        match &filter.test {
            PropTest::IsNotDefined => Ok(named.next().is_none()),
            PropTest::Defined { value: Some(ValueTest::TimeRange(range)), params } => {
                // The time may be that of an instance, or follow from DURATION: the property need not be there.
                let fitting = params.is_empty() || named.any(|property| parameters(property, params));
                Ok(fitting && self.dated(place, component, &filter.name, *range)?)
            }
            PropTest::Defined { value, params } => Ok(named.any(|property| {
                let fits = match value {
                    Some(ValueTest::Text(text)) => text.matches(&unescape_text(&property.value)),
                    _ => true,
                };
                fits && parameters(property, params)
            })),
        }
    }

    /// Whether the time that a property says is in `range`, for any instance (§9.9).
    fn dated(&self, place: Place, component: &Component, name: &str, range: TimeRange) -> Result<bool, Exhausted> {
        let window = range.interval();
        let inside = |at| window.start <= at && at < window.end;
        let is = |wanted: &str| name.eq_ignore_ascii_case(wanted);
        let has = |wanted: &str| component.property(wanted).is_some();
        if is("COMPLETED") || is("CREATED") || is("DTSTAMP") || is("LAST-MODIFIED") {
            return Ok(stamp(component, name, self.floating).is_some_and(inside));
        }
        let (Place::Part(place), kind) = (place, self.object.kind) else { return Ok(false) };
        let starts = is("DTSTART") && has("DTSTART");
        let lasts = has("DURATION") && has("DTSTART");
        let ends = match kind {
            Kind::Todo => is("DUE") && (has("DUE") || lasts),
            _ => is("DTEND") && (has("DTEND") || lasts),
        };
        if !starts && !ends {
            return Ok(false);
        }
        let Some(part) = self.object.parts.get(place) else { return Ok(false) };
        if let (true, Some(until)) = (ends, &part.until) {
            return Ok(inside(super::super::part::instant(until, self.floating)));
        }
        if matches!(kind, Kind::FreeBusy | Kind::Availability) {
            let own = part.interval(self.floating);
            return Ok(own.is_some_and(|own| inside(if ends { own.end } else { own.start })));
        }
        // One that ends as the range begins shares no time with it.
        let wide = Interval { start: window.start - 1, end: window.end };
        self.object.any(place, wide, self.floating, |at| inside(if ends { at.end } else { at.start }))
    }
}

fn parameters(property: &Property, filters: &[ParamFilter]) -> bool {
    filters.iter().all(|filter| {
        let values = property.parameter(&filter.name);
        match (&filter.test, values) {
            (ParamTest::IsNotDefined, values) => values.is_none(),
            (ParamTest::Defined(None), values) => values.is_some(),
            (ParamTest::Defined(Some(text)), Some(values)) => values.iter().any(|value| text.matches(value)),
            (ParamTest::Defined(Some(_)), None) => false,
        }
    })
}
