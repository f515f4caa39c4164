//! What is kept, for how long, and who last came for it.

use super::*;
use crate::store::feeds;

const LONG: Duration = Duration::from_secs(3600);

#[tokio::test]
async fn another_process_is_seen_within_a_moment() {
    let mut house = house_with(Duration::from_millis(100), 1 << 20);
    let haircut = house.haircut();
    let (feed, stem) = house.feed(FeedKind::Staff, Some(house.anna), NewFeedOptions::default());
    let path = format!("{stem}.ics");
    let before = house.get(&path).await.header("etag").to_owned();
    house.book(&haircut);
    assert_eq!(house.get(&path).await.header("etag"), before, "believed for now");
    tokio::time::sleep(Duration::from_millis(120)).await;
    let answer = house.ask(Method::GET, &path, &[("if-none-match", &before)]).await;
    assert_eq!((answer.status, count(&answer.text(), "BEGIN:VEVENT")), (StatusCode::OK, 1));
    let ctx = house.ctx.clone();
    booking::feeds::rotate(&mut house.conn, &ctx, feed.feed_id, None).unwrap();
    tokio::time::sleep(Duration::from_millis(120)).await;
    assert_eq!(house.get(&path).await.status, StatusCode::GONE);
}

#[tokio::test]
async fn this_process_is_seen_at_once() {
    let mut house = house_with(LONG, 1 << 20);
    let haircut = house.haircut();
    let (feed, stem) = house.feed(FeedKind::Staff, Some(house.anna), NewFeedOptions::default());
    let path = format!("{stem}.ics");
    let before = house.get(&path).await.header("etag").to_owned();
    let touched = house.book(&haircut).touched;
    assert_eq!(house.get(&path).await.header("etag"), before, "nobody told it");
    house.state.invalidate(house.ctx.tenant, &[house.ben]);
    house.state.invalidate(TenantId::of_slug("other"), &touched);
    assert_eq!(house.get(&path).await.header("etag"), before, "that was about others");
    house.state.invalidate(house.ctx.tenant, &touched);
    let after = house.get(&path).await;
    assert_eq!((after.header("etag") == before, count(&after.text(), "BEGIN:VEVENT")), (false, 1));
    let ctx = house.ctx.clone();
    booking::feeds::delete(&mut house.conn, &ctx, feed.feed_id, None).unwrap();
    assert_eq!(house.get(&path).await.status, StatusCode::OK);
    house.state.forget_feeds(house.ctx.tenant, &[feed.feed_id]);
    assert_eq!(house.get(&path).await.status, StatusCode::GONE);
}

#[tokio::test]
async fn a_day_ends_whatever_is_kept() {
    let mut house = house_with(LONG, 1 << 20);
    let path = house.path(FeedKind::Staff, Some(house.anna));
    let before = house.get(&path).await.header("etag").to_owned();
    house.pass(15 * 3600);
    assert_ne!(house.get(&path).await.header("etag"), before);
}

#[tokio::test]
async fn a_date_never_hides_a_second_change() {
    let mut house = house();
    let haircut = house.haircut();
    let path = house.path(FeedKind::Staff, Some(house.anna));
    house.ctx.now = Instant::from_unix(NOW);
    house.book_at(&haircut, "2026-03-03T10:00");
    let first = house.get(&path).await;
    assert_eq!(first.header("last-modified"), "", "this second is not over");
    house.book_at(&haircut, "2026-03-04T10:00");
    house.clock.fetch_add(1, Ordering::Relaxed);
    assert_eq!(house.get(&path).await.header("last-modified"), "");
    house.clock.fetch_add(1, Ordering::Relaxed);
    let later = house.get(&path).await;
    assert_eq!(later.header("last-modified"), "Mon, 02 Mar 2026 08:00:00 GMT");
    let since = [("if-modified-since", later.header("last-modified"))];
    assert_eq!(house.ask(Method::GET, &path, &since).await.status, StatusCode::NOT_MODIFIED);
}

