//! When can this be booked? What the availability engine says about the rows of one moment (A1–A8).

mod check;
pub mod instead;
mod world;
mod written;

use crate::availability::{self as engine, Calendar, Grid, Need, Question, Ref, Terms};
use crate::store::people::Person;
use crate::store::resources::Resource;
use crate::store::services::{self, Service};
use crate::store::{BookingKind, Conn, Id};
use crate::time::{Date, Instant, Interval, Zone};

use super::cast::{Grip, bookable_service, resource_candidates, staff_candidates};
use super::{Context, Error};

pub(super) use check::{Judge, allowed, fairest};
use world::{Classes, Owner, Taken, World, id, reference};

/// Minutes between slots of a service that says nothing about it.
const STEP_MINUTES: u32 = 15;
/// The longest window that is answered at once.
const MAX_DAYS: i64 = 366;

/// What somebody wants to book, and who or what with, where they mind.
#[derive(Debug, Clone)]
pub struct Wish {
    /// The service.
    pub service: Id,
    /// By whom; none: anyone who can.
    pub staff: Option<Id>,
    /// With what; none: anything that serves.
    pub resources: Option<Vec<Id>>,
}

/// A time that can be booked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slot {
    /// From start to end, without buffers.
    pub at: Interval,
    /// Which staff members could serve, the first of them if nobody says otherwise.
    pub staff: Vec<Id>,
    /// How many bookings it can take.
    pub remaining: u32,
}

/// A day and what is left of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Day {
    /// The day.
    pub date: Date,
    /// How many bookings it can take; of a rental: how many units are free all day.
    pub remaining: u32,
    /// How many slots begin on it; of a rental: the longest, in days, that can begin.
    pub slots: u32,
}

/// Why a time cannot be booked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// What kind of thing is in the way.
    pub kind: engine::Why,
    /// The booking, hold, block or session, or whose hours they are.
    pub reference: Option<Id>,
    /// What to tell people.
    pub summary: String,
    /// When.
    pub at: Option<Interval>,
}

impl Reason {
    /// A reason of which no more is to be said.
    pub(in crate::booking) fn of(kind: engine::Why) -> Self {
        Self { kind, reference: None, summary: kind.summary().to_owned(), at: None }
    }
}

/// Who and what a wish can be served by.
#[derive(Debug, Clone)]
struct Party {
    service: Service,
    staff: Vec<Person>,
    resources: Vec<Vec<Resource>>,
}

impl Party {
    fn look(conn: &mut Conn, ctx: &Context, wish: &Wish) -> Result<Self, Error> {
        let service = bookable_service(conn, ctx, wish.service, Grip::Look)?;
        let providers = services::providers(conn, ctx.tenant, service.service_id)?;
        let staff = staff_candidates(conn, ctx, &providers, wish.staff, Grip::Look)?;
        let resources = resource_candidates(conn, ctx, &providers, wish.resources.as_deref(), Grip::Look)?;
        Ok(Self { service, staff, resources })
    }

    /// Everyone and everything with time, each once. A class without any has its seats on the service itself.
    fn owners(&self) -> Vec<Owner> {
        let mut owners: Vec<Owner> = self.staff.iter().map(Owner::person).collect();
        owners.extend(self.resources.iter().flatten().map(Owner::resource));
        if owners.is_empty() && self.service.capacity > 1 {
            owners.push(Owner { id: self.service.service_id, quantity: u32::MAX });
        }
        owners.sort_unstable_by_key(|owner| owner.id);
        owners.dedup_by_key(|owner| owner.id);
        owners
    }

    fn classes(&self) -> Classes {
        let anchors = self.staff.iter().map(|person| person.person_id).collect();
        Classes { service: (self.service.capacity > 1).then_some(self.service.service_id), anchors }
    }

