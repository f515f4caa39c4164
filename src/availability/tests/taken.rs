//! The time that recurring events take, joined: against their instances one by one, and in what can be booked.

use proptest::prelude::*;

use super::brute;
use super::world::{World, world};
use crate::availability::minutes::Minutes;
use crate::availability::{Busy, BusyKind, Expansion, Recurring, Ref, Spans, slots};
use crate::recurrence::{Change, Definition, End, Length, Moment, Override, Range, Rdate, Rule, Run, Series};
use crate::time::{Instant, Interval, Zone};

const DAY: i64 = 86_400;
const ZONES: [&str; 4] = ["America/New_York", "Australia/Lord_Howe", "Europe/Berlin", "Africa/Casablanca"];
/// The last ones have several times a day, or places in a set.
const RULES: [&str; 18] = [
    "FREQ=DAILY",
    "FREQ=DAILY;INTERVAL=3",
    "FREQ=DAILY;COUNT=900",
    "FREQ=WEEKLY",
    "FREQ=WEEKLY;INTERVAL=2",
    "FREQ=WEEKLY;BYDAY=MO,WE,SU",
    "FREQ=WEEKLY;UNTIL=20260310T120000Z",
    "FREQ=WEEKLY;BYMONTHDAY=1,8,15,22,29",
    "FREQ=MONTHLY",
    "FREQ=MONTHLY;INTERVAL=2",
    "FREQ=MONTHLY;BYMONTHDAY=1,15,31",
    "FREQ=MONTHLY;BYMONTHDAY=3,-1",
    "FREQ=MONTHLY;BYDAY=2TU,-1SU",
    "FREQ=YEARLY",
    "FREQ=YEARLY;BYMONTH=2,3,4,10",
    "FREQ=DAILY;BYHOUR=1,2,3,20",
    "FREQ=HOURLY;INTERVAL=5",
    "FREQ=MONTHLY;BYDAY=MO,FR;BYSETPOS=-1",
];

/// An event that began within three years before two weeks from `base`, or in them. `odd` are the seconds beyond a minute
/// that its start or length may have.
fn series(base: i64, odd: i64) -> impl Strategy<Value = Series> {
    let start = (prop_oneof![-1100..14_i64, -3..14_i64], 0..1440_i64, prop_oneof![4 => Just(0), 1 => Just(odd)]);
    let length = prop_oneof![
        6 => (0..200_i64, prop_oneof![4 => Just(0), 1 => Just(odd)]).prop_map(|(minutes, odd)| (0, minutes * 60 + odd)),
        1 => (1200..6000_i64).prop_map(|minutes| (0, minutes * 60)),
        2 => (1..4_i64, prop_oneof![Just(0), Just(5400)]),
    ];
    let rule = prop::option::weighted(0.8, prop::sample::select(RULES.to_vec()));
    let form = (0..5_u8, prop::sample::select(ZONES.to_vec()));
    let changes = prop::collection::vec((0..7_u8, 0..40_usize), 0..3);
    (start, length, rule, form, changes).prop_map(move |((day, minute, odd), length, rule, (form, zone), changes)| {
        let (utc, zone) = (Zone::utc(), Zone::parse(zone).unwrap());
        let at = Instant::from_unix(base / DAY * DAY + day * DAY + minute * 60 + odd);
        let of_form = |civil: crate::time::Civil| match form {
            0 => Moment::Date(civil.date()),
            1 => Moment::Floating(civil),
            2 => Moment::Utc(utc.instant(civil)),
            _ => Moment::Zoned(civil, zone.clone()),
        };
        let mut definition = Definition::new(of_form(utc.civil_at(at)));
        let seconds = if form == 0 { 0 } else { length.1 };
        definition.end = End::Lasting(Length::nominal(length.0, seconds).unwrap());
        let rule = rule.filter(|rule| form > 0 || !rule.contains("HOURLY"));
        definition.rules.extend(rule.map(|rule| Rule::parse_lenient(rule).unwrap()));
        let window = Interval { start: at, end: Instant::from_unix(base + 20 * DAY).max(at + 1) };
        let plain = Series::new(definition.clone()).unwrap();
        let last: Vec<_> = plain.instances(window, &utc).map(Result::unwrap).collect();
        for (kind, back) in changes {
            let Some(instance) = last.iter().rev().nth(back) else { continue };
            let recurrence_id = of_form(instance.recurrence_id());
            let later =
                of_form(utc.civil_at(Instant::from_unix(0) + 90 * 60 + (instance.at.start - Instant::from_unix(0))));
            let moved = Change::Moved { start: later.clone(), end: definition.end.clone() };
            let (range, change) = match kind {
                0 | 1 => {
                    definition.exdates.push(recurrence_id);
                    continue;
                }
                2 => {
                    definition.rdates.push(Rdate::from(later));
                    continue;
                }
                3 => (Range::This, Change::Cancelled),
                4 => (Range::ThisAndFuture, Change::Cancelled),
                5 => (Range::ThisAndFuture, moved),
                _ => (Range::This, moved),
            };
            definition.overrides.push(Override { recurrence_id, range, change });
        }
        Series::new(definition).unwrap()
    })
}

