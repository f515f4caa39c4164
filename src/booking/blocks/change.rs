//! Changing and taking back blocks.

use crate::store::blocks::{self, Block};
use crate::store::{BlockKind, Conn, Id, Local};
use crate::time::{Civil, Instant, Zone};

use crate::booking::span::{Asked, Bounds, Span, resolve};
use crate::booking::{Context, Error, Fault, Faults, input};

use super::repeat::{self, Repeat, Source, starts};
use super::{Kept, covered, gather, one, owners, refuse_twin, row, write_times};

/// What to change of a block. Outer `None`: leave it; inner `None`: remove it.
#[derive(Debug, Clone, Default)]
pub struct BlockPatch {
    /// The version the caller read (`If-Match`); none: whatever it is.
    pub expected_version: Option<i64>,
    /// Another kind.
    pub kind: Option<BlockKind>,
    /// Other people.
    pub staff: Option<Vec<Id>>,
    /// Other resources.
    pub resources: Option<Vec<Id>>,
    /// Another start; without `end` the duration stays.
    pub start: Option<String>,
    /// Another end.
    pub end: Option<String>,
    /// Another zone; what the clocks show stays unless it is given too.
    pub timezone: Option<String>,
    /// Another rule.
    pub rrule: Option<Option<String>>,
    /// Other exceptions; without them those that there are move with the start.
    pub exdates: Option<Vec<String>>,
    /// Other additional starts; without them those that there are move with the start.
    pub rdates: Option<Vec<String>>,
    /// Another name.
    pub summary: Option<Option<String>>,
    /// Another reference.
    pub external_ref: Option<Option<String>>,
}

impl BlockPatch {
    fn is_about_time(&self) -> bool {
        self.start.is_some()
            || self.end.is_some()
            || self.timezone.is_some()
            || self.rrule.is_some()
            || self.exdates.is_some()
            || self.rdates.is_some()
    }
}

/// Changes a block. A patch that changes nothing leaves the version as it is.
///
/// # Errors
/// As for [`super::create`], [`Error::NotFound`], or [`Error::Changed`].
pub fn update(conn: &mut Conn, ctx: &Context, id: Id, patch: &BlockPatch) -> Result<Kept, Error> {
    let old = super::find(conn, ctx, id)?;
    if patch.expected_version.is_some_and(|expected| expected != old.block.version) {
        return Err(Error::Changed);
    }
    let mut faults = Faults::default();
    let mut new = old.block.clone();
    let before = owners::of(conn, ctx, id)?;
    let staff = patch.staff.as_ref().unwrap_or(&old.staff);
    let resources = patch.resources.as_ref().unwrap_or(&old.resources);
    // A new name concerns no booking, so nobody need wait for it.
    let after = match patch.staff.is_some() || patch.resources.is_some() || patch.is_about_time() {
        true => owners::claim(conn, ctx, (staff, resources), &mut faults)?,
        false => before.clone(),
    };
    new.kind = patch.kind.unwrap_or(new.kind);
    if let Some(summary) = &patch.summary {
        new.summary = faults.take("/summary", summary.as_deref().map(|text| input::line(text, 200)).transpose());
    }
    if let Some(reference) = &patch.external_ref {
        new.external_ref = faults.take("/external_ref", input::reference(reference.as_deref()));
    }
    let mut notices = Vec::new();
    if patch.is_about_time() {
        notices = gather(&mut faults, patch_times(ctx, &mut new, patch))?.unwrap_or_default();
    }
    faults.check()?;
    if new == old.block && after == before {
        return Ok(Kept { notices, ..old });
    }
    refuse_twin(conn, &new)?;
    new.version += 1;
    new.updated_at = ctx.now;
    if !blocks::replace(conn, &new, &after, old.block.version)? {
        return Err(Error::lost());
    }
    if patch.is_about_time() || after != before {
        notices.extend(covered::notices(conn, ctx, &new, &after)?);
    }
    one(conn, ctx, new, notices)
}

