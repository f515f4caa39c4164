//! `/manage/{token}`: the customer's page for one booking (F2, B9). The token is the credential.

use askama::Template;
use axum::extract::{Path, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Redirect, Response};

use super::WebState;
use crate::auth::{BookingPurpose, BookingToken};
use crate::booking::cast::Cast;
use crate::booking::model::Scope;
use crate::booking::series::Occurrence;
use crate::booking::span::Span;
use crate::booking::{Context, Error, scope, tenants};
use crate::store::bookings::{self, Booking};
use crate::store::{BookingStatus, Conn, ResourceKind};
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
    dates: Vec<Date>,
}

/// A date of a series that is still ahead.
struct Date {
    when: String,
    /// Where it is cancelled alone, unless it is too late for that.
    cancel: Option<String>,
}

/// Dates that the page lists.
const DATES: usize = 60;
const TOO_LATE: &str = "It is too late to cancel here. Please contact the business.";

/// `GET /manage/{token}`
pub(super) async fn show(State(state): State<WebState>, Path(token): Path<String>) -> Response {
    page(&state, &token, None).await
}

/// `POST /manage/{token}/cancel`: a form of the page above. No other site can send it without the token.
pub(super) async fn cancel(State(state): State<WebState>, Path(token): Path<String>) -> Response {
    cancel_part(&state, &token, None).await
}

/// `POST /manage/{token}/cancel/{occurrence}`: of a series one date.
pub(super) async fn cancel_one(
    State(state): State<WebState>,
    Path((token, occurrence)): Path<(String, String)>,
) -> Response {
    cancel_part(&state, &token, Some(occurrence)).await
}

async fn cancel_part(state: &WebState, token: &str, occurrence: Option<String>) -> Response {
    let Some(opened) = BookingToken::read(token) else { return answer(StatusCode::NOT_FOUND, None, None) };
    let (tenant, links, now) = (opened.tenant, state.links.clone(), (state.clock)());
    let done = state
        .store
        .write(move |conn| {
            let ctx = tenants::context(conn, tenant, "customer", now, links.clone())?;
            let booking = opened_by(conn, &ctx, opened)?;
            let reason = Some("by the customer".to_owned());
            let cast = Cast::load(conn, &booking, &[])?;
            let dates = scope::occurrences(conn, &booking)?;
            let scope = occurrence.clone().map_or(Scope::All, |name| Scope::This(Some(name)));
            // Cancelled already, or unknown, which the use case says better.
            let meant = match &occurrence {
                None => dates.first(),
                Some(name) => dates.iter().find(|o| scope::name(o.recurrence_id, booking.all_day) == *name),
            };
            let open = booking.status != BookingStatus::Cancelled;
            if open && meant.is_some_and(|o| deadline(o.span.at.start, &cast) < now) {
                return Ok(Err(TOO_LATE));
            }
            // Nobody else has become the customer since.
            let version = Some(booking.version);
            scope::cancel(conn, &ctx, booking.booking_id, version, (&scope, reason)).map(Ok).map_err(Error::or_lost)
        })
        .await;
    match done {
        Ok(Ok(booked)) => {
            (state.on_change)(tenant, &booked.touched);
            Redirect::to(&state.links.manage(&booked.booking)).into_response()
        }
        Ok(Err(reason)) => page(state, token, Some((StatusCode::CONFLICT, reason.to_owned()))).await,
        Err(Error::NotFound(_) | Error::Invalid(_)) => answer(StatusCode::NOT_FOUND, None, None),
        Err(error @ Error::Conflict { .. }) => {
            page(state, token, Some((StatusCode::CONFLICT, format!("Nothing was changed: {error}.")))).await
        }
        Err(error) => failed(&error),
    }
}

/// The booking of a token, if it was given to whoever is its customer now.
fn opened_by(conn: &mut Conn, ctx: &Context, token: BookingToken) -> Result<Booking, Error> {
    let found = bookings::find(conn, token.tenant, token.booking)?;
    let own = found.filter(|booking| token.opens(&ctx.links.key, BookingPurpose::Manage, booking.customer_id));
    own.ok_or(Error::NotFound("booking"))
}

