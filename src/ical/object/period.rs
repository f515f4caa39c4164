//! Values that are read when they are asked for: periods of FREEBUSY (RFC 5545 §3.3.9), times in UTC.

use super::tree::Component;
use crate::ical::read::times::items;
use crate::ical::reason::{Reason, excerpt};
use crate::ical::value::{DateOrTime, date_or_time, duration};
use crate::time::{Instant, Interval, Zone};

/// The periods of a FREEBUSY value. They are in UTC (RFC 5545 §3.8.2.6); those that do not say so are taken to be.
pub(super) fn periods(value: &str) -> impl Iterator<Item = Result<Interval, Reason>> + '_ {
    items(value).map(period)
}

/// One of them.
pub(super) fn period(text: &str) -> Result<Interval, Reason> {
    let (start, end) = text.split_once('/').ok_or_else(|| Reason::NotATime { text: excerpt(text) })?;
    let start = instant(start, &Zone::utc())?;
    let end = if end.starts_with(['P', 'p', '+', '-']) {
        let length = duration(end)?;
        start + length.days * 86_400 + length.seconds
    } else {
        instant(end, &Zone::utc())?
    };
    if start <= end { Ok(Interval { start, end }) } else { Err(Reason::EndBeforeStart) }
}

/// A date or time without TZID; what is not in UTC is in `zone`.
pub(super) fn instant(text: &str, zone: &Zone) -> Result<Instant, Reason> {
    Ok(match date_or_time(text.trim())? {
        DateOrTime::Utc(civil) => Zone::utc().instant(civil),
        DateOrTime::Civil(civil) => zone.instant(civil),
        DateOrTime::Date(date) => zone.instant(date.at(0, 0, 0, 0)),
    })
}

/// The time that a property says which must be in UTC, such as COMPLETED. `None` where it is missing or unreadable.
pub(super) fn stamp(component: &Component, name: &str, zone: &Zone) -> Option<Instant> {
    instant(&component.property(name)?.value, zone).ok()
}
