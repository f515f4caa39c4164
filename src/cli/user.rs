use clap::Subcommand;

use super::Failure;
use super::installation::Installation;
use crate::auth::{Password, hash_password};
use crate::booking::people::{self, NewPerson};
use crate::config::Config;
use crate::store::Role;

#[derive(Subcommand)]
pub(super) enum Command {
    /// Add a person; prints their id
    Create {
        /// The business's short name
        tenant: String,
        /// Their name
        #[arg(long)]
        name: String,
        /// Their e-mail address
        #[arg(long)]
        email: String,
        /// What they may do
        #[arg(long, value_parser = role)]
        role: Role,
        /// Their login name: lower-case letters, digits, dots, hyphens, underscores
        #[arg(long)]
        username: Option<String>,
        /// Read their password from the first line of standard input
        #[arg(long, requires = "username")]
        password_stdin: bool,
        /// Their IANA time zone, if not the business's
        #[arg(long, value_name = "ZONE")]
        timezone: Option<String>,
    },
    /// Make a password for one calendar program; prints it once
    AppPassword {
        /// The business's short name
        tenant: String,
        /// Whose: their login name
        username: String,
        /// Which program it is for
        #[arg(long, default_value = "calendar")]
        label: String,
    },
}

fn role(word: &str) -> Result<Role, String> {
    Role::from_word(word).ok_or_else(|| "use manager, staff or customer".to_owned())
}

/// `fasti user …`
pub(super) async fn run(config: &Config, command: Command) -> Result<(), Failure> {
    match command {
        Command::Create { tenant, name, email, role, username, password_stdin, timezone } => {
            let password_hash = if password_stdin { Some(hash_from_stdin()?) } else { None };
            let email = Some(email);
            let (phone, locale, external_ref) = (None, None, None);
            let new = NewPerson { role, name, email, phone, username, password_hash, timezone, locale, external_ref };
            create(config, &tenant, new).await
        }
        Command::AppPassword { tenant, username, label } => app_password(config, &tenant, username, label).await,
    }
}

async fn create(config: &Config, tenant: &str, new: NewPerson) -> Result<(), Failure> {
    let house = Installation::open_small(config).await?;
    let ctx = house.context(tenant).await?;
    let person = house.store.write(move |conn| people::create(conn, &ctx, &new)).await?;
    println!("{}", person.person_id);
    Ok(())
}

async fn app_password(config: &Config, tenant: &str, username: String, label: String) -> Result<(), Failure> {
    let house = Installation::open_small(config).await?;
    let ctx = house.context(tenant).await?;
    let made = house.store.write(move |conn| people::add_app_password(conn, &ctx, &username, &label)).await?;
    println!("{}", made.reveal());
    Ok(())
}

fn hash_from_stdin() -> Result<String, Failure> {
    let mut line = zeroize::Zeroizing::new(String::new());
    std::io::stdin().read_line(&mut line)?;
    let text = line.trim_end_matches(['\r', '\n']);
    if text.chars().count() < 8 {
        return Err("the password on standard input has fewer than 8 characters".into());
    }
    let password = Password::new(text.to_owned())?;
    hash_password(&password).map_err(|error| format!("the password could not be hashed: {error}").into())
}
