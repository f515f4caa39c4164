use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::time::Instant as Clock;

use super::*;
use crate::ical::calendar::{CalendarHead, TAIL, render_head};
use crate::ical::event::{Event, PartStat, render_event};
use crate::time::{parse_civil, parse_date};

fn zone(name: &str) -> Zone {
    Zone::parse(name).unwrap()
}

fn zoned(civil: &str, name: &str) -> When {
    When::Zoned { civil: parse_civil(civil).unwrap(), zone: zone(name) }
}

fn utc(civil: &str) -> When {
    When::Utc(Zone::utc().instant(parse_civil(civil).unwrap()))
}

fn date(text: &str) -> When {
    When::Date(parse_date(text).unwrap())
}

fn read(text: &str) -> ReadCalendar {
    read_events(text.as_bytes(), &zone("Europe/Berlin")).unwrap()
}

/// A calendar with one event of these lines, the first of which is the third.
fn calendar(lines: &str) -> String {
    format!("BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\n{lines}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n")
}

fn event(lines: &str) -> ReadEvent {
    let mut read = read(&calendar(lines));
    assert_eq!(read.errors, [], "{lines}");
    read.events.remove(0)
}

fn refused(lines: &str) -> (usize, usize, Reason) {
    let read = read(&calendar(lines));
    assert!(read.events.is_empty(), "{lines}");
    let error = read.errors[0].clone();
    (error.line, error.column, error.reason)
}

const CUSTOM: &str = "BEGIN:VTIMEZONE\r\nTZID:Ours\r\n\
    BEGIN:STANDARD\r\nDTSTART:16010101T030000\r\nTZOFFSETFROM:+0200\r\nTZOFFSETTO:+0100\r\nRRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10\r\nEND:STANDARD\r\n\
    BEGIN:DAYLIGHT\r\nDTSTART:16010101T020000\r\nTZOFFSETFROM:+0100\r\nTZOFFSETTO:+0200\r\nRRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3\r\nEND:DAYLIGHT\r\n\
    END:VTIMEZONE\r\n";

#[test]
fn times_and_their_ends() {
    let berlin = "Europe/Berlin";
    for (lines, start, end) in [
        ("DTSTART:20260302T090000Z\nDTEND:20260302T100000Z", utc("2026-03-02T09:00"), utc("2026-03-02T10:00")),
        ("DTSTART:20260302T090000", zoned("2026-03-02T09:00", berlin), zoned("2026-03-02T09:00", berlin)),
        (
            "DTSTART;TZID=Asia/Tokyo:20260302T090000\nDURATION:PT90M",
            zoned("2026-03-02T09:00", "Asia/Tokyo"),
            zoned("2026-03-02T10:30", "Asia/Tokyo"),
        ),
        ("DTSTART;VALUE=DATE:20260302", date("2026-03-02"), date("2026-03-03")),
        ("DTSTART:20260302\nDTEND:20260304", date("2026-03-02"), date("2026-03-04")),
        ("DTSTART;VALUE=DATE:20260302\nDTEND;VALUE=DATE:20260302", date("2026-03-02"), date("2026-03-03")),
        ("DTSTART;VALUE=DATE:20260302\nDURATION:P1W", date("2026-03-02"), date("2026-03-09")),
        ("DTSTART;VALUE=DATE:20260302\nDURATION:PT24H", date("2026-03-02"), date("2026-03-03")),
        // A nominal day is 23 hours here, 24 exact hours are not a day.
        ("DTSTART:20260328T120000\nDURATION:P1D", zoned("2026-03-28T12:00", berlin), zoned("2026-03-29T12:00", berlin)),
        (
            "DTSTART:20260328T120000\nDURATION:PT24H",
            zoned("2026-03-28T12:00", berlin),
            zoned("2026-03-29T13:00", berlin),
        ),
        // An end in the second 02:30 of the night cannot be said by the clocks.
        ("DTSTART:20261025T010000\nDURATION:PT2H30M", zoned("2026-10-25T01:00", berlin), utc("2026-10-25T01:30")),
        // Begins in the gap, at 03:30 that is; ends at 03:00 by the clocks.
        (
            "DTSTART:20260329T023000\nDTEND:20260329T030000",
            zoned("2026-03-29T02:30", berlin),
            zoned("2026-03-29T03:00", berlin),
        ),
        (
            "DTSTART;TZID=(UTC+01:00) Amsterdam, Berlin, Bern, Rome, Stockholm, Vienna:20260302T090000",
            zoned("2026-03-02T09:00", "Europe/Berlin"),
            zoned("2026-03-02T09:00", "Europe/Berlin"),
        ),
        // An end without a zone is on the clocks of its start.
        (
            "DTSTART;TZID=Asia/Tokyo:20260302T090000\nDTEND:20260302T093000",
            zoned("2026-03-02T09:00", "Asia/Tokyo"),
            zoned("2026-03-02T09:30", "Asia/Tokyo"),
        ),
        ("DTSTART;TZID=Asia/Tokyo:20260302T090000Z", utc("2026-03-02T09:00"), utc("2026-03-02T09:00")),
    ] {
        let event = event(lines);
        assert_eq!((event.start, event.end), (start, end), "{lines}");
    }
}

