//! Businesses to measure with, made by Fasti's own use cases.

use fasti::auth::{ApiSecret, FeedSecret, MasterKey};
use fasti::booking::book::Origin;
use fasti::booking::feeds::{self, NewFeed, NewFeedOptions};
use fasti::booking::model::{CustomerInput, NewBooking};
use fasti::booking::people::{self, NewPerson};
use fasti::booking::resources::{self, NewResource};
use fasti::booking::services::{self, NewService};
use fasti::booking::tenants::{self, NewTenant};
use fasti::booking::{self, Context, Links};
use fasti::store::tokens::{self, ApiToken};
use fasti::store::{self, Conn, FeedKind, Id, ResourceKind, Role, Scope};
use fasti::time::clock;

use crate::Failure;

/// How long the service takes.
pub const DURATION_SECONDS: i64 = 45 * 60;
/// How long staff and room are busy after it.
pub const BUFFER_SECONDS: i64 = 15 * 60;
/// Staff members, and rooms, that a service knows.
const PER_SERVICE: usize = 8;
/// Bookings that one unit of work adds.
const UNIT: usize = 1000;
/// Bookings of a desk a day, from eight in the morning, every other hour.
const PER_DAY: usize = 4;

/// How links are made in every database of a run.
pub fn links() -> Links {
    Links { public_url: "http://localhost".into(), key: MasterKey::from_bytes([7; 32]) }
}

/// Somebody with a room and a service to give in it.
#[derive(Debug, Clone, Copy)]
pub struct Desk {
    pub service: Id,
    pub staff: Id,
    pub room: Id,
}

/// A business.
pub struct House {
    pub ctx: Context,
    pub desks: Vec<Desk>,
}

/// The customer of a number.
pub fn guest(number: usize) -> (String, String, String) {
    (format!("Guest {number}"), format!("guest{number}@guest.example"), format!("+49 30 {}", 5_550_000 + number))
}

/// What is noted for a booking.
pub const NOTES: &str = "First visit. Prefers a text message over a call.";

/// Makes the schema and a business with so many desks.
pub fn house(url: &str, desks: usize) -> Result<House, Failure> {
    store::migrate(url)?;
    let mut conn = Conn::open(url, true)?;
    Ok(conn.transaction(|conn| fill(conn, desks))?)
}

fn fill(conn: &mut Conn, count: usize) -> Result<House, booking::Error> {
    let new = NewTenant {
        slug: "bench".to_owned(),
        name: "Haus & Hof".to_owned(),
        timezone: "Europe/Berlin".to_owned(),
        email: Some("hello@haus-und-hof.example".to_owned()),
    };
    let tenant = tenants::create(conn, &new, clock::now(), links())?;
    let ctx = tenants::context(conn, tenant.tenant_id, "token:bench", clock::now(), links())?;
    let mut desks = Vec::with_capacity(count);
    for first in (0..count).step_by(PER_SERVICE) {
        let numbers = first..(first + PER_SERVICE).min(count);
        let staff = numbers.clone().map(|n| staff(conn, &ctx, n)).collect::<Result<Vec<_>, _>>()?;
        let rooms = numbers.map(|n| room(conn, &ctx, n)).collect::<Result<Vec<_>, _>>()?;
        let new = NewService {
            name: format!("Physiotherapy {first}"),
            duration_minutes: DURATION_SECONDS / 60,
            buffer_after_minutes: Some(BUFFER_SECONDS / 60),
            color: Some("teal".to_owned()),
            staff: staff.clone(),
            resources: rooms.clone(),
            ..NewService::default()
        };
        let service = services::create(conn, &ctx, &new)?.service.service_id;
        desks.extend(staff.into_iter().zip(rooms).map(|(staff, room)| Desk { service, staff, room }));
    }
    Ok(House { ctx, desks })
}

fn staff(conn: &mut Conn, ctx: &Context, number: usize) -> Result<Id, booking::Error> {
    let new = NewPerson {
        role: Role::Staff,
        name: format!("Anna Berger {number}"),
        email: Some(format!("anna{number}@haus-und-hof.example")),
        phone: None,
        username: None,
        password_hash: None,
        timezone: None,
        locale: None,
        external_ref: None,
    };
    Ok(people::create(conn, ctx, &new)?.person_id)
}

fn room(conn: &mut Conn, ctx: &Context, number: usize) -> Result<Id, booking::Error> {
    let name = format!("Treatment room {number}");
    let new = NewResource { name, kind: ResourceKind::Room, quantity: Some(1), timezone: None, external_ref: None };
    Ok(resources::create(conn, ctx, &new)?.resource_id)
}

impl House {
    /// Adds bookings for every desk, spread over the 30 days before now and the days after it, for so many customers.
    pub fn book(&self, url: &str, per_desk: usize, customers: usize) -> Result<(), Failure> {
        let mut conn = Conn::open(url, true)?;
        let all: Vec<(usize, usize)> =
            (0..per_desk).flat_map(|n| (0..self.desks.len()).map(move |desk| (desk, n))).collect();
        for unit in all.chunks(UNIT) {
            conn.transaction(|conn| {
                unit.iter().try_for_each(|(desk, n)| {
                    let new = self.booking(*desk, *n, (n * self.desks.len() + desk) % customers);
                    booking::adopt(conn, &self.ctx, &new, &Origin::default()).map(|_| ())
                })
            })?;
        }
        Ok(())
    }

    fn booking(&self, desk: usize, n: usize, customer: usize) -> NewBooking {
        let Desk { service, staff, room } = self.desks[desk];
        let (name, email, phone) = guest(customer);
        let today = self.ctx.zone.civil_at(self.ctx.now).date();
        let days = i64::try_from(n / PER_DAY).unwrap_or(0) - 30;
        let date = today.saturating_add(jiff::Span::new().days(days));
        NewBooking {
            service,
            staff: Some(staff),
            resources: Some(vec![room]),
            customer: CustomerInput::Named { name, email: Some(email), phone: Some(phone) },
            start: format!("{date}T{:02}:00", 8 + 2 * (n % PER_DAY)),
            notes: Some(NOTES.to_owned()),
            ..NewBooking::default()
        }
    }

    /// Makes a feed and returns its path and the hash of its token.
    pub fn feed(&self, conn: &mut Conn, kind: FeedKind, subject: Option<Id>) -> Result<(String, Vec<u8>), Failure> {
        let new = NewFeed { kind, subject, options: NewFeedOptions::default() };
        let feed = conn.transaction(|conn| feeds::create(conn, &self.ctx, &new))?;
        let (secret, hash) = FeedSecret::derive(&self.ctx.links.key, self.ctx.tenant, feed.feed_id, feed.generation);
        Ok((format!("/feeds/{}.ics", secret.reveal()), hash))
    }

    /// Makes a token for the API and returns the value of the header.
    pub fn authorization(&self, conn: &mut Conn) -> Result<String, Failure> {
        let (secret, token_hash) = ApiSecret::generate(self.ctx.tenant);
        let token = ApiToken {
            tenant_id: self.ctx.tenant,
            token_id: Id::new(),
            token_hash,
            scope: Scope::Write,
            label: "bench".to_owned(),
            created_at: self.ctx.now,
            revoked_at: None,
        };
        conn.transaction(|conn| tokens::insert(conn, &token))?;
        Ok(format!("Bearer {}", secret.reveal()))
    }

    /// The business's number in the database.
    pub fn tenant(&self) -> i64 {
        i64::from_be_bytes(self.ctx.tenant.to_bytes())
    }
}
