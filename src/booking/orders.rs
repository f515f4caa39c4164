//! Orders: several items that are booked together or not at all (B7).
//!
//! A pending order takes no time; what an item holds is kept by the hold. The confirmation makes one booking of each item in
//! one transaction, holding the order's row, so that of two confirmations the second finds what the first made. It has
//! the business to itself: items may be of anybody's time, in any order, and who takes several things in any order may
//! wait for somebody who waits for them.

use serde::{Deserialize, Serialize};

use crate::store::bookings;
use crate::store::orders::{self, Order};
use crate::store::people::{self, Person};
use crate::store::services::{self, Service};
use crate::store::{self, BookingStatus, Conn, Id, Local, OrderStatus, tenants};

use super::book::{Origin, Way, make, row};
use super::cast::{Grip, bookable_service, resource_candidates, staff_candidates};
use super::change::{cancel as cancel_booking, checked_reason};
use super::holds::{held, release};
use super::model::{CustomerInput, HeldBooking, NewBooking};
use super::people::find_or_add_customer;
use super::span::{Asked, Bounds, Span, resolve};
use super::{Conflict, Context, Error, Fault, Faults};

/// Items of one order.
const MOST_ITEMS: usize = 50;

/// An order as somebody places it.
#[derive(Debug, Clone)]
pub struct NewOrder {
    /// For whom all items are.
    pub customer: CustomerInput,
    /// What is to be booked.
    pub items: Vec<NewItem>,
}

/// What is to be booked; service, staff, resources, times and notes count.
#[derive(Debug, Clone)]
pub enum NewItem {
    /// At a time that has to be free when the order is confirmed.
    Free(NewBooking),
    /// At a time that is held.
    Held(HeldBooking),
}

/// What an order is to book, or has booked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    /// What.
    pub service: Id,
    /// Who serves; none: anyone who can.
    pub staff: Option<Id>,
    /// What is used; none: anything that serves.
    pub resources: Option<Vec<Id>>,
    /// Local time in `timezone`, a date for whole days, or RFC 3339 where the clocks show a time twice.
    pub start: String,
    /// As `start`, exclusive.
    pub end: String,
    /// IANA zone.
    pub timezone: String,
    /// For staff.
    pub notes: Option<String>,
    /// The hold whose time it takes over.
    #[serde(default)]
    pub hold: Option<Id>,
    /// Its booking, once the order was confirmed.
    pub booking: Option<Id>,
}

impl Item {
    /// When it takes place by the zone rules of this version.
    ///
    /// # Errors
    /// [`Error::Invalid`] when there is no such time any more.
    pub fn span(&self, ctx: &Context) -> Result<Span, Error> {
        let asked =
            Asked { start: &self.start, end: Some(&self.end), timezone: Some(&self.timezone), duration_minutes: 1 };
        resolve(asked, &ctx.zone, Bounds::Any).map(|(span, _)| span)
    }

    fn wish(&self, customer: Id) -> NewBooking {
        NewBooking {
            service: self.service,
            staff: self.staff,
            resources: self.resources.clone(),
            customer: CustomerInput::Known(customer),
            start: self.start.clone(),
            end: Some(self.end.clone()),
            timezone: Some(self.timezone.clone()),
            notes: self.notes.clone(),
            ..NewBooking::default()
        }
    }
}

/// An order as it is now.
#[derive(Debug, Clone)]
pub struct Ordered {
    /// The row.
    pub order: Order,
    /// Its items.
    pub items: Vec<Item>,
    /// For whom it is.
    pub customer: Option<Person>,
    /// How the input was understood, where that may surprise.
    pub notices: Vec<Fault>,
    /// The collections whose content changed, for caches of this process.
    pub touched: Vec<Id>,
}

