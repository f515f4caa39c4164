//! The objects of a collection as responses of a multistatus, a page at a time.

use std::collections::HashMap;
use std::iter;
use std::sync::Arc;

use axum::body::Body;
use axum::http::{Response, StatusCode};
use bytes::Bytes;

use super::DavState;
use super::again::Lasting;
use super::calendar_data::Budget;
use super::condition::{Condition, Failure};
use super::kept::{Keeping, Kept, Opened, Question, State};
use super::multistatus::{self, Pages};
use super::property::{Describe, Href, Resource, Stored};
use super::propfind::Ask;
use super::xml::Xml;
use crate::calendar;
use crate::calendar::home::{Collection, Home};
use crate::calendar::members::{self, Detail, Member, PAGE, Place, Tagged, Which};
use crate::ical::object::filter::{CompFilter, Scope, matches};
use crate::ical::object::{Limits, Object};
use crate::store::{Conn, Store};
use crate::time::{Interval, Zone};

/// Which objects of a collection an answer lists.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum What {
    /// All of them.
    All,
    /// Those that a filter wants (RFC 4791 §7.8).
    Matching(Arc<CompFilter>),
    /// The one of this name, if a filter wants it.
    OneMatching(Arc<CompFilter>, Arc<str>),
    /// Those of these addresses (RFC 4791 §7.9): each as it was sent, and the name it means here.
    Named(Arc<[(String, Option<String>)]>),
    /// Those that changed (RFC 6578 §3).
    Changed(Changed),
}

/// Since when, and how many at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Changed {
    /// `None`: everything that is there.
    pub after: Option<i64>,
    pub limit: Option<usize>,
}

/// A list of objects.
#[derive(Clone)]
pub(super) struct Listing {
    ask: Ask,
    home: Arc<Home>,
    collection: Arc<Collection>,
    /// The path of the collection.
    href: Arc<str>,
    what: What,
    kept: Kept,
}

/// Where a list goes on.
#[derive(Clone)]
struct Cursor {
    place: Option<Place>,
    /// So many objects of a window are read for the next page.
    most: usize,
    /// How many addresses of [`What::Named`] were looked at.
    named: usize,
    written: usize,
    budget: Budget,
    stored: Arc<Stored>,
}

/// An object of which a filter is to say whether it is wanted.
struct Candidate<'m> {
    object: Tagged<'m>,
    body: Option<&'m str>,
    exact: Option<Interval>,
}

/// Addresses that one page looks at.
const NAMED_PAGE: usize = 250;

/// An answer of which the beginning is there.
pub(super) struct Begun {
    listing: Listing,
    answer: Answer,
}

#[allow(clippy::large_enum_variant, reason = "a request has one, for as long as it takes to begin the answer")]
enum Answer {
    Whole(Bytes),
    /// What precedes the list, and the list.
    Kept(Bytes, Arc<[Bytes]>),
    Unread {
        first: Bytes,
        cursor: Cursor,
        keeping: Option<Keeping>,
    },
}

/// So many objects are looked up at once.
const FEW: usize = 64;
/// So many of a window, which lie together.
const FEW_WITHIN: usize = 128;

impl Listing {
    pub fn new(ask: &Ask, opened: &Opened, kept: &Kept, what: What) -> Self {
        let (home, collection) = (Arc::clone(&opened.home), Arc::clone(&opened.collection));
        let (ask, href, kept) = (ask.clone(), Arc::clone(&opened.href), kept.clone());
        Self { ask, home, collection, href, what, kept }
    }

    /// The answer that begins with `head`, with what of it a look-up gives. Floating times are on the clocks of `floating`.
    ///
    /// # Errors
    /// `DAV:number-of-matches-within-limits` when the answer would be too large.
    pub fn begin(self, conn: &mut Conn, mut head: Xml, floating: Zone) -> Result<Begun, Failure> {
        let stored = if self.ask.wanted.needs_stored() {
            Stored::of_members(conn, &self.ask.viewer, &self.collection)?
        } else {
            Stored::default()
        };
        let stored = Arc::new(stored);
        let mut keeping = None;
        // Hardly anybody asks for the same addresses again.
        if !matches!(self.what, What::Named(_) | What::OneMatching(..)) {
            let (question, state) = self.question(&stored, &floating);
            if let Some(chunks) = self.kept.answer(&question, &state) {
                return Ok(Begun { listing: self, answer: Answer::Kept(head.into_bytes(), chunks) });
            }
            keeping = Some(Keeping::new(&self.kept, question, state));
        }
        let mut cursor =
            Cursor { place: None, most: FEW_WITHIN, named: 0, written: 0, budget: Budget::new(floating), stored };
        if !self.begins_near() {
            cursor.most = PAGE;
            let answer = Answer::Unread { first: head.into_bytes(), cursor, keeping };
            return Ok(Begun { listing: self, answer });
        }
        let list = head.len();
        let next = self.page(conn, cursor, &mut head)?;
        let first = head.into_bytes();
        let keeping = keeping.and_then(|keeping| keeping.and(&first.slice(list..), next.is_none()));
        let answer = match next {
            None => Answer::Whole(first),
            Some(cursor) => Answer::Unread { first, cursor: Cursor { most: PAGE, ..cursor }, keeping },
        };
        Ok(Begun { listing: self, answer })
    }

