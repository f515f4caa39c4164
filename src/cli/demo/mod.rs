//! `fasti demo`: a believable business that is gone when the process ends.

mod data;

use std::time::Duration;

use tokio::net::TcpListener;

use super::installation::Installation;
use super::{Failure, serve, token};
use crate::booking::feeds;
use crate::config::{Config, Flags};
use crate::server;
use crate::store::Scope;
use crate::store::feeds::Feed;

/// Makes the business, prints what to open, and serves until asked to stop.
pub(super) async fn run(flags: &Flags) -> Result<(), Failure> {
    let started = std::time::Instant::now();
    let directory = tempdir()?;
    let result = serve_in(flags, &directory, started).await;
    if let Err(error) = std::fs::remove_dir_all(&directory) {
        eprintln!("fasti: {} could not be removed: {error}", directory.display());
    }
    result
}

async fn serve_in(flags: &Flags, directory: &std::path::Path, started: std::time::Instant) -> Result<(), Failure> {
    let wanted = flags.listen.clone().unwrap_or_else(|| "127.0.0.1:8080".to_owned());
    let listener = TcpListener::bind(&wanted)
        .await
        .map_err(|e| format!("cannot listen on {wanted}: {e}; choose another with --listen 127.0.0.1:0"))?;
    let address = listener.local_addr()?;
    let public_url = flags.public_url.clone().unwrap_or_else(|| format!("http://{address}"));
    let flags = Flags {
        listen: Some(address.to_string()),
        public_url: Some(public_url),
        data_dir: Some(directory.to_owned()),
        config: None,
        database_url: flags.database_url.clone(),
    };
    // The environment is left aside: a demo must not touch a real database by accident.
    let mut config = Config::load(&flags, [])?;
    config.log.filter = "warn".to_owned();
    server::log::install(&config.log)?;
    server::metrics::install()?;
    let house = Installation::open(&config).await?;
    let links = house.links.clone();
    let business = house.store.write(move |conn| data::fill(conn, links.clone())).await?;
    let token = token::create(&house.store, business.ctx.tenant, Scope::Admin, "demo").await?;
    print(&config, &business, token.reveal(), started.elapsed())?;
    serve::listen(listener, house, &config, None).await
}

fn tempdir() -> std::io::Result<std::path::PathBuf> {
    let path = std::env::temp_dir().join(format!("fasti-demo-{:016x}", rand::random::<u64>()));
    std::fs::create_dir(&path)?;
    Ok(path)
}

fn print(config: &Config, business: &data::Business, token: &str, took: Duration) -> Result<(), Failure> {
    let base = &config.public_url;
    println!("{} is open at {base} (ready in {} ms).", business.ctx.tenant_name, took.as_millis());
    println!("It has {} bookings and is gone when you stop this with Ctrl-C.\n", business.bookings);
    println!("Subscribe to a calendar (the link is the key, treat it like a password):");
    let mut listed = Vec::new();
    for feed in &business.feeds {
        let url = url(config, business, feed);
        println!("  {:<40} {url}", feed.name);
        listed.push(serde_json::json!({ "kind": feed.kind, "url": url, "name": feed.name }));
    }
    println!("\nOr ask for one:\n  curl '{}'", listed.first().and_then(|f| f["url"].as_str()).unwrap_or_default());
    let (username, password) = (data::USERNAME, business.password.reveal());
    println!("\nOr give a calendar program (CalDAV) this account, which sees and moves bookings:");
    println!("  server {base}, user name {username}, password {password}");
    let (of_feed, of_account) = profiles(business);
    println!("\nOr open one of these on an iPhone or iPad, which then sets itself up:");
    println!("  {:<40} {of_account}", "the account");
    if let (Some(link), Some(feed)) = (&of_feed, business.feeds.first()) {
        println!("  {:<40} {link}", format!("a subscription to {}", feed.name));
    }
    println!("\nThe API, with a token that may do everything:");
    println!("  curl -H 'Authorization: Bearer {token}' {base}/api/v1/bookings?limit=3");
    let data::Business { haircut, from, to, .. } = business;
    println!("When can a haircut be booked?");
    println!(
        "  curl -H 'Authorization: Bearer {token}' '{base}/api/v1/availability?service={haircut}&from={from}&to={to}'"
    );
    println!("  {base}/api/openapi.json describes it.\n");
    let availability = format!("{base}/api/v1/availability?service={haircut}&from={from}&to={to}");
    let caldav = serde_json::json!({ "url": format!("{base}/dav/"), "username": username, "password": password });
    let json = serde_json::json!({
        "base": base, "token": token, "feeds": listed, "availability": availability, "caldav": caldav,
        "setup": { "account": of_account, "feed": of_feed },
    });
    println!("FASTI_DEMO_JSON {json}");
    Ok(())
}

/// Links to the profiles of the first feed and of the account.
fn profiles(business: &data::Business) -> (Option<String>, String) {
    let links = &business.ctx.links;
    let of = |feed: &Feed| links.setup(&feeds::secret(&business.ctx, feed.feed_id, feed.generation));
    (business.feeds.first().map(of), links.setup(&business.password))
}

fn url(config: &Config, business: &data::Business, feed: &Feed) -> String {
    let secret = feeds::secret(&business.ctx, feed.feed_id, feed.generation);
    format!("{}/feeds/{}.ics", config.public_url, secret.reveal())
}