/// Places an order: everything is checked, nothing is taken.
///
/// # Errors
/// [`Error::Invalid`] with every fault, those of items below `/items/0`.
pub fn create(conn: &mut Conn, ctx: &Context, new: &NewOrder) -> Result<Ordered, Error> {
    let mut faults = Faults::default();
    if new.items.is_empty() || new.items.len() > MOST_ITEMS {
        return Err(Error::invalid("/items", format!("has {} items; it must have 1 to {MOST_ITEMS}", new.items.len())));
    }
    if matches!(new.customer, CustomerInput::Nobody) {
        faults.add("/customer", "is missing; name one, or customer_id");
    }
    let mut notices = Vec::new();
    let mut checked: Vec<Checked> = Vec::with_capacity(new.items.len());
    for (i, item) in new.items.iter().enumerate() {
        let at = format!("/items/{i}");
        let Some(mut item) = faults.gather(&at, check(conn, ctx, item))? else { continue };
        let below = |f: Fault| Fault { pointer: format!("{at}{}", f.pointer), ..f };
        notices.extend(std::mem::take(&mut item.notices).into_iter().map(below));
        item.index = i;
        if let Some(other) = checked.iter().find(|other| other.item.hold.is_some() && other.item.hold == item.item.hold)
        {
            faults.add(format!("{at}/hold"), format!("is what /items/{} takes over", other.index));
        } else if let Some(other) = checked.iter().find(|other| other.collides(&item)) {
            faults.add(format!("{at}/start"), format!("overlaps /items/{} of the same staff member", other.index));
        }
        checked.push(item);
    }
    let customer = faults.gather("", find_or_add_customer(conn, ctx, &new.customer))?.flatten();
    faults.check()?;
    let Some(customer) = customer else { return Err(Error::NotFound("customer")) };
    let items: Vec<Item> = checked.into_iter().map(|checked| checked.item).collect();
    let order = Order {
        tenant_id: ctx.tenant,
        order_id: Id::new(),
        customer_id: customer.person_id,
        status: OrderStatus::Pending,
        items: written(&items)?,
        version: 1,
        created_at: ctx.now,
        updated_at: ctx.now,
    };
    orders::insert(conn, &order)?;
    Ok(Ordered { order, items, customer: Some(customer), notices, touched: Vec::new() })
}

/// An item that could be booked if its time is free.
struct Checked {
    item: Item,
    index: usize,
    service: Service,
    span: Span,
    notices: Vec<Fault>,
}

impl Checked {
    /// Whether the one can never be booked beside the other. Seats of one class can.
    fn collides(&self, other: &Self) -> bool {
        let busy = |one: &Self| {
            let (before, after) = (one.service.buffer_before_minutes, one.service.buffer_after_minutes);
            one.span.at.widened(i64::from(before) * 60, i64::from(after) * 60)
        };
        let same_class = self.service.capacity > 1
            && self.service.service_id == other.service.service_id
            && self.span.at.start == other.span.at.start;
        let same_staff = self.item.staff.is_some() && self.item.staff == other.item.staff;
        same_staff && !same_class && busy(self).overlaps(busy(other))
    }
}

fn check(conn: &mut Conn, ctx: &Context, new: &NewItem) -> Result<Checked, Error> {
    match new {
        NewItem::Free(new) => check_free(conn, ctx, new),
        NewItem::Held(wanted) => {
            let (hold, new) = held(conn, ctx, wanted)?;
            let mut checked = check_free(conn, ctx, &new)?;
            checked.item.hold = Some(wanted.hold);
            if hold.expires_at <= ctx.now {
                let detail = format!("expired at {}; its time is kept for nobody", hold.expires_at);
                checked.notices.push(Fault { pointer: "/hold".to_owned(), detail });
            }
            Ok(checked)
        }
    }
}

fn check_free(conn: &mut Conn, ctx: &Context, new: &NewBooking) -> Result<Checked, Error> {
    let mut faults = Faults::default();
    let service = faults.gather("", bookable_service(conn, ctx, new.service, Grip::Hold))?;
    let asked = Asked {
        start: &new.start,
        end: new.end.as_deref(),
        timezone: new.timezone.as_deref(),
        duration_minutes: service.as_ref().map_or(1, |service| service.duration_minutes),
    };
    let times = faults.gather("", resolve(asked, &ctx.zone, Bounds::Upcoming(ctx.now)))?;
    if let Some(service) = &service {
        let providers = services::providers(conn, ctx.tenant, service.service_id)?;
        faults.gather("", staff_candidates(conn, ctx, &providers, new.staff, Grip::Look))?;
        faults.gather("", resource_candidates(conn, ctx, &providers, new.resources.as_deref(), Grip::Look))?;
    }
    let (Some(service), Some((span, notices))) = (service, times) else {
        faults.check()?;
        return Err(Error::NotFound("service"));
    };
    let booking = faults.gather("", row(ctx, new, &Origin::default(), &service, &span))?;
    faults.check()?;
    let (start, end) = texts(&span);
    let item = Item {
        service: new.service,
        staff: new.staff,
        resources: new.resources.clone(),
        start,
        end,
        timezone: span.zone.name().to_owned(),
        notes: booking.and_then(|booking| booking.notes),
        hold: None,
        booking: None,
    };
    Ok(Checked { item, index: 0, service, span, notices })
}

