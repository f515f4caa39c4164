//! `DAV:multistatus` (RFC 4918 §13): written a page at a time, while rows are read.

use axum::body::Body;
use axum::http::{HeaderValue, Response, StatusCode, header};
use bytes::Bytes;
use futures_util::stream;

use super::condition::Failure;
use super::xml::Xml;

pub(super) const XML: HeaderValue = HeaderValue::from_static("application/xml; charset=utf-8");

/// An answer whose body is XML.
pub(super) fn xml_response(status: StatusCode, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, XML);
    response
}

/// A multistatus that is whole.
pub(super) fn whole(mut xml: Xml) -> Response<Body> {
    xml.close("D:multistatus");
    xml_response(StatusCode::MULTI_STATUS, Body::from(xml.into_string()))
}

/// A `D:response` that is only a status (RFC 4918 §14.24).
pub(super) fn status(xml: &mut Xml, href: &str, status: StatusCode) {
    xml.open("D:response");
    xml.href(href);
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

/// What is written a page at a time.
pub(super) trait Pages: Send + Sized + 'static {
    /// Writes the next page; returns what is left after it.
    fn next(self) -> impl Future<Output = Result<(Xml, Option<Self>), Failure>> + Send;
}

/// The answer made of `first` and what is left. It is read while the client takes it, so that a long one takes no
/// more memory than a page. What goes wrong then breaks it off, which a client sees as XML that is not well-formed.
pub(super) fn stream<P: Pages>(first: Xml, rest: Option<P>) -> Response<Body> {
    let Some(rest) = rest else {
        return xml_response(StatusCode::MULTI_STATUS, Body::from(first.into_string()));
    };
    let begin = (Some(first), Some(rest));
    let chunks = stream::unfold(begin, |(waiting, rest)| async move {
        if let Some(xml) = waiting {
            return Some((Ok(Bytes::from(xml.into_string())), (None, rest)));
        }
        match rest?.next().await {
            Ok((xml, rest)) => Some((Ok(Bytes::from(xml.into_string())), (None, rest))),
            Err(error) => {
                tracing::error!(%error, "an answer broke off");
                Some((Err(std::io::Error::other("the answer broke off")), (None, None)))
            }
        }
    });
    xml_response(StatusCode::MULTI_STATUS, Body::from_stream(chunks))
}
