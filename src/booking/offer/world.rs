//! What decides about a window of time, read once: hours, blocks, bookings and holds of everyone concerned.

use std::collections::HashMap;

use crate::availability::{self as engine, Busy, BusyKind, Calendar, Expansion, Hours, Recurring, Ref, Session};
use crate::store::allocations::{self, Occupied};
use crate::store::blocks::{self, Block};
use crate::store::hours::{self, WorkingHours};
use crate::store::people::Person;
use crate::store::resources::Resource;
use crate::store::{BlockKind, Conn, Id, people, resources};
use crate::time::{Interval, Zone};

use crate::booking::blocks::stored;
use crate::booking::hours as rules;
use crate::booking::{Conflict, Context, Error};

use super::written;

/// Somebody or something with time.
#[derive(Debug, Clone)]
pub(super) struct Owner {
    pub id: Id,
    pub quantity: u32,
}

impl Owner {
    pub const fn person(person: &Person) -> Self {
        Self { id: person.person_id, quantity: 1 }
    }

    pub fn resource(resource: &Resource) -> Self {
        let quantity = u32::try_from(resource.quantity).unwrap_or(0);
        Self { id: resource.resource_id, quantity }
    }
}

/// Whether bookings and holds are read too.
#[derive(Debug, Clone, Copy)]
pub(super) enum Taken<'a> {
    /// Only hours and blocks: the database itself keeps bookings apart.
    Unread,
    /// All that is taken; seats of these sessions are told apart.
    Read(&'a Classes),
}

/// Which sessions are those of the class that is asked for.
#[derive(Debug, Clone, Default)]
pub(super) struct Classes {
    /// The service, when it is a class.
    pub service: Option<Id>,
    /// Who may give it.
    pub anchors: Vec<Id>,
}

impl Classes {
    fn has(&self, row: &Occupied, owner: Id) -> bool {
        let Some(service) = self.service else { return false };
        let start = row.start_at.unix().to_be_bytes();
        let session = |anchor: &Id| Id::derived(&[b"class", service.as_bytes(), anchor.as_bytes(), &start]);
        self.anchors.iter().chain([&owner]).any(|anchor| session(anchor) == row.session)
    }
}

/// What is known of one owner.
#[derive(Debug, Default)]
struct Own {
    hours: Option<Hours>,
    busy: Vec<Busy>,
    sessions: Vec<Session>,
    quantity: u32,
}

/// What is known over a window.
#[derive(Debug, Default)]
pub(super) struct World {
    pub hours: Option<Hours>,
    pub closures: Vec<Busy>,
    own: HashMap<Id, Own>,
    /// What blocks are called, for those who may know.
    pub summaries: HashMap<Ref, String>,
}

impl World {
    /// Reads what concerns `owners` and the business within `window`.
    ///
    /// # Errors
    /// [`Error::Store`]; [`Conflict::Unusable`] for hours or a block that cannot be read or take too much work.
    pub fn read(
        conn: &mut Conn,
        ctx: &Context,
        owners: &[Owner],
        window: Interval,
        taken: Taken<'_>,
    ) -> Result<Self, Error> {
        let mut world = Self::default();
        for owner in owners {
            world.own.entry(owner.id).or_default().quantity = owner.quantity;
        }
        let ids: Vec<Id> = owners.iter().map(|owner| owner.id).chain([Id::TEAM]).collect();
        let mut expansion = Expansion::new(window);
        for row in hours::find_all(conn, ctx.tenant, &ids)? {
            let laid_out = match laid_out(&row, &ctx.zone, &mut expansion) {
                Ok(laid_out) => laid_out,
                Err(why) => return Err(unusable_hours(conn, ctx, row.owner_id, &why)?),
            };
            match world.own.get_mut(&row.owner_id) {
                Some(own) => own.hours = laid_out,
                None => world.hours = laid_out,
            }
        }
        for (owner, block) in blocks::within(conn, ctx.tenant, &ids, window)? {
            let busy = match world.own.get_mut(&owner) {
                Some(own) => &mut own.busy,
                None => &mut world.closures,
            };
            push_block(&block, &mut expansion, busy).map_err(|why| unusable_block(&block, &why))?;
            if let Some(summary) = block.summary {
                world.summaries.insert(reference(block.block_id), summary);
            }
        }
        for (owner, busy, summary) in written::busy(conn, ctx, &ids, window)? {
            if let Some(own) = world.own.get_mut(&owner) {
                if let Some(summary) = summary {
                    world.summaries.insert(busy.source, summary);
                }
                own.busy.push(busy);
            }
        }
        if let Taken::Read(classes) = taken {
            world.read_taken(conn, ctx, owners, window, classes)?;
        }
        Ok(world)
    }

