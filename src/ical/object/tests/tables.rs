//! RFC 4791 §9.9 and RFC 7953 §7.2.2, row by row. Times are of 1 June 2026, in UTC.

use super::{alarms, at, berlin, dated, object, overlaps, range};
use crate::time::Zone;

/// `10/11` as a range of that day, in full hours; each end may be missing.
fn hours(text: &str) -> super::TimeRange {
    let (start, end) = text.split_once('/').unwrap();
    let full = |hour: &str| if hour.is_empty() { String::new() } else { format!("2026-06-01T{hour}:00") };
    range(&format!("{}/{}", full(start), full(end)))
}

fn check(lines: &str, inside: &[&str], outside: &[&str]) {
    let object = object(lines);
    let index = object.index();
    for (ranges, expected) in [(inside, true), (outside, false)] {
        for text in ranges {
            let range = hours(text);
            assert_eq!(overlaps(&object, range, &Zone::utc()), expected, "{lines} {text}");
            let window = range.interval();
            let candidate =
                index.first_start.is_none_or(|at| at < window.end) && index.last_end.is_none_or(|at| at > window.start);
            assert!(candidate || !expected, "{lines} {text}: {index:?}");
            assert!(!index.exact || candidate == expected, "{lines} {text}: {index:?}");
        }
    }
}

#[test]
fn events() {
    let day = "(VEVENT;;UID:1;;DTSTART:20260601T100000Z;;";
    check(
        &format!("{day}DTEND:20260601T120000Z;;)"),
        &["09/11", "11/13", "/11", "11/", "09/13"],
        &["08/10", "12/13", "12/", "/10"],
    );
    check(&format!("{day}DURATION:PT2H;;)"), &["09/11", "11/12"], &["08/10", "12/13"]);
    check(&format!("{day}DURATION:PT0S;;)"), &["10/11", "09/11"], &["09/10", "11/12"]);
    check(&format!("{day})"), &["10/11", "09/11"], &["09/10", "11/12"]);
    let whole = "(VEVENT;;UID:1;;DTSTART;VALUE=DATE:20260601;;)";
    check(whole, &["00/01", "23/", "/01"], &["/00"]);
    // The same day begins at 22:00 in Berlin.
    assert!(overlaps(&object(whole), range("2026-05-31T22:00/2026-05-31T23:00"), &berlin()));
    assert!(!overlaps(&object(whole), range("2026-06-01T22:00/2026-06-01T23:00"), &berlin()));
}

#[test]
fn to_dos() {
    let start = "(VTODO;;UID:1;;DTSTART:20260601T100000Z;;";
    check(&format!("{start}DURATION:PT2H;;)"), &["12/13", "09/11", "11/12"], &["08/10", "13/14"]);
    check(&format!("{start}DUE:20260601T120000Z;;)"), &["11/13", "09/11"], &["12/13", "08/10"]);
    check(&format!("{start}DUE:20260601T100000Z;;)"), &["09/10", "10/11"], &["08/09", "11/12"]);
    let at_once = "(VTODO;;UID:1;;DTSTART;VALUE=DATE:20260601;;DUE;VALUE=DATE:20260601;;)";
    check(at_once, &["00/01", "/00"], &["01/02", "11/12"]);
    check(&format!("{start})"), &["10/11"], &["09/10", "11/12"]);
    check("(VTODO;;UID:1;;DUE:20260601T100000Z;;)", &["09/10", "09/11"], &["10/11", "08/09"]);
    let both = "(VTODO;;UID:1;;CREATED:20260601T080000Z;;COMPLETED:20260601T100000Z;;)";
    check(both, &["09/10", "10/11", "07/08", "08/09"], &["11/12", "06/07"]);
    check("(VTODO;;UID:1;;COMPLETED:20260601T100000Z;;)", &["09/10", "10/11"], &["11/12", "08/09"]);
    check("(VTODO;;UID:1;;CREATED:20260601T100000Z;;)", &["10/11", "20/21", "/11"], &["09/10"]);
    check("(VTODO;;UID:1;;)", &["10/11", "/01", "23/"], &[]);
    let daily = object(&format!("{start}DUE:20260601T120000Z;;RRULE:FREQ=DAILY;;)"));
    assert!(overlaps(&daily, range("2030-01-01T09:00/2030-01-01T10:30"), &Zone::utc()));
    assert!(!overlaps(&daily, range("2030-01-01T12:00/2030-01-02T10:00"), &Zone::utc()));
}

