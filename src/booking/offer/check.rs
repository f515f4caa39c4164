//! Whether hours, blocks and a service's terms allow a booking. Whether its time is taken is not asked here: that the
//! allocations decide.

use crate::availability::{self as engine, Calendar, Fairness, Load, Need, Question, Spans, Why};
use crate::booking::series::Occurrence;
use crate::booking::{Conflict, Context, Error};
use crate::store::allocations::{self, Occupied};
use crate::store::people::Person;
use crate::store::resources::Resource;
use crate::store::services::Service;
use crate::store::{Conn, Id};
use crate::time::{Instant, Interval, Zone};

use super::world::{Taken, World, id, reference};
use super::{Party, Reason, named, terms};

const DAY: i64 = 86_400;
/// Occurrences that a refusal names.
const NAMED: usize = 10;

/// Whom a booking may be served by, of those who could: whose hours and blocks allow every occurrence.
///
/// # Errors
/// [`Conflict::SlotUnavailable`] says why nobody, or nothing that is needed besides, is left.
pub(in crate::booking) fn allowed(
    conn: &mut Conn,
    ctx: &Context,
    service: &Service,
    occurrences: &[Occurrence],
    (mut staff, mut resources): (Vec<Person>, Vec<Vec<Resource>>),
) -> Result<(Vec<Person>, Vec<Vec<Resource>>), Error> {
    if occurrences.is_empty() {
        return Ok((staff, resources));
    }
    let world = world(conn, ctx, service, occurrences, (&staff, &resources))?;
    let check = Check { ctx, service, world: &world, occurrences };
    if staff.is_empty() && resources.iter().all(Vec::is_empty) {
        check.one(&[engine_whoever()], "the business")?;
        return Ok((staff, resources));
    }
    keep(&mut staff, |p| check.one(&[world.calendar(p.person_id)], &p.name))?;
    for any in &mut resources {
        // Something without hours of its own is there whenever who serves is.
        let lead = staff.first().map(|p| world.calendar(p.person_id));
        keep(any, |r| {
            let both: Vec<Calendar<'_>> = lead.into_iter().chain([world.calendar(r.resource_id)]).collect();
            check.one(&both, &r.name)
        })?;
    }
    Ok((staff, resources))
}

/// Hours and blocks of everyone concerned around all occurrences.
fn world(
    conn: &mut Conn,
    ctx: &Context,
    service: &Service,
    occurrences: &[Occurrence],
    (staff, resources): (&[Person], &[Vec<Resource>]),
) -> Result<World, Error> {
    let from = occurrences.iter().map(|o| o.span.at.start).min().unwrap_or(ctx.now);
    let until = occurrences.iter().map(|o| o.span.at.end).max().unwrap_or(ctx.now);
    let party = Party { service: service.clone(), staff: staff.to_vec(), resources: resources.to_vec() };
    let known = Interval { start: from - 5 * DAY, end: until + 5 * DAY };
    World::read(conn, ctx, &party.owners(), known, Taken::Unread)
}

/// Hours, blocks and terms around the occurrences of a series, to say of each what is in its way.
pub(in crate::booking) struct Judge<'a> {
    ctx: &'a Context,
    service: &'a Service,
    occurrences: &'a [Occurrence],
    world: World,
}

impl<'a> Judge<'a> {
    /// # Errors
    /// [`Error::Store`].
    pub fn read(
        conn: &mut Conn,
        ctx: &'a Context,
        service: &'a Service,
        occurrences: &'a [Occurrence],
        party: (&[Person], &[Vec<Resource>]),
    ) -> Result<Self, Error> {
        let world = world(conn, ctx, service, occurrences, party)?;
        Ok(Self { ctx, service, occurrences, world })
    }

    /// What forbids each occurrence to these together, whoever leads first; to nobody in particular, the business.
    ///
    /// # Errors
    /// A service that cannot be asked about.
    pub fn reasons(&self, together: &[Id]) -> Result<Vec<Vec<Reason>>, Error> {
        let Self { ctx, service, occurrences, world } = self;
        let mut calendars: Vec<Calendar<'_>> = together.iter().map(|id| world.calendar(*id)).collect();
        if calendars.is_empty() {
            calendars.push(engine_whoever());
        }
        let check = Check { ctx, service, world, occurrences };
        occurrences.iter().map(|occurrence| check.each(&calendars, occurrence)).collect()
    }
}

/// Keeps the candidates that `check` allows. If none is left, the first one's refusal stands for all.
fn keep<T>(candidates: &mut Vec<T>, check: impl Fn(&T) -> Result<(), Error>) -> Result<(), Error> {
    let mut refusal = None;
    let mut failed = None;
    let before = candidates.len();
    candidates.retain(|candidate| match check(candidate) {
        Ok(()) => true,
        Err(error @ Error::Conflict { .. }) => {
            refusal.get_or_insert(error);
            false
        }
        Err(error) => {
            failed = Some(error);
            false
        }
    });
    match (failed, refusal) {
        (Some(error), _) => Err(error),
        (None, Some(refusal)) if candidates.is_empty() && before > 0 => Err(refusal),
        _ => Ok(()),
    }
}

/// Nobody in particular: the business's hours decide.
fn engine_whoever() -> Calendar<'static> {
    Calendar { quantity: u32::MAX, ..Calendar::default() }
}

struct Check<'a> {
    ctx: &'a Context,
    service: &'a Service,
    world: &'a World,
    occurrences: &'a [Occurrence],
}

