use super::*;
use crate::ical::object::Limits;
use crate::ical::personal::{Moved, NO_ALARMS};

fn object(inside: &str) -> Object {
    let text = format!(
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//x//y//EN\r\nBEGIN:VEVENT\r\nUID:1\r\nDTSTAMP:20260101T000000Z\r\nSUMMARY:Cut\r\n{inside}END:VEVENT\r\nEND:VCALENDAR\r\n"
    );
    Object::parse(text.as_bytes(), &Limits::default()).unwrap()
}

fn steps(served: &str, sent: &str) -> Result<Vec<Step>, String> {
    plan(&object(served), &object(sent), &Zone::utc(), false)
}

const ONCE: &str = "DTSTART:20260302T090000Z\r\nDTEND:20260302T100000Z\r\n";
const WEEKLY: &str = "DTSTART:20260302T090000Z\r\nDTEND:20260302T100000Z\r\nRRULE:FREQ=WEEKLY;COUNT=4\r\n";

fn at(text: &str) -> Instant {
    Zone::utc().instant(crate::time::parse_civil(text).unwrap())
}

fn hour(text: &str) -> Interval {
    Interval { start: at(text), end: at(text) + 3600 }
}

#[test]
fn a_drag_moves() {
    assert_eq!(steps(ONCE, ONCE), Ok(vec![]));
    let moved = ONCE.replace("T09", "T11").replace("T10", "T12");
    assert_eq!(steps(ONCE, &moved), Ok(vec![Step::MoveAll(hour("2026-03-02T11:00:00"))]));
    assert_eq!(steps(ONCE, &format!("{ONCE}STATUS:CANCELLED\r\n")), Ok(vec![Step::CancelAll]));
    let zoned = "DTSTART;TZID=Europe/Berlin:20260302T100000\r\nDURATION:PT1H\r\n";
    assert_eq!(steps(ONCE, zoned), Ok(vec![]), "the same time on another clock");
}

#[test]
fn hours_are_not_made_days_nor_days_hours() {
    let days = "DTSTART;VALUE=DATE:20260302\r\nDTEND;VALUE=DATE:20260304\r\n";
    assert!(steps(ONCE, days).is_err() && steps(days, ONCE).is_err());
    assert_eq!(steps(days, &days.replace("0304", "0305")).unwrap().len(), 1);
    let date = format!(
        "{WEEKLY}END:VEVENT\r\nBEGIN:VEVENT\r\nUID:1\r\nDTSTAMP:20260101T000000Z\r\nRECURRENCE-ID:20260309T090000Z\r\nDTSTART;VALUE=DATE:20260309\r\n"
    );
    assert!(steps(WEEKLY, &date).is_err());
}

#[test]
fn what_is_the_business_stays() {
    for sent in ["LOCATION:Elsewhere\r\n", "ATTENDEE:mailto:x@example.com\r\n", "RDATE:20260303T090000Z\r\n"] {
        let refused = steps(ONCE, &format!("{ONCE}{sent}"));
        assert!(refused.is_err(), "{sent}");
    }
    // DAVx5 gives attendees an organizer; over one that is there it is refused.
    let organizer = "ORGANIZER:mailto:anna@example.com\r\n";
    assert_eq!(steps(ONCE, &format!("{ONCE}{organizer}")), Ok(Vec::new()));
    assert_eq!(personal(ONCE, &format!("{ONCE}{organizer}")), "");
    assert!(steps(&format!("{ONCE}ORGANIZER:mailto:salon@example.com\r\n"), &format!("{ONCE}{organizer}")).is_err());
}

#[test]
fn what_others_serve_is_left() {
    let (served, gone) =
        (format!("{WEEKLY}EXDATE:20260309T090000Z\r\n"), "EXDATE:20260302T090000Z,20260316T090000Z\r\n");
    let steps = |sent: &str| plan(&object(&served), &object(sent), &Zone::utc(), true).unwrap();
    let own = ["2026-03-02T09:00:00", "2026-03-16T09:00:00", "2026-03-23T09:00:00"].map(|day| Step::Cancel(at(day)));
    assert_eq!(steps(&format!("{served}{gone}EXDATE:20260323T090000Z\r\n")), own);
    assert_eq!(steps(&format!("{served}STATUS:CANCELLED\r\n")), own);
    assert_eq!(steps(&format!("{served}EXDATE:20260316T090000Z,20260323T090000Z\r\n")), own[1..]);
    assert_eq!(deletion(&object(&served), &Zone::utc(), true).unwrap(), own);
    assert_eq!(deletion(&object(&served), &Zone::utc(), false).unwrap(), [Step::CancelAll]);
}