/// Instances that take time, one by one.
fn instances(all: &[Series], window: Interval, zone: &Zone) -> Vec<Interval> {
    let each = all.iter().flat_map(|series| series.instances(window, zone)).map(|instance| instance.unwrap().at);
    let mut each: Vec<Interval> = each.filter(|at| at.start < at.end).collect();
    each.sort_unstable();
    each
}

fn recurring(all: &[Series]) -> Vec<Recurring> {
    all.iter().map(|series| Recurring::new(series.clone(), BusyKind::External, Ref::number(1))).collect()
}

fn config(cases: u32) -> ProptestConfig {
    let cases = if std::env::var_os("FASTI_TEST_SOAK").is_some() { cases * 20 } else { cases };
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

#[test]
fn edges_of_a_window_and_of_a_series() {
    let at = |text: &str| Instant::from_unix(Zone::utc().instant(text.parse().unwrap()).unix());
    let utc = |text: &str| Moment::Utc(at(text));
    let half_an_hour = End::Lasting(Length::exact(1800).unwrap());
    let event = |start: &str, rule: &str, changed: Option<(Moment, Range, Change)>| {
        let mut definition = Definition::new(utc(start));
        definition.end = half_an_hour.clone();
        definition.rules.extend(Rule::parse(rule));
        let overrides = changed.map(|(recurrence_id, range, change)| Override { recurrence_id, range, change });
        definition.overrides.extend(overrides);
        vec![Series::new(definition).unwrap()]
    };
    let window = Interval { start: at("2026-03-10T10:00:00"), end: at("2026-03-31T10:00:07") };
    let cancelled = Some((utc("2026-03-15T10:00:00"), Range::ThisAndFuture, Change::Cancelled));
    let moved = Change::Moved { start: utc("2026-03-12T20:00:00"), end: half_an_hour.clone() };
    let moved = Some((utc("2026-01-13T20:00:00"), Range::This, moved));
    let cases = [
        // The first one ends as the window starts; the last one starts seven seconds before it ends.
        (event("2026-01-06T09:30:00", "FREQ=WEEKLY", None), vec!["17T09:30", "24T09:30", "31T09:30"]),
        (event("2026-01-06T10:00:00", "FREQ=WEEKLY", None), vec!["10T10:00", "17T10:00", "24T10:00", "31T10:00"]),
        (event("2026-03-15T10:00:00", "", None), vec!["15T10:00"]),
        (event("2026-03-15T10:00:00", "", cancelled.clone()), vec![]),
        (event("2026-03-14T10:00:00", "FREQ=DAILY", cancelled), vec!["14T10:00"]),
        (event("2026-01-06T20:00:00", "FREQ=WEEKLY;COUNT=2", moved), vec!["12T20:00"]),
        (event("2026-01-31T08:00:00", "FREQ=MONTHLY;BYMONTHDAY=-1", None), vec!["31T08:00"]),
    ];
    for (all, expected) in cases {
        let starts = expected.iter().map(|text| at(&format!("2026-03-{text}:00")));
        let expected: Vec<Interval> = starts.map(|start| Interval { start, end: start + 1800 }).collect();
        let mut busy = Vec::new();
        Expansion::new(window).busy(&recurring(&all), &Zone::utc(), &mut busy).unwrap();
        assert_eq!(busy.iter().map(|busy| busy.at).collect::<Vec<_>>(), expected, "{all:?}");
        let taken = Expansion::new(window).taken(&recurring(&all), &Zone::utc()).unwrap();
        assert_eq!(taken.as_slice(), expected, "{all:?}");
    }
}

/// A world and events around it.
fn with_events() -> impl Strategy<Value = (World, Vec<Series>)> {
    world(false).prop_flat_map(|world| {
        let base = world.window.start.unix();
        (Just(world), prop::collection::vec(series(base, 30), 1..6))
    })
}

proptest! {
    #![proptest_config(config(1500))]

    #[test]
    fn what_is_taken_is_what_the_instances_take(
        all in prop::sample::select(vec![1_773_273_600_i64, 1_792_713_600, 1_775_174_400])
            .prop_flat_map(|base| (Just(base), prop::collection::vec(series(base, 17), 1..6))),
        from in 0..20_000_i64,
        odd in prop_oneof![Just(0), Just(7_i64)],
        length in prop_oneof![1..600_i64, 600..40_000_i64, Just(900 * 1440)],
        zone in prop::sample::select(ZONES.to_vec()),
    ) {
        let ((base, all), zone) = (all, Zone::parse(zone).unwrap());
        let start = Instant::from_unix(base + from * 60 + odd);
        let window = Interval { start, end: start + length * 60 };
        let each = instances(&all, window, &zone);
        let mut expansion = Expansion::new(window);
        let mut busy = Vec::new();
        expansion.busy(&recurring(&all), &zone, &mut busy).unwrap();
        let mut named: Vec<Interval> = busy.iter().map(|busy| busy.at).collect();
        named.sort_unstable();
        prop_assert_eq!(&named, &each);
        prop_assert_eq!(expansion.taken(&recurring(&all), &zone).unwrap(), Spans::new(each));
    }
}

proptest! {
    #![proptest_config(config(500))]

    #[test]
    fn runs_are_joined_to_the_second(
        runs in prop::collection::vec((-3000..9000_i64, 0..60_i64, 1..8000_i64, 1..5000_i64, 0..40_i64, 0..3_u8), 0..8),
        minutes in 0..5000_i64,
    ) {
        let instant = Instant::from_unix;
        let run = |(start, odd, length, step, more, kind): (i64, i64, i64, i64, i64, u8)| {
            // Whole minutes, or their starts alone, or nothing.
            let (start, length, step) = match kind {
                0 => (start * 60, length * 60, step * 60),
                1 => (start * 60, length * 60, step),
                _ => (start * 60 + odd, length, step),
            };
            Run { start: instant(start), length, step, until: instant(start + more * step + 1) }
        };
        let runs: Vec<Run> = runs.into_iter().map(run).collect();
        let mut joined = Minutes::new(Interval { start: instant(7), end: instant(7 + minutes * 60) });
        runs.iter().for_each(|run| joined.add(run));
        prop_assert_eq!(joined.spans(), runs.iter().flat_map(|run| run.each()).collect::<Spans>());
    }
}

proptest! {
    #![proptest_config(config(16))]

    #[test]
    fn slots_beside_recurring_events_are_those_of_brute_force((mut world, all) in with_events()) {
        world.needs.truncate(1);
        world.needs[0].0.truncate(1);
        world.needs[0].1 = 1;
        let (reach, zone) = (world.ask(|question| question.reach()), world.zone.clone());
        let own = world.needs[0].0[0].busy.clone();
        let with = |times: &[Interval]| -> Vec<Busy> {
            own.iter().copied().chain(times.iter().map(|at| Busy::external(*at, Ref::default()))).collect()
        };
        let around = reach.widened(2 * DAY, 2 * DAY);
        world.needs[0].0[0].busy = with(&instances(&all, around, &zone));
        let expected = world.ask(|question| brute::starts(question, &question.needs[0].candidates[0]));
        world.needs[0].0[0].busy = with(Expansion::new(reach).taken(&recurring(&all), &zone).unwrap().as_slice());
        let found: Vec<Instant> = world.ask(|question| slots(question).slots().iter().map(|slot| slot.at.start).collect());
        prop_assert_eq!(found, expected);
    }
}
