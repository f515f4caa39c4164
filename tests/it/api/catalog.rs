//! Resources and services.

use serde_json::{Value, json};

on_both! {
    async fn a_service_with_its_defaults(app: App) {
        let a = app.business("a").await;
        let body = json!({"name": "Cut", "duration_minutes": 45});
        let made = app.post("/v1/services", &a.admin, &body).expect(201).await.json();
        assert_eq!((&made["kind"], &made["capacity"]), (&json!("appointment"), &json!(1)));
        assert_eq!(made["reminders_minutes"], json!([1440, 60]));
        assert_eq!((&made["staff"], &made["buffer_after_minutes"]), (&json!([]), &json!(0)));
        let yoga = json!({"name": "Yoga", "duration_minutes": 60, "capacity": 12, "color": "SteelBlue"});
        let yoga = app.post("/v1/services", &a.admin, &yoga).expect(201).await.json();
        assert_eq!((&yoga["kind"], &yoga["color"]), (&json!("class"), &json!("steelblue")));
        let two_seats = json!({"name": "X", "duration_minutes": 60, "capacity": 2, "kind": "appointment"});
        assert_eq!(app.post("/v1/services", &a.admin, &two_seats).expect(422).await.pointers(), ["/capacity"]);
    }

    async fn who_serves_is_of_this_business(app: App) {
        let (a, b) = (app.business("a").await, app.business("b").await);
        let (ours, theirs) = (app.seed(&a).await, app.seed(&b).await);
        let path = format!("/v1/services/{}", ours.service);
        let set = |body: Value| app.patch(&path, &a.admin, &body);
        let (staff, idle) = (ours.staff.to_string(), ours.idle_staff.to_string());
        let changed = set(json!({"staff": [idle, staff, idle], "resources": [ours.resource.to_string()]}));
        let changed = changed.expect(200).await.json();
        assert_eq!(changed["staff"], json!([staff, idle]), "each once, the oldest first");
        for wrong in [theirs.staff, ours.customer, ours.resource] {
            let refused = set(json!({"staff": [staff, wrong.to_string()]})).expect(422).await;
            assert_eq!(refused.pointers(), ["/staff/1"]);
        }
        assert_eq!(set(json!({"resources": [staff]})).expect(422).await.pointers(), ["/resources/0"]);
        assert_eq!(set(json!({"staff": ["7"]})).expect(422).await.pointers(), ["/staff/0"]);
        app.delete(&format!("/v1/staff/{}", ours.idle_staff), &a.admin).expect(204).await;
        assert_eq!(app.get(&path, &a.read).expect(200).await.json()["staff"], json!([staff]));
    }

    async fn units_that_are_booked_stay(app: App) {
        let a = app.business("a").await;
        let body = json!({"name": "Excavator", "kind": "equipment", "quantity": 3});
        let digger = app.post("/v1/resources", &a.admin, &body).expect(201).await.id();
        let rental = json!({"name": "Rent", "kind": "rental", "duration_minutes": 1440, "resources": [digger]});
        let rental = app.post("/v1/services", &a.admin, &rental).expect(201).await.id();
        let book = json!({
            "service": rental, "resources": [digger], "start": "2026-09-01",
            "customer": {"name": "Bo", "email": "bo@x.example"},
        });
        for _ in 0..2 {
            app.post("/v1/bookings", &a.write, &book).expect(201).await;
        }
        let path = format!("/v1/resources/{digger}");
        app.patch(&path, &a.admin, &json!({"quantity": 2})).expect(200).await;
        let refused = app.patch(&path, &a.admin, &json!({"quantity": 1})).expect(409).await;
        assert_eq!(refused.problem(), "in-use");
        assert_eq!(app.post("/v1/bookings", &a.write, &book).expect(409).await.problem(), "slot-unavailable");
        for wrong in [json!(0), json!(1001), json!(-3), json!(0.5), json!("2"), Value::Null] {
            let body = json!({ "quantity": wrong });
            assert_eq!(app.patch(&path, &a.admin, &body).expect(422).await.pointers(), ["/quantity"], "{body}");
        }
    }

    async fn references_are_unique(app: App) {
        let a = app.business("a").await;
        for (path, body) in [
            ("/v1/resources", json!({"name": "R", "kind": "room", "external_ref": "1"})),
            ("/v1/services", json!({"name": "S", "duration_minutes": 5, "external_ref": "1"})),
        ] {
            let first = app.post(path, &a.admin, &body).expect(201).await.id();
            let twin = app.post(path, &a.admin, &body).expect(409).await;
            assert!(twin.json()["detail"].as_str().unwrap().contains(&first));
            app.delete(&format!("{path}/{first}"), &a.admin).expect(204).await;
            app.post(path, &a.admin, &body).expect(201).await;
        }
    }
}