#[test]
fn everything_else() {
    let text = "BEGIN:VCALENDAR\nX-WR-CALNAME:Anna\\, Salon\nX-WR-TIMEZONE:Eastern Standard Time\nBEGIN:VEVENT\n\
        UID:u-1\nSEQUENCE:3\nSTATUS:cancelled\nSUMMARY:Größe\\nzwei\nDESCRIPTION:bell\u{7}\nLOCATION:\n\
        ORGANIZER;CN=\"Anna, S\":MAILTO:anna%2Bx@example.com?bcc=evil@example.com\n\
        ATTENDEE;PARTSTAT=ACCEPTED:mailto:ben@example.com\nATTENDEE;CN=Room;EMAIL=r@example.com:urn:x:1\nATTENDEE;CN=No:mailto:a%0d%0aX@example.com\n\
        CATEGORIES:a\\,b,c\nCATEGORIES:d\nTRANSP:TRANSPARENT\nLAST-MODIFIED:20260102T030405Z\n\
        DTSTART:20260302T090000\nRRULE:FREQ=WEEKLY\nRDATE:20260303T090000,20260304T090000\n\
        RDATE;VALUE=PERIOD:20260305T140000Z/20260305T140000Z,20260306T140000Z/PT0S\n\
        EXDATE;VALUE=DATE:20260309\nEXDATE;TZID=Asia/Tokyo:20260316T090000\nRECURRENCE-ID:20260302T140000Z\n\
        BEGIN:VALARM\nDESCRIPTION:not this\nEND:VALARM\nX-UNKNOWN;A=b:c\nEND:VEVENT\nEND:VCALENDAR\n";
    let read = read(text);
    assert_eq!(
        (read.name.as_deref(), read.zone.as_ref().map(Zone::name)),
        (Some("Anna, Salon"), Some("America/New_York"))
    );
    let [event] = read.events.as_slice() else { panic!("{:?}", read.errors) };
    assert_eq!(
        (event.line, event.uid.as_deref(), event.sequence, event.status),
        (4, Some("u-1"), 3, Some(Status::Cancelled))
    );
    let texts = [&event.summary, &event.description, &event.location].map(|text| text.as_deref().unwrap());
    assert_eq!(texts, ["Größe\nzwei", "bell", ""]);
    let organizer = event.organizer.as_ref().unwrap();
    assert_eq!((organizer.name.as_ref(), organizer.email.as_deref()), ("Anna, S", Some("anna+x@example.com")));
    let attendees: Vec<_> =
        event.attendees.iter().map(|a| (a.who.name.as_ref(), a.who.email.as_deref(), a.partstat)).collect();
    let expected = [
        ("", Some("ben@example.com"), PartStat::Accepted),
        ("Room", Some("r@example.com"), PartStat::NeedsAction),
        ("No", None, PartStat::NeedsAction),
    ];
    assert_eq!(attendees, expected);
    assert_eq!(event.categories, ["a,b", "c", "d"]);
    assert!(event.transparent);
    assert_eq!(event.last_modified.unwrap().to_string(), "2026-01-02T03:04:05Z");
    assert_eq!(event.start, zoned("2026-03-02T09:00", "America/New_York"));
    assert_eq!(event.rrule.as_deref(), Some("FREQ=WEEKLY"));
    assert_eq!(event.rdates.len(), 4);
    assert_eq!(event.exdates, [date("2026-03-09"), zoned("2026-03-16T09:00", "Asia/Tokyo")]);
    assert_eq!(event.recurrence_id, Some(utc("2026-03-02T14:00")));
}

