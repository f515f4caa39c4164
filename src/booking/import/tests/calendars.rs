//! iCalendar.

use super::*;
use crate::store::BookingStatus;

fn calendar(events: &str) -> String {
    format!("BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//x//y\n{events}END:VCALENDAR\n").replace('\n', "\r\n")
}

fn event(lines: &str) -> String {
    format!("BEGIN:VEVENT\n{lines}\nEND:VEVENT\n")
}

impl House {
    fn calendar(&self, events: &[&str]) -> PathBuf {
        let events: String = events.iter().map(|lines| event(lines)).collect();
        self.file("c.ics", calendar(&events))
    }

    fn of_uid(&self, uid: &'static str) -> bookings::Booking {
        self.read(move |conn, tenant| bookings::find_by_uid(conn, tenant, uid)).unwrap()
    }

    fn team(&self, uid: &'static str) -> String {
        self.read(move |conn, tenant| {
            let booking = bookings::find_by_uid(conn, tenant, uid)?.unwrap();
            Ok(collections::object(conn, tenant, Id::TEAM, booking.booking_id)?.unwrap().component)
        })
        .replace("\r\n ", "")
    }
}

#[test]
fn events_find_their_service_and_people() {
    for house in houses() {
        house.import(&house.salon());
        let file = house.calendar(&[
            "UID:e1@x\nSEQUENCE:4\nDTSTART;TZID=Europe/Berlin:20260316T090000\nDTEND;TZID=Europe/Berlin:20260316T093000\n\
             SUMMARY:Haircut\nORGANIZER;CN=Salon:mailto:hello@salon.example\n\
             ATTENDEE;CN=Anna:mailto:ANNA@salon.example\nATTENDEE;CN=Hal:mailto:hal@guest.example\nSTATUS:TENTATIVE",
            "UID:e2@x\nDTSTART:20260317T090000Z\nDURATION:PT45M\nSUMMARY:Tea\nDESCRIPTION:green\nLOCATION:Here\\nThere",
            "UID:e3@x\nDTSTART;VALUE=DATE:20260318\nDTEND;VALUE=DATE:20260320\nCATEGORIES:Private,Wash\nSUMMARY:Van",
            "UID:e4@x\nDTSTART:20260321T090000Z\nDTEND:20260321T100000Z\nTRANSP:TRANSPARENT",
            "UID:e5@x\nDTSTART:20260321T090000Z\nDTEND:20260321T100000Z\nSTATUS:CANCELLED\nTRANSP:TRANSPARENT",
            "UID:e6@x\nDTSTART:20260321T090000Z\nSUMMARY:A moment",
            "DTSTART:20260322T090000Z\nDTEND:20260322T100000Z\nSUMMARY:No UID",
        ]);
        let said = house.import(std::slice::from_ref(&file));
        assert_eq!(said.counts(Kind::Booking), [5, 0, 0, 1, 1], "{:#?}", said.lines);
        assert!(said.line("skipped: shows as free").starts_with("c.ics:30:1:"), "{:#?}", said.lines);
        assert!(said.line("DTEND is the start: the event takes no time").starts_with("c.ics:43:1:"));
        let (one, two, three) = (house.of_uid("e1@x"), house.of_uid("e2@x"), house.of_uid("e3@x"));
        assert_eq!((one.sequence, one.status, one.staff_id.is_some()), (4, BookingStatus::Tentative, true));
        assert!(one.notes.is_none() && one.customer_id.is_some());
        assert!(house.team("e1@x").contains("SUMMARY:Anna: Haircut – Hal"));
        assert_eq!((two.timezone.as_str(), two.notes.as_deref()), ("Europe/Berlin", Some("Tea\ngreen")));
        assert_eq!((two.location.as_deref(), two.staff_id), (Some("Here, There"), None));
        assert!(three.all_day && three.notes.as_deref() == Some("Van"));
        assert!(
            house.team("e3@x").contains("DTEND;VALUE=DATE:20260320") && house.team("e3@x").contains("SUMMARY:Wash")
        );
        assert_eq!(house.of_uid("e5@x").status, BookingStatus::Cancelled);
        let before = house.state();
        assert_eq!(house.import(std::slice::from_ref(&file)).counts(Kind::Booking), [0, 0, 5, 1, 1]);
        assert_eq!(house.state(), before);
        let staff = Options { staff: Some("Ben".to_owned()), ..Options::default() };
        assert_eq!(house.import_as(&[file], &staff).counts(Kind::Booking), [0, 3, 2, 1, 1], "those without get Ben");
    }
}

