//! What holds for all objects.

use proptest::prelude::*;

use super::super::select::{Budget, RecurrenceSet, Selection, select};
use super::super::{Limits, Object};
use super::{calendar, limits, object, overlaps};
use crate::time::{Instant, Interval, Zone};

/// 2026-01-01T00:00:00Z.
const YEAR: i64 = 1_767_225_600;

fn start() -> impl Strategy<Value = String> {
    let time = (1..29, 0..24, 0..60).prop_map(|(day, hour, minute)| format!("202603{day:02}T{hour:02}{minute:02}00"));
    prop_oneof![
        time.clone().prop_map(|time| format!("DTSTART:{time}Z")),
        time.clone().prop_map(|time| format!("DTSTART:{time}")),
        time.clone().prop_map(|time| format!("DTSTART;TZID=America/New_York:{time}")),
        time.prop_map(|time| format!("DTSTART;VALUE=DATE:{}", &time[..8])),
    ]
}

fn component() -> impl Strategy<Value = String> {
    let length = prop_oneof![Just(""), Just("DURATION:P1D;;"), Just("DURATION:P2D;;")];
    let rule = prop_oneof![Just(""), Just("RRULE:FREQ=DAILY;COUNT=5;;"), Just("RRULE:FREQ=WEEKLY;;")];
    let kind = prop_oneof![Just("VEVENT"), Just("VTODO"), Just("VJOURNAL")];
    (kind, start(), length, rule)
        .prop_map(|(kind, start, length, rule)| format!("({kind};;UID:1;;{start};;{length}{rule})"))
}

fn zone() -> impl Strategy<Value = Zone> {
    let names = ["Pacific/Kiritimati", "Pacific/Pago_Pago", "Europe/Berlin", "UTC", "America/St_Johns"];
    proptest::sample::select(names.to_vec()).prop_map(|name| Zone::parse(name).unwrap())
}

fn window() -> impl Strategy<Value = Interval> {
    (57 * 24..100 * 24_i64, 1..30_i64).prop_map(|(from, hours)| {
        let start = Instant::from_unix(YEAR + from * 3600);
        Interval { start, end: start + hours * 3600 }
    })
}

proptest! {
    #[test]
    fn an_index_misses_nothing_in_any_zone(lines in component(), zone in zone(), window in window()) {
        let object = object(&lines);
        let index = object.index();
        let candidate = index.first_start.is_none_or(|at| at < window.end) && index.last_end.is_none_or(|at| at > window.start);
        let matching = overlaps(&object, window.into(), &zone);
        prop_assert!(candidate || !matching, "{:?}", index);
        prop_assert!(!index.exact || candidate == matching, "{:?}", index);
    }

    #[test]
    fn what_is_expanded_is_what_overlaps(lines in component(), zone in zone(), window in window()) {
        let object = object(&lines);
        let selection = Selection { recurrence: Some(RecurrenceSet::Expand(window)), ..Selection::default() };
        let text = select(&object, &selection, &zone, &mut Budget::default()).unwrap();
        let inside = text.contains("DTSTART");
        prop_assert_eq!(inside, overlaps(&object, window.into(), &zone));
        prop_assert!(!text.contains("RRULE") && !text.contains("TZID"));
        // Each instance is an object that overlaps by itself.
        let head = "BEGIN:VCALENDAR\r\n";
        for part in text.split(&format!("BEGIN:{}", object.kind().as_str())).skip(1) {
            let end = part.find("END:VCALENDAR").unwrap_or(part.len());
            let one = format!("{head}BEGIN:{}{}END:VCALENDAR\r\n", object.kind().as_str(), &part[..end]);
            let one = Object::parse(one.as_bytes(), &limits()).unwrap();
            prop_assert!(overlaps(&one, window.into(), &zone), "{}", text);
        }
    }

    #[test]
    fn what_is_written_is_read(summary in "[ -~é🎉]{0,120}", parameter in "[ !#-~é]{0,40}") {
        let parameter = parameter.replace(['^', ';', ':', ','], " ");
        let text = calendar("(VEVENT;;UID:1;;DTSTART:20260601T100000Z;;HERE;;)")
            .replace("HERE", &format!("X-A;X-B=\"{}\",c:{}", parameter.trim(), summary));
        let object = Object::parse(text.as_bytes(), &limits()).unwrap();
        let again = object.calendar().to_ical();
        prop_assert!(again.split("\r\n").all(|line| line.len() <= 75));
        let again = Object::parse(again.as_bytes(), &Limits::stored()).unwrap();
        prop_assert_eq!(again.calendar(), object.calendar());
    }

    #[test]
    fn no_bytes_panic(noise in proptest::collection::vec(any::<u8>(), 0..40), at in 0..300_usize) {
        let mut bytes = calendar("(VEVENT;;UID:1;;DTSTART;TZID=Europe/Berlin:20260601T100000;;DURATION:PT1H;;\
            RRULE:FREQ=WEEKLY;COUNT=3;;(VALARM;;TRIGGER:-PT5M;;);;)").into_bytes();
        let at = at.min(bytes.len());
        bytes.splice(at..at.saturating_add(noise.len() / 2).min(bytes.len()), noise);
        if let Ok(object) = Object::parse(&bytes, &limits()) {
            let _index = object.index();
        }
    }
}
