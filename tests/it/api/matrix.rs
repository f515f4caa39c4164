//! Every route × two businesses × every role, generated from the route table. A route without a row here fails.

use axum::http::Method;
use fasti::api::{Access, Route, table};
use fasti::store::{Id, Scope};
use serde_json::{Value, json};

use crate::support::{Answer, App, Business, Seed};

/// What a route is sent, and what it answers to who may.
struct Row {
    operation: &'static str,
    /// What the `{id}` of its path names.
    id: fn(&Seed) -> Option<Id>,
    body: fn(&Seed) -> Value,
    /// What follows its path.
    query: fn(&Seed) -> String,
    /// The status for who may.
    granted: u16,
    /// The status for the other business's admin, who sends this business's ids.
    foreign: u16,
}

const fn row(operation: &'static str, granted: u16, foreign: u16) -> Row {
    Row { operation, id: |_| None, body: |_| Value::Null, query: |_| String::new(), granted, foreign }
}

/// Ids of another business are like ids of none.
const fn one(operation: &'static str, granted: u16, id: fn(&Seed) -> Option<Id>) -> Row {
    Row { id, ..row(operation, granted, 404) }
}

fn questions() -> Vec<Row> {
    let asked = |s: &Seed| format!("?service={}&from=2026-09-01&to=2026-09-02", s.service);
    let why = |s: &Seed| format!("?service={}&start=2026-09-01T12:00", s.service);
    let many = |s: &Seed| json!({"services": [s.service.to_string()], "from": "2026-09-01", "to": "2026-09-02"});
    vec![
        Row { query: asked, ..row("getAvailability", 200, 422) },
        Row { query: asked, ..row("getAvailableDays", 200, 422) },
        Row { body: many, ..row("getBulkAvailability", 200, 422) },
        Row { query: why, ..row("explainAvailability", 200, 422) },
        one("getBookingAlternatives", 200, |s| Some(s.booking)),
    ]
}

fn rows() -> Vec<Row> {
    let name = |_: &Seed| json!({"name": "Renamed"});
    let person = |_: &Seed| json!({"name": "New One", "email": format!("{}@new.example", Id::new())});
    let resource = |_: &Seed| json!({"name": "Van", "kind": "vehicle"});
    let service = |s: &Seed| json!({"name": "Wash", "duration_minutes": 30, "staff": [s.staff.to_string()]});
    let feed = |s: &Seed| json!({"kind": "resource", "subject": s.resource.to_string()});
    let hold = |s: &Seed| json!({"service": s.service.to_string(), "start": "2026-09-01T12:00"});
    let order = |s: &Seed| {
        let item = json!({"service": s.service.to_string(), "start": "2026-09-01T12:00"});
        json!({"customer": {"name": "Ann Guest", "email": "ann@guest.example"}, "items": [item]})
    };
    vec![
        row("getOpenapi", 200, 200),
        row("listStaff", 200, 200),
        Row { body: person, ..row("createStaff", 201, 201) },
        one("getStaff", 200, |s| Some(s.staff)),
        Row { body: name, ..one("updateStaff", 200, |s| Some(s.staff)) },
        one("deleteStaff", 204, |s| Some(s.idle_staff)),
        row("listCustomers", 200, 200),
        Row { body: person, ..row("createCustomer", 201, 201) },
        one("getCustomer", 200, |s| Some(s.customer)),
        Row { body: name, ..one("updateCustomer", 200, |s| Some(s.customer)) },
        one("deleteCustomer", 204, |s| Some(s.idle_customer)),
        row("listResources", 200, 200),
        Row { body: resource, ..row("createResource", 201, 201) },
        one("getResource", 200, |s| Some(s.resource)),
        Row { body: name, ..one("updateResource", 200, |s| Some(s.resource)) },
        one("deleteResource", 204, |s| Some(s.idle_resource)),
        row("listServices", 200, 200),
        Row { body: service, ..row("createService", 201, 422) },
        one("getService", 200, |s| Some(s.service)),
        Row { body: name, ..one("updateService", 200, |s| Some(s.service)) },
        one("deleteService", 204, |s| Some(s.idle_service)),
        row("listFeeds", 200, 200),
        Row { body: feed, ..row("createFeed", 201, 422) },
        one("rotateFeed", 200, |s| Some(s.feed)),
        one("deleteFeed", 204, |s| Some(s.feed)),
        row("listBookings", 200, 200),
        Row { body: |s| s.booking_body("2026-09-01T12:00"), ..row("createBooking", 201, 422) },
        one("getBooking", 200, |s| Some(s.booking)),
        Row { body: |_| json!({"notes": "x"}), ..one("updateBooking", 200, |s| Some(s.booking)) },
        one("cancelBooking", 200, |s| Some(s.booking)),
        Row { body: |_| json!({"start": "2026-09-01T14:00"}), ..one("rescheduleBooking", 200, |s| Some(s.booking)) },
        one("completeBooking", 200, |s| Some(s.booking)),
        one("markBookingNoShow", 200, |s| Some(s.booking)),
        one("getBookingHistory", 200, |s| Some(s.booking)),
        one("getBookingCalendar", 200, |s| Some(s.booking)),
        Row { body: hold, ..row("createHold", 201, 422) },
        one("getHold", 200, |s| Some(s.hold)),
        one("deleteHold", 204, |s| Some(s.hold)),
        row("listOrders", 200, 200),
        Row { body: order, ..row("createOrder", 201, 422) },
        one("getOrder", 200, |s| Some(s.order)),
        one("confirmOrder", 200, |s| Some(s.order)),
        one("cancelOrder", 200, |s| Some(s.order)),
    ]
}

