//! Several needs of one booking, each served by a candidate of its own.

use std::collections::BTreeSet;
use std::convert::Infallible;

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
    let Ok(serves) = distinct(&can, |_| Ok::<_, Infallible>(true));
    let number = |(need, who): (&(&Need<'_>, Vec<Levels>), Ref)| {
        need.0.candidates.iter().position(|candidate| candidate.who == who)
    };
    needs.iter().zip(serves.ok()?).map(number).collect()
}

/// One of each list, none of them twice, each of them free: earlier ones where that leaves enough for the other lists.
/// Or the number of the list for which nobody is left. Whether one is free is asked only where it matters.
///
/// # Errors
/// What `free` fails with.
pub fn distinct<T: Copy + Ord, E>(
    lists: &[Vec<T>],
    mut free: impl FnMut(T) -> Result<bool, E>,
) -> Result<Result<Vec<T>, usize>, E> {
    let mut serves: Vec<Option<T>> = vec![None; lists.len()];
    for list in 0..lists.len() {
        if !place(list, lists, &mut serves, &mut BTreeSet::new(), &mut free)? {
            return Ok(Err(list));
        }
    }
    Ok(Ok(serves.into_iter().flatten().collect()))
}

/// Finds one for a list, moving others to their alternatives where nobody is left otherwise (an augmenting path).
fn place<T: Copy + Ord, E>(
    list: usize,
    lists: &[Vec<T>],
    serves: &mut [Option<T>],
    tried: &mut BTreeSet<T>,
    free: &mut impl FnMut(T) -> Result<bool, E>,
) -> Result<bool, E> {
    let candidates = lists.get(list).map_or(&[][..], |own| &own[..]);
    let holder = |serves: &[Option<T>], who: T| serves.iter().position(|served_by| *served_by == Some(who));
    for who in candidates {
        if holder(serves, *who).is_none() && tried.insert(*who) && free(*who)? {
            serves[list] = Some(*who);
            return Ok(true);
        }
    }
    for who in candidates {
        let Some(other) = holder(serves, *who) else { continue };
        if tried.insert(*who) && place(other, lists, serves, tried, free)? {
            serves[list] = Some(*who);
            return Ok(true);
        }
    }
    Ok(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all_free(lists: &[Vec<u8>]) -> Result<Vec<u8>, usize> {
        distinct(lists, |_| Ok::<_, Infallible>(true)).unwrap()
    }

    #[test]
    fn who_could_serve_another_list_makes_way() {
        assert_eq!(all_free(&[vec![1, 2], vec![1, 2]]), Ok(vec![1, 2]), "in order of preference");
        assert_eq!(all_free(&[vec![1, 2], vec![1]]), Ok(vec![2, 1]));
        assert_eq!(all_free(&[vec![1, 2], vec![2, 3], vec![1], vec![2]]), Err(3));
        assert_eq!(all_free(&[vec![1, 2], vec![2, 3], vec![1]]), Ok(vec![2, 3, 1]));
        assert_eq!(all_free(&[vec![1], vec![1]]), Err(1));
        assert_eq!(all_free(&[]), Ok(vec![]));
    }

    #[test]
    fn only_what_matters_is_asked() {
        let mut asked = Vec::new();
        let free = |who: u8| {
            asked.push(who);
            Ok::<_, Infallible>(who != 1)
        };
        assert_eq!(distinct(&[vec![1, 2, 3, 4]], free), Ok(Ok(vec![2])));
        assert_eq!(asked, [1, 2]);
        assert_eq!(distinct(&[vec![1_u8]], |_| Err("no database")), Err("no database"));
    }
}
