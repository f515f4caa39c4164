//! What an index of objects keeps, so that a time range is a range of an index and most objects need no reading.

use super::overlap::{free_busy_bounds, free_busy_periods, undated_todo_bounds};
use super::part::Part;
use super::set::Set;
use super::{Component, Kind, Object, TimeRange};
use crate::recurrence::Moment;
use crate::time::{Instant, Zone};

/// No clock has been further from UTC (Manila's were by 15:56 until 1844). So far off can a floating time or a date be.
const AWAY: i64 = 16 * 3600;

/// What is worth knowing of an object without reading it.
///
/// A CALDAV:time-range on the object's components can only match if `first_start` is before its end and `last_end` after
/// its start, whichever zone floating times and dates are in. Alarms go off at other times and are not covered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Index {
    /// No instance begins before; `None` if nothing says when.
    pub first_start: Option<Instant>,
    /// Every instance has ended; `None` if there is no end. An instance without length counts as one second.
    pub last_end: Option<Instant>,
    /// Whether it can take time: a VEVENT that is not cancelled, and is opaque or of whole days, in one component at least,
    /// a VFREEBUSY or a VAVAILABILITY.
    pub busy: bool,
    /// Whether it is a series, or instances of one.
    pub recurring: bool,
    /// Whether it is a VEVENT that does not recur and says in which zone it is. Then a time range matches exactly if it
    /// overlaps `first_start` to `last_end`, and the object need not be read for it.
    pub exact: bool,
}

pub(super) fn index(object: &Object) -> Index {
    let recurring = object.sets.iter().any(Set::recurs) || object.parts.iter().any(|part| part.recurrence.is_some());
    let (mut first, mut last) = (Some(Instant::MAX), Some(TimeRange::default().interval().start));
    for set in &object.sets {
        let (start, end) = bounds(object, set);
        first = first.zip(start).map(|(a, b)| a.min(b));
        last = last.zip(end).map(|(a, b)| a.max(b));
    }
    let zoned = |part: &Part| matches!(part.start, Some(Moment::Zoned(..) | Moment::Utc(_)));
    // One that excludes itself takes place at no time.
    let excludes = |set: &Set| set.series.as_ref().is_some_and(|series| !series.definition().exdates.is_empty());
    let is_one = !recurring && !object.sets.iter().any(excludes);
    let exact = object.kind == Kind::Event && is_one && object.parts.iter().all(zoned);
    if !object.parts.iter().all(told) {
        (first, last) = (first.map(|at| at - AWAY), last.map(|at| at + AWAY));
    }
    let busy = match object.kind {
        Kind::Event => object.parts.iter().any(|part| {
            object
                .component(part)
                .is_some_and(|component| is_busy(component) || (is_whole_days(part) && is_on(component)))
        }),
        Kind::FreeBusy | Kind::Availability => true,
        Kind::Todo | Kind::Journal => false,
    };
    Index { first_start: first, last_end: last, busy, recurring, exact }
}

/// Whether the dates of a part do not depend on where one is.
fn told(part: &Part) -> bool {
    let told = |moment: &Option<Moment>| !matches!(moment, Some(Moment::Date(_) | Moment::Floating(_)));
    told(&part.start) && told(&part.until)
}

/// Whether a VEVENT takes time (RFC 4791 §7.10).
pub(super) fn is_busy(component: &Component) -> bool {
    !component.says("TRANSP", "TRANSPARENT") && is_on(component)
}

/// Whether a VEVENT takes place.
pub(super) fn is_on(component: &Component) -> bool {
    !component.says("STATUS", "CANCELLED")
}

pub(super) fn is_whole_days(part: &Part) -> bool {
    matches!(part.start, Some(Moment::Date(_)))
}

fn bounds(object: &Object, set: &Set) -> (Option<Instant>, Option<Instant>) {
    let utc = Zone::utc();
    let nothing = (None, None);
    let Some(part) = object.parts.get(set.own) else { return nothing };
    let Some(component) = object.component(part) else { return nothing };
    match object.kind {
        Kind::FreeBusy => match free_busy_bounds(part, component, &utc) {
            Some(at) => (Some(at.start), Some(at.end + 1)),
            None => {
                let first = free_busy_periods(component).map(|(at, _)| at.start).min();
                (first, free_busy_periods(component).map(|(at, _)| at.end).max())
            }
        },
        Kind::Availability => {
            let all = TimeRange::default().interval();
            let Some(at) = part.spans(&utc) else { return nothing };
            (Some(at.start).filter(|at| *at > all.start), Some(at.end).filter(|at| *at < all.end))
        }
        Kind::Event | Kind::Todo | Kind::Journal => match &set.series {
            None if object.kind == Kind::Todo => undated_todo_bounds(part, component, &utc),
            None => nothing,
            Some(_) if !set.recurs() => match part.interval(&utc) {
                // To-dos that touch a range are in it (RFC 4791 §9.9).
                Some(at) if object.kind == Kind::Todo => (Some(at.start - 1), Some(at.end + 1)),
                Some(at) => (Some(at.start), Some(at.end.max(at.start + 1))),
                None => nothing,
            },
            Some(series) => {
                let mut all = series.instances(TimeRange::default().interval(), &utc);
                match all.next() {
                    Some(Ok(first)) => (Some(first.at.start - 1), series.end(&utc).map(|end| end + 1)),
                    Some(Err(_)) => (None, series.end(&utc).map(|end| end + 1)),
                    // Without any instance it is nowhere; its DTSTART is as good as any place.
                    None => part.interval(&utc).map_or(nothing, |at| (Some(at.start), Some(at.start))),
                }
            }
        },
    }
}
