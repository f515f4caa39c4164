//! The bare loop of a booking: its JSON read, its rows written, its answer given. Nothing is checked but what the
//! database itself checks: keys, and that busy times do not overlap.

use std::sync::Arc;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::header::{self, HeaderValue};
use hyper::{Response, StatusCode};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;
use uuid::Uuid;

use super::hyper::{self as bare, Answer};
use super::{postgres, sqlite};
use crate::Failure;
use crate::seed::{BUFFER_SECONDS, DURATION_SECONDS};

/// What Fasti wrote for one booking: the same bytes are written for each.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Sample {
    pub tenant: i64,
    /// The whole value of the header.
    pub authorization: String,
    /// What staff, customer, resource and team see.
    pub components: [String; 4],
    /// The history's JSON.
    pub changes: String,
    /// The answer's JSON.
    pub answer: String,
}

#[derive(Deserialize)]
struct Asked {
    service: Uuid,
    staff: Uuid,
    resources: [Uuid; 1],
    customer: Customer,
    start: String,
    notes: String,
}

#[derive(Clone, Deserialize)]
pub struct Customer {
    pub name: String,
    pub email: String,
    pub phone: String,
}

impl Customer {
    /// What makes two customers one.
    pub fn identity(&self) -> String {
        format!("{}\n{}", self.email.to_lowercase(), self.name.to_lowercase())
    }
}

/// A booking, ready to be written.
pub struct Booking {
    pub id: Uuid,
    pub uid: String,
    pub service: Uuid,
    pub staff: Uuid,
    pub resource: Uuid,
    pub customer: Customer,
    pub start_local: String,
    pub end_local: String,
    pub start: i64,
    pub end: i64,
    pub busy_until: i64,
    pub notes: String,
    pub now: i64,
    pub sample: Arc<Sample>,
}

impl Booking {
    fn new(asked: Asked, zone: &TimeZone, sample: &Arc<Sample>) -> Result<Self, Failure> {
        let start: Timestamp = asked.start.parse()?;
        let end = start + jiff::SignedDuration::from_secs(DURATION_SECONDS);
        let local = |at: Timestamp| at.to_zoned(zone.clone()).datetime().to_string();
        let id = Uuid::now_v7();
        Ok(Self {
            id,
            uid: id.to_string(),
            service: asked.service,
            staff: asked.staff,
            resource: asked.resources[0],
            customer: asked.customer,
            start_local: local(start),
            end_local: local(end),
            start: start.as_second(),
            end: end.as_second(),
            busy_until: end.as_second() + BUFFER_SECONDS,
            notes: asked.notes,
            now: Timestamp::now().as_second(),
            sample: Arc::clone(sample),
        })
    }

    /// Whose time it takes, in the order in which everyone takes it.
    pub fn providers(&self) -> [Uuid; 2] {
        if self.staff < self.resource { [self.staff, self.resource] } else { [self.resource, self.staff] }
    }

    /// The calendars it is shown in and what they show, in the order in which everyone locks them.
    pub fn readers(&self, customer: Uuid) -> [(Uuid, &str); 4] {
        let [staff, guest, resource, team] = &self.sample.components;
        let mut readers =
            [(self.staff, &**staff), (customer, &**guest), (self.resource, &**resource), (Uuid::nil(), &**team)];
        readers.sort_unstable_by_key(|(id, _)| *id);
        readers
    }
}

/// Where bookings are written.
enum Writer {
    Sqlite(sqlite::Writer),
    Postgres(postgres::Pool),
}

pub async fn serve(listener: TcpListener, url: &str, sample: Sample) -> Result<(), Failure> {
    let writer = match url.strip_prefix("sqlite://") {
        Some(file) => Writer::Sqlite(sqlite::Writer::start(file)?),
        None => Writer::Postgres(postgres::Pool::connect(url).await?),
    };
    let zone = TimeZone::get("Europe/Berlin")?;
    let shared = Arc::new((writer, zone, Arc::new(sample)));
    bare::serve(listener, move |request| {
        let shared = Arc::clone(&shared);
        async move {
            let (writer, zone, sample) = &*shared;
            let authorized = request.headers().get(header::AUTHORIZATION);
            if authorized.is_none_or(|value| value.as_bytes() != sample.authorization.as_bytes()) {
                return Err("not authorized".into());
            }
            let body = request.into_body().collect().await?.to_bytes();
            let booking = Booking::new(serde_json::from_slice(&body)?, zone, sample)?;
            let id = booking.id;
            match writer {
                Writer::Sqlite(writer) => writer.write(booking).await?,
                Writer::Postgres(pool) => pool.write(&booking).await?,
            }
            created(id, sample)
        }
    })
    .await
}

fn created(id: Uuid, sample: &Sample) -> Result<Answer, Failure> {
    let mut answer = Response::new(Full::new(Bytes::from(sample.answer.clone())));
    *answer.status_mut() = StatusCode::CREATED;
    let headers = answer.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::ETAG, HeaderValue::from_static("\"v1\""));
    headers.insert(header::LOCATION, HeaderValue::from_str(&format!("http://localhost/api/v1/bookings/{id}"))?);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    Ok(answer)
}
