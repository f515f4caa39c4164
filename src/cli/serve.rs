//! `fasti serve`

use tokio::net::TcpListener;

use super::Failure;
use super::installation::Installation;
use crate::config::Config;
use crate::server::{self, App};
use crate::setup::Signer;
use crate::time::clock;

/// Serves until asked to stop.
pub(super) async fn run(config: Config) -> Result<(), Failure> {
    server::log::install(&config.log)?;
    server::metrics::install()?;
    let signer = config.profile_signer()?;
    if let Some((from, until)) = signer.as_ref().and_then(Signer::valid)
        && !(from..=until).contains(&clock::now())
    {
        tracing::warn!(%from, %until, "setup.certificate is not valid now: devices will not trust profiles signed with it");
    }
    let listener = TcpListener::bind(&config.listen)
        .await
        .map_err(|e| format!("cannot listen on {}: {e}; choose another with --listen", config.listen))?;
    let house = Installation::open(&config).await?;
    if config.public_url.starts_with("http://127.0.0.1") {
        tracing::warn!("public_url is an address of this machine only: links in calendars lead nowhere from elsewhere");
    }
    listen(listener, house, &config, signer).await
}

/// Answers on `listener` until asked to stop.
pub(super) async fn listen(
    listener: TcpListener,
    house: Installation,
    config: &Config,
    signer: Option<Signer>,
) -> Result<(), Failure> {
    let app = App::new(house.store, house.links).signing(signer);
    let stop = server::shutdown_signal()?;
    server::serve(listener, app.routes(&config.server), &config.server, stop).await?;
    app.close().await;
    Ok(())
}
