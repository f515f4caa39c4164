//! Measures Fasti's servers against yardsticks, in one run: `make bench`.
//!
//! Two yardsticks. The *memory ceiling* is a bare hyper handler that returns the same bytes precomputed. The *bare loop*
//! is a bare hyper handler that does the least honest work: the same rows by raw prepared statements, the same bytes
//! written. Each server is a process of its own (this program, started again), so that its processor time and memory
//! are its own; the load comes from this process, over keep-alive connections.
//!
//! Rounds alternate between Fasti and its yardstick and the median of rounds counts, because the machine is shared. What
//! is judged is a ratio within the run. A bar that is missed is printed and fails nothing; the exit status is for errors.

mod cluster;
mod dav;
mod load;
mod parts;
mod process;
mod report;
mod rows;
mod seed;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;

use cluster::Cluster;
use report::Table;

/// As in `src/main.rs`, for all servers alike.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

type Failure = Box<dyn std::error::Error + Send + Sync>;

#[derive(Parser)]
#[command(name = "cargo bench --bench fasti --")]
struct Arguments {
    /// Only the rows whose name contains this; may be repeated
    #[arg(long)]
    only: Vec<String>,
    /// How long a round lasts
    #[arg(long, default_value_t = 3.0)]
    seconds: f64,
    /// Rounds of each server
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// What cargo adds
    #[arg(long, hide = true)]
    bench: bool,
    /// The server to be, as JSON; for this program's own use
    #[arg(long, hide = true)]
    part: Option<String>,
}

/// What every row needs.
pub struct Bench {
    rounds: usize,
    round: Duration,
    /// Where databases and files of this run are; removed at the end.
    folder: tempfile::TempDir,
    runtime: tokio::runtime::Runtime,
    cluster: Option<Cluster>,
}

impl Bench {
    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The URL of a new SQLite database.
    fn sqlite(&self, name: &str) -> String {
        format!("sqlite://{}", self.path(name).display())
    }

    /// The PostgreSQL server of this run, which the first row that needs it starts.
    fn postgres(&mut self) -> Result<&Cluster, Failure> {
        match &mut self.cluster {
            Some(cluster) => Ok(cluster),
            none => Ok(none.insert(Cluster::start()?)),
        }
    }
}

type Row = fn(&mut Bench, &mut Table) -> Result<(), Failure>;

const ROWS: [(&str, Row); 16] = [
    ("feed-304", rows::feed::unchanged),
    ("feed-200", rows::feed::cached),
    ("compose-sqlite", rows::compose::sqlite),
    ("compose-postgres", rows::compose::postgres),
    ("book-sqlite", rows::book::sqlite),
    ("book-postgres", rows::book::postgres),
    ("availability-store", rows::availability::against_the_store),
    ("availability-stored", rows::availability::against_few),
    ("memory", rows::memory::feeds),
    ("dav-reads", dav::against_bare),
    ("dav-sizes", dav::sizes),
    ("dav-listing-again", dav::listing_again),
    ("dav-sync-again", dav::sync_again),
    ("dav-put-new", dav::new),
    ("dav-put-update", dav::update),
    ("dav-memory", dav::memory),
];

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let result = match &arguments.part {
        Some(part) => parts::play(part),
        None => run(&arguments),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<(), Failure> {
    let wanted = |name: &str| arguments.only.is_empty() || arguments.only.iter().any(|part| name.contains(part));
    let mut bench = Bench {
        rounds: arguments.rounds.max(1),
        round: Duration::from_secs_f64(arguments.seconds.max(0.1)),
        // On the disk that holds the build: many a /tmp is memory, where durability costs nothing.
        folder: tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?,
        runtime: tokio::runtime::Runtime::new()?,
        cluster: None,
    };
    let mut table = Table::default();
    let mut broken = 0;
    for (name, row) in ROWS.into_iter().filter(|(name, _)| wanted(name)) {
        eprintln!("measuring {name} …");
        if let Err(error) = row(&mut bench, &mut table) {
            eprintln!("{name} broke: {error}");
            broken += 1;
        }
    }
    print!("{}", report::heading(bench.folder.path(), bench.rounds, bench.round)?);
    print!("{table}");
    if broken > 0 { Err(format!("{broken} rows broke").into()) } else { Ok(()) }
}
