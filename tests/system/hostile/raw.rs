//! `http_*`: bytes that no client library would send, to paths that exist.

use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::{Target, case, case_text};
use crate::support::Kind;

on_both!(requests_as_bytes, paths_that_lead_elsewhere, two_hundred_slow_bodies, headers_of_what_is_private);

fn replaced(bytes: &[u8], from: &str, to: &str) -> Vec<u8> {
    let (mut out, mut rest, from) = (Vec::with_capacity(bytes.len()), bytes, from.as_bytes());
    while let Some(at) = rest.windows(from.len()).position(|window| window == from) {
        out.extend_from_slice(&rest[..at]);
        out.extend_from_slice(to.as_bytes());
        rest = &rest[at + from.len()..];
    }
    out.extend_from_slice(rest);
    out
}

/// A case aimed at routes that exist: a calendar of the collection is the list of bookings, an object is a booking.
fn aimed(target: &Target, case: &[u8]) -> Vec<u8> {
    let booking = format!("/api/v1/bookings/{}", target.booking_id());
    let others = format!("/api/v1/bookings/{}", target.others_booking);
    let bearer = format!("Bearer {}", target.api.token());
    let length = case.windows(4).position(|w| w == b"\r\n\r\n").map_or(0, |at| case.len() - at - 4).to_string();
    let mut bytes = case.to_vec();
    for (from, to) in [
        ("PUT {{CAL_A}}b.ics", "POST /api/v1/bookings"),
        ("PUT {{CAL_A}}slow.ics", "POST /api/v1/bookings"),
        ("PUT {{CAL_A}}x.ics", "POST /api/v1/bookings"),
        ("/api/v1/ping", "/api/v1/bookings"),
        ("text/calendar", "application/json"),
        ("Basic {{BASIC_A}}", bearer.as_str()),
        ("{{HOST}}", "cal.fasti.example"),
        ("{{CAL_A}}", "/api/v1/bookings/"),
        ("{{CAL_A2}}", "/api/v1/customers/"),
        ("{{CAL_B}}", "/api/v1/customers/"),
        ("{{OBJ_A}}", booking.as_str()),
        ("{{OBJ_B}}", others.as_str()),
        ("{{BOOKING_A}}", target.booking_id()),
        ("{{FEED_A}}", target.feed.as_str()),
        ("{{EMAIL_A}}", "ann@guest.example"),
        ("{{SESSION_A}}", "x"),
        ("{{UID_EXISTING}}", "x"),
        ("{{LEN}}", length.as_str()),
    ] {
        bytes = replaced(&bytes, from, to);
    }
    bytes
}

async fn requests_as_bytes(kind: Kind) {
    let target = Target::new(kind).await;
    let before = target.bookings().await;
    // What CalDAV answers them with a password is in conformance/hostile_dav: a token of the API opens nothing there.
    for (file, statuses) in [
        ("http_cl_te.http", &[400][..]),
        ("http_te_te.http", &[400]),
        ("http_cl_plus.http", &[400]),
        ("http_chunk_overflow.http", &[400]),
        ("http_two_hosts.http", &[400]),
        ("http_host_poison.http", &[404, 405]),
        ("http_depth_infinity.http", &[401, 404, 405, 501]),
        ("http_copy_cross_tenant.http", &[401, 404, 405, 501]),
        ("http_move_overwrite_calendar.http", &[401, 404, 405, 501]),
        ("http_move_other_host.http", &[401, 404, 405, 501]),
        ("http_put_ifmatch_stale.http", &[405, 412]),
        ("http_put_ifnonematch_star.http", &[405, 412]),
        ("http_if_header_bomb.http", &[400, 405, 431]),
        ("http_lock_forever.http", &[401, 404, 405, 501]),
        ("http_basic_1mb.http.gz", &[400, 431]),
        ("http_gzip_bomb.http", &[400, 413, 415]),
        ("http_range_bomb.http", &[200, 416]),
        ("http_header_flood.http", &[400, 431]),
        ("http_method_override.http", &[401, 404, 405]),
        ("http_trace.http", &[405, 501]),
        ("http_h2c_upgrade.http", &[404]),
        ("http_csrf_text_plain.http", &[401, 403, 415]),
        ("http_csrf_get.http", &[404, 405]),
    ] {
        let Some(bytes) = case(file) else { return };
        let answer = target.hit(file, target.raw(&aimed(&target, &bytes))).await;
        assert!(statuses.contains(&answer.status), "{file}: {} {:.300}", answer.status, answer.body);
        assert!(!answer.body.contains("evil.example"), "{file}: {}", answer.body);
        assert!(answer.body.matches("BEGIN:VCALENDAR").count() < 2, "{file} multiplied the body");
    }
    assert_eq!(target.bookings().await, before, "something was booked");
}

