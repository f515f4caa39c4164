//! Feeds on a real database file, whose bookings are made by the use cases through a connection of their own: as if
//! by another process.

mod busy;
mod content;
mod freshness;
mod http;
mod postgres;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderMap, Method, Request, StatusCode};
use bytes::Bytes;
use http_body_util::BodyExt;
use tower::ServiceExt;

use super::{CacheOptions, FeedState, routes};
use crate::auth::MasterKey;
use crate::booking::feeds::{Detail, NewFeed, NewFeedOptions};
use crate::booking::model::{Booked, CustomerInput, NewBooking};
use crate::booking::{self, Context, Links};
use crate::store::collections::{self, Collection};
use crate::store::feeds::Feed;
use crate::store::people::Person;
use crate::store::resources::Resource;
use crate::store::services::Service;
use crate::store::tenants::Tenant;
use crate::store::{self, BookingKind, CollectionKind, Conn, FeedKind, Id, ResourceKind, Role, Store, TenantId};
use crate::time::{Instant, Zone};

/// 2026-03-02T08:00:00Z, a Monday, 09:00 in Berlin.
const NOW: i64 = 1_772_438_400;
const DAY: i64 = 86_400;

struct House {
    /// Writes as another process does.
    conn: Conn,
    state: FeedState,
    clock: Arc<AtomicI64>,
    ctx: Context,
    anna: Id,
    ben: Id,
    van: Id,
    _dir: tempfile::TempDir,
}

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

impl Answer {
    fn text(&self) -> String {
        String::from_utf8(self.body.to_vec()).unwrap()
    }

    /// Content lines, unfolded.
    fn lines(&self) -> String {
        self.text().replace("\r\n ", "")
    }

    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

fn person(tenant: TenantId, role: Role, name: &str) -> Person {
    let at = Instant::from_unix(0);
    Person {
        tenant_id: tenant,
        person_id: Id::new(),
        role,
        name: name.into(),
        email: None,
        phone: None,
        username: None,
        password_hash: None,
        timezone: None,
        locale: None,
        external_ref: None,
        identity_key: None,
        version: 1,
        created_at: at,
        updated_at: at,
        deleted_at: None,
    }
}

/// A house whose cache is looked through after `recheck`.
fn house_with(recheck: Duration, bytes: u64) -> House {
    let dir = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}", dir.path().join("t.db").display());
    house_on(&url, dir, recheck, bytes)
}

fn house_on(url: &str, dir: tempfile::TempDir, recheck: Duration, bytes: u64) -> House {
    store::migrate(url).unwrap();
    let mut conn = Conn::open(url, true).unwrap();
    let tenant = TenantId::of_slug("salon");
    let at = Instant::from_unix(NOW - 30 * DAY);
    let row = Tenant {
        tenant_id: tenant,
        slug: "salon".into(),
        name: "Salon Anna".into(),
        timezone: "Europe/Berlin".into(),
        email: None,
        created_at: at,
        updated_at: at,
    };
    store::tenants::insert(&mut conn, &row).unwrap();
    let open = |conn: &mut Conn, id, kind| {
        let row =
            Collection { tenant_id: tenant, collection_id: id, kind, epoch: 1, change: 0, changed_at: at, octets: 0 };
        collections::insert(conn, &row).unwrap();
        id
    };
    open(&mut conn, Id::TEAM, CollectionKind::Team);
    let [anna, ben] = ["Anna", "Ben"].map(|name| {
        let row = person(tenant, Role::Staff, name);
        store::people::insert(&mut conn, &row).unwrap();
        open(&mut conn, row.person_id, CollectionKind::Person)
    });
    let van = open(&mut conn, Id::new(), CollectionKind::Resource);
    let resource = Resource {
        tenant_id: tenant,
        resource_id: van,
        kind: ResourceKind::Vehicle,
        name: "Van".into(),
        quantity: 2,
        timezone: None,
        external_ref: None,
        version: 1,
        created_at: at,
        updated_at: at,
        deleted_at: None,
    };
    store::resources::insert(&mut conn, &resource).unwrap();
    let key = MasterKey::from_bytes([7; 32]);
    let store = Store::connect(url, &store::Options::for_url(url)).unwrap();
    let clock = Arc::new(AtomicI64::new(NOW));
    let told = Arc::clone(&clock);
    let told = Arc::new(move || Instant::from_unix(told.load(Ordering::Relaxed)));
    let options = CacheOptions { bytes, recheck };
    let state = FeedState::new(store, key.clone(), "https://cal.example", options, told);
    let ctx = Context {
        tenant,
        zone: Zone::parse("Europe/Berlin").unwrap(),
        tenant_name: "Salon Anna".into(),
        tenant_email: None,
        now: Instant::from_unix(NOW - 60),
        actor: "test".into(),
        links: Links { public_url: Arc::from("https://cal.example"), key },
    };
    House { conn, state, clock, ctx, anna, ben, van, _dir: dir }
}

