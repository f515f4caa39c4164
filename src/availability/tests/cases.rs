//! Cases with a name: what people ask for, and what went wrong elsewhere.

use crate::availability::{
    BlockKind, Break, Business, Busy, BusyKind, Calendar, DaysQuestion, Fairness, Filter, Grid, Hours, Layout, Load,
    Need, Offsets, Pattern, Question, Ref, Session, Shift, Spans, Stay, Terms, Traits, Why, alternatives, days,
    explain, explain_gap, in_turn, slot_days, slots, stay,
};
use crate::time::{Date, Instant, Interval, Time, Zone, parse_civil};

fn zone(name: &str) -> Zone {
    Zone::parse(name).unwrap()
}

fn at(zone: &Zone, local: &str) -> Instant {
    zone.instant(parse_civil(local).unwrap())
}

fn span(zone: &Zone, from: &str, to: &str) -> Interval {
    Interval { start: at(zone, from), end: at(zone, to) }
}

fn time(text: &str) -> Time {
    crate::time::parse_time(text).unwrap()
}

fn date(text: &str) -> Date {
    crate::time::parse_date(text).unwrap()
}

/// The same hours on every day of some days.
fn daily(zone: &Zone, from: &str, to: &str, shift: (&str, &str), breaks: &[(&str, &str)]) -> Hours {
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

fn question<'a>(zone: &'a Zone, window: Interval, terms: Terms, needs: &'a [Need<'a>]) -> Question<'a> {
    Question { window, now: window.start, zone, terms, business: Business::default(), needs, ignore: &[] }
}

fn every(minutes: u32, duration: u32) -> Terms {
    Terms::plain(duration, Grid::every(minutes).unwrap())
}

fn person<'a>(number: u128, busy: &'a [Busy]) -> Calendar<'a> {
    Calendar { who: Ref::number(number), quantity: 1, busy, ..Calendar::default() }
}

/// The clocks at which slots begin, as the business reads them, with offset.
fn starts(question: &Question<'_>) -> Vec<String> {
    slots(question).slots().iter().map(|slot| slot.at.start.to_rfc3339(question.zone)).collect()
}

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
fn buffers_may_lie_outside_hours_but_not_on_bookings() {
    let utc = Zone::utc();
    let hours = daily(&utc, "2026-06-01", "2026-06-01", ("09:00", "12:00"), &[]);
    let booked = [Busy::booking(span(&utc, "2026-06-01T10:00", "2026-06-01T10:30"), 0, Ref::number(7))];
    let people = [Calendar { hours: Some(&hours), ..person(1, &booked) }];
    let terms = Terms { buffer_before_minutes: 10, buffer_after_minutes: 15, ..every(15, 30) };
    let window = span(&utc, "2026-06-01T00:00", "2026-06-02T00:00");
    let found = starts(&question(&utc, window, terms, &[Need { candidates: &people, units: 1 }]));
    let clocks: Vec<&str> = found.iter().map(|start| &start[11..16]).collect();
    assert_eq!(clocks, ["09:00", "09:15", "10:45", "11:00", "11:15", "11:30"]);
}

#[test]
fn two_half_free_units_serve_nobody() {
    let utc = Zone::utc();
    let booked = [
        Busy::booking(span(&utc, "2026-06-01T09:00", "2026-06-01T10:00"), 0, Ref::number(7)),
        Busy::booking(span(&utc, "2026-06-01T10:00", "2026-06-01T11:00"), 1, Ref::number(8)),
    ];
    let rooms = [Calendar { quantity: 2, ..person(1, &booked) }];
    let needs = [Need { candidates: &rooms, units: 1 }];
    let window = span(&utc, "2026-06-01T09:00", "2026-06-01T09:01");
    assert_eq!(slots(&question(&utc, window, every(60, 60), &needs)).slots()[0].remaining, 1);
    let long = question(&utc, window, every(60, 120), &needs);
    assert_eq!(starts(&long), Vec::<String>::new());
    let why: Vec<Why> = explain(&long).reasons.iter().map(|reason| reason.kind).collect();
    assert_eq!(why, [Why::Booking, Why::Booking]);
}

