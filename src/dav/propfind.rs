//! PROPFIND (RFC 4918 §9.1).

use std::sync::Arc;

use axum::body::Body;
use axum::http::Response;

use super::again::Lasting;
use super::calendar_data::Budget;
use super::condition::{Condition, Failure};
use super::kept::Kept;
use super::listing::{Begun, Listing, What};
use super::path::{Place, Target};
use super::property::{Describe, Href, Relations, Resource, Stored, Wanted};
use super::request::{Depth, Prefer};
use super::xml::Xml;
use super::{DavState, Session, availability, multistatus};
use crate::calendar::home::{self, Collection, Home};
use crate::calendar::{self, Viewer, members};
use crate::store::people::{self, Person};
use crate::store::{Conn, Mark, Role, delegates};
use crate::time::Zone;

/// People that are named as those somebody may act for.
const MAX_RELATIONS: i64 = 500;

/// Answers a PROPFIND.
pub(super) async fn propfind(
    state: &DavState,
    session: &Session,
    target: Target,
    depth: Option<Depth>,
    (wanted, prefer): (Wanted, Prefer),
) -> Result<Response<Body>, Failure> {
    // Without the header infinity is meant (RFC 4918 §9.1). Where little lies below, that is no more than is given.
    let depth = match (depth, &target) {
        (Some(depth @ (Depth::Zero | Depth::One)), _) => depth,
        (_, Target::Principal(_)) => Depth::One,
        (_, Target::Object(_) | Target::Proxy { .. } | Target::Inbox(_) | Target::Outbox(_)) => Depth::Zero,
        _ => return Err(Failure::condition(Condition::FiniteDepth, "ask with Depth 0 or 1")),
    };
    let about_calendars = matches!(target, Target::Collection { .. } | Target::Object(_));
    let ask = Ask::new(session, wanted, prefer, depth == Depth::One);
    let kept = state.kept().clone();
    let wanted = Arc::clone(&ask.wanted);
    let found = match about_calendars {
        true => state.begin(ask, move |conn, ask| ask.answer(conn, &kept, &target)).await?,
        false => state.store().read(move |conn| ask.answer(conn, &kept, &target)).await?,
    };
    match found {
        Answer::Whole(mut xml) => {
            xml.close("D:multistatus");
            let head = xml.into_bytes();
            let mut answer = multistatus::whole_in(head.clone());
            if !wanted.needs_now() {
                answer.extensions_mut().insert(Lasting { head, members: None });
            }
            Ok(answer)
        }
        Answer::Members(begun) => begun.response(state).await,
    }
}

enum Answer {
    Whole(Xml),
    Members(Box<Begun>),
}

/// Who asks, and for what of whatever the target is.
#[derive(Debug, Clone)]
pub(super) struct Ask {
    pub viewer: Viewer,
    pub mark: Option<Mark>,
    pub username: Arc<str>,
    pub wanted: Arc<Wanted>,
    pub minimal: bool,
    pub deep: bool,
}

impl Ask {
    /// What a session asks; `deep`, of what is in the target as well.
    pub fn new(session: &Session, wanted: Wanted, prefer: Prefer, deep: bool) -> Self {
        let username = session.login.username.as_str().into();
        let Session { viewer, mark, .. } = *session;
        Self { viewer, mark, username, wanted: Arc::new(wanted), minimal: prefer.minimal, deep }
    }

    fn answer(&self, conn: &mut Conn, kept: &Kept, target: &Target) -> Result<Answer, Failure> {
        let mut xml = Xml::document("D:multistatus");
        if let Target::Collection { username, collection } = target {
            let opened = kept.open(conn, self.mark, &self.viewer, (username, collection))?;
            self.collection(conn, &mut xml, &opened.home, &opened.collection)?;
            if self.deep {
                let listing = Listing::new(self, &opened, kept, What::All);
                return Ok(Answer::Members(Box::new(listing.begin(conn, xml, Zone::utc())?)));
            }
            return Ok(Answer::Whole(xml));
        }
        self.describe(conn, &mut xml, target)?;
        Ok(Answer::Whole(xml))
    }

