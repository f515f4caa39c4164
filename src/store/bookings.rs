//! Bookings, the occurrences of a series that differ, and the history.

use diesel::prelude::*;

use super::schema::{allocations, booking_history, bookings, occurrence_overrides};
use super::{BookingKind, BookingStatus, Conn, Error, Id, Ids, Local, TenantId, on};
use crate::time::{Instant, Interval};

/// A booking. Local times and zone are the truth, instants are derived from them.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = bookings, treat_none_as_null = true, treat_none_as_default_value = false)]
#[expect(missing_docs, reason = "each column is named for what it holds")]
pub struct Booking {
    pub tenant_id: TenantId,
    pub booking_id: Id,
    /// iCalendar UID; never changes.
    pub uid: String,
    /// iCalendar SEQUENCE; grows with every change that subscribers must see.
    pub sequence: i32,
    /// Grows with every change; the ETag and the key of the history row that tells of it.
    pub version: i64,
    pub status: BookingStatus,
    pub kind: BookingKind,
    pub service_id: Id,
    pub staff_id: Option<Id>,
    pub resource_ids: Ids,
    pub customer_id: Option<Id>,
    pub start_local: Local,
    pub end_local: Local,
    /// 1: the later of two instants that `start_local` names in its zone.
    pub fold: i16,
    /// The same for `end_local`.
    pub end_fold: i16,
    /// IANA zone.
    pub timezone: String,
    /// Whole days: start and end are midnights.
    pub all_day: bool,
    pub start_at: Instant,
    pub end_at: Instant,
    /// The end of the last occurrence; `end_at` for a single booking.
    pub last_end: Instant,
    /// RFC 5545 RRULE without the name.
    pub rrule: Option<String>,
    pub buffer_before_minutes: i32,
    pub buffer_after_minutes: i32,
    pub location: Option<String>,
    /// Position in a delivery route, from 1.
    pub stop: Option<i32>,
    pub notes: Option<String>,
    pub external_ref: Option<String>,
    pub order_id: Option<Id>,
    pub cancel_reason: Option<String>,
    pub created_at: Instant,
    pub updated_at: Instant,
    /// The series whose later occurrences it took over.
    pub continues: Option<Id>,
}

/// An occurrence of a series that differs from what the rule says.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = occurrence_overrides)]
#[expect(missing_docs, reason = "each column is named for what it holds")]
pub struct Override {
    pub tenant_id: TenantId,
    pub booking_id: Id,
    /// The local start the rule gives it.
    pub recurrence_id: Local,
    pub cancelled: bool,
    pub start_local: Local,
    pub end_local: Local,
    /// 1: the later of two instants that `start_local` names in the booking's zone.
    pub fold: i16,
    /// The same for `end_local`.
    pub end_fold: i16,
    /// Who serves it; none: who serves the series.
    pub staff_id: Option<Id>,
    /// What it uses; none: what the series uses.
    pub resource_ids: Option<Ids>,
}

/// One change of a booking.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = booking_history)]
#[expect(missing_docs, reason = "each column is named for what it holds")]
pub struct Change {
    pub tenant_id: TenantId,
    pub booking_id: Id,
    /// The booking's version that this change made.
    pub version: i64,
    pub at: Instant,
    /// Who: a token, the command line, an import.
    pub actor: String,
    /// What: created, changed, rescheduled, cancelled, completed, …
    pub action: String,
    /// JSON: field → [from, to].
    pub changes: String,
}

/// The bookings of which a staff member serves some occurrences in somebody else's place.
macro_rules! stood_in {
    ($tenant:expr, $staff:expr) => {
        occurrence_overrides::table
            .filter(occurrence_overrides::tenant_id.eq($tenant))
            .filter(occurrence_overrides::staff_id.eq($staff))
            .filter(occurrence_overrides::cancelled.eq(false))
            .select(occurrence_overrides::booking_id)
    };
}

/// Adds a booking.
///
/// # Errors
/// A unique violation when UID or external reference is taken.
pub fn insert(conn: &mut Conn, booking: &Booking) -> Result<(), Error> {
    on!(conn, |c| diesel::insert_into(bookings::table).values(booking).execute(c))?;
    Ok(())
}

/// Finds a booking.
///
/// # Errors
/// [`Error::Db`].
pub fn find(conn: &mut Conn, tenant: TenantId, id: Id) -> Result<Option<Booking>, Error> {
    Ok(on!(conn, |c| bookings::table.find((tenant, id)).select(Booking::as_select()).get_result(c).optional())?)
}

