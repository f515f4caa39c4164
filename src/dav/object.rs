//! Objects: GET and HEAD, PUT, DELETE (RFC 4791 §5.3.2 to §5.3.4), COPY and MOVE (RFC 4918 §9.8, §9.9).

use std::sync::Arc;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header};
use bytes::Bytes;

use super::condition::{Condition, Failure};
use super::path::{Place, Target};
use super::request::{self, Prefer};
use super::{DavState, Session, bookings, limits, multistatus};
use crate::calendar::home;
use crate::calendar::members::{self, Served};
use crate::calendar::precondition::Preconditions;
use crate::calendar::write::{self, Incoming, Transfer, Written};
use crate::calendar::{self};
use crate::ical::object::Object;
use crate::time::http_date;

const CALENDAR: HeaderValue = HeaderValue::from_static("text/calendar; charset=utf-8");

/// GET and HEAD.
pub(super) async fn get(
    state: &DavState,
    session: &Session,
    place: Place,
    headers: &HeaderMap,
) -> Result<Response<Body>, Failure> {
    let viewer = session.viewer;
    let mut expected = request::preconditions(headers, &place)?;
    let none_of = expected.if_none_match.take();
    let is_own = place.username == session.login.username && !is_bookings(&place) && !expected.name_a_collection();
    let kept = state.kept().clone();
    let mark = if is_own { None } else { state.store().mark() };
    let found = state.store().look_up(move |conn| {
        if is_own && let Some(found) = members::find_own(conn, &viewer, &place.collection, &place.name)? {
            return Ok::<_, calendar::Error>((found, String::new()));
        }
        let opened = kept.open(conn, mark, &viewer, (&place.username, &place.collection))?;
        let found = members::find(conn, &opened.collection, &place.name)?;
        let found = found.ok_or(calendar::Error::NotFound)?;
        Ok((Served::from(found), opened.collection.sync_token()))
    });
    let (object, token) = found.await?;
    if !expected.hold(Some((&object.etag, object.modified_at.unwrap_or_default())), || token.clone()) {
        return Err(calendar::Error::Precondition.into());
    }
    let unchanged = match &none_of {
        Some(tags) => tags.include(Some(&object.etag)),
        None => {
            let since = request::date(headers, &header::IF_MODIFIED_SINCE);
            since.zip(object.modified_at).is_some_and(|(since, modified)| modified <= since)
        }
    };
    Ok(served(object, unchanged))
}

fn served(object: Served, unchanged: bool) -> Response<Body> {
    let body = if unchanged { Body::empty() } else { Body::from(object.body) };
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    *headers = multistatus::room_for_headers();
    insert(headers, header::ETAG, &["\"", &*object.etag, "\""].concat());
    if let Some(modified) = object.modified_at {
        insert(headers, header::LAST_MODIFIED, &http_date(modified));
    }
    if unchanged {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
    } else {
        headers.insert(header::CONTENT_TYPE, CALENDAR);
        // A name from a client is never a file's.
        headers.insert(header::CONTENT_DISPOSITION, HeaderValue::from_static("attachment; filename=\"event.ics\""));
    }
    response
}

