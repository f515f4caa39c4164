//! The objects of a collection as responses of a multistatus, a page at a time.

use std::sync::Arc;

use axum::body::Body;
use axum::http::{Response, StatusCode};

use super::DavState;
use super::calendar_data::Budget;
use super::condition::{Condition, Failure};
use super::multistatus::{self, Pages};
use super::path::push_encoded;
use super::property::{Describe, Resource, Stored, Wanted};
use super::xml::Xml;
use crate::calendar::Viewer;
use crate::calendar::home::{Collection, Home};
use crate::calendar::members::{self, Member, Place, Which};
use crate::ical::object::filter::{CompFilter, Scope, matches};
use crate::ical::object::{Limits, Object};
use crate::store::Conn;
use crate::time::Zone;

/// Which objects of a collection an answer lists.
#[derive(Debug, Clone)]
pub(super) enum What {
    /// All of them.
    All,
    /// Those that a filter wants (RFC 4791 §7.8).
    Matching(Arc<CompFilter>),
    /// Those of these addresses (RFC 4791 §7.9): each as it was sent, and the name it means here.
    Named(Arc<[(String, Option<String>)]>),
    /// Those that changed (RFC 6578 §3).
    Changed(Changed),
}

/// Since when, and how many at most.
#[derive(Debug, Clone, Copy)]
pub(super) struct Changed {
    /// `None`: everything that is there.
    pub after: Option<i64>,
    pub until: i64,
    pub limit: Option<usize>,
}

/// A list of objects.
#[derive(Clone)]
pub(super) struct Listing {
    pub viewer: Viewer,
    pub username: Arc<str>,
    pub home: Arc<Home>,
    pub collection: Arc<Collection>,
    /// The path of the collection.
    pub href: Arc<str>,
    pub wanted: Arc<Wanted>,
    pub minimal: bool,
    pub what: What,
}

/// Where a list goes on.
#[derive(Clone)]
pub(super) struct Cursor {
    place: Option<Place>,
    /// How many addresses of [`What::Named`] were looked at.
    named: usize,
    written: usize,
    budget: Budget,
    stored: Option<Arc<Stored>>,
}

/// Addresses that one page looks at.
const NAMED_PAGE: usize = 250;

impl Cursor {
    /// The beginning. Floating times are on the clocks of `floating`.
    pub fn new(floating: Zone) -> Self {
        Self { place: None, named: 0, written: 0, budget: Budget::new(floating), stored: None }
    }
}

impl Listing {
    /// Writes a page; after the last one, what ends the multistatus. Returns where the next page begins.
    ///
    /// # Errors
    /// `DAV:number-of-matches-within-limits` when the answer would be too large.
    pub fn page(&self, conn: &mut Conn, mut cursor: Cursor, xml: &mut Xml) -> Result<Option<Cursor>, Failure> {
        if cursor.stored.is_none() {
            let stored = if self.wanted.needs_stored() {
                Stored::of_members(conn, &self.viewer, (self.collection.id, self.collection.owner))?
            } else {
                Stored::default()
            };
            cursor.stored = Some(Arc::new(stored));
        }
        let next = match &self.what {
            What::All => self.members(conn, Which::All { texts: self.wanted.needs_text() }, &mut cursor, xml)?,
            What::Matching(filter) => self.matching(conn, filter, &mut cursor, xml)?,
            What::Named(addresses) => self.named(conn, addresses, &mut cursor, xml)?,
            What::Changed(changed) => self.changed(conn, *changed, &mut cursor, xml)?,
        };
        if cursor.budget.exceeded {
            let detail = "the answer would be too large; ask for a shorter time or for fewer objects";
            return Err(Failure::condition(Condition::MatchesWithinLimits, detail));
        }
        if next {
            return Ok(Some(cursor));
        }
        xml.close("D:multistatus");
        Ok(None)
    }

    fn members(&self, conn: &mut Conn, which: Which, cursor: &mut Cursor, xml: &mut Xml) -> Result<bool, Failure> {
        let (page, next) = members::page(conn, &self.collection, which, cursor.place.as_ref())?;
        for member in &page {
            self.write(xml, member, cursor);
        }
        cursor.place = next;
        Ok(cursor.place.is_some())
    }

    fn matching(
        &self,
        conn: &mut Conn,
        filter: &CompFilter,
        cursor: &mut Cursor,
        xml: &mut Xml,
    ) -> Result<bool, Failure> {
        let scope = filter.scope();
        let which = match scope.time_range {
            Some(range) => Which::Within(range.interval()),
            // A filter that says no more than VCALENDAR needs no texts to be decided.
            None => Which::All { texts: !scope.complete || self.wanted.needs_text() },
        };
        let (page, next) = members::page(conn, &self.collection, which, cursor.place.as_ref())?;
        for member in &page {
            if self.is_wanted(filter, &scope, member, cursor)? {
                self.write(xml, member, cursor);
            }
        }
        cursor.place = next;
        Ok(cursor.place.is_some())
    }

