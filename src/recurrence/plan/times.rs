//! Which times of the day a rule has: BYHOUR, BYMINUTE, BYSECOND, the steps of HOURLY to SECONDLY, and BYSETPOS where
//! its set is the same in every period.

use super::super::day::SECONDS_PER_DAY;
use super::super::rule::{Frequency, Rule};

/// Times of the day as sets.
#[derive(Debug, Clone, Copy)]
pub(in crate::recurrence) struct Clock {
    pub hours: u64,
    pub minutes: u64,
    pub seconds: u64,
}

/// All of the numbers below 60 (for hours the ones from 24 on do not matter).
const FULL: u64 = (1 << 60) - 1;

fn bits(values: &[u8], otherwise: u64) -> u64 {
    if values.is_empty() {
        return otherwise;
    }
    // Second 60 is second 59 where there are no leap seconds (RFC 5545 §3.3.12).
    values.iter().fold(0, |bits, value| bits | 1 << (*value).min(59))
}

impl Clock {
    /// What the parts say; what they do not say comes from DTSTART where it is finer than FREQ, and is free otherwise.
    pub(super) fn of(rule: &Rule, start: u32) -> Self {
        let from_start = |unit: Frequency, value: u32| if rule.frequency > unit { 1 << value } else { FULL };
        Self {
            hours: bits(&rule.by_hour, from_start(Frequency::Hourly, start / 3600)),
            minutes: bits(&rule.by_minute, from_start(Frequency::Minutely, start / 60 % 60)),
            seconds: bits(&rule.by_second, from_start(Frequency::Secondly, start % 60)),
        }
    }

    pub(super) fn is_full(self) -> bool {
        self.hours & 0xff_ffff == 0xff_ffff && self.minutes == FULL && self.seconds == FULL
    }

    pub(super) fn has(self, second: u32) -> bool {
        self.hours >> (second / 3600) & 1 == 1
            && self.minutes >> (second / 60 % 60) & 1 == 1
            && self.seconds >> (second % 60) & 1 == 1
    }

    /// The seconds of the day, ascending, from the first one of `unit` seconds on.
    fn within(self, from: u32, unit: u32) -> Vec<u32> {
        let (to, mut found) = (from + unit, Vec::new());
        for hour in from / 3600..to.div_ceil(3600) {
            if self.hours >> hour & 1 == 0 {
                continue;
            }
            for minute in ones(self.minutes) {
                let at = hour * 3600 + minute * 60;
                found.extend(ones(self.seconds).map(|second| at + second).filter(|at| (from..to).contains(at)));
            }
        }
        found
    }
}

fn ones(mut bits: u64) -> impl Iterator<Item = u32> {
    std::iter::from_fn(move || {
        let bit = (bits != 0).then(|| bits.trailing_zeros());
        bits &= bits.wrapping_sub(1);
        bit
    })
}

/// The length of FREQ's unit for HOURLY, MINUTELY, SECONDLY.
pub(super) fn unit(frequency: Frequency) -> Option<u32> {
    match frequency {
        Frequency::Hourly => Some(3600),
        Frequency::Minutely => Some(60),
        Frequency::Secondly => Some(1),
        _ => None,
    }
}

/// The times of a day, for rules that have days (DAILY to YEARLY), from DTSTART's time if it has one. BYSETPOS is applied
/// for DAILY.
pub(super) fn of_day(rule: &Rule, start: Option<u32>) -> Vec<u32> {
    let times = start.map_or_else(|| vec![0], |start| Clock::of(rule, start).within(0, SECONDS_PER_DAY as u32));
    if rule.frequency == Frequency::Daily { picked(times, &rule.by_set_pos) } else { times }
}

/// The times within one unit of HOURLY, MINUTELY or SECONDLY, as seconds from its start. BYSETPOS is applied.
pub(super) fn of_unit(rule: &Rule, start: u32, unit: u32) -> Vec<u32> {
    let clock = Clock { hours: FULL, ..Clock::of(rule, start) };
    let clock = if unit < 3600 { Clock { minutes: FULL, ..clock } } else { clock };
    let clock = if unit < 60 { Clock { seconds: FULL, ..clock } } else { clock };
    picked(clock.within(0, unit), &rule.by_set_pos)
}

/// Whether a unit that begins at `second` of the day passes the parts that limit it.
pub(super) fn limit(rule: &Rule, unit: u32) -> Clock {
    let clock = Clock {
        hours: bits(&rule.by_hour, FULL),
        minutes: bits(&rule.by_minute, FULL),
        seconds: bits(&rule.by_second, FULL),
    };
    let clock = if unit > 60 { Clock { minutes: FULL, ..clock } } else { clock };
    if unit > 1 { Clock { seconds: FULL, ..clock } } else { clock }
}

/// BYSETPOS on a set that is the same in every period.
fn picked(times: Vec<u32>, positions: &[i16]) -> Vec<u32> {
    if positions.is_empty() {
        return times;
    }
    let len = times.len();
    let index = |position: &i16| {
        let n = usize::from(position.unsigned_abs());
        if *position > 0 { Some(n - 1) } else { len.checked_sub(n) }
    };
    let mut kept: Vec<usize> = positions.iter().filter_map(index).filter(|index| *index < len).collect();
    kept.sort_unstable();
    kept.dedup();
    kept.into_iter().map(|index| times[index]).collect()
}
