//! Services, and who and what can serve them.

use diesel::prelude::*;

use super::schema::{service_providers, services};
use super::{BookingKind, Conn, Error, Id, ProviderKind, TenantId, locking, on, tenants};
use crate::time::Instant;

/// A service.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = services, treat_none_as_null = true, treat_none_as_default_value = false)]
#[expect(missing_docs, reason = "each column is named for what it holds")]
pub struct Service {
    pub tenant_id: TenantId,
    pub service_id: Id,
    pub kind: BookingKind,
    pub name: String,
    pub duration_minutes: i32,
    pub buffer_before_minutes: i32,
    pub buffer_after_minutes: i32,
    pub slot_step_minutes: Option<i32>,
    pub min_notice_minutes: Option<i32>,
    pub max_advance_days: Option<i32>,
    /// Seats of one session; 1 for everything that is not a class.
    pub capacity: i32,
    /// CSS3 colour name (RFC 7986 §5.9) or `#rrggbb`.
    pub color: Option<String>,
    /// Minutes before the start, comma-separated.
    pub reminders_minutes: String,
    pub cancellation_window_minutes: Option<i32>,
    pub external_ref: Option<String>,
    /// Grows with every change; the ETag.
    pub version: i64,
    pub created_at: Instant,
    pub updated_at: Instant,
    pub deleted_at: Option<Instant>,
}

/// One who, or one thing that, can serve a service.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = service_providers)]
#[expect(missing_docs, reason = "each column is named for what it holds")]
pub struct Provider {
    pub tenant_id: TenantId,
    pub service_id: Id,
    pub provider_id: Id,
    pub provider_kind: ProviderKind,
}

/// Adds a service.
///
/// # Errors
/// A unique violation when the external reference is taken.
pub fn insert(conn: &mut Conn, service: &Service) -> Result<(), Error> {
    on!(conn, |c| diesel::insert_into(services::table).values(service).execute(c))?;
    Ok(())
}

/// Finds a service, deleted ones too.
///
/// # Errors
/// [`Error::Db`].
pub fn find(conn: &mut Conn, tenant: TenantId, id: Id) -> Result<Option<Service>, Error> {
    Ok(on!(conn, |c| services::table.find((tenant, id)).select(Service::as_select()).get_result(c).optional())?)
}

/// Finds a service for a booking that is about to name it: nobody [claims](claim) it, nor [the business](tenants::claim),
/// until the transaction ends.
///
/// # Errors
/// [`Error::Db`].
pub fn hold(conn: &mut Conn, tenant: TenantId, id: Id) -> Result<Option<Service>, Error> {
    tenants::hold(conn, tenant)?;
    let row = services::table.find((tenant, id));
    Ok(locking!(conn, for_key_share, row.select(Service::as_select()), |query, c| query.get_result(c).optional())?)
}

/// Waits until no booking that is being made names this service, and keeps new ones waiting: what there is afterwards
/// is all there is.
///
/// # Errors
/// [`Error::Db`].
pub fn claim(conn: &mut Conn, tenant: TenantId, id: Id) -> Result<(), Error> {
    let row = services::table.find((tenant, id)).select(services::version);
    locking!(conn, for_update, row, |query, c| query.get_result::<i64>(c).optional())?;
    Ok(())
}

/// Finds the service of a name, ASCII and Unicode case as written; the oldest where several share it.
///
/// # Errors
/// [`Error::Db`].
pub fn find_by_name(conn: &mut Conn, tenant: TenantId, name: &str) -> Result<Option<Service>, Error> {
    let query = services::table
        .filter(services::tenant_id.eq(tenant))
        .filter(services::name.eq(name))
        .filter(services::deleted_at.is_null())
        .order(services::service_id);
    Ok(on!(conn, |c| query.select(Service::as_select()).first(c).optional())?)
}

/// Finds a service by the reference another system gave.
///
/// # Errors
/// [`Error::Db`].
pub fn find_by_external_ref(conn: &mut Conn, tenant: TenantId, reference: &str) -> Result<Option<Service>, Error> {
    let query = services::table.filter(services::tenant_id.eq(tenant)).filter(services::external_ref.eq(reference));
    Ok(on!(conn, |c| query.select(Service::as_select()).get_result(c).optional())?)
}

