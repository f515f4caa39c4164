//! What goes wrong, and how a client is told: the one table from an error to its status and its element.

use axum::body::Body;
use axum::http::{HeaderValue, Response, StatusCode, header};

use super::path::Place;
use super::xml::Xml;
use crate::auth::LoginError;
use crate::booking;
use crate::calendar::write::Transfer;
use crate::calendar::{self, home};
use crate::store;

/// Why a request was not done.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    #[error(transparent)]
    Calendar(#[from] calendar::Error),
    #[error(transparent)]
    Booking(#[from] booking::Error),
    /// The request breaks a rule that has an element.
    #[error("{detail}")]
    Condition { condition: Condition, detail: String },
    /// The request cannot be understood.
    #[error("{0}")]
    BadRequest(String),
    /// Nothing there does this.
    #[error("this cannot be done here")]
    MethodNotAllowed,
    #[error("{0}")]
    UnsupportedMediaType(&'static str),
    #[error("the body is too large")]
    TooLarge,
    #[error("{0}")]
    Login(#[from] LoginError),
    /// A password would travel unprotected.
    #[error("passwords are taken over https only; set public_url to the https address of this server")]
    Unprotected,
    #[error("{0}")]
    Conflict(&'static str),
    #[error("{0}")]
    BadGateway(&'static str),
    /// A COPY or MOVE fails for what is at its destination.
    #[error("{failure}")]
    AtDestination { failure: Box<Failure>, href: String },
}

impl From<store::Error> for Failure {
    fn from(error: store::Error) -> Self {
        Self::Calendar(error.into())
    }
}

impl store::WorkError for Failure {
    fn store_error(&self) -> Option<&store::Error> {
        match self {
            Self::Calendar(error) => error.store_error(),
            Self::Booking(error) => error.store_error(),
            _ => None,
        }
    }
}

/// Pre- and postconditions by the name of their elements. Each line of [`Condition::place`] has its RFC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Condition {
    /// `DAV:propfind-finite-depth`
    FiniteDepth,
    /// `DAV:no-external-entities`
    NoExternalEntities,
    /// `DAV:valid-sync-token`
    ValidSyncToken,
    /// `DAV:number-of-matches-within-limits`
    MatchesWithinLimits,
    /// `DAV:supported-report`
    SupportedReport,
    /// `DAV:valid-resourcetype`
    ValidResourceType,
    /// `DAV:resource-must-be-null`
    MustBeNull,
    /// `CALDAV:valid-filter`
    ValidFilter,
    /// `CALDAV:supported-filter`
    SupportedFilter,
    /// `CALDAV:supported-collation`
    SupportedCollation,
    /// `CALDAV:min-date-time`
    MinDateTime,
    /// `CALDAV:max-date-time`
    MaxDateTime,
    /// `CALDAV:supported-calendar-data`
    SupportedCalendarData,
    /// `CALDAV:supported-calendar-component`
    SupportedComponent,
    /// `CALDAV:calendar-collection-location-ok`
    CollectionLocation,
    /// `CALDAV:max-resource-size`
    MaxResourceSize,
    /// `DAV:need-privileges`: what of a booking is the business's
    NotYours,
    /// `CALDAV:valid-calendar-data`, of a CALDAV:timezone
    ValidTimezoneData,
    /// `CALDAV:valid-timezone`
    ValidTimezone,
}

impl Condition {
    /// Its status and element.
    const fn place(self) -> (StatusCode, &'static str) {
        const FORBIDDEN: StatusCode = StatusCode::FORBIDDEN;
        match self {
            // RFC 4918 §9.1.1, §16
            Self::FiniteDepth => (FORBIDDEN, "D:propfind-finite-depth"),
            Self::NoExternalEntities => (FORBIDDEN, "D:no-external-entities"),
            // RFC 6578 §3.2
            Self::ValidSyncToken => (FORBIDDEN, "D:valid-sync-token"),
            // RFC 3744 §8.1.1, RFC 4791 §7.8
            Self::MatchesWithinLimits => (FORBIDDEN, "D:number-of-matches-within-limits"),
            // RFC 3253 §3.6
            Self::SupportedReport => (FORBIDDEN, "D:supported-report"),
            // RFC 3744 §7.1.1, §8.1.1
            // RFC 5689 §3.3
            Self::ValidResourceType => (FORBIDDEN, "D:valid-resourcetype"),
            // RFC 4791 §5.3.1.1; 405 is what RFC 4918 §9.3.1 gives MKCOL
            Self::MustBeNull => (StatusCode::METHOD_NOT_ALLOWED, "D:resource-must-be-null"),
            Self::CollectionLocation => (FORBIDDEN, "C:calendar-collection-location-ok"),
            // RFC 4791 §7.8; RFC 7809 §3.1.6
            Self::ValidTimezoneData => (FORBIDDEN, "C:valid-calendar-data"),
            Self::ValidTimezone => (FORBIDDEN, "C:valid-timezone"),
            // RFC 4791 §5.3.2.1
            Self::SupportedCalendarData => (FORBIDDEN, "C:supported-calendar-data"),
            Self::SupportedComponent => (FORBIDDEN, "C:supported-calendar-component"),
            Self::MaxResourceSize => (FORBIDDEN, "C:max-resource-size"),
            // RFC 3744 §7.1.1; DAVx5 restores what the server has for this one
            Self::NotYours => (FORBIDDEN, "D:need-privileges"),
            // RFC 4791 §7.8
            Self::ValidFilter => (FORBIDDEN, "C:valid-filter"),
            Self::SupportedFilter => (FORBIDDEN, "C:supported-filter"),
            Self::SupportedCollation => (FORBIDDEN, "C:supported-collation"),
            Self::MinDateTime => (FORBIDDEN, "C:min-date-time"),
            Self::MaxDateTime => (FORBIDDEN, "C:max-date-time"),
        }
    }
}

impl Failure {
    pub fn condition(condition: Condition, detail: impl Into<String>) -> Self {
        Self::Condition { condition, detail: detail.into() }
    }

    /// Its status, and its element with what is in it, where there is one.
    fn place(&self, href: &str) -> (StatusCode, Option<String>) {
        let named = |(status, element): (StatusCode, &str)| (status, Some(format!("<{element}/>")));
        let plain = |status: StatusCode| (status, None);
        match self {
            Self::Condition { condition: Condition::NotYours, .. } => (StatusCode::FORBIDDEN, Some(privileges(href))),
            Self::Condition { condition, .. } => named(condition.place()),
            Self::Calendar(error) => match error {
                calendar::Error::Store(error) => plain(store_status(error)),
                calendar::Error::NotFound | calendar::Error::NoCollection => plain(StatusCode::NOT_FOUND),
                calendar::Error::Forbidden(_) => (StatusCode::FORBIDDEN, Some(privileges(href))),
                calendar::Error::Exists => named(Condition::MustBeNull.place()),
                calendar::Error::NoParent => plain(StatusCode::CONFLICT),
                calendar::Error::Precondition => plain(StatusCode::PRECONDITION_FAILED),
                calendar::Error::Object(violation) => {
                    (StatusCode::FORBIDDEN, Some(format!("<C:{}/>", violation.condition.element())))
                }
                calendar::Error::Component(..) => named(Condition::SupportedComponent.place()),
                calendar::Error::UidConflict(name) => {
                    let mut xml = Xml::fragment();
                    let parent = &href[..=href.rfind('/').unwrap_or(0)];
                    let mut other = parent.to_owned();
                    super::path::push_encoded(&mut other, name);
                    xml.element("C:no-uid-conflict", |xml| xml.href(&other));
                    (StatusCode::FORBIDDEN, Some(xml.into_string()))
                }
                calendar::Error::TooMany(_) | calendar::Error::Full => {
                    (StatusCode::INSUFFICIENT_STORAGE, Some("<D:quota-not-exceeded/>".to_owned()))
                }
            },
            Self::Booking(error) => match error {
                booking::Error::Store(error) => plain(store_status(error)),
                booking::Error::NotFound(_) => plain(StatusCode::NOT_FOUND),
                booking::Error::Changed => plain(StatusCode::PRECONDITION_FAILED),
                // DAVx5 restores what the server has for this element, and others for the status.
                booking::Error::Invalid(_)
                | booking::Error::Conflict { .. }
                | booking::Error::Unavailable(_)
                | booking::Error::Occurrences { .. } => (StatusCode::FORBIDDEN, Some(privileges(href))),
            },
            Self::BadRequest(_) => plain(StatusCode::BAD_REQUEST),
            Self::MethodNotAllowed => plain(StatusCode::METHOD_NOT_ALLOWED),
            Self::UnsupportedMediaType(_) => plain(StatusCode::UNSUPPORTED_MEDIA_TYPE),
            Self::TooLarge => plain(StatusCode::PAYLOAD_TOO_LARGE),
            Self::Login(LoginError::Wrong) => plain(StatusCode::UNAUTHORIZED),
            Self::Login(LoginError::TooMany(_)) => plain(StatusCode::TOO_MANY_REQUESTS),
            Self::Login(LoginError::Busy) => plain(StatusCode::SERVICE_UNAVAILABLE),
            Self::Login(LoginError::Store(error)) => plain(store_status(error)),
            Self::Unprotected => plain(StatusCode::FORBIDDEN),
            Self::Conflict(_) => plain(StatusCode::CONFLICT),
            Self::BadGateway(_) => plain(StatusCode::BAD_GATEWAY),
            Self::AtDestination { failure, href } => failure.place(href),
        }
    }

    /// The same of a COPY or MOVE, said of the destination where it is about that, by a person with the login name `me`.
    pub fn of_transfer(self, (from, to): (&Place, &Place), kind: Transfer, me: &str) -> Self {
        let of_business = |place: &Place| matches!(place.collection.as_str(), home::BOOKINGS | home::TEAM);
        let is_there = match &self {
            Self::Calendar(calendar::Error::UidConflict(_)) => true,
            // One's own calendars can be written, and the source of a COPY need not be.
            Self::Calendar(calendar::Error::Forbidden(_)) if of_business(from) || of_business(to) => !of_business(from),
            Self::Calendar(calendar::Error::Forbidden(_)) => {
                from.username == me || (kind == Transfer::Copy && to.username != me)
            }
            _ => false,
        };
        if is_there { Self::AtDestination { failure: self.into(), href: to.href() } } else { self }
    }

    /// The answer to a request on `href`.
    pub fn response(&self, href: &str) -> Response<Body> {
        let (status, element) = self.place(href);
        // Those two are about what the client sent, although their numbers say otherwise.
        let client = matches!(status, StatusCode::BAD_GATEWAY | StatusCode::INSUFFICIENT_STORAGE);
        let detail = if status.is_server_error() && !client {
            tracing::error!(error = %self, path = href, "a WebDAV request failed");
            "this did not work; try again later".to_owned()
        } else {
            self.to_string()
        };
        let mut xml = Xml::document("D:error");
        if let Some(element) = element {
            xml.raw(&element);
        }
        xml.text("S:error-description", &detail);
        xml.close("D:error");
        let mut response = Response::new(Body::from(xml.into_string()));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, super::multistatus::XML);
        match self {
            Self::Login(LoginError::Wrong) => {
                let challenge = HeaderValue::from_static("Basic realm=\"Fasti\", charset=\"UTF-8\"");
                headers.insert(header::WWW_AUTHENTICATE, challenge);
            }
            Self::Login(LoginError::TooMany(wait)) => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from(wait.as_secs()));
            }
            _ if status == StatusCode::SERVICE_UNAVAILABLE => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from_static("2"));
            }
            _ => {}
        }
        response
    }
}

fn store_status(error: &store::Error) -> StatusCode {
    if matches!(error, store::Error::Busy) {
        StatusCode::SERVICE_UNAVAILABLE
    } else {
        StatusCode::INTERNAL_SERVER_ERROR
    }
}

/// `DAV:need-privileges` (RFC 3744 §7.1.1).
fn privileges(href: &str) -> String {
    let mut xml = Xml::fragment();
    xml.element("D:need-privileges", |xml| {
        xml.element("D:resource", |xml| {
            xml.href(href);
            xml.raw("<D:privilege><D:write/></D:privilege>");
        });
    });
    xml.into_string()
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;

    use super::*;

    #[tokio::test]
    async fn what_is_the_clients_is_told_whatever_its_status() {
        for (failure, told) in [
            (Failure::BadGateway("no place here"), "no place here"),
            (calendar::Error::Full.into(), "full"),
            (store::Error::Busy.into(), "try again later"),
        ] {
            let response = failure.response("/dav/");
            assert!(response.status().is_server_error());
            let body = response.into_body().collect().await.unwrap().to_bytes();
            let body = std::str::from_utf8(&body).unwrap();
            assert!(body.contains(told), "{body}");
        }
    }
}