    /// The candidates of each need, as the engine takes them: whoever serves leads.
    fn calendars<'w>(&self, world: &'w World) -> Vec<Vec<Calendar<'w>>> {
        let staff: Vec<Calendar<'w>> = self.staff.iter().map(|p| world.calendar(p.person_id)).collect();
        let resources = self.resources.iter().map(|any| any.iter().map(|r| world.calendar(r.resource_id)).collect());
        let mut needs: Vec<Vec<Calendar<'w>>> = std::iter::once(staff).chain(resources).collect();
        needs.retain(|candidates| !candidates.is_empty());
        if needs.is_empty() && self.service.capacity > 1 {
            needs.push(vec![world.calendar(self.service.service_id)]);
        }
        needs
    }

    fn terms(&self) -> Result<Terms, Error> {
        terms(&self.service, i64::from(self.service.duration_minutes))
    }
}

/// A service's terms for a booking of some minutes.
fn terms(service: &Service, minutes: i64) -> Result<Terms, Error> {
    let natural = |number: i32| u32::try_from(number).unwrap_or(0);
    let step = service.slot_step_minutes.map_or(STEP_MINUTES, natural);
    Ok(Terms {
        duration_minutes: u32::try_from(minutes).unwrap_or(u32::MAX),
        grid: Grid::every(step).map_err(|error| Error::invalid("/slot_step_minutes", error.to_string()))?,
        buffer_before_minutes: natural(service.buffer_before_minutes),
        buffer_after_minutes: natural(service.buffer_after_minutes),
        min_notice_minutes: service.min_notice_minutes.map_or(0, natural),
        max_advance_days: service.max_advance_days.map(natural),
        capacity: natural(service.capacity),
    })
}

