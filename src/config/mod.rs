//! Configuration: flags over environment over `fasti.toml` over defaults, turned into the rooms' option structs.
//!
//! Only `main` and `cli` import this room, and it is the only one that reads the environment. Every key is a row of
//! [`KEYS`]; in the environment `limits.idle_timeout` is `FASTI_LIMITS__IDLE_TIMEOUT`, and a key that holds a secret
//! may be given as a file: `FASTI_MASTER_KEY_FILE`, or `master_key_file` in `fasti.toml`. A key that is not known is
//! refused, in each of the places, because a misspelt limit is no limit.

mod keys;
mod master_key;
mod settings;
mod setup;

use std::path::PathBuf;
use std::time::Duration;

use axum::http::Uri;

pub use keys::{KEYS, Key, Kind};
pub use settings::Problem;

use crate::auth::MasterKey;
use crate::net::Networks;
use crate::secret::Secret;
use crate::server::log::LogOptions;
use crate::server::{Limits, ServerOptions};
use crate::setup::Signer;
use crate::store;
use settings::Settings;

/// The flags that every command which needs the configuration takes.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct Flags {
    /// Read this file instead of ./fasti.toml
    #[arg(long, value_name = "FILE", global = true)]
    pub config: Option<PathBuf>,
    /// Accept connections on this address
    #[arg(long, value_name = "HOST:PORT", global = true)]
    pub listen: Option<String>,
    /// The address under which people reach this server
    #[arg(long, value_name = "URL", global = true)]
    pub public_url: Option<String>,
    /// Where bookings are kept: sqlite:///path/fasti.db or postgres://user@host/name
    #[arg(long, value_name = "URL", global = true)]
    pub database_url: Option<String>,
    /// Where everything else is kept
    #[arg(long, value_name = "DIR", global = true)]
    pub data_dir: Option<PathBuf>,
}

/// The whole configuration. It has no `Debug`, because it holds secrets.
#[derive(Clone)]
pub struct Config {
    /// `host:port` to accept connections on.
    pub listen: String,
    /// Scheme and authority under which people reach this server, without a slash at the end. Every link that
    /// Fasti gives away starts with it; a request's `Host` never decides.
    pub public_url: String,
    /// The directory of the key, the mail outbox and, by default, the database.
    pub data_dir: PathBuf,
    /// The database.
    pub database: DatabaseOptions,
    /// Connections and requests.
    pub server: ServerOptions,
    /// Log lines.
    pub log: LogOptions,
    signer: Option<setup::Files>,
    master_key: Option<Secret>,
}

/// Which database, and how it is used.
#[derive(Clone)]
pub struct DatabaseOptions {
    /// `sqlite://PATH` or `postgres://…`; it may hold a password.
    pub url: Secret,
    /// Threads and queue.
    pub store: store::Options,
}

/// Why there is no configuration. The text names the key and where its value came from, never a secret's value.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A value cannot be what it is given as.
    #[error("{key} ({source_name}): {problem}")]
    Value {
        /// The key, dotted.
        key: String,
        /// The file, variable or flag that gave it.
        source_name: String,
        /// What is wrong with it.
        problem: Problem,
    },
    /// A key that does not exist.
    #[error("{source_name} sets \"{key}\", which is not a key of Fasti's configuration{}", hint(.nearest))]
    Unknown {
        /// The key as it was written.
        key: String,
        /// The file or variable that has it.
        source_name: String,
        /// The known key that looks most like it.
        nearest: Option<String>,
    },
    /// The file cannot be read, or is not TOML.
    #[error("{path}: {reason}")]
    File {
        /// The file.
        path: String,
        /// Why.
        reason: String,
    },
    /// A file that profiles are to be signed with is not usable.
    #[error("{key}: {path} {reason}")]
    Signer {
        /// The key that names the file.
        key: &'static str,
        /// The file.
        path: String,
        /// Why.
        reason: String,
    },
    /// The file of the master key is not safe or not usable.
    #[error("master key {path}: {reason}")]
    MasterKey {
        /// The file.
        path: String,
        /// Why, and what to do.
        reason: String,
    },
}

fn hint(nearest: &Option<String>) -> String {
    nearest.as_ref().map(|name| format!("; did you mean \"{name}\"?")).unwrap_or_default()
}

impl Config {
    /// The configuration of this process: `flags`, its environment, and the file.
    ///
    /// # Errors
    /// [`ConfigError`]; nothing is guessed and nothing skipped.
    pub fn from_process(flags: &Flags) -> Result<Self, ConfigError> {
        Self::load(flags, std::env::vars_os().filter_map(|(k, v)| Some((k.into_string().ok()?, v.into_string().ok()?))))
    }

    /// The configuration from `flags` and the variables of `environment`.
    ///
    /// # Errors
    /// As [`Self::from_process`].
    pub fn load(flags: &Flags, environment: impl IntoIterator<Item = (String, String)>) -> Result<Self, ConfigError> {
        let settings = Settings::collect(flags, environment)?;
        let data_dir = PathBuf::from(settings.text("data_dir")?.unwrap_or("./fasti-data"));
        let listen = listen(&settings)?;
        let public_url = public_url(&settings, &listen)?;
        let https = public_url.starts_with("https:");
        Ok(Self {
            database: database(&settings, &data_dir)?,
            server: server(&settings, https)?,
            log: log(&settings)?,
            signer: setup::files(&settings)?,
            master_key: settings.text("master_key")?.map(Secret::new),
            listen,
            public_url,
            data_dir,
        })
    }

