use std::sync::OnceLock;
use std::time::Duration;

use reqwest::header::HeaderMap;
use reqwest::{Method, RequestBuilder};
use serde_json::Value;

use super::house::PUBLIC_URL;

/// Somebody who calls a server with a token.
#[derive(Clone)]
pub(crate) struct Api {
    http: reqwest::Client,
    base: String,
    token: String,
}

/// An answer that arrived whole.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Answer {
    /// Sends a request and reads its answer to the end.
    pub(crate) async fn to(request: RequestBuilder) -> Result<Self, reqwest::Error> {
        let response = request.send().await?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Ok(Self { status, headers, body: response.text().await? })
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error} in {}", self.body))
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The version that the entity tag names.
    pub(crate) fn version(&self) -> i64 {
        let tag = self.header("etag");
        tag.trim_matches('"')
            .strip_prefix('v')
            .and_then(|digits| digits.parse().ok())
            .unwrap_or_else(|| panic!("{tag:?}"))
    }

    /// Whether it is the problem of that name.
    pub(crate) fn is_problem(&self, name: &str) -> bool {
        self.header("content-type") == "application/problem+json"
            && self.json()["type"].as_str().is_some_and(|kind| kind.ends_with(&format!("/problems/{name}")))
    }
}

impl Api {
    pub(crate) fn new(base: &str, token: &str) -> Self {
        let http = reqwest::Client::builder().timeout(Duration::from_secs(60)).build().unwrap();
        Self { http, base: base.to_owned(), token: token.to_owned() }
    }

    /// The same caller at another server.
    pub(crate) fn at(&self, base: &str) -> Self {
        Self { base: base.to_owned(), ..self.clone() }
    }

    /// The same server with another token.
    pub(crate) fn with_token(self, token: &str) -> Self {
        Self { token: token.to_owned(), ..self }
    }

    pub(crate) fn token(&self) -> &str {
        &self.token
    }

    /// A request to a path of the server, with nothing added.
    pub(crate) fn plain(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.base))
    }

    /// A request to a path of the API, with the token.
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.plain(method, &format!("/api/v1/{path}")).bearer_auth(&self.token)
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        Answer::to(self.request(Method::GET, path)).await.unwrap_or_else(|error| panic!("{path}: {error:?}"))
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        let request = self.request(Method::POST, path).json(body);
        Answer::to(request).await.unwrap_or_else(|error| panic!("{path}: {error:?}"))
    }

    /// Makes something that must be made; its id.
    pub(crate) async fn create(&self, path: &str, body: &Value) -> String {
        let made = self.post(path, body).await;
        assert_eq!(made.status, 201, "{path}: {body} → {}", made.body);
        made.json()["id"].as_str().unwrap().to_owned()
    }

    /// Subscribes to a calendar; its path.
    pub(crate) async fn subscribe(&self, body: &Value) -> String {
        let made = self.post("feeds", body).await;
        assert_eq!(made.status, 201, "{body} → {}", made.body);
        path_of(made.json()["url"].as_str().unwrap())
    }

    /// Fetches a path that is its own key, such as a feed's.
    pub(crate) async fn fetch(&self, path: &str) -> Answer {
        Answer::to(self.plain(Method::GET, path)).await.unwrap_or_else(|error| panic!("{path}: {error:?}"))
    }
}

/// The path of a link that Fasti gave away.
pub(crate) fn path_of(link: &str) -> String {
    link.strip_prefix(PUBLIC_URL).unwrap_or_else(|| panic!("{link} does not start with {PUBLIC_URL}")).to_owned()
}

/// RFC 3339 of so many minutes after 08:00 UTC a week from now: ahead, and the same in all of a test.
pub(crate) fn at(minutes: i64) -> String {
    jiff::Timestamp::from_second(at_unix(minutes)).unwrap().to_string()
}

/// The same as Unix seconds, as the database has it.
pub(crate) fn at_unix(minutes: i64) -> i64 {
    static BASE: OnceLock<i64> = OnceLock::new();
    let base = BASE.get_or_init(|| jiff::Timestamp::now().as_second() / 86_400 * 86_400 + (7 * 24 + 8) * 3600);
    base + minutes * 60
}
