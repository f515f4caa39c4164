//! Random rules that RFC 5545 allows, with a seed.

use std::fmt::Write as _;

use fasti::time::{Civil, Date, Time};

/// A small generator of numbers (SplitMix64): the same seed gives the same rules everywhere.
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % sides
    }

    pub fn one_in(&mut self, n: u64) -> bool {
        self.roll(n) == 0
    }

    pub fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.roll(from.len() as u64) as usize]
    }

    /// One to `most` numbers, ascending.
    fn some(&mut self, most: u64, mut one: impl FnMut(&mut Self) -> i32) -> Vec<i32> {
        let mut list: Vec<i32> = (0..=self.roll(most)).map(|_| one(self)).collect();
        list.sort_unstable();
        list.dedup();
        list
    }
}

pub const FREQUENCIES: [&str; 7] = ["SECONDLY", "MINUTELY", "HOURLY", "DAILY", "WEEKLY", "MONTHLY", "YEARLY"];
pub const WEEKDAYS: [&str; 7] = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"];

/// A rule in parts, for the brute-force expander; its text is for everyone else.
#[derive(Debug, Clone, Default)]
pub struct Spec {
    /// Index of [`FREQUENCIES`].
    pub freq: usize,
    pub interval: i64,
    pub count: Option<usize>,
    /// Local time.
    pub until: Option<Civil>,
    pub by_second: Vec<i32>,
    pub by_minute: Vec<i32>,
    pub by_hour: Vec<i32>,
    /// Ordinal (0 for none) and days from Monday.
    pub by_day: Vec<(i32, usize)>,
    pub by_month_day: Vec<i32>,
    pub by_year_day: Vec<i32>,
    pub by_week_no: Vec<i32>,
    pub by_month: Vec<i32>,
    pub by_set_pos: Vec<i32>,
    /// Days from Monday.
    pub wkst: usize,
}

pub const DAILY: usize = 3;
pub const WEEKLY: usize = 4;
pub const MONTHLY: usize = 5;
pub const YEARLY: usize = 6;

impl Spec {
    /// A rule and its DTSTART.
    pub fn random(dice: &mut Dice) -> (Self, Civil) {
        let freq = dice.pick(&[0, 1, 2, 3, 3, 3, 4, 4, 4, 5, 5, 5, 5, 6, 6, 6, 6]);
        let mut spec = Self { freq, interval: 1, ..Self::default() };
        if dice.one_in(2) {
            spec.interval = dice.pick(&[2, 2, 3, 4, 5, 6, 7, 8, 10, 12, 18, 24, 25, 36, 45, 48, 60, 90, 100, 1440]);
        }
        spec.wkst = if dice.one_in(3) { dice.roll(7) as usize } else { 0 };
        let signed = |dice: &mut Dice, most: u64| (1 + dice.roll(most) as i32) * if dice.one_in(3) { -1 } else { 1 };
        if dice.one_in(3) {
            spec.by_month = dice.some(4, |dice| 1 + dice.roll(12) as i32);
        }
        if freq == YEARLY && dice.one_in(6) {
            spec.by_week_no =
                dice.some(3, |dice| if dice.one_in(3) { dice.pick(&[1, 52, 53, -1, -53]) } else { signed(dice, 53) });
        }
        if (freq == YEARLY || freq < DAILY) && dice.one_in(7) {
            spec.by_year_day =
                dice.some(
                    4,
                    |dice| if dice.one_in(4) { dice.pick(&[1, 60, 366, -1, -366, 365]) } else { signed(dice, 366) },
                );
        }
        if freq != WEEKLY && dice.one_in(3) {
            spec.by_month_day = dice.some(5, |dice| signed(dice, 31));
        }
        if dice.one_in(2) {
            let ordinals = freq >= MONTHLY && spec.by_week_no.is_empty() && dice.one_in(2);
            for _ in 0..=dice.roll(4) {
                let far = if freq == YEARLY && spec.by_month.is_empty() { 53 } else { 5 };
                let ordinal = if ordinals && !dice.one_in(4) { signed(dice, far) } else { 0 };
                spec.by_day.push((ordinal, dice.roll(7) as usize));
            }
            spec.by_day.sort_unstable();
            spec.by_day.dedup();
        }
        for (list, most) in [(&mut spec.by_hour, 24), (&mut spec.by_minute, 60), (&mut spec.by_second, 60)] {
            if dice.one_in(if freq < DAILY { 4 } else { 6 }) {
                *list = dice.some(3, |dice| dice.roll(most) as i32);
            }
        }
        if spec.has_by_part() && dice.one_in(4) {
            spec.by_set_pos = dice.some(2, |dice| if dice.one_in(8) { signed(dice, 366) } else { signed(dice, 5) });
        }
        let date = Date::new(1985 + dice.roll(50) as i16, 1, 1).unwrap();
        let date = date.checked_add(jiff::Span::new().days(dice.roll(365) as i64)).unwrap();
        let time =
            Time::new(dice.roll(24) as i8, dice.pick(&[0, 0, 15, 30, 59]), dice.pick(&[0, 0, 0, 7, 59]), 0).unwrap();
        let start = date.to_datetime(time);
        match dice.roll(4) {
            0 => spec.count = Some(1 + dice.roll(40) as usize),
            1 => {
                let seconds = spec.horizon() / (1 + dice.roll(30)) as i64;
                spec.until = Some(start.checked_add(jiff::Span::new().seconds(seconds)).unwrap());
            }
            _ => {}
        }
        (spec, start)
    }

