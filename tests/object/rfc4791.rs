//! The calendar of RFC 4791's appendix B, and every example query of §7.8 and §7.10 against it.

use fasti::ical::calendar::{FreeBusy, freebusy};
use fasti::ical::object::filter::{
    Collation, CompFilter, CompTest, ParamFilter, ParamTest, PropFilter, PropTest, TextMatch, ValueTest, matches,
};
use fasti::ical::object::free_busy::free_busy;
use fasti::ical::object::select::{Budget, Comp, Prop, RecurrenceSet, Selection, TooMany, select};
use fasti::ical::object::{Kind, Limits, Object, TimeRange};
use fasti::time::{Instant, Interval, TimeInput, Zone};

/// `abcd1.ics` to `abcd8.ics`, whose lines end with LF.
const CALENDAR: [&str; 8] = [
    include_str!("../data/object/abcd1.ics"),
    include_str!("../data/object/abcd2.ics"),
    include_str!("../data/object/abcd3.ics"),
    include_str!("../data/object/abcd4.ics"),
    include_str!("../data/object/abcd5.ics"),
    include_str!("../data/object/abcd6.ics"),
    include_str!("../data/object/abcd7.ics"),
    include_str!("../data/object/abcd8.ics"),
];

fn object(text: &str) -> Object {
    Object::parse(text.as_bytes(), &Limits { kinds: &Kind::ALL, ..Limits::default() }).unwrap()
}

fn eastern() -> Zone {
    Zone::parse("US/Eastern").unwrap()
}

fn at(text: &str) -> Instant {
    match TimeInput::parse(text) {
        Ok(TimeInput::Fixed(at)) => at,
        other => panic!("{text}: {other:?}"),
    }
}

fn interval(start: &str, end: &str) -> Interval {
    Interval::new(at(start), at(end)).unwrap()
}

/// A filter for VCALENDAR with one for `name` in it.
fn filter(name: &str, time_range: Option<Interval>, props: Vec<PropFilter>, comps: Vec<CompFilter>) -> CompFilter {
    let time_range = time_range.map(TimeRange::from);
    let test = CompTest::Defined { time_range, props, comps };
    let comps = vec![CompFilter { name: name.to_owned(), test }];
    CompFilter { name: "VCALENDAR".to_owned(), test: CompTest::Defined { time_range: None, props: Vec::new(), comps } }
}

fn text_match(collation: Collation, text: &str, negate: bool) -> TextMatch {
    TextMatch { collation, text: text.to_owned(), negate }
}

fn prop(name: &str, value: Option<TextMatch>, params: Vec<ParamFilter>) -> PropFilter {
    let value = value.map(ValueTest::Text);
    PropFilter { name: name.to_owned(), test: PropTest::Defined { value, params } }
}

/// The numbers of the objects that match.
fn found(filter: &CompFilter) -> Vec<usize> {
    let all = CALENDAR.iter().enumerate();
    let matching = all.filter(|(_, text)| matches(&object(text), filter, &eastern()).unwrap());
    matching.map(|(index, _)| index + 1).collect()
}

fn selected(text: &str, selection: &Selection) -> Vec<String> {
    let text = select(&object(text), selection, &eastern(), &mut Budget::default()).unwrap();
    assert!(text.ends_with("END:VCALENDAR\r\n"), "{text}");
    text.lines().map(str::to_owned).collect()
}

/// What is in the first component of that name.
fn inside<'l>(lines: &'l [String], name: &str) -> &'l [String] {
    let place = |wanted: String| lines.iter().position(|line| *line == wanted).unwrap();
    &lines[place(format!("BEGIN:{name}")) + 1..place(format!("END:{name}"))]
}

