//! What a VAVAILABILITY says and what working hours become, as times that are open.

use proptest::prelude::*;

use super::days::Days;
use super::read::{never, rules};
use super::render::{Head, render};
use crate::availability::{Expansion, Spans};
use crate::booking::hours::{WorkingHoursBreak, WorkingHoursRule, compile};
use crate::ical::object::free_busy::unavailable;
use crate::ical::object::{Kind, Limits, Object};
use crate::recurrence::Rule;
use crate::store::Id;
use crate::time::{Instant, Interval, Zone, parse_civil, parse_date};

fn zone() -> Zone {
    Zone::parse("Europe/Berlin").unwrap()
}

fn calendar(bounds: &str, available: &[&str]) -> String {
    let lines = |text: &str| text.split_whitespace().map(|line| format!("{line}\r\n")).collect::<String>();
    let available: String = available
        .iter()
        .enumerate()
        .map(|(number, inner)| {
            let inner = lines(inner);
            format!("BEGIN:AVAILABLE\r\nUID:a{number}\r\nDTSTAMP:20260101T000000Z\r\n{inner}END:AVAILABLE\r\n")
        })
        .collect();
    format!(
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//x//y//EN\r\nBEGIN:VAVAILABILITY\r\nUID:1\r\n\
         DTSTAMP:20260101T000000Z\r\n{}{available}END:VAVAILABILITY\r\nEND:VCALENDAR\r\n",
        lines(bounds)
    )
}

fn window(from: &str, to: &str) -> Interval {
    let at = |day: &str| Zone::utc().instant(parse_civil(&format!("{day}T00:00")).unwrap());
    Interval { start: at(from), end: at(to) }
}

fn open(rules: &[WorkingHoursRule], window: Interval) -> Spans {
    let rules = compile(rules, &zone()).unwrap();
    Expansion::new(window).hours(&rules).unwrap().open().clip(window)
}

/// `MM-DD HH:MM-HH:MM` on the clocks of a zone, in March and April of 2027.
fn shown(bounds: &str, available: &[&str], zone: &str) -> Vec<String> {
    let rules = rules(&calendar(bounds, available), &self::zone()).unwrap();
    let zone = Zone::parse(zone).unwrap();
    let show = |at: &Interval| {
        let (start, end) = (zone.civil_at(at.start), zone.civil_at(at.end));
        format!("{}-{}", start.strftime("%m-%d %H:%M"), end.strftime("%H:%M"))
    };
    open(&rules, window("2027-02-25", "2027-04-10")).iter().map(show).collect()
}

const MORNING: &str = "DTSTART;TZID=Europe/Berlin:20270301T090000 DTEND;TZID=Europe/Berlin:20270301T120000";

fn berlin(bounds: &str, more: &str) -> Vec<String> {
    shown(bounds, &[&format!("{MORNING} {more}")], "Europe/Berlin")
}

#[test]
fn apples_hours_are_rules() {
    let text = "DTSTART;TZID=Europe/Berlin:20260105T090000 DTEND;TZID=Europe/Berlin:20260105T173000 \
                RRULE:FREQ=WEEKLY;BYDAY=MO,TU;UNTIL=20261231T225959Z EXDATE;TZID=Europe/Berlin:20260112T090000";
    let rule = WorkingHoursRule {
        rrule: "FREQ=WEEKLY;BYDAY=MO,TU".into(),
        start: "09:00".into(),
        end: "17:30".into(),
        timezone: Some("Europe/Berlin".into()),
        valid_from: Some("2026-01-05".into()),
        valid_until: Some("2026-12-31".into()),
        exdates: vec!["2026-01-12".into()],
        rdates: Vec::new(),
        breaks: Vec::new(),
    };
    assert_eq!(rules(&calendar("", &[text]), &zone()), Ok(vec![rule]));
}

#[test]
fn without_an_available_nobody_is_available() {
    let year = window("1969-01-01", "2040-01-01");
    assert_eq!(rules(&calendar("", &[]), &zone()), Ok(vec![never()]));
    assert!(open(&[never()], year).is_empty());
    // Nor when the time they are for is over before any begins.
    let over = rules(&calendar("DTEND:20270201T000000Z", &[MORNING]), &zone()).unwrap();
    assert!(!over.is_empty() && open(&over, year).is_empty(), "{over:?}");
    let text = rendered(&over);
    assert!(text.contains("VAVAILABILITY") && !text.contains("BEGIN:AVAILABLE"), "{text}");
}

