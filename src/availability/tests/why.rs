//! Reasons.

use super::support::{at, daily, every, person, question, span, zone};
use crate::availability::{
    BlockKind, Business, Busy, BusyKind, Calendar, Need, Question, Ref, Terms, Why, explain, explain_gap,
};
use crate::time::{Interval, Zone, parse_civil};

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
