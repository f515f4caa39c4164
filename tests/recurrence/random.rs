//! Random rules: Fasti against a brute-force expander, and against independent implementations.

use fasti::recurrence::{Definition, End, Length, Moment, Rule, Series, SeriesError};
use fasti::time::{Civil, Instant, Interval, Zone};

use crate::brute;
use crate::series::{taken, takes_time};
use crate::spec::{DAILY, Dice, Spec};

const ZONES: [&str; 9] = [
    "UTC",
    "America/New_York",
    "Europe/Berlin",
    "Australia/Lord_Howe",
    "Africa/Casablanca",
    "Asia/Kathmandu",
    "America/Havana",
    "Pacific/Apia",
    "America/Sao_Paulo",
];

/// How many rules a run tries.
pub fn rules() -> u64 {
    if std::env::var_os("FASTI_TEST_SOAK").is_some() { 20_000 } else { 400 }
}

pub fn later(civil: Civil, seconds: i64) -> Civil {
    civil.checked_add(jiff::Span::new().seconds(seconds)).unwrap()
}

pub fn series(rule: &str, start: Moment, length: Length) -> Series {
    let mut definition = Definition::new(start);
    definition.rules.push(Rule::parse(rule).unwrap_or_else(|error| panic!("{rule}: {error}")));
    definition.end = End::Lasting(length);
    Series::new(definition).unwrap_or_else(|error| panic!("{rule}: {error}"))
}

#[test]
fn windows_agree_with_brute_force() {
    let mut dice = Dice::new(0xfa57);
    let (mut instances, mut windows, mut exhausted) = (0, 0, 0);
    for case in 0..rules() {
        let (spec, start) = Spec::random(&mut dice);
        let horizon = later(start, spec.horizon());
        let expected = brute::expand(&spec, start, horizon);
        let zone = Zone::parse(dice.pick(&ZONES)).unwrap();
        let length = match dice.roll(4) {
            0 => Length::ZERO,
            1 => Length::exact(1 + dice.roll(200_000) as i64).unwrap(),
            2 => Length::nominal(dice.roll(4) as i64, dice.roll(40_000) as i64).unwrap(),
            _ => Length::exact(3600).unwrap(),
        };
        let floating = dice.one_in(3);
        let dtstart = if floating { Moment::Floating(start) } else { Moment::Zoned(start, zone.clone()) };
        let rule = Rule::parse(&spec.to_string()).unwrap_or_else(|error| panic!("{spec}: {error}"));
        let mut definition = Definition::new(dtstart);
        definition.rules.push(rule);
        definition.end = End::Lasting(length);
        let series = match Series::new(definition) {
            Ok(series) => series,
            // HOURLY to SECONDLY so sparse that nothing is near: it says so, which is right, but rare.
            Err(SeriesError::Exhausted(_)) if spec.freq < DAILY => {
                exhausted += 1;
                continue;
            }
            Err(error) => panic!("{spec}: {error}"),
        };
        // What each should be: the end by nominal days on the calendar, then seconds on the time line.
        let mut all: Vec<(Instant, Instant, Civil)> = expected
            .iter()
            .map(|civil| {
                let (shown, seconds) = length.parts();
                let at = zone.instant(*civil);
                let base = if shown == 0 { at } else { zone.instant(later(*civil, shown)) };
                (at, base + seconds, *civil)
            })
            .collect();
        all.sort();
        instances += all.len();
        points(&series, &all, &zone, &mut dice, later(start, spec.horizon()));
        for _ in 0..4 {
            let from = zone.instant(later(start, dice.roll(spec.horizon().unsigned_abs()) as i64 - 86_400));
            let to = from + 1 + dice.roll((spec.horizon() / 3).unsigned_abs().min(86_400 * 400)) as i64;
            let to = to.min(zone.instant(horizon) - 3 * 86_400 - 400_000);
            let Some(window) = Interval::new(from, to) else { continue };
            windows += 1;
            let wanted: Vec<_> =
                all.iter().filter(|(start, end, _)| *start < to && (*end > from || *start >= from)).copied().collect();
            let times = takes_time(wanted.iter().map(|(start, end, _)| Interval { start: *start, end: *end }));
            assert_eq!(taken(&series, window, &zone), times, "case {case}: {spec} from {start} in {zone}, {window:?}");
            let found: Result<Vec<_>, _> = series.instances(window, &zone).collect();
            let found = found.unwrap_or_else(|error| panic!("case {case} {spec}: {error}"));
            let found: Vec<_> = found.iter().map(|i| (i.at.start, i.at.end, i.recurrence_id())).collect();
            assert_eq!(found, wanted, "case {case}: {spec} from {start} in {zone}, {length:?}, {from} to {to}");
        }
    }
    println!("{} rules, {instances} instances, {windows} windows, {exhausted} refused", rules());
    assert!(exhausted * 200 <= rules());
    assert!(instances > 10_000 && windows > 1_000);
}

/// RECURRENCE-IDs that are, or are not, instances; and what comes first after an instant.
fn points(series: &Series, all: &[(Instant, Instant, Civil)], zone: &Zone, dice: &mut Dice, horizon: Civil) {
    let about = |end: Instant| format!("{:?} {end}", series.definition());
    for _ in 0..3.min(all.len()) {
        let (start, _, civil) = all[dice.roll(all.len() as u64) as usize];
        assert_eq!(series.contains(civil), Ok(true), "{}", about(start));
        let other = later(civil, dice.pick(&[1, -1, 3600, 86_400, 7 * 86_400]));
        let is = all.iter().any(|(.., civil)| *civil == other);
        if other < horizon {
            assert_eq!(series.contains(other), Ok(is), "{other} {}", about(start));
        }
        let before = start - 1 - dice.roll(1_000_000) as i64;
        let first = all.iter().map(|(start, ..)| *start).find(|start| *start > before).unwrap();
        let found = series.first_after(before, zone).unwrap().unwrap();
        assert_eq!(found.at.start, first, "{}", about(before));
    }
}