fn rows_of_hours_and_blocks() -> Vec<Row> {
    let hours = |_: &Seed| json!([{"rrule": "FREQ=DAILY", "start": "09:00", "end": "17:00"}]);
    let block = |s: &Seed| {
        let staff = [s.staff.to_string()];
        json!({"kind": "time_off", "staff": staff, "start": "2026-12-28", "end": "2026-12-31"})
    };
    let holidays = |s: &Seed| {
        let event = "BEGIN:VEVENT\r\nUID:1@x\r\nDTSTART;VALUE=DATE:20261224\r\nEND:VEVENT\r\n";
        let ics = format!("BEGIN:VCALENDAR\r\n{event}END:VCALENDAR\r\n");
        json!({"ics": ics, "resources": [s.resource.to_string()]})
    };
    vec![
        row("getWorkingHours", 200, 200),
        Row { body: hours, ..row("setWorkingHours", 200, 200) },
        one("getStaffWorkingHours", 200, |s| Some(s.staff)),
        Row { body: hours, ..one("setStaffWorkingHours", 200, |s| Some(s.staff)) },
        one("getResourceWorkingHours", 200, |s| Some(s.resource)),
        Row { body: hours, ..one("setResourceWorkingHours", 200, |s| Some(s.resource)) },
        row("listBlocks", 200, 200),
        Row { body: block, ..row("createBlock", 201, 422) },
        Row { body: block, ..row("createBlocks", 201, 422) },
        Row { body: holidays, ..row("importBlocks", 200, 422) },
        one("getBlock", 200, |s| Some(s.block)),
        Row { body: |_| json!({"summary": "x"}), ..one("updateBlock", 200, |s| Some(s.block)) },
        one("deleteBlock", 204, |s| Some(s.block)),
    ]
}

/// Who calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    Nobody,
    Read,
    Write,
    Admin,
    /// The other business's admin, with this business's ids.
    OtherAdmin,
}

const ROLES: [Role; 5] = [Role::Nobody, Role::Read, Role::Write, Role::Admin, Role::OtherAdmin];

fn expected(route: &Route, row: &Row, role: Role) -> u16 {
    let Access::Token(needed) = route.access else { return row.granted };
    let scope = match role {
        Role::Nobody => return 401,
        Role::OtherAdmin => return row.foreign,
        Role::Read => Scope::Read,
        Role::Write => Scope::Write,
        Role::Admin => Scope::Admin,
    };
    if scope >= needed { row.granted } else { 403 }
}

