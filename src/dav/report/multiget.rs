//! `CALDAV:calendar-multiget` (RFC 4791 §7.9).

use std::collections::HashSet;
use std::sync::Arc;

use axum::body::Body;
use axum::http::Response;

use super::Call;
use crate::dav::condition::{Condition, Failure};
use crate::dav::listing::{Listing, What};
use crate::dav::path::Target;
use crate::dav::xml::Xml;

/// Addresses of one request.
const MAX_ADDRESSES: usize = 20_000;

pub(super) async fn answer(call: Call<'_>) -> Result<Response<Body>, Failure> {
    let (username, name, _) = call.of_objects()?;
    let mut seen = HashSet::new();
    let mut addresses = Vec::new();
    for element in call.root.children().filter(|child| child.name.is_dav("href")) {
        let sent = element.text().trim().to_owned();
        // Asked for often, it is given once.
        if seen.insert(sent.clone()) {
            let meant = match Target::of_href(&sent) {
                Some(Target::Object(place)) if place.username == username && place.collection == name => {
                    Some(place.name)
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
    let (ask, zone, kept) = (call.ask()?, call.timezone()?, call.state.kept().clone());
    let found = call.state.begin(ask, move |conn, ask| {
        let opened = kept.open(conn, ask.mark, &ask.viewer, (&username, &name))?;
        let zone = zone.clone().unwrap_or_else(|| opened.floating.clone());
        let listing = Listing::new(ask, &opened, &kept, What::Named(Arc::clone(&addresses)));
        listing.begin(conn, Xml::document("D:multistatus"), zone)
    });
    found.await?.response(call.state).await
}
