//! Dates and times of a VAVAILABILITY, each on the clocks it is written in.

use crate::ical::object::{Component, Property};
use crate::ical::zones::zone_by_name;
use crate::time::{Civil, Date, Time, Zone};

/// A DATE or DATE-TIME (RFC 5545 §3.3.4, §3.3.5).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Moment {
    /// For a DATE its midnight.
    pub civil: Civil,
    /// None for a DATE and a floating time.
    pub zone: Option<Zone>,
    pub is_date: bool,
}

impl Moment {
    /// The value of a property.
    pub fn of(property: &Property) -> Result<Self, String> {
        Self::parse(property, &property.value)
    }

    /// One of the values of a property.
    pub fn parse(property: &Property, value: &str) -> Result<Self, String> {
        let (text, utc) = match value.trim().strip_suffix('Z') {
            Some(text) => (text, true),
            None => (value.trim(), false),
        };
        let zone = match property.parameter("TZID").and_then(<[String]>::first) {
            _ if utc => Some(Zone::utc()),
            Some(name) => Some(zone_by_name(name).ok_or_else(|| format!("the time zone {name} is not known"))?),
            None => None,
        };
        let wrong = || format!("{} is not a date or time", property.name);
        let date = text.get(..8).and_then(|day| Date::strptime("%Y%m%d", day).ok()).ok_or_else(wrong)?;
        let time = text.get(8..).ok_or_else(wrong)?;
        if time.is_empty() {
            return Ok(Self { civil: date.at(0, 0, 0, 0), zone: None, is_date: true });
        }
        let time = Time::strptime("T%H%M%S", time).map_err(|_| wrong())?;
        Ok(Self { civil: date.to_datetime(time), zone, is_date: false })
    }

    /// What clocks of `zone` show then; those beside which a DATE or a floating time is written are its own.
    pub fn on(&self, zone: &Zone) -> Civil {
        match &self.zone {
            Some(own) if own != zone => zone.civil_at(own.instant(self.civil)),
            _ => self.civil,
        }
    }

    /// So much later: days on its own clocks, then seconds on the time line (RFC 5545 §3.3.6).
    pub fn later(&self, (days, seconds): (i64, i64), floating: &Zone) -> Result<Self, String> {
        let zone = self.zone.as_ref().unwrap_or(floating);
        let day = later(self.civil, days * 86_400)?;
        Ok(Self {
            civil: if seconds == 0 { day } else { zone.civil_at(zone.instant(day) + seconds) },
            zone: self.zone.clone(),
            is_date: false,
        })
    }
}

/// So many seconds later on a clock that is never changed.
pub(super) fn later(civil: Civil, seconds: i64) -> Result<Civil, String> {
    let span = jiff::SignedDuration::from_secs(seconds);
    civil.checked_add(span).map_err(|_| "years are 1 to 9999".to_owned())
}

/// The days and the seconds of a component's DURATION.
pub(super) fn duration(component: &Component) -> Result<Option<(i64, i64)>, String> {
    let Some(property) = component.property("DURATION") else { return Ok(None) };
    let wrong = || "a DURATION is one of weeks, days, hours, minutes and seconds".to_owned();
    let span: jiff::Span = property.value.trim().to_ascii_uppercase().parse().map_err(|_| wrong())?;
    if span.is_negative() || span.get_years() != 0 || span.get_months() != 0 {
        return Err(wrong());
    }
    let days = i64::from(span.get_weeks()) * 7 + i64::from(span.get_days());
    let seconds = i64::from(span.get_hours()) * 3600 + span.get_minutes() * 60 + span.get_seconds();
    Ok(Some((days, seconds)))
}

/// All values of the properties of a name.
pub(super) fn moments(component: &Component, name: &str) -> Result<Vec<Moment>, String> {
    let mut found = Vec::new();
    for property in component.properties.iter().filter(|property| property.is(name)) {
        if property.parameter_is("VALUE", "PERIOD") {
            return Err(format!(
                "{name} as a PERIOD is not understood in working hours: write an AVAILABLE of its own"
            ));
        }
        for value in property.value.split(',').filter(|value| !value.trim().is_empty()) {
            found.push(Moment::parse(property, value)?);
        }
    }
    Ok(found)
}
