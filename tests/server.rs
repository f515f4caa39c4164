//! The server room through real sockets: hostile framing, slow clients, shutdown, and what every answer carries.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::future::Future;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Extension, Request};
use axum::http::StatusCode;
use axum::routing::{any, get, post};
use fasti::net::{ClientAddr, Networks, RequestId};
use fasti::server::{self, Limits, Room, Routes, ServerOptions};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tower::ServiceExt;

/// Routes of every kind, with nothing behind them.
fn routes() -> Router {
    Router::new()
        .route("/", get(|| async { "hello" }))
        .route("/who", get(|Extension(client): Extension<ClientAddr>| async move { client.to_string() }))
        .route("/id", get(|Extension(id): Extension<RequestId>| async move { id.to_string() }))
        .route("/api/v1/ping", post(|body: Bytes| async move { body.len().to_string() }))
        .route("/large", post(|body: Bytes| async move { body.len().to_string() }).layer(DefaultBodyLimit::max(4000)))
        .route("/dav/{*rest}", any(|body: Bytes| async move { body.len().to_string() }))
        .route("/feeds/{token}", get(|| async { "BEGIN:VCALENDAR\r\n" }))
        .route("/panic", get(|| async { if true { panic!("planted") } else { "" } }))
        .route("/slow", get(|| async { tokio::time::sleep(Duration::from_millis(400)).await }))
        .route("/never", get(std::future::pending::<()>))
        .route("/unchanged", get(|| async { StatusCode::NOT_MODIFIED }))
        .route("/megabytes", get(|| async { vec![b'x'; 8 << 20] }))
}

/// The same routes once more, in a room of their own.
fn room() -> Room {
    let answer = |request: Request| async move {
        let (mut head, body) = request.into_parts();
        head.uri = head.uri.path().trim_start_matches("/room").parse().unwrap();
        routes().oneshot(Request::from_parts(head, body)).await.unwrap()
    };
    Room { prefix: "/room/", pattern: "/room/{*path}", handle: Arc::new(move |request| Box::pin(answer(request))) }
}

/// Limits short enough to wait for.
fn short() -> Limits {
    Limits {
        header_timeout: Duration::from_millis(300),
        idle_timeout: Duration::from_millis(1600),
        request_timeout: Duration::from_millis(1000),
        body_timeout: Duration::from_millis(400),
        drain_timeout: Duration::from_millis(1500),
        body_bytes: 1000,
        largest_body_bytes: 2000,
        ..Limits::default()
    }
}

fn options(limits: Limits) -> ServerOptions {
    ServerOptions { limits, ..ServerOptions::default() }
}

struct Server {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    done: JoinHandle<std::io::Result<()>>,
}

impl Server {
    async fn start(options: ServerOptions) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let router = routes().merge(server::operations(&options, || async { Ok(()) }));
        let done = tokio::spawn(async move {
            let routes = Routes { router, room: Some(room()) };
            server::serve(listener, routes, &options, async { stopped.await.unwrap_or(()) }).await
        });
        Self { address, stop: Some(stop), done }
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// Sends bytes as they are, and reads until the server closes or has been silent for a while.
    async fn raw(&self, bytes: &[u8]) -> Exchange {
        let mut stream = self.connect().await;
        // The server may refuse and close before all of it is sent.
        let sent = stream.write_all(bytes).await;
        let mut exchange = read(&mut stream, Duration::from_millis(700)).await;
        exchange.closed |= sent.is_err();
        exchange
    }

    async fn get(&self, path: &str, headers: &str) -> Exchange {
        let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{headers}\r\n");
        self.raw(request.as_bytes()).await
    }

    async fn healthy(&self) -> bool {
        self.get("/", "").await.status() == 200
    }

    /// Like [`Self::raw`], but waits for the close and says how long it took.
    async fn until_closed(&self, bytes: &[u8]) -> (Exchange, Duration) {
        let mut stream = self.connect().await;
        let started = Instant::now();
        stream.write_all(bytes).await.unwrap();
        let exchange = read(&mut stream, Duration::from_secs(10)).await;
        assert!(exchange.closed, "still open: {exchange:?}");
        (exchange, started.elapsed())
    }
}

#[derive(Debug)]
struct Exchange {
    answer: String,
    closed: bool,
}

impl Exchange {
    fn status(&self) -> u16 {
        self.answer.get(9..12).and_then(|digits| digits.parse().ok()).unwrap_or(0)
    }