#[test]
fn single_dates_of_a_series() {
    let second = at("2026-03-09T09:00:00");
    assert_eq!(steps(WEEKLY, &format!("{WEEKLY}EXDATE:20260309T090000Z\r\n")), Ok(vec![Step::Cancel(second)]));
    assert!(steps(WEEKLY, &WEEKLY.replace("COUNT=4", "COUNT=9")).is_err(), "dates are added by the business");
    assert!(steps(&format!("{WEEKLY}EXDATE:20260309T090000Z\r\n"), WEEKLY).is_err(), "nor is one brought back");
    let rest = "EXDATE:20260309T090000Z,20260316T090000Z,20260323T090000Z\r\n";
    assert_eq!(steps(WEEKLY, &format!("{WEEKLY}{rest}")), Ok(vec![Step::CancelFrom(second)]));
    let moved = format!(
        "{WEEKLY}END:VEVENT\r\nBEGIN:VEVENT\r\nUID:1\r\nDTSTAMP:20260101T000000Z\r\nRECURRENCE-ID:20260309T090000Z\r\nDTSTART:20260310T140000Z\r\nDTEND:20260310T150000Z\r\n"
    );
    assert_eq!(steps(WEEKLY, &moved), Ok(vec![Step::Move(second, hour("2026-03-10T14:00:00"))]));
    let off = moved.replace(
        "DTSTART:20260310T140000Z\r\nDTEND:20260310T150000Z",
        "DTSTART:20260309T090000Z\r\nDTEND:20260309T100000Z\r\nSTATUS:CANCELLED",
    );
    assert_eq!(steps(WEEKLY, &off), Ok(vec![Step::Cancel(second)]));
    let later = WEEKLY.replace("T09", "T11").replace("T10", "T12");
    assert_eq!(steps(WEEKLY, &later), Ok(vec![Step::MoveAll(hour("2026-03-02T11:00:00"))]));
}

#[test]
fn no_date_is_cancelled_by_a_rule() {
    let rule = "RRULE:FREQ=WEEKLY;COUNT=4\r\n";
    let later = WEEKLY.replace("T09", "T11").replace("T10", "T12");
    for shorter in [
        "RRULE:FREQ=WEEKLY;COUNT=3\r\n",
        "RRULE:FREQ=WEEKLY;UNTIL=20260316T120000Z\r\n",
        "RRULE:FREQ=WEEKLY;COUNT=4;INTERVAL=2\r\n",
        "",
    ] {
        for series in [WEEKLY, &later] {
            let refused = steps(WEEKLY, &series.replace(rule, shorter));
            assert!(refused.as_ref().is_err_and(|why| why.contains("by the business")), "{shorter}: {refused:?}");
        }
    }
    // One that is written in other words may have exceptions of its own.
    let last = Ok(vec![Step::Cancel(at("2026-03-23T09:00:00"))]);
    for same in ["RRULE:FREQ=WEEKLY;UNTIL=20260323T090000Z\r\n", "RRULE:COUNT=4;FREQ=WEEKLY;BYDAY=MO\r\n"] {
        let sent = format!("{}EXDATE:20260323T090000Z\r\n", WEEKLY.replace(rule, same));
        assert_eq!(steps(WEEKLY, &sent), last, "{same}");
    }
}

#[test]
fn a_series_stays_on_its_clocks() {
    let berlin = Zone::parse("Europe/Berlin").unwrap();
    let of = |start: &str, end: &str| object(&format!("DTSTART{start}\r\nDTEND{end}\r\nRRULE:FREQ=WEEKLY;COUNT=4\r\n"));
    // Clocks go on an hour on 29 March.
    let here =
        |start: &str, end: &str| of(&format!(";TZID=Europe/Berlin:{start}"), &format!(";TZID=Europe/Berlin:{end}"));
    let served = here("20260316T100000", "20260316T110000");
    let moved = |sent: &Object| plan(&served, sent, &berlin, false);
    let to = Ok(vec![Step::MoveAll(hour("2026-03-16T10:00:00"))]);
    assert_eq!(moved(&here("20260316T110000", "20260316T120000")), to);
    for (start, end) in [
        (":20260316T100000Z", ":20260316T110000Z"),
        (";TZID=America/New_York:20260316T060000", ";TZID=America/New_York:20260316T070000"),
    ] {
        assert!(moved(&of(start, end)).is_err(), "{start}");
    }
    // Paris has the same.
    let there = of(";TZID=Europe/Paris:20260316T110000", ";TZID=Europe/Paris:20260316T120000");
    assert_eq!(moved(&there), to);
}