impl Check<'_> {
    /// Whether these together may serve every occurrence; the last of them is `name`.
    fn one(&self, together: &[Calendar<'_>], name: &str) -> Result<(), Error> {
        let mut refused: Vec<String> = Vec::new();
        for occurrence in self.occurrences {
            let span = &occurrence.span;
            if let Some(reason) = self.each(together, occurrence)?.first() {
                refused.push(format!("{} ({})", span.at.start.to_rfc3339(&span.zone), reason.kind.summary()));
            }
        }
        if refused.is_empty() {
            return Ok(());
        }
        let more = refused.len().saturating_sub(NAMED);
        refused.truncate(NAMED);
        if more > 0 {
            refused.push(format!("{more} more"));
        }
        let detail = format!("{name} is not available at {}; choose another time", refused.join(", "));
        Err(Error::conflict(Conflict::SlotUnavailable, detail))
    }

    /// What is in the way of one occurrence.
    fn each(&self, together: &[Calendar<'_>], occurrence: &Occurrence) -> Result<Vec<Reason>, Error> {
        let span = &occurrence.span;
        match span.all_day || span.at.end - span.at.start >= DAY {
            true => Ok(self.handing_over(together, occurrence).into_iter().map(Reason::of).collect()),
            false => self.reasons(together, span.at),
        }
    }

    fn reasons(&self, together: &[Calendar<'_>], at: Interval) -> Result<Vec<Reason>, Error> {
        let one: Vec<[Calendar<'_>; 1]> = together.iter().map(|calendar| [*calendar]).collect();
        let needs: Vec<Need<'_>> = one.iter().map(|candidates| Need { candidates, units: 1 }).collect();
        let minutes = (at.end - at.start + 59) / 60;
        let question = Question {
            window: Interval { start: at.start, end: at.start + 60 },
            now: self.ctx.now,
            zone: &self.ctx.zone,
            terms: terms(self.service, minutes)?,
            business: self.world.business(),
            needs: &needs,
            ignore: &[],
        };
        let explained = engine::explain(&question);
        let stands = |why: Why| match why {
            // Slots are what is offered; a service that sets no step can begin at any minute.
            Why::Step => self.service.slot_step_minutes.is_some(),
            // A walk-in may be noted after it began.
            Why::Past => self.service.min_notice_minutes.is_some_and(|minutes| minutes > 0),
            _ => true,
        };
        let standing = explained.reasons.iter().filter(|reason| stands(reason.kind));
        Ok(standing.map(|reason| named(reason, self.world)).collect())
    }

    /// Whole days, and what lasts longer: it is fetched and brought back in opening hours, and is out in between.
    fn handing_over(&self, together: &[Calendar<'_>], occurrence: &Occurrence) -> Vec<Why> {
        let (span, now) = (&occurrence.span, self.ctx.now);
        let mut reasons = Vec::new();
        let Ok(terms) = terms(self.service, 1) else { return reasons };
        if self.service.min_notice_minutes.is_some() && span.at.start < terms.earliest(now) {
            reasons.push(Why::Notice);
        }
        if terms.horizon(now, &self.ctx.zone).is_some_and(|horizon| horizon <= span.at.start) {
            reasons.push(Why::Horizon);
        }
        let hours = together.first().and_then(|lead| lead.hours).or(self.world.hours.as_ref());
        let closed = Spans::new(self.world.closures.iter().map(|busy| busy.at).collect());
        let open = hours.map(|hours| hours.open().subtract(&closed));
        let ends = match span.all_day {
            true => [day_of(span.at.start, &span.zone), day_of(span.at.end - 1, &span.zone)],
            false => [moment(span.at.start), moment(span.at.end - 1)],
        };
        for end in ends {
            let is_open = match &open {
                Some(open) => !open.touching(end).is_empty(),
                None => !closed.covers(end),
            };
            if !is_open {
                reasons.push(if closed.covers(end) { Why::Holiday } else { Why::OutsideHours });
            }
        }
        let out = span.at;
        let blocked = together.iter().flat_map(|calendar| calendar.busy).any(|busy| busy.at.overlaps(out));
        if blocked {
            reasons.push(Why::Block);
        }
        reasons
    }
}

fn moment(at: Instant) -> Interval {
    Interval { start: at, end: at + 1 }
}

fn day_of(at: Instant, zone: &Zone) -> Interval {
    let date = zone.civil_at(at).date();
    let start = zone.instant(date.at(0, 0, 0, 0));
    let end = date.tomorrow().map_or(start + DAY, |next| zone.instant(next.at(0, 0, 0, 0)));
    Interval { start, end }
}

/// Those who could serve when anyone will do, the least busy on that day first (A7).
///
/// # Errors
/// [`Error::Store`].
pub(in crate::booking) fn fairest(
    conn: &mut Conn,
    ctx: &Context,
    staff: Vec<Person>,
    start: Instant,
) -> Result<Vec<Person>, Error> {
    if staff.len() < 2 {
        return Ok(staff);
    }
    let day = day_of(start, &ctx.zone);
    let mut loads = Vec::with_capacity(staff.len());
    for person in &staff {
        let taken = allocations::within(conn, ctx.tenant, person.person_id, day)?;
        let counts = |row: &&Occupied| row.expires_at.is_none_or(|at| at > ctx.now);
        let seconds: i64 =
            taken.iter().filter(counts).map(|row| row.end_at.min(day.end) - row.start_at.max(day.start)).sum();
        let booked_minutes = u64::try_from(seconds / 60).unwrap_or(0);
        loads.push(Load { who: reference(person.person_id), booked_minutes, last_given: None });
    }
    let ids: Vec<_> = staff.iter().map(|person| reference(person.person_id)).collect();
    let order: Vec<Id> = engine::in_turn(&ids, &loads, Fairness::LeastBusy).into_iter().map(id).collect();
    let mut staff = staff;
    staff.sort_by_key(|person| order.iter().position(|id| *id == person.person_id));
    Ok(staff)
}