/// Start and end as an item keeps them: what the clocks show, unless they show it twice.
fn texts(span: &Span) -> (String, String) {
    let text = |local, at: crate::time::Instant, fold| match (span.all_day, fold) {
        (true, _) => Local(local).0.date().to_string(),
        (false, true) => at.to_rfc3339(&span.zone),
        (false, false) => Local(local).to_string(),
    };
    (text(span.start_local, span.at.start, span.fold), text(span.end_local, span.at.end, span.end_fold))
}

/// Finds an order.
///
/// # Errors
/// [`Error::NotFound`].
pub fn find(conn: &mut Conn, ctx: &Context, id: Id) -> Result<Ordered, Error> {
    let order = orders::find(conn, ctx.tenant, id)?.ok_or(Error::NotFound("order"))?;
    shown(conn, order)
}

/// A page of orders whose id comes after `after`, oldest first.
///
/// # Errors
/// [`Error::Store`].
pub fn list(conn: &mut Conn, ctx: &Context, after: Option<Id>, limit: i64) -> Result<Vec<Ordered>, Error> {
    let rows = orders::list(conn, ctx.tenant, after, limit)?;
    let mut wanted: Vec<Id> = rows.iter().map(|row| row.customer_id).collect();
    wanted.sort_unstable();
    wanted.dedup();
    let customers = people::find_all(conn, ctx.tenant, &wanted)?;
    let shown = |order: Order| {
        let customer = customers.iter().find(|person| person.person_id == order.customer_id).cloned();
        Ok(Ordered { items: items_of(&order)?, order, customer, notices: Vec::new(), touched: Vec::new() })
    };
    rows.into_iter().map(shown).collect()
}

fn shown(conn: &mut Conn, order: Order) -> Result<Ordered, Error> {
    let customer = people::find(conn, order.tenant_id, order.customer_id)?;
    Ok(Ordered { items: items_of(&order)?, order, customer, notices: Vec::new(), touched: Vec::new() })
}

/// Books every item, or none. Confirming twice changes nothing.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Changed`]; [`Error::Unavailable`] names the items whose time is taken,
/// [`Error::Invalid`] those that cannot be booked any more; [`Conflict::WrongState`] for an order that is cancelled or
/// whose customer is deleted.
pub fn confirm(conn: &mut Conn, ctx: &Context, id: Id, expected: Option<i64>) -> Result<Ordered, Error> {
    // Who repeats a confirmation need not wait for everybody else.
    if orders::find(conn, ctx.tenant, id)?.is_some_and(|order| order.status == OrderStatus::Pending) {
        tenants::claim(conn, ctx.tenant)?;
    }
    let order = claim(conn, ctx, id, expected)?;
    match order.status {
        OrderStatus::Pending => {}
        OrderStatus::Confirmed => return shown(conn, order),
        OrderStatus::Cancelled => {
            let detail = "the order is cancelled and cannot be confirmed any more; place a new one";
            return Err(Error::conflict(Conflict::WrongState, detail));
        }
    }
    let customer = match find_or_add_customer(conn, ctx, &CustomerInput::Known(order.customer_id)) {
        Err(Error::Invalid(_)) => {
            let detail = "the customer of this order was deleted; place a new one for another";
            return Err(Error::conflict(Conflict::WrongState, detail));
        }
        customer => customer?,
    };
    store::holds::delete_expired(conn, ctx.tenant, ctx.now)?;
    let mut items = items_of(&order)?;
    let touched = book_all(conn, ctx, &order, &mut items)?;
    let order = save(conn, ctx, order, OrderStatus::Confirmed, &items)?;
    Ok(Ordered { order, items, customer, notices: Vec::new(), touched })
}

