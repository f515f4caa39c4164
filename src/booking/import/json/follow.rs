//! How far a document is read, and where in it a value begins.

use std::cell::Cell as Shared;
use std::io::{self, Read};
use std::rc::Rc;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::booking::import::locate::Spot;

/// Octets that an object of a list may have.
const MAX_OBJECT: u64 = 256 * 1024;

/// How far the reader is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reached {
    /// Octets taken.
    pub(super) offset: u64,
    /// The place of the next octet.
    pub(super) next: Spot,
    /// Where the present object began.
    pub(super) object: Option<u64>,
    /// Whether the beginning of the next value is to be remembered.
    pub(super) armed: bool,
    /// Where that was.
    pub(super) mark: Option<Spot>,
}

impl Spot {
    pub(super) const fn at(self, offset: u64) -> Reached {
        Reached { offset, next: self, object: None, armed: false, mark: None }
    }
}

/// Hands over one octet at a time and counts them.
pub(super) struct Tracked<R> {
    pub(super) file: R,
    pub(super) at: Rc<Shared<Reached>>,
}

impl<R: Read> Read for Tracked<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let Some(one) = buffer.get_mut(..1) else { return Ok(0) };
        if self.file.read(one)? == 0 {
            return Ok(0);
        }
        let mut reached = self.at.get();
        if reached.armed && one[0] != b':' && !one[0].is_ascii_whitespace() {
            reached.armed = false;
            reached.mark = Some(reached.next);
        }
        reached.offset += 1;
        reached.next.pass(one[0]);
        self.at.set(reached);
        if reached.object.is_some_and(|begin| reached.offset - begin > MAX_OBJECT) {
            return Err(io::Error::other("an object is larger than 256 KiB"));
        }
        Ok(1)
    }
}

/// The octet before this one, in the same line.
pub(super) fn looked_at(next: Spot) -> Spot {
    Spot { column: next.column.saturating_sub(1).max(1), ..next }
}

/// Where in its object the value that `pointer` names begins; the object itself when it is not there.
pub(in crate::booking::import) fn spot(file: impl Read, object: Spot, pointer: &str) -> Spot {
    let at = Rc::new(Shared::new(object.at(0)));
    let names: Vec<String> = pointer.split('/').skip(1).map(|n| n.replace("~1", "/").replace("~0", "~")).collect();
    let tracked = Tracked { file: file.take(MAX_OBJECT), at: Rc::clone(&at) };
    let mut document = serde_json::Deserializer::from_reader(tracked);
    // It ends with an error where the value was found.
    match document.deserialize_any(Follow { names: &names, at: &at }) {
        Err(_) if !names.is_empty() => at.get().mark.unwrap_or(object),
        _ => object,
    }
}

/// Goes the way of a pointer and stops where it leads.
struct Follow<'a> {
    names: &'a [String],
    at: &'a Shared<Reached>,
}

impl Follow<'_> {
    fn into<E: serde::de::Error>(self) -> Result<Self, E> {
        if self.names.is_empty() { Err(E::custom("found")) } else { Ok(self) }
    }
}

impl<'de> DeserializeSeed<'de> for Follow<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Follow<'_> {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an object or a list")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        let follow = self.into()?;
        let (first, rest) = follow.names.split_first().map_or(("", follow.names), |(f, rest)| (f.as_str(), rest));
        while let Some(name) = entries.next_key::<String>()? {
            if name != first {
                entries.next_value::<IgnoredAny>()?;
                continue;
            }
            follow.at.set(Reached { armed: true, ..follow.at.get() });
            return entries.next_value_seed(Follow { names: rest, at: follow.at });
        }
        follow.at.set(Reached { mark: None, ..follow.at.get() });
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let follow = self.into()?;
        let (first, rest) = follow.names.split_first().map_or(("", follow.names), |(f, rest)| (f.as_str(), rest));
        for _ in 0..first.parse::<u16>().unwrap_or(0) {
            if items.next_element::<IgnoredAny>()?.is_none() {
                return Ok(());
            }
        }
        items.next_element_seed(Item { names: rest, at: follow.at })?;
        Ok(())
    }
}

/// A value of a list, whose first octet the deserializer has looked at already.
struct Item<'a> {
    names: &'a [String],
    at: &'a Shared<Reached>,
}

impl<'de> DeserializeSeed<'de> for Item<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        let reached = self.at.get();
        self.at.set(Reached { armed: false, mark: Some(looked_at(reached.next)), ..reached });
        deserializer.deserialize_any(Follow { names: self.names, at: self.at })
    }
}