#[test]
fn a_series_that_is_moved_with_more() {
    let later = WEEKLY.replace("T09", "T11").replace("T10", "T12");
    let all = Step::MoveAll(hour("2026-03-02T11:00:00"));
    let second = at("2026-03-09T11:00:00");
    let excluded = format!("{later}EXDATE:20260309T110000Z\r\n");
    assert_eq!(steps(WEEKLY, &excluded), Ok(vec![all, Step::Cancel(second)]));
    let date = |id: &str, start: &str, end: &str| {
        format!(
            "END:VEVENT\r\nBEGIN:VEVENT\r\nUID:1\r\nDTSTAMP:20260101T000000Z\r\nRECURRENCE-ID:{id}\r\nDTSTART:{start}\r\nDTEND:{end}\r\n"
        )
    };
    let apart = date("20260309T110000Z", "20260310T150000Z", "20260310T160000Z");
    let moved = vec![all, Step::Move(second, hour("2026-03-10T15:00:00"))];
    assert_eq!(steps(WEEKLY, &format!("{later}{apart}")), Ok(moved.clone()));
    // The master alone was moved: the name of the date is the old one.
    let apart = date("20260309T090000Z", "20260310T150000Z", "20260310T160000Z");
    assert_eq!(steps(WEEKLY, &format!("{later}{apart}")), Ok(moved));
    // What was moved alone keeps its time, unless the client moves it, too.
    let (before, after) = (format!("{WEEKLY}{apart}"), format!("{later}{apart}"));
    assert_eq!(steps(&before, &after), Ok(vec![all]));
    let along = date("20260309T110000Z", "20260310T170000Z", "20260310T180000Z");
    let both = vec![all, Step::Move(second, hour("2026-03-10T17:00:00"))];
    assert_eq!(steps(&before, &format!("{later}{along}")), Ok(both));
    // The same rule in other words, also where a client follows the day itself.
    for rule in [
        "COUNT=4;FREQ=WEEKLY",
        "FREQ=WEEKLY;INTERVAL=1;COUNT=4",
        "FREQ=WEEKLY;COUNT=4;BYDAY=MO;WKST=MO",
        "FREQ=WEEKLY;UNTIL=20260323T110000Z",
    ] {
        assert_eq!(steps(WEEKLY, &later.replace("FREQ=WEEKLY;COUNT=4", rule)), Ok(vec![all]), "{rule}");
    }
    assert!(steps(WEEKLY, &later.replace("FREQ=WEEKLY;COUNT=4", "FREQ=DAILY;COUNT=4")).is_err());
    let by_day = |from: &str, day: &str| {
        format!("DTSTART:{from}T090000Z\r\nDTEND:{from}T100000Z\r\nRRULE:FREQ=WEEKLY;COUNT=4;BYDAY={day}\r\n")
    };
    let to_tuesday = Ok(vec![Step::MoveAll(hour("2026-03-03T09:00:00"))]);
    for day in ["MO", "TU"] {
        assert_eq!(steps(&by_day("20260302", "MO"), &by_day("20260303", day)), to_tuesday, "{day}");
    }
    // An end that a client forgets cancels nothing.
    let until = WEEKLY.replace("COUNT=4", "UNTIL=20260323T090000Z");
    let late = until.replace("2T09", "2T11").replace("2T10", "2T12");
    assert_eq!(steps(&until, &late), Ok(vec![all]));
    let late = format!("{late}EXDATE:20260309T110000Z\r\n");
    assert_eq!(steps(&until, &late), Ok(vec![all, Step::Cancel(second)]));
}

#[test]
fn what_takes_place_once_is_where_all_of_it_says() {
    let excluded = format!("{ONCE}EXDATE:20260302T090000Z\r\n");
    assert_eq!(steps(ONCE, &excluded), Ok(vec![Step::CancelAll]));
    let moved = format!(
        "{ONCE}END:VEVENT\r\nBEGIN:VEVENT\r\nUID:1\r\nDTSTAMP:20260101T000000Z\r\nRECURRENCE-ID:20260302T090000Z\r\nDTSTART:20260303T090000Z\r\nDTEND:20260303T100000Z\r\n"
    );
    assert_eq!(steps(ONCE, &moved), Ok(vec![Step::MoveAll(hour("2026-03-03T09:00:00"))]));
}