fn book_all(conn: &mut Conn, ctx: &Context, order: &Order, items: &mut [Item]) -> Result<Vec<Id>, Error> {
    // What is held gives its time back to its own item, before another that takes what is free finds it.
    let mut held = vec![false; items.len()];
    for (held, item) in held.iter_mut().zip(&*items) {
        if let Some(hold) = item.hold {
            *held = release(conn, ctx, hold)?;
        }
    }
    let mut turns: Vec<usize> = (0..items.len()).collect();
    turns.sort_by_key(|i| !held[*i]);
    let mut results = Vec::with_capacity(items.len());
    for i in turns {
        let way = Way { order: Some(order.order_id), held: held[i], ..Way::plain(ctx) };
        match make(conn, ctx, &items[i].wish(order.customer_id), &Origin::default(), way) {
            // The transaction is over.
            Err(Error::Store(error)) => return Err(error.into()),
            result => results.push((i, result)),
        }
    }
    results.sort_by_key(|(i, _)| *i);
    let (mut touched, mut faults, mut taken) = (Vec::new(), Faults::default(), Vec::new());
    for (i, result) in results {
        let at = format!("/items/{i}");
        match result {
            Err(Error::Conflict { kind: Conflict::SlotUnavailable, detail }) => {
                taken.push(Fault { pointer: at, detail });
            }
            result => {
                if let Some(booked) = faults.gather(&at, result)? {
                    items[i].booking = Some(booked.booking.booking_id);
                    touched.extend(booked.touched);
                }
            }
        }
    }
    faults.check()?;
    if taken.is_empty() { Ok(touched) } else { Err(Error::Unavailable(taken)) }
}

/// Cancels an order, and of its bookings those that still stand. Cancelling twice changes nothing.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Changed`].
pub fn cancel(
    conn: &mut Conn,
    ctx: &Context,
    id: Id,
    expected: Option<i64>,
    reason: Option<&str>,
) -> Result<Ordered, Error> {
    let reason = checked_reason(reason)?;
    tenants::claim(conn, ctx.tenant)?;
    let order = claim(conn, ctx, id, expected)?;
    if order.status == OrderStatus::Cancelled {
        return shown(conn, order);
    }
    let items = items_of(&order)?;
    let mut touched = Vec::new();
    for booking in items.iter().filter_map(|item| item.booking) {
        let stands = |b: &bookings::Booking| matches!(b.status, BookingStatus::Tentative | BookingStatus::Confirmed);
        if bookings::find(conn, ctx.tenant, booking)?.is_some_and(|booking| stands(&booking)) {
            touched.extend(cancel_booking(conn, ctx, booking, None, reason.clone())?.touched);
        }
    }
    let order = save(conn, ctx, order, OrderStatus::Cancelled, &items)?;
    Ok(Ordered { touched, ..shown(conn, order)? })
}

fn claim(conn: &mut Conn, ctx: &Context, id: Id, expected: Option<i64>) -> Result<Order, Error> {
    let order = orders::claim(conn, ctx.tenant, id)?.ok_or(Error::NotFound("order"))?;
    match expected {
        Some(version) if version != order.version => Err(Error::Changed),
        _ => Ok(order),
    }
}

fn save(conn: &mut Conn, ctx: &Context, old: Order, status: OrderStatus, items: &[Item]) -> Result<Order, Error> {
    let (version, updated_at) = (old.version + 1, ctx.now.max(old.updated_at + 1));
    let new = Order { status, items: written(items)?, version, updated_at, ..old };
    if orders::replace(conn, &new, version - 1)? { Ok(new) } else { Err(Error::lost()) }
}

fn written(items: &[Item]) -> Result<String, Error> {
    let text = serde_json::to_string(items);
    Ok(text.map_err(|e| store::Error::Db(diesel::result::Error::SerializationError(Box::new(e))))?)
}

fn items_of(order: &Order) -> Result<Vec<Item>, Error> {
    let items = serde_json::from_str(&order.items);
    Ok(items.map_err(|e| store::Error::Db(diesel::result::Error::DeserializationError(Box::new(e))))?)
}
