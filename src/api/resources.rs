//! `/resources`: rooms, vehicles, equipment, products.

use axum::extract::State;
use axum::response::Response;
use serde::{Deserialize, Serialize};

use super::answer::Answer;
use super::caller::Caller;
use super::json::given;
use super::page::{List, ListParams, Page, Reader};
use super::request::{IfMatch, IfNoneMatch, Input, Params, PathId};
use super::view::Id;
use super::{Api, problem::Problem};
use crate::booking::resources::{self, NewResource as New, ResourcePatch as Patch};
use crate::store::{self, ResourceKind};

/// Something that can be booked.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct Resource {
    id: Id,
    name: String,
    kind: ResourceKind,
    /// How many there are, that is how many can be booked at once.
    quantity: i32,
    /// IANA zone; null: the business's.
    timezone: Option<String>,
    /// The reference another system knows it by.
    external_ref: Option<String>,
    created_at: String,
    updated_at: String,
}

impl From<store::resources::Resource> for Resource {
    fn from(row: store::resources::Resource) -> Self {
        Self {
            id: row.resource_id.into(),
            name: row.name,
            kind: row.kind,
            quantity: row.quantity,
            timezone: row.timezone,
            external_ref: row.external_ref,
            created_at: row.created_at.to_string(),
            updated_at: row.updated_at.to_string(),
        }
    }
}

/// A resource to add.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewResource {
    #[schema(max_length = 200)]
    name: String,
    kind: ResourceKind,
    /// None: 1.
    #[schema(minimum = 1, maximum = 1000)]
    quantity: Option<i64>,
    /// IANA zone.
    timezone: Option<String>,
    /// Unique in the business.
    #[schema(max_length = 200)]
    external_ref: Option<String>,
}

/// What to change of a resource; null removes.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ResourcePatch {
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false, max_length = 200)]
    name: Option<String>,
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false)]
    kind: Option<ResourceKind>,
    /// Not below the units that are booked ahead.
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false, minimum = 1, maximum = 1000)]
    quantity: Option<i64>,
    #[serde(default, deserialize_with = "given")]
    timezone: Option<Option<String>>,
    #[serde(default, deserialize_with = "given")]
    #[schema(max_length = 200)]
    external_ref: Option<Option<String>>,
}

/// Resources, oldest first.
#[utoipa::path(get, path = "/v1/resources", tag = "resources", operation_id = "listResources", params(ListParams),
    responses((status = 200, body = Page<Resource>)))]
pub(super) async fn list(
    State(api): State<Api>,
    caller: Caller,
    Params(params): Params<ListParams>,
) -> Result<Response, Problem> {
    let reader = Reader::new(List::Resources, params.limit.as_deref(), params.cursor.as_deref())?;
    api.read(caller, move |conn, ctx| {
        let rows = |after, n| store::resources::list(conn, ctx.tenant, after, n);
        let (rows, next_cursor) = reader.read(rows, |resource| resource.resource_id)?;
        Answer::many(&Page { items: rows.into_iter().map(Resource::from).collect(), next_cursor })
    })
    .await
}

/// Adds a resource.
#[utoipa::path(post, path = "/v1/resources", tag = "resources", operation_id = "createResource",
    request_body = NewResource, responses((status = 201, body = Resource)))]
pub(super) async fn create(
    State(api): State<Api>,
    caller: Caller,
    Input { body, once, .. }: Input<NewResource>,
) -> Result<Response, Problem> {
    let NewResource { name, kind, quantity, timezone, external_ref } = body;
    let new = New { name, kind, quantity, timezone, external_ref };
    api.write(caller, once, move |conn, ctx| {
        let row = resources::create(conn, ctx, &new)?;
        let (id, version) = (row.resource_id, row.version);
        Answer::created(ctx, "resources", id, version, &Resource::from(row))
    })
    .await
}

/// One resource.
#[utoipa::path(get, path = "/v1/resources/{id}", tag = "resources", operation_id = "getResource",
    params(("id" = Id, Path)), responses((status = 200, body = Resource)))]
pub(super) async fn read(
    State(api): State<Api>,
    caller: Caller,
    PathId(id): PathId,
    has: IfNoneMatch,
) -> Result<Response, Problem> {
    api.read(caller, move |conn, ctx| {
        let row = resources::find(conn, ctx, id)?;
        Ok(Answer::one(row.version, &Resource::from(row))?.unless(&has))
    })
    .await
}

/// Changes what the body names.
#[utoipa::path(patch, path = "/v1/resources/{id}", tag = "resources", operation_id = "updateResource",
    params(("id" = Id, Path)), request_body = ResourcePatch, responses((status = 200, body = Resource)))]
pub(super) async fn update(
    State(api): State<Api>,
    caller: Caller,
    PathId(id): PathId,
    Input { body, if_match, .. }: Input<ResourcePatch>,
) -> Result<Response, Problem> {
    let ResourcePatch { name, kind, quantity, timezone, external_ref } = body;
    let patch = Patch { expected_version: None, name, kind, quantity, timezone, external_ref };
    api.write(caller, None, move |conn, ctx| {
        let current = || resources::find(conn, ctx, id).map(|row| Some(row.version));
        let patch = Patch { expected_version: if_match.expected(current)?, ..patch.clone() };
        let saved = resources::update(conn, ctx, id, &patch)?;
        Ok(Answer::one(saved.row.version, &Resource::from(saved.row))?.touching(saved.touched))
    })
    .await
}

/// Deletes a resource that has no bookings ahead.
#[utoipa::path(delete, path = "/v1/resources/{id}", tag = "resources", operation_id = "deleteResource",
    params(("id" = Id, Path)), responses((status = 204)))]
pub(super) async fn delete(
    State(api): State<Api>,
    caller: Caller,
    PathId(id): PathId,
    if_match: IfMatch,
) -> Result<Response, Problem> {
    api.write(caller, None, move |conn, ctx| {
        let current = || resources::find(conn, ctx, id).map(|row| Some(row.version));
        let expected = if_match.expected(current)?;
        Ok(Answer::nothing().touching(resources::delete(conn, ctx, id, expected)?))
    })
    .await
}
