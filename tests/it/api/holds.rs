//! Times kept for people who are still deciding.

use fasti::store::holds::{self, Hold};
use fasti::store::{Error, Id, Ids};
use serde_json::{Value, json};

use crate::support::{App, Business, Seed, now};

/// A wish for an hour of the seed's staff member.
fn wish(seed: &Seed, start: &str) -> Value {
    json!({ "service": seed.service.to_string(), "start": start })
}

fn with(mut body: Value, field: &str, value: Value) -> Value {
    body[field] = value;
    body
}

/// Lets a hold expire: tests have one moment, so its end is moved to it.
pub async fn expire(app: &App, business: &Business, id: &str) {
    let (tenant, id) = (business.tenant, id.parse::<Id>().unwrap());
    let expire = move |conn: &mut fasti::store::Conn| -> Result<(), Error> {
        let set = format!("UPDATE holds SET expires_at = {} WHERE tenant_id = {}", now().unix(), tenant_number(tenant));
        assert!(holds::find(conn, tenant, id)?.is_some(), "there is no such hold");
        conn.batch_execute(&set)
    };
    app.store.write(expire).await.unwrap();
}

fn tenant_number(tenant: fasti::store::TenantId) -> i64 {
    i64::from_be_bytes(tenant.to_bytes())
}

