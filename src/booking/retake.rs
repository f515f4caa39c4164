//! Giving back the time a booking has and taking what it needs now, occurrence by occurrence where they differ in who
//! serves them.

use crate::store::bookings::{Booking, Override};
use crate::store::services::{self, Provider, Service};
use crate::store::{Conn, Id, Ids, allocations};
use crate::time::Instant;

use super::allocate::{Needs, take};
use super::cast::{Grip, resource_candidates, staff_candidates};
use super::refusal::{self, Asking, Party};
use super::series::Occurrence;
use super::span::Bounds;
use super::{Conflict, Context, Error, offer};

/// All occurrences of a booking.
pub(super) const ALL: (Instant, Instant) = (Instant::from_unix(i64::MIN), Instant::from_unix(i64::MAX));

/// Occurrences that the same people and things serve.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Shift {
    pub staff: Option<Id>,
    pub resources: Ids,
    pub occurrences: Vec<Occurrence>,
}

/// The occurrences of a booking by who and what serves them, those of the series' own first.
pub(super) fn shifts(booking: &Booking, overrides: &[Override], occurrences: &[Occurrence]) -> Vec<Shift> {
    let mut shifts =
        vec![Shift { staff: booking.staff_id, resources: booking.resource_ids.clone(), occurrences: Vec::new() }];
    for occurrence in occurrences {
        let (staff, resources) = serving(booking, overrides, occurrence);
        let occurrence = occurrence.clone();
        match shifts.iter_mut().find(|shift| shift.staff == staff && shift.resources == *resources) {
            Some(shift) => shift.occurrences.push(occurrence),
            None => shifts.push(Shift { staff, resources: resources.clone(), occurrences: vec![occurrence] }),
        }
    }
    shifts.retain(|shift| !shift.occurrences.is_empty());
    shifts
}

/// Who and what serves an occurrence.
pub(super) fn serving<'a>(
    booking: &'a Booking,
    overrides: &'a [Override],
    occurrence: &Occurrence,
) -> (Option<Id>, &'a Ids) {
    let own = overrides.iter().find(|o| o.recurrence_id.0 == occurrence.recurrence_id);
    let staff = own.and_then(|o| o.staff_id).or(booking.staff_id);
    (staff, own.and_then(|o| o.resource_ids.as_ref()).unwrap_or(&booking.resource_ids))
}

/// What a booking is to have instead of what it has.
#[derive(Debug, Clone, Copy)]
pub(super) struct Retake<'a> {
    /// The booking as it was.
    pub old: &'a Booking,
    /// Its overrides as they were.
    pub stored: &'a [Override],
    /// The booking that takes the time; another one, when a series is split.
    pub wanted: &'a Booking,
    /// Its overrides.
    pub overrides: &'a [Override],
    /// When it takes place: all its occurrences, or the one that changes.
    pub occurrences: &'a [Occurrence],
    /// Of the old booking, the occurrences whose time is given back: first and last start its rule gives them.
    pub gives_back: (Instant, Instant),
    /// Which times are accepted: what comes from elsewhere is agreed on already.
    pub bounds: Bounds,
}

impl Retake<'_> {
    /// Gives back and takes, for every occurrence or not at all.
    ///
    /// # Errors
    /// [`Conflict::SlotUnavailable`], of a series [`Error::Occurrences`]; faults at `/staff` and `/resources`.
    pub fn run(self, conn: &mut Conn, ctx: &Context) -> Result<(), Error> {
        let wanted = self.wanted;
        let service = services::hold(conn, ctx.tenant, wanted.service_id)?.ok_or(Error::NotFound("service"))?;
        let parties = self.parties(conn, ctx)?;
        let by_hours = self.bounds != Bounds::Any;
        match self.attempt(conn, ctx, &service, &parties, by_hours) {
            Err(short @ Error::Conflict { kind: Conflict::SlotUnavailable, .. }) if wanted.rrule.is_some() => {
                self.give_back(conn, ctx)?;
                if wanted.booking_id != self.old.booking_id {
                    allocations::delete(conn, ctx.tenant, wanted.booking_id)?;
                }
                let asking = Asking { ctx, service: &service, booking: wanted, by_hours };
                Err(refusal::of_each(conn, asking, &parties, short)?)
            }
            taken => taken,
        }
    }

    fn give_back(&self, conn: &mut Conn, ctx: &Context) -> Result<(), Error> {
        Ok(allocations::delete_occurrences(conn, ctx.tenant, self.old.booking_id, self.gives_back)?)
    }

    fn attempt(
        &self,
        conn: &mut Conn,
        ctx: &Context,
        service: &Service,
        parties: &[Party],
        by_hours: bool,
    ) -> Result<(), Error> {
        let mut allowed = Vec::with_capacity(parties.len());
        for Party { occurrences, staff, resources } in parties {
            let party = (staff.clone(), resources.clone());
            allowed.push(match by_hours {
                true => offer::allowed(conn, ctx, service, occurrences, party)?,
                false => party,
            });
        }
        self.give_back(conn, ctx)?;
        let (booking, capacity, now) = (self.wanted, service.capacity, ctx.now);
        for (Party { occurrences, .. }, (staff, resources)) in parties.iter().zip(allowed) {
            take(conn, &Needs { booking, capacity, occurrences, staff, resources, overflow: false, now })?;
        }
        Ok(())
    }

    fn parties(&self, conn: &mut Conn, ctx: &Context) -> Result<Vec<Party>, Error> {
        let Self { old, stored, wanted, overrides, occurrences, .. } = *self;
        let providers = services::providers(conn, ctx.tenant, wanted.service_id)?;
        let mut parties = Vec::new();
        for shift in shifts(wanted, overrides, occurrences) {
            // Who serves a booking may go on serving it, even when the service names others by now.
            let served = |o: &Override| {
                o.staff_id.or(old.staff_id) == shift.staff
                    && *o.resource_ids.as_ref().unwrap_or(&old.resource_ids) == shift.resources
            };
            let same = (old.staff_id, &old.resource_ids) == (shift.staff, &shift.resources);
            let keeps = wanted.service_id == old.service_id && (same || stored.iter().any(served));
            let providers: &[Provider] = if keeps { &[] } else { &providers };
            let staff = match shift.staff {
                Some(id) => staff_candidates(conn, ctx, providers, Some(id), Grip::Hold)?,
                None => Vec::new(),
            };
            let resources = resource_candidates(conn, ctx, providers, Some(&shift.resources.0), Grip::Hold)?;
            parties.push(Party { occurrences: shift.occurrences, staff, resources });
        }
        Ok(parties)
    }
}
