use std::any::Any;
use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Once};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, DefaultBodyLimit, Request};
use axum::response::Response;
use futures_util::TryFutureExt;
use futures_util::future::Either;
use hyper::body::Incoming;
use hyper::header::{self, HeaderName, HeaderValue};
use hyper::{Method, StatusCode, Version};
use tower::{Layer, Service};

use super::ServerOptions;
use super::access::Access;
use super::body::{Guarded, Progress};
use super::metrics::Requests;
use super::routes::{Room, Routes};
use crate::net::{ClientAddr, RequestId};

const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// Puts the one layer that every request passes in front of `router`.
///
/// It gives the request an id and the client's address ([`RequestId`] and [`ClientAddr`] in its extensions), refuses
/// what no route may see, bounds the body and the time, turns a panic into a 500, adds the headers that every answer
/// carries, logs one line and counts. [`super::serve`] does this itself; call it directly to test routes without a socket.
pub fn wrap(router: Router, options: &ServerOptions) -> Router {
    FrontLayer::new(options).around(router)
}

/// Routes with the layer in front of them.
pub(super) struct Wrapped {
    router: Router,
    room: Option<Front<Room>>,
}

impl Wrapped {
    pub(super) fn new(routes: Routes, options: &ServerOptions) -> Self {
        let front = FrontLayer::new(options);
        let room = routes.room.map(|room| Front { pattern: room.pattern, ..front.layer(room) });
        Self { router: front.around(routes.router), room }
    }

    /// Answers a request.
    pub(super) fn answer(
        &self,
        request: hyper::Request<Incoming>,
    ) -> impl Future<Output = Result<Response, Infallible>> + use<> {
        let answer = match &self.room {
            Some(room) if request.uri().path().starts_with(room.inner.prefix) => {
                Either::Left(room.clone().call(request.map(Body::new)))
            }
            _ => Either::Right(self.router.clone().call(request)),
        };
        answer.map_ok(|mut response| {
            // That of the stored answer, which is not at hand, or none (RFC 9110 §8.6). Routers say 0 to HEAD.
            if response.status() == StatusCode::NOT_MODIFIED {
                response.headers_mut().remove(header::CONTENT_LENGTH);
            }
            response
        })
    }
}

/// Set by the connection on a request with both `Content-Length` and `Transfer-Encoding`.
#[derive(Debug, Clone, Copy)]
pub(super) struct BothLengths;

#[derive(Clone)]
struct FrontLayer(Arc<Shared>);

struct Shared {
    requests: Requests,
    ids: Ids,
    options: ServerOptions,
    /// Says once that a proxy is not trusted.
    untrusted: Once,
}

impl FrontLayer {
    fn new(options: &ServerOptions) -> Self {
        Self(Arc::new(Shared {
            requests: Requests::default(),
            ids: Ids::new(),
            options: options.clone(),
            untrusted: Once::new(),
        }))
    }

    fn around(&self, router: Router) -> Router {
        // The layer of a router runs after the route is found, so that its pattern is known here.
        router.layer((self.clone(), DefaultBodyLimit::max(self.0.options.limits.body_bytes)))
    }
}

impl<S> Layer<S> for FrontLayer {
    type Service = Front<S>;

    fn layer(&self, inner: S) -> Front<S> {
        Front { inner, pattern: "", shared: self.0.clone() }
    }
}

#[derive(Clone)]
struct Front<S> {
    inner: S,
    /// That of all paths, where no router tells it.
    pattern: &'static str,
    shared: Arc<Shared>,
}

