//! The workloads, and the straightforward way.

use fasti::availability::{
    Business, Busy, BusyKind, Calendar, Expansion, Grid, Hours, HoursRule, HoursSpec, Need, Question, Recurring, Ref,
    Shift, Terms, slots,
};
use fasti::recurrence::{Definition, End, Length, Moment, Rule, Series};
use fasti::time::{Instant, Interval, Time, Zone};

const DAYS: i64 = 60;
const LENGTH: u32 = 30;
const STEP: u32 = 15;
/// Hour and minute.
type Clock = (i8, i8);
/// BYDAY, from, until.
const HOURS: [(&str, Clock, Clock); 3] =
    [("MO,TU,WE,TH,FR", (9, 0), (12, 30)), ("MO,TU,WE,TH,FR", (13, 30), (18, 0)), ("SA", (9, 0), (13, 0))];

/// One person and what takes their time.
pub struct Person {
    pub zone: Zone,
    pub window: Interval,
    pub busy: Vec<Busy>,
    rules: Vec<HoursRule>,
    expected: Vec<i64>,
}

impl Person {
    pub fn new() -> Self {
        let text = include_str!("../../tests/data/availability/slots.jsonl");
        let case: serde_json::Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
        let numbers = |list: &serde_json::Value| -> Vec<i64> {
            list.as_array().unwrap().iter().map(|n| n.as_i64().unwrap()).collect()
        };
        let busy = (0..).zip(case["workload"]["busy"].as_array().unwrap()).map(|(number, pair)| {
            let pair = numbers(pair);
            let at = Interval { start: Instant::from_unix(pair[0]), end: Instant::from_unix(pair[1]) };
            Busy::booking(at, 0, Ref::number(number))
        });
        let start = Instant::from_unix(1_803_859_200); // 2027-03-01
        let zone = Zone::parse("Europe/Berlin").unwrap();
        Self {
            window: Interval { start, end: start + DAYS * 86_400 },
            busy: busy.collect(),
            rules: rules(&zone),
            expected: numbers(&case["slots"]),
            zone,
        }
    }

    /// The engine and the straightforward way give what the corpus says.
    pub fn check(&self) {
        let found = self.ask(&self.busy, |question| {
            slots(question).slots().iter().map(|slot| slot.at.start.unix()).collect::<Vec<_>>()
        });
        assert!(found == self.expected, "the engine");
        assert!(straightforward(self) == self.expected, "rrule and a sweep");
    }

    pub fn reach(&self) -> Interval {
        self.ask_with(&Hours::default(), &[], |question| question.reach())
    }

    pub fn hours(&self) -> Hours {
        Expansion::new(self.reach()).hours(&self.rules).unwrap()
    }

