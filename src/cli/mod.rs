//! The commands, one file each. They put the rooms together and print what came of it.
//!
//! Exit status: 0 done; 1 failed, with one line on standard error that says why; 2 wrong usage.

mod demo;
mod doctor;
mod import;
mod installation;
mod migrate;
mod serve;
mod slots;
mod tenant;
mod token;
mod user;

use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, Subcommand};

use crate::config::{Config, Flags};

/// The calendar server for businesses that take bookings.
#[derive(Parser)]
#[command(name = "fasti", version, max_term_width = 100)]
struct Arguments {
    #[command(flatten)]
    flags: Flags,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Answer requests until told to stop
    Serve,
    /// Serve a throw-away business with staff, services and bookings; prints what to open
    Demo,
    /// Bring the database to this version (serve does it too)
    Migrate,
    /// Businesses
    #[command(subcommand)]
    Tenant(tenant::Command),
    /// Managers, staff and customers of a business
    #[command(subcommand)]
    User(user::Command),
    /// Tokens for the API of a business
    #[command(subcommand)]
    Token(token::Command),
    /// Import bookings, people, services and resources; prints a line for each row it rejects
    Import(import::Command),
    /// Print when calendar files leave time; needs no server and no database
    Slots(slots::Command),
    /// Check configuration, database, clock and time zones
    Doctor,
    /// Print the OpenAPI 3.1 document of the API
    Openapi,
    /// Ask the running server whether it is well; for container engines
    Healthcheck,
}

/// Why a command failed: one line for people.
type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Runs the command that this process was started with.
#[must_use]
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("fasti: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: Arguments) -> Result<(), Failure> {
    let flags = arguments.flags;
    if let Command::Demo = arguments.command {
        return runtime()?.block_on(demo::run(&flags));
    }
    if let Command::Slots(command) = &arguments.command {
        return slots::run(command);
    }
    let config = Config::from_process(&flags)?;
    match arguments.command {
        Command::Serve => runtime()?.block_on(serve::run(config)),
        Command::Migrate => migrate::run(&config),
        Command::Tenant(command) => runtime()?.block_on(tenant::run(&config, command)),
        Command::User(command) => runtime()?.block_on(user::run(&config, command)),
        Command::Token(command) => runtime()?.block_on(token::run(&config, command)),
        Command::Import(command) => runtime()?.block_on(import::run(&config, command)),
        Command::Doctor => doctor::run(&config),
        Command::Openapi => {
            println!("{}", crate::api::openapi(&config.public_url));
            Ok(())
        }
        Command::Healthcheck => Ok(crate::server::healthcheck::check(&config.listen, Duration::from_secs(5))?),
        Command::Demo | Command::Slots(_) => Ok(()),
    }
}

fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()
}
