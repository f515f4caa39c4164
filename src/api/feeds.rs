//! `/feeds`: subscriptions and their secret links.

use axum::extract::State;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::answer::{Answer, text};
use super::caller::Caller;
use super::json::object;
use super::page::{List, ListParams, Page, Reader};
use super::request::{IfMatch, Input, Nothing, Params, PathId};
use super::view::{Id, corrupt};
use super::{Api, Shared, problem::Problem};
use crate::auth::{FeedSecret, Secret};
use crate::booking::feeds::{self, Detail, FeedOptions, NewFeed as New, NewFeedOptions as NewOptions};
use crate::booking::{Error, Links};
use crate::store::feeds::Feed as Row;
use crate::store::{self, FeedKind, TenantId};

/// A subscription.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct Feed {
    id: Id,
    kind: FeedKind,
    /// The person or resource it is about; null for the whole business.
    subject: Option<Id>,
    /// What a subscriber's list of calendars shows.
    name: String,
    options: FeedOptions,
    created_at: String,
    /// When it was fetched last.
    last_fetched_at: Option<String>,
    /// The program that fetched it last.
    last_fetched_by: Option<String>,
}

impl Feed {
    fn of(row: Row) -> Result<Self, Error> {
        Ok(Self {
            options: FeedOptions::of(&row)?,
            id: row.feed_id.into(),
            kind: row.kind,
            subject: row.subject_id.map(Id::from),
            name: row.name,
            created_at: row.created_at.to_string(),
            last_fetched_at: row.last_fetched_at.map(|at| at.to_string()),
            last_fetched_by: row.last_fetched_by,
        })
    }
}

/// A subscription with its secret links, which are shown when it is made or rotated and never again.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct FeedWithLinks {
    #[serde(flatten)]
    feed: Feed,
    #[serde(flatten)]
    links: FeedLinks,
}

/// Where a subscription is fetched from. Who has these reads the calendar.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct FeedLinks {
    /// `https://…/feeds/….ics`.
    url: String,
    /// The same for programs that subscribe to `webcal:` links.
    webcal_url: String,
    subscribe: SubscribeLinks,
}

/// Links that open a calendar program with the subscription filled in (F9).
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct SubscribeLinks {
    apple: String,
    /// A configuration profile, which an iPhone or iPad offers to install.
    apple_profile: String,
    google: String,
    outlook: String,
}

impl FeedLinks {
    fn new(links: &Links, secret: &Secret, name: &str) -> Self {
        let url = format!("{}/feeds/{}.ics", links.public_url, secret.reveal());
        let webcal_url = match url.split_once("://") {
            Some((_, rest)) => format!("webcal://{rest}"),
            None => url.clone(),
        };
        let (cid, https, title) = (encoded(&webcal_url), encoded(&url), encoded(name));
        Self {
            subscribe: SubscribeLinks {
                apple: webcal_url.clone(),
                apple_profile: links.setup(secret),
                google: format!("https://calendar.google.com/calendar/r?cid={cid}"),
                outlook: format!("https://outlook.live.com/calendar/0/addfromweb?url={https}&name={title}"),
            },
            url,
            webcal_url,
        }
    }
}

/// Percent-encoded for a query's value (RFC 3986 §2.3).
fn encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
        out
    })
}

/// Adds the secret links of a feed's `generation` to a body that is kept without them.
pub(super) fn reveal(
    api: &Shared,
    tenant: TenantId,
    body: &str,
    feed: store::Id,
    generation: i32,
) -> Result<String, Problem> {
    let (secret, _) = FeedSecret::derive(&api.links.key, tenant, feed, generation);
    let whole = || -> Result<String, Error> {
        let mut view: Map<String, Value> = serde_json::from_str(body).map_err(corrupt)?;
        let name = view.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
        let links = FeedLinks::new(&api.links, &secret, &name);
        let links: Map<String, Value> = serde_json::from_str(&text(&links)?).map_err(corrupt)?;
        view.extend(links);
        text(&view)
    };
    Ok(whole()?)
}

/// A subscription to make.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewFeed {
    kind: FeedKind,
    /// The person or resource it is about. `staff`, `customer` and `resource` need one of theirs, `route` and `busy`
    /// a staff member or a resource, `maintenance` may have one, `team` has none.
    subject: Option<Id>,
    #[serde(default, deserialize_with = "object")]
    #[schema(value_type = Option<NewFeedOptions>)]
    options: Option<NewFeedOptions>,
}

