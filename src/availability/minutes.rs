//! Joining many short intervals, a bit a minute.

use crate::recurrence::Run;
use crate::time::{Instant, Interval};

use super::Spans;

/// The longest window that is kept as bits, in minutes: two years and some days.
const MOST: i64 = 740 * DAY;
/// The longest interval that is kept as bits, in minutes. Longer ones cost less in a list.
const DAY: i64 = 1440;

/// A set of instants that grows: a bit for each minute, and a list of what does not begin and end on whole minutes. The
/// instances of recurring events are many and short, and nearly all on whole minutes: as bits they need neither memory of
/// their own nor sorting.
#[derive(Debug)]
pub(super) struct Minutes {
    /// When the first minute begins.
    from: i64,
    bits: Vec<u64>,
    others: Vec<Interval>,
}

impl Minutes {
    /// No instant. What is added may be anywhere, but costs less if it begins at most a day before `window` and in it.
    pub fn new(window: Interval) -> Self {
        let from = (window.start.unix().div_euclid(60) - DAY) * 60;
        let minutes = (window.end - Instant::from_unix(from)) / 60 + 1;
        let bits = if (0..=MOST).contains(&minutes) { minutes + DAY } else { 0 };
        Self { from, bits: vec![0; bits as usize / 64 + 2], others: Vec::new() }
    }

    /// Adds the instants of a run.
    #[inline]
    pub fn add(&mut self, run: &Run) {
        // What is before the first minute comes after the last one here.
        let since = |at: Instant| (at.unix() - self.from) as u64;
        let (start, until, length, step) = (since(run.start), since(run.until), run.length as u64, run.step as u64);
        let (first, minutes) = (start / 60, length / 60);
        let mut whole = first * 60 == start && minutes * 60 == length && minutes <= DAY as u64;
        let (mut every, mut end) = (1, first + 1);
        if start.saturating_add(step) < until {
            whole &= step % 60 == 0;
            (every, end) = (step / 60, until.div_ceil(60));
        }
        if !whole || end + minutes > (self.bits.len() as u64 - 1) * 64 {
            self.others.extend(run.each());
            return;
        }
        // Up to a word of each instance, then of each the next one.
        let (mut from, mut to, mut left) = (first, end, minutes);
        while left > 0 {
            let some = left.min(64);
            let ones = u64::MAX >> (64 - some);
            let mut minute = from;
            while minute < to {
                let (word, bit) = (minute as usize / 64, minute % 64);
                self.bits[word] |= ones << bit;
                self.bits[word + 1] |= ones >> 1 >> (63 - bit);
                minute += every;
            }
            (from, to, left) = (from + some, to + some, left - some);
        }
    }

    /// All that was added.
    pub fn spans(self) -> Spans {
        let instant = |minute: u64| Instant::from_unix(self.from + minute as i64 * 60);
        let (mut joined, mut start, mut last) = (Vec::with_capacity(self.bits.len() / 4), 0, 0);
        for (word, number) in self.bits.iter().zip(0_u64..) {
            if *word == 0 && last == 0 {
                continue;
            }
            // The bits that differ from the one before.
            let mut edges = word ^ (word << 1 | last);
            last = word >> 63;
            while edges != 0 {
                let (bit, minute) = (edges.trailing_zeros(), number * 64 + u64::from(edges.trailing_zeros()));
                if word >> bit & 1 == 1 {
                    start = minute;
                } else {
                    joined.push(Interval { start: instant(start), end: instant(minute) });
                }
                edges &= edges - 1;
            }
        }
        let joined = Spans::sorted(joined);
        if self.others.is_empty() { joined } else { joined.union(&Spans::new(self.others)) }
    }
}
