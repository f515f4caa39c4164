//! `/manage/{token}`: the customer's page for one booking (F2, B9). The token is the credential.

use askama::Template;
use axum::extract::{Path, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Redirect, Response};

use super::WebState;
use crate::auth::{BookingPurpose, read_booking_secret};
use crate::booking::cast::Cast;
use crate::booking::{self, Context, Error, tenants};
use crate::store::bookings::{self, Booking};
use crate::store::{BookingStatus, Conn, Id, ResourceKind, TenantId};
use crate::time::{Instant, Zone};

#[derive(Template)]
#[template(path = "manage.html")]
struct Page {
    title: String,
    nonce: String,
    booking: Option<View>,
    message: Option<String>,
}

/// What the customer is told.
struct View {
    business: String,
    contact: Option<String>,
    service: String,
    when: String,
    zone: String,
    staff: Option<String>,
    place: Option<String>,
    status: &'static str,
    cancelled: bool,
    may_cancel: bool,
    too_late: bool,
    calendar: String,
    cancel: String,
}

/// `GET /manage/{token}`
pub(super) async fn show(State(state): State<WebState>, Path(token): Path<String>) -> Response {
    page(&state, &token, None).await
}

/// `POST /manage/{token}/cancel`: a form of the page above. No other site can send it without the token.
pub(super) async fn cancel(State(state): State<WebState>, Path(token): Path<String>) -> Response {
    let Some((tenant, id)) = opened(&state, &token) else { return answer(StatusCode::NOT_FOUND, None, None) };
    let (links, now) = (state.links.clone(), (state.clock)());
    let done = state
        .store
        .write(move |conn| {
            let ctx = tenants::context(conn, tenant, "customer", now, links.clone())?;
            let booking = bookings::find(conn, tenant, id)?.ok_or(Error::NotFound("booking"))?;
            let cast = Cast::load(conn, &booking, &[])?;
            if booking.status != BookingStatus::Cancelled && deadline(&booking, &cast) < now {
                return Ok(Err("It is too late to cancel here. Please contact the business."));
            }
            booking::cancel(conn, &ctx, id, None, Some("by the customer".to_owned())).map(Ok)
        })
        .await;
    match done {
        Ok(Ok(booked)) => {
            (state.on_change)(tenant, &booked.touched);
            Redirect::to(&state.links.manage(tenant, id)).into_response()
        }
        Ok(Err(reason)) => page(&state, &token, Some((StatusCode::CONFLICT, reason.to_owned()))).await,
        Err(Error::NotFound(_)) => answer(StatusCode::NOT_FOUND, None, None),
        Err(error @ Error::Conflict { .. }) => {
            page(&state, &token, Some((StatusCode::CONFLICT, format!("Nothing was changed: {error}.")))).await
        }
        Err(error) => failed(&error),
    }
}

fn opened(state: &WebState, token: &str) -> Option<(TenantId, Id)> {
    read_booking_secret(&state.links.key, BookingPurpose::Manage, token)
}

async fn page(state: &WebState, token: &str, message: Option<(StatusCode, String)>) -> Response {
    let Some((tenant, id)) = opened(state, token) else { return answer(StatusCode::NOT_FOUND, None, None) };
    let (links, now) = (state.links.clone(), (state.clock)());
    let view = state
        .store
        .read(move |conn| {
            let ctx = tenants::context(conn, tenant, "customer", now, links.clone())?;
            conn.snapshot(|conn| view(conn, &ctx, id))
        })
        .await;
    let (status, message) = message.map_or((StatusCode::OK, None), |(status, text)| (status, Some(text)));
    match view {
        Ok(view) => answer(status, Some(view), message),
        Err(Error::NotFound(_)) => answer(StatusCode::NOT_FOUND, None, None),
        Err(error) => failed(&error),
    }
}