#[test]
fn journals_and_free_busy_and_availability() {
    check("(VJOURNAL;;UID:1;;DTSTART:20260601T100000Z;;)", &["10/11"], &["09/10", "11/12"]);
    check("(VJOURNAL;;UID:1;;DTSTART;VALUE=DATE:20260601;;)", &["10/11", "23/"], &["/00"]);
    check("(VJOURNAL;;UID:1;;)", &[], &["10/11", "/", "/11"]);
    let bounds = "(VFREEBUSY;;UID:1;;DTSTART:20260601T100000Z;;DTEND:20260601T120000Z;;)";
    check(bounds, &["12/13", "09/11"], &["13/14", "09/10"]);
    let periods = "(VFREEBUSY;;UID:1;;FREEBUSY;FBTYPE=FREE:20260601T100000Z/PT1H,20260601T130000Z/20260601T140000Z;;)";
    check(periods, &["10/11", "13/14"], &["11/13", "09/10", "14/15"]);
    check("(VFREEBUSY;;UID:1;;)", &[], &["10/11", "/11"]);
    let available = |lines: &str| format!("(VAVAILABILITY;;UID:1;;{lines})");
    check(&available("DTSTART:20260601T100000Z;;DTEND:20260601T120000Z;;"), &["11/13"], &["12/13", "09/10"]);
    check(&available("DTSTART:20260601T100000Z;;DURATION:PT2H;;"), &["11/13"], &["12/13", "09/10"]);
    check(&available("DTSTART:20260601T100000Z;;"), &["20/21"], &["09/10"]);
    check(&available("DTEND:20260601T100000Z;;"), &["09/11", "/01"], &["10/11"]);
    check(&available(""), &["10/11"], &[]);
}

#[test]
fn instances_and_overrides() {
    let series = object(
        "(VEVENT;;UID:1;;DTSTART;TZID=Europe/Berlin:20260105T100000;;DURATION:PT1H;;RRULE:FREQ=WEEKLY;;\
         EXDATE;TZID=Europe/Berlin:20260608T100000;;SUMMARY:master;;);;\
         (VEVENT;;UID:1;;DTSTART;TZID=Europe/Berlin:20260616T150000;;DURATION:PT2H;;SUMMARY:moved;;\
         RECURRENCE-ID;TZID=Europe/Berlin:20260615T100000;;)",
    );
    for (text, expected) in [
        ("2026-06-01T08:00/2026-06-01T09:00", true),
        ("2026-06-01T07:00/2026-06-01T08:00", false),
        ("2026-06-08T00:00/2026-06-09T00:00", false),
        ("2026-06-15T00:00/2026-06-16T00:00", false),
        ("2026-06-16T14:00/2026-06-16T15:00", true),
        // In winter, Berlin is an hour later.
        ("2026-12-07T08:00/2026-12-07T09:00", false),
        ("2026-12-07T09:00/2026-12-07T10:00", true),
        ("9000-01-01T00:00/", true),
        ("/2026-01-05T09:00", false),
    ] {
        assert_eq!(overlaps(&series, range(text), &Zone::utc()), expected, "{text}");
    }
    let index = series.index();
    assert!(index.recurring && !index.exact && index.last_end.is_none());
    assert!(dated(&series, "DTSTART", range("2026-06-16T13:00/2026-06-16T13:01")));
    assert!(!dated(&series, "DTSTART", range("2026-06-15T08:00/2026-06-15T08:01")));
    assert!(dated(&series, "DTEND", range("2026-06-22T09:00/2026-06-22T09:01")));
    assert!(!dated(&series, "DUE", range("2026-06-22T09:00/2026-06-22T09:01")));
}

