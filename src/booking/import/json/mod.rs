//! Rows of a JSON document, streamed: a list of objects, or an object of such lists.

use std::cell::Cell as Shared;
use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::rc::Rc;

use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};

mod follow;

pub(super) use follow::spot;
use follow::{Reached, Tracked, looked_at};

use crate::booking::Fault;
use crate::store::Role;

use super::columns;
use super::csv::Broken;
use super::fields::{Cell, Fields};
use super::locate::Spot;
use super::node::Node;
use super::report::Kind;
use super::row::{Content, Place, Row};

/// Which list of a document is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Section {
    /// The document is a list; each object shows what it is.
    Whole,
    Resources,
    Staff,
    Customers,
    Services,
    Bookings,
}

impl Section {
    const NAMES: [&str; 5] = ["resources", "staff", "customers", "services", "bookings"];

    /// The list of this name in a document.
    pub(super) fn named(name: &str) -> Option<Self> {
        match name {
            "resources" => Some(Self::Resources),
            "staff" => Some(Self::Staff),
            "customers" => Some(Self::Customers),
            "services" => Some(Self::Services),
            "bookings" => Some(Self::Bookings),
            _ => None,
        }
    }

    const fn name(self) -> Option<&'static str> {
        match self {
            Self::Whole => None,
            Self::Resources => Some("resources"),
            Self::Staff => Some("staff"),
            Self::Customers => Some("customers"),
            Self::Services => Some("services"),
            Self::Bookings => Some("bookings"),
        }
    }

    pub(super) const fn kind(self) -> Option<Kind> {
        match self {
            Self::Whole => None,
            Self::Resources => Some(Kind::Resource),
            Self::Staff | Self::Customers => Some(Kind::Person),
            Self::Services => Some(Kind::Service),
            Self::Bookings => Some(Kind::Booking),
        }
    }

    const fn role(self) -> Option<Role> {
        match self {
            Self::Staff => Some(Role::Staff),
            Self::Customers => Some(Role::Customer),
            _ => None,
        }
    }

    /// The JSON pointer of an object of the list.
    pub(super) fn pointer(self, index: u64) -> String {
        self.name().map_or_else(|| format!("/{index}"), |name| format!("/{name}/{index}"))
    }
}

/// The lists of a document and the kind of rows that the first of them begins with.
///
/// # Errors
/// Where the document is none: an object is read to its end, a list only to its first object.
pub(super) fn sections(path: &Path) -> Result<Vec<(Section, Option<Kind>)>, Broken> {
    let mut kind = None;
    let mut found = BTreeSet::new();
    walk(path, Section::Whole, &mut found, &mut |row| {
        kind = Some(row.kind);
        false
    })?;
    Ok(found.into_iter().map(|section| (section, section.kind().or(kind))).collect())
}

/// Reads the rows of one list; `emit` says whether to go on.
///
/// # Errors
/// The place from which on nothing could be read; the rows before it were handed over.
pub(super) fn read(path: &Path, section: Section, emit: &mut dyn FnMut(Row) -> bool) -> Result<(), Broken> {
    walk(path, section, &mut BTreeSet::new(), emit)
}

fn walk(
    path: &Path,
    wanted: Section,
    found: &mut BTreeSet<Section>,
    emit: &mut dyn FnMut(Row) -> bool,
) -> Result<(), Broken> {
    let mut file = BufReader::new(File::open(path)?);
    let mut start = Spot { line: 1, column: 1 }.at(0);
    // A byte order mark, which RFC 8259 §8.1 lets readers ignore.
    if file.fill_buf()?.starts_with(b"\xef\xbb\xbf") {
        file.consume(3);
        start.offset = 3;
    }
    let at = Rc::new(Shared::new(start));
    let mut stopped = false;
    let top = Top { wanted, found, rows: Rows { section: wanted, emit, at: &at, stopped: &mut stopped } };
    let mut document = serde_json::Deserializer::from_reader(Tracked { file, at: Rc::clone(&at) });
    match document.deserialize_any(top).and_then(|()| document.end()) {
        Err(error) if !stopped => Err(broken(&error)),
        _ => Ok(()),
    }
}

fn broken(error: &serde_json::Error) -> Broken {
    let text = error.to_string();
    let reason = text.rsplit_once(" at line ").map_or(text.as_str(), |(reason, _)| reason);
    let at = (error.line() > 0).then(|| (error.line() as u64, (error.column() as u64).max(1)));
    Broken {
        at,
        reason: if at.is_some() {
            format!("this is not JSON that can be imported: {reason}")
        } else {
            reason.to_owned()
        },
    }
}

