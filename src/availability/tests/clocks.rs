//! Wall clocks: hours and grids over changes of the clocks.

use super::support::{daily, date, every, person, question, span, starts, zone};
use crate::availability::{Busy, Calendar, Grid, Need, Ref, Spans, Terms};
use crate::time::Zone;

#[test]
fn hours_stay_at_wall_time_over_both_changes() {
    for (name, from, to) in [
        ("America/New_York", "2026-03-06", "2026-03-10"),
        ("America/New_York", "2026-10-30", "2026-11-03"),
        ("Europe/Berlin", "2026-03-27", "2026-03-31"),
        ("Europe/Berlin", "2026-10-23", "2026-10-27"),
        ("Australia/Lord_Howe", "2026-04-03", "2026-04-07"),
        ("Australia/Lord_Howe", "2026-10-02", "2026-10-06"),
        ("Africa/Casablanca", "2026-02-13", "2026-02-17"),
        ("Africa/Casablanca", "2026-03-20", "2026-03-24"),
        ("Asia/Kathmandu", "2026-03-27", "2026-03-31"),
    ] {
        let zone = zone(name);
        let hours = daily(&zone, from, to, ("09:00", "17:00"), &[]);
        let people = [Calendar { hours: Some(&hours), ..person(1, &[]) }];
        let window = span(&zone, &format!("{from}T00:00"), &format!("{to}T23:59"));
        let found = starts(&question(&zone, window, every(60, 60), &[Need { candidates: &people, units: 1 }]));
        assert_eq!(found.len(), 5 * 8, "{name}");
        for (n, start) in found.iter().enumerate() {
            assert_eq!(start[11..16], format!("{:02}:00", 9 + n % 8), "{name}: {start}");
        }
    }
}

#[test]
fn no_slot_in_a_gap_and_none_twice() {
    // (zone, day, slots every half hour around the clock, local times that must not be there)
    for (name, day, count, missing) in [
        ("America/New_York", "2026-03-08", 46, &["02:00", "02:30"][..]),
        ("America/New_York", "2026-11-01", 50, &[]),
        ("Europe/Berlin", "2026-03-29", 46, &["02:00", "02:30"]),
        ("Europe/Berlin", "2026-10-25", 50, &[]),
        ("Australia/Lord_Howe", "2026-10-04", 47, &["02:00"]),
        ("Australia/Lord_Howe", "2026-04-05", 49, &[]),
        ("Africa/Casablanca", "2026-02-15", 50, &[]),
        ("Africa/Casablanca", "2026-03-22", 46, &["02:00", "02:30"]),
        ("Asia/Kathmandu", "2026-03-29", 48, &[]),
    ] {
        let zone = zone(name);
        let next = date(day).tomorrow().unwrap();
        let window = span(&zone, &format!("{day}T00:00"), &format!("{next}T00:00"));
        let found = starts(&question(&zone, window, every(30, 30), &[]));
        assert_eq!(found.len(), count, "{name} {day}");
        let mut distinct = found.clone();
        distinct.sort_unstable();
        distinct.dedup();
        assert_eq!(distinct.len(), count, "{name} {day}: some instant twice");
        for time in missing {
            assert!(!found.iter().any(|start| &start[11..16] == *time), "{name} {day} {time}");
        }
    }
}

#[test]
fn hours_that_begin_or_end_in_a_gap_begin_or_end_at_it() {
    let berlin = zone("Europe/Berlin");
    let open = |shift| daily(&berlin, "2026-03-29", "2026-03-29", shift, &[]).open().clone();
    assert_eq!(open(("02:30", "05:00")), Spans::from(span(&berlin, "2026-03-29T03:00", "2026-03-29T05:00")));
    assert_eq!(open(("01:00", "02:30")), Spans::from(span(&berlin, "2026-03-29T01:00", "2026-03-29T03:00")));
    assert_eq!(open(("02:00", "02:45")), Spans::EMPTY);
}

