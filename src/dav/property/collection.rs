//! Properties of calendars, homes and inboxes.

use super::{Live, Resource};
use crate::calendar::home::{Collection, Contents, Home, MAX_CALENDARS, MAX_OCTETS};
use crate::dav::limits;
use crate::dav::report::sync::home_token;
use crate::dav::xml::Xml;
use crate::ical::calendar::{CalendarHead, TAIL, render_head};
use crate::ical::object::filter::Collation;
use crate::ical::timezone;
use crate::store::Role;
use crate::time::Zone;

/// Writes what a property of a collection, home or inbox says (RFC 4791 §5.2, RFC 6578 §4, RFC 7953 §7.2.4).
pub(super) fn value(xml: &mut Xml, live: Live, resource: Resource<'_>) -> bool {
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
        (Live::SyncToken, Resource::Home(home, collections)) => {
            xml.escaped(&home_token(home, collections));
            return true;
        }
        (Live::QuotaUsed, Resource::Home(_, collections)) => {
            xml.raw(&used(collections).to_string());
            return true;
        }
        (Live::QuotaAvailable, Resource::Home(_, collections)) => {
            let most = MAX_OCTETS * MAX_CALENDARS as i64;
            xml.raw(&(most - used(collections)).to_string());
            return true;
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

fn used(collections: &[Collection]) -> i64 {
    collections.iter().map(|collection| collection.octets).sum()
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
        Live::QuotaUsed if !c.is_bookings() => xml.raw(&c.octets.to_string()),
        Live::QuotaAvailable if !c.is_bookings() => xml.raw(&(MAX_OCTETS - c.octets).max(0).to_string()),
        Live::CalendarDescription => match c.contents {
            Contents::Bookings => xml.raw("What is booked. Move a booking to reschedule it, delete it to cancel it."),
            Contents::Team => xml.raw("All bookings of the business, to look at."),
            Contents::TimeOff => xml.raw("What is put here cannot be booked."),
            Contents::Own | Contents::Subscription => return false,
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
