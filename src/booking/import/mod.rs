//! Import of existing data (B13): people, resources, services and bookings from CSV, JSON and iCalendar files.
//!
//! A file is read row by row on a thread of its own, in constant memory (a calendar is bounded and read whole); rows go
//! into the database in units of work, each row in its own savepoint. What is wrong with a row is reported with file,
//! line, column and field, and stops no other row.
//!
//! Rows are known again by reference or UID, else by what they say (`identity`), so importing a file twice changes
//! nothing. A field that a row does not have stays as it is; an empty one is emptied.

mod blocks;
mod bookings;
mod columns;
mod csv;
mod directory;
mod fields;
mod ics;
mod identity;
mod json;
mod locate;
mod node;
mod offers;
mod plan;
mod report;
mod row;
#[cfg(test)]
mod tests;
mod unit;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;

use super::{Context, Fault};
use crate::store::{self, BlockKind, Id, Store};

pub use blocks::{CalendarReport, Said, calendar_of_blocks};
pub use report::{Counts, Kind, Line, Progress, Remark, Report};

use csv::Broken;
use plan::{Form, Source};
use row::Row;
use unit::{Ended, Outcome, Verdict};

/// Rows of one unit of work: few enough that others get their turn, enough to share a commit.
const UNIT: usize = 200;
/// Rows that are read ahead.
const AHEAD: usize = 64;
/// Rows that a dry run tries together.
const DRY_UNIT: usize = 10_000;
/// How often a unit is tried while the database is busy or away, with a pause of up to a second before each.
const TRIES: u32 = 60;

/// How to import.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Do everything but store it.
    ///
    /// Up to 10,000 rows are tried together. Of more, each 10,000 are tried with the first 10,000 resources, people and
    /// services before them, but not with the bookings, so that a conflict between bookings far apart is not seen; the
    /// report says so.
    pub dry_run: bool,
    /// Who serves the events of calendars that name no staff member: reference, id, address or name.
    pub staff: Option<String>,
    /// What the events of calendars become.
    pub events: Events,
}

/// What the events of calendars become.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Events {
    /// Bookings.
    #[default]
    Bookings,
    /// Blocks.
    Blocks(BlocksOf),
}

/// Which blocks the events of a calendar become.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlocksOf {
    /// What they are.
    pub kind: BlockKind,
    /// Whose time they take; without anybody and any resource the whole business's.
    pub staff: Vec<Id>,
    /// What cannot be used.
    pub resources: Vec<Id>,
    /// IANA zone of whole days, and of times without a zone; none: the business's.
    pub timezone: Option<String>,
}

/// Why an import stopped. What was reported before is stored.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The database failed for all rows alike.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// The thread that read a file is gone.
    #[error("an internal error stopped the reading of {0}")]
    Reader(PathBuf),
}

/// Imports files, and the .csv, .json and .ics files of directories: resources first, then people, services, bookings.
///
/// # Errors
/// [`ImportError`] when nothing more can be done. What is wrong with files and rows is in the [`Report`] and, line by
/// line, told to `on_progress`.
pub async fn import(
    store: &Store,
    ctx: &Context,
    files: &[PathBuf],
    options: &Options,
    on_progress: impl FnMut(Progress<'_>) + Send,
) -> Result<Report, ImportError> {
    let paths = files.to_vec();
    let plan = tokio::task::spawn_blocking(move || plan::plan(&paths));
    let plan = plan.await.map_err(|_| ImportError::Reader(files.first().cloned().unwrap_or_default()))?;
    let report = Report { dry_run: options.dry_run, files: plan.files, ..Report::default() };
    let seen = identity::Seen::default();
    let mut run = Run { store, ctx, options, on_progress, report, seen, waiting: Vec::new(), offers: Vec::new() };
    for line in plan.unreadable {
        run.unreadable(&line);
    }
    for source in plan.sources {
        run.source(Arc::new(source)).await?;
    }
    run.flush().await?;
    Ok(run.report)
}

/// A row and where it came from.
type Item = (Arc<Source>, Arc<Row>);

struct Run<'a, P> {
    store: &'a Store,
    ctx: &'a Context,
    options: &'a Options,
    on_progress: P,
    report: Report,
    seen: identity::Seen,
    /// Rows for the next unit.
    waiting: Vec<Item>,
    /// In a dry run, the rows of units before that bookings can name.
    offers: Vec<Arc<Row>>,
}

/// What the thread that reads a file hands over.
enum Read {
    Row(Box<Row>),
    Broken(Broken),
}

