//! CalDAV in this process: what clients that nobody here wrote do is in `conformance/caldav`, what Apple, Thunderbird and
//! DAVx5 send in `conformance/flows`.

mod access;
mod additions;
mod availability;
mod bookings;
mod kept;
mod login_times;
mod logins;
mod many;
mod objects;
mod properties;
mod questions;
mod sync;
mod windows;

use axum::body::Body;
use axum::http::{HeaderMap, Request};
use data_encoding::BASE64;
use fasti::auth::{AppSecret, Logins};
use fasti::booking::people::{NewPerson, PersonPatch, create, update};
use fasti::booking::{Context, Error, people, tenants};
use fasti::dav::{DavState, KeepOptions, routes};
use fasti::store::app_passwords::{self, AppPassword};
use fasti::store::{Conn, Id, Role, TenantId};
use http_body_util::BodyExt;
use tower::ServiceExt;

use crate::support::{App, now};

/// Somebody with a calendar program.
#[derive(Clone)]
pub struct Client {
    router: axum::Router,
    authorization: String,
    pub username: String,
}

/// What came back.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: String,
}

impl Answer {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// What stands in the first element of this name, prefix and all.
    pub fn element(&self, name: &str) -> &str {
        let (open, close) = (format!("<{name}>"), format!("</{name}>"));
        let Some((_, rest)) = self.body.split_once(&open) else { panic!("no {name} in {}", self.body) };
        rest.split_once(&close).unwrap().0
    }

    /// The responses of a multistatus, whole.
    pub fn responses(&self) -> Vec<&str> {
        self.body.split("<D:response>").skip(1).map(|text| text.split("</D:response>").next().unwrap()).collect()
    }

    /// The addresses of all responses.
    pub fn hrefs(&self) -> Vec<&str> {
        let href = |text: &&str| text.split("<D:href>").nth(1).unwrap().split("</D:href>").next().unwrap().len();
        self.responses().into_iter().map(|text| &text["<D:href>".len()..][..href(&text)]).collect()
    }

    pub fn insist(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.body);
        self
    }
}

impl Client {
    pub fn home(&self) -> String {
        format!("/dav/calendars/{}/", self.username)
    }

    pub async fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let mut request = Request::builder().method(method).uri(path).header("authorization", &self.authorization);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Body::from(body.to_owned())).unwrap();
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        let answer = Answer {
            status: parts.status.as_u16(),
            headers: parts.headers,
            body: String::from_utf8(bytes.to_vec()).unwrap(),
        };
        assert!(answer.status < 500 || answer.status == 507, "{method} {path}: {answer:?}");
        assert!(answer.header("dav").contains("calendar-access"), "{answer:?}");
        answer
    }

    /// The same server, asked by somebody else.
    pub fn as_other(&self, other: &Self) -> Self {
        Self { router: self.router.clone(), ..other.clone() }
    }

    /// What it logs in with.
    pub fn password(&self) -> String {
        let sent = BASE64.decode(self.authorization.trim_start_matches("Basic ").as_bytes()).unwrap();
        String::from_utf8(sent).unwrap().split_once(':').unwrap().1.to_owned()
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &[], "").await
    }

    pub async fn put(&self, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let with_type: Vec<(&str, &str)> =
            [("content-type", "text/calendar; charset=utf-8")].iter().chain(headers).copied().collect();
        self.send("PUT", path, &with_type, body).await
    }

    /// PROPFIND of properties written as XML with the prefixes D, C, S and A.
    pub async fn propfind(&self, path: &str, depth: &str, props: &str) -> Answer {
        let body = format!("<D:propfind {XMLNS}><D:prop>{props}</D:prop></D:propfind>");
        self.send("PROPFIND", path, &[("depth", depth)], &body).await
    }

    pub async fn proppatch(&self, path: &str, set: &str) -> Answer {
        let body = format!("<D:propertyupdate {XMLNS}><D:set><D:prop>{set}</D:prop></D:set></D:propertyupdate>");
        self.send("PROPPATCH", path, &[], &body).await
    }

    /// A report whose root is `name`.
    pub async fn report(&self, path: &str, depth: &str, name: &str, inside: &str) -> Answer {
        let body = format!("<{name} {XMLNS}>{inside}</{name}>");
        self.send("REPORT", path, &[("depth", depth)], &body).await
    }

    /// Makes a calendar; its path.
    pub async fn calendar(&self, name: &str) -> String {
        let path = format!("{}{name}/", self.home());
        self.send("MKCALENDAR", &path, &[], "").await.insist(201);
        path
    }
}

