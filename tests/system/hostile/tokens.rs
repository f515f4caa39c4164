//! `tok_*`: guessed, forged and bent tokens.

use reqwest::Method;

use super::{Target, case_text};
use crate::support::{Answer, Kind, path_of};

on_both!(guessed_feeds, forged_api_tokens, bent_booking_links);

/// The characters that a request line cannot hold, percent-encoded; what is encoded already stays.
fn encoded(text: &str) -> String {
    text.bytes()
        .map(|b| if b.is_ascii_graphic() && b != b'#' { char::from(b).to_string() } else { format!("%{b:02X}") })
        .collect()
}

fn flipped(text: &str) -> String {
    let flip = |c: char| if c.is_ascii_lowercase() { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() };
    text.chars().map(flip).collect()
}

/// Each gets the 404 of a feed that never was, where feeds are and where their profiles are, except the one that was
/// revoked: it gets 410 (docs/rulings.md).
async fn guessed_feeds(kind: Kind) {
    let target = Target::new(kind).await;
    let Some(text) = case_text("tok_feed_guesses.txt") else { return };
    let token = |path: &str| path.trim_start_matches("/feeds/").trim_end_matches(".ics").to_owned();
    let mine = token(&target.feed);
    let hash = target.house.database.rows("SELECT token_hash FROM feed_tokens").await[0][0].clone().unwrap();
    let revoked = token(&target.revoked_feed);
    let lines = text
        .replace("{{FEED_TOKEN_A:first16}}", &mine[..16])
        .replace("{{FEED_TOKEN_A:upper}}", &mine.to_uppercase())
        .replace("{{FEED_TOKEN_A}}", &mine)
        .replace("{{FEED_TOKEN_REVOKED}}", &revoked)
        .replace("{{FEED_ID_B}}", &token(&target.others_feed))
        .replace("{{FEED_HASH_FROM_DB}}", hash.trim_start_matches("\\x"))
        .replace("{{USER_A}}", "ann@guest.example")
        .replace("{{CAL_ID_A}}", "00000000-0000-0000-0000-000000000000");
    assert!(!lines.contains("{{"), "a placeholder is left");
    let never = target.api.fetch("/feeds/never.ics").await;
    assert_eq!((never.status, never.header("content-type")), (404, "text/plain; charset=utf-8"));
    let mut seen = 0;
    let doors = |line| [("/feeds/", line, ".ics"), ("/setup/", line, ".mobileconfig")];
    for (before, line, after) in lines.lines().flat_map(doors) {
        let request = format!("GET {before}{}{after} HTTP/1.1\r\nhost: x\r\n\r\n", encoded(line));
        let answer = target.hit(line, target.raw(request.as_bytes())).await;
        if line == revoked {
            assert_eq!(answer.status, 410);
        } else if line.contains('/') {
            assert_eq!(answer.status, 404, "{line}");
        } else {
            assert_eq!((answer.status, &answer.body), (404, &never.body), "{line}");
        }
        seen += 1;
    }
    assert!(seen >= 30, "only {seen} guesses");
    assert_eq!(target.api.fetch(&target.feed).await.status, 200);
}

async fn forged_api_tokens(kind: Kind) {
    let target = Target::new(kind).await;
    let (Some(tokens), Some(variants)) = (case_text("tok_jwt_none.txt"), case_text("http_basic_variants.txt")) else {
        return;
    };
    let (mine, theirs) = (target.api.token(), target.other.token());
    let tokens = tokens
        .replace("{{API_KEY_A}}", mine)
        .replace("{{API_KEY_B}}", theirs)
        .replace("{{API_KEY_A:case_flipped}}", &flipped(mine));
    assert!(!tokens.contains("{{API"), "a placeholder is left");
    let forged = tokens.lines().map(|line| format!("Bearer {line}"));
    let halves = format!("Bearer {}{}", &mine[..30], &theirs[30..]);
    let mut bodies = std::collections::BTreeSet::new();
    for value in forged.chain(variants.lines().map(str::to_owned)).chain([halves]) {
        let request = target.api.plain(Method::GET, "/api/v1/bookings").header("authorization", &value);
        let answer = target.hit(&value, async { Answer::to(request).await.unwrap() }).await;
        assert_eq!(answer.status, 401, "{value}");
        assert!(answer.header("www-authenticate").starts_with("Bearer"), "{value}");
        bodies.insert(answer.body);
    }
    assert_eq!(bodies.len(), 1, "refusals differ: {bodies:?}");
}

/// `tok_cancel_predict.json`: no bit of a booking's link may be another, and it acts on that booking only.
async fn bent_booking_links(kind: Kind) {
    let target = Target::new(kind).await;
    let again = serde_json::json!({ "service": target.service, "start": target.booking["start"],
        "customer": { "name": "Ann", "email": "ann@guest.example" } });
    let second = target.api.post("bookings", &again).await.json();
    let [one, two] = [&target.booking, &second].map(|booking| {
        let path = path_of(booking["links"]["manage"].as_str().unwrap());
        path.trim_start_matches("/manage/").to_owned()
    });
    assert!(one.len() >= 40 && one != two);
    let mut bent: Vec<String> = (0..one.len()).step_by(3).map(|at| with_another_letter(&one, at)).collect();
    bent.extend([format!("{}{}", &one[..32], &two[32..]), format!("{}{}", &two[..32], &one[32..])]);
    bent.extend([one[..one.len() - 1].to_owned(), format!("{one}A"), one.to_uppercase(), String::from("x")]);
    let ics = path_of(target.booking["links"]["ics"].as_str().unwrap());
    bent.push(ics.trim_start_matches("/ics/").trim_end_matches(".ics").to_owned());
    for token in bent {
        for (method, path) in [
            (Method::GET, format!("/manage/{token}")),
            (Method::POST, format!("/manage/{token}/cancel")),
            (Method::GET, format!("/ics/{token}.ics")),
        ] {
            if path == ics {
                continue;
            }
            let request = target.api.plain(method, &path);
            let answer = target.hit(&path, async { Answer::to(request).await.unwrap() }).await;
            assert_eq!(answer.status, 404, "{path}");
        }
    }
    let status = |id: &str| format!("SELECT count(*) FROM bookings WHERE status = 'cancelled' AND uid = '{id}'");
    let uid = |booking: &serde_json::Value| booking["uid"].as_str().unwrap().to_owned();
    let cancel = target.api.plain(Method::POST, &format!("/manage/{two}/cancel"));
    Answer::to(cancel).await.ok();
    assert_eq!(target.house.database.number(&status(&uid(&second))).await, 1, "the real link cancels");
    assert_eq!(target.house.database.number(&status(&uid(&target.booking))).await, 0, "and only its own booking");
    let page = target.api.fetch(&format!("/manage/{two}")).await;
    assert!(page.status == 200 && page.body.contains("Cancelled"), "the link shows the outcome");
    assert!(!page.body.contains("<form"), "and acts no more");
}

fn with_another_letter(token: &str, at: usize) -> String {
    let other = if &token[at..=at] == "A" { "B" } else { "A" };
    format!("{}{other}{}", &token[..at], &token[at + 1..])
}
