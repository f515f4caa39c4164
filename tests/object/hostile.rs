//! Every hostile object gets what `EXPECT.tsv` says, and what is accepted can be asked everything.

use std::io::Read;
use std::time::{Duration, Instant as Clock};

use fasti::ical::object::filter::{CompFilter, CompTest, matches};
use fasti::ical::object::free_busy::free_busy;
use fasti::ical::object::select::{Budget, RecurrenceSet, Selection, select};
use fasti::ical::object::{Component, Limits, Object, TimeRange};
use fasti::time::{Instant, Interval, Zone};

/// Refused by what is stored already, not by what it says.
const NEEDS_A_STORE: [&str; 1] = ["ics_uid_takeover.ics"];

/// June 2026.
const JUNE: Interval = Interval { start: Instant::from_unix(1_780_272_000), end: Instant::from_unix(1_782_864_000) };

fn bytes(file: &std::path::Path) -> Vec<u8> {
    let bytes = std::fs::read(file).unwrap();
    if file.extension().is_none_or(|ending| ending != "gz") {
        return bytes;
    }
    let mut unpacked = Vec::new();
    flate2::read::GzDecoder::new(bytes.as_slice()).read_to_end(&mut unpacked).unwrap();
    unpacked
}

/// Asks an object everything, and looks whether the answers hold together.
fn ask(name: &str, object: &Object) {
    let berlin = Zone::parse("Europe/Berlin").unwrap();
    let index = object.index();
    let range = TimeRange::from(JUNE);
    let test = CompTest::Defined { time_range: Some(range), props: Vec::new(), comps: Vec::new() };
    let inner = CompFilter { name: object.kind().as_str().to_owned(), test };
    let test = CompTest::Defined { time_range: None, props: Vec::new(), comps: vec![inner] };
    let filter = CompFilter { name: "VCALENDAR".to_owned(), test };
    if matches(object, &filter, &berlin) == Ok(true) {
        assert!(index.first_start.is_none_or(|at| at < JUNE.end), "{name}: {index:?}");
        assert!(index.last_end.is_none_or(|at| at > JUNE.start), "{name}: {index:?}");
    }
    for (at, _) in free_busy(object, JUNE, &berlin, None).unwrap_or_default() {
        assert!(JUNE.start <= at.start && at.start < at.end && at.end <= JUNE.end, "{name}");
    }
    for recurrence in [RecurrenceSet::Expand(JUNE), RecurrenceSet::Limit(JUNE)] {
        let selection = Selection { recurrence: Some(recurrence), ..Selection::default() };
        if let Ok(text) = select(object, &selection, &berlin, &mut Budget::default()) {
            assert!(text.starts_with("BEGIN:VCALENDAR\r\n") && text.ends_with("END:VCALENDAR\r\n"), "{name}");
        }
    }
    assert_eq!(again(object).calendar(), object.calendar(), "{name}");
}

/// What is written is read as the same tree.
fn again(object: &Object) -> Object {
    Object::parse(object.calendar().to_ical().as_bytes(), &Limits::stored()).unwrap()
}

#[test]
fn each_gets_what_it_must() {
    let Some(folder) = super::shared("hostile") else { return };
    let table = std::fs::read_to_string(folder.join("EXPECT.tsv")).unwrap();
    let mut count = 0;
    let mut wrong = Vec::new();
    for row in table.lines() {
        let cells: Vec<&str> = row.split('\t').collect();
        let [file, endpoint, expected, ..] = cells[..] else { continue };
        let ours = (file.starts_with("ics_") || file.starts_with("rr_")) && endpoint.starts_with("caldav-put");
        if !ours || NEEDS_A_STORE.contains(&file) {
            continue;
        }
        count += 1;
        let bytes = bytes(&folder.join(file));
        let clock = Clock::now();
        let outcome = Object::parse(&bytes, &Limits::default()).inspect(|object| _ = object.index());
        let took = clock.elapsed();
        if let Ok(object) = &outcome {
            ask(file, object);
        }
        let fits = if outcome.is_ok() { expected.contains("2xx") } else { expected.contains("4xx") };
        let bound = Duration::from_secs(if expected.contains("<1s") { 1 } else { 2 });
        if !fits || took > bound {
            wrong.push(format!("{file}: {expected}, but {:?} after {took:?}", outcome.as_ref().map(|_| "accepted")));
        }
        if let Err(violation) = outcome {
            assert!(!violation.detail.contains(char::is_control), "{file}: {violation:?}");
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(count > 50, "{count}");
}

#[test]
fn what_must_survive_survives() {
    let Some(folder) = super::shared("hostile") else { return };
    let object = |file: &str| Object::parse(&bytes(&folder.join(file)), &Limits::default()).unwrap();
    let first = |object: &Object| -> Component { object.components().next().unwrap().clone() };
    let folded = first(&object("ics_control_utf8_fold.ics"));
    assert_eq!(folded.text("SUMMARY").unwrap(), "Café 🎉 folded inside a character");
    let unknown = first(&object("ics_control_xprops.ics"));
    let place = unknown.property("X-APPLE-STRUCTURED-LOCATION").unwrap();
    assert_eq!(place.parameter("X-TITLE").unwrap(), ["A;B:C"]);
    assert_eq!(place.value, "geo:48.1,11.5");
    assert_eq!(unknown.property("X-FOO").unwrap().parameter("x-bar").unwrap(), ["q\nw^e\"r"]);
    let text = unknown.to_ical();
    assert!(text.contains("X-FOO;X-BAR=q^nw^^e^'r:value\r\n"), "{text}");
}
