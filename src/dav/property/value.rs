//! What properties say.

use super::{Asked, Live, Stored, Wanted};
use crate::calendar::home::{Collection, Contents, Home, Rights};
use crate::calendar::members::Member;
use crate::dav::path::{self, Target};
use crate::dav::report::Report;
use crate::dav::xml::{Name, Xml};
use crate::dav::{calendar_data, limits};
use crate::ical::calendar::{CalendarHead, TAIL, render_head};
use crate::ical::object::filter::Collation;
use crate::ical::timezone;
use crate::store::people::Person;
use crate::store::{Id, Role};
use crate::time::{Instant, Zone};

/// What a request is about, with what its properties need.
#[derive(Debug, Clone, Copy)]
pub(in crate::dav) enum Resource<'a> {
    /// `/dav/`, `/dav/principals/` or `/dav/calendars/`: folders of the server.
    Folder,
    /// A person.
    Principal(&'a Person, &'a Relations),
    /// Those who may act for a person.
    Proxy { owner: &'a Person, write: bool, relations: &'a Relations },
    /// A calendar home, and its sync token where that is asked for.
    Home(&'a Home, &'a str),
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
    fn owner(&self) -> Option<&'a Person> {
        match self {
            Self::Folder => None,
            Self::Principal(person, _) | Self::Proxy { owner: person, .. } => Some(person),
            Self::Home(home, _) | Self::Inbox(home, _) | Self::Collection(home, _) | Self::Object(home, ..) => {
                Some(&home.owner)
            }
        }
    }

    fn rights(&self) -> Rights {
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

/// What all resources of an answer share.
#[derive(Debug, Clone, Copy)]
pub(in crate::dav) struct Describe<'a> {
    /// The login name of who asks.
    pub username: &'a str,
    pub wanted: &'a Wanted,
    /// Whether what is not there is left out (RFC 8144 §2.1).
    pub minimal: bool,
    pub stored: &'a Stored,
}