#[test]
fn a_class_fills_up_at_its_exact_start() {
    let utc = Zone::utc();
    let session =
        Session { at: span(&utc, "2026-06-01T09:10", "2026-06-01T10:10"), taken: 2, unit: 0, source: Ref::number(9) };
    let busy = [Busy::booking(session.at, 0, session.source)];
    let window = span(&utc, "2026-06-01T09:00", "2026-06-01T11:30");
    let terms = Terms { capacity: 3, ..every(60, 60) };
    let seats = |taken: u32| {
        let sessions = [Session { taken, ..session }];
        let people = [Calendar { sessions: &sessions, ..person(1, &busy) }];
        let needs = [Need { candidates: &people, units: 1 }];
        let offers = slots(&question(&utc, window, terms, &needs));
        let found: Vec<_> =
            offers.slots().iter().map(|s| (s.at.start.to_string()[11..16].to_owned(), s.remaining)).collect();
        let now = Question { window: session.at, ..question(&utc, window, terms, &needs) };
        (found, explain(&now).reasons.iter().map(|reason| reason.kind).collect::<Vec<_>>())
    };
    assert_eq!(seats(2), (vec![("09:10".to_owned(), 1), ("11:00".to_owned(), 3)], vec![]));
    assert_eq!(seats(3), (vec![("11:00".to_owned(), 3)], vec![Why::Full]));
}

#[test]
fn of_one_start_a_class_has_one_session() {
    let utc = Zone::utc();
    let session = Session { at: span(&utc, "2026-06-01T09:00", "2026-06-01T10:00"), taken: 3, unit: 0, source: Ref::number(9) };
    let busy = [Busy::booking(session.at, 0, session.source)];
    // A second room is free, but the session is the one of 9 o'clock, and it is full.
    let rooms = [Calendar { quantity: 2, sessions: &[session], ..person(1, &busy) }];
    let window = span(&utc, "2026-06-01T09:00", "2026-06-01T10:30");
    let needs = [Need { candidates: &rooms, units: 1 }];
    let question = question(&utc, window, Terms { capacity: 3, ..every(30, 60) }, &needs);
    let offers = slots(&question);
    let left: Vec<_> = offers.slots().iter().map(|s| (s.at.start - window.start, s.remaining)).collect();
    assert_eq!(left, [(1800, 3), (3600, 3)]);
    assert_eq!(explain(&question).reasons[0].kind, Why::Full);
}

#[test]
fn what_remains_is_the_scarcest() {
    let utc = Zone::utc();
    let window = span(&utc, "2026-06-01T09:00", "2026-06-01T09:01");
    let remaining = |leads: &[Calendar<'_>], units, rooms: &[Calendar<'_>]| {
        let needs = [Need { candidates: leads, units }, Need { candidates: rooms, units: 1 }];
        let needs = if rooms.is_empty() { &needs[..1] } else { &needs[..] };
        slots(&question(&utc, window, every(60, 60), needs)).slots()[0].remaining
    };
    let many = |number, quantity| Calendar { quantity, ..person(number, &[]) };
    assert_eq!(remaining(&[many(1, 5)], 2, &[]), 2);
    assert_eq!(remaining(&[many(1, 1), many(2, 1), many(3, 1)], 1, &[]), 3);
    assert_eq!(remaining(&[many(1, 1), many(2, 1), many(3, 1)], 1, &[many(8, 1), many(9, 1)]), 2);
    assert_eq!(remaining(&[many(1, 7)], 1, &[many(8, 3), many(9, 1)]), 4);
    assert_eq!(slots(&question(&utc, window, every(60, 60), &[])).slots()[0].remaining, u32::MAX);
}

