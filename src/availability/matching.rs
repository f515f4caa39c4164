//! Several needs of one booking, each served by a candidate of its own.

use std::collections::BTreeSet;

use crate::time::{Instant, Interval};

use super::question::Need;
use super::{Levels, Ref, Spans};

/// Whether somebody is a candidate of two needs.
pub(super) fn share_candidates(needs: &[Need<'_>]) -> bool {
    let mut seen = BTreeSet::new();
    needs.iter().any(|need| {
        let own: BTreeSet<Ref> = need.candidates.iter().map(|c| c.who).collect();
        own.into_iter().any(|who| !seen.insert(who))
    })
}

/// How many bookings that take `units` units of one candidate the candidates can serve at each start.
pub(super) fn servings(of: &[Levels], units: u32) -> Levels {
    let whole: Vec<(Vec<Interval>, u32)> = of
        .iter()
        .flat_map(|levels| levels.as_slice())
        .filter(|level| level.count >= units)
        .map(|level| (vec![level.at], level.count / units))
        .collect();
    Levels::count(whole.iter().map(|(at, weight)| (&at[..], *weight)))
}

/// When all of `needs` can be served by different candidates, none of them `lead`.
pub(super) fn together(needs: &[(&Need<'_>, Vec<Levels>)], lead: Ref, reach: Interval) -> Spans {
    let mut edges: Vec<Instant> = vec![reach.start, reach.end];
    for level in needs.iter().flat_map(|(_, of)| of).flat_map(Levels::as_slice) {
        edges.extend([level.at.start, level.at.end]);
    }
    edges.sort_unstable();
    edges.dedup();
    let parts = edges.windows(2).map(|pair| Interval { start: pair[0], end: pair[1] });
    parts.filter(|part| assign(needs, lead, part.start).is_some()).collect()
}

/// Which candidate serves each of `needs` at `start`, by their numbers; earlier candidates first where that leaves
/// enough for the others.
pub(super) fn assign(needs: &[(&Need<'_>, Vec<Levels>)], lead: Ref, start: Instant) -> Option<Vec<usize>> {
    let can: Vec<Vec<Ref>> = needs
        .iter()
        .map(|(need, levels)| {
            let there = need.candidates.iter().zip(levels).filter(|(_, levels)| levels.at(start) >= need.units());
            there.map(|(candidate, _)| candidate.who).filter(|who| *who != lead).collect()
        })
        .collect();
    let mut serves: Vec<Option<Ref>> = vec![None; needs.len()];
    for need in 0..needs.len() {
        if !place(need, &can, &mut serves, &mut BTreeSet::new()) {
            return None;
        }
    }
    let number = |(need, who): (&(&Need<'_>, Vec<Levels>), Option<Ref>)| {
        need.0.candidates.iter().position(|candidate| Some(candidate.who) == who)
    };
    needs.iter().zip(serves).map(number).collect()
}

/// Finds a candidate for `need`, moving others to their alternatives where that helps (an augmenting path).
fn place(need: usize, can: &[Vec<Ref>], serves: &mut [Option<Ref>], tried: &mut BTreeSet<Ref>) -> bool {
    let candidates = can.get(need).map_or(&[][..], |own| &own[..]);
    for who in candidates {
        if !tried.insert(*who) {
            continue;
        }
        let holder = serves.iter().position(|served_by| *served_by == Some(*who));
        if holder.is_none_or(|other| place(other, can, serves, tried)) {
            serves[need] = Some(*who);
            return true;
        }
    }
    false
}