    /// The master key: the configured one, else the one in `data_dir/master.key`, which the first call creates with
    /// mode 0600.
    ///
    /// # Errors
    /// [`ConfigError::MasterKey`] when it is malformed, cannot be read or written, or others may read it;
    /// [`ConfigError::Value`] when a configured one is malformed.
    pub fn master_key(&self) -> Result<MasterKey, ConfigError> {
        match &self.master_key {
            Some(text) => master_key::parse(text.expose()).ok_or_else(|| ConfigError::Value {
                key: "master_key".to_owned(),
                source_name: "configured".to_owned(),
                problem: Problem::MasterKey,
            }),
            None => master_key::load_or_create(&self.data_dir),
        }
    }

    /// What profiles for Apple's devices are signed with, read from `setup.certificate` and `setup.key`; `None` when they
    /// are not set.
    ///
    /// # Errors
    /// [`ConfigError::Signer`] when a file cannot be read, or the two do not belong together.
    pub fn profile_signer(&self) -> Result<Option<Signer>, ConfigError> {
        self.signer.as_ref().map(setup::Files::read).transpose()
    }
}

fn listen(settings: &Settings) -> Result<String, ConfigError> {
    let listen = settings.text("listen")?.unwrap_or("127.0.0.1:8080");
    let port = listen.rsplit_once(':').filter(|(host, _)| !host.is_empty()).map(|(_, port)| port.parse::<u16>());
    match port {
        Some(Ok(_)) => Ok(listen.to_owned()),
        _ => Err(settings.problem("listen", Problem::Listen)),
    }
}

fn public_url(settings: &Settings, listen: &str) -> Result<String, ConfigError> {
    let Some(url) = settings.text("public_url")? else {
        return Ok(format!("http://{}", listen.replace("0.0.0.0:", "localhost:").replace("[::]:", "localhost:")));
    };
    let parsed = url.parse::<Uri>().ok();
    let good = parsed.is_some_and(|uri| {
        matches!(uri.scheme_str(), Some("http" | "https"))
            && uri.authority().is_some_and(|authority| !authority.as_str().contains('@'))
            && uri.path_and_query().is_none_or(|path| path == "/")
    });
    if !good {
        return Err(settings.problem("public_url", Problem::PublicUrl));
    }
    Ok(url.trim_end_matches('/').to_owned())
}

fn database(settings: &Settings, data_dir: &std::path::Path) -> Result<DatabaseOptions, ConfigError> {
    let url = match settings.text("database_url")? {
        Some(url) => url.to_owned(),
        None => format!("sqlite://{}", data_dir.join("fasti.db").display()),
    };
    if !["sqlite://", "postgres://", "postgresql://"].iter().any(|scheme| url.starts_with(scheme)) {
        return Err(settings.problem("database_url", Problem::DatabaseUrl));
    }
    let mut store = store::Options::for_url(&url);
    settings.at_least("database.threads", 1, &mut store.threads)?;
    Ok(DatabaseOptions { url: Secret::new(url), store })
}

fn server(settings: &Settings, https: bool) -> Result<ServerOptions, ConfigError> {
    let mut limits = Limits::default();
    settings.at_least("limits.connections", 1, &mut limits.connections)?;
    settings.at_least("limits.connections_per_address", 1, &mut limits.connections_per_address)?;
    settings.duration("limits.header_timeout", &mut limits.header_timeout)?;
    settings.duration("limits.idle_timeout", &mut limits.idle_timeout)?;
    settings.duration("limits.request_timeout", &mut limits.request_timeout)?;
    settings.duration("limits.body_timeout", &mut limits.body_timeout)?;
    settings.duration("limits.drain_timeout", &mut limits.drain_timeout)?;
    settings.at_least("limits.http2_streams", 1, &mut limits.http2_streams)?;
    settings.at_least("limits.body_bytes", 1, &mut limits.body_bytes)?;
    settings.at_least("limits.largest_body_bytes", limits.body_bytes, &mut limits.largest_body_bytes)?;
    if limits.idle_timeout <= limits.request_timeout + Duration::from_secs(1) {
        return Err(settings.problem("limits.idle_timeout", Problem::IdleTooShort));
    }
    Ok(ServerOptions {
        limits,
        trusted_proxies: networks(settings, "trusted_proxies")?,
        metrics_allow: networks(settings, "metrics.allow")?,
        https,
    })
}

fn networks(settings: &Settings, key: &str) -> Result<Networks, ConfigError> {
    let texts = settings.list(key)?.unwrap_or_default();
    Networks::parse(texts).map_err(|bad| settings.problem(key, Problem::Other(bad.to_string())))
}

fn log(settings: &Settings) -> Result<LogOptions, ConfigError> {
    let mut log = LogOptions::default();
    if let Some(format) = settings.text("log.format")? {
        log.format = format.parse().map_err(|error| settings.problem("log.format", Problem::other(error)))?;
    }
    if let Some(filter) = settings.text("log.filter")? {
        log.filter = filter.to_owned();
    }
    Ok(log)
}

#[cfg(test)]
mod tests;