fn view(conn: &mut Conn, ctx: &Context, id: Id) -> Result<View, Error> {
    let booking = bookings::find(conn, ctx.tenant, id)?.ok_or(Error::NotFound("booking"))?;
    let cast = Cast::load(conn, &booking, &[])?;
    let zone = Zone::parse(&booking.timezone).unwrap_or_else(|_| ctx.zone.clone());
    let open = matches!(booking.status, BookingStatus::Tentative | BookingStatus::Confirmed);
    let in_time = ctx.now <= deadline(&booking, &cast);
    let rooms = cast.resources.iter().filter(|r| r.kind == ResourceKind::Room).map(|r| r.name.as_str());
    let rooms = Some(rooms.collect::<Vec<_>>().join(", ")).filter(|text| !text.is_empty());
    Ok(View {
        business: ctx.tenant_name.clone(),
        contact: ctx.tenant_email.clone(),
        service: cast.service.name.clone(),
        when: when(&booking, &zone),
        zone: zone.name().replace('_', " "),
        staff: cast.staff.map(|person| person.name),
        place: booking.location.clone().or(rooms),
        status: status(booking.status),
        cancelled: booking.status == BookingStatus::Cancelled,
        may_cancel: open && in_time,
        too_late: open && !in_time,
        calendar: ctx.links.ics(ctx.tenant, id),
        cancel: format!("{}/cancel", ctx.links.manage(ctx.tenant, id)),
    })
}

/// Until when the customer may cancel: the service's window before the start.
fn deadline(booking: &Booking, cast: &Cast) -> Instant {
    booking.start_at - i64::from(cast.service.cancellation_window_minutes.unwrap_or(0)) * 60
}

fn when(booking: &Booking, zone: &Zone) -> String {
    let (start, end) = (booking.start_local.0, booking.end_local.0);
    let series = if booking.rrule.is_some() { ", and further dates of the series" } else { "" };
    if booking.all_day {
        let last = end.yesterday().unwrap_or(end).date();
        let first = start.date();
        let day = |date: crate::time::Date| date.strftime("%A, %-d %B %Y").to_string();
        return if first == last { day(first) } else { format!("{} to {}", day(first), day(last)) } + series;
    }
    let offset = booking.start_at.to_rfc3339(zone);
    let offset = offset.get(19..).filter(|o| *o != "Z").unwrap_or("+00:00");
    let until = if start.date() == end.date() { end.strftime("%H:%M") } else { end.strftime("%A, %-d %B %Y, %H:%M") };
    format!("{}–{until} (UTC{offset}){series}", start.strftime("%A, %-d %B %Y, %H:%M"))
}

const fn status(status: BookingStatus) -> &'static str {
    match status {
        BookingStatus::Tentative => "Not yet confirmed",
        BookingStatus::Confirmed => "Confirmed",
        BookingStatus::Completed => "Completed",
        BookingStatus::NoShow => "Missed",
        BookingStatus::Cancelled => "Cancelled",
    }
}

/// The page, which nothing may frame, keep, or add to.
fn answer(status: StatusCode, booking: Option<View>, message: Option<String>) -> Response {
    let nonce = format!("{:032x}", rand::random::<u128>());
    let title = booking.as_ref().map_or_else(|| "Booking".to_owned(), |b| format!("{} – {}", b.service, b.business));
    let policy = format!(
        "default-src 'none'; style-src 'nonce-{nonce}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    );
    let html = match (Page { title, nonce, booking, message }).render() {
        Ok(html) => html,
        Err(error) => return failed(&error),
    };
    let mut response = (status, Html(html)).into_response();
    let headers = response.headers_mut();
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert("x-robots-tag", HeaderValue::from_static("noindex"));
    response
}

fn failed(error: &dyn std::error::Error) -> Response {
    tracing::error!(%error, "a page could not be shown");
    (StatusCode::INTERNAL_SERVER_ERROR, "Something went wrong here. Please try again in a minute.\n").into_response()
}