#[test]
fn what_is_wrong_with_an_event_and_where() {
    let start = "DTSTART:20260302T090000Z";
    let zone = |tzid: &str| Reason::UnknownZone { tzid: tzid.to_owned() };
    for (lines, place, reason) in [
        ("UID:1".to_owned(), (2, 1), Reason::NoStart),
        ("DTSTART:20260230T090000Z".to_owned(), (3, 9), Reason::NoSuchTime { text: "20260230T090000Z".into() }),
        ("DTSTART:2026-03-02".to_owned(), (3, 9), Reason::NotATime { text: "2026-03-02".into() }),
        (format!("{start}\nDTEND:20260302T\n 085959Z"), (4, 7), Reason::EndBeforeStart),
        (format!("{start}\nDTEND:20260303"), (4, 7), Reason::MixedKinds),
        ("DTSTART:20260302\nDTEND:20260301".to_owned(), (4, 7), Reason::EndBeforeStart),
        (format!("{start}\nDURATION:-PT1H"), (4, 10), Reason::NotADuration { text: "-PT1H".into() }),
        (format!("{start}\nDURATION:PT١H"), (4, 10), Reason::NotADuration { text: "PT١H".into() }),
        (format!("{start}\nDTEND:20260302T100000Z\nDURATION:PT2H"), (5, 1), Reason::EndAndDuration),
        ("DTSTART:99980302\nDURATION:P500D".to_owned(), (4, 10), Reason::OutOfRange { text: "P500D".into() }),
        (format!("{start}\n\n{start}"), (5, 1), Reason::Twice { name: "DTSTART" }),
        (format!("{start}\nSEQUENCE:2147483648"), (4, 10), Reason::NotASequence { text: "2147483648".into() }),
        (
            format!("{start}\nRRULE:FREQ=MONTHLY;BYDAY=١MO"),
            (4, 7),
            Reason::NotARule { text: "FREQ=MONTHLY;BYDAY=١MO".into() },
        ),
        (format!("{start}\nEXRULE:FREQ=DAILY"), (4, 1), Reason::ExRule),
        (
            format!("{start}\nEXDATE:20260303T090000Z,\n  20261399"),
            (5, 3),
            Reason::NoSuchTime { text: "20261399".into() },
        ),
        (format!("{start}\nRDATE;VALUE=PERIOD:20260303T090000Z/PT2H"), (4, 20), Reason::PeriodOfOtherLength),
        (format!("{start}\nRECURRENCE-ID;RANGE=THISANDFUTURE:20260303T090000Z"), (4, 1), Reason::ThisAndFuture),
        (format!("{start}\nGARBAGE LINE"), (4, 8), Reason::NotAProperty),
        ("DTSTART;TZID=../../../../etc/passwd:20260302T090000".to_owned(), (3, 1), zone("../../../../etc/passwd")),
        (format!("{start}\nEXDATE;TZID=Bogus:20260302T090000"), (4, 1), zone("Bogus")),
    ] {
        assert_eq!(refused(&lines), (place.0, place.1, reason), "{lines}");
    }
}

#[test]
fn a_bad_event_does_not_stop_the_others() {
    let text = "BEGIN:VCALENDAR\nX-WR-TIMEZONE:Nowhere\nBEGIN:VEVENT\nDTSTART:20260302\nEND:VEVENT\nBEGIN:VEVENT\nDTSTART:20260230\n\
        END:VEVENT\nEND:VCALENDAR\nBEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART:20260303T100000\nEND:VEVENT\nEND:VCALENDAR\n";
    let read = read(text);
    assert_eq!(read.events.iter().map(|event| event.line).collect::<Vec<_>>(), [3, 11]);
    let errors: Vec<String> = read.errors.iter().map(ToString::to_string).collect();
    let expected = [
        "line 2, column 15: \"Nowhere\" is not a known time zone; times without a zone are read as Europe/Berlin",
        "line 7, column 9: \"20260230\" names a day or time that does not exist",
    ];
    assert_eq!(errors, expected);
}