/// A house whose cache believes nothing without a look at the rows.
fn house() -> House {
    house_with(Duration::ZERO, 1 << 20)
}

impl House {
    fn service(&mut self, name: &str, kind: BookingKind, capacity: i32) -> Id {
        let at = self.ctx.now;
        let service = Service {
            tenant_id: self.ctx.tenant,
            service_id: Id::new(),
            kind,
            name: name.into(),
            duration_minutes: 60,
            buffer_before_minutes: 5,
            buffer_after_minutes: 10,
            slot_step_minutes: None,
            min_notice_minutes: None,
            max_advance_days: None,
            capacity,
            color: None,
            reminders_minutes: "60".into(),
            cancellation_window_minutes: None,
            external_ref: None,
            version: 1,
            created_at: at,
            updated_at: at,
            deleted_at: None,
        };
        store::services::insert(&mut self.conn, &service).unwrap();
        service.service_id
    }

    fn haircut(&mut self) -> NewBooking {
        let service = self.service("Haircut", BookingKind::Appointment, 1);
        NewBooking { service, staff: Some(self.anna), start: "2026-03-02T14:00".into(), ..NewBooking::default() }
    }

    fn cleo() -> CustomerInput {
        let email = Some("cleo@guest.example".into());
        CustomerInput::Named { name: "Cleo Customer".into(), email, phone: Some("+49 30 5550".into()) }
    }

    fn book(&mut self, new: &NewBooking) -> Booked {
        let ctx = self.ctx.clone();
        self.conn.transaction(|c| booking::book(c, &ctx, new)).unwrap()
    }

    fn book_at(&mut self, new: &NewBooking, start: &str) -> Booked {
        self.book(&NewBooking { start: start.into(), ..new.clone() })
    }

    /// A feed and its path without extension.
    fn feed(&mut self, kind: FeedKind, subject: Option<Id>, options: NewFeedOptions) -> (Feed, String) {
        let ctx = self.ctx.clone();
        let new = NewFeed { kind, subject, options };
        let feed = self.conn.transaction(|c| booking::feeds::create(c, &ctx, &new)).unwrap();
        let secret = booking::feeds::secret(&ctx, feed.feed_id, feed.generation);
        (feed, format!("/feeds/{}", secret.reveal()))
    }

    fn path(&mut self, kind: FeedKind, subject: Option<Id>) -> String {
        format!("{}.ics", self.feed(kind, subject, NewFeedOptions::default()).1)
    }

    async fn ask(&self, method: Method, path: &str, headers: &[(&str, &str)]) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = routes(self.state.clone()).oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        Answer { status: parts.status, headers: parts.headers, body }
    }

    async fn get(&self, path: &str) -> Answer {
        self.ask(Method::GET, path, &[]).await
    }

    fn pass(&mut self, seconds: i64) {
        self.clock.fetch_add(seconds, Ordering::Relaxed);
        self.ctx.now = self.ctx.now + seconds;
    }
}

fn busy_only() -> NewFeedOptions {
    NewFeedOptions { detail: Some(Detail::Busy), ..NewFeedOptions::default() }
}

/// Parses with another implementation and returns the calendar's components by name.
fn parsed(text: &str) -> Vec<calcard::icalendar::ICalendarComponentType> {
    for line in text.split_terminator("\r\n") {
        assert!(line.len() <= 75 && !line.contains(['\r', '\n']), "{line}");
    }
    match calcard::Parser::new(text).entry() {
        calcard::Entry::ICalendar(calendar) => {
            calendar.components.into_iter().map(|component| component.component_type).collect()
        }
        other => panic!("{other:?}\n{text}"),
    }
}

fn count(text: &str, what: &str) -> usize {
    text.matches(what).count()
}