/// None leads to a file, to another business, or past the router.
async fn paths_that_lead_elsewhere(kind: Kind) {
    let target = Target::new(kind).await;
    let Some(lines) = case("http_traversal.txt") else { return };
    let lines = String::from_utf8(aimed(&target, &lines)).unwrap();
    let feeds = lines.replace("/api/v1/bookings/", "/feeds/");
    for line in lines.lines().chain(feeds.lines()).filter(|line| !line.is_empty()) {
        let bearer = target.api.token();
        // From elsewhere, as an undeclared proxy would say: this machine itself may read /metrics.
        let request = format!(
            "{line} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {bearer}\r\nx-forwarded-for: 203.0.113.9\r\n\r\n"
        );
        let answer = target.hit(line, target.raw(request.as_bytes())).await;
        assert!((400..500).contains(&answer.status), "{line}: {} {:.200}", answer.status, answer.body);
        assert!(!answer.body.contains("root:") && !answer.body.contains("theirs alone"), "{line}: {}", answer.body);
    }
}

/// Two hundred clients that stop in the middle of a body: others are served meanwhile, and they are let go.
async fn two_hundred_slow_bodies(kind: Kind) {
    let target = Target::new(kind).await;
    let Some(bytes) = case("http_slow_body.http") else { return };
    let (bytes, before) = (aimed(&target, &bytes), target.bookings().await);
    let mut slow = Vec::new();
    for _ in 0..200 {
        let mut stream = TcpStream::connect(target.server.address).await.unwrap();
        stream.write_all(&bytes).await.unwrap();
        slow.push(stream);
    }
    let started = Instant::now();
    let probe = target.hit("200 slow bodies", target.api.get("bookings")).await;
    assert_eq!(probe.status, 200);
    for mut stream in slow {
        let mut answer = Vec::new();
        let read = tokio::time::timeout(Duration::from_secs(30), stream.read_to_end(&mut answer)).await;
        assert!(read.is_ok(), "a slow client is held for ever");
        assert!(answer.is_empty() || answer.starts_with(b"HTTP/1.1 408 "), "{}", String::from_utf8_lossy(&answer));
    }
    assert!(started.elapsed() < Duration::from_secs(30), "{:?}", started.elapsed());
    assert_eq!(target.bookings().await, before);
    target.hit("after 200 slow bodies", target.api.get("bookings")).await;
}

/// The rows of `http_frame_matrix.txt` that concern paths there are.
async fn headers_of_what_is_private(kind: Kind) {
    let target = Target::new(kind).await;
    if case_text("http_frame_matrix.txt").is_none() {
        return;
    }
    let feed = target.api.fetch(&target.feed).await;
    let page = target.api.fetch(&crate::support::path_of(target.booking["links"]["manage"].as_str().unwrap())).await;
    let list = target.api.get("bookings").await;
    for (answer, header, holds) in [
        (&feed, "content-type", "text/calendar"),
        (&feed, "x-content-type-options", "nosniff"),
        (&feed, "cache-control", "private"),
        (&feed, "referrer-policy", "no-referrer"),
        (&feed, "x-robots-tag", "noindex"),
        (&page, "content-security-policy", "frame-ancestors 'none'"),
        (&page, "referrer-policy", "no-referrer"),
        (&page, "cache-control", "no-store"),
        (&list, "cache-control", "no-store"),
        (&list, "x-content-type-options", "nosniff"),
        (&list, "content-security-policy", "frame-ancestors 'none'"),
    ] {
        assert_eq!(answer.status, 200);
        assert!(answer.header(header).contains(holds), "{header}: {:?}", answer.header(header));
    }
}