/// Finds a booking by the reference another system gave.
///
/// # Errors
/// [`Error::Db`].
pub fn find_by_external_ref(conn: &mut Conn, tenant: TenantId, reference: &str) -> Result<Option<Booking>, Error> {
    let query = bookings::table.filter(bookings::tenant_id.eq(tenant)).filter(bookings::external_ref.eq(reference));
    Ok(on!(conn, |c| query.select(Booking::as_select()).get_result(c).optional())?)
}

/// Finds a booking by its iCalendar UID.
///
/// # Errors
/// [`Error::Db`].
pub fn find_by_uid(conn: &mut Conn, tenant: TenantId, uid: &str) -> Result<Option<Booking>, Error> {
    let query = bookings::table.filter(bookings::tenant_id.eq(tenant)).filter(bookings::uid.eq(uid));
    Ok(on!(conn, |c| query.select(Booking::as_select()).get_result(c).optional())?)
}

/// Which bookings to list.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Those that end after this.
    pub from: Option<Instant>,
    /// Those that start before this.
    pub until: Option<Instant>,
    /// Those of this staff member, also when they serve only some occurrences.
    pub staff: Option<Id>,
    /// Those of this customer.
    pub customer: Option<Id>,
    /// Those of this service.
    pub service: Option<Id>,
    /// Those in this state.
    pub status: Option<BookingStatus>,
    /// Those with this reference.
    pub external_ref: Option<String>,
}

impl Filter {
    /// The window it asks about, if it asks about one.
    #[must_use]
    pub fn window(&self) -> Option<Interval> {
        (self.from.is_some() || self.until.is_some()).then(|| Interval {
            start: self.from.unwrap_or(Instant::from_unix(i64::MIN)),
            end: self.until.unwrap_or(Instant::from_unix(i64::MAX)),
        })
    }
}

/// A page of bookings by start, then id, after the one at `after`. In a window a series counts by its occurrences.
///
/// # Errors
/// [`Error::Db`].
pub fn list(
    conn: &mut Conn,
    tenant: TenantId,
    filter: &Filter,
    after: Option<(Instant, Id)>,
    limit: i64,
) -> Result<Vec<Booking>, Error> {
    macro_rules! run {
        ($c:expr) => {{
            let mut query =
                bookings::table.filter(bookings::tenant_id.eq(tenant)).select(Booking::as_select()).into_boxed();
            if let Some(from) = filter.from {
                query = query.filter(bookings::last_end.gt(from));
            }
            if let Some(Interval { start: from, end: until }) = filter.window() {
                let taken = allocations::table
                    .filter(allocations::tenant_id.eq(bookings::tenant_id))
                    .filter(allocations::booking_id.eq(bookings::booking_id));
                // A series may pause over the window, or have an occurrence that was moved to before its start.
                let takes_place = taken.filter(allocations::end_at.gt(from)).filter(allocations::start_at.lt(until));
                let single = bookings::rrule.is_null().or(diesel::dsl::not(diesel::dsl::exists(taken)));
                query = query.filter(
                    single
                        .and(bookings::start_at.lt(until))
                        .or(bookings::rrule.is_not_null().and(diesel::dsl::exists(takes_place))),
                );
            }
            if let Some(staff) = filter.staff {
                query = query
                    .filter(bookings::staff_id.eq(staff).or(bookings::booking_id.eq_any(stood_in!(tenant, staff))));
            }
            if let Some(customer) = filter.customer {
                query = query.filter(bookings::customer_id.eq(customer));
            }
            if let Some(service) = filter.service {
                query = query.filter(bookings::service_id.eq(service));
            }
            if let Some(status) = filter.status {
                query = query.filter(bookings::status.eq(status));
            }
            if let Some(reference) = &filter.external_ref {
                query = query.filter(bookings::external_ref.eq(reference));
            }
            if let Some((start, id)) = after {
                let later = bookings::start_at.gt(start);
                query = query.filter(later.or(bookings::start_at.eq(start).and(bookings::booking_id.gt(id))));
            }
            query.order((bookings::start_at, bookings::booking_id)).limit(limit).load($c)
        }};
    }
    Ok(on!(conn, |c| run!(c))?)
}