#[test]
fn of_many_people_each_slot_names_who_is_free_in_order() {
    let utc = Zone::utc();
    let window = span(&utc, "2026-06-01T00:00", "2026-06-02T00:00");
    let busy: Vec<[Busy; 1]> = (0..40)
        .map(|n| [Busy::booking(Interval { start: window.start + n * 1800, end: window.start + n * 1800 + 1801 }, 0, Ref::number(7))])
        .collect();
    let people: Vec<Calendar<'_>> = busy.iter().zip(0..).map(|(busy, n)| person(n, busy)).collect();
    let needs = [Need { candidates: &people, units: 1 }];
    // Not aligned: who comes from a booking is free at an odd second.
    let terms = Terms::plain(5, Grid::aligned(5, 0).unwrap());
    let question = question(&utc, window, terms, &needs);
    let offers = slots(&question);
    assert!(offers.slots().is_sorted_by_key(|slot| slot.at.start));
    let mut expected = std::collections::BTreeMap::<Instant, Vec<Ref>>::new();
    for (who, own) in crate::availability::bulk(&question).iter() {
        for (at, _) in own {
            expected.entry(at.start).or_default().push(who);
        }
    }
    let found = offers.slots().iter().map(|slot| (slot.at.start, offers.who(slot).to_vec())).collect();
    assert_eq!(expected, found);
    assert!(offers.slots().iter().all(|slot| slot.remaining as usize == offers.who(slot).len()));
}

#[test]
fn who_can_do_only_one_thing_does_that() {
    let utc = Zone::utc();
    let window = span(&utc, "2026-06-01T09:00", "2026-06-01T09:01");
    let (stylist, [small, large]) = ([person(1, &[])], [person(8, &[]), person(9, &[])]);
    let (either, only_small) = ([small, large], [small]);
    // The first need could take either room, but the second can take the small one only.
    let needs = [&stylist[..], &either, &only_small].map(|candidates| Need { candidates, units: 1 });
    let question = question(&utc, window, every(60, 60), &needs);
    assert_eq!(starts(&question).len(), 1);
    assert!(explain(&question).available);
    let needs = [&stylist[..], &only_small, &only_small].map(|candidates| Need { candidates, units: 1 });
    let twice = Question { needs: &needs, ..question };
    assert_eq!(starts(&twice).len(), 0);
    assert_eq!(explain(&twice).reasons[0].kind, Why::Shared);
}

