//! Blocked time, once or again and again, and whose it is.

use std::collections::HashSet;

use diesel::prelude::*;

use super::schema::{block_owners, blocks};
use super::{BlockKind, Conn, Error, Id, Local, TenantId, on};
use crate::time::{Instant, Interval};

/// Blocked time. Local times and zone are the truth, instants are derived from them.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = blocks, treat_none_as_null = true, treat_none_as_default_value = false)]
#[expect(missing_docs, reason = "each column is named for what it holds")]
pub struct Block {
    pub tenant_id: TenantId,
    pub block_id: Id,
    pub kind: BlockKind,
    pub summary: Option<String>,
    pub start_local: Local,
    /// Exclusive.
    pub end_local: Local,
    /// IANA zone.
    pub timezone: String,
    pub all_day: bool,
    /// Of the first occurrence.
    pub start_at: Instant,
    pub end_at: Instant,
    /// Of the last occurrence, [`ENDLESS`] when there is none.
    pub last_end: Instant,
    /// RRULE value (RFC 5545 §3.3.10).
    pub rrule: Option<String>,
    /// Local starts that do not take place, comma-separated.
    pub exdates: Option<String>,
    /// Further local starts, comma-separated.
    pub rdates: Option<String>,
    /// What identifies it elsewhere, e.g. the UID of an imported holiday.
    pub external_ref: Option<String>,
    /// Grows with every change; the ETag.
    pub version: i64,
    pub created_at: Instant,
    pub updated_at: Instant,
}

/// The end of what has no end.
pub const ENDLESS: Instant = Instant::from_unix(i64::MAX);

/// Whose time a block takes: a person's, a resource's or, under [`Id::TEAM`], the whole business's.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = block_owners)]
#[expect(missing_docs, reason = "each column is named for what it holds")]
pub struct BlockOwner {
    pub tenant_id: TenantId,
    pub owner_id: Id,
    /// That of the block.
    pub last_end: Instant,
    pub block_id: Id,
}

/// Adds a block.
///
/// # Errors
/// A unique violation when the external reference is taken.
pub fn insert(conn: &mut Conn, block: &Block, owners: &[Id]) -> Result<(), Error> {
    on!(conn, |c| diesel::insert_into(blocks::table).values(block).execute(c))?;
    insert_owners(conn, block, owners)
}

/// Replaces the block of that version, and whose it is; returns whether there was one.
///
/// # Errors
/// A unique violation when the external reference is taken.
pub fn replace(conn: &mut Conn, block: &Block, owners: &[Id], expected_version: i64) -> Result<bool, Error> {
    let row = blocks::table.find((block.tenant_id, block.block_id)).filter(blocks::version.eq(expected_version));
    let replaced = on!(conn, |c| diesel::update(row).set(block).execute(c))? == 1;
    if replaced {
        delete_owners(conn, block.tenant_id, block.block_id)?;
        insert_owners(conn, block, owners)?;
    }
    Ok(replaced)
}

/// Deletes the block of that version; returns whether there was one.
///
/// # Errors
/// [`Error::Db`].
pub fn delete(conn: &mut Conn, tenant: TenantId, id: Id, expected_version: i64) -> Result<bool, Error> {
    let row = blocks::table.find((tenant, id)).filter(blocks::version.eq(expected_version));
    let deleted = on!(conn, |c| diesel::delete(row).execute(c))? == 1;
    if deleted {
        delete_owners(conn, tenant, id)?;
    }
    Ok(deleted)
}

/// Finds a block.
///
/// # Errors
/// [`Error::Db`].
pub fn find(conn: &mut Conn, tenant: TenantId, id: Id) -> Result<Option<Block>, Error> {
    let row = blocks::table.find((tenant, id));
    Ok(on!(conn, |c| row.select(Block::as_select()).get_result(c).optional())?)
}

/// Finds a block by what identifies it elsewhere.
///
/// # Errors
/// [`Error::Db`].
pub fn find_by_external_ref(conn: &mut Conn, tenant: TenantId, reference: &str) -> Result<Option<Block>, Error> {
    let row = blocks::table.filter(blocks::tenant_id.eq(tenant)).filter(blocks::external_ref.eq(reference));
    Ok(on!(conn, |c| row.select(Block::as_select()).get_result(c).optional())?)
}

/// Which blocks to list.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Those whose last occurrence ends after this.
    pub from: Option<Instant>,
    /// Those whose first occurrence starts before this.
    pub until: Option<Instant>,
    /// Those that take the time of this person, resource or, under [`Id::TEAM`], the business.
    pub owner: Option<Id>,
    /// Those of this kind.
    pub kind: Option<BlockKind>,
    /// The one with this reference.
    pub external_ref: Option<String>,
}

