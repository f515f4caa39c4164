//! From calendars to possible starts.
//!
//! A stretch of free time becomes the stretch of starts from which the service fits in. On starts everything is set
//! algebra: any of several is a union, several together an intersection, and a number of units a count.

use std::ops::ControlFlow;

use crate::time::{Instant, Interval};

use super::grid::Starts;
use super::offsets::Offsets;
use super::question::{Calendar, Need, Question, Session};
use super::spans::gaps;
use super::{Busy, Levels, Ref, Spans, matching};

/// What is the same for all candidates of the leading need.
pub(super) struct Engine<'q> {
    pub(super) question: &'q Question<'q>,
    pub(super) bounds: Interval,
    offsets: Offsets,
    /// All the time that can matter: the hours of who has none.
    reach: [Interval; 1],
    /// When something of a closure would be in the way of a start or of what it takes, by start.
    closures: Vec<Interval>,
    rest: Rest<'q>,
}

/// What is needed besides the leading candidate.
enum Rest<'q> {
    /// Nothing.
    Nothing,
    /// Needs that have no candidate in common with another: when all can be served, and how often each.
    Apart { together: Spans, each: Vec<Levels> },
    /// Needs that share candidates: who serves what depends on the leading candidate too.
    Shared(Vec<(&'q Need<'q>, Vec<Levels>)>),
}

/// Memory used again for each candidate.
#[derive(Default)]
pub(super) struct Scratch {
    busy: Vec<Interval>,
    starts: Vec<Interval>,
}

/// Possible starts of one leading candidate.
#[derive(Debug, Clone, Copy)]
pub(super) struct Found {
    pub(super) starts: Starts,
    /// How many more new bookings or sessions the candidate can take then.
    pub(super) fresh: u32,
    /// Seats left in a session that takes place then.
    pub(super) seats: u32,
}

impl<'q> Engine<'q> {
    /// `None` when notice and horizon leave nothing of the window.
    pub(super) fn new(question: &'q Question<'q>) -> Option<Self> {
        Some(Self::over(question, question.bounds()?))
    }

    /// Looks at the starts within `bounds`, whatever notice and horizon say.
    pub(super) fn over(question: &'q Question<'q>, bounds: Interval) -> Self {
        let reach = question.reach();
        let mut engine = Self {
            question,
            bounds,
            offsets: Offsets::new(question.zone, reach),
            reach: [reach],
            closures: Vec::new(),
            rest: Rest::Nothing,
        };
        let closures = question.business.closures.iter().filter(|c| c.counts(question.now, question.ignore));
        let mut closures: Vec<Interval> = closures.map(|c| engine.in_the_way(c.at)).collect();
        closures.sort_unstable();
        engine.closures = closures;
        engine.rest = engine.rest();
        engine
    }

    /// The starts of `lead`, in order, until `found` breaks off.
    pub(super) fn starts(
        &self,
        lead: &Calendar<'_>,
        scratch: &mut Scratch,
        mut found: impl FnMut(Found) -> ControlFlow<()>,
    ) {
        let (ControlFlow::Continue(()) | ControlFlow::Break(())) = if self.question.terms.capacity <= 1 {
            self.fresh(lead, scratch, &mut |starts, fresh| found(Found { starts, fresh, seats: 0 }))
        } else {
            self.class(lead, scratch, &mut found)
        };
    }

    /// New bookings or sessions.
    fn fresh(
        &self,
        lead: &Calendar<'_>,
        scratch: &mut Scratch,
        found: &mut impl FnMut(Starts, u32) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let (grid, units) = (self.question.terms.grid, self.question.needs.first().map_or(1, Need::units));
        let open = lead.hours.or(self.question.business.hours).map_or(&self.reach[..], |hours| hours.open().as_slice());
        let together = self.together(lead);
        if lead.quantity == 1 && units == 1 && together.is_none() {
            self.unit_starts(open, lead, None, scratch);
            for stretch in &scratch.starts {
                grid.starts(*stretch, self.bounds, &self.offsets, |starts| found(starts, 1))?;
            }
            return ControlFlow::Continue(());
        }
        let levels = self.levels(open, lead, scratch);
        let mut possible = levels.at_least(units);
        if let Some(together) = together {
            possible = possible.intersect(&together);
        }
        for stretch in &possible {
            grid.starts(*stretch, self.bounds, &self.offsets, |starts| {
                starts.each().try_for_each(|at| found(Starts::one(at), levels.at(at) / units))
            })?;
        }
        ControlFlow::Continue(())
    }

