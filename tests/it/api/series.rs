//! Series: one occurrence, one and all after it, or all of them (B8).

mod calendar;
mod conflicts;
mod following;
mod page;
mod random;
mod this;

use serde_json::{Value, json};

use crate::support::{Answer, App, Business};

/// A business where Ida and Jon cut hair in the one chair there is.
struct Salon<'a> {
    app: &'a App,
    business: Business,
    ida: String,
    jon: String,
    chair: String,
    cut: String,
}

impl<'a> Salon<'a> {
    async fn open(app: &'a App) -> Self {
        let business = app.business("salon").await;
        let make = async |path: &str, body: Value| app.post(path, &business.admin, &body).expect(201).await.id();
        let person = |name: &str| json!({"name": name, "email": format!("{}@salon.example", name.to_lowercase())});
        let (ida, jon) = (make("/v1/staff", person("Ida")).await, make("/v1/staff", person("Jon")).await);
        let chair = make("/v1/resources", json!({"name": "Chair", "kind": "equipment"})).await;
        let cut = json!({
            "name": "Cut", "duration_minutes": 60, "buffer_after_minutes": 15, "staff": [ida, jon], "resources": [chair],
        });
        let cut = make("/v1/services", cut).await;
        Self { app, business, ida, jon, chair, cut }
    }

    fn body(&self, start: &str, rule: &str) -> Value {
        json!({
            "service": self.cut, "staff": self.ida, "start": start, "rrule": rule,
            "customer": {"name": "Cleo", "email": "cleo@guest.example"},
        })
    }

    /// Books Ida on five Tuesdays at ten, from 1 September 2026.
    async fn tuesdays(&self) -> Answer {
        self.book(&self.body("2026-09-01T10:00", "FREQ=WEEKLY;COUNT=5")).await
    }

    async fn book(&self, body: &Value) -> Answer {
        self.app.post("/v1/bookings", &self.business.write, body).expect(201).await
    }

    /// Books Ida or another for once.
    async fn once(&self, staff: &str, start: &str) -> Answer {
        let mut body = json!({"service": self.cut, "staff": staff, "start": start});
        body["customer"] = json!({"name": "Ben", "email": "ben@guest.example"});
        self.app.post("/v1/bookings", &self.business.write, &body).send().await
    }

    async fn get(&self, id: &str) -> Value {
        self.app.get(&format!("/v1/bookings/{id}"), &self.business.read).expect(200).await.json()
    }

    async fn act(&self, id: &str, action: &str, body: Value) -> Answer {
        self.app.post(&format!("/v1/bookings/{id}/{action}"), &self.business.write, &body).send().await
    }

    async fn done(&self, id: &str, action: &str, body: Value) -> Value {
        let answer = self.act(id, action, body).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer.json()
    }

    /// The changes of a booking by action, the last one whole.
    async fn history(&self, id: &str) -> (Vec<String>, Value) {
        let path = format!("/v1/bookings/{id}/history");
        let answer = self.app.get(&path, &self.business.read).expect(200).await.json();
        let items = answer["items"].as_array().unwrap();
        let actions = items.iter().map(|item| item["action"].as_str().unwrap().to_owned()).collect();
        (actions, items.last().unwrap()["changes"].clone())
    }
}

/// The starts of the occurrences that take place.
fn starts(booking: &Value) -> Vec<&str> {
    let occurrences = booking["occurrences"].as_array().unwrap().iter();
    occurrences.filter(|o| o["status"] != "cancelled").map(|o| o["start"].as_str().unwrap()).collect()
}
