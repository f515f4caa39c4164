//! Measures the availability engine: `cargo bench --bench availability`.
//!
//! The workload is `avail/0` of `tests/data/availability/slots.jsonl`: one person, 60 days, a grid of 15 minutes, a service
//! of 30, three weekly rules of hours, 200 busy times, 887 slots. "Hours and busy times included" means that rules are
//! laid out and busy times sorted within the measured time. `rrule_and_sweep` is the straightforward way: the crate
//! `rrule` gives the hours, one sweep the slots. The table comes first, then every benchmark by itself.

#![allow(clippy::unwrap_used, reason = "a measurement may panic")]

#[path = "../bars/mod.rs"]
mod bars;
mod work;

use bars::{Bars, measure, median, time};
use divan::{Bencher, black_box};
use fasti::availability::{Busy, Expansion, Question, Recurring, Ref, bulk, explain, first, slots};
use fasti::time::Interval;

use work::{Person, Team};

/// As in `src/main.rs`.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() {
    Person::new().check();
    println!("{}", table());
    divan::main();
}

/// The figures that have bars. What is a ratio is measured by turns.
fn table() -> Bars {
    let (person, team) = (Person::new(), Team::new());
    let plain = || measure(51, 200_000, || plain(&person));
    let mut table = Bars::new("availability: slots of 30 minutes on a grid of 15");
    let alone = plain();
    table.line("one person, 60 days, 200 busy times", time(alone), "≤ 20 µs", alone <= 20e3);
    for (kind, what) in KINDS {
        let events = person.recurring(kind);
        let round = || {
            let took = measure(51, 200_000, || recurring(&person, &events));
            (took, took / plain())
        };
        let (times, ratios): (Vec<f64>, Vec<f64>) = (0..7).map(|_| round()).unzip();
        let (took, ratio) = (median(times), median(ratios));
        let what = format!("500 recurring events instead of the 200: {what}");
        table.line(&what, format!("{}, {ratio:.1}×", time(took)), "≤ 3×", ratio <= 3.0);
    }
    let sweep = measure(51, 200_000, || work::straightforward(&person).len());
    // On the machine that set the bars: 166 µs where the first line may take 20.
    let (share, most) = (alone / sweep, 20.0 / 166.0);
    let what = "the first line by the crate rrule and one sweep, and Fasti's share of that";
    table.line(what, format!("{}, {:.1} %", time(sweep), 100.0 * share), "≤ 12 %", share <= most);
    let all = measure(9, 0, || each(&team));
    table.line("each of 1,000 people, 30 days, in one call", time(all), "≤ 40 ms", all <= 40e6);
    table.plain("the same, \"with anyone\"", time(measure(9, 0, || anyone(&team))));
    table
}

/// What 500 recurring events are, and in words.
const KINDS: [(&str, &str); 3] = [
    ("mixed", "a tenth weekly, a fifth monthly, the others yearly, every second one over"),
    ("monthly", "all monthly, none over"),
    ("weekly", "all weekly, none over"),
];

fn plain(person: &Person) -> usize {
    person.ask(&person.busy, |question| slots(question).slots().len())
}

fn recurring(person: &Person, events: &[Recurring]) -> usize {
    let taken = Expansion::new(person.reach()).taken(events, &person.zone).unwrap_or_default();
    let busy: Vec<Busy> = taken.iter().map(|at| Busy::external(*at, Ref::default())).collect();
    person.ask(&busy, |question| slots(question).slots().len())
}

fn each(team: &Team) -> usize {
    team.ask(|question| bulk(question).iter().map(|(_, slots)| slots.len()).sum())
}

fn anyone(team: &Team) -> usize {
    team.ask(|question| slots(question).slots().len())
}

/// One person, 60 days, 200 busy times: at most 20 µs.
#[divan::bench]
fn sixty_days(bencher: Bencher) {
    let person = Person::new();
    bencher.bench_local(|| plain(&person));
}

/// The same with hours laid out before.
#[divan::bench]
fn sixty_days_hours_known(bencher: Bencher) {
    let person = Person::new();
    let hours = person.hours();
    bencher.bench_local(|| person.ask_with(&hours, &person.busy, |question| slots(question).slots().len()));
}

/// The same with 500 events of another calendar that recur instead of the 200: at most three times as long.
#[divan::bench(args = KINDS.map(|(kind, _)| kind))]
fn sixty_days_500_recurring(bencher: Bencher, kind: &str) {
    let person = Person::new();
    let events = person.recurring(kind);
    bencher.bench_local(|| recurring(&person, &events));
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
    bencher.bench_local(|| each(&team));
}

/// The same, but "with anyone".
#[divan::bench(sample_count = 20)]
fn team_anyone(bencher: Bencher) {
    let team = Team::new();
    bencher.bench_local(|| anyone(&team));
}

/// The same, but "when first".
#[divan::bench(sample_count = 20)]
fn team_first(bencher: Bencher) {
    let team = Team::new();
    bencher.bench_local(|| team.ask(|question| first(question).is_some()));
}