    /// Seats in sessions that take place, and new sessions at other times: of one start a candidate has one session.
    fn class(
        &self,
        lead: &Calendar<'_>,
        scratch: &mut Scratch,
        found: &mut impl FnMut(Found) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let mut sessions: Vec<&Session> = lead.sessions.iter().collect();
        sessions.sort_unstable_by_key(|session| session.at.start);
        let mut sessions = sessions.into_iter().filter(|s| self.bounds.overlaps(instant(s.at.start))).peekable();
        let seats = |session: &Session, found: &mut dyn FnMut(Found) -> ControlFlow<()>| {
            if !self.joinable(lead, session) {
                return ControlFlow::Continue(());
            }
            let seats = self.question.terms.capacity - session.taken;
            found(Found { starts: Starts::one(session.at.start), fresh: 0, seats })
        };
        self.fresh(lead, scratch, &mut |starts, _| {
            starts.each().try_for_each(|start| {
                let mut is_session = false;
                while let Some(session) = sessions.next_if(|session| session.at.start <= start) {
                    is_session |= session.at.start == start;
                    seats(session, found)?;
                }
                let fresh = Found { starts: Starts::one(start), fresh: 1, seats: 0 };
                if is_session { ControlFlow::Continue(()) } else { found(fresh) }
            })
        })?;
        sessions.try_for_each(|session| seats(session, found))
    }

    /// Whether a session has a seat left and nothing but its own bookings lies on its time. Its hours and its place on
    /// the grid were settled when it was made.
    pub(super) fn joinable(&self, lead: &Calendar<'_>, session: &Session) -> bool {
        let mut busy = lead.busy.iter().chain(self.question.business.closures);
        session.taken < self.question.terms.capacity && !busy.any(|busy| self.disturbs(lead, session, busy))
    }

    /// Whether something other than its own bookings lies on the time of a session.
    pub(super) fn disturbs(&self, lead: &Calendar<'_>, session: &Session, busy: &Busy) -> bool {
        busy.source != session.source
            && busy.takes(session.unit, lead.quantity)
            && busy.at.overlaps(session.at)
            && busy.counts(self.question.now, self.question.ignore)
    }

    /// Whether nothing is needed besides the leading candidate.
    pub(super) const fn is_alone(&self) -> bool {
        matches!(self.rest, Rest::Nothing)
    }

    /// How many more bookings what is needed besides the leading candidate can serve at a start.
    pub(super) fn besides(&self, start: Instant) -> u32 {
        match &self.rest {
            Rest::Nothing => u32::MAX,
            Rest::Apart { each, .. } => each.iter().map(|levels| levels.at(start)).min().unwrap_or(u32::MAX),
            Rest::Shared(_) => 1,
        }
    }

    /// The starts at which a candidate has units for the whole time, and how many.
    fn levels(&self, open: &[Interval], of: &Calendar<'_>, scratch: &mut Scratch) -> Levels {
        if of.quantity == 1 {
            self.unit_starts(open, of, None, scratch);
            return Levels::flat(&scratch.starts, 1);
        }
        let mut units: Vec<u32> = of.busy.iter().filter_map(|b| b.unit).map(|unit| unit % of.quantity.max(1)).collect();
        units.sort_unstable();
        units.dedup();
        let untouched = of.quantity.saturating_sub(u32::try_from(units.len()).unwrap_or(u32::MAX));
        let mut sets: Vec<(Vec<Interval>, u32)> = Vec::with_capacity(units.len() + 1);
        for unit in units {
            self.unit_starts(open, of, Some(unit), scratch);
            sets.push((scratch.starts.clone(), 1));
        }
        // Units without bookings are all alike.
        self.unit_starts(open, of, Some(u32::MAX), scratch);
        sets.push((std::mem::take(&mut scratch.starts), untouched));
        Levels::count(sets.iter().map(|(starts, weight)| (&starts[..], *weight)))
    }

