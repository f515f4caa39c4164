use std::collections::HashMap;
use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::extract::ConnectInfo;
use hyper::Request;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;

use super::front::{BothLengths, Wrapped};
use super::meter::{Meter, Metered};
use super::{Limits, Routes, ServerOptions, metrics};
use crate::net::{ClientAddr, Networks};

/// How long to wait after the kernel refused to hand over a connection (too many open files, no memory): such an
/// error repeats at once and would spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(500);

/// Serves `routes`, behind one layer for all requests, until `shutdown` is ready and what was under way is done.
///
/// HTTP/1.1 and HTTP/2 with prior knowledge. After `shutdown` no connection is accepted, idle ones are closed and
/// requests under way get [`drain_timeout`](super::Limits::drain_timeout).
///
/// # Errors
/// When the listener itself is unusable. A failing connection is not an error of the server.
pub async fn serve(
    listener: TcpListener,
    routes: impl Into<Routes>,
    options: &ServerOptions,
    shutdown: impl Future<Output = ()>,
) -> io::Result<()> {
    let limits = &options.limits;
    let local = listener.local_addr()?;
    let routes = Wrapped::new(routes.into(), options);
    let house = Arc::new(House { builder: builder(options), routes, limits: limits.clone() });
    let addresses = Arc::new(Addresses::new(limits.connections_per_address, options.trusted_proxies.clone()));
    let permits = Arc::new(Semaphore::new(limits.connections));
    let graceful = GracefulShutdown::new();
    let mut tasks = JoinSet::new();
    tasks.spawn(metrics::upkeep());
    let mut shutdown = pin!(shutdown);
    tracing::info!(address = %local, "listening");
    loop {
        let (permit, stream, peer) = tokio::select! {
            () = &mut shutdown => break,
            next = next_connection(&listener, &permits) => next,
            Some(_) = tasks.join_next() => continue,
        };
        match Place::take(&addresses, peer.ip()) {
            Some(place) => {
                tasks.spawn(connection(house.clone(), stream, peer, graceful.watcher(), (permit, place)));
            }
            None => metrics::refused_connection(),
        }
    }
    drop(listener);
    tracing::info!(connections = graceful.count(), "shutting down");
    if tokio::time::timeout(limits.drain_timeout, graceful.shutdown()).await.is_err() {
        tracing::warn!("requests still under way after the time to finish were cut off");
    }
    tasks.shutdown().await;
    Ok(())
}

/// Ready once the process is asked to end: SIGTERM (service managers, container engines) or SIGINT (Ctrl-C).
///
/// # Errors
/// When no signal handler can be installed.
pub fn shutdown_signal() -> io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

/// What every connection shares.
struct House {
    builder: Builder<TokioExecutor>,
    routes: Wrapped,
    limits: Limits,
}

fn builder(options: &ServerOptions) -> Builder<TokioExecutor> {
    let limits = &options.limits;
    let mut builder = Builder::new(TokioExecutor::new());
    // Without a timer hyper's timeouts are silently inert.
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.header_timeout)
        .max_buf_size(limits.http1_head_bytes.max(8192));
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(limits.http2_streams)
        .max_header_list_size(limits.http2_header_bytes);
    builder
}

/// The permit comes before the accept: past the cap, connections wait in the kernel and cost nothing here.
async fn next_connection(
    listener: &TcpListener,
    permits: &Arc<Semaphore>,
) -> (OwnedSemaphorePermit, TcpStream, SocketAddr) {
    let permit = match permits.clone().acquire_owned().await {
        Ok(permit) => permit,
        // The semaphore is never closed.
        Err(_) => std::future::pending().await,
    };
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => return (permit, stream, peer),
            Err(error) if gone_before_accept(&error) => {}
            Err(error) => {
                tracing::warn!(%error, "cannot accept connections");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

fn gone_before_accept(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

async fn connection(
    house: Arc<House>,
    stream: TcpStream,
    peer: SocketAddr,
    watcher: Watcher,
    _held: (OwnedSemaphorePermit, Place),
) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "connection closed before its first request");
        return;
    }
    let _open = metrics::OpenConnection::new();
    let meter = Arc::new(Meter::default());
    let service = service_fn(|mut request: Request<Incoming>| {
        if request.headers().contains_key(hyper::header::TRANSFER_ENCODING) && meter.saw_both_lengths() {
            request.extensions_mut().insert(BothLengths);
        }
        request.extensions_mut().insert(ConnectInfo(peer));
        house.routes.answer(request)
    });
    let io = TokioIo::new(Metered::new(stream, meter.clone()));
    let limits = &house.limits;
    let exchange = watcher.watch(house.builder.serve_connection(io, service));
    tokio::select! {
        done = exchange => if let Err(error) = done {
            tracing::debug!(%error, "connection ended");
        },
        () = meter.silence(limits.header_timeout, limits.idle_timeout) => {
            tracing::debug!("silent connection closed");
        }
    }
}

/// How many connections each network has open.
struct Addresses {
    cap: usize,
    exempt: Networks,
    open: Mutex<HashMap<IpAddr, usize>>,
}

impl Addresses {
    fn new(cap: usize, exempt: Networks) -> Self {
        Self { cap, exempt, open: Mutex::default() }
    }

    fn open(&self) -> MutexGuard<'_, HashMap<IpAddr, usize>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One connection's entry in [`Addresses`], given back on drop; exempt ones have none.
struct Place(Option<(Arc<Addresses>, IpAddr)>);

impl Place {
    /// `None` when the client's network has as many connections as it may.
    fn take(addresses: &Arc<Addresses>, peer: IpAddr) -> Option<Self> {
        let peer = peer.to_canonical();
        if peer.is_loopback() || addresses.exempt.contains(peer) {
            return Some(Self(None));
        }
        let network = ClientAddr(peer).network();
        let mut open = addresses.open();
        let count = open.entry(network).or_default();
        if *count >= addresses.cap {
            return None;
        }
        *count += 1;
        Some(Self(Some((addresses.clone(), network))))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let Some((addresses, network)) = &self.0 else { return };
        let mut open = addresses.open();
        if let Some(count) = open.get_mut(network) {
            *count -= 1;
            if *count == 0 {
                open.remove(network);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_network_has_so_many_connections_and_no_more() {
        let addresses = Arc::new(Addresses::new(2, Networks::parse(&["10.0.0.1"]).unwrap()));
        let take = |address: &str| Place::take(&addresses, address.parse().unwrap());
        let first = take("2001:db8::1");
        // The same /64, so the same client.
        let second = take("2001:db8::2");
        assert!(first.is_some() && second.is_some() && take("2001:db8::3").is_none());
        assert!(take("2001:db8:0:1::1").is_some(), "the next /64 is another client");
        drop(first);
        assert!(take("2001:db8::3").is_some(), "a place was given back");
        for exempt in ["127.0.0.1", "::1", "::ffff:127.0.0.1", "10.0.0.1"] {
            let places: Vec<_> = (0..5).map(|_| take(exempt)).collect();
            assert!(places.iter().all(Option::is_some), "{exempt}");
        }
        drop(second);
        assert!(addresses.open().is_empty(), "nothing is kept of those who left");
    }
}
