//! Pages and filters.

use serde_json::{Value, json};

use crate::support::App;

async fn all(app: &App, token: &str, path: &str) -> Vec<Value> {
    let (mut items, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = app.get(&format!("{path}{cursor}"), token).expect(200).await.json();
        items.extend(page["items"].as_array().unwrap().iter().cloned());
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return items,
        }
        assert!(items.len() <= 100, "the pages do not end");
    }
}

on_both! {
    async fn pages_show_everything_once_in_order(app: App) {
        let a = app.business("a").await;
        let mut made = Vec::new();
        for i in 0..7 {
            let body = json!({"name": format!("C{i}"), "email": format!("c{i}@x.example")});
            made.push(app.post("/v1/customers", &a.write, &body).expect(201).await.id());
        }
        for limit in [1, 3, 7, 8] {
            let items = all(&app, &a.read, &format!("/v1/customers?limit={limit}")).await;
            let ids: Vec<&str> = items.iter().map(|item| item["id"].as_str().unwrap()).collect();
            assert_eq!(ids, made, "limit {limit}");
        }
    }

    async fn bookings_are_listed_by_start_and_filtered(app: App) {
        let a = app.business("a").await;
        let (one, two) = (app.seed(&a).await, app.seed(&a).await);
        for start in ["2026-09-03T09:00", "2026-09-01T09:00", "2026-09-02T09:00"] {
            app.post("/v1/bookings", &a.write, &one.booking_body(start)).expect(201).await;
            app.post("/v1/bookings", &a.write, &two.booking_body(start)).expect(201).await;
        }
        let items = all(&app, &a.read, "/v1/bookings?limit=1").await;
        let starts: Vec<&str> = items.iter().map(|item| item["start"].as_str().unwrap()).collect();
        assert_eq!(starts.len(), 8);
        assert!(starts.is_sorted(), "{starts:?}");
        let count = async |query: String| all(&app, &a.read, &format!("/v1/bookings?{query}")).await.len();
        assert_eq!(count("from=2026-09-02&to=2026-09-03".to_owned()).await, 2);
        assert_eq!(count("from=2026-09-02T10:00:00%2B02:00".to_owned()).await, 2, "what ends then is over");
        assert_eq!(count("to=2026-09-01T07:00:00Z".to_owned()).await, 2, "what starts then is later");
        assert_eq!(count(format!("staff={}", one.staff)).await, 4);
        assert_eq!(count(format!("customer={}", two.customer)).await, 1);
        assert_eq!(count(format!("service={}&status=confirmed&limit=2", one.service)).await, 4);
        assert_eq!(count("status=cancelled".to_owned()).await, 0);
        assert_eq!(count("external_ref=%25".to_owned()).await, 0, "no wildcards");
    }

    async fn wrong_parameters_are_named(app: App) {
        let a = app.business("a").await;
        for (query, pointer) in [
            ("limit=0", "/limit"), ("limit=201", "/limit"), ("limit=-1", "/limit"), ("limit=1e999", "/limit"),
            ("limit=99999999999999999999", "/limit"), ("cursor=x", "/cursor"), ("cursor=", "/cursor"),
            ("from=yesterday", "/from"), ("to=2026-02-30", "/to"), ("staff=1", "/staff"), ("status=gone", "/status"),
            ("external_ref=%00", "/external_ref"), ("external_ref=", "/external_ref"),
        ] {
            let answer = app.get(&format!("/v1/bookings?{query}"), &a.read).expect(400).await;
            assert_eq!(answer.pointers(), [pointer], "{query}");
        }
        for query in ["page=1", "limit=1&limit=2", "per_page=1"] {
            app.get(&format!("/v1/bookings?{query}"), &a.read).expect(400).await;
        }
        app.get("/v1/staff?staff=1", &a.read).expect(400).await;
    }

    async fn a_cursor_is_of_one_list(app: App) {
        let a = app.business("a").await;
        app.seed(&a).await;
        let staff = app.get("/v1/staff?limit=1", &a.read).expect(200).await.json();
        let cursor = staff["next_cursor"].as_str().unwrap();
        app.get(&format!("/v1/staff?cursor={cursor}"), &a.read).expect(200).await;
        app.get(&format!("/v1/customers?cursor={cursor}"), &a.read).expect(400).await;
        // A cursor says where to go on, not what may be seen.
        let b = app.business("b").await;
        let foreign = app.get(&format!("/v1/staff?cursor={cursor}"), &b.read).expect(200).await;
        assert_eq!(foreign.json()["items"], json!([]));
    }
}