#[test]
fn what_makes_a_file_unusable() {
    for (text, line, reason) in [
        ("", 1, Reason::NotACalendar),
        ("\u{feff}\n  \n", 1, Reason::NotACalendar),
        ("<html>\n", 1, Reason::NotACalendar),
        ("BEGIN:VCARD\nEND:VCARD", 1, Reason::NotACalendar),
        ("BEGIN:VCALENDAR\nEND:VCALENDAR\nX:1", 3, Reason::NotACalendar),
        ("BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART:20260302", 3, Reason::CutOff { open: "VEVENT".into() }),
        (
            "BEGIN:VCALENDAR\nBEGIN:VEVENT\nEND:VTODO\nEND:VCALENDAR",
            3,
            Reason::EndMismatch { open: "VEVENT".into(), found: "VTODO".into() },
        ),
    ] {
        let error = read_events(text.as_bytes(), &Zone::utc()).unwrap_err();
        assert_eq!((error.line, error.reason), (line, reason), "{text}");
    }
}

#[test]
fn zones_that_only_a_vtimezone_defines() {
    let with = |definition: &str, lines: &str| {
        let text = format!("BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\n{lines}\r\nEND:VEVENT\r\n{definition}END:VCALENDAR\r\n");
        read_events(text.as_bytes(), &zone("America/New_York")).unwrap()
    };
    let summer = "DTSTART;TZID=Ours:20260702T090000";
    assert_eq!(with(CUSTOM, summer).events[0].start, utc("2026-07-02T07:00"));
    // A series stays on clocks: those of a place where they run the same.
    let series = format!("{summer}\r\nRRULE:FREQ=WEEKLY");
    assert_eq!(with(CUSTOM, &series).events[0].start, zoned("2026-07-02T09:00", "Europe/Berlin"));
    let nowhere = CUSTOM.replace("TZOFFSETTO:+0100", "TZOFFSETTO:+0107");
    assert_eq!(with(&nowhere, summer).events[0].start, utc("2026-07-02T07:00"));
    assert_eq!(with(&nowhere, &series).errors[0].reason, Reason::RecursInCustomZone { tzid: "Ours".into() });
    // What libical says is meant, before what is described.
    let located = CUSTOM.replace("TZID:Ours", "TZID:Ours\r\nX-LIC-LOCATION:Asia/Tokyo");
    assert_eq!(with(&located, summer).events[0].start, zoned("2026-07-02T09:00", "Asia/Tokyo"));
    // An IANA name wins over the definition that contradicts it.
    let contradicting = CUSTOM.replace("Ours", "Asia/Tokyo");
    let named = summer.replace("Ours", "Asia/Tokyo");
    assert_eq!(with(&contradicting, &named).events[0].start, zoned("2026-07-02T09:00", "Asia/Tokyo"));
    // Unless it is the short name of a zone that keeps one offset, and is defined as one that does not.
    let with_summer =
        |name: &str| with(&CUSTOM.replace("Ours", name), &summer.replace("Ours", name)).events[0].start.clone();
    assert_eq!(with_summer("EST"), utc("2026-07-02T07:00"));
    assert_eq!(with_summer("Etc/GMT+5"), zoned("2026-07-02T09:00", "Etc/GMT+5"));
    // Today's rules are meant where they are said to begin before they did; others hold for the years they were written in.
    let american = |begins: &str, ends: &str| {
        let there = CUSTOM.replace("+0200", "-0400").replace("+0100", "-0500").replace("T030000", "T020000");
        there.replace("BYDAY=-1SU;BYMONTH=3", begins).replace("BYDAY=-1SU;BYMONTH=10", ends)
    };
    for (start, rules, place) in [
        ("1980-10-02", CUSTOM.to_owned(), "Europe/Berlin"),
        ("2005-07-02", american("BYDAY=1SU;BYMONTH=4", "BYDAY=-1SU;BYMONTH=10"), "America/New_York"),
        ("2006-07-02", american("BYDAY=2SU;BYMONTH=3", "BYDAY=1SU;BYMONTH=11"), "America/New_York"),
    ] {
        let lines = format!("DTSTART;TZID=Ours:{}T090000\r\nRRULE:FREQ=YEARLY", start.replace('-', ""));
        let read = with(&rules, &lines);
        let expected = zoned(&format!("{start}T09:00"), place);
        assert_eq!(read.events.first().map(|event| &event.start), Some(&expected), "{:?}", read.errors);
    }
    let broken = CUSTOM.replace("YEARLY", "SECONDLY");
    assert!(matches!(with(&broken, summer).errors[0].reason, Reason::UnusableZone { .. }));
}

