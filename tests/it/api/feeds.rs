//! Subscriptions.

use fasti::auth::FeedSecret;
use serde_json::{Value, json};

on_both! {
    async fn each_kind_has_its_subject(app: App) {
        let a = app.business("a").await;
        let s = app.seed(&a).await;
        let none: Option<fasti::store::Id> = None;
        for (kind, good, bad) in [
            ("staff", vec![Some(s.staff), Some(s.idle_staff)], vec![none, Some(s.customer), Some(s.resource)]),
            ("customer", vec![Some(s.customer)], vec![none, Some(s.staff)]),
            ("resource", vec![Some(s.resource)], vec![none, Some(s.staff), Some(s.service)]),
            ("team", vec![none], vec![Some(s.staff)]),
            ("route", vec![Some(s.staff), Some(s.resource)], vec![none, Some(s.customer)]),
            ("maintenance", vec![none, Some(s.staff), Some(s.resource)], vec![Some(s.customer)]),
            ("busy", vec![Some(s.staff), Some(s.resource)], vec![none, Some(s.customer)]),
        ] {
            let post = |subject: Option<fasti::store::Id>| {
                let body = json!({"kind": kind, "subject": subject.map(|id| id.to_string())});
                app.post("/v1/feeds", &a.admin, &body)
            };
            for subject in good {
                let feed = post(subject).expect(201).await.json();
                assert_eq!(feed["options"]["detail"], if kind == "busy" { "busy" } else { "full" });
            }
            for subject in bad {
                assert_eq!(post(subject).expect(422).await.pointers(), ["/subject"], "{kind} {subject:?}");
            }
        }
    }

    async fn the_links_are_shown_once(app: App) {
        let a = app.business("a").await;
        let seed = app.seed(&a).await;
        let body = json!({"kind": "staff", "subject": seed.staff.to_string()});
        let made = app.post("/v1/feeds", &a.admin, &body).expect(201).await;
        let feed = made.json();
        let url = feed["url"].as_str().unwrap();
        let token = url.strip_prefix("https://fasti.example/feeds/").unwrap().strip_suffix(".ics").unwrap();
        let (tenant, hash) = FeedSecret::parse(token).unwrap();
        assert_eq!(tenant, a.tenant);
        let stored = app.store.read(move |conn| fasti::store::feeds::find_token(conn, tenant, &hash)).await.unwrap();
        assert_eq!(stored.unwrap().feed_id.to_string(), made.id());
        let webcal = format!("webcal://fasti.example/feeds/{token}.ics");
        assert_eq!(feed["webcal_url"], webcal);
        assert_eq!(feed["subscribe"]["apple"], webcal);
        assert_eq!(feed["subscribe"]["apple_profile"], format!("https://fasti.example/setup/{token}.mobileconfig"));
        assert_eq!(
            feed["subscribe"]["google"],
            format!("https://calendar.google.com/calendar/r?cid=webcal%3A%2F%2Ffasti.example%2Ffeeds%2F{token}.ics")
        );
        assert_eq!(
            feed["subscribe"]["outlook"],
            format!(
                "https://outlook.live.com/calendar/0/addfromweb?url=https%3A%2F%2Ffasti.example%2Ffeeds%2F{token}.ics\
                 &name=Anna%20Berger%20%E2%80%93%20Business%20a"
            )
        );
        let list = app.get("/v1/feeds", &a.read).expect(200).await;
        assert!(list.body.contains(&made.id()) && !list.body.contains(token) && !list.body.contains("\"url\""));
    }

    async fn rotating_and_deleting_revoke_the_old_links(app: App) {
        let a = app.business("a").await;
        let made = app.post("/v1/feeds", &a.admin, &json!({"kind": "team"})).expect(201).await;
        let hash = |feed: &Value| {
            let url = feed["url"].as_str().unwrap().to_owned();
            let token = url.rsplit('/').next().unwrap().trim_end_matches(".ics").to_owned();
            FeedSecret::parse(&token).unwrap().1
        };
        let revoked = async |hash: [u8; 32]| {
            let tenant = a.tenant;
            let found = app.store.read(move |conn| fasti::store::feeds::find_token(conn, tenant, &hash)).await;
            found.unwrap().unwrap().revoked_at.is_some()
        };
        app.changed();
        let path = format!("/v1/feeds/{}", made.id());
        let rotated = app.post(&format!("{path}/rotate"), &a.admin, &json!({})).expect(200).await.json();
        assert_eq!(app.changed(), [fasti::store::Id::TEAM]);
        assert!(revoked(hash(&made.json())).await && !revoked(hash(&rotated)).await);
        app.delete(&path, &a.admin).expect(204).await;
        assert_eq!(app.changed(), [fasti::store::Id::TEAM]);
        assert!(revoked(hash(&rotated)).await);
        app.delete(&path, &a.admin).expect(404).await;
        app.post(&format!("{path}/rotate"), &a.admin, &json!({})).expect(404).await;
    }

    async fn options_have_bounds(app: App) {
        let a = app.business("a").await;
        let post = |options: Value| app.post("/v1/feeds", &a.admin, &json!({"kind": "team", "options": options}));
        let made = post(json!({"past_days": 0, "future_days": 3650, "detail": "busy", "timezone": "asia/tokyo"}));
        let shown = json!({"past_days": 0, "future_days": 3650, "detail": "busy", "timezone": "Asia/Tokyo"});
        assert_eq!(made.expect(201).await.json()["options"], shown);
        let usual = json!({"past_days": 90, "future_days": 365, "detail": "full", "timezone": null});
        assert_eq!(post(Value::Null).expect(201).await.json()["options"], usual);
        for (options, pointer) in [
            (json!({"past_days": -1}), "/options/past_days"), (json!({"past_days": 3651}), "/options/past_days"),
            (json!({"future_days": 0}), "/options/future_days"), (json!({"detail": "some"}), "/options/detail"),
            (json!({"timezone": "localtime"}), "/options/timezone"), (json!({"days": 1}), "/options/days"),
            (json!([90]), "/options"),
        ] {
            assert_eq!(post(options.clone()).expect(422).await.pointers(), [pointer], "{options}");
        }
        let seed = app.seed(&a).await;
        let open = json!({"kind": "busy", "subject": seed.staff.to_string(), "options": {"detail": "full"}});
        assert_eq!(app.post("/v1/feeds", &a.admin, &open).expect(422).await.pointers(), ["/options/detail"]);
    }
}
