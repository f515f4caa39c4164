use serde::Deserialize;

use super::super::json::given;
use super::super::view::{Id, plain};
use crate::booking::blocks::{BlockPatch as Patch, NewBlock as New};
use crate::booking::import::BlocksOf;
use crate::store::BlockKind;

/// Time to block.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct NewBlock {
    kind: BlockKind,
    /// Whose time it takes; without anybody and any resource the whole business's.
    #[serde(default)]
    #[schema(max_items = 1000)]
    staff: Vec<Id>,
    /// What cannot be used.
    #[serde(default)]
    #[schema(max_items = 1000)]
    resources: Vec<Id>,
    /// RFC 3339, local time `YYYY-MM-DDTHH:MM[:SS]`, or a date for whole days.
    #[schema(example = "2026-12-24")]
    start: String,
    /// As `start`, exclusive.
    #[schema(example = "2026-12-27")]
    end: String,
    /// IANA zone of local times and of the block; none: the business's.
    #[schema(example = "Europe/Berlin")]
    timezone: Option<String>,
    /// RFC 5545 RRULE of a block that recurs; it need not have an end.
    #[schema(example = "FREQ=YEARLY", max_length = 1000)]
    rrule: Option<String>,
    /// Starts of the rule that do not take place; a date stands for those of its day.
    #[serde(default)]
    #[schema(max_items = 1000)]
    exdates: Vec<String>,
    /// Further starts.
    #[serde(default)]
    #[schema(max_items = 1000)]
    rdates: Vec<String>,
    #[schema(max_length = 200)]
    summary: Option<String>,
    /// Unique in the business.
    #[schema(max_length = 200)]
    external_ref: Option<String>,
}

impl From<NewBlock> for New {
    fn from(body: NewBlock) -> Self {
        Self {
            kind: body.kind,
            staff: plain(body.staff),
            resources: plain(body.resources),
            start: body.start,
            end: body.end,
            timezone: body.timezone,
            rrule: body.rrule,
            exdates: body.exdates,
            rdates: body.rdates,
            summary: body.summary,
            external_ref: body.external_ref,
        }
    }
}

/// Time to block for several people and resources, with a block of its own for each.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct BulkBlocks {
    kind: BlockKind,
    /// Each gets a block of their own.
    #[serde(default)]
    #[schema(max_items = 1000)]
    staff: Vec<Id>,
    /// Each gets a block of its own.
    #[serde(default)]
    #[schema(max_items = 1000)]
    resources: Vec<Id>,
    /// RFC 3339, local time `YYYY-MM-DDTHH:MM[:SS]`, or a date for whole days.
    #[schema(example = "2026-12-24")]
    start: String,
    /// As `start`, exclusive.
    #[schema(example = "2026-12-27")]
    end: String,
    /// IANA zone of local times and of the blocks; none: the business's.
    timezone: Option<String>,
    /// RFC 5545 RRULE of blocks that recur.
    #[schema(max_length = 1000)]
    rrule: Option<String>,
    /// Starts of the rule that do not take place.
    #[serde(default)]
    #[schema(max_items = 1000)]
    exdates: Vec<String>,
    /// Further starts.
    #[serde(default)]
    #[schema(max_items = 1000)]
    rdates: Vec<String>,
    #[schema(max_length = 200)]
    summary: Option<String>,
}

impl From<BulkBlocks> for New {
    fn from(body: BulkBlocks) -> Self {
        Self {
            kind: body.kind,
            staff: plain(body.staff),
            resources: plain(body.resources),
            start: body.start,
            end: body.end,
            timezone: body.timezone,
            rrule: body.rrule,
            exdates: body.exdates,
            rdates: body.rdates,
            summary: body.summary,
            external_ref: None,
        }
    }
}

/// What to change of a block; null removes.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct BlockPatch {
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false)]
    kind: Option<BlockKind>,
    /// Without anybody and any resource it is the whole business's.
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false, max_items = 1000)]
    staff: Option<Vec<Id>>,
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false, max_items = 1000)]
    resources: Option<Vec<Id>>,
    /// Without `end` the duration stays; without `exdates` and `rdates` those that there are move with it.
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false)]
    start: Option<String>,
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false)]
    end: Option<String>,
    /// What the clocks show stays unless it is given too.
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false)]
    timezone: Option<String>,
    #[serde(default, deserialize_with = "given")]
    #[schema(max_length = 1000)]
    rrule: Option<Option<String>>,
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false, max_items = 1000)]
    exdates: Option<Vec<String>>,
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false, max_items = 1000)]
    rdates: Option<Vec<String>>,
    #[serde(default, deserialize_with = "given")]
    #[schema(max_length = 200)]
    summary: Option<Option<String>>,
    #[serde(default, deserialize_with = "given")]
    #[schema(max_length = 200)]
    external_ref: Option<Option<String>>,
}

impl From<BlockPatch> for Patch {
    fn from(body: BlockPatch) -> Self {
        Self {
            expected_version: None,
            kind: body.kind,
            staff: body.staff.map(plain),
            resources: body.resources.map(plain),
            start: body.start,
            end: body.end,
            timezone: body.timezone,
            rrule: body.rrule,
            exdates: body.exdates,
            rdates: body.rdates,
            summary: body.summary,
            external_ref: body.external_ref,
        }
    }
}

/// A calendar whose events are to be blocks.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct CalendarImport {
    /// The text of the .ics file.
    ics: String,
    /// What the blocks are; none: holidays.
    kind: Option<BlockKind>,
    /// Whose time they take; without anybody and any resource the whole business's.
    #[serde(default)]
    #[schema(max_items = 1000)]
    staff: Vec<Id>,
    /// What cannot be used.
    #[serde(default)]
    #[schema(max_items = 1000)]
    resources: Vec<Id>,
    /// IANA zone of whole days, and of times without a zone; none: the business's.
    timezone: Option<String>,
}

impl CalendarImport {
    pub(super) fn decode(self) -> (String, BlocksOf) {
        let Self { ics, kind, staff, resources, timezone } = self;
        let kind = kind.unwrap_or(BlockKind::Holiday);
        (ics, BlocksOf { kind, staff: plain(staff), resources: plain(resources), timezone })
    }
}
