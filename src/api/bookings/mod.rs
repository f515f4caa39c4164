//! `/bookings`: the bookings of a business and what can be done with them.

mod body;
mod filter;
mod view;

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

use super::answer::Answer;
use super::availability::{ALTERNATIVES, with_alternatives};
use super::caller::Caller;
use super::page::{List, Page, Reader};
use super::request::{IfMatch, IfNoneMatch, Input, Nothing, Params, PathId};
use super::view::Id;
use super::{Api, problem::Problem};
use crate::booking::model::{Booked, BookingPatch as Patch, Scope};
use crate::booking::offer::instead;
use crate::booking::{self, Context, Error, export, holds, scope};
use crate::store::{self, Conn, bookings};
pub(super) use body::{BookingCustomer, customer_input};
use body::{BookingPatch, Cancellation, NewBooking, Rescheduling, Wanted};
use filter::BookingParams;
pub(super) use view::CustomerOfBooking;
use view::{Booking, Change};

/// Bookings that match every filter, by start.
#[utoipa::path(get, path = "/v1/bookings", tag = "bookings", operation_id = "listBookings", params(BookingParams),
    responses((status = 200, body = Page<Booking>)))]
pub(super) async fn list(
    State(api): State<Api>,
    caller: Caller,
    Params(params): Params<BookingParams>,
) -> Result<Response, Problem> {
    let reader = Reader::new(List::Bookings, params.limit.as_deref(), params.cursor.as_deref())?;
    let wanted = params.decode()?;
    api.read(caller, move |conn, ctx| {
        let filter = wanted.filter(&ctx.zone);
        let rows = |after, n| bookings::list(conn, ctx.tenant, &filter, after, n);
        let (rows, next_cursor) = reader.read(rows, |booking| (booking.start_at, booking.booking_id))?;
        let items = Booking::read_all(conn, ctx, rows, filter.window())?;
        Answer::many(&Page { items, next_cursor })
    })
    .await
}

/// Books. The time is taken when this answers 201, and was taken by another when it answers 409.
#[utoipa::path(post, path = "/v1/bookings", tag = "bookings", operation_id = "createBooking",
    request_body = NewBooking, responses((status = 201, body = Booking), (status = 409, body = super::problem::ProblemBody)))]
pub(super) async fn create(
    State(api): State<Api>,
    caller: Caller,
    Input { body, once, .. }: Input<NewBooking>,
) -> Result<Response, Problem> {
    let new = body.decode()?;
    let wanted = match &new {
        Wanted::Free(new) => new.clone(),
        Wanted::Held(held) => held.rest.clone(),
    };
    let made = api.write(caller.clone(), once, move |conn, ctx| {
        let booked = match &new {
            Wanted::Free(new) => booking::book(conn, ctx, new)?,
            Wanted::Held(held) => holds::redeem(conn, ctx, held)?,
        };
        let (id, version, touched) = (booked.booking.booking_id, booked.booking.version, booked.touched.clone());
        let view = Booking::booked(conn, ctx, booked)?;
        Ok(Answer::created(ctx, "bookings", id, version, &view)?.touching(touched))
    });
    match made.await {
        Err(problem) => {
            let instead = move |conn: &mut Conn, ctx: &Context| instead::of_new(conn, ctx, &wanted, ALTERNATIVES);
            Err(with_alternatives(&api, caller, problem, instead).await)
        }
        made => made,
    }
}

/// One booking.
#[utoipa::path(get, path = "/v1/bookings/{id}", tag = "bookings", operation_id = "getBooking",
    params(("id" = Id, Path)), responses((status = 200, body = Booking)))]
pub(super) async fn read(
    State(api): State<Api>,
    caller: Caller,
    PathId(id): PathId,
    has: IfNoneMatch,
) -> Result<Response, Problem> {
    api.read(caller, move |conn, ctx| {
        let row = find(conn, ctx, id)?;
        Ok(Answer::one(row.version, &Booking::read(conn, ctx, row)?)?.unless(&has))
    })
    .await
}

