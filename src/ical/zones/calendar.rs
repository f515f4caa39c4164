//! The zone of a calendar that has nothing but its definition (RFC 4791 §5.2.2, §9.8).

use crate::ical::guard::{Limits, unfold};
use crate::ical::read::resolver::{Budget, Meaning, Resolver, TODAY};
use crate::ical::read::structure::calendars;
use crate::time::Zone;

/// The zone of a calendar's one VTIMEZONE: what its name means, else an IANA zone with the same rules.
#[must_use]
pub fn of_calendar(text: &str) -> Option<Zone> {
    let lines = unfold(text.as_bytes(), &Limits::bytes(64 * 1024)).ok()?;
    let calendars = calendars(&lines).ok()?;
    let [calendar] = calendars.as_slice() else { return None };
    let ([definition], []) = (calendar.definitions.as_slice(), calendar.events.as_slice()) else { return None };
    let mut budget = Budget::default();
    let mut resolver = Resolver::new(&calendar.definitions, Zone::utc(), &mut budget);
    match resolver.meaning(&definition.tzid).ok()? {
        Meaning::Zone(zone) => Some(zone),
        Meaning::Custom(custom) => resolver.equivalent(&definition.tzid, &custom, TODAY).ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zone(inside: &str) -> Option<String> {
        let text = format!("BEGIN:VCALENDAR\r\nVERSION:2.0\r\n{inside}END:VCALENDAR\r\n");
        of_calendar(&text).map(|zone| zone.name().to_owned())
    }

    fn definition(tzid: &str, observances: &[(&str, &str, &str, &str)]) -> String {
        let observance = |(kind, from, to, rule): &(&str, &str, &str, &str)| {
            format!(
                "BEGIN:{kind}\r\nDTSTART:16010101T030000\r\nTZOFFSETFROM:{from}\r\nTZOFFSETTO:{to}\r\n{rule}END:{kind}\r\n"
            )
        };
        let observances: String = observances.iter().map(observance).collect();
        format!("BEGIN:VTIMEZONE\r\nTZID:{tzid}\r\n{observances}END:VTIMEZONE\r\n")
    }

    #[test]
    fn a_private_name_means_the_zone_that_has_its_rules() {
        let athens = [
            ("STANDARD", "+0300", "+0200", "RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU\r\n"),
            ("DAYLIGHT", "+0200", "+0300", "RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU\r\n"),
        ];
        let athens = definition("Custom", &athens).replacen("T030000", "T040000", 1);
        assert_eq!(zone(&athens).as_deref(), Some("Europe/Athens"));
        let hour = [("STANDARD", "+0100", "+0100", "")];
        assert_eq!(zone(&definition("GMT+0100", &hour)).as_deref(), Some("Africa/Lagos"));
        assert_eq!(zone(&definition("Customized Time Zone", &hour)).as_deref(), Some("Africa/Lagos"));
        assert_eq!(zone(&definition("Asia/Tokyo", &hour)).as_deref(), Some("Asia/Tokyo"), "a name wins");
        assert_eq!(zone(&definition("Custom", &[("STANDARD", "+0017", "+0017", "")])), None, "nobody has it");
    }

    #[test]
    fn what_defines_no_zone() {
        let berlin = definition("Europe/Berlin", &[]);
        assert_eq!(zone(&berlin).as_deref(), Some("Europe/Berlin"));
        for inside in ["", &berlin.repeat(2), "BEGIN:VTIMEZONE\r\nTZID:Europe/Berlin\r\n", &definition("Custom", &[])] {
            assert_eq!(zone(inside), None, "{inside}");
        }
        for text in ["", "BEGIN:VTIMEZONE\r\nTZID:Europe/Berlin", &berlin, "TZID:Europe/Berlin"] {
            assert_eq!(of_calendar(text), None, "{text}");
        }
    }
}