#[test]
fn a_series_with_what_differs() {
    for house in houses() {
        let series = "UID:s@x\nDTSTART;TZID=Europe/Berlin:20260316T090000\nDTEND;TZID=Europe/Berlin:20260316T100000\n\
                      RRULE:FREQ=WEEKLY;UNTIL=20260420T070000Z\nEXDATE;TZID=Europe/Berlin:20260323T090000\nEXDATE;VALUE=DATE:20260413\nSUMMARY:Yoga";
        let moved =
            "UID:s@x\nRECURRENCE-ID:20260330T070000Z\nDTSTART:20260330T090000Z\nDTEND:20260330T110000Z\nSUMMARY:Yoga";
        let gone = "UID:s@x\nRECURRENCE-ID;TZID=Europe/Berlin:20260406T090000\nDTSTART:20260406T070000Z\nDTEND:20260406T080000Z\nSTATUS:CANCELLED\nSUMMARY:Yoga";
        let file = house.calendar(&[moved, series, gone]);
        let said = house.import(std::slice::from_ref(&file));
        assert_eq!((said.counts(Kind::Booking), said.lines), ([1, 0, 0, 0, 0], Vec::new()));
        let team = house.team("s@x");
        assert!(team.contains("RRULE:FREQ=WEEKLY;COUNT=6"), "{team}");
        for time in ["20260323T090000", "20260406T090000", "20260413T090000"] {
            assert!(team.lines().any(|line| line.starts_with("EXDATE") && line.contains(time)), "{time} in {team}");
        }
        assert!(team.contains("RECURRENCE-ID;TZID=Europe/Berlin:20260330T090000"), "{team}");
        assert!(team.contains("DTSTART;TZID=Europe/Berlin:20260330T110000"), "{team}");
        let before = house.state();
        assert_eq!(house.import(&[file]).counts(Kind::Booking), [0, 0, 1, 0, 0]);
        assert_eq!(house.state(), before);
        let said = house.import(&[house.calendar(&[series, gone])]);
        assert_eq!(said.counts(Kind::Booking), [0, 1, 0, 0, 0]);
        assert!(!house.team("s@x").contains("RECURRENCE-ID") && house.of_uid("s@x").sequence == 1);
    }
}

#[test]
fn an_endless_series_has_two_years_and_keeps_them() {
    for mut house in houses() {
        let weekly = "UID:w@x\nDTSTART;TZID=Europe/Berlin:20250106T090000\nDURATION:PT1H\nRRULE:FREQ=WEEKLY";
        let daily = "UID:d@x\nDTSTART;TZID=Europe/Berlin:20150101T120000\nDURATION:PT1H\nRRULE:FREQ=DAILY;\nEXDATE;TZID=Europe/Berlin:20260304T120000";
        let file = house.calendar(&[weekly, daily]);
        let said = house.import(std::slice::from_ref(&file));
        assert_eq!(said.counts(Kind::Booking), [2, 0, 0, 0, 0], "{:#?}", said.lines);
        assert!(said.line("from 2025-01-06 to 2028-02-28").contains("note: RRULE has no end; the 165 occurrences"));
        assert!(said.line("from 2026-03-02 to 2027-04-05").contains("note: RRULE has no end; the 400 occurrences"));
        let before = house.state();
        house.ctx.now = house.ctx.now + 40 * 86_400;
        let again = house.import(std::slice::from_ref(&file));
        assert_eq!((again.counts(Kind::Booking), house.state()), ([0, 0, 2, 0, 0], before), "{:#?}", again.lines);
        house.ctx.now = house.ctx.now + 800 * 86_400;
        let later = house.import(std::slice::from_ref(&file));
        assert_eq!(later.counts(Kind::Booking), [0, 2, 0, 0, 0], "{:#?}", later.lines);
        assert_eq!(house.import(&[file]).counts(Kind::Booking), [0, 0, 2, 0, 0]);
    }
}

