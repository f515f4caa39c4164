//! `/staff`: managers and staff.

use axum::extract::State;
use axum::response::Response;
use serde::{Deserialize, Serialize};

use super::answer::Answer;
use super::caller::Caller;
use super::json::given;
use super::page::{List, ListParams, Page, Reader};
use super::request::{IfMatch, IfNoneMatch, Input, Params, PathId};
use super::view::Id;
use super::{Api, Shared, problem::Problem};
use crate::auth::{Password, hash_password};
use crate::booking::Fault;
use crate::booking::people::{self, Group, NewPerson, PersonPatch};
use crate::store;
use crate::store::people::Person;

/// A staff member's role.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
enum StaffRole {
    /// Sees and changes everything of the business.
    Manager,
    /// Serves bookings.
    #[default]
    Staff,
}

impl From<StaffRole> for store::Role {
    fn from(role: StaffRole) -> Self {
        match role {
            StaffRole::Manager => Self::Manager,
            StaffRole::Staff => Self::Staff,
        }
    }
}

/// A manager or staff member.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct Staff {
    id: Id,
    name: String,
    email: Option<String>,
    /// Login name.
    username: Option<String>,
    role: store::Role,
    /// IANA zone; null: the business's.
    timezone: Option<String>,
    /// The reference another system knows them by.
    external_ref: Option<String>,
    created_at: String,
    updated_at: String,
}

impl From<Person> for Staff {
    fn from(person: Person) -> Self {
        Self {
            id: person.person_id.into(),
            name: person.name,
            email: person.email,
            username: person.username,
            role: person.role,
            timezone: person.timezone,
            external_ref: person.external_ref,
            created_at: person.created_at.to_string(),
            updated_at: person.updated_at.to_string(),
        }
    }
}

/// A manager or staff member to add.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewStaff {
    #[schema(max_length = 200)]
    name: String,
    #[schema(format = "email")]
    email: String,
    /// Login name, unique in the business: lower-case letters, digits, `.`, `-`, `_`.
    #[schema(max_length = 64)]
    username: Option<String>,
    /// 8 to 1024 bytes; only its hash is kept.
    #[schema(min_length = 8, max_length = 1024, format = "password")]
    password: Option<String>,
    /// None: `staff`.
    role: Option<StaffRole>,
    /// IANA zone.
    timezone: Option<String>,
    /// Unique in the business.
    #[schema(max_length = 200)]
    external_ref: Option<String>,
}

/// What to change of a manager or staff member; null removes.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct StaffPatch {
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false, max_length = 200)]
    name: Option<String>,
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false, format = "email")]
    email: Option<String>,
    #[serde(default, deserialize_with = "given")]
    #[schema(max_length = 64)]
    username: Option<Option<String>>,
    #[serde(default, deserialize_with = "given")]
    #[schema(min_length = 8, max_length = 1024, format = "password")]
    password: Option<Option<String>>,
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false)]
    role: Option<StaffRole>,
    #[serde(default, deserialize_with = "given")]
    timezone: Option<Option<String>>,
    #[serde(default, deserialize_with = "given")]
    #[schema(max_length = 200)]
    external_ref: Option<Option<String>>,
}

impl Shared {
    /// The hash of a password, made on a thread that may be kept busy.
    async fn hash(&self, text: Option<String>) -> Result<Option<String>, Problem> {
        let Some(text) = text else { return Ok(None) };
        let wrong = |detail: String| Problem::invalid(vec![Fault { pointer: "/password".to_owned(), detail }]);
        if text.chars().count() < 8 {
            return Err(wrong("must have at least 8 characters".to_owned()));
        }
        let password = Password::new(text).map_err(|long| wrong(format!("is too long: {long}")))?;
        let Ok(_turn) = self.hashing.acquire().await else { return Err(Problem::internal()) };
        let hashed = tokio::task::spawn_blocking(move || hash_password(&password)).await;
        match hashed {
            Ok(Ok(hash)) => Ok(Some(hash)),
            Ok(Err(error)) => {
                tracing::error!(%error, "a password could not be hashed");
                Err(Problem::internal())
            }
            Err(error) => {
                tracing::error!(%error, "hashing a password did not end");
                Err(Problem::internal())
            }
        }
    }
}

/// Managers and staff, oldest first.
#[utoipa::path(get, path = "/v1/staff", tag = "staff", operation_id = "listStaff", params(ListParams),
    responses((status = 200, body = Page<Staff>)))]
