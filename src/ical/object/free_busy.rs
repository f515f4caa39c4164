//! CALDAV:free-busy-query: which time an object takes (RFC 4791 §7.10, RFC 7953 §5).

use super::availability::Available;
use super::index::{is_busy, is_on, is_whole_days};
use super::overlap::free_busy_periods;
use super::part::Part;
use super::{Component, Kind, Object, Property};
pub use crate::ical::calendar::FbType;
use crate::ical::read::event::email;
use crate::recurrence::Exhausted;
use crate::time::{Interval, Zone, merge};

/// The time that `object` takes of `window`, cut to it, in no order; [`FbType::Free`] is never given. Floating times and
/// dates are those of `floating`. `owner` is the e-mail address of the person whose time is asked about: an invitation
/// that they declined takes none of it, one they have not accepted is tentative.
///
/// A VAVAILABILITY gives what its AVAILABLEs leave of it; of several, ask [`unavailable`].
///
/// # Errors
/// [`Exhausted`] when a series has too many instances in the window.
pub fn free_busy(
    object: &Object,
    window: Interval,
    floating: &Zone,
    owner: Option<&str>,
) -> Result<Vec<(Interval, FbType)>, Exhausted> {
    match object.kind {
        Kind::Event => {
            let found = events(object, window, floating, |_, component| event_type(component, owner))?;
            Ok(found.into_iter().filter_map(|(at, fb_type)| taken(at, fb_type, window)).collect())
        }
        Kind::FreeBusy => {
            let periods = object.components().flat_map(free_busy_periods);
            let typed = periods.map(|(at, property)| (at, free_busy_type(property)));
            Ok(typed.filter_map(|(at, fb_type)| taken(at, fb_type, window)).collect())
        }
        Kind::Availability => unavailable(&[object], window, floating),
        Kind::Todo | Kind::Journal => Ok(Vec::new()),
    }
}

/// The time that shares any with `window` and `object` takes of whose calendar it is in, whole, in no order. Floating times
/// and dates are those of `floating`. With `days`, whole days take time even where TRANSP says that they take none:
/// calendar programs say so of all whole days, unless they are told otherwise.
///
/// # Errors
/// [`Exhausted`] when a series has too many instances in the window.
pub fn time_taken(object: &Object, window: Interval, floating: &Zone, days: bool) -> Result<Vec<Interval>, Exhausted> {
    if object.kind != Kind::Event {
        return Ok(free_busy(object, window, floating, None)?.into_iter().map(|(at, _)| at).collect());
    }
    let found = events(object, window, floating, |part, component| match days && is_whole_days(part) {
        true if is_on(component) => FbType::Busy,
        true => FbType::Free,
        false => event_type(component, None),
    })?;
    let takes = |at: &Interval| at.start < at.end && at.overlaps(window);
    Ok(found.into_iter().map(|(at, _)| at).filter(takes).collect())
}

/// The part of `at` that is in the window, if it takes time at all.
fn taken(at: Interval, fb_type: FbType, window: Interval) -> Option<(Interval, FbType)> {
    let inside = Interval::new(at.start.max(window.start), at.end.min(window.end))?;
    (fb_type != FbType::Free).then_some((inside, fb_type))
}

fn free_busy_type(property: &Property) -> FbType {
    let said = property.parameter("FBTYPE").and_then(|values| values.first());
    said.map_or(FbType::Busy, |said| FbType::parse(said.trim()))
}

/// The instances of VEVENTs that share time with `window` and are not free by `fb_type`, which is asked of each component.
fn events(
    object: &Object,
    window: Interval,
    floating: &Zone,
    fb_type: impl Fn(&Part, &Component) -> FbType,
) -> Result<Vec<(Interval, FbType)>, Exhausted> {
    let of_part = |part: &Part| object.component(part).map_or(FbType::Free, |component| fb_type(part, component));
    let types: Vec<FbType> = object.parts.iter().map(of_part).collect();
    let mut found = Vec::new();
    if types.iter().all(|fb_type| *fb_type == FbType::Free) {
        return Ok(found);
    }
    for set in &object.sets {
        let Some(series) = &set.series else { continue };
        series.for_each(window, floating, |instance| {
            let fb_type = types.get(set.part_of(&instance)).copied().unwrap_or(FbType::Busy);
            if fb_type != FbType::Free {
                found.push((instance.at, fb_type));
            }
        })?;
    }
    Ok(found)
}

/// The table of RFC 4791 §7.10, and what the owner answered.
fn event_type(component: &Component, owner: Option<&str>) -> FbType {
    let answer = owner.and_then(|owner| answer(component, owner));
    let answered = |wanted: &str| answer.as_deref().is_some_and(|answer| answer.eq_ignore_ascii_case(wanted));
    if !is_busy(component) || answered("DECLINED") {
        FbType::Free
    } else if component.says("STATUS", "TENTATIVE") || answered("TENTATIVE") || answered("NEEDS-ACTION") {
        FbType::BusyTentative
    } else {
        FbType::Busy
    }
}

