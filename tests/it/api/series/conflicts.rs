//! Every occurrence that cannot be had is named, with all that is in its way, before anything is saved.

use serde_json::{Value, json};

use super::Salon;

/// Name and kinds of each failing occurrence.
fn failing(problem: &Value) -> Vec<(String, Vec<String>)> {
    let kinds = |o: &Value| {
        o["reasons"].as_array().unwrap().iter().map(|reason| reason["kind"].as_str().unwrap().to_owned()).collect()
    };
    let all = problem["occurrences"].as_array().unwrap().iter();
    all.map(|o| (o["occurrence"].as_str().unwrap().to_owned(), kinds(o))).collect()
}

on_both! {
    async fn hours_blocks_holds_and_bookings_in_one_refusal(app: App) {
        let salon = Salon::open(&app).await;
        let admin = &salon.business.admin;
        let hours = json!([{"rrule": "FREQ=WEEKLY", "start": "09:00", "end": "17:00", "exdates": ["2026-09-22"], "valid_from": "2026-08-04"}]);
        app.put(&format!("/v1/staff/{}/working-hours", salon.ida), admin, &hours).expect(200).await;
        let block = json!({"kind": "time_off", "staff": [salon.ida], "start": "2026-09-08", "end": "2026-09-09", "summary": "Dentist"});
        app.post("/v1/blocks", admin, &block).expect(201).await;
        assert_eq!(salon.once(&salon.ida, "2026-09-29T10:30").await.status, 201);
        // The chair is Jon's at that time; Ida would be free.
        assert_eq!(salon.once(&salon.jon, "2026-10-06T10:00").await.status, 201);
        let hold = json!({"service": salon.cut, "staff": salon.ida, "start": "2026-10-13T10:00"});
        app.post("/v1/holds", &salon.business.write, &hold).expect(201).await;
        let series = salon.body("2026-09-01T10:00", "FREQ=WEEKLY;COUNT=8");
        let refused = app.post("/v1/bookings", &salon.business.write, &series).expect(409).await;
        assert_eq!(refused.problem(), "slot-unavailable");
        let refused = refused.json();
        let named = failing(&refused);
        let expected = [
            ("2026-09-08T10:00:00", vec!["time_off"]), ("2026-09-22T10:00:00", vec!["outside_hours"]),
            ("2026-09-29T10:00:00", vec!["booking"]), ("2026-10-06T10:00:00", vec!["booking"]),
            ("2026-10-13T10:00:00", vec!["hold"]),
        ];
        assert_eq!(named.len(), expected.len(), "{refused}");
        for ((name, kinds), (expected, first)) in named.iter().zip(&expected) {
            assert_eq!((name.as_str(), kinds[0].as_str()), (*expected, first[0]), "{refused}");
        }
        let first = &refused["occurrences"][0];
        assert_eq!((&first["start"], &first["end"]), (&json!("2026-09-08T10:00:00+02:00"), &json!("2026-09-08T11:00:00+02:00")));
        assert_eq!(first["reasons"][0]["summary"], "time off: Dentist");
        assert!(refused["detail"].as_str().unwrap().starts_with("5 of 8 occurrences cannot be had with Ida"), "{refused}");
        assert!(!refused["alternatives"].as_array().unwrap().is_empty());
        let list = app.get("/v1/bookings?from=2026-09-01&to=2026-09-02", &salon.business.read).expect(200).await.json();
        assert_eq!(list["items"], json!([]), "nothing of it is saved");
    }

    async fn of_several_the_one_who_fails_least_is_told_of(app: App) {
        let salon = Salon::open(&app).await;
        for (staff, start) in [(&salon.ida, "2026-09-08T10:00"), (&salon.ida, "2026-09-15T10:00"), (&salon.jon, "2026-09-29T10:00")] {
            assert_eq!(salon.once(staff, start).await.status, 201);
        }
        let mut anyone = salon.body("2026-09-01T10:00", "FREQ=WEEKLY;COUNT=5");
        anyone.as_object_mut().unwrap().remove("staff");
        anyone["resources"] = json!([]);
        let refused = app.post("/v1/bookings", &salon.business.write, &anyone).expect(409).await.json();
        assert_eq!(failing(&refused), [("2026-09-29T10:00:00".to_owned(), vec!["booking".to_owned()])]);
        assert!(refused["detail"].as_str().unwrap().contains("with Jon"), "{refused}");
    }

    async fn a_full_class_and_all_of_a_move(app: App) {
        let salon = Salon::open(&app).await;
        let yoga = json!({"name": "Yoga", "duration_minutes": 60, "kind": "class", "capacity": 1, "staff": [salon.jon]});
        let yoga = app.post("/v1/services", &salon.business.admin, &yoga).expect(201).await.id();
        app.patch(&format!("/v1/services/{yoga}"), &salon.business.admin, &json!({"capacity": 2})).expect(200).await;
        let seat = |rule: Option<&str>, start: &str| json!({"service": yoga, "start": start, "rrule": rule});
        for _ in 0..2 {
            salon.book(&seat(None, "2026-09-10T18:00")).await;
        }
        let body = seat(Some("FREQ=WEEKLY;COUNT=3"), "2026-09-03T18:00");
        let refused = app.post("/v1/bookings", &salon.business.write, &body).expect(409).await.json();
        assert_eq!(failing(&refused), [("2026-09-10T18:00:00".to_owned(), vec!["full".to_owned()])]);
        // A series that is moved names them too, and by the starts it would have.
        let id = salon.tuesdays().await.id();
        salon.once(&salon.ida, "2026-09-15T14:00").await;
        let refused = salon.act(&id, "reschedule", json!({"start": "2026-09-01T14:30"})).await.json();
        assert_eq!(failing(&refused), [("2026-09-15T14:30:00".to_owned(), vec!["booking".to_owned()])]);
    }
}