    pub fn ask<T>(&self, busy: &[Busy], answer: impl FnOnce(&Question<'_>) -> T) -> T {
        self.ask_with(&self.hours(), busy, answer)
    }

    pub fn ask_with<T>(&self, hours: &Hours, busy: &[Busy], answer: impl FnOnce(&Question<'_>) -> T) -> T {
        let calendar = [Calendar { hours: Some(hours), quantity: 1, busy, ..Calendar::default() }];
        answer(&Question {
            window: self.window,
            now: self.window.start,
            zone: &self.zone,
            terms: Terms::plain(LENGTH, Grid::every(STEP).unwrap()),
            business: Business::default(),
            needs: &[Need { candidates: &calendar, units: 1 }],
            ignore: &[],
        })
    }

    /// 500 events that began within the last three years. `mixed` is a calendar as people have it: a tenth weekly, a fifth
    /// monthly, the others once a year, and of all every second one over since.
    pub fn recurring(&self, kind: &str) -> Vec<Recurring> {
        let first = fasti::time::Date::constant(2024, 3, 4);
        let event = |number: i8, index: i64| {
            let rule = match (kind, index % 10) {
                ("weekly", _) | ("mixed", 0) => "FREQ=WEEKLY",
                ("monthly", _) | ("mixed", 1 | 2) => "FREQ=MONTHLY",
                _ => "FREQ=YEARLY",
            };
            let over = if kind == "mixed" && index % 2 == 1 { ";UNTIL=20261231T000000Z" } else { "" };
            let day = first.checked_add(jiff::SignedDuration::from_hours(24 * (index * 7 % 360))).unwrap();
            let start = day.at(8 + number % 10, number % 4 * 15, 0, 0);
            let mut definition = Definition::new(Moment::Zoned(start, self.zone.clone()));
            definition.end = End::Lasting(Length::exact(1800).unwrap());
            definition.rules.push(Rule::parse(&format!("{rule}{over}")).unwrap());
            let (series, source) = (Series::new(definition).unwrap(), Ref::number(index.unsigned_abs().into()));
            Recurring::new(series, BusyKind::External, source)
        };
        (0..500).map(|index| event((index % 97) as i8, index)).collect()
    }
}

fn rules(zone: &Zone) -> Vec<HoursRule> {
    let rule = |(days, from, until): (&str, Clock, Clock)| {
        HoursRule::new(HoursSpec {
            rule: Rule::parse(&format!("FREQ=WEEKLY;BYDAY={days}")).unwrap(),
            valid_from: None,
            valid_until: None,
            exdates: Vec::new(),
            rdates: Vec::new(),
            shift: Shift {
                start: Time::constant(from.0, from.1, 0, 0),
                end: Time::constant(until.0, until.1, 0, 0),
                breaks: Vec::new(),
            },
            zone: zone.clone(),
        })
    };
    HOURS.into_iter().map(|hours| rule(hours).unwrap()).collect()
}

/// A thousand people, each with their own rules and busy times, over 30 days.
pub struct Team {
    person: Person,
    busy: Vec<Vec<Busy>>,
}

impl Team {
    pub fn new() -> Self {
        let mut person = Person::new();
        person.window.end = person.window.start + 30 * 86_400;
        let shifted = |by: i64| {
            let busy = person.busy.iter().filter(|b| b.at.start < person.window.end);
            busy.map(|b| Busy { at: b.at.widened(-by * 300, by * 300), ..*b }).collect::<Vec<_>>()
        };
        let busy = (0..1000).map(|n| shifted(n % 12)).collect();
        Self { person, busy }
    }

    pub fn ask<T>(&self, answer: impl FnOnce(&Question<'_>) -> T) -> T {
        let person = &self.person;
        person.ask_with(&Hours::default(), &[], |question| {
            let mut expansion = Expansion::new(question.reach());
            let hours: Vec<Hours> = self.busy.iter().map(|_| expansion.hours(&person.rules).unwrap()).collect();
            let calendars: Vec<Calendar<'_>> = hours
                .iter()
                .zip(&self.busy)
                .zip(0..)
                .map(|((hours, busy), number)| Calendar {
                    who: Ref::number(number),
                    hours: Some(hours),
                    quantity: 1,
                    busy,
                    sessions: &[],
                })
                .collect();
            answer(&Question { needs: &[Need { candidates: &calendars, units: 1 }], ..*question })
        })
    }
}

/// Hours from the crate `rrule`, started two years before the window, and one sweep.
pub fn straightforward(person: &Person) -> Vec<i64> {
    let window = (person.window.start.unix(), person.window.end.unix());
    let utc = |at: i64| chrono::DateTime::from_timestamp(at, 0).unwrap().with_timezone(&rrule::Tz::UTC);
    let mut open: Vec<(i64, i64)> = Vec::new();
    for (days, from, until) in HOURS {
        let text =
            format!("DTSTART;TZID=Europe/Berlin:20250303T{:02}{:02}00\nRRULE:FREQ=WEEKLY;BYDAY={days}", from.0, from.1);
        let set: rrule::RRuleSet = text.parse().unwrap();
        let length = i64::from(until.0 - from.0) * 3600 + i64::from(until.1 - from.1) * 60;
        let found = set.after(utc(window.0 - 86_400)).before(utc(window.1)).all(u16::MAX);
        open.extend(found.dates.iter().map(|start| (start.timestamp(), start.timestamp() + length)));
    }
    open.sort_unstable();
    let mut busy: Vec<(i64, i64)> = person.busy.iter().map(|b| (b.at.start.unix(), b.at.end.unix())).collect();
    busy.sort_unstable();
    let (step, length) = (i64::from(STEP) * 60, i64::from(LENGTH) * 60);
    let mut slots = Vec::new();
    let mut offer = |from: i64, until: i64| {
        let mut at = (from.max(window.0) + step - 1) / step * step;
        while at + length <= until.min(window.1) {
            slots.push(at);
            at += step;
        }
    };
    let (mut next, mut busy_until) = (0, i64::MIN);
    for (from, until) in open {
        let mut free = from.max(busy_until);
        while let Some((start, end)) = busy.get(next).filter(|b| b.0 < until) {
            offer(free, *start);
            free = free.max(*end);
            busy_until = busy_until.max(*end);
            next += 1;
        }
        offer(free, until);
    }
    slots
}
