//! A day in the life of a business, through the public API only.

use serde_json::{Value, json};

use crate::support::{App, Business};

const HOLIDAYS: &str = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//test//EN\r\nBEGIN:VEVENT\r\nUID:unity@holidays\r\n\
    DTSTAMP:20260101T000000Z\r\nDTSTART;VALUE=DATE:20261003\r\nRRULE:FREQ=YEARLY\r\nSUMMARY:Tag der Einheit\r\nEND:VEVENT\r\n\
    BEGIN:VEVENT\r\nUID:outing@holidays\r\nDTSTAMP:20260101T000000Z\r\nDTSTART;VALUE=DATE:20260909\r\nSUMMARY:Outing\r\n\
    END:VEVENT\r\nEND:VCALENDAR\r\n";

struct Day<'a> {
    app: &'a App,
    business: &'a Business,
}

impl Day<'_> {
    async fn make(&self, path: &str, body: Value) -> Value {
        self.app.post(&format!("/v1/{path}"), &self.business.admin, &body).expect(201).await.json()
    }

    async fn id(&self, path: &str, body: Value) -> String {
        self.make(path, body).await["id"].as_str().unwrap().to_owned()
    }

    async fn refused(&self, path: &str, body: Value) -> Value {
        let refused = self.app.post(&format!("/v1/{path}"), &self.business.admin, &body).expect(409).await;
        assert_eq!(refused.problem(), "slot-unavailable");
        refused.json()
    }

    /// Why a service cannot begin; the kinds of reasons.
    async fn why(&self, service: &str, more: &str, start: &str) -> Vec<String> {
        let path = format!("/v1/availability/explain?service={service}{more}&start={start}");
        let answer = self.app.get(&path, &self.business.read).expect(200).await.json();
        assert_eq!(answer["available"], answer["reasons"].as_array().unwrap().is_empty(), "{answer}");
        answer["reasons"].as_array().unwrap().iter().map(|r| r["kind"].as_str().unwrap().to_owned()).collect()
    }
}

fn detail(problem: &Value) -> &str {
    problem["detail"].as_str().unwrap()
}

