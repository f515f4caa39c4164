//! Calendar homes (RFC 4791 §6.2.1): whose, what is in them, and who may do what there.

use std::fmt::Write;

use super::{Error, Viewer};
use crate::store::calendars::{self, Calendar};
use crate::store::collections::{self, Collection as Counter};
pub use crate::store::homes::Stamp;
use crate::store::people::{self, Person};
use crate::store::{CollectionKind, Conn, Id, Role, TenantId, dav_properties, delegates, homes};
use crate::time::Instant;

/// The name of the collection of a person's bookings.
pub const BOOKINGS: &str = "bookings";
/// The name of the collection whose events block a person's time.
pub const TIME_OFF: &str = "time-off";
/// The name of the collection of all bookings of the business, which managers have.
pub const TEAM: &str = "team";

/// What sync tokens of collections begin with.
pub const SYNC_TOKEN: &str = "urn:fasti:sync:";

/// Collections that one person may make.
pub const MAX_CALENDARS: usize = 200;
/// Octets that the objects of a collection may have together.
pub const MAX_OCTETS: i64 = 256 * 1024 * 1024;

/// What somebody may do in a home.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rights {
    /// See what is in it.
    Read,
    /// Also change what is in its collections.
    Write,
    /// It is theirs.
    Owner,
}

/// A person's calendars, as somebody sees them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Home {
    /// Whose.
    pub owner: Person,
    /// What the viewer may do.
    pub rights: Rights,
}

/// What the objects of a collection are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Contents {
    /// The bookings of a person, as the business rendered them for that reader.
    Bookings,
    /// The bookings of the whole business.
    Team,
    /// What its owner wrote: events that block their time.
    TimeOff,
    /// What its owner wrote.
    Own,
    /// Nothing: calendars that their clients fetch from elsewhere.
    Subscription,
}

/// A calendar collection (RFC 4791 §4.2) as somebody sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Collection {
    /// The business.
    pub tenant: TenantId,
    /// Its id.
    pub id: Id,
    /// Whose home it is in.
    pub owner: Id,
    /// The segment of its URL.
    pub name: String,
    /// What is in it.
    pub contents: Contents,
    /// Names of the components it takes.
    pub components: Vec<String>,
    /// Whether its events take its owner's time.
    pub opaque: bool,
    /// IANA zone of its floating times; none: its owner's.
    pub timezone: Option<String>,
    /// New after a restore.
    pub epoch: i64,
    /// When it was made, where that is known.
    pub created_at: Option<Instant>,
    /// The number of its last change.
    pub change: i64,
    /// When that was.
    pub changed_at: Instant,
    /// How many octets its objects have; none for bookings, which the business keeps.
    pub octets: i64,
    /// What the viewer may do with its objects.
    pub rights: Rights,
}

impl Collection {
    /// Whether objects of this kind may be in it.
    #[must_use]
    pub fn takes(&self, component: &str) -> bool {
        self.components.iter().any(|known| known == component)
    }

    /// Its sync token (RFC 6578 §4): the collection, its epoch and the number of its last change.
    #[must_use]
    pub fn sync_token(&self) -> String {
        self.sync_token_at(self.change)
    }

    /// The sync token it had at a change.
    #[must_use]
    pub fn sync_token_at(&self, change: i64) -> String {
        let mut token = String::with_capacity(96);
        // Writing to a String cannot fail.
        write!(token, "{SYNC_TOKEN}{}:{:x}:{change:x}", self.id, self.epoch).unwrap_or_default();
        token
    }

    /// Whether its objects are bookings, which the business writes.
    #[must_use]
    pub const fn is_bookings(&self) -> bool {
        matches!(self.contents, Contents::Bookings | Contents::Team)
    }

    /// The same after other changes of what is in it.
    #[must_use]
    pub fn at(&self, stamp: &Stamp) -> Self {
        let Stamp { change, changed_at, octets, .. } = *stamp;
        Self { change, changed_at, octets, ..self.clone() }
    }

    fn of_calendar(calendar: Calendar, counter: &Counter, rights: Rights) -> Self {
        let contents = match counter.kind {
            CollectionKind::TimeOff => Contents::TimeOff,
            _ if calendar.components.is_empty() => Contents::Subscription,
            _ => Contents::Own,
        };
        Self {
            tenant: calendar.tenant_id,
            id: calendar.collection_id,
            owner: calendar.owner_id,
            name: calendar.name,
            contents,
            components: calendar.components.split_terminator(',').map(str::to_owned).collect(),
            opaque: calendar.opaque,
            timezone: calendar.timezone,
            created_at: Some(calendar.created_at),
            epoch: counter.epoch,
            change: counter.change,
            changed_at: counter.changed_at,
            octets: counter.octets,
            rights,
        }
    }

