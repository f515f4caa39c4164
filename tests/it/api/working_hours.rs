//! Working hours of staff, resources and the business.

use axum::http::Method;
use fasti::store::{Id, hours};
use serde_json::json;

on_both! {
    async fn hours_are_kept_as_they_are_with_their_zone(app: App) {
        let a = app.business("a").await;
        let seed = app.seed(&a).await;
        let (person, room) = (seed.staff, seed.resource);
        for path in [
            format!("/v1/staff/{person}/working-hours"), format!("/v1/resources/{room}/working-hours"),
            "/v1/working-hours".to_owned(),
        ] {
            let none = app.get(&path, &a.read).expect(200).await;
            assert_eq!((none.json(), none.header("etag")), (json!([]), "\"v0\""), "{path}");
            let rules = json!([
                {"rrule": "FREQ=WEEKLY;INTERVAL=2;BYDAY=FR", "start": "09:00", "end": "17:00", "timezone": "Europe/Berlin",
                 "valid_from": "2026-01-02", "valid_until": "2026-06-30", "exdates": ["2026-04-10"],
                 "rdates": ["2026-04-11"], "breaks": [{"start": "12:00", "end": "12:30"}]},
                {"rrule": "FREQ=WEEKLY;BYDAY=SA", "start": "20:00", "end": "24:00"},
            ]);
            let kept = app.put(&path, &a.admin, &rules).expect(200).await;
            let mut expected = rules.clone();
            expected[1]["timezone"] = json!("Europe/Berlin");
            assert_eq!((kept.json(), kept.header("etag")), (expected.clone(), "\"v1\""));
            let again = app.put(&path, &a.admin, &kept.json()).expect(200).await;
            assert_eq!(again.header("etag"), "\"v1\"", "what changes nothing makes no version");
            let read = app.get(&path, &a.read).expect(200).await;
            assert_eq!((read.json(), read.header("etag")), (expected, "\"v1\""));
            app.get(&path, &a.read).header("if-none-match", "\"v1\"").expect(304).await;
            let emptied = app.put(&path, &a.admin, &json!([])).expect(200).await;
            assert_eq!((emptied.json(), emptied.header("etag")), (json!([]), "\"v2\""));
        }
    }

    async fn only_the_version_that_was_read_is_replaced(app: App) {
        let a = app.business("a").await;
        let path = "/v1/working-hours";
        let daily = |end: &str| json!([{"rrule": "FREQ=DAILY", "start": "09:00", "end": end}]);
        let put = |end: &str, tag: &str| app.put(path, &a.admin, &daily(end)).header("if-match", tag);
        put("17:00", "\"v0\"").expect(200).await;
        assert_eq!(put("18:00", "\"v0\"").expect(412).await.problem(), "precondition-failed");
        put("18:00", "\"v7\", \"v1\"").expect(200).await;
        put("19:00", "*").expect(200).await;
        let kept = app.get(path, &a.read).expect(200).await;
        assert_eq!((kept.json()[0]["end"].clone(), kept.header("etag")), (json!("19:00"), "\"v3\""));
    }

    async fn every_fault_has_its_place(app: App) {
        let a = app.business("a").await;
        let path = "/v1/working-hours";
        let good = json!({"rrule": "FREQ=DAILY", "start": "09:00", "end": "17:00"});
        for (field, value, pointer) in [
            ("rrule", json!("FREQ=DAYLY"), "/1/rrule"),
            ("rrule", json!("FREQ=HOURLY;INTERVAL=5"), "/1/rrule"),
            ("rrule", json!(7), "/1/rrule"),
            ("start", json!("9:00"), "/1/start"),
            ("end", json!("25:00"), "/1/end"),
            ("timezone", json!("Mars/Base"), "/1/timezone"),
            ("valid_from", json!("2026-02-30"), "/1/valid_from"),
            ("valid_until", json!("soon"), "/1/valid_until"),
            ("exdates", json!(["2026-01-01", "x"]), "/1/exdates/1"),
            ("rdates", json!(["x"]), "/1/rdates/0"),
            ("breaks", json!([{"start": "12:00", "end": "noon"}]), "/1/breaks/0/end"),
            ("breaks", json!([{"start": "12:00"}]), "/1/breaks/0/end"),
            ("closed", json!(true), "/1/closed"),
        ] {
            let mut wrong = good.clone();
            wrong[field] = value;
            let refused = app.put(path, &a.admin, &json!([good, wrong])).expect(422).await;
            assert_eq!(refused.pointers(), [pointer], "{}", refused.body);
        }
        for (body, status) in [("{}", 422), ("", 400), ("[", 400), ("[[\"FREQ=DAILY\",\"09:00\",\"17:00\"]]", 422), ("null", 422)] {
            app.call(Method::PUT, path).token(&a.admin).text(body).expect(status).await;
        }
        app.call(Method::PUT, path).token(&a.admin).raw("[]").expect(415).await;
        let many: Vec<_> = (0..101).map(|_| good.clone()).collect();
        app.put(path, &a.admin, &json!(many)).expect(422).await;
        assert_eq!(app.get(path, &a.read).expect(200).await.header("etag"), "\"v0\"", "nothing was stored");
    }

    async fn customers_and_strangers_have_none(app: App) {
        let a = app.business("a").await;
        let seed = app.seed(&a).await;
        for path in [
            format!("/v1/staff/{}/working-hours", seed.customer), format!("/v1/staff/{}/working-hours", seed.resource),
            format!("/v1/resources/{}/working-hours", seed.staff), format!("/v1/resources/{}/working-hours", Id::new()),
        ] {
            app.get(&path, &a.read).expect(404).await;
            app.put(&path, &a.admin, &json!([])).expect(404).await;
        }
    }

    async fn who_is_deleted_leaves_no_hours(app: App) {
        let a = app.business("a").await;
        let seed = app.seed(&a).await;
        let rules = json!([{"rrule": "FREQ=DAILY", "start": "09:00", "end": "17:00"}]);
        for (owner, id) in [("staff", seed.idle_staff), ("resources", seed.idle_resource)] {
            app.put(&format!("/v1/{owner}/{id}/working-hours"), &a.admin, &rules).expect(200).await;
            app.delete(&format!("/v1/{owner}/{id}"), &a.admin).expect(204).await;
            app.get(&format!("/v1/{owner}/{id}/working-hours"), &a.read).expect(404).await;
            let tenant = a.tenant;
            assert_eq!(app.store.read(move |conn| hours::find(conn, tenant, id)).await.unwrap(), None);
        }
    }

    async fn nobody_is_booked_outside_of_them(app: App) {
        let a = app.business("a").await;
        let seed = app.seed(&a).await;
        let rules = json!([{"rrule": "FREQ=WEEKLY;BYDAY=TU", "start": "13:00", "end": "17:00"}]);
        app.put(&format!("/v1/staff/{}/working-hours", seed.staff), &a.admin, &rules).expect(200).await;
        // A Tuesday.
        app.post("/v1/bookings", &a.write, &seed.booking_body("2026-09-01T10:00")).expect(409).await;
        app.post("/v1/bookings", &a.write, &seed.booking_body("2026-09-01T13:00")).expect(201).await;
    }
}
