//! Where in its file a field stands. Rows do not carry it: the few that are rejected are looked at again.

use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use super::plan::Form;
use super::row::Place;
use super::{csv, json};

/// A place in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Spot {
    /// From 1.
    pub(super) line: u64,
    /// Octet in the line, from 1.
    pub(super) column: u64,
}

impl Spot {
    /// Goes on behind a byte.
    pub(super) const fn pass(&mut self, byte: u8) {
        if byte == b'\n' {
            self.line += 1;
            self.column = 1;
        } else {
            self.column += 1;
        }
    }
}

/// Where the field that a fault points at is, else where its row is: line and column.
pub(super) fn locate(path: &Path, form: &Form, place: &Place, pointer: &str) -> (u64, u64) {
    let row = Spot { line: place.line, column: place.column };
    let spot = match form {
        Form::Ics => Some(row),
        Form::Csv(layout) => {
            let column = layout.column(pointer);
            let field = layout.columns.iter().position(|name| Some(*name) == column).unwrap_or(0);
            from(path, place.offset).map(|file| csv::spot(file, layout.delimiter, row, field))
        }
        Form::Json(_) => from(path, place.offset).map(|file| json::spot(file, row, pointer)),
    };
    let spot = spot.unwrap_or(row);
    (spot.line, spot.column)
}

/// The file from an octet on; none when it is gone by now.
fn from(path: &Path, offset: u64) -> Option<impl Read> {
    let mut file = File::open(path).ok()?;
    file.seek(SeekFrom::Start(offset)).ok()?;
    Some(BufReader::new(file))
}
