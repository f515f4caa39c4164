//! Time off, holidays, maintenance and other closed times of people, resources and the business (A2).
//!
//! A block is kept by what clocks show: its first occurrence, and a rule and dates for the others. It may have no end.
//! Bookings it lies on stay; the answer names them.

mod change;
mod covered;
mod owners;
mod rederive;
mod repeat;

use crate::store::blocks::{self, Block, Filter};
use crate::store::{BlockKind, Conn, Id, Local};

use super::span::{Asked, Bounds, Span, resolve};
use super::{Conflict, Context, Error, Fault, Faults, input};

pub use change::{BlockPatch, delete, update};
pub(super) use rederive::rederive;
pub use repeat::starts;
use repeat::{Occurrences, Repeat};
pub(super) use repeat::{Source, stored};

/// A block as somebody describes it.
#[derive(Debug, Clone)]
pub struct NewBlock {
    /// What it is.
    pub kind: BlockKind,
    /// Whose time it takes; without anybody and any resource the whole business's.
    pub staff: Vec<Id>,
    /// What cannot be used.
    pub resources: Vec<Id>,
    /// RFC 3339, local time, or a date for whole days.
    pub start: String,
    /// As `start`, exclusive.
    pub end: String,
    /// IANA zone of local times and of the block; none: the business's.
    pub timezone: Option<String>,
    /// RFC 5545 RRULE; it need not have an end.
    pub rrule: Option<String>,
    /// Starts of the rule that do not take place; a date stands for those of its day.
    pub exdates: Vec<String>,
    /// Further starts.
    pub rdates: Vec<String>,
    /// What it is called, up to 200 characters.
    pub summary: Option<String>,
    /// The reference another system knows it by, unique in the business.
    pub external_ref: Option<String>,
}

/// A block, and whose it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// The row.
    pub block: Block,
    /// Whose time it takes.
    pub staff: Vec<Id>,
    /// What cannot be used.
    pub resources: Vec<Id>,
    /// Which bookings it covers, and how the input was understood; only after a change.
    pub notices: Vec<Fault>,
}

/// Finds a block.
///
/// # Errors
/// [`Error::NotFound`].
pub fn find(conn: &mut Conn, ctx: &Context, id: Id) -> Result<Kept, Error> {
    let block = row(conn, ctx, id)?;
    one(conn, ctx, block, Vec::new())
}

/// A page of blocks, oldest first.
///
/// # Errors
/// [`Error::Store`].
pub fn list(
    conn: &mut Conn,
    ctx: &Context,
    filter: &Filter,
    after: Option<Id>,
    limit: i64,
) -> Result<Vec<Kept>, Error> {
    let rows = blocks::list(conn, ctx.tenant, filter, after, limit)?;
    owners::apart(conn, ctx, rows)
}

/// The row of a block.
///
/// # Errors
/// [`Error::NotFound`].
pub fn row(conn: &mut Conn, ctx: &Context, id: Id) -> Result<Block, Error> {
    blocks::find(conn, ctx.tenant, id)?.ok_or(Error::NotFound("block"))
}

fn one(conn: &mut Conn, ctx: &Context, block: Block, notices: Vec<Fault>) -> Result<Kept, Error> {
    let kept = owners::apart(conn, ctx, vec![block])?;
    let kept = kept.into_iter().next().ok_or(Error::NotFound("block"))?;
    Ok(Kept { notices, ..kept })
}

/// Blocks time. Bookings that lie on it stay and are named in the notices.
///
/// # Errors
/// [`Error::Invalid`], or [`Conflict::AlreadyExists`] when the reference is taken.
pub fn create(conn: &mut Conn, ctx: &Context, new: &NewBlock) -> Result<Kept, Error> {
    let Draft { block, owners, mut notices } = draft(conn, ctx, new, Source::Asked)?;
    refuse_twin(conn, &block)?;
    blocks::insert(conn, &block, &owners)?;
    notices.extend(covered::notices(conn, ctx, &block, &owners)?);
    one(conn, ctx, block, notices)
}

/// Blocks the same time for each of several people and resources, with a block of its own for each: all or none.
///
/// # Errors
/// [`Error::Invalid`].
pub fn create_each(conn: &mut Conn, ctx: &Context, new: &NewBlock) -> Result<Vec<Kept>, Error> {
    if new.staff.is_empty() && new.resources.is_empty() {
        let detail = "or resources must name somebody or something; a block of the whole business is a single one";
        return Err(Error::invalid("/staff", detail));
    }
    let Draft { block, owners, notices: read } = draft(conn, ctx, new, Source::Asked)?;
    let mut made = Vec::with_capacity(owners.len());
    for owner in owners {
        let block = Block { block_id: Id::new(), ..block.clone() };
        blocks::insert(conn, &block, &[owner])?;
        let mut notices = read.clone();
        notices.extend(covered::notices(conn, ctx, &block, &[owner])?);
        made.push((block, notices));
    }
    let (rows, notices): (Vec<Block>, Vec<_>) = made.into_iter().unzip();
    let kept = owners::apart(conn, ctx, rows)?;
    Ok(kept.into_iter().zip(notices).map(|(kept, notices)| Kept { notices, ..kept }).collect())
}

/// What became of a block that an import brings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Adopted {
    /// It is new.
    Created,
    /// It differed.
    Changed,
    /// It was there.
    Unchanged,
}

