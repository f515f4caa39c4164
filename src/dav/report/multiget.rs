//! `CALDAV:calendar-multiget` (RFC 4791 §7.9).

use std::collections::HashSet;
use std::sync::Arc;

use axum::body::Body;
use axum::http::Response;

use super::{Call, floating};
use crate::calendar::home;
use crate::dav::condition::{Condition, Failure};
use crate::dav::listing::{self, Cursor, Listing, What};
use crate::dav::path::Target;
use crate::dav::xml::Xml;

/// Addresses of one request.
const MAX_ADDRESSES: usize = 20_000;

pub(super) async fn answer(call: Call<'_>) -> Result<Response<Body>, Failure> {
    // Some clients ask the object itself for itself.
    let (username, name) = match &call.target {
        Target::Object { username, collection, .. } => (username.clone(), collection.clone()),
        _ => call.collection()?,
    };
    let mut seen = HashSet::new();
    let mut addresses = Vec::new();
    for element in call.root.children().filter(|child| child.name.is_dav("href")) {
        let sent = element.text().trim().to_owned();
        // Asked for often, it is given once.
        if seen.insert(sent.clone()) {
            let meant = match Target::of_href(&sent) {
                Some(Target::Object { username: other, collection, name: object })
                    if other == username && collection == name =>
                {
                    Some(object)
                }
                _ => None,
            };
            addresses.push((sent, meant));
        }
        if addresses.len() > MAX_ADDRESSES {
            let detail = format!("ask for at most {MAX_ADDRESSES} objects at once");
            return Err(Failure::condition(Condition::MatchesWithinLimits, detail));
        }
    }
    if addresses.is_empty() {
        return Err(Failure::BadRequest("a calendar-multiget names the objects it wants by DAV:href".to_owned()));
    }
    let addresses: Arc<[(String, Option<String>)]> = addresses.into();
    let (wanted, zone) = (Arc::new(call.wanted()?), call.timezone()?);
    let (viewer, minimal) = (call.session.viewer, call.prefer.minimal);
    let asker: Arc<str> = call.session.login.username.as_str().into();
    let href: Arc<str> = Target::Collection { username: username.clone(), collection: name.clone() }.href().into();
    let found = call.state.store().read(move |conn| {
        let home = home::find(conn, &viewer, &username)?;
        let collection = home::collection(conn, &home, &name)?;
        let zone = floating(conn, zone.as_ref(), &home, collection.timezone.as_deref())?;
        let listing = Listing {
            viewer,
            username: Arc::clone(&asker),
            home: Arc::new(home),
            collection: Arc::new(collection),
            href: Arc::clone(&href),
            wanted: Arc::clone(&wanted),
            minimal,
            what: What::Named(Arc::clone(&addresses)),
        };
        let mut xml = Xml::document("D:multistatus");
        let cursor = listing.page(conn, Cursor::new(zone), &mut xml)?;
        Ok::<_, Failure>((xml, listing, cursor))
    });
    let (xml, listing, cursor) = found.await?;
    Ok(listing::answer(call.state, listing, xml, cursor))
}