on_both! {
    async fn of_a_salon_with_a_yard(app: App) {
        let a = app.business("a").await;
        let day = Day { app: &app, business: &a };
        let person = |name: &str| json!({"name": name, "email": format!("{}@salon.example", name.to_lowercase())});
        let (ida, jon) = (day.id("staff", person("Ida")).await, day.id("staff", person("Jon")).await);

        // Hours: the business on weekdays, Ida also on Saturday mornings.
        let week = |days: &str, end: &str| json!({"rrule": format!("FREQ=WEEKLY;BYDAY={days}"), "start": "09:00", "end": end});
        let put = |path: String, rules: Value| app.call(axum::http::Method::PUT, &path).token(&a.admin).json(&rules);
        put("/v1/working-hours".to_owned(), json!([week("MO,TU,WE,TH,FR", "17:00")])).expect(200).await;
        let own = json!([week("MO,TU,WE,TH,FR", "17:00"), week("SA", "12:00")]);
        put(format!("/v1/staff/{ida}/working-hours"), own).expect(200).await;

        // A holiday calendar, twice.
        let import = || app.post("/v1/blocks/import", &a.admin, &json!({"ics": HOLIDAYS}));
        assert_eq!(import().expect(200).await.json()["created"], 2);
        assert_eq!(import().expect(200).await.json()["unchanged"], 2);

        let cut = json!({"name": "Cut", "duration_minutes": 60, "staff": [ida, jon]});
        let cut = day.id("services", cut).await;
        let at = |time: &str| format!("2026-09-{time}");
        let item = |staff: &str, start: &str| json!({"service": cut, "staff": staff, "start": at(start)});

        // An order of three, all or none.
        let items = json!([item(&ida, "07T09:00"), item(&ida, "07T10:00"), item(&jon, "07T11:00")]);
        let order = json!({"customer": {"name": "Cleo", "email": "cleo@guest.example"}, "items": items});
        let order = day.id("orders", order).await;
        let confirm = app.post(&format!("/v1/orders/{order}/confirm"), &a.write, &json!({}));
        let confirmed = confirm.expect(200).await.json();
        assert_eq!(confirmed["status"], "confirmed");
        let bookings: Vec<String> = confirmed["items"].as_array().unwrap().iter()
            .map(|item| item["booking"].as_str().unwrap().to_owned()).collect();
        assert_eq!(bookings.len(), 3);

        // One is moved: first to where it cannot be, then to what is offered instead.
        let reschedule = |start: &str| {
            app.post(&format!("/v1/bookings/{}/reschedule", bookings[0]), &a.write, &json!({"start": start}))
        };
        let taken = reschedule(&at("07T10:30")).expect(409).await.json();
        assert_eq!(day.why(&cut, &format!("&staff={ida}"), &at("07T10:30")).await, ["booking"]);
        let instead = taken["alternatives"][0]["start"].as_str().unwrap();
        reschedule(instead).expect(200).await;
        // One is cancelled, and its time is free again.
        assert_eq!(day.why(&cut, &format!("&staff={jon}"), &at("07T11:00")).await, ["booking"]);
        app.post(&format!("/v1/bookings/{}/cancel", bookings[2]), &a.write, &json!({})).expect(200).await;
        assert!(day.why(&cut, &format!("&staff={jon}"), &at("07T11:00")).await.is_empty());

        // What hours and holidays do not allow.
        for (staff, start, kind) in [
            (&jon, "08T08:00", "outside_hours"), (&jon, "05T10:00", "outside_hours"), (&jon, "09T10:00", "holiday"),
            (&ida, "05T11:30", "outside_hours"),
        ] {
            let refused = day.refused("bookings", item(staff, start)).await;
            assert!(detail(&refused).contains("is not available"), "{start}: {refused}");
            let kinds = day.why(&cut, &format!("&staff={staff}"), &at(start)).await;
            assert!(kinds.iter().any(|k| k == kind), "{start}: {kinds:?}");
        }
        day.make("bookings", item(&ida, "05T11:00")).await;
        let feast = json!({"service": cut, "staff": ida, "start": "2027-10-02T10:00"});
        day.make("bookings", feast).await;
        assert!(day.why(&cut, "", "2028-10-03T10:00").await.contains(&"holiday".to_owned()), "the holiday recurs");

        // A series of ten, of which the third meets a booking.
        day.make("bookings", item(&ida, "29T14:00")).await;
        let mut series = item(&ida, "15T14:00");
        series["rrule"] = json!("FREQ=WEEKLY;COUNT=10");
        let refused = day.refused("bookings", series.clone()).await;
        assert!(detail(&refused).contains("2026-09-29T14:00:00+02:00"), "{refused}");
        series["start"] = json!(at("15T15:00"));
        let made = day.make("bookings", series).await;
        assert_eq!(made["rrule"], "FREQ=WEEKLY;COUNT=10");
        // After the clocks are set back it is still three o'clock.
        assert_eq!(day.why(&cut, &format!("&staff={ida}"), "2026-11-17T15:00").await, ["booking"]);

        // A class, filled to its capacity.
        let yoga = json!({"name": "Yoga", "duration_minutes": 60, "kind": "class", "capacity": 3, "staff": [jon]});
        let yoga = day.id("services", yoga).await;
        let seat = |n: u32| json!({"service": yoga, "start": at("10T16:00"), "customer": {"name": format!("Guest {n}")}});
        for n in 0..3 {
            day.make("bookings", seat(n)).await;
        }
        day.refused("bookings", seat(3)).await;
        assert_eq!(day.why(&yoga, "", &at("10T16:00")).await, ["full"]);

        // The last of two excavators, over a weekend.
        let yard = json!({"name": "Excavator", "kind": "equipment", "quantity": 2});
        let yard = day.id("resources", yard).await;
        let rental = json!({"name": "Rental", "duration_minutes": 1440, "kind": "rental", "resources": [yard]});
        let rental = day.id("services", rental).await;
        let rent = |from: &str, to: &str| json!({"service": rental, "start": at(from), "end": at(to)});
        day.make("bookings", rent("11", "15")).await;
        day.make("bookings", rent("14", "16")).await;
        day.refused("bookings", rent("10", "15")).await;
        let days = format!("/v1/availability/days?resource={yard}&from=2026-09-11&to=2026-09-16");
        let days = app.get(&days, &a.read).expect(200).await.json();
        let left: Vec<&Value> = days["days"].as_array().unwrap().iter().map(|day| &day["remaining"]).collect();
        assert_eq!(left, [1, 1, 1, 0, 1, 2].map(Value::from).iter().collect::<Vec<_>>(), "{days}");
        assert_eq!(day.why(&rental, "", &at("14T00:00")).await.is_empty(), false);
    }
}