/// PARTSTAT of the owner, if they were invited by somebody else.
fn answer(component: &Component, owner: &str) -> Option<String> {
    let is_owner = |property: &&Property| address(property).is_some_and(|found| found.eq_ignore_ascii_case(owner));
    if component.properties.iter().filter(|property| property.is("ORGANIZER")).any(|property| is_owner(&property)) {
        return None;
    }
    let invited = component.properties.iter().filter(|property| property.is("ATTENDEE")).find(is_owner)?;
    let said = invited.parameter("PARTSTAT").and_then(|values| values.first());
    Some(said.map_or_else(|| "NEEDS-ACTION".to_owned(), |said| said.trim().to_owned()))
}

/// The e-mail address of an ATTENDEE or ORGANIZER: its `mailto:`, or EMAIL (RFC 7986 §6.2).
fn address(property: &Property) -> Option<String> {
    let value = property.value.trim();
    match value.split_at_checked(7).filter(|(scheme, _)| scheme.eq_ignore_ascii_case("mailto:")) {
        Some((_, address)) => email(address),
        None => property.parameter("EMAIL").and_then(|values| values.first()).and_then(|address| email(address)),
    }
}

/// One VAVAILABILITY within a window.
struct Layer {
    /// 0 holds least, 9 most.
    weight: u8,
    fb_type: FbType,
    at: Interval,
    /// In order, apart from each other.
    free: Vec<Interval>,
}

/// The time of `window` that VAVAILABILITYs together leave unavailable, each instant with one type: those of higher
/// PRIORITY hold where they are, and of equal ones the stronger type (RFC 7953 §4). Where equal ones disagree whether
/// time is free, it is not.
///
/// # Errors
/// [`Exhausted`] when a series has too many instances in the window.
pub fn unavailable(
    objects: &[&Object],
    window: Interval,
    floating: &Zone,
) -> Result<Vec<(Interval, FbType)>, Exhausted> {
    let mut layers = Vec::new();
    for object in objects {
        for (part, available) in object.parts.iter().zip(&object.available) {
            layers.extend(layer(object, part, available, window, floating)?);
        }
    }
    let edges = |at: Interval| [at.start, at.end];
    let all =
        layers.iter().flat_map(|layer| edges(layer.at).into_iter().chain(layer.free.iter().flat_map(|f| edges(*f))));
    let mut all: Vec<_> = all.filter(|at| window.start <= *at && *at <= window.end).collect();
    all.sort_unstable();
    all.dedup();
    let mut found: Vec<(Interval, FbType)> = Vec::new();
    for pair in all.windows(2) {
        let stretch = Interval { start: pair[0], end: pair[1] };
        let here = layers.iter().filter(|layer| layer.at.overlaps(stretch));
        let strongest = here.max_by_key(|layer| (layer.weight, layer.type_in(stretch)));
        let fb_type = strongest.map_or(FbType::Free, |layer| layer.type_in(stretch));
        match found.last_mut() {
            Some((last, of)) if last.end == stretch.start && *of == fb_type => last.end = stretch.end,
            _ if fb_type == FbType::Free => {}
            _ => found.push((stretch, fb_type)),
        }
    }
    Ok(found)
}

impl Layer {
    /// The type of a stretch that no edge is in.
    fn type_in(&self, stretch: Interval) -> FbType {
        let next = self.free.partition_point(|free| free.end <= stretch.start);
        let free = self.free.get(next).is_some_and(|free| free.overlaps(stretch));
        if free { FbType::Free } else { self.fb_type }
    }
}

fn layer(
    object: &Object,
    part: &Part,
    available: &Available,
    window: Interval,
    floating: &Zone,
) -> Result<Option<Layer>, Exhausted> {
    let Some(component) = object.component(part) else { return Ok(None) };
    let spans = part.spans(floating);
    let Some(at) = spans.and_then(|at| Interval::new(at.start.max(window.start), at.end.min(window.end))) else {
        return Ok(None);
    };
    let mut free = Vec::new();
    for set in &available.sets {
        let Some(series) = &set.series else { continue };
        series.for_each(at, floating, |instance| {
            free.extend(Interval::new(instance.at.start.max(at.start), instance.at.end.min(at.end)));
        })?;
    }
    let priority = component.property("PRIORITY").and_then(|property| property.value.trim().parse::<u8>().ok());
    let weight = priority.filter(|priority| (1..=9).contains(priority)).map_or(0, |priority| 10 - priority);
    let fb_type = component.property("BUSYTYPE").map(|property| FbType::parse(property.value.trim()));
    // FREE is not among the values of BUSYTYPE (RFC 7953 §3.2).
    let fb_type = fb_type.filter(|fb_type| *fb_type != FbType::Free).unwrap_or(FbType::BusyUnavailable);
    Ok(Some(Layer { weight, fb_type, at, free: merge(free) }))
}