async fn page(state: &WebState, token: &str, message: Option<(StatusCode, String)>) -> Response {
    let Some(opened) = BookingToken::read(token) else { return answer(StatusCode::NOT_FOUND, None, None) };
    let (tenant, links, now) = (opened.tenant, state.links.clone(), (state.clock)());
    let view = state
        .store
        .read(move |conn| {
            let ctx = tenants::context(conn, tenant, "customer", now, links.clone())?;
            conn.snapshot(|conn| view(conn, &ctx, opened))
        })
        .await;
    let (status, message) = message.map_or((StatusCode::OK, None), |(status, text)| (status, Some(text)));
    match view {
        Ok(view) => answer(status, Some(view), message),
        Err(Error::NotFound(_)) => answer(StatusCode::NOT_FOUND, None, None),
        Err(error) => failed(&error),
    }
}

fn view(conn: &mut Conn, ctx: &Context, token: BookingToken) -> Result<View, Error> {
    let booking = opened_by(conn, ctx, token)?;
    let cast = Cast::load(conn, &booking, &[])?;
    let zone = Zone::parse(&booking.timezone).unwrap_or_else(|_| ctx.zone.clone());
    let open = matches!(booking.status, BookingStatus::Tentative | BookingStatus::Confirmed);
    let dates = scope::occurrences(conn, &booking)?;
    let first = dates.first().map_or(booking.start_at, |o| o.span.at.start);
    let in_time = ctx.now <= deadline(first, &cast);
    let cancel = format!("{}/cancel", ctx.links.manage(&booking));
    let ahead = dates.iter().filter(|o| open && booking.rrule.is_some() && o.span.at.end > ctx.now).take(DATES);
    let date = |o: &Occurrence| Date {
        when: when(&o.span),
        cancel: (ctx.now <= deadline(o.span.at.start, &cast))
            .then(|| format!("{cancel}/{}", scope::name(o.recurrence_id, booking.all_day))),
    };
    let dates: Vec<Date> = ahead.map(date).collect();
    let span = Span::of(&booking).map_err(|e| Error::invalid("/timezone", e.to_string()))?;
    let series = if booking.rrule.is_some() { ", and further dates of the series" } else { "" };
    let rooms = cast.resources.iter().filter(|r| r.kind == ResourceKind::Room).map(|r| r.name.as_str());
    let rooms = Some(rooms.collect::<Vec<_>>().join(", ")).filter(|text| !text.is_empty());
    Ok(View {
        business: ctx.tenant_name.clone(),
        contact: ctx.tenant_email.clone(),
        service: cast.service.name.clone(),
        when: when(&span) + series,
        zone: zone.name().replace('_', " "),
        staff: cast.staff.map(|person| person.name),
        place: booking.location.clone().or(rooms),
        status: status(booking.status),
        cancelled: booking.status == BookingStatus::Cancelled,
        may_cancel: open && in_time,
        too_late: open && !in_time && dates.iter().all(|date| date.cancel.is_none()),
        calendar: ctx.links.ics(&booking),
        cancel,
        dates,
    })
}

/// Until when the customer may cancel what begins at `start`: the service's window before it.
fn deadline(start: Instant, cast: &Cast) -> Instant {
    start - i64::from(cast.service.cancellation_window_minutes.unwrap_or(0)) * 60
}

fn when(span: &Span) -> String {
    let (start, end) = (span.start_local, span.end_local);
    if span.all_day {
        let last = end.yesterday().unwrap_or(end).date();
        let first = start.date();
        let day = |date: crate::time::Date| date.strftime("%A, %-d %B %Y").to_string();
        return if first == last { day(first) } else { format!("{} to {}", day(first), day(last)) };
    }
    let offset = span.at.start.to_rfc3339(&span.zone);
    let offset = offset.get(19..).filter(|o| *o != "Z").unwrap_or("+00:00");
    let until = if start.date() == end.date() { end.strftime("%H:%M") } else { end.strftime("%A, %-d %B %Y, %H:%M") };
    format!("{}–{until} (UTC{offset})", start.strftime("%A, %-d %B %Y, %H:%M"))
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