#[test]
fn a_night_shift_is_an_hour_shorter_or_longer_when_clocks_change() {
    let berlin = zone("Europe/Berlin");
    let seconds = |day: &str| daily(&berlin, day, day, ("22:00", "06:00"), &[]).open().seconds();
    assert_eq!(seconds("2026-03-28"), 7 * 3600);
    assert_eq!(seconds("2026-10-24"), 9 * 3600);
    assert_eq!(seconds("2026-06-01"), 8 * 3600);
}

#[test]
fn breaks_of_a_night_shift_belong_to_the_second_day() {
    let utc = Zone::utc();
    let hours = daily(&utc, "2026-06-01", "2026-06-01", ("22:00", "06:00"), &[("02:00", "02:30"), ("23:00", "23:15")]);
    let breaks =
        [span(&utc, "2026-06-01T23:00", "2026-06-01T23:15"), span(&utc, "2026-06-02T02:00", "2026-06-02T02:30")];
    assert_eq!(hours.breaks().as_slice(), breaks);
    assert_eq!(hours.open().seconds(), 8 * 3600 - 45 * 60);
}

#[test]
fn midnight_to_midnight_is_the_whole_day() {
    let utc = Zone::utc();
    let hours = daily(&utc, "2026-06-01", "2026-06-03", ("00:00", "00:00"), &[]);
    assert_eq!(hours.open(), &Spans::from(span(&utc, "2026-06-01T00:00", "2026-06-04T00:00")));
}

#[test]
fn a_time_of_the_clock_that_is_jumped_over_aligns_nothing() {
    let lord_howe = zone("Australia/Lord_Howe");
    // At 02:00 clocks jump to 02:30.
    let busy = [Busy::booking(span(&lord_howe, "2026-10-03T20:00", "2026-10-04T01:50"), 0, Ref::number(7))];
    let people = [person(1, &busy)];
    let needs = [Need { candidates: &people, units: 1 }];
    let window = span(&lord_howe, "2026-10-04T00:00", "2026-10-04T05:00");
    let found = starts(&question(&lord_howe, window, every(60, 30), &needs));
    assert_eq!(found.iter().map(|start| &start[11..16]).collect::<Vec<_>>(), ["03:00", "04:00"]);
}

#[test]
fn a_grid_over_days_does_not_depend_on_where_one_begins_to_look() {
    let utc = Zone::utc();
    let found = |from: &str| {
        let window = span(&utc, from, "2026-06-09T00:00");
        let mut found = starts(&question(&utc, window, every(7, 7), &[]));
        found.retain(|start| &start[..10] == "2026-06-08");
        found
    };
    for from in ["2026-06-07T23:00", "2026-06-07T00:00", "2026-06-06T05:00", "2026-06-05T12:00", "2026-05-20T12:00"] {
        assert_eq!(found(from), found("2026-06-08T00:00"), "{from}");
    }
    assert_eq!(found("2026-06-08T00:00")[1], "2026-06-08T00:07:00Z");
}

#[test]
fn a_grid_that_does_not_divide_the_hour_starts_with_its_stretch() {
    let utc = Zone::utc();
    let hours = daily(&utc, "2026-06-01", "2026-06-01", ("09:00", "14:00"), &[]);
    let busy = [Busy::booking(span(&utc, "2026-06-01T10:30", "2026-06-01T10:50"), 0, Ref::number(7))];
    let people = [Calendar { hours: Some(&hours), ..person(1, &busy) }];
    let needs = [Need { candidates: &people, units: 1 }];
    let window = span(&utc, "2026-06-01T00:00", "2026-06-02T00:00");
    let clocks = |grid: Grid| {
        let found = starts(&question(&utc, window, Terms::plain(30, grid), &needs));
        found.iter().map(|start| start[11..16].to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(clocks(Grid::every(45).unwrap()), ["09:00", "09:45", "11:00", "11:45", "12:30", "13:15"]);
    assert_eq!(clocks(Grid::aligned(60, 0).unwrap()), ["09:00", "10:00", "10:50", "11:50", "12:50"]);
    assert_eq!(clocks(Grid::aligned(60, 30).unwrap()), ["09:00", "10:00", "11:00", "12:00", "13:00"]);
    assert!(Grid::every(0).is_err() && Grid::aligned(30, 7).is_err() && Grid::every(1441).is_err());
}
