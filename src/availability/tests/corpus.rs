//! Every workload of `tests/data/availability/slots.jsonl`, whose answers come from brute force.

use serde_json::Value;

use crate::availability::hours::Layout;
use crate::availability::{Business, Busy, Calendar, Grid, Hours, Need, Offsets, Question, Ref, Shift, Terms};
use crate::availability::{Spans, slots};
use crate::time::{Instant, Interval, Time, TimeInput, Zone};

fn instant(text: &str) -> Instant {
    let TimeInput::Fixed(at) = TimeInput::parse(text).unwrap() else { panic!("{text}") };
    at
}

/// Weekday hours over a window, without recurrence rules.
pub(super) fn weekly(rules: &Value, window: Interval, zone: &Zone) -> Spans {
    let days = Interval { start: window.start - 2 * 86_400, end: window.end + 2 * 86_400 };
    let offsets = Offsets::new(zone, days);
    let mut layout = Layout::default();
    for rule in rules.as_array().unwrap() {
        let number = |i: usize| rule[i].as_i64().unwrap() as i8;
        let shift = Shift {
            start: Time::constant(number(1), number(2), 0, 0),
            end: Time::constant(number(3), number(4), 0, 0),
            breaks: Vec::new(),
        };
        let weekdays: Vec<i64> = rule[0].as_array().unwrap().iter().map(|d| d.as_i64().unwrap()).collect();
        // 1970-01-01 was a Thursday; Sunday is 0.
        let all = days.start.unix() / 86_400..=days.end.unix() / 86_400;
        layout.add(&shift, &offsets, all.filter(|day| weekdays.contains(&(day + 4).rem_euclid(7))));
    }
    layout.finish().open().clone()
}

#[test]
fn every_workload() {
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/availability/slots.jsonl"));
    let mut seen = 0;
    for line in text.unwrap().lines() {
        let case: Value = serde_json::from_str(line).unwrap();
        let work = &case["workload"];
        let zone = Zone::parse(work["tz"].as_str().unwrap()).unwrap();
        let window =
            Interval { start: instant(work["from"].as_str().unwrap()), end: instant(work["to"].as_str().unwrap()) };
        let pair = |b: &Value| Interval {
            start: Instant::from_unix(b[0].as_i64().unwrap()),
            end: Instant::from_unix(b[1].as_i64().unwrap()),
        };
        let busy: Vec<Busy> =
            (0..).zip(work["busy"].as_array().unwrap()).map(|(n, b)| Busy::external(pair(b), Ref::number(n))).collect();
        // The workloads know nothing outside their window, ends of slots included.
        let hours = Hours::new(weekly(&work["hours"], window, &zone).clip(window));
        let person = [Calendar { hours: Some(&hours), quantity: 1, busy: &busy, ..Calendar::default() }];
        let grid = Grid::every(work["grid"].as_u64().unwrap() as u32).unwrap();
        let question = Question {
            window,
            now: window.start,
            zone: &zone,
            terms: Terms::plain(work["len"].as_u64().unwrap() as u32, grid),
            business: Business::default(),
            needs: &[Need { candidates: &person, units: 1 }],
            ignore: &[],
        };
        let found: Vec<i64> = slots(&question).slots().iter().map(|slot| slot.at.start.unix()).collect();
        let expected: Vec<i64> = case["slots"].as_array().unwrap().iter().map(|s| s.as_i64().unwrap()).collect();
        assert_eq!(found, expected, "{}", case["id"]);
        seen += 1;
    }
    assert_eq!(seen, 82);
}