impl Describe<'_> {
    /// Writes the `D:response` of a resource (RFC 4918 §14.24).
    pub fn response(&self, xml: &mut Xml, href: &Href<'_>, resource: Resource<'_>, budget: &mut calendar_data::Budget) {
        xml.raw("<D:response><D:href>");
        href.write(xml);
        xml.raw("</D:href><D:propstat><D:prop>");
        let set = resource.place().map_or(&[][..], |(id, member)| self.stored.on(id, member));
        let mut missing: Vec<&Name> = Vec::new();
        match self.wanted {
            Wanted::Names => self.names(xml, resource, set),
            Wanted::All(included) => {
                for live in Live::ALL.iter().filter(|live| live.is_in_allprop()) {
                    self.live(xml, &live.name(), *live, resource, set);
                }
                for (_, value) in set.iter().filter(|(name, _)| super::live(name).is_none()) {
                    xml.raw(value);
                }
                self.these(xml, included, resource, set, budget, &mut missing);
            }
            Wanted::These(asked) => self.these(xml, asked, resource, set, budget, &mut missing),
        }
        xml.raw("</D:prop><D:status>HTTP/1.1 200 OK</D:status></D:propstat>");
        if !missing.is_empty() && !self.minimal {
            xml.raw("<D:propstat><D:prop>");
            missing.iter().for_each(|name| xml.empty_name(name));
            xml.raw("</D:prop><D:status>HTTP/1.1 404 Not Found</D:status></D:propstat>");
        }
        xml.raw("</D:response>");
    }

    fn these<'n>(
        &self,
        xml: &mut Xml,
        asked: &'n [Asked],
        resource: Resource<'_>,
        set: &[(Name, String)],
        budget: &mut calendar_data::Budget,
        missing: &mut Vec<&'n Name>,
    ) {
        for asked in asked {
            let (name, found) = match asked {
                Asked::Live(name, live) => (name, self.live(xml, name, *live, resource, set)),
                Asked::CalendarData(name, selection) => {
                    (name, calendar_data::write(xml, resource, selection.as_deref(), budget))
                }
                Asked::Other(name) => {
                    let value = set.iter().find(|(known, _)| known == name);
                    value.inspect(|(_, value)| xml.raw(value));
                    (name, value.is_some())
                }
            };
            if !found {
                missing.push(name);
            }
        }
    }

    fn names(&self, xml: &mut Xml, resource: Resource<'_>, set: &[(Name, String)]) {
        for live in Live::ALL {
            let mut value = Xml::fragment();
            if self.value(&mut value, *live, resource) {
                xml.empty_name(&live.name());
            }
        }
        for (name, _) in set.iter().filter(|(name, _)| super::live(name).is_none()) {
            xml.empty_name(name);
        }
    }

    /// Writes a property that Fasti works out, unless its client set it.
    fn live(&self, xml: &mut Xml, name: &Name, live: Live, resource: Resource<'_>, set: &[(Name, String)]) -> bool {
        if live.is_settable()
            && let Some((_, value)) = set.iter().find(|(known, _)| known == name)
        {
            xml.raw(value);
            return true;
        }
        // The plain ones of listings, without a detour.
        if let (Live::ETag, Resource::Object(_, _, member)) = (live, resource) {
            xml.raw("<D:getetag>&quot;");
            xml.escaped(&member.etag);
            xml.raw("&quot;</D:getetag>");
            return true;
        }
        let mut value = Xml::fragment();
        let found = self.value(&mut value, live, resource);
        if found {
            xml.open_name(name);
            xml.raw(&value.into_string());
            xml.close_name(name);
        }
        found
    }

    /// Writes what is inside a property. False: the resource has no such property.
    fn value(&self, xml: &mut Xml, live: Live, resource: Resource<'_>) -> bool {
        match live {
            Live::CurrentUserPrincipal => xml.href(&path::principal(self.username)),
            Live::PrincipalCollectionSet => xml.href(&Target::Principals.href()),
            Live::ResourceType => resource_type(xml, resource),
            Live::DisplayName => return display_name(xml, resource),
            Live::Owner => match resource.owner().and_then(username) {
                Some(owner) => xml.href(&path::principal(owner)),
                None => return false,
            },
            Live::CurrentUserPrivilegeSet => privileges(xml, resource),
            Live::SupportedPrivilegeSet => xml.raw(SUPPORTED_PRIVILEGES),
            Live::Acl => self.acl(xml, resource),
            Live::AclRestrictions => xml.raw("<D:grant-only/><D:no-invert/>"),
            Live::InheritedAclSet => {}
            Live::SupportedReportSet => Report::supported_set(xml, resource),
            Live::CreationDate | Live::LastModified | Live::ContentType | Live::ContentLength | Live::ETag => {
                return entity(xml, live, resource);
            }
            _ => return principal(xml, live, resource) || collection(xml, live, resource),
        }
        true
    }

    /// Who may do what (RFC 3744 §5.5): read-only truth.
    fn acl(&self, xml: &mut Xml, resource: Resource<'_>) {
        let mut ace = |principal: &str, privilege: &str| {
            xml.raw(&format!(
                "<D:ace><D:principal>{principal}</D:principal><D:grant><D:privilege><{privilege}/></D:privilege></D:grant><D:protected/></D:ace>"
            ));
        };
        if resource.owner().is_some() {
            let bookings = matches!(resource, Resource::Collection(_, c) | Resource::Object(_, c, _) if c.contents == Contents::Team);
            ace("<D:property><D:owner/></D:property>", if bookings { "D:read" } else { "D:all" });
        } else {
            ace("<D:authenticated/>", "D:read");
        }
        // Managers and whom the owner lets in are in these groups (calendar-proxy).
        let Some(owner) = resource.owner().and_then(username).filter(|_| !matches!(resource, Resource::Folder)) else {
            return;
        };
        for (write, privilege) in [(false, "D:read"), (true, "D:write")] {
            let mut group = Xml::fragment();
            group.href(&Target::Proxy { username: owner.to_owned(), write }.href());
            ace(&group.into_string(), privilege);
        }
    }
}

fn username(person: &Person) -> Option<&str> {
    person.username.as_deref()
}

