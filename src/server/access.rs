use std::borrow::Cow;
use std::time::Instant;

use axum::extract::{MatchedPath, Request};
use axum::response::Response;
use hyper::body::Body as _;
use hyper::header::{self, HeaderValue};
use hyper::{Method, Uri};

use super::log::is_printable;
use super::metrics::Requests;
use crate::net::{ClientAddr, RequestId};

/// Where the path itself is logged. Everywhere else a path may carry a token, so only the route's pattern is.
const LOGGED_PATHS: [&str; 2] = ["/dav/", "/api/v1/"];
/// The most that is logged of a path and of a user agent, in characters.
const LOGGED_CHARACTERS: usize = 200;

/// What is known of a request before it is handled. Nothing is copied: cloning these only counts references.
pub(super) struct Access {
    started: Instant,
    method: Method,
    matched: Option<MatchedPath>,
    pattern: &'static str,
    uri: Uri,
    client: ClientAddr,
    user_agent: Option<HeaderValue>,
}

impl Access {
    /// `pattern` is the route's where no router says it.
    pub(super) fn begin(request: &Request, client: ClientAddr, pattern: &'static str) -> Self {
        Self {
            started: Instant::now(),
            method: request.method().clone(),
            matched: request.extensions().get::<MatchedPath>().cloned(),
            pattern,
            uri: request.uri().clone(),
            client,
            user_agent: request.headers().get(header::USER_AGENT).cloned(),
        }
    }

    /// Logs and counts the request, now that the head of its answer is ready.
    pub(super) fn end(&self, response: &Response, id: &RequestId, requests: &Requests) {
        let took = self.started.elapsed();
        let status = response.status().as_u16();
        let route = self.matched.as_ref().map_or(self.pattern, MatchedPath::as_str);
        requests.record(&self.method, route, status, took);
        // A macro, because the level of a line must be a constant.
        macro_rules! line {
            ($level:ident) => {
                tracing::$level!(
                    target: "fasti::request",
                    method = &*printable(self.method.as_str().as_bytes(), 16),
                    path = &*self.logged_path(route),
                    status,
                    took_ms = took.as_micros() as f64 / 1000.0,
                    bytes = response.body().size_hint().exact(),
                    client = %self.client,
                    user_agent = self.user_agent.as_ref().map(|it| printable(it.as_bytes(), LOGGED_CHARACTERS)).as_deref(),
                    request_id = id.as_str(),
                )
            };
        }
        match status {
            500.. => line!(error),
            // Probes come every few seconds and say nothing while all is well.
            ..400 if matches!(route, "/healthz" | "/readyz" | "/metrics") => line!(debug),
            _ => line!(info),
        }
    }

    fn logged_path<'a>(&'a self, route: &'a str) -> Cow<'a, str> {
        let path = self.uri.path();
        match route {
            // No route: a mistyped feed URL would leave its token here.
            "" => Cow::Borrowed("(none)"),
            _ if LOGGED_PATHS.iter().any(|prefix| path.starts_with(prefix)) && only_ids(route, path) => {
                printable(path.as_bytes(), LOGGED_CHARACTERS)
            }
            pattern => Cow::Borrowed(pattern),
        }
    }
}

/// Whether a path has ids where its pattern has `{id}`. Anything else there may be a token or an address that somebody
/// took for one.
fn only_ids(pattern: &str, path: &str) -> bool {
    !pattern.contains("{id}")
        || pattern
            .split('/')
            .zip(path.split('/'))
            .all(|(part, given)| part != "{id}" || uuid::Uuid::try_parse(given).is_ok())
}

/// The printable ASCII of `text`, anything else as `?`, cut to `longest` characters.
fn printable(text: &[u8], longest: usize) -> Cow<'_, str> {
    let cut = &text[..text.len().min(longest)];
    match std::str::from_utf8(cut) {
        Ok(clean) if is_printable(cut) => Cow::Borrowed(clean),
        _ => cut.iter().map(|b| if (0x20..0x7f).contains(b) { char::from(*b) } else { '?' }).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_id_is_not_logged() {
        let id = "01a1ff13-a264-70ef-b4f0-8208b74d889e";
        let pattern = "/api/v1/bookings/{id}/cancel";
        assert!(only_ids(pattern, &format!("/api/v1/bookings/{id}/cancel")));
        assert!(!only_ids(pattern, "/api/v1/bookings/ann@guest.example/cancel"));
        assert!(only_ids("/api/v1/bookings", "/api/v1/bookings"));
    }

    #[test]
    fn what_is_logged_has_no_control_characters() {
        assert_eq!(printable(b"Mozilla/5.0", 200), "Mozilla/5.0");
        assert_eq!(printable(b"a\x1b[31mb\r\nc\xc2\x85", 200), "a?[31mb??c??");
        assert_eq!(printable(b"abcdef", 3), "abc");
    }
}
