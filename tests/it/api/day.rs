//! A day in the life of a business, through the public API only.

use axum::http::Method;
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

/// The time of a day in September.
fn at(time: &str) -> String {
    format!("2026-09-{time}")
}

/// What works at the salon.
struct Salon {
    ida: String,
    jon: String,
    cut: String,
}

impl Salon {
    fn item(&self, staff: &str, start: &str) -> Value {
        json!({"service": self.cut, "staff": staff, "start": at(start)})
    }
}

impl Day<'_> {
    /// The business is open on weekdays, Ida works on Saturday mornings too; and there are holidays.
    async fn opens(&self) -> Salon {
        let (app, admin) = (self.app, &self.business.admin);
        let person = |name: &str| json!({"name": name, "email": format!("{}@salon.example", name.to_lowercase())});
        let (ida, jon) = (self.id("staff", person("Ida")).await, self.id("staff", person("Jon")).await);
        let week =
            |days: &str, end: &str| json!({"rrule": format!("FREQ=WEEKLY;BYDAY={days}"), "start": "09:00", "end": end});
        let put = |path: String, rules: Value| app.call(Method::PUT, &path).token(admin).json(&rules);
        put("/v1/working-hours".to_owned(), json!([week("MO,TU,WE,TH,FR", "17:00")])).expect(200).await;
        let own = json!([week("MO,TU,WE,TH,FR", "17:00"), week("SA", "12:00")]);
        put(format!("/v1/staff/{ida}/working-hours"), own).expect(200).await;
        let import = || app.post("/v1/blocks/import", admin, &json!({"ics": HOLIDAYS}));
        assert_eq!(import().expect(200).await.json()["created"], 2);
        assert_eq!(import().expect(200).await.json()["unchanged"], 2, "the same holidays again");
        let cut = json!({"name": "Cut", "duration_minutes": 60, "staff": [ida, jon]});
        Salon { cut: self.id("services", cut).await, ida, jon }
    }

    /// An order of three is confirmed, one of it moved to where it is offered, and one cancelled.
    async fn takes_an_order(&self, salon: &Salon) {
        let (app, write) = (self.app, &self.business.write);
        let Salon { ida, jon, cut } = salon;
        let items = json!([salon.item(ida, "07T09:00"), salon.item(ida, "07T10:00"), salon.item(jon, "07T11:00")]);
        let order = json!({"customer": {"name": "Cleo", "email": "cleo@guest.example"}, "items": items});
        let order = self.id("orders", order).await;
        let confirmed = app.post(&format!("/v1/orders/{order}/confirm"), write, &json!({})).expect(200).await.json();
        assert_eq!(confirmed["status"], "confirmed");
        let booking = |n: usize| confirmed["items"][n]["booking"].as_str().unwrap();
        let reschedule =
            |start: &str| app.post(&format!("/v1/bookings/{}/reschedule", booking(0)), write, &json!({"start": start}));
        let taken = reschedule(&at("07T10:30")).expect(409).await.json();
        assert_eq!(self.why(cut, &format!("&staff={ida}"), &at("07T10:30")).await, ["booking"]);
        reschedule(taken["alternatives"][0]["start"].as_str().unwrap()).expect(200).await;
        assert_eq!(self.why(cut, &format!("&staff={jon}"), &at("07T11:00")).await, ["booking"]);
        app.post(&format!("/v1/bookings/{}/cancel", booking(2)), write, &json!({})).expect(200).await;
        assert!(self.why(cut, &format!("&staff={jon}"), &at("07T11:00")).await.is_empty(), "its time is free again");
    }

    async fn keeps_its_hours(&self, salon: &Salon) {
        let Salon { ida, jon, cut } = salon;
        for (staff, start, kind) in [
            (jon, "08T08:00", "outside_hours"),
            (jon, "05T10:00", "outside_hours"),
            (jon, "09T10:00", "holiday"),
            (ida, "05T11:30", "outside_hours"),
        ] {
            let refused = self.refused("bookings", salon.item(staff, start)).await;
            assert!(detail(&refused).contains("is not available"), "{start}: {refused}");
            let kinds = self.why(cut, &format!("&staff={staff}"), &at(start)).await;
            assert!(kinds.iter().any(|k| k == kind), "{start}: {kinds:?}");
        }
        self.make("bookings", salon.item(ida, "05T11:00")).await;
        let kinds = self.why(cut, "", "2028-10-03T10:00").await;
        assert!(kinds.contains(&"holiday".to_owned()), "the holiday recurs: {kinds:?}");
    }

    /// Ten times, of which the third meets a booking; then an hour later, and over the end of summer time.
    async fn books_a_series(&self, salon: &Salon) {
        let Salon { ida, cut, .. } = salon;
        self.make("bookings", salon.item(ida, "29T14:00")).await;
        let mut series = salon.item(ida, "15T14:00");
        series["rrule"] = json!("FREQ=WEEKLY;COUNT=10");
        let refused = self.refused("bookings", series.clone()).await;
        assert!(detail(&refused).contains("2026-09-29T14:00:00+02:00"), "{refused}");
        assert!(self.why(cut, &format!("&staff={ida}"), &at("15T14:00")).await.is_empty(), "nothing of it is kept");
        series["start"] = json!(at("15T15:00"));
        assert_eq!(self.make("bookings", series).await["rrule"], "FREQ=WEEKLY;COUNT=10");
        assert_eq!(self.why(cut, &format!("&staff={ida}"), "2026-11-17T15:00").await, ["booking"]);
    }

    async fn fills_a_class(&self, salon: &Salon) {
        let yoga = json!({
            "name": "Yoga", "duration_minutes": 60, "kind": "class", "capacity": 3, "staff": [salon.jon],
        });
        let yoga = self.id("services", yoga).await;
        let seat =
            |n: u32| json!({"service": yoga, "start": at("10T16:00"), "customer": {"name": format!("Guest {n}")}});
        for n in 0..3 {
            self.make("bookings", seat(n)).await;
        }
        self.refused("bookings", seat(3)).await;
        assert_eq!(self.why(&yoga, "", &at("10T16:00")).await, ["full"]);
    }

    /// Two excavators, of which the last is gone on a Monday.
    async fn rents_out(&self) {
        let yard = json!({"name": "Excavator", "kind": "equipment", "quantity": 2});
        let yard = self.id("resources", yard).await;
        let rental = json!({"name": "Rental", "duration_minutes": 1440, "kind": "rental", "resources": [yard]});
        let rental = self.id("services", rental).await;
        let rent = |from: &str, to: &str| json!({"service": rental, "start": at(from), "end": at(to)});
        self.make("bookings", rent("11", "15")).await;
        self.make("bookings", rent("14", "16")).await;
        self.refused("bookings", rent("10", "15")).await;
        let days = format!("/v1/availability/days?resource={yard}&from=2026-09-11&to=2026-09-16");
        let days = self.app.get(&days, &self.business.read).expect(200).await.json();
        let left: Vec<u64> =
            days["days"].as_array().unwrap().iter().map(|day| day["remaining"].as_u64().unwrap()).collect();
        assert_eq!(left, [1, 1, 1, 0, 1, 2], "{days}");
        assert!(!self.why(&rental, "", &at("14T00:00")).await.is_empty());
    }
}

on_both! {
    async fn of_a_salon_with_a_yard(app: App) {
        let a = app.business("a").await;
        let day = Day { app: &app, business: &a };
        let salon = day.opens().await;
        day.takes_an_order(&salon).await;
        day.keeps_its_hours(&salon).await;
        day.books_a_series(&salon).await;
        day.fills_a_class(&salon).await;
        day.rents_out().await;
    }
}
