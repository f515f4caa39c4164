//! `/orders`: several items that are booked together or not at all.

use axum::extract::State;
use axum::response::Response;
use serde::{Deserialize, Serialize};

use super::answer::Answer;
use super::bookings::{BookingCustomer, CustomerOfBooking, customer_input};
use super::caller::Caller;
use super::json::object;
use super::page::{List, ListParams, Page, Reader};
use super::problem::{FaultBody, ProblemBody};
use super::request::{IfMatch, IfNoneMatch, Input, Nothing, Params, PathId};
use super::view::{Id, ids, plain};
use super::{Api, problem::Problem};
use crate::booking::model::{HeldBooking, NewBooking};
use crate::booking::orders::{self, Item, NewItem, NewOrder as New, Ordered};
use crate::booking::{Context, Error, Fault};
use crate::store::{self, Conn, OrderStatus};

/// An order.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct Order {
    id: Id,
    status: OrderStatus,
    customer: Option<CustomerOfBooking>,
    /// In the order in which they were named.
    items: Vec<OrderItem>,
    created_at: String,
    updated_at: String,
    /// How the input was understood, where that may surprise; only in the answer that makes it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    notices: Vec<FaultBody>,
}

/// What an order books.
#[derive(Debug, Serialize, utoipa::ToSchema)]
struct OrderItem {
    service: Id,
    /// Who was asked for; null: anyone who can.
    staff: Option<Id>,
    /// What was asked for; null: anything that serves.
    resources: Option<Vec<Id>>,
    /// RFC 3339, in `timezone`.
    start: String,
    /// As `start`, exclusive.
    end: String,
    /// IANA zone.
    timezone: String,
    /// Whole days: start and end are midnights.
    all_day: bool,
    notes: Option<String>,
    /// The hold whose time it takes over.
    hold: Option<Id>,
    /// Its booking, once the order was confirmed.
    booking: Option<Id>,
}

impl Order {
    fn new(ctx: &Context, ordered: Ordered) -> Result<Self, Error> {
        let Ordered { order: row, items, customer, notices, .. } = ordered;
        Ok(Self {
            id: row.order_id.into(),
            status: row.status,
            customer: customer.as_ref().map(CustomerOfBooking::from),
            items: items.into_iter().map(|item| OrderItem::new(ctx, item)).collect::<Result<_, _>>()?,
            created_at: row.created_at.to_string(),
            updated_at: row.updated_at.to_string(),
            notices: notices.into_iter().map(FaultBody::from).collect(),
        })
    }
}

impl OrderItem {
    fn new(ctx: &Context, item: Item) -> Result<Self, Error> {
        let span = item.span(ctx)?;
        Ok(Self {
            service: item.service.into(),
            staff: item.staff.map(Id),
            resources: item.resources.map(|resources| ids(&resources)),
            start: span.at.start.to_rfc3339(&span.zone),
            end: span.at.end.to_rfc3339(&span.zone),
            timezone: item.timezone,
            all_day: span.all_day,
            notes: item.notes,
            hold: item.hold.map(Id),
            booking: item.booking.map(Id),
        })
    }
}

/// An order to place.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewOrder {
    /// For whom; or `customer_id`.
    #[serde(default, deserialize_with = "object")]
    #[schema(value_type = Option<BookingCustomer>)]
    customer: Option<BookingCustomer>,
    /// For whom, when they are known.
    customer_id: Option<Id>,
    /// What is to be booked.
    #[schema(min_items = 1, max_items = 50)]
    items: Vec<NewOrderItem>,
}

/// What an order is to book.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewOrderItem {
    /// Needed, unless `hold` says it.
    service: Option<Id>,
    /// Who serves; none: the least busy of those who can.
    staff: Option<Id>,
    /// What is used; none: the first free one of those the service needs.
    resources: Option<Vec<Id>>,
    /// RFC 3339, local time `YYYY-MM-DDTHH:MM[:SS]`, or a date for whole days. Needed, unless `hold` says it.
    #[schema(example = "2026-09-01T10:00:00+02:00")]
    start: Option<String>,
    /// As `start`, exclusive; none: the service's duration after it.
    end: Option<String>,
    /// IANA zone of local times and of the booking; none: the business's.
    timezone: Option<String>,
    /// For staff.
    notes: Option<String>,
    /// A hold, whose time this item takes over when the order is confirmed: what is named beside it has to agree with it.
    hold: Option<Id>,
}

impl NewOrderItem {
    /// The item at a number of the order; what is missing is added to `faults`.
    fn decode(self, at: usize, faults: &mut Vec<Fault>) -> Option<NewItem> {
        let rest = NewBooking {
            staff: self.staff.map(|Id(id)| id),
            resources: self.resources.map(plain),
            end: self.end,
            timezone: self.timezone,
            notes: self.notes,
            ..NewBooking::default()
        };
        let service = self.service.map(|Id(id)| id);
        match (self.hold, service, self.start) {
            (Some(Id(hold)), service, start) => Some(NewItem::Held(HeldBooking { hold, service, start, rest })),
            (None, Some(service), Some(start)) => Some(NewItem::Free(NewBooking { service, start, ..rest })),
            (None, service, start) => {
                let missing = [("service", service.is_none()), ("start", start.is_none())];
                let missing = missing.iter().filter(|(_, missing)| *missing);
                faults.extend(missing.map(|(field, _)| Fault {
                    pointer: format!("/items/{at}/{field}"),
                    detail: "is missing".to_owned(),
                }));
                None
            }
        }
    }
}

