//! When an object takes place, without what it says: little enough to be remembered of many.

use super::part::Part;
use super::set::Set;
use super::{Kind, Object, TimeRange};
use crate::recurrence::{Exhausted, Series};
use crate::time::Zone;

/// The recurrence sets of a VEVENT or VJOURNAL.
#[derive(Debug)]
pub struct Occurs {
    parts: Vec<Part>,
    sets: Vec<Set>,
}

impl Object {
    /// What is left of it when only its times are of interest. `None` for other types, whose times are not in DTSTART
    /// and its rules alone.
    #[must_use]
    pub fn into_occurs(self) -> Option<Occurs> {
        let Self { kind, parts, sets, .. } = self;
        matches!(kind, Kind::Event | Kind::Journal).then_some(Occurs { parts, sets })
    }
}

impl Occurs {
    /// About how many octets of memory it takes.
    #[must_use]
    pub fn octets(&self) -> usize {
        let series = self.sets.iter().filter_map(|set| set.series.as_ref());
        self.parts.len() * size_of::<Part>() + series.map(Series::octets).sum::<usize>()
    }

    /// Whether a CALDAV:time-range on the object's components matches (RFC 4791 §9.9). Floating times and dates are those
    /// of `floating`.
    ///
    /// # Errors
    /// [`Exhausted`] when a series takes too many steps.
    pub fn overlaps(&self, range: TimeRange, floating: &Zone) -> Result<bool, Exhausted> {
        let window = range.interval();
        for (place, part) in self.parts.iter().enumerate() {
            let Some(set) = self.sets.get(part.set) else { continue };
            if set.any(&self.parts, place, window, floating, |_| true)? {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
