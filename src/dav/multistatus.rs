//! `DAV:multistatus` (RFC 4918 §13): written a page at a time, while rows are read.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::{Body, HttpBody};
use axum::http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use hyper::body::{Frame, SizeHint};

use super::condition::Failure;
use super::property::Href;
use super::xml::Xml;

pub(super) const XML: HeaderValue = HeaderValue::from_static("application/xml; charset=utf-8");

/// An answer whose body is XML.
pub(super) fn xml_response(status: StatusCode, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    *response.headers_mut() = room_for_headers();
    response.headers_mut().insert(header::CONTENT_TYPE, XML);
    response
}

/// No headers yet, and room for all that an answer gets on its way out: half of a map is moved whenever it grows.
pub(super) fn room_for_headers() -> HeaderMap {
    HeaderMap::with_capacity(12)
}

/// A multistatus that is whole.
pub(super) fn whole(mut xml: Xml) -> Response<Body> {
    xml.close("D:multistatus");
    xml_response(StatusCode::MULTI_STATUS, Body::from(xml.into_string()))
}

/// A `D:response` that is only a status (RFC 4918 §14.24).
pub(super) fn status(xml: &mut Xml, href: &Href<'_>, status: StatusCode) {
    xml.open("D:response");
    xml.element("D:href", |xml| href.write(xml));
    xml.text("D:status", &status_line(status));
    xml.close("D:response");
}

/// A `D:status` (RFC 4918 §14.28).
pub(super) fn status_line(status: StatusCode) -> String {
    format!("HTTP/1.1 {} {}", status.as_u16(), status.canonical_reason().unwrap_or("Status"))
}

/// The `D:response` of a collection whose list was cut (RFC 6578 §3.6).
pub(super) fn truncated(xml: &mut Xml, href: &str) {
    xml.element("D:response", |xml| {
        xml.href(href);
        xml.text("D:status", &status_line(StatusCode::INSUFFICIENT_STORAGE));
        xml.raw("<D:error><D:number-of-matches-within-limits/></D:error>");
    });
}

/// A multistatus that is there in one piece.
pub(super) fn whole_in(one: Bytes) -> Response<Body> {
    xml_response(StatusCode::MULTI_STATUS, Body::from(one))
}

/// A multistatus that is there in chunks.
pub(super) fn whole_of(chunks: impl IntoIterator<Item = Bytes>) -> Response<Body> {
    xml_response(StatusCode::MULTI_STATUS, Body::new(Chunks::new(chunks.into_iter().collect())))
}

/// Chunks of memory as a body of known length.
struct Chunks {
    left: VecDeque<Bytes>,
    bytes: u64,
}

impl Chunks {
    fn new(left: VecDeque<Bytes>) -> Self {
        let bytes = left.iter().map(|chunk| chunk.len() as u64).sum();
        Self { left, bytes }
    }
}

impl HttpBody for Chunks {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let next = self.left.pop_front();
        self.bytes -= next.as_ref().map_or(0, |chunk| chunk.len() as u64);
        Poll::Ready(next.map(|chunk| Ok(Frame::data(chunk))))
    }

    fn is_end_stream(&self) -> bool {
        self.left.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.bytes)
    }
}

/// What is written a page at a time.
pub(super) trait Pages: Send + Sized + 'static {
    /// Writes the next page; returns what is left after it.
    fn next(self) -> impl Future<Output = Result<(Bytes, Option<Self>), Failure>> + Send;
}

/// The answer made of what is there and what is left: a page is read while the client takes the one before it.
pub(super) fn streamed<P: Pages>(first: [Bytes; 2], rest: P) -> Response<Body> {
    let first = stream::iter(first.map(Ok));
    let read = |rest: P| tokio::spawn(rest.next());
    let pages = stream::unfold(Some(read(rest)), move |reading| async move {
        let error = match reading?.await {
            Ok(Ok((page, rest))) => return Some((Ok(page), rest.map(read))),
            Ok(Err(error)) => error.to_string(),
            Err(error) => error.to_string(),
        };
        tracing::error!(error, "an answer broke off");
        Some((Err(std::io::Error::other("the answer broke off")), None))
    });
    xml_response(StatusCode::MULTI_STATUS, Body::from_stream(first.chain(pages)))
}
