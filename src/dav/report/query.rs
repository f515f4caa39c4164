//! `CALDAV:calendar-query` (RFC 4791 §7.8).

use std::sync::Arc;

use axum::body::Body;
use axum::http::Response;

use super::{Call, floating};
use crate::calendar::home;
use crate::dav::condition::{Condition, Failure};
use crate::dav::filter;
use crate::dav::listing::{self, Cursor, Listing, What};
use crate::dav::request::Depth;
use crate::dav::xml::{Name, Xml};

pub(super) async fn answer(call: Call<'_>) -> Result<Response<Body>, Failure> {
    let (username, name) = call.collection()?;
    let element = call.root.child(&Name::caldav("filter"));
    let element = element.ok_or_else(|| Failure::condition(Condition::ValidFilter, "a calendar-query has a filter"))?;
    let filter = Arc::new(filter::filter(element)?);
    let (wanted, zone) = (Arc::new(call.wanted()?), call.timezone()?);
    let (viewer, minimal, href) = (call.session.viewer, call.prefer.minimal, call.target.href());
    let asker: Arc<str> = call.session.login.username.as_str().into();
    // Depth 0, which a request without the header means, is about the collection itself, which is no object.
    let deep = matches!(call.depth, Some(Depth::One | Depth::Infinity));
    let found = call.state.store().read(move |conn| {
        let home = home::find(conn, &viewer, &username)?;
        let collection = home::collection(conn, &home, &name)?;
        let zone = floating(conn, zone.as_ref(), &home, collection.timezone.as_deref())?;
        let listing = Listing {
            viewer,
            username: Arc::clone(&asker),
            home: Arc::new(home),
            collection: Arc::new(collection),
            href: href.as_str().into(),
            wanted: Arc::clone(&wanted),
            minimal,
            what: if deep { What::Matching(Arc::clone(&filter)) } else { What::Named(Arc::new([])) },
        };
        let mut xml = Xml::document("D:multistatus");
        let cursor = listing.page(conn, Cursor::new(zone), &mut xml)?;
        Ok::<_, Failure>((xml, listing, cursor))
    });
    let (xml, listing, cursor) = found.await?;
    Ok(listing::answer(call.state, listing, xml, cursor))
}
