//! Which files there are, what is in them, and in which order they go in.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::csv::{self, Broken, Layout};
use super::json::{self, Section};
use super::report::{Kind, Line, Remark};

/// How a file, or a list in it, is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Form {
    Csv(Layout),
    Json(Section),
    Ics,
}

/// A list of rows.
#[derive(Debug, Clone)]
pub(super) struct Source {
    pub(super) path: Arc<Path>,
    pub(super) form: Form,
    /// Where the list comes in the order of things that name one another.
    kind: Kind,
}

/// What there is to read, in order, and what cannot be read at all.
#[derive(Debug, Default)]
pub(super) struct Plan {
    pub(super) sources: Vec<Source>,
    pub(super) unreadable: Vec<Line>,
    /// Files with something to read.
    pub(super) files: u64,
}

/// Looks into the files, and into the directories for files; those do not go deeper.
pub(super) fn plan(paths: &[PathBuf]) -> Plan {
    let mut plan = Plan::default();
    for path in paths {
        if path.is_dir() {
            match files_in(path) {
                Ok(files) => files.iter().for_each(|file| plan.add(file)),
                Err(error) => plan.refuse(path, error.into()),
            }
        } else {
            plan.add(path);
        }
    }
    // Stable: within a kind, the order in which the files were named.
    plan.sources.sort_by_key(|source| source.kind);
    plan
}

/// The files of a directory that can be imported, by name.
fn files_in(directory: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        if path.is_file() && matches!(extension(&path).as_str(), "csv" | "json" | "ics") {
            files.push(path);
        }
    }
    files.sort_unstable();
    Ok(files)
}

fn extension(path: &Path) -> String {
    path.extension().map(|extension| extension.to_string_lossy().to_lowercase()).unwrap_or_default()
}

impl Plan {
    fn add(&mut self, path: &Path) {
        match forms(path) {
            Ok(forms) => {
                self.files += 1;
                let shared: Arc<Path> = Arc::from(path);
                let source = |(form, kind)| Source { path: Arc::clone(&shared), form, kind };
                self.sources.extend(forms.into_iter().map(source));
            }
            Err(broken) => self.refuse(path, broken),
        }
    }

    fn refuse(&mut self, path: &Path, broken: Broken) {
        let Broken { at, reason } = broken;
        self.unreadable.push(Line { file: Arc::from(path), at, remark: Remark::Rejected, reason });
    }
}

fn forms(path: &Path) -> Result<Vec<(Form, Kind)>, Broken> {
    // What is no plain file might never end.
    if !fs::metadata(path)?.is_file() {
        return Err(Broken::file("is not a file"));
    }
    match extension(path).as_str() {
        "csv" => {
            let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
            let layout = csv::layout(path, &stem)?;
            let kind = layout.kind;
            Ok(vec![(Form::Csv(layout), kind)])
        }
        "json" => {
            let sections = json::sections(path)?;
            Ok(sections.into_iter().map(|(s, kind)| (Form::Json(s), kind.unwrap_or(Kind::Booking))).collect())
        }
        "ics" => Ok(vec![(Form::Ics, Kind::Booking)]),
        _ => Err(Broken::file("is none of .csv, .json and .ics, so it is not known how to read it")),
    }
}
