//! `DAV:sync-collection` (RFC 6578 §3).

use std::collections::BTreeMap;

use axum::body::Body;
use axum::http::{Response, StatusCode};

use super::Call;
use crate::calendar::home::{self, Collection, Home};
use crate::dav::condition::{Condition, Failure};
use crate::dav::listing::{Changed, Listing, What};
use crate::dav::path::Target;
use crate::dav::property::Href;
use crate::dav::request::Depth;
use crate::dav::xml::{Name, Xml};
use crate::dav::{multistatus, path, sync_token};
use crate::store::Id;
use crate::time::Zone;

pub(super) async fn answer(call: Call<'_>) -> Result<Response<Body>, Failure> {
    // RFC 6578 §3.2 asks for Depth 0; older drafts, and macOS, send 1.
    if call.depth == Some(Depth::Infinity) {
        return Err(Failure::BadRequest("a sync-collection has Depth 0".to_owned()));
    }
    let token = call.root.child(&Name::dav("sync-token")).map(|element| element.text().trim().to_owned());
    let token = token
        .ok_or_else(|| Failure::BadRequest("a sync-collection has a DAV:sync-token, empty at first".to_owned()))?;
    let level = call.root.child(&Name::dav("sync-level")).map(|element| element.text().trim().to_owned());
    match level.as_deref() {
        None | Some("1" | "infinite") => {}
        Some(_) => return Err(Failure::BadRequest("sync-level is 1 or infinite".to_owned())),
    }
    let limit = limit(&call)?;
    match &call.target {
        Target::Home(username) => {
            let username = username.clone();
            of_home(call, username, token, limit).await
        }
        _ => of_collection(call, token, limit).await,
    }
}

/// DAV:limit (RFC 5323 §5.17).
fn limit(call: &Call<'_>) -> Result<Option<usize>, Failure> {
    let Some(limit) = call.root.child(&Name::dav("limit")) else { return Ok(None) };
    let results = limit.child(&Name::dav("nresults")).map(|element| element.text().trim().to_owned());
    match results.as_deref().map(str::parse::<usize>) {
        Some(Ok(0)) => Err(Failure::condition(Condition::MatchesWithinLimits, "a limit of nothing shows nothing")),
        Some(Ok(limit)) => Ok(Some(limit)),
        _ => Err(Failure::BadRequest("DAV:nresults is a number".to_owned())),
    }
}

async fn of_collection(call: Call<'_>, token: String, limit: Option<usize>) -> Result<Response<Body>, Failure> {
    let (username, name) = call.collection()?;
    let (ask, kept) = (call.ask()?, call.state.kept().clone());
    let found = call.state.begin(ask, move |conn, ask| {
        // Its number is read before the objects: what changes meanwhile comes with the next sync.
        let opened = kept.open(conn, ask.mark, &ask.viewer, (&username, &name))?;
        let after = if token.is_empty() { None } else { Some(sync_token::read(&token, &opened.collection)?) };
        let listing = Listing::new(ask, &opened, &kept, What::Changed(Changed { after, limit }));
        listing.begin(conn, Xml::document("D:multistatus"), Zone::utc())
    });
    found.await?.response(call.state).await
}

/// The collections of a home. Its token says what each was at, so that only those that changed are told.
async fn of_home(
    call: Call<'_>,
    username: String,
    token: String,
    limit: Option<usize>,
) -> Result<Response<Body>, Failure> {
    let ask = call.ask()?;
    let found = call.state.store().read(move |conn| {
        let home = home::find(conn, &ask.viewer, &username)?;
        let collections = home::collections(conn, &home)?;
        // What each collection is at for the client, from what it knows to what it is told.
        let mut known = home_states(&token, &home, &collections)?;
        let mut left = limit.unwrap_or(usize::MAX);
        let mut xml = Xml::document("D:multistatus");
        let is_new = |collection: &&Collection| known.get(&collection.name) != Some(&state_of(collection));
        let changed: Vec<Collection> = collections.iter().filter(is_new).cloned().collect();
        let told = &changed[..changed.len().min(left)];
        left -= told.len();
        ask.these(conn, &mut xml, &home, told)?;
        known.extend(told.iter().map(|collection| (collection.name.clone(), state_of(collection))));
        let is_gone = |name: &&String| !collections.iter().any(|collection| collection.name == **name);
        let gone: Vec<String> = known.keys().filter(is_gone).cloned().collect();
        for name in gone.iter().take(left) {
            multistatus::status(&mut xml, &Href::As(&path::collection_href(&username, name)), StatusCode::NOT_FOUND);
            known.remove(name);
        }
        if told.len() < changed.len() || gone.len() > left {
            // RFC 6578 §3.6: the rest is asked for with a token that covers just what was sent.
            multistatus::truncated(&mut xml, &path::home(&username));
        }
        xml.text("D:sync-token", &token_of(&home, &known));
        Ok::<_, Failure>(xml)
    });
    Ok(multistatus::whole(found.await?))
}

const HOME: &str = "urn:fasti:home:";

/// What a collection is at: one that takes the name of another is another.
fn state_of(collection: &Collection) -> String {
    format!("{}.{:x}.{:x}", collection.id, collection.epoch, collection.change)
}

/// The token of a home: whose it is, the names of its collections and what each is at.
pub(in crate::dav) fn home_token(home: &Home, collections: &[Collection]) -> String {
    token_of(home, &collections.iter().map(|collection| (collection.name.clone(), state_of(collection))).collect())
}

fn token_of(home: &Home, states: &BTreeMap<String, String>) -> String {
    let mut token = format!("{HOME}{}/", home.owner.person_id);
    for (name, state) in states {
        path::push_encoded(&mut token, name);
        token.push_str(&format!("/{state}/"));
    }
    token
}

/// What a token says each collection was at, by name; nothing for an empty one.
///
/// # Errors
/// `DAV:valid-sync-token` for one that this home never had.
fn home_states(token: &str, home: &Home, collections: &[Collection]) -> Result<BTreeMap<String, String>, Failure> {
    let invalid = || Failure::condition(Condition::ValidSyncToken, "the sync token is not one of this home");
    if token.is_empty() {
        return Ok(BTreeMap::new());
    }
    let (owner, states) = token.strip_prefix(HOME).and_then(|rest| rest.split_once('/')).ok_or_else(invalid)?;
    if owner.parse() != Ok(home.owner.person_id) {
        return Err(invalid());
    }
    let mut parts = states.split_terminator('/');
    let mut known = BTreeMap::new();
    while let Some(name) = parts.next() {
        let name = path::segment(name).ok_or_else(invalid)?.into_owned();
        let state = parts.next().ok_or_else(invalid)?;
        let (id, change) = read_state(state).ok_or_else(invalid)?;
        // Of a collection that is there still, no number is known that it has not had.
        if collections.iter().any(|collection| collection.id == id && collection.change < change) {
            return Err(invalid());
        }
        known.insert(name, state.to_owned());
    }
    Ok(known)
}

/// The collection and the change that a state names.
fn read_state(state: &str) -> Option<(Id, i64)> {
    let mut parts = state.split('.');
    let (id, epoch, change) = (parts.next()?, parts.next()?, parts.next()?);
    i64::from_str_radix(epoch, 16).ok()?;
    Some((id.parse().ok()?, i64::from_str_radix(change, 16).ok()?)).filter(|_| parts.next().is_none())
}