/// Asks the engine about a window, with everything that decides read in one snapshot.
fn asking<T>(
    conn: &mut Conn,
    ctx: &Context,
    party: &Party,
    (terms, window): (Terms, Interval),
    ignore: &[Id],
    answer: impl FnOnce(&Question<'_>, &World) -> T,
) -> Result<T, Error> {
    let bare = Question {
        window,
        now: ctx.now,
        zone: &ctx.zone,
        terms,
        business: engine::Business::default(),
        needs: &[],
        ignore: &[],
    };
    let world = World::read(conn, ctx, &party.owners(), bare.reach(), Taken::Read(&party.classes()))?;
    let calendars = party.calendars(&world);
    let needs: Vec<Need<'_>> = calendars.iter().map(|candidates| Need { candidates, units: 1 }).collect();
    let ignore: Vec<Ref> = ignore.iter().map(|id| reference(*id)).collect();
    let question = Question { business: world.business(), needs: &needs, ignore: &ignore, ..bare };
    Ok(answer(&question, &world))
}

/// The slots of a service whose starts lie in a window.
///
/// # Errors
/// [`Error::Invalid`] for a service, staff member or resource that there is not, or a window that is too long.
pub fn slots(conn: &mut Conn, ctx: &Context, wish: &Wish, window: Interval) -> Result<Vec<Slot>, Error> {
    refuse_long(window)?;
    let party = Party::look(conn, ctx, wish)?;
    let terms = party.terms()?;
    asking(conn, ctx, &party, (terms, window), &[], |question, _| read_offers(&party, &engine::slots(question)))
}

fn read_offers(party: &Party, offers: &engine::Offers) -> Vec<Slot> {
    let served = |slot: &engine::Slot| match party.staff.is_empty() {
        true => Vec::new(),
        false => offers.who(slot).iter().map(|who| id(*who)).collect(),
    };
    let slot = |slot: &engine::Slot| Slot { at: slot.at, staff: served(slot), remaining: slot.remaining };
    offers.slots().iter().map(slot).collect()
}

fn refuse_long(window: Interval) -> Result<(), Error> {
    if window.end - window.start > MAX_DAYS * 86_400 {
        return Err(Error::invalid("/to", format!("is more than {MAX_DAYS} days after from; ask for less at once")));
    }
    Ok(())
}

/// The first slot of a service in a window.
///
/// # Errors
/// As [`slots`].
pub fn first(conn: &mut Conn, ctx: &Context, wish: &Wish, window: Interval) -> Result<Option<Slot>, Error> {
    refuse_long(window)?;
    let party = Party::look(conn, ctx, wish)?;
    let terms = party.terms()?;
    let first = asking(conn, ctx, &party, (terms, window), &[], |question, _| engine::first(question))?;
    Ok(first.and_then(|offers| read_offers(&party, &offers).into_iter().next()))
}

/// The slots of each staff member, or resource where no staff is needed, on their own.
///
/// # Errors
/// As [`slots`].
pub fn each(conn: &mut Conn, ctx: &Context, wish: &Wish, window: Interval) -> Result<Vec<(Id, Vec<Slot>)>, Error> {
    refuse_long(window)?;
    let party = Party::look(conn, ctx, wish)?;
    let terms = party.terms()?;
    let is_staff = !party.staff.is_empty();
    asking(conn, ctx, &party, (terms, window), &[], |question, _| {
        let of = |(who, slots): (Ref, &[(Interval, u32)])| {
            let staff = if is_staff { vec![id(who)] } else { Vec::new() };
            let slot =
                |(at, remaining): &(Interval, u32)| Slot { at: *at, staff: staff.clone(), remaining: *remaining };
            (id(who), slots.iter().map(slot).collect())
        };
        engine::bulk(question).iter().map(of).collect()
    })
}

/// What is left of each day from `from` to `to`, on the clocks of `zone`. Services that are rented, or last a day or
/// more, count whole days.
///
/// # Errors
/// As [`slots`].
pub fn days(
    conn: &mut Conn,
    ctx: &Context,
    wish: &Wish,
    (from, to): (Date, Date),
    zone: &Zone,
) -> Result<Vec<Day>, Error> {
    let window = day_window(from, to, zone)?;
    let party = Party::look(conn, ctx, wish)?;
    let terms = party.terms()?;
    if party.service.kind == BookingKind::Rental || terms.duration_minutes >= 1440 {
        return stays(conn, ctx, &party, terms, (from, to));
    }
    asking(conn, ctx, &party, (terms, window), &[], |question, _| {
        let day = |day: engine::SlotDay| Day { date: day.date, remaining: day.remaining, slots: day.slots };
        engine::slot_days(&engine::slots(question), from, to, zone).into_iter().map(day).collect()
    })
}

/// How many units of a resource are free on each day, whatever it is needed for.
///
/// # Errors
/// As [`slots`].
pub fn resource_days(
    conn: &mut Conn,
    ctx: &Context,
    resource: Id,
    (from, to): (Date, Date),
) -> Result<Vec<Day>, Error> {
    day_window(from, to, &ctx.zone)?;
    let row = super::resources::find(conn, ctx, resource)?;
    let owners = [Owner::resource(&row)];
    let known = around(from, to, ctx);
    let world = World::read(conn, ctx, &owners, known, Taken::Read(&Classes::default()))?;
    let grid = Grid::every(STEP_MINUTES).map_err(|error| Error::invalid("", error.to_string()))?;
    Ok(left(ctx, &world, &[world.calendar(resource)], Terms::plain(1440, grid), (from, to)))
}

fn stays(
    conn: &mut Conn,
    ctx: &Context,
    party: &Party,
    terms: Terms,
    (from, to): (Date, Date),
) -> Result<Vec<Day>, Error> {
    let known = around(from, to, ctx);
    let world = World::read(conn, ctx, &party.owners(), known, Taken::Read(&party.classes()))?;
    let leads = party.calendars(&world).into_iter().next().unwrap_or_default();
    Ok(left(ctx, &world, &leads, terms, (from, to)))
}

fn left(ctx: &Context, world: &World, candidates: &[Calendar<'_>], terms: Terms, (from, to): (Date, Date)) -> Vec<Day> {
    let closures = engine::Spans::new(world.closures.iter().map(|busy| busy.at).collect());
    let own = match candidates {
        [one] => one.hours,
        _ => None,
    };
    let question = engine::DaysQuestion {
        from,
        to,
        now: ctx.now,
        zone: &ctx.zone,
        terms,
        stay: engine::Stay::Days,
        hours: own.or(world.hours.as_ref()),
        closures: &closures,
        candidates,
        ignore: &[],
    };
    let day = |day: engine::StayDay| Day { date: day.date, remaining: day.remaining, slots: day.longest };
    engine::days(&question).into_iter().map(day).collect()
}

fn around(from: Date, to: Date, ctx: &Context) -> Interval {
    let midnight = |date: Date| ctx.zone.instant(date.at(0, 0, 0, 0));
    Interval { start: midnight(from) - 4 * 86_400, end: midnight(to) + 6 * 86_400 }
}

fn day_window(from: Date, to: Date, zone: &Zone) -> Result<Interval, Error> {
    let after = to.tomorrow().map_err(|_| Error::invalid("/to", "is too far ahead"))?;
    let midnight = |date: Date| zone.instant(date.at(0, 0, 0, 0));
    let window = Interval::new(midnight(from), midnight(after));
    let window = window.ok_or_else(|| Error::invalid("/to", "is before from; it is the last day asked about"))?;
    refuse_long(window)?;
    Ok(window)
}

/// Why a service cannot begin at an instant: everything that is in the way, nothing when it can.
///
/// # Errors
/// As [`slots`].
pub fn explain(conn: &mut Conn, ctx: &Context, wish: &Wish, start: Instant) -> Result<Vec<Reason>, Error> {
    let party = Party::look(conn, ctx, wish)?;
    let window = Interval { start, end: start + 60 };
    let terms = party.terms()?;
    asking(conn, ctx, &party, (terms, window), &[], |question, world| {
        engine::explain(question).reasons.iter().map(|reason| named(reason, world)).collect()
    })
}

fn named(reason: &engine::Reason, world: &World) -> Reason {
    let own = reason.source.and_then(|source| world.summaries.get(&source));
    let summary =
        own.map_or_else(|| reason.kind.summary().to_owned(), |text| format!("{}: {text}", reason.kind.summary()));
    Reason { kind: reason.kind, reference: reason.source.or(reason.who).map(id), summary, at: reason.at }
}

/// The nearest times that are free instead of `start`, best first: same staff, same day, same hour. `ignore` are
/// bookings that make way.
///
/// # Errors
/// As [`slots`].
pub fn alternatives(
    conn: &mut Conn,
    ctx: &Context,
    wish: &Wish,
    start: Instant,
    ignore: &[Id],
    most: usize,
) -> Result<Vec<Slot>, Error> {
    // Who was asked for comes first, but others may be free earlier.
    let anyone = Wish { staff: None, ..wish.clone() };
    let mut party = Party::look(conn, ctx, &anyone)?;
    if party.staff.is_empty() && wish.staff.is_some() {
        party = Party::look(conn, ctx, wish)?;
    }
    let day = 86_400;
    let window = Interval { start: (start - 7 * day).max(ctx.now), end: start.max(ctx.now) + 14 * day };
    let terms = party.terms()?;
    let asked = wish.staff.map(reference);
    asking(conn, ctx, &party, (terms, window), ignore, |question, _| {
        let offers = engine::slots(question);
        let slot = |alternative: engine::Alternative| {
            let staff = alternative.who.filter(|_| !party.staff.is_empty()).map(id).into_iter().collect();
            Slot { at: alternative.at, staff, remaining: alternative.remaining }
        };
        engine::alternatives(&offers, start, asked, &ctx.zone, most).into_iter().map(slot).collect()
    })
}
