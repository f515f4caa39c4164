//! Several items that are booked together or not at all.

use fasti::store::Id;
use serde_json::{Value, json};

use super::holds::expire;
use crate::support::{App, Business, Seed};

fn order(items: &[Value]) -> Value {
    json!({"customer": {"name": "Ann Guest", "email": "ann@guest.example"}, "items": items})
}

fn item(seed: &Seed, start: &str) -> Value {
    json!({"service": seed.service.to_string(), "start": start})
}

fn with(mut body: Value, field: &str, value: Value) -> Value {
    body[field] = value;
    body
}

async fn bookings(app: &App, business: &Business) -> Vec<Value> {
    let list = app.get("/v1/bookings?limit=200", &business.read).expect(200).await.json();
    list["items"].as_array().unwrap().clone()
}

on_both! {
    async fn an_order_becomes_a_booking_an_item(app: App) {
        let a = app.business("a").await;
        let seed = app.seed(&a).await;
        let named = with(item(&seed, "2026-09-01T10:00"), "staff", json!(seed.staff.to_string()));
        let long = with(item(&seed, "2026-09-02T08:00:00Z"), "end", json!("2026-09-02T09:30:00Z"));
        let roomy = with(item(&seed, "2026-10-25T02:30"), "resources", json!([seed.resource.to_string()]));
        let items = [with(named, "notes", json!("Likes tea")), long, with(roomy, "timezone", json!("Europe/Paris"))];
        let made = app.post("/v1/orders", &a.write, &order(&items)).expect(201).await;
        let view = made.json();
        assert_eq!((&view["status"], &view["customer"]["email"]), (&json!("pending"), &json!("ann@guest.example")));
        assert_eq!(view["items"][0], json!({
            "service": seed.service.to_string(), "staff": seed.staff.to_string(), "resources": null,
            "start": "2026-09-01T10:00:00+02:00", "end": "2026-09-01T11:00:00+02:00", "timezone": "Europe/Berlin",
            "all_day": false, "notes": "Likes tea", "hold": null, "booking": null,
        }));
        assert_eq!(view["items"][1]["end"], "2026-09-02T11:30:00+02:00");
        assert_eq!(view["notices"][0]["pointer"], "/items/2/start", "it happens twice");
        assert_eq!(bookings(&app, &a).await.len(), 1, "nothing is taken");
        let path = format!("/v1/orders/{}", made.id());
        app.changed();
        let confirm = || app.post(&format!("{path}/confirm"), &a.write, &json!({}));
        confirm().header("if-match", "\"v7\"").expect(412).await;
        let confirmed = confirm().header("if-match", made.header("etag")).expect(200).await;
        assert!(app.changed().contains(&seed.staff));
        let done = confirmed.json();
        assert_eq!(done["status"], "confirmed");
        assert_eq!(confirmed.header("etag"), "\"v2\"");
        for (i, item) in done["items"].as_array().unwrap().iter().enumerate() {
            let booking = app.get(&format!("/v1/bookings/{}", item["booking"].as_str().unwrap()), &a.read);
            let booking = booking.expect(200).await.json();
            for field in ["start", "end", "service", "timezone", "notes"] {
                assert_eq!(booking[field], item[field], "{field} of {i}");
            }
            assert_eq!((&booking["order"], &booking["status"]), (&json!(made.id()), &json!("confirmed")));
            assert_eq!(booking["customer"], done["customer"]);
            assert_eq!(booking["staff"], seed.staff.to_string());
        }
        let again = confirm().expect(200).await;
        assert_eq!((again.body, again.headers), (confirmed.body, confirmed.headers), "twice is once");
        assert_eq!(bookings(&app, &a).await.len(), 4);
        assert_eq!(app.get(&path, &a.read).expect(200).await.json(), done);
        let list = app.get("/v1/orders?limit=1", &a.read).expect(200).await.json();
        assert_eq!(list["items"][0]["id"], seed.order.to_string());
        let next = list["next_cursor"].as_str().unwrap();
        let rest = app.get(&format!("/v1/orders?cursor={next}"), &a.read).expect(200).await.json();
        assert_eq!(rest["items"], json!([done]));
    }

    async fn all_or_none(app: App) {
        let a = app.business("a").await;
        let seed = app.seed(&a).await;
        app.post("/v1/bookings", &a.write, &seed.booking_body("2026-09-01T12:00")).expect(201).await;
        app.post("/v1/holds", &a.write, &item(&seed, "2026-09-01T14:00")).expect(201).await;
        let starts = ["2026-09-01T14:30", "2026-09-01T10:00", "2026-09-01T12:30", "2026-09-03T10:00"];
        let items: Vec<Value> = starts.iter().map(|start| item(&seed, start)).collect();
        let mut new = order(&items);
        new["customer"]["email"] = json!("new@guest.example");
        let made = app.post("/v1/orders", &a.write, &new).expect(201).await;
        let path = format!("/v1/orders/{}", made.id());
        let before = bookings(&app, &a).await;
        app.changed();
        let refused = app.post(&format!("{path}/confirm"), &a.write, &json!({})).expect(409).await;
        assert_eq!(refused.problem(), "slot-unavailable");
        assert_eq!(refused.pointers(), ["/items/0", "/items/2"]);
        assert!(refused.json()["errors"][1]["detail"].as_str().unwrap().contains("Anna Berger"), "{}", refused.body);
        assert_eq!(bookings(&app, &a).await, before, "nothing is kept");
        assert_eq!(app.changed(), []);
        assert_eq!(app.get(&path, &a.read).expect(200).await.json(), made.json());
        app.post("/v1/bookings", &a.write, &seed.booking_body("2026-09-01T10:00")).expect(201).await;
    }

    async fn what_cannot_be_ordered_is_named(app: App) {
        let (a, b) = (app.business("a").await, app.business("b").await);
        let (seed, theirs) = (app.seed(&a).await, app.seed(&b).await);
        let post = |body: Value| app.post("/v1/orders", &a.write, &body);
        let good = item(&seed, "2026-09-01T10:00");
        for (pointer, field, value) in [
            ("/items/1/service", "service", json!(theirs.service.to_string())), ("/items/1/service", "service", json!(1)),
            ("/items/1/staff", "staff", json!(seed.idle_staff.to_string())),
            ("/items/1/resources/0", "resources", json!([theirs.resource.to_string()])),
            ("/items/1/start", "start", json!("2026-07-01T10:00")), ("/items/1/start", "start", json!("never")),
            ("/items/1/end", "end", json!("2026-09-01T10:00")), ("/items/1/timezone", "timezone", json!("Mars/Olympus")),
            ("/items/1/notes", "notes", json!("a\u{0}b")), ("/items/1/hold", "hold", json!(Id::new().to_string())),
        ] {
            let bad = with(item(&seed, "2026-09-01T12:00"), field, value);
            assert_eq!(post(order(&[good.clone(), bad.clone()])).expect(422).await.pointers(), [pointer], "{bad}");
        }
        let mut many = order(&[with(good.clone(), "start", json!("x")), with(good.clone(), "staff", json!(theirs.staff.to_string()))]);
        many["customer"]["email"] = json!("nobody");
        let all = post(many).expect(422).await;
        assert_eq!(all.pointers(), ["/items/0/start", "/items/1/staff", "/customer/email"]);
        for items in [Vec::new(), vec![good.clone(); 51]] {
            assert_eq!(post(order(&items)).expect(422).await.pointers(), ["/items"]);
        }
        assert_eq!(post(json!({"items": [good]})).expect(422).await.pointers(), ["/customer"]);
        assert_eq!(post(json!({"customer_id": theirs.customer.to_string(), "items": [good]})).expect(422).await.pointers(), ["/customer_id"]);
        let both = with(order(std::slice::from_ref(&good)), "customer_id", json!(seed.customer.to_string()));
        assert_eq!(post(both).expect(422).await.pointers(), ["/customer_id"]);
        let fifty: Vec<Value> = (0..50).map(|i| item(&seed, &format!("2026-09-{:02}T{:02}:00", 1 + i / 10, 8 + i % 10))).collect();
        let made = app.post("/v1/orders", &a.write, &order(&fifty)).expect(201).await;
        app.post(&format!("/v1/orders/{}/confirm", made.id()), &a.write, &json!({})).expect(200).await;
    }

    async fn items_do_not_overlap_each_other(app: App) {
        let a = app.business("a").await;
        let seed = app.seed(&a).await;
        let staffed = |start: &str| with(item(&seed, start), "staff", json!(seed.staff.to_string()));
        let items = [staffed("2026-09-01T10:00"), staffed("2026-09-01T11:00"), staffed("2026-09-01T10:59")];
        let refused = app.post("/v1/orders", &a.write, &order(&items)).expect(422).await;
        assert_eq!(refused.pointers(), ["/items/2/start"]);
        let anybody = [item(&seed, "2026-09-01T10:00"), item(&seed, "2026-09-01T10:30")];
        let made = app.post("/v1/orders", &a.write, &order(&anybody)).expect(201).await;
        let confirm = format!("/v1/orders/{}/confirm", made.id());
        assert_eq!(app.post(&confirm, &a.write, &json!({})).expect(409).await.pointers(), ["/items/1"]);
        let class = json!({"name": "Yoga", "duration_minutes": 60, "capacity": 2, "kind": "class", "staff": [seed.staff.to_string()]});
        let class = app.post("/v1/services", &a.admin, &class).expect(201).await.id();
        let seat = with(staffed("2026-09-01T10:00"), "service", json!(class));
        let made = app.post("/v1/orders", &a.write, &order(&[seat.clone(), seat])).expect(201).await;
        app.post(&format!("/v1/orders/{}/confirm", made.id()), &a.write, &json!({})).expect(200).await;
    }

    async fn an_item_takes_over_what_is_held(app: App) {
        let a = app.business("a").await;
        let seed = app.seed(&a).await;
        let hold = async |start: &str| app.post("/v1/holds", &a.write, &item(&seed, start)).expect(201).await.id();
        let (early, late) = (hold("2026-09-01T10:00").await, hold("2026-09-01T14:00").await);
        let post = |items: &[Value]| app.post("/v1/orders", &a.write, &order(items));
        let of = |hold: &str| json!({"hold": hold});
        for (pointer, items) in [
            ("/items/1/hold", [of(&early), of(&early)]),
            ("/items/1/start", [of(&early), with(of(&late), "start", json!("2026-09-01T15:00"))]),
            ("/items/1/service", [of(&early), with(of(&late), "service", json!(seed.idle_service.to_string()))]),
            ("/items/1/service", [of(&early), json!({"start": "2026-09-01T17:00"})]),
            ("/items/1/start", [of(&early), json!({"service": seed.service.to_string()})]),
        ] {
            assert_eq!(post(&items).expect(422).await.pointers(), [pointer]);
        }
        let items = [item(&seed, "2026-09-01T17:00"), with(of(&early), "notes", json!("Likes tea")), of(&late)];
        let made = post(&items).expect(201).await;
        let view = made.json();
        assert_eq!(view["items"][1], json!({
            "service": seed.service.to_string(), "staff": seed.staff.to_string(), "resources": null,
            "start": "2026-09-01T10:00:00+02:00", "end": "2026-09-01T11:00:00+02:00", "timezone": "Europe/Berlin",
            "all_day": false, "notes": "Likes tea", "hold": early, "booking": null,
        }));
        let taken = app.post("/v1/bookings", &a.write, &seed.booking_body("2026-09-01T10:00")).expect(409).await;
        assert_eq!(taken.problem(), "slot-unavailable", "it is held still");
        let confirm = format!("/v1/orders/{}/confirm", made.id());
        let done = app.post(&confirm, &a.write, &json!({})).expect(200).await.json();
        for i in 0..3 {
            let booking = format!("/v1/bookings/{}", done["items"][i]["booking"].as_str().unwrap());
            assert_eq!(app.get(&booking, &a.read).expect(200).await.json()["start"], done["items"][i]["start"]);
        }
        for hold in [&early, &late] {
            app.get(&format!("/v1/holds/{hold}"), &a.read).expect(404).await;
        }
        let void = hold("2026-09-03T10:00").await;
        expire(&app, &a, &void).await;
        let late = post(&[of(&void)]).expect(201).await;
        assert_eq!(late.json()["notices"][0]["pointer"], "/items/0/hold", "it has expired");
        let confirm = format!("/v1/orders/{}/confirm", late.id());
        app.post(&confirm, &a.write, &json!({})).expect(200).await;
        // Booked by somebody else, a hold gives no right to its time any more.
        let gone = hold("2026-09-02T10:00").await;
        let made = post(&[of(&gone)]).expect(201).await;
        app.post("/v1/bookings", &a.write, &with(of(&gone), "customer", json!({"name": "Bea"}))).expect(201).await;
        let confirm = format!("/v1/orders/{}/confirm", made.id());
        assert_eq!(app.post(&confirm, &a.write, &json!({})).expect(409).await.pointers(), ["/items/0"]);
    }

    async fn an_order_is_cancelled_with_what_stands_of_it(app: App) {
        let a = app.business("a").await;
        let seed = app.seed(&a).await;
        let items = ["2026-09-01T10:00", "2026-09-02T10:00", "2026-09-03T10:00"].map(|start| item(&seed, start));
        let made = app.post("/v1/orders", &a.write, &order(&items)).expect(201).await;
        let path = format!("/v1/orders/{}", made.id());
        let act = |action: &str, body: Value| app.post(&format!("{path}/{action}"), &a.write, &body);
        let confirmed = act("confirm", json!({})).expect(200).await.json();
        let booking = |i: usize| format!("/v1/bookings/{}", confirmed["items"][i]["booking"].as_str().unwrap());
        app.post(&format!("{}/complete", booking(0)), &a.write, &json!({})).expect(200).await;
        app.post(&format!("{}/cancel", booking(1)), &a.write, &json!({"reason": "ill"})).expect(200).await;
        assert_eq!(act("cancel", json!({"reason": "x\u{0}"})).expect(422).await.pointers(), ["/reason"]);
        act("cancel", json!({})).header("if-match", "\"v1\"").expect(412).await;
        app.changed();
        let cancelled = act("cancel", json!({"reason": "moved away"})).expect(200).await;
        assert!(app.changed().contains(&seed.staff));
        assert_eq!(cancelled.json()["status"], "cancelled");
        let states = async || {
            let mut states = Vec::new();
            for i in 0..3 {
                let booking = app.get(&booking(i), &a.read).expect(200).await.json();
                states.push((booking["status"].clone(), booking["cancel_reason"].clone()));
            }
            states
        };
        assert_eq!(states().await, [
            (json!("completed"), Value::Null), (json!("cancelled"), json!("ill")), (json!("cancelled"), json!("moved away")),
        ]);
        assert_eq!(act("cancel", json!({"reason": "again"})).expect(200).await.body, cancelled.body);
        assert_eq!(act("confirm", json!({})).expect(409).await.problem(), "wrong-state");
        app.post("/v1/bookings", &a.write, &seed.booking_body("2026-09-03T10:00")).expect(201).await;
        let pending = format!("/v1/orders/{}/cancel", seed.order);
        assert_eq!(app.post(&pending, &a.write, &json!({})).expect(200).await.json()["items"][0]["booking"], Value::Null);
    }

    async fn an_order_of_nobody_any_more_stays_pending(app: App) {
        let a = app.business("a").await;
        let seed = app.seed(&a).await;
        let body = json!({"customer_id": seed.idle_customer.to_string(), "items": [item(&seed, "2026-09-01T10:00")]});
        let made = app.post("/v1/orders", &a.write, &body).expect(201).await;
        app.delete(&format!("/v1/customers/{}", seed.idle_customer), &a.write).expect(204).await;
        let confirm = format!("/v1/orders/{}/confirm", made.id());
        assert_eq!(app.post(&confirm, &a.write, &json!({})).expect(409).await.problem(), "wrong-state");
        let body = with(order(&[item(&seed, "2026-09-01T10:00")]), "items", json!([{
            "service": seed.idle_service.to_string(), "start": "2026-09-01T10:00", "staff": seed.idle_staff.to_string(),
        }]));
        let made = app.post("/v1/orders", &a.write, &body).expect(201).await;
        app.delete(&format!("/v1/staff/{}", seed.idle_staff), &a.admin).expect(204).await;
        let confirm = format!("/v1/orders/{}/confirm", made.id());
        assert_eq!(app.post(&confirm, &a.write, &json!({})).expect(422).await.pointers(), ["/items/0/staff"]);
    }
}
