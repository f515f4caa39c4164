//! Configuration profiles for Apple's devices, read by a parser of property lists that nobody here wrote. What signs them is
//! in `tests/system/profiles.rs`.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Method, Request};
use data_encoding::BASE64;
use fasti::auth::{AppSecret, Logins, MasterKey};
use fasti::booking::feeds::{NewFeed, NewFeedOptions};
use fasti::booking::people::{self, Group, NewPerson};
use fasti::booking::tenants::NewTenant;
use fasti::booking::{Links, feeds, tenants};
use fasti::dav::{DavState, KeepOptions};
use fasti::feed::{CacheOptions, FeedState};
use fasti::net::ClientAddr;
use fasti::setup::SetupState;
use fasti::store::{FeedKind, Id, Role, TenantId};
use http_body_util::BodyExt;
use plist::{Dictionary, Value};
use tower::ServiceExt;

use crate::support::{App, now};

const HERE: &str = "192.0.2.7";
/// A name that is markup if nobody takes care.
const BUSINESS: &str = "Ärzte & <Söhne> \"]]>\" 'x'";

/// The routes that a device goes through, one after the other.
struct Door {
    router: Router,
    tenant: TenantId,
    anna: Id,
}

#[derive(Debug, Clone, PartialEq)]
struct Answer {
    status: u16,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Answer {
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    fn insist(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", String::from_utf8_lossy(&self.body));
        self
    }

    /// The profile and its one payload.
    fn profile(&self) -> (Dictionary, Dictionary) {
        let profile = Value::from_reader_xml(&*self.body).unwrap().into_dictionary().unwrap();
        let content = profile["PayloadContent"].as_array().unwrap();
        assert_eq!(content.len(), 1);
        let payload = content[0].as_dictionary().unwrap().clone();
        (profile, payload)
    }
}

impl Door {
    /// A business of Anna's, reached at `public_url`.
    async fn open(app: &App, public_url: &str) -> Self {
        let links = Links { public_url: public_url.into(), key: app.links.key.clone() };
        let tenant = TenantId::of_slug("aerzte");
        let made = links.clone();
        let make = app.store.write(move |conn| {
            let (slug, name) = ("aerzte".to_owned(), BUSINESS.to_owned());
            let new = NewTenant { slug, name, timezone: "Europe/Berlin".to_owned(), email: None };
            tenants::create(conn, &new, now(), made.clone())?;
            let ctx = tenants::context(conn, tenant, "test", now(), made.clone())?;
            people::create(conn, &ctx, &anna())
        });
        let anna = make.await.unwrap().person_id;
        let logins = Arc::new(Logins::new(app.store.clone(), links.key.clone(), now));
        let (store, keep) = (app.store.clone(), KeepOptions::default());
        let dav = DavState::new(store, links.clone(), Arc::clone(&logins), now, Arc::new(|_, _| {}), keep);
        let feeds = FeedState::new(
            app.store.clone(),
            links.key.clone(),
            public_url,
            CacheOptions { recheck: std::time::Duration::ZERO, ..CacheOptions::default() },
            Arc::new(now),
        );
        let setup = SetupState { store: app.store.clone(), links, logins, signer: None, clock: now };
        let router = fasti::setup::routes(setup).merge(fasti::feed::routes(feeds)).merge(fasti::dav::routes(dav));
        Self { router, tenant, anna }
    }

    async fn ask(&self, method: Method, path: &str, from: &str, headers: &[(&str, &str)]) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut request = request.body(Body::empty()).unwrap();
        request.extensions_mut().insert(ClientAddr(from.parse::<IpAddr>().unwrap()));
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes().to_vec();
        Answer { status: parts.status.as_u16(), headers: parts.headers, body }
    }

    async fn get(&self, path: &str) -> Answer {
        self.ask(Method::GET, path, HERE, &[]).await
    }

    async fn setup(&self, secret: &str) -> Answer {
        self.get(&format!("/setup/{secret}.mobileconfig")).await
    }

    /// CalDAV with a name and a password.
    async fn log_in(&self, path: &str, username: &str, password: &str, from: &str) -> u16 {
        let basic = format!("Basic {}", BASE64.encode(format!("{username}:{password}").as_bytes()));
        let propfind = Method::from_bytes(b"PROPFIND").unwrap();
        self.ask(propfind, path, from, &[("authorization", &basic), ("depth", "0")]).await.status
    }