#[test]
fn partial_retrieval_of_events_by_time_range() {
    // §7.8.1
    let day = interval("2006-01-04T00:00:00Z", "2006-01-05T00:00:00Z");
    assert_eq!(found(&filter("VEVENT", Some(day), vec![], vec![])), [2, 3]);
    let named = |name: &&str| Prop { name: (*name).to_owned(), no_value: false };
    let asked =
        ["SUMMARY", "UID", "DTSTART", "DTEND", "DURATION", "RRULE", "RDATE", "EXRULE", "EXDATE", "RECURRENCE-ID"];
    let event = Comp::new("VEVENT", Some(asked.iter().map(named).collect()), Some(vec![]));
    let zone = Comp::new("VTIMEZONE", Some(vec![]), Some(vec![]));
    let comp = Comp::new("VCALENDAR", Some(vec![named(&"VERSION")]), Some(vec![event, zone]));
    let lines = selected(CALENDAR[1], &Selection { comp: Some(comp), ..Selection::default() });
    assert_eq!(lines[..3], ["BEGIN:VCALENDAR", "VERSION:2.0", "BEGIN:VTIMEZONE"]);
    assert_eq!(inside(&lines, "VTIMEZONE").len(), 16);
    let master = [
        "DTSTART;TZID=US/Eastern:20060102T120000",
        "DURATION:PT1H",
        "RRULE:FREQ=DAILY;COUNT=5",
        "SUMMARY:Event #2",
        "UID:00959BC664CA650E933C892C@example.com",
    ];
    assert_eq!(inside(&lines, "VEVENT"), master);
    assert!(!lines.iter().any(|line| line.starts_with("DTSTAMP")));
}

#[test]
fn a_value_that_is_not_asked_for() {
    // §9.6.4
    let start = Prop { name: "dtstart".to_owned(), no_value: true };
    let event = Comp::new("vevent", Some(vec![start]), Some(vec![]));
    let comp = Comp::new("VCALENDAR", Some(vec![]), Some(vec![event]));
    let lines = selected(CALENDAR[0], &Selection { comp: Some(comp), ..Selection::default() });
    let expected = ["BEGIN:VCALENDAR", "BEGIN:VEVENT", "DTSTART;TZID=US/Eastern:", "END:VEVENT", "END:VCALENDAR"];
    assert_eq!(lines, expected);
}

/// `abcd2.ics` with the second override that the answers of §7.8.1 and §7.8.2 have and appendix B lacks.
fn with_bis_bis() -> String {
    let override_two = "BEGIN:VEVENT\nDTSTAMP:20060206T001121Z\nDTSTART;TZID=US/Eastern:20060106T140000\nDURATION:PT1H\n\
                        RECURRENCE-ID;TZID=US/Eastern:20060106T120000\nSUMMARY:Event #2 bis bis\n\
                        UID:00959BC664CA650E933C892C@example.com\nEND:VEVENT\nEND:VCALENDAR";
    CALENDAR[1].replace("END:VCALENDAR", override_two)
}

fn summaries(lines: &[String]) -> Vec<&str> {
    lines.iter().filter_map(|line| line.strip_prefix("SUMMARY:")).collect()
}

#[test]
fn partial_retrieval_of_recurring_events() {
    // §7.8.2
    let window = interval("2006-01-03T00:00:00Z", "2006-01-05T00:00:00Z");
    assert_eq!(found(&filter("VEVENT", Some(window), vec![], vec![])), [2, 3]);
    let limited = |text: &str, window| {
        let selection = Selection { recurrence: Some(RecurrenceSet::Limit(window)), ..Selection::default() };
        selected(text, &selection)
    };
    let lines = limited(&with_bis_bis(), window);
    assert_eq!(summaries(&lines), ["Event #2", "Event #2 bis"]);
    assert!(lines.iter().any(|line| line == "BEGIN:VTIMEZONE"));
    // Where it was moved from counts as well: at noon, while it takes place at two.
    let noon = interval("2006-01-06T17:00:00Z", "2006-01-06T18:00:00Z");
    assert_eq!(summaries(&limited(&with_bis_bis(), noon)), ["Event #2", "Event #2 bis bis"]);
    let future = CALENDAR[1].replace("RECURRENCE-ID;", "RECURRENCE-ID;RANGE=THISANDFUTURE;");
    assert_eq!(summaries(&limited(&future, noon)), ["Event #2", "Event #2 bis"]);
    let before = interval("2006-01-02T00:00:00Z", "2006-01-04T00:00:00Z");
    assert_eq!(summaries(&limited(&future, before)), ["Event #2"]);
}

