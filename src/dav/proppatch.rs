//! PROPPATCH (RFC 4918 §9.2): all of it or nothing, with a status for each property.

use axum::body::Body;
use axum::http::Response;

use super::condition::Failure;
use super::path::{Place, Target};
use super::property::{Live, Relations, Resource, live};
use super::request::Prefer;
use super::xml::{Element, Name, Xml};
use super::{DavState, Session, availability, multistatus};
use crate::booking;
use crate::calendar::home::{self, Contents, Home, Rights};
use crate::calendar::{self, Viewer, members};
use crate::ical::zones;
use crate::store::dav_properties::{self, Property};
use crate::store::{Conn, Id, delegates, people};
use crate::time::Zone;

/// Octets of a property's value.
const MAX_VALUE: usize = 64 * 1024;
/// Properties of one request.
const MAX_CHANGES: usize = 200;

/// What one request changes, in its order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Changes(pub Vec<Change>);

/// A property that is set, or removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Change {
    pub name: Name,
    /// Its element; `None`: it is removed.
    pub value: Option<Element>,
}

impl Change {
    /// The row that keeps it.
    pub fn row(&self, viewer: &Viewer, resource: Id, member: &str) -> Property {
        Property {
            tenant_id: viewer.tenant,
            resource_id: resource,
            member: member.to_owned(),
            person_id: viewer.person,
            namespace: self.name.ns.uri().to_owned(),
            name: self.name.local.to_string(),
            value: self.value.as_ref().map(Element::outer).unwrap_or_default(),
        }
    }
}

/// Reads the `set` and `remove` elements of a body.
pub(super) fn changes(root: &Element) -> Result<Changes, Failure> {
    let mut changes = Vec::new();
    for step in root.children() {
        let set = step.name.is_dav("set");
        if !set && !step.name.is_dav("remove") {
            continue;
        }
        for prop in step.children().filter(|child| child.name.is_dav("prop")) {
            // RFC 4918 §4.3: the language in scope is kept with the property.
            let language = [prop, step, root].into_iter().find_map(Element::language);
            for property in prop.children() {
                if changes.len() == MAX_CHANGES {
                    return Err(Failure::BadRequest(format!("more than {MAX_CHANGES} properties at once")));
                }
                let mut value = property.clone();
                if value.language().is_none() {
                    value.attributes.extend(language.cloned());
                }
                changes.push(Change { name: property.name.clone(), value: set.then_some(value) });
            }
        }
    }
    Ok(Changes(changes))
}

/// What a property does beside being kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Effect {
    /// Nothing.
    Kept,
    /// The collection takes its owner's time, or does not.
    Opaque(bool),
    /// The collection's floating times are on these clocks.
    Timezone(Option<String>),
    /// The person's working hours: only kept in what they mean.
    Availability(Option<String>),
    /// Who may act for the person: only kept in what it means.
    Members(Vec<String>),
}

impl Effect {
    /// Carries it to the row of a collection.
    pub fn apply(&self, opaque: &mut bool, timezone: &mut Option<String>) -> bool {
        match self {
            Self::Opaque(value) => *opaque = *value,
            Self::Timezone(value) => timezone.clone_from(value),
            Self::Kept | Self::Availability(_) | Self::Members(_) => return false,
        }
        true
    }
}

/// Why a property cannot be set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refused {
    /// It is Fasti's (RFC 4918 §16).
    Protected,
    /// It is no calendar (RFC 4791 §5.3.1.1, RFC 7953 §7.2.4).
    NoCalendar,
    /// It is no time zone that is known (RFC 7809 §3.1.5).
    NoTimezone,
    /// Its value is not one that it can have, or too long.
    Value,
}

impl Refused {
    const fn element(self) -> Option<&'static str> {
        match self {
            Self::Protected => Some("D:cannot-modify-protected-property"),
            Self::NoCalendar => Some("C:valid-calendar-data"),
            Self::NoTimezone => Some("C:valid-timezone"),
            Self::Value => None,
        }
    }
}

/// A property that was not set, and why.
pub(super) type Failed = (Name, Refused);

