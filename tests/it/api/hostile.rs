//! The bad inputs of the hostile set that concern the API, and its controls, which must be accepted.

use std::io::Read;
use std::path::PathBuf;

use axum::http::Method;
use serde_json::{Value, json};

use crate::support::{Answer, App, Business, Seed};

/// The hostile set, or `None` when it is not beside the project.
pub fn folder() -> Option<PathBuf> {
    let beside = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../shared"));
    let shared = std::env::var_os("FASTI_SHARED").map_or(beside, PathBuf::from);
    let folder = shared.join("hostile");
    if folder.is_dir() {
        return Some(folder);
    }
    eprintln!("SKIPPED: {} is not there; set FASTI_SHARED to the folder that holds hostile/", folder.display());
    None
}

fn text(folder: &std::path::Path, name: &str, seed: &Seed) -> String {
    let bytes = std::fs::read(folder.join(name)).unwrap();
    let text = if name.ends_with(".gz") {
        let mut text = String::new();
        flate2::read::GzDecoder::new(&bytes[..]).read_to_string(&mut text).unwrap();
        text
    } else {
        String::from_utf8(bytes).unwrap()
    };
    text.replace("{{TYPE}}", &seed.service.to_string())
        .replace("\"event_type\"", "\"service\"")
        .replace("\"guest\"", "\"customer\"")
}

/// The requests of a file: one, or one for each entry of a list.
fn each(text: &str) -> Vec<String> {
    match serde_json::from_str::<Value>(text) {
        Ok(Value::Array(cases)) => cases.iter().map(Value::to_string).collect(),
        _ => vec![text.to_owned()],
    }
}

async fn send(app: &App, a: &Business, path: &str, body: &str) -> Answer {
    let begun = std::time::Instant::now();
    let answer = app.call(Method::POST, path).token(&a.admin).text(body.to_owned()).send().await;
    assert!(begun.elapsed().as_secs() < 2);
    answer
}

/// File, and the statuses any of which is right.
const BOOKINGS: [(&str, &[u16]); 15] = [
    ("json_control_booking.json", &[201]),
    ("json_mass_assignment.json", &[422]),
    // Opening hours come with availability; off the grid it is free until then.
    ("json_outside_hours.json", &[201, 409, 422]),
    ("json_past_and_far.json", &[400, 409, 422]),
    ("json_dst_gap.json", &[422]),
    ("json_dst_fold.json", &[201, 409, 422]),
    ("json_tz_path.json", &[422]),
    ("json_email_header.json", &[422]),
    ("json_email_lists.json", &[422]),
    ("json_name_ics.json", &[422]),
    ("json_name_html.json", &[201, 422]),
    ("json_dup_keys.json", &[400, 422]),
    ("json_sql.json", &[201, 422]),
    ("json_nul_surrogate.json", &[400, 422]),
    ("json_deep.json.gz", &[400]),
];

on_both! {
    async fn bookings_of_the_hostile_set(app: App) {
        let Some(folder) = folder() else { return };
        let (a, b) = (app.business("a").await, app.business("b").await);
        let theirs = app.seed(&b).await;
        let before = app.get("/v1/bookings", &b.admin).expect(200).await.body;
        for (name, statuses) in BOOKINGS {
            // A service of its own for each file, so that none is in the way of another.
            let seed = app.seed(&a).await;
            for body in each(&text(&folder, name, &seed)) {
                let answer = send(&app, &a, "/v1/bookings", &body).await;
                assert!(statuses.contains(&answer.status.as_u16()), "{name}: {} {}\n{body}", answer.status, answer.body);
            }
        }
        assert_eq!(app.get("/v1/bookings", &b.admin).expect(200).await.body, before);
        app.get(&format!("/v1/bookings/{}", theirs.booking), &b.admin).expect(200).await;
        let zones = ["localtime", "posixrules", "Europe/Berlin\0", "CET-1CEST", ""];
        let seed = app.seed(&a).await;
        for zone in zones {
            let mut body = seed.booking_body("2026-09-02T10:00");
            body["timezone"] = json!(zone);
            assert_eq!(send(&app, &a, "/v1/bookings", &body.to_string()).await.pointers(), ["/timezone"], "{zone:?}");
        }
    }

    async fn what_is_kept_stays_data(app: App) {
        let a = app.business("a").await;
        let seed = app.seed(&a).await;
        for (hour, name) in [(9, "Robert'); DROP TABLE bookings;--"), (11, "<img src=x onerror=fetch(`//evil`)>"),
            (13, "{{7*7}}${7*7}<%=7*7%>"), (15, "=HYPERLINK(\"https://evil\")"), (17, "O'Brien-Müller 李 🎉")] {
            let mut body = seed.booking_body(&format!("2026-09-01T{hour:02}:00"));
            body["customer"]["name"] = json!(name);
            body["notes"] = json!("' UNION SELECT token FROM oauth_credentials--\n%_\\\\");
            let made = app.post("/v1/bookings", &a.write, &body).expect(201).await;
            let read = app.get(&format!("/v1/bookings/{}", made.id()), &a.read).expect(200).await.json();
            assert_eq!((&read["customer"]["name"], &read["notes"]), (&body["customer"]["name"], &body["notes"]));
        }
    }

    async fn numbers_and_texts_of_the_hostile_set(app: App) {
        let Some(folder) = folder() else { return };
        let a = app.business("a").await;
        let seed = app.seed(&a).await;
        for name in ["json_numbers.json", "json_nul_surrogate.json", "json_deep.json.gz", "json_bulk_cancel.json"] {
            let body = text(&folder, name, &seed);
            let cancel = format!("/v1/bookings/{}/cancel", seed.booking);
            for path in ["/v1/services", "/v1/customers", "/v1/staff", "/v1/resources", "/v1/feeds", &cancel] {
                let answer = send(&app, &a, path, &body).await;
                assert!(matches!(answer.status.as_u16(), 400 | 422), "{name} to {path}: {} {}", answer.status, answer.body);
            }
        }
        let booking = app.get(&format!("/v1/bookings/{}", seed.booking), &a.read).expect(200).await.json();
        assert_eq!(booking["status"], "confirmed");
    }
}
