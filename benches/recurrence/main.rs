//! The window question: the instances of a rule in a 30-day window, DTSTART ten years before it. Fasti against the crate
//! `rrule` in the same run, over the rules of `corpora/recurrence/window.jsonl`.
//!
//! `cargo bench --bench recurrence`. The medians of rounds count, because the machine is shared. Below that what hostile
//! rules cost at worst; `FASTI_BENCH_ALL=1` lists all of them.

#[path = "../bars/mod.rs"]
mod bars;
mod counting;
mod hostile;

use std::hint::black_box;

use bars::{Bars, measure, median, time};
use fasti::recurrence::{Definition, Moment, Rule, Series};
use fasti::time::{Civil, Instant, Interval, Zone};

/// A rule, ready to be asked in both ways.
struct Case {
    id: String,
    rule: String,
    series: Series,
    zone: Zone,
    window: Interval,
    other: rrule::RRuleSet,
    from: chrono::DateTime<rrule::Tz>,
    to: chrono::DateTime<rrule::Tz>,
    expected: usize,
}

#[global_allocator]
static ALLOCATOR: counting::Counting = counting::Counting(tikv_jemallocator::Jemalloc);

type Failure = Box<dyn std::error::Error>;

fn civil(text: &str) -> Result<Civil, Failure> {
    Ok(Civil::strptime("%Y%m%dT%H%M%S", text.trim_end_matches('Z'))?)
}

fn case(line: &str) -> Result<Option<Case>, Failure> {
    let vector: serde_json::Value = serde_json::from_str(line)?;
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let (tzid, start, rule) = (text(&vector["tzid"]), text(&vector["dtstart"]), text(&vector["rrule"][0]));
    let zone = Zone::parse(&tzid)?;
    let utc = |value: &serde_json::Value| Ok::<_, Failure>(Zone::utc().instant(civil(&text(value))?));
    let (from, to) = (utc(&vector["window"][0])?, utc(&vector["window"][1])?);
    let window = Interval::new(from, to).ok_or("an empty window")?;
    let mut definition = Definition::new(Moment::Zoned(civil(&start)?, zone.clone()));
    definition.rules.push(Rule::parse(&rule)?);
    // What rrule cannot read (it says so) is not compared.
    let Ok(other) = format!("DTSTART;TZID={tzid}:{start}\nRRULE:{rule}").parse::<rrule::RRuleSet>() else {
        return Ok(None);
    };
    let date = |at: Instant| chrono::DateTime::from_timestamp(at.unix(), 0).map(|at| at.with_timezone(&rrule::Tz::UTC));
    Ok(Some(Case {
        id: text(&vector["id"]),
        rule,
        series: Series::new(definition)?,
        zone,
        window,
        from: date(from).ok_or("no date")?,
        // rrule's window is closed.
        to: date(to - 1).ok_or("no date")?,
        other: other.after(date(from).ok_or("no date")?).before(date(to - 1).ok_or("no date")?),
        expected: vector["expected"].as_array().map_or(0, Vec::len),
    }))
}

fn ours(case: &Case) -> usize {
    let mut count = 0;
    let done = case.series.for_each(black_box(case.window), &case.zone, |instance| {
        black_box(instance);
        count += 1;
    });
    if done.is_ok() { count } else { usize::MAX }
}

fn theirs(case: &Case) -> usize {
    let set = case.other.clone().after(black_box(case.from)).before(case.to);
    set.all(u16::MAX).dates.len()
}

fn main() -> Result<(), Failure> {
    let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared");
    let shared = std::env::var("FASTI_SHARED").unwrap_or_else(|_| beside.to_owned());
    let own = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/recurrence/window.jsonl");
    let file = if std::path::Path::new(own).exists() {
        own.to_owned()
    } else {
        format!("{shared}/corpora/recurrence/window.jsonl")
    };
    let text = std::fs::read_to_string(&file)?;
    let (mut rows, mut unread, mut wrong) = (Vec::new(), 0, 0);
    for line in text.lines() {
        let Some(case) = case(line)? else {
            unread += 1;
            continue;
        };
        if ours(&case) != case.expected {
            return Err(
                format!("{} {}: {} instances instead of {}", case.id, case.rule, ours(&case), case.expected).into()
            );
        }
        wrong += usize::from(theirs(&case) != case.expected);
        let (fasti, rrule) = (measure(5, 20_000, || ours(&case)), measure(3, 20_000, || theirs(&case)));
        rows.push((rrule / fasti, fasti, rrule, case));
    }
    rows.sort_by(|a, b| a.0.total_cmp(&b.0));
    let fasti = median(rows.iter().map(|row| row.1).collect());
    let slowest = rows.iter().map(|row| row.1).fold(0.0, f64::max);
    let mean = (rows.iter().map(|row| row.0.ln()).sum::<f64>() / rows.len() as f64).exp();
    println!("rules compared {}, which rrule cannot read {unread}, on which it is wrong {wrong}\n", rows.len());
    let mut table = Bars::new("recurrence: the instances of a rule in 30 days, DTSTART ten years before");
    table.line("median", time(fasti), "≤ 1 µs", fasti <= 1e3);
    table.plain("slowest rule", time(slowest));
    table.plain("median of the crate rrule", time(median(rows.iter().map(|row| row.2).collect())));
    table.line("times as fast as rrule, geometric mean", format!("{mean:.0}×"), "≥ 300×", mean >= 300.0);
    table.line("times as fast as rrule, least", format!("{:.0}×", rows[0].0), "≥ 1×", rows[0].0 >= 1.0);
    let own =
        |name: &str| std::fs::read_to_string(format!("{}/tests/data/recurrence/{name}", env!("CARGO_MANIFEST_DIR")));
    let texts = [own("hostile.jsonl")?, own("must-reject.jsonl")?];
    let worst = hostile::Worst::of(&[&texts[0], &texts[1]], std::path::Path::new(&shared))?;
    let (count, slowest, largest) = (worst.inputs, &worst.slowest, &worst.largest);
    let what = format!("slowest of {count} hostile events, read and expanded: {slowest}");
    table.line(&what, time(worst.ms * 1e6), "≤ 10 ms", worst.ms <= 10.0);
    let what = format!("most memory of these, beyond their text: {largest}");
    table.line(&what, format!("{:.1} MB", worst.megabytes), "≤ 10 MB", worst.megabytes <= 10.0);
    println!("{table}");
    println!("The least ahead of rrule:");
    for (ratio, fasti, rrule, case) in rows.iter().take(8) {
        println!("  {ratio:>8.1}  {:>8.3} µs  {:>8.1} µs  {} {}", fasti / 1e3, rrule / 1e3, case.expected, case.rule);
    }
    Ok(())
}
