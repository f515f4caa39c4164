//! What properties say.

use super::resource::username;
use super::{Asked, Href, Live, Resource, Stored, Wanted, access, collection, principal};
use crate::calendar::home::{Contents, Rights};
use crate::calendar::members::Tagged;
use crate::dav::calendar_data;
use crate::dav::path::{self, Target};
use crate::dav::report::Report;
use crate::dav::xml::{Name, Xml};
use crate::time::http_date;

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
        if missing.is_empty() || self.minimal {
            return xml.raw("</D:prop><D:status>HTTP/1.1 200 OK</D:status></D:propstat></D:response>");
        }
        xml.raw("</D:prop><D:status>HTTP/1.1 200 OK</D:status></D:propstat><D:propstat><D:prop>");
        missing.iter().for_each(|name| xml.empty_name(name));
        xml.raw("</D:prop><D:status>HTTP/1.1 404 Not Found</D:status></D:propstat></D:response>");
    }

    /// [`response`](Self::response) for an object of which nothing but its tag is asked for, or its text beside it.
    pub fn tag(xml: &mut Xml, collection: &str, object: Tagged<'_>, text: Option<&str>) {
        xml.raw("<D:response><D:href>");
        Href::Member(collection, object.name).write(xml);
        xml.raw("</D:href><D:propstat><D:prop><D:getetag>&quot;");
        // It has no character that needs a reference: it is base64url or a number.
        xml.raw(object.etag);
        xml.raw("&quot;</D:getetag>");
        if let Some(text) = text {
            xml.text("C:calendar-data", text);
        }
        xml.raw("</D:prop><D:status>HTTP/1.1 200 OK</D:status></D:propstat></D:response>");
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
        // Without a detour, as in `tag`.
        if let (Live::ETag, Resource::Object(_, _, member)) = (live, resource) {
            xml.raw("<D:getetag>&quot;");
            xml.raw(&member.etag);
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
            Live::CurrentUserPrivilegeSet => access::privileges(xml, resource, self.username),
            Live::SupportedPrivilegeSet => xml.raw(access::SUPPORTED_PRIVILEGES),
            Live::Acl => access::acl(xml, resource),
            Live::AclRestrictions => xml.raw("<D:grant-only/><D:no-invert/>"),
            Live::InheritedAclSet => {}
            Live::SupportedReportSet => Report::supported_set(xml, resource),
            Live::CreationDate | Live::LastModified | Live::ContentType | Live::ContentLength | Live::ETag => {
                return entity(xml, live, resource);
            }
            _ => return principal::value(xml, live, resource) || collection::value(xml, live, resource),
        }
        true
    }
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
        Resource::Collection(_, collection) => {
            xml.empty("D:collection");
            xml.empty(if collection.contents == Contents::Subscription { "S:subscribed" } else { "C:calendar" });
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
            (Contents::Own | Contents::Subscription, _) => collection.name.clone(),
        },
    };
    xml.escaped(&text);
    true
}

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
