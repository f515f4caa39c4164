//! Statuses and headers (F6).

use super::*;
use std::io::Read;

const OUTLOOK: &str = "Microsoft Office/16.0 (Windows NT 10.0; Microsoft Outlook 16.0.17328; Pro)";

async fn feed_with_one_booking() -> (House, String) {
    let mut house = house();
    let haircut = house.haircut();
    house.book(&haircut);
    let path = house.path(FeedKind::Staff, Some(house.anna));
    (house, path)
}

#[tokio::test]
async fn the_headers_of_a_feed() {
    let (house, path) = feed_with_one_booking().await;
    let answer = house.get(&path).await;
    for (name, value) in [
        ("content-type", "text/calendar; charset=utf-8"),
        ("content-disposition", "inline; filename=\"calendar.ics\""),
        ("cache-control", "private, no-cache"),
        ("vary", "Accept-Encoding, User-Agent"),
        ("referrer-policy", "no-referrer"),
        ("x-robots-tag", "noindex"),
        ("last-modified", "Mon, 02 Mar 2026 07:59:00 GMT"),
        ("content-encoding", ""),
        ("location", ""),
    ] {
        assert_eq!(answer.header(name), value, "{name}");
    }
    assert!(answer.header("etag").starts_with('"') && answer.header("etag").len() == 34);
    let head = house.ask(Method::HEAD, &path, &[]).await;
    assert_eq!((head.status, head.body.len()), (StatusCode::OK, 0));
    assert_eq!(head.header("content-length"), answer.body.len().to_string());
    assert_eq!(head.header("etag"), answer.header("etag"));
    let range = house.ask(Method::GET, &path, &[("range", "bytes=0-9")]).await;
    assert_eq!((range.status, range.body), (StatusCode::OK, answer.body));
    for method in [Method::POST, Method::PUT, Method::DELETE, Method::OPTIONS, Method::from_bytes(b"PROPFIND").unwrap()]
    {
        let refused = house.ask(method, &path, &[]).await;
        assert_eq!((refused.status, refused.header("allow")), (StatusCode::METHOD_NOT_ALLOWED, "GET,HEAD"));
    }
}

#[tokio::test]
async fn what_the_client_has_is_not_sent_again() {
    let (house, path) = feed_with_one_booking().await;
    let full = house.get(&path).await;
    let etag = full.header("etag").to_owned();
    let tag = etag.trim_matches('"').to_owned();
    let gz = format!("\"{tag}-gz\"");
    let asked = [
        (etag.clone(), StatusCode::NOT_MODIFIED, etag.as_str()),
        (format!("W/{etag}"), StatusCode::NOT_MODIFIED, &etag),
        (format!("\"x\", {etag}"), StatusCode::NOT_MODIFIED, &etag),
        ("*".into(), StatusCode::NOT_MODIFIED, &etag),
        (format!("\"{tag}-gzip\""), StatusCode::NOT_MODIFIED, &etag),
        (format!("\"{tag}-br\""), StatusCode::NOT_MODIFIED, &etag),
        (gz.clone(), StatusCode::NOT_MODIFIED, &gz),
        ("\"x\"".into(), StatusCode::OK, &etag),
        (String::new(), StatusCode::OK, &etag),
    ];
    for (sent, status, answered) in asked {
        for method in [Method::GET, Method::HEAD] {
            let answer = house.ask(method, &path, &[("if-none-match", &sent)]).await;
            assert_eq!((answer.status, answer.header("etag")), (status, answered), "{sent}");
            if status == StatusCode::NOT_MODIFIED {
                assert!(answer.body.is_empty() && answer.header("content-type").is_empty());
                assert_eq!(answer.header("vary"), full.header("vary"));
                assert_eq!(answer.header("cache-control"), full.header("cache-control"));
            }
        }
    }
    let since = |date: &'static str| [("if-modified-since", date)];
    let modified = "Mon, 02 Mar 2026 07:59:00 GMT";
    assert_eq!(house.ask(Method::GET, &path, &since(modified)).await.status, StatusCode::NOT_MODIFIED);
    let before = "Mon, 02 Mar 2026 07:58:59 GMT";
    assert_eq!(house.ask(Method::GET, &path, &since(before)).await.status, StatusCode::OK);
    let both = [("if-none-match", "\"x\""), ("if-modified-since", modified)];
    assert_eq!(house.ask(Method::GET, &path, &both).await.status, StatusCode::OK, "the tag decides");
}

