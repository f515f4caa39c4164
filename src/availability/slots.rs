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
    let mut found: Vec<(Found, u32)> = Vec::new();
    for (lead, number) in leads.iter().zip(0..) {
        collect(&engine, lead, &mut scratch, |f| found.push((f, number)));
    }
    in_order(&mut found, engine.bounds);
    merged(&engine, question, &found)
}

/// All slots of the window, for each candidate of the leading need on its own. What they share is worked out once.
#[must_use]
pub fn bulk(question: &Question<'_>) -> Bulk {
    let (Some(engine), Some(need)) = (Engine::new(question), question.needs.first()) else { return Bulk::default() };
    let mut bulk = Bulk::default();
    let mut scratch = Scratch::default();
    for lead in need.candidates {
        let from = bulk.slots.len();
        collect(&engine, lead, &mut scratch, |f| bulk.slots.push((span(question, f.start), remaining(&engine, &[f]))));
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
    let mut earliest: Vec<(Found, u32)> = Vec::new();
    for (lead, number) in leads.iter().zip(0..) {
        let mut own = None;
        engine.starts(lead, &mut scratch, |f| {
            own = Some(f);
            ControlFlow::Break(())
        });
        let Some(own) = own else { continue };
        let before = earliest.first().map_or(Instant::from_unix(i64::MAX), |(f, _)| f.start);
        if own.start < before {
            earliest.clear();
        }
        if own.start <= before {
            earliest.push((own, number));
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
        slots.push(Slot { at: span(question, f.start), remaining: remaining(engine, &[f]), who: everyone });
    });
    Offers { slots, who }
}

/// How many bookings a start can take with these candidates.
fn remaining(engine: &Engine<'_>, same: &[Found]) -> u32 {
    let (mut fresh, mut seats) = (0_u32, 0_u32);
    for f in same {
        fresh = fresh.saturating_add(f.fresh);
        seats = seats.saturating_add(f.seats);
    }
    if fresh > 0 {
        fresh = fresh.min(engine.besides(same[0].start));
    }
    fresh.saturating_mul(engine.question.terms.capacity.max(1)).saturating_add(seats)
}

/// Sorts by start; candidates of one start stay in their order.
fn in_order(found: &mut Vec<(Found, u32)>, bounds: Interval) {
    let minute = |f: &Found| ((f.start - bounds.start) / 60).unsigned_abs() as usize;
    let minutes = ((bounds.end - bounds.start) / 60).unsigned_abs() as usize + 1;
    if found.len() < minutes / 4 || found.len() > u32::MAX as usize {
        found.sort_by_key(|(f, _)| f.start);
        return;
    }
    // As many starts as minutes: dealt out rather than compared.
    let mut next = vec![0_u32; minutes + 1];
    for (f, _) in found.iter() {
        next[minute(f) + 1] += 1;
    }
    let mut before = 0;
    for count in &mut next {
        before += *count;
        *count = before;
    }
    let mut dealt = found.clone();
    for one in found.iter() {
        let place = &mut next[minute(&one.0)];
        dealt[*place as usize] = *one;
        *place += 1;
    }
    if !dealt.is_sorted_by_key(|(f, _)| f.start) {
        // Starts that are not on whole minutes.
        dealt.sort_by_key(|(f, _)| f.start);
    }
    *found = dealt;
}

fn merged(engine: &Engine<'_>, question: &Question<'_>, found: &[(Found, u32)]) -> Offers {
    let candidates = question.needs.first().map_or(&[][..], |need| need.candidates);
    let mut offers = Offers { slots: Vec::with_capacity(found.len()), who: Vec::new() };
    offers.who.reserve(found.len());
    let mut same: Vec<Found> = Vec::new();
    for group in found.chunk_by(|one, next| one.0.start == next.0.start) {
        same.clear();
        same.extend(group.iter().map(|(f, _)| *f));
        let from = offers.who.len() as u32;
        offers.who.extend(group.iter().filter_map(|(_, number)| candidates.get(*number as usize)).map(|c| c.who));
        let who = (from, offers.who.len() as u32);
        offers.slots.push(Slot { at: span(question, same[0].start), remaining: remaining(engine, &same), who });
    }
    offers
}