#[test]
fn a_test_beside_a_time_range_is_for_the_same_component() {
    use crate::ical::object::filter::{
        Collation, CompFilter, CompTest, PropFilter, PropTest, TextMatch, ValueTest, matches,
    };
    let series = object(
        "(VEVENT;;UID:1;;DTSTART:20260601T100000Z;;DURATION:PT1H;;RRULE:FREQ=DAILY;;SUMMARY:master;;);;\
         (VEVENT;;UID:1;;DTSTART:20260603T100000Z;;DURATION:PT1H;;RECURRENCE-ID;RANGE=THISANDFUTURE:20260603T100000Z;;\
         SUMMARY:later;;);;\
         (VEVENT;;UID:1;;DTSTART:20260602T100000Z;;DURATION:PT1H;;RECURRENCE-ID:20260602T100000Z;;SUMMARY:second;;)",
    );
    for (summary, text, expected) in [
        ("master", "2026-06-01T00:00/2026-06-02T00:00", true),
        ("master", "2026-06-02T00:00/", false),
        ("second", "2026-06-02T00:00/2026-06-03T00:00", true),
        ("second", "2026-06-03T00:00/", false),
        ("later", "2026-06-03T00:00/2026-06-04T00:00", true),
        ("later", "2030-01-01T00:00/", true),
        ("later", "2026-06-01T00:00/2026-06-03T00:00", false),
    ] {
        let wanted = TextMatch { collation: Collation::Octet, text: summary.to_owned(), negate: false };
        let test = PropTest::Defined { value: Some(ValueTest::Text(wanted)), params: Vec::new() };
        let props = vec![PropFilter { name: "SUMMARY".to_owned(), test }];
        let test = CompTest::Defined { time_range: Some(range(text)), props, comps: Vec::new() };
        let filter = CompFilter { name: "VEVENT".to_owned(), test };
        let filter = super::comp("VCALENDAR", None, vec![filter]);
        assert_eq!(matches(&series, &filter, &Zone::utc()), Ok(expected), "{summary} {text}");
    }
}

#[test]
fn alarms_go_off() {
    let event = |alarm: &str| {
        object(&format!(
            "(VEVENT;;UID:1;;DTSTART;TZID=Europe/Berlin:20260105T100000;;DURATION:PT1H;;RRULE:FREQ=WEEKLY;;(VALARM;;{alarm};;);;)"
        ))
    };
    for (alarm, text, expected) in [
        ("TRIGGER:-PT15M", "2026-06-01T07:45/2026-06-01T07:46", true),
        ("TRIGGER:-PT15M", "2026-06-01T07:46/2026-06-08T07:45", false),
        ("TRIGGER;RELATED=END:PT0S", "2026-06-01T09:00/2026-06-01T09:01", true),
        ("TRIGGER;RELATED=END:PT0S", "2026-06-01T08:00/2026-06-01T08:01", false),
        // The day before the clocks change, at ten by the clock: not 24 hours before.
        ("TRIGGER:-P1D", "2026-03-29T08:00/2026-03-29T08:01", true),
        ("TRIGGER:-P1D;;X:", "2026-03-29T09:00/2026-03-29T09:01", false),
        ("TRIGGER:-P8W", "2025-11-10T09:00/2025-11-10T09:01", true),
        ("TRIGGER;VALUE=DATE-TIME:20260601T000000Z", "2026-06-01T00:00/2026-06-01T00:01", true),
        ("TRIGGER;VALUE=DATE-TIME:20260601T000000Z", "2026-06-01T00:01/2026-06-01T00:02", false),
        ("TRIGGER:-PT15M;;REPEAT:3;;DURATION:PT5M", "2026-06-01T08:00/2026-06-01T08:01", true),
        ("TRIGGER:-PT15M;;REPEAT:3;;DURATION:PT5M", "2026-06-01T08:01/2026-06-01T08:05", false),
        ("TRIGGER:-PT15M;;REPEAT:3;;DURATION:PT5M", "2026-06-01T07:46/2026-06-01T07:50", false),
        ("ACTION:NONE", "2026-06-01T00:00/2026-06-02T00:00", false),
    ] {
        assert_eq!(alarms(&event(alarm), range(text), &Zone::utc()), expected, "{alarm} {text}");
    }
}

#[test]
fn an_index_holds_for_the_ends_of_the_world() {
    for lines in [
        "(VEVENT;;UID:1;;DTSTART:20260601T100000;;DURATION:PT1H;;)",
        "(VEVENT;;UID:1;;DTSTART;VALUE=DATE:20260601;;)",
        "(VTODO;;UID:1;;DUE:20260601T100000;;)",
        "(VEVENT;;UID:1;;DTSTART:20260601T100000;;DURATION:PT1H;;RRULE:FREQ=DAILY;COUNT=1;;)",
    ] {
        let (object, day) = (object(lines), 24 * 3600);
        let index = object.index();
        assert!(!index.exact, "{lines}");
        for name in ["Pacific/Kiritimati", "Pacific/Pago_Pago"] {
            let zone = Zone::parse(name).unwrap();
            let from = super::at("2026-06-01T00:00") - day;
            let hits = (0..72).map(|hour| from + hour * 3600).filter(|start| {
                let window = crate::time::Interval { start: *start, end: *start + 3600 };
                let matching = overlaps(&object, window.into(), &zone);
                let candidate = index.first_start.is_some_and(|at| at < window.end)
                    && index.last_end.is_some_and(|at| at > window.start);
                assert!(candidate || !matching, "{lines} {name} {start} {index:?}");
                matching
            });
            assert!(hits.count() > 0, "{lines} {name}");
        }
    }
}

