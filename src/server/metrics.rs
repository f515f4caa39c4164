//! What the server counts, and the recorder that Prometheus reads.

use std::collections::HashMap;
use std::sync::{OnceLock, PoisonError, RwLock};
use std::time::Duration;

use hyper::Method;
use metrics::{Counter, Histogram, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};

/// One recorder a process: that is how the `metrics` crate works, and several servers in one test share it.
static RECORDER: OnceLock<Option<PrometheusHandle>> = OnceLock::new();

/// Upper bounds of the duration histogram, in seconds: a feed answers in well under a millisecond, a report of a
/// year in tens of them.
const BUCKETS: [f64; 12] = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0, 30.0];

/// Samples wait in memory until someone reads them; this is how often that is done when nobody scrapes.
const UPKEEP_EVERY: Duration = Duration::from_secs(5);

/// A recorder that is not this one is in place already.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("another recorder of metrics is installed in this process")]
pub struct AnotherRecorder;

/// Installs the process's recorder. Until then, and without it, counting does nothing. Calling it again is harmless.
///
/// # Errors
/// [`AnotherRecorder`] when something else in the process has installed its own.
pub fn install() -> Result<(), AnotherRecorder> {
    let recorder = RECORDER.get_or_init(|| {
        // Refused only for an empty list of buckets.
        let recorder = PrometheusBuilder::new().set_buckets(&BUCKETS).ok()?.build_recorder();
        let handle = recorder.handle();
        metrics::set_global_recorder(recorder).ok()?;
        describe();
        Some(handle)
    });
    recorder.as_ref().map(|_| ()).ok_or(AnotherRecorder)
}

fn recorder() -> Option<&'static PrometheusHandle> {
    RECORDER.get().and_then(Option::as_ref)
}

fn describe() {
    describe_counter!("fasti_http_requests_total", "Requests answered, by route pattern, method and status.");
    describe_histogram!("fasti_http_request_duration_seconds", "From a request's head to the head of its answer.");
    describe_gauge!("fasti_http_connections_open", "Connections open now.");
    describe_counter!("fasti_http_connections_refused_total", "Connections refused by the cap per address.");
    describe_counter!("fasti_http_panics_total", "Handlers that panicked: every one is a defect.");
}

/// Everything counted so far in Prometheus' text format, or `None` without a recorder.
pub(super) fn render() -> Option<String> {
    recorder().map(PrometheusHandle::render)
}

/// Never ready: keeps the recorder's memory bounded.
pub(super) async fn upkeep() {
    let mut ticks = tokio::time::interval(UPKEEP_EVERY);
    loop {
        ticks.tick().await;
        if let Some(recorder) = recorder() {
            recorder.run_upkeep();
        }
    }
}

pub(super) fn refused_connection() {
    counter!("fasti_http_connections_refused_total").increment(1);
}

/// Units of work that wait for the database.
pub(super) fn store_queue(reading: usize, writing: usize) {
    gauge!("fasti_store_queue", "kind" => "read").set(reading as f64);
    gauge!("fasti_store_queue", "kind" => "write").set(writing as f64);
}

pub(super) fn panicked() {
    counter!("fasti_http_panics_total").increment(1);
}

/// Counts one connection as open for as long as it lives.
pub(super) struct OpenConnection;

impl OpenConnection {
    pub(super) fn new() -> Self {
        gauge!("fasti_http_connections_open").increment(1.0);
        Self
    }
}

impl Drop for OpenConnection {
    fn drop(&mut self) {
        gauge!("fasti_http_connections_open").decrement(1.0);
    }
}

/// The meters of requests, kept so that counting one costs two look-ups instead of building its labels.
#[derive(Default)]
pub(super) struct Requests(RwLock<HashMap<Box<str>, ByMethodAndStatus>>);

type ByMethodAndStatus = HashMap<(&'static str, u16), (Counter, Histogram)>;

impl Requests {
    /// Counts a request to the route with this pattern (empty: none matched).
    pub(super) fn record(&self, method: &Method, route: &str, status: u16, took: Duration) {
        let key = (method_label(method), status);
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        if let Some((count, duration)) = known.get(route).and_then(|route| route.get(&key)) {
            count.increment(1);
            duration.record(took.as_secs_f64());
            return;
        }
        drop(known);
        let label = if route.is_empty() { "none" } else { route };
        let labels = [("route", label.to_owned()), ("method", key.0.to_owned()), ("status", status.to_string())];
        let count = counter!("fasti_http_requests_total", &labels);
        let duration = histogram!("fasti_http_request_duration_seconds", &labels);
        count.increment(1);
        duration.record(took.as_secs_f64());
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        known.entry(route.into()).or_default().insert(key, (count, duration));
    }
}

/// The methods Fasti knows; any other shares one label, or clients could make labels without end.
fn method_label(method: &Method) -> &'static str {
    const KNOWN: [&str; 17] = [
        "GET",
        "HEAD",
        "PUT",
        "PROPFIND",
        "REPORT",
        "POST",
        "PATCH",
        "DELETE",
        "OPTIONS",
        "MKCALENDAR",
        "MKCOL",
        "PROPPATCH",
        "COPY",
        "MOVE",
        "ACL",
        "LOCK",
        "UNLOCK",
    ];
    KNOWN.iter().find(|known| **known == method.as_str()).copied().unwrap_or("other")
}
