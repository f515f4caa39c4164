//! CALDAV:expand (RFC 4791 §9.6.5) where zones, days and lengths make a difference.

use super::super::select::{Budget, RecurrenceSet, Selection, TooMany, select};
use super::{berlin, object, range};

/// The lines with dates of each instance, apart from DTSTAMP.
fn expanded(lines: &str, window: &str) -> Vec<String> {
    let recurrence = Some(RecurrenceSet::Expand(range(window).interval()));
    let selection = Selection { recurrence, ..Selection::default() };
    let text = select(&object(lines), &selection, &berlin(), &mut Budget::default()).unwrap();
    let kept = ["DTSTART", "DTEND", "DUE", "DURATION", "RECURRENCE-ID", "RRULE", "EXDATE", "RDATE", "X-AT", "TZID"];
    let dated = text.lines().filter(|line| kept.iter().any(|name| line.starts_with(name)));
    dated.map(str::to_owned).collect()
}

#[test]
fn days_stay_days_and_floating_times_float() {
    let days = "(VEVENT;;UID:1;;DTSTART;VALUE=DATE:20260101;;DTEND;VALUE=DATE:20260103;;RRULE:FREQ=WEEKLY;;)";
    let expected = ["DTSTART;VALUE=DATE:20260326", "RECURRENCE-ID;VALUE=DATE:20260326", "DTEND;VALUE=DATE:20260328"];
    assert_eq!(expanded(days, "2026-03-25T23:00/2026-03-26T23:00"), expected);
    let floating = "(VEVENT;;UID:1;;DTSTART:20260101T080000;;DURATION:PT1H;;RRULE:FREQ=WEEKLY;;)";
    let expected = ["DTSTART:20260326T080000", "RECURRENCE-ID:20260326T080000", "DURATION:PT1H"];
    assert_eq!(expanded(floating, "2026-03-26T07:00/2026-03-26T08:00"), expected);
}

#[test]
fn zoned_times_are_in_utc() {
    let lines = "(VEVENT;;UID:1;;DTSTART;TZID=Europe/Berlin:20260327T200000;;DTEND;TZID=Europe/Berlin:20260327T210000;;\
                 X-AT;TZID=Europe/Berlin:20260327T200000;;RRULE:FREQ=DAILY;;EXDATE;TZID=Europe/Berlin:20260328T200000;;)";
    let expected = [
        "DTSTART:20260327T190000Z",
        "RECURRENCE-ID:20260327T190000Z",
        "DTEND:20260327T200000Z",
        "X-AT:20260327T190000Z",
        "DTSTART:20260329T180000Z",
        "RECURRENCE-ID:20260329T180000Z",
        "DTEND:20260329T190000Z",
        "X-AT:20260327T190000Z",
    ];
    assert_eq!(expanded(lines, "2026-03-27T00:00/2026-03-30T00:00"), expected);
}

#[test]
fn a_day_that_is_shorter_than_24_hours() {
    let lines = "(VEVENT;;UID:1;;DTSTART;TZID=Europe/Berlin:20260328T200000;;DURATION:P1D;;)";
    let expected = ["DTSTART:20260328T190000Z", "DTEND:20260329T180000Z"];
    assert_eq!(expanded(lines, "2026-03-28T00:00/2026-03-30T00:00"), expected);
}

#[test]
fn a_period_has_a_length_of_its_own() {
    let rdate = "RDATE;TZID=Europe/Berlin;VALUE=PERIOD:20270407T163500/PT3H";
    let window = "2027-04-07T16:00/2027-04-07T17:00";
    let expected =
        ["DTSTART:20270407T143500Z", "RECURRENCE-ID:20270407T143500Z", "DTEND:20270407T173500Z"].map(str::to_owned);
    for end in ["DURATION:PT1H;;", "", "DTEND;TZID=Europe/Berlin:20270109T171500;;"] {
        let lines = format!("(VEVENT;;UID:1;;DTSTART;TZID=Europe/Berlin:20270109T161500;;{end}{rdate};;)");
        let mut found = expanded(&lines, window);
        assert_eq!(found.len(), 3, "{found:?}");
        found.sort_by_key(|line| expected.iter().position(|wanted| wanted == line));
        assert_eq!(found, expected, "{end}");
    }
    let first = "(VEVENT;;UID:1;;DTSTART:20270109T161500Z;;DURATION:PT1H;;RDATE;VALUE=PERIOD:20270407T143500Z/PT3H;;)";
    let expected = ["DTSTART:20270109T161500Z", "RECURRENCE-ID:20270109T161500Z", "DURATION:PT1H"];
    assert_eq!(expanded(first, "2027-01-09T00:00/2027-01-10T00:00"), expected);
}

#[test]
fn an_override_alone_and_a_to_do_without_a_start() {
    let alone = "(VEVENT;;UID:1;;DTSTART:20260601T100000Z;;RECURRENCE-ID;TZID=Europe/Berlin:20260601T110000;;)";
    let expected = ["DTSTART:20260601T100000Z", "RECURRENCE-ID:20260601T090000Z"];
    assert_eq!(expanded(alone, "2026-06-01T00:00/2026-06-02T00:00"), expected);
    let due = "(VTODO;;UID:1;;DUE;TZID=Europe/Berlin:20260601T110000;;)";
    assert_eq!(expanded(due, "2026-06-01T00:00/2026-06-02T00:00"), ["DUE:20260601T090000Z"]);
    assert!(expanded(due, "2026-06-02T00:00/2026-06-03T00:00").is_empty());
    let at_once = "(VTODO;;UID:1;;DTSTART;VALUE=DATE:20260601;;DUE;VALUE=DATE:20260601;;)";
    let dates = ["DTSTART;VALUE=DATE:20260601", "DUE;VALUE=DATE:20260601"];
    assert_eq!(expanded(at_once, "2026-05-31T12:00/2026-06-02T00:00"), dates);
}

#[test]
fn a_budget_is_for_all_objects_together() {
    let daily = object("(VEVENT;;UID:1;;DTSTART:20260601T100000Z;;RRULE:FREQ=DAILY;;)");
    let recurrence = Some(RecurrenceSet::Expand(range("2026-06-01T00:00/2026-06-11T00:00").interval()));
    let selection = Selection { recurrence, ..Selection::default() };
    let mut budget = Budget { instances: 25, bytes: 100_000 };
    let mut one = || select(&daily, &selection, &berlin(), &mut budget);
    assert!(one().is_ok() && one().is_ok());
    assert_eq!(one(), Err(TooMany));
    let centuries = Some(RecurrenceSet::Expand(range("/").interval()));
    let selection = Selection { recurrence: centuries, ..Selection::default() };
    assert_eq!(select(&daily, &selection, &berlin(), &mut Budget::default()), Err(TooMany));
}
