//! Who and what is free: units, classes, needs.

use super::support::{daily, every, person, question, span, starts};
use crate::availability::{Busy, Calendar, Grid, Need, Question, Ref, Session, Terms, Why, choose, explain, slots};
use crate::time::{Instant, Interval, Zone};

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
    assert_eq!(explain(&long).reduced().reasons.len(), 1, "others learn the kind, once");
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
    let session =
        Session { at: span(&utc, "2026-06-01T09:00", "2026-06-01T10:00"), taken: 3, unit: 0, source: Ref::number(9) };
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
        .map(|n| {
            [Busy::booking(
                Interval { start: window.start + n * 1800, end: window.start + n * 1800 + 1801 },
                0,
                Ref::number(7),
            )]
        })
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
    assert_eq!(choose(&question), Some([1, 9, 8].map(Ref::number).to_vec()));
    let needs = [&stylist[..], &only_small, &only_small].map(|candidates| Need { candidates, units: 1 });
    let twice = Question { needs: &needs, ..question };
    assert_eq!((starts(&twice).len(), choose(&twice)), (0, None));
    assert_eq!(explain(&twice).reasons[0].kind, Why::Shared);
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