/// Takes a block from elsewhere: the one of its reference becomes what it says, or is made.
///
/// # Errors
/// [`Error::Invalid`].
pub(super) fn adopt(conn: &mut Conn, ctx: &Context, new: &NewBlock) -> Result<(Adopted, Vec<Fault>), Error> {
    let Draft { block, owners, mut notices } = draft(conn, ctx, new, Source::Known)?;
    let known = match &block.external_ref {
        Some(reference) => blocks::find_by_external_ref(conn, ctx.tenant, reference)?,
        None => None,
    };
    let Some(old) = known else {
        blocks::insert(conn, &block, &owners)?;
        notices.extend(covered::notices(conn, ctx, &block, &owners)?);
        return Ok((Adopted::Created, notices));
    };
    let Block { block_id, version, created_at, updated_at, .. } = old;
    let same = Block { block_id, version, created_at, updated_at, ..block };
    if same == old && owners == owners::of(conn, ctx, block_id)? {
        return Ok((Adopted::Unchanged, Vec::new()));
    }
    let new = Block { version: version + 1, updated_at: ctx.now, ..same };
    if !blocks::replace(conn, &new, &owners, version)? {
        return Err(Error::lost());
    }
    notices.extend(covered::notices(conn, ctx, &new, &owners)?);
    Ok((Adopted::Changed, notices))
}

/// Checks whose blocks are to be, before there are many of them.
///
/// # Errors
/// [`Error::Invalid`].
pub(super) fn check(
    conn: &mut Conn,
    ctx: &Context,
    owners: (&[Id], &[Id]),
    timezone: Option<&str>,
) -> Result<(), Error> {
    let mut faults = Faults::default();
    owners::claim(conn, ctx, owners, &mut faults)?;
    faults.take("/timezone", input::zone_name(timezone));
    faults.check()
}

/// Takes back a block from elsewhere; returns whether there was one.
///
/// # Errors
/// [`Error::Store`].
pub(super) fn withdraw(conn: &mut Conn, ctx: &Context, reference: &str) -> Result<bool, Error> {
    match blocks::find_by_external_ref(conn, ctx.tenant, reference)? {
        Some(block) => Ok(blocks::delete(conn, ctx.tenant, block.block_id, block.version)?),
        None => Ok(false),
    }
}

/// A new row, not yet written.
struct Draft {
    block: Block,
    owners: Vec<Id>,
    notices: Vec<Fault>,
}

/// The row as the input determines it. Every fault is named at once.
fn draft(conn: &mut Conn, ctx: &Context, new: &NewBlock, source: Source) -> Result<Draft, Error> {
    let mut faults = Faults::default();
    let owners = owners::claim(conn, ctx, (&new.staff, &new.resources), &mut faults)?;
    let summary = faults.take("/summary", new.summary.as_deref().map(|text| input::line(text, 200)).transpose());
    let external_ref = faults.take("/external_ref", reference(new.external_ref.as_deref(), source));
    let asked =
        Asked { start: &new.start, end: Some(&new.end), timezone: new.timezone.as_deref(), duration_minutes: 0 };
    let times = gather(&mut faults, resolve(asked, &ctx.zone, Bounds::Block))?;
    let (rdates, exdates) = (&new.rdates, &new.exdates);
    let repeat = Repeat { rrule: new.rrule.as_deref(), rdates, exdates, rule_from: source, exdates_from: source };
    let occurrences = match &times {
        Some((span, _)) => gather(&mut faults, repeat::occurrences(repeat, span))?,
        None => None,
    };
    faults.check()?;
    let ((span, notices), occurrences) =
        times.zip(occurrences).ok_or_else(|| Error::invalid("/start", "is missing"))?;
    let mut block = Block {
        tenant_id: ctx.tenant,
        block_id: Id::new(),
        kind: new.kind,
        summary,
        start_local: Local(span.start_local),
        end_local: Local(span.end_local),
        timezone: String::new(),
        all_day: span.all_day,
        start_at: span.at.start,
        end_at: span.at.end,
        last_end: span.at.end,
        rrule: None,
        exdates: None,
        rdates: None,
        external_ref,
        version: 1,
        created_at: ctx.now,
        updated_at: ctx.now,
    };
    write_times(&mut block, &span, occurrences);
    Ok(Draft { block, owners, notices })
}

/// Writes when it takes place into a row.
fn write_times(block: &mut Block, span: &Span, occurrences: Occurrences) {
    block.start_local = Local(span.start_local);
    block.end_local = Local(span.end_local);
    span.zone.name().clone_into(&mut block.timezone);
    block.all_day = span.all_day;
    block.start_at = span.at.start;
    block.end_at = span.at.end;
    block.last_end = occurrences.last_end;
    block.rrule = occurrences.rrule;
    block.rdates = repeat::column(&occurrences.rdates);
    block.exdates = repeat::column(&occurrences.exdates);
}

/// UIDs of calendars may be longer than what people call things.
fn reference(text: Option<&str>, source: Source) -> Result<Option<String>, String> {
    match source {
        Source::Asked => input::reference(text),
        Source::Known => text.map(|text| input::line(text, 1000)).transpose(),
    }
}

/// Takes the value, or notes what is wrong so that more can be looked at.
fn gather<T>(faults: &mut Faults, result: Result<T, Error>) -> Result<Option<T>, Error> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(Error::Invalid(found)) => {
            for fault in found {
                faults.add(fault.pointer, fault.detail);
            }
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

fn refuse_twin(conn: &mut Conn, block: &Block) -> Result<(), Error> {
    let Some(reference) = &block.external_ref else { return Ok(()) };
    match blocks::find_by_external_ref(conn, block.tenant_id, reference)? {
        Some(twin) if twin.block_id != block.block_id => {
            let detail = format!("external_ref \"{reference}\" belongs to {}", twin.block_id);
            Err(Error::conflict(Conflict::AlreadyExists, detail))
        }
        _ => Ok(()),
    }
}
