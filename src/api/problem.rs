//! What goes wrong, told as problem details (RFC 9457). The one place that gives an error its status.

use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};

use super::availability::Slot;
use crate::booking::{self, Conflict, Fault};
use crate::store;

/// A refusal. It becomes `application/problem+json` in [`super::finish`], which knows this server's address.
#[derive(Debug, Clone)]
pub(super) struct Problem {
    status: StatusCode,
    /// Last part of the `type` URI.
    kind: &'static str,
    title: &'static str,
    detail: Option<Box<str>>,
    errors: Vec<Fault>,
    // Boxed, because results carry this where nothing is wrong.
    times: Box<Times>,
    headers: Vec<(HeaderName, HeaderValue)>,
}

/// With a refusal for want of time.
#[derive(Debug, Clone, Default)]
struct Times {
    occurrences: Vec<FailingOccurrence>,
    alternatives: Vec<Slot>,
}

/// Problem details, RFC 9457 §3.
#[derive(Debug, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = Problem)]
pub(super) struct ProblemBody {
    /// What kind of problem this is: `…/problems/slot-unavailable`.
    pub r#type: String,
    /// The kind in words.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What happened here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// Every field that is wrong.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FaultBody>,
    /// With `slot-unavailable` of a series: every occurrence that cannot be had, by time.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub occurrences: Vec<FailingOccurrence>,
    /// With `slot-unavailable`: the nearest times that are free, best first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub alternatives: Vec<Slot>,
}

/// An occurrence of a series that cannot be had.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub(super) struct FailingOccurrence {
    /// Its name: the local start its rule gives it, or the date of whole days.
    pub occurrence: String,
    /// RFC 3339, in the zone of the series.
    pub start: String,
    /// As `start`, exclusive.
    pub end: String,
    /// Everything that is in the way.
    pub reasons: Vec<FailingReason>,
}

/// Why an occurrence cannot be had.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub(super) struct FailingReason {
    /// As in `/availability/explain`: `booking`, `hold`, `outside_hours`, `holiday`, …
    pub kind: String,
    /// The kind in words, with the name of a block.
    pub summary: String,
}

impl From<booking::Failing> for FailingOccurrence {
    fn from(booking::Failing { recurrence_id, span, reasons }: booking::Failing) -> Self {
        let reason = |reason: booking::offer::Reason| FailingReason {
            kind: reason.kind.word().to_owned(),
            summary: reason.summary,
        };
        Self {
            occurrence: booking::scope::name(recurrence_id, span.all_day),
            start: span.at.start.to_rfc3339(&span.zone),
            end: span.at.end.to_rfc3339(&span.zone),
            reasons: reasons.into_iter().map(reason).collect(),
        }
    }
}

/// One thing that is wrong with the input, or worth knowing about how it was understood.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = Fault)]
pub(super) struct FaultBody {
    /// JSON pointer (RFC 6901) into the body; for a query parameter its name after a slash.
    pub pointer: String,
    /// What is wrong and what would be right.
    pub detail: String,
}

impl From<Fault> for FaultBody {
    fn from(Fault { pointer, detail }: Fault) -> Self {
        Self { pointer, detail }
    }
}

impl Problem {
    fn new(status: StatusCode, kind: &'static str, title: &'static str) -> Self {
        Self { status, kind, title, detail: None, errors: Vec::new(), times: Box::default(), headers: Vec::new() }
    }

    /// Whether the time that was asked for is taken.
    pub(super) fn is_slot_unavailable(&self) -> bool {
        self.kind == "slot-unavailable"
    }

    /// Offers other times.
    pub(super) fn offering(mut self, alternatives: Vec<Slot>) -> Self {
        self.times.alternatives = alternatives;
        self
    }

    fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into().into_boxed_str());
        self
    }

    fn header(mut self, name: HeaderName, value: &'static str) -> Self {
        self.headers.push((name, HeaderValue::from_static(value)));
        self
    }

    /// 400: something outside the body, or the body's syntax.
    pub(super) fn bad_request(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad-request", "The request is malformed").detail(detail)
    }

    /// 400: a query parameter.
    pub(super) fn bad_parameter(name: &str, detail: impl Into<String>) -> Self {
        let fault = Fault { pointer: format!("/{name}"), detail: detail.into() };
        let problem = Self::bad_request(fault.to_string());
        Self { errors: vec![fault], ..problem }
    }

    /// 401: the same for no token, a malformed, an unknown and a revoked one.
    pub(super) fn unauthorized() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "unauthorized", "A valid API token is needed")
            .detail("send Authorization: Bearer and a token of your business")
            .header(header::WWW_AUTHENTICATE, "Bearer realm=\"fasti\"")
    }

    /// 403: the token is good, but not for this.
    pub(super) fn forbidden(needed: store::Scope) -> Self {
        let challenge = match needed {
            store::Scope::Read => "Bearer realm=\"fasti\", error=\"insufficient_scope\", scope=\"read\"",
            store::Scope::Write => "Bearer realm=\"fasti\", error=\"insufficient_scope\", scope=\"write\"",
            store::Scope::Admin => "Bearer realm=\"fasti\", error=\"insufficient_scope\", scope=\"admin\"",
        };
        Self::new(StatusCode::FORBIDDEN, "forbidden", "The token may not do this")
            .detail(format!("this needs a token of scope {needed}"))
            .header(header::WWW_AUTHENTICATE, challenge)
    }

    /// 404: there is no such path.
    pub(super) fn no_such_path() -> Self {
        Self::of_status(StatusCode::NOT_FOUND)
    }

    /// 413: the body is longer than `limit` bytes.
    pub(super) fn too_large(limit: usize) -> Self {
        Self::of_status(StatusCode::PAYLOAD_TOO_LARGE).detail(format!("the body may have at most {limit} bytes"))
    }

    /// 415: the body is not said to be JSON.
    pub(super) fn not_json() -> Self {
        Self::of_status(StatusCode::UNSUPPORTED_MEDIA_TYPE)
            .detail("send the body with Content-Type: application/json and without Content-Encoding")
    }

    /// 422: what the body says cannot be accepted.
    pub(super) fn invalid(faults: Vec<Fault>) -> Self {
        let detail = faults.first().map(|fault| fault.to_string().into_boxed_str());
        let problem = Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid-input", "The input cannot be accepted");
        Self { detail, errors: faults, ..problem }
    }

    /// 500, with nothing about why: that is in the log.
    pub(super) fn internal() -> Self {
        Self::of_status(StatusCode::INTERNAL_SERVER_ERROR)
    }

    /// What an answer without an explanation of its own says.
    pub(super) fn of_status(status: StatusCode) -> Self {
        let (kind, title) = match status {
            StatusCode::NOT_FOUND => ("not-found", "There is no such thing"),
            StatusCode::METHOD_NOT_ALLOWED => ("method-not-allowed", "This path does not know that method"),
            StatusCode::REQUEST_TIMEOUT => ("timeout", "The request took too long"),
            StatusCode::PAYLOAD_TOO_LARGE => ("content-too-large", "The body is too large"),
            StatusCode::UNSUPPORTED_MEDIA_TYPE => ("unsupported-media-type", "The body must be JSON"),
            StatusCode::SERVICE_UNAVAILABLE => ("busy", "The server is busy"),
            status if status.is_server_error() => ("internal", "Something went wrong here"),
            _ => ("bad-request", "The request cannot be served"),
        };
        Self::new(status, kind, title)
    }

    /// The body, as this server tells it.
    pub(super) fn body(self, public_url: &str) -> ProblemBody {
        ProblemBody {
            r#type: format!("{public_url}/problems/{}", self.kind),
            title: self.title.to_owned(),
            status: self.status.as_u16(),
            detail: self.detail.map(String::from),
            errors: self.errors.into_iter().map(FaultBody::from).collect(),
            occurrences: self.times.occurrences,
            alternatives: self.times.alternatives,
        }
    }

    fn of_conflict(kind: Conflict, detail: String) -> Self {
        let (status, kind, title) = match kind {
            Conflict::SlotUnavailable => (StatusCode::CONFLICT, "slot-unavailable", "The time is taken"),
            Conflict::AlreadyExists => (StatusCode::CONFLICT, "already-exists", "There is one already"),
            Conflict::InUse => (StatusCode::CONFLICT, "in-use", "It is still needed"),
            Conflict::WrongState => (StatusCode::CONFLICT, "wrong-state", "Its state does not allow this"),
            Conflict::Unusable => (StatusCode::CONFLICT, "unusable-rules", "Hours or a block cannot be worked out"),
            Conflict::TooMany => (StatusCode::TOO_MANY_REQUESTS, "too-many", "There are too many"),
            Conflict::KeyReused => (
                StatusCode::UNPROCESSABLE_ENTITY,
                "idempotency-key-reused",
                "The idempotency key was used for another request",
            ),
        };
        Self::new(status, kind, title).detail(detail)
    }

    fn of_store(error: &store::Error) -> Self {
        match error {
            store::Error::Busy => Self::of_status(StatusCode::SERVICE_UNAVAILABLE)
                .detail(error.to_string())
                .header(header::RETRY_AFTER, "1"),
            store::Error::Unknown => {
                tracing::error!(%error, "it is not known whether a transaction was committed");
                let title = "It is not known whether this was saved";
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "outcome-unknown", title)
                    .detail("repeat the request with the same Idempotency-Key, or look before you repeat it")
                    .header(header::RETRY_AFTER, "1")
            }
            _ => {
                tracing::error!(%error, "a request failed");
                Self::internal()
            }
        }
    }
}

impl From<booking::Error> for Problem {
    fn from(error: booking::Error) -> Self {
        match error {
            booking::Error::NotFound(_) => Self::of_status(StatusCode::NOT_FOUND).detail(error.to_string()),
            booking::Error::Changed => {
                Self::new(StatusCode::PRECONDITION_FAILED, "precondition-failed", "It was changed meanwhile")
                    .detail(error.to_string())
            }
            booking::Error::Invalid(faults) => Self::invalid(faults),
            booking::Error::Conflict { kind, detail } => Self::of_conflict(kind, detail),
            booking::Error::Unavailable(ref faults) => {
                let problem = Self::of_conflict(Conflict::SlotUnavailable, error.to_string());
                Self { errors: faults.clone(), ..problem }
            }
            booking::Error::Occurrences { detail, failing } => {
                let mut problem = Self::of_conflict(Conflict::SlotUnavailable, detail);
                problem.times.occurrences = failing.into_iter().map(FailingOccurrence::from).collect();
                problem
            }
            booking::Error::Store(error) => Self::of_store(&error),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        for (name, value) in &self.headers {
            response.headers_mut().insert(name, value.clone());
        }
        response.extensions_mut().insert(self);
        response
    }
}