#[test]
fn a_room_that_is_taken_is_named() {
    let utc = Zone::utc();
    let window = span(&utc, "2026-06-01T09:00", "2026-06-01T09:01");
    let booked = [Busy::booking(span(&utc, "2026-06-01T09:30", "2026-06-01T10:00"), 0, Ref::number(7))];
    let (stylist, rooms) = ([person(1, &[])], [person(8, &booked)]);
    let needs = [&stylist[..], &rooms].map(|candidates| Need { candidates, units: 1 });
    let explained = explain(&question(&utc, window, every(60, 60), &needs));
    let (who, source) = (Some(Ref::number(8)), Some(Ref::number(7)));
    let reason = explained.reasons[0];
    assert_eq!((explained.reasons.len(), reason.kind, reason.who, reason.source), (1, Why::Booking, who, source));
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
fn every_reason_is_named() {
    let berlin = zone("Europe/Berlin");
    let hours = daily(&berlin, "2026-05-28", "2026-06-04", ("09:00", "17:00"), &[("12:00", "13:00")]);
    let day = |from: &str, to: &str| span(&berlin, &format!("2026-06-01T{from}"), &format!("2026-06-01T{to}"));
    let held = |expires: &str| BusyKind::Hold { expires: at(&berlin, &format!("2026-06-01T{expires}")) };
    let busy = [
        Busy::booking(day("09:00", "09:45"), 0, Ref::number(1)),
        Busy { at: day("09:30", "10:00"), unit: Some(0), kind: held("07:00"), source: Ref::number(2) },
        Busy { at: day("10:00", "10:30"), unit: Some(0), kind: held("08:00"), source: Ref::number(3) },
        Busy::external(day("10:00", "10:30"), Ref::number(4)),
        Busy::block(day("14:00", "15:00"), BlockKind::TimeOff, Ref::number(5)),
        Busy::block(day("14:30", "15:00"), BlockKind::Maintenance, Ref::number(6)),
    ];
    let closures = [Busy::block(day("16:00", "17:00"), BlockKind::Holiday, Ref::number(8))];
    let people = [Calendar { hours: Some(&hours), ..person(42, &busy) }];
    let needs = [Need { candidates: &people, units: 1 }];
    let terms = Terms { min_notice_minutes: 60, max_advance_days: Some(1), ..every(30, 30) };
    let why = |start: &str, now: &str| {
        let start = at(&berlin, start);
        let question = Question {
            now: at(&berlin, now),
            business: Business { hours: None, closures: &closures },
            ..question(&berlin, Interval { start, end: start + 1 }, terms, &needs)
        };
        let explained = explain(&question);
        let kinds: Vec<Why> = explained.reasons.iter().map(|reason| reason.kind).collect();
        let others = explained.reduced();
        assert!(others.reasons.iter().all(|r| r.who.is_none() && r.source.is_none() && r.at.is_none()));
        assert_eq!(others.available, kinds.is_empty());
        (kinds, explained.reasons)
    };
    let now = "2026-06-01T07:30";
    for (start, now, expected) in [
        ("2026-06-01T08:30", now, &[Why::OutsideHours][..]),
        ("2026-06-01T09:30", now, &[Why::Booking]),
        ("2026-06-01T10:00", now, &[Why::Hold, Why::External]),
        ("2026-06-01T10:00", "2026-06-01T08:00", &[Why::External]),
        ("2026-06-01T11:00", now, &[]),
        ("2026-06-01T11:45", now, &[Why::Break]),
        ("2026-06-01T11:20", now, &[Why::Step]),
        ("2026-06-01T14:30", now, &[Why::TimeOff, Why::Maintenance]),
        ("2026-06-01T16:45", now, &[Why::Holiday, Why::OutsideHours]),
        ("2026-06-01T11:00", "2026-06-01T10:01", &[Why::Notice]),
        ("2026-06-01T11:00", "2026-06-01T11:01", &[Why::Past]),
        ("2026-06-02T16:30", now, &[]),
        ("2026-06-03T09:00", now, &[Why::Horizon]),
    ] {
        assert_eq!(why(start, now).0, expected, "{start}");
    }
    let (_, booked) = why("2026-06-01T09:30", now);
    assert_eq!((booked[0].who, booked[0].source), (Some(Ref::number(42)), Some(Ref::number(1))));
    assert_eq!(booked[0].at, Some(busy[0].at));
    let (_, early) = why("2026-06-01T08:30", now);
    assert_eq!(early[0].at, Some(day("09:00", "12:00")), "the nearest hours");
    let (_, askew) = why("2026-06-01T11:20", now);
    assert_eq!(askew[0].at, Some(day("11:30", "12:00")), "the next slot");
}

#[test]
fn a_local_time_in_a_gap_is_explained() {
    let berlin = zone("Europe/Berlin");
    let explained = explain_gap(parse_civil("2026-03-29T02:30").unwrap(), &berlin).unwrap();
    assert_eq!(explained.reasons[0].kind, Why::Gap);
    assert!(explain_gap(parse_civil("2026-03-29T03:30").unwrap(), &berlin).is_none());
    assert!(explain_gap(parse_civil("2026-10-25T02:30").unwrap(), &berlin).is_none());
}

#[test]
fn the_one_that_is_moved_makes_way_for_itself() {
    let utc = Zone::utc();
    let mine = [Busy::booking(span(&utc, "2026-06-01T09:00", "2026-06-01T10:00"), 0, Ref::number(7))];
    let people = [person(1, &mine)];
    let needs = [Need { candidates: &people, units: 1 }];
    let window = span(&utc, "2026-06-01T09:00", "2026-06-01T10:00");
    let question = question(&utc, window, every(30, 60), &needs);
    assert_eq!(starts(&question).len(), 0);
    assert_eq!(starts(&Question { ignore: &[Ref::number(7)], ..question }).len(), 2);
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

#[test]
fn alternatives_keep_the_person_then_the_day_then_the_hour() {
    let utc = Zone::utc();
    let hours = daily(&utc, "2026-06-01", "2026-06-03", ("09:00", "12:00"), &[]);
    let taken = [Busy::booking(span(&utc, "2026-06-02T10:00", "2026-06-02T11:00"), 0, Ref::number(7))];
    let away = [Busy::block(span(&utc, "2026-06-01T00:00", "2026-06-02T11:00"), BlockKind::TimeOff, Ref::number(8))];
    let people =
        [Calendar { hours: Some(&hours), ..person(1, &away) }, Calendar { hours: Some(&hours), ..person(2, &taken) }];
    let needs = [Need { candidates: &people, units: 1 }];
    let window = span(&utc, "2026-06-01T00:00", "2026-06-04T00:00");
    let offers = slots(&question(&utc, window, every(60, 60), &needs));
    let wanted = at(&utc, "2026-06-02T10:00");
    let named = |who| {
        let found = alternatives(&offers, wanted, who, &utc, 5);
        found.iter().map(|a| (a.at.start.to_string()[8..13].to_owned(), a.who.unwrap())).collect::<Vec<_>>()
    };
    let (one, two) = (Ref::number(1), Ref::number(2));
    let expected = [("02T09", two), ("02T11", two), ("01T10", two), ("03T10", two), ("01T11", two)];
    assert_eq!(named(Some(two)), expected.map(|(start, who)| (start.to_owned(), who)));
    let expected = [("02T11", one), ("03T10", one), ("03T09", one), ("03T11", one), ("02T09", two)];
    assert_eq!(named(Some(one)), expected.map(|(start, who)| (start.to_owned(), who)));
}

#[test]
fn fairness_is_the_same_for_the_same_loads() {
    let [a, b, c] = [1, 2, 3].map(Ref::number);
    let load =
        |who, booked_minutes, last: Option<i64>| Load { who, booked_minutes, last_given: last.map(Instant::from_unix) };
    let loads = [load(a, 90, Some(50)), load(b, 30, Some(70))];
    assert_eq!(in_turn(&[a, b, c], &loads, Fairness::Preference), [a, b, c]);
    assert_eq!(in_turn(&[a, b, c], &loads, Fairness::LeastBusy), [c, b, a]);
    assert_eq!(in_turn(&[a, b, c], &loads, Fairness::RoundRobin), [c, a, b]);
    assert_eq!(in_turn(&[b, a], &[], Fairness::LeastBusy), [b, a], "equals stay in order");
}

fn excavators<'a>(
    zone: &'a Zone,
    stay: Stay,
    hours: Option<&'a Hours>,
    closures: &'a Spans,
    of: &'a [Calendar<'a>],
) -> DaysQuestion<'a> {
    let (from, to, now) = (date("2026-06-01"), date("2026-06-07"), at(zone, "2026-05-31T12:00"));
    let terms = every(60, 60);
    DaysQuestion { from, to, now, zone, terms, stay, hours, closures, candidates: of, ignore: &[] }
}

