/// A key of the configuration.
#[derive(Debug, Clone, Copy)]
pub struct Key {
    /// Its name, dotted as TOML's tables are.
    pub name: &'static str,
    /// What its value is.
    pub kind: Kind,
    /// Whether it is secret, and so may be given as a file.
    pub secret: bool,
    /// What it means, its unit and its default, for those who run Fasti.
    pub about: &'static str,
}

/// What a value is, and how it is written in the environment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Text.
    Text,
    /// A whole number, not negative.
    Number,
    /// A time with its unit: `500ms`, `30s`, `15m`, `2h`, `1d`.
    Duration,
    /// Texts; in the environment separated by commas.
    List,
}

const fn key(name: &'static str, kind: Kind, about: &'static str) -> Key {
    Key { name, kind, secret: false, about }
}

const fn secret(name: &'static str, about: &'static str) -> Key {
    Key { name, kind: Kind::Text, secret: true, about }
}

/// Every key there is. One that does nothing is not here, and so is refused.
pub const KEYS: &[Key] = &[
    key("listen", Kind::Text, "HOST:PORT to accept connections on (127.0.0.1:8080)"),
    key("public_url", Kind::Text, "scheme and host under which people reach this server (http://LISTEN)"),
    key("data_dir", Kind::Text, "directory of the key and, by default, the database (./fasti-data)"),
    secret("database_url", "sqlite:///path/fasti.db or postgres://user@host/name (sqlite in data_dir)"),
    key("database.threads", Kind::Number, "threads with a connection each (SQLite: 2 to 4, PostgreSQL: 16)"),
    secret(
        "master_key",
        "32 bytes in hex or base64; secrets at rest depend on it (data_dir/master.key, made at first start)",
    ),
    key("trusted_proxies", Kind::List, "networks of the proxies whose X-Forwarded-For is believed (none)"),
    key("limits.connections", Kind::Number, "connections open at once (1024)"),
    key(
        "limits.connections_per_address",
        Kind::Number,
        "connections from one address or IPv6 /64; loopback and trusted proxies are exempt (64)",
    ),
    key(
        "limits.header_timeout",
        Kind::Duration,
        "time for a request's head, and between requests of an HTTP/1 connection (10s)",
    ),
    key(
        "limits.idle_timeout",
        Kind::Duration,
        "time without a byte after which a connection is closed; longer than limits.request_timeout (75s)",
    ),
    key("limits.request_timeout", Kind::Duration, "time for a request, to the head of its answer (30s)"),
    key("limits.body_timeout", Kind::Duration, "time that a request's body may pause (10s)"),
    key("limits.drain_timeout", Kind::Duration, "time for requests under way at shutdown (30s)"),
    key("limits.http2_streams", Kind::Number, "requests at once on one HTTP/2 connection (100)"),
    key(
        "limits.body_bytes",
        Kind::Number,
        "bytes of a request's body where its route has no limit of its own (1048576)",
    ),
    key("limits.largest_body_bytes", Kind::Number, "bytes of a request's body on any route (67108864)"),
    key(
        "setup.certificate",
        Kind::Text,
        "PEM file of the certificate that signs profiles for Apple's devices, then those of its issuers (none)",
    ),
    key("setup.key", Kind::Text, "PEM file of that certificate's key, RSA or ECDSA P-256 (none)"),
    key("log.format", Kind::Text, "text or json (text)"),
    key("log.filter", Kind::Text, "error, warn, info, debug, trace, or target=level pairs by comma (info)"),
    key("metrics.allow", Kind::List, "networks that may read /metrics besides this machine (none)"),
];

/// The key of that name.
pub(super) fn find(name: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.name == name)
}

/// The known name that looks most like `name`, if any looks like it at all.
pub(super) fn nearest(name: &str) -> Option<&'static str> {
    let score = |key: &Key| strsim::jaro_winkler(key.name, name);
    let best = KEYS.iter().max_by(|a, b| score(a).total_cmp(&score(b)))?;
    (score(best) > 0.8).then_some(best.name)
}
