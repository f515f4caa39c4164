//! A table of figures beside the bars they have to meet, and how they are measured. A bar that is missed is printed and
//! fails nothing: the machine is shared.

use std::fmt;
use std::hint::black_box;
use std::time::Instant as Clock;

/// Lines of a Markdown table.
pub struct Bars(Vec<[String; 4]>);

impl Bars {
    pub fn new(what: &str) -> Self {
        Self(vec![[what, "Fasti", "bar", ""].map(str::to_owned), ["---"; 4].map(str::to_owned)])
    }

    /// A line with a bar, and whether it is met.
    pub fn line(&mut self, what: &str, figure: String, bar: &str, met: bool) {
        self.0.push([what.to_owned(), figure, bar.to_owned(), if met { "ok" } else { "over" }.to_owned()]);
    }

    /// A line to compare with.
    pub fn plain(&mut self, what: &str, figure: String) {
        self.0.push([what.to_owned(), figure, "–".to_owned(), String::new()]);
    }
}

impl fmt::Display for Bars {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|line| writeln!(f, "| {} |", line.join(" | ")))
    }
}

/// Nanoseconds for one call: the median of rounds of at least `least` nanoseconds. Many short rounds are better than few
/// long ones where others want the processor too.
pub fn measure(rounds: usize, least: u128, mut call: impl FnMut() -> usize) -> f64 {
    let mut calls = 1_u32;
    let mut times = Vec::new();
    while times.len() < rounds {
        let begin = Clock::now();
        for _ in 0..calls {
            black_box(call());
        }
        let took = begin.elapsed().as_nanos();
        if took < least && calls < 1 << 20 {
            calls *= 2;
        } else {
            times.push(took as f64 / f64::from(calls));
        }
    }
    median(times)
}

pub fn median(mut all: Vec<f64>) -> f64 {
    all.sort_by(f64::total_cmp);
    all[all.len() / 2]
}

/// Nanoseconds, as one reads them.
pub fn time(ns: f64) -> String {
    match ns {
        ..1e3 => format!("{ns:.0} ns"),
        ..1e6 => format!("{:.1} µs", ns / 1e3),
        _ => format!("{:.1} ms", ns / 1e6),
    }
}
