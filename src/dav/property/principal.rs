//! Properties of people and of those who act for them.

use super::resource::username;
use super::{Live, Resource};
use crate::calendar::home::Home;
use crate::dav::path::{self, Target};
use crate::dav::xml::Xml;
use crate::store::people::Person;

/// Writes what a property of a principal says (RFC 3744 §4, RFC 4791 §6.2, RFC 6638 §2.4).
pub(super) fn value(xml: &mut Xml, live: Live, resource: Resource<'_>) -> bool {
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
