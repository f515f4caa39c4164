//! Whole days.

use super::support::{at, daily, date, every, person, question, span, time, zone};
use crate::availability::{
    BlockKind, Busy, Calendar, DaysQuestion, Hours, Ref, Spans, Stay, Terms, days, slot_days, slots, stay,
};
use crate::time::Zone;

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
