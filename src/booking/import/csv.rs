//! Rows of a table (RFC 4180), streamed.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use crate::booking::Fault;
use crate::store::Role;

use super::columns;
use super::fields::{Cell, Fields};
use super::locate::Spot;
use super::report::Kind;
use super::row::{Content, Place, Row};

/// Octets that a row may have: a quotation mark without its partner would take in the rest of the file.
const MAX_ROW: u64 = 256 * 1024;

/// How the table is written and what its columns are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Layout {
    pub(super) kind: Kind,
    pub(super) delimiter: u8,
    /// Octets of the byte order mark.
    pub(super) mark: u64,
    pub(super) columns: Vec<&'static str>,
    /// The role of people in a table without that column.
    pub(super) role: Option<Role>,
}

impl Layout {
    /// The column a fault points at, an item of its list included.
    pub(super) fn column(&self, pointer: &str) -> Option<&'static str> {
        let field = pointer.strip_prefix('/')?;
        let is_meant =
            |name: &&&str| field.strip_prefix(**name).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        columns::of(self.kind).iter().find(is_meant).copied()
    }
}

/// What makes a table unreadable from here on, and where.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Broken {
    pub(super) at: Option<(u64, u64)>,
    pub(super) reason: String,
}

impl Broken {
    pub(super) fn file(reason: impl Into<String>) -> Self {
        Self { at: None, reason: reason.into() }
    }
}

impl From<io::Error> for Broken {
    fn from(error: io::Error) -> Self {
        Self::file(format!("cannot be read: {error}"))
    }
}

/// Finds out from its first line how a table is written and what it holds; `stem` is the name of its file.
///
/// # Errors
/// Names the column that is unknown, or what there could be.
pub(super) fn layout(path: &Path, stem: &str) -> Result<Layout, Broken> {
    let mut file = File::open(path)?;
    let mut start = [0; 3];
    let length = read_up_to(&mut file, &mut start)?;
    let mark = if &start[..length] == b"\xef\xbb\xbf" { 3 } else { 0 };
    if start.starts_with(b"\xff\xfe") || start.starts_with(b"\xfe\xff") {
        return Err(Broken { at: Some((1, 1)), reason: "this is UTF-16; save it as UTF-8".to_owned() });
    }
    // The delimiter that makes the most known headings of the line, then the one that makes the most headings.
    let mut best: Option<(usize, usize, u8, Vec<String>)> = None;
    for delimiter in *b",;\t" {
        file.seek(SeekFrom::Start(mark))?;
        let headings = first_record(&file, delimiter)?;
        let known = headings.iter().filter(|h| Kind::ALL.iter().any(|kind| columns::named(*kind, h).is_some())).count();
        if best.as_ref().is_none_or(|(k, n, ..)| (known, headings.len()) > (*k, *n)) {
            best = Some((known, headings.len(), delimiter, headings));
        }
    }
    let Some((_, _, delimiter, headings)) = best else { return Err(Broken::file("is empty")) };
    if headings.iter().all(|heading| heading.trim().is_empty()) {
        return Err(Broken::file("is empty; the first line must name the columns"));
    }
    let (kind, role) = what(&headings, stem)?;
    let columns = columns_of(kind, &headings, delimiter)?;
    Ok(Layout { kind, delimiter, mark, columns, role })
}

fn what(headings: &[String], stem: &str) -> Result<(Kind, Option<Role>), Broken> {
    let canonical = |heading: &String| heading.trim().to_lowercase().replace([' ', '-'], "_");
    let plain: Vec<String> = headings.iter().map(canonical).collect();
    if let Some(kind) = columns::kind_of(plain.iter().map(String::as_str)) {
        return Ok((kind, None));
    }
    match stem.to_lowercase().as_str() {
        "resources" => Ok((Kind::Resource, None)),
        "staff" => Ok((Kind::Person, Some(Role::Staff))),
        "customers" => Ok((Kind::Person, Some(Role::Customer))),
        "services" => Ok((Kind::Service, None)),
        "bookings" => Ok((Kind::Booking, None)),
        _ => Err(Broken { at: Some((1, 1)), reason: columns::sets() }),
    }
}

fn columns_of(kind: Kind, headings: &[String], delimiter: u8) -> Result<Vec<&'static str>, Broken> {
    let mut columns: Vec<&'static str> = Vec::with_capacity(headings.len());
    for (i, heading) in headings.iter().enumerate() {
        let column = 1 + headings[..i].iter().map(|before| before.len() as u64 + 1).sum::<u64>();
        let broken = |reason: String| Broken { at: Some((1, column)), reason };
        let Some(name) = columns::named(kind, heading) else {
            let hint = if heading.contains([',', ';', '\t']) && headings.len() == 1 {
                format!(" (the columns were taken to be separated by {:?})", char::from(delimiter))
            } else {
                String::new()
            };
            return Err(broken(format!(
                "the column {}{hint}",
                columns::unknown(kind, heading.trim(), columns::in_csv)
            )));
        };
        if columns.contains(&name) {
            return Err(broken(format!("the column {} is there twice", columns::in_csv(name))));
        }
        columns.push(name);
    }
    Ok(columns)
}

