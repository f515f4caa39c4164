//! PROPPATCH (RFC 4918 §9.2): all of it or nothing, with a status for each property.

use axum::body::Body;
use axum::http::{HeaderMap, Response};

use super::condition::Failure;
use super::path::{Place, Target};
use super::property::{Live, Relations, Resource, live};
use super::request::{self, Prefer};
use super::xml::{Element, Name, Ns, Xml};
use super::{DavState, Session, availability, multistatus};
use crate::booking;
use crate::calendar::home::{self, Contents, Home, Rights};
use crate::calendar::precondition::Preconditions;
use crate::calendar::{self, Viewer, members};
use crate::ical::zones;
use crate::store::dav_properties::{self, Property};
use crate::store::people::{self, Person};
use crate::store::{self, Conn, Id, WorkError, delegates};
use crate::time::{Instant, Zone};

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

/// Whether a change takes from a subscription what its clients fetch.
fn bad_source(change: &Change) -> bool {
    change.name == Name::new(Ns::CalendarServer, "source") && !is_source(change)
}

/// Whether a `CS:source` names a calendar that can be fetched.
pub(super) fn is_source(change: &Change) -> bool {
    let href = change.value.as_ref().and_then(|value| value.child(&Name::dav("href"))).map(Element::text);
    let url = href.as_deref().and_then(|href| href.trim().split_once("://"));
    url.is_some_and(|(scheme, rest)| {
        ["http", "https", "webcal", "webcals"].iter().any(|known| scheme.eq_ignore_ascii_case(known))
            && !rest.is_empty()
            && !rest.contains(char::is_whitespace)
    })
}

/// PROPPATCH.
pub(super) async fn proppatch(
    state: &DavState,
    session: &Session,
    target: Target,
    root: Option<Element>,
    (headers, prefer): (&HeaderMap, Prefer),
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
    let (href, mut sentence) = (target.href(), None);
    if failed.is_empty() {
        let (viewer, changes, links) = (session.viewer, changes.clone(), state.links().clone());
        let expected = request::preconditions_of(headers, &target)?;
        let done = state.store().write(move |conn| {
            let patch = Patch { viewer: &viewer, changes: &changes, effects: &effects };
            patch.expects(conn, &target, &expected)?;
            match patch.apply(conn, &target, &links)? {
                failed if failed.is_empty() => Ok(()),
                failed => Err(NotDone::Properties(failed, None)),
            }
        });
        match done.await {
            Ok(()) => {}
            Err(NotDone::Properties(those, said)) => (failed, sentence) = (those, said),
            Err(NotDone::Failure(failure)) => return Err(failure),
        }
    }
    let mut xml = Xml::document("D:multistatus");
    xml.element("D:response", |xml| {
        xml.href(&href);
        if failed.is_empty() && (prefer.minimal || changes.0.is_empty()) {
            xml.raw("<D:propstat><D:prop/><D:status>HTTP/1.1 200 OK</D:status></D:propstat>");
        } else {
            propstats(xml, &changes, &failed, sentence.as_deref());
        }
    });
    Ok(multistatus::whole(xml))
}

/// Why nothing was done: what was done before it is undone.
enum NotDone {
    /// These cannot be set, and why, where that takes a sentence.
    Properties(Vec<Failed>, Option<String>),
    Failure(Failure),
}

impl<E: Into<Failure>> From<E> for NotDone {
    fn from(error: E) -> Self {
        Self::Failure(error.into())
    }
}

impl WorkError for NotDone {
    fn store_error(&self) -> Option<&store::Error> {
        match self {
            Self::Properties(..) => None,
            Self::Failure(failure) => failure.store_error(),
        }
    }
}