#[test]
fn what_began_before_a_change_of_the_future_lasts_into_it() {
    let series = object(
        "(VEVENT;;UID:1;;DTSTART;TZID=Europe/Berlin:20270301T180000;;DURATION:P3D;;RRULE:FREQ=WEEKLY;;);;\
         (VEVENT;;UID:1;;DTSTART;TZID=Europe/Berlin:20270309T180000;;DURATION:PT1H;;\
         RECURRENCE-ID;RANGE=THISANDFUTURE;TZID=Europe/Berlin:20270308T180000;;)",
    );
    for (text, expected) in [
        ("2027-03-04T10:00/2027-03-04T11:00", true),
        ("2027-03-04T18:00/2027-03-04T19:00", false),
        ("2027-03-09T17:00/2027-03-09T18:00", true),
        ("2027-03-10T10:00/2027-03-10T11:00", false),
    ] {
        assert_eq!(overlaps(&series, range(text), &berlin()), expected, "{text}");
    }
    let dense = object(
        "(VEVENT;;UID:1;;DTSTART;TZID=Europe/Berlin:20270301T180000;;DURATION:P3D;;RRULE:FREQ=DAILY;;);;\
         (VEVENT;;UID:1;;DTSTART;TZID=Europe/Berlin:20270309T180000;;DURATION:PT1H;;\
         RECURRENCE-ID;RANGE=THISANDFUTURE;TZID=Europe/Berlin:20270309T180000;;)",
    );
    assert!(overlaps(&dense, range("2027-03-10T10:00/2027-03-10T11:00"), &berlin()), "the one of 8 March lasts");
    assert!(!overlaps(&dense, range("2027-03-11T18:30/2027-03-12T16:00"), &berlin()), "that of 9 March is short");
}

#[test]
fn what_floats_in_an_override_is_on_the_readers_clocks() {
    let reader = Zone::parse("America/New_York").unwrap();
    let series = object(
        "(VEVENT;;UID:1;;DTSTART;TZID=Europe/Berlin:20270302T100000;;DURATION:PT1H;;RRULE:FREQ=WEEKLY;;);;\
         (VEVENT;;UID:1;;DTSTART;VALUE=DATE:20270309;;RECURRENCE-ID;TZID=Europe/Berlin:20270309T100000;;);;\
         (VEVENT;;UID:1;;DTSTART:20270316T100000;;DURATION:PT1H;;RECURRENCE-ID;TZID=Europe/Berlin:20270316T100000;;)",
    );
    let window = range("2027-03-08T00:00/2027-03-18T00:00").interval();
    let found = series.instances(window, &reader, 10).unwrap();
    let starts: Vec<_> = found.iter().map(|instance| (instance.at.start, instance.at.end)).collect();
    assert_eq!(
        starts,
        [
            (at("2027-03-09T05:00"), at("2027-03-10T05:00")),
            // Summer time has begun there.
            (at("2027-03-16T14:00"), at("2027-03-16T15:00")),
        ]
    );
    assert_eq!(found[0].recurrence_at, at("2027-03-09T09:00"));
}

#[test]
fn an_event_that_excludes_itself_is_not_exact() {
    let never = object("(VEVENT;;UID:1;;DTSTART:20270302T100000Z;;DURATION:PT1H;;EXDATE:20270302T100000Z;;)");
    assert!(!never.index().exact);
    assert!(!overlaps(&never, range("2027-03-02T00:00/2027-03-03T00:00"), &Zone::utc()));
}

#[test]
fn an_override_alone_is_the_instance_that_it_names() {
    let alone = object(
        "(VEVENT;;UID:1;;DTSTART:20270302T140000Z;;DURATION:PT1H;;RECURRENCE-ID:20270302T100000Z;;);;\
         (VEVENT;;UID:1;;DTSTART:20270309T100000Z;;DURATION:PT1H;;RECURRENCE-ID:20270309T100000Z;;)",
    );
    let found = alone.instances(range("2027-03-01T00:00/2027-03-31T00:00").interval(), &Zone::utc(), 10).unwrap();
    let named: Vec<_> = found.iter().map(|instance| instance.recurrence_at).collect();
    assert_eq!(named, [at("2027-03-02T10:00"), at("2027-03-09T10:00")]);
}