    async fn app_password(&self, app: &App) -> String {
        let made = app.as_business(self.tenant, |conn, ctx| people::add_app_password(conn, ctx, "anna", "phone"));
        made.await.reveal().to_owned()
    }

    /// A feed of Anna's and its token.
    async fn feed(&self, app: &App) -> (Id, String) {
        let anna = self.anna;
        let made = app.as_business(self.tenant, move |conn, ctx| {
            let options = NewFeedOptions::default();
            let feed = feeds::create(conn, ctx, &NewFeed { kind: FeedKind::Staff, subject: Some(anna), options })?;
            Ok((feed.feed_id, feeds::secret(ctx, feed.feed_id, feed.generation)))
        });
        let (id, secret) = made.await;
        (id, secret.reveal().to_owned())
    }
}

fn anna() -> NewPerson {
    NewPerson {
        role: Role::Staff,
        name: "Anna <b>".to_owned(),
        email: None,
        phone: None,
        username: Some("anna".to_owned()),
        password_hash: None,
        timezone: None,
        locale: None,
        external_ref: None,
    }
}

/// Names and texts of a dictionary's entries, all of them.
fn entries(dictionary: &Dictionary) -> Vec<(String, String)> {
    let text = |value: &Value| match value {
        Value::String(text) => text.clone(),
        Value::Boolean(yes) => yes.to_string(),
        Value::Integer(number) => number.to_string(),
        other => panic!("{other:?}"),
    };
    let known = |(name, _): &(&String, &Value)| *name != "PayloadContent";
    let mut entries: Vec<_> =
        dictionary.iter().filter(known).map(|(name, value)| (name.clone(), text(value))).collect();
    entries.sort();
    entries
}

/// The text with another letter there.
fn bent(text: &str, at: usize) -> String {
    let other = if &text[at..=at] == "a" { "b" } else { "a" };
    format!("{}{other}{}", &text[..at], &text[at + 1..])
}

/// What a device decides by what a profile replaces.
fn identity(answer: &Answer) -> [String; 4] {
    let (profile, payload) = answer.profile();
    let text = |of: &Dictionary, name: &str| of[name].as_string().unwrap().to_owned();
    [&profile, &payload]
        .map(|of| [text(of, "PayloadIdentifier"), text(of, "PayloadUUID")])
        .concat()
        .try_into()
        .unwrap_or_else(|other| panic!("{other:?}"))
}

/// Says of each entry whether it is what is expected; identities are looked at by themselves.
fn assert_entries(dictionary: &Dictionary, expected: &[(&str, &str)]) {
    let anonymous = |(name, _): &(String, String)| name != "PayloadIdentifier" && name != "PayloadUUID";
    let found: Vec<_> = entries(dictionary).into_iter().filter(anonymous).collect();
    let mut expected: Vec<_> = expected.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
    expected.sort();
    assert_eq!(found, expected);
}

fn assert_headers(answer: &Answer, file: &str) {
    for (name, value) in [
        ("content-type", "application/x-apple-aspen-config"),
        ("content-disposition", &*format!("attachment; filename=\"{file}\"")),
        ("cache-control", "private, no-store"),
        ("referrer-policy", "no-referrer"),
        ("x-robots-tag", "noindex"),
        ("location", ""),
        ("set-cookie", ""),
    ] {
        assert_eq!(answer.header(name), value, "{name}");
    }
}

