//! `DAV:sync-collection` (RFC 6578 §3).

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::body::Body;
use axum::http::{Response, StatusCode};
use percent_encoding::percent_decode_str;

use super::Call;
use crate::calendar::home::{self, Collection};
use crate::dav::condition::{Condition, Failure};
use crate::dav::listing::{Changed, Listing, What};
use crate::dav::path::Target;
use crate::dav::property::Href;
use crate::dav::request::Depth;
use crate::dav::xml::{Name, Xml};
use crate::dav::{multistatus, path, sync_token};
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
            of_home(call, username, token).await
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
    let wanted = Arc::clone(&ask.wanted);
    let found = call.state.begin(&wanted, move |conn| {
        // Its number is read before the objects: what changes meanwhile comes with the next sync.
        let opened = kept.open(conn, &ask.viewer, &username, &name)?;
        let after = if token.is_empty() { None } else { Some(sync_token::read(&token, &opened.collection)?) };
        let listing = Listing::new(&ask, &opened, &kept, What::Changed(Changed { after, limit }));
        listing.begin(conn, Xml::document("D:multistatus"), Zone::utc())
    });
    found.await?.response(call.state).await
}

/// The collections of a home. Its token says what each was at, so that only those that changed are told.
async fn of_home(call: Call<'_>, username: String, token: String) -> Result<Response<Body>, Failure> {
    let ask = call.ask()?;
    let found = call.state.store().read(move |conn| {
        let home = home::find(conn, &ask.viewer, &username)?;
        let collections = home::collections(conn, &home)?;
        let mut known = home_states(&token)?;
        let mut xml = Xml::document("D:multistatus");
        let changed = |collection: &&Collection| known.remove(&collection.name) != Some(state_of(collection));
        let changed: Vec<Collection> = collections.iter().filter(changed).cloned().collect();
        ask.these(conn, &mut xml, &home, &changed)?;
        for name in known.keys() {
            multistatus::status(&mut xml, &Href::As(&path::collection_href(&username, name)), StatusCode::NOT_FOUND);
        }
        xml.text("D:sync-token", &home_token(&collections));
        Ok::<_, Failure>(xml)
    });
    Ok(multistatus::whole(found.await?))
}

const HOME: &str = "urn:fasti:home:";

fn state_of(collection: &Collection) -> String {
    format!("{:x}.{:x}", collection.epoch, collection.change)
}

/// The token of a home: the names of its collections and what each is at.
pub(in crate::dav) fn home_token(collections: &[Collection]) -> String {
    let mut token = HOME.to_owned();
    for collection in collections {
        path::push_encoded(&mut token, &collection.name);
        token.push_str(&format!("/{}/", state_of(collection)));
    }
    token
}

/// What a token says each collection was at, by name; nothing for an empty one.
fn home_states(token: &str) -> Result<BTreeMap<String, String>, Failure> {
    let invalid = || Failure::condition(Condition::ValidSyncToken, "the sync token is not one of a home");
    if token.is_empty() {
        return Ok(BTreeMap::new());
    }
    let states = token.strip_prefix(HOME).ok_or_else(invalid)?;
    let mut parts = states.split_terminator('/');
    let mut known = BTreeMap::new();
    while let Some(name) = parts.next() {
        let name = percent_decode_str(name).decode_utf8().map_err(|_| invalid())?.into_owned();
        known.insert(name, parts.next().ok_or_else(invalid)?.to_owned());
    }
    Ok(known)
}
