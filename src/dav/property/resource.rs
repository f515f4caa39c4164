//! What a request is about.

use crate::calendar::home::{Collection, Home, Rights};
use crate::calendar::members::Member;
use crate::dav::path;
use crate::dav::xml::Xml;
use crate::store::Id;
use crate::store::people::Person;

/// What a request is about, with what its properties need.
#[derive(Debug, Clone, Copy)]
pub(in crate::dav) enum Resource<'a> {
    /// `/dav/`, `/dav/principals/` or `/dav/calendars/`: folders of the server.
    Folder,
    /// A person.
    Principal(&'a Person, &'a Relations),
    /// Those who may act for a person.
    Proxy { owner: &'a Person, write: bool, relations: &'a Relations },
    /// A calendar home, and its collections where what is asked for needs them.
    Home(&'a Home, &'a [Collection]),
    /// The scheduling inbox of a home, which holds `calendar-availability`. The text is that.
    Inbox(&'a Home, &'a str),
    /// A collection in a home.
    Collection(&'a Home, &'a Collection),
    /// An object in a collection.
    Object(&'a Home, &'a Collection, &'a Member),
}

/// Who may act for whom, by login names.
#[derive(Debug, Clone, Default)]
pub(in crate::dav) struct Relations {
    /// Whose calendars the person may read.
    pub read_for: Vec<String>,
    /// Whose calendars the person may also write.
    pub write_for: Vec<String>,
    /// Who may read the person's.
    pub readers: Vec<String>,
    /// Who may also write them.
    pub writers: Vec<String>,
}

impl<'a> Resource<'a> {
    pub fn owner(&self) -> Option<&'a Person> {
        match self {
            Self::Folder => None,
            Self::Principal(person, _) | Self::Proxy { owner: person, .. } => Some(person),
            Self::Home(home, _) | Self::Inbox(home, _) | Self::Collection(home, _) | Self::Object(home, ..) => {
                Some(&home.owner)
            }
        }
    }

    pub fn rights(&self) -> Rights {
        match self {
            Self::Folder | Self::Principal(..) | Self::Proxy { .. } => Rights::Read,
            Self::Home(home, _) | Self::Inbox(home, _) => home.rights,
            Self::Collection(_, collection) | Self::Object(_, collection, _) => collection.rights,
        }
    }

    /// Where what clients set on it is kept: the resource, and the member of it.
    pub fn place(&self) -> Option<(Id, &'a str)> {
        match self {
            Self::Folder | Self::Proxy { .. } => None,
            Self::Principal(person, _) => Some((of_person(person, "principal"), "")),
            Self::Home(home, _) => Some((of_person(&home.owner, "home"), "")),
            Self::Inbox(home, _) => Some((of_person(&home.owner, "inbox"), "")),
            Self::Collection(_, collection) => Some((collection.id, "")),
            Self::Object(_, collection, member) => Some((collection.id, &member.name)),
        }
    }
}

/// The id under which what is set on a person's principal, home or inbox is kept.
fn of_person(person: &Person, what: &str) -> Id {
    Id::derived(&[b"dav", what.as_bytes(), person.person_id.as_bytes()])
}

/// The address of a resource in an answer.
#[derive(Debug, Clone, Copy)]
pub(in crate::dav) enum Href<'a> {
    /// As it is.
    As(&'a str),
    /// That of a member of a collection: the collection's, and its name.
    Member(&'a str, &'a str),
}

impl Href<'_> {
    /// Writes it as text.
    pub fn write(&self, xml: &mut Xml) {
        match self {
            Self::As(href) => xml.escaped(href),
            Self::Member(collection, name) => path::push_member(xml, collection, name),
        }
    }
}

/// Somebody's login name.
pub(super) fn username(person: &Person) -> Option<&str> {
    person.username.as_deref()
}
