//! Everyone and everything a booking involves.

use crate::store::bookings::{Booking, Override};
use crate::store::people::{self, Person};
use crate::store::resources::{self, Resource};
use crate::store::services::{self, Provider, Service};
use crate::store::{self, Conn, Id, ProviderKind, Role};

use super::{Context, Error};

/// The rows that a booking names.
#[derive(Debug, Clone)]
pub struct Cast {
    /// What is booked.
    pub service: Service,
    /// Who serves.
    pub staff: Option<Person>,
    /// Who is served.
    pub customer: Option<Person>,
    /// What is used.
    pub resources: Vec<Resource>,
    /// Who serves single occurrences of a series in their place.
    pub stand_ins: Vec<Person>,
    /// What is used for single occurrences instead.
    pub other_resources: Vec<Resource>,
}

impl Cast {
    /// Reads the rows that `booking` and what differs of it name, deleted ones too.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub fn load(conn: &mut Conn, booking: &Booking, overrides: &[Override]) -> Result<Self, Error> {
        let tenant = booking.tenant_id;
        let person = |conn: &mut Conn, id: Option<Id>| match id {
            Some(id) => people::find(conn, tenant, id),
            None => Ok(None),
        };
        Ok(Self {
            service: services::find(conn, tenant, booking.service_id)?.ok_or(Error::NotFound("service"))?,
            staff: person(conn, booking.staff_id)?,
            customer: person(conn, booking.customer_id)?,
            resources: in_order(&booking.resource_ids.0, |ids| resources::find_all(conn, tenant, ids))?,
            stand_ins: match overrides.iter().filter_map(|o| o.staff_id).collect::<Vec<Id>>() {
                none if none.is_empty() => Vec::new(),
                ids => people::find_all(conn, tenant, &ids)?,
            },
            other_resources: {
                let ids = overrides.iter().filter_map(|o| o.resource_ids.as_ref()).flat_map(|ids| ids.0.clone());
                in_order(&ids.collect::<Vec<Id>>(), |ids| resources::find_all(conn, tenant, ids))?
            },
        })
    }

    /// Everyone and everything of one occurrence.
    #[must_use]
    pub fn of(&self, occurrence: &Override) -> Self {
        let mut cast = self.clone();
        if let Some(id) = occurrence.staff_id {
            cast.staff = self.stand_ins.iter().chain(&self.staff).find(|person| person.person_id == id).cloned();
        }
        if let Some(ids) = &occurrence.resource_ids {
            let known = || self.other_resources.iter().chain(&self.resources);
            let find = |id: &Id| known().find(|resource| resource.resource_id == *id).cloned();
            cast.resources = ids.0.iter().filter_map(find).collect();
        }
        cast
    }
}

/// The resources of these ids, in this order.
fn in_order(
    ids: &[Id],
    read: impl FnOnce(&[Id]) -> Result<Vec<Resource>, store::Error>,
) -> Result<Vec<Resource>, store::Error> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let rows = read(ids)?;
    Ok(ids.iter().filter_map(|id| rows.iter().find(|r| r.resource_id == *id).cloned()).collect())
}

/// What a question about people, resources and services is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grip {
    /// An answer: they may be deleted the next moment.
    Look,
    /// A booking: they stay until it is written.
    Hold,
}

/// The service somebody wants to book.
///
/// # Errors
/// A fault at `/service` when there is none.
pub fn bookable_service(conn: &mut Conn, ctx: &Context, id: Id, grip: Grip) -> Result<Service, Error> {
    let service = match grip {
        Grip::Look => services::find(conn, ctx.tenant, id)?,
        Grip::Hold => services::hold(conn, ctx.tenant, id)?,
    };
    service
        .filter(|service| service.deleted_at.is_none())
        .ok_or_else(|| Error::invalid("/service", format!("names no service of this business: {id}")))
}

/// The staff of whom one is to serve: the one asked for, or all who can.
///
/// # Errors
/// A fault at `/staff` when the one asked for does not serve this.
pub fn staff_candidates(
    conn: &mut Conn,
    ctx: &Context,
    providers: &[Provider],
    asked: Option<Id>,
    grip: Grip,
) -> Result<Vec<Person>, Error> {
    let able = provider_ids(providers, ProviderKind::Staff);
    let serves = |p: &Person| p.role != Role::Customer && p.deleted_at.is_none();
    let Some(id) = asked else {
        if able.is_empty() {
            return Ok(Vec::new());
        }
        let mut all = match grip {
            Grip::Look => people::find_all(conn, ctx.tenant, &able)?,
            Grip::Hold => people::hold_all(conn, ctx.tenant, &able)?,
        };
        all.retain(serves);
        all.sort_unstable_by_key(|p| p.person_id);
        return Ok(all);
    };
    let person = match grip {
        Grip::Look => people::find(conn, ctx.tenant, id)?,
        Grip::Hold => people::hold(conn, ctx.tenant, id)?,
    };
    let person = person
        .filter(serves)
        .ok_or_else(|| Error::invalid("/staff", format!("names no staff member of this business: {id}")))?;
    if !able.is_empty() && !able.contains(&id) {
        return Err(Error::invalid("/staff", format!("{} does not serve this service", person.name)));
    }
    Ok(vec![person])
}

/// The resources to use: each one asked for, or one of those the service needs.
///
/// # Errors
/// A fault at `/resources` when one asked for does not exist or does not serve this.
pub fn resource_candidates(
    conn: &mut Conn,
    ctx: &Context,
    providers: &[Provider],
    asked: Option<&[Id]>,
    grip: Grip,
) -> Result<Vec<Vec<Resource>>, Error> {
    let able = provider_ids(providers, ProviderKind::Resource);
    let read = |ids: &[Id]| match grip {
        Grip::Look => resources::find_all(conn, ctx.tenant, ids),
        Grip::Hold => resources::hold_all(conn, ctx.tenant, ids),
    };
    let Some(ids) = asked else {
        let mut all = in_order(&able, read)?;
        all.retain(|r| r.deleted_at.is_none());
        return Ok(if all.is_empty() { Vec::new() } else { vec![all] });
    };
    let rows = in_order(ids, read)?;
    ids.iter()
        .enumerate()
        .map(|(i, id)| {
            let at = format!("/resources/{i}");
            if ids[..i].contains(id) {
                return Err(Error::invalid(at, "names the same resource twice"));
            }
            let row = rows.iter().find(|r| r.resource_id == *id && r.deleted_at.is_none());
            let row = row.ok_or_else(|| Error::invalid(&at, format!("names no resource of this business: {id}")))?;
            if !able.is_empty() && !able.contains(id) {
                return Err(Error::invalid(at, format!("{} does not serve this service", row.name)));
            }
            Ok(vec![row.clone()])
        })
        .collect()
}

fn provider_ids(providers: &[Provider], kind: ProviderKind) -> Vec<Id> {
    providers.iter().filter(|p| p.provider_kind == kind).map(|p| p.provider_id).collect()
}