on_both! {
    async fn a_feeds_link_subscribes(app: App) {
        let door = Door::open(&app, "https://cal.fasti.example").await;
        let (id, token) = door.feed(&app).await;
        let answer = door.setup(&token).await.insist(200);
        assert_headers(&answer, "calendar.mobileconfig");
        let (profile, payload) = answer.profile();
        let name = format!("Anna <b> – {BUSINESS}");
        assert_entries(&profile, &[
            ("PayloadType", "Configuration"), ("PayloadVersion", "1"), ("PayloadDisplayName", &name),
            ("PayloadOrganization", BUSINESS),
            ("PayloadDescription", &format!("Subscribes to a calendar of {BUSINESS}.")),
        ]);
        let url = format!("https://cal.fasti.example/feeds/{token}.ics");
        assert_entries(&payload, &[
            ("PayloadType", "com.apple.subscribedcalendar.account"), ("PayloadVersion", "1"),
            ("PayloadDisplayName", &name), ("SubCalAccountDescription", &name),
            ("SubCalAccountHostName", &url), ("SubCalAccountUseSSL", "true"),
        ]);
        let calendar = door.get(url.strip_prefix("https://cal.fasti.example").unwrap()).await.insist(200);
        assert!(calendar.body.starts_with(b"BEGIN:VCALENDAR"), "the address in it is the feed's");

        let path = format!("/setup/{token}.mobileconfig");
        let head = door.ask(Method::HEAD, &path, HERE, &[]).await.insist(200);
        assert_headers(&head, "calendar.mobileconfig");
        assert_eq!((head.body.len(), head.header("content-length")), (0, &*answer.body.len().to_string()));
        for method in [Method::POST, Method::PUT, Method::DELETE, Method::OPTIONS] {
            let refused = door.ask(method, &path, HERE, &[]).await;
            assert_eq!((refused.status, refused.header("allow")), (405, "GET,HEAD"));
        }

        // Who installs the profile of the new link replaces the one that stopped working.
        assert_eq!(door.setup(&token).await, answer, "the same again");
        let secret = app.as_business(door.tenant, move |conn, ctx| {
            let feed = feeds::rotate(conn, ctx, id, None)?;
            Ok(feeds::secret(ctx, id, feed.generation))
        }).await;
        let rotated = door.setup(secret.reveal()).await.insist(200);
        assert_eq!(identity(&rotated), identity(&answer));
        door.setup(&token).await.insist(410);
        let (_, other) = door.feed(&app).await;
        assert_ne!(identity(&door.setup(&other).await), identity(&answer));
    }

    async fn an_app_passwords_link_sets_up_its_account(app: App) {
        let door = Door::open(&app, "https://cal.fasti.example:8443").await;
        let password = door.app_password(&app).await;
        let answer = door.setup(&password).await.insist(200);
        assert_headers(&answer, "account.mobileconfig");
        let (profile, payload) = answer.profile();
        assert_entries(&profile, &[
            ("PayloadType", "Configuration"), ("PayloadVersion", "1"), ("PayloadDisplayName", BUSINESS),
            ("PayloadOrganization", BUSINESS),
            ("PayloadDescription", &format!("Adds the calendars of anna at {BUSINESS}.")),
        ]);
        assert_entries(&payload, &[
            ("PayloadType", "com.apple.caldav.account"), ("PayloadVersion", "1"), ("PayloadDisplayName", BUSINESS),
            ("CalDAVAccountDescription", BUSINESS), ("CalDAVHostName", "cal.fasti.example"), ("CalDAVPort", "8443"),
            ("CalDAVUseSSL", "true"),
            ("CalDAVPrincipalURL", "https://cal.fasti.example:8443/dav/principals/anna/"),
            ("CalDAVUsername", "anna"), ("CalDAVPassword", &password),
        ]);
        let said = |name: &str| payload[name].as_string().unwrap();
        let principal = said("CalDAVPrincipalURL").strip_prefix("https://cal.fasti.example:8443").unwrap();
        let (username, password) = (said("CalDAVUsername"), said("CalDAVPassword"));
        assert_eq!(door.log_in(principal, username, password, HERE).await, 207, "it logs in where it says");

        // Apple's own rules: identifiers in the style of host names, ids that are no other payload's.
        let of = identity(&answer);
        assert!(of[0].starts_with("example.fasti.cal.fasti.") && of[2].starts_with(&of[0]), "{of:?}");
        assert_eq!(of.iter().collect::<BTreeSet<_>>().len(), 4, "{of:?}");
        let row = app.as_business(door.tenant, |conn, ctx| Ok(people::app_passwords(conn, ctx, "anna")?.remove(0))).await;
        let letters = password.replace('-', "");
        for shown in of.map(|text| text.replace('-', "")) {
            assert!(!shown.contains(&row.password_id.to_string().replace('-', "")) && !shown.contains(&letters[..8]));
        }
        assert_eq!(door.setup(password).await, answer, "the same again");
        let other = door.app_password(&app).await;
        assert_ne!(identity(&door.setup(&other).await), identity(&answer));
    }

    /// What a link answers that opens nothing must be what a feed answers, to the letter: who guesses learns nothing.
    async fn what_opens_nothing_is_answered_as_by_a_feed(app: App) {
        let door = Door::open(&app, "https://cal.fasti.example").await;
        let unknown = door.get("/feeds/x.ics").await.insist(404);
        let foreign = AppSecret::generate(&MasterKey::generate(), door.tenant).0;
        let elsewhere = AppSecret::generate(&app.links.key, TenantId::of_slug("nobody")).0;
        let right = door.app_password(&app).await;
        let (_, token) = door.feed(&app).await;
        let (bent, bent_token, long) = (bent(&right, 48), bent(&token, 20), "A".repeat(5000));
        for guess in [foreign.reveal(), elsewhere.reveal(), &bent, &right[1..], &bent_token, &token[1..], &long, "", "x"] {
            assert_eq!(door.setup(guess).await, unknown, "{guess}");
        }
        for path in [format!("/setup/{right}"), format!("/setup/{right}.plist"), format!("/setup/{token}.ics")] {
            assert_eq!(door.get(&path).await, unknown, "{path}");
        }
        door.setup(&right.to_uppercase()).await.insist(200);
        door.setup(&right).await.insist(200);

        let id = app.as_business(door.tenant, |conn, ctx| Ok(people::app_passwords(conn, ctx, "anna")?[0].password_id)).await;
        app.as_business(door.tenant, move |conn, ctx| people::revoke_app_password(conn, ctx, id)).await;
        assert_eq!(door.setup(&right).await, unknown, "revoked at once");
        assert_eq!(door.log_in("/dav/", "anna", &right, HERE).await, 401);

        let (feed, ended) = door.feed(&app).await;
        app.as_business(door.tenant, move |conn, ctx| feeds::delete(conn, ctx, feed, None)).await;
        let gone = door.get(&format!("/feeds/{ended}.ics")).await.insist(410);
        assert_eq!(door.setup(&ended).await, gone);
        assert_eq!(door.setup(&token).await.status, 200);

        let last = door.app_password(&app).await;
        door.setup(&last).await.insist(200);
        let anna = door.anna;
        app.as_business(door.tenant, move |conn, ctx| people::delete(conn, ctx, Group::Staff, anna, None)).await;
        assert_eq!(door.setup(&last).await, unknown, "of somebody who is gone");
        assert_eq!(door.setup(&token).await, gone, "so are their feeds");
    }

    async fn guesses_are_failed_logins(app: App) {
        let door = Door::open(&app, "https://cal.fasti.example").await;
        let (password, (_, token)) = (door.app_password(&app).await, door.feed(&app).await);
        let from = async |address: &str, secret: &str| {
            door.ask(Method::GET, &format!("/setup/{secret}.mobileconfig"), address, &[]).await
        };
        // What opens something is no guess, however often.
        for _ in 0..110 {
            from(HERE, &token).await.insist(200);
        }
        for guess in 0..50 {
            let secret = AppSecret::generate(&app.links.key, door.tenant).0;
            from(HERE, if guess % 2 == 0 { secret.reveal() } else { "x" }).await.insist(404);
            assert_eq!(door.log_in("/dav/", &format!("guess{guess}"), secret.reveal(), HERE).await, 401);
        }
        for secret in [&password, &token, "x"] {
            let refused = from(HERE, secret).await.insist(429);
            assert!(refused.header("retry-after").parse::<u64>().unwrap() > 0);
            assert_eq!(refused.header("cache-control"), "no-store");
        }
        let other = AppSecret::generate(&app.links.key, door.tenant).0;
        assert_eq!(door.log_in("/dav/", "anna", other.reveal(), HERE).await, 429, "a guess here is one there");
        assert_eq!(door.log_in("/dav/", "anna", &password, HERE).await, 207, "nobody is locked out by others");
        from("198.51.100.4", &password).await.insist(200);
        assert_eq!(door.log_in("/dav/", "anna", &password, "198.51.100.4").await, 207);
    }

    /// CalDAV asks for no password that others could read on the way; so a profile sends none.
    async fn no_password_is_sent_in_the_open(app: App) {
        let door = Door::open(&app, "http://cal.fasti.example").await;
        let (password, (_, token)) = (door.app_password(&app).await, door.feed(&app).await);
        assert_eq!(door.setup(&password).await, door.setup("x").await.insist(404));
        let (_, payload) = door.setup(&token).await.insist(200).profile();
        assert_eq!(payload["SubCalAccountUseSSL"].as_boolean(), Some(false));
        assert_eq!(payload["SubCalAccountHostName"].as_string().unwrap(), format!("http://cal.fasti.example/feeds/{token}.ics"));
    }
}
