//! Looking at one start from all sides.
//!
//! Each condition is tested by itself and not taken from the engine, so that everything that stands in the way is
//! found and not only what the engine met first. Only the grid is asked of the engine.

use std::ops::ControlFlow;

use crate::availability::engine::{Engine, Scratch};
use crate::availability::offsets::DAY;
use crate::availability::question::{Calendar, Need, Question, Session};
use crate::availability::slots::whoever;
use crate::availability::{Busy, Hours, Ref};
use crate::time::{Instant, Interval};

use super::{Explanation, Reason, Why};

/// Says of the start `question.window.start` whether it can be booked with any candidate of the leading need, and if
/// not, everything that stands in the way. To learn about one candidate, ask with that one alone.
///
/// The window's end does not matter. Where hours and busy times are known over a day more than [`Question::reach`], the
/// nearest hours and the next slot are named right.
#[must_use]
pub fn explain(question: &Question<'_>) -> Explanation {
    let start = question.window.start;
    let question = &Question { window: Interval { start, end: start + DAY }, ..*question };
    let looking = Looking { question, engine: Engine::over(question, question.window), start };
    let mut reasons = limits(question);
    let soon_enough = reasons.is_empty();
    looking.besides(&mut reasons);
    let complete = reasons.is_empty();
    let everyone = [whoever()];
    let leads = question.needs.first().map_or(&everyone[..], |need| need.candidates);
    let mut available = false;
    for lead in leads {
        available |= looking.lead(lead, soon_enough, complete, &mut reasons);
    }
    if leads.is_empty() {
        reasons.push(Reason::new(Why::Nobody, None));
    }
    if available {
        reasons.clear();
    }
    Explanation { available, reasons }
}

/// Notice and horizon.
fn limits(question: &Question<'_>) -> Vec<Reason> {
    let (start, now, terms) = (question.window.start, question.now, &question.terms);
    let mut reasons = Vec::new();
    let earliest = terms.earliest(now);
    if start < now {
        reasons.push(Reason::new(Why::Past, None));
    } else if start < earliest {
        reasons.push(Reason::new(Why::Notice, Some(Interval { start: now, end: earliest })));
    }
    if let Some(horizon) = terms.horizon(now, question.zone).filter(|horizon| *horizon <= start) {
        reasons.push(Reason::new(Why::Horizon, Some(Interval { start: now, end: horizon })));
    }
    reasons
}

struct Looking<'q> {
    question: &'q Question<'q>,
    engine: Engine<'q>,
    start: Instant,
}

