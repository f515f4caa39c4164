//! Random businesses, and what can be booked there by looking at every half minute.

use proptest::prelude::*;

use crate::availability::{
    BlockKind, Business, Busy, BusyKind, Calendar, Grid, Hours, Need, Question, Ref, Session, Spans, Terms,
};
use crate::time::{Instant, Interval, Zone};

pub const MINUTE: i64 = 60;
pub const DAY: i64 = 1440;
/// Zones around whose clock changes the weeks lie.
const ZONES: [(&str, i64); 5] = [
    ("America/New_York", 1_773_273_600),    // 2026-03-12
    ("Europe/Berlin", 1_792_713_600),       // 2026-10-23
    ("Australia/Lord_Howe", 1_775_174_400), // 2026-04-03
    ("Africa/Casablanca", 1_771_027_200),   // 2026-02-14
    ("Asia/Kathmandu", 1_773_273_600),
];

/// Somebody's calendar with what it borrows.
#[derive(Debug, Clone)]
pub struct Person {
    pub who: Ref,
    pub hours: Option<Hours>,
    pub quantity: u32,
    pub busy: Vec<Busy>,
    pub sessions: Vec<Session>,
}

#[derive(Debug, Clone)]
pub struct World {
    pub zone: Zone,
    pub window: Interval,
    pub now: Instant,
    pub terms: Terms,
    pub hours: Option<Hours>,
    pub closures: Vec<Busy>,
    /// Candidates of each need, and units.
    pub needs: Vec<(Vec<Person>, u32)>,
}

impl World {
    /// Asks the engine's question.
    pub fn ask<T>(&self, answer: impl FnOnce(&Question<'_>) -> T) -> T {
        let calendars: Vec<Vec<Calendar<'_>>> = self
            .needs
            .iter()
            .map(|(people, _)| {
                people
                    .iter()
                    .map(|p| Calendar {
                        who: p.who,
                        hours: p.hours.as_ref(),
                        quantity: p.quantity,
                        busy: &p.busy,
                        sessions: &p.sessions,
                    })
                    .collect()
            })
            .collect();
        let needs: Vec<Need<'_>> = calendars
            .iter()
            .zip(&self.needs)
            .map(|(candidates, (_, units))| Need { candidates, units: *units })
            .collect();
        answer(&Question {
            window: self.window,
            now: self.now,
            zone: &self.zone,
            terms: self.terms,
            business: Business { hours: self.hours.as_ref(), closures: &self.closures },
            needs: &needs,
            ignore: &[],
        })
    }
}

/// Stretches of some minutes within two weeks around the window.
fn stretches(most: usize, longest: i64, base: i64) -> impl Strategy<Value = Vec<Interval>> {
    let one = (0..14 * DAY, 1..longest);
    prop::collection::vec(one, 0..most).prop_map(move |all| {
        let at = |minute: i64| Instant::from_unix(base + minute * MINUTE);
        all.into_iter().map(|(from, length)| Interval { start: at(from), end: at(from + length) }).collect()
    })
}

fn hours(base: i64) -> impl Strategy<Value = Hours> {
    stretches(16, 30 * 60, base).prop_map(|all| Hours::new(Spans::new(all)))
}

fn person(number: u128, base: i64) -> impl Strategy<Value = Person> {
    let busy = (stretches(14, 300, base), prop::collection::vec((0..5_u32, 0..4_u8), 14));
    (prop::option::weighted(0.7, hours(base)), 1..4_u32, busy, stretches(4, 90, base)).prop_map(
        move |(hours, quantity, (busy, kinds), sessions)| {
            let who = Ref::number(number);
            let mut busy: Vec<Busy> =
                busy.into_iter().zip(kinds).zip(0..).map(|((at, kind), n)| what(at, kind, n)).collect();
            let sessions: Vec<Session> = sessions
                .into_iter()
                .zip(0..)
                .map(|(at, n)| Session {
                    at,
                    taken: n % 4,
                    unit: n % quantity,
                    source: Ref::number(1000 + u128::from(n)),
                })
                .collect();
            let mut seen = std::collections::BTreeSet::new();
            let sessions: Vec<Session> = sessions.into_iter().filter(|s| seen.insert(s.at.start)).collect();
            busy.extend(sessions.iter().map(|s| Busy::booking(s.at, s.unit, s.source)));
            Person { who, hours, quantity, busy, sessions }
        },
    )
}

fn what(at: Interval, (unit, kind): (u32, u8), number: u128) -> Busy {
    let source = Ref::number(number);
    match kind {
        0 => Busy::block(at, BlockKind::TimeOff, source),
        1 => Busy::external(at, source),
        2 => Busy { at, unit: Some(unit), kind: BusyKind::Hold { expires: at.start - 5 * DAY * MINUTE }, source },
        _ => Busy::booking(at, unit, source),
    }
}

fn terms() -> impl Strategy<Value = Terms> {
    let grid =
        prop::sample::select(vec![(15, 15), (10, 10), (60, 60), (45, 15), (90, 30), (7, 1), (25, 0), (1440, 240)]);
    let limits = (0..3 * 1440_u32, prop::option::of(2..9_u32));
    (1..200_u32, grid, 0..30_u32, 0..30_u32, limits, 1..4_u32).prop_map(
        |(duration_minutes, (step, align), before, after, (notice, advance), capacity)| Terms {
            duration_minutes,
            grid: Grid::aligned(step, align).unwrap(),
            buffer_before_minutes: before,
            buffer_after_minutes: after,
            min_notice_minutes: notice,
            max_advance_days: advance,
            capacity,
        },
    )
}

/// `shared`: whether candidates may serve two needs.
pub fn world(shared: bool) -> impl Strategy<Value = World> {
    prop::sample::select(ZONES.to_vec()).prop_flat_map(move |(zone, base)| {
        let other = if shared { 1 } else { 100 };
        let people = (person(1, base), person(2, base), person(3, base));
        let rooms = (person(other, base), person(other + 1, base), person(other + 20, base));
        let closures = stretches(3, 600, base).prop_map(|all| {
            all.into_iter().zip(500..).map(|(at, n)| Busy::block(at, BlockKind::Holiday, Ref::number(n))).collect()
        });
        let sizes = (1..4_usize, 0..3_usize, 1..3_u32, 1..3_u32);
        (people, rooms, closures, prop::option::weighted(0.8, hours(base)), sizes, terms()).prop_map(
            move |(people, rooms, closures, hours, (leads, needs, units, room_units), terms)| {
                let mut people = vec![people.0, people.1, people.2];
                people.truncate(leads);
                // One who serves two needs is the same one in both.
                let known = |room: Person| people.iter().find(|p| p.who == room.who).cloned().unwrap_or(room);
                let rooms = [rooms.0, rooms.1, rooms.2].map(known);
                let mut all = vec![(people.clone(), units)];
                if needs > 0 {
                    all.push((rooms[..2].to_vec(), room_units));
                }
                if needs > 1 {
                    all.push((if shared { rooms[1..].to_vec() } else { rooms[2..].to_vec() }, 1));
                }
                let at = |day: i64| Instant::from_unix(base + day * DAY * MINUTE);
                let zone = Zone::parse(zone).unwrap();
                let window = Interval { start: at(4), end: at(11) };
                World { zone, window, now: at(3) + 17 * MINUTE, terms, hours, closures, needs: all }
            },
        )
    })
}
