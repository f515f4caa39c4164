//! Working hours as rules (A1), and recurring busy time.

use crate::availability::{Break, Busy, BusyKind, Expansion, Hours, HoursRule, HoursSpec, Recurring, Ref, Shift};
use crate::recurrence::{Definition, End, Length, Moment, Rule, Series};
use crate::time::{Date, Interval, Zone, parse_civil, parse_date, parse_time};

fn zone() -> Zone {
    Zone::parse("Europe/Berlin").unwrap()
}

fn date(text: &str) -> Date {
    parse_date(text).unwrap()
}

fn rule(rrule: &str, from: &str, until: &str) -> HoursSpec {
    HoursSpec {
        rule: Rule::parse(rrule).unwrap(),
        valid_from: None,
        valid_until: None,
        exdates: Vec::new(),
        rdates: Vec::new(),
        shift: Shift { start: parse_time(from).unwrap(), end: parse_time(until).unwrap(), breaks: Vec::new() },
        zone: zone(),
    }
}

fn window(from: &str, to: &str) -> Interval {
    let at = |day: &str| zone().instant(parse_civil(&format!("{day}T00:00")).unwrap());
    Interval { start: at(from), end: at(to) }
}

fn expand(rules: Vec<HoursSpec>, from: &str, to: &str) -> Hours {
    let rules: Vec<HoursRule> = rules.into_iter().map(|spec| HoursRule::new(spec).unwrap()).collect();
    Expansion::new(window(from, to)).hours(&rules).unwrap()
}

/// `DD HH:MM-HH:MM` on the clocks of Berlin.
fn shown(hours: &Hours) -> Vec<String> {
    let show = |i: &Interval| {
        let (start, end) = (zone().civil_at(i.start), zone().civil_at(i.end));
        format!("{}-{}", start.strftime("%m-%d %H:%M"), end.strftime("%H:%M"))
    };
    hours.open().iter().map(show).collect()
}

#[test]
fn every_other_friday_until_june() {
    let spec = HoursSpec {
        valid_from: Some(date("2026-05-01")),
        valid_until: Some(date("2026-06-12")),
        ..rule("FREQ=WEEKLY;INTERVAL=2;BYDAY=FR", "09:00", "17:00")
    };
    let expected = ["05-01 09:00-17:00", "05-15 09:00-17:00", "05-29 09:00-17:00", "06-12 09:00-17:00"];
    assert_eq!(shown(&expand(vec![spec.clone()], "2026-04-01", "2026-08-01")), expected);
    // From wherever one looks, the weeks are the same.
    assert_eq!(shown(&expand(vec![spec], "2026-05-20", "2026-08-01")), expected[2..]);
}

#[test]
fn exceptions_and_additions_by_date() {
    let spec = HoursSpec {
        exdates: vec![date("2026-06-09")],
        rdates: vec![date("2026-06-13")],
        ..rule("FREQ=WEEKLY;BYDAY=TU", "09:00", "12:00")
    };
    let found = shown(&expand(vec![spec], "2026-06-01", "2026-06-20"));
    assert_eq!(found, ["06-02 09:00-12:00", "06-13 09:00-12:00", "06-16 09:00-12:00"]);
}

#[test]
fn dates_outside_the_validity_do_not_count() {
    let spec = HoursSpec {
        valid_from: Some(date("2026-06-02")),
        valid_until: Some(date("2026-06-10")),
        rdates: vec![date("2026-06-01"), date("2026-06-11"), date("2026-06-10")],
        ..rule("FREQ=WEEKLY;BYDAY=TU", "09:00", "12:00")
    };
    let found = shown(&expand(vec![spec], "2026-05-01", "2026-07-01"));
    assert_eq!(found, ["06-02 09:00-12:00", "06-09 09:00-12:00", "06-10 09:00-12:00"]);
}

#[test]
fn several_rules_add_up_and_cover_each_others_breaks() {
    let lunch = Break { start: parse_time("12:00").unwrap(), end: parse_time("13:00").unwrap() };
    let mut day = rule("FREQ=DAILY", "09:00", "17:00");
    day.shift.breaks.push(lunch);
    let hours = expand(vec![day, rule("FREQ=WEEKLY;BYDAY=WE", "12:30", "20:00")], "2026-06-02", "2026-06-04");
    let found = shown(&hours);
    assert_eq!(found[2..4], ["06-02 09:00-12:00", "06-02 13:00-17:00"]);
    assert_eq!(found[4..6], ["06-03 09:00-12:00", "06-03 12:30-20:00"]);
    let breaks: Vec<i64> = hours.breaks().iter().map(|b| b.end - b.start).collect();
    assert_eq!(breaks[1..3], [3600, 1800]);
}