fn resource_type(xml: &mut Xml, resource: Resource<'_>) {
    match resource {
        Resource::Object(..) => {}
        Resource::Folder | Resource::Home(..) => xml.empty("D:collection"),
        Resource::Principal(..) => {
            xml.empty("D:principal");
            // Apple treats a principal as the folder of its proxies.
            xml.empty("D:collection");
        }
        Resource::Proxy { write, .. } => {
            xml.empty("D:principal");
            xml.empty(if write { "S:calendar-proxy-write" } else { "S:calendar-proxy-read" });
        }
        Resource::Inbox(..) => {
            xml.empty("D:collection");
            xml.empty("C:schedule-inbox");
        }
        // Any further type keeps iPhones from showing it.
        Resource::Collection(..) => {
            xml.empty("D:collection");
            xml.empty("C:calendar");
        }
    }
}

fn display_name(xml: &mut Xml, resource: Resource<'_>) -> bool {
    let text = match resource {
        Resource::Folder | Resource::Object(..) | Resource::Inbox(..) => return false,
        Resource::Principal(person, _) => person.name.clone(),
        Resource::Proxy { owner, write, .. } => {
            format!("{} ({})", owner.name, if write { "may change" } else { "may read" })
        }
        Resource::Home(home, _) => home.owner.name.clone(),
        Resource::Collection(home, collection) => match (collection.contents, home.rights) {
            (Contents::Bookings, Rights::Owner) => "Bookings".to_owned(),
            (Contents::Bookings, _) => format!("Bookings – {}", home.owner.name),
            (Contents::Team, _) => "All bookings".to_owned(),
            (Contents::TimeOff, Rights::Owner) => "Time off".to_owned(),
            (Contents::TimeOff, _) => format!("Time off – {}", home.owner.name),
            (Contents::Own, _) => collection.name.clone(),
        },
    };
    xml.escaped(&text);
    true
}

/// DAV:current-user-privilege-set (RFC 3744 §5.4).
fn privileges(xml: &mut Xml, resource: Resource<'_>) {
    const READ: &[&str] = &["D:read", "D:read-acl", "D:read-current-user-privilege-set", "C:read-free-busy"];
    const WRITE_CONTENT: &[&str] = &["D:write-content", "D:write-properties", "D:bind", "D:unbind"];
    let mut privileges = READ.to_vec();
    match (resource, resource.rights()) {
        // What one sets on another's calendar is kept for oneself.
        (_, Rights::Read) => privileges.push("D:write-properties"),
        // The business makes bookings; they are moved and cancelled.
        (Resource::Collection(_, c) | Resource::Object(_, c, _), _) if c.is_bookings() => {
            privileges.extend(["D:write-content", "D:write-properties", "D:unbind"]);
        }
        (_, Rights::Write | Rights::Owner) => {
            privileges.push("D:write");
            privileges.extend(WRITE_CONTENT);
        }
    }
    for privilege in privileges {
        xml.element("D:privilege", |xml| xml.empty(privilege));
    }
}

/// DAV:supported-privilege-set (RFC 3744 §5.3).
const SUPPORTED_PRIVILEGES: &str = "<D:supported-privilege><D:privilege><D:all/></D:privilege>\
     <D:description xml:lang=\"en\">Everything</D:description>\
     <D:supported-privilege><D:privilege><D:read/></D:privilege><D:description xml:lang=\"en\">Read</D:description>\
     <D:supported-privilege><D:privilege><C:read-free-busy/></D:privilege><D:description xml:lang=\"en\">See busy times</D:description></D:supported-privilege>\
     <D:supported-privilege><D:privilege><D:read-acl/></D:privilege><D:description xml:lang=\"en\">Read access rules</D:description></D:supported-privilege>\
     <D:supported-privilege><D:privilege><D:read-current-user-privilege-set/></D:privilege><D:description xml:lang=\"en\">Read one's own privileges</D:description></D:supported-privilege>\
     </D:supported-privilege>\
     <D:supported-privilege><D:privilege><D:write/></D:privilege><D:description xml:lang=\"en\">Change</D:description>\
     <D:supported-privilege><D:privilege><D:write-content/></D:privilege><D:description xml:lang=\"en\">Change objects</D:description></D:supported-privilege>\
     <D:supported-privilege><D:privilege><D:write-properties/></D:privilege><D:description xml:lang=\"en\">Change properties</D:description></D:supported-privilege>\
     <D:supported-privilege><D:privilege><D:bind/></D:privilege><D:description xml:lang=\"en\">Add objects</D:description></D:supported-privilege>\
     <D:supported-privilege><D:privilege><D:unbind/></D:privilege><D:description xml:lang=\"en\">Delete objects</D:description></D:supported-privilege>\
     </D:supported-privilege></D:supported-privilege>";

