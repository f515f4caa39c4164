//! `/services`: what can be booked.

use axum::extract::State;
use axum::response::Response;
use serde::{Deserialize, Serialize};

use super::answer::Answer;
use super::caller::Caller;
use super::json::given;
use super::page::{List, ListParams, Page, Reader};
use super::request::{IfMatch, IfNoneMatch, Input, Params, PathId};
use super::view::{Id, corrupt, ids, plain};
use super::{Api, problem::Problem};
use crate::booking::Error;
use crate::booking::services::{self, NewService as New, Offered, ServicePatch as Patch};
use crate::store::BookingKind;

/// What can be booked, and who and what can serve it.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct Service {
    id: Id,
    name: String,
    kind: BookingKind,
    duration_minutes: i32,
    buffer_before_minutes: i32,
    buffer_after_minutes: i32,
    slot_step_minutes: Option<i32>,
    min_notice_minutes: Option<i32>,
    max_advance_days: Option<i32>,
    /// Seats of one session.
    capacity: i32,
    /// CSS3 colour name or `#rrggbb`.
    color: Option<String>,
    /// Staff who can serve it; empty: any.
    staff: Vec<Id>,
    /// Resources that can serve it; empty: none is needed.
    resources: Vec<Id>,
    /// Minutes before the start, the earliest reminder first.
    reminders_minutes: Vec<i32>,
    cancellation_window_minutes: Option<i32>,
    /// The reference another system knows it by.
    external_ref: Option<String>,
    created_at: String,
    updated_at: String,
}

impl Service {
    fn of(offered: Offered) -> Result<Self, Error> {
        let row = offered.service;
        let minutes = row.reminders_minutes.split(',').filter(|word| !word.is_empty());
        Ok(Self {
            id: row.service_id.into(),
            name: row.name,
            kind: row.kind,
            duration_minutes: row.duration_minutes,
            buffer_before_minutes: row.buffer_before_minutes,
            buffer_after_minutes: row.buffer_after_minutes,
            slot_step_minutes: row.slot_step_minutes,
            min_notice_minutes: row.min_notice_minutes,
            max_advance_days: row.max_advance_days,
            capacity: row.capacity,
            color: row.color,
            staff: ids(&offered.staff),
            resources: ids(&offered.resources),
            reminders_minutes: minutes.map(str::parse).collect::<Result<_, _>>().map_err(corrupt)?,
            cancellation_window_minutes: row.cancellation_window_minutes,
            external_ref: row.external_ref,
            created_at: row.created_at.to_string(),
            updated_at: row.updated_at.to_string(),
        })
    }
}

/// A service to add.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewService {
    #[schema(max_length = 200)]
    name: String,
    #[schema(minimum = 1, maximum = 527_040)]
    duration_minutes: i64,
    /// None: 0.
    #[schema(minimum = 0, maximum = 1440)]
    buffer_before_minutes: Option<i64>,
    /// None: 0.
    #[schema(minimum = 0, maximum = 1440)]
    buffer_after_minutes: Option<i64>,
    #[schema(minimum = 1, maximum = 1440)]
    slot_step_minutes: Option<i64>,
    #[schema(minimum = 0, maximum = 527_040)]
    min_notice_minutes: Option<i64>,
    #[schema(minimum = 1, maximum = 3660)]
    max_advance_days: Option<i64>,
    /// Seats; more than one only for a class. None: 1.
    #[schema(minimum = 1, maximum = 1000)]
    capacity: Option<i64>,
    /// None: `class` when there is more than one seat, `appointment` otherwise.
    kind: Option<BookingKind>,
    /// CSS3 colour name or `#rrggbb`.
    color: Option<String>,
    /// Who can serve it; none: any staff member.
    #[serde(default)]
    staff: Vec<Id>,
    /// What can serve it; none: no resource is needed.
    #[serde(default)]
    resources: Vec<Id>,
    /// Up to ten numbers from 0 to 40,320; none: 1440 and 60.
    #[schema(max_items = 10)]
    reminders_minutes: Option<Vec<i64>>,
    #[schema(minimum = 0, maximum = 527_040)]
    cancellation_window_minutes: Option<i64>,
    /// Unique in the business.
    #[schema(max_length = 200)]
    external_ref: Option<String>,
}

impl From<NewService> for New {
    fn from(body: NewService) -> Self {
        Self {
            name: body.name,
            kind: body.kind,
            duration_minutes: body.duration_minutes,
            buffer_before_minutes: body.buffer_before_minutes,
            buffer_after_minutes: body.buffer_after_minutes,
            slot_step_minutes: body.slot_step_minutes,
            min_notice_minutes: body.min_notice_minutes,
            max_advance_days: body.max_advance_days,
            capacity: body.capacity,
            color: body.color,
            reminders_minutes: body.reminders_minutes,
            cancellation_window_minutes: body.cancellation_window_minutes,
            external_ref: body.external_ref,
            staff: plain(body.staff),
            resources: plain(body.resources),
        }
    }
}