pub const XMLNS: &str = r#"xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav" xmlns:S="http://calendarserver.org/ns/" xmlns:A="http://apple.com/ns/ical/""#;

/// An event of an hour.
pub fn event(uid: &str, start: &str, more: &str) -> String {
    format!(
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//test//EN\r\nBEGIN:VEVENT\r\nUID:{uid}\r\nDTSTAMP:20260801T080000Z\r\n\
         DTSTART:{start}\r\nDURATION:PT1H\r\nSUMMARY:{uid}\r\n{more}END:VEVENT\r\nEND:VCALENDAR\r\n"
    )
}

impl App {
    /// Runs something as the business.
    pub async fn as_business<T: Send + 'static>(
        &self,
        tenant: TenantId,
        work: impl Fn(&mut Conn, &Context) -> Result<T, Error> + Send + 'static,
    ) -> T {
        let links = self.links.clone();
        let done = self.store.write(move |conn| {
            let ctx = tenants::context(conn, tenant, "test", now(), links.clone())?;
            work(conn, &ctx)
        });
        done.await.unwrap()
    }

    /// CalDAV as somebody who sends these words as name and password.
    pub fn dav(&self, username: &str, password: &str) -> Client {
        let on_change: fasti::dav::OnChange = std::sync::Arc::new(|_, _| {});
        let logins = Logins::new(self.store.clone(), self.links.key.clone(), now);
        let (store, links, keep) = (self.store.clone(), self.links.clone(), KeepOptions::default());
        let router = routes(DavState::new(store, links, logins.into(), now, on_change, keep));
        let authorization = format!("Basic {}", BASE64.encode(format!("{username}:{password}").as_bytes()));
        Client { router, authorization, username: username.to_owned() }
    }

    /// Somebody new with an app password.
    pub async fn person(&self, tenant: TenantId, username: &str, role: Role) -> (Id, Client) {
        let name = username.to_owned();
        let id =
            self.as_business(tenant, move |conn, ctx| Ok(create(conn, ctx, &new_person(&name, role))?.person_id)).await;
        let client = self.app_password(tenant, id, username).await;
        (id, client)
    }

    /// Gives somebody who is there a login name and an app password.
    pub async fn login(&self, tenant: TenantId, id: Id, group: people::Group, username: &str) -> Client {
        let name = username.to_owned();
        self.as_business(tenant, move |conn, ctx| {
            let patch = PersonPatch { username: Some(Some(name.clone())), ..PersonPatch::default() };
            update(conn, ctx, group, id, &patch)
        })
        .await;
        self.app_password(tenant, id, username).await
    }

    async fn app_password(&self, tenant: TenantId, person: Id, username: &str) -> Client {
        let (secret, key) = AppSecret::generate(&self.links.key, tenant);
        let row = AppPassword {
            tenant_id: tenant,
            password_id: key.id,
            person_id: person,
            secret_hash: key.hash.to_vec(),
            label: "test".to_owned(),
            created_at: now(),
            last_used_at: Some(now()),
            revoked_at: None,
        };
        self.store.write(move |conn| app_passwords::insert(conn, &row)).await.unwrap();
        self.dav(username, secret.reveal())
    }
}

fn new_person(username: &str, role: Role) -> NewPerson {
    NewPerson {
        role,
        name: format!("{username} of the test"),
        email: Some(format!("{username}@business.example")),
        phone: None,
        username: Some(username.to_owned()),
        password_hash: None,
        timezone: None,
        locale: None,
        external_ref: None,
    }
}