#[test]
fn every_time_is_on_its_own_clocks() {
    let until_utc = "DTSTART;TZID=Europe/Berlin:20270301T090000 DTEND:20270301T160000Z";
    assert_eq!(shown("", &[until_utc], "Europe/Berlin"), ["03-01 09:00-17:00"]);
    let angeles = "DTSTART;TZID=America/Los_Angeles:20270301T180000 DURATION:PT3H RRULE:FREQ=WEEKLY;COUNT=3 \
                   EXDATE:20270309T020000Z";
    assert_eq!(shown("", &[angeles], "America/Los_Angeles"), ["03-01 18:00-21:00", "03-15 18:00-21:00"]);
    let rdate_utc = berlin("", "RRULE:FREQ=WEEKLY;COUNT=1 RDATE:20270302T233000Z");
    assert_eq!(rdate_utc, ["03-01 09:00-12:00", "03-03 00:30-03:30"]);
    let days = "DTSTART;VALUE=DATE:20270301 DTEND;VALUE=DATE:20270302 RRULE:FREQ=DAILY;COUNT=2";
    assert_eq!(shown("", &[days], "Europe/Berlin"), ["03-01 00:00-00:00"]);
    // 02:30 is not shown on 28 March; in UTC it is 01:30.
    let skipped = "DTSTART;TZID=Europe/Berlin:20270327T023000 DURATION:PT6H RRULE:FREQ=DAILY;COUNT=3 \
                   EXDATE:20270328T013000Z";
    assert_eq!(shown("", &[skipped], "Europe/Berlin"), ["03-27 02:30-08:30", "03-29 02:30-08:30"]);
    // What does not repeat lasts as long as it says; what repeats has its times of the clock.
    let night = "DTSTART;TZID=Europe/Berlin:20270327T220000 DURATION:PT6H";
    assert_eq!(shown("", &[night], "Europe/Berlin"), ["03-27 22:00-05:00"]);
    let nights = format!("{night} RRULE:FREQ=DAILY;COUNT=1");
    assert_eq!(shown("", &[&nights], "Europe/Berlin"), ["03-27 22:00-04:00"]);
}

#[test]
fn single_days_and_other_times_are_kept() {
    let two = ["03-01 09:00-12:00", "03-03 09:00-12:00"];
    assert_eq!(berlin("", "RDATE;TZID=Europe/Berlin:20270303T090000"), two);
    let afternoon = berlin("", "RRULE:FREQ=WEEKLY;COUNT=2 RDATE;TZID=Europe/Berlin:20270310T140000,20270324T140000");
    assert_eq!(afternoon, ["03-01 09:00-12:00", "03-08 09:00-12:00", "03-10 14:00-17:00", "03-24 14:00-17:00"]);
    // An RDATE after UNTIL holds, and one that is excluded does not.
    let after = "RRULE:FREQ=DAILY;UNTIL=20270301T235959 RDATE;TZID=Europe/Berlin:20270303T090000,20270304T140000 \
                 EXDATE;TZID=Europe/Berlin:20270304T140000";
    assert_eq!(berlin("", after), two);
    // An EXDATE at another time excludes nothing, one without a time the whole day.
    assert_eq!(berlin("", "RRULE:FREQ=DAILY;COUNT=1 EXDATE;TZID=Europe/Berlin:20270301T100000"), two[..1]);
    assert_eq!(berlin("", "RRULE:FREQ=DAILY;COUNT=2;INTERVAL=2 EXDATE;VALUE=DATE:20270301"), two[1..]);
    assert!(berlin("", "EXDATE;TZID=Europe/Berlin:20270301T090000").is_empty());
}