impl<S> Service<Request> for Front<S>
where
    S: Service<Request, Response = Response, Error = Infallible>,
    S::Future: Send + 'static,
{
    type Response = Response;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request) -> Self::Future {
        let shared = self.shared.clone();
        let id = shared.ids.of(&request);
        let client = shared.client(&request);
        let access = Access::begin(&request, client, self.pattern);
        if let Err((status, detail)) = acceptable(&request) {
            let response = closing(problem(status, detail, &id));
            return Box::pin(std::future::ready(Ok(shared.finish(response, &access, &id))));
        }
        request.extensions_mut().insert(client);
        request.extensions_mut().insert(id.clone());
        let limits = &shared.options.limits;
        let (head, body) = request.into_parts();
        let (body, progress) = Guarded::around(body, limits.largest_body_bytes, limits.body_timeout);
        let called = catch_unwind(AssertUnwindSafe(|| self.inner.call(Request::from_parts(head, body))));
        Box::pin(async move {
            let response = match called {
                Ok(answer) => answered(answer, shared.options.limits.request_timeout, progress, &id).await,
                Err(panic) => panicked(&*panic, &id),
            };
            Ok(shared.finish(response, &access, &id))
        })
    }
}

impl Shared {
    fn client(&self, request: &Request) -> ClientAddr {
        // Without a socket (a test that calls the router) nothing is known, and nothing is trusted.
        let peer = request.extensions().get::<ConnectInfo<std::net::SocketAddr>>();
        let Some(ConnectInfo(peer)) = peer else { return ClientAddr(std::net::Ipv4Addr::UNSPECIFIED.into()) };
        let proxies = &self.options.trusted_proxies;
        let forwarded = request.headers().get_all(X_FORWARDED_FOR);
        // From elsewhere anybody may write the header.
        let nearby = || peer.ip().to_canonical().is_loopback() && !proxies.contains(peer.ip().to_canonical());
        if forwarded.iter().next().is_some() && nearby() {
            self.untrusted.call_once(|| {
                tracing::warn!(
                    proxy = %peer.ip(),
                    "X-Forwarded-For of a proxy that trusted_proxies does not name: all behind it count as one client, \
                     so that failed logins of one stop the others"
                );
            });
        }
        ClientAddr::find(peer.ip(), forwarded.iter().map(HeaderValue::as_bytes), proxies)
    }

    /// What every answer gets, whoever made it.
    fn finish(&self, mut response: Response, access: &Access, id: &RequestId) -> Response {
        add_headers(&mut response, self.options.https);
        if let Ok(value) = HeaderValue::from_str(id.as_str()) {
            response.headers_mut().insert(X_REQUEST_ID, value);
        }
        access.end(&response, id, &self.requests);
        response
    }
}

/// Runs a handler to its answer, or to the answer that takes its place.
async fn answered(
    answer: impl Future<Output = Result<Response, Infallible>>,
    limit: Duration,
    progress: Option<Progress>,
    id: &RequestId,
) -> Response {
    let mut answer = pin!(answer);
    let caught = poll_fn(|cx| match catch_unwind(AssertUnwindSafe(|| answer.as_mut().poll(cx))) {
        Ok(polled) => polled.map(Ok),
        Err(panic) => Poll::Ready(Err(panic)),
    });
    let late = || problem(StatusCode::REQUEST_TIMEOUT, "The request's body did not arrive in time.", id);
    match tokio::time::timeout(limit, caught).await {
        Ok(Ok(Ok(response))) => match progress {
            // Whatever the handler made of the broken body, this is what happened.
            Some(progress) if progress.paused() && !response.status().is_success() => closing(late()),
            // What is not read cannot be told from the next request (RFC 9112 §9.3): the client has to know.
            Some(progress) if !progress.complete() => closing(response),
            _ => response,
        },
        Ok(Err(panic)) => panicked(&*panic, id),
        Err(_) if progress.is_some_and(|progress| !progress.complete()) => closing(late()),
        Err(_) => {
            tracing::error!(request_id = %id, limit_ms = limit.as_millis() as u64, "request took too long");
            problem(StatusCode::SERVICE_UNAVAILABLE, "The request took too long and was given up.", id)
        }
    }
}