/// What a subscription shows.
#[derive(Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewFeedOptions {
    /// Days shown that are over; none: 90.
    #[schema(minimum = 0, maximum = 3650)]
    past_days: Option<i64>,
    /// Days shown that are ahead; none: 365.
    #[schema(minimum = 1, maximum = 3650)]
    future_days: Option<i64>,
    /// None: `busy` for a busy feed, `full` for any other.
    detail: Option<Detail>,
    /// IANA zone that readers are told to show times in.
    timezone: Option<String>,
}

/// Subscriptions, oldest first, without their secret links.
#[utoipa::path(get, path = "/v1/feeds", tag = "feeds", operation_id = "listFeeds", params(ListParams),
    responses((status = 200, body = Page<Feed>)))]
pub(super) async fn list(
    State(api): State<Api>,
    caller: Caller,
    Params(params): Params<ListParams>,
) -> Result<Response, Problem> {
    let reader = Reader::new(List::Feeds, params.limit.as_deref(), params.cursor.as_deref())?;
    api.read(caller, move |conn, ctx| {
        let rows = |after, n| store::feeds::list(conn, ctx.tenant, after, n);
        let (rows, next_cursor) = reader.read(rows, |feed| feed.feed_id)?;
        let items = rows.into_iter().map(Feed::of).collect::<Result<_, _>>()?;
        Answer::many(&Page { items, next_cursor })
    })
    .await
}

/// Makes a subscription and shows its secret links, this once.
#[utoipa::path(post, path = "/v1/feeds", tag = "feeds", operation_id = "createFeed", request_body = NewFeed,
    responses((status = 201, body = FeedWithLinks)))]
pub(super) async fn create(
    State(api): State<Api>,
    caller: Caller,
    Input { body, once, .. }: Input<NewFeed>,
) -> Result<Response, Problem> {
    let options = body.options.unwrap_or_default();
    let new = New {
        kind: body.kind,
        subject: body.subject.map(|Id(id)| id),
        options: NewOptions {
            past_days: options.past_days,
            future_days: options.future_days,
            detail: options.detail,
            timezone: options.timezone,
        },
    };
    api.write(caller, once, move |conn, ctx| {
        let row = feeds::create(conn, ctx, &new)?;
        let (id, version, generation) = (row.feed_id, row.version, row.generation);
        Ok(Answer::created(ctx, "feeds", id, version, &Feed::of(row)?)?.revealing(id, generation))
    })
    .await
}

/// Gives a subscription new secret links; who uses the old ones is told that they ended.
#[utoipa::path(post, path = "/v1/feeds/{id}/rotate", tag = "feeds", operation_id = "rotateFeed",
    params(("id" = Id, Path)), responses((status = 200, body = FeedWithLinks)))]
pub(super) async fn rotate(
    State(api): State<Api>,
    caller: Caller,
    PathId(id): PathId,
    Input { if_match, once, body: Nothing {} }: Input<Nothing>,
) -> Result<Response, Problem> {
    api.write(caller, once, move |conn, ctx| {
        let current = || store::feeds::find(conn, ctx.tenant, id).map(|found| found.map(|feed| feed.version));
        let expected = if_match.expected(current)?;
        let row = feeds::rotate(conn, ctx, id, expected)?;
        let (version, generation, collection) = (row.version, row.generation, row.collection_id);
        Ok(Answer::one(version, &Feed::of(row)?)?.revealing(id, generation).touching(vec![collection]))
    })
    .await
}

/// Ends a subscription; who uses its links is told.
#[utoipa::path(delete, path = "/v1/feeds/{id}", tag = "feeds", operation_id = "deleteFeed",
    params(("id" = Id, Path)), responses((status = 204)))]
pub(super) async fn delete(
    State(api): State<Api>,
    caller: Caller,
    PathId(id): PathId,
    if_match: IfMatch,
) -> Result<Response, Problem> {
    api.write(caller, None, move |conn, ctx| {
        let current = || store::feeds::find(conn, ctx.tenant, id).map(|found| found.map(|feed| feed.version));
        let expected = if_match.expected(current)?;
        let row = feeds::delete(conn, ctx, id, expected)?;
        Ok(Answer::nothing().touching(vec![row.collection_id]))
    })
    .await
}
