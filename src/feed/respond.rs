//! The HTTP side (F6): statuses and headers.

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_ENCODING, CONTENT_TYPE, ETAG, HeaderMap, HeaderName, HeaderValue,
    LAST_MODIFIED, REFERRER_POLICY, RETRY_AFTER, VARY,
};
use axum::http::{Response, StatusCode};
use bytes::Bytes;
use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

use super::cache::Live;
use super::conditional::{self, Held};
use super::load::{Need, Opening};
use super::shown::Format;
use super::{Error, FeedState, client};
use crate::auth::{BookingPurpose, BookingToken};
use crate::booking::export::{self, Reader};
use crate::store::{self, bookings};
use crate::time::http_date;

/// Plain, because some subscribers compare it as a whole.
const CALENDAR: HeaderValue = HeaderValue::from_static("text/calendar; charset=utf-8");
const TEXT: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");
/// Whoever holds a copy may keep it, but asks each time: a booking that moved is seen at the next poll. Nothing on the
/// way keeps what a secret opens.
const ASK_EACH_TIME: HeaderValue = HeaderValue::from_static("private, no-cache");
const DO_NOT_STORE: HeaderValue = HeaderValue::from_static("no-store");
/// What is compressed for whom depends on both.
const BY_CLIENT: HeaderValue = HeaderValue::from_static("Accept-Encoding, User-Agent");
const NO_REFERRER: HeaderValue = HeaderValue::from_static("no-referrer");
/// Crawlers are let in, since calendar importers obey `robots.txt`, but what they find is not for an index.
const NOT_INDEXED: HeaderValue = HeaderValue::from_static("noindex");
/// A browser that saves the calendar must not name the file after the token.
const NAMED_CALENDAR: HeaderValue = HeaderValue::from_static("inline; filename=\"calendar.ics\"");
const NAMED_FREE_BUSY: HeaderValue = HeaderValue::from_static("inline; filename=\"calendar.ifb\"");
const NAMED_BOOKING: HeaderValue = HeaderValue::from_static("attachment; filename=\"booking.ics\"");
const ROBOTS_TAG: HeaderName = HeaderName::from_static("x-robots-tag");

/// `GET /feeds/{token}.ics` and `.ifb`.
pub(super) async fn feed(State(state): State<FeedState>, request: Request) -> Response<Body> {
    let path = request.uri().path();
    let file = path.rsplit('/').next().unwrap_or_default();
    let (token, format) = match file.rsplit_once('.') {
        Some((token, "ics")) => (token, Format::Events),
        Some((token, "ifb")) => (token, Format::FreeBusy),
        _ => return unknown(),
    };
    let opening = Opening::new(token, format);
    answer(&state, opening, request.headers()).await.unwrap_or_else(|error| failed(&error))
}

async fn answer(state: &FeedState, opening: Opening<'_>, headers: &HeaderMap) -> Result<Response<Body>, Error> {
    let conditional = conditional::is_conditional(headers);
    let whole = |gzip: bool| if gzip { Need::Gzip } else { Need::Plain };
    let need = if conditional { Need::Validators } else { whole(client::takes_gzip(headers)) };
    let Some(mut entry) = state.load(opening, need).await? else { return Ok(unknown()) };
    if let Some(live) = &entry.live {
        let held = if conditional {
            conditional::held(headers, &live.tag, live.modified.as_ref().map(|(at, _)| *at))
        } else {
            Held::Nothing
        };
        if held != Held::Nothing {
            let gzip = held == Held::Gzip || held == Held::Any && client::takes_gzip(headers);
            state.0.fetches.note(entry.tenant, entry.feed_id, state.now(), &client::name(headers));
            return Ok(not_modified(if gzip { &live.etag_gzip } else { &live.etag }));
        }
    }
    if conditional {
        let need = whole(client::takes_gzip(headers));
        match state.load(opening, need).await? {
            Some(loaded) => entry = loaded,
            None => return Ok(unknown()),
        }
    }
    let Some(live) = &entry.live else { return Ok(revoked()) };
    state.0.fetches.note(entry.tenant, entry.feed_id, state.now(), &client::name(headers));
    Ok(calendar(live, opening.key.format, client::takes_gzip(headers)))
}

