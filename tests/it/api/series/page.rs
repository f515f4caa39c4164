//! The customer's page of a series.

use std::sync::Arc;

use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use fasti::web::{WebState, routes};
use http_body_util::BodyExt;
use serde_json::json;
use tower::ServiceExt;

use super::{Salon, starts};
use crate::support::{PUBLIC_URL, now};

impl Salon<'_> {
    async fn page(&self, method: Method, path: &str) -> (StatusCode, String) {
        let state = WebState {
            store: self.app.store.clone(),
            links: self.app.links.clone(),
            clock: now,
            on_change: Arc::new(|_, _| {}),
        };
        let request = Request::builder().method(method).uri(path).body(Body::empty()).unwrap();
        let (parts, body) = routes(state).oneshot(request).await.unwrap().into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        (parts.status, String::from_utf8(bytes.to_vec()).unwrap())
    }
}

on_both! {
    async fn each_date_has_its_own_deadline(app: App) {
        let salon = Salon::open(&app).await;
        // Five weeks: it is 1 August, ten in Berlin.
        let window = json!({"cancellation_window_minutes": 5 * 7 * 1440});
        app.patch(&format!("/v1/services/{}", salon.cut), &salon.business.admin, &window).expect(200).await;
        let made = salon.tuesdays().await;
        let link = made.json()["links"]["manage"].as_str().unwrap().strip_prefix(PUBLIC_URL).unwrap().to_owned();
        let (status, page) = salon.page(Method::GET, &link).await;
        assert_eq!((status, page.matches("Cancel this date</summary>").count()), (StatusCode::OK, 4), "{page}");
        assert!(!page.contains("Cancel all dates"), "the first is too near: {page}");
        let cancel = |name: &str| format!("{link}/cancel/{name}");
        assert!(page.contains(&cancel("2026-09-08T10:00:00")), "{page}");
        assert_eq!(salon.page(Method::POST, &cancel("2026-09-08T10:00:00")).await.0, StatusCode::SEE_OTHER);
        assert_eq!(salon.page(Method::POST, &cancel("2026-09-01T10:00:00")).await.0, StatusCode::CONFLICT);
        assert_eq!(salon.page(Method::POST, &format!("{link}/cancel")).await.0, StatusCode::CONFLICT);
        assert_eq!(salon.page(Method::POST, &cancel("2026-09-09T10:00:00")).await.0, StatusCode::NOT_FOUND);
        let left = salon.get(&made.id()).await;
        assert_eq!((starts(&left).len(), &left["occurrences"][1]["status"]), (4, &json!("cancelled")));
        // Moved to where it is too near, its own start counts.
        let near = json!({"scope": "this", "occurrence": "2026-09-15T10:00", "start": "2026-08-05T10:00"});
        salon.done(&made.id(), "reschedule", near).await;
        assert_eq!(salon.page(Method::POST, &cancel("2026-09-15T10:00:00")).await.0, StatusCode::CONFLICT);
    }

    async fn the_link_is_of_whoever_is_the_customer(app: App) {
        let salon = Salon::open(&app).await;
        let made = salon.tuesdays().await;
        let link = |view: &serde_json::Value| view["links"]["manage"].as_str().unwrap().strip_prefix(PUBLIC_URL).unwrap().to_owned();
        let before = link(&made.json());
        let dora = json!({"customer": {"name": "Dora", "email": "dora@guest.example"}});
        let view = app.patch(&format!("/v1/bookings/{}", made.id()), &salon.business.write, &dora).expect(200).await.json();
        let after = link(&view);
        assert_ne!(before, after);
        let (status, page) = salon.page(Method::GET, &before).await;
        assert!(status == StatusCode::NOT_FOUND && !page.contains("Dora"), "{status} {page}");
        for path in [format!("{before}/cancel"), format!("{before}/cancel/2026-09-08T10:00:00")] {
            assert_eq!(salon.page(Method::POST, &path).await.0, StatusCode::NOT_FOUND);
        }
        assert_eq!(salon.get(&made.id()).await, view);
        assert_eq!(salon.page(Method::GET, &after).await.0, StatusCode::OK);
        assert_eq!(salon.page(Method::POST, &format!("{after}/cancel")).await.0, StatusCode::SEE_OTHER);
        assert_eq!(salon.get(&made.id()).await["status"], "cancelled");
    }
}
