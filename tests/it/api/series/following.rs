//! One occurrence and all after it.

use serde_json::json;

use super::{Salon, starts};

const THIRD: &str = "2026-09-15T10:00:00";

on_both! {
    async fn the_rest_is_cancelled(app: App) {
        let salon = Salon::open(&app).await;
        let id = salon.tuesdays().await.id();
        let body = json!({"scope": "following", "occurrence": THIRD, "reason": "moved away"});
        let left = salon.done(&id, "cancel", body).await;
        assert_eq!((&left["status"], &left["rrule"], starts(&left).len()), (&json!("confirmed"), &json!("FREQ=WEEKLY;COUNT=2"), 2));
        assert_eq!(salon.taken(&id, salon.ida.parse().unwrap()).await.len(), 2);
        assert_eq!(salon.once(&salon.ida, "2026-09-15T10:00").await.status, 201);
        assert_eq!(salon.once(&salon.ida, "2026-09-08T10:00").await.status, 409);
        let (actions, changes) = salon.history(&id).await;
        assert_eq!(actions, ["created", "following_cancelled"]);
        assert_eq!(changes["rrule"], json!(["FREQ=WEEKLY;COUNT=5", "FREQ=WEEKLY;COUNT=2"]));
        assert_eq!(changes["cancel_reason"][1], "moved away");
        let gone = json!({"scope": "following", "occurrence": THIRD});
        assert_eq!(salon.act(&id, "cancel", gone).await.pointers(), ["/occurrence"], "it is no occurrence any more");
        let all = json!({"scope": "following", "occurrence": "2026-09-01T10:00"});
        assert_eq!(salon.done(&id, "cancel", all).await["status"], "cancelled");
    }

    async fn a_rest_with_nothing_before_it_is_all(app: App) {
        let salon = Salon::open(&app).await;
        let id = salon.tuesdays().await.id();
        for occurrence in ["2026-09-01T10:00", "2026-09-08T10:00"] {
            salon.done(&id, "cancel", json!({"scope": "this", "occurrence": occurrence})).await;
        }
        let gone = salon.done(&id, "cancel", json!({"scope": "following", "occurrence": THIRD})).await;
        assert_eq!(gone["status"], "cancelled");
        assert!(salon.taken(&id, salon.ida.parse().unwrap()).await.is_empty());
    }

    async fn the_rest_goes_on_as_a_booking_of_its_own(app: App) {
        let salon = Salon::open(&app).await;
        let mut body = salon.body("2026-09-01T10:00", "FREQ=WEEKLY;COUNT=5;BYDAY=TU");
        (body["external_ref"], body["notes"]) = (json!("pos-1"), json!("Tea"));
        let made = salon.book(&body).await;
        let id = made.id();
        // One was moved alone, one is cancelled, one Jon serves; all of them lie behind the split.
        let fourth = json!({"scope": "this", "occurrence": "2026-09-22T10:00", "start": "2026-09-25T18:00"});
        salon.done(&id, "reschedule", fourth).await;
        salon.done(&id, "cancel", json!({"scope": "this", "occurrence": "2026-09-29T10:00"})).await;
        let first = json!({"scope": "this", "occurrence": "2026-09-08T10:00", "start": "2026-09-08T10:00", "staff": salon.jon});
        salon.done(&id, "reschedule", first).await;
        app.changed();
        let split = json!({"scope": "following", "occurrence": THIRD, "start": "2026-09-16T11:30"});
        let rest = salon.done(&id, "reschedule", split).await;
        let new = rest["id"].as_str().unwrap();
        assert_ne!(new, id);
        assert_eq!((&rest["continues"], &rest["uid"], &rest["sequence"]), (&json!(id), &json!(new), &json!(0)));
        assert_eq!((&rest["notes"], &rest["external_ref"], &rest["customer"]), (&json!("Tea"), &json!(null), &made.json()["customer"]));
        assert_eq!(rest["rrule"], "FREQ=WEEKLY;COUNT=3;BYDAY=WE", "the weekday moves with it");
        assert_eq!(starts(&rest), ["2026-09-16T11:30:00+02:00", "2026-09-25T18:00:00+02:00"]);
        let names: Vec<_> = rest["occurrences"].as_array().unwrap().iter().map(|o| o["occurrence"].clone()).collect();
        assert_eq!(names, ["2026-09-16T11:30:00", "2026-09-23T11:30:00", "2026-09-30T11:30:00"]);
        let old = salon.get(&id).await;
        assert_eq!((&old["rrule"], &old["external_ref"]), (&json!("FREQ=WEEKLY;COUNT=2;BYDAY=TU"), &json!("pos-1")));
        assert_eq!(starts(&old), ["2026-09-01T10:00:00+02:00", "2026-09-08T10:00:00+02:00"]);
        let (actions, changes) = salon.history(&id).await;
        assert_eq!(actions.last().unwrap(), "split");
        assert_eq!(changes["continued_by"], json!([null, new]));
        let (actions, changes) = salon.history(new).await;
        assert_eq!((actions, &changes["continues"]), (vec!["created".to_owned()], &json!([null, id])));
        assert_eq!(salon.get(new).await, rest);
        assert_eq!(salon.once(&salon.ida, "2026-09-15T10:00").await.status, 201);
        assert_eq!(salon.once(&salon.ida, "2026-09-16T12:00").await.status, 409);
        let theirs = salon.object(salon.jon.parse().unwrap(), new).await;
        assert_eq!(theirs, None, "Jon has nothing of the rest");
    }

    async fn the_rest_is_taken_over_by_another(app: App) {
        let salon = Salon::open(&app).await;
        let id = salon.tuesdays().await.id();
        let fourth = json!({"scope": "this", "occurrence": "2026-09-22T10:00", "start": "2026-09-22T12:00"});
        salon.done(&id, "reschedule", fourth).await;
        let split = json!({"scope": "following", "occurrence": THIRD, "start": THIRD, "staff": salon.jon});
        let rest = salon.done(&id, "reschedule", split).await;
        assert_eq!(starts(&rest), ["2026-09-15T10:00:00+02:00", "2026-09-22T12:00:00+02:00", "2026-09-29T10:00:00+02:00"]);
        let new = rest["id"].as_str().unwrap();
        assert_eq!(salon.taken(new, salon.jon.parse().unwrap()).await.len(), 3);
        assert!(salon.taken(new, salon.ida.parse().unwrap()).await.is_empty());
        assert_eq!(salon.taken(&id, salon.ida.parse().unwrap()).await.len(), 2);
    }

    async fn when_the_rest_finds_no_time_nothing_is_split(app: App) {
        let salon = Salon::open(&app).await;
        let id = salon.tuesdays().await.id();
        salon.once(&salon.ida, "2026-09-23T11:00").await;
        let before = salon.get(&id).await;
        let split = json!({"scope": "following", "occurrence": THIRD, "start": "2026-09-16T11:00"});
        let refused = salon.act(&id, "reschedule", split).await;
        assert_eq!(refused.problem(), "slot-unavailable");
        assert_eq!(refused.json()["occurrences"][0]["occurrence"], "2026-09-23T11:00:00");
        assert!(!refused.json()["alternatives"].as_array().unwrap().is_empty());
        assert_eq!(salon.get(&id).await, before);
        assert_eq!(salon.taken(&id, salon.ida.parse().unwrap()).await.len(), 5);
        // From the first on it is all of it: the same booking.
        let all = json!({"scope": "following", "occurrence": "2026-09-01T10:00", "start": "2026-09-01T13:00"});
        let moved = salon.done(&id, "reschedule", all).await;
        assert_eq!((&moved["id"], moved["occurrences"].as_array().unwrap().len()), (&json!(id), 5));
    }

    async fn a_rule_that_cannot_go_along_is_refused(app: App) {
        let salon = Salon::open(&app).await;
        let id = salon.book(&salon.body("2026-09-01T10:00", "FREQ=MONTHLY;BYDAY=1TU;COUNT=4")).await.id();
        let split = json!({"scope": "following", "occurrence": "2026-10-06T10:00", "start": "2026-10-07T10:00"});
        assert_eq!(salon.act(&id, "reschedule", split).await.pointers(), ["/rrule"]);
        assert_eq!(salon.get(&id).await["sequence"], 0);
    }
}
