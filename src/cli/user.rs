use clap::Subcommand;

use super::Failure;
use super::installation::Installation;
use crate::auth::{Password, hash_password};
use crate::booking::people::{self, NewPerson};
use crate::booking::{self, Context};
use crate::config::Config;
use crate::net::Origin;
use crate::store::{Id, Role};

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
    ///
    /// Standard error has the link that sets up an iPhone, iPad or Mac with it.
    AppPassword {
        /// The business's short name
        tenant: String,
        /// Whose: their login name
        username: String,
        /// Which program it is for
        #[arg(long, default_value = "calendar")]
        label: String,
    },
    /// Show the app passwords of a person, without the passwords
    ///
    /// A line each: id, when it was made, its label, when it was used last, and whether it is active.
    AppPasswords {
        /// The business's short name
        tenant: String,
        /// Whose: their login name
        username: String,
    },
    /// End an app password
    ///
    /// Its setup link is dead at once. A server that runs may still let in, for up to five seconds, a program that
    /// logged in with it before.
    RevokeAppPassword {
        /// The business's short name
        tenant: String,
        /// The password's id, as `app-passwords` shows it
        id: String,
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
        Command::AppPasswords { tenant, username } => app_passwords(config, &tenant, username).await,
        Command::RevokeAppPassword { tenant, id } => revoke_app_password(config, &tenant, &id).await,
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
    let whose = nobody(&ctx, &username);
    let made = house.store.write(move |conn| people::add_app_password(conn, &ctx, &username, &label)).await;
    let made = made.map_err(whose)?;
    println!("{}", made.reveal());
    if Origin::parse(&config.public_url).is_some_and(|origin| origin.is_protected()) {
        eprintln!("On an iPhone, iPad or Mac, open {}", house.links.setup(&made));
    } else {
        eprintln!("Nobody can use it yet: passwords are taken over https only. Set public_url to an https:// address.");
    }
    Ok(())
}

async fn app_passwords(config: &Config, tenant: &str, username: String) -> Result<(), Failure> {
    let house = Installation::open_small(config).await?;
    let ctx = house.context(tenant).await?;
    let whose = nobody(&ctx, &username);
    let rows = house.store.read(move |conn| people::app_passwords(conn, &ctx, &username)).await.map_err(whose)?;
    for row in rows {
        let used = row.last_used_at.map_or_else(|| "never used".to_owned(), |at| format!("used {at}"));
        let state = row.revoked_at.map_or_else(|| "active".to_owned(), |at| format!("revoked {at}"));
        println!("{}\t{}\t{}\t{used}\t{state}", row.password_id, row.created_at, row.label);
    }
    Ok(())
}

async fn revoke_app_password(config: &Config, tenant: &str, id: &str) -> Result<(), Failure> {
    let id: Id = id.parse().map_err(|e| format!("\"{id}\" {e}"))?;
    let house = Installation::open_small(config).await?;
    let ctx = house.context(tenant).await?;
    let revoked = house.store.write(move |conn| people::revoke_app_password(conn, &ctx, id)).await;
    revoked.map_err(|error| match error {
        booking::Error::NotFound(_) => {
            format!("there is no active app password {id}; `fasti user app-passwords` shows those there are").into()
        }
        other => other.into(),
    })
}

/// What to say when there is nobody of that login name.
fn nobody(ctx: &Context, username: &str) -> impl Fn(booking::Error) -> Failure + use<> {
    let sentence = format!("nobody at {} has the user name \"{username}\"", ctx.tenant_name);
    move |error| match error {
        booking::Error::NotFound(_) => sentence.clone().into(),
        other => other.into(),
    }
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
