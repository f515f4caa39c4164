//! What the cases are written with.

use crate::availability::hours::Layout;
use crate::availability::{
    Break, Business, Busy, Calendar, Grid, Hours, Need, Offsets, Question, Ref, Shift, Terms, slots,
};
use crate::time::{Date, Instant, Interval, Time, Zone, parse_civil};

pub fn zone(name: &str) -> Zone {
    Zone::parse(name).unwrap()
}

pub fn at(zone: &Zone, local: &str) -> Instant {
    zone.instant(parse_civil(local).unwrap())
}

pub fn span(zone: &Zone, from: &str, to: &str) -> Interval {
    Interval { start: at(zone, from), end: at(zone, to) }
}

pub fn time(text: &str) -> Time {
    crate::time::parse_time(text).unwrap()
}

pub fn date(text: &str) -> Date {
    crate::time::parse_date(text).unwrap()
}

/// The same hours on every day of some days.
pub fn daily(zone: &Zone, from: &str, to: &str, shift: (&str, &str), breaks: &[(&str, &str)]) -> Hours {
    let breaks = breaks.iter().map(|(start, end)| Break { start: time(start), end: time(end) }).collect();
    let shift = Shift { start: time(shift.0), end: time(shift.1), breaks };
    let (first, last) = (date(from), date(to));
    let window = span(zone, &format!("{from}T00:00"), &format!("{to}T23:59"));
    let offsets = Offsets::new(zone, window.widened(3 * 86_400, 3 * 86_400));
    let mut layout = Layout::default();
    let number = crate::availability::offsets::day_number;
    layout.add(&shift, &offsets, number(first)..=number(last));
    layout.finish()
}

pub fn question<'a>(zone: &'a Zone, window: Interval, terms: Terms, needs: &'a [Need<'a>]) -> Question<'a> {
    Question { window, now: window.start, zone, terms, business: Business::default(), needs, ignore: &[] }
}

pub fn every(minutes: u32, duration: u32) -> Terms {
    Terms::plain(duration, Grid::every(minutes).unwrap())
}

pub fn person<'a>(number: u128, busy: &'a [Busy]) -> Calendar<'a> {
    Calendar { who: Ref::number(number), quantity: 1, busy, ..Calendar::default() }
}

/// The clocks at which slots begin, as the business reads them, with offset.
pub fn starts(question: &Question<'_>) -> Vec<String> {
    slots(question).slots().iter().map(|slot| slot.at.start.to_rfc3339(question.zone)).collect()
}