    /// Whether a filter wants an object: from what the index knows, where that is enough.
    fn is_wanted(&self, filter: &CompFilter, scope: &Scope, member: &Member, cursor: &Cursor) -> Result<bool, Failure> {
        if scope.kind.is_some_and(|kind| kind.as_str() != member.component) {
            return Ok(false);
        }
        if scope.complete {
            match (scope.time_range, member.exact) {
                (None, _) => return Ok(true),
                (Some(range), Some(exact)) => return Ok(exact.overlaps(range.interval())),
                (Some(_), None) => {}
            }
        }
        let Some(body) = &member.body else { return Ok(false) };
        match Object::parse(body.as_bytes(), &Limits::stored()) {
            Ok(object) => Ok(matches(&object, filter, &cursor.budget.floating).unwrap_or(true)),
            // One bad object must not hide the others.
            Err(violation) => {
                let id = self.collection.id;
                tracing::error!(collection = %id, name = member.name, %violation, "a stored object cannot be read");
                Ok(false)
            }
        }
    }

    fn named(
        &self,
        conn: &mut Conn,
        addresses: &[(String, Option<String>)],
        cursor: &mut Cursor,
        xml: &mut Xml,
    ) -> Result<bool, Failure> {
        for (sent, name) in addresses.iter().skip(cursor.named).take(NAMED_PAGE) {
            cursor.named += 1;
            let found = match name {
                Some(name) => members::find(conn, &self.collection, name)?,
                None => None,
            };
            match found {
                Some(member) => self.respond(xml, sent, &member, cursor),
                None => multistatus::status(xml, sent, StatusCode::NOT_FOUND),
            }
        }
        Ok(cursor.named < addresses.len())
    }

    fn changed(&self, conn: &mut Conn, changed: Changed, cursor: &mut Cursor, xml: &mut Xml) -> Result<bool, Failure> {
        let which = match (changed.after, changed.limit) {
            (None, None) => Which::All { texts: self.wanted.needs_text() },
            (after, _) => Which::Changed { after: after.unwrap_or(0), until: changed.until },
        };
        let (page, next) = members::page(conn, &self.collection, which, cursor.place.as_ref())?;
        for member in page {
            if changed.limit.is_some_and(|limit| cursor.written >= limit) {
                // RFC 6578 §3.6: the rest is asked for with a token that covers just what was sent.
                multistatus::truncated(xml, &self.href);
                let known = cursor.place.as_ref().map_or(changed.after.unwrap_or(0), Place::change);
                self.end_of_changes(xml, known);
                return Ok(false);
            }
            cursor.place = Some(member.place.clone());
            if member.deleted {
                if changed.after.is_some() {
                    multistatus::status(xml, &self.address(&member.name), StatusCode::NOT_FOUND);
                    cursor.written += 1;
                }
                continue;
            }
            let member = match self.wanted.needs_text() && member.body.is_none() {
                true => members::find(conn, &self.collection, &member.name)?.unwrap_or(member),
                false => member,
            };
            self.write(xml, &member, cursor);
        }
        let more = next.is_some();
        if !more {
            self.end_of_changes(xml, changed.until);
        }
        Ok(more)
    }

    fn end_of_changes(&self, xml: &mut Xml, change: i64) {
        xml.text("D:sync-token", &self.collection.sync_token_at(change));
    }

    fn write(&self, xml: &mut Xml, member: &Member, cursor: &mut Cursor) {
        let href = self.address(&member.name);
        self.respond(xml, &href, member, cursor);
    }

    fn respond(&self, xml: &mut Xml, href: &str, member: &Member, cursor: &mut Cursor) {
        let none = Stored::default();
        let describe = Describe {
            username: &self.username,
            wanted: &self.wanted,
            minimal: self.minimal,
            stored: cursor.stored.as_deref().unwrap_or(&none),
        };
        describe.response(xml, href, Resource::Object(&self.home, &self.collection, member), &mut cursor.budget);
        cursor.written += 1;
    }

    fn address(&self, name: &str) -> String {
        let mut href = String::with_capacity(self.href.len() + name.len());
        href.push_str(&self.href);
        push_encoded(&mut href, name);
        href
    }
}

/// The answer that begins with `xml` and goes on at `cursor`.
pub(super) fn answer(state: &DavState, listing: Listing, xml: Xml, cursor: Option<Cursor>) -> Response<Body> {
    let rest = cursor.map(|cursor| Rest { state: state.clone(), listing, cursor });
    multistatus::stream(xml, rest)
}

/// The pages after the first.
struct Rest {
    state: DavState,
    listing: Listing,
    cursor: Cursor,
}

impl Pages for Rest {
    async fn next(self) -> Result<(Xml, Option<Self>), Failure> {
        let Self { state, listing, cursor } = self;
        let work = listing.clone();
        let page = state.store().read(move |conn| {
            let mut xml = Xml::fragment();
            let next = work.page(conn, cursor.clone(), &mut xml)?;
            Ok::<_, Failure>((xml, next))
        });
        let (xml, next) = page.await?;
        Ok((xml, next.map(|cursor| Self { state, listing, cursor })))
    }
}
