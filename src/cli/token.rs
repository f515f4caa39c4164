use clap::Subcommand;

use super::Failure;
use super::installation::Installation;
use crate::auth::{ApiSecret, Secret};
use crate::booking::input;
use crate::config::Config;
use crate::store::tokens::{self, ApiToken};
use crate::store::{self, Id, Scope, Store, TenantId};
use crate::time::{Instant, Zone, clock};

#[derive(Subcommand)]
pub(super) enum Command {
    /// Make a token for the API; prints it once
    Create {
        /// The business's short name
        tenant: String,
        /// read: everything of the business; write: also bookings and customers; admin: also staff, resources,
        /// services and feeds
        #[arg(long, value_parser = scope, default_value = "admin")]
        scope: Scope,
        /// What it is for, as the history of bookings will show it
        #[arg(long, default_value = "api")]
        label: String,
    },
    /// Show the tokens of a business, without their secrets
    List {
        /// The business's short name
        tenant: String,
    },
    /// End a token at once
    Revoke {
        /// The business's short name
        tenant: String,
        /// The token's id, as `list` shows it
        id: String,
    },
}

fn scope(word: &str) -> Result<Scope, String> {
    Scope::from_word(word).ok_or_else(|| "use read, write or admin".to_owned())
}

/// `fasti token …`
pub(super) async fn run(config: &Config, command: Command) -> Result<(), Failure> {
    let house = Installation::open_small(config).await?;
    match command {
        Command::Create { tenant, scope, label } => {
            let tenant = house.context(&tenant).await?.tenant;
            println!("{}", create(&house.store, tenant, scope, &label).await?.reveal());
        }
        Command::List { tenant } => {
            let tenant = house.context(&tenant).await?.tenant;
            for token in house.store.read(move |conn| tokens::list(conn, tenant)).await? {
                let day = |at: Instant| at.to_rfc3339(&Zone::utc());
                let state = token.revoked_at.map_or_else(|| "active".to_owned(), |at| format!("revoked {}", day(at)));
                println!("{}\t{}\t{}\t{}\t{state}", token.token_id, token.scope, day(token.created_at), token.label);
            }
        }
        Command::Revoke { tenant, id } => {
            let tenant = house.context(&tenant).await?.tenant;
            let id: Id = id.parse().map_err(|e| format!("\"{id}\" {e}"))?;
            if !house.store.write(move |conn| tokens::revoke(conn, tenant, id, clock::now())).await? {
                return Err(format!("there is no active token {id}; `fasti token list` shows those there are").into());
            }
        }
    }
    Ok(())
}

/// Makes a token and keeps its hash.
pub(super) async fn create(store: &Store, tenant: TenantId, scope: Scope, label: &str) -> Result<Secret, Failure> {
    let label = input::line(label, 100).map_err(|fault| format!("the label {fault}"))?;
    let (secret, token_hash) = ApiSecret::generate(tenant);
    let row = ApiToken {
        tenant_id: tenant,
        token_id: Id::new(),
        token_hash,
        scope,
        label,
        created_at: clock::now(),
        revoked_at: None,
    };
    store.write(move |conn| -> Result<(), store::Error> { tokens::insert(conn, &row) }).await?;
    Ok(secret)
}