/// What to change of a service; null removes. Bookings made before keep their duration and buffers.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ServicePatch {
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false, max_length = 200)]
    name: Option<String>,
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false, minimum = 1, maximum = 527_040)]
    duration_minutes: Option<i64>,
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false, minimum = 0, maximum = 1440)]
    buffer_before_minutes: Option<i64>,
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false, minimum = 0, maximum = 1440)]
    buffer_after_minutes: Option<i64>,
    #[serde(default, deserialize_with = "given")]
    slot_step_minutes: Option<Option<i64>>,
    #[serde(default, deserialize_with = "given")]
    min_notice_minutes: Option<Option<i64>>,
    #[serde(default, deserialize_with = "given")]
    max_advance_days: Option<Option<i64>>,
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false, minimum = 1, maximum = 1000)]
    capacity: Option<i64>,
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false)]
    kind: Option<BookingKind>,
    #[serde(default, deserialize_with = "given")]
    color: Option<Option<String>>,
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false)]
    staff: Option<Vec<Id>>,
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false)]
    resources: Option<Vec<Id>>,
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false, max_items = 10)]
    reminders_minutes: Option<Vec<i64>>,
    #[serde(default, deserialize_with = "given")]
    cancellation_window_minutes: Option<Option<i64>>,
    #[serde(default, deserialize_with = "given")]
    #[schema(max_length = 200)]
    external_ref: Option<Option<String>>,
}

impl From<ServicePatch> for Patch {
    fn from(body: ServicePatch) -> Self {
        Self {
            expected_version: None,
            name: body.name,
            kind: body.kind,
            duration_minutes: body.duration_minutes,
            buffer_before_minutes: body.buffer_before_minutes,
            buffer_after_minutes: body.buffer_after_minutes,
            slot_step_minutes: body.slot_step_minutes,
            min_notice_minutes: body.min_notice_minutes,
            max_advance_days: body.max_advance_days,
            capacity: body.capacity,
            color: body.color,
            reminders_minutes: body.reminders_minutes,
            cancellation_window_minutes: body.cancellation_window_minutes,
            external_ref: body.external_ref,
            staff: body.staff.map(plain),
            resources: body.resources.map(plain),
        }
    }
}

/// Services, oldest first.
#[utoipa::path(get, path = "/v1/services", tag = "services", operation_id = "listServices", params(ListParams),
    responses((status = 200, body = Page<Service>)))]
pub(super) async fn list(
    State(api): State<Api>,
    caller: Caller,
    Params(params): Params<ListParams>,
) -> Result<Response, Problem> {
    let reader = Reader::new(List::Services, params.limit.as_deref(), params.cursor.as_deref())?;
    api.read(caller, move |conn, ctx| {
        let rows = |after, n| services::list(conn, ctx, after, n);
        let (rows, next_cursor) = reader.read(rows, |offered| offered.service.service_id)?;
        let items = rows.into_iter().map(Service::of).collect::<Result<_, _>>()?;
        Answer::many(&Page { items, next_cursor })
    })
    .await
}

/// Adds a service.
#[utoipa::path(post, path = "/v1/services", tag = "services", operation_id = "createService",
    request_body = NewService, responses((status = 201, body = Service)))]
pub(super) async fn create(
    State(api): State<Api>,
    caller: Caller,
    Input { body, once, .. }: Input<NewService>,
) -> Result<Response, Problem> {
    let new = New::from(body);
    api.write(caller, once, move |conn, ctx| {
        let offered = services::create(conn, ctx, &new)?;
        let (id, version) = (offered.service.service_id, offered.service.version);
        Answer::created(ctx, "services", id, version, &Service::of(offered)?)
    })
    .await
}

/// One service.
#[utoipa::path(get, path = "/v1/services/{id}", tag = "services", operation_id = "getService",
    params(("id" = Id, Path)), responses((status = 200, body = Service)))]
pub(super) async fn read(
    State(api): State<Api>,
    caller: Caller,
    PathId(id): PathId,
    has: IfNoneMatch,
) -> Result<Response, Problem> {
    api.read(caller, move |conn, ctx| {
        let offered = services::find(conn, ctx, id)?;
        Ok(Answer::one(offered.service.version, &Service::of(offered)?)?.unless(&has))
    })
    .await
}

/// Changes what the body names.
#[utoipa::path(patch, path = "/v1/services/{id}", tag = "services", operation_id = "updateService",
    params(("id" = Id, Path)), request_body = ServicePatch, responses((status = 200, body = Service)))]
pub(super) async fn update(
    State(api): State<Api>,
    caller: Caller,
    PathId(id): PathId,
    Input { body, if_match, .. }: Input<ServicePatch>,
) -> Result<Response, Problem> {
    let patch = Patch::from(body);
    api.write(caller, None, move |conn, ctx| {
        let current = || services::find(conn, ctx, id).map(|offered| Some(offered.service.version));
        let patch = Patch { expected_version: if_match.expected(current)?, ..patch.clone() };
        let saved = services::update(conn, ctx, id, &patch)?;
        Ok(Answer::one(saved.row.service.version, &Service::of(saved.row)?)?.touching(saved.touched))
    })
    .await
}

/// Deletes a service that has no bookings ahead.
#[utoipa::path(delete, path = "/v1/services/{id}", tag = "services", operation_id = "deleteService",
    params(("id" = Id, Path)), responses((status = 204)))]
pub(super) async fn delete(
    State(api): State<Api>,
    caller: Caller,
    PathId(id): PathId,
    if_match: IfMatch,
) -> Result<Response, Problem> {
    api.write(caller, None, move |conn, ctx| {
        let current = || services::find(conn, ctx, id).map(|offered| Some(offered.service.version));
        let expected = if_match.expected(current)?;
        services::delete(conn, ctx, id, expected)?;
        Ok(Answer::nothing())
    })
    .await
}