/// What setting or removing a property does.
///
/// # Errors
/// [`Refused`] for one that Fasti works out, and for a value that cannot be kept.
pub(super) fn effect(change: &Change) -> Result<Effect, Refused> {
    let value = change.value.as_ref();
    if value.is_some_and(|value| value.outer().len() > MAX_VALUE) {
        return Err(Refused::Value);
    }
    match live(&change.name) {
        None if change.name.is_caldav("calendar-data") => Err(Refused::Protected),
        None => Ok(Effect::Kept),
        Some(live) if !live.is_settable() => Err(Refused::Protected),
        Some(Live::Transparency) => match value {
            None => Ok(Effect::Opaque(false)),
            Some(value) if value.child(&Name::caldav("opaque")).is_some() => Ok(Effect::Opaque(true)),
            Some(value) if value.child(&Name::caldav("transparent")).is_some() => Ok(Effect::Opaque(false)),
            Some(_) => Err(Refused::Value),
        },
        Some(Live::CalendarTimezone) => match value {
            None => Ok(Effect::Timezone(None)),
            Some(value) => Ok(Effect::Timezone(Some(
                zones::of_calendar(&value.text()).ok_or(Refused::NoCalendar)?.name().to_owned(),
            ))),
        },
        Some(Live::CalendarTimezoneId) => match value {
            None => Ok(Effect::Timezone(None)),
            Some(value) => {
                let zone = Zone::parse(value.text().trim()).map_err(|_| Refused::NoTimezone)?;
                Ok(Effect::Timezone(Some(zone.name().to_owned())))
            }
        },
        Some(Live::CalendarAvailability | Live::OldCalendarAvailability) => {
            Ok(Effect::Availability(value.map(Element::text)))
        }
        Some(Live::GroupMemberSet) => {
            let hrefs = value.into_iter().flat_map(Element::children).filter(|child| child.name.is_dav("href"));
            let named = hrefs.map(|href| match Target::of_href(&href.text()) {
                Some(Target::Principal(username)) => Ok(username),
                _ => Err(Refused::Value),
            });
            Ok(Effect::Members(named.collect::<Result<_, _>>()?))
        }
        Some(_) => Ok(Effect::Kept),
    }
}

/// PROPPATCH.
pub(super) async fn proppatch(
    state: &DavState,
    session: &Session,
    target: Target,
    root: Option<Element>,
    prefer: Prefer,
) -> Result<Response<Body>, Failure> {
    let root = root.filter(|root| root.name.is_dav("propertyupdate"));
    let root = root.ok_or_else(|| Failure::BadRequest("the body of a PROPPATCH is a DAV:propertyupdate".to_owned()))?;
    let changes = changes(&root)?;
    let mut effects = Vec::new();
    let mut failed = Vec::new();
    for change in &changes.0 {
        match effect(change) {
            Ok(effect) => effects.push(effect),
            Err(why) => failed.push((change.name.clone(), why)),
        }
    }
    let href = target.href();
    if failed.is_empty() {
        let (viewer, changes, links) = (session.viewer, changes.clone(), state.links().clone());
        let done = state.store().write(move |conn| {
            let patch = Patch { viewer: &viewer, changes: &changes, effects: &effects };
            patch.apply(conn, &target, &links)
        });
        failed = done.await?;
    }
    let mut xml = Xml::document("D:multistatus");
    xml.element("D:response", |xml| {
        xml.href(&href);
        if prefer.minimal && failed.is_empty() {
            xml.raw("<D:propstat><D:prop/><D:status>HTTP/1.1 200 OK</D:status></D:propstat>");
        } else {
            propstats(xml, &changes, &failed);
        }
    });
    Ok(multistatus::whole(xml))
}

/// The status of each property: all were done, or those that failed made the others not be done.
pub(super) fn propstats(xml: &mut Xml, changes: &Changes, failed: &[Failed]) {
    let group = |xml: &mut Xml, names: Vec<&Name>, status: &str, error: Option<&str>| {
        if names.is_empty() {
            return;
        }
        xml.element("D:propstat", |xml| {
            xml.element("D:prop", |xml| names.iter().for_each(|name| xml.empty_name(name)));
            xml.text("D:status", status);
            error.iter().for_each(|error| xml.element("D:error", |xml| xml.empty(error)));
        });
    };
    for why in [Refused::Protected, Refused::NoCalendar, Refused::NoTimezone, Refused::Value] {
        let bad = failed.iter().filter(|(_, reason)| *reason == why).map(|(name, _)| name).collect();
        group(xml, bad, "HTTP/1.1 403 Forbidden", why.element());
    }
    let is_bad = |name: &&Name| failed.iter().any(|(bad, _)| bad == *name);
    let good = changes.0.iter().map(|change| &change.name).filter(|name| !is_bad(name)).collect();
    let status = if failed.is_empty() { "HTTP/1.1 200 OK" } else { "HTTP/1.1 424 Failed Dependency" };
    group(xml, good, status, None);
}

/// A PROPPATCH in its transaction.
struct Patch<'a> {
    viewer: &'a Viewer,
    changes: &'a Changes,
    effects: &'a [Effect],
}