pub(super) async fn list(
    State(api): State<Api>,
    caller: Caller,
    Params(params): Params<ListParams>,
) -> Result<Response, Problem> {
    let reader = Reader::new(List::Staff, params.limit.as_deref(), params.cursor.as_deref())?;
    api.read(caller, move |conn, ctx| {
        let rows = |after, n| store::people::list(conn, ctx.tenant, Group::Staff.roles(), after, n);
        let (rows, next_cursor) = reader.read(rows, |person| person.person_id)?;
        Answer::many(&Page { items: rows.into_iter().map(Staff::from).collect(), next_cursor })
    })
    .await
}

/// Adds a manager or staff member.
#[utoipa::path(post, path = "/v1/staff", tag = "staff", operation_id = "createStaff", request_body = NewStaff,
    responses((status = 201, body = Staff)))]
pub(super) async fn create(
    State(api): State<Api>,
    caller: Caller,
    Input { body, once, .. }: Input<NewStaff>,
) -> Result<Response, Problem> {
    let password_hash = api.hash(body.password).await?;
    let new = NewPerson {
        role: body.role.unwrap_or_default().into(),
        name: body.name,
        email: Some(body.email),
        phone: None,
        username: body.username,
        password_hash,
        timezone: body.timezone,
        locale: None,
        external_ref: body.external_ref,
    };
    api.write(caller, once, move |conn, ctx| {
        let person = people::create(conn, ctx, &new)?;
        let (id, version) = (person.person_id, person.version);
        Answer::created(ctx, "staff", id, version, &Staff::from(person))
    })
    .await
}

/// One manager or staff member.
#[utoipa::path(get, path = "/v1/staff/{id}", tag = "staff", operation_id = "getStaff",
    params(("id" = Id, Path)), responses((status = 200, body = Staff)))]
pub(super) async fn read(
    State(api): State<Api>,
    caller: Caller,
    PathId(id): PathId,
    has: IfNoneMatch,
) -> Result<Response, Problem> {
    api.read(caller, move |conn, ctx| {
        let person = people::find(conn, ctx, Group::Staff, id)?;
        Ok(Answer::one(person.version, &Staff::from(person))?.unless(&has))
    })
    .await
}

/// Changes what the body names.
#[utoipa::path(patch, path = "/v1/staff/{id}", tag = "staff", operation_id = "updateStaff",
    params(("id" = Id, Path)), request_body = StaffPatch, responses((status = 200, body = Staff)))]
pub(super) async fn update(
    State(api): State<Api>,
    caller: Caller,
    PathId(id): PathId,
    Input { body, if_match, .. }: Input<StaffPatch>,
) -> Result<Response, Problem> {
    let password_hash = match body.password {
        None => None,
        Some(password) => Some(api.hash(password).await?),
    };
    let patch = PersonPatch {
        role: body.role.map(store::Role::from),
        name: body.name,
        email: body.email.map(Some),
        username: body.username,
        password_hash,
        timezone: body.timezone,
        external_ref: body.external_ref,
        ..PersonPatch::default()
    };
    api.write(caller, None, move |conn, ctx| {
        let current = || people::find(conn, ctx, Group::Staff, id).map(|person| Some(person.version));
        let patch = PersonPatch { expected_version: if_match.expected(current)?, ..patch.clone() };
        let saved = people::update(conn, ctx, Group::Staff, id, &patch)?;
        Ok(Answer::one(saved.row.version, &Staff::from(saved.row))?.touching(saved.touched))
    })
    .await
}

/// Deletes a manager or staff member who has no bookings ahead.
#[utoipa::path(delete, path = "/v1/staff/{id}", tag = "staff", operation_id = "deleteStaff",
    params(("id" = Id, Path)), responses((status = 204)))]
pub(super) async fn delete(
    State(api): State<Api>,
    caller: Caller,
    PathId(id): PathId,
    if_match: IfMatch,
) -> Result<Response, Problem> {
    api.write(caller, None, move |conn, ctx| {
        let current = || people::find(conn, ctx, Group::Staff, id).map(|person| Some(person.version));
        let expected = if_match.expected(current)?;
        Ok(Answer::nothing().touching(people::delete(conn, ctx, Group::Staff, id, expected)?))
    })
    .await
}
