//! Whose time a block takes.

use std::collections::HashSet;

use crate::store::blocks::{self, Block};
use crate::store::{Conn, Id, Role, people, resources, tenants};

use crate::booking::{Context, Error, Faults};

use super::Kept;

/// People and resources that may be named at once.
const OWNERS: usize = 1000;

/// The owners that somebody names, each once; nobody and nothing is the whole business. Nobody books them meanwhile, so
/// that a booking is either there to be named in the answer or finds the block.
///
/// # Errors
/// [`Error::Store`]; what is wrong with the names is added to `faults`.
pub(super) fn claim(
    conn: &mut Conn,
    ctx: &Context,
    (staff, things): (&[Id], &[Id]),
    faults: &mut Faults,
) -> Result<Vec<Id>, Error> {
    if staff.len() + things.len() > OWNERS {
        let pointer = if staff.is_empty() { "/resources" } else { "/staff" };
        faults.add(pointer, format!("and resources are more than {OWNERS} together"));
        return Ok(Vec::new());
    }
    match staff.is_empty() && things.is_empty() {
        true => tenants::claim(conn, ctx.tenant)?,
        false => tenants::hold(conn, ctx.tenant)?,
    }
    // Always in one order: of two that claim the same, one waits for the other and not each for each.
    let sorted = |ids: &[Id]| {
        let mut ids = ids.to_vec();
        ids.sort_unstable();
        ids.dedup();
        ids
    };
    let (staff_once, things_once) = (sorted(staff), sorted(things));
    for id in &staff_once {
        people::claim(conn, ctx.tenant, *id)?;
    }
    for id in &things_once {
        resources::claim(conn, ctx.tenant, *id)?;
    }
    let found = people::find_all(conn, ctx.tenant, &staff_once)?;
    let serving = found.iter().filter(|person| person.role != Role::Customer && person.deleted_at.is_none());
    let known: HashSet<Id> = serving.map(|person| person.person_id).collect();
    refuse_unknown("staff", "staff member", staff, &known, faults);
    let found = resources::find_all(conn, ctx.tenant, &things_once)?;
    let present = found.iter().filter(|resource| resource.deleted_at.is_none());
    let known: HashSet<Id> = present.map(|resource| resource.resource_id).collect();
    refuse_unknown("resources", "resource", things, &known, faults);
    let mut owners = [staff_once, things_once].concat();
    if owners.is_empty() {
        owners.push(Id::TEAM);
    }
    owners.sort_unstable();
    Ok(owners)
}

fn refuse_unknown(field: &str, noun: &str, ids: &[Id], known: &HashSet<Id>, faults: &mut Faults) {
    for (i, id) in ids.iter().enumerate().filter(|(_, id)| !known.contains(*id)) {
        faults.add(format!("/{field}/{i}"), format!("names no {noun} of this business: {id}"));
    }
}

/// The owners of one block.
pub(super) fn of(conn: &mut Conn, ctx: &Context, block: Id) -> Result<Vec<Id>, Error> {
    Ok(blocks::owners(conn, ctx.tenant, &[block])?.into_iter().map(|row| row.owner_id).collect())
}

/// Blocks with whose they are, people and resources apart.
pub(super) fn apart(conn: &mut Conn, ctx: &Context, rows: Vec<Block>) -> Result<Vec<Kept>, Error> {
    let ids: Vec<Id> = rows.iter().map(|block| block.block_id).collect();
    let owners = blocks::owners(conn, ctx.tenant, &ids)?;
    let mut named: Vec<Id> = owners.iter().map(|row| row.owner_id).filter(|id| *id != Id::TEAM).collect();
    named.sort_unstable();
    named.dedup();
    let people = people::find_all(conn, ctx.tenant, &named)?;
    let people: HashSet<Id> = people.into_iter().map(|person| person.person_id).collect();
    let mut kept = Vec::with_capacity(rows.len());
    for block in rows {
        let own = owners.iter().filter(|row| row.block_id == block.block_id && row.owner_id != Id::TEAM);
        let (staff, resources) = own.map(|row| row.owner_id).partition(|id| people.contains(id));
        kept.push(Kept { block, staff, resources, notices: Vec::new() });
    }
    Ok(kept)
}
