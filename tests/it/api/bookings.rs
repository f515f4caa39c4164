//! Bookings over REST.

use fasti::auth::BookingToken;
use serde_json::{Value, json};

on_both! {
    async fn a_booking_and_all_it_shows(app: App) {
        let a = app.business("a").await;
        let seed = app.seed(&a).await;
        app.changed();
        let mut body = seed.booking_body("2026-09-01T10:00:00+02:00");
        body["notes"] = json!("Likes tea");
        body["external_ref"] = json!("pos-77");
        let made = app.post("/v1/bookings", &a.write, &body).expect(201).await;
        let view = made.json();
        for (field, value) in [
            ("sequence", json!(0)), ("status", json!("confirmed")), ("kind", json!("appointment")),
            ("service", json!(seed.service.to_string())), ("staff", json!(seed.staff.to_string())),
            ("resources", json!([])), ("start", json!("2026-09-01T10:00:00+02:00")),
            ("end", json!("2026-09-01T11:00:00+02:00")), ("timezone", json!("Europe/Berlin")),
            ("all_day", json!(false)), ("rrule", Value::Null), ("notes", json!("Likes tea")),
            ("external_ref", json!("pos-77")), ("order", Value::Null), ("synced_to", json!([])),
        ] {
            assert_eq!(view[field], value, "{field}");
        }
        assert_eq!(view["customer"]["email"], "ann@guest.example");
        assert_eq!(view.get("notices"), None);
        let manage = view["links"]["manage"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
        assert_eq!(BookingToken::read(&manage).unwrap().booking.to_string(), made.id());
        assert!(view["links"]["ics"].as_str().unwrap().ends_with(".ics"));
        assert!(app.changed().contains(&seed.staff));
        let path = format!("/v1/bookings/{}", made.id());
        assert_eq!(app.get(&path, &a.read).expect(200).await.json(), view);
        let taken = app.post("/v1/bookings", &a.write, &seed.booking_body("2026-09-01T10:30")).expect(409).await;
        assert_eq!(taken.problem(), "slot-unavailable");
        body["start"] = json!("2026-09-05T10:00");
        let twin = app.post("/v1/bookings", &a.write, &body).expect(409).await;
        assert_eq!(twin.problem(), "already-exists");
    }

    /// Ben has less to do that day, but Anna's class has the room.
    async fn a_class_is_joined_where_no_room_is_left_for_another(app: App) {
        let a = app.business("a").await;
        let seed = app.seed(&a).await;
        let room = app.post("/v1/resources", &a.admin, &json!({"name": "Studio", "kind": "room"})).expect(201).await.id();
        let team = [seed.staff.to_string(), seed.idle_staff.to_string()];
        let class = json!({
            "name": "Yoga", "duration_minutes": 60, "capacity": 2, "kind": "class", "staff": team, "resources": [room],
        });
        let class = app.post("/v1/services", &a.admin, &class).expect(201).await.id();
        let seat = json!({"service": class, "start": "2026-09-01T10:00"});
        let mut annas = seat.clone();
        annas["staff"] = json!(team[0]);
        app.post("/v1/bookings", &a.write, &annas).expect(201).await;
        let joined = app.post("/v1/bookings", &a.write, &seat).expect(201).await.json();
        assert_eq!((&joined["staff"], &joined["resources"]), (&json!(team[0]), &json!([room])));
        let full = app.post("/v1/bookings", &a.write, &seat).expect(409).await;
        assert_eq!(full.problem(), "slot-unavailable");
    }

    async fn a_calendar_file_is_sent_once(app: App) {
        let a = app.business("a").await;
        let seed = app.seed(&a).await;
        let path = format!("/v1/bookings/{}/calendar.ics", seed.booking);
        let file = app.get(&path, &a.read).expect(200).await;
        assert!(file.body.starts_with("BEGIN:VCALENDAR"));
        let tag = file.header("etag").to_owned();
        assert!(tag.len() > 10 && tag.starts_with('"'), "{tag}");
        for known in [tag.clone(), format!("W/{tag}"), format!("\"other\", {tag}"), "*".to_owned()] {
            let same = app.get(&path, &a.read).header("if-none-match", &known).expect(304).await;
            assert_eq!((same.header("etag"), same.body.as_str()), (&*tag, ""), "{known}");
        }
        app.patch(&format!("/v1/bookings/{}", seed.booking), &a.write, &json!({"notes": "Tea"})).expect(200).await;
        let changed = app.get(&path, &a.read).header("if-none-match", &tag).expect(200).await;
        assert_ne!(changed.header("etag"), tag);
    }

    async fn the_life_of_a_booking(app: App) {
        let a = app.business("a").await;
        let seed = app.seed(&a).await;
        let made = app.post("/v1/bookings", &a.write, &seed.booking_body("2026-09-01T10:00")).expect(201).await;
        let path = format!("/v1/bookings/{}", made.id());
        let act = |action: &str, body: Value| app.post(&format!("{path}/{action}"), &a.write, &body);
        let moved = act("reschedule", json!({"start": "2026-09-02T09:00", "scope": "all"})).expect(200).await.json();
        assert_eq!((&moved["uid"], &moved["sequence"]), (&made.json()["uid"], &json!(1)));
        assert_eq!(moved["end"], "2026-09-02T10:00:00+02:00");
        act("reschedule", json!({"start": "2026-09-02T09:00", "scope": "this"})).expect(200).await;
        act("reschedule", json!({"start": "2026-09-02T09:00", "scope": "each"})).expect(422).await;
        assert_eq!(act("reschedule", json!({})).expect(422).await.pointers(), ["/start"]);
        let reassigned = app.patch(&path, &a.write, &json!({"staff": seed.idle_staff.to_string(), "notes": "x"}));
        let refused = reassigned.expect(422).await;
        assert_eq!(refused.pointers(), ["/staff"], "who does not serve the service");
        app.patch(&path, &a.write, &json!({"notes": "Tea"})).expect(200).await;
        app.patch(&path, &a.write, &json!({"notes": null, "customer": null})).expect(200).await;
        assert_eq!(app.get(&path, &a.read).expect(200).await.json()["customer"], Value::Null);
        act("no-show", json!({})).expect(200).await;
        assert_eq!(act("cancel", json!({})).expect(409).await.problem(), "wrong-state");
        let history = app.get(&format!("{path}/history"), &a.read).expect(200).await.json();
        let actions: Vec<&str> = history["items"].as_array().unwrap().iter()
            .map(|change| change["action"].as_str().unwrap()).collect();
        assert_eq!(actions, ["created", "rescheduled", "changed", "changed", "no_show"]);
        assert_eq!(history["items"][0]["actor"], "token:write of the test");
        assert_eq!(history["items"][1]["changes"]["start"], json!(["2026-09-01T10:00:00", "2026-09-02T09:00:00"]));
    }

    async fn customers_come_by_name_or_by_id(app: App) {
        let (a, b) = (app.business("a").await, app.business("b").await);
        let (seed, theirs) = (app.seed(&a).await, app.seed(&b).await);
        let body = |day: u32, field: &str, value: Value| {
            let mut body = seed.booking_body(&format!("2026-10-{day:02}T10:00"));
            body.as_object_mut().unwrap().remove("customer");
            body[field] = value;
            body
        };
        let post = |body: Value| app.post("/v1/bookings", &a.write, &body);
        let ann = json!({"name": "Ann", "email": "ann@guest.example"});
        let first = post(body(1, "customer", ann.clone())).expect(201).await.json()["customer"]["id"].clone();
        let again = post(body(2, "customer", json!({"name": "ANN", "email": "ann@guest.example", "phone": "030 1"})));
        let again = again.expect(201).await.json();
        assert_eq!((&again["customer"]["id"], &again["customer"]["phone"]), (&first, &json!("030 1")));
        let known = post(body(3, "customer_id", first.clone())).expect(201).await.json();
        assert_eq!(known["customer"]["id"], first);
        for foreign in [theirs.customer, seed.staff] {
            let refused = post(body(4, "customer_id", json!(foreign.to_string()))).expect(422).await;
            assert_eq!(refused.pointers(), ["/customer_id"]);
        }
        let bad = post(body(4, "customer", json!({"name": "a\nb", "email": "x", "phone": "x"}))).expect(422).await;
        assert_eq!(bad.pointers(), ["/customer/name", "/customer/email", "/customer/phone"]);
        let mut both = body(4, "customer", ann);
        both["customer_id"] = first;
        assert_eq!(post(both).expect(422).await.pointers(), ["/customer_id"]);
        assert_eq!(post(body(4, "customer", json!(["Ann"]))).expect(422).await.pointers(), ["/customer"]);
    }

    async fn an_hour_that_happens_twice_is_told(app: App) {
        let a = app.business("a").await;
        let seed = app.seed(&a).await;
        let made = app.post("/v1/bookings", &a.write, &seed.booking_body("2026-10-25T02:30")).expect(201).await.json();
        assert_eq!(made["start"], "2026-10-25T02:30:00+02:00");
        assert_eq!(made["notices"][0]["pointer"], "/start");
        let gap = app.post("/v1/bookings", &a.write, &seed.booking_body("2027-03-28T02:30")).expect(422).await;
        assert_eq!(gap.pointers(), ["/start"]);
    }
}
