//! Free and busy (RFC 4791 §7.10, RFC 7953 §4 and §5).

use super::super::free_busy::{FbType, free_busy, unavailable};
use super::{at, berlin, object};
use crate::time::{Interval, Zone};

/// `10:00/11:00 BUSY` for each stretch of a day, in UTC.
fn shown(found: &[(Interval, FbType)]) -> Vec<String> {
    let time = |at| Zone::utc().civil_at(at).strftime("%H:%M").to_string();
    found.iter().map(|(at, kind)| format!("{}/{} {}", time(at.start), time(at.end), kind.as_str())).collect()
}

fn day(text: &str) -> Interval {
    let start = at(&format!("{text}T00:00"));
    Interval { start, end: start + 86_400 }
}

fn taken(lines: &str) -> Vec<String> {
    shown(&free_busy(&object(lines), day("2026-06-01"), &berlin(), Some("Me@example.com")).unwrap())
}

#[test]
fn what_an_event_takes() {
    let event = |more: &str| format!("(VEVENT;;UID:1;;DTSTART:20260601T100000Z;;DURATION:PT1H;;{more})");
    let me = |partstat: &str| event(&format!("ATTENDEE;PARTSTAT={partstat}:mailto:me@example.com;;"));
    for (lines, expected) in [
        (event(""), Some("BUSY")),
        (event("STATUS:CONFIRMED;;TRANSP:OPAQUE;;"), Some("BUSY")),
        (event("STATUS:X-MAYBE;;"), Some("BUSY")),
        (event("STATUS:TENTATIVE;;"), Some("BUSY-TENTATIVE")),
        (event("STATUS:CANCELLED;;"), None),
        (event("TRANSP:TRANSPARENT;;"), None),
        (event("TRANSP:TRANSPARENT;;STATUS:TENTATIVE;;"), None),
        (me("ACCEPTED"), Some("BUSY")),
        (me("TENTATIVE"), Some("BUSY-TENTATIVE")),
        (me("NEEDS-ACTION"), Some("BUSY-TENTATIVE")),
        (me("DECLINED"), None),
        (event("ATTENDEE;PARTSTAT=DECLINED:mailto:you@example.com;;"), Some("BUSY")),
        (event("ORGANIZER:mailto:me@example.com;;ATTENDEE:MAILTO:ME@example.com;;"), Some("BUSY")),
    ] {
        let expected: Vec<String> = expected.iter().map(|word| format!("10:00/11:00 {word}")).collect();
        assert_eq!(taken(&lines), expected, "{lines}");
    }
    assert!(taken("(VEVENT;;UID:1;;DTSTART:20260601T100000Z;;)").is_empty());
    assert!(taken("(VTODO;;UID:1;;DTSTART:20260601T100000Z;;DURATION:PT1H;;)").is_empty());
    assert_eq!(taken("(VEVENT;;UID:1;;DTSTART;VALUE=DATE:20260601;;)"), ["00:00/22:00 BUSY"]);
    let periods = "(VFREEBUSY;;UID:1;;FREEBUSY;FBTYPE=FREE:20260601T100000Z/PT1H;;\
                   FREEBUSY;FBTYPE=BUSY-UNAVAILABLE:20260601T230000Z/PT5H;;)";
    assert_eq!(taken(periods), ["23:00/00:00 BUSY-UNAVAILABLE"]);
}

#[test]
fn an_override_speaks_for_its_instance() {
    let series = "(VEVENT;;UID:1;;DTSTART:20260530T100000Z;;DURATION:PT1H;;RRULE:FREQ=DAILY;;);;\
                  (VEVENT;;UID:1;;DTSTART:20260601T120000Z;;DURATION:PT1H;;RECURRENCE-ID:20260601T100000Z;;";
    assert_eq!(taken(&format!("{series}STATUS:TENTATIVE;;)")), ["12:00/13:00 BUSY-TENTATIVE"]);
    assert!(taken(&format!("{series}STATUS:CANCELLED;;)")).is_empty());
    let free = series.replacen("RRULE", "TRANSP:TRANSPARENT;;RRULE", 1);
    assert_eq!(taken(&format!("{free})")), ["12:00/13:00 BUSY"]);
}

const BASE: &str = "(VAVAILABILITY;;UID:1;;DTSTART;TZID=America/Montreal:20111002T000000;;(AVAILABLE;;UID:2;;\
                    DTSTART;TZID=America/Montreal:20111002T080000;;DTEND;TZID=America/Montreal:20111002T180000;;\
                    RRULE:FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR;;);;)";

#[test]
fn availability_of_rfc_7953() {
    let montreal = Zone::parse("America/Montreal").unwrap();
    let asked = |text: &str| {
        let start = montreal.instant(format!("{text}T00:00:00").parse().unwrap());
        let end = montreal.instant(
            format!("{text}T00:00:00").parse::<crate::time::Civil>().unwrap().date().tomorrow().unwrap().at(0, 0, 0, 0),
        );
        Interval { start, end }
    };
    let local = |found: Vec<(Interval, FbType)>| -> Vec<String> {
        let time = |at| montreal.civil_at(at).strftime("%H:%M").to_string();
        found.iter().map(|(at, kind)| format!("{}/{} {}", time(at.start), time(at.end), kind.as_str())).collect()
    };
    // §5.1.1, on a Monday.
    let found = free_busy(&object(BASE), asked("2011-11-07"), &montreal, None).unwrap();
    assert_eq!(local(found), ["00:00/08:00 BUSY-UNAVAILABLE", "18:00/00:00 BUSY-UNAVAILABLE"]);
    // §5.1.2: the week in Denver overrides the base.
    let denver = BASE.replace("America/Montreal", "America/Denver").replace("UID:1;;", "UID:3;;PRIORITY:1;;");
    let denver = denver.replace("20111002", "20111023");
    let denver = denver.replacen("T000000;;", "T000000;;DTEND;TZID=America/Denver:20111030T000000;;", 1);
    let (base, denver) = (object(BASE), object(&denver));
    for order in [[&base, &denver], [&denver, &base]] {
        let found = unavailable(&order, asked("2011-10-24"), &montreal).unwrap();
        assert_eq!(local(found), ["00:00/10:00 BUSY-UNAVAILABLE", "20:00/00:00 BUSY-UNAVAILABLE"]);
    }
    // Of equal priority the stronger type holds, and time that one of them does not leave free is not free.
    let busy = object(&BASE.replace("UID:1;;", "UID:4;;BUSYTYPE:BUSY;;").replace("T080000", "T090000"));
    let found = unavailable(&[&base, &busy], asked("2011-11-07"), &montreal).unwrap();
    assert_eq!(local(found), ["00:00/09:00 BUSY", "18:00/00:00 BUSY"]);
}