    fn read_taken(
        &mut self,
        conn: &mut Conn,
        ctx: &Context,
        owners: &[Owner],
        window: Interval,
        classes: &Classes,
    ) -> Result<(), Error> {
        for owner in owners {
            let rows = allocations::within(conn, ctx.tenant, owner.id, window)?;
            let Some(own) = self.own.get_mut(&owner.id) else { continue };
            for row in rows {
                let unit = u32::try_from(row.unit).unwrap_or(0);
                let kind = row.expires_at.map_or(BusyKind::Booking, |expires| BusyKind::Hold { expires });
                let is_class = classes.has(&row, owner.id);
                let source = reference(if is_class { row.session } else { row.booking_id });
                if is_class {
                    if let Some(session) = own.sessions.iter_mut().find(|session| session.source == source) {
                        session.taken += 1;
                        continue;
                    }
                    let at = Interval { start: row.start_at, end: row.end_at };
                    own.sessions.push(Session { at, taken: 1, unit, source });
                }
                let at = Interval { start: row.busy_from, end: row.busy_until };
                own.busy.push(Busy { at, unit: Some(unit), kind, source });
            }
        }
        Ok(())
    }

    /// An owner's own time, as the engine takes it.
    pub fn calendar(&self, owner: Id) -> Calendar<'_> {
        let Some(own) = self.own.get(&owner) else { return Calendar { who: reference(owner), ..Calendar::default() } };
        Calendar {
            who: reference(owner),
            hours: own.hours.as_ref(),
            quantity: own.quantity,
            busy: &own.busy,
            sessions: &own.sessions,
        }
    }

    /// The business around them.
    pub fn business(&self) -> engine::Business<'_> {
        engine::Business { hours: self.hours.as_ref(), closures: &self.closures }
    }
}

/// An id as the engine knows it.
pub(super) fn reference(id: Id) -> Ref {
    Ref(*id.as_bytes())
}

/// A reference of the engine as an id.
pub(super) fn id(reference: Ref) -> Id {
    Id::from_bytes(reference.0)
}

/// The hours of a row; none when it has no rule. Or why they cannot be worked out.
fn laid_out(row: &WorkingHours, zone: &Zone, expansion: &mut Expansion) -> Result<Option<Hours>, String> {
    let rules = rules::rules_of(row).and_then(|rules| rules::compile(&rules, zone)).map_err(|e| e.to_string())?;
    if rules.is_empty() {
        return Ok(None);
    }
    expansion.hours(&rules).map(Some).map_err(|error| error.to_string())
}

/// Names whose hours they are.
fn unusable_hours(conn: &mut Conn, ctx: &Context, owner: Id, why: &str) -> Result<Error, Error> {
    let (whose, path) = if owner == Id::TEAM {
        ("the business".to_owned(), "/working-hours".to_owned())
    } else if let Some(person) = people::find(conn, ctx.tenant, owner)? {
        (person.name, format!("/staff/{owner}/working-hours"))
    } else {
        let name = resources::find(conn, ctx.tenant, owner)?.map_or_else(|| owner.to_string(), |row| row.name);
        (name, format!("/resources/{owner}/working-hours"))
    };
    let detail = format!("the working hours of {whose} cannot be worked out: {why}; replace them at {path}");
    Ok(Error::conflict(Conflict::Unusable, detail))
}

fn unusable_block(block: &Block, why: &str) -> Error {
    let (id, name) = (block.block_id, block.summary.as_deref().unwrap_or("without a summary"));
    let detail = format!("block {id} ({name}) cannot be worked out: {why}; change or delete it at /blocks/{id}");
    Error::conflict(Conflict::Unusable, detail)
}

/// Adds what a block takes; or says why that cannot be worked out.
fn push_block(block: &Block, expansion: &mut Expansion, busy: &mut Vec<Busy>) -> Result<(), String> {
    let source = reference(block.block_id);
    let kind = BusyKind::Block(match block.kind {
        BlockKind::TimeOff => engine::BlockKind::TimeOff,
        BlockKind::Holiday => engine::BlockKind::Holiday,
        BlockKind::Maintenance => engine::BlockKind::Maintenance,
        BlockKind::Block => engine::BlockKind::Block,
    });
    if block.rrule.is_none() && block.rdates.is_none() {
        busy.push(Busy { at: Interval { start: block.start_at, end: block.end_at }, unit: None, kind, source });
        return Ok(());
    }
    let (series, zone) = stored(block).map_err(|error| error.to_string())?;
    expansion.busy(&[Recurring::new(series, kind, source)], &zone, busy).map_err(|error| error.to_string())
}
