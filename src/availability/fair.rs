//! Who takes a booking that anyone could take (A7).

use crate::time::Instant;

use super::Ref;

/// How the work is shared out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Fairness {
    /// In the order of preference.
    #[default]
    Preference,
    /// Who has the least booked time first.
    LeastBusy,
    /// Who was given a booking the longest ago first, and who never was before everyone.
    RoundRobin,
}

/// What somebody has been given so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Load {
    /// Who.
    pub who: Ref,
    /// Booked minutes in the time that is compared: a day, a week, as the caller counts.
    pub booked_minutes: u64,
    /// When they were last given a booking.
    pub last_given: Option<Instant>,
}

/// The free candidates in the order in which they should be asked; of equals, the earlier one of `free` comes first.
///
/// Who is in no load has nothing so far. The same arguments always give the same order.
#[must_use]
pub fn in_turn(free: &[Ref], loads: &[Load], fairness: Fairness) -> Vec<Ref> {
    let load = |who: &Ref| loads.iter().find(|load| load.who == *who);
    let mut order = free.to_vec();
    match fairness {
        Fairness::Preference => {}
        Fairness::LeastBusy => order.sort_by_cached_key(|who| load(who).map_or(0, |load| load.booked_minutes)),
        Fairness::RoundRobin => order.sort_by_cached_key(|who| load(who).and_then(|load| load.last_given)),
    }
    order
}
