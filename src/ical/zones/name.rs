//! Zones by the names that calendars use.

use std::str::FromStr;

use calcard::common::timezone::Tz;
use windows_timezones::WindowsTimezone;

use crate::time::Zone;

/// The IANA zone that a calendar's name for it means, if it is one that needs no VTIMEZONE: an IANA name, one behind a
/// vendor's prefix (`/mozilla.org/20070129_1/Europe/Berlin`), one without slashes (`US-Eastern`), a Windows name (`W. Europe Standard Time`, by CLDR), or one
/// of Outlook's display names (`(UTC-05:00) Eastern Time (US & Canada)`).
#[must_use]
pub fn zone_by_name(name: &str) -> Option<Zone> {
    let name = name.trim().trim_matches('"').trim();
    if name.is_empty() || name.len() > 200 {
        return None;
    }
    if let Ok(zone) = Zone::parse(name) {
        return Some(zone);
    }
    if let Some(path) = name.strip_prefix('/') {
        // Names in the database have up to three parts.
        let suffixes = std::iter::successors(Some(path), |path| path.split_once('/').map(|(_, rest)| rest));
        return suffixes.filter(|suffix| suffix.matches('/').count() < 3).find_map(|suffix| Zone::parse(suffix).ok());
    }
    if let Ok(zone) = WindowsTimezone::from_str(name) {
        return Zone::parse(zone.tzdb_id()).ok();
    }
    // Some exporters keep slashes out: `US-Eastern`.
    if let Ok(zone) = Zone::parse(&name.replacen('-', "/", 1)) {
        return Some(zone);
    }
    by_display_name(name)
}

fn by_display_name(name: &str) -> Option<Zone> {
    let Ok(Tz::Tz(zone)) = Tz::from_str(name) else { return None };
    // Of a name it does not know, calcard takes the offset in front of it, to the full hour. That is right only where the
    // name is no more than an offset of full hours; places have daylight saving time.
    let guessed = zone.name().starts_with("Etc/GMT");
    let only_hours = name.split_once(')').is_some_and(|(offset, place)| {
        place.trim().is_empty() && offset.split_once(':').is_none_or(|(_, minutes)| minutes.trim() == "00")
    });
    if guessed && !only_hours {
        return None;
    }
    Zone::parse(zone.name()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_the_wild() {
        for (name, zone) in [
            ("Europe/Berlin", "Europe/Berlin"),
            ("europe/lisbon", "Europe/Lisbon"),
            ("\"Europe/Berlin\" ", "Europe/Berlin"),
            ("/Europe/Stockholm", "Europe/Stockholm"),
            ("/freeassociation.sourceforge.net/Europe/Berlin", "Europe/Berlin"),
            (
                "/freeassociation.sourceforge.net/Tzfile/America/Argentina/Buenos_Aires",
                "America/Argentina/Buenos_Aires",
            ),
            ("/mozilla.org/20050126_1/America/Boise", "America/Boise"),
            ("/softwarestudio.org/Olson_20011030_5/America/Chicago", "America/Chicago"),
            ("W. Europe Standard Time", "Europe/Berlin"),
            ("Jordan Standard Time", "Asia/Amman"),
            ("Eastern Standard Time", "America/New_York"),
            ("(UTC-05:00) Eastern Time (US & Canada)", "America/New_York"),
            ("(GMT+10:00) Canberra, Melbourne, Sydney", "Australia/Sydney"),
            ("(GMT -05:00)", "Etc/GMT+5"),
            ("UTC", "UTC"),
            ("GMT", "GMT"),
            ("US/Pacific", "US/Pacific"),
            ("US-Eastern", "US/Eastern"),
            ("America-Port-au-Prince", "America/Port-au-Prince"),
        ] {
            assert_eq!(zone_by_name(name).as_ref().map(Zone::name), Some(zone), "{name}");
        }
        for name in [
            "",
            "Bogus",
            "Customized Time Zone 1",
            "../../../../etc/passwd",
            "(GMT+05:30)",
            "(GMT+03:30) Nowhere",
            "/a/b/c",
            "a",
        ] {
            assert_eq!(zone_by_name(name), None, "{name}");
        }
    }
}