#[test]
fn what_fasti_writes_it_reads() {
    let mut written = Event {
        uid: "u;1".into(),
        sequence: 7,
        created: Instant::from_unix(1_772_000_000),
        modified: Instant::from_unix(1_772_100_000),
        start: zoned("2026-03-02T09:00", "America/Argentina/Buenos_Aires"),
        end: utc("2026-03-02T20:00"),
        status: Status::Tentative,
        summary: "A \"long\" summary, with; every\\thing – ".repeat(5).into(),
        description: Some("line\nline".into()),
        location: None,
        organizer: Some(Party { name: "Nobody".into(), email: None }),
        attendees: vec![Attendee {
            who: Party { name: "Z, \"Ö\" ^n:\n".into(), email: Some("z%?x@example.com".into()) },
            partstat: PartStat::Declined,
        }],
        categories: vec!["a,b".into(), "c\\".into()],
        color: None,
        url: None,
        alarms_minutes: vec![10],
        transparent: true,
        class: None,
        rrule: Some("FREQ=DAILY;COUNT=3".into()),
        exdates: vec![zoned("2026-03-03T09:00", "America/Argentina/Buenos_Aires")],
        recurrence_id: None,
    };
    let whole = |event: &Event<'_>| format!("{}{}{TAIL}", render_head(&CalendarHead::default()), render_event(event));
    let read_one = |text: &str| read(text).events.remove(0);
    let event = read_one(&whole(&written));
    assert_eq!((event.uid.as_deref(), event.sequence), (Some(written.uid.as_ref()), written.sequence));
    assert_eq!((&event.start, &event.end, &event.exdates), (&written.start, &written.end, &written.exdates));
    assert_eq!(
        (event.summary.as_deref(), event.description.as_deref()),
        (Some(written.summary.trim_end()), written.description.as_deref())
    );
    assert_eq!(event.organizer, written.organizer);
    assert_eq!(
        (event.attendees[0].who.email.as_deref(), event.attendees[0].partstat),
        (Some("z%?x@example.com"), PartStat::Declined)
    );
    assert_eq!(event.attendees[0].who.name, "Z, \"Ö\" ^n:");
    assert_eq!((event.categories, event.transparent), (vec!["a,b".to_owned(), "c\\".to_owned()], true));
    assert_eq!((event.rrule.as_deref(), event.last_modified), (written.rrule.as_deref(), Some(written.modified)));
    written.start = date("2026-03-02");
    written.end = date("2026-03-05");
    let event = read_one(&whole(&written));
    assert_eq!((event.start, event.end), (written.start, written.end));
}

fn shared(path: &str) -> Option<PathBuf> {
    let root =
        std::env::var("FASTI_SHARED").unwrap_or_else(|_| concat!(env!("CARGO_MANIFEST_DIR"), "/../shared").to_owned());
    let path = PathBuf::from(root).join(path);
    if !path.exists() {
        eprintln!("SKIPPED: {} is not there; set FASTI_SHARED", path.display());
        return None;
    }
    Some(path)
}

fn files_under(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { files_under(&path, found) } else { found.push(path) }
    }
}

fn contents(path: &Path) -> Vec<u8> {
    let bytes = std::fs::read(path).unwrap();
    if path.extension().is_none_or(|extension| extension != "gz") {
        return bytes;
    }
    let mut unpacked = Vec::new();
    flate2::read::GzDecoder::new(bytes.as_slice()).read_to_end(&mut unpacked).unwrap();
    unpacked
}

