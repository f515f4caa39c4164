//! Businesses, and settings of the installation.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool};

use super::schema::{settings, tenants};
use super::statement::statement;
use super::{Conn, Error, TenantId, on, schema};
use crate::time::Instant;

/// A business.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = tenants, treat_none_as_default_value = false)]
#[expect(missing_docs, reason = "each column is named for what it holds")]
pub struct Tenant {
    pub tenant_id: TenantId,
    pub slug: String,
    pub name: String,
    /// IANA zone.
    pub timezone: String,
    /// Where customers write to: ORGANIZER of what they see.
    pub email: Option<String>,
    pub created_at: Instant,
    pub updated_at: Instant,
}

/// Adds a business.
///
/// # Errors
/// A unique violation when the slug is taken.
pub fn insert(conn: &mut Conn, tenant: &Tenant) -> Result<(), Error> {
    on!(conn, |c| diesel::insert_into(tenants::table).values(tenant).execute(c))?;
    Ok(())
}

/// Finds a business.
///
/// # Errors
/// [`Error::Db`].
pub fn find(conn: &mut Conn, tenant: TenantId) -> Result<Option<Tenant>, Error> {
    Ok(on!(conn, |c| tenants::table.find(tenant).select(Tenant::as_select()).get_result(c).optional())?)
}

/// All businesses, by slug.
///
/// # Errors
/// [`Error::Db`].
pub fn list(conn: &mut Conn) -> Result<Vec<Tenant>, Error> {
    Ok(on!(conn, |c| tenants::table.order(tenants::slug).select(Tenant::as_select()).load(c))?)
}

/// Keeps a business as it is for what books or changes one thing in it: nobody [claims](claim) it until the transaction
/// ends. It comes before everything else that a transaction locks.
///
/// # Errors
/// [`Error::Db`].
pub fn hold(conn: &mut Conn, tenant: TenantId) -> Result<(), Error> {
    // On SQLite there is one writer, who needs no lock.
    if let Conn::Pg(c) = conn {
        HoldTenant { tenant }.execute(c)?;
    }
    Ok(())
}

/// Has a business to itself, for what concerns all of it or many things in it: waits for what is being booked there, and
/// keeps the next waiting. It comes before everything else that a transaction locks.
///
/// # Errors
/// [`Error::Db`].
pub fn claim(conn: &mut Conn, tenant: TenantId) -> Result<(), Error> {
    if let Conn::Pg(c) = conn {
        ClaimTenant { tenant }.execute(c)?;
    }
    Ok(())
}

// Advisory, because a row that every booking locks would be written by every booking.
statement! {
    HoldTenant(tenant: TenantId as BigInt) -> Bool,
    "SELECT pg_advisory_xact_lock_shared(?) IS NULL"
}

statement! {
    ClaimTenant(tenant: TenantId as BigInt) -> Bool,
    "SELECT pg_advisory_xact_lock(?) IS NULL"
}

/// Every table that holds rows of businesses, children first.
const TABLES: [&str; 26] = [
    "calendar_objects",
    "calendars",
    "dav_properties",
    "delegates",
    "app_passwords",
    "orders",
    "holds",
    "block_owners",
    "blocks",
    "working_hours",
    "feed_tokens",
    "feeds",
    "objects",
    "collections",
    "allocations",
    "booking_history",
    "occurrence_overrides",
    "bookings",
    "service_providers",
    "services",
    "resources",
    "people",
    "idempotency_keys",
    "api_tokens",
    "settings",
    "tenants",
];

/// Deletes a business and every row of it.
///
/// # Errors
/// [`Error::Db`].
pub fn delete(conn: &mut Conn, tenant: TenantId) -> Result<(), Error> {
    for table in TABLES {
        on!(conn, |c| diesel::sql_query(format!("DELETE FROM {table} WHERE tenant_id = $1"))
            .bind::<BigInt, _>(tenant)
            .execute(c))?;
    }
    Ok(())
}

/// Reads a setting.
///
/// # Errors
/// [`Error::Db`].
pub fn setting(conn: &mut Conn, tenant: TenantId, name: &str) -> Result<Option<String>, Error> {
    Ok(on!(conn, |c| settings::table.find((tenant, name)).select(settings::value).get_result(c).optional())?)
}

/// Writes a setting.
///
/// # Errors
/// [`Error::Db`].
pub fn set_setting(conn: &mut Conn, tenant: TenantId, name: &str, value: &str) -> Result<(), Error> {
    on!(conn, |c| diesel::insert_into(settings::table)
        .values((settings::tenant_id.eq(tenant), settings::name.eq(name), settings::value.eq(value)))
        .on_conflict((settings::tenant_id, settings::name))
        .do_update()
        .set(settings::value.eq(diesel::upsert::excluded(settings::value)))
        .execute(c))?;
    Ok(())
}

/// How many rows each of a few tables holds, for `doctor` and tests.
///
/// # Errors
/// [`Error::Db`].
pub fn booking_count(conn: &mut Conn, tenant: TenantId) -> Result<i64, Error> {
    use schema::bookings;
    Ok(on!(conn, |c| bookings::table.filter(bookings::tenant_id.eq(tenant)).count().get_result(c))?)
}

/// The database's own clock.
///
/// # Errors
/// [`Error::Db`].
pub fn database_now(conn: &mut Conn) -> Result<Instant, Error> {
    use diesel::dsl::sql;
    Ok(match conn {
        Conn::Pg(c) => diesel::select(sql::<BigInt>("extract(epoch FROM clock_timestamp())::bigint")).get_result(c)?,
        Conn::Sqlite(c, _) => diesel::select(sql::<BigInt>("CAST(strftime('%s', 'now') AS INTEGER)")).get_result(c)?,
    })
}
