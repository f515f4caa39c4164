//! The profile as a property list. Its keys are Apple's, see "Device Management, Profiles" in Apple's documentation for
//! developers: `TopLevel`, `CalDAV`, `SubscribedCalendars`.

use askama::Template;

use crate::auth::MasterKey;
use crate::net::Origin;
use crate::store::{Id, TenantId};

/// A profile of one payload.
#[derive(Template)]
#[template(path = "profile.xml")]
pub(super) struct Profile {
    /// `PayloadOrganization`: the business.
    organization: String,
    /// `PayloadIdentifier`: installing a profile replaces the one that has the same.
    identifier: String,
    uuid: Id,
    payload_uuid: Id,
    payload: Payload,
}

/// What the profile sets up.
pub(super) enum Payload {
    /// `com.apple.subscribedcalendar.account`.
    Subscription { url: String, name: String, ssl: bool },
    /// `com.apple.caldav.account`.
    Account { host: String, port: u16, ssl: bool, principal: String, username: String, password: String },
}

impl Payload {
    /// The subscription to a feed.
    pub fn subscription(public_url: &str, token: &str, name: &str, origin: &Origin) -> Self {
        Self::Subscription { url: format!("{public_url}/feeds/{token}.ics"), name: text(name), ssl: origin.https }
    }

    /// The account of somebody with an app password.
    pub fn account(public_url: &str, password: &str, username: &str, origin: &Origin) -> Self {
        Self::Account {
            host: origin.host.clone(),
            port: origin.port,
            ssl: origin.https,
            // Whole, as Calendar itself shows the address of an account.
            principal: format!("{public_url}/dav/principals/{username}/"),
            username: username.to_owned(),
            password: password.to_owned(),
        }
    }
}

impl Profile {
    /// The profile of a feed or an app password, whose id decides what it replaces on a device.
    pub fn new(key: &MasterKey, of: (TenantId, Id), business: &str, origin: &Origin, payload: Payload) -> Self {
        // Under the key, so that what a device shows of itself tells no id of ours.
        let name = key.derive(b"setup profile", &[&of.0.to_bytes(), of.1.as_bytes()]);
        let uuid = Id::derived(&[b"profile", &name]);
        Self {
            organization: text(business),
            identifier: format!("{}.fasti.{uuid}", reversed(&origin.host)),
            uuid,
            payload_uuid: Id::derived(&[b"payload", &name]),
            payload,
        }
    }

    /// What it is called on the device.
    fn name(&self) -> &str {
        match &self.payload {
            Payload::Subscription { name, .. } => name,
            Payload::Account { .. } => &self.organization,
        }
    }

    /// The name of its file.
    pub const fn file_name(&self) -> &'static str {
        match self.payload {
            Payload::Subscription { .. } => "calendar.mobileconfig",
            Payload::Account { .. } => "account.mobileconfig",
        }
    }
}

/// A host in the order of Apple's identifiers: `cal.example.com` → `com.example.cal`.
fn reversed(host: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || c == '.' { c } else { '-' };
    let host: String = host.chars().map(plain).collect();
    host.split('.').rev().collect::<Vec<_>>().join(".")
}

/// A text without what XML cannot have, not even escaped (XML 1.0 §2.2). The template escapes the rest.
fn text(text: &str) -> String {
    text.chars().filter(|c| !c.is_control() && !matches!(c, '\u{fffe}' | '\u{ffff}')).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn profile(key: &MasterKey, id: Id, host: &str) -> Profile {
        let origin = Origin::parse(&format!("https://{host}")).unwrap();
        let payload = Payload::subscription("https://x", "token", "\u{1}Ärzte & <Söhne> \"1\" '2'\u{fffe}", &origin);
        Profile::new(key, (TenantId::of_slug("salon"), id), "]]>", &origin, payload)
    }

    #[test]
    fn what_a_profile_replaces_is_decided_by_id_host_and_key() {
        let (key, id) = (MasterKey::generate(), Id::new());
        let identity = |p: &Profile| (p.identifier.clone(), p.uuid, p.payload_uuid);
        let one = identity(&profile(&key, id, "cal.example.com"));
        assert_eq!(one, identity(&profile(&key, id, "cal.example.com")));
        assert!(one.0.starts_with("com.example.cal.fasti.") && one.1 != one.2, "{one:?}");
        assert_ne!(one.1, identity(&profile(&key, Id::new(), "cal.example.com")).1);
        assert_ne!(one.1, identity(&profile(&MasterKey::generate(), id, "cal.example.com")).1);
        assert_ne!(one.0, identity(&profile(&key, id, "cal.example.org")).0);
        assert!(profile(&key, id, "[::1]:80").identifier.starts_with("---1-.fasti."));
    }

    #[test]
    fn text_is_text_and_nothing_else() {
        let xml = profile(&MasterKey::generate(), Id::new(), "cal.example.com").render().unwrap();
        let read = plist::Value::from_reader_xml(xml.as_bytes()).unwrap();
        let of = |name: &str| read.as_dictionary().unwrap()[name].as_string().unwrap();
        assert_eq!((of("PayloadDisplayName"), of("PayloadOrganization")), ("Ärzte & <Söhne> \"1\" '2'", "]]>"));
    }
}