#[tokio::test]
async fn gzip_for_all_but_microsoft() {
    let (house, path) = feed_with_one_booking().await;
    let plain = house.get(&path).await;
    let etag = plain.header("etag").trim_matches('"').to_owned();
    for (agent, gzip) in [("curl/8.5", true), (OUTLOOK, false), ("Google-Calendar-Importer", true), ("", true)] {
        let answer = house.ask(Method::GET, &path, &[("accept-encoding", "gzip, br"), ("user-agent", agent)]).await;
        assert_eq!(answer.header("content-encoding"), if gzip { "gzip" } else { "" }, "{agent}");
        let body = if gzip {
            let mut text = Vec::new();
            flate2::read::GzDecoder::new(&answer.body[..]).read_to_end(&mut text).unwrap();
            assert_eq!(answer.header("etag"), format!("\"{etag}-gz\""));
            Bytes::from(text)
        } else {
            assert_eq!(answer.header("etag"), format!("\"{etag}\""));
            answer.body
        };
        assert_eq!(body, plain.body);
    }
    let headers = [("accept-encoding", "gzip"), ("if-none-match", "*")];
    let answer = house.ask(Method::HEAD, &path, &headers).await;
    assert_eq!((answer.status, answer.header("etag")), (StatusCode::NOT_MODIFIED, &*format!("\"{etag}-gz\"")));
}

#[tokio::test]
async fn unknown_and_malformed_are_the_same_and_revoked_is_gone() {
    let (mut house, path) = feed_with_one_booking().await;
    let (feed, stem) = house.feed(FeedKind::Staff, Some(house.anna), NewFeedOptions::default());
    let (deleted, deleted_stem) = house.feed(FeedKind::Team, None, NewFeedOptions::default());
    let foreign = crate::auth::FeedSecret::derive(&MasterKey::generate(), house.ctx.tenant, feed.feed_id, 1).0;
    let elsewhere =
        crate::auth::FeedSecret::derive(&house.ctx.links.key, TenantId::of_slug("other"), feed.feed_id, 1).0;
    let unknown = house.get(&format!("/feeds/{}.ics", foreign.reveal())).await;
    assert_eq!(unknown.status, StatusCode::NOT_FOUND);
    let long = "A".repeat(5000);
    for other in [
        "x.ics".to_owned(),
        ".ics".to_owned(),
        format!("{long}.ics"),
        format!("{}.ifb", foreign.reveal()),
        format!("{}.ics", elsewhere.reveal()),
        format!("{}.ICS", &stem[7..]),
        stem[7..].to_owned(),
        format!("{}.html", &stem[7..]),
        format!("{}.ics.ics", &stem[7..]),
        "%2e%2e%2f.ics".to_owned(),
    ] {
        let answer = house.get(&format!("/feeds/{other}")).await;
        assert_eq!((answer.status, &answer.body), (StatusCode::NOT_FOUND, &unknown.body), "{other}");
        assert_eq!(answer.headers, unknown.headers, "{other}");
    }
    let ctx = house.ctx.clone();
    booking::feeds::rotate(&mut house.conn, &ctx, feed.feed_id, None).unwrap();
    booking::feeds::delete(&mut house.conn, &ctx, deleted.feed_id, None).unwrap();
    for gone in [stem, deleted_stem] {
        for extension in ["ics", "ifb"] {
            let answer = house.ask(Method::GET, &format!("{gone}.{extension}"), &[("if-none-match", "*")]).await;
            assert_eq!(answer.status, StatusCode::GONE);
            assert_eq!(answer.header("content-type"), "text/plain; charset=utf-8");
            assert!(answer.text().contains("revoked") && answer.header("etag").is_empty());
        }
    }
    let new = booking::feeds::secret(&ctx, feed.feed_id, 2);
    assert_eq!(house.get(&format!("/feeds/{}.ics", new.reveal())).await.status, StatusCode::OK);
    assert_eq!(house.get(&path).await.status, StatusCode::OK);
}

#[tokio::test]
async fn robots_are_let_in() {
    let house = house();
    let answer = house.get("/robots.txt").await;
    assert_eq!((answer.status, answer.text().contains("Disallow")), (StatusCode::OK, false));
}