    /// Writes the responses for what is no collection of objects: the target, and what is in it when that is asked.
    pub fn describe(&self, conn: &mut Conn, xml: &mut Xml, target: &Target) -> Result<(), Failure> {
        match target {
            Target::Root => {
                self.folder(xml, target);
                if self.deep {
                    self.folder(xml, &Target::Principals);
                    self.folder(xml, &Target::Calendars);
                }
            }
            Target::Principals => {
                self.folder(xml, target);
                if self.deep {
                    let me = self.me(conn)?;
                    self.principal(conn, xml, &me)?;
                }
            }
            Target::Calendars => {
                self.folder(xml, target);
                if self.deep {
                    let home = home::find(conn, &self.viewer, &self.username)?;
                    self.home(conn, xml, &home)?;
                }
            }
            Target::Principal(username) => {
                let person = self.person(conn, username)?;
                self.principal(conn, xml, &person)?;
                if self.deep {
                    for write in [false, true] {
                        self.proxy(conn, xml, &person, write)?;
                    }
                }
            }
            Target::Proxy { username, write } => {
                let person = self.person(conn, username)?;
                self.proxy(conn, xml, &person, *write)?;
            }
            Target::Home(username) => {
                let home = home::find(conn, &self.viewer, username)?;
                self.home(conn, xml, &home)?;
                if self.deep {
                    self.collections(conn, xml, &home)?;
                    self.inbox(conn, xml, &home)?;
                }
            }
            Target::Inbox(username) => {
                let home = home::find(conn, &self.viewer, username)?;
                self.inbox(conn, xml, &home)?;
            }
            Target::Outbox(_) => return Err(calendar::Error::NotFound.into()),
            Target::Collection { username, collection } => {
                let (home, collection) = home::open(conn, &self.viewer, username, collection)?;
                self.collection(conn, xml, &home, &collection)?;
            }
            Target::Object(place) => self.object(conn, xml, place)?,
        }
        Ok(())
    }

    fn object(&self, conn: &mut Conn, xml: &mut Xml, place: &Place) -> Result<(), Failure> {
        let (home, collection) = home::open(conn, &self.viewer, &place.username, &place.collection)?;
        let member = members::find(conn, &collection, &place.name)?.ok_or(calendar::Error::NotFound)?;
        let stored = match self.wanted.needs_stored() {
            true => Stored::of_members(conn, &self.viewer, &collection)?,
            false => Stored::default(),
        };
        self.write(xml, &place.href(), Resource::Object(&home, &collection, &member), &stored);
        Ok(())
    }

    fn write(&self, xml: &mut Xml, href: &str, resource: Resource<'_>, stored: &Stored) {
        let describe = Describe { username: &self.username, wanted: &self.wanted, minimal: self.minimal, stored };
        describe.response(xml, &Href::As(href), resource, &mut Budget::new(Zone::utc()));
    }

    fn folder(&self, xml: &mut Xml, target: &Target) {
        self.write(xml, &target.href(), Resource::Folder, &Stored::default());
    }

    fn me(&self, conn: &mut Conn) -> Result<Person, Failure> {
        Ok(people::find(conn, self.viewer.tenant, self.viewer.person)?.ok_or(calendar::Error::NotFound)?)
    }

    /// Somebody whose principal the viewer may see: themselves, those who work here, and whom they act for.
    fn person(&self, conn: &mut Conn, username: &str) -> Result<Person, Failure> {
        let found = people::find_by_username(conn, self.viewer.tenant, username)?;
        let person = found.filter(|person| person.deleted_at.is_none()).ok_or(calendar::Error::NotFound)?;
        if home::may_see(conn, &self.viewer, &person)? { Ok(person) } else { Err(calendar::Error::NotFound.into()) }
    }

    /// Writes the response for a person.
    pub fn principal(&self, conn: &mut Conn, xml: &mut Xml, person: &Person) -> Result<(), Failure> {
        let Some(username) = person.username.clone() else { return Ok(()) };
        let relations =
            if self.wanted.needs_relations() { self.relations(conn, person)? } else { Relations::default() };
        let resource = Resource::Principal(person, &relations);
        let stored = self.stored(conn, resource, person)?;
        self.write(xml, &Target::Principal(username).href(), resource, &stored);
        Ok(())
    }