#[test]
fn rentals_need_one_unit_for_all_their_days() {
    let berlin = zone("Europe/Berlin");
    let days_of =
        |from: &str, to: &str| span(&berlin, &format!("2026-06-{from}T00:00"), &format!("2026-06-{to}T00:00"));
    let booked = [
        Busy::booking(days_of("01", "03"), 0, Ref::number(1)),
        Busy::booking(days_of("03", "05"), 1, Ref::number(2)),
        Busy::block(days_of("06", "07"), BlockKind::Maintenance, Ref::number(3)),
    ];
    let of = [Calendar { quantity: 2, ..person(9, &booked) }];
    let never = Spans::EMPTY;
    let question = excavators(&berlin, Stay::Days, None, &never, &of);
    let left: Vec<(u32, u32)> = days(&question).iter().map(|day| (day.remaining, day.longest)).collect();
    assert_eq!(left, [(1, 2), (1, 1), (1, 3), (1, 2), (2, 1), (0, 0), (2, 1)]);
    // On each of the days one is left, but none for all of them.
    assert_eq!(stay(&question, date("2026-06-01"), 4), 0);
    assert_eq!(stay(&question, date("2026-06-03"), 3), 1);
}

#[test]
fn things_are_fetched_and_brought_back_in_opening_hours() {
    let berlin = zone("Europe/Berlin");
    let weekdays = daily(&berlin, "2026-06-01", "2026-06-05", ("09:00", "17:00"), &[]);
    let holiday = Spans::from(span(&berlin, "2026-06-04T00:00", "2026-06-05T00:00"));
    let of = [person(9, &[])];
    let question = excavators(&berlin, Stay::Days, Some(&weekdays), &holiday, &of);
    let longest: Vec<u32> = days(&question).iter().map(|day| day.longest).collect();
    // Over the holiday it may stay out, but is neither fetched nor brought back.
    assert_eq!(longest, [5, 4, 3, 0, 1, 0, 0]);
    assert_eq!((stay(&question, date("2026-06-03"), 2), stay(&question, date("2026-06-03"), 3)), (0, 1));
    let nights = Stay::Nights { check_in: time("15:00"), check_out: time("17:00") };
    let never = Spans::EMPTY;
    let question = excavators(&berlin, nights, Some(&weekdays), &never, &of);
    let longest: Vec<u32> = days(&question).iter().map(|day| day.longest).collect();
    assert_eq!(longest, [4, 3, 2, 1, 0, 0, 0]);
    // Today is left until the shop closes.
    let late = DaysQuestion {
        now: at(&berlin, "2026-06-01T16:59"),
        ..excavators(&berlin, Stay::Days, Some(&weekdays), &holiday, &of)
    };
    assert_eq!(days(&late)[0].longest, 5);
    assert_eq!(days(&DaysQuestion { now: at(&berlin, "2026-06-01T17:00"), ..late })[0].longest, 0);
    let near = DaysQuestion { terms: Terms { max_advance_days: Some(1), ..late.terms }, ..late };
    let longest: Vec<u32> = days(&near).iter().map(|day| day.longest).collect();
    assert_eq!(longest, [5, 4, 0, 0, 0, 0, 0]);
}

