//! Blocks from a calendar.

use crate::booking::blocks::{self, Adopted, NewBlock};
use crate::booking::{Context, Error};
use crate::store::Conn;

use super::row::BlockRecord;
use super::unit::{Outcome, Verdict};

/// Makes the block of its UID what the row says; one that is cancelled is taken back.
pub(super) fn block(conn: &mut Conn, ctx: &Context, row: &BlockRecord) -> Result<Outcome, Error> {
    let Some(uid) = &row.uid else { return Err(Error::invalid("/uid", "is missing")) };
    if row.cancelled {
        let verdict = match blocks::withdraw(conn, ctx, uid)? {
            true => Verdict::Changed,
            false => Verdict::Unchanged,
        };
        return Ok((verdict, Vec::new()));
    }
    let new = NewBlock {
        kind: row.kind,
        staff: row.staff.clone(),
        resources: row.resources.clone(),
        start: row.start.clone(),
        end: row.end.clone(),
        timezone: Some(row.timezone.clone()),
        rrule: row.rrule.clone(),
        exdates: row.exdates.clone(),
        rdates: row.rdates.clone(),
        summary: row.summary.clone(),
        external_ref: Some(uid.clone()),
    };
    let (adopted, notices) = blocks::adopt(conn, ctx, &new)?;
    let verdict = match adopted {
        Adopted::Created => Verdict::Created,
        Adopted::Changed => Verdict::Changed,
        Adopted::Unchanged => Verdict::Unchanged,
    };
    Ok((verdict, notices))
}