/// Properties of what can be fetched (RFC 4918 §15).
fn entity(xml: &mut Xml, live: Live, resource: Resource<'_>) -> bool {
    let (created, modified) = match resource {
        Resource::Object(_, _, member) => (member.created_at, member.modified_at),
        Resource::Collection(_, collection) => (collection.created_at, Some(collection.changed_at)),
        Resource::Principal(person, _) => (Some(person.created_at), None),
        _ => (None, None),
    };
    match (live, resource) {
        (Live::CreationDate, _) => match created {
            Some(at) => xml.escaped(&at.to_string()),
            None => return false,
        },
        (Live::LastModified, _) => match modified {
            Some(at) => xml.escaped(&http_date(at)),
            None => return false,
        },
        (Live::ContentType, Resource::Object(_, _, member)) => {
            xml.raw("text/calendar; charset=utf-8; component=");
            xml.escaped(&member.component);
        }
        (Live::ContentLength, Resource::Object(_, _, member)) => match member.size {
            Some(size) => xml.raw(&size.to_string()),
            None => return false,
        },
        (Live::ETag, Resource::Object(_, _, member)) => xml.escaped(&format!("\"{}\"", member.etag)),
        _ => return false,
    }
    true
}

/// Properties of principals (RFC 3744 §4, RFC 4791 §6.2, RFC 6638 §2.4).
fn principal(xml: &mut Xml, live: Live, resource: Resource<'_>) -> bool {
    if let Resource::Proxy { owner, write, relations } = resource {
        let Some(name) = username(owner) else { return false };
        match live {
            Live::PrincipalUrl => xml.href(&Target::Proxy { username: name.to_owned(), write }.href()),
            Live::GroupMemberSet => {
                let members = if write { &relations.writers } else { &relations.readers };
                members.iter().for_each(|member| xml.href(&path::principal(member)));
            }
            Live::GroupMembership | Live::AlternateUriSet => {}
            _ => return false,
        }
        return true;
    }
    // Some clients look for a home at whatever address they were given.
    let (Resource::Principal(person, _) | Resource::Home(Home { owner: person, .. }, _)) = resource else {
        return false;
    };
    let Some(name) = username(person) else { return false };
    let is_principal = matches!(resource, Resource::Principal(..));
    match live {
        // One, whatever somebody may see beside it: clients take the first.
        Live::CalendarHomeSet => xml.href(&path::home(name)),
        Live::PrincipalUrl => xml.href(&path::principal(name)),
        Live::ScheduleInboxUrl => xml.href(&Target::Inbox(name.to_owned()).href()),
        Live::CalendarUserAddressSet => user_addresses(xml, person, name),
        Live::CalendarUserType => xml.raw("INDIVIDUAL"),
        Live::EmailAddressSet => {
            person.email.iter().for_each(|email| xml.text("S:email-address", email));
        }
        Live::AlternateUriSet if is_principal => {
            person.email.iter().for_each(|email| xml.href(&format!("mailto:{email}")));
        }
        Live::GroupMemberSet if is_principal => {}
        _ => {
            let Resource::Principal(_, relations) = resource else { return false };
            let mut list = |names: &[String], write: Option<bool>| {
                for username in names {
                    xml.href(&match write {
                        None => path::principal(username),
                        Some(write) => Target::Proxy { username: username.clone(), write }.href(),
                    });
                }
            };
            match live {
                Live::ProxyReadFor => list(&relations.read_for, None),
                Live::ProxyWriteFor => list(&relations.write_for, None),
                Live::GroupMembership => {
                    list(&relations.read_for, Some(false));
                    list(&relations.write_for, Some(true));
                }
                _ => return false,
            }
        }
    }
    true
}