#[test]
fn what_says_nothing_new_is_nothing() {
    let served = format!("{ONCE}LOCATION:Room A\\; left\r\nATTENDEE;PARTSTAT=ACCEPTED:mailto:a@example.com\r\n");
    for (from, to) in [
        ("LOCATION:Room A\\; left", "LOCATION:Room A; left"),
        (";PARTSTAT=ACCEPTED", ""),
        ("LOCATION", "CLASS:Public\r\nURL:\r\nCATEGORIES:\r\nLOCATION"),
    ] {
        assert_eq!(steps(&served, &served.replace(from, to)), Ok(vec![]), "{to}");
    }
    for (from, to) in [("ACCEPTED", "DECLINED"), ("LOCATION", "CLASS:PRIVATE\r\nLOCATION"), ("Room A", "")] {
        assert!(steps(&served, &served.replace(from, to)).is_err(), "{to}");
    }
}

#[test]
fn windows_are_counted_from_when_dates_take_place() {
    let (first, second, third) = (at("2026-03-02T09:00:00"), at("2026-03-09T09:00:00"), at("2026-03-16T09:00:00"));
    let times = Times::from([
        (first, None),
        (second, Some(hour("2026-04-01T09:00:00"))),
        (third, Some(hour("2026-03-16T09:00:00"))),
    ]);
    assert_eq!(begins_first(&Step::CancelAll, &times), Some(third));
    assert_eq!(begins_first(&Step::Cancel(second), &times), Some(at("2026-04-01T09:00:00")));
    assert_eq!(begins_first(&Step::CancelFrom(second), &times), Some(third));
}

fn personal(served: &str, sent: &str) -> String {
    moved_personal((served, sent), &Moved::default(), "")
}

/// What is added when a series moves, of which the business wrote WEEKLY.
fn moved_personal((served, sent): (&str, &str), moved: &Moved, known: &str) -> String {
    let rendered = if moved.is.is_empty() { object(served) } else { object(WEEKLY) };
    let (served, sent, zone) = (object(served), object(sent), Zone::utc());
    Added { rendered: &rendered, served: &served, sent: &sent, moved, zone: &zone }.personal(known)
}

#[test]
fn what_is_on_a_date_of_a_moved_series_is_the_clients_word_or_stays() {
    let dates = |days: [&str; 4], hour: &str| days.map(|day| format!("202603{day}T{hour}0000Z")).to_vec();
    let was = dates(["02", "09", "16", "23"], "09");
    let later = Moved { was: was.clone(), is: dates(["02", "09", "16", "23"], "11") };
    let week = Moved { was, is: dates(["09", "16", "23", "30"], "09") };
    let on = |master: &str, date: &str, more: &str| {
        format!(
            "{master}END:VEVENT\r\nBEGIN:VEVENT\r\nUID:1\r\nDTSTAMP:20260101T000000Z\r\nRECURRENCE-ID:{date}\r\nDTSTART:{date}\r\nDURATION:PT1H\r\n{more}"
        )
    };
    let served = on(WEEKLY, "20260309T090000Z", "X-A:old\r\n");
    let (at_eleven, next) = (WEEKLY.replace("2T09", "2T11").replace("2T10", "2T12"), WEEKLY.replace("0302T", "0309T"));
    for (moved, master, left, new) in [
        (&later, &at_eleven, "20260309T090000Z", "20260309T110000Z"),
        (&week, &next, "20260309T090000Z", "20260316T090000Z"),
    ] {
        let known = format!("X-FASTI-DATE:{new}\r\nX-A:old\r\n");
        let kept = |sent: &str| moved_personal((&served, sent), moved, &known);
        assert_eq!(kept(master), known, "nothing is said of a date");
        // Under the name it had or has, with another line.
        for name in [left, new] {
            let sent = on(master, name, "X-A:new\r\n");
            assert_eq!(kept(&sent), known.replace("old", "new"), "{name}");
            assert_eq!(kept(&on(master, name, "")), "", "{name}: taken away");
        }
        assert_eq!(kept(&format!("{master}X-B:1\r\n")), format!("X-B:1\r\n{known}"));
    }
    // What the business wrote for a date is none of the client's, by whichever name it sends it.
    let rendered = object(&on(WEEKLY, "20260309T090000Z", "DESCRIPTION:With: Ben\r\n"));
    for name in ["20260309T090000Z", "20260309T110000Z"] {
        let sent = object(&on(&at_eleven, name, "DESCRIPTION:With: Ben\r\n"));
        let (served, zone) = (&rendered, &Zone::utc());
        let added = Added { rendered: &rendered, served, sent: &sent, moved: &later, zone };
        assert_eq!(added.personal(""), "", "{name}");
    }
    // Nothing was moved: what is not sent is taken away.
    assert_eq!(moved_personal((&served, WEEKLY), &Moved::default(), "X-FASTI-DATE:20260309T090000Z\r\nX-A:1\r\n"), "");
}

