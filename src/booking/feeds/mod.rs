//! Subscriptions that people are given (F1, F8).
//!
//! A feed's token is derived from the master key, the feed's id and its generation, so that it can be told again to
//! who repeats a request; the database holds its hash only.

mod options;

pub use options::{Detail, FeedOptions, NewFeedOptions};

use super::{Context, Error, Faults};
use crate::auth::{FeedSecret, Secret};
use crate::store::feeds::{self, Feed, FeedToken};
use crate::store::{Conn, FeedKind, Id, Role, TenantId, people, resources};

/// A feed as somebody asks for it.
#[derive(Debug, Clone)]
pub struct NewFeed {
    /// Whom it is for.
    pub kind: FeedKind,
    /// The person or resource it is about; none for the whole business.
    pub subject: Option<Id>,
    /// What it shows.
    pub options: NewFeedOptions,
}

/// The secret of a feed's `generation`, to be shown once to who made or rotated it.
#[must_use]
pub fn secret(ctx: &Context, feed: Id, generation: i32) -> Secret {
    FeedSecret::derive(&ctx.links.key, ctx.tenant, feed, generation).0
}

/// Makes a feed and its first token.
///
/// # Errors
/// [`Error::Invalid`] at `/subject` when it is missing, unwanted, unknown, deleted or of the wrong sort, and at
/// `/options/…`.
pub fn create(conn: &mut Conn, ctx: &Context, new: &NewFeed) -> Result<Feed, Error> {
    let mut faults = Faults::default();
    let options = new.options.checked(new.kind, &mut faults);
    let subject = subject(conn, ctx, new.kind, new.subject, &mut faults)?;
    faults.check()?;
    let feed = Feed {
        tenant_id: ctx.tenant,
        feed_id: Id::new(),
        kind: new.kind,
        collection_id: new.subject.unwrap_or(Id::TEAM),
        subject_id: new.subject,
        name: name(new.kind, subject.as_deref(), &ctx.tenant_name),
        options: options.to_column()?,
        generation: 1,
        version: 1,
        created_at: ctx.now,
        updated_at: ctx.now,
        last_fetched_at: None,
        last_fetched_by: None,
    };
    feeds::insert(conn, &feed)?;
    insert_token(conn, ctx, &feed)?;
    Ok(feed)
}

fn insert_token(conn: &mut Conn, ctx: &Context, feed: &Feed) -> Result<(), Error> {
    let (_, token_hash) = FeedSecret::derive(&ctx.links.key, ctx.tenant, feed.feed_id, feed.generation);
    let token =
        FeedToken { tenant_id: ctx.tenant, token_hash, feed_id: feed.feed_id, created_at: ctx.now, revoked_at: None };
    Ok(feeds::insert_token(conn, &token)?)
}

/// Gives a feed a new token; the old one is revoked and its subscribers are told.
///
/// # Errors
/// [`Error::NotFound`] or [`Error::Changed`].
pub fn rotate(conn: &mut Conn, ctx: &Context, id: Id, expected_version: Option<i64>) -> Result<Feed, Error> {
    let old = find(conn, ctx, id, expected_version)?;
    let expected = old.version;
    let new = Feed { generation: old.generation + 1, version: expected + 1, updated_at: ctx.now, ..old };
    if !feeds::replace(conn, &new, expected)? {
        return Err(Error::lost());
    }
    feeds::revoke_tokens(conn, ctx.tenant, id, ctx.now)?;
    insert_token(conn, ctx, &new)?;
    Ok(new)
}

/// Ends a feed. Its tokens stay, revoked, so that its subscribers are told.
///
/// # Errors
/// [`Error::NotFound`] or [`Error::Changed`].
pub fn delete(conn: &mut Conn, ctx: &Context, id: Id, expected_version: Option<i64>) -> Result<Feed, Error> {
    let feed = find(conn, ctx, id, expected_version)?;
    end(conn, ctx, &feed)?;
    Ok(feed)
}

fn find(conn: &mut Conn, ctx: &Context, id: Id, expected_version: Option<i64>) -> Result<Feed, Error> {
    let feed = feeds::find(conn, ctx.tenant, id)?.ok_or(Error::NotFound("feed"))?;
    if expected_version.is_some_and(|expected| expected != feed.version) {
        return Err(Error::Changed);
    }
    Ok(feed)
}

fn end(conn: &mut Conn, ctx: &Context, feed: &Feed) -> Result<(), Error> {
    feeds::revoke_tokens(conn, ctx.tenant, feed.feed_id, ctx.now)?;
    if feeds::delete(conn, ctx.tenant, feed.feed_id)? { Ok(()) } else { Err(Error::lost()) }
}

