//! What a request brings beside its path: a strict body, preconditions, an idempotency key, query parameters.

use axum::body::Body;
use axum::extract::{FromRequest, FromRequestParts, Query};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, Method, Request, header};
use bytes::Bytes;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde::de::DeserializeOwned;

use super::{Api, json, problem::Problem};
use crate::store::{Id, NotAnId};
use crate::time::TimeInput;

/// The longest body the API takes, in bytes. The largest useful one, a service with 500 staff, has 20 KB.
const BODY_LIMIT: usize = 1024 * 1024;

/// What a request that changes something brings.
pub(super) struct Input<T> {
    /// The body, read strictly.
    pub(super) body: T,
    /// Which version the change is meant for.
    pub(super) if_match: IfMatch,
    /// How a repetition of it is recognised; POST only.
    pub(super) once: Option<Once>,
}

impl<T: DeserializeOwned> FromRequest<Api> for Input<T> {
    type Rejection = Problem;

    async fn from_request(request: Request<Body>, api: &Api) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        let if_match = IfMatch::of(&parts.headers)?;
        let key = if parts.method == Method::POST { idempotency_key(&parts.headers)? } else { None };
        let bytes = read(&parts.headers, body).await?;
        if !bytes.is_empty() && (!is_json(&parts.headers) || parts.headers.contains_key(header::CONTENT_ENCODING)) {
            return Err(Problem::not_json());
        }
        let once = key.map(|key| Once { key, fingerprint: fingerprint(api, &parts, &bytes) });
        Ok(Self { body: json::parse(&bytes)?, if_match, once })
    }
}

/// What a request brings that replaces a list.
pub(super) struct InputList<T> {
    /// The list, read strictly.
    pub(super) items: Vec<T>,
    /// Which version the change is meant for.
    pub(super) if_match: IfMatch,
}

impl<T: DeserializeOwned> FromRequest<Api> for InputList<T> {
    type Rejection = Problem;

    async fn from_request(request: Request<Body>, _: &Api) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        let if_match = IfMatch::of(&parts.headers)?;
        let bytes = read(&parts.headers, body).await?;
        if !is_json(&parts.headers) || parts.headers.contains_key(header::CONTENT_ENCODING) {
            return Err(Problem::not_json());
        }
        Ok(Self { items: json::parse_list(&bytes)?, if_match })
    }
}

/// A body that says nothing: absent or `{}`.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Nothing {}

async fn read(headers: &HeaderMap, body: Body) -> Result<Bytes, Problem> {
    let announced = headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|length| length > BODY_LIMIT as u64) {
        return Err(Problem::too_large(BODY_LIMIT));
    }
    let whole = Limited::new(body, BODY_LIMIT).collect().await.map_err(|error| {
        if error.is::<LengthLimitError>() {
            Problem::too_large(BODY_LIMIT)
        } else {
            Problem::bad_request("the body did not arrive whole")
        }
    })?;
    Ok(whole.to_bytes())
}

/// `application/json`, or anything built on it such as `application/merge-patch+json`.
fn is_json(headers: &HeaderMap) -> bool {
    let Some(Ok(text)) = headers.get(header::CONTENT_TYPE).map(|value| value.to_str()) else { return false };
    let essence = text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    essence == "application/json" || (essence.starts_with("application/") && essence.ends_with("+json"))
}

/// How a repetition of a request is recognised.
#[derive(Debug, Clone)]
pub(super) struct Once {
    /// The caller's key.
    pub(super) key: String,
    /// What of the request must be the same. Made with the master key, because a body may hold a password.
    pub(super) fingerprint: Vec<u8>,
}

fn fingerprint(api: &Api, parts: &Parts, body: &Bytes) -> Vec<u8> {
    let request: [&[u8]; 3] = [parts.method.as_str().as_bytes(), parts.uri.path().as_bytes(), body];
    api.links.key.derive(b"idempotency fingerprint", &request).to_vec()
}

fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    const NAME: HeaderName = HeaderName::from_static("idempotency-key");
    let mut values = headers.get_all(NAME).iter();
    let Some(value) = values.next() else { return Ok(None) };
    let key = value.as_bytes();
    if values.next().is_some() || key.is_empty() || key.len() > 255 || !key.iter().all(u8::is_ascii_graphic) {
        return Err(Problem::bad_request("Idempotency-Key must be one value of 1 to 255 visible ASCII characters"));
    }
    Ok(Some(String::from_utf8_lossy(key).into_owned()))
}

/// Which versions a change is meant for (RFC 9110 §13.1.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum IfMatch {
    /// Whatever it is: the header is absent or `*`.
    Any,
    /// One of these, or none at all when empty.
    Versions(Vec<i64>),
}

/// A version no row has.
const NO_VERSION: i64 = -1;

impl IfMatch {
    fn of(headers: &HeaderMap) -> Result<Self, Problem> {
        Ok(match etags(headers, header::IF_MATCH)? {
            None | Some(Tags::Any) => Self::Any,
            Some(tags) => Self::Versions(tags.versions()),
        })
    }

    /// The version to hand to a use case. Where several are good, `current` tells which the row has.
    pub(super) fn expected<E>(&self, current: impl FnOnce() -> Result<Option<i64>, E>) -> Result<Option<i64>, E> {
        match self {
            Self::Any => Ok(None),
            Self::Versions(versions) => match versions.as_slice() {
                [] => Ok(Some(NO_VERSION)),
                [one] => Ok(Some(*one)),
                several => {
                    let current = current()?.filter(|version| several.contains(version));
                    Ok(Some(current.unwrap_or(NO_VERSION)))
                }
            },
        }
    }
}

