use std::io::{BufRead, IsTerminal, Write};

use clap::Subcommand;

use super::Failure;
use super::installation::Installation;
use crate::booking::tenants::{self, NewTenant};
use crate::config::Config;
use crate::store;
use crate::time::clock;

#[derive(Subcommand)]
pub(super) enum Command {
    /// Add a business
    Create {
        /// Its short name in URLs, for ever: lower-case letters, digits, hyphens
        slug: String,
        /// Its name, as customers know it
        #[arg(long)]
        name: String,
        /// The IANA time zone it works in, such as Europe/Berlin
        #[arg(long, value_name = "ZONE")]
        timezone: String,
        /// Where its customers write to; organiser of what they see
        #[arg(long)]
        email: Option<String>,
    },
    /// Show all businesses
    List,
    /// Delete a business with everything in it
    Delete {
        /// Its short name
        slug: String,
    },
}

/// `fasti tenant …`
pub(super) async fn run(config: &Config, command: Command) -> Result<(), Failure> {
    let house = Installation::open_small(config).await?;
    match command {
        Command::Create { slug, name, timezone, email } => {
            let new = NewTenant { slug, name, timezone, email };
            let links = house.links.clone();
            let tenant =
                house.store.write(move |conn| tenants::create(conn, &new, clock::now(), links.clone())).await?;
            println!("{}", tenant.slug);
            eprintln!("Next: fasti token create {} --scope admin", tenant.slug);
        }
        Command::List => {
            for tenant in house.store.read(store::tenants::list).await? {
                println!("{}\t{}\t{}", tenant.slug, tenant.timezone, tenant.name);
            }
        }
        Command::Delete { slug } => {
            house.context(&slug).await?;
            if confirmed(&slug)? {
                house.store.write(move |conn| tenants::delete(conn, &slug)).await?;
                eprintln!("Deleted.");
            }
        }
    }
    Ok(())
}

/// On a terminal, asks for the name once more; a script has said what it means.
fn confirmed(slug: &str) -> std::io::Result<bool> {
    if !std::io::stdin().is_terminal() {
        return Ok(true);
    }
    eprint!("This deletes every booking, person and feed of {slug}. Type its short name to go on: ");
    std::io::stderr().flush()?;
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line)?;
    if line.trim() == slug {
        return Ok(true);
    }
    eprintln!("Nothing was deleted.");
    Ok(false)
}