fn insert(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

/// A calendar object as a client sent it.
#[derive(Debug)]
pub(super) struct Sent {
    pub object: Object,
    pub incoming: Incoming,
    /// Whether what is kept is what was sent, octet by octet.
    pub verbatim: bool,
}

/// Reads what a client wants to keep (RFC 4791 §5.3.2.1).
pub(super) fn sent(headers: &HeaderMap, bytes: &Bytes) -> Result<Sent, Failure> {
    let essence = headers.get(header::CONTENT_TYPE).map(|value| value.to_str().unwrap_or_default());
    let essence = essence.map(|value| value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase());
    // Some clients send none.
    if essence.is_some_and(|essence| {
        !matches!(essence.as_str(), "" | "text/calendar" | "application/octet-stream" | "text/plain")
    }) {
        let detail = "calendar objects are text/calendar";
        return Err(Failure::condition(Condition::SupportedCalendarData, detail));
    }
    let object = Object::parse(bytes, limits()).map_err(calendar::Error::from)?;
    let (text, verbatim) = match std::str::from_utf8(bytes) {
        Ok(text) => (text.to_owned(), true),
        Err(_) => (whole_characters(bytes).unwrap_or_else(|| object.calendar().to_ical()), false),
    };
    // Lines that end otherwise are given CRLF (RFC 5545 §3.1), and so the bytes are others.
    let (body, verbatim) = if has_only_crlf(&text) { (text, verbatim) } else { (with_crlf(&text), false) };
    let incoming = Incoming::new(&object, body);
    Ok(Sent { object, incoming, verbatim })
}

/// Lines whose folds may split characters (RFC 5545 §3.1) as text: with such a fold before the character.
fn whole_characters(lines: &[u8]) -> Option<String> {
    let is_rest = |byte: &u8| byte & 0b1100_0000 == 0b1000_0000;
    let mut out: Vec<u8> = Vec::with_capacity(lines.len());
    let mut left = lines;
    while let Some((first, after)) = left.split_first() {
        let fold = match left {
            [b'\r', b'\n', b' ' | b'\t', ..] => 3,
            [b'\n', b' ' | b'\t', ..] => 2,
            _ => 0,
        };
        let (fold, behind) = left.split_at(fold);
        if !fold.is_empty() && behind.first().is_some_and(is_rest) {
            let character = out.iter().rposition(|byte| !is_rest(byte)).unwrap_or_default();
            out.splice(character..character, fold.iter().copied());
            left = behind;
        } else {
            out.push(*first);
            left = after;
        }
    }
    String::from_utf8(out).ok()
}

fn has_only_crlf(text: &str) -> bool {
    let bytes = text.as_bytes();
    let lone = |at: usize| bytes[at] == b'\n' && (at == 0 || bytes[at - 1] != b'\r');
    !(0..bytes.len()).any(lone) && text.contains('\n')
}

fn with_crlf(text: &str) -> String {
    let ends = if text.contains('\n') { '\n' } else { '\r' };
    let mut out = String::with_capacity(text.len() + text.len() / 32);
    for line in text.split_terminator(ends) {
        out.push_str(line.trim_end_matches('\r'));
        out.push_str("\r\n");
    }
    out
}

/// PUT.
pub(super) async fn put(
    state: &DavState,
    session: &Session,
    place: Place,
    headers: &HeaderMap,
    body: Body,
    prefer: Prefer,
) -> Result<Response<Body>, Failure> {
    if headers.contains_key(header::CONTENT_RANGE) {
        // RFC 9110 §14.4: taking it for the whole would lose the rest.
        return Err(Failure::BadRequest("a part of an object cannot be put; send the whole".to_owned()));
    }
    let bytes = request::body(headers, body, limits().bytes).await.map_err(|error| match error {
        Failure::TooLarge => {
            Failure::condition(Condition::MaxResourceSize, format!("an object has at most {} octets", limits().bytes))
        }
        other => other,
    })?;
    let expected = request::preconditions(headers, &place)?;
    let sent = sent(headers, &bytes)?;
    let verbatim = sent.verbatim;
    if is_bookings(&place) {
        let written = bookings::put(state, session, &place, sent, expected).await?;
        return answer_put(state, session, place, written, (false, prefer)).await;
    }
    let (viewer, at, kept) = (session.viewer, place.clone(), state.kept().clone());
    let incoming = Arc::new(sent.incoming);
    let (written, opened) = state
        .store()
        .write(move |conn| {
            let opened = kept.find(conn, &viewer, (&at.username, &at.collection)).map_err(of_parent)?;
            let written = write::put(conn, &viewer, &opened.collection, &at.name, &incoming, &expected)?;
            Ok::<_, calendar::Error>((written, opened))
        })
        .await?;
    state.kept().keep(&opened);
    answer_put(state, session, place, written, (verbatim, prefer)).await
}

/// What is not there is what an object was to lie in (RFC 4918 §9.7.1).
fn of_parent(error: calendar::Error) -> calendar::Error {
    match error {
        calendar::Error::NoCollection => calendar::Error::NoParent,
        other => other,
    }
}

fn is_bookings(place: &Place) -> bool {
    matches!(place.collection.as_str(), home::BOOKINGS | home::TEAM)
}

/// The tag is told only where the bytes were kept as they came (RFC 4791 §5.3.4), or are sent back.
async fn answer_put(
    state: &DavState,
    session: &Session,
    place: Place,
    written: Written,
    (verbatim, prefer): (bool, Prefer),
) -> Result<Response<Body>, Failure> {
    let status = if written.created { StatusCode::CREATED } else { StatusCode::NO_CONTENT };
    let mut response = Response::new(Body::empty());
    if prefer.representation {
        response = get(state, session, place.clone(), &HeaderMap::new()).await?;
        insert(response.headers_mut(), header::CONTENT_LOCATION, &place.href());
        insert(response.headers_mut(), HeaderName::from_static("preference-applied"), "return=representation");
        // RFC 8144 §2.2: with a body it is 200 instead of 204.
        *response.status_mut() = if written.created { status } else { StatusCode::OK };
    } else {
        *response.status_mut() = status;
        if verbatim {
            insert(response.headers_mut(), header::ETAG, &format!("\"{}\"", written.etag));
        }
    }
    Ok(response)
}

/// DELETE.
pub(super) async fn delete(
    state: &DavState,
    session: &Session,
    place: Place,
    headers: &HeaderMap,
) -> Result<Response<Body>, Failure> {
    let expected = request::preconditions(headers, &place)?;
    if is_bookings(&place) {
        bookings::delete(state, session, &place, expected).await?;
        return Ok(no_content());
    }
    let (viewer, kept) = (session.viewer, state.kept().clone());
    let deleted = state.store().write(move |conn| {
        let opened = kept.find(conn, &viewer, (&place.username, &place.collection))?;
        write::delete(conn, &viewer, &opened.collection, &place.name, &expected)
    });
    deleted.await?;
    Ok(no_content())
}

fn no_content() -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    response
}

