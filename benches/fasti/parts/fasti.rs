//! The real server.

use std::sync::Arc;
use std::time::Duration;

use fasti::auth::Logins;
use fasti::dav::{DavState, KeepOptions};
use fasti::feed::{self, CacheOptions, FeedState};
use fasti::server::{self, App, ServerOptions};
use fasti::store::{Options, Store};
use fasti::time::clock;
use tokio::net::TcpListener;

use crate::Failure;
use crate::seed::links;

/// As `fasti serve` does it with its defaults: log and metrics included.
pub async fn serve(listener: TcpListener, url: &str) -> Result<(), Failure> {
    let (options, store) = open(url)?;
    let app = App::new(store, links());
    super::ready(&listener)?;
    server::serve(listener, app.routes(&options), &options, std::future::pending()).await?;
    Ok(())
}

/// The feeds of a server that believes nothing for longer than a request, so that a change of rows is seen at once.
pub async fn serve_rechecking(listener: TcpListener, url: &str) -> Result<(), Failure> {
    let (options, store) = open(url)?;
    let cache = CacheOptions { recheck: Duration::ZERO, ..CacheOptions::default() };
    let links = links();
    let feeds = FeedState::new(store, links.key, &links.public_url, cache, Arc::new(clock::now));
    super::ready(&listener)?;
    server::serve(listener, feed::routes(feeds), &options, std::future::pending()).await?;
    Ok(())
}

/// CalDAV that keeps no answers. What it knows of recurring objects it keeps: that is no answer.
pub async fn serve_forgetful(listener: TcpListener, url: &str) -> Result<(), Failure> {
    let (options, store) = open(url)?;
    let keep = KeepOptions { answers: 0, ..KeepOptions::default() };
    let logins = Arc::new(Logins::new(store.clone(), links().key, clock::now));
    let dav = DavState::new(store, links(), logins, clock::now, Arc::new(|_, _| {}), keep);
    super::ready(&listener)?;
    server::serve(listener, dav, &options, std::future::pending()).await?;
    Ok(())
}

fn open(url: &str) -> Result<(ServerOptions, Store), Failure> {
    server::log::install(&server::log::LogOptions::default())?;
    server::metrics::install()?;
    Ok((ServerOptions::default(), Store::connect(url, &Options::for_url(url))?))
}
