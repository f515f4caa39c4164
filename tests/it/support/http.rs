//! Requests to the API in this process.

use axum::body::Body;
use axum::http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::BodyExt;
use serde_json::Value;
use tower::ServiceExt;

use super::App;

/// A request being put together.
pub struct Call {
    router: axum::Router,
    request: axum::http::request::Builder,
    body: Body,
}

/// What came back.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: String,
}

impl App {
    /// A request to a path such as `/v1/staff`.
    pub fn call(&self, method: Method, path: &str) -> Call {
        let request = Request::builder().method(method).uri(format!("/api{path}"));
        Call { router: self.router.clone(), request, body: Body::empty() }
    }

    pub fn get(&self, path: &str, token: &str) -> Call {
        self.call(Method::GET, path).token(token)
    }

    pub fn post(&self, path: &str, token: &str, body: &Value) -> Call {
        self.call(Method::POST, path).token(token).json(body)
    }

    pub fn patch(&self, path: &str, token: &str, body: &Value) -> Call {
        self.call(Method::PATCH, path).token(token).json(body)
    }

    pub fn put(&self, path: &str, token: &str, body: &Value) -> Call {
        self.call(Method::PUT, path).token(token).json(body)
    }

    pub fn delete(&self, path: &str, token: &str) -> Call {
        self.call(Method::DELETE, path).token(token)
    }
}

impl Call {
    pub fn token(self, token: &str) -> Self {
        self.header("authorization", &format!("Bearer {token}"))
    }

    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.request = self.request.header(name, value);
        self
    }

    pub fn json(self, body: &Value) -> Self {
        self.text(body.to_string())
    }

    /// A body that is said to be JSON and may not be.
    pub fn text(self, body: impl Into<Body>) -> Self {
        let mut call = self.header("content-type", "application/json");
        call.body = body.into();
        call
    }

    /// A body of no declared type.
    pub fn raw(mut self, body: impl Into<Body>) -> Self {
        self.body = body.into();
        self
    }

    pub async fn send(self) -> Answer {
        let response = self.router.oneshot(self.request.body(self.body).unwrap()).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        let body = String::from_utf8(bytes.to_vec()).unwrap();
        Answer { status: parts.status, headers: parts.headers, body }.sound()
    }

    /// Sends it and insists on a status.
    pub async fn expect(self, status: u16) -> Answer {
        let answer = self.send().await;
        assert_eq!(answer.status, status, "{}", answer.body);
        answer
    }
}

impl Answer {
    /// What every answer keeps to.
    fn sound(self) -> Self {
        assert!(!self.status.is_server_error() || self.status == StatusCode::SERVICE_UNAVAILABLE, "{self:?}");
        assert_eq!(self.header("cache-control"), "no-store");
        if self.status.is_client_error() {
            assert_eq!(self.header("content-type"), "application/problem+json");
            let problem = self.json();
            assert_eq!(problem["status"], self.status.as_u16());
            assert!(problem["type"].as_str().unwrap().starts_with("https://fasti.example/problems/"));
            assert!(!problem["title"].as_str().unwrap().is_empty());
        }
        self
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|e| panic!("{e}: {}", self.body))
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The last part of a problem's type.
    pub fn problem(&self) -> String {
        self.json()["type"].as_str().unwrap().rsplit('/').next().unwrap().to_owned()
    }

    /// The pointers of a problem's faults.
    pub fn pointers(&self) -> Vec<String> {
        let errors = self.json()["errors"].as_array().cloned().unwrap_or_default();
        errors.iter().map(|fault| fault["pointer"].as_str().unwrap().to_owned()).collect()
    }

    pub fn id(&self) -> String {
        self.json()["id"].as_str().unwrap().to_owned()
    }
}
