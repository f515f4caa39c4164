//! The times of an event (RFC 5545 §3.8.2).

use super::property::Property;
use super::resolver::{Meaning, Resolver};
use super::{ReadError, Reason, When};
use crate::ical::reason::excerpt;
use crate::ical::value::{DateOrTime, Duration, date_or_time};
use crate::recurrence::Moment;
use crate::time::{Instant, Zone};

const DAY: i64 = 86_400;

/// The values of a list of times, white space and empty ones left out.
pub(in crate::ical) fn items(value: &str) -> impl Iterator<Item = &str> {
    value.split(',').map(str::trim).filter(|part| !part.is_empty())
}

/// Reads the times of one event.
pub(in crate::ical) struct Times<'r, 'a> {
    pub(in crate::ical) resolver: &'r mut Resolver<'a>,
    /// The year in which the event begins, if it recurs.
    pub(in crate::ical) series_year: Option<i16>,
}

impl Times<'_, '_> {
    /// The value of a property that has one.
    pub(in crate::ical) fn one(&mut self, property: &Property<'_>) -> Result<When, ReadError> {
        self.one_beside(property, None)
    }

    /// As [`moment_beside`](Self::moment_beside), on the calendar's clocks where it is floating.
    pub(in crate::ical) fn one_beside(
        &mut self,
        property: &Property<'_>,
        other: Option<&Property<'_>>,
    ) -> Result<When, ReadError> {
        let moment = self.moment_beside(property, other)?;
        Ok(self.placed(moment))
    }

    /// The values of a list.
    pub(in crate::ical) fn list(&mut self, property: &Property<'_>) -> Result<Vec<When>, ReadError> {
        Ok(self.moments(property)?.into_iter().map(|moment| self.placed(moment)).collect())
    }

    /// A value of `property`, see [`moment`](Self::moment).
    pub(in crate::ical) fn when(
        &mut self,
        property: &Property<'_>,
        value: &str,
        tzid: Option<&str>,
    ) -> Result<When, ReadError> {
        let moment = self.moment(property, value, tzid)?;
        Ok(self.placed(moment))
    }

    fn placed(&self, moment: Moment) -> When {
        match moment {
            Moment::Date(date) => When::Date(date),
            Moment::Floating(civil) => When::Zoned { civil, zone: self.resolver.floating.clone() },
            Moment::Zoned(civil, zone) => When::Zoned { civil, zone },
            Moment::Utc(instant) => When::Utc(instant),
        }
    }

    /// The value of a property which, where it is floating, is on the clocks that `other` names: an end has those of its
    /// start, which some exporters do not repeat.
    pub(in crate::ical) fn moment_beside(
        &mut self,
        property: &Property<'_>,
        other: Option<&Property<'_>>,
    ) -> Result<Moment, ReadError> {
        let property = property.clone().split_at_last_colon();
        let others = || other.and_then(|other| other.clone().split_at_last_colon().parameter("TZID"));
        let tzid = property.parameter("TZID").or_else(others);
        self.moment(&property, property.value, tzid.as_deref())
    }

    /// The values of a list.
    pub(in crate::ical) fn moments(&mut self, property: &Property<'_>) -> Result<Vec<Moment>, ReadError> {
        let property = property.clone().split_at_last_colon();
        let tzid = property.parameter("TZID");
        items(property.value).map(|part| self.moment(&property, part, tzid.as_deref())).collect()
    }

    /// A value of `property`. A UTC time has no TZID (RFC 5545 §3.2.19), so one beside it says nothing.
    pub(in crate::ical) fn moment(
        &mut self,
        property: &Property<'_>,
        value: &str,
        tzid: Option<&str>,
    ) -> Result<Moment, ReadError> {
        let civil = match date_or_time(value).map_err(|reason| property.error_at(value, reason))? {
            DateOrTime::Date(date) => return Ok(Moment::Date(date)),
            DateOrTime::Utc(civil) => return Ok(Moment::Utc(Zone::utc().instant(civil))),
            DateOrTime::Civil(civil)
                if property.parameter_is("VALUE", "DATE") && civil.time() == jiff::civil::Time::MIN =>
            {
                return Ok(Moment::Date(civil.date()));
            }
            DateOrTime::Civil(civil) => civil,
        };
        let Some(tzid) = tzid else { return Ok(Moment::Floating(civil)) };
        match self.resolver.meaning(tzid).map_err(|reason| property.error(reason))? {
            Meaning::Zone(zone) => Ok(Moment::Zoned(civil, zone)),
            Meaning::Custom(custom) => match self.series_year {
                None => Ok(Moment::Utc(custom.instant(civil))),
                Some(year) => {
                    let zone = self.resolver.equivalent(tzid, &custom, year);
                    zone.map(|zone| Moment::Zoned(civil, zone)).map_err(|reason| property.error(reason))
                }
            },
        }
    }