impl<P: FnMut(Progress<'_>) + Send> Run<'_, P> {
    async fn source(&mut self, source: Arc<Source>) -> Result<(), ImportError> {
        let (send, mut receive) = mpsc::channel(AHEAD);
        let (from, ctx, events) = (Arc::clone(&source), self.ctx.clone(), self.options.events.clone());
        let mut seen = std::mem::take(&mut self.seen);
        let reader = tokio::task::spawn_blocking(move || {
            seen.begin();
            let mut emit = |mut row| {
                seen.admit(&mut row);
                send.blocking_send(Read::Row(Box::new(row))).is_ok()
            };
            if let Err(broken) = read(&from.path, &from.form, &ctx, &events, &mut emit) {
                // Nobody listens any more when the import was given up.
                send.blocking_send(Read::Broken(broken)).ok();
            }
            seen
        });
        let unit = if self.options.dry_run { DRY_UNIT } else { UNIT };
        while let Some(read) = receive.recv().await {
            match read {
                Read::Row(row) => self.waiting.push((Arc::clone(&source), Arc::new(*row))),
                Read::Broken(Broken { at, reason }) => {
                    self.flush().await?;
                    let file = Arc::clone(&source.path);
                    self.unreadable(&Line { file, at, remark: Remark::Rejected, reason });
                    self.report.files = self.report.files.saturating_sub(1);
                }
            }
            if self.waiting.len() >= unit {
                self.flush().await?;
            }
        }
        self.seen = reader.await.map_err(|_| ImportError::Reader(source.path.to_path_buf()))?;
        Ok(())
    }

    fn unreadable(&mut self, line: &Line) {
        self.report.unreadable += 1;
        (self.on_progress)(Progress::Line(line));
    }

    /// Takes the rows that wait.
    async fn flush(&mut self) -> Result<(), ImportError> {
        if self.waiting.is_empty() {
            return Ok(());
        }
        let items = std::mem::take(&mut self.waiting);
        let rows: Arc<[Arc<Row>]> = items.iter().map(|(_, row)| Arc::clone(row)).collect();
        let outcomes = if self.options.dry_run { self.try_out(rows).await? } else { self.save(rows).await? };
        for ((source, row), outcome) in items.iter().zip(outcomes) {
            self.tell(source, row, outcome);
        }
        (self.on_progress)(Progress::Rows(&self.report));
        Ok(())
    }

    /// Takes rows, and takes it back.
    async fn try_out(&mut self, rows: Arc<[Arc<Row>]>) -> Result<Vec<Outcome>, ImportError> {
        let is_offer = |row: &&Arc<Row>| row.kind != Kind::Booking;
        let before: Arc<[Arc<Row>]> = self.offers.iter().cloned().collect();
        let room = DRY_UNIT.saturating_sub(self.offers.len());
        self.offers.extend(rows.iter().filter(is_offer).take(room).cloned());
        self.report.partial |= rows.len() >= DRY_UNIT;
        match self.unit(before, rows).await {
            Ok(outcomes) | Err(Ended::Undone(outcomes)) => Ok(outcomes),
            Err(Ended::Failed(error)) => Err(error.into()),
        }
    }

    /// Takes rows and stores them: together, or one by one when one of them is more than the database bears.
    async fn save(&mut self, rows: Arc<[Arc<Row>]>) -> Result<Vec<Outcome>, ImportError> {
        let began = std::time::Instant::now();
        let outcomes = match self.unit(Arc::default(), Arc::clone(&rows)).await {
            Ok(outcomes) | Err(Ended::Undone(outcomes)) => outcomes,
            Err(Ended::Failed(error)) if is_everyones(&error) => return Err(error.into()),
            Err(Ended::Failed(_)) => self.one_by_one(&rows).await?,
        };
        if !self.store.is_postgres() {
            // SQLite has no queue between processes: a server beside this one gets its turn only while nobody writes.
            tokio::time::sleep(began.elapsed() / 20).await;
        }
        Ok(outcomes)
    }

    async fn one_by_one(&mut self, rows: &[Arc<Row>]) -> Result<Vec<Outcome>, ImportError> {
        let mut outcomes = Vec::with_capacity(rows.len());
        let mut last = None;
        for row in rows {
            match self.unit(Arc::default(), Arc::from([Arc::clone(row)])).await {
                Ok(mut one) | Err(Ended::Undone(mut one)) => outcomes.append(&mut one),
                Err(Ended::Failed(error)) if is_everyones(&error) => return Err(error.into()),
                Err(Ended::Failed(error)) => {
                    let fault = Fault { pointer: String::new(), detail: error.to_string() };
                    outcomes.push((Verdict::Rejected(vec![fault]), Vec::new()));
                    last = Some(error);
                }
            }
        }
        let failed = |(verdict, _): &Outcome| matches!(verdict, Verdict::Rejected(_));
        match last {
            // Not the rows are at fault, e.g. the disk is full.
            Some(error) if rows.len() > 1 && outcomes.iter().all(failed) => Err(error.into()),
            _ => Ok(outcomes),
        }
    }

    /// Runs a unit of work, again while the database is busy or away.
    async fn unit(&self, before: Arc<[Arc<Row>]>, rows: Arc<[Arc<Row>]>) -> Result<Vec<Outcome>, Ended> {
        let mut tries = 0;
        loop {
            tries += 1;
            let (before, rows) = (Arc::clone(&before), Arc::clone(&rows));
            let (ctx, staff, dry_run) = (self.ctx.clone(), self.options.staff.clone(), self.options.dry_run);
            let ended = self.store.write(move |conn| {
                let all = before.iter().chain(rows.iter()).map(AsRef::as_ref);
                let mut outcomes = unit::take(conn, &ctx, staff.as_deref(), all).map_err(failed)?;
                let outcomes = outcomes.split_off(before.len());
                if dry_run { Err(Ended::Undone(outcomes)) } else { Ok(outcomes) }
            });
            match ended.await {
                Err(Ended::Failed(error)) if is_everyones(&error) && tries < TRIES => {
                    tokio::time::sleep(Duration::from_millis(50).saturating_mul(tries).min(Duration::from_secs(1)))
                        .await;
                }
                ended => return ended,
            }
        }
    }

    fn tell(&mut self, source: &Source, row: &Row, (verdict, notices): Outcome) {
        let counts = self.report.of_mut(row.kind);
        let whole = |detail: String| vec![Fault { pointer: String::new(), detail }];
        let (count, remark) = match verdict {
            Verdict::Created => (Some(&mut counts.created), None),
            Verdict::Changed => (Some(&mut counts.changed), None),
            Verdict::Unchanged => (Some(&mut counts.unchanged), None),
            Verdict::Rejected(faults) => (Some(&mut counts.rejected), Some((Remark::Rejected, faults))),
            Verdict::Skipped(why) => (Some(&mut counts.skipped), Some((Remark::Skipped, whole(why)))),
            Verdict::Noted(text) => (None, Some((Remark::Note, whole(text)))),
        };
        if let Some(count) = count {
            *count += 1;
        }
        let notes = notices.into_iter().map(|notice| (Remark::Note, vec![notice]));
        for (remark, faults) in remark.into_iter().chain(notes) {
            (self.on_progress)(Progress::Line(&line(source, row, remark, &faults)));
        }
    }
}

fn failed(error: super::Error) -> Ended {
    match error {
        super::Error::Store(error) => Ended::Failed(error),
        // Rows do not end a unit with any other.
        other => Ended::Failed(store::Error::Db(diesel::result::Error::QueryBuilderError(other.to_string().into()))),
    }
}

/// Whether no row is to blame, so that another try, or none at all, is right.
const fn is_everyones(error: &store::Error) -> bool {
    matches!(error, store::Error::Busy | store::Error::Connect(_) | store::Error::Unknown)
}

fn read(
    path: &Path,
    form: &Form,
    ctx: &Context,
    events: &Events,
    emit: &mut dyn FnMut(Row) -> bool,
) -> Result<(), Broken> {
    match form {
        Form::Csv(layout) => csv::read(path, layout, emit),
        Form::Json(section) => json::read(path, *section, emit),
        Form::Ics => ics::read(path, ctx, events, emit),
    }
}

/// A line of the report: at the first field that is at fault, with every fault.
fn line(source: &Source, row: &Row, remark: Remark, faults: &[Fault]) -> Line {
    let pointer = faults.first().map_or("", |fault| fault.pointer.as_str());
    let at = locate::locate(&source.path, &source.form, &row.place, pointer);
    let reasons: Vec<String> = faults.iter().map(|fault| reason(&source.form, row, fault)).collect();
    Line { file: Arc::clone(&source.path), at: Some(at), remark, reason: reasons.join("; ") }
}

/// A fault with its field as the file calls it.
fn reason(form: &Form, row: &Row, fault: &Fault) -> String {
    let field = match form {
        Form::Csv(layout) => layout.column(&fault.pointer).map_or_else(String::new, columns::in_csv),
        Form::Json(section) => format!("{}{}", section.pointer(row.place.index), fault.pointer),
        Form::Ics => ics::property(&fault.pointer).to_owned(),
    };
    if field.is_empty() { fault.detail.clone() } else { format!("{field} {}", fault.detail) }
}