/// The status of each property: all were done, or those that failed made the others not be done.
pub(super) fn propstats(xml: &mut Xml, changes: &Changes, failed: &[Failed], sentence: Option<&str>) {
    let group = |xml: &mut Xml, names: Vec<&Name>, status: &str, error: Option<&str>| {
        if names.is_empty() {
            return;
        }
        xml.element("D:propstat", |xml| {
            xml.element("D:prop", |xml| names.iter().for_each(|name| xml.empty_name(name)));
            xml.text("D:status", status);
            if let Some(error) = error {
                xml.element("D:error", |xml| xml.empty(error));
                sentence.iter().for_each(|sentence| xml.text("D:responsedescription", sentence));
            }
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
    /// Does all of it, or returns what cannot be done: then the rest is to be undone.
    fn apply(&self, conn: &mut Conn, target: &Target, links: &crate::booking::Links) -> Result<Vec<Failed>, NotDone> {
        match target {
            Target::Principal(username) => {
                let home = home::find(conn, self.viewer, username)?;
                self.own(&home)?;
                let relations = Relations::default();
                Ok(self.keep(conn, Resource::Principal(&home.owner, &relations))?)
            }
            Target::Proxy { username, write } => Ok(self.delegate(conn, username, *write)?),
            Target::Home(username) => {
                let home = home::find(conn, self.viewer, username)?;
                self.own(&home)?;
                Ok(self.keep(conn, Resource::Home(&home, &[]))?)
            }
            Target::Inbox(username) => {
                let home = home::find(conn, self.viewer, username)?;
                self.own(&home)?;
                for (change, effect) in self.changes.0.iter().zip(self.effects) {
                    let Effect::Availability(text) = effect else { continue };
                    match availability::write(conn, self.viewer, &home, text.as_deref(), links) {
                        // Hours that cannot be kept are a property that cannot be set.
                        Err(Failure::Booking(invalid @ booking::Error::Invalid(_))) => {
                            let failed = vec![(change.name.clone(), Refused::NoCalendar)];
                            return Err(NotDone::Properties(failed, Some(invalid.to_string())));
                        }
                        done => done?,
                    }
                }
                Ok(self.keep(conn, Resource::Inbox(&home, ""))?)
            }
            Target::Collection { username, collection } => Ok(self.collection(conn, username, collection)?),
            Target::Object(Place { username, collection, name }) => {
                let (home, collection) = home::open(conn, self.viewer, username, collection)?;
                let member = members::find(conn, &collection, name)?.ok_or(calendar::Error::NotFound)?;
                Ok(self.keep(conn, Resource::Object(&home, &collection, &member))?)
            }
            Target::Root | Target::Principals | Target::Calendars | Target::Outbox(_) => {
                Ok(self.changes.0.iter().map(|change| (change.name.clone(), Refused::Protected)).collect())
            }
        }
    }

    /// Whether what is changed is as the client expects it (RFC 4918 §10.4, RFC 9110 §13.1).
    fn expects(&self, conn: &mut Conn, target: &Target, expected: &Preconditions) -> Result<(), Failure> {
        let holds = match target {
            _ if *expected == Preconditions::default() => true,
            Target::Collection { username, collection } => {
                let (_, collection) = home::open(conn, self.viewer, username, collection)?;
                expected.hold(Some(("", collection.changed_at)), || collection.sync_token())
            }
            Target::Object(place) => {
                let (_, collection) = home::open(conn, self.viewer, &place.username, &place.collection)?;
                let member = members::find(conn, &collection, &place.name)?;
                let current = member.as_ref().map(|it| (&*it.etag, it.modified_at.unwrap_or_default()));
                expected.hold(current, || collection.sync_token())
            }
            _ => expected.hold(Some(("", Instant::default())), String::new),
        };
        if holds { Ok(()) } else { Err(calendar::Error::Precondition.into()) }
    }

    fn own(&self, home: &Home) -> Result<(), Failure> {
        if home.rights == Rights::Owner { Ok(()) } else { Err(calendar::Error::Forbidden("this is another's").into()) }
    }

    /// What somebody sets on another's collection, or on one that the business writes, is theirs alone: a refusal would
    /// make macOS stop syncing.
    fn collection(&self, conn: &mut Conn, username: &str, name: &str) -> Result<Vec<Failed>, Failure> {
        let (home, mut collection) = home::open(conn, self.viewer, username, name)?;
        let theirs = home.rights == Rights::Owner && matches!(collection.contents, Contents::Own | Contents::TimeOff);
        if let Some(change) =
            self.changes.0.iter().find(|change| collection.contents == Contents::Subscription && bad_source(change))
        {
            return Ok(vec![(change.name.clone(), Refused::Value)]);
        }
        let (mut opaque, mut timezone) = (collection.opaque, collection.timezone.clone());
        let mut changed = false;
        for effect in self.effects {
            changed |= effect.apply(&mut opaque, &mut timezone);
        }
        let failed = self.keep(conn, Resource::Collection(&home, &collection))?;
        if failed.is_empty() && theirs {
            if changed {
                // Time off takes time, whatever its calendar is said to be.
                collection.opaque = opaque || collection.contents == Contents::TimeOff;
                collection.timezone = timezone;
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
        let (tenant, owner) = (self.viewer.tenant, home.owner.person_id);
        let known = delegates::of_owner(conn, tenant, owner)?;
        let mut failed = Vec::new();
        for (change, effect) in self.changes.0.iter().zip(self.effects) {
            let Effect::Members(usernames) = effect else {
                failed.push((change.name.clone(), Refused::Protected));
                continue;
            };
            let mut ids = Vec::new();
            for username in usernames {
                let person = people::find_by_username(conn, tenant, username)?;
                let person = person.filter(|person| person.deleted_at.is_none() && person.person_id != owner);
                let delegate = |person: &Person| known.iter().find(|it| it.delegate_id == person.person_id);
                match person {
                    // Who may write may read already.
                    Some(person) if !write && delegate(&person).is_some_and(|it| it.may_write) => {}
                    Some(person) if ids.contains(&person.person_id) => {}
                    // Who is not to be seen is as unknown as anybody.
                    Some(person) if delegate(&person).is_some() || home::may_see(conn, self.viewer, &person)? => {
                        ids.push(person.person_id);
                    }
                    _ => failed.push((change.name.clone(), Refused::Value)),
                }
            }
            if failed.is_empty() {
                delegates::replace(conn, tenant, owner, write, &ids)?;
            }
        }
        Ok(failed)
    }

    /// Keeps what clients set; what has a meaning of its own elsewhere is refused.
    fn keep(&self, conn: &mut Conn, resource: Resource<'_>) -> Result<Vec<Failed>, Failure> {
        let place = resource.place();
        let inbox = matches!(resource, Resource::Inbox(..));
        let time_off =
            matches!(resource, Resource::Collection(_, collection) if collection.contents == Contents::TimeOff);
        // What people are called is the business's.
        let is_name =
            |change: &Change| matches!(resource, Resource::Principal(..)) && change.name.is_dav("displayname");
        let refused = |effect: &Effect| match effect {
            Effect::Members(_) => true,
            Effect::Availability(_) => !inbox,
            Effect::Opaque(_) | Effect::Timezone(_) => !matches!(resource, Resource::Collection(..)),
            Effect::Kept => false,
        };
        let both = || self.changes.0.iter().zip(self.effects);
        let failed: Vec<Failed> = both()
            .filter(|(change, effect)| refused(effect) || is_name(change))
            .map(|(change, _)| (change.name.clone(), Refused::Protected))
            .collect();
        let Some((id, member)) = place.filter(|_| failed.is_empty()) else { return Ok(failed) };
        for (change, effect) in both() {
            let row = change.row(self.viewer, id, member);
            match (effect, &change.value) {
                (Effect::Availability(_), _) => {}
                // It takes time; what is read says so.
                (Effect::Opaque(_), _) if time_off => {}
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