/// Takes a block back: its time is free again.
///
/// # Errors
/// [`Error::NotFound`] or [`Error::Changed`].
pub fn delete(conn: &mut Conn, ctx: &Context, id: Id, expected_version: Option<i64>) -> Result<(), Error> {
    let old = row(conn, ctx, id)?;
    if expected_version.is_some_and(|expected| expected != old.version) {
        return Err(Error::Changed);
    }
    if blocks::delete(conn, ctx.tenant, id, old.version)? { Ok(()) } else { Err(Error::lost()) }
}

/// Works out the new times: a new start keeps the duration and takes the exceptions along, a new zone keeps what the
/// clocks show.
fn patch_times(ctx: &Context, block: &mut Block, patch: &BlockPatch) -> Result<Vec<Fault>, Error> {
    let zone = Zone::parse(&block.timezone).map_err(|e| Error::invalid("/timezone", e.to_string()))?;
    let kept = |local: Local, at: Instant| match (block.all_day, &patch.timezone) {
        // In the same zone the instant says which of two equal local times is meant.
        (false, None) => at.to_rfc3339(&zone),
        (all_day, _) => text(local.0, all_day),
    };
    let start = patch.start.clone().unwrap_or_else(|| kept(block.start_local, block.start_at));
    let end = match (&patch.end, &patch.start) {
        (Some(end), _) => Some(end.clone()),
        (None, Some(_)) => None,
        (None, None) => Some(kept(block.end_local, block.end_at)),
    };
    let asked = Asked {
        start: &start,
        end: end.as_deref(),
        timezone: Some(patch.timezone.as_deref().unwrap_or(&block.timezone)),
        duration_minutes: duration_minutes(block)?,
    };
    let (span, mut notices) = resolve(asked, &ctx.zone, Bounds::Block)?;
    let rrule = match &patch.rrule {
        Some(rrule) => rrule.clone(),
        None => block.rrule.clone(),
    };
    let (exdates, rdates) =
        (moved(block.exdates.as_deref(), block, &span)?, moved(block.rdates.as_deref(), block, &span)?);
    // What is not given was checked before, or comes from a calendar.
    let repeat = Repeat {
        rrule: rrule.as_deref(),
        rdates: patch.rdates.as_ref().unwrap_or(&rdates),
        exdates: patch.exdates.as_ref().unwrap_or(&exdates),
        rule_from: if patch.rrule.is_some() { Source::Asked } else { Source::Known },
        exdates_from: if patch.exdates.is_some() { Source::Asked } else { Source::Known },
    };
    let occurrences = repeat::occurrences(repeat, &span)?;
    if occurrences.dropped > 0 && rrule.is_some() {
        let detail = format!("{} of them are no occurrences any more and were dropped", occurrences.dropped);
        notices.push(Fault { pointer: "/exdates".to_owned(), detail });
    }
    write_times(block, &span, occurrences);
    Ok(notices)
}

fn duration_minutes(block: &Block) -> Result<i32, Error> {
    let seconds = if block.all_day {
        block.end_local.0.duration_since(block.start_local.0).as_secs()
    } else {
        block.end_at - block.start_at
    };
    i32::try_from((seconds + 59) / 60).map_err(|_| Error::invalid("/end", "is needed"))
}

/// Stored starts, as far from the new first as they were from the old.
fn moved(column: Option<&str>, block: &Block, span: &Span) -> Result<Vec<String>, Error> {
    let by = span.start_local.duration_since(block.start_local.0);
    let move_one = |start: Civil| start.checked_add(by).map(|start| text(start, span.all_day));
    let moved = starts(column)?.into_iter().map(move_one).collect::<Result<Vec<String>, _>>();
    moved.map_err(|_| Error::invalid("/start", "moves dates of the block out of the calendar"))
}

/// A local time as input is written.
fn text(civil: Civil, all_day: bool) -> String {
    let text = Local(civil).to_string();
    if all_day { text.chars().take(10).collect() } else { text }
}