fn find(conn: &mut Conn, ctx: &Context, id: store::Id) -> Result<bookings::Booking, Error> {
    bookings::find(conn, ctx.tenant, id)?.ok_or(Error::NotFound("booking"))
}

/// The version to hand to a use case, from `If-Match`.
fn expected(conn: &mut Conn, ctx: &Context, id: store::Id, if_match: &IfMatch) -> Result<Option<i64>, Error> {
    if_match.expected(|| find(conn, ctx, id).map(|booking| Some(booking.version)))
}

fn changed(conn: &mut Conn, ctx: &Context, booked: Booked) -> Result<Answer, Error> {
    let (version, touched) = (booked.booking.version, booked.touched.clone());
    Ok(Answer::one(version, &Booking::booked(conn, ctx, booked)?)?.touching(touched))
}

/// Changes what the body names.
#[utoipa::path(patch, path = "/v1/bookings/{id}", tag = "bookings", operation_id = "updateBooking",
    params(("id" = Id, Path)), request_body = BookingPatch, responses((status = 200, body = Booking)))]
pub(super) async fn update(
    State(api): State<Api>,
    caller: Caller,
    PathId(id): PathId,
    Input { body, if_match, .. }: Input<BookingPatch>,
) -> Result<Response, Problem> {
    let patch = body.decode()?;
    let wanted = patch.clone();
    let moved = api.write(caller.clone(), None, move |conn, ctx| {
        let expected_version = expected(conn, ctx, id, &if_match)?;
        let booked = booking::change(conn, ctx, id, &Patch { expected_version, ..patch.clone() })?;
        changed(conn, ctx, booked)
    });
    let moved = moved.await;
    or_elsewhere(&api, caller, id, (Scope::All, wanted), moved).await
}

/// An answer, or a refusal with the nearest times to which the booking could be moved.
async fn or_elsewhere(
    api: &Api,
    caller: Caller,
    id: store::Id,
    (scope, patch): (Scope, Patch),
    moved: Result<Response, Problem>,
) -> Result<Response, Problem> {
    let Err(problem) = moved else { return moved };
    let instead =
        move |conn: &mut Conn, ctx: &Context| instead::of_move(conn, ctx, id, (&scope, Some(&patch)), ALTERNATIVES);
    Err(with_alternatives(api, caller, problem, instead).await)
}

/// Cancels: the time is free again, calendars show it, the history keeps it. Of a series all of it, one occurrence, or
/// one and all after it.
#[utoipa::path(post, path = "/v1/bookings/{id}/cancel", tag = "bookings", operation_id = "cancelBooking",
    params(("id" = Id, Path)), request_body = Cancellation, responses((status = 200, body = Booking)))]
pub(super) async fn cancel(
    State(api): State<Api>,
    caller: Caller,
    PathId(id): PathId,
    Input { body, if_match, once }: Input<Cancellation>,
) -> Result<Response, Problem> {
    let (scope, reason) = body.decode()?;
    api.write(caller, once, move |conn, ctx| {
        let expected = expected(conn, ctx, id, &if_match)?;
        let booked = scope::cancel(conn, ctx, id, expected, (&scope, reason.clone()))?;
        changed(conn, ctx, booked)
    })
    .await
}

/// Moves a booking to another time; it stays the same booking. Of a series all of it, one occurrence, or one and all
/// after it: these become a booking of their own, which is the answer and says in `continues` what it was part of.
#[utoipa::path(post, path = "/v1/bookings/{id}/reschedule", tag = "bookings", operation_id = "rescheduleBooking",
    params(("id" = Id, Path)), request_body = Rescheduling, responses((status = 200, body = Booking)))]