fn calendar(live: &Live, format: Format, gzip: bool) -> Response<Body> {
    let body = if gzip { live.gzip.as_ref() } else { live.plain.as_ref() };
    let mut response = Response::new(body.cloned().map(Body::from).unwrap_or_default());
    let headers = response.headers_mut();
    headers.reserve(10);
    headers.insert(CONTENT_TYPE, CALENDAR);
    headers.insert(CONTENT_DISPOSITION, if format == Format::Events { NAMED_CALENDAR } else { NAMED_FREE_BUSY });
    headers.insert(ETAG, if gzip { &live.etag_gzip } else { &live.etag }.clone());
    if gzip {
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    if let Some((_, date)) = &live.modified {
        headers.insert(LAST_MODIFIED, date.clone());
    }
    headers.insert(CACHE_CONTROL, ASK_EACH_TIME);
    headers.insert(VARY, BY_CLIENT);
    headers.insert(REFERRER_POLICY, NO_REFERRER);
    headers.insert(ROBOTS_TAG, NOT_INDEXED);
    response
}

fn not_modified(etag: &HeaderValue) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NOT_MODIFIED;
    let headers = response.headers_mut();
    headers.insert(ETAG, etag.clone());
    headers.insert(CACHE_CONTROL, ASK_EACH_TIME);
    headers.insert(VARY, BY_CLIENT);
    response
}

/// `GET /ics/{token}.ics`: one booking, for whoever is its customer.
pub(super) async fn booking(State(state): State<FeedState>, request: Request) -> Response<Body> {
    let file = request.uri().path().rsplit('/').next().unwrap_or_default();
    let Some(token) = file.strip_suffix(".ics").and_then(BookingToken::read) else { return unknown() };
    let key = state.0.key.clone();
    let read = state.0.store.read(move |conn| {
        let found = bookings::find(conn, token.tenant, token.booking)?;
        match found.filter(|booking| token.opens(&key, BookingPurpose::Calendar, booking.customer_id)) {
            Some(booking) => export::calendar_file(conn, &booking, Reader::Customer),
            None => Ok(None),
        }
    });
    match read.await {
        Ok(Some(file)) => booking_file(file, request.headers()),
        Ok(None) => unknown(),
        Err(error) => failed(&error.into()),
    }
}

fn booking_file(file: export::CalendarFile, headers: &HeaderMap) -> Response<Body> {
    let tag = HEXLOWER.encode(&Sha256::digest(file.text.as_bytes())[..16]);
    let etag = HeaderValue::from_str(&format!("\"{tag}\"")).unwrap_or(HeaderValue::from_static("\"\""));
    if conditional::is_conditional(headers) && conditional::held(headers, &tag, Some(file.modified_at)) != Held::Nothing
    {
        return not_modified(&etag);
    }
    let modified = HeaderValue::from_str(&http_date(file.modified_at));
    let mut response = Response::new(Body::from(Bytes::from(file.text)));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, CALENDAR);
    headers.insert(CONTENT_DISPOSITION, NAMED_BOOKING);
    headers.insert(ETAG, etag);
    if let Ok(modified) = modified {
        headers.insert(LAST_MODIFIED, modified);
    }
    headers.insert(CACHE_CONTROL, ASK_EACH_TIME);
    headers.insert(VARY, BY_CLIENT);
    headers.insert(REFERRER_POLICY, NO_REFERRER);
    headers.insert(ROBOTS_TAG, NOT_INDEXED);
    response
}

/// `GET /robots.txt`.
pub(super) async fn robots() -> Response<Body> {
    let mut response = Response::new(Body::from("User-agent: *\nAllow: /\n"));
    response.headers_mut().insert(CONTENT_TYPE, TEXT);
    response
}

/// The same for a token that never was, one that cannot be, and any other file.
fn unknown() -> Response<Body> {
    refusal(StatusCode::NOT_FOUND, "There is no calendar at this address.\n")
}

/// Thunderbird keeps quiet at 404, but switches a subscription off and tells its owner at 410.
fn revoked() -> Response<Body> {
    refusal(StatusCode::GONE, "This calendar link was revoked. Ask for a new one.\n")
}

fn refusal(status: StatusCode, text: &'static str) -> Response<Body> {
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, TEXT);
    headers.insert(CACHE_CONTROL, DO_NOT_STORE);
    headers.insert(REFERRER_POLICY, NO_REFERRER);
    headers.insert(ROBOTS_TAG, NOT_INDEXED);
    response
}

/// What the client sees is that it should come again; what went wrong is in the log, which never sees a token.
fn failed(error: &Error) -> Response<Body> {
    tracing::error!(%error, "a feed could not be served");
    let retry = matches!(error, Error::Store(store::Error::Busy | store::Error::Connect(_)));
    let status = if retry { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::INTERNAL_SERVER_ERROR };
    let mut response = refusal(status, "The calendar cannot be served just now. Try again in a minute.\n");
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("60"));
    response
}