/// Ends every feed about a person or resource that is deleted, and returns the collections they showed.
pub(super) fn end_all_of(conn: &mut Conn, ctx: &Context, subject: Id) -> Result<Vec<Id>, Error> {
    let mut touched = vec![subject];
    for feed in feeds::of_subject(conn, ctx.tenant, subject)? {
        end(conn, ctx, &feed)?;
        touched.push(feed.collection_id);
    }
    touched.dedup();
    Ok(touched)
}

/// Gives every feed about a person or resource its new name, and returns the collections they show.
pub(super) fn rename_all_of(conn: &mut Conn, ctx: &Context, subject: Id, to: &str) -> Result<Vec<Id>, Error> {
    let mut touched = Vec::new();
    for feed in feeds::of_subject(conn, ctx.tenant, subject)? {
        let expected = feed.version;
        let name = name(feed.kind, Some(to), &ctx.tenant_name);
        touched.push(feed.collection_id);
        let renamed = Feed { name, version: expected + 1, updated_at: ctx.now, ..feed };
        if !feeds::replace(conn, &renamed, expected)? {
            return Err(Error::lost());
        }
    }
    touched.dedup();
    Ok(touched)
}

/// What a subscriber's list of calendars shows: `Anna Berger – Salon Anna`.
fn name(kind: FeedKind, subject: Option<&str>, business: &str) -> String {
    let what = match kind {
        FeedKind::Staff | FeedKind::Customer | FeedKind::Resource | FeedKind::Team => None,
        FeedKind::Route => Some("deliveries"),
        FeedKind::Maintenance => Some("maintenance"),
        FeedKind::Busy => Some("busy times"),
    };
    match (subject, what) {
        (None, None) => business.to_owned(),
        (None, Some(what)) => format!("{business}, {what}"),
        (Some(subject), None) => format!("{subject} – {business}"),
        (Some(subject), Some(what)) => format!("{subject}, {what} – {business}"),
    }
}

/// What a subject may be.
#[derive(Clone, Copy)]
struct Wanted {
    staff: bool,
    customers: bool,
    resources: bool,
    /// Whether there may be none, that is, the whole business.
    none: bool,
}

impl Wanted {
    fn by(kind: FeedKind) -> Self {
        let nobody = Self { staff: false, customers: false, resources: false, none: false };
        match kind {
            FeedKind::Staff => Self { staff: true, ..nobody },
            FeedKind::Customer => Self { customers: true, ..nobody },
            FeedKind::Resource => Self { resources: true, ..nobody },
            FeedKind::Team => Self { none: true, ..nobody },
            FeedKind::Route | FeedKind::Busy => Self { staff: true, resources: true, ..nobody },
            FeedKind::Maintenance => Self { staff: true, resources: true, none: true, ..nobody },
        }
    }

    fn words(self) -> &'static str {
        match (self.staff, self.customers, self.resources) {
            (true, _, true) => "a staff member or a resource",
            (true, ..) => "a staff member",
            (_, true, _) => "a customer",
            _ => "a resource",
        }
    }
}

/// The subject's name, where there is a subject.
fn subject(
    conn: &mut Conn,
    ctx: &Context,
    kind: FeedKind,
    id: Option<Id>,
    faults: &mut Faults,
) -> Result<Option<String>, Error> {
    let wanted = Wanted::by(kind);
    let Some(id) = id else {
        if !wanted.none {
            faults.add("/subject", format!("is needed: the id of {}", wanted.words()));
        }
        return Ok(None);
    };
    if kind == FeedKind::Team {
        faults.add("/subject", "must be left out: a team feed shows the whole business");
        return Ok(None);
    }
    let name = name_of(conn, ctx.tenant, wanted, id)?;
    if name.is_none() {
        faults.add("/subject", format!("must be the id of {} of this business", wanted.words()));
    }
    Ok(name)
}

fn name_of(conn: &mut Conn, tenant: TenantId, wanted: Wanted, id: Id) -> Result<Option<String>, Error> {
    if let Some(person) = people::find(conn, tenant, id)? {
        let fits = if person.role == Role::Customer { wanted.customers } else { wanted.staff };
        return Ok((fits && person.deleted_at.is_none()).then_some(person.name));
    }
    let resource = if wanted.resources { resources::find(conn, tenant, id)? } else { None };
    Ok(resource.filter(|resource| resource.deleted_at.is_none()).map(|resource| resource.name))
}
