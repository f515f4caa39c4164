use std::io::{IsTerminal, Write};
use std::path::PathBuf;

use super::Failure;
use super::installation::Installation;
use crate::booking::import::{Options, Progress, import};
use crate::config::Config;

#[derive(clap::Args)]
pub(super) struct Arguments {
    /// The business's short name
    tenant: String,
    /// .csv, .json and .ics files, or directories of them
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Check everything and say what would happen, but store nothing
    #[arg(long)]
    dry_run: bool,
    /// Who serves the events of calendars that name no staff member: reference, id, address or name
    #[arg(long)]
    staff: Option<String>,
}

/// `fasti import`: a line on standard error for each row that was not taken, the counts on standard output.
pub(super) async fn run(config: &Config, arguments: Arguments) -> Result<(), Failure> {
    let house = Installation::open_small(config).await?;
    let mut ctx = house.context(&arguments.tenant).await?;
    "import".clone_into(&mut ctx.actor);
    let options = Options { dry_run: arguments.dry_run, staff: arguments.staff };
    let watched = std::io::stderr().is_terminal();
    let show = |progress: Progress<'_>| match progress {
        Progress::Line(line) => eprintln!("{line}"),
        Progress::Rows(report) if watched => {
            eprint!("\r{} rows", report.total().rows());
            std::io::stderr().flush().ok();
        }
        Progress::Rows(_) => {}
    };
    let report = import(&house.store, &ctx, &arguments.files, &options, show).await?;
    if watched {
        eprintln!();
    }
    println!("{report}");
    if report.is_complete() {
        return Ok(());
    }
    let kept = if arguments.dry_run { "nothing was stored" } else { "everything else is stored" };
    Err(format!("{} rows and {} files were not taken; {kept}", report.total().rejected, report.unreadable).into())
}