pub(super) async fn reschedule(
    State(api): State<Api>,
    caller: Caller,
    PathId(id): PathId,
    Input { body, if_match, once }: Input<Rescheduling>,
) -> Result<Response, Problem> {
    let (scope, patch) = body.decode()?;
    let wanted = (scope.clone(), patch.clone());
    let moved = api.write(caller.clone(), once, move |conn, ctx| {
        let expected_version = expected(conn, ctx, id, &if_match)?;
        let booked = scope::reschedule(conn, ctx, id, (&scope, &Patch { expected_version, ..patch.clone() }))?;
        changed(conn, ctx, booked)
    });
    let moved = moved.await;
    or_elsewhere(&api, caller, id, wanted, moved).await
}

/// Notes that a booking took place.
#[utoipa::path(post, path = "/v1/bookings/{id}/complete", tag = "bookings", operation_id = "completeBooking",
    params(("id" = Id, Path)), responses((status = 200, body = Booking)))]
pub(super) async fn complete(
    State(api): State<Api>,
    caller: Caller,
    PathId(id): PathId,
    Input { if_match, once, body: Nothing {} }: Input<Nothing>,
) -> Result<Response, Problem> {
    api.write(caller, once, move |conn, ctx| {
        let expected = expected(conn, ctx, id, &if_match)?;
        let booked = booking::complete(conn, ctx, id, expected)?;
        changed(conn, ctx, booked)
    })
    .await
}

/// Notes that the customer did not come.
#[utoipa::path(post, path = "/v1/bookings/{id}/no-show", tag = "bookings", operation_id = "markBookingNoShow",
    params(("id" = Id, Path)), responses((status = 200, body = Booking)))]
pub(super) async fn no_show(
    State(api): State<Api>,
    caller: Caller,
    PathId(id): PathId,
    Input { if_match, once, body: Nothing {} }: Input<Nothing>,
) -> Result<Response, Problem> {
    api.write(caller, once, move |conn, ctx| {
        let expected = expected(conn, ctx, id, &if_match)?;
        let booked = booking::no_show(conn, ctx, id, expected)?;
        changed(conn, ctx, booked)
    })
    .await
}

/// Every change of a booking, oldest first.
#[utoipa::path(get, path = "/v1/bookings/{id}/history", tag = "bookings", operation_id = "getBookingHistory",
    params(("id" = Id, Path)), responses((status = 200, body = Page<Change>)))]
pub(super) async fn history(State(api): State<Api>, caller: Caller, PathId(id): PathId) -> Result<Response, Problem> {
    api.read(caller, move |conn, ctx| {
        find(conn, ctx, id)?;
        let rows = bookings::history(conn, ctx.tenant, id)?;
        let items = rows.into_iter().map(Change::try_from).collect::<Result<_, _>>()?;
        Answer::many(&Page { items, next_cursor: None })
    })
    .await
}

/// One booking as a calendar file, as a manager sees it.
#[utoipa::path(get, path = "/v1/bookings/{id}/calendar.ics", tag = "bookings", operation_id = "getBookingCalendar",
    params(("id" = Id, Path)), responses((status = 200, body = String, content_type = "text/calendar")))]
pub(super) async fn calendar(
    State(api): State<Api>,
    caller: Caller,
    PathId(id): PathId,
    has: IfNoneMatch,
) -> Result<Response, Problem> {
    let tenant = caller.tenant;
    let unit = move |conn: &mut Conn| {
        let booking = bookings::find(conn, tenant, id)?.ok_or(Error::NotFound("booking"))?;
        let file = export::calendar_file(conn, &booking, export::Reader::Manager)?;
        file.ok_or(Error::NotFound("booking"))
    };
    let file = api.store.read(unit).await?;
    // Of the text, as that of the customer's file is: zone rules are part of it, of which the version says nothing.
    let tag = HEXLOWER.encode(&Sha256::digest(file.text.as_bytes())[..16]);
    let etag = [(header::ETAG, format!("\"{tag}\""))];
    if has.has_tag(&tag) {
        return Ok((StatusCode::NOT_MODIFIED, etag).into_response());
    }
    let headers = [
        (header::CONTENT_TYPE, "text/calendar; charset=utf-8"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"booking.ics\""),
    ];
    Ok((etag, headers, file.text).into_response())
}