/// A page of services whose id comes after `after`, oldest first.
///
/// # Errors
/// [`Error::Db`].
pub fn list(conn: &mut Conn, tenant: TenantId, after: Option<Id>, limit: i64) -> Result<Vec<Service>, Error> {
    let query = services::table
        .filter(services::tenant_id.eq(tenant))
        .filter(services::deleted_at.is_null())
        .filter(services::service_id.gt(after.unwrap_or(Id::TEAM)))
        .order(services::service_id)
        .limit(limit);
    Ok(on!(conn, |c| query.select(Service::as_select()).load(c))?)
}

/// Writes `service` over the row, if the row still has version `expected`. False: it has not.
///
/// # Errors
/// A unique violation as for [`insert`].
pub fn replace(conn: &mut Conn, service: &Service, expected: i64) -> Result<bool, Error> {
    let row = services::table.find((service.tenant_id, service.service_id)).filter(services::version.eq(expected));
    Ok(on!(conn, |c| diesel::update(row).set(service).execute(c))? == 1)
}

/// Who and what can serve a service, in the order of their ids.
///
/// # Errors
/// [`Error::Db`].
pub fn providers(conn: &mut Conn, tenant: TenantId, service: Id) -> Result<Vec<Provider>, Error> {
    let query = service_providers::table
        .filter(service_providers::tenant_id.eq(tenant))
        .filter(service_providers::service_id.eq(service))
        .order(service_providers::provider_id);
    Ok(on!(conn, |c| query.select(Provider::as_select()).load(c))?)
}

/// The providers of several services at once.
///
/// # Errors
/// [`Error::Db`].
pub fn providers_of_all(conn: &mut Conn, tenant: TenantId, services: &[Id]) -> Result<Vec<Provider>, Error> {
    let query = service_providers::table
        .filter(service_providers::tenant_id.eq(tenant))
        .filter(service_providers::service_id.eq_any(services))
        .order(service_providers::provider_id);
    Ok(on!(conn, |c| query.select(Provider::as_select()).load(c))?)
}

/// The services that name a person or resource.
///
/// # Errors
/// [`Error::Db`].
pub fn of_provider(conn: &mut Conn, tenant: TenantId, provider: Id) -> Result<Vec<Service>, Error> {
    let named = service_providers::table
        .filter(service_providers::tenant_id.eq(tenant))
        .filter(service_providers::provider_id.eq(provider))
        .select(service_providers::service_id);
    let ids: Vec<Id> = on!(conn, |c| named.load(c))?;
    let query = services::table
        .filter(services::tenant_id.eq(tenant))
        .filter(services::service_id.eq_any(ids))
        .filter(services::deleted_at.is_null())
        .order(services::service_id);
    Ok(on!(conn, |c| query.select(Service::as_select()).load(c))?)
}

/// Replaces who and what can serve a service.
///
/// # Errors
/// [`Error::Db`].
pub fn set_providers(conn: &mut Conn, tenant: TenantId, service: Id, providers: &[Provider]) -> Result<(), Error> {
    let old = service_providers::table
        .filter(service_providers::tenant_id.eq(tenant))
        .filter(service_providers::service_id.eq(service));
    on!(conn, |c| diesel::delete(old).execute(c))?;
    for provider in providers {
        on!(conn, |c| diesel::insert_into(service_providers::table).values(provider).execute(c))?;
    }
    Ok(())
}

/// Takes a person or resource out of every service.
///
/// # Errors
/// [`Error::Db`].
pub fn remove_provider(conn: &mut Conn, tenant: TenantId, provider: Id) -> Result<(), Error> {
    let rows = service_providers::table
        .filter(service_providers::tenant_id.eq(tenant))
        .filter(service_providers::provider_id.eq(provider));
    on!(conn, |c| diesel::delete(rows).execute(c))?;
    Ok(())
}
