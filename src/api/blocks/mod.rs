//! `/blocks`: time off, holidays, maintenance and other closed times.

mod body;
mod filter;
mod view;

use axum::extract::State;
use axum::response::Response;

use super::answer::Answer;
use super::caller::Caller;
use super::page::{List, Page, Reader};
use super::request::{IfMatch, IfNoneMatch, Input, Params, PathId};
use super::view::Id;
use super::{Api, problem::Problem};
use crate::booking::blocks::{self, BlockPatch as Patch};
use crate::booking::import;

use body::{BlockPatch, BulkBlocks, CalendarImport, NewBlock};
use filter::BlockParams;
use view::{Block, Blocks, Imported};

/// Blocks, oldest first.
#[utoipa::path(get, path = "/v1/blocks", tag = "blocks", operation_id = "listBlocks", params(BlockParams),
    responses((status = 200, body = Page<Block>)))]
pub(super) async fn list(
    State(api): State<Api>,
    caller: Caller,
    Params(params): Params<BlockParams>,
) -> Result<Response, Problem> {
    let wanted = params.decode()?;
    let reader = Reader::new(List::Blocks, params.limit.as_deref(), params.cursor.as_deref())?;
    api.read(caller, move |conn, ctx| {
        let filter = wanted.filter(&ctx.zone);
        let rows = |after, n| blocks::list(conn, ctx, &filter, after, n);
        let (rows, next_cursor) = reader.read(rows, |kept| kept.block.block_id)?;
        let items = rows.into_iter().map(Block::try_from).collect::<Result<_, _>>()?;
        Answer::many(&Page { items, next_cursor })
    })
    .await
}

/// Blocks time. Bookings it covers stay; `notices` name them, because people must be told.
#[utoipa::path(post, path = "/v1/blocks", tag = "blocks", operation_id = "createBlock", request_body = NewBlock,
    responses((status = 201, body = Block)))]
pub(super) async fn create(
    State(api): State<Api>,
    caller: Caller,
    Input { body, once, .. }: Input<NewBlock>,
) -> Result<Response, Problem> {
    let new = body.into();
    api.write(caller, once, move |conn, ctx| {
        let kept = blocks::create(conn, ctx, &new)?;
        let (id, version) = (kept.block.block_id, kept.block.version);
        Answer::created(ctx, "blocks", id, version, &Block::try_from(kept)?)
    })
    .await
}

/// Blocks the same time for several, with a block of its own for each: all or none.
#[utoipa::path(post, path = "/v1/blocks/bulk", tag = "blocks", operation_id = "createBlocks",
    request_body = BulkBlocks, responses((status = 201, body = Blocks)))]
pub(super) async fn create_each(
    State(api): State<Api>,
    caller: Caller,
    Input { body, once, .. }: Input<BulkBlocks>,
) -> Result<Response, Problem> {
    let new = body.into();
    api.write(caller, once, move |conn, ctx| {
        let made = blocks::create_each(conn, ctx, &new)?;
        let items = made.into_iter().map(Block::try_from).collect::<Result<_, _>>()?;
        Answer::made(&Blocks { items })
    })
    .await
}

/// Makes a block of each event of a calendar. The same calendar again changes nothing.
#[utoipa::path(post, path = "/v1/blocks/import", tag = "blocks", operation_id = "importBlocks",
    request_body = CalendarImport, responses((status = 200, body = Imported)))]
pub(super) async fn import(
    State(api): State<Api>,
    caller: Caller,
    Input { body, once, .. }: Input<CalendarImport>,
) -> Result<Response, Problem> {
    let (ics, of) = body.decode();
    api.write(caller, once, move |conn, ctx| {
        let report = import::calendar_of_blocks(conn, ctx, ics.as_bytes(), &of)?;
        Answer::many(&Imported::from(report))
    })
    .await
}

/// One block.
#[utoipa::path(get, path = "/v1/blocks/{id}", tag = "blocks", operation_id = "getBlock", params(("id" = Id, Path)),
    responses((status = 200, body = Block)))]
pub(super) async fn read(
    State(api): State<Api>,
    caller: Caller,
    PathId(id): PathId,
    has: IfNoneMatch,
) -> Result<Response, Problem> {
    api.read(caller, move |conn, ctx| {
        let kept = blocks::find(conn, ctx, id)?;
        Ok(Answer::one(kept.block.version, &Block::try_from(kept)?)?.unless(&has))
    })
    .await
}

/// Changes what the body names. A new start keeps the duration, and exceptions move with it.
#[utoipa::path(patch, path = "/v1/blocks/{id}", tag = "blocks", operation_id = "updateBlock",
    params(("id" = Id, Path)), request_body = BlockPatch, responses((status = 200, body = Block)))]
pub(super) async fn update(
    State(api): State<Api>,
    caller: Caller,
    PathId(id): PathId,
    Input { body, if_match, .. }: Input<BlockPatch>,
) -> Result<Response, Problem> {
    let patch = Patch::from(body);
    api.write(caller, None, move |conn, ctx| {
        let current = || blocks::row(conn, ctx, id).map(|row| Some(row.version));
        let patch = Patch { expected_version: if_match.expected(current)?, ..patch.clone() };
        let kept = blocks::update(conn, ctx, id, &patch)?;
        Answer::one(kept.block.version, &Block::try_from(kept)?)
    })
    .await
}

/// Takes a block back: its time is free again.
#[utoipa::path(delete, path = "/v1/blocks/{id}", tag = "blocks", operation_id = "deleteBlock",
    params(("id" = Id, Path)), responses((status = 204)))]
pub(super) async fn delete(
    State(api): State<Api>,
    caller: Caller,
    PathId(id): PathId,
    if_match: IfMatch,
) -> Result<Response, Problem> {
    api.write(caller, None, move |conn, ctx| {
        let current = || blocks::row(conn, ctx, id).map(|row| Some(row.version));
        let expected = if_match.expected(current)?;
        blocks::delete(conn, ctx, id, expected)?;
        Ok(Answer::nothing())
    })
    .await
}
