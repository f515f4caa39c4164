//! Objects that clients own: put, deleted, copied and moved, each in one transaction that also decides its preconditions.

use data_encoding::BASE64URL_NOPAD;
use sha2::{Digest, Sha256};

use super::home::{Collection, Contents, MAX_OCTETS, Rights};
use super::precondition::Preconditions;
use super::{Error, Viewer};
use crate::ical::object::{Index, Object};
use crate::store::calendar_objects::{self, CalendarObject};
use crate::store::{Conn, Error as StoreError, collections, dav_properties, people};
use crate::time::Instant;

/// An object that a client sent, checked and ready to be kept: made before the transaction, which waits for nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Incoming {
    uid: String,
    component: &'static str,
    etag: String,
    body: String,
    index: Index,
}

impl Incoming {
    /// Makes an object ready whose text is `body`.
    #[must_use]
    pub fn new(object: &Object, body: String) -> Self {
        let (uid, component) = (object.uid().to_owned(), object.kind().as_str());
        Self { uid, component, etag: tag(&body), body, index: object.index() }
    }

    /// The name of its component.
    #[must_use]
    pub const fn component(&self) -> &'static str {
        self.component
    }
}

/// What became of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// Its new tag, without quotes.
    pub etag: String,
    /// Whether there was none of its name.
    pub created: bool,
}

/// The entity tag of a text: 144 bits of its hash.
fn tag(body: &str) -> String {
    BASE64URL_NOPAD.encode(&Sha256::digest(body)[..18])
}

/// Keeps an object under a name (RFC 4791 §5.3.2). The same bytes again change nothing.
///
/// # Errors
/// [`Error::Precondition`], [`Error::Forbidden`], [`Error::Component`], or [`Error::UidConflict`].
pub fn put(
    conn: &mut Conn,
    viewer: &Viewer,
    collection: &Collection,
    name: &str,
    incoming: &Incoming,
    expected: &Preconditions,
) -> Result<Written, Error> {
    writable(collection)?;
    hold_time(conn, collection)?;
    let token = token(conn, viewer, collection, expected)?;
    let known = calendar_objects::claim(conn, collection.tenant, collection.id, name)?;
    let live = known.as_ref().filter(|object| !object.deleted);
    if !expected.hold(live.map(|object| (object.etag.as_str(), object.modified_at)), || token.clone()) {
        return Err(Error::Precondition);
    }
    if let Some(same) = live.filter(|object| object.body == incoming.body) {
        return Ok(Written { etag: same.etag.clone(), created: false });
    }
    store(conn, viewer, collection, name, incoming, known)
}

fn store(
    conn: &mut Conn,
    viewer: &Viewer,
    collection: &Collection,
    name: &str,
    incoming: &Incoming,
    known: Option<CalendarObject>,
) -> Result<Written, Error> {
    if !collection.takes(incoming.component) {
        return Err(Error::Component(incoming.component.to_owned(), collection.components.join(", ")));
    }
    let live = known.as_ref().filter(|object| !object.deleted);
    if live.is_some_and(|object| object.uid != incoming.uid) {
        // RFC 4791 §5.3.2.1: an object keeps its UID.
        return Err(Error::UidConflict(name.to_owned()));
    }
    let created_at = live.map(|object| object.created_at);
    let taken = |conn: &mut Conn| {
        let found = calendar_objects::name_of_uid(conn, collection.tenant, collection.id, &incoming.uid)?;
        Ok::<_, StoreError>(found.filter(|other| other != name))
    };
    // In the place of a deleted one it may come with the UID of another.
    if known.is_some()
        && live.is_none()
        && let Some(other) = taken(conn)?
    {
        return Err(Error::UidConflict(other));
    }
    let index = incoming.index;
    let object = CalendarObject {
        tenant_id: collection.tenant,
        collection_id: collection.id,
        name: name.to_owned(),
        uid: incoming.uid.clone(),
        component: incoming.component.to_owned(),
        etag: incoming.etag.clone(),
        body: incoming.body.clone(),
        first_start: index.first_start.unwrap_or(Instant::from_unix(i64::MIN)),
        last_end: index.last_end.unwrap_or(Instant::from_unix(i64::MAX)),
        busy: index.busy,
        exact: index.exact,
        deleted: false,
        change: grow(conn, viewer, collection, octets(&incoming.body) - live.map_or(0, |object| octets(&object.body)))?,
        created_at: created_at.unwrap_or(viewer.now),
        modified_at: viewer.now,
    };
    let (etag, created) = (object.etag.clone(), created_at.is_none());
    if known.is_some() {
        calendar_objects::replace(conn, object)?;
    } else if !calendar_objects::insert(conn, object)? {
        return Err(taken(conn)?.map_or_else(|| StoreError::lost().into(), Error::UidConflict));
    }
    Ok(Written { etag, created })
}

/// Deletes an object (RFC 4918 §9.6).
///
/// # Errors
/// [`Error::NotFound`], [`Error::Precondition`], or [`Error::Forbidden`].
pub fn delete(
    conn: &mut Conn,
    viewer: &Viewer,
    collection: &Collection,
    name: &str,
    expected: &Preconditions,
) -> Result<(), Error> {
    writable(collection)?;
    let token = token(conn, viewer, collection, expected)?;
    let known = live(conn, collection, name)?;
    if !expected.hold(Some((&known.etag, known.modified_at)), || token.clone()) {
        return Err(Error::Precondition);
    }
    bury(conn, viewer, collection, known)
}