#[test]
fn slots_are_counted_by_the_day_of_who_asks() {
    let utc = Zone::utc();
    let window = span(&utc, "2026-06-01T00:00", "2026-06-03T00:00");
    let offers = slots(&question(&utc, window, every(60, 60), &[]));
    let (from, to) = (date("2026-05-31"), date("2026-06-03"));
    let counts = |zone: &Zone| slot_days(&offers, from, to, zone).iter().map(|day| day.slots).collect::<Vec<_>>();
    assert_eq!(counts(&utc), [0, 24, 24, 0]);
    assert_eq!(counts(&zone("America/New_York")), [4, 24, 20, 0]);
}

#[test]
fn filters_of_external_events() {
    let event = Traits { title: Some("Lunch with ÉMILE"), color: Some("red"), ..Traits::default() };
    let any = Filter::default();
    assert!(any.takes_time(&event));
    assert!(!any.takes_time(&Traits { transparent: true, ..event }));
    assert!(!any.takes_time(&Traits { declined: true, ..event }));
    assert!(!any.takes_time(&Traits { cancelled: true, ..event }));
    assert!(any.takes_time(&Traits { tentative: true, all_day: true, ..event }));
    assert!(!Filter { tentative: true, ..any.clone() }.takes_time(&Traits { tentative: true, ..event }));
    assert!(!Filter { all_day: true, ..any.clone() }.takes_time(&Traits { all_day: true, ..event }));
    assert!(Filter { transparent: false, ..any.clone() }.takes_time(&Traits { transparent: true, ..event }));
    assert!(!Filter { titles: vec![Pattern::new("lunch*émile")], ..any.clone() }.takes_time(&event));
    assert!(!Filter { colors: vec![Pattern::new("RED")], ..any.clone() }.takes_time(&event));
    let categories = ["Private".to_owned()];
    assert!(
        !Filter { categories: vec![Pattern::new("priv?te")], ..any }
            .takes_time(&Traits { categories: &categories, ..event })
    );
}

#[test]
fn patterns() {
    for (pattern, text, matches) in [
        ("", "", true),
        ("", "a", false),
        ("*", "", true),
        ("a*c", "abbbc", true),
        ("a*c", "abcd", false),
        ("*a*b*", "xxaxxbxx", true),
        ("a?c", "abc", true),
        ("a?c", "ac", false),
        ("*aab", "aaaab", true),
    ] {
        assert_eq!(Pattern::new(pattern).matches(text), matches, "{pattern} {text}");
    }
    // Exponential for a matcher that tries everything.
    assert!(!Pattern::new(&"a*".repeat(60)).matches(&format!("{}b", "x".repeat(5000))));
}
