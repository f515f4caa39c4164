use serde::Serialize;

use super::super::problem::FaultBody;
use super::super::view::{Id, ids, stored_zone};
use crate::booking::Error;
use crate::booking::blocks::{Kept, starts};
use crate::booking::import::{CalendarReport, Said};
use crate::store::BlockKind;
use crate::time::{Civil, Zone};

/// Time that is blocked.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(in super::super) struct Block {
    id: Id,
    kind: BlockKind,
    /// Whose time it takes; without anybody and any resource the whole business's.
    staff: Vec<Id>,
    /// What cannot be used.
    resources: Vec<Id>,
    /// RFC 3339, in `timezone`; of the first occurrence.
    start: String,
    /// As `start`, exclusive.
    end: String,
    /// IANA zone.
    timezone: String,
    /// Whole days: start and end are midnights.
    all_day: bool,
    /// RFC 5545 RRULE.
    rrule: Option<String>,
    /// Starts of the rule that do not take place: RFC 3339, or dates of whole days.
    exdates: Vec<String>,
    /// Further starts.
    rdates: Vec<String>,
    summary: Option<String>,
    /// The reference another system knows it by; of an imported one its UID.
    external_ref: Option<String>,
    created_at: String,
    updated_at: String,
    /// The bookings it covers, and how the input was understood, where that may surprise; only in answers to changes.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    notices: Vec<FaultBody>,
}

impl TryFrom<Kept> for Block {
    type Error = Error;

    fn try_from(Kept { block, staff, resources, notices }: Kept) -> Result<Self, Error> {
        let zone = stored_zone(&block.timezone)?;
        let start = |civil: Civil| match block.all_day {
            true => civil.date().to_string(),
            false => zone.instant(civil).to_rfc3339(&zone),
        };
        let dates = |column: Option<&str>| -> Result<Vec<String>, Error> {
            Ok(starts(column)?.into_iter().map(start).collect())
        };
        Ok(Self {
            id: block.block_id.into(),
            kind: block.kind,
            staff: ids(&staff),
            resources: ids(&resources),
            start: block.start_at.to_rfc3339(&zone),
            end: block.end_at.to_rfc3339(&zone),
            exdates: dates(block.exdates.as_deref())?,
            rdates: dates(block.rdates.as_deref())?,
            timezone: block.timezone,
            all_day: block.all_day,
            rrule: block.rrule,
            summary: block.summary,
            external_ref: block.external_ref,
            created_at: block.created_at.to_rfc3339(&Zone::utc()),
            updated_at: block.updated_at.to_rfc3339(&Zone::utc()),
            notices: notices.into_iter().map(FaultBody::from).collect(),
        })
    }
}

/// Blocks that were made together, in the order of whose they are.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(in super::super) struct Blocks {
    pub(super) items: Vec<Block>,
}

/// What became of the events of a calendar.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(in super::super) struct Imported {
    /// Were not there before.
    created: u64,
    /// Were there and differed, or were cancelled.
    changed: u64,
    /// Were there, the same.
    unchanged: u64,
    /// Cannot be taken.
    rejected: Vec<Remark>,
    /// What else is to be known: bookings that are covered, what is no event.
    notices: Vec<Remark>,
}

/// Something to say about a line of the calendar.
#[derive(Debug, Serialize, utoipa::ToSchema)]
struct Remark {
    /// From 1.
    line: u64,
    reason: String,
}

impl From<CalendarReport> for Imported {
    fn from(report: CalendarReport) -> Self {
        let remarks = |said: Vec<Said>| said.into_iter().map(|Said { line, reason }| Remark { line, reason }).collect();
        Self {
            created: report.counts.created,
            changed: report.counts.changed,
            unchanged: report.counts.unchanged,
            rejected: remarks(report.rejected),
            notices: remarks(report.notices),
        }
    }
}