async fn ask(app: &App, route: &Route, path: &str, token: Option<&str>, body: &Value) -> Answer {
    let mut call = app.call(route.method.clone(), path);
    if let Some(token) = token {
        call = call.token(token);
    }
    if matches!(route.method, Method::POST | Method::PUT | Method::PATCH) {
        call = if body.is_null() { call.json(&json!({})) } else { call.json(body) };
    }
    call.send().await
}

/// All that a business shows, to see whether somebody changed it.
async fn everything(app: &App, business: &Business) -> Vec<String> {
    let mut all = Vec::new();
    for list in
        ["staff", "customers", "resources", "services", "feeds", "bookings", "orders", "blocks", "working-hours"]
    {
        all.push(app.get(&format!("/v1/{list}?limit=200"), &business.admin).expect(200).await.body);
    }
    all
}

async fn check(app: &App, route: &Route, row: &Row, role: Role, ours: &Business, theirs: &Business) {
    let seed = app.seed(ours).await;
    let id = (row.id)(&seed);
    assert_eq!(route.path.contains("{id}"), id.is_some(), "{}: does its row name an id?", route.operation);
    let query = (row.query)(&seed);
    let at = |id: Option<Id>| match id {
        None => format!("{}{query}", route.path),
        Some(id) => format!("{}{query}", route.path.replace("{id}", &id.to_string())),
    };
    let token = match role {
        Role::Nobody => None,
        Role::Read => Some(ours.read.as_str()),
        Role::Write => Some(ours.write.as_str()),
        Role::Admin => Some(ours.admin.as_str()),
        Role::OtherAdmin => Some(theirs.admin.as_str()),
    };
    let body = (row.body)(&seed);
    let status = expected(route, row, role);
    let refused = status >= 400 || role == Role::OtherAdmin;
    let before = if refused { everything(app, ours).await } else { Vec::new() };
    let answer = ask(app, route, &at(id), token, &body).await;
    let what = format!("{} {} as {role:?}", route.method, route.path);
    assert_eq!(answer.status, status, "{what}: {}", answer.body);
    if refused {
        assert_eq!(everything(app, ours).await, before, "{what} changed something");
    }
    if role == Role::OtherAdmin && route.access != Access::Public {
        // An id that we sent may be named in the answer; nothing else of ours may.
        for hidden in ["Anna Berger", "Carl Kunde", "Room 1"] {
            assert!(!answer.body.contains(hidden), "{what} shows {hidden}");
        }
        if id.is_some() {
            let absent = ask(app, route, &at(Some(Id::new())), token, &body).await;
            assert_eq!((absent.status, absent.body), (answer.status, answer.body), "{what} tells foreign from absent");
        } else if route.method == Method::GET && answer.status == 200 {
            let list = answer.json();
            assert_eq!(list.get("items").unwrap_or(&list), &json!([]), "{what} lists something");
        }
    }
}

on_both! {
    async fn every_route_for_every_role_of_two_businesses(app: App) {
        let mut rows: Vec<Row> = rows().into_iter().chain(questions()).collect();
        rows.extend(rows_of_hours_and_blocks());
        let theirs = app.business("theirs").await;
        for row in &rows {
            assert!(table().iter().any(|route| route.operation == row.operation), "{} is no route", row.operation);
        }
        for route in table() {
            let Some(row) = rows.iter().find(|row| row.operation == route.operation) else {
                panic!("{} {} has no row: say who may call it and what they get", route.method, route.path)
            };
            let ours = app.business(&format!("ours-{}", route.operation.to_lowercase())).await;
            for role in ROLES {
                // A business of its own for what the other admin is allowed to make in theirs.
                let other = if role == Role::OtherAdmin && row.foreign < 300 && route.method != Method::GET {
                    app.business(&format!("other-{}", route.operation.to_lowercase())).await
                } else {
                    theirs.clone()
                };
                check(&app, route, row, role, &ours, &other).await;
            }
        }
    }
}