/// COPY and MOVE.
pub(super) async fn transfer(
    state: &DavState,
    session: &Session,
    place: Place,
    headers: &HeaderMap,
    kind: Transfer,
) -> Result<Response<Body>, Failure> {
    let destination = request::destination(headers)?;
    let overwrite = request::overwrite(headers)?;
    let expected: Preconditions = request::preconditions(headers, &place)?;
    let Target::Object(to) = destination else {
        // A whole calendar is never overwritten by an object.
        return Err(Failure::Conflict("the destination is no place for an object"));
    };
    if to == place {
        let detail = "source and destination are the same";
        return Err(Failure::Calendar(calendar::Error::Forbidden(detail)));
    }
    let viewer = session.viewer;
    let address = to.href();
    let created = state.store().write(move |conn| {
        let (_, from) = home::open(conn, &viewer, &place.username, &place.collection)?;
        let (_, target) = home::open(conn, &viewer, &to.username, &to.collection).map_err(of_parent)?;
        let (original, copy) = ((&from, place.name.as_str()), (&target, to.name.as_str()));
        write::transfer(conn, &viewer, original, copy, (kind, overwrite), &expected)
    });
    let mut response = no_content();
    if created.await? {
        *response.status_mut() = StatusCode::CREATED;
        insert(response.headers_mut(), header::LOCATION, &address);
    }
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fold_that_splits_a_character_goes_before_it_and_nothing_else_changes() {
        for (sent, kept) in [
            (&b"begin:X\r\nA;CN=\"\":caf\xc3\r\n \xa9 \r\n b\r\n"[..], "begin:X\r\nA;CN=\"\":caf\r\n é \r\n b\r\n"),
            (b"A:\xf0\x9f\n\t\x8e\x89\xc3\xa9\n", "A:\n\t🎉é\n"),
            (b"A:b\xf0\r\n \x9f\r\n \x8e\r\n \x89c\r\n", "A:b\r\n \r\n \r\n 🎉c\r\n"),
        ] {
            assert_eq!(whole_characters(sent).as_deref(), Some(kept));
        }
        assert_eq!(whole_characters(b"A:\xff\r\n"), None);
        assert_eq!(whole_characters(b"\r\n \xa9"), None);
    }
}
