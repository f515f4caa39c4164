//! Staff and customers.

use serde_json::{Value, json};

on_both! {
    async fn a_staff_member_from_hiring_to_leaving(app: App) {
        let a = app.business("a").await;
        let body = json!({
            "name": " Anna Berger ", "email": "anna@salon.example", "username": "anna", "password": "correct horse",
            "role": "manager", "timezone": "europe/berlin",
        });
        let made = app.post("/v1/staff", &a.admin, &body).expect(201).await;
        let view = made.json();
        assert_eq!(view["name"], "Anna Berger");
        assert_eq!(view["timezone"], "Europe/Berlin");
        assert_eq!((&view["role"], &view["created_at"]), (&json!("manager"), &json!("2026-08-01T08:00:00Z")));
        assert!(!made.body.contains("correct horse") && !made.body.contains("argon2"));
        let path = format!("/v1/staff/{}", made.id());
        assert_eq!(app.get(&path, &a.read).expect(200).await.json(), view);
        app.get(&path.replace("staff", "customers"), &a.read).expect(404).await;
        let twin = json!({"name": "Other", "email": "o@salon.example", "username": "anna"});
        assert_eq!(app.post("/v1/staff", &a.admin, &twin).expect(409).await.problem(), "already-exists");
        app.delete(&path, &a.admin).expect(204).await;
        app.get(&path, &a.read).expect(404).await;
        app.patch(&path, &a.admin, &json!({"name": "Ghost"})).expect(404).await;
        app.post("/v1/staff", &a.admin, &twin).expect(201).await;
    }

    async fn passwords_have_a_length(app: App) {
        let a = app.business("a").await;
        let body = |password: &str| json!({"name": "A", "email": "a@b.example", "username": "a", "password": password});
        for wrong in ["short", &"x".repeat(1025)] {
            assert_eq!(app.post("/v1/staff", &a.admin, &body(wrong)).expect(422).await.pointers(), ["/password"]);
        }
        let nameless = json!({"name": "A", "email": "a@b.example", "password": "long enough"});
        assert_eq!(app.post("/v1/staff", &a.admin, &nameless).expect(422).await.pointers(), ["/username"]);
    }

    async fn customers_of_one_name_and_address_are_one(app: App) {
        let a = app.business("a").await;
        let body = json!({"name": "Ann Guest", "email": "ann@guest.example"});
        let first = app.post("/v1/customers", &a.write, &body).expect(201).await.id();
        let shouting = json!({"name": "ANN GUEST", "email": "Ann@Guest.example"});
        let twin = app.post("/v1/customers", &a.write, &shouting).expect(409).await;
        assert!(twin.json()["detail"].as_str().unwrap().contains(&first));
        let sister = json!({"name": "Eve Guest", "email": "ann@guest.example"});
        let second = app.post("/v1/customers", &a.write, &sister).expect(201).await.id();
        app.patch(&format!("/v1/customers/{second}"), &a.write, &json!({"name": "ann guest"})).expect(409).await;
        app.delete(&format!("/v1/customers/{first}"), &a.write).expect(204).await;
        app.post("/v1/customers", &a.write, &body).expect(201).await;
    }

    async fn who_has_bookings_ahead_stays(app: App) {
        let a = app.business("a").await;
        let seed = app.seed(&a).await;
        for path in [
            format!("/v1/staff/{}", seed.staff), format!("/v1/customers/{}", seed.customer),
            format!("/v1/resources/{}", seed.resource), format!("/v1/services/{}", seed.service),
        ] {
            assert_eq!(app.delete(&path, &a.admin).expect(409).await.problem(), "in-use", "{path}");
        }
        app.post(&format!("/v1/bookings/{}/cancel", seed.booking), &a.write, &json!({})).expect(200).await;
        let held = app.delete(&format!("/v1/staff/{}", seed.staff), &a.admin).expect(409).await;
        assert_eq!(held.problem(), "in-use", "somebody is deciding about a time: {}", held.body);
        app.delete(&format!("/v1/holds/{}", seed.hold), &a.write).expect(204).await;
        let alone = app.delete(&format!("/v1/staff/{}", seed.staff), &a.admin).expect(409).await;
        assert!(alone.json()["detail"].as_str().unwrap().contains("Cut"), "nobody else serves it: {}", alone.body);
        for path in [
            format!("/v1/customers/{}", seed.customer), format!("/v1/resources/{}", seed.resource),
            format!("/v1/services/{}", seed.service), format!("/v1/staff/{}", seed.staff),
        ] {
            app.delete(&path, &a.admin).expect(204).await;
        }
        // The booking that was names them still.
        let booking = app.get(&format!("/v1/bookings/{}", seed.booking), &a.read).expect(200).await.json();
        assert_eq!(booking["customer"]["name"], "Carl Kunde");
        assert_eq!(booking["staff"], seed.staff.to_string());
    }

    async fn a_deleted_person_s_feeds_end(app: App) {
        let a = app.business("a").await;
        let seed = app.seed(&a).await;
        let body = json!({"kind": "staff", "subject": seed.idle_staff.to_string()});
        let feed = app.post("/v1/feeds", &a.admin, &body).expect(201).await.id();
        app.changed();
        app.delete(&format!("/v1/staff/{}", seed.idle_staff), &a.admin).expect(204).await;
        assert!(app.changed().contains(&seed.idle_staff));
        let feeds = app.get("/v1/feeds", &a.read).expect(200).await;
        assert!(!feeds.body.contains(&feed));
    }

    async fn a_new_name_reaches_feeds_and_bookings(app: App) {
        let a = app.business("a").await;
        let seed = app.seed(&a).await;
        app.changed();
        let path = format!("/v1/staff/{}", seed.staff);
        app.patch(&path, &a.admin, &json!({"name": "Anna Neumann"})).expect(200).await;
        assert!(app.changed().contains(&seed.staff));
        let feeds = app.get("/v1/feeds", &a.read).expect(200).await.json();
        assert_eq!(feeds["items"][0]["name"], "Anna Neumann – Business a");
        let (tenant, seed) = (a.tenant, seed);
        let shown = app.store.read(move |conn| {
            fasti::store::collections::object(conn, tenant, seed.customer, seed.booking)
        });
        let component: Value = shown.await.unwrap().unwrap().component.into();
        assert!(component.as_str().unwrap().contains("Anna Neumann"), "{component}");
    }
}