#[test]
fn a_night_shift_of_the_day_before_the_window_is_there() {
    let found = shown(&expand(vec![rule("FREQ=WEEKLY;BYDAY=MO", "22:00", "06:00")], "2026-06-02", "2026-06-03"));
    assert_eq!(found, ["06-01 22:00-06:00"]);
}

#[test]
fn recurring_time_is_busy_within_the_window_at_wall_time() {
    let start = Moment::Zoned(parse_civil("2024-01-01T09:00").unwrap(), zone());
    let series = |rrule: &str| {
        let mut definition = Definition::new(start.clone());
        definition.end = End::Lasting(Length::exact(3600).unwrap());
        definition.rules.push(Rule::parse(rrule).unwrap());
        Recurring::new(Series::new(definition).unwrap(), BusyKind::External, Ref::number(1))
    };
    let busy = |rrule: &str| {
        let mut busy: Vec<Busy> = Vec::new();
        let all = [series(rrule)];
        Expansion::new(window("2026-03-23", "2026-04-07")).busy(&all, &zone(), &mut busy).unwrap();
        busy.iter().map(|b| b.at.start.to_rfc3339(&zone())).collect::<Vec<_>>()
    };
    let weekly = ["2026-03-23T09:00:00+01:00", "2026-03-30T09:00:00+02:00", "2026-04-06T09:00:00+02:00"];
    assert_eq!(busy("FREQ=WEEKLY"), weekly);
    assert_eq!(busy("FREQ=WEEKLY;UNTIL=20260330T070000Z"), weekly[..2]);
    assert_eq!(busy("FREQ=WEEKLY;UNTIL=20251231T000000Z"), [""; 0]);
}

/// What is left out because its month is another has nothing in the window: starts and ends of months, on clocks far from
/// each other, of events up to four days long.
#[test]
fn yearly_events_at_the_edges_of_months_are_busy() {
    let zones = ["Pacific/Kiritimati", "Europe/Berlin", "Pacific/Pago_Pago"].map(|name| Zone::parse(name).unwrap());
    let starts = ["2020-02-29", "2020-03-01", "2020-06-28", "2020-06-30", "2020-12-29", "2020-12-31", "2021-01-01"];
    let rules =
        ["FREQ=YEARLY", "FREQ=YEARLY;BYMONTH=3,12", "RSCALE=GREGORIAN;FREQ=YEARLY;SKIP=FORWARD", "FREQ=MONTHLY"];
    let mut all = Vec::new();
    for start in starts {
        let (civil, day) = (parse_civil(&format!("{start}T12:00")).unwrap(), Moment::Date(date(start)));
        let zoned = zones.iter().map(|zone| Moment::Zoned(civil, zone.clone()));
        let zoned = zoned.flat_map(|start| [1, 48, 72, 96].map(|hours| (start.clone(), hours)));
        for (start, hours) in zoned.chain([24, 48, 72].map(|hours| (day.clone(), hours))) {
            for rule in rules {
                let mut definition = Definition::new(start.clone());
                let date = matches!(start, Moment::Date(_));
                let length = if date { Length::days(hours / 24) } else { Length::exact(hours * 3600) };
                definition.end = End::Lasting(length.unwrap());
                definition.rules.push(Rule::parse(rule).unwrap());
                all.push(Series::new(definition).unwrap());
            }
        }
    }
    let recurring: Vec<Recurring> =
        all.iter().map(|series| Recurring::new(series.clone(), BusyKind::External, Ref::number(1))).collect();
    let first = window("2025-01-01", "2025-01-02");
    for day in 0..500 {
        for length in [1, 40] {
            let start = first.start + day * 86_400;
            let window = Interval { start, end: start + length * 86_400 };
            let (mut busy, mut expected) = (Vec::new(), Vec::new());
            Expansion::new(window).busy(&recurring, &zones[0], &mut busy).unwrap();
            for series in &all {
                series.for_each(window, &zones[0], |instance| expected.push(instance.at)).unwrap();
            }
            assert_eq!(busy.iter().map(|busy| busy.at).collect::<Vec<_>>(), expected, "{window:?}");
        }
    }
}
