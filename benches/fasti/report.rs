//! The table.

use std::fmt;
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::Failure;
use crate::process::{Memory, Round};

/// Lines of a Markdown table.
#[derive(Default)]
pub struct Table(Vec<[String; 7]>);

const HEAD: [&str; 7] = ["what", "Fasti", "yardstick", "rate", "CPU", "bar", ""];

impl Table {
    /// How many lines it has.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// A line whose bar is a share of the yardstick's rate.
    pub fn rate(&mut self, what: &str, fasti: Round, yardstick: (&str, Round), least: f64) {
        let ratio = fasti.per_second / yardstick.1.per_second;
        self.line(what, fasti, yardstick, ratio, (format!("≥ {}", percent(least)), ratio >= least));
    }

    /// A line whose bars are a time and a share of the yardstick's speed, both by the median answer.
    pub fn time(&mut self, what: &str, fasti: Round, yardstick: (&str, Round), longest: Duration, least: f64) {
        let ratio = yardstick.1.p50.as_secs_f64() / fasti.p50.as_secs_f64();
        let bar = format!("≤ {}, ≥ {}", time(longest), percent(least));
        self.line(what, fasti, yardstick, ratio, (bar, fasti.p50 <= longest && ratio >= least));
    }

    /// A line whose bar is how many times the yardstick's time it may take, by the median answer.
    pub fn times(&mut self, what: &str, fasti: Round, yardstick: (&str, Round), most: f64) {
        let ratio = yardstick.1.p50.as_secs_f64() / fasti.p50.as_secs_f64();
        self.line(what, fasti, yardstick, ratio, (format!("≤ {most} × the time"), ratio * most >= 1.0));
    }

    fn line(&mut self, what: &str, fasti: Round, yardstick: (&str, Round), ratio: f64, (bar, met): (String, bool)) {
        let (name, other) = yardstick;
        self.0.push([
            what.to_owned(),
            figures(fasti),
            format!("{name}: {}", figures(other)),
            percent(ratio),
            percent(other.cpu.as_secs_f64() / fasti.cpu.as_secs_f64()),
            bar,
            verdict(met),
        ]);
    }

    /// A line whose bar is the most memory.
    pub fn memory(&mut self, what: &str, memory: Memory, load: Round, most: f64) {
        let none = || "–".to_owned();
        self.0.push([
            what.to_owned(),
            format!("peak {:.0} MB, at the end {:.0} MB; {}", memory.peak, memory.now, figures(load)),
            none(),
            none(),
            none(),
            format!("≤ {most:.0} MB"),
            verdict(memory.peak <= most),
        ]);
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "| {} |", HEAD.join(" | "))?;
        writeln!(f, "|{}", " --- |".repeat(HEAD.len()))?;
        self.0.iter().try_for_each(|line| writeln!(f, "| {} |", line.join(" | ")))
    }
}

fn figures(round: Round) -> String {
    let rate = if round.per_second < 100.0 { format!("{:.1}", round.per_second) } else { grouped(round.per_second) };
    format!("{rate}/s, {} CPU, p50 {}, p99 {}", time(round.cpu), time(round.p50), time(round.p99))
}

fn verdict(met: bool) -> String {
    if met { "pass" } else { "MISSED" }.to_owned()
}

fn percent(ratio: f64) -> String {
    format!("{:.0} %", ratio * 100.0)
}

fn time(time: Duration) -> String {
    let us = time.as_secs_f64() * 1e6;
    if us < 1000.0 { format!("{us:.0} µs") } else { format!("{:.2} ms", us / 1000.0) }
}

fn grouped(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// When, where and how it was measured.
pub fn heading(folder: &Path, rounds: usize, round: Duration) -> Result<String, Failure> {
    let cpus = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpus.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": ").map(|(_, name)| name));
    let kernel = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let busy = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    Ok(format!(
        "\n{} · {} × {} · Linux {} · load {} · fsync {} · {} · {rounds} rounds of {round:?} each, alternating; medians\n\
         \"rate\" is Fasti's speed as a share of the yardstick's, \"CPU\" the yardstick's processor time as a share of \
         Fasti's.\n\n",
        fasti::time::clock::now().to_rfc3339(&fasti::time::Zone::utc()),
        std::thread::available_parallelism()?,
        model.unwrap_or("unknown processor"),
        kernel.trim(),
        busy.split(' ').next().unwrap_or("unknown"),
        time(fsync(folder)?),
        if cfg!(debug_assertions) { "NOT OPTIMISED" } else { "built as a release, all servers alike" },
    ))
}

/// How long it takes to make a page durable on this disk: the median of 25.
fn fsync(folder: &Path) -> Result<Duration, Failure> {
    let mut file = std::fs::File::create(folder.join("fsync"))?;
    let mut times = Vec::new();
    for _ in 0..25 {
        file.write_all(&[7; 4096])?;
        let begun = Instant::now();
        file.sync_data()?;
        times.push(begun.elapsed());
    }
    times.sort_unstable();
    Ok(times[times.len() / 2])
}
