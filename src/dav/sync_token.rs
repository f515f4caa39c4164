//! Sync tokens that clients send (RFC 6578 §4).

use super::condition::{Condition, Failure};
use crate::calendar::home::{Collection, SYNC_TOKEN};
use crate::store::Id;

/// The change that a token of this collection stands for.
///
/// # Errors
/// `DAV:valid-sync-token` for what is none, is of another collection, is from before a restore, or is from the future
/// (RFC 6578 §3.2): who sent it starts anew.
pub(super) fn read(text: &str, collection: &Collection) -> Result<i64, Failure> {
    let invalid =
        || Failure::condition(Condition::ValidSyncToken, "the sync token is not, or no longer, one of this collection");
    let parse = || {
        let mut parts = text.trim().strip_prefix(SYNC_TOKEN)?.split(':');
        let id: Id = parts.next()?.parse().ok()?;
        let epoch = number(parts.next()?)?;
        let change = number(parts.next()?)?;
        parts.next().is_none().then_some((id, epoch, change))
    };
    let (id, epoch, change) = parse().ok_or_else(invalid)?;
    if id != collection.id || epoch != collection.epoch || change > collection.change {
        return Err(invalid());
    }
    Ok(change)
}

fn number(text: &str) -> Option<i64> {
    let plain = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    if plain { i64::from_str_radix(text, 16).ok() } else { None }
}
