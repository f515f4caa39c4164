//! Every path of the API on one page. The router is built from it, the OpenAPI document is compared with it, and the
//! test of every route × business × role is generated from it.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::http::Method;
use axum::routing::{MethodRouter, delete, get, patch, post, put};

use super::caller::{Access, authorize};
use super::{
    Api, availability, blocks, bookings, customers, document, feeds, holds, orders, resources, services, staff,
    working_hours,
};
use crate::store::Scope;

/// A path and one method of it.
pub struct Route {
    /// The method.
    pub method: Method,
    /// The path below `/api`, with `{id}` for an id.
    pub path: &'static str,
    /// Who may call it.
    pub access: Access,
    /// Its name in the OpenAPI document.
    pub operation: &'static str,
    handler: fn() -> MethodRouter<Api>,
}

const PUBLIC: Access = Access::Public;
const READ: Access = Access::Token(Scope::Read);
const WRITE: Access = Access::Token(Scope::Write);
const ADMIN: Access = Access::Token(Scope::Admin);

macro_rules! routes {
    ($($method:ident $on:ident $path:literal $access:ident $operation:literal $handler:path;)*) => {
        static TABLE: &[Route] = &[$(Route {
            method: Method::$method,
            path: $path,
            access: $access,
            operation: $operation,
            handler: || $on($handler),
        }),*];
    };
}

