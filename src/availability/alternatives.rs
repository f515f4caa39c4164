//! What to offer instead of a time that is taken (B10).

use std::cmp::Reverse;

use crate::time::{Instant, Interval, Zone};

use super::{Offers, Ref};

/// A free time instead of the one that was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Alternative {
    /// From start to end.
    pub at: Interval,
    /// With whom: the one asked for when free, else the first who is; `None` for services that need nobody.
    pub who: Option<Ref>,
    /// How many bookings the time can take.
    pub remaining: u32,
}

/// The best `most` of `offers` for somebody who wanted `start`, with `who` if they named anyone.
///
/// Same candidate before same day before same hour of the clock, all on the clocks of `zone`, which is that of the one
/// who asks; among equals the nearest, and of two equally near the earlier. The wanted start with the wanted candidate is
/// no alternative to itself; with another candidate it is.
#[must_use]
pub fn alternatives(offers: &Offers, start: Instant, who: Option<Ref>, zone: &Zone, most: usize) -> Vec<Alternative> {
    let wanted = zone.civil_at(start);
    let mut ranked: Vec<_> = offers
        .slots()
        .iter()
        .map(|slot| {
            let free = offers.who(slot);
            let same_who = who.is_some_and(|who| free.contains(&who));
            let chosen = if same_who { who } else { free.first().copied() };
            (slot, chosen, same_who || who.is_none())
        })
        .filter(|(slot, _, same_who)| !(slot.at.start == start && *same_who))
        .map(|(slot, chosen, same_who)| {
            let local = zone.civil_at(slot.at.start);
            let (same_day, same_hour) = (local.date() == wanted.date(), local.hour() == wanted.hour());
            let away = (slot.at.start - start).abs();
            let rank = (Reverse((same_who, same_day, same_hour)), away, slot.at.start);
            (rank, Alternative { at: slot.at, who: chosen, remaining: slot.remaining })
        })
        .collect();
    if most < ranked.len() {
        ranked.select_nth_unstable_by_key(most, |(rank, _)| *rank);
        ranked.truncate(most);
    }
    ranked.sort_unstable_by_key(|(rank, _)| *rank);
    ranked.into_iter().map(|(_, alternative)| alternative).collect()
}
