//! `CALDAV:free-busy-query` (RFC 4791 §7.10): when, and nothing else.

use axum::body::Body;
use axum::http::{HeaderValue, Response, header};

use super::Call;
use crate::calendar::home::{Collection, Home};
use crate::calendar::members::{self, Member, Which};
use crate::dav::condition::{Condition, Failure};
use crate::dav::filter;
use crate::dav::xml::Name;
use crate::ical::calendar::{FbType, FreeBusy, freebusy};
use crate::ical::object::free_busy::free_busy;
use crate::ical::object::{Limits, Object};
use crate::store::{Conn, Id};
use crate::time::{Instant, Interval, Zone};

/// The longest time that is answered: ten years.
const LONGEST_SECONDS: i64 = 10 * 366 * 86_400;
/// The most stretches.
const MOST: usize = 100_000;

pub(super) async fn answer(call: Call<'_>) -> Result<Response<Body>, Failure> {
    let (username, name) = call.collection()?;
    let range = call.root.child(&Name::caldav("time-range"));
    let range = range.ok_or_else(|| Failure::BadRequest("a free-busy-query has a time-range".to_owned()))?;
    let window = filter::interval(range)?;
    if window.end - window.start > LONGEST_SECONDS {
        let detail = "ask for at most ten years of free-busy time";
        return Err(Failure::condition(Condition::MatchesWithinLimits, detail));
    }
    let (viewer, mark, kept) = (call.session.viewer, call.session.mark, call.state.kept().clone());
    let found = call.state.store().read(move |conn| {
        let opened = kept.open(conn, mark, &viewer, (&username, &name))?;
        let (home, collection, zone) = (&*opened.home, &*opened.collection, &opened.floating);
        let busy = busy(conn, (home, collection), window, zone)?;
        let range = [window.start.unix().to_be_bytes(), window.end.unix().to_be_bytes()].concat();
        let uid = Id::derived(&[b"free-busy", collection.id.as_bytes(), &range]).to_string();
        Ok::<_, Failure>(rendered(uid, viewer.now, window, busy))
    });
    let mut response = Response::new(Body::from(found.await?));
    let calendar = HeaderValue::from_static("text/calendar; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, calendar);
    Ok(response)
}

fn rendered(uid: String, stamp: Instant, window: Interval, busy: Vec<(Interval, FbType)>) -> String {
    freebusy(&FreeBusy { method: None, uid: Some(uid.into()), stamp, window, organizer: None, attendee: None, busy })
}

fn busy(
    conn: &mut Conn,
    (home, collection): (&Home, &Collection),
    window: Interval,
    zone: &Zone,
) -> Result<Vec<(Interval, FbType)>, Failure> {
    let (mut busy, mut place) = (Vec::new(), None);
    loop {
        let (page, next) = members::page(conn, collection, Which::Within(window), place.as_ref())?;
        for member in page {
            busy.extend(busy_of((home, collection), &member, window, zone)?);
            if busy.len() > MOST {
                return Err(too_many());
            }
        }
        match next {
            Some(next) => place = Some(next),
            None => return Ok(busy),
        }
    }
}

fn busy_of(
    (home, collection): (&Home, &Collection),
    member: &Member,
    window: Interval,
    zone: &Zone,
) -> Result<Vec<(Interval, FbType)>, Failure> {
    let Some(body) = &member.body else { return Ok(Vec::new()) };
    match Object::parse(body.as_bytes(), &Limits::stored()) {
        Ok(object) => free_busy(&object, window, zone, home.owner.email.as_deref()).map_err(|_| too_many()),
        // One bad object must not hide the others.
        Err(violation) => {
            let id = collection.id;
            tracing::error!(collection = %id, name = &*member.name, %violation, "a stored object cannot be read");
            Ok(Vec::new())
        }
    }
}

fn too_many() -> Failure {
    Failure::condition(Condition::MatchesWithinLimits, "ask for a shorter time")
}