    /// Whether what is read for the first page is little, and given as it is. A collection has at most as many objects as
    /// it had changes.
    fn begins_near(&self) -> bool {
        if self.ask.wanted.selects() {
            return false;
        }
        let few = |changes: i64| (0..=FEW as i64).contains(&changes);
        match &self.what {
            What::All => few(self.collection.change),
            What::Changed(changed) => few(self.collection.change - changed.after.unwrap_or(0)),
            What::Named(addresses) => addresses.len() <= FEW,
            What::OneMatching(..) => true,
            What::Matching(filter) => self.is_visited(&filter.scope()),
        }
    }

    /// Whether what matches is written as it is read, without a look into most texts.
    fn is_visited(&self, scope: &Scope) -> bool {
        let rows_tell = scope.complete && scope.time_range.is_some();
        rows_tell && self.ask.wanted.is_tag_and_text() && !self.collection.is_bookings()
    }

    fn question(&self, stored: &Arc<Stored>, floating: &Zone) -> (Question, State) {
        let question = Question {
            person: self.ask.viewer.person,
            username: Arc::clone(&self.ask.username),
            collection: self.collection.id,
            wanted: Arc::clone(&self.ask.wanted),
            minimal: self.ask.minimal,
            what: self.what.clone(),
        };
        let (home, collection) = (Arc::clone(&self.home), Arc::clone(&self.collection));
        (question, State { home, collection, stored: Arc::clone(stored), floating: floating.clone() })
    }