#[test]
fn expanded_retrieval_of_recurring_events() {
    // §7.8.3, whose answer lacks the Z of the times it says to be in UTC.
    let window = interval("2006-01-03T00:00:00Z", "2006-01-05T00:00:00Z");
    let selection = Selection { recurrence: Some(RecurrenceSet::Expand(window)), ..Selection::default() };
    let expected = "BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//Example Corp.//CalDAV Client//EN\nBEGIN:VEVENT\n\
        DTSTAMP:20060206T001121Z\nDTSTART:20060103T170000Z\nRECURRENCE-ID:20060103T170000Z\nDURATION:PT1H\n\
        SUMMARY:Event #2\nUID:00959BC664CA650E933C892C@example.com\nEND:VEVENT\nBEGIN:VEVENT\n\
        DTSTAMP:20060206T001121Z\nDTSTART:20060104T190000Z\nRECURRENCE-ID:20060104T170000Z\nDURATION:PT1H\n\
        SUMMARY:Event #2 bis\nUID:00959BC664CA650E933C892C@example.com\nEND:VEVENT\nEND:VCALENDAR";
    assert_eq!(selected(CALENDAR[1], &selection).join("\n"), expected);
    let lines = selected(CALENDAR[2], &selection);
    assert!(lines.contains(&"DTSTART:20060104T150000Z".to_owned()), "{lines:?}");
    assert!(!lines.iter().any(|line| line.contains("RECURRENCE-ID") || line.contains("TIMEZONE")), "{lines:?}");
    // What does not take place then is not there.
    assert!(!selected(CALENDAR[0], &selection).contains(&"BEGIN:VEVENT".to_owned()));
    let few = Budget { instances: 1, ..Budget::default() };
    assert_eq!(select(&object(CALENDAR[1]), &selection, &eastern(), &mut few.clone()), Err(TooMany));
    let short = Budget { bytes: 400, ..Budget::default() };
    assert_eq!(select(&object(CALENDAR[1]), &selection, &eastern(), &mut short.clone()), Err(TooMany));
}

#[test]
fn partial_retrieval_of_stored_free_busy_components() {
    // §7.8.4
    let day = interval("2006-01-02T00:00:00Z", "2006-01-03T00:00:00Z");
    assert_eq!(found(&filter("VFREEBUSY", Some(day), vec![], vec![])), [8]);
    let lines = selected(CALENDAR[7], &Selection { limit_freebusy_set: Some(day), ..Selection::default() });
    let periods: Vec<_> = lines.iter().filter(|line| line.starts_with("FREEBUSY")).collect();
    assert_eq!(periods, ["FREEBUSY;FBTYPE=BUSY-TENTATIVE:20060102T100000Z/20060102T120000Z"]);
}

#[test]
fn to_dos_by_alarm_time_range() {
    // §7.8.5. Its answer has another DUE than appendix B, with which there would be none.
    let window = interval("2006-01-06T10:00:00Z", "2006-01-07T10:00:00Z");
    let test = CompTest::Defined { time_range: Some(window.into()), props: vec![], comps: vec![] };
    let alarm = CompFilter { name: "VALARM".to_owned(), test };
    let filter = filter("VTODO", None, vec![], vec![alarm]);
    assert_eq!(found(&filter), [0; 0]);
    let due = CALENDAR[4].replace("DUE;VALUE=DATE:20060106", "DUE;TZID=US/Eastern:20060106T120000");
    assert_eq!(matches(&object(&due), &filter, &eastern()), Ok(true));
}