#[test]
fn a_vavailability_cuts_its_hours() {
    let first = ["03-01 09:00-12:00", "03-02 09:00-12:00", "03-03 09:00-11:00"];
    let daily = "RRULE:FREQ=DAILY";
    assert_eq!(berlin("DTSTART:20270301T000000Z DTEND;TZID=Europe/Berlin:20270303T110000", daily), first);
    assert_eq!(berlin("DTSTART:20270301T000000Z DTEND:20270303T100000Z", daily), first);
    assert_eq!(berlin("DTSTART:20270228T100000Z DURATION:P3D", daily), first);
    assert_eq!(berlin("DTSTART:20270301T080000Z DURATION:PT2H", daily), ["03-01 09:00-11:00"]);
    let within = "DTSTART;TZID=Europe/Berlin:20270302T100000 DTEND;TZID=Europe/Berlin:20270302T110000";
    assert_eq!(berlin(within, daily), ["03-02 10:00-11:00"]);
    assert_eq!(berlin(within, "RRULE:FREQ=WEEKLY"), [""; 0]);
    assert_eq!(berlin("DTEND;TZID=Europe/Berlin:20270302T120000", daily), ["03-01 09:00-12:00", "03-02 09:00-12:00"]);
    let nights = "DTSTART;TZID=Europe/Berlin:20270301T220000 DURATION:PT6H RRULE:FREQ=DAILY";
    let cut = "DTSTART;TZID=Europe/Berlin:20270302T010000 DTEND;TZID=Europe/Berlin:20270304T020000";
    let expected = ["03-02 01:00-04:00", "03-02 22:00-04:00", "03-03 22:00-02:00"];
    assert_eq!(shown(cut, &[nights], "Europe/Berlin"), expected);
}

