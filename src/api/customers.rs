//! `/customers`: people who book.

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
use crate::booking::people::{self, Group, NewPerson, PersonPatch};
use crate::store;
use crate::store::people::Person;

/// Somebody who books.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct Customer {
    id: Id,
    name: String,
    email: Option<String>,
    phone: Option<String>,
    /// IANA zone; null: the business's.
    timezone: Option<String>,
    /// Language tag (RFC 5646).
    locale: Option<String>,
    /// The reference another system knows them by.
    external_ref: Option<String>,
    created_at: String,
    updated_at: String,
}

impl From<Person> for Customer {
    fn from(person: Person) -> Self {
        Self {
            id: person.person_id.into(),
            name: person.name,
            email: person.email,
            phone: person.phone,
            timezone: person.timezone,
            locale: person.locale,
            external_ref: person.external_ref,
            created_at: person.created_at.to_string(),
            updated_at: person.updated_at.to_string(),
        }
    }
}

/// A customer to add.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewCustomer {
    #[schema(max_length = 200)]
    name: String,
    #[schema(format = "email")]
    email: String,
    #[schema(max_length = 32)]
    phone: Option<String>,
    /// IANA zone.
    timezone: Option<String>,
    /// Language tag (RFC 5646) such as `de` or `pt-BR`.
    locale: Option<String>,
    /// Unique in the business.
    #[schema(max_length = 200)]
    external_ref: Option<String>,
}

/// What to change of a customer; null removes.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CustomerPatch {
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false, max_length = 200)]
    name: Option<String>,
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false, format = "email")]
    email: Option<String>,
    #[serde(default, deserialize_with = "given")]
    #[schema(max_length = 32)]
    phone: Option<Option<String>>,
    #[serde(default, deserialize_with = "given")]
    timezone: Option<Option<String>>,
    #[serde(default, deserialize_with = "given")]
    locale: Option<Option<String>>,
    #[serde(default, deserialize_with = "given")]
    #[schema(max_length = 200)]
    external_ref: Option<Option<String>>,
}

/// Customers, oldest first.
#[utoipa::path(get, path = "/v1/customers", tag = "customers", operation_id = "listCustomers", params(ListParams),
    responses((status = 200, body = Page<Customer>)))]
pub(super) async fn list(
    State(api): State<Api>,
    caller: Caller,
    Params(params): Params<ListParams>,
) -> Result<Response, Problem> {
    let reader = Reader::new(List::Customers, params.limit.as_deref(), params.cursor.as_deref())?;
    api.read(caller, move |conn, ctx| {
        let rows = |after, n| store::people::list(conn, ctx.tenant, Group::Customers.roles(), after, n);
        let (rows, next_cursor) = reader.read(rows, |person| person.person_id)?;
        Answer::many(&Page { items: rows.into_iter().map(Customer::from).collect(), next_cursor })
    })
    .await
}

/// Adds a customer.
#[utoipa::path(post, path = "/v1/customers", tag = "customers", operation_id = "createCustomer", request_body = NewCustomer,
    responses((status = 201, body = Customer)))]
pub(super) async fn create(
    State(api): State<Api>,
    caller: Caller,
    Input { body, once, .. }: Input<NewCustomer>,
) -> Result<Response, Problem> {
    let new = NewPerson {
        role: store::Role::Customer,
        name: body.name,
        email: Some(body.email),
        phone: body.phone,
        username: None,
        password_hash: None,
        timezone: body.timezone,
        locale: body.locale,
        external_ref: body.external_ref,
    };
    api.write(caller, once, move |conn, ctx| {
        let person = people::create(conn, ctx, &new)?;
        let (id, version) = (person.person_id, person.version);
        Answer::created(ctx, "customers", id, version, &Customer::from(person))
    })
    .await
}

/// One customer.
#[utoipa::path(get, path = "/v1/customers/{id}", tag = "customers", operation_id = "getCustomer",
    params(("id" = Id, Path)), responses((status = 200, body = Customer)))]
pub(super) async fn read(
    State(api): State<Api>,
    caller: Caller,
    PathId(id): PathId,
    has: IfNoneMatch,
) -> Result<Response, Problem> {
    api.read(caller, move |conn, ctx| {
        let person = people::find(conn, ctx, Group::Customers, id)?;
        Ok(Answer::one(person.version, &Customer::from(person))?.unless(&has))
    })
    .await
}

/// Changes what the body names.
#[utoipa::path(patch, path = "/v1/customers/{id}", tag = "customers", operation_id = "updateCustomer",
    params(("id" = Id, Path)), request_body = CustomerPatch, responses((status = 200, body = Customer)))]
pub(super) async fn update(
    State(api): State<Api>,
    caller: Caller,
    PathId(id): PathId,
    Input { body, if_match, .. }: Input<CustomerPatch>,
) -> Result<Response, Problem> {
    let patch = PersonPatch {
        name: body.name,
        email: body.email.map(Some),
        phone: body.phone,
        timezone: body.timezone,
        locale: body.locale,
        external_ref: body.external_ref,
        ..PersonPatch::default()
    };
    api.write(caller, None, move |conn, ctx| {
        let current = || people::find(conn, ctx, Group::Customers, id).map(|person| Some(person.version));
        let patch = PersonPatch { expected_version: if_match.expected(current)?, ..patch.clone() };
        let saved = people::update(conn, ctx, Group::Customers, id, &patch)?;
        Ok(Answer::one(saved.row.version, &Customer::from(saved.row))?.touching(saved.touched))
    })
    .await
}

/// Deletes a customer who has no bookings ahead.
#[utoipa::path(delete, path = "/v1/customers/{id}", tag = "customers", operation_id = "deleteCustomer",
    params(("id" = Id, Path)), responses((status = 204)))]
pub(super) async fn delete(
    State(api): State<Api>,
    caller: Caller,
    PathId(id): PathId,
    if_match: IfMatch,
) -> Result<Response, Problem> {
    api.write(caller, None, move |conn, ctx| {
        let current = || people::find(conn, ctx, Group::Customers, id).map(|person| Some(person.version));
        let expected = if_match.expected(current)?;
        Ok(Answer::nothing().touching(people::delete(conn, ctx, Group::Customers, id, expected)?))
    })
    .await
}