#[test]
fn an_event_by_uid() {
    // §7.8.6
    let uid = text_match(Collation::Octet, "DC6C50A017428C5216A2F1CD@example.com", false);
    assert_eq!(found(&filter("VEVENT", None, vec![prop("UID", Some(uid), vec![])], vec![])), [3]);
    let uid = text_match(Collation::Octet, "dc6c50a017428c5216a2f1cd@example.com", false);
    assert_eq!(found(&filter("VEVENT", None, vec![prop("UID", Some(uid), vec![])], vec![])), [0; 0]);
}

#[test]
fn events_by_partstat() {
    // §7.8.7
    let by = |who: &str, partstat: &str| {
        let partstat = ParamTest::Defined(Some(text_match(Collation::AsciiCasemap, partstat, false)));
        let params = vec![ParamFilter { name: "PARTSTAT".to_owned(), test: partstat }];
        filter(
            "VEVENT",
            None,
            vec![prop("ATTENDEE", Some(text_match(Collation::default(), who, false)), params)],
            vec![],
        )
    };
    assert_eq!(found(&by("mailto:lisa@example.com", "NEEDS-ACTION")), [3]);
    // Both must hold for the same attendee.
    assert_eq!(found(&by("mailto:lisa@example.com", "ACCEPTED")), [0; 0]);
}

#[test]
fn events_only() {
    // §7.8.8
    assert_eq!(found(&filter("VEVENT", None, vec![], vec![])), [1, 2, 3]);
    let none = CompFilter { name: "VEVENT".to_owned(), test: CompTest::IsNotDefined };
    let test = CompTest::Defined { time_range: None, props: vec![], comps: vec![none] };
    assert_eq!(found(&CompFilter { name: "VCALENDAR".to_owned(), test }), [4, 5, 6, 7, 8]);
    assert_eq!(found(&CompFilter::any("VCALENDAR")).len(), 8);
}

#[test]
fn all_pending_to_dos() {
    // §7.8.9
    let completed = PropFilter { name: "COMPLETED".to_owned(), test: PropTest::IsNotDefined };
    let status = prop("STATUS", Some(text_match(Collation::default(), "cancelled", true)), vec![]);
    assert_eq!(found(&filter("VTODO", None, vec![completed, status], vec![])), [4, 5]);
}

#[test]
fn a_property_that_nobody_knows() {
    // §7.8.10: Fasti supports queries of every property.
    let text = Some(text_match(Collation::default(), "ABC", false));
    let filter = filter("VEVENT", None, vec![prop("X-ABC-GUID", text, vec![])], vec![]);
    assert_eq!(found(&filter), [0; 0]);
    let with = CALENDAR[2].replace("SEQUENCE:1", "SEQUENCE:1\nX-ABC-GUID:E1CX5Dr-0007ym-Hz@abc.example");
    assert_eq!(matches(&object(&with), &filter, &eastern()), Ok(true));
}

#[test]
fn free_busy_query() {
    // §7.10.1: the text says from nine to five on one day, and the answer too; the end in the query is a day later.
    let window = interval("2006-01-04T14:00:00Z", "2006-01-04T22:00:00Z");
    let mut busy = Vec::new();
    for text in CALENDAR {
        busy.extend(free_busy(&object(text), window, &eastern(), None).unwrap());
    }
    let stamp = at("2005-01-25T09:00:00Z");
    let answer = FreeBusy { method: None, uid: None, stamp, window, organizer: None, attendee: None, busy };
    let text = freebusy(&answer);
    let periods: Vec<_> = text.lines().filter(|line| line.starts_with("FREEBUSY")).collect();
    let expected = [
        "FREEBUSY;FBTYPE=BUSY:20060104T190000Z/20060104T200000Z",
        "FREEBUSY;FBTYPE=BUSY-TENTATIVE:20060104T150000Z/20060104T160000Z",
    ];
    assert_eq!(periods, expected);
}
