//! ETag, If-Match, If-None-Match (RFC 9110 §13).

use serde_json::{Value, json};

on_both! {
    async fn only_the_version_that_was_read_is_changed(app: App) {
        let a = app.business("a").await;
        let seed = app.seed(&a).await;
        for path in [
            format!("/v1/staff/{}", seed.idle_staff), format!("/v1/customers/{}", seed.idle_customer),
            format!("/v1/resources/{}", seed.idle_resource), format!("/v1/services/{}", seed.idle_service),
        ] {
            let first = app.get(&path, &a.read).expect(200).await.header("etag").to_owned();
            assert_eq!(first, "\"v1\"");
            let rename = |name: &str| app.patch(&path, &a.admin, &json!({ "name": name }));
            let second = rename("Two").header("if-match", &first).expect(200).await;
            assert_eq!(second.header("etag"), "\"v2\"");
            let stale = rename("Three").header("if-match", &first).expect(412).await;
            assert_eq!(stale.problem(), "precondition-failed");
            rename("Three").header("if-match", "W/\"v2-gzip\"").expect(200).await;
            rename("Four").header("if-match", "\"v9\", \"v3\"").expect(200).await;
            rename("Five").header("if-match", "\"something else\"").expect(412).await;
            rename("Five").header("if-match", "*").expect(200).await;
            let same = rename("Five").expect(200).await;
            assert_eq!(same.header("etag"), "\"v5\"", "what changes nothing makes no version");
            app.delete(&path, &a.admin).header("if-match", "\"v4\"").expect(412).await;
            app.delete(&path, &a.admin).header("if-match", "\"v5\"").expect(204).await;
            app.delete(&path, &a.admin).expect(404).await;
            app.get(&path, &a.read).expect(404).await;
        }
    }

    async fn bookings_too(app: App) {
        let a = app.business("a").await;
        let seed = app.seed(&a).await;
        let path = format!("/v1/bookings/{}", seed.booking);
        let etag = app.get(&path, &a.read).expect(200).await.header("etag").to_owned();
        app.patch(&path, &a.write, &json!({"notes": "a"})).header("if-match", &etag).expect(200).await;
        for (action, body) in [
            ("reschedule", json!({"start": "2026-09-10T10:00"})), ("complete", json!({})), ("no-show", json!({})),
            ("cancel", json!({})),
        ] {
            app.post(&format!("{path}/{action}"), &a.write, &body).header("if-match", &etag).expect(412).await;
        }
        let history = app.get(&format!("{path}/history"), &a.read).expect(200).await.json();
        assert_eq!(history["items"].as_array().unwrap().len(), 2);
        let etag = app.get(&path, &a.read).expect(200).await.header("etag").to_owned();
        let cancelled = app.post(&format!("{path}/cancel"), &a.write, &json!({"reason": "ill"}));
        let cancelled = cancelled.header("if-match", &etag).expect(200).await.json();
        assert_eq!((&cancelled["status"], &cancelled["cancel_reason"]), (&json!("cancelled"), &json!("ill")));
    }

    async fn feeds_too(app: App) {
        let a = app.business("a").await;
        let made = app.post("/v1/feeds", &a.admin, &json!({"kind": "team"})).expect(201).await;
        let path = format!("/v1/feeds/{}", made.id());
        let rotate = |tag: &str| app.post(&format!("{path}/rotate"), &a.admin, &json!({})).header("if-match", tag);
        assert_eq!(rotate(made.header("etag")).expect(200).await.header("etag"), "\"v2\"");
        rotate("\"v1\"").expect(412).await;
        app.delete(&path, &a.admin).header("if-match", "\"v1\"").expect(412).await;
        app.delete(&path, &a.admin).header("if-match", "\"v2\"").expect(204).await;
    }

    async fn what_the_caller_has_is_not_sent_again(app: App) {
        let a = app.business("a").await;
        let seed = app.seed(&a).await;
        for path in [
            format!("/v1/staff/{}", seed.staff), format!("/v1/customers/{}", seed.customer),
            format!("/v1/resources/{}", seed.resource), format!("/v1/services/{}", seed.service),
            format!("/v1/bookings/{}", seed.booking),
        ] {
            let etag = app.get(&path, &a.read).expect(200).await.header("etag").to_owned();
            let same = app.get(&path, &a.read).header("if-none-match", &format!("\"x\", W/{etag}")).expect(304).await;
            assert_eq!((same.body.as_str(), same.header("etag")), ("", etag.as_str()));
            app.get(&path, &a.read).header("if-none-match", "*").expect(304).await;
            app.get(&path, &a.read).header("if-none-match", "\"v7\"").expect(200).await;
        }
    }

    async fn of_many_with_one_etag_one_wins(app: App) {
        let a = app.business("a").await;
        let seed = app.seed(&a).await;
        for round in 0..5 {
            let path = format!("/v1/staff/{}", seed.staff);
            let etag = app.get(&path, &a.read).expect(200).await.header("etag").to_owned();
            let racers: Vec<_> = (0..8).map(|i| {
                let body = json!({ "name": format!("Racer {round} {i}") });
                tokio::spawn(app.patch(&path, &a.admin, &body).header("if-match", &etag).send())
            }).collect();
            let mut won: Vec<Value> = Vec::new();
            for racer in racers {
                let answer = racer.await.unwrap();
                match answer.status.as_u16() {
                    200 => won.push(answer.json()["name"].clone()),
                    status => assert_eq!(status, 412, "{}", answer.body),
                }
            }
            assert_eq!(won.len(), 1);
            assert_eq!(app.get(&path, &a.read).expect(200).await.json()["name"], won[0]);
        }
    }
}