#[test]
fn what_is_no_booking_says_why() {
    for house in houses() {
        let long = format!("UID:{}\nDTSTART:20260316T090000Z\nDTEND:20260316T100000Z", "u".repeat(256));
        let events = [
            long.as_str(),
            "UID:r1\nDTSTART:20260316T090000Z\nDTEND:20260316T100000Z\nRDATE:20260317T090000Z",
            "UID:r2\nDTSTART:20260316T090000Z\nDTEND:20260316T100000Z\nRRULE:FREQ=DAILY;COUNT=500",
            "UID:r3\nDTSTART:20260316T090000Z\nDTEND:20260316T100000Z\nRRULE:FREQ=SECONDLY;COUNT=2",
            "UID:o1\nRECURRENCE-ID:20260316T090000Z\nDTSTART:20260316T090000Z\nDTEND:20260316T100000Z",
            "UID:n1\nDTSTART;TZID=Mars/Base:20260316T090000\nDTEND:20260316T100000Z",
            "UID:t1\nDTSTART:20260316T090000Z\nDTEND:20260316T100000Z\nSEQUENCE:1",
            "UID:t1\nDTSTART:20260317T090000Z\nDTEND:20260317T100000Z",
            "UID:y1\nDTSTART:20260316T090000Z\nDTEND:20290316T100000Z",
        ];
        let text: String = events.iter().map(|lines| event(lines)).collect();
        let others = "BEGIN:VTODO\nUID:x\nEND:VTODO\nBEGIN:VJOURNAL\nUID:y\nEND:VJOURNAL\n";
        let said = house.import(&[house.file("c.ics", calendar(&format!("{text}{others}")))]);
        assert_eq!(said.counts(Kind::Booking), [1, 0, 0, 7, 3], "{:#?}", said.lines);
        for (part, place) in [
            ("UID has 256 octets; at most 255", "c.ics:4:1:"),
            ("RDATE is not supported", "c.ics:9:1:"),
            ("RRULE has more than 400 occurrences", "c.ics:15:1:"),
            ("RRULE has FREQ=SECONDLY", "c.ics:21:1:"),
            ("RECURRENCE-ID changes an occurrence of a series that is not in this file", "c.ics:27:1:"),
            ("\"Mars/Base\" is not a known time zone", "c.ics:35:"),
            ("skipped: the event of the same UID on line 38", "c.ics:44:1:"),
            ("DTEND is more than 366 days after the start", "c.ics:49:1:"),
            ("skipped: VTODO is a task", "c.ics:54:1:"),
            ("skipped: VJOURNAL", "c.ics:57:1:"),
        ] {
            assert!(said.line(part).starts_with(place), "{}", said.line(part));
        }
        assert!(said.lines.iter().all(|line| !line.chars().any(char::is_control)));
    }
}

#[test]
fn a_series_that_overlaps_itself_is_refused_where_somebody_serves() {
    for house in houses() {
        house.import(&house.salon());
        let file = house.calendar(&["UID:z@x\nDTSTART:20260316T090000Z\nDURATION:PT25H\nRRULE:FREQ=DAILY;COUNT=3"]);
        let staff = Options { staff: Some("Anna".to_owned()), ..Options::default() };
        let said = house.import_as(&[file], &staff);
        assert!(said.line("RRULE makes occurrences that overlap").len() > 10);
        assert_eq!(said.counts(Kind::Booking), [0, 0, 0, 1, 0]);
    }
}

/// Two exports of one event that differ: each import would make one of the other.
#[test]
fn one_event_in_two_files_is_the_first_of_them() {
    for house in houses() {
        house.import(&house.salon());
        let at = |hour: u32| format!("UID:e1@x\nDTSTART:20260316T{hour:02}0000Z\nDURATION:PT30M\nSUMMARY:Tea");
        let files = [(9, "a.ics"), (10, "b.ics"), (9, "c.ics")]
            .map(|(hour, name)| house.file(name, calendar(&event(&at(hour)))));
        let first = house.import(&files);
        assert_eq!(first.counts(Kind::Booking), [1, 0, 1, 1, 0], "{:#?}", first.lines);
        assert!(first.line("UID is that of an earlier row of this import").starts_with("b.ics:"));
        let again = house.import(&files);
        assert_eq!(again.counts(Kind::Booking), [0, 0, 2, 1, 0], "{:#?}", again.lines);
        assert_eq!(house.of_uid("e1@x").start_local.to_string(), "2026-03-16T10:00:00");
        // On its own the other file is a change.
        let changed = house.import(&files[1..2]);
        assert_eq!(changed.counts(Kind::Booking), [0, 1, 0, 0, 0], "{:#?}", changed.lines);
    }
}