/// Counts a change after which the objects of a collection have so many octets more, and returns its number.
fn grow(conn: &mut Conn, viewer: &Viewer, collection: &Collection, octets: i64) -> Result<i64, Error> {
    let (change, all) = collections::grow(conn, collection.tenant, collection.id, viewer.now, octets)?;
    if octets > 0 && all > MAX_OCTETS {
        return Err(Error::Full);
    }
    Ok(change)
}

fn octets(body: &str) -> i64 {
    body.len() as i64
}

fn bury(conn: &mut Conn, viewer: &Viewer, collection: &Collection, object: CalendarObject) -> Result<(), Error> {
    let change = grow(conn, viewer, collection, -octets(&object.body))?;
    dav_properties::forget(conn, collection.tenant, collection.id, Some(&object.name))?;
    let gone = CalendarObject { body: String::new(), deleted: true, change, modified_at: viewer.now, ..object };
    Ok(calendar_objects::replace(conn, gone)?)
}

/// Whether the original of a copy stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transfer {
    /// It stays (COPY, RFC 4918 §9.8).
    Copy,
    /// It goes (MOVE, RFC 4918 §9.9).
    Move,
}

/// Copies or moves an object with its properties. Returns whether there was nothing at its new place.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Precondition`] also for something at the new place that is not to be overwritten,
/// [`Error::Forbidden`], [`Error::Component`], or [`Error::UidConflict`].
pub fn transfer(
    conn: &mut Conn,
    viewer: &Viewer,
    (from, name): (&Collection, &str),
    (to, new_name): (&Collection, &str),
    (kind, overwrite): (Transfer, bool),
    expected: &Preconditions,
) -> Result<bool, Error> {
    if kind == Transfer::Move {
        writable(from)?;
    }
    writable(to)?;
    hold_time(conn, to)?;
    let token = token(conn, viewer, from, expected)?;
    let original = live(conn, from, name)?;
    if !expected.hold(Some((&original.etag, original.modified_at)), || token.clone()) {
        return Err(Error::Precondition);
    }
    let there = calendar_objects::claim(conn, to.tenant, to.id, new_name)?;
    if !overwrite && there.as_ref().is_some_and(|object| !object.deleted) {
        return Err(Error::Precondition);
    }
    let incoming = Incoming {
        uid: original.uid.clone(),
        component: component_name(&original.component),
        etag: original.etag.clone(),
        body: original.body.clone(),
        index: Index {
            first_start: bounded(original.first_start, i64::MIN),
            last_end: bounded(original.last_end, i64::MAX),
            busy: original.busy,
            recurring: !original.exact,
            exact: original.exact,
        },
    };
    // Those of higher id first, as everybody who changes two collections.
    let two = from.id != to.id;
    if two {
        let mut both = [from.id, to.id];
        both.sort_unstable_by(|one, other| collections::lock_order(*one, *other));
        for id in both {
            collections::bump(conn, viewer.tenant, id, viewer.now)?;
        }
    }
    dav_properties::copy(conn, viewer.tenant, (from.id, name), (to.id, new_name))?;
    if kind == Transfer::Move {
        bury(conn, viewer, from, original)?;
    }
    Ok(store(conn, viewer, to, new_name, &incoming, there)?.created)
}

/// The sync token of a collection; where something depends on it, its row is locked first.
///
/// # Errors
/// That of the database.
pub fn token(
    conn: &mut Conn,
    viewer: &Viewer,
    collection: &Collection,
    expected: &Preconditions,
) -> Result<String, StoreError> {
    if !expected.name_a_collection() {
        return Ok(String::new());
    }
    let next = collections::bump(conn, collection.tenant, collection.id, viewer.now)?;
    Ok(collection.sync_token_at(next - 1))
}

fn bounded(at: Instant, unbounded: i64) -> Option<Instant> {
    (at.unix() != unbounded).then_some(at)
}

fn component_name(stored: &str) -> &'static str {
    match stored {
        "VTODO" => "VTODO",
        "VJOURNAL" => "VJOURNAL",
        _ => "VEVENT",
    }
}

fn live(conn: &mut Conn, collection: &Collection, name: &str) -> Result<CalendarObject, Error> {
    if collection.is_bookings() {
        return Err(Error::Forbidden("bookings are neither copied nor moved to other calendars"));
    }
    let found = calendar_objects::claim(conn, collection.tenant, collection.id, name)?;
    found.filter(|object| !object.deleted).ok_or(Error::NotFound)
}

fn writable(collection: &Collection) -> Result<(), Error> {
    if collection.is_bookings() {
        return Err(Error::Forbidden("only the business makes bookings"));
    }
    if collection.rights < Rights::Write {
        return Err(Error::Forbidden("you may read this calendar, not change it"));
    }
    Ok(())
}

/// Waits for bookings that are being made with a person whose time is about to be taken: they either are there when
/// the object is, or see it. It comes before everything else that is locked here, so that nobody waits in a circle.
fn hold_time(conn: &mut Conn, collection: &Collection) -> Result<(), StoreError> {
    if collection.opaque || collection.contents == Contents::TimeOff {
        people::claim(conn, collection.tenant, collection.owner)?;
    }
    Ok(())
}
