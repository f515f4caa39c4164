//! Slots: the starts that can be booked, and with whom (A5, A7).

use std::ops::{ControlFlow, Range};

use crate::time::{Instant, Interval};

use super::Ref;
use super::engine::{Engine, Found, Scratch};
use super::question::{Calendar, Question};

/// A time that can be booked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slot {
    /// From start to end, without buffers.
    pub at: Interval,
    /// How many bookings it can take: free candidates and units, or seats of classes. At least one where candidates
    /// of the question serve several needs, [`u32::MAX`] where a booking needs nobody.
    pub remaining: u32,
    who: (u32, u32),
}

/// The slots that answer a question, in order of time.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Offers {
    slots: Vec<Slot>,
    who: Vec<Ref>,
}

impl Offers {
    /// The slots, each start once, in order.
    #[must_use]
    pub fn slots(&self) -> &[Slot] {
        &self.slots
    }

    /// Which candidates of the leading need a slot can be booked with, in order of preference.
    #[must_use]
    pub fn who(&self, slot: &Slot) -> &[Ref] {
        self.who.get(slot.who.0 as usize..slot.who.1 as usize).unwrap_or_default()
    }

    /// The slot that begins at an instant.
    #[must_use]
    pub fn at(&self, start: Instant) -> Option<&Slot> {
        self.slots.binary_search_by_key(&start, |slot| slot.at.start).ok().and_then(|i| self.slots.get(i))
    }
}

/// Slots of each candidate on its own, for whole teams at once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Bulk {
    slots: Vec<(Interval, u32)>,
    of: Vec<(Ref, Range<usize>)>,
}

impl Bulk {
    /// Each candidate with its slots, each with the number of bookings it can take.
    pub fn iter(&self) -> impl Iterator<Item = (Ref, &[(Interval, u32)])> {
        self.of.iter().map(|(who, range)| (*who, self.slots.get(range.clone()).unwrap_or_default()))
    }
}

/// A start of one of the candidates.
#[derive(Debug, Clone, Copy)]
struct Start {
    at: Instant,
    /// The candidate's number.
    lead: u32,
    /// As in [`Found`].
    fresh: u32,
    seats: u32,
}

impl Start {
    const fn new(at: Instant, found: &Found, lead: u32) -> Self {
        Self { at, lead, fresh: found.fresh, seats: found.seats }
    }
}

/// All slots of the window.
#[must_use]
pub fn slots(question: &Question<'_>) -> Offers {
    let Some(engine) = Engine::new(question) else { return Offers::default() };
    let everyone;
    let leads = match question.needs.first() {
        Some(need) => need.candidates,
        None => {
            everyone = [whoever()];
            &everyone[..]
        }
    };
    if let [lead] = leads {
        return only(&engine, question, lead);
    }
    let mut scratch = Scratch::default();
    let mut starts: Vec<Start> = Vec::new();
    for (lead, number) in leads.iter().zip(0..) {
        collect(&engine, lead, &mut scratch, |f| starts.extend(f.starts.each().map(|at| Start::new(at, &f, number))));
    }
    in_order(&mut starts, engine.bounds);
    merged(&engine, question, &starts)
}

/// All slots of the window, for each candidate of the leading need on its own. What they share is worked out once.
#[must_use]
pub fn bulk(question: &Question<'_>) -> Bulk {
    let (Some(engine), Some(need)) = (Engine::new(question), question.needs.first()) else { return Bulk::default() };
    let mut bulk = Bulk::default();
    let mut scratch = Scratch::default();
    for lead in need.candidates {
        let from = bulk.slots.len();
        collect(&engine, lead, &mut scratch, |f| bulk.slots.extend(counted(&engine, f)));
        bulk.of.push((lead.who, from..bulk.slots.len()));
    }
    bulk
}

/// The first slot of the window.
#[must_use]
pub fn first(question: &Question<'_>) -> Option<Offers> {
    let engine = Engine::new(question)?;
    let everyone = [whoever()];
    let leads = question.needs.first().map_or(&everyone[..], |need| need.candidates);
    let mut scratch = Scratch::default();
    let mut earliest: Vec<Start> = Vec::new();
    for (lead, number) in leads.iter().zip(0..) {
        let mut own = None;
        engine.starts(lead, &mut scratch, |f| {
            own = Some(Start::new(f.starts.first, &f, number));
            ControlFlow::Break(())
        });
        let Some(own) = own else { continue };
        let before = earliest.first().map_or(Instant::from_unix(i64::MAX), |start| start.at);
        if own.at < before {
            earliest.clear();
        }
        if own.at <= before {
            earliest.push(own);
        }
    }
    (!earliest.is_empty()).then(|| merged(&engine, question, &earliest))
}

