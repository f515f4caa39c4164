//! What is refused, and with which precondition.

use super::super::{Condition, Limits, Object};
use super::{calendar, parse};

#[test]
fn each_rule_has_its_precondition() {
    use Condition::{MaxDateTime, MaxInstances, MinDateTime, SupportedCalendarComponent};
    use Condition::{ValidCalendarData as Data, ValidCalendarObjectResource as Resource};
    for (lines, condition) in [
        ("(VEVENT;;DTSTART:20260601T100000Z;;)", Resource),
        ("(VEVENT;;UID: ;;DTSTART:20260601T100000Z;;)", Resource),
        ("(VEVENT;;UID:1;;)", Data),
        ("(VEVENT;;UID:1;;DTSTART:20260601T100000Z;;DTSTART:20260601T100000Z;;)", Data),
        ("(VEVENT;;UID:1;;DTSTART:20260601T100000Z;;DTEND:20260601T110000Z;;DURATION:PT1H;;)", Data),
        ("(VEVENT;;UID:1;;DTSTART:20260601T100000Z;;DTEND:20260601T095959Z;;)", Data),
        ("(VEVENT;;UID:1;;DTSTART:20260601T100000Z;;DTEND;VALUE=DATE:20260602;;)", Data),
        ("(VEVENT;;UID:1;;DTSTART;VALUE=DATE:20260601;;DURATION:PT1H;;)", Data),
        ("(VEVENT;;UID:1;;DTSTART;TZID=Mars/Base:20260601T100000;;)", Data),
        ("(VEVENT;;UID:1;;DTSTART:20260601T100000Z;;RRULE:FREQ=DAILY;INTERVAL=0;;)", Data),
        ("(VEVENT;;UID:1;;DTSTART;VALUE=DATE:20260601;;RRULE:FREQ=HOURLY;INTERVAL=7;;)", Data),
        ("(VEVENT;;UID:1;;DTSTART:20260601T100000Z;;RDATE:20260230T100000Z;;)", Data),
        ("(VEVENT;;UID:1;;DTSTART:20260601T100000Z;;EXDATE:yesterday;;)", Data),
        ("(VEVENT;;UID:1;;DTSTART:20260601T100000Z;;SUMMARY:a\u{8}b;;)", Data),
        ("(VEVENT;;UID:1;;DTSTART:20260601T100000Z;;SUMMARY:a\u{fffe}b;;)", Data),
        ("(VEVENT;;UID:1;;DTSTART:20260601T100000Z;;GARBAGE;;)", Data),
        ("(VEVENT;;UID:1;;DTSTART:20260601T100000Z;;(VEVENT;;UID:1;;);;)", Data),
        ("(VEVENT;;UID:1;;DTSTART:20260601T100000Z;;(VALARM;;TRIGGER:soon;;);;)", Data),
        ("(VEVENT;;UID:1;;DTSTART:20260601T100000Z;;(VALARM;;TRIGGER:-PT1M;;REPEAT:1441;;DURATION:PT1M;;);;)", Data),
        ("VERSION:1.0;;(VEVENT;;UID:1;;DTSTART:20260601T100000Z;;)", Data),
        ("CALSCALE:CHINESE;;(VEVENT;;UID:1;;DTSTART:20260601T100000Z;;)", Data),
        ("METHOD:PUBLISH;;(VEVENT;;UID:1;;DTSTART:20260601T100000Z;;)", Resource),
        ("(VTIMEZONE;;TZID:x;;)", Resource),
        ("(VEVENT;;UID:1;;DTSTART:20260601T100000Z;;);;(VTODO;;UID:1;;)", Resource),
        ("(VEVENT;;UID:1;;DTSTART:20260601T100000Z;;);;(VEVENT;;UID:2;;DTSTART:20260601T100000Z;;)", Resource),
        ("(VEVENT;;UID:1;;DTSTART:20260601T100000Z;;);;(VEVENT;;UID:1;;DTSTART:20260601T100000Z;;)", Resource),
        (
            "(VEVENT;;UID:1;;DTSTART:20260601T100000Z;;RECURRENCE-ID:20260601T100000Z;;);;\
             (VEVENT;;UID:1;;DTSTART:20260602T100000Z;;RECURRENCE-ID;TZID=Europe/Berlin:20260601T120000;;)",
            Resource,
        ),
        (
            "(VEVENT;;UID:1;;DTSTART:20260601T100000Z;;RRULE:FREQ=DAILY;;);;\
             (VEVENT;;UID:1;;DTSTART:20260602T100000Z;;RECURRENCE-ID;VALUE=DATE:20260602;;)",
            Data,
        ),
        ("(VPOLL;;UID:1;;)", SupportedCalendarComponent),
        ("(VALARM;;UID:1;;)", Data),
        ("(VEVENT;;UID:1;;DTSTART:00000601T100000Z;;)", MinDateTime),
        ("(VEVENT;;UID:1;;DTSTART:99990601T100000Z;;)", MaxDateTime),
        ("(VEVENT;;UID:1;;DTSTART:20260601T100000Z;;RRULE:FREQ=MINUTELY;;)", MaxInstances),
        (
            "(VEVENT;;UID:1;;DTSTART:20261231T235959Z;;RRULE:FREQ=YEARLY;INTERVAL=2;BYDAY=MO,TU,WE,TH,FR,SA,SU;\
          BYHOUR=1,2,3,4,5,6,7,8,9,10,11,12;BYMINUTE=1,2,3,4,5,6,7,8,9,10,11,12;;)",
            MaxInstances,
        ),
        ("(VTODO;;UID:1;;DUE:20260601T100000Z;;RRULE:FREQ=DAILY;;)", Data),
        ("(VTODO;;UID:1;;DTSTART:20260602T100000Z;;DUE:20260601T100000Z;;)", Data),
        ("(VFREEBUSY;;UID:1;;FREEBUSY:20260602T100000Z/20260601T100000Z;;)", Data),
        ("(VAVAILABILITY;;UID:1;;(AVAILABLE;;UID:2;;);;)", Data),
    ] {
        match parse(lines) {
            Err(violation) => assert_eq!(violation.condition, condition, "{lines}: {violation}"),
            Ok(_) => panic!("{lines}: accepted"),
        }
    }
}