#[rustfmt::skip]
routes! {
    GET    get    "/openapi.json"                PUBLIC "getOpenapi"         document;

    GET    get    "/v1/staff"                    READ   "listStaff"          staff::list;
    POST   post   "/v1/staff"                    ADMIN  "createStaff"        staff::create;
    GET    get    "/v1/staff/{id}"               READ   "getStaff"           staff::read;
    PATCH  patch  "/v1/staff/{id}"               ADMIN  "updateStaff"        staff::update;
    DELETE delete "/v1/staff/{id}"               ADMIN  "deleteStaff"        staff::delete;

    GET    get    "/v1/customers"                READ   "listCustomers"      customers::list;
    POST   post   "/v1/customers"                WRITE  "createCustomer"     customers::create;
    GET    get    "/v1/customers/{id}"           READ   "getCustomer"        customers::read;
    PATCH  patch  "/v1/customers/{id}"           WRITE  "updateCustomer"     customers::update;
    DELETE delete "/v1/customers/{id}"           WRITE  "deleteCustomer"     customers::delete;

    GET    get    "/v1/resources"                READ   "listResources"      resources::list;
    POST   post   "/v1/resources"                ADMIN  "createResource"     resources::create;
    GET    get    "/v1/resources/{id}"           READ   "getResource"        resources::read;
    PATCH  patch  "/v1/resources/{id}"           ADMIN  "updateResource"     resources::update;
    DELETE delete "/v1/resources/{id}"           ADMIN  "deleteResource"     resources::delete;

    GET    get    "/v1/working-hours"            READ   "getWorkingHours"    working_hours::of_business;
    PUT    put    "/v1/working-hours"            ADMIN  "setWorkingHours"    working_hours::set_of_business;
    GET    get    "/v1/staff/{id}/working-hours" READ   "getStaffWorkingHours" working_hours::of_staff;
    PUT    put    "/v1/staff/{id}/working-hours" ADMIN  "setStaffWorkingHours" working_hours::set_of_staff;
    GET    get    "/v1/resources/{id}/working-hours" READ  "getResourceWorkingHours" working_hours::of_resource;
    PUT    put    "/v1/resources/{id}/working-hours" ADMIN "setResourceWorkingHours" working_hours::set_of_resource;

    GET    get    "/v1/blocks"                   READ   "listBlocks"         blocks::list;
    POST   post   "/v1/blocks"                   WRITE  "createBlock"        blocks::create;
    POST   post   "/v1/blocks/bulk"              WRITE  "createBlocks"       blocks::create_each;
    POST   post   "/v1/blocks/import"            WRITE  "importBlocks"       blocks::import;
    GET    get    "/v1/blocks/{id}"              READ   "getBlock"           blocks::read;
    PATCH  patch  "/v1/blocks/{id}"              WRITE  "updateBlock"        blocks::update;
    DELETE delete "/v1/blocks/{id}"              WRITE  "deleteBlock"        blocks::delete;

    GET    get    "/v1/services"                 READ   "listServices"       services::list;
    POST   post   "/v1/services"                 ADMIN  "createService"      services::create;
    GET    get    "/v1/services/{id}"            READ   "getService"         services::read;
    PATCH  patch  "/v1/services/{id}"            ADMIN  "updateService"      services::update;
    DELETE delete "/v1/services/{id}"            ADMIN  "deleteService"      services::delete;

    GET    get    "/v1/availability"             READ   "getAvailability"    availability::slots;
    GET    get    "/v1/availability/days"        READ   "getAvailableDays"   availability::days;
    POST   post   "/v1/availability/bulk"        READ   "getBulkAvailability" availability::bulk;
    GET    get    "/v1/availability/explain"     READ   "explainAvailability" availability::explain;

    GET    get    "/v1/feeds"                    READ   "listFeeds"          feeds::list;
    POST   post   "/v1/feeds"                    ADMIN  "createFeed"         feeds::create;
    POST   post   "/v1/feeds/{id}/rotate"        ADMIN  "rotateFeed"         feeds::rotate;
    DELETE delete "/v1/feeds/{id}"               ADMIN  "deleteFeed"         feeds::delete;

    GET    get    "/v1/bookings"                 READ   "listBookings"       bookings::list;
    POST   post   "/v1/bookings"                 WRITE  "createBooking"      bookings::create;
    GET    get    "/v1/bookings/{id}"            READ   "getBooking"         bookings::read;
    PATCH  patch  "/v1/bookings/{id}"            WRITE  "updateBooking"      bookings::update;
    POST   post   "/v1/bookings/{id}/cancel"     WRITE  "cancelBooking"      bookings::cancel;
    POST   post   "/v1/bookings/{id}/reschedule" WRITE  "rescheduleBooking"  bookings::reschedule;
    POST   post   "/v1/bookings/{id}/complete"   WRITE  "completeBooking"    bookings::complete;
    POST   post   "/v1/bookings/{id}/no-show"    WRITE  "markBookingNoShow"  bookings::no_show;
    GET    get    "/v1/bookings/{id}/alternatives" READ "getBookingAlternatives" availability::alternatives;
    GET    get    "/v1/bookings/{id}/history"    READ   "getBookingHistory"  bookings::history;
    GET    get    "/v1/bookings/{id}/calendar.ics" READ "getBookingCalendar" bookings::calendar;

    POST   post   "/v1/holds"                    WRITE  "createHold"         holds::create;
    GET    get    "/v1/holds/{id}"               READ   "getHold"            holds::read;
    DELETE delete "/v1/holds/{id}"               WRITE  "deleteHold"         holds::delete;

    GET    get    "/v1/orders"                   READ   "listOrders"         orders::list;
    POST   post   "/v1/orders"                   WRITE  "createOrder"        orders::create;
    GET    get    "/v1/orders/{id}"              READ   "getOrder"           orders::read;
    POST   post   "/v1/orders/{id}/confirm"      WRITE  "confirmOrder"       orders::confirm;
    POST   post   "/v1/orders/{id}/cancel"       WRITE  "cancelOrder"        orders::cancel;
}

/// Every route.
#[must_use]
pub fn table() -> &'static [Route] {
    TABLE
}

pub(super) fn router(api: &Api) -> Router<Api> {
    let mut paths: BTreeMap<&str, MethodRouter<Api>> = BTreeMap::new();
    for route in TABLE {
        let guard = axum::middleware::from_fn_with_state((Arc::clone(api), route.access), authorize);
        let method = (route.handler)().route_layer(guard);
        let path = paths.remove(route.path).unwrap_or_default();
        paths.insert(route.path, path.merge(method));
    }
    paths.into_iter().fold(Router::new(), |router, (path, methods)| router.route(path, methods))
}
