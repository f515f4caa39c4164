//! What an import says about what it did.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

/// What a row is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A room, vehicle, piece of equipment or product.
    Resource,
    /// A manager, staff member or customer.
    Person,
    /// A service.
    Service,
    /// A booking.
    Booking,
    /// Blocked time.
    Block,
}

impl Kind {
    /// Every kind, in the order in which they are imported: services name people and resources, bookings name all.
    pub const ALL: [Self; 5] = [Self::Resource, Self::Person, Self::Service, Self::Booking, Self::Block];

    /// Its plural.
    #[must_use]
    pub const fn plural(self) -> &'static str {
        match self {
            Self::Resource => "resources",
            Self::Person => "people",
            Self::Service => "services",
            Self::Booking => "bookings",
            Self::Block => "blocks",
        }
    }
}

/// How many rows of one kind came out how.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Were not there before.
    pub created: u64,
    /// Were there, and differed.
    pub changed: u64,
    /// Were there, the same.
    pub unchanged: u64,
    /// Cannot be taken.
    pub rejected: u64,
    /// Are nothing to be taken, e.g. the tasks of a calendar.
    pub skipped: u64,
}

impl Counts {
    /// All rows.
    #[must_use]
    pub const fn rows(&self) -> u64 {
        self.created + self.changed + self.unchanged + self.rejected + self.skipped
    }
}

/// What became of a whole import.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// Whether nothing was to be stored.
    pub dry_run: bool,
    /// Whether a dry run had more rows than it can try together.
    pub partial: bool,
    /// Files that were read to their end.
    pub files: u64,
    /// Files, or the rest of files, that could not be read.
    pub unreadable: u64,
    pub(super) counts: [Counts; 5],
}

impl Report {
    /// The counts of one kind.
    #[must_use]
    pub const fn of(&self, kind: Kind) -> &Counts {
        &self.counts[kind as usize]
    }

    pub(super) const fn of_mut(&mut self, kind: Kind) -> &mut Counts {
        &mut self.counts[kind as usize]
    }

    /// The counts of all kinds together.
    #[must_use]
    pub fn total(&self) -> Counts {
        self.counts.iter().fold(Counts::default(), |sum, each| Counts {
            created: sum.created + each.created,
            changed: sum.changed + each.changed,
            unchanged: sum.unchanged + each.unchanged,
            rejected: sum.rejected + each.rejected,
            skipped: sum.skipped + each.skipped,
        })
    }

    /// Whether every file was read and every row taken: exit status 0, else 1.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.unreadable == 0 && self.total().rejected == 0
    }
}

impl fmt::Display for Report {
    /// A line for each kind that occurred.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for kind in Kind::ALL {
            let Counts { created, changed, unchanged, rejected, skipped } = self.of(kind);
            if self.of(kind).rows() > 0 {
                writeln!(
                    f,
                    "{}: {created} created, {changed} changed, {unchanged} unchanged, {rejected} rejected, {skipped} skipped",
                    kind.plural()
                )?;
            }
        }
        write!(f, "{} files read, {} unreadable", self.files, self.unreadable)?;
        if self.partial {
            f.write_str("; conflicts between bookings more than 10,000 rows apart were not looked for")?;
        }
        if self.dry_run { f.write_str("; this was a dry run, nothing was stored") } else { Ok(()) }
    }
}

/// Why there is a line in the report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Remark {
    /// A row, or a file, was not taken.
    Rejected,
    /// It is nothing to be taken.
    Skipped,
    /// It was taken, and this should be known about how.
    Note,
}

/// A line of the report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The file.
    pub file: Arc<Path>,
    /// Line and octet in it, both from 1; none: the file as a whole.
    pub at: Option<(u64, u64)>,
    /// Why it is said.
    pub remark: Remark,
    /// What there is to say, with the names of the fields.
    pub reason: String,
}

impl fmt::Display for Line {
    /// `FILE:LINE:COLUMN: reason`. What came out of the file cannot steer the terminal that shows it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.file.display())?;
        if let Some((line, column)) = self.at {
            write!(f, "{line}:{column}:")?;
        }
        f.write_str(match self.remark {
            Remark::Rejected => " ",
            Remark::Skipped => " skipped: ",
            Remark::Note => " note: ",
        })?;
        let plain = |c: char| if c.is_control() { ' ' } else { c };
        self.reason.chars().map(plain).try_for_each(|c| fmt::Write::write_char(f, c))
    }
}

/// What an import tells while it runs.
#[derive(Debug)]
pub enum Progress<'a> {
    /// A line of the report.
    Line(&'a Line),
    /// Rows are done; these are the counts so far.
    Rows(&'a Report),
}
