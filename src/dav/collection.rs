//! Collections: MKCALENDAR (RFC 4791 §5.3.1), extended MKCOL (RFC 5689), DELETE.

use axum::body::Body;
use axum::http::{Response, StatusCode};

use super::condition::{Condition, Failure};
use super::proppatch::{self, Change, Changes, Effect, Failed, Refused};
use super::request::Depth;
use super::xml::{Element, Name, Ns, Xml};
use super::{DavState, Session, multistatus};
use crate::calendar;
use crate::calendar::home::{self, NewCollection};
use crate::calendar::precondition::Preconditions;
use crate::calendar::write;
use crate::store::dav_properties;

/// Which method makes the collection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Maker {
    MkCalendar,
    MkCol,
}

/// MKCALENDAR, and MKCOL of a calendar. Without a body MKCOL would make a folder, which a home cannot hold (RFC 4791
/// §4.2).
pub(super) async fn make(
    state: &DavState,
    session: &Session,
    (username, name): (String, String),
    maker: Maker,
    body: Option<Element>,
) -> Result<Response<Body>, Failure> {
    // Whatever was to be made, what is there is told first (RFC 4918 §9.3.1).
    let (viewer, place) = (session.viewer, (username.clone(), name.clone()));
    let taken = state.store().look_up(move |conn| match home::open(conn, &viewer, &place.0, &place.1) {
        Err(calendar::Error::NoCollection) => Ok(false),
        found => found.map(|_| true),
    });
    if taken.await? {
        return Err(calendar::Error::Exists.into());
    }
    let changes = match (&body, maker) {
        (None, Maker::MkCol) => {
            let detail = "a home holds calendars; say so with an extended MKCOL, or use MKCALENDAR";
            return Err(Failure::condition(Condition::ValidResourceType, detail));
        }
        (None, Maker::MkCalendar) => Changes::default(),
        (Some(root), _) => {
            let wanted = if maker == Maker::MkCol { Name::dav("mkcol") } else { Name::caldav("mkcalendar") };
            if root.name != wanted {
                return Err(Failure::BadRequest(format!("the body of this request is a {}", wanted.local)));
            }
            proppatch::changes(root)?
        }
    };
    let kind = kind(&changes, maker)?;
    let (new, stored, failed) = prepared(name, &changes, kind);
    if !failed.is_empty() {
        return Ok(refused(maker, &changes, &failed));
    }
    let made = state.store().write(move |conn| {
        let home = home::find(conn, &viewer, &username)?;
        let collection = home::create(conn, &viewer, &home, new.clone())?;
        for change in &stored {
            dav_properties::set(conn, &change.row(&viewer, collection.id, ""))?;
        }
        Ok::<_, calendar::Error>(())
    });
    made.await?;
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::CREATED;
    Ok(response)
}

/// Why no collection is made inside of another: calendars do not lie in calendars (RFC 4791 §4.2), nor in nothing.
pub(super) async fn inside(
    state: &DavState,
    session: &Session,
    (username, name): (String, String),
) -> Result<Failure, Failure> {
    let viewer = session.viewer;
    let parent = state.store().look_up(move |conn| home::open(conn, &viewer, &username, &name));
    Ok(match parent.await {
        Ok(_) => {
            let detail = "calendars are made in a home, not in other calendars";
            Failure::condition(Condition::CollectionLocation, detail)
        }
        Err(calendar::Error::NotFound | calendar::Error::NoCollection) => calendar::Error::NoParent.into(),
        Err(other) => other.into(),
    })
}

/// What kinds of collections a home holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Calendar,
    /// A calendar elsewhere, which clients fetch themselves; Apple keeps those of all devices here.
    Subscription,
}

/// What `DAV:resourcetype` says: `DAV:collection` with `CALDAV:calendar` or `CS:subscribed`, nothing else (RFC 5689 §3.3).
/// MKCALENDAR need not say anything.
fn kind(changes: &Changes, maker: Maker) -> Result<Kind, Failure> {
    let is_type = |change: &&Change| change.name.is_dav("resourcetype");
    let types = changes.0.iter().find(is_type).and_then(|change| change.value.as_ref());
    let Some(types) = types else {
        return match maker {
            Maker::MkCalendar => Ok(Kind::Calendar),
            Maker::MkCol => Err(unknown_type()),
        };
    };
    let has = |name: Name| types.child(&name).is_some();
    match (has(Name::caldav("calendar")), has(Name::new(Ns::CalendarServer, "subscribed"))) {
        _ if !has(Name::dav("collection")) || types.children().count() != 2 => Err(unknown_type()),
        (true, false) => Ok(Kind::Calendar),
        (false, true) => Ok(Kind::Subscription),
        _ => Err(unknown_type()),
    }
}

