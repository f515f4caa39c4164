//! The HTTP side: statuses and headers, which for what opens nothing are a feed's.

use askama::Template;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE, HeaderName, HeaderValue, REFERRER_POLICY, RETRY_AFTER,
};
use axum::http::{Response, StatusCode};

use super::open::Opened;
use super::profile::Profile;
use super::{Error, SetupState};
use crate::auth::LoginError;
use crate::net::ClientAddr;
use crate::store;

/// What makes Apple's devices offer to install the file.
const PROFILE: HeaderValue = HeaderValue::from_static("application/x-apple-aspen-config");
const TEXT: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");
const NOT_KEPT: HeaderValue = HeaderValue::from_static("private, no-store");
const DO_NOT_STORE: HeaderValue = HeaderValue::from_static("no-store");
const NO_REFERRER: HeaderValue = HeaderValue::from_static("no-referrer");
const NOT_INDEXED: HeaderValue = HeaderValue::from_static("noindex");
const ROBOTS_TAG: HeaderName = HeaderName::from_static("x-robots-tag");

/// `GET /setup/{token}.mobileconfig`.
pub(super) async fn profile(State(state): State<SetupState>, request: Request) -> Response<Body> {
    let file = request.uri().path().rsplit('/').next().unwrap_or_default();
    let Some(secret) = file.strip_suffix(".mobileconfig") else { return unknown() };
    let from = request.extensions().get::<ClientAddr>().copied();
    let from = from.unwrap_or(ClientAddr(std::net::Ipv4Addr::UNSPECIFIED.into()));
    answer(&state, secret, from).await.unwrap_or_else(|error| failed(&error))
}

async fn answer(state: &SetupState, secret: &str, from: ClientAddr) -> Result<Response<Body>, Error> {
    let profile = match state.open(secret, from).await? {
        Some(Opened::Profile(profile)) => profile,
        Some(Opened::Revoked) => return Ok(revoked()),
        None => return Ok(unknown()),
    };
    let file_name = profile.file_name();
    let body = body(state, profile).await?;
    let mut response = Response::new(Body::from(body));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, PROFILE);
    // A browser that saves the file must not name it after the secret.
    if let Ok(named) = HeaderValue::from_str(&format!("attachment; filename=\"{file_name}\"")) {
        headers.insert(CONTENT_DISPOSITION, named);
    }
    headers.insert(CACHE_CONTROL, NOT_KEPT);
    headers.insert(REFERRER_POLICY, NO_REFERRER);
    headers.insert(ROBOTS_TAG, NOT_INDEXED);
    Ok(response)
}

async fn body(state: &SetupState, profile: Profile) -> Result<Vec<u8>, Error> {
    let text = profile.render()?;
    let Some(signer) = state.signer.clone() else { return Ok(text.into_bytes()) };
    let at = (state.clock)();
    // With a long RSA key this takes milliseconds.
    let signed = tokio::task::spawn_blocking(move || signer.sign(text.as_bytes(), at)).await;
    Ok(signed.map_err(super::sign::Failed::from)??)
}

/// Word for word what a feed's address answers: whether something is no feed or no app password is nobody's business.
fn unknown() -> Response<Body> {
    refusal(StatusCode::NOT_FOUND, "There is no calendar at this address.\n")
}

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

/// What the client sees is when to come again; what went wrong is in the log, which never sees a token.
fn failed(error: &Error) -> Response<Body> {
    let (status, text, seconds) = match error {
        Error::Login(LoginError::TooMany(wait)) => {
            let text = "Too many links from your network opened nothing. Try again in a few minutes.\n";
            (StatusCode::TOO_MANY_REQUESTS, text, wait.as_secs())
        }
        error => {
            tracing::error!(%error, "a configuration profile could not be served");
            let text = "The calendar cannot be served just now. Try again in a minute.\n";
            let busy = matches!(error, Error::Login(LoginError::Store(store::Error::Busy | store::Error::Connect(_))));
            let status = if busy { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::INTERNAL_SERVER_ERROR };
            (status, text, 60)
        }
    };
    let mut response = refusal(status, text);
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    response
}
