//! What every command that works on data needs: the database at this version, and the key that belongs to it.

use std::sync::Arc;

use super::Failure;
use crate::auth::MasterKey;
use crate::booking::{self, Context, Links, rederive, tenants};
use crate::config::Config;
use crate::store::{self, Conn, Store, TenantId};
use crate::time::{clock, tzdata_version};

const KEY_CHECK: &str = "master_key_check";
const TZDATA: &str = "tzdata_version";

/// An installation, open for work.
pub(super) struct Installation {
    pub store: Store,
    pub links: Links,
}

impl Installation {
    /// Brings the database to this version and opens it, with as many connections as a server needs.
    pub async fn open(config: &Config) -> Result<Self, Failure> {
        Self::open_with(config, &config.database.store).await
    }

    /// The same with one connection for reading, for a command that does one thing.
    pub async fn open_small(config: &Config) -> Result<Self, Failure> {
        Self::open_with(config, &store::Options { threads: 1, ..config.database.store.clone() }).await
    }

    async fn open_with(config: &Config, options: &store::Options) -> Result<Self, Failure> {
        let url = config.database.url.expose();
        prepare_directory(url)?;
        for name in store::migrate(url)? {
            tracing::info!(migration = name, "migrated");
        }
        let key = config.master_key()?;
        let store = Store::connect(url, options)?;
        let links = Links { public_url: Arc::from(config.public_url.as_str()), key };
        require_key(&store, &links.key).await?;
        follow_tzdata(&store, &links).await?;
        Ok(Self { store, links })
    }

    /// The business of a slug, for a command that acts on it.
    pub async fn context(&self, slug: &str) -> Result<Context, Failure> {
        let (tenant, links) = (TenantId::of_slug(slug), self.links.clone());
        let found =
            self.store.read(move |conn| tenants::context(conn, tenant, "operator", clock::now(), links.clone())).await;
        found.map_err(|error| match error {
            booking::Error::NotFound(_) => {
                format!("there is no business \"{slug}\"; `fasti tenant list` shows those there are").into()
            }
            other => other.into(),
        })
    }
}

/// A new SQLite database may be the first thing in its directory.
pub(super) fn prepare_directory(url: &str) -> std::io::Result<()> {
    let directory = url.strip_prefix("sqlite://").and_then(|path| std::path::Path::new(path).parent());
    match directory {
        Some(directory) if !directory.as_os_str().is_empty() => std::fs::create_dir_all(directory),
        _ => Ok(()),
    }
}

/// Refuses a key that is not the one this database was begun with: every link given away would be dead.
async fn require_key(store: &Store, key: &MasterKey) -> Result<(), Failure> {
    let check = key.check_value();
    let kept = store
        .write(move |conn| -> Result<String, store::Error> {
            if let Some(kept) = store::tenants::setting(conn, TenantId::INSTALLATION, KEY_CHECK)? {
                return Ok(kept);
            }
            store::tenants::set_setting(conn, TenantId::INSTALLATION, KEY_CHECK, &check)?;
            Ok(check.clone())
        })
        .await?;
    if kept == key.check_value() {
        return Ok(());
    }
    Err("the master key is not the one this database was begun with, so links already given away would be dead. \
         Restore master.key from a backup, or set master_key to the key that all instances share"
        .into())
}

/// Works out the instants of bookings and blocks anew when this version brings other zone rules than the last one that ran.
async fn follow_tzdata(store: &Store, links: &Links) -> Result<(), Failure> {
    let links = links.clone();
    let reports = store
        .write(move |conn| -> Result<_, booking::Error> {
            let known = store::tenants::setting(conn, TenantId::INSTALLATION, TZDATA)?;
            if known.as_deref() == Some(tzdata_version()) {
                return Ok(Vec::new());
            }
            let reports = if known.is_some() { rederive_all(conn, &links)? } else { Vec::new() };
            store::tenants::set_setting(conn, TenantId::INSTALLATION, TZDATA, tzdata_version())?;
            Ok(reports)
        })
        .await?;
    for (tenant, report) in reports {
        let (moved, blocks) = (report.moved, report.blocks);
        tracing::info!(tenant, moved, blocks, tzdata = tzdata_version(), "bookings and blocks follow new zone rules");
        for booking in report.conflicts {
            tracing::warn!(tenant, %booking, "by the new zone rules this booking overlaps another; both are kept");
        }
    }
    Ok(())
}

fn rederive_all(conn: &mut Conn, links: &Links) -> Result<Vec<(String, rederive::Rederived)>, booking::Error> {
    let mut reports = Vec::new();
    for tenant in store::tenants::list(conn)? {
        let actor = format!("tzdata {}", tzdata_version());
        let ctx = tenants::context(conn, tenant.tenant_id, &actor, clock::now(), links.clone())?;
        reports.push((tenant.slug, rederive::rederive(conn, &ctx)?));
    }
    Ok(reports)
}