    /// Fills `scratch.starts` with the stretches of starts of one unit: of a number that nothing has for those without
    /// bookings, `None` for the only one there is.
    fn unit_starts(&self, open: &[Interval], of: &Calendar<'_>, unit: Option<u32>, scratch: &mut Scratch) {
        let Scratch { busy, starts } = scratch;
        let (question, reach) = (self.question, self.reach[0]);
        busy.clear();
        starts.clear();
        for b in of.busy {
            if b.at.end > reach.start
                && b.at.start < reach.end
                && unit.is_none_or(|unit| b.takes(unit, of.quantity))
                && b.counts(question.now, question.ignore)
            {
                busy.push(self.in_the_way(b.at));
            }
        }
        busy.extend_from_slice(&self.closures);
        super::sort::by_start(busy);
        let duration = question.terms.duration();
        gaps(open, busy, |gap| {
            // The last start is the one that ends with the stretch.
            let last = gap.end - duration;
            if gap.start <= last {
                starts.push(Interval { start: gap.start, end: last + 1 });
            }
        });
    }

    /// A busy stretch with the service's buffers around it: what a booking itself, without buffers, must not overlap.
    fn in_the_way(&self, busy: Interval) -> Interval {
        busy.widened(self.question.terms.after(), self.question.terms.before())
    }

    /// Who serves the needs besides the leading one at a start, one for each.
    pub(super) fn others(&self, lead: &Calendar<'_>, start: Instant) -> Option<Vec<Ref>> {
        let needs: Vec<(&Need<'_>, Vec<Levels>)> = self.levels_of_needs();
        let chosen = matching::assign(&needs, lead.who, start)?;
        let who = |((need, _), number): (&(&Need<'_>, Vec<Levels>), usize)| need.candidates.get(number).map(|c| c.who);
        needs.iter().zip(chosen).map(who).collect()
    }

    /// The needs besides the leading one, with the starts of each of their candidates.
    fn levels_of_needs(&self) -> Vec<(&'q Need<'q>, Vec<Levels>)> {
        let question: &'q Question<'q> = self.question;
        let mut scratch = Scratch::default();
        let mut levels = |of: &Calendar<'_>| {
            let open = of.hours.map_or(&self.reach[..], |hours| hours.open().as_slice());
            self.levels(open, of, &mut scratch)
        };
        let needs = question.needs.iter().skip(1);
        needs.map(|need| (need, need.candidates.iter().map(&mut levels).collect())).collect()
    }

    fn rest(&self) -> Rest<'q> {
        let needs = self.levels_of_needs();
        if needs.is_empty() {
            return Rest::Nothing;
        }
        if matching::share_candidates(self.question.needs) {
            return Rest::Shared(needs);
        }
        let each: Vec<Levels> = needs.iter().map(|(need, levels)| matching::servings(levels, need.units())).collect();
        let together = each.iter().map(|levels| levels.at_least(1)).reduce(|all, next| all.intersect(&next));
        Rest::Apart { together: together.unwrap_or_default(), each }
    }

    /// Whether everything besides `lead` is there for it at a start.
    pub(super) fn complete(&self, lead: &Calendar<'_>, start: Instant) -> bool {
        self.together(lead).is_none_or(|together| together.contains(start))
    }

    /// When everything besides `lead` is there for it; `None` when nothing else is needed.
    fn together(&self, lead: &Calendar<'_>) -> Option<std::borrow::Cow<'_, Spans>> {
        match &self.rest {
            Rest::Nothing => None,
            Rest::Apart { together, .. } => Some(std::borrow::Cow::Borrowed(together)),
            Rest::Shared(needs) => Some(std::borrow::Cow::Owned(matching::together(needs, lead.who, self.reach[0]))),
        }
    }
}

/// The shortest interval that holds an instant.
fn instant(at: Instant) -> Interval {
    Interval { start: at, end: at + 1 }
}