/// A page of blocks whose id comes after `after`, oldest first.
///
/// # Errors
/// [`Error::Db`].
pub fn list(
    conn: &mut Conn,
    tenant: TenantId,
    filter: &Filter,
    after: Option<Id>,
    limit: i64,
) -> Result<Vec<Block>, Error> {
    macro_rules! run {
        ($c:expr) => {{
            let mut query = blocks::table.filter(blocks::tenant_id.eq(tenant)).select(Block::as_select()).into_boxed();
            if let Some(from) = filter.from {
                query = query.filter(blocks::last_end.gt(from));
            }
            if let Some(until) = filter.until {
                query = query.filter(blocks::start_at.lt(until));
            }
            if let Some(kind) = filter.kind {
                query = query.filter(blocks::kind.eq(kind));
            }
            if let Some(reference) = &filter.external_ref {
                query = query.filter(blocks::external_ref.eq(reference));
            }
            if let Some(owner) = filter.owner {
                let own = block_owners::table
                    .filter(block_owners::tenant_id.eq(tenant))
                    .filter(block_owners::owner_id.eq(owner))
                    .select(block_owners::block_id);
                query = query.filter(blocks::block_id.eq_any(own));
            }
            let after = after.unwrap_or(Id::TEAM);
            query.filter(blocks::block_id.gt(after)).order(blocks::block_id).limit(limit).load($c)
        }};
    }
    Ok(on!(conn, |c| run!(c))?)
}

/// Whose time these blocks take, in the order of blocks and owners.
///
/// # Errors
/// [`Error::Db`].
pub fn owners(conn: &mut Conn, tenant: TenantId, ids: &[Id]) -> Result<Vec<BlockOwner>, Error> {
    let rows = block_owners::table
        .filter(block_owners::tenant_id.eq(tenant))
        .filter(block_owners::block_id.eq_any(ids))
        .order((block_owners::block_id, block_owners::owner_id));
    Ok(on!(conn, |c| rows.select(BlockOwner::as_select()).load(c))?)
}

/// Blocks of any of `owners` that begin before the window's end and are not over at its start, each with whose it is.
/// Of one that recurs, no occurrence need lie inside.
///
/// # Errors
/// [`Error::Db`].
pub fn within(conn: &mut Conn, tenant: TenantId, owners: &[Id], window: Interval) -> Result<Vec<(Id, Block)>, Error> {
    // Most people have no blocks, and to know that SQLite need not parse a list anew each time.
    let blocked = match conn.is_postgres() {
        true => owners.to_vec(),
        false => blocked_after(conn, tenant, owners, window.start)?,
    };
    if blocked.is_empty() {
        return Ok(Vec::new());
    }
    let same = blocks::tenant_id.eq(block_owners::tenant_id).and(blocks::block_id.eq(block_owners::block_id));
    let rows = block_owners::table
        .inner_join(blocks::table.on(same))
        .filter(block_owners::tenant_id.eq(tenant))
        .filter(block_owners::owner_id.eq_any(blocked))
        .filter(block_owners::last_end.gt(window.start))
        .filter(blocks::start_at.lt(window.end));
    Ok(on!(conn, |c| rows.select((block_owners::owner_id, Block::as_select())).load(c))?)
}

/// Those of `owners` who have a block that is not over at an instant.
fn blocked_after(conn: &mut Conn, tenant: TenantId, owners: &[Id], at: Instant) -> Result<Vec<Id>, Error> {
    let mut blocked = Vec::new();
    for owner in owners {
        let last = block_owners::table
            .filter(block_owners::tenant_id.eq(tenant))
            .filter(block_owners::owner_id.eq(owner))
            .select(diesel::dsl::max(block_owners::last_end));
        let last: Option<Instant> = on!(conn, |c| last.get_result(c))?;
        if last.is_some_and(|last| last > at) {
            blocked.push(*owner);
        }
    }
    Ok(blocked)
}

/// Takes somebody or something that was deleted out of all blocks. A block that is nobody's then is deleted too; the
/// others get a new version, because they say something else now.
///
/// # Errors
/// [`Error::Db`].
pub fn forget_owner(conn: &mut Conn, tenant: TenantId, owner: Id, now: Instant) -> Result<(), Error> {
    let own = block_owners::table.filter(block_owners::tenant_id.eq(tenant)).filter(block_owners::owner_id.eq(owner));
    let ids: Vec<Id> = on!(conn, |c| own.select(block_owners::block_id).load(c))?;
    on!(conn, |c| diesel::delete(own).execute(c))?;
    let still: HashSet<Id> = owners(conn, tenant, &ids)?.into_iter().map(|owner| owner.block_id).collect();
    let (shared, orphans): (Vec<Id>, Vec<Id>) = ids.into_iter().partition(|id| still.contains(id));
    let rows = |ids| blocks::table.filter(blocks::tenant_id.eq(tenant)).filter(blocks::block_id.eq_any(ids));
    on!(conn, |c| diesel::delete(rows(orphans.clone())).execute(c))?;
    let next = (blocks::version.eq(blocks::version + 1), blocks::updated_at.eq(now));
    on!(conn, |c| diesel::update(rows(shared.clone())).set(next).execute(c))?;
    Ok(())
}

fn insert_owners(conn: &mut Conn, block: &Block, owners: &[Id]) -> Result<(), Error> {
    for owner_id in owners {
        let (tenant_id, block_id, last_end) = (block.tenant_id, block.block_id, block.last_end);
        let row = BlockOwner { tenant_id, owner_id: *owner_id, last_end, block_id };
        on!(conn, |c| diesel::insert_into(block_owners::table).values(&row).execute(c))?;
    }
    Ok(())
}

fn delete_owners(conn: &mut Conn, tenant: TenantId, block: Id) -> Result<(), Error> {
    let rows = block_owners::table.filter(block_owners::tenant_id.eq(tenant)).filter(block_owners::block_id.eq(block));
    on!(conn, |c| diesel::delete(rows).execute(c))?;
    Ok(())
}