/// Bookings that are not cancelled, end after `from`, and whose id comes after `after`: for work over all of them.
///
/// # Errors
/// [`Error::Db`].
pub fn upcoming(
    conn: &mut Conn,
    tenant: TenantId,
    of: Upcoming,
    from: Instant,
    after: Option<Id>,
    limit: i64,
) -> Result<Vec<Booking>, Error> {
    macro_rules! run {
        ($c:expr) => {{
            let query = bookings::table
                .filter(bookings::tenant_id.eq(tenant))
                .filter(bookings::last_end.gt(from))
                .filter(bookings::status.ne(BookingStatus::Cancelled))
                .filter(bookings::booking_id.gt(after.unwrap_or(Id::TEAM)))
                .order(bookings::booking_id)
                .limit(limit)
                .select(Booking::as_select())
                .into_boxed();
            let query = match of {
                Upcoming::Any => query,
                Upcoming::OfStaff(id) => {
                    query.filter(bookings::staff_id.eq(id).or(bookings::booking_id.eq_any(stood_in!(tenant, id))))
                }
                Upcoming::OfCustomer(id) => query.filter(bookings::customer_id.eq(id)),
                Upcoming::OfService(id) => query.filter(bookings::service_id.eq(id)),
                Upcoming::OfResource(id) => query.filter(
                    bookings::booking_id.eq_any(
                        allocations::table
                            .filter(allocations::tenant_id.eq(tenant))
                            .filter(allocations::resource_id.eq(id))
                            .filter(allocations::busy_until.gt(from))
                            .select(allocations::booking_id),
                    ),
                ),
            };
            query.load($c)
        }};
    }
    Ok(on!(conn, |c| run!(c))?)
}

/// Whose bookings ahead to look for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Upcoming {
    /// Everyone's.
    Any,
    /// A staff member's.
    OfStaff(Id),
    /// A customer's.
    OfCustomer(Id),
    /// A service's.
    OfService(Id),
    /// A resource's.
    OfResource(Id),
}

/// Whether there is a booking that is not cancelled and ends after `from`.
///
/// # Errors
/// [`Error::Db`].
pub fn any_upcoming(conn: &mut Conn, tenant: TenantId, of: Upcoming, from: Instant) -> Result<bool, Error> {
    Ok(!upcoming(conn, tenant, of, from, None, 1)?.is_empty())
}

/// Writes `booking` over the row, if the row still has version `expected`. False: it has not.
///
/// # Errors
/// [`Error::Db`].
pub fn replace(conn: &mut Conn, booking: &Booking, expected: i64) -> Result<bool, Error> {
    let row = bookings::table.find((booking.tenant_id, booking.booking_id)).filter(bookings::version.eq(expected));
    Ok(on!(conn, |c| diesel::update(row).set(booking).execute(c))? == 1)
}

/// Adds to the history.
///
/// # Errors
/// [`Error::Db`].
pub fn record(conn: &mut Conn, change: &Change) -> Result<(), Error> {
    on!(conn, |c| diesel::insert_into(booking_history::table).values(change).execute(c))?;
    Ok(())
}

/// The history of a booking, oldest first.
///
/// # Errors
/// [`Error::Db`].
pub fn history(conn: &mut Conn, tenant: TenantId, id: Id) -> Result<Vec<Change>, Error> {
    let query = booking_history::table
        .filter(booking_history::tenant_id.eq(tenant))
        .filter(booking_history::booking_id.eq(id))
        .order(booking_history::version);
    Ok(on!(conn, |c| query.select(Change::as_select()).load(c))?)
}

/// The occurrences of a series that differ from its rule, in order.
///
/// # Errors
/// [`Error::Db`].
pub fn overrides(conn: &mut Conn, tenant: TenantId, id: Id) -> Result<Vec<Override>, Error> {
    let query = occurrence_overrides::table
        .filter(occurrence_overrides::tenant_id.eq(tenant))
        .filter(occurrence_overrides::booking_id.eq(id))
        .order(occurrence_overrides::recurrence_id);
    Ok(on!(conn, |c| query.select(Override::as_select()).load(c))?)
}

/// The occurrences of several series that differ from their rules, by booking and in order.
///
/// # Errors
/// [`Error::Db`].
pub fn overrides_of_all(conn: &mut Conn, tenant: TenantId, ids: &[Id]) -> Result<Vec<Override>, Error> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let query = occurrence_overrides::table
        .filter(occurrence_overrides::tenant_id.eq(tenant))
        .filter(occurrence_overrides::booking_id.eq_any(ids))
        .order((occurrence_overrides::booking_id, occurrence_overrides::recurrence_id));
    Ok(on!(conn, |c| query.select(Override::as_select()).load(c))?)
}

/// Replaces the occurrences of a series that differ from its rule.
///
/// # Errors
/// [`Error::Db`].
pub fn set_overrides(conn: &mut Conn, tenant: TenantId, id: Id, overrides: &[Override]) -> Result<(), Error> {
    let old = occurrence_overrides::table
        .filter(occurrence_overrides::tenant_id.eq(tenant))
        .filter(occurrence_overrides::booking_id.eq(id));
    on!(conn, |c| diesel::delete(old).execute(c))?;
    for row in overrides {
        on!(conn, |c| diesel::insert_into(occurrence_overrides::table).values(row).execute(c))?;
    }
    Ok(())
}
