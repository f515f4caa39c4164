//! The meaning of the TZIDs of one calendar, each found once.

use std::collections::HashMap;
use std::rc::Rc;

use super::structure::Definition;
use crate::ical::reason::{Reason, excerpt};
use crate::ical::value::utc_offset;
use crate::ical::zones::{CustomZone, zone_by_name};
use crate::time::{Civil, Zone};

/// The work that one file can ask for.
pub(in crate::ical) struct Budget {
    /// VTIMEZONEs to evaluate.
    definitions: usize,
    /// Searches for a zone that behaves like one of them.
    searches: usize,
}

impl Default for Budget {
    fn default() -> Self {
        Self { definitions: 16, searches: 256 }
    }
}

/// Well-known places, one or more for every way in which clocks are changed today, and for every offset in use.
const PLACES: [&str; 62] = [
    "UTC",
    "Europe/London",
    "Europe/Berlin",
    "Europe/Athens",
    "Europe/Istanbul",
    "Europe/Moscow",
    "America/New_York",
    "America/Chicago",
    "America/Denver",
    "America/Los_Angeles",
    "America/Anchorage",
    "America/Halifax",
    "America/St_Johns",
    "America/Sao_Paulo",
    "America/Phoenix",
    "America/Regina",
    "America/Mexico_City",
    "America/Bogota",
    "America/Caracas",
    "America/Santiago",
    "America/Asuncion",
    "America/Havana",
    "America/Tijuana",
    "America/Nuuk",
    "America/Miquelon",
    "America/Noronha",
    "Atlantic/Azores",
    "Atlantic/Cape_Verde",
    "Africa/Lagos",
    "Africa/Johannesburg",
    "Africa/Cairo",
    "Africa/Nairobi",
    "Asia/Beirut",
    "Asia/Jerusalem",
    "Asia/Tehran",
    "Asia/Dubai",
    "Asia/Kabul",
    "Asia/Karachi",
    "Asia/Kolkata",
    "Asia/Kathmandu",
    "Asia/Dhaka",
    "Asia/Yangon",
    "Asia/Bangkok",
    "Asia/Shanghai",
    "Asia/Tokyo",
    "Australia/Eucla",
    "Australia/Darwin",
    "Australia/Adelaide",
    "Australia/Brisbane",
    "Australia/Sydney",
    "Australia/Lord_Howe",
    "Pacific/Guadalcanal",
    "Pacific/Norfolk",
    "Pacific/Auckland",
    "Pacific/Chatham",
    "Pacific/Tongatapu",
    "Pacific/Kiritimati",
    "Pacific/Honolulu",
    "Pacific/Marquesas",
    "Pacific/Gambier",
    "Pacific/Pago_Pago",
    "Pacific/Easter",
];

/// From when on rules count as today's: not the clock's today, so that one definition always means the same zone.
pub(in crate::ical) const TODAY: i16 = 2025;

/// What a TZID stands for.
#[derive(Debug, Clone)]
pub(in crate::ical) enum Meaning {
    Zone(Zone),
    Custom(Rc<CustomZone>),
}

pub(in crate::ical) struct Resolver<'a> {
    definitions: HashMap<&'a str, &'a Definition<'a>>,
    /// Whose clocks a floating time is on.
    pub(in crate::ical) floating: Zone,
    meanings: HashMap<String, Result<Meaning, Reason>>,
    budget: &'a mut Budget,
    equivalents: HashMap<(String, i16), Option<Zone>>,
}

impl<'a> Resolver<'a> {
    pub(in crate::ical) fn new(definitions: &'a [Definition<'a>], floating: Zone, budget: &'a mut Budget) -> Self {
        let definitions = definitions.iter().map(|definition| (definition.tzid.as_str(), definition)).collect();
        Self { definitions, floating, meanings: HashMap::new(), budget, equivalents: HashMap::new() }
    }

    /// # Errors
    /// Names the TZID.
    pub(in crate::ical) fn meaning(&mut self, tzid: &str) -> Result<Meaning, Reason> {
        if let Some(known) = self.meanings.get(tzid) {
            return known.clone();
        }
        let meaning = self.find(tzid);
        self.meanings.insert(tzid.to_owned(), meaning.clone());
        meaning
    }

    fn find(&mut self, tzid: &str) -> Result<Meaning, Reason> {
        let named = zone_by_name(tzid);
        let Some(definition) = self.definitions.get(tzid) else {
            return named.map(Meaning::Zone).ok_or_else(|| Reason::UnknownZone { tzid: excerpt(tzid) });
        };
        let named = match named {
            Some(zone) if !is_other(definition, &zone) => return Ok(Meaning::Zone(zone)),
            named => named,
        };
        if let Some(zone) = definition.location.and_then(zone_by_name) {
            return Ok(Meaning::Zone(zone));
        }
        let custom = match self.budget.definitions.checked_sub(1) {
            None => Err("there are too many in the file"),
            Some(left) => {
                self.budget.definitions = left;
                CustomZone::new(&definition.observances)
            }
        };
        match (custom, named) {
            (Ok(zone), _) => Ok(Meaning::Custom(Rc::new(zone))),
            (Err(_), Some(zone)) => Ok(Meaning::Zone(zone)),
            (Err(why), None) => Err(Reason::UnusableZone { tzid: excerpt(tzid), why }),
        }
    }

    /// An IANA zone that behaves like `custom` for ten years from `year` on; else from [`TODAY`] on, because many know no
    /// rules but today's and let them begin in 1601; else in that one year, because others know those years only that they
    /// were written in. Of these it is the calendar's own, else the first of [`PLACES`].
    ///
    /// A series must stay on clocks, and rules such as "Mondays" have no meaning in another zone.
    ///
    /// # Errors
    /// [`Reason::RecursInCustomZone`] where no zone does.
    pub(in crate::ical) fn equivalent(&mut self, tzid: &str, custom: &CustomZone, year: i16) -> Result<Zone, Reason> {
        let key = (tzid.to_owned(), year.clamp(1970, 2090));
        let searches = &mut self.budget.searches;
        let found = self.equivalents.entry(key).or_insert_with_key(|(_, year)| {
            [(*year, 10), (TODAY, 10), (*year, 1)].into_iter().find_map(|(from, years)| {
                *searches = searches.checked_sub(1)?;
                let own = std::iter::once(self.floating.clone());
                let others = PLACES.iter().filter_map(|name| Zone::parse(name).ok());
                own.chain(others).find(|zone| custom.behaves_like(zone, from, years))
            })
        });
        found.clone().ok_or_else(|| Reason::RecursInCustomZone { tzid: excerpt(tzid) })
    }
}

/// Whether a zone without summer time is meant by a short name, "EST", that is defined as another one.
fn is_other(definition: &Definition<'_>, zone: &Zone) -> bool {
    let today = Zone::utc().instant(Civil::constant(TODAY, 1, 1, 0, 0, 0, 0));
    if definition.tzid.contains('/') || zone.transitions_after(today).next().is_some() {
        return false;
    }
    let mut offsets = definition.observances.iter().filter_map(|observance| utc_offset(observance.offset_to?));
    offsets.any(|offset| offset != zone.offset_seconds_at(today))
}