    fn of_bookings(home: &Home, contents: Contents, counter: &Counter) -> Self {
        let team = contents == Contents::Team;
        Self {
            tenant: counter.tenant_id,
            id: counter.collection_id,
            owner: home.owner.person_id,
            name: if team { TEAM } else { BOOKINGS }.to_owned(),
            contents,
            components: vec!["VEVENT".to_owned()],
            opaque: true,
            timezone: None,
            created_at: None,
            epoch: counter.epoch,
            change: counter.change,
            changed_at: counter.changed_at,
            octets: 0,
            // The business's own calendar is changed where its bookings are.
            rights: if team { Rights::Read } else { home.rights },
        }
    }
}

/// The home of the person with this login name.
///
/// # Errors
/// [`Error::NotFound`] for nobody of that name in the viewer's business, and for somebody whose calendars are none of
/// the viewer's business.
pub fn find(conn: &mut Conn, viewer: &Viewer, username: &str) -> Result<Home, Error> {
    let owner = people::find_by_username(conn, viewer.tenant, username)?;
    let owner = owner.filter(|person| person.deleted_at.is_none()).ok_or(Error::NotFound)?;
    let rights = rights(conn, viewer, &owner)?.ok_or(Error::NotFound)?;
    Ok(Home { owner, rights })
}

/// Whether the viewer may know of somebody: themselves, those who work here, and whom they act for. Customers are none of
/// each other's business, nor of the staff's (RFC 3744 §12).
///
/// # Errors
/// [`Error::Store`].
pub fn may_see(conn: &mut Conn, viewer: &Viewer, person: &Person) -> Result<bool, Error> {
    let is_open = person.role != Role::Customer || viewer.role == Role::Manager;
    Ok(is_open || rights(conn, viewer, person)?.is_some())
}

/// What the viewer may do in somebody's home. Managers see those of their team.
///
/// # Errors
/// [`Error::Store`].
pub fn rights(conn: &mut Conn, viewer: &Viewer, owner: &Person) -> Result<Option<Rights>, Error> {
    if owner.person_id == viewer.person {
        return Ok(Some(Rights::Owner));
    }
    if let Some(delegate) = delegates::find(conn, viewer.tenant, owner.person_id, viewer.person)? {
        return Ok(Some(if delegate.may_write { Rights::Write } else { Rights::Read }));
    }
    Ok((viewer.role == Role::Manager && owner.role != Role::Customer).then_some(Rights::Read))
}

/// The collection of this name in the home of the person with this login name, and that home.
///
/// # Errors
/// [`Error::NotFound`] as [`find`]; [`Error::NoCollection`] when there is only no such collection.
pub fn open(conn: &mut Conn, viewer: &Viewer, username: &str, name: &str) -> Result<(Home, Collection), Error> {
    let home = find(conn, viewer, username)?;
    let (tenant, owner) = (viewer.tenant, home.owner.person_id);
    let bookings = match name {
        BOOKINGS => Some((owner, Contents::Bookings)),
        TEAM if has_team(&home) => Some((Id::TEAM, Contents::Team)),
        _ => None,
    };
    if let Some((id, contents)) = bookings {
        let counter = collections::find(conn, tenant, id)?.ok_or(Error::NoCollection)?;
        let collection = Collection::of_bookings(&home, contents, &counter);
        return Ok((home, collection));
    }
    let (calendar, counter) = calendars::find(conn, tenant, owner, name)?.ok_or(Error::NoCollection)?;
    let collection = Collection::of_calendar(calendar, &counter, home.rights);
    Ok((home, collection))
}

/// What tells whether what [`open`] gives is still the same, as far as there is such a thing: a viewer of one role who
/// finds the same stamp would find the same home and collection.
///
/// # Errors
/// [`Error::Store`].
pub fn stamp(conn: &mut Conn, viewer: &Viewer, username: &str, name: &str) -> Result<Option<Stamp>, Error> {
    Ok(match name {
        TEAM => None,
        BOOKINGS => homes::bookings(conn, viewer.tenant, viewer.person, username)?,
        _ => homes::calendar(conn, viewer.tenant, viewer.person, username, name)?,
    })
}

/// All collections of a home: the bookings, for a manager the team's, then what its owner made, by name.
///
/// # Errors
/// [`Error::Store`].
pub fn collections(conn: &mut Conn, home: &Home) -> Result<Vec<Collection>, Error> {
    let tenant = home.owner.tenant_id;
    let mut found = Vec::new();
    if let Some(counter) = collections::find(conn, tenant, home.owner.person_id)? {
        found.push(Collection::of_bookings(home, Contents::Bookings, &counter));
    }
    if has_team(home)
        && let Some(counter) = collections::find(conn, tenant, Id::TEAM)?
    {
        found.push(Collection::of_bookings(home, Contents::Team, &counter));
    }
    for (calendar, counter) in calendars::of_owner(conn, tenant, home.owner.person_id)? {
        found.push(Collection::of_calendar(calendar, &counter, home.rights));
    }
    Ok(found)
}

