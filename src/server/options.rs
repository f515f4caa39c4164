use std::time::Duration;

use crate::net::Networks;

/// What the server needs to know, besides its routes.
#[derive(Debug, Clone, Default)]
pub struct ServerOptions {
    /// The brakes on clients.
    pub limits: Limits,
    /// The proxies whose `X-Forwarded-For` is believed; also exempt from the cap per address.
    pub trusted_proxies: Networks,
    /// Who may read `/metrics`, besides this machine itself.
    pub metrics_allow: Networks,
    /// Whether people reach this server by https, so that answers may say so (RFC 6797).
    pub https: bool,
}

/// The brakes on clients, honest or not.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Connections open at once; more wait in the kernel's queue.
    pub connections: usize,
    /// Connections open at once from one address (IPv6: one /64). Loopback and trusted proxies are exempt.
    pub connections_per_address: usize,
    /// How long a client may take over the head of a request, and how long a kept-alive HTTP/1 connection may wait
    /// for its next one.
    pub header_timeout: Duration,
    /// How long a connection may live without a byte in either direction. Longer than `request_timeout`, or slow
    /// answers would be cut off.
    pub idle_timeout: Duration,
    /// How long a request may take, from its head to the head of its answer.
    pub request_timeout: Duration,
    /// How long a request's body may pause.
    pub body_timeout: Duration,
    /// How long requests that are under way at shutdown may take to finish.
    pub drain_timeout: Duration,
    /// Requests under way at once on one HTTP/2 connection.
    pub http2_streams: u32,
    /// Bytes of an HTTP/2 header list (RFC 9113 §6.5.2).
    pub http2_header_bytes: u32,
    /// Bytes of an HTTP/1 request head, and of the buffer that a connection reads into; 8192 at least.
    pub http1_head_bytes: usize,
    /// Bytes of a request's body where the route does not say otherwise with its own
    /// [`axum::extract::DefaultBodyLimit`].
    pub body_bytes: usize,
    /// Bytes of a request's body that no route may exceed, whatever it reads the body with.
    pub largest_body_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 1024,
            connections_per_address: 64,
            header_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(75),
            request_timeout: Duration::from_secs(30),
            body_timeout: Duration::from_secs(10),
            drain_timeout: Duration::from_secs(30),
            http2_streams: 100,
            http2_header_bytes: 16 * 1024,
            http1_head_bytes: 64 * 1024,
            body_bytes: 1024 * 1024,
            largest_body_bytes: 64 * 1024 * 1024,
        }
    }
}
