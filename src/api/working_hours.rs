//! `/working-hours` of staff, resources and the business: the list itself, replaced as a whole.

use axum::extract::State;
use axum::response::Response;

use super::answer::Answer;
use super::caller::Caller;
use super::request::{IfNoneMatch, InputList, PathId};
use super::view::Id;
use super::{Api, problem::Problem};
use crate::booking::hours::{self, Owner, WorkingHoursRule};

async fn shown(api: Api, caller: Caller, owner: Owner, has: IfNoneMatch) -> Result<Response, Problem> {
    api.read(caller, move |conn, ctx| {
        let kept = hours::find(conn, ctx, owner)?;
        Ok(Answer::one(kept.version, &kept.rules)?.unless(&has))
    })
    .await
}

async fn replaced(
    api: Api,
    caller: Caller,
    owner: Owner,
    InputList { items, if_match }: InputList<WorkingHoursRule>,
) -> Result<Response, Problem> {
    api.write(caller, None, move |conn, ctx| {
        let current = || hours::find(conn, ctx, owner).map(|kept| Some(kept.version));
        let expected = if_match.expected(current)?;
        let kept = hours::replace(conn, ctx, owner, &items, expected)?;
        Answer::one(kept.version, &kept.rules)
    })
    .await
}

/// When a staff member works; empty: as the business.
#[utoipa::path(get, path = "/v1/staff/{id}/working-hours", tag = "working hours", operation_id = "getStaffWorkingHours",
    params(("id" = Id, Path)), responses((status = 200, body = Vec<WorkingHoursRule>)))]
pub(super) async fn of_staff(
    State(api): State<Api>,
    caller: Caller,
    PathId(id): PathId,
    has: IfNoneMatch,
) -> Result<Response, Problem> {
    shown(api, caller, Owner::Staff(id), has).await
}

/// Replaces the working hours of a staff member.
#[utoipa::path(put, path = "/v1/staff/{id}/working-hours", tag = "working hours", operation_id = "setStaffWorkingHours",
    params(("id" = Id, Path)), request_body = Vec<WorkingHoursRule>,
    responses((status = 200, body = Vec<WorkingHoursRule>)))]
pub(super) async fn set_of_staff(
    State(api): State<Api>,
    caller: Caller,
    PathId(id): PathId,
    input: InputList<WorkingHoursRule>,
) -> Result<Response, Problem> {
    replaced(api, caller, Owner::Staff(id), input).await
}

/// When a resource can be used; empty: as the business.
#[utoipa::path(get, path = "/v1/resources/{id}/working-hours", tag = "working hours",
    operation_id = "getResourceWorkingHours", params(("id" = Id, Path)),
    responses((status = 200, body = Vec<WorkingHoursRule>)))]
pub(super) async fn of_resource(
    State(api): State<Api>,
    caller: Caller,
    PathId(id): PathId,
    has: IfNoneMatch,
) -> Result<Response, Problem> {
    shown(api, caller, Owner::Resource(id), has).await
}

/// Replaces the working hours of a resource.
#[utoipa::path(put, path = "/v1/resources/{id}/working-hours", tag = "working hours",
    operation_id = "setResourceWorkingHours", params(("id" = Id, Path)), request_body = Vec<WorkingHoursRule>,
    responses((status = 200, body = Vec<WorkingHoursRule>)))]
pub(super) async fn set_of_resource(
    State(api): State<Api>,
    caller: Caller,
    PathId(id): PathId,
    input: InputList<WorkingHoursRule>,
) -> Result<Response, Problem> {
    replaced(api, caller, Owner::Resource(id), input).await
}

/// When the business is open; empty: always.
#[utoipa::path(get, path = "/v1/working-hours", tag = "working hours", operation_id = "getWorkingHours",
    responses((status = 200, body = Vec<WorkingHoursRule>)))]
pub(super) async fn of_business(State(api): State<Api>, caller: Caller, has: IfNoneMatch) -> Result<Response, Problem> {
    shown(api, caller, Owner::Business, has).await
}

/// Replaces the opening hours of the business.
#[utoipa::path(put, path = "/v1/working-hours", tag = "working hours", operation_id = "setWorkingHours",
    request_body = Vec<WorkingHoursRule>, responses((status = 200, body = Vec<WorkingHoursRule>)))]
pub(super) async fn set_of_business(
    State(api): State<Api>,
    caller: Caller,
    input: InputList<WorkingHoursRule>,
) -> Result<Response, Problem> {
    replaced(api, caller, Owner::Business, input).await
}