fn first_record(file: &File, delimiter: u8) -> Result<Vec<String>, Broken> {
    let mut reader = builder(delimiter).from_reader(file.take(MAX_ROW));
    let mut record = ::csv::ByteRecord::new();
    reader.read_byte_record(&mut record).map_err(|error| Broken::file(format!("cannot be read: {error}")))?;
    let mut headings = Vec::with_capacity(record.len());
    let mut column = 1;
    for field in &record {
        let text = str::from_utf8(field).map_err(|wrong| {
            let at = Some((1, (column + wrong.valid_up_to()) as u64));
            Broken { at, reason: not_utf8().to_owned() }
        })?;
        headings.push(text.to_owned());
        column += field.len() + 1;
    }
    Ok(headings)
}

fn builder(delimiter: u8) -> ::csv::ReaderBuilder {
    let mut builder = ::csv::ReaderBuilder::new();
    builder.has_headers(false).flexible(true).delimiter(delimiter);
    builder
}

fn read_up_to(file: &mut File, buffer: &mut [u8]) -> io::Result<usize> {
    let mut length = 0;
    while length < buffer.len() {
        match file.read(&mut buffer[length..])? {
            0 => break,
            more => length += more,
        }
    }
    Ok(length)
}

const fn not_utf8() -> &'static str {
    "is not UTF-8, as if it were saved as Latin-1 or Windows-1252; save the file as UTF-8"
}

/// Reads the rows; `emit` says whether to go on.
///
/// # Errors
/// The place from which on nothing could be read; the rows before it were handed over.
pub(super) fn read(path: &Path, layout: &Layout, emit: &mut dyn FnMut(Row) -> bool) -> Result<(), Broken> {
    let mut file = File::open(path)?;
    file.seek(SeekFrom::Start(layout.mark))?;
    let mut reader = builder(layout.delimiter).from_reader(Metered { file, since_row: 0 });
    let mut record = ::csv::ByteRecord::new();
    let mut index = 0;
    loop {
        reader.get_mut().since_row = 0;
        let began = reader.position().line();
        match reader.read_byte_record(&mut record) {
            Ok(true) => {}
            Ok(false) => return Ok(()),
            Err(error) => return Err(Broken { at: Some((began, 1)), reason: error_reason(&error) }),
        }
        let position = record.position().map_or((began, 0), |p| (p.line(), p.byte()));
        let place = Place { line: position.0, column: 1, offset: layout.mark + position.1, index };
        if index > 0 && !emit(row(layout, place, &record)) {
            return Ok(());
        }
        index += 1;
    }
}

fn error_reason(error: &::csv::Error) -> String {
    match error.kind() {
        ::csv::ErrorKind::Io(io) => io.to_string(),
        _ => error.to_string(),
    }
}

fn row(layout: &Layout, place: Place, record: &::csv::ByteRecord) -> Row {
    let content = if record.len() == layout.columns.len() {
        content(layout, record)
    } else {
        let detail = format!(
            "the row has {} fields and the first line {}; a text with {:?} in it needs quotation marks",
            record.len(),
            layout.columns.len(),
            char::from(layout.delimiter)
        );
        Content::Refused(vec![Fault { pointer: String::new(), detail }])
    };
    Row { place, kind: layout.kind, content }
}

fn content(layout: &Layout, record: &::csv::ByteRecord) -> Content {
    let mut fields = Fields::default();
    for (name, bytes) in layout.columns.iter().zip(record) {
        match str::from_utf8(bytes) {
            Ok(text) => fields.push(name, Cell::Text(text.to_owned())),
            Err(_) => {
                return Content::Refused(vec![Fault { pointer: format!("/{name}"), detail: not_utf8().to_owned() }]);
            }
        }
    }
    fields.into_content(layout.kind, layout.role)
}

/// Where in its row a field of this number begins; of one that is not UTF-8, where it stops to be.
pub(super) fn spot(file: impl Read, delimiter: u8, from: Spot, field: usize) -> Spot {
    let mut spot = from;
    let mut bytes = io::BufReader::new(file).bytes().take(MAX_ROW as usize).map_while(Result::ok).peekable();
    // The position of a row is that of the line ends before it.
    while let Some(byte) = bytes.next_if(|byte| matches!(byte, b'\r' | b'\n')) {
        spot.pass(byte);
    }
    let (mut number, mut begin) = (0, spot);
    let (mut text, mut quoted, mut open) = (Vec::new(), false, false);
    for byte in bytes {
        if !open && (byte == delimiter || matches!(byte, b'\r' | b'\n')) {
            if number == field || byte != delimiter {
                break;
            }
            number += 1;
            spot.pass(byte);
            begin = spot;
            text.clear();
            quoted = false;
            continue;
        }
        if byte == b'"' {
            // A mark counts at the beginning only, and then a double one inside closes and opens again.
            quoted |= text.is_empty();
            open = quoted && !open;
        }
        text.push(byte);
        spot.pass(byte);
    }
    if let Err(error) = str::from_utf8(&text) {
        text[..error.valid_up_to()].iter().for_each(|byte| begin.pass(*byte));
    }
    begin
}

/// A file that ends with an error when one row takes too much of it.
struct Metered {
    file: File,
    since_row: u64,
}

impl Read for Metered {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.since_row > MAX_ROW {
            let reason = "a row is longer than 256 KiB; a quotation mark before this may be missing its partner";
            return Err(io::Error::other(reason));
        }
        let length = self.file.read(buffer)?;
        self.since_row += length as u64;
        Ok(length)
    }
}
