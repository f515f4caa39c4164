//! A business with its tokens, and one of everything in it.

use fasti::auth::ApiSecret;
use fasti::booking::blocks::NewBlock;
use fasti::booking::feeds::{NewFeed, NewFeedOptions};
use fasti::booking::holds::NewHold;
use fasti::booking::model::{CustomerInput, NewBooking};
use fasti::booking::orders::{NewItem, NewOrder};
use fasti::booking::people::{NewPerson, create as create_person};
use fasti::booking::resources::NewResource;
use fasti::booking::services::NewService;
use fasti::booking::tenants::{NewTenant, context, create as create_tenant};
use fasti::booking::{Context, Error, blocks, book, feeds, holds, orders, resources, services};
use fasti::store::tokens::ApiToken;
use fasti::store::{BlockKind, Conn, FeedKind, Id, ResourceKind, Role, Scope, TenantId, tokens};
use serde_json::{Value, json};

use super::{App, now};

/// A business and a token of each scope.
#[derive(Debug, Clone)]
pub struct Business {
    pub tenant: TenantId,
    pub read: String,
    pub write: String,
    pub admin: String,
}

impl App {
    /// Adds a business in Berlin.
    pub async fn business(&self, slug: &str) -> Business {
        let tenant = TenantId::of_slug(slug);
        let (links, slug) = (self.links.clone(), slug.to_owned());
        let made = self.store.write(move |conn| -> Result<_, Error> {
            let name = format!("Business {slug}");
            let new = NewTenant { slug: slug.clone(), name, timezone: "Europe/Berlin".to_owned(), email: None };
            create_tenant(conn, &new, now(), links.clone())
        });
        made.await.unwrap();
        Business {
            tenant,
            read: self.token(tenant, Scope::Read).await,
            write: self.token(tenant, Scope::Write).await,
            admin: self.token(tenant, Scope::Admin).await,
        }
    }

    /// Adds a token.
    pub async fn token(&self, tenant: TenantId, scope: Scope) -> String {
        let (secret, token_hash) = ApiSecret::generate(tenant);
        let token = ApiToken {
            tenant_id: tenant,
            token_id: Id::new(),
            token_hash,
            scope,
            label: format!("{scope} of the test"),
            created_at: now(),
            revoked_at: None,
        };
        self.store.write(move |conn| tokens::insert(conn, &token)).await.unwrap();
        secret.reveal().to_owned()
    }

    /// One of everything, with nothing booked but the one booking.
    pub async fn seed(&self, business: &Business) -> Seed {
        let (tenant, links) = (business.tenant, self.links.clone());
        let seed = move |conn: &mut Conn| {
            let ctx = context(conn, tenant, "test", now(), links.clone())?;
            plant(conn, &ctx)
        };
        self.store.write(seed).await.unwrap()
    }
}

/// The ids of one of everything. `idle_*` have no bookings, so that they can be deleted.
#[derive(Debug, Clone)]
pub struct Seed {
    pub staff: Id,
    pub idle_staff: Id,
    pub customer: Id,
    pub idle_customer: Id,
    pub resource: Id,
    pub idle_resource: Id,
    pub service: Id,
    pub idle_service: Id,
    pub feed: Id,
    pub booking: Id,
    /// Of an hour that nothing else is at.
    pub hold: Id,
    /// Pending, of one item.
    pub order: Id,
    /// Of the resource, in December.
    pub block: Id,
}

impl Seed {
    /// A booking that can be made: nothing else is at this hour.
    pub fn booking_body(&self, start: &str) -> Value {
        json!({
            "service": self.service.to_string(),
            "staff": self.staff.to_string(),
            "start": start,
            "customer": {"name": "Ann Guest", "email": "ann@guest.example"},
        })
    }
}

fn person(name: &str, role: Role) -> NewPerson {
    NewPerson {
        role,
        name: name.to_owned(),
        email: Some(format!("{}@business.example", Id::new())),
        phone: None,
        username: None,
        password_hash: None,
        timezone: None,
        locale: None,
        external_ref: None,
    }
}

fn plant(conn: &mut Conn, ctx: &Context) -> Result<Seed, Error> {
    let room = NewResource {
        name: "Room 1".to_owned(),
        kind: ResourceKind::Room,
        quantity: Some(2),
        timezone: None,
        external_ref: None,
    };
    let staff = create_person(conn, ctx, &person("Anna Berger", Role::Staff))?.person_id;
    let customer = create_person(conn, ctx, &person("Carl Kunde", Role::Customer))?.person_id;
    let resource = resources::create(conn, ctx, &room)?.resource_id;
    let cut = NewService { name: "Cut".to_owned(), duration_minutes: 60, ..NewService::default() };
    let service = services::create(conn, ctx, &NewService { staff: vec![staff], ..cut.clone() })?.service.service_id;
    let options = NewFeedOptions::default();
    let feed = feeds::create(conn, ctx, &NewFeed { kind: FeedKind::Staff, subject: Some(staff), options })?.feed_id;
    let new = NewBooking {
        service,
        staff: Some(staff),
        resources: Some(vec![resource]),
        customer: CustomerInput::Known(customer),
        start: "2026-08-31T10:00".to_owned(),
        ..NewBooking::default()
    };
    let booking = book(conn, ctx, &new)?.booking.booking_id;
    let at = |start: &str| NewBooking { start: start.to_owned(), ..new.clone() };
    let held = NewHold { wish: at("2026-08-31T14:00"), ttl_seconds: None };
    let ordered = NewOrder { customer: new.customer.clone(), items: vec![NewItem::Free(at("2026-08-31T16:00"))] };
    let closed = NewBlock {
        kind: BlockKind::Maintenance,
        staff: Vec::new(),
        resources: vec![resource],
        start: "2026-12-01".to_owned(),
        end: "2026-12-02".to_owned(),
        timezone: None,
        rrule: None,
        exdates: Vec::new(),
        rdates: Vec::new(),
        summary: Some("Room 1 is painted".to_owned()),
        external_ref: None,
    };
    let block = blocks::create(conn, ctx, &closed)?.block.block_id;
    Ok(Seed {
        staff,
        idle_staff: create_person(conn, ctx, &person("Idle", Role::Manager))?.person_id,
        customer,
        idle_customer: create_person(conn, ctx, &person("Idle", Role::Customer))?.person_id,
        resource,
        idle_resource: resources::create(conn, ctx, &room)?.resource_id,
        service,
        idle_service: services::create(conn, ctx, &cut)?.service.service_id,
        feed,
        booking,
        hold: holds::create(conn, ctx, &held)?.hold.hold_id,
        order: orders::create(conn, ctx, &ordered)?.order.order_id,
        block,
    })
}