#[test]
fn rules_count_from_where_they_begin() {
    let since = |start: &str, rule: &str| {
        let text = format!("DTSTART;TZID=Europe/Berlin:{start}T090000 DURATION:PT3H RRULE:{rule}");
        let open = shown("DTSTART:20270301T000000Z DTEND:20270331T000000Z", &[&text], "Europe/Berlin");
        open.iter().map(|open| open[..5].to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(since("20270106", "FREQ=WEEKLY"), ["03-03", "03-10", "03-17", "03-24"].map(|d| d), "a Wednesday");
    assert_eq!(since("20270104", "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO"), ["03-01", "03-15", "03-29"]);
    assert_eq!(since("20270111", "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO"), ["03-08", "03-22"]);
    assert_eq!(since("20270104", "FREQ=DAILY;INTERVAL=20"), ["03-05", "03-25"]);
    assert_eq!(since("20270131", "FREQ=MONTHLY"), [""; 0].map(|_: &str| ""), "UTC's 30 March ends before the 31st");
    assert_eq!(since("20270101", "FREQ=WEEKLY;COUNT=10"), ["03-05"]);
}

#[test]
fn until_is_a_time() {
    let until = |until: &str| berlin("", &format!("RRULE:FREQ=DAILY;UNTIL={until}")).len();
    assert_eq!((until("20270302T070000Z"), until("20270302T075959Z"), until("20270302T080000Z")), (1, 1, 2));
    assert_eq!((until("20270302T085959"), until("20270302T090000"), until("20270302")), (1, 2, 2));
}

#[test]
fn what_hours_cannot_say_is_refused() {
    let refused = |more: &str| rules(&calendar("", &[&format!("{MORNING} {more}")]), &zone()).unwrap_err();
    for rule in ["FREQ=DAILY;BYHOUR=9,14", "FREQ=DAILY;BYHOUR=14", "FREQ=DAILY;BYMINUTE=0,30", "FREQ=HOURLY;INTERVAL=3"]
    {
        let detail = refused(&format!("RRULE:{rule}"));
        assert!(detail.contains("write an AVAILABLE for each time of the day"), "{rule}: {detail}");
    }
    assert_eq!(berlin("", "RRULE:FREQ=DAILY;COUNT=1;BYHOUR=9;BYMINUTE=0"), ["03-01 09:00-12:00"], "says nothing new");
    assert!(refused("RRULE:FREQ=DAILY RRULE:FREQ=WEEKLY").contains("one RRULE"));
    assert!(refused("RDATE;VALUE=PERIOD:20270303T090000Z/PT1H").contains("PERIOD"));
    assert!(refused("RECURRENCE-ID:20270301T080000Z").contains("overrides"));
    let long = rules(&calendar("", &["DTSTART:20260105T090000Z DURATION:PT30H"]), &zone());
    assert_eq!(long, Err("an AVAILABLE lasts no longer than a day".to_owned()));
    let skip = "DTSTART:20270131T090000Z DURATION:PT1H RRULE:RSCALE=GREGORIAN;FREQ=MONTHLY;SKIP=BACKWARD";
    assert!(rules(&calendar("", &[skip]), &zone()).is_ok());
    let skip = rules(&calendar("DTSTART:20270201T000000Z", &[skip]), &zone()).unwrap_err();
    assert!(skip.contains("begin both on one day"), "{skip}");
}

/// What the crate rrule makes of an AVAILABLE is what is open.
#[test]
fn open_times_are_those_of_another_implementation() {
    let zones = ["Europe/Berlin", "America/Los_Angeles", "Australia/Sydney"];
    let mut compared = 0;
    for (number, (repeats, exdate)) in [
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,TH;WKST=SU", "20270301T090000"),
        ("FREQ=WEEKLY;INTERVAL=3;BYDAY=SU,MO", "20270308T090000"),
        ("FREQ=MONTHLY;BYDAY=1MO,-1FR", "20270405T090000"),
        ("FREQ=MONTHLY;INTERVAL=2;BYMONTHDAY=4,31", "20270504T090000"),
        ("FREQ=DAILY;INTERVAL=10;COUNT=20", "20270114T090000"),
        ("FREQ=YEARLY;BYMONTH=3,7;BYDAY=2TU", "20270713T090000"),
        ("FREQ=WEEKLY;BYDAY=MO,WE;UNTIL=20270803T070000Z", "20270308T090000"),
    ]
    .into_iter()
    .enumerate()
    {
        let zone = Zone::parse(zones[number % 3]).unwrap();
        let name = zone.name();
        let year = window("2027-02-01", "2028-02-01");
        let set: rrule::RRuleSet =
            format!("DTSTART;TZID={name}:20270104T090000\nRRULE:{repeats}\nEXDATE;TZID={name}:{exdate}")
                .parse()
                .unwrap();
        let starts = set.all(1000).dates.into_iter().map(|date| Instant::from_unix(date.timestamp()));
        let expected = Spans::new(starts.map(|start| Interval { start, end: start + 3 * 3600 }).collect()).clip(year);
        let text =
            format!("DTSTART;TZID={name}:20270104T090000 DURATION:PT3H RRULE:{repeats} EXDATE;TZID={name}:{exdate}");
        for bounds in ["", "DTSTART:20270201T000000Z", "DTSTART:20270201T000000Z DTEND:20280201T000000Z"] {
            let rows = rules(&calendar(bounds, &[&text]), &zone).unwrap();
            assert_eq!(open(&rows, year), expected, "{repeats} {bounds} {rows:?}");
            compared += expected.as_slice().len();
        }
    }
    assert!(compared > 300, "{compared}");
}

fn rendered(rows: &[WorkingHoursRule]) -> String {
    let at = Zone::utc().instant(parse_civil("2027-01-02T10:00").unwrap());
    let zone = zone();
    render(rows, &Head { owner: Id::TEAM, zone: &zone, updated: at, now: at }).unwrap()
}

fn row(rrule: &str, start: &str, end: &str) -> WorkingHoursRule {
    let (rrule, start, end) = (rrule.to_owned(), start.to_owned(), end.to_owned());
    WorkingHoursRule {
        rrule,
        start,
        end,
        timezone: None,
        valid_from: None,
        valid_until: None,
        exdates: Vec::new(),
        rdates: Vec::new(),
        breaks: Vec::new(),
    }
}

fn pause(start: &str, end: &str) -> WorkingHoursBreak {
    WorkingHoursBreak { start: start.to_owned(), end: end.to_owned() }
}

fn starts(rows: &[WorkingHoursRule]) -> Vec<String> {
    let text = rendered(rows);
    let lines = text
        .lines()
        .filter(|line| line.contains("TZID=") || line.starts_with("RRULE:FREQ=W") || line.starts_with("RRULE:FREQ=M"));
    lines.filter(|line| !line.starts_with("DTEND")).map(|line| line.replace(";TZID=Europe/Berlin", "")).collect()
}

#[test]
fn breaks_after_midnight_are_on_the_next_day() {
    let mut night = row("FREQ=WEEKLY;BYDAY=FR", "20:00", "04:00");
    night.valid_from = Some("2027-01-01".to_owned());
    night.breaks = vec![pause("22:00", "23:00"), pause("01:00", "02:00")];
    let expected = [
        "DTSTART:20270101T200000",
        "RRULE:FREQ=WEEKLY;BYDAY=FR",
        "DTSTART:20270101T230000",
        "RRULE:FREQ=WEEKLY;BYDAY=FR",
        "DTSTART:20270102T020000",
        "RRULE:FREQ=WEEKLY;BYDAY=SA",
    ];
    assert_eq!(starts(&[night.clone()]), expected);
    night.rrule = "FREQ=MONTHLY;BYDAY=-1SA".to_owned();
    let listed = starts(&[night]);
    assert_eq!(listed[4..6], ["DTSTART:20270131T020000", "RDATE:20270228T020000"], "{listed:?}");
    assert_eq!(listed.len(), 4 + 11 * 12, "for ten years");
}

#[test]
fn dtstart_is_an_instance_in_the_same_weeks() {
    let since = |rrule: &str, from: &str| {
        let valid_from = Some(from.to_owned());
        starts(&[WorkingHoursRule { valid_from, ..row(rrule, "09:00", "12:00") }]).swap_remove(0)
    };
    assert_eq!(since("FREQ=WEEKLY;INTERVAL=2;BYDAY=MO", "2027-01-06"), "DTSTART:20270118T090000");
    assert_eq!(since("FREQ=WEEKLY;INTERVAL=2;BYDAY=MO;WKST=SU", "2027-01-07"), "DTSTART:20270118T090000");
    assert_eq!(since("FREQ=MONTHLY;BYDAY=1MO", "2027-01-06"), "DTSTART:20270201T090000");
    assert_eq!(starts(&[row("FREQ=WEEKLY;INTERVAL=2", "09:00", "12:00")])[0], "DTSTART:20010108T090000");
}

/// Days that no other anchor gives are told with a DTSTART that is excluded.
#[test]
fn a_dtstart_that_is_no_instance_is_excluded() {
    let mut skipping = row("RSCALE=GREGORIAN;FREQ=MONTHLY;SKIP=BACKWARD;BYMONTH=2,3,4", "09:00", "12:00");
    skipping.valid_from = Some("2027-01-31".to_owned());
    let found = starts(&[skipping.clone()]);
    assert_eq!(found[..2], ["DTSTART:20270131T090000", "EXDATE:20270131T090000"]);
    let year = window("2027-01-01", "2028-01-01");
    assert_eq!(open(&rules(&rendered(&[skipping.clone()]), &zone()).unwrap(), year), open(&[skipping.clone()], year));
    // Unless it is a further day.
    skipping.rdates = vec!["2027-01-31".to_owned()];
    assert!(!rendered(&[skipping.clone()]).contains("EXDATE"));
    let back = rules(&rendered(&[skipping.clone()]), &zone()).unwrap();
    assert!(open(&back, year) == open(&[skipping], year) && open(&back, year).as_slice().len() == 4);
}

#[test]
fn days_a_day_later_are_a_rule_where_there_is_one() {
    let later = |rule: &str| {
        let days = Days::new(parse_date("2027-01-04").unwrap(), Rule::parse(rule).unwrap(), None).unwrap();
        days.a_day_later().map(|days| (days.anchor.to_string(), days.rule.to_string()))
    };
    let moved = |rule: &str| Ok(("2027-01-05".to_owned(), rule.to_owned()));
    assert_eq!(later("FREQ=DAILY;INTERVAL=3"), moved("FREQ=DAILY;INTERVAL=3"));
    assert_eq!(later("FREQ=DAILY;BYDAY=MO,SU"), moved("FREQ=WEEKLY;BYDAY=MO,TU"));
    assert_eq!(later("FREQ=WEEKLY;INTERVAL=2;BYDAY=SU"), moved("FREQ=WEEKLY;INTERVAL=2;BYDAY=MO;WKST=TU"));
    assert_eq!(later("FREQ=MONTHLY"), moved("FREQ=MONTHLY"));
    assert!(later("FREQ=MONTHLY;BYDAY=1MO").is_err() && later("FREQ=MONTHLY;BYMONTHDAY=31").is_err());
}

fn generated() -> impl Strategy<Value = WorkingHoursRule> {
    let rrule = prop::sample::select(vec![
        "FREQ=DAILY",
        "FREQ=DAILY;INTERVAL=3",
        "FREQ=DAILY;COUNT=40",
        "FREQ=DAILY;BYDAY=MO,WE,SU",
        "FREQ=WEEKLY",
        "FREQ=WEEKLY;BYDAY=FR",
        "FREQ=WEEKLY;BYDAY=MO,SA,SU",
        "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO",
        "FREQ=WEEKLY;INTERVAL=2;BYDAY=SU,MO",
        "FREQ=WEEKLY;INTERVAL=2;BYDAY=SU,MO;WKST=SU",
        "FREQ=WEEKLY;INTERVAL=3",
        "FREQ=WEEKLY;INTERVAL=3;BYDAY=SA,TU;WKST=WE",
        "FREQ=WEEKLY;BYDAY=TU,TH;COUNT=30",
        "FREQ=WEEKLY;BYMONTH=3,10;BYDAY=SU",
        "FREQ=WEEKLY;BYDAY=MO,TU;UNTIL=20270620",
        "freq=weekly;byday=we;until=20270909T120000Z",
        "FREQ=MONTHLY",
        "FREQ=MONTHLY;BYDAY=1MO,-1SU",
        "FREQ=MONTHLY;BYMONTHDAY=15,31",
        "FREQ=MONTHLY;INTERVAL=2;BYMONTHDAY=-1",
        "FREQ=MONTHLY;BYDAY=MO,TU,WE;BYSETPOS=-1",
        "FREQ=MONTHLY;BYDAY=2WE;COUNT=4",
        "FREQ=YEARLY;BYMONTH=7;BYDAY=2TU",
        "FREQ=YEARLY;BYWEEKNO=1,20;BYDAY=MO,SU",
        "RSCALE=GREGORIAN;FREQ=MONTHLY;SKIP=BACKWARD",
        "FREQ=DAILY;BYHOUR=9,14",
    ]);
    let day = || (0..500_i64).prop_map(|n| (parse_date("2026-09-01").unwrap() + jiff::Span::new().days(n)).to_string());
    let time = || (0..48_i64).prop_map(|n| format!("{:02}:{:02}", n / 2, n % 2 * 30));
    let end = || prop_oneof![4 => time(), 1 => Just("24:00".to_owned())];
    let breaks = prop::collection::vec((time(), end()).prop_map(|(start, end)| WorkingHoursBreak { start, end }), 0..4);
    let days = || prop::collection::vec(day(), 0..5);
    let valid = (prop::option::of(day()), prop::option::weighted(0.3, day()));
    (rrule, time(), end(), valid, days(), days(), breaks).prop_map(
        |(rrule, start, end, (from, until), exdates, rdates, breaks)| WorkingHoursRule {
            valid_until: until.filter(|until| from.as_ref().is_none_or(|from| from <= until)),
            valid_from: from,
            exdates,
            rdates,
            breaks,
            ..row(rrule, &start, &end)
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn hours_come_back_as_they_were(rows in prop::collection::vec(generated(), 1..4), number in 0..4_usize) {
        let timezone = [None, Some("UTC"), Some("America/New_York"), Some("Asia/Kolkata")][number].map(str::to_owned);
        let rows: Vec<_> = rows.into_iter().map(|row| WorkingHoursRule { timezone: timezone.clone(), ..row }).collect();
        let text = rendered(&rows);
        let year = window("2027-01-01", "2028-01-01");
        let back = rules(&text, &zone()).unwrap();
        prop_assert_eq!(open(&back, year), open(&rows, year), "{}\n{:#?}", text, back);
        // A third time says no more than the second.
        prop_assert_eq!(open(&rules(&rendered(&back), &zone()).unwrap(), year), open(&rows, year));
    }

    /// Whoever reads the text by the RFC alone finds the same time free. In UTC, where no clock is changed.
    #[test]
    fn the_text_says_when_hours_are(rows in prop::collection::vec(generated(), 1..4)) {
        let timezone = Some("UTC".to_owned());
        let rows: Vec<_> = rows.into_iter().map(|row| WorkingHoursRule { timezone: timezone.clone(), ..row }).collect();
        let text = rendered(&rows);
        let object = Object::parse(text.as_bytes(), &Limits { kinds: &[Kind::Availability], ..Limits::default() }).unwrap();
        let year = window("2027-01-01", "2028-01-01");
        let busy = unavailable(&[&object], year, &zone()).unwrap().into_iter().map(|(at, _)| at);
        prop_assert_eq!(Spans::new(busy.collect()).complement(year), open(&rows, year), "{}", text);
    }
}