    /// Who may act for whom, as far as the viewer may know of them. Managers read for all who work here.
    fn relations(&self, conn: &mut Conn, person: &Person) -> Result<Relations, Failure> {
        let tenant = person.tenant_id;
        let mut found = Relations::default();
        let theirs = delegates::of_owner(conn, tenant, person.person_id)?;
        let others = delegates::of_delegate(conn, tenant, person.person_id)?;
        let is_own = person.person_id == self.viewer.person;
        let mut name = |id| {
            let Some(person) = people::find(conn, tenant, id)? else { return Ok::<_, Failure>(None) };
            let seen = is_own || home::may_see(conn, &self.viewer, &person)?;
            Ok(person.username.filter(|_| seen))
        };
        for delegate in &theirs {
            let list = if delegate.may_write { &mut found.writers } else { &mut found.readers };
            list.extend(name(delegate.delegate_id)?);
        }
        for delegate in &others {
            let list = if delegate.may_write { &mut found.write_for } else { &mut found.read_for };
            list.extend(name(delegate.owner_id)?);
        }
        let works_here = [Role::Manager, Role::Staff];
        if person.role == Role::Manager {
            let team = people::list(conn, tenant, &works_here, None, MAX_RELATIONS)?;
            let team = team.into_iter().filter(|other| other.person_id != person.person_id).filter_map(|p| p.username);
            let known: Vec<String> = found.write_for.iter().chain(&found.read_for).cloned().collect();
            found.read_for.extend(team.filter(|username| !known.contains(username)));
        }
        if works_here.contains(&person.role) {
            let managers = people::list(conn, tenant, &[Role::Manager], None, MAX_RELATIONS)?;
            let managers = managers.into_iter().filter(|other| other.person_id != person.person_id);
            let known: Vec<String> = found.writers.iter().chain(&found.readers).cloned().collect();
            found.readers.extend(managers.filter_map(|p| p.username).filter(|username| !known.contains(username)));
        }
        Ok(found)
    }

    fn proxy(&self, conn: &mut Conn, xml: &mut Xml, owner: &Person, write: bool) -> Result<(), Failure> {
        let Some(username) = owner.username.clone() else { return Ok(()) };
        let relations = self.relations(conn, owner)?;
        let resource = Resource::Proxy { owner, write, relations: &relations };
        self.write(xml, &Target::Proxy { username, write }.href(), resource, &Stored::default());
        Ok(())
    }

    fn home(&self, conn: &mut Conn, xml: &mut Xml, home: &Home) -> Result<(), Failure> {
        let Some(username) = home.owner.username.clone() else { return Ok(()) };
        let collections = if self.wanted.needs_collections() { home::collections(conn, home)? } else { Vec::new() };
        let resource = Resource::Home(home, &collections);
        let stored = self.stored(conn, resource, &home.owner)?;
        self.write(xml, &Target::Home(username).href(), resource, &stored);
        Ok(())
    }

    fn inbox(&self, conn: &mut Conn, xml: &mut Xml, home: &Home) -> Result<(), Failure> {
        let Some(username) = home.owner.username.clone() else { return Ok(()) };
        let text = availability::read(conn, &self.viewer, home)?;
        let resource = Resource::Inbox(home, &text);
        let stored = self.stored(conn, resource, &home.owner)?;
        self.write(xml, &Target::Inbox(username).href(), resource, &stored);
        Ok(())
    }

    fn stored(&self, conn: &mut Conn, resource: Resource<'_>, owner: &Person) -> Result<Stored, Failure> {
        match resource.place() {
            Some((id, _)) if self.wanted.needs_stored() => {
                Ok(Stored::read(conn, &self.viewer, &[(id, owner.person_id)])?)
            }
            _ => Ok(Stored::default()),
        }
    }

    fn collection(&self, conn: &mut Conn, xml: &mut Xml, home: &Home, collection: &Collection) -> Result<(), Failure> {
        let resource = Resource::Collection(home, collection);
        let stored = self.stored(conn, resource, &home.owner)?;
        self.write(xml, &address(home, collection), resource, &stored);
        Ok(())
    }

    /// Writes the responses for all collections of a home.
    pub fn collections(&self, conn: &mut Conn, xml: &mut Xml, home: &Home) -> Result<(), Failure> {
        let collections = home::collections(conn, home)?;
        self.these(conn, xml, home, &collections)
    }

    /// Writes the responses for some collections of a home.
    pub fn these(
        &self,
        conn: &mut Conn,
        xml: &mut Xml,
        home: &Home,
        collections: &[Collection],
    ) -> Result<(), Failure> {
        let owned: Vec<_> = collections.iter().map(|c| (c.id, c.owner)).collect();
        let stored = Stored::read(conn, &self.viewer, &owned)?;
        for collection in collections {
            self.write(xml, &address(home, collection), Resource::Collection(home, collection), &stored);
        }
        Ok(())
    }
}

fn address(home: &Home, collection: &Collection) -> String {
    super::path::collection_href(home.owner.username.as_deref().unwrap_or_default(), &collection.name)
}