/// The document.
struct Top<'a> {
    wanted: Section,
    found: &'a mut BTreeSet<Section>,
    rows: Rows<'a>,
}

impl<'de> Visitor<'de> for Top<'_> {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a list of objects, or an object with the lists staff, customers, resources, services, bookings")
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, list: A) -> Result<(), A::Error> {
        self.found.insert(Section::Whole);
        (&mut self.rows).visit_seq(list)
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut lists: A) -> Result<(), A::Error> {
        while let Some(name) = lists.next_key::<String>()? {
            let shown: String = name.chars().take(60).collect();
            let Some(section) = Section::named(&name) else {
                let names = Section::NAMES.join(", ");
                return Err(A::Error::custom(format!("\"{shown}\" is unknown; the lists of a document are {names}")));
            };
            if !self.found.insert(section) {
                return Err(A::Error::custom(format!("\"{shown}\" is there twice")));
            }
            if section == self.wanted {
                lists.next_value_seed(&mut self.rows)?;
            } else {
                lists.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }
}

/// A list of rows.
struct Rows<'a> {
    section: Section,
    emit: &'a mut dyn FnMut(Row) -> bool,
    at: &'a Shared<Reached>,
    stopped: &'a mut bool,
}

impl<'de> DeserializeSeed<'de> for &mut Rows<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for &mut Rows<'_> {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a list of objects")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        let mut index = 0;
        while let Some((place, node)) = list.next_element_seed(Placed { at: self.at, index })? {
            if !(self.emit)(row(self.section, place, node)) {
                *self.stopped = true;
                return Err(A::Error::custom("nobody wants more"));
            }
            index += 1;
        }
        Ok(())
    }
}

/// A value of a list and where it begins.
struct Placed<'a> {
    at: &'a Shared<Reached>,
    index: u64,
}

impl<'de> DeserializeSeed<'de> for Placed<'_> {
    type Value = (Place, Node);

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        // The deserializer has looked at the first octet already, which is no line end.
        let reached = self.at.get();
        let (begin, spot) = (reached.offset.saturating_sub(1), looked_at(reached.next));
        let place = Place { line: spot.line, column: spot.column, offset: begin, index: self.index };
        self.at.set(Reached { object: Some(begin), ..reached });
        let node = serde::Deserialize::deserialize(deserializer)?;
        self.at.set(Reached { object: None, ..self.at.get() });
        Ok((place, node))
    }
}

fn row(section: Section, place: Place, node: Node) -> Row {
    let refused = |kind, detail: String| {
        let content = Content::Refused(vec![Fault { pointer: String::new(), detail }]);
        Row { place, kind, content }
    };
    let Node::Object(entries) = node else {
        return refused(section.kind().unwrap_or(Kind::Booking), "must be an object".to_owned());
    };
    let kind = section.kind().or_else(|| columns::kind_of(entries.iter().map(|(name, _)| name.as_str())));
    let Some(kind) = kind else { return refused(Kind::Booking, columns::sets()) };
    let mut fields = Fields::default();
    let mut names = BTreeSet::new();
    for (name, value) in entries {
        if !names.insert(name.clone()) {
            fields.fault(format!("/{}", escaped(&name)), "is there twice");
        } else if name == "customer" && kind == Kind::Booking {
            customer(&mut fields, value);
        } else {
            match columns::of(kind).iter().find(|field| **field == name) {
                Some(field) => fields.push(field, Cell::Node(value)),
                None => fields.fault(format!("/{}", escaped(&name)), columns::unknown(kind, &name, str::to_owned)),
            }
        }
    }
    Row { place, kind, content: fields.into_content(kind, section.role()) }
}

fn customer(fields: &mut Fields, value: Node) {
    let entries = match value {
        Node::Null => vec![("name".to_owned(), Node::Null)],
        Node::Object(entries) => entries,
        _ => return fields.fault("/customer", "must be an object with name, email and phone"),
    };
    let mut names = BTreeSet::new();
    for (name, value) in entries {
        let field = match name.as_str() {
            "name" => "customer/name",
            "email" => "customer/email",
            "phone" => "customer/phone",
            _ => {
                let detail = "is unknown; a customer has name, email and phone";
                fields.fault(format!("/customer/{}", escaped(&name)), detail);
                continue;
            }
        };
        if names.insert(field) {
            fields.push(field, Cell::Node(value));
        } else {
            fields.fault(format!("/{field}"), "is there twice");
        }
    }
}

/// A name as a part of a JSON pointer (RFC 6901 §3).
fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}
