//! What can be booked, over REST.

use fasti::store::Id;
use serde_json::{Value, json};

use crate::support::{App, Business};

/// Asks for slots; their starts.
async fn starts(app: &App, business: &Business, query: &str) -> Vec<String> {
    let answer = app.get(&format!("/v1/availability?{query}"), &business.read).expect(200).await.json();
    let slots = answer["slots"].as_array().unwrap().iter();
    slots.map(|slot| slot["start"].as_str().unwrap().to_owned()).collect()
}

on_both! {
    async fn a_booking_takes_its_slots(app: App) {
        let a = app.business("a").await;
        let seed = app.seed(&a).await;
        let query = format!("service={}&from=2026-09-01T09:00&to=2026-09-01T12:00", seed.service);
        let before = starts(&app, &a, &query).await;
        assert_eq!(before.len(), 12, "every quarter of three hours: {before:?}");
        assert_eq!(before[0], "2026-09-01T09:00:00+02:00");
        app.post("/v1/bookings", &a.write, &seed.booking_body("2026-09-01T10:00")).expect(201).await;
        // An hour's booking at ten leaves nine o'clock, and eleven on.
        let left = ["09:00", "11:00", "11:15", "11:30", "11:45"].map(|at| format!("2026-09-01T{at}:00+02:00"));
        assert_eq!(starts(&app, &a, &query).await, left);
        let first = starts(&app, &a, &format!("{query}&limit=1")).await;
        assert_eq!(first, left[..1]);
        let absolute = query.replace(":00", ":00:00%2B02:00");
        let elsewhere = starts(&app, &a, &format!("{absolute}&timezone=America/New_York")).await;
        assert_eq!(elsewhere.len(), left.len());
        assert!(elsewhere[0].ends_with("-04:00"), "in the zone of who asks: {elsewhere:?}");
    }

    async fn the_day_a_date_names_is_asked_about(app: App) {
        let a = app.business("a").await;
        let seed = app.seed(&a).await;
        let query = format!("service={}&from=2026-09-01&to=2026-09-01", seed.service);
        let all = starts(&app, &a, &query).await;
        assert_eq!((all.len(), all[95].as_str()), (96, "2026-09-01T23:45:00+02:00"));
        let days = format!("/v1/availability/days?service={}&from=2026-09-01&to=2026-09-02", seed.service);
        let days = app.get(&days, &a.read).expect(200).await.json();
        assert_eq!(days["days"][0], json!({"date": "2026-09-01", "available": true, "remaining": 96, "slots": 96}));
        assert_eq!(days["days"].as_array().unwrap().len(), 2);
    }

    async fn units_of_a_resource_are_left_by_the_day(app: App) {
        let a = app.business("a").await;
        let seed = app.seed(&a).await;
        let service = json!({
            "name": "Excavator", "duration_minutes": 1440, "kind": "rental", "resources": [seed.resource.to_string()],
        });
        let service = app.post("/v1/services", &a.admin, &service).expect(201).await.id();
        let rent = |from: &str, to: &str| json!({"service": service, "start": from, "end": to});
        app.post("/v1/bookings", &a.write, &rent("2026-09-02", "2026-09-04")).expect(201).await;
        let days = format!("/v1/availability/days?resource={}&from=2026-09-01&to=2026-09-04", seed.resource);
        let left = |answer: Value| -> Vec<u64> {
            answer["days"].as_array().unwrap().iter().map(|day| day["remaining"].as_u64().unwrap()).collect()
        };
        assert_eq!(left(app.get(&days, &a.read).expect(200).await.json()), [2, 1, 1, 2]);
        app.post("/v1/bookings", &a.write, &rent("2026-09-03", "2026-09-04")).expect(201).await;
        let of_service = format!("/v1/availability/days?service={service}&from=2026-09-01&to=2026-09-04");
        let answer = app.get(&of_service, &a.read).expect(200).await.json();
        assert_eq!(left(answer.clone()), [2, 1, 0, 2], "the last one is gone on the third");
        assert_eq!(answer["days"][2]["available"], false);
        let refused = app.post("/v1/bookings", &a.write, &rent("2026-09-03", "2026-09-05")).expect(409).await;
        assert_eq!(refused.problem(), "slot-unavailable");
    }

    async fn a_refusal_says_what_is_free_and_why_not(app: App) {
        let a = app.business("a").await;
        let seed = app.seed(&a).await;
        let taken = app.post("/v1/bookings", &a.write, &seed.booking_body("2026-09-01T10:00")).expect(201).await;
        let refused = app.post("/v1/bookings", &a.write, &seed.booking_body("2026-09-01T10:30")).expect(409).await;
        let offers = refused.json()["alternatives"].clone();
        let offers: Vec<&str> = offers.as_array().unwrap().iter().map(|slot| slot["start"].as_str().unwrap()).collect();
        assert_eq!(offers.len(), 5, "{}", refused.body);
        assert_eq!(offers[0], "2026-09-01T11:00:00+02:00", "the nearest of the day");
        let mut again = seed.booking_body("2026-09-01T10:30");
        again["start"] = json!(offers[0]);
        app.post("/v1/bookings", &a.write, &again).expect(201).await;
        let why = format!("/v1/availability/explain?service={}&start=2026-09-01T10:30", seed.service);
        let why = app.get(&why, &a.read).expect(200).await.json();
        assert_eq!(why["available"], false);
        let reason = &why["reasons"][0];
        assert_eq!((&reason["kind"], &reason["ref"]), (&json!("booking"), &json!(taken.id())), "{why}");
        let free = format!("/v1/availability/explain?service={}&start=2026-09-01T14:00", seed.service);
        assert_eq!(app.get(&free, &a.read).expect(200).await.json(), json!({"available": true, "reasons": []}));
        let gap = format!("/v1/availability/explain?service={}&start=2027-03-28T02:30", seed.service);
        assert_eq!(app.get(&gap, &a.read).expect(200).await.json()["reasons"][0]["kind"], "gap");
        let path = format!("/v1/bookings/{}/alternatives", taken.id());
        let moves = app.get(&path, &a.read).expect(200).await.json();
        assert_eq!(moves["alternatives"].as_array().unwrap().len(), 5, "{moves}");
        let moved = app.post(&format!("/v1/bookings/{}/reschedule", taken.id()), &a.write, &json!({"start": offers[0]}));
        let moved = moved.expect(409).await.json();
        // Its own time does not stand in its way, so ten and earlier are offered.
        assert!(moved["alternatives"].as_array().unwrap().len() == 5, "{moved}");
    }

    async fn terms_of_a_service_hold(app: App) {
        let a = app.business("a").await;
        let seed = app.seed(&a).await;
        let terms = json!({
            "name": "Consultation", "duration_minutes": 30, "staff": [seed.staff.to_string()],
            "slot_step_minutes": 30, "min_notice_minutes": 60, "max_advance_days": 60,
        });
        let service = app.post("/v1/services", &a.admin, &terms).expect(201).await.id();
        let book = |start: &str| {
            let body = json!({"service": service, "start": start});
            app.post("/v1/bookings", &a.write, &body)
        };
        let far = book("2027-09-01T10:00").expect(409).await;
        assert!(far.json()["detail"].as_str().unwrap().contains("too far ahead"), "{}", far.body);
        let crooked = book("2026-08-10T10:07").expect(409).await;
        assert!(crooked.json()["detail"].as_str().unwrap().contains("do not begin at this time"), "{}", crooked.body);
        book("2026-08-10T10:30").expect(201).await;
    }

    async fn a_class_is_filled_to_its_last_seat(app: App) {
        let a = app.business("a").await;
        let seed = app.seed(&a).await;
        let class = json!({
            "name": "Yoga", "duration_minutes": 60, "kind": "class", "capacity": 3, "staff": [seed.staff.to_string()],
        });
        let class = app.post("/v1/services", &a.admin, &class).expect(201).await.id();
        let query = format!("service={class}&from=2026-09-01T10:00&to=2026-09-01T10:01");
        for left in [3, 2, 1] {
            let answer = app.get(&format!("/v1/availability?{query}"), &a.read).expect(200).await.json();
            assert_eq!(answer["slots"][0]["remaining"], left, "{answer}");
            let body = json!({"service": class, "start": "2026-09-01T10:00", "customer": {"name": format!("Guest {left}")}});
            app.post("/v1/bookings", &a.write, &body).expect(201).await;
        }
        let full = app.get(&format!("/v1/availability?{query}"), &a.read).expect(200).await.json();
        assert_eq!(full["slots"], json!([]));
        let why = format!("/v1/availability/explain?service={class}&start=2026-09-01T10:00");
        assert_eq!(app.get(&why, &a.read).expect(200).await.json()["reasons"][0]["kind"], "full");
    }

    async fn everyone_at_once(app: App) {
        let a = app.business("a").await;
        let seed = app.seed(&a).await;
        let both = json!({
            "name": "Shave", "duration_minutes": 60, "staff": [seed.staff.to_string(), seed.idle_staff.to_string()],
        });
        let both = app.post("/v1/services", &a.admin, &both).expect(201).await.id();
        app.post("/v1/bookings", &a.write, &seed.booking_body("2026-09-01T10:00")).expect(201).await;
        let ask = json!({"services": [both], "from": "2026-09-01T10:00", "to": "2026-09-01T10:01"});
        let answer = app.post("/v1/availability/bulk", &a.read, &ask).expect(200).await.json();
        let items = answer["items"].as_array().unwrap();
        let slots = |who: Id| items.iter().find(|i| i["who"] == who.to_string()).unwrap()["slots"].as_array().unwrap().len();
        assert_eq!((slots(seed.staff), slots(seed.idle_staff)), (0, 1), "{answer}");
        // Whoever is less busy that day is taken when anyone will do.
        let body = json!({"service": both, "start": "2026-09-01T15:00"});
        let made = app.post("/v1/bookings", &a.write, &body).expect(201).await.json();
        assert_eq!(made["staff"], seed.idle_staff.to_string());
    }

    async fn wrong_questions_are_named(app: App) {
        let a = app.business("a").await;
        let seed = app.seed(&a).await;
        let service = format!("service={}", seed.service);
        for (query, status, pointer) in [
            ("from=2026-09-01&to=2026-09-02".to_owned(), 400, None),
            (format!("{service}&from=2026-13-01&to=2026-09-02"), 400, Some("/from")),
            (format!("{service}&from=2026-09-02&to=2026-09-01T00:00"), 422, Some("/to")),
            (format!("{service}&from=2026-09-02&to=2028-09-01"), 422, Some("/to")),
            (format!("{service}&from=2026-09-01&to=2026-09-02&timezone=Mars/Base"), 400, Some("/timezone")),
            (format!("{service}&from=2026-09-01&to=2026-09-02&limit=0"), 400, Some("/limit")),
            (format!("{service}&from=2026-09-01&to=2026-09-02&staff={}", seed.customer), 422, Some("/staff")),
            (format!("{service}&from=2026-09-01&to=2026-09-02&colour=red"), 400, None),
        ] {
            let answer = app.get(&format!("/v1/availability?{query}"), &a.read).expect(status).await;
            if let Some(pointer) = pointer {
                assert_eq!(answer.pointers(), [pointer], "{query}: {}", answer.body);
            }
        }
    }
}