/// What no route may see, by HTTP's own rules.
fn acceptable(request: &Request) -> Result<(), (StatusCode, &'static str)> {
    if matches!(*request.method(), Method::TRACE | Method::CONNECT) {
        return Err((StatusCode::NOT_IMPLEMENTED, "This method is not supported."));
    }
    if request.extensions().get::<BothLengths>().is_some() {
        return Err((StatusCode::BAD_REQUEST, "Content-Length and Transfer-Encoding exclude each other."));
    }
    // RFC 9112 §3.2: exactly one Host in HTTP/1.1. HTTP/2 has :authority instead, HTTP/1.0 need not say.
    let mut hosts = request.headers().get_all(header::HOST).iter();
    let (host, second) = (hosts.next(), hosts.next());
    if second.is_some() || (host.is_none() && request.version() == Version::HTTP_11) {
        return Err((StatusCode::BAD_REQUEST, "HTTP/1.1 requires exactly one Host header."));
    }
    if host.is_some_and(|host| !plausible_host(host.as_bytes())) {
        return Err((StatusCode::BAD_REQUEST, "The Host header does not name a host."));
    }
    Ok(())
}

/// Whether `host` has only what `uri-host [ ":" port ]` can have (RFC 9110 §7.2): no user, path or list.
fn plausible_host(host: &[u8]) -> bool {
    host.iter().all(|b| b.is_ascii_alphanumeric() || b".-_:[]%~!$&'()*+;=".contains(b))
}

/// An answer in the form of RFC 9457, for what no route answers itself.
pub(super) fn problem(status: StatusCode, detail: &str, id: &RequestId) -> Response {
    let body = serde_json::json!({
        "type": "about:blank",
        "title": status.canonical_reason().unwrap_or("Error"),
        "status": status.as_u16(),
        "detail": detail,
        "request_id": id.as_str(),
    });
    let mut response = Response::new(Body::from(body.to_string()));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    response
}

/// Ends an HTTP/1 connection after this answer: where the next request begins is not certain.
fn closing(mut response: Response) -> Response {
    response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    response
}

/// A panic is a defect: the log has what it said, the client only learns the id to ask about.
fn panicked(panic: &(dyn Any + Send), id: &RequestId) -> Response {
    let said = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    tracing::error!(request_id = %id, panic = said.unwrap_or("(no text)"), "a handler panicked");
    super::metrics::panicked();
    problem(
        StatusCode::INTERNAL_SERVER_ERROR,
        "Something went wrong here. It has been logged under the request's id.",
        id,
    )
}

/// The headers that every answer carries unless its route chose otherwise.
fn add_headers(response: &mut Response, https: bool) {
    // RFC 9110 §15.4.5: a 304 repeats only what updates the stored answer, and its route has set that.
    let unchanged = response.status() == StatusCode::NOT_MODIFIED;
    let headers = response.headers_mut();
    let mut default = |name: HeaderName, value: &'static str| {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    };
    default(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    default(header::REFERRER_POLICY, "no-referrer");
    if https {
        default(header::STRICT_TRANSPORT_SECURITY, "max-age=31536000");
    }
    if !unchanged {
        // Pages set their own policy; anything else is no page and must not act as one, nor be framed.
        default(header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'");
        // What may be kept says so itself; a forgotten header must not leave private data in a cache.
        default(header::CACHE_CONTROL, "no-store");
    }
}

/// Makes request ids: random per process, counted within it.
struct Ids {
    process: u64,
    next: AtomicU64,
}

impl Ids {
    fn new() -> Self {
        Self { process: rand::random(), next: AtomicU64::new(0) }
    }

    fn of(&self, request: &Request) -> RequestId {
        let sent = request.headers().get(X_REQUEST_ID).and_then(|sent| RequestId::accept(sent.as_bytes()));
        sent.unwrap_or_else(|| RequestId::number(self.process, self.next.fetch_add(1, Ordering::Relaxed)))
    }
}
