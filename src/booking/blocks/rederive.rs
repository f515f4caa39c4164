//! When the rules of a zone change: a block stays where the clocks show it, its instants are worked out anew (B12).

use crate::store::Conn;
use crate::store::blocks::{self, Block, Filter};
use crate::time::{Civil, Instant, Interval, Resolved, Zone};

use crate::booking::{Context, Error};

use super::{owners, repeat};

/// Works out the instants of every block that is not over; returns how many moved.
///
/// # Errors
/// [`Error::Store`].
pub(in crate::booking) fn rederive(conn: &mut Conn, ctx: &Context) -> Result<usize, Error> {
    // A day of grace: what ended an hour ago by the old rules may not be over by the new ones.
    let open = Filter { from: Some(ctx.now - 86_400), ..Filter::default() };
    let mut moved = 0;
    let mut after = None;
    loop {
        let page = blocks::list(conn, ctx.tenant, &open, after, 500)?;
        let Some(last) = page.last() else { break };
        after = Some(last.block_id);
        for old in page {
            let mut new = by_the_clocks(&old)?;
            if new == old {
                continue;
            }
            (new.version, new.updated_at) = (old.version + 1, ctx.now.max(old.updated_at + 1));
            let owners = owners::of(conn, ctx, old.block_id)?;
            if !blocks::replace(conn, &new, &owners, old.version)? {
                return Err(Error::lost());
            }
            moved += 1;
        }
    }
    Ok(moved)
}

/// The block as the zone rules of this version have it.
fn by_the_clocks(old: &Block) -> Result<Block, Error> {
    let (series, zone) = repeat::stored(old)?;
    let start = same_of_two(&zone, old.start_local.0, old.start_at);
    let end = same_of_two(&zone, old.end_local.0, old.end_at);
    // New rules may have put a gap between the two; then the length it had is what can be kept.
    let at = Interval::new(start, end).unwrap_or(Interval { start, end: start + (old.end_at - old.start_at).max(60) });
    let last_end = match old.rrule.is_some() || old.rdates.is_some() {
        true => series.end(&zone).map_or(blocks::ENDLESS, |end| end.max(at.end)),
        false => at.end,
    };
    Ok(Block { start_at: at.start, end_at: at.end, last_end, ..old.clone() })
}

/// The instant of a local time; of one that clocks show twice the one that was meant, if it still is one of them.
fn same_of_two(zone: &Zone, local: Civil, meant: Instant) -> Instant {
    match zone.resolve(local) {
        Resolved::Twice { later, .. } if later == meant => later,
        _ => zone.instant(local),
    }
}
