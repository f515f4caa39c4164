//! `json_*`: bookings, customers and services with bodies that mean harm.

use jiff::civil::{Date, Weekday, date};
use serde_json::{Value, json};

use super::{Target, case, case_text, post_text};
use crate::support::{Answer, Kind, events};

on_both!(bookings_that_mean_harm, numbers_and_characters, what_is_stored_is_only_data, nothing_in_bulk);

fn coming_year() -> i16 {
    jiff::Zoned::now().year() + 1
}

/// When clocks change in Europe.
fn last_sunday(month: i8) -> Date {
    let last = date(coming_year(), month, 31);
    last.nth_weekday(-1, Weekday::Sunday)
        .map_or(last, |before| if last.weekday() == Weekday::Sunday { last } else { before })
}

/// A case in Fasti's words, a year that is ahead, and days on which clocks change in it.
fn translated(target: &Target, text: &str) -> String {
    text.replace("event_type", "service")
        .replace("\"guest\"", "\"customer\"")
        .replace("{{TYPE}}", &target.service)
        .replace("2026-03-29", &last_sunday(3).to_string())
        .replace("2026-10-25", &last_sunday(10).to_string())
        .replace("2026-", &format!("{}-", coming_year()))
}

/// A case that is one body, or a list of them.
fn bodies(target: &Target, text: &str) -> Vec<String> {
    let text = translated(target, text);
    match serde_json::from_str(&text) {
        Ok(Value::Array(all)) => all.iter().map(Value::to_string).collect(),
        _ => vec![text],
    }
}

async fn book(target: &Target, name: &str, body: String) -> Answer {
    target.hit(name, post_text(target, "bookings", body)).await
}

/// Refused with the field that is wrong, and nothing stored.
async fn bookings_that_mean_harm(kind: Kind) {
    let target = Target::new(kind).await;
    for (file, statuses, pointer) in [
        ("json_mass_assignment.json", &[422][..], "/"),
        ("json_past_and_far.json", &[422], "/start"),
        ("json_dst_gap.json", &[422], "/start"),
        ("json_tz_path.json", &[422], "/timezone"),
        ("json_email_header.json", &[422], "/customer/"),
        ("json_email_lists.json", &[422], "/customer/email"),
        ("json_name_ics.json", &[422], "/customer/"),
        ("json_name_html.json", &[422], "/answers"),
        ("json_dup_keys.json", &[400, 422], "/start"),
        ("json_deep.json.gz", &[400], ""),
    ] {
        let Some(text) = case_text(file) else { return };
        let before = target.bookings().await;
        for body in bodies(&target, &text) {
            let answer = book(&target, file, body.clone()).await;
            let shown: String = body.chars().take(300).collect();
            assert!(statuses.contains(&answer.status), "{file}: {} for {shown}: {}", answer.status, answer.body);
            assert_eq!(answer.header("content-type"), "application/problem+json");
            if answer.status == 422 {
                let place = answer.json()["errors"][0]["pointer"].as_str().unwrap_or_default().to_owned();
                assert!(place.starts_with(pointer), "{file}: {shown}: {}", answer.body);
            }
        }
        assert_eq!(target.bookings().await, before, "{file}: something was stored");
    }
    let zone = translated(&target, &case_text("json_tz_path.json").unwrap());
    for other in ["localtime", "posixrules", "Europe/Berlin\\u0000", "/etc/localtime", "europe/berlin/../rome", ""] {
        let body = zone.replace("../../../../etc/passwd", other);
        assert_eq!(book(&target, other, body).await.status, 422, "{other}");
    }
}

