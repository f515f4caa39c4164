//! Orders: several items that are booked together or not at all (B7).

use diesel::prelude::*;

use super::schema::orders;
use super::{Conn, Error, Id, OrderStatus, TenantId, locking, on};
use crate::time::Instant;

/// An order.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = orders, treat_none_as_default_value = false)]
#[expect(missing_docs, reason = "each column is named for what it holds")]
pub struct Order {
    pub tenant_id: TenantId,
    pub order_id: Id,
    pub customer_id: Id,
    pub status: OrderStatus,
    /// JSON: what was asked for, and after the confirmation the booking of each.
    pub items: String,
    /// Grows with every change; the ETag.
    pub version: i64,
    pub created_at: Instant,
    pub updated_at: Instant,
}

/// Adds an order.
///
/// # Errors
/// [`Error::Db`].
pub fn insert(conn: &mut Conn, order: &Order) -> Result<(), Error> {
    on!(conn, |c| diesel::insert_into(orders::table).values(order).execute(c))?;
    Ok(())
}

/// Replaces the order of that version; returns whether there was one.
///
/// # Errors
/// [`Error::Db`].
pub fn replace(conn: &mut Conn, order: &Order, expected_version: i64) -> Result<bool, Error> {
    let row = orders::table.find((order.tenant_id, order.order_id)).filter(orders::version.eq(expected_version));
    Ok(on!(conn, |c| diesel::update(row).set(order).execute(c))? == 1)
}

/// Finds an order.
///
/// # Errors
/// [`Error::Db`].
pub fn find(conn: &mut Conn, tenant: TenantId, id: Id) -> Result<Option<Order>, Error> {
    let row = orders::table.find((tenant, id));
    Ok(on!(conn, |c| row.select(Order::as_select()).get_result(c).optional())?)
}

/// Finds an order to change it: nobody else changes it until the transaction ends.
///
/// # Errors
/// [`Error::Db`].
pub fn claim(conn: &mut Conn, tenant: TenantId, id: Id) -> Result<Option<Order>, Error> {
    let row = orders::table.find((tenant, id));
    Ok(locking!(conn, for_update, row.select(Order::as_select()), |query, c| query.get_result(c).optional())?)
}

/// A page of orders whose id comes after `after`, oldest first.
///
/// # Errors
/// [`Error::Db`].
pub fn list(conn: &mut Conn, tenant: TenantId, after: Option<Id>, limit: i64) -> Result<Vec<Order>, Error> {
    let rows = orders::table
        .filter(orders::tenant_id.eq(tenant))
        .filter(orders::order_id.gt(after.unwrap_or(Id::TEAM)))
        .order(orders::order_id)
        .limit(limit);
    Ok(on!(conn, |c| rows.select(Order::as_select()).load(c))?)
}