/// Managers have the business's calendar beside their own; who looks into a manager's home need not.
fn has_team(home: &Home) -> bool {
    home.owner.role == Role::Manager && home.rights == Rights::Owner
}

/// What a new collection is to be like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewCollection {
    /// The segment of its URL.
    pub name: String,
    /// Names of the components it takes; none: a subscription.
    pub components: Vec<String>,
    /// Whether its events take its owner's time.
    pub opaque: bool,
    /// IANA zone of its floating times.
    pub timezone: Option<String>,
}

/// Makes a collection (MKCALENDAR, RFC 4791 §5.3.1).
///
/// # Errors
/// [`Error::Forbidden`] in another's home, [`Error::Exists`], or [`Error::TooMany`].
pub fn create(conn: &mut Conn, viewer: &Viewer, home: &Home, new: NewCollection) -> Result<Collection, Error> {
    if home.rights < Rights::Owner {
        return Err(Error::Forbidden("only its owner makes calendars in a home"));
    }
    let known = collections(conn, home)?;
    if known.iter().any(|collection| collection.name == new.name)
        || [BOOKINGS, TIME_OFF, TEAM].contains(&new.name.as_str())
    {
        return Err(Error::Exists);
    }
    if known.len() >= MAX_CALENDARS {
        return Err(Error::TooMany(MAX_CALENDARS));
    }
    let (calendar, counter) = rows(home, viewer.now, new, CollectionKind::Calendar);
    calendars::insert(conn, &calendar, &counter)?;
    Ok(Collection::of_calendar(calendar, &counter, home.rights))
}

/// Gives a person who logs in for the first time what every home has. Does nothing the next time.
///
/// # Errors
/// [`Error::NotFound`] for a person who was deleted.
pub fn furnish(conn: &mut Conn, viewer: &Viewer) -> Result<(), Error> {
    let owner = people::find(conn, viewer.tenant, viewer.person)?.ok_or(Error::NotFound)?;
    let home = Home { owner, rights: Rights::Owner };
    if calendars::find(conn, viewer.tenant, viewer.person, TIME_OFF)?.is_some() {
        return Ok(());
    }
    let new = NewCollection {
        name: TIME_OFF.to_owned(),
        components: vec!["VEVENT".to_owned()],
        opaque: true,
        timezone: None,
    };
    let (calendar, counter) = rows(&home, viewer.now, new, CollectionKind::TimeOff);
    Ok(calendars::insert(conn, &calendar, &counter)?)
}

fn rows(home: &Home, now: Instant, new: NewCollection, kind: CollectionKind) -> (Calendar, Counter) {
    let (tenant_id, collection_id) = (home.owner.tenant_id, Id::new());
    let calendar = Calendar {
        tenant_id,
        collection_id,
        owner_id: home.owner.person_id,
        name: new.name,
        components: new.components.join(","),
        opaque: new.opaque,
        timezone: new.timezone,
        created_at: now,
    };
    // The epoch differs from that of an earlier collection of the same name.
    (calendar, Counter { tenant_id, collection_id, kind, epoch: now.unix(), change: 0, changed_at: now, octets: 0 })
}

/// Deletes a collection with all that is in it.
///
/// # Errors
/// [`Error::Forbidden`] for those that every home has, and in another's home.
pub fn delete(conn: &mut Conn, home: &Home, collection: &Collection) -> Result<(), Error> {
    if home.rights < Rights::Owner {
        return Err(Error::Forbidden("only its owner deletes a calendar"));
    }
    if !matches!(collection.contents, Contents::Own | Contents::Subscription) {
        return Err(Error::Forbidden("this calendar belongs to the home and cannot be deleted"));
    }
    dav_properties::forget(conn, collection.tenant, collection.id, None)?;
    Ok(calendars::delete(conn, collection.tenant, collection.id)?)
}

/// Writes what a collection is like; its name and contents stay.
///
/// # Errors
/// [`Error::NotFound`] when it is gone.
pub fn update(conn: &mut Conn, viewer: &Viewer, collection: &Collection) -> Result<(), Error> {
    if collection.opaque {
        // What is in it takes its owner's time from now on: bookings that are being made are there before it, or see it.
        people::claim(conn, collection.tenant, collection.owner)?;
    }
    let found = calendars::find(conn, collection.tenant, collection.owner, &collection.name)?;
    let (row, _) = found.ok_or(Error::NotFound)?;
    let row = Calendar { opaque: collection.opaque, timezone: collection.timezone.clone(), ..row };
    calendars::update(conn, &row)?;
    touch(conn, viewer, collection)
}

/// Counts a change of a collection's properties, so that clients that compare its tag ask for them.
///
/// # Errors
/// [`Error::Store`].
pub fn touch(conn: &mut Conn, viewer: &Viewer, collection: &Collection) -> Result<(), Error> {
    collections::bump(conn, collection.tenant, collection.id, viewer.now)?;
    Ok(())
}