/// Numbers at the edge and characters that are none, wherever JSON is taken.
async fn numbers_and_characters(kind: Kind) {
    let target = Target::new(kind).await;
    for file in ["json_numbers.json", "json_nul_surrogate.json"] {
        let Some(text) = case(file) else { return };
        let text = String::from_utf8(text).unwrap();
        for path in ["bookings", "customers", "services", "staff", "resources", "feeds"] {
            let answer = target.hit(file, post_text(&target, path, text.clone())).await;
            assert!((400..500).contains(&answer.status), "{file} to {path}: {}", answer.body);
        }
    }
    let ann = json!({ "name": "a\u{0}b", "email": "ann@guest.example" });
    assert_eq!(target.hit("NUL", target.api.post("customers", &ann)).await.status, 422);
    for limit in ["-1", "0", "1e999", "99999999999999999999", "0.1", "201", "%00", ""] {
        for list in ["bookings", "customers", "staff", "feeds"] {
            let answer = target.hit(limit, target.api.get(&format!("{list}?limit={limit}"))).await;
            assert!((400..500).contains(&answer.status), "{list}?limit={limit}: {}", answer.body);
        }
    }
    for cursor in ["x", "AAAA", "%27%20OR%201=1", "%F0%9F%8E%89"] {
        let answer = target.hit(cursor, target.api.get(&format!("bookings?cursor={cursor}"))).await;
        assert!((400..500).contains(&answer.status), "cursor {cursor}: {}", answer.body);
    }
    for wrong in [
        "\"duration_minutes\":1e999",
        "\"duration_minutes\":-30",
        "\"duration_minutes\":30,\"capacity\":99999999999999999999",
    ] {
        let answer = target.hit(wrong, post_text(&target, "services", format!("{{\"name\":\"x\",{wrong}}}"))).await;
        assert!((400..500).contains(&answer.status), "{wrong}: {}", answer.body);
    }
}

/// Accepted, and the same text again in every output, each of them well-formed.
async fn what_is_stored_is_only_data(kind: Kind) {
    let target = Target::new(kind).await;
    let Some(control) = case_text("json_control_booking.json") else { return };
    let mut all = vec![serde_json::from_str::<Value>(&translated(&target, &control)).unwrap()];
    for file in ["json_name_html.json", "json_sql.json", "json_dst_fold.json", "json_name_ics.json"] {
        let mut body: Value = serde_json::from_str(&translated(&target, &case_text(file).unwrap())).unwrap();
        body.as_object_mut().unwrap().remove("answers");
        if let Some(notes) = body["customer"].as_object_mut().unwrap().remove("notes") {
            // The name is refused for its line break; as notes it is a text of several lines.
            body["notes"] =
                json!(format!("{}\n{}", body["customer"]["name"].as_str().unwrap(), notes.as_str().unwrap()));
            body["customer"]["name"] = json!("Eve; DROP, \\n\"x\"");
        }
        all.push(body);
    }
    let before = target.bookings().await;
    for body in &all {
        let answer = book(&target, "control", body.to_string()).await;
        assert_eq!(answer.status, 201, "{body}: {}", answer.body);
        let made = answer.json();
        assert_eq!(made["customer"]["name"], body["customer"]["name"]);
        if body["start"].as_str().unwrap().len() == 19 {
            assert!(made["notices"].to_string().contains("happens twice"), "{made}");
        }
        let again = target.api.get(&format!("bookings/{}", made["id"].as_str().unwrap())).await.json();
        assert_eq!((&again["customer"], &again["notes"]), (&made["customer"], &made["notes"]));
        let page = target.api.fetch(&crate::support::path_of(made["links"]["manage"].as_str().unwrap())).await;
        assert_eq!(page.status, 200);
        assert!(!page.body.contains("<img src=x") && !page.body.contains("<script>"), "{}", page.body);
    }
    let count = i64::try_from(all.len()).unwrap();
    assert_eq!(target.bookings().await, before + count);
    let feed = target.api.fetch(&target.feed).await;
    // One of those before is the other business's.
    assert_eq!(i64::try_from(events(&feed.body).len()).unwrap(), before - 1 + count, "{}", feed.body);
    assert!(!feed.body.lines().any(|line| line == "UID:evil"), "a line of a note became a line of the calendar");
    assert!(feed.body.replace("\r\n ", "").contains("O'Brien-Müller 李 🎉"));
}

/// There is no bulk cancellation; asking for one changes nothing.
async fn nothing_in_bulk(kind: Kind) {
    let target = Target::new(kind).await;
    let Some(text) = case_text("json_bulk_cancel.json") else { return };
    let text = text.replace("{{BOOKING_A}}", target.booking_id()).replace("{{BOOKING_B}}", &target.others_booking);
    let others = format!("bookings/{}/cancel", target.others_booking);
    for path in ["bookings/cancel", "bookings/bulk", "bookings/bulk/cancel", "bookings", &others] {
        let answer = target.hit(path, post_text(&target, path, text.clone())).await;
        assert!((400..500).contains(&answer.status), "{path}: {}", answer.body);
    }
    let standing = target.house.database.number("SELECT count(*) FROM bookings WHERE status = 'confirmed'").await;
    assert_eq!(standing, 2);
}
