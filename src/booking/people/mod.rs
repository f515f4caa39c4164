//! Managers, staff and customers (B2).

mod customer;

pub use customer::find_or_add_customer;

use super::{Context, Error};
use crate::store::collections::{self, Collection};
use crate::store::{CollectionKind, Conn, Id};

/// Gives a person, a resource or the business the collection its bookings are projected into.
///
/// # Errors
/// [`Error::Store`].
pub(super) fn open_collection(conn: &mut Conn, ctx: &Context, id: Id, kind: CollectionKind) -> Result<(), Error> {
    // The epoch differs from that of an earlier collection of the same id, e.g. of a business deleted and made anew.
    let (epoch, changed_at) = (ctx.now.unix(), ctx.now);
    let row = Collection { tenant_id: ctx.tenant, collection_id: id, kind, epoch, change: 0, changed_at };
    Ok(collections::insert(conn, &row)?)
}