    /// Writes a page; after the last one, what ends the multistatus. Returns where the next page begins.
    fn page(&self, conn: &mut Conn, mut cursor: Cursor, xml: &mut Xml) -> Result<Option<Cursor>, Failure> {
        let next = match &self.what {
            What::All => self.all(conn, &mut cursor, xml)?,
            What::Matching(filter) => self.matching(conn, filter, &mut cursor, xml)?,
            What::OneMatching(filter, name) => self.one_matching(conn, filter, name, (&mut cursor, xml))?,
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

    fn all(&self, conn: &mut Conn, cursor: &mut Cursor, xml: &mut Xml) -> Result<bool, Failure> {
        let after = cursor.place.take();
        xml.reserve(FRAME * PAGE.min(usize::try_from(self.collection.change).unwrap_or(PAGE)));
        let (collection, after) = (&self.collection, after.as_ref());
        cursor.place = if self.ask.wanted.is_tag() && !collection.is_bookings() {
            members::each_tag(conn, collection, after, |row| Describe::tag(xml, &self.href, row, None))?
        } else {
            let which = Which::All(self.detail());
            members::each(conn, collection, which, after, |member| self.write(xml, member, cursor))?
        };
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
            None if scope.complete => Which::All(self.detail()),
            None => Which::All(Detail::Texts),
        };
        let after = cursor.place.take();
        let (collection, after, floating) = (&self.collection, after.as_ref(), cursor.budget.floating.clone());
        if let Which::Within(window) = which
            && self.is_visited(&scope)
        {
            xml.reserve(TEXTS);
            cursor.place = members::each_within(conn, collection, window, (after, cursor.most), |row| {
                let candidate = Candidate { object: row.object, body: Some(row.body), exact: row.exact };
                if self.is_wanted(filter, &scope, &candidate, &floating) {
                    Describe::tag(xml, &self.href, row.object, Some(row.body));
                }
            })?;
            return Ok(cursor.place.is_some());
        }
        let (page, next) = members::page(conn, collection, which, after)?;
        if self.detail() == Detail::Texts {
            room(xml, page.iter());
        }
        for member in &page {
            let candidate = Candidate { object: member.tagged(), body: member.body.as_deref(), exact: member.exact };
            if self.is_wanted(filter, &scope, &candidate, &floating) {
                self.write(xml, member, cursor);
            }
        }
        cursor.place = next;
        Ok(cursor.place.is_some())
    }

    fn one_matching(
        &self,
        conn: &mut Conn,
        filter: &CompFilter,
        name: &str,
        (cursor, xml): (&mut Cursor, &mut Xml),
    ) -> Result<bool, Failure> {
        let member = members::find(conn, &self.collection, name)?.ok_or(calendar::Error::NotFound)?;
        let candidate = Candidate { object: member.tagged(), body: member.body.as_deref(), exact: member.exact };
        let floating = cursor.budget.floating.clone();
        if self.is_wanted(filter, &filter.scope(), &candidate, &floating) {
            self.write(xml, &member, cursor);
        }
        Ok(false)
    }

    /// Whether a filter wants an object: from what the index knows, where that is enough.
    fn is_wanted(&self, filter: &CompFilter, scope: &Scope, candidate: &Candidate<'_>, floating: &Zone) -> bool {
        let Candidate { object, body, exact } = *candidate;
        if scope.kind.is_some_and(|kind| kind.as_str() != object.component) {
            return false;
        }
        if scope.complete {
            match (scope.time_range, exact) {
                (None, _) => return true,
                (Some(range), Some(exact)) => return exact.overlaps(range.interval()),
                (Some(_), None) => {}
            }
        }
        let Some(body) = body else { return false };
        if let (Some(range), true) = (scope.time_range, scope.complete)
            && let Some(occurs) = self.kept.occurs(&self.collection, object, body)
        {
            return occurs.overlaps(range, floating).unwrap_or(true);
        }
        match Object::parse(body.as_bytes(), &Limits::stored()) {
            Ok(object) => matches(&object, filter, floating).unwrap_or(true),
            // One bad object must not hide the others.
            Err(violation) => {
                let id = self.collection.id;
                tracing::error!(collection = %id, name = object.name, %violation, "a stored object cannot be read");
                false
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
        let page = addresses.get(cursor.named..).unwrap_or_default();
        let page = page.get(..NAMED_PAGE).unwrap_or(page);
        let names: Vec<&str> = page.iter().filter_map(|(_, name)| name.as_deref()).collect();
        let found = members::named(conn, &self.collection, &names)?;
        let found: HashMap<&str, &Member> = found.iter().map(|member| (&*member.name, member)).collect();
        room(xml, found.values().copied());
        for (sent, name) in page {
            match name.as_deref().and_then(|name| found.get(name)) {
                Some(member) => self.respond(xml, &Href::As(sent), member, cursor),
                None => multistatus::status(xml, &Href::As(sent), StatusCode::NOT_FOUND),
            }
        }
        cursor.named += page.len();
        Ok(cursor.named < addresses.len())
    }

    fn changed(&self, conn: &mut Conn, changed: Changed, cursor: &mut Cursor, xml: &mut Xml) -> Result<bool, Failure> {
        if (changed.after, changed.limit) == (None, None) {
            let more = self.all(conn, cursor, xml)?;
            if !more {
                self.end_of_changes(xml, self.collection.change);
            }
            return Ok(more);
        }
        let tags = self.detail() == Detail::Tags;
        let which = Which::Changed { tags, after: changed.after.unwrap_or(0), until: self.collection.change };
        let mut known = cursor.place.as_ref().map_or(changed.after.unwrap_or(0), Place::change);
        let (page, next) = members::page(conn, &self.collection, which, cursor.place.as_ref())?;
        let read = self.texts(conn, &page)?;
        let texts: HashMap<&str, &Member> = read.iter().map(|member| (&*member.name, member)).collect();
        room(xml, page.iter().chain(&read));
        for member in &page {
            if changed.limit.is_some_and(|limit| cursor.written >= limit) {
                // RFC 6578 §3.6: the rest is asked for with a token that covers just what was sent.
                multistatus::truncated(xml, &self.href);
                self.end_of_changes(xml, known);
                return Ok(false);
            }
            known = member.change;
            if member.deleted {
                if changed.after.is_some() {
                    multistatus::status(xml, &Href::Member(&self.href, &member.name), StatusCode::NOT_FOUND);
                    cursor.written += 1;
                }
                continue;
            }
            match texts.get(&*member.name) {
                Some(member) => self.write(xml, member, cursor),
                None => self.write(xml, member, cursor),
            }
        }
        cursor.place = next;
        if cursor.place.is_none() {
            self.end_of_changes(xml, self.collection.change);
        }
        Ok(cursor.place.is_some())
    }

    /// The members of a page with their texts, where those are asked for and not there yet.
    fn texts(&self, conn: &mut Conn, page: &[Member]) -> Result<Vec<Member>, Failure> {
        if self.detail() != Detail::Texts {
            return Ok(Vec::new());
        }
        let missing = page.iter().filter(|member| member.body.is_none() && !member.deleted);
        let names: Vec<&str> = missing.map(|member| &*member.name).collect();
        let mut read = Vec::with_capacity(names.len());
        for names in names.chunks(NAMED_PAGE) {
            read.extend(members::named(conn, &self.collection, names)?);
        }
        Ok(read)
    }

    fn end_of_changes(&self, xml: &mut Xml, change: i64) {
        xml.text("D:sync-token", &self.collection.sync_token_at(change));
    }

    fn detail(&self) -> Detail {
        self.ask.wanted.detail(&self.collection)
    }

    fn write(&self, xml: &mut Xml, member: &Member, cursor: &mut Cursor) {
        self.respond(xml, &Href::Member(&self.href, &member.name), member, cursor);
    }

    fn respond(&self, xml: &mut Xml, href: &Href<'_>, member: &Member, cursor: &mut Cursor) {
        let Ask { username, wanted, minimal, .. } = &self.ask;
        let describe = Describe { username, wanted, minimal: *minimal, stored: &cursor.stored };
        describe.response(xml, href, Resource::Object(&self.home, &self.collection, member), &mut cursor.budget);
        cursor.written += 1;
    }
}

/// About as many octets as a response has without a text.
const FRAME: usize = 224;

/// Octets that are made room for where texts are written as they are read.
const TEXTS: usize = 32 * 1024;

/// Makes room for the responses of some members and for what follows them, about.
fn room<'m>(xml: &mut Xml, members: impl Iterator<Item = &'m Member>) {
    let of = |member: &Member| FRAME + member.name.len() + member.body.as_ref().map_or(0, |body| body.len() * 9 / 8);
    xml.reserve(FRAME + members.map(of).sum::<usize>());
}

impl Begun {
    /// The answer, whose further pages are read while the client takes it: a long one takes no more memory than a page.
    /// What goes wrong then breaks it off, which a client sees as XML that is not well-formed.
    ///
    /// # Errors
    /// `DAV:number-of-matches-within-limits` when the answer would be too large, or that of the database.
    pub async fn response(self, state: &DavState) -> Result<Response<Body>, Failure> {
        let (first, cursor, keeping) = match self.answer {
            Answer::Whole(all) => return Ok(multistatus::whole_in(all)),
            Answer::Kept(head, chunks) => {
                let mut answer = multistatus::whole_of(iter::once(head.clone()).chain(chunks.iter().cloned()));
                answer.extensions_mut().insert(Lasting { head, members: Some(Arc::downgrade(&chunks)) });
                return Ok(answer);
            }
            Answer::Unread { first, cursor, keeping } => (first, cursor, keeping),
        };
        let pages = Rest { store: state.store().clone(), listing: self.listing, cursor, keeping };
        Ok(match pages.next().await? {
            (page, None) => multistatus::whole_of([first, page]),
            (page, Some(rest)) => multistatus::streamed([first, page], rest),
        })
    }
}

/// The pages that are still to be read.
struct Rest {
    store: Store,
    listing: Listing,
    cursor: Cursor,
    keeping: Option<Keeping>,
}

impl Pages for Rest {
    async fn next(self) -> Result<(Bytes, Option<Self>), Failure> {
        let Self { store, listing, cursor, keeping } = self;
        let work = listing.clone();
        let page = store.read(move |conn| {
            let mut xml = Xml::fragment();
            let next = work.page(conn, cursor.clone(), &mut xml)?;
            Ok::<_, Failure>((xml, next))
        });
        let (xml, next) = page.await?;
        let page = xml.into_bytes();
        let keeping = keeping.and_then(|keeping| keeping.and(&page, next.is_none()));
        Ok((page, next.map(|cursor| Self { store, listing, cursor, keeping })))
    }
}