#[test]
fn what_somebody_adds_is_theirs() {
    let served = format!(
        "{ONCE}DESCRIPTION:Customer: Ben\r\nBEGIN:VALARM\r\nACTION:DISPLAY\r\nDESCRIPTION:x\r\nTRIGGER:-PT1H\r\nEND:VALARM\r\n"
    );
    let sent = format!(
        "{ONCE}DESCRIPTION:bring scissors\r\nX-APPLE-TRAVEL:1\r\nBEGIN:VALARM\r\nACTION:DISPLAY\r\nDESCRIPTION:x\r\nTRIGGER:-PT2H\r\nEND:VALARM\r\n"
    );
    let text = personal(&served, &sent);
    assert_eq!(
        text,
        "DESCRIPTION:bring scissors\r\nX-APPLE-TRAVEL:1\r\nBEGIN:VALARM\r\nACTION:DISPLAY\r\nDESCRIPTION:x\r\nTRIGGER:-PT2H\r\nEND:VALARM\r\n"
    );
    assert_eq!(personal(&served, &served), "");
    assert_eq!(personal(&served, &format!("{ONCE}DESCRIPTION:Customer: Ben\r\n")), NO_ALARMS);
}

#[test]
fn what_stands_beside_the_business_words_leaves_them_to_the_business() {
    let alarm = |minutes: u32| {
        format!("BEGIN:VALARM\r\nACTION:DISPLAY\r\nDESCRIPTION:x\r\nTRIGGER:-PT{minutes}M\r\nEND:VALARM\r\n")
    };
    let of = |description: &str, alarms: &[u32]| {
        let alarms: String = alarms.iter().map(|minutes| alarm(*minutes)).collect();
        format!("{ONCE}{description}{alarms}")
    };
    let served = of("DESCRIPTION:Customer: Ben\\nNotes: tea\r\n", &[60]);
    for (sent, kept) in [
        (
            of("DESCRIPTION:Customer: Ben\\nNotes: tea\\nscissors\r\n", &[60]),
            "X-FASTI-AFTER:\\nscissors\r\n".to_owned(),
        ),
        (
            of("DESCRIPTION:mine\\nCustomer: Ben\\nNotes: tea \\, x\r\n", &[60]),
            "X-FASTI-BEFORE:mine\\n\r\nX-FASTI-AFTER: \\, x\r\n".to_owned(),
        ),
        (of("DESCRIPTION:Customer: Ben\\nNotes: tea\r\n", &[5, 60]), format!("{}X-FASTI-MORE-ALARMS:1\r\n", alarm(5))),
        (of("DESCRIPTION:Customer: Ben\\nNotes: tea\r\n", &[5]), alarm(5)),
        (of("DESCRIPTION:Customer: Ben\\nNotes: tea\\n\r\n", &[60]), String::new()),
        (
            // An hour in another client's words, seen.
            of("DESCRIPTION:Customer: Ben\\nNotes: tea\r\n", &[5])
                + "BEGIN:VALARM\r\nUID:u\r\nTRIGGER;VALUE=DURATION:-PT1H\r\nACKNOWLEDGED:20260302T080000Z\r\nX-FASTI-DATE:x\r\nACTION:DISPLAY\r\nEND:VALARM\r\n",
            format!(
                "{}X-FASTI-MORE-ALARMS:1\r\nX-FASTI-ALARM:-PT60M\r\nUID:u\r\nACKNOWLEDGED:20260302T080000Z\r\n",
                alarm(5)
            ),
        ),
    ] {
        assert_eq!(personal(&served, &sent), kept);
    }
    assert_eq!(
        personal(ONCE, &of("DESCRIPTION:scissors\r\n", &[5])),
        format!("X-FASTI-AFTER:\\nscissors\r\n{}X-FASTI-MORE-ALARMS:1\r\n", alarm(5))
    );
}