on_both! {
    async fn a_hold_keeps_its_time(app: App) {
        let a = app.business("a").await;
        let seed = app.seed(&a).await;
        app.changed();
        let made = app.post("/v1/holds", &a.write, &wish(&seed, "2026-09-01T10:00")).expect(201).await;
        let hold = made.json();
        let expected = json!({
            "id": made.id(), "service": seed.service.to_string(), "staff": seed.staff.to_string(), "resources": [],
            "start": "2026-09-01T10:00:00+02:00", "end": "2026-09-01T11:00:00+02:00", "timezone": "Europe/Berlin",
            "all_day": false, "expires_at": "2026-08-01T08:10:00Z",
        });
        assert_eq!(hold, expected);
        let path = format!("/v1/holds/{}", made.id());
        assert_eq!(made.header("location"), format!("https://fasti.example/api{path}"));
        let read = app.get(&path, &a.read).expect(200).await;
        assert_eq!(read.json(), expected);
        app.get(&path, &a.read).header("if-none-match", read.header("etag")).expect(304).await;
        assert_eq!(app.changed(), [], "no calendar shows it");
        for start in ["2026-09-01T10:00", "2026-09-01T09:30", "2026-09-01T10:59"] {
            let second = app.post("/v1/holds", &a.write, &wish(&seed, start)).expect(409).await;
            assert_eq!(second.problem(), "slot-unavailable");
            let booked = app.post("/v1/bookings", &a.write, &seed.booking_body(start)).expect(409).await;
            assert_eq!(booked.problem(), "slot-unavailable");
        }
        let bookings = app.get("/v1/bookings", &a.read).expect(200).await.json();
        assert_eq!(bookings["items"].as_array().unwrap().len(), 1, "only the seed's");
        app.delete(&path, &a.write).header("if-match", "\"v2\"").expect(412).await;
        app.delete(&path, &a.write).expect(204).await;
        app.delete(&path, &a.write).expect(404).await;
        app.get(&path, &a.read).expect(404).await;
        app.post("/v1/bookings", &a.write, &seed.booking_body("2026-09-01T10:00")).expect(201).await;
        let late = app.post("/v1/holds", &a.write, &wish(&seed, "2026-09-01T10:00")).expect(409).await;
        assert_eq!(late.problem(), "slot-unavailable");
    }

    async fn an_expired_hold_is_no_work(app: App) {
        let a = app.business("a").await;
        let seed = app.seed(&a).await;
        let team = [seed.staff.to_string(), seed.idle_staff.to_string()];
        let service = json!({"name": "Talk", "duration_minutes": 60, "staff": team});
        let service = app.post("/v1/services", &a.admin, &service).expect(201).await.id();
        let wish = |start: &str| json!({"service": service, "start": start});
        let held = app.post("/v1/holds", &a.write, &with(wish("2026-09-01T10:00"), "staff", json!(team[0])));
        let held = held.expect(201).await.id();
        let other = app.post("/v1/bookings", &a.write, &wish("2026-09-01T12:00")).expect(201).await.json();
        assert_eq!(other["staff"], team[1], "whoever is held has more to do");
        app.post(&format!("/v1/bookings/{}/cancel", other["id"].as_str().unwrap()), &a.write, &json!({})).expect(200).await;
        expire(&app, &a, &held).await;
        let booked = app.post("/v1/bookings", &a.write, &wish("2026-09-01T14:00")).expect(201).await.json();
        assert_eq!(booked["staff"], team[0], "of equals the first");
    }

    async fn what_cannot_be_held_is_named(app: App) {
        let (a, b) = (app.business("a").await, app.business("b").await);
        let (seed, theirs) = (app.seed(&a).await, app.seed(&b).await);
        let good = wish(&seed, "2026-09-01T10:00");
        let bad: [(&str, Value); 13] = [
            ("/service", json!(theirs.service.to_string())), ("/service", json!(7)), ("/staff", json!(theirs.staff.to_string())),
            ("/staff", json!(seed.idle_staff.to_string())), ("/resources/0", json!([theirs.resource.to_string()])),
            ("/start", json!("2026-02-30T10:00")), ("/start", json!("2026-07-01T10:00")), ("/start", json!("2027-03-28T02:30")),
            ("/end", json!("2026-09-01T09:00")), ("/timezone", json!("Mars/Olympus")), ("/ttl_seconds", json!(29)),
            ("/ttl_seconds", json!(3601)), ("/notes", json!("x")),
        ];
        for (pointer, value) in bad {
            let field = pointer.trim_matches(|c: char| c == '/' || c.is_ascii_digit());
            let body = with(good.clone(), field, value);
            let refused = app.post("/v1/holds", &a.write, &body).expect(422).await;
            assert_eq!(refused.pointers(), [pointer], "{body}");
        }
        let all = json!({
            "service": theirs.service.to_string(), "start": "2026-09-01", "end": "soon", "ttl_seconds": 0,
        });
        let refused = app.post("/v1/holds", &a.write, &all).expect(422).await;
        assert_eq!(refused.pointers(), ["/ttl_seconds", "/service", "/end"], "all at once");
        for ttl in [30, 3600] {
            let held = app.post("/v1/holds", &a.write, &with(good.clone(), "ttl_seconds", json!(ttl))).expect(201).await;
            app.delete(&format!("/v1/holds/{}", held.id()), &a.write).expect(204).await;
        }
    }

    async fn a_held_time_is_booked_by_who_holds_it(app: App) {
        let a = app.business("a").await;
        let seed = app.seed(&a).await;
        let held = app.post("/v1/holds", &a.write, &wish(&seed, "2026-09-01T10:00")).expect(201).await;
        let ann = json!({"name": "Ann Guest", "email": "ann@guest.example"});
        let named = json!({
            "hold": held.id(), "customer": ann, "service": seed.service.to_string(), "staff": seed.staff.to_string(),
            "start": "2026-09-01T08:00:00Z", "end": "2026-09-01T11:00", "timezone": "Europe/Berlin", "resources": [],
            "status": "tentative",
        });
        for (pointer, value) in [
            ("/service", json!(seed.idle_service.to_string())), ("/staff", json!(seed.idle_staff.to_string())),
            ("/resources", json!([seed.resource.to_string()])), ("/start", json!("2026-09-01T10:01")),
            ("/start", json!("2026-09-01")), ("/start", json!("then")), ("/end", json!("2026-09-01T11:01")),
            ("/timezone", json!("Mars/Olympus")), ("/rrule", json!("FREQ=DAILY;COUNT=2")),
            ("/hold", json!(Id::new().to_string())),
        ] {
            let body = with(named.clone(), &pointer[1..], value);
            let refused = app.post("/v1/bookings", &a.write, &body).expect(422).await;
            assert_eq!(refused.pointers(), [pointer], "{body}");
        }
        let booked = app.post("/v1/bookings", &a.write, &named).expect(201).await.json();
        assert_eq!((&booked["staff"], &booked["status"]), (&json!(seed.staff.to_string()), &json!("tentative")));
        assert_eq!(booked["start"], "2026-09-01T10:00:00+02:00");
        assert_eq!(booked.get("notices"), None);
        app.get(&format!("/v1/holds/{}", held.id()), &a.read).expect(404).await;
        let twice = app.post("/v1/bookings", &a.write, &named).expect(422).await;
        assert_eq!(twice.pointers(), ["/hold"]);
        let next = app.post("/v1/holds", &a.write, &with(wish(&seed, "2026-09-01T11:00"), "end", json!("2026-09-01T11:20")));
        let next = next.expect(201).await;
        let booked = app.post("/v1/bookings", &a.write, &json!({"hold": next.id()})).expect(201).await.json();
        assert_eq!(booked["end"], "2026-09-01T11:20:00+02:00", "what was held, and not the service's hour");
        let missing = app.post("/v1/bookings", &a.write, &json!({})).expect(422).await;
        assert_eq!(missing.pointers(), ["/service", "/start"]);
    }

    async fn whole_days_and_hours_that_happen_twice_are_held_as_asked(app: App) {
        let a = app.business("a").await;
        let seed = app.seed(&a).await;
        let days = json!({"service": seed.service.to_string(), "start": "2026-10-24", "end": "2026-10-26"});
        let held = app.post("/v1/holds", &a.write, &days).expect(201).await;
        assert_eq!(held.json()["all_day"], true);
        let other = json!({"hold": held.id(), "timezone": "Europe/London"});
        assert_eq!(app.post("/v1/bookings", &a.write, &other).expect(422).await.pointers(), ["/timezone"]);
        let hour = json!({"hold": held.id(), "start": "2026-10-24T00:00"});
        assert_eq!(app.post("/v1/bookings", &a.write, &hour).expect(422).await.pointers(), ["/start"]);
        let booked = app.post("/v1/bookings", &a.write, &json!({"hold": held.id()})).expect(201).await.json();
        assert_eq!((&booked["all_day"], &booked["end"]), (&json!(true), &json!("2026-10-26T00:00:00+01:00")));
        for (week, start, offset, notices) in [(0, "2026-10-25T02:30", "+02:00", 1), (1, "2026-10-25T02:30:00+01:00", "+01:00", 0)] {
            app.post(&format!("/v1/bookings/{}/cancel", booked["id"].as_str().unwrap()), &a.write, &json!({})).expect(200).await;
            let body = with(wish(&seed, start), "end", json!(format!("2026-10-25T02:45:00{offset}")));
            let held = app.post("/v1/holds", &a.write, &body).expect(201).await;
            assert_eq!(held.json()["notices"].as_array().map_or(0, Vec::len), notices, "{week}");
            let booked = app.post("/v1/bookings", &a.write, &json!({"hold": held.id()})).expect(201).await.json();
            assert_eq!(booked["start"], format!("2026-10-25T02:30:00{offset}"));
        }
    }

    async fn an_expired_hold_keeps_nobody_out(app: App) {
        let a = app.business("a").await;
        let seed = app.seed(&a).await;
        let hold = async |start: &str| app.post("/v1/holds", &a.write, &wish(&seed, start)).expect(201).await.id();
        let first = hold("2026-09-01T10:00").await;
        app.post("/v1/bookings", &a.write, &seed.booking_body("2026-09-01T10:00")).expect(409).await;
        expire(&app, &a, &first).await;
        app.get(&format!("/v1/holds/{first}"), &a.read).expect(404).await;
        app.delete(&format!("/v1/holds/{first}"), &a.write).expect(404).await;
        app.post("/v1/bookings", &a.write, &seed.booking_body("2026-09-01T10:00")).expect(201).await;
        let unknown = app.post("/v1/bookings", &a.write, &json!({"hold": first})).expect(422).await;
        assert_eq!(unknown.pointers(), ["/hold"], "it went when its time was needed");

        let second = hold("2026-09-01T12:00").await;
        expire(&app, &a, &second).await;
        let booked = app.post("/v1/bookings", &a.write, &json!({"hold": second})).expect(201).await.json();
        assert_eq!(booked["start"], "2026-09-01T12:00:00+02:00");
        assert_eq!(booked["notices"][0]["pointer"], "/hold", "it gave no right, but the time was free");

        let third = hold("2026-09-01T14:00").await;
        expire(&app, &a, &third).await;
        let moved = app.post(&format!("/v1/bookings/{}/reschedule", seed.booking), &a.write, &json!({"start": "2026-09-01T14:00"}));
        moved.expect(200).await;

        let fourth = hold("2026-09-01T16:00").await;
        expire(&app, &a, &fourth).await;
        let fifth = hold("2026-09-01T16:30").await;
        let late = app.post("/v1/bookings", &a.write, &json!({"hold": fourth})).expect(422).await;
        assert_eq!(late.pointers(), ["/hold"], "a new hold cleared it away");
        app.delete(&format!("/v1/holds/{fifth}"), &a.write).expect(204).await;
    }

    async fn who_is_only_held_can_go_when_the_hold_has_expired(app: App) {
        let a = app.business("a").await;
        let seed = app.seed(&a).await;
        let body = json!({"service": seed.idle_service.to_string(), "start": "2026-09-01T10:00",
            "staff": seed.idle_staff.to_string(), "resources": [seed.idle_resource.to_string()]});
        let held = app.post("/v1/holds", &a.write, &body).expect(201).await.id();
        let paths = [format!("/v1/staff/{}", seed.idle_staff), format!("/v1/resources/{}", seed.idle_resource)];
        for path in &paths {
            assert_eq!(app.delete(path, &a.admin).expect(409).await.problem(), "in-use");
        }
        expire(&app, &a, &held).await;
        for path in &paths {
            app.delete(path, &a.admin).expect(204).await;
        }
    }

    async fn what_was_held_may_be_booked_whatever_the_notice(app: App) {
        let a = app.business("a").await;
        let seed = app.seed(&a).await;
        let held = app.post("/v1/holds", &a.write, &wish(&seed, "2026-08-02T10:00")).expect(201).await.id();
        let notice = json!({"min_notice_minutes": 7 * 1440});
        app.patch(&format!("/v1/services/{}", seed.service), &a.admin, &notice).expect(200).await;
        app.post("/v1/bookings", &a.write, &seed.booking_body("2026-08-02T12:00")).expect(409).await;
        app.post("/v1/bookings", &a.write, &json!({"hold": held})).expect(201).await;
    }

    async fn seats_and_units_are_held_one_by_one(app: App) {
        let a = app.business("a").await;
        let seed = app.seed(&a).await;
        let class = json!({"name": "Yoga", "duration_minutes": 60, "capacity": 2, "kind": "class", "staff": [seed.staff.to_string()]});
        let class = app.post("/v1/services", &a.admin, &class).expect(201).await.id();
        let rental = json!({"name": "Room", "duration_minutes": 60, "resources": [seed.resource.to_string()]});
        let rental = app.post("/v1/services", &a.admin, &rental).expect(201).await.id();
        for (service, start) in [(class, "2026-09-02T10:00"), (rental, "2026-09-02T10:00")] {
            let body = json!({"service": service, "start": start});
            let one = app.post("/v1/holds", &a.write, &body).expect(201).await.id();
            app.post("/v1/holds", &a.write, &body).expect(201).await;
            assert_eq!(app.post("/v1/bookings", &a.write, &body).expect(409).await.problem(), "slot-unavailable");
            app.post("/v1/bookings", &a.write, &json!({"hold": one})).expect(201).await;
            app.post("/v1/holds", &a.write, &body).expect(409).await;
        }
    }

    async fn a_calendar_cannot_be_filled_with_holds(app: App) {
        let a = app.business("a").await;
        let seed = app.seed(&a).await;
        let (tenant, service) = (a.tenant, seed.service);
        let row = move |expires_in: i64| Hold {
            tenant_id: tenant, hold_id: Id::new(), service_id: service, staff_id: None, resource_ids: Ids::default(),
            start_at: now(), end_at: now() + 60, timezone: "UTC".to_owned(), all_day: false,
            expires_at: now() + expires_in, created_at: now(),
        };
        let fill = move |conn: &mut fasti::store::Conn| -> Result<(), Error> {
            // The seed has one.
            (0..998).try_for_each(|_| holds::insert(conn, &row(1)))?;
            (0..10).try_for_each(|_| holds::insert(conn, &row(0)))
        };
        app.store.write(fill).await.unwrap();
        let last = app.post("/v1/holds", &a.write, &wish(&seed, "2026-09-01T10:00")).expect(201).await;
        let refused = app.post("/v1/holds", &a.write, &wish(&seed, "2026-09-01T12:00")).expect(429).await;
        assert_eq!(refused.problem(), "too-many");
        app.post("/v1/bookings", &a.write, &json!({"hold": last.id()})).expect(201).await;
        app.post("/v1/holds", &a.write, &wish(&seed, "2026-09-01T12:00")).expect(201).await;
    }

    async fn a_repeated_hold_is_one(app: App) {
        let a = app.business("a").await;
        let seed = app.seed(&a).await;
        let hold = || app.post("/v1/holds", &a.write, &wish(&seed, "2026-09-01T10:00")).header("idempotency-key", "k");
        let (one, two) = (hold().expect(201).await, hold().expect(201).await);
        assert_eq!(one.body, two.body);
        assert_eq!(two.header("idempotency-replayed"), "true");
    }
}