    /// How far the brute-force expander looks, in seconds.
    pub fn horizon(&self) -> i64 {
        let unit = [1, 60, 3600, 86_400, 86_400 * 7, 86_400 * 30, 86_400 * 366][self.freq];
        let steps = [8_000, 6_000, 3_000, 900, 200, 90, 12][self.freq];
        (unit * steps * self.interval).min(86_400 * 366 * 25)
    }

    pub fn has_by_part(&self) -> bool {
        let numbers = [
            &self.by_second,
            &self.by_minute,
            &self.by_hour,
            &self.by_month_day,
            &self.by_year_day,
            &self.by_week_no,
            &self.by_month,
        ];
        !self.by_day.is_empty() || numbers.iter().any(|list| !list.is_empty())
    }
}

impl std::fmt::Display for Spec {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut text = format!("FREQ={}", FREQUENCIES[self.freq]);
        if self.interval != 1 {
            write!(text, ";INTERVAL={}", self.interval)?;
        }
        self.count.map_or(Ok(()), |count| write!(text, ";COUNT={count}"))?;
        self.until.map_or(Ok(()), |until| write!(text, ";UNTIL={}", until.strftime("%Y%m%dT%H%M%S")))?;
        let mut list = |name: &str, values: Vec<String>| {
            if !values.is_empty() {
                text += &format!(";{name}={}", values.join(","));
            }
        };
        let numbers = |list: &[i32]| list.iter().map(i32::to_string).collect::<Vec<_>>();
        let ordinal = |n: i32| if n == 0 { String::new() } else { n.to_string() };
        list("BYMONTH", numbers(&self.by_month));
        list("BYWEEKNO", numbers(&self.by_week_no));
        list("BYYEARDAY", numbers(&self.by_year_day));
        list("BYMONTHDAY", numbers(&self.by_month_day));
        list("BYDAY", self.by_day.iter().map(|(n, day)| ordinal(*n) + WEEKDAYS[*day]).collect());
        list("BYHOUR", numbers(&self.by_hour));
        list("BYMINUTE", numbers(&self.by_minute));
        list("BYSECOND", numbers(&self.by_second));
        list("BYSETPOS", numbers(&self.by_set_pos));
        if self.wkst != 0 {
            list("WKST", vec![WEEKDAYS[self.wkst].to_owned()]);
        }
        f.write_str(&text)
    }
}
