//! What can be booked, found by looking at every half minute: no sorting, no sweep, no set algebra.

use crate::availability::question::Question;
use crate::availability::{Busy, Calendar, Hours};
use crate::time::{Instant, Interval};

const HALF: i64 = 30;

fn is_busy(q: &Question<'_>, busy: &[Busy], unit: Option<u32>, quantity: u32, taken: Interval) -> bool {
    busy.iter().any(|b| {
        let void = matches!(b.kind, crate::availability::BusyKind::Hold { expires } if expires <= q.now);
        let same = unit.is_none() || b.unit.is_none() || b.unit.map(|u| u % quantity) == unit;
        !void && same && b.at.start < taken.end && taken.start < b.at.end
    })
}

fn units(q: &Question<'_>, of: &Calendar<'_>, hours: Option<&Hours>, start: Instant) -> u32 {
    let end = start + i64::from(q.terms.duration_minutes) * 60;
    let within = |hours: &Hours| hours.open().iter().any(|open| open.start <= start && end <= open.end);
    let (before, after) = (i64::from(q.terms.buffer_before_minutes) * 60, i64::from(q.terms.buffer_after_minutes) * 60);
    let taken = Interval { start: start - before, end: end + after };
    if !hours.is_none_or(within) || is_busy(q, q.business.closures, None, 1, taken) {
        return 0;
    }
    (0..of.quantity).filter(|unit| !is_busy(q, of.busy, Some(*unit), of.quantity, taken)).count() as u32
}

/// Whether the needs from the `from`th on can be served by candidates that are not in `used`: every way is tried.
fn served(q: &Question<'_>, from: usize, used: &mut Vec<crate::availability::Ref>, start: Instant) -> bool {
    let Some(need) = q.needs.get(from) else { return true };
    need.candidates.iter().any(|candidate| {
        if used.contains(&candidate.who) || units(q, candidate, candidate.hours, start) < need.units {
            return false;
        }
        used.push(candidate.who);
        let all = served(q, from + 1, used, start);
        used.pop();
        all
    })
}

fn possible(q: &Question<'_>, lead: &Calendar<'_>, start: Instant) -> bool {
    let hours = lead.hours.or(q.business.hours);
    units(q, lead, hours, start) >= q.needs[0].units && served(q, 1, &mut vec![lead.who], start)
}

/// Where the grid of a start begins that has been possible since `since`.
fn anchor(q: &Question<'_>, since: Instant, at: Instant) -> Instant {
    let (first, today) = (q.zone.civil_at(since).date(), q.zone.civil_at(at).date());
    let days = (today - first).get_days();
    if days < 2 { since } else { q.zone.instant(today.at(0, 0, 0, 0)) }
}

/// The starts of `lead` within the window.
pub fn starts(q: &Question<'_>, lead: &Calendar<'_>) -> Vec<Instant> {
    let (step, align) = (q.terms.grid.step, q.terms.grid.align);
    let mut found = Vec::new();
    let mut since = None;
    let earliest = q.now + i64::from(q.terms.min_notice_minutes) * 60;
    let today = q.zone.civil_at(q.now).date();
    let mut at = q.window.start - 3 * 86_400;
    while at < q.window.end {
        let day = q.zone.civil_at(at).date();
        let late = q.terms.max_advance_days.is_some_and(|days| (day - today).get_days() > days as i32);
        if !possible(q, lead, at) {
            since = None;
        } else {
            let begin = anchor(q, *since.get_or_insert(at), at);
            let mut first = begin;
            loop {
                let clock = q.zone.civil_at(first).time();
                let second =
                    i64::from(clock.hour()) * 3600 + i64::from(clock.minute()) * 60 + i64::from(clock.second());
                if align == 0 || second % align == 0 {
                    break;
                }
                first = first + HALF;
            }
            let on_grid = at >= first && (at - first) % step == 0;
            let session = lead.sessions.iter().any(|s| s.at.start == at) && q.terms.capacity > 1;
            if on_grid && !session && at >= earliest && at >= q.window.start && !late {
                found.push(at);
            }
        }
        at = at + HALF;
    }
    found.extend(joinable(q, lead, earliest, today));
    found.sort_unstable();
    found
}

fn joinable(q: &Question<'_>, lead: &Calendar<'_>, earliest: Instant, today: crate::time::Date) -> Vec<Instant> {
    let free = |s: &&crate::availability::Session| {
        let others: Vec<Busy> = lead.busy.iter().filter(|b| b.source != s.source).copied().collect();
        let day = q.zone.civil_at(s.at.start).date();
        s.taken < q.terms.capacity
            && q.terms.capacity > 1
            && s.at.start >= earliest
            && q.window.start <= s.at.start
            && s.at.start < q.window.end
            && q.terms.max_advance_days.is_none_or(|days| (day - today).get_days() <= days as i32)
            && !is_busy(q, &others, Some(s.unit), lead.quantity, s.at)
            && !is_busy(q, q.business.closures, None, 1, s.at)
    };
    lead.sessions.iter().filter(free).map(|s| s.at.start).collect()
}