/// How to cancel an order.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct OrderCancellation {
    /// Why, for the history of its bookings.
    #[schema(max_length = 1000)]
    reason: Option<String>,
}

/// Orders, oldest first.
#[utoipa::path(get, path = "/v1/orders", tag = "orders", operation_id = "listOrders", params(ListParams),
    responses((status = 200, body = Page<Order>)))]
pub(super) async fn list(
    State(api): State<Api>,
    caller: Caller,
    Params(params): Params<ListParams>,
) -> Result<Response, Problem> {
    let reader = Reader::new(List::Orders, params.limit.as_deref(), params.cursor.as_deref())?;
    api.read(caller, move |conn, ctx| {
        let rows = |after, n| orders::list(conn, ctx, after, n);
        let (rows, next_cursor) = reader.read(rows, |ordered: &Ordered| ordered.order.order_id)?;
        let items = rows.into_iter().map(|ordered| Order::new(ctx, ordered)).collect::<Result<_, _>>()?;
        Answer::many(&Page { items, next_cursor })
    })
    .await
}

/// Places an order. Nothing is taken until it is confirmed.
#[utoipa::path(post, path = "/v1/orders", tag = "orders", operation_id = "createOrder", request_body = NewOrder,
    responses((status = 201, body = Order)))]
pub(super) async fn create(
    State(api): State<Api>,
    caller: Caller,
    Input { body, once, .. }: Input<NewOrder>,
) -> Result<Response, Problem> {
    let customer = customer_input(body.customer, body.customer_id)?;
    let mut faults = Vec::new();
    let items = body.items.into_iter().enumerate();
    let items: Vec<NewItem> = items.filter_map(|(at, item)| item.decode(at, &mut faults)).collect();
    if !faults.is_empty() {
        return Err(Problem::invalid(faults));
    }
    let new = New { customer, items };
    api.write(caller, once, move |conn, ctx| {
        let ordered = orders::create(conn, ctx, &new)?;
        let (id, version) = (ordered.order.order_id, ordered.order.version);
        Answer::created(ctx, "orders", id, version, &Order::new(ctx, ordered)?)
    })
    .await
}

/// One order.
#[utoipa::path(get, path = "/v1/orders/{id}", tag = "orders", operation_id = "getOrder",
    params(("id" = Id, Path)), responses((status = 200, body = Order)))]
pub(super) async fn read(
    State(api): State<Api>,
    caller: Caller,
    PathId(id): PathId,
    has: IfNoneMatch,
) -> Result<Response, Problem> {
    api.read(caller, move |conn, ctx| {
        let ordered = orders::find(conn, ctx, id)?;
        Ok(Answer::one(ordered.order.version, &Order::new(ctx, ordered)?)?.unless(&has))
    })
    .await
}

/// Books every item, or none when the time of one is taken.
#[utoipa::path(post, path = "/v1/orders/{id}/confirm", tag = "orders", operation_id = "confirmOrder",
    params(("id" = Id, Path)), responses((status = 200, body = Order), (status = 409, body = ProblemBody)))]
pub(super) async fn confirm(
    State(api): State<Api>,
    caller: Caller,
    PathId(id): PathId,
    Input { if_match, once, body: Nothing {} }: Input<Nothing>,
) -> Result<Response, Problem> {
    api.write(caller, once, move |conn, ctx| {
        let expected = expected(conn, ctx, id, &if_match)?;
        changed(ctx, orders::confirm(conn, ctx, id, expected)?)
    })
    .await
}

/// Cancels an order and those of its bookings that still stand.
#[utoipa::path(post, path = "/v1/orders/{id}/cancel", tag = "orders", operation_id = "cancelOrder",
    params(("id" = Id, Path)), request_body = OrderCancellation, responses((status = 200, body = Order)))]
pub(super) async fn cancel(
    State(api): State<Api>,
    caller: Caller,
    PathId(id): PathId,
    Input { body, if_match, once }: Input<OrderCancellation>,
) -> Result<Response, Problem> {
    api.write(caller, once, move |conn, ctx| {
        let expected = expected(conn, ctx, id, &if_match)?;
        changed(ctx, orders::cancel(conn, ctx, id, expected, body.reason.as_deref())?)
    })
    .await
}

/// The version to hand to a use case, from `If-Match`.
fn expected(conn: &mut Conn, ctx: &Context, id: store::Id, if_match: &IfMatch) -> Result<Option<i64>, Error> {
    if_match.expected(|| orders::find(conn, ctx, id).map(|ordered| Some(ordered.order.version)))
}

fn changed(ctx: &Context, mut ordered: Ordered) -> Result<Answer, Error> {
    let (version, touched) = (ordered.order.version, std::mem::take(&mut ordered.touched));
    Ok(Answer::one(version, &Order::new(ctx, ordered)?)?.touching(touched))
}
