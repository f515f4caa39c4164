//! Measures the availability engine: `cargo bench --bench availability`.
//!
//! The workload is `avail/0` of `tests/data/availability/slots.jsonl`: one person, 60 days, a grid of 15 minutes, a service
//! of 30, three weekly rules of hours, 200 busy times, 887 slots. "Hours and busy times included" means that rules are
//! laid out and busy times sorted within the measured time. `rrule_and_sweep` is the straightforward way: the crate
//! `rrule` gives the hours, one sweep the slots.

#![allow(clippy::unwrap_used, reason = "a measurement may panic")]

mod work;

use divan::{Bencher, black_box};
use fasti::availability::{Busy, Expansion, Question, bulk, explain, first, slots};
use fasti::time::Interval;

use work::{Person, Team};

fn main() {
    Person::new().check();
    divan::main();
}

/// One person, 60 days, 200 busy times: at most 20 µs.
#[divan::bench]
fn sixty_days(bencher: Bencher) {
    let person = Person::new();
    bencher.bench_local(|| person.ask(&person.busy, |question| slots(question).slots().len()));
}

/// The same with hours laid out before.
#[divan::bench]
fn sixty_days_hours_known(bencher: Bencher) {
    let person = Person::new();
    let hours = person.hours();
    bencher.bench_local(|| person.ask_with(&hours, &person.busy, |question| slots(question).slots().len()));
}

/// The same with 500 events of another calendar that recur instead of the 200: at most three times as long.
#[divan::bench(args = ["mixed", "monthly", "weekly"])]
fn sixty_days_500_recurring(bencher: Bencher, kind: &str) {
    let person = Person::new();
    let events = person.recurring(kind);
    bencher.bench_local(|| {
        let mut busy: Vec<Busy> = Vec::with_capacity(1024);
        Expansion::new(person.reach()).busy(&events, &person.zone, &mut busy).unwrap_or_default();
        person.ask(&busy, |question| slots(question).slots().len())
    });
}

/// The straightforward way.
#[divan::bench]
fn sixty_days_rrule_and_sweep(bencher: Bencher) {
    let person = Person::new();
    bencher.bench_local(|| work::straightforward(&person).len());
}

/// One start looked at from all sides.
#[divan::bench]
fn explain_one_start(bencher: Bencher) {
    let person = Person::new();
    let start = person.window.start + 10 * 86_400 + 12 * 3600;
    bencher.bench_local(|| {
        person.ask(&person.busy, |question| {
            let one = Question { window: Interval { start, end: start + 1 }, ..*question };
            black_box(explain(&one)).reasons.len()
        })
    });
}

/// A thousand people with hours and 100 busy times each, a month: at most 40 ms.
#[divan::bench(sample_count = 20)]
fn team_each(bencher: Bencher) {
    let team = Team::new();
    bencher.bench_local(|| team.ask(|question| bulk(question).iter().map(|(_, slots)| slots.len()).sum::<usize>()));
}

/// The same, but "with anyone".
#[divan::bench(sample_count = 20)]
fn team_anyone(bencher: Bencher) {
    let team = Team::new();
    bencher.bench_local(|| team.ask(|question| slots(question).slots().len()));
}

/// The same, but "when first".
#[divan::bench(sample_count = 20)]
fn team_first(bencher: Bencher) {
    let team = Team::new();
    bencher.bench_local(|| team.ask(|question| first(question).is_some()));
}
