//! One occurrence.

use serde_json::{Value, json};

use super::{Salon, starts};

const THIRD: &str = "2026-09-15T10:00:00";

on_both! {
    async fn one_is_cancelled_and_its_time_is_free(app: App) {
        let salon = Salon::open(&app).await;
        let made = salon.tuesdays().await;
        let id = made.id();
        assert_eq!(salon.once(&salon.ida, "2026-09-15T10:00").await.status, 409);
        app.changed();
        let body = json!({"scope": "this", "occurrence": THIRD, "reason": "on holiday"});
        let left = salon.done(&id, "cancel", body.clone()).await;
        assert_eq!((&left["status"], &left["sequence"], &left["uid"]), (&json!("confirmed"), &json!(1), &made.json()["uid"]));
        assert_eq!(starts(&left).len(), 4);
        assert_eq!(left["occurrences"][2]["status"], "cancelled");
        assert_eq!(app.changed().len(), 4, "Ida's, the chair's, the customer's and the team's calendars");
        for reader in [&salon.ida, &salon.chair] {
            let object = salon.object(reader.parse().unwrap(), &id).await.unwrap();
            assert!(object.contains("EXDATE;TZID=Europe/Berlin:20260915T100000") && object.contains("SEQUENCE:1"), "{object}");
        }
        let (actions, changes) = salon.history(&id).await;
        assert_eq!(actions, ["created", "occurrence_cancelled"]);
        assert_eq!(changes["occurrences"][1], json!({(THIRD): {"status": "cancelled"}}));
        assert_eq!(changes["cancel_reason"], json!([null, "on holiday"]));
        // Its own name in the other form, and once more: nothing happens.
        let again = json!({"scope": "this", "occurrence": "2026-09-15T08:00:00Z"});
        assert_eq!(salon.done(&id, "cancel", again).await["sequence"], 1);
        assert_eq!(salon.once(&salon.ida, "2026-09-15T10:00").await.status, 201);
        let moved = json!({"scope": "this", "occurrence": THIRD, "start": "2026-09-16T10:00"});
        assert_eq!(salon.act(&id, "reschedule", moved).await.problem(), "wrong-state");
    }

    async fn when_the_last_is_cancelled_nothing_is_left(app: App) {
        let salon = Salon::open(&app).await;
        let id = salon.book(&salon.body("2026-09-01T10:00", "FREQ=DAILY;COUNT=2")).await.id();
        for (day, status) in [("01", "confirmed"), ("02", "cancelled")] {
            let body = json!({"scope": "this", "occurrence": format!("2026-09-{day}T10:00")});
            assert_eq!(salon.done(&id, "cancel", body).await["status"], status);
        }
        assert!(salon.object(salon.ida.parse().unwrap(), &id).await.unwrap().contains("STATUS:CANCELLED"));
    }

    async fn one_is_moved_and_keeps_its_name(app: App) {
        let salon = Salon::open(&app).await;
        let made = salon.tuesdays().await;
        let id = made.id();
        let body = json!({"scope": "this", "occurrence": THIRD, "start": "2026-09-17T14:00"});
        let moved = salon.done(&id, "reschedule", body.clone()).await;
        assert_eq!((&moved["uid"], &moved["sequence"]), (&made.json()["uid"], &json!(1)));
        assert_eq!(moved["start"], "2026-09-01T10:00:00+02:00", "the series is where it was");
        let third = &moved["occurrences"][2];
        assert_eq!((&third["occurrence"], &third["start"], &third["end"], &third["differs"]), (
            &json!(THIRD), &json!("2026-09-17T14:00:00+02:00"), &json!("2026-09-17T15:00:00+02:00"), &json!(true)));
        let object = salon.object(salon.ida.parse().unwrap(), &id).await.unwrap();
        let own = object.split("BEGIN:VEVENT").nth(2).unwrap();
        for line in ["RECURRENCE-ID;TZID=Europe/Berlin:20260915T100000", "DTSTART;TZID=Europe/Berlin:20260917T140000", "SEQUENCE:1"] {
            assert!(own.contains(line), "{line}\n{object}");
        }
        assert_eq!(salon.done(&id, "reschedule", body).await["sequence"], 1, "the same again changes nothing");
        assert_eq!(salon.once(&salon.ida, "2026-09-15T10:00").await.status, 201);
        assert_eq!(salon.once(&salon.ida, "2026-09-17T14:30").await.status, 409);
        // Moved again, still under its name, and back to where its rule has it: taken by now.
        let again = json!({"scope": "this", "occurrence": THIRD, "start": "2026-09-18T14:00:00+02:00"});
        assert_eq!(salon.done(&id, "reschedule", again).await["occurrences"][2]["start"], "2026-09-18T14:00:00+02:00");
        let back = json!({"scope": "this", "occurrence": THIRD, "start": THIRD});
        let refused = salon.act(&id, "reschedule", back.clone()).await;
        assert_eq!((refused.problem().as_str(), &refused.json()["occurrences"][0]["reasons"][0]["kind"]), ("slot-unavailable", &json!("booking")));
        assert!(!refused.json()["alternatives"].as_array().unwrap().is_empty());
        let (actions, changes) = salon.history(&id).await;
        assert_eq!(actions, ["created", "occurrence_rescheduled", "occurrence_rescheduled"]);
        assert_eq!(changes["occurrences"][0][THIRD]["start"], "2026-09-17T14:00:00");
    }

    async fn back_at_its_rule_nothing_differs(app: App) {
        let salon = Salon::open(&app).await;
        let id = salon.tuesdays().await.id();
        for (start, differs) in [("2026-09-15T12:00", true), (THIRD, false)] {
            let body = json!({"scope": "this", "occurrence": THIRD, "start": start});
            assert_eq!(salon.done(&id, "reschedule", body).await["occurrences"][2]["differs"], differs);
        }
        assert!(!salon.object(salon.ida.parse().unwrap(), &id).await.unwrap().contains("RECURRENCE-ID"));
    }

    async fn another_serves_one_and_sees_that_one_only(app: App) {
        let salon = Salon::open(&app).await;
        let id = salon.tuesdays().await.id();
        let (ida, jon) = (salon.ida.parse().unwrap(), salon.jon.parse().unwrap());
        let body = json!({"scope": "this", "occurrence": THIRD, "start": THIRD, "staff": salon.jon});
        let moved = salon.done(&id, "reschedule", body).await;
        assert_eq!((&moved["staff"], &moved["occurrences"][2]["staff"]), (&json!(salon.ida), &json!(salon.jon)));
        assert_eq!((salon.taken(&id, ida).await.len(), salon.taken(&id, jon).await.len()), (4, 1));
        let theirs = salon.object(jon, &id).await.unwrap();
        assert!(theirs.contains("RECURRENCE-ID") && !theirs.contains("RRULE"), "{theirs}");
        let hers = salon.object(ida, &id).await.unwrap();
        assert!(hers.contains("EXDATE;TZID=Europe/Berlin:20260915T100000") && !hers.contains("RECURRENCE-ID"), "{hers}");
        let customers = salon.object(moved["customer"]["id"].as_str().unwrap().parse().unwrap(), &id).await.unwrap();
        assert!(customers.split("BEGIN:VEVENT").nth(2).unwrap().contains("With: Jon"), "{customers}");
        let listed = app.get(&format!("/v1/bookings?staff={}", salon.jon), &salon.business.read).expect(200).await.json();
        assert_eq!(listed["items"][0]["id"], json!(id));
        // The whole series an hour later: the stand-in's occurrence moves along and stays theirs.
        let later = salon.done(&id, "reschedule", json!({"scope": "all", "start": "2026-09-01T11:00"})).await;
        assert_eq!((&later["occurrences"][2]["start"], &later["occurrences"][2]["staff"]), (&json!("2026-09-15T11:00:00+02:00"), &json!(salon.jon)));
        assert_eq!(salon.app.delete(&format!("/v1/staff/{}", salon.jon), &salon.business.admin).send().await.status, 409);
        let back = json!({"scope": "this", "occurrence": "2026-09-15T11:00", "start": "2026-09-15T11:00", "staff": salon.ida});
        salon.done(&id, "reschedule", back).await;
        assert!(salon.object(jon, &id).await.unwrap().contains("STATUS:CANCELLED"));
        assert_eq!(salon.taken(&id, ida).await.len(), 5);
    }

    async fn occurrences_of_one_series_keep_out_of_each_other(app: App) {
        let salon = Salon::open(&app).await;
        let id = salon.tuesdays().await.id();
        // Exactly on the next one, into its buffer, and with another to serve it.
        for (start, staff) in [("2026-09-22T10:00", &salon.ida), ("2026-09-22T09:00", &salon.ida), ("2026-09-22T10:30", &salon.jon)] {
            let body = json!({"scope": "this", "occurrence": THIRD, "start": start, "staff": staff});
            let refused = salon.act(&id, "reschedule", body).await;
            assert_eq!(refused.problem(), "slot-unavailable", "{start}");
            assert!(!refused.json()["alternatives"].to_string().contains("2026-09-22T10:00"), "{start}");
        }
        let path = format!("/v1/bookings/{id}/alternatives?occurrence={THIRD}");
        let offered = app.get(&path, &salon.business.read).expect(200).await.json();
        let first = offered["alternatives"][0]["start"].as_str().unwrap();
        assert_eq!(first, "2026-09-15T10:15:00+02:00", "its own time is free to it");
        let path = format!("/v1/bookings/{id}/alternatives?occurrence=2026-09-16T10:00");
        assert_eq!(app.get(&path, &salon.business.read).expect(422).await.pointers(), ["/occurrence"]);
    }

    async fn an_occurrence_has_to_be_named(app: App) {
        let salon = Salon::open(&app).await;
        let id = salon.tuesdays().await.id();
        for (body, pointer) in [
            (json!({"scope": "this"}), "/occurrence"),
            (json!({"scope": "following"}), "/occurrence"),
            (json!({"scope": "this", "occurrence": "2026-09-15T11:00"}), "/occurrence"),
            (json!({"scope": "this", "occurrence": "2026-09-15"}), "/occurrence"),
            (json!({"scope": "this", "occurrence": "2026-10-06T10:00"}), "/occurrence"),
            (json!({"scope": "this", "occurrence": "the third"}), "/occurrence"),
            (json!({"scope": "all", "occurrence": THIRD}), "/occurrence"),
            (json!({"occurrence": THIRD}), "/scope"),
        ] {
            let mut moved = body.clone();
            moved["start"] = json!("2026-09-15T15:00");
            for (action, body) in [("cancel", &body), ("reschedule", &moved)] {
                let refused = salon.act(&id, action, body.clone()).await;
                assert_eq!((refused.status.as_u16(), refused.pointers()), (422, vec![pointer.to_owned()]), "{body}");
            }
        }
        let refused = salon.act(&id, "cancel", json!({"scope": "this", "occurrence": "2026-09-15T11:00"})).await.json();
        assert!(refused["detail"].as_str().unwrap().contains(THIRD), "{refused}");
        assert_eq!(salon.get(&id).await["sequence"], 0);
        let single = salon.once(&salon.jon, "2026-09-03T10:00").await;
        let wrong = json!({"scope": "this", "occurrence": "2026-09-03T11:00"});
        assert_eq!(salon.act(&single.id(), "cancel", wrong).await.pointers(), ["/occurrence"]);
        let gone = salon.done(&single.id(), "cancel", json!({"scope": "this", "occurrence": "2026-09-03T08:00:00Z"})).await;
        assert_eq!((&gone["status"], gone.get("occurrences")), (&json!("cancelled"), None));
    }

    async fn the_rules_for_one_are_those_for_a_booking(app: App) {
        let salon = Salon::open(&app).await;
        let id = salon.tuesdays().await.id();
        let hours = json!([{"rrule": "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR", "start": "09:00", "end": "17:00"}]);
        app.put("/v1/working-hours", &salon.business.admin, &hours).expect(200).await;
        let move_to = |start: &str| json!({"scope": "this", "occurrence": THIRD, "start": start});
        let closed = salon.act(&id, "reschedule", move_to("2026-09-19T10:00")).await;
        assert_eq!((closed.problem().as_str(), &closed.json()["occurrences"][0]["reasons"][0]["kind"]), ("slot-unavailable", &json!("outside_hours")));
        assert_eq!(salon.act(&id, "reschedule", move_to("2026-07-01T10:00")).await.pointers(), ["/start"], "it is past");
        assert_eq!(salon.act(&id, "reschedule", move_to("2026-09-19")).await.pointers(), ["/start"], "a day is no time");
        let stale = app.post(&format!("/v1/bookings/{id}/reschedule"), &salon.business.write, &move_to("2026-09-16T10:00"));
        stale.header("if-match", "\"v7\"").expect(412).await;
        // A foreign zone says when; the occurrence stays in the series' own. Of two equal times the later is kept.
        let mut abroad = move_to("2026-10-24T20:30");
        abroad["timezone"] = json!("America/New_York");
        app.put("/v1/working-hours", &salon.business.admin, &json!([])).expect(200).await;
        let moved = salon.done(&id, "reschedule", abroad).await;
        assert_eq!(moved["occurrences"][2]["start"], "2026-10-25T02:30:00+02:00");
        let later = salon.done(&id, "reschedule", move_to("2026-10-25T02:30:00+01:00")).await;
        assert_eq!(later["occurrences"][2]["start"], "2026-10-25T02:30:00+01:00");
        let object = salon.object(salon.ida.parse().unwrap(), &id).await.unwrap();
        assert!(object.contains("DTSTART:20261025T013000Z"), "{object}");
    }

    async fn a_list_shows_what_takes_place_in_its_window(app: App) {
        let salon = Salon::open(&app).await;
        let id = salon.book(&salon.body("2026-09-01T10:00", "FREQ=WEEKLY;INTERVAL=2;COUNT=4")).await.id();
        let list = async |query: &str| {
            let path = format!("/v1/bookings?{query}");
            app.get(&path, &salon.business.read).expect(200).await.json()["items"].as_array().unwrap().clone()
        };
        let names = |items: &[Value]| -> Vec<String> {
            let all = items.iter().flat_map(|item| item["occurrences"].as_array().unwrap().clone());
            all.map(|o| o["occurrence"].as_str().unwrap().to_owned()).collect()
        };
        assert_eq!(names(&list("from=2026-09-14&to=2026-09-30").await), ["2026-09-15T10:00:00", "2026-09-29T10:00:00"]);
        assert!(list("from=2026-09-07&to=2026-09-14").await.is_empty(), "a week without it");
        assert_eq!(list("").await[0].get("occurrences"), None);
        // The second is moved into a week without any, and to before the first.
        for (start, from, to) in [("2026-09-09T10:00", "2026-09-07", "2026-09-14"), ("2026-08-26T10:00", "2026-08-24", "2026-08-31")] {
            let body = json!({"scope": "this", "occurrence": THIRD, "start": start});
            salon.done(&id, "reschedule", body).await;
            assert_eq!(names(&list(&format!("from={from}&to={to}")).await), [THIRD], "{from}");
        }
        assert!(list("from=2026-09-14&to=2026-09-20").await.is_empty());
    }

    async fn whole_days_are_named_by_their_date(app: App) {
        let salon = Salon::open(&app).await;
        let make = async |path: &str, body: Value| app.post(path, &salon.business.admin, &body).expect(201).await.id();
        let yard = make("/v1/resources", json!({"name": "Excavator", "kind": "equipment"})).await;
        let rental = json!({"name": "Rental", "duration_minutes": 2880, "kind": "rental", "resources": [yard]});
        let rental = make("/v1/services", rental).await;
        let body = json!({"service": rental, "start": "2026-10-21", "end": "2026-10-23", "rrule": "FREQ=WEEKLY;COUNT=3"});
        let id = salon.book(&body).await.id();
        let moved = json!({"scope": "this", "occurrence": "2026-10-28", "start": "2026-10-24"});
        let moved = salon.done(&id, "reschedule", moved).await;
        assert_eq!(moved["occurrences"][1]["end"], "2026-10-26T00:00:00+01:00", "two days, one of which has 25 hours");
        assert_eq!(salon.done(&id, "cancel", json!({"scope": "this", "occurrence": "2026-11-04"})).await["occurrences"][2]["status"], "cancelled");
        let object = salon.object(yard.parse().unwrap(), &id).await.unwrap();
        assert!(object.contains("RECURRENCE-ID;VALUE=DATE:20261028") && object.contains("EXDATE;VALUE=DATE:20261104"), "{object}");
        assert_eq!(salon.taken(&id, yard.parse().unwrap()).await.len(), 2);
    }
}
