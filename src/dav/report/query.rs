//! `CALDAV:calendar-query` (RFC 4791 §7.8).

use std::sync::Arc;

use axum::body::Body;
use axum::http::Response;

use super::Call;
use crate::dav::condition::{Condition, Failure};
use crate::dav::filter;
use crate::dav::listing::{Listing, What};
use crate::dav::request::Depth;
use crate::dav::xml::{Name, Xml};

pub(super) async fn answer(call: Call<'_>) -> Result<Response<Body>, Failure> {
    let (username, name, object) = call.of_objects()?;
    let element = call.root.child(&Name::caldav("filter"));
    let element = element.ok_or_else(|| Failure::condition(Condition::ValidFilter, "a calendar-query has a filter"))?;
    let filter = Arc::new(filter::filter(element)?);
    let (ask, zone, kept) = (call.ask()?, call.timezone()?, call.state.kept().clone());
    let deep = matches!(call.depth, Some(Depth::One | Depth::Infinity));
    let what = match object {
        Some(object) => What::OneMatching(filter, object.into()),
        None if deep => What::Matching(filter),
        // Depth 0, which a request without the header means, is about the collection itself, which is no object.
        None => What::Named(Arc::new([])),
    };
    let found = call.state.begin(ask, move |conn, ask| {
        let opened = kept.open(conn, ask.mark, &ask.viewer, (&username, &name))?;
        let zone = zone.clone().unwrap_or_else(|| opened.floating.clone());
        let listing = Listing::new(ask, &opened, &kept, what.clone());
        listing.begin(conn, Xml::document("D:multistatus"), zone)
    });
    found.await?.response(call.state).await
}