    /// Must be in UTC (RFC 5545 §3.8.7.3); those that are not are on the clocks of the calendar.
    pub(in crate::ical) fn last_modified(&self, property: &Property<'_>) -> Result<Instant, ReadError> {
        let floating = &self.resolver.floating;
        match date_or_time(property.value).map_err(|reason| property.error_at(property.value, reason))? {
            DateOrTime::Utc(civil) => Ok(Zone::utc().instant(civil)),
            DateOrTime::Civil(civil) => Ok(floating.instant(civil)),
            DateOrTime::Date(date) => Ok(floating.instant(date.at(0, 0, 0, 0))),
        }
    }
}

/// The year that a DTSTART says, if it can be read.
pub(in crate::ical) fn year_of(start: &Property<'_>) -> Option<i16> {
    match date_or_time(start.clone().split_at_last_colon().value).ok()? {
        DateOrTime::Date(date) => Some(date.year()),
        DateOrTime::Civil(civil) | DateOrTime::Utc(civil) => Some(civil.year()),
    }
}

/// DTEND beside DTSTART. That of a day may be the same day, which exporters mean as one whole day.
pub(in crate::ical) fn checked_end(start: &When, end: When, floating: &Zone) -> Result<When, Reason> {
    match (start, &end) {
        (When::Date(first), When::Date(last)) if first == last => {
            Ok(When::Date(first.saturating_add(jiff::ToSpan::days(1))))
        }
        (When::Date(first), When::Date(last)) if first > last => Err(Reason::EndBeforeStart),
        (When::Date(_), When::Date(_)) => Ok(end),
        (When::Date(_), _) | (_, When::Date(_)) => Err(Reason::MixedKinds),
        // By the clocks: around a change of offset, the instants of 02:30 and 03:00 can be in the other order.
        (When::Zoned { civil: first, zone }, When::Zoned { civil: last, zone: end_zone }) if zone == end_zone => {
            if first > last {
                Err(Reason::EndBeforeStart)
            } else {
                Ok(end)
            }
        }
        _ if start.instant(floating) > end.instant(floating) => Err(Reason::EndBeforeStart),
        _ => Ok(end),
    }
}

/// `start` and a duration: its days on the calendar, then its seconds on the time line (RFC 5545 §3.3.6).
pub(in crate::ical) fn after(start: &When, duration: Duration, text: &str) -> Result<When, Reason> {
    let out_of_range = || Reason::OutOfRange { text: excerpt(text) };
    let span = |days: i64| jiff::Span::new().try_days(days).map_err(|_| out_of_range());
    let in_years = |year: i16| if year <= 9998 { Ok(()) } else { Err(out_of_range()) };
    match start {
        When::Date(date) => {
            // A day lasts days (RFC 5545 §3.6.1); 24 hours are meant as one, and none at all as the default.
            if duration.seconds % DAY != 0 {
                return Err(Reason::MixedKinds);
            }
            let days = (duration.days + duration.seconds / DAY).max(1);
            let end = date.checked_add(span(days)?).map_err(|_| out_of_range())?;
            in_years(end.year())?;
            Ok(When::Date(end))
        }
        When::Zoned { civil, zone } => {
            let day = civil.checked_add(span(duration.days)?).map_err(|_| out_of_range())?;
            in_years(day.year())?;
            let instant = zone.instant(day) + duration.seconds;
            let civil = zone.civil_at(instant);
            in_years(civil.year())?;
            // In the second hour of an overlap, the clocks alone would name the first.
            let again = zone.instant(civil) == instant;
            Ok(if again { When::Zoned { civil, zone: zone.clone() } } else { When::Utc(instant) })
        }
        When::Utc(instant) => {
            let end = *instant + duration.days * DAY + duration.seconds;
            in_years(Zone::utc().civil_at(end).year())?;
            Ok(When::Utc(end))
        }
    }
}