    fn header(&self, name: &str) -> Option<&str> {
        let head = self.answer.split("\r\n\r\n").next()?;
        let lines = head.lines().filter_map(|line| line.split_once(": "));
        lines.into_iter().find(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    fn body(&self) -> &str {
        self.answer.split_once("\r\n\r\n").map_or("", |(_, body)| body)
    }
}

async fn read(stream: &mut TcpStream, patience: Duration) -> Exchange {
    let mut bytes = Vec::new();
    let mut chunk = [0; 65536];
    let closed = loop {
        match tokio::time::timeout(patience, stream.read(&mut chunk)).await {
            Ok(Ok(0) | Err(_)) => break true,
            Ok(Ok(n)) => bytes.extend_from_slice(&chunk[..n]),
            Err(_) => break false,
        }
    };
    Exchange { answer: String::from_utf8_lossy(&bytes).into_owned(), closed }
}

/// The shared collection of hostile inputs, or `None` with a word why where there is none.
fn hostile(file: &str) -> Option<Vec<u8>> {
    let shared = std::env::var_os("FASTI_SHARED")
        .map_or_else(|| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../shared")), PathBuf::from);
    let path = shared.join("hostile").join(file);
    if !path.exists() {
        eprintln!("skipped: {} is not here (FASTI_SHARED names the folder)", path.display());
        return None;
    }
    let bytes = std::fs::read(&path).unwrap();
    let mut text = if file.ends_with(".gz") {
        let mut text = Vec::new();
        std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(&bytes[..]), &mut text).unwrap();
        text
    } else {
        bytes
    };
    for (placeholder, value) in [("{{HOST}}", "localhost"), ("{{CAL_A}}", "/dav/a/"), ("{{OBJ_A}}", "/dav/a/x.ics")] {
        text = replace(&text, placeholder, value);
    }
    for (placeholder, value) in [("{{BASIC_A}}", "YTpi"), ("{{SESSION_A}}", "s"), ("{{FEED_A}}", "/feeds/t.ics")] {
        text = replace(&text, placeholder, value);
    }
    Some(text)
}

fn replace(text: &[u8], placeholder: &str, value: &str) -> Vec<u8> {
    // The cases are ASCII, which is UTF-8.
    String::from_utf8(text.to_vec()).unwrap().replace(placeholder, value).into_bytes()
}

#[tokio::test]
async fn hostile_requests_get_what_they_must() {
    let server = Server::start(options(Limits { largest_body_bytes: 1 << 20, ..short() })).await;
    for (file, statuses, must_close) in [
        ("http_cl_te.http", &[400][..], true),
        ("http_te_te.http", &[400], true),
        ("http_cl_plus.http", &[400], true),
        ("http_chunk_overflow.http", &[400], true),
        ("http_two_hosts.http", &[400], false),
        ("http_header_flood.http", &[400, 431], false),
        ("http_trace.http", &[405, 501], false),
        ("http_basic_1mb.http.gz", &[400, 431], false),
        ("http_h2c_upgrade.http", &[200], false),
        ("http_method_override.http", &[200], false),
        ("http_range_bomb.http", &[200, 416], false),
        ("http_slow_body.http", &[408], true),
    ] {
        let Some(bytes) = hostile(file) else { return };
        let exchange = server.raw(&bytes).await;
        assert!(statuses.contains(&exchange.status()), "{file}: {}", exchange.answer);
        assert!(exchange.closed || !must_close, "{file} left the connection open");
        assert!(!exchange.answer.contains("VCALENDAR\r\nBEGIN"), "{file} multiplied the body");
        assert!(server.healthy().await, "after {file}");
    }
}

#[tokio::test]
async fn framing_that_hyper_would_let_pass_is_refused() {
    let server = Server::start(options(short())).await;
    for (request, status) in [
        (
            "POST /api/v1/ping HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n",
            400,
        ),
        ("GET / HTTP/1.1\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a, b\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: user@evil.example\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: evil.example/path\r\n\r\n", 400),
        ("CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example\r\n\r\n", 501),
        ("GET / HTTP/1.1\r\nHost: [::1]:8080\r\n\r\n", 200),
        ("GET / HTTP/1.0\r\n\r\n", 200),
        ("POST /api/v1/ping HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", 200),
    ] {
        let exchange = server.raw(request.as_bytes()).await;
        assert_eq!(exchange.status(), status, "{request:?}: {}", exchange.answer);
    }
    // Nothing smuggled: the second request in the same bytes is never answered.
    let smuggled = "POST /api/v1/ping HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n\
                    0\r\n\r\nGET /who HTTP/1.1\r\nHost: x\r\n\r\n";
    let exchange = server.raw(smuggled.as_bytes()).await;
    assert_eq!(exchange.answer.matches("HTTP/1.1 ").count(), 1, "{}", exchange.answer);
}

#[tokio::test]
async fn slow_clients_are_closed() {
    let server = Server::start(options(short())).await;
    let head = "POST /api/v1/ping HTTP/1.1\r\nHost: x\r\nContent-Length: 900\r\n\r\n";
    for (what, sent, limit_ms, status) in [
        ("nothing at all", "", 300, 0),
        ("half a head", "GET / HTTP/1.1\r\nHost:", 300, 0),
        ("half an HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nS", 1600, 0),
        ("an HTTP/2 preface and no more", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 1600, 0),
        ("kept alive", "GET / HTTP/1.1\r\nHost: x\r\n\r\n", 300, 200),
        ("a body that stops", head, 400, 408),
        ("a handler that never answers", "GET /never HTTP/1.1\r\nHost: x\r\n\r\n", 1000, 503),
        ("a room that never answers", "GET /room/never HTTP/1.1\r\nHost: x\r\n\r\n", 1000, 503),
    ] {
        let (exchange, took) = server.until_closed(sent.as_bytes()).await;
        let (least, most) = (Duration::from_millis(limit_ms), Duration::from_millis(limit_ms * 2 + 1500));
        assert!(took + Duration::from_millis(20) >= least && took < most, "{what}: {took:?}");
        assert!([0, status].contains(&exchange.status()), "{what}: {}", exchange.answer);
        assert!(status == 0 || exchange.status() == status, "{what}: {}", exchange.answer);
    }
}

#[tokio::test]
async fn a_body_in_drips_is_given_up() {
    let server = Server::start(options(short())).await;
    let mut stream = server.connect().await;
    stream.write_all(b"POST /api/v1/ping HTTP/1.1\r\nHost: x\r\nContent-Length: 900\r\n\r\n").await.unwrap();
    let started = Instant::now();
    while started.elapsed() < Duration::from_millis(1500) {
        if stream.write_all(b"x").await.is_err() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let exchange = read(&mut stream, Duration::from_secs(1)).await;
    assert_eq!(exchange.status(), 408, "{}", exchange.answer);
    assert!(exchange.closed);
}

#[tokio::test]
async fn a_client_that_never_reads_is_closed() {
    let server = Server::start(options(short())).await;
    let mut stream = server.connect().await;
    stream.write_all("GET /megabytes HTTP/1.1\r\nHost: x\r\n\r\n".repeat(20).as_bytes()).await.unwrap();
    tokio::time::sleep(Duration::from_millis(3200)).await;
    let mut all = Vec::new();
    let ended = tokio::time::timeout(Duration::from_secs(5), stream.read_to_end(&mut all)).await;
    assert!(ended.is_ok(), "the server still holds the connection");
    assert!(all.len() < 20 * (8 << 20), "everything was sent");
}

#[tokio::test]
async fn bodies_are_bounded() {
    let server = Server::start(options(short())).await;
    for (path, length, status) in [
        ("/api/v1/ping", 1000, 200),
        ("/api/v1/ping", 1001, 413),
        // The route allows 4000, the house only 2000.
        ("/large", 2000, 200),
        ("/large", 2001, 413),
        ("/room/large", 2000, 200),
        ("/room/large", 2001, 413),
    ] {
        let body = "x".repeat(length);
        let request = format!("POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n{body}");
        assert_eq!(server.raw(request.as_bytes()).await.status(), status, "{path} {length}");
        let request = format!(
            "POST {path} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n{length:x}\r\n{body}\r\n0\r\n\r\n"
        );
        assert_eq!(server.raw(request.as_bytes()).await.status(), status, "{path} {length} chunked");
    }
}

#[tokio::test]
async fn every_answer_has_an_id_and_the_safe_headers() {
    let server = Server::start(ServerOptions { https: true, ..options(short()) }).await;
    let mut ids = std::collections::HashSet::new();
    for (path, status) in [
        ("/", 200),
        ("/nowhere", 404),
        ("/api/v1/ping", 405),
        ("/panic", 500),
        ("/healthz", 200),
        ("/room/", 200),
        ("/room/panic", 500),
    ] {
        let exchange = server.get(path, "").await;
        assert_eq!(exchange.status(), status, "{path}");
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "no-referrer"),
            ("strict-transport-security", "max-age=31536000"),
            ("content-security-policy", "default-src 'none'; frame-ancestors 'none'"),
            ("cache-control", "no-store"),
        ] {
            assert_eq!(exchange.header(name), Some(value), "{path}");
        }
        assert!(ids.insert(exchange.header("x-request-id").unwrap().to_owned()));
    }
    for place in ["", "/room"] {
        let panicked = server.get(&format!("{place}/panic"), "").await;
        assert_eq!(panicked.header("content-type"), Some("application/problem+json"));
        assert!(!panicked.answer.contains("planted"), "{}", panicked.answer);

        let id = format!("{place}/id");
        assert_eq!(server.get(&id, "X-Request-Id: from-the-proxy-1\r\n").await.body(), "from-the-proxy-1");
        assert_ne!(server.get(&id, "X-Request-Id: a b\r\n").await.body(), "a b");
    }
}

/// RFC 9110 §8.6: the length it would say is that of the answer the client has, and that is not 0.
#[tokio::test]
async fn a_304_says_no_length() {
    let server = Server::start(options(short())).await;
    for (method, path) in [("GET", "/"), ("HEAD", "/"), ("GET", "/room/"), ("HEAD", "/room/")] {
        let request = format!("{method} {path}unchanged HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        let exchange = server.raw(request.as_bytes()).await;
        assert_eq!((exchange.status(), exchange.header("content-length")), (304, None), "{method} {path}");
    }
    let head = server.raw(b"HEAD /megabytes HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await;
    assert_eq!(head.header("content-length"), Some("8388608"));
}

#[tokio::test]
async fn the_client_behind_a_proxy_is_found() {
    let direct = Server::start(options(short())).await;
    assert_eq!(direct.get("/who", "X-Forwarded-For: 203.0.113.1\r\n").await.body(), "127.0.0.1");
    let trusted_proxies = Networks::parse(&["127.0.0.1"]).unwrap();
    let behind = Server::start(ServerOptions { trusted_proxies, ..options(short()) }).await;
    for path in ["/who", "/room/who"] {
        assert_eq!(behind.get(path, "X-Forwarded-For: 1.1.1.1, 203.0.113.1\r\n").await.body(), "203.0.113.1");
    }
}

#[tokio::test]
async fn metrics_are_for_the_operator() {
    server::metrics::install().unwrap();
    let server = Server::start(options(short())).await;
    assert!(server.healthy().await);
    server.get("/feeds/secret-token.ics", "").await;
    server.get("/room/who", "").await;
    let metrics = server.get("/metrics", "").await;
    assert_eq!(metrics.status(), 200);
    assert!(
        metrics.body().contains("fasti_http_requests_total{route=\"/\",method=\"GET\",status=\"200\"}"),
        "{metrics:?}"
    );
    assert!(metrics.body().contains("{route=\"/room/{*path}\",method=\"GET\",status=\"200\"}"), "{metrics:?}");
    assert!(metrics.body().contains("fasti_http_request_duration_seconds_bucket"), "{metrics:?}");
    assert!(metrics.body().contains("fasti_http_connections_open"), "{metrics:?}");
    assert!(!metrics.body().contains("secret-token"));
    // Through a proxy that nobody declared, the whole world would look local.
    assert_eq!(server.get("/metrics", "X-Forwarded-For: 203.0.113.1\r\n").await.status(), 404);

    let trusted_proxies = Networks::parse(&["127.0.0.1"]).unwrap();
    let metrics_allow = Networks::parse(&["192.0.2.0/24"]).unwrap();
    let behind = Server::start(ServerOptions { trusted_proxies, metrics_allow, ..options(short()) }).await;
    assert_eq!(behind.get("/metrics", "X-Forwarded-For: 203.0.113.1\r\n").await.status(), 404);
    assert_eq!(behind.get("/metrics", "X-Forwarded-For: 192.0.2.9\r\n").await.status(), 200);
}

#[tokio::test]
async fn readiness_is_what_the_check_says() {
    for (check, status) in [(Ok(()), 200), (Err("the database is away".to_owned()), 503)] {
        let options = options(short());
        let router = server::operations(&options, move || {
            let check = check.clone();
            async move { check }
        });
        let answer = call(server::wrap(router, &options), "/readyz").await;
        assert_eq!(answer.0, status);
        assert!(!answer.1.contains("database"), "{}", answer.1);
    }
    let options = options(Limits::default());
    let never = server::operations(&options, std::future::pending::<Result<(), String>>);
    assert_eq!(call(server::wrap(never, &options), "/readyz").await.0, 503);
}

/// Calls a router without a socket.
async fn call(mut router: Router, path: &str) -> (u16, String) {
    let request =
        axum::extract::Request::builder().uri(path).header("host", "x").body(axum::body::Body::empty()).unwrap();
    let response = tower::Service::call(&mut router, request).await.unwrap();
    let status = response.status().as_u16();
    let body = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
    (status, String::from_utf8_lossy(&body).into_owned())
}

#[tokio::test]
async fn connections_beyond_the_cap_wait_for_a_place() {
    let server = Server::start(options(Limits { connections: 3, ..short() })).await;
    let mut silent = Vec::new();
    for _ in 0..6 {
        silent.push(server.connect().await);
    }
    // The silent ones are thrown out after the header timeout, twice three of them; then there is room.
    let started = Instant::now();
    let mut stream = server.connect().await;
    stream.write_all(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await.unwrap();
    assert_eq!(read(&mut stream, Duration::from_secs(5)).await.status(), 200);
    assert!(started.elapsed() > Duration::from_millis(500), "the cap did not hold: {:?}", started.elapsed());
}

#[tokio::test]
async fn shutdown_finishes_what_is_under_way() {
    let mut server = Server::start(options(short())).await;
    let mut slow = server.connect().await;
    slow.write_all(b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;
    server.stop.take().unwrap().send(()).unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(TcpStream::connect(server.address).await.is_err(), "new connections are refused");
    let exchange = read(&mut slow, Duration::from_secs(3)).await;
    assert_eq!(exchange.status(), 200);
    assert!(exchange.closed);
    server.done.await.unwrap().unwrap();
}

#[tokio::test]
async fn shutdown_does_not_wait_for_ever() {
    let mut server = Server::start(options(Limits { request_timeout: Duration::from_secs(60), ..short() })).await;
    let mut stuck = server.connect().await;
    stuck.write_all(b"GET /never HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;
    let started = Instant::now();
    server.stop.take().unwrap().send(()).unwrap();
    server.done.await.unwrap().unwrap();
    assert!(started.elapsed() < Duration::from_millis(2500), "{:?}", started.elapsed());
}

#[tokio::test]
async fn http2_is_spoken() {
    let server = Server::start(options(short())).await;
    let mut stream = server.connect().await;
    // RFC 9113: the preface, empty SETTINGS, then HEADERS that end stream 1: GET http / with :authority x in HPACK.
    let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
    let headers = b"\0\0\x06\x01\x05\0\0\0\x01\x82\x86\x84\x41\x01x";
    stream.write_all(&[&preface[..], &headers[..]].concat()).await.unwrap();
    let status = loop {
        let mut frame = [0; 9];
        stream.read_exact(&mut frame).await.unwrap();
        let mut payload = vec![0; usize::from(u16::from_be_bytes([frame[1], frame[2]]))];
        stream.read_exact(&mut payload).await.unwrap();
        if frame[3] == 1 {
            break payload[0];
        }
    };
    assert_eq!(status, 0x88, ":status 200 is entry 8 of HPACK's static table (RFC 7541, appendix A)");
}

#[tokio::test]
async fn the_health_check_tells_well_from_ill() {
    let server = Server::start(options(short())).await;
    let ask = |listen: String| {
        tokio::task::spawn_blocking(move || server::healthcheck::check(&listen, Duration::from_secs(2)))
    };
    ask(server.address.to_string()).await.unwrap().unwrap();
    ask(format!("0.0.0.0:{}", server.address.port())).await.unwrap().unwrap();
    assert!(ask("127.0.0.1:1".to_owned()).await.unwrap().is_err());
}

/// Compiles only while the future of `serve` can be spawned.
#[allow(dead_code)]
fn serve_can_be_spawned(listener: TcpListener, options: &'static ServerOptions) -> impl Future + Send + 'static {
    server::serve(listener, Router::new(), options, std::future::pending())
}
