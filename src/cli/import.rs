use std::io::{IsTerminal, Write};
use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::Failure;
use super::installation::Installation;
use crate::booking::import::{self, BlocksOf, Events, Options, Progress};
use crate::config::Config;
use crate::store::BlockKind;

#[derive(Args)]
pub(super) struct Command {
    /// The business's short name
    tenant: String,
    /// .csv, .json and .ics files, or directories of them
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Check everything and store nothing
    #[arg(long)]
    dry_run: bool,
    /// Who serves events that name no staff member: reference, id, address or name
    #[arg(long, value_name = "WHO")]
    staff: Option<String>,
    /// What the events of .ics files become
    #[arg(long = "as", value_name = "WHAT", default_value = "bookings")]
    becomes: Becomes,
}

#[derive(Clone, Copy, ValueEnum)]
enum Becomes {
    /// Bookings
    Bookings,
    /// Days on which the whole business is closed
    Holidays,
}

impl From<Becomes> for Events {
    fn from(becomes: Becomes) -> Self {
        let (staff, resources, timezone) = (Vec::new(), Vec::new(), None);
        match becomes {
            Becomes::Bookings => Self::Bookings,
            Becomes::Holidays => Self::Blocks(BlocksOf { kind: BlockKind::Holiday, staff, resources, timezone }),
        }
    }
}

/// `fasti import …`: the report's lines go to standard error, its sums to standard output.
pub(super) async fn run(config: &Config, command: Command) -> Result<(), Failure> {
    let Command { tenant, files, dry_run, staff, becomes } = command;
    let house = Installation::open_small(config).await?;
    let mut ctx = house.context(&tenant).await?;
    "import".clone_into(&mut ctx.actor);
    let shows_progress = std::io::stderr().is_terminal();
    let tell = |progress: Progress<'_>| {
        let mut err = std::io::stderr().lock();
        // Whoever closed standard error does not want to know.
        let told = match progress {
            Progress::Line(line) => writeln!(err, "{}{line}", if shows_progress { "\r\x1b[K" } else { "" }),
            Progress::Rows(report) if shows_progress => {
                write!(err, "\r\x1b[K{} rows", report.total().rows()).and_then(|()| err.flush())
            }
            Progress::Rows(_) => Ok(()),
        };
        told.ok();
    };
    let options = Options { dry_run, staff, events: becomes.into() };
    let report = import::import(&house.store, &ctx, &files, &options, tell).await?;
    if shows_progress {
        eprint!("\r\x1b[K");
    }
    println!("{report}");
    if report.is_complete() {
        return Ok(());
    }
    let total = report.total();
    Err(format!(
        "{} of {} rows and {} files were rejected; the lines above say why",
        total.rejected,
        total.rows(),
        report.unreadable
    )
    .into())
}