/// Who serves each need of a booking that starts at `question.window.start`: the first free candidate of the leading need,
/// then one of each further need; earlier candidates where that leaves enough for the others. `None` when the start
/// cannot be booked.
///
/// Put the candidates of the leading need [in turn](super::in_turn) for fairness. Who joins a session of a class that
/// takes place has what the session has: then only the leading candidate is given.
#[must_use]
pub fn choose(question: &Question<'_>) -> Option<Vec<Ref>> {
    let start = question.window.start;
    let question = &Question { window: Interval { start, end: start + 1 }, ..*question };
    let engine = Engine::new(question)?;
    let mut scratch = Scratch::default();
    question.needs.first().map_or(&[][..], |need| need.candidates).iter().find_map(|lead| {
        let mut free = None;
        engine.starts(lead, &mut scratch, |f| {
            free = Some(f);
            ControlFlow::Break(())
        });
        let mut chosen = vec![lead.who];
        if free?.fresh > 0 {
            chosen.extend(engine.others(lead, start)?);
        }
        Some(chosen)
    })
}

/// A candidate for services that need nobody: the business's hours decide.
pub(super) fn whoever() -> Calendar<'static> {
    Calendar { quantity: u32::MAX, ..Calendar::default() }
}

fn collect(engine: &Engine<'_>, lead: &Calendar<'_>, scratch: &mut Scratch, mut found: impl FnMut(Found)) {
    engine.starts(lead, scratch, |f| {
        found(f);
        ControlFlow::Continue(())
    });
}

fn span(question: &Question<'_>, start: Instant) -> Interval {
    Interval { start, end: start + question.terms.duration() }
}

/// The slots of the one candidate there is: everyone's list of names is the same.
fn only(engine: &Engine<'_>, question: &Question<'_>, lead: &Calendar<'_>) -> Offers {
    let who = if question.needs.is_empty() { Vec::new() } else { vec![lead.who] };
    let everyone = (0, u32::from(!who.is_empty()));
    // Rarely more, so that it rarely grows.
    let mut slots = Vec::with_capacity(1024);
    collect(engine, lead, &mut Scratch::default(), |f| {
        slots.extend(counted(engine, f).map(|(at, remaining)| Slot { at, remaining, who: everyone }));
    });
    Offers { slots, who }
}

/// The times of one candidate, each with how many bookings it can take.
fn counted<'e>(engine: &'e Engine<'_>, found: Found) -> impl Iterator<Item = (Interval, u32)> + 'e {
    let Found { starts, fresh, seats } = found;
    let length = engine.question.terms.duration();
    let alike = engine.is_alone().then(|| remaining(engine, starts.first, fresh, seats));
    starts.each().map(move |start| {
        let at = Interval { start, end: start + length };
        (at, alike.unwrap_or_else(|| remaining(engine, start, fresh, seats)))
    })
}

/// How many bookings a start can take with candidates who have, together, so many new ones and seats in sessions.
fn remaining(engine: &Engine<'_>, start: Instant, fresh: u32, seats: u32) -> u32 {
    let fresh = if fresh > 0 { fresh.min(engine.besides(start)) } else { 0 };
    fresh.saturating_mul(engine.question.terms.capacity.max(1)).saturating_add(seats)
}

/// Sorts by start; candidates of one start stay in their order.
fn in_order(starts: &mut Vec<Start>, bounds: Interval) {
    let minute = |start: &Start| ((start.at - bounds.start) / 60).unsigned_abs() as usize;
    let minutes = ((bounds.end - bounds.start) / 60).unsigned_abs() as usize + 1;
    if starts.len() < minutes / 4 || starts.len() > u32::MAX as usize {
        starts.sort_by_key(|start| start.at);
        return;
    }
    // As many starts as minutes: dealt out rather than compared.
    let mut next = vec![0_u32; minutes + 1];
    for start in starts.iter() {
        next[minute(start) + 1] += 1;
    }
    let mut before = 0;
    for count in &mut next {
        before += *count;
        *count = before;
    }
    let mut dealt = starts.clone();
    for start in starts.iter() {
        let place = &mut next[minute(start)];
        dealt[*place as usize] = *start;
        *place += 1;
    }
    if !dealt.is_sorted_by_key(|start| start.at) {
        // Starts that are not on whole minutes.
        dealt.sort_by_key(|start| start.at);
    }
    *starts = dealt;
}

fn merged(engine: &Engine<'_>, question: &Question<'_>, starts: &[Start]) -> Offers {
    let candidates = question.needs.first().map_or(&[][..], |need| need.candidates);
    let mut offers = Offers { slots: Vec::with_capacity(starts.len()), who: Vec::with_capacity(starts.len()) };
    for same in starts.chunk_by(|one, next| one.at == next.at) {
        let (at, from) = (same[0].at, offers.who.len() as u32);
        offers.who.extend(same.iter().filter_map(|start| candidates.get(start.lead as usize)).map(|c| c.who));
        let together = |number: fn(&Start) -> u32| same.iter().map(number).fold(0, u32::saturating_add);
        let remaining = remaining(engine, at, together(|start| start.fresh), together(|start| start.seats));
        offers.slots.push(Slot { at: span(question, at), remaining, who: (from, offers.who.len() as u32) });
    }
    offers
}
