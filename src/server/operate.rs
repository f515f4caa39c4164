use std::future::Future;
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::extract::{ConnectInfo, Extension, Request};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use hyper::StatusCode;
use hyper::header::{self, HeaderMap};

use super::front::problem;
use super::{ServerOptions, metrics};
use crate::net::{ClientAddr, Networks, RequestId};

/// How long the check of `/readyz` may take before "not ready" is the answer.
const READY_LIMIT: Duration = Duration::from_secs(2);

/// The routes for those who operate the server.
///
/// - `/healthz`: 200 while the process answers at all. It asks nothing else, so that a slow database does not get
///   every instance restarted.
/// - `/readyz`: 200 when `ready` says so within two seconds, else 503; its reason goes to the log, not to the client.
/// - `/metrics`: Prometheus' text format, for this machine and [`ServerOptions::metrics_allow`] only; 404 for others.
pub fn operations<Check, Ready>(options: &ServerOptions, ready: Check) -> Router
where
    Check: Fn() -> Ready + Clone + Send + Sync + 'static,
    Ready: Future<Output = Result<(), String>> + Send + 'static,
{
    let reader = Readers { allow: options.metrics_allow.clone(), proxies: options.trusted_proxies.clone() };
    Router::new()
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(move |Extension(id): Extension<RequestId>| readiness(ready(), id)))
        .route("/metrics", get(move |request: Request| async move { exposition(&reader, &request) }))
}

async fn readiness(check: impl Future<Output = Result<(), String>>, id: RequestId) -> Response {
    let reason = match tokio::time::timeout(READY_LIMIT, check).await {
        Ok(Ok(())) => return "ready\n".into_response(),
        Ok(Err(reason)) => reason,
        Err(_) => "the check did not answer in time".to_owned(),
    };
    tracing::warn!(request_id = %id, reason, "not ready");
    problem(StatusCode::SERVICE_UNAVAILABLE, "Not ready.", &id)
}

/// Who may read the metrics.
#[derive(Clone)]
struct Readers {
    allow: Networks,
    proxies: Networks,
}

impl Readers {
    fn may(&self, client: ClientAddr, peer: Option<SocketAddr>, headers: &HeaderMap) -> bool {
        let Some(peer) = peer else { return false };
        // A proxy on this machine that nobody declared as trusted would make the whole world look local.
        let relayed = ["x-forwarded-for", "x-real-ip", "forwarded", "via"].iter().any(|it| headers.contains_key(*it));
        if relayed && !self.proxies.contains(peer.ip()) {
            return false;
        }
        client.0.is_loopback() || self.allow.contains(client.0)
    }
}

fn exposition(readers: &Readers, request: &Request) -> Response {
    let client = request.extensions().get::<ClientAddr>().copied();
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|info| info.0);
    let allowed = client.is_some_and(|client| readers.may(client, peer, request.headers()));
    match metrics::render().filter(|_| allowed) {
        Some(text) => ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text).into_response(),
        // As any path that does not exist.
        None => StatusCode::NOT_FOUND.into_response(),
    }
}