impl<S: Sync> FromRequestParts<S> for IfMatch {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        Self::of(&parts.headers)
    }
}

/// What the caller has already (RFC 9110 §13.1.2).
pub(super) struct IfNoneMatch(Option<Tags>);

impl IfNoneMatch {
    /// Whether the caller has this version.
    pub(super) fn has(&self, version: i64) -> bool {
        match &self.0 {
            None => false,
            Some(Tags::Any) => true,
            Some(tags @ Tags::These(_)) => tags.versions().contains(&version),
        }
    }

    /// Whether the caller has what this tag, without quotes, is of.
    pub(super) fn has_tag(&self, tag: &str) -> bool {
        match &self.0 {
            None => false,
            Some(Tags::Any) => true,
            Some(Tags::These(tags)) => tags.iter().any(|known| known == tag),
        }
    }
}

impl<S: Sync> FromRequestParts<S> for IfNoneMatch {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        etags(&parts.headers, header::IF_NONE_MATCH).map(Self)
    }
}

enum Tags {
    Any,
    /// Without quotes and what proxies append.
    These(Vec<String>),
}

impl Tags {
    fn versions(&self) -> Vec<i64> {
        match self {
            Self::Any => Vec::new(),
            Self::These(tags) => tags.iter().filter_map(|tag| version(tag)).collect(),
        }
    }
}

/// The time in a query parameter.
pub(super) fn time(name: &str, text: Option<&str>) -> Result<Option<TimeInput>, Problem> {
    text.map(|text| TimeInput::parse(text).map_err(|e| Problem::bad_parameter(name, e.to_string()))).transpose()
}

/// The id in a query parameter.
pub(super) fn id(name: &str, text: Option<&str>) -> Result<Option<Id>, Problem> {
    text.map(|text| text.parse().map_err(|e: NotAnId| Problem::bad_parameter(name, e.to_string()))).transpose()
}

fn etags(headers: &HeaderMap, name: HeaderName) -> Result<Option<Tags>, Problem> {
    let mut tags = Vec::new();
    let mut present = false;
    for value in headers.get_all(&name) {
        present = true;
        let text = value.to_str().map_err(|_| Problem::bad_request(format!("{name} must be ASCII")))?;
        if text.trim() == "*" {
            return Ok(Some(Tags::Any));
        }
        tags.extend(text.split(',').filter_map(|tag| opaque(tag.trim())).map(str::to_owned));
    }
    Ok(present.then_some(Tags::These(tags)))
}

/// What is between the quotes of one of our ETags. Proxies that compress mark it weak or append the encoding.
fn opaque(tag: &str) -> Option<&str> {
    let quoted = tag.strip_prefix("W/").unwrap_or(tag);
    let inner = quoted.strip_prefix('"')?.strip_suffix('"')?;
    Some(["-gzip", "-br", "-zstd", "-df"].iter().find_map(|end| inner.strip_suffix(end)).unwrap_or(inner))
}

/// The version that a tag says.
fn version(tag: &str) -> Option<i64> {
    let digits = tag.strip_prefix('v')?;
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) { None } else { digits.parse().ok() }
}

/// The ETag of a version.
pub(super) fn etag(version: i64) -> String {
    format!("\"v{version}\"")
}

/// Query parameters, unknown ones refused.
pub(super) struct Params<T>(pub(super) T);

impl<T: DeserializeOwned, S: Sync> FromRequestParts<S> for Params<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let Query(params) = Query::try_from_uri(&parts.uri).map_err(|error| {
            let text: String = error.body_text().chars().take(300).collect();
            Problem::bad_request(text.trim_start_matches("Failed to deserialize query string: "))
        })?;
        Ok(Self(params))
    }
}

/// The `{id}` of a path. What cannot be an id is not there, like any other that is not.
pub(super) struct PathId(pub(super) Id);

impl<S: Send + Sync> FromRequestParts<S> for PathId {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let path = axum::extract::Path::<String>::from_request_parts(parts, state).await;
        let id = path.ok().and_then(|axum::extract::Path(text)| text.parse().ok());
        id.map(Self).ok_or_else(Problem::no_such_path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn if_match(text: &str) -> IfMatch {
        let mut headers = HeaderMap::new();
        headers.insert(header::IF_MATCH, text.parse().unwrap());
        IfMatch::of(&headers).unwrap()
    }

    #[test]
    fn tags_that_proxies_touched_are_ours_still() {
        for text in ["\"v7\"", "W/\"v7\"", "\"v7-gzip\"", "W/\"v7-br\"", "\"other\", \"v7\""] {
            assert_eq!(if_match(text), IfMatch::Versions(vec![7]), "{text}");
        }
        for text in ["\"v\"", "v7", "\"7\"", "\"v7x\"", "\"v-7\"", "\"v99999999999999999999\"", ""] {
            assert_eq!(if_match(text), IfMatch::Versions(vec![]), "{text}");
        }
        assert_eq!(if_match("*"), IfMatch::Any);
        assert_eq!(IfMatch::of(&HeaderMap::new()).unwrap(), IfMatch::Any);
    }

    #[test]
    fn of_several_the_current_one_counts() {
        let several = if_match("\"v3\", \"v5\"");
        let with = |current: i64| several.expected(|| Ok::<_, ()>(Some(current))).unwrap();
        assert_eq!((with(5), with(4)), (Some(5), Some(NO_VERSION)));
        assert_eq!(if_match("\"x\"").expected(|| Err(())), Ok(Some(NO_VERSION)));
    }
}