impl Patch<'_> {
    /// Does all of it; or nothing, and returns what cannot be done.
    fn apply(&self, conn: &mut Conn, target: &Target, links: &crate::booking::Links) -> Result<Vec<Failed>, Failure> {
        match target {
            Target::Principal(username) => {
                let home = home::find(conn, self.viewer, username)?;
                self.own(&home)?;
                let relations = Relations::default();
                self.keep(conn, Resource::Principal(&home.owner, &relations))
            }
            Target::Proxy { username, write } => self.delegate(conn, username, *write),
            Target::Home(username) => {
                let home = home::find(conn, self.viewer, username)?;
                self.own(&home)?;
                self.keep(conn, Resource::Home(&home, &[]))
            }
            Target::Inbox(username) => {
                let home = home::find(conn, self.viewer, username)?;
                self.own(&home)?;
                for (change, effect) in self.changes.0.iter().zip(self.effects) {
                    let Effect::Availability(text) = effect else { continue };
                    match availability::write(conn, self.viewer, &home, text.as_deref(), links) {
                        // Hours that cannot be kept are a property that cannot be set; nothing was written yet.
                        Err(Failure::Booking(booking::Error::Invalid(_))) => {
                            return Ok(vec![(change.name.clone(), Refused::NoCalendar)]);
                        }
                        done => done?,
                    }
                }
                self.keep(conn, Resource::Inbox(&home, ""))
            }
            Target::Collection { username, collection } => self.collection(conn, username, collection),
            Target::Object(Place { username, collection, name }) => {
                let (home, collection) = home::open(conn, self.viewer, username, collection)?;
                let member = members::find(conn, &collection, name)?.ok_or(calendar::Error::NotFound)?;
                self.keep(conn, Resource::Object(&home, &collection, &member))
            }
            Target::Root | Target::Principals | Target::Calendars | Target::Outbox(_) => {
                Ok(self.changes.0.iter().map(|change| (change.name.clone(), Refused::Protected)).collect())
            }
        }
    }

    fn own(&self, home: &Home) -> Result<(), Failure> {
        if home.rights == Rights::Owner { Ok(()) } else { Err(calendar::Error::Forbidden("this is another's").into()) }
    }

    /// What somebody sets on another's collection, or on one that the business writes, is theirs alone: a refusal would
    /// make macOS stop syncing.
    fn collection(&self, conn: &mut Conn, username: &str, name: &str) -> Result<Vec<Failed>, Failure> {
        let (home, mut collection) = home::open(conn, self.viewer, username, name)?;
        let theirs = home.rights == Rights::Owner && collection.contents == Contents::Own;
        let (mut opaque, mut timezone) = (collection.opaque, collection.timezone.clone());
        let mut changed = false;
        for effect in self.effects {
            changed |= effect.apply(&mut opaque, &mut timezone);
        }
        let failed = self.keep(conn, Resource::Collection(&home, &collection))?;
        if failed.is_empty() && theirs {
            if changed {
                (collection.opaque, collection.timezone) = (opaque, timezone);
                home::update(conn, self.viewer, &collection)?;
            } else {
                home::touch(conn, self.viewer, &collection)?;
            }
        }
        Ok(failed)
    }

    /// The owner says who may read, or also write.
    fn delegate(&self, conn: &mut Conn, username: &str, write: bool) -> Result<Vec<Failed>, Failure> {
        let home = home::find(conn, self.viewer, username)?;
        self.own(&home)?;
        let mut failed = Vec::new();
        for (change, effect) in self.changes.0.iter().zip(self.effects) {
            let Effect::Members(usernames) = effect else {
                failed.push((change.name.clone(), Refused::Protected));
                continue;
            };
            let mut ids = Vec::new();
            for username in usernames {
                let person = people::find_by_username(conn, self.viewer.tenant, username)?;
                match person.filter(|person| person.deleted_at.is_none() && person.person_id != home.owner.person_id) {
                    Some(person) => ids.push(person.person_id),
                    None => failed.push((change.name.clone(), Refused::Value)),
                }
            }
            if failed.is_empty() {
                delegates::replace(conn, self.viewer.tenant, home.owner.person_id, write, &ids)?;
            }
        }
        Ok(failed)
    }

    /// Keeps what clients set; what has a meaning of its own elsewhere is refused.
    fn keep(&self, conn: &mut Conn, resource: Resource<'_>) -> Result<Vec<Failed>, Failure> {
        let place = resource.place();
        let inbox = matches!(resource, Resource::Inbox(..));
        let refused = |effect: &Effect| match effect {
            Effect::Members(_) => true,
            Effect::Availability(_) => !inbox,
            Effect::Opaque(_) | Effect::Timezone(_) => !matches!(resource, Resource::Collection(..)),
            Effect::Kept => false,
        };
        let both = || self.changes.0.iter().zip(self.effects);
        let failed: Vec<Failed> = both()
            .filter(|(_, effect)| refused(effect))
            .map(|(change, _)| (change.name.clone(), Refused::Protected))
            .collect();
        let Some((id, member)) = place.filter(|_| failed.is_empty()) else { return Ok(failed) };
        for (change, effect) in both() {
            let row = change.row(self.viewer, id, member);
            match (effect, &change.value) {
                (Effect::Availability(_), _) => {}
                (_, Some(_)) => dav_properties::set(conn, &row)?,
                (_, None) => dav_properties::remove(conn, &row)?,
            }
            if matches!(effect, Effect::Timezone(_)) {
                // A zone has a name and a definition; what was set before of the other is not it any more (RFC 7809 §5.2).
                let live = live(&change.name);
                let other = if live == Some(Live::CalendarTimezone) {
                    Live::CalendarTimezoneId
                } else {
                    Live::CalendarTimezone
                };
                let other = Change { name: other.name(), value: None };
                dav_properties::remove(conn, &other.row(self.viewer, id, member))?;
            }
        }
        Ok(failed)
    }
}
