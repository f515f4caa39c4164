//! Which rows of an import are about the same thing.
//!
//! A row with a reference, or of a name, must be there once, in whichever file: of two that differ, each import would
//! make one of the other.
//! Bookings and people without either get a reference of what identifies them and of how many such rows came before, so
//! that two seats without names are two bookings, and the same two when the file is imported again.

use std::collections::HashMap;

use sha2::{Digest, Sha256};

use crate::booking::Fault;
use crate::store::{Id, Role};

use super::row::{BookingRecord, Content, Customer, People, PersonRecord, Row, ServiceChoice};

/// Rows that are kept in mind, 36 MB of them: later ones are taken as if they were the first of their kind.
const MOST: usize = 1_800_000;

/// The rows so far.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// Of the import: what the row of a reference, UID or name says.
    named: HashMap<u64, u32>,
    /// Of one file: how many rows say the same.
    counted: HashMap<u64, u32>,
}

/// What a row is known by.
enum Key {
    /// Its reference, address or name: the field and its value.
    Named(&'static str, Vec<String>),
    /// Nothing but what it says.
    Derived(Vec<String>),
}

impl Seen {
    /// Another file begins. Rows without names that it has in common with others are the same.
    pub(super) fn begin(&mut self) {
        self.counted.clear();
    }

    fn has_room(&self) -> bool {
        self.named.len() + self.counted.len() < MOST
    }

    /// Lets a row pass: one that has no reference gets it, one that contradicts an earlier one is refused.
    pub(super) fn admit(&mut self, row: &mut Row) {
        let Some(key) = key(&row.content) else { return };
        match key {
            Key::Named(field, parts) => {
                let said = short(&[&format!("{:?}", row.content)]) as u32;
                let key = short(&[row.kind.plural(), field, &parts.join("\n")]);
                let known = self.named.get(&key).copied();
                if known.is_some_and(|known| known != said) {
                    let detail = "is that of an earlier row of this import, which says something else";
                    let fault = Fault { pointer: format!("/{field}"), detail: detail.to_owned() };
                    row.content = Content::Refused(vec![fault]);
                } else if self.has_room() {
                    self.named.insert(key, said);
                }
            }
            Key::Derived(parts) => {
                let name = row.kind.plural();
                let key = short(&[name, "", &parts.join("\n")]);
                let before = self.counted.get(&key).copied().unwrap_or(0);
                if before > 0 || self.has_room() {
                    self.counted.insert(key, before.saturating_add(1));
                }
                let id = Id::derived(&[name.as_bytes(), parts.join("\n").as_bytes(), &before.to_be_bytes()]);
                match &mut row.content {
                    Content::Booking(booking) => booking.uid = Some(id.to_string()),
                    Content::Block(block) => block.uid = Some(id.to_string()),
                    Content::Person(person) => person.external_ref = Some(format!("import:{id}")),
                    _ => {}
                }
            }
        }
    }
}

/// The first 64 bits of a SHA-256: no two of a million texts have the same.
fn short(parts: &[&str]) -> u64 {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    let mut first = [0; 8];
    first.copy_from_slice(&hash.finalize()[..8]);
    u64::from_be_bytes(first)
}

fn key(content: &Content) -> Option<Key> {
    let named = |reference: &Option<String>, name: &str| match reference {
        Some(reference) => Key::Named("external_ref", vec![reference.trim().to_owned()]),
        None => Key::Named("name", vec![name.trim().to_owned()]),
    };
    match content {
        Content::Resource(row) => Some(named(&row.external_ref, &row.name)),
        Content::Service(row) => Some(named(&row.external_ref, &row.name)),
        Content::Person(row) => Some(person(row)),
        Content::Booking(row) => Some(booking(row)),
        Content::Block(row) => Some(match &row.uid {
            Some(uid) => Key::Named("uid", vec![uid.clone()]),
            None => Key::Derived(vec![row.start.clone(), row.summary.clone().unwrap_or_default()]),
        }),
        Content::Refused(_) | Content::Skipped(_) | Content::Note(_) => None,
    }
}

fn plain(text: &str) -> String {
    text.trim().to_lowercase()
}

fn person(row: &PersonRecord) -> Key {
    let group = if row.role == Role::Customer { "customer" } else { "staff" };
    if let Some(reference) = &row.external_ref {
        return Key::Named("external_ref", vec![reference.trim().to_owned()]);
    }
    if let Some(Some(email)) = &row.email {
        return Key::Named("email", vec![group.to_owned(), plain(email), plain(&row.name)]);
    }
    let text = |field: &Option<Option<String>>| field.clone().flatten().map(|text| plain(&text)).unwrap_or_default();
    Key::Derived(vec![group.to_owned(), plain(&row.name), text(&row.phone), text(&row.username)])
}

fn booking(row: &BookingRecord) -> Key {
    if let Some(reference) = &row.external_ref {
        return Key::Named("external_ref", vec![reference.trim().to_owned()]);
    }
    if let Some(uid) = &row.uid {
        return Key::Named("uid", vec![uid.clone()]);
    }
    let text = |text: &Option<String>| text.as_deref().map(plain).unwrap_or_default();
    // The part of an endless series that is taken differs from time to time; its beginning does not.
    let start = row.endless.as_ref().map_or(&row.start, |endless| &endless.start);
    let mut parts = vec![start.clone(), text(&row.timezone)];
    match &row.service {
        ServiceChoice::Named(service) => parts.push(plain(service)),
        ServiceChoice::Guessed { summary, .. } => parts.push(text(summary)),
    }
    match &row.people {
        People::Named { staff, customer } => {
            parts.push(text(staff));
            match customer.as_ref().and_then(Option::as_ref) {
                None => {}
                Some(Customer::Known(who)) => parts.push(plain(who)),
                Some(Customer::Named { name, email, phone }) => {
                    parts.extend([plain(name), text(email), text(phone)]);
                }
            }
        }
        People::Parties(parties) => {
            parts.extend(parties.iter().flat_map(|party| [plain(&party.name), text(&party.email)]));
        }
    }
    parts.extend(row.resources.iter().flatten().map(|resource| plain(resource)));
    Key::Derived(parts)
}