#[tokio::test]
async fn every_instance_gives_the_same_bytes_and_tag() {
    let mut house = house();
    let haircut = house.haircut();
    for day in 3..9 {
        house.book_at(&haircut, &format!("2026-03-0{day}T10:00"));
    }
    let path = house.path(FeedKind::Staff, Some(house.anna));
    let one = house.get(&path).await;
    let url = format!("sqlite://{}", house._dir.path().join("t.db").display());
    let store = Store::connect(&url, &store::Options::for_url(&url)).unwrap();
    let clock = Arc::new(|| Instant::from_unix(NOW + 3600));
    let key = house.ctx.links.key.clone();
    house.state = FeedState::new(store, key, "https://cal.example", CacheOptions::default(), clock);
    let other = house.get(&path).await;
    assert_eq!((one.header("etag"), &one.body), (other.header("etag"), &other.body));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_at_once_get_the_same() {
    let mut house = house_with(Duration::from_millis(500), 1 << 20);
    let haircut = house.haircut();
    house.book(&haircut);
    let path = house.path(FeedKind::Staff, Some(house.anna));
    let asks = (0..64).map(|i| {
        let (state, path) = (house.state.clone(), path.clone());
        let encoding = if i % 2 == 0 { "gzip" } else { "identity" };
        tokio::spawn(async move {
            let request = Request::builder().uri(path).header("accept-encoding", encoding).body(Body::empty()).unwrap();
            let response = routes(state).oneshot(request).await.unwrap();
            (response.status(), response.headers()["etag"].len())
        })
    });
    for (i, answer) in asks.collect::<Vec<_>>().into_iter().enumerate() {
        assert_eq!(answer.await.unwrap(), (StatusCode::OK, if i % 2 == 0 { 37 } else { 34 }));
    }
}

#[tokio::test]
async fn a_cache_without_room_still_serves() {
    let mut house = house_with(LONG, 0);
    let haircut = house.haircut();
    house.book(&haircut);
    let path = house.path(FeedKind::Staff, Some(house.anna));
    for encoding in ["gzip", "identity", "gzip"] {
        let answer = house.ask(Method::GET, &path, &[("accept-encoding", encoding)]).await;
        assert_eq!((answer.status, answer.body.is_empty()), (StatusCode::OK, false), "{encoding}");
    }
}

#[tokio::test]
async fn who_fetched_last_is_written_later() {
    let mut house = house_with(LONG, 1 << 20);
    let (feed, stem) = house.feed(FeedKind::Staff, Some(house.anna), NewFeedOptions::default());
    let path = format!("{stem}.ics");
    let etag = house.ask(Method::GET, &path, &[("user-agent", "Thunderbird/140")]).await.header("etag").to_owned();
    let row = |house: &mut House| feeds::find(&mut house.conn, house.ctx.tenant, feed.feed_id).unwrap().unwrap();
    assert_eq!(row(&mut house).last_fetched_at, None);
    house.pass(5);
    house.ask(Method::GET, &path, &[("if-none-match", &etag), ("user-agent", "ICSx5/2.3\tx")]).await;
    assert_eq!(house.state.flush_fetches().await.unwrap(), 1);
    let noted = row(&mut house);
    assert_eq!(
        (noted.last_fetched_at, noted.last_fetched_by.as_deref()),
        (Some(Instant::from_unix(NOW + 5)), Some("ICSx5/2.3x"))
    );
    assert_eq!((noted.version, house.get(&path).await.header("etag")), (feed.version, etag.as_str()));
    house.get("/feeds/x.ics").await;
    house.pass(-60);
    house.get(&path).await;
    house.state.flush_fetches().await.unwrap();
    assert_eq!(row(&mut house).last_fetched_at, Some(Instant::from_unix(NOW + 5)), "an older note is no news");
    assert_eq!(house.state.flush_fetches().await.unwrap(), 0);
}

#[tokio::test]
async fn a_row_that_cannot_be_read_is_an_error_and_no_empty_calendar() {
    let mut house = house();
    let (feed, stem) = house.feed(FeedKind::Staff, Some(house.anna), NewFeedOptions::default());
    let broken = Feed { options: "{\"colour\":1}".into(), version: feed.version + 1, ..feed.clone() };
    assert!(feeds::replace(&mut house.conn, &broken, feed.version).unwrap());
    let answer = house.get(&format!("{stem}.ics")).await;
    assert_eq!((answer.status, answer.header("retry-after")), (StatusCode::INTERNAL_SERVER_ERROR, "60"));
    assert!(!answer.text().contains("colour"));
}
