//! Idempotency keys.

use serde_json::{Value, json};

use crate::support::Answer;

fn customer(name: &str) -> Value {
    json!({"name": name, "email": "one@x.example"})
}

fn replayed(answer: &Answer) -> bool {
    answer.header("idempotency-replayed") == "true"
}

on_both! {
    async fn a_repetition_gets_the_same_answer(app: App) {
        let a = app.business("a").await;
        let send = || app.post("/v1/customers", &a.write, &customer("Ann")).header("idempotency-key", "k1");
        let first = send().expect(201).await;
        let second = send().expect(201).await;
        assert!(!replayed(&first) && replayed(&second));
        assert_eq!((&first.body, first.header("etag")), (&second.body, second.header("etag")));
        assert_eq!(first.header("location"), second.header("location"));
        assert_eq!(first.header("location"), format!("https://fasti.example/api/v1/customers/{}", first.id()));
        let all = app.get("/v1/customers", &a.read).expect(200).await.json();
        assert_eq!(all["items"].as_array().unwrap().len(), 1);
    }

    async fn a_key_belongs_to_one_request_of_one_token(app: App) {
        let a = app.business("a").await;
        let send = |token: &str, path: &str, body: &Value| app.post(path, token, body).header("idempotency-key", "k");
        send(&a.write, "/v1/customers", &customer("Ann")).expect(201).await;
        let reused = send(&a.write, "/v1/customers", &customer("Bob")).expect(422).await;
        assert_eq!(reused.problem(), "idempotency-key-reused");
        let seed = app.seed(&a).await;
        send(&a.write, &format!("/v1/bookings/{}/cancel", seed.booking), &customer("Ann")).expect(422).await;
        // Another token's keys are its own.
        assert!(!replayed(&send(&a.admin, "/v1/customers", &customer("Bob")).expect(201).await));
        let b = app.business("b").await;
        assert!(!replayed(&send(&b.write, "/v1/customers", &customer("Ann")).expect(201).await));
    }

    async fn what_failed_may_be_tried_again(app: App) {
        let a = app.business("a").await;
        let send = |body: &Value| app.post("/v1/customers", &a.write, body).header("idempotency-key", "k");
        send(&json!({"name": "", "email": "x"})).expect(422).await;
        send(&customer("Ann")).expect(201).await;
        assert!(replayed(&send(&customer("Ann")).expect(201).await));
    }

    async fn keys_are_visible_ascii(app: App) {
        let a = app.business("a").await;
        for key in [String::new(), "a b".to_owned(), "x".repeat(256), "ä".to_owned()] {
            let call = app.post("/v1/customers", &a.write, &customer("Ann")).header("idempotency-key", &key);
            assert_eq!(call.expect(400).await.problem(), "bad-request", "{key:?}");
        }
        let twice = app.post("/v1/customers", &a.write, &customer("Ann"));
        twice.header("idempotency-key", "a").header("idempotency-key", "b").expect(400).await;
        let longest = app.post("/v1/customers", &a.write, &customer("Ann"));
        longest.header("idempotency-key", &"~".repeat(255)).expect(201).await;
    }

    async fn the_same_key_at_once_happens_once(app: App) {
        let a = app.business("a").await;
        let seed = app.seed(&a).await;
        for round in 0..6 {
            let body = seed.booking_body(&format!("2026-09-{:02}T12:00", 10 + round));
            let key = format!("round-{round}");
            let racers: Vec<_> = (0..12).map(|_| {
                let call = app.post("/v1/bookings", &a.write, &body).header("idempotency-key", &key);
                tokio::spawn(call.send())
            }).collect();
            let mut answers = Vec::new();
            for racer in racers {
                answers.push(racer.await.unwrap());
            }
            let first = answers[0].body.clone();
            assert!(answers.iter().all(|answer| answer.status == 201 && answer.body == first), "{answers:?}");
            assert_eq!(answers.iter().filter(|answer| !replayed(answer)).count(), 1);
        }
    }

    async fn actions_are_repeatable_too(app: App) {
        let a = app.business("a").await;
        let seed = app.seed(&a).await;
        let path = format!("/v1/bookings/{}/reschedule", seed.booking);
        let send = || {
            let body = json!({"start": "2026-09-20T10:00"});
            app.post(&path, &a.write, &body).header("idempotency-key", "move").header("if-match", "\"v1\"")
        };
        let first = send().expect(200).await;
        let second = send().expect(200).await;
        assert!(replayed(&second), "the second If-Match would fail");
        assert_eq!(first.body, second.body);
    }

    async fn a_feed_s_secret_is_told_again_but_not_kept(app: App) {
        let a = app.business("a").await;
        let send = || app.post("/v1/feeds", &a.admin, &json!({"kind": "team"})).header("idempotency-key", "f");
        let (first, second) = (send().expect(201).await, send().expect(201).await);
        assert_eq!(first.body, second.body);
        let url = first.json()["url"].as_str().unwrap().to_owned();
        let secret = url.rsplit('/').next().unwrap().trim_end_matches(".ics").to_owned();
        let rotate = || {
            let call = app.post(&format!("/v1/feeds/{}/rotate", first.id()), &a.admin, &json!({}));
            call.header("idempotency-key", "r")
        };
        let (third, fourth) = (rotate().expect(200).await, rotate().expect(200).await);
        assert_eq!(third.body, fourth.body);
        assert_ne!(third.json()["url"], first.json()["url"]);
        assert_eq!(send().expect(201).await.body, first.body, "what was answered then, although it ended");
        let (tenant, keys) = (a.tenant, ["f", "r"]);
        let kept = app.store.read(move |conn| {
            let admin = fasti::store::tokens::list(conn, tenant)?.pop().unwrap().token_id;
            let bodies: Result<Vec<String>, _> = keys.iter().map(|key| {
                fasti::store::tokens::answered(conn, tenant, admin, key).map(|answer| answer.unwrap().body)
            }).collect();
            bodies
        }).await.unwrap();
        for body in kept {
            assert!(!body.contains(&secret) && !body.contains(".ics"), "{body}");
        }
    }
}