#[test]
fn the_corpora() {
    let mut paths = Vec::new();
    for folder in ["corpora/ics", "corpora/ics-copyleft", "corpora/ics-hostile"] {
        let Some(folder) = shared(folder) else { return };
        files_under(&folder, &mut paths);
    }
    paths.sort();
    let (mut events, mut bad_events, mut bad_files) = (0, 0, 0);
    let mut reasons = std::collections::BTreeMap::<String, (usize, String)>::new();
    for path in &paths {
        let bytes = contents(path);
        let lines = bytes.split(|byte| matches!(byte, b'\n' | b'\r')).count();
        let found = match read_events(&bytes, &Zone::utc()) {
            Ok(read) => {
                events += read.events.len();
                bad_events += read.errors.len();
                read.errors
            }
            Err(error) => {
                bad_files += 1;
                vec![error]
            }
        };
        for error in found {
            assert!((1..=lines).contains(&error.line) && error.column >= 1, "{}: {error}", path.display());
            let kind: String = format!("{:?}", error.reason).chars().take_while(char::is_ascii_alphanumeric).collect();
            let seen = reasons.entry(kind).or_insert_with(|| (0, format!("{} {error}", path.display())));
            seen.0 += 1;
        }
    }
    eprintln!("{} files: {events} events read, {bad_events} reported; {bad_files} files refused", paths.len());
    for (kind, (count, example)) in reasons {
        eprintln!("{count:5} {kind}: e.g. {example}");
    }
    assert!(paths.len() > 1_900 && events > 2_000);
}

#[test]
fn hostile_files_are_answered_at_once() {
    let Some(folder) = shared("hostile") else { return };
    let mut paths = Vec::new();
    files_under(&folder, &mut paths);
    paths.retain(|path| path.file_name().unwrap().to_string_lossy().starts_with("ics_"));
    paths.sort();
    assert!(paths.len() > 45);
    for path in &paths {
        let bytes = contents(path);
        let begun = Clock::now();
        let said = match read_events(&bytes, &zone("Europe/Berlin")) {
            Ok(read) => format!(
                "{} events; {}",
                read.events.len(),
                read.errors.first().map_or(String::new(), ToString::to_string)
            ),
            Err(error) => format!("refused: {error}"),
        };
        let took = begun.elapsed();
        let name = path.file_name().unwrap().to_string_lossy();
        eprintln!("{name:36} {:8} B {:4} ms  {said}", bytes.len(), took.as_millis());
        assert!(took.as_secs_f64() < 2.0, "{name} took {took:?}");
        assert!(!said.chars().any(char::is_control));
        let refused = [
            "dates_impossible",
            "arabic_digits",
            "dtend_before",
            "duration_overflow",
            "tzid_path",
            "vtimezone_bomb",
            "nul_in_value",
            "invalid_utf8",
            "utf16",
            "binary",
            "empty",
            "begin_without_end",
            "end_mismatch",
            "deep_nesting",
            "many_params",
            "many_properties",
            "semicolon_redos",
        ];
        if refused.iter().any(|case| name.starts_with(&format!("ics_{case}."))) {
            assert!(said.starts_with("refused") || said.starts_with("0 events; line "), "{name}: {said}");
        }
        if name.contains("_control_") {
            assert_eq!(said, "1 events; ", "{name}");
        }
    }
}

/// Definitions and recurring events that ask for as much work as the budget gives.
#[test]
fn custom_zones_are_bounded() {
    use std::fmt::Write as _;
    let mut text = "BEGIN:VCALENDAR\n".to_owned();
    for zone in 0..100 {
        writeln!(text, "BEGIN:VTIMEZONE\nTZID:Z{zone}").unwrap();
        for _ in 0..64 {
            let rule = "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30;COUNT=9";
            writeln!(text, "BEGIN:STANDARD\nDTSTART:19000101T000000\nTZOFFSETFROM:+0000\nTZOFFSETTO:+0000\nRRULE:{rule}\nEND:STANDARD").unwrap();
        }
        writeln!(text, "END:VTIMEZONE").unwrap();
        for year in 0..100 {
            writeln!(
                text,
                "BEGIN:VEVENT\nDTSTART;TZID=Z{zone}:{}0302T000000\nRRULE:FREQ=DAILY\nEND:VEVENT",
                1970 + year
            )
            .unwrap();
        }
    }
    text.push_str("END:VCALENDAR\n");
    let begun = Clock::now();
    let read = read_events(text.as_bytes(), &zone("America/Nuuk")).unwrap();
    eprintln!("{} B, {} events, {} errors, {:?}", text.len(), read.events.len(), read.errors.len(), begun.elapsed());
    assert_eq!(read.events.len() + read.errors.len(), 10_000);
    assert!(begun.elapsed().as_secs() < 20, "even unoptimised");
}
