//! `fasti slots`: calendar files in, free times out, without configuration or database.

use std::path::{Path, PathBuf};

use crate::support::{Finished, bare, finish};

/// Weekdays from nine to twelve.
const HOURS: &str = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//test//EN\r\nBEGIN:VEVENT\r\nUID:h\r\n\
    DTSTAMP:20260101T000000Z\r\nDTSTART;TZID=Europe/Berlin:20260105T090000\r\nDTEND;TZID=Europe/Berlin:20260105T120000\r\n\
    RRULE:FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";

/// Every weekday half past nine to half past ten, but eleven to noon on 30 March; off on the 31st.
const BUSY: &str = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//test//EN\r\nBEGIN:VEVENT\r\nUID:1\r\n\
    DTSTAMP:20260101T000000Z\r\nDTSTART;TZID=Europe/Berlin:20260105T093000\r\nDURATION:PT1H\r\n\
    RRULE:FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR\r\nEND:VEVENT\r\nBEGIN:VEVENT\r\nUID:1\r\nDTSTAMP:20260101T000000Z\r\n\
    RECURRENCE-ID;TZID=Europe/Berlin:20260330T093000\r\nDTSTART;TZID=Europe/Berlin:20260330T110000\r\n\
    DURATION:PT1H\r\nEND:VEVENT\r\nBEGIN:VEVENT\r\nUID:2\r\nDTSTAMP:20260101T000000Z\r\n\
    DTSTART;VALUE=DATE:20260331\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";

struct Desk(tempfile::TempDir);

impl Desk {
    fn new() -> Self {
        let desk = Self(tempfile::tempdir().unwrap());
        std::fs::write(desk.file("hours.ics"), HOURS).unwrap();
        std::fs::write(desk.file("busy.ics"), BUSY).unwrap();
        desk
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn slots(&self, calendar: &Path, arguments: &[&str]) -> Finished {
        let mut command = bare();
        command.current_dir(self.0.path()).args(["slots", "--calendar"]).arg(calendar);
        command.arg("--hours").arg(self.file("hours.ics")).args(arguments);
        finish(command, "")
    }
}

/// From Friday to Tuesday; on the Sunday between, clocks are set forward.
const ASKED: [&str; 10] =
    ["--from", "2026-03-27", "--to", "2026-03-31", "--duration", "1h", "--step", "30m", "--timezone", "Europe/Berlin"];

#[test]
fn what_is_free_stays_at_its_time_of_the_clock() {
    let desk = Desk::new();
    let told = desk.slots(&desk.file("busy.ics"), &ASKED);
    assert_eq!((told.code, told.stderr.as_str()), (Some(0), ""));
    let expected = [
        "2026-03-27T10:30:00+01:00 2026-03-27T11:30:00+01:00",
        "2026-03-27T11:00:00+01:00 2026-03-27T12:00:00+01:00",
        "2026-03-30T09:00:00+02:00 2026-03-30T10:00:00+02:00",
        "2026-03-30T09:30:00+02:00 2026-03-30T10:30:00+02:00",
        "2026-03-30T10:00:00+02:00 2026-03-30T11:00:00+02:00",
    ];
    assert_eq!(told.stdout.lines().collect::<Vec<_>>(), expected);
    assert_eq!(std::fs::read_dir(desk.0.path()).unwrap().count(), 2, "nothing was written");
}

#[test]
fn an_event_that_cannot_be_read_is_not_taken_for_free_time() {
    let desk = Desk::new();
    let broken = BUSY.replace("RRULE:FREQ=WEEKLY", "RRULE:FREQ=NEVER");
    std::fs::write(desk.file("busy.ics"), broken).unwrap();
    let told = desk.slots(&desk.file("busy.ics"), &ASKED);
    assert_eq!(told.code, Some(1));
    assert!(told.stderr.contains("busy.ics: line 4: RRULE"), "{}", told.stderr);
    assert!(told.stderr.contains("1 events could not be understood"), "{}", told.stderr);
}

#[test]
fn wrong_questions_are_told_in_one_line() {
    let desk = Desk::new();
    for (place, wrong, says) in [
        (1, "2026-02-30", "--from names a day that does not exist"),
        (3, "2026-03-01", "--to must be after --from"),
        (5, "half an hour", "--duration must be a length"),
        (7, "90s", "--step must be a length of whole minutes"),
        (9, "Mars/Base", "is not an IANA time zone"),
    ] {
        let mut asked = ASKED;
        asked[place] = wrong;
        let told = desk.slots(&desk.file("busy.ics"), &asked);
        assert_eq!((told.code, told.stderr.lines().count()), (Some(1), 1), "{wrong}: {}", told.stderr);
        assert!(told.stderr.contains(says), "{wrong}: {}", told.stderr);
    }
    let told = desk.slots(&desk.file("none.ics"), &ASKED);
    assert!(told.code == Some(1) && told.stderr.contains("none.ics"), "{}", told.stderr);
}