#[test]
fn what_clients_send_is_accepted() {
    for lines in [
        "(VEVENT;;UID:1;;DTSTART;VALUE=DATE:20260601;;DTEND;VALUE=DATE:20260601;;)",
        "(VEVENT;;UID:1;;DTSTART;VALUE=DATE:20260601;;DURATION:PT24H;;)",
        "(VEVENT;;UID:1;;DTSTART:20260601T100000;;DTEND:20260601T110000Z;;)",
        "(VEVENT;;UID:1;;DTSTART;TZID=W. Europe Standard Time:20260601T100000;;DTEND:20260601T110000;;RRULE:;;)",
        "(VEVENT;;UID:1;;DTSTART;TZID=Europe/Berlin:20260329T023000;;DTEND;TZID=Europe/Berlin:20260329T030000;;)",
        "(VEVENT;;UID:1;;DTSTART;VALUE=DATE:20260101;;RRULE:FREQ=DAILY;UNTIL=20260105T000000Z;;)",
        "(VEVENT;;UID:1;;DTSTART;VALUE=DATE:20260101;;RRULE:FREQ=DAILY;;);;\
         (VEVENT;;UID:1;;DTSTART:20260102T100000Z;;RECURRENCE-ID;TZID=Europe/Berlin:20260102T000000;;)",
        "(VEVENT;;UID:1;;DTSTART:20260601T100000Z;;(VALARM;;ACTION:NONE;;TRIGGER;VALUE=DATE-TIME:19760401T005545Z;;);;)",
        "(VEVENT;;UID:1;;DTSTART:16040229T000000;;RRULE:FREQ=YEARLY;;)",
        "(VEVENT;;UID:1;;DTSTART:20260601T100000Z;;(X-THING;;(X-DEEPER;;);;);;(VLOCATION;;UID:2;;);;)",
        "(VTODO;;UID:1;;)",
        "(VJOURNAL;;UID:1;;)",
        "(VAVAILABILITY;;UID:1;;(AVAILABLE;;DTSTART:20260601T100000Z;;DTEND:20260601T110000Z;;);;)",
    ] {
        parse(lines).unwrap_or_else(|violation| panic!("{lines}: {violation}"));
    }
}

#[test]
fn limits_are_what_the_collection_says() {
    let one = calendar("(VEVENT;;UID:1;;DTSTART:20260601T100000Z;;ATTENDEE:a;;ATTENDEE:b;;)");
    let refused = |limits: &Limits| Object::parse(one.as_bytes(), limits).unwrap_err().condition;
    let usual = Limits::default();
    assert!(Object::parse(one.as_bytes(), &usual).is_ok());
    assert_eq!(refused(&Limits { bytes: one.len() - 1, ..usual }), Condition::MaxResourceSize);
    assert_eq!(refused(&Limits { attendees: 1, ..usual }), Condition::MaxAttendeesPerInstance);
    assert_eq!(refused(&Limits { kinds: &[], ..usual }), Condition::SupportedCalendarComponent);
    let day = super::at("2026-06-02T00:00:00Z");
    assert_eq!(refused(&Limits { earliest: day, ..usual }), Condition::MinDateTime);
    assert_eq!(refused(&Limits { latest: day - 86_400, ..usual }), Condition::MaxDateTime);
    let two = one.clone() + &one;
    assert_eq!(Object::parse(two.as_bytes(), &usual).unwrap_err().condition, Condition::ValidCalendarData);
    let uid = |length: usize| one.replace("UID:1", &format!("UID:{}", "u".repeat(length)));
    assert!(Object::parse(uid(1000).as_bytes(), &usual).is_ok());
    assert!(Object::parse(uid(1001).as_bytes(), &usual).is_err());
}