fn unknown_type() -> Failure {
    Failure::condition(Condition::ValidResourceType, "a home holds calendars and subscriptions, nothing else")
}

/// What the new collection is, what else is kept with it, and which of the properties cannot be set.
fn prepared(name: String, changes: &Changes, kind: Kind) -> (NewCollection, Vec<Change>, Vec<Failed>) {
    let taken: &[&str] = match kind {
        Kind::Calendar => &["VEVENT", "VTODO", "VJOURNAL"],
        Kind::Subscription => &[],
    };
    let source = Name::new(Ns::CalendarServer, "source");
    let mut new = NewCollection {
        name,
        components: taken.iter().copied().map(str::to_owned).collect(),
        // Whose events are to block their owner's time says so.
        opaque: false,
        timezone: None,
    };
    let (mut stored, mut failed) = (Vec::new(), Vec::new());
    if kind == Kind::Subscription
        && !changes.0.iter().any(|change| change.name == source && proppatch::is_source(change))
    {
        failed.push((source, Refused::Value));
    }
    for change in &changes.0 {
        let Some(value) = &change.value else {
            failed.push((change.name.clone(), Refused::Value));
            continue;
        };
        if change.name.is_dav("resourcetype") {
            continue;
        }
        if change.name.is_caldav("supported-calendar-component-set") {
            match components(value) {
                _ if kind == Kind::Subscription => {}
                Some(components) => new.components = components,
                None => failed.push((change.name.clone(), Refused::Value)),
            }
            continue;
        }
        match proppatch::effect(change) {
            Ok(Effect::Availability(_) | Effect::Members(_)) => failed.push((change.name.clone(), Refused::Protected)),
            Ok(effect) => {
                effect.apply(&mut new.opaque, &mut new.timezone);
                stored.push(change.clone());
            }
            Err(why) => failed.push((change.name.clone(), why)),
        }
    }
    (new, stored, failed)
}

/// The components of a `supported-calendar-component-set`, those that Fasti knows of them; `None` when that is none.
fn components(value: &Element) -> Option<Vec<String>> {
    let mut components = Vec::new();
    for name in value.children().filter_map(|comp| comp.attribute("name")) {
        let name = name.to_ascii_uppercase();
        if matches!(name.as_str(), "VEVENT" | "VTODO" | "VJOURNAL") && !components.contains(&name) {
            components.push(name);
        }
    }
    (!components.is_empty()).then_some(components)
}

/// Nothing is made when a property cannot be set (RFC 4791 §5.3.1, RFC 5689 §3).
fn refused(maker: Maker, changes: &Changes, failed: &[Failed]) -> Response<Body> {
    let root = if maker == Maker::MkCol { "D:mkcol-response" } else { "C:mkcalendar-response" };
    let mut xml = Xml::document(root);
    proppatch::propstats(&mut xml, changes, failed, None);
    xml.close(root);
    // RFC 5689 §3 and RFC 4791 §5.3.1.1: a status that is no success.
    multistatus::xml_response(StatusCode::FORBIDDEN, Body::from(xml.into_string()))
}

/// DELETE of a collection with all that is in it: who says by Depth that something should stay means something else
/// (RFC 4918 §9.6.1).
pub(super) async fn delete(
    state: &DavState,
    session: &Session,
    (username, name): (String, String),
    (depth, expected): (Option<Depth>, Preconditions),
) -> Result<Response<Body>, Failure> {
    let viewer = session.viewer;
    let deleted = state.store().write(move |conn| {
        let (home, collection) = home::open(conn, &viewer, &username, &name)?;
        if matches!(depth, Some(Depth::Zero | Depth::One)) {
            let detail = "a collection is deleted whole; send Depth: infinity, or none";
            return Err(Failure::BadRequest(detail.to_owned()));
        }
        let token = write::token(conn, &viewer, &collection, &expected)?;
        if !expected.hold(Some(("", collection.changed_at)), || token.clone()) {
            return Err(calendar::Error::Precondition.into());
        }
        Ok(home::delete(conn, &home, &collection)?)
    });
    deleted.await?;
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    Ok(response)
}