/// The address is preferred: Apple would take the one that sorts first, which is the path, and write it as ORGANIZER.
fn user_addresses(xml: &mut Xml, person: &Person, name: &str) {
    if let Some(email) = &person.email {
        xml.raw("<D:href preferred=\"1\">mailto:");
        xml.escaped(email);
        xml.raw("</D:href>");
    }
    xml.href(&path::principal(name));
    xml.href(&format!("urn:uuid:{}", person.person_id));
}

/// Properties of collections, homes and inboxes (RFC 4791 §5.2, RFC 6578 §4, RFC 7953 §7.2.4).
fn collection(xml: &mut Xml, live: Live, resource: Resource<'_>) -> bool {
    match (live, resource) {
        (Live::CalendarAvailability | Live::OldCalendarAvailability, Resource::Inbox(home, text)) => {
            if home.owner.role == Role::Customer || text.is_empty() {
                return false;
            }
            xml.escaped(text);
            return true;
        }
        (Live::SupportedCollations, Resource::Collection(..) | Resource::Home(..)) => {
            Collation::ALL.iter().for_each(|collation| xml.text("C:supported-collation", collation.as_str()));
            return true;
        }
        (Live::SyncToken, Resource::Home(_, token)) => {
            xml.escaped(token);
            return !token.is_empty();
        }
        (Live::ResourceId, Resource::Collection(_, c)) => {
            xml.href(&format!("urn:uuid:{}", c.id));
            return true;
        }
        _ => {}
    }
    match resource {
        Resource::Collection(home, c) => calendar(xml, live, home, c),
        _ => false,
    }
}

/// Properties of calendar collections.
fn calendar(xml: &mut Xml, live: Live, home: &Home, c: &Collection) -> bool {
    match live {
        Live::CTag | Live::SyncToken => xml.escaped(&c.sync_token()),
        Live::SupportedComponents => {
            for component in &c.components {
                xml.raw("<C:comp name=\"");
                xml.escaped(component);
                xml.raw("\"/>");
            }
        }
        Live::SupportedCalendarData => xml.raw("<C:calendar-data content-type=\"text/calendar\" version=\"2.0\"/>"),
        Live::MaxResourceSize => xml.raw(&limits().bytes.to_string()),
        Live::MinDateTime => xml.raw(&limits().earliest.to_ical()),
        Live::MaxDateTime => xml.raw(&limits().latest.to_ical()),
        Live::MaxInstances => xml.raw(&limits().instances.to_string()),
        Live::MaxAttendees => xml.raw(&limits().attendees.to_string()),
        Live::Transparency => xml.empty(if c.opaque { "C:opaque" } else { "C:transparent" }),
        Live::CalendarDescription => match c.contents {
            Contents::Bookings => xml.raw("What is booked. Move a booking to reschedule it, delete it to cancel it."),
            Contents::Team => xml.raw("All bookings of the business, to look at."),
            Contents::TimeOff => xml.raw("What is put here cannot be booked."),
            Contents::Own => return false,
        },
        Live::CalendarTimezone | Live::CalendarTimezoneId => {
            let name = c.timezone.as_deref().or(home.owner.timezone.as_deref());
            let Some(zone) = name.and_then(|name| Zone::parse(name).ok()) else { return false };
            match live {
                Live::CalendarTimezoneId => xml.escaped(zone.name()),
                _ => {
                    let mut text = render_head(&CalendarHead::default());
                    let year = 31_557_600;
                    text.push_str(&timezone::kept(&zone, c.changed_at, c.changed_at + year));
                    text.push_str(TAIL);
                    xml.escaped(&text);
                }
            }
        }
        _ => return false,
    }
    true
}

/// `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110 §5.6.7).
pub(in crate::dav) fn http_date(at: Instant) -> String {
    Zone::utc().civil_at(at).strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}