impl Looking<'_> {
    /// What stands in the way whoever serves: blocks of the whole business, and what is needed besides.
    fn besides(&self, reasons: &mut Vec<Reason>) {
        let taken = self.question.terms.taken_from(self.start);
        let closures = self.question.business.closures.iter().filter(|c| self.counts(c) && c.at.overlaps(taken));
        reasons.extend(closures.map(|c| Reason::busy(c, None)));
        for need in self.question.needs.get(1..).unwrap_or_default() {
            let mut of_need = Vec::new();
            let mut served = false;
            for candidate in need.candidates {
                let before = of_need.len();
                self.hours(candidate.hours, candidate.who, &mut of_need);
                self.units(candidate, need.units(), &mut of_need);
                served |= of_need.len() == before;
            }
            if need.candidates.is_empty() {
                of_need.push(Reason::new(Why::Nobody, None));
            }
            if !served {
                reasons.append(&mut of_need);
            }
        }
    }

    /// Whether `lead` has the start; if not, everything that stands in its way. `complete`: nothing else does.
    fn lead(&self, lead: &Calendar<'_>, soon_enough: bool, complete: bool, reasons: &mut Vec<Reason>) -> bool {
        let session = lead.sessions.iter().find(|session| session.at.start == self.start);
        if let Some(session) = session.filter(|_| self.question.terms.capacity > 1) {
            return self.session(lead, session, reasons) && soon_enough;
        }
        let mut own = Vec::new();
        self.hours(lead.hours.or(self.question.business.hours), lead.who, &mut own);
        self.units(lead, self.question.needs.first().map_or(1, Need::units), &mut own);
        if own.is_empty() && complete {
            if !self.engine.complete(lead, self.start) {
                own.push(Reason { who: Some(lead.who), ..Reason::new(Why::Shared, None) });
            } else {
                let next = self.next(lead);
                if next == Some(self.start) {
                    return true;
                }
                let slot = |start: Instant| Interval { start, end: start + self.question.terms.duration() };
                own.push(Reason { who: Some(lead.who), ..Reason::new(Why::Step, next.map(slot)) });
            }
        }
        reasons.append(&mut own);
        false
    }

    /// Whether a session that takes place can be joined; if not, why.
    fn session(&self, lead: &Calendar<'_>, session: &Session, reasons: &mut Vec<Reason>) -> bool {
        if session.taken >= self.question.terms.capacity {
            let (who, source) = (Some(lead.who), Some(session.source));
            reasons.push(Reason { kind: Why::Full, who, source, at: Some(session.at) });
        }
        let closures = self.question.business.closures.iter().map(|c| Reason::busy(c, None));
        let closures = closures.zip(self.question.business.closures);
        let own = lead.busy.iter().map(|b| (Reason::busy(b, Some(lead.who)), b));
        for (reason, busy) in closures.chain(own) {
            if self.engine.disturbs(lead, session, busy) && !reasons.contains(&reason) {
                reasons.push(reason);
            }
        }
        self.engine.joinable(lead, session)
    }

    /// Hours that do not hold all of the wanted time: each break, and the nearest hours.
    fn hours(&self, hours: Option<&Hours>, who: Ref, reasons: &mut Vec<Reason>) {
        let Some(hours) = hours else { return };
        let wanted = Interval { start: self.start, end: self.start + self.question.terms.duration() };
        if hours.open().covers(wanted) {
            return;
        }
        let mut outside = wanted.end - wanted.start;
        for part in hours.open().clip(wanted).iter().chain(hours.breaks().clip(wanted).iter()) {
            outside -= part.end - part.start;
        }
        for at in hours.breaks().touching(wanted) {
            reasons.push(Reason { kind: Why::Break, who: Some(who), source: None, at: Some(*at) });
        }
        if outside > 0 {
            let at = nearest(hours, self.start);
            reasons.push(Reason { kind: Why::OutsideHours, who: Some(who), source: None, at });
        }
    }

    /// Too few units that are free for the whole time: everything that has the others.
    fn units(&self, of: &Calendar<'_>, units: u32, reasons: &mut Vec<Reason>) {
        if of.quantity < units {
            reasons.push(Reason { who: Some(of.who), ..Reason::new(Why::Quantity, None) });
            return;
        }
        let taken = self.question.terms.taken_from(self.start);
        let in_the_way: Vec<&Busy> = of.busy.iter().filter(|b| self.counts(b) && b.at.overlaps(taken)).collect();
        let mut gone: Vec<u32> = in_the_way.iter().filter_map(|b| b.unit).map(|unit| unit % of.quantity).collect();
        gone.sort_unstable();
        gone.dedup();
        let free = of.quantity.saturating_sub(u32::try_from(gone.len()).unwrap_or(u32::MAX));
        if free < units || in_the_way.iter().any(|b| b.unit.is_none()) {
            reasons.extend(in_the_way.into_iter().map(|b| Reason::busy(b, Some(of.who))));
        }
    }

    fn counts(&self, busy: &Busy) -> bool {
        busy.counts(self.question.now, self.question.ignore)
    }

    /// The next start of `lead` on its grid.
    fn next(&self, lead: &Calendar<'_>) -> Option<Instant> {
        let mut next = None;
        self.engine.starts(lead, &mut Scratch::default(), |found| {
            next = Some(found.starts.first);
            ControlFlow::Break(())
        });
        next
    }
}

/// The working hours around an instant, else those that are nearest.
fn nearest(hours: &Hours, at: Instant) -> Option<Interval> {
    let spans = hours.open().as_slice();
    let next = spans.partition_point(|span| span.end <= at);
    let before = next.checked_sub(1).and_then(|last| spans.get(last)).copied();
    let after = spans.get(next).copied();
    match (before, after) {
        (Some(before), Some(after)) if at - before.end < after.start - at => Some(before),
        (_, Some(after)) => Some(after),
        (before, None) => before,
    }
}
