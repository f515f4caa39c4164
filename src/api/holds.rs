//! `/holds`: times kept for people who are still deciding.

use axum::extract::State;
use axum::response::Response;
use serde::{Deserialize, Serialize};

use super::answer::Answer;
use super::caller::Caller;
use super::problem::{FaultBody, ProblemBody};
use super::request::{IfMatch, IfNoneMatch, Input, PathId};
use super::view::{Id, ids, plain, stored_zone};
use super::{Api, problem::Problem};
use crate::booking::Error;
use crate::booking::holds::{self, Held, NewHold as New};
use crate::booking::model::NewBooking;
use crate::time::Zone;

/// A hold never changes: it is there or it is not.
const VERSION: i64 = 1;

/// A time that is kept until it expires.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct Hold {
    id: Id,
    service: Id,
    /// Who will serve.
    staff: Option<Id>,
    /// What will be used.
    resources: Vec<Id>,
    /// RFC 3339, in `timezone`.
    start: String,
    /// As `start`, exclusive.
    end: String,
    /// IANA zone.
    timezone: String,
    /// Whole days: start and end are midnights.
    all_day: bool,
    /// From then on it is void, in UTC.
    expires_at: String,
    /// How the input was understood, where that may surprise; only in the answer that makes it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    notices: Vec<FaultBody>,
}

impl Hold {
    fn new(Held { hold: row, notices }: Held) -> Result<Self, Error> {
        let zone = stored_zone(&row.timezone)?;
        Ok(Self {
            id: row.hold_id.into(),
            service: row.service_id.into(),
            staff: row.staff_id.map(Id),
            resources: ids(&row.resource_ids.0),
            start: row.start_at.to_rfc3339(&zone),
            end: row.end_at.to_rfc3339(&zone),
            timezone: row.timezone,
            all_day: row.all_day,
            expires_at: row.expires_at.to_rfc3339(&Zone::utc()),
            notices: notices.into_iter().map(FaultBody::from).collect(),
        })
    }
}

/// A time to hold.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewHold {
    service: Id,
    /// Who will serve; none: the least busy of those who can.
    staff: Option<Id>,
    /// What will be used; none: the first free one of those the service needs.
    resources: Option<Vec<Id>>,
    /// RFC 3339, local time `YYYY-MM-DDTHH:MM[:SS]`, or a date for whole days.
    #[schema(example = "2026-09-01T10:00:00+02:00")]
    start: String,
    /// As `start`, exclusive; none: the service's duration after it.
    end: Option<String>,
    /// IANA zone of local times; none: the business's.
    #[schema(example = "Europe/Berlin")]
    timezone: Option<String>,
    /// How long it is kept; none: 600.
    #[schema(minimum = 30, maximum = 3600)]
    ttl_seconds: Option<i64>,
}

impl From<NewHold> for New {
    fn from(body: NewHold) -> Self {
        let wish = NewBooking {
            service: body.service.0,
            staff: body.staff.map(|Id(id)| id),
            resources: body.resources.map(plain),
            start: body.start,
            end: body.end,
            timezone: body.timezone,
            ..NewBooking::default()
        };
        Self { wish, ttl_seconds: body.ttl_seconds }
    }
}

/// Holds a time: nobody else can book it until the hold expires. Book it with `hold` in a new booking.
#[utoipa::path(post, path = "/v1/holds", tag = "holds", operation_id = "createHold", request_body = NewHold,
    responses((status = 201, body = Hold), (status = 429, description = "The business has too many holds.",
        body = ProblemBody, content_type = "application/problem+json")))]
pub(super) async fn create(
    State(api): State<Api>,
    caller: Caller,
    Input { body, once, .. }: Input<NewHold>,
) -> Result<Response, Problem> {
    let new = New::from(body);
    api.write(caller, once, move |conn, ctx| {
        let held = holds::create(conn, ctx, &new)?;
        Answer::created(ctx, "holds", held.hold.hold_id, VERSION, &Hold::new(held)?)
    })
    .await
}

/// One hold that has not expired.
#[utoipa::path(get, path = "/v1/holds/{id}", tag = "holds", operation_id = "getHold",
    params(("id" = Id, Path)), responses((status = 200, body = Hold)))]
pub(super) async fn read(
    State(api): State<Api>,
    caller: Caller,
    PathId(id): PathId,
    has: IfNoneMatch,
) -> Result<Response, Problem> {
    api.read(caller, move |conn, ctx| {
        let hold = holds::find(conn, ctx, id)?;
        Ok(Answer::one(VERSION, &Hold::new(Held { hold, notices: Vec::new() })?)?.unless(&has))
    })
    .await
}

/// Gives a hold's time back.
#[utoipa::path(delete, path = "/v1/holds/{id}", tag = "holds", operation_id = "deleteHold",
    params(("id" = Id, Path)), responses((status = 204)))]
pub(super) async fn delete(
    State(api): State<Api>,
    caller: Caller,
    PathId(id): PathId,
    if_match: IfMatch,
) -> Result<Response, Problem> {
    api.write(caller, None, move |conn, ctx| {
        let expected = if_match.expected(|| holds::find(conn, ctx, id).map(|_| Some(VERSION)))?;
        holds::find(conn, ctx, id)?;
        if expected.is_some_and(|expected| expected != VERSION) {
            return Err(Error::Changed);
        }
        holds::delete(conn, ctx, id)?;
        Ok(Answer::nothing())
    })
    .await
}
