//! What each kind of feed holds.

use super::*;
use crate::booking::model::BookingPatch;
use calcard::icalendar::ICalendarComponentType as Component;

#[tokio::test]
async fn a_staff_feed_is_a_calendar_that_others_can_read() {
    let mut house = house();
    let mut haircut = house.haircut();
    haircut.customer = House::cleo();
    house.book(&haircut);
    house.book(&NewBooking {
        timezone: Some("America/New_York".into()),
        start: "2026-03-03T09:00".into(),
        ..haircut.clone()
    });
    house.book(&NewBooking { staff: Some(house.ben), ..haircut.clone() });
    let path = house.path(FeedKind::Staff, Some(house.anna));
    let answer = house.get(&path).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    let text = answer.text();
    let components = parsed(&text);
    let of = |wanted| components.iter().filter(|c| **c == wanted).count();
    assert_eq!((of(Component::VCalendar), of(Component::VTimezone), of(Component::VEvent)), (1, 2, 2));
    let lines = answer.lines();
    assert!(lines.starts_with("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:"));
    assert!(lines.ends_with("END:VEVENT\r\nEND:VCALENDAR\r\n"));
    for line in [
        "METHOD:PUBLISH",
        "X-WR-CALNAME:Anna – Salon Anna",
        "NAME:Anna – Salon Anna",
        "X-WR-TIMEZONE:Europe/Berlin",
        "REFRESH-INTERVAL;VALUE=DURATION:PT15M",
        "X-PUBLISHED-TTL:PT15M",
        &format!("SOURCE;VALUE=URI:https://cal.example{path}"),
        "TZID:America/New_York",
        "TZID:Europe/Berlin",
        "SUMMARY:Haircut – Cleo Customer",
        "DTSTART;TZID=Europe/Berlin:20260302T140000",
        "DTSTART;TZID=America/New_York:20260303T090000",
    ] {
        assert!(lines.contains(&format!("\r\n{line}\r\n")), "{line}\n{lines}");
    }
    assert!(lines.find("END:VTIMEZONE").unwrap() < lines.find("BEGIN:VEVENT").unwrap());
}

#[tokio::test]
async fn each_reader_gets_their_own() {
    let mut house = house();
    let mut haircut = house.haircut();
    haircut.customer = House::cleo();
    haircut.notes = Some("allergic to lavender".into());
    haircut.resources = Some(vec![house.van]);
    let customer = house.book(&haircut).booking.customer_id;
    house.book_at(&NewBooking { customer: CustomerInput::Nobody, resources: None, ..haircut }, "2026-03-05T10:00");
    for (kind, subject, events, lavender) in [
        (FeedKind::Staff, Some(house.anna), 2, true),
        (FeedKind::Staff, Some(house.ben), 0, false),
        (FeedKind::Customer, customer, 1, false),
        (FeedKind::Resource, Some(house.van), 1, true),
        (FeedKind::Team, None, 2, true),
        (FeedKind::Maintenance, None, 0, false),
    ] {
        let path = house.path(kind, subject);
        let text = house.get(&path).await.lines();
        assert_eq!(count(&text, "BEGIN:VEVENT"), events, "{kind}");
        assert_eq!(text.contains("lavender"), lavender, "{kind}\n{text}");
        parsed(&house.get(&path).await.text());
    }
}

#[tokio::test]
async fn a_route_is_its_deliveries_in_stop_order() {
    let mut house = house();
    let service = house.service("Parcel", BookingKind::Delivery, 1);
    let van = Some(vec![house.van]);
    let parcel =
        NewBooking { service, resources: van.clone(), location: Some("Street 1".into()), ..Default::default() };
    for (start, stop) in [
        ("2026-03-04T08:00", Some(1)),
        ("2026-03-03T15:00", None),
        ("2026-03-03T12:00", Some(1)),
        ("2026-03-03T09:00", Some(3)),
        ("2026-03-03T10:30", Some(2)),
    ] {
        house.book(&NewBooking { stop, start: start.into(), ..parcel.clone() });
    }
    let other = house.service("Move", BookingKind::Rental, 1);
    house.book(&NewBooking { service: other, resources: van, start: "2026-03-03T09:00".into(), ..Default::default() });
    let path = house.path(FeedKind::Route, Some(house.van));
    let text = house.get(&path).await.lines();
    let starts: Vec<&str> =
        text.split("BEGIN:VEVENT").skip(1).map(|e| e.split("DTSTART;TZID=Europe/Berlin:").nth(1).unwrap()).collect();
    let starts: Vec<&str> = starts.iter().map(|s| &s[..15]).collect();
    let expected = ["20260303T120000", "20260303T103000", "20260303T090000", "20260303T150000", "20260304T080000"];
    assert_eq!(starts, expected);
}

#[tokio::test]
async fn a_crew_s_feed_is_maintenance_only() {
    let mut house = house();
    let haircut = house.haircut();
    house.book(&haircut);
    let service = house.service("Oil change", BookingKind::Maintenance, 1);
    house.book(&NewBooking { service, staff: Some(house.ben), start: "2026-03-03T09:00".into(), ..Default::default() });
    for subject in [None, Some(house.ben)] {
        let path = house.path(FeedKind::Maintenance, subject);
        let text = house.get(&path).await.lines();
        assert_eq!((count(&text, "BEGIN:VEVENT"), text.contains("Oil change")), (1, true));
    }
}

#[tokio::test]
async fn only_the_window_is_shown_and_it_moves_with_the_day() {
    let mut house = house();
    let haircut = house.haircut();
    for start in ["2026-03-04T10:00", "2026-03-09T22:30", "2026-03-10T00:00"] {
        house.book_at(&haircut, start);
    }
    let options = NewFeedOptions { past_days: Some(0), future_days: Some(8), ..NewFeedOptions::default() };
    let path = format!("{}.ics", house.feed(FeedKind::Staff, Some(house.anna), options).1);
    let first = house.get(&path).await;
    assert_eq!(count(&first.text(), "BEGIN:VEVENT"), 2, "the tenth begins when the window ends");
    house.pass(15 * 3600 + 10);
    let next_day = house.get(&path).await;
    assert_eq!(count(&next_day.text(), "BEGIN:VEVENT"), 3);
    assert_ne!(first.header("etag"), next_day.header("etag"));
    assert_eq!(next_day.header("last-modified"), "Mon, 02 Mar 2026 23:00:00 GMT", "midnight in Berlin");
    house.pass(2 * DAY);
    assert_eq!(count(&house.get(&path).await.text(), "BEGIN:VEVENT"), 2, "what ended yesterday is gone");
}

#[tokio::test]
async fn cancelled_bookings_are_shown_as_such_for_thirty_days() {
    let mut house = house();
    let haircut = house.haircut();
    let id = house.book_at(&haircut, "2026-06-01T10:00").booking.booking_id;
    let ctx = house.ctx.clone();
    booking::cancel(&mut house.conn, &ctx, id, None, None).unwrap();
    let path = house.path(FeedKind::Staff, Some(house.anna));
    let text = house.get(&path).await.lines();
    assert!(text.contains("STATUS:CANCELLED") && text.contains("SEQUENCE:1"));
    house.pass(30 * DAY);
    assert!(house.get(&path).await.lines().contains("STATUS:CANCELLED"));
    house.pass(DAY);
    assert!(!house.get(&path).await.lines().contains("BEGIN:VEVENT"));
}

#[tokio::test]
async fn who_no_longer_serves_sees_it_cancelled() {
    let mut house = house();
    let haircut = house.haircut();
    let booked = house.book(&haircut).booking;
    let (anna, ben) = (house.path(FeedKind::Staff, Some(house.anna)), house.path(FeedKind::Staff, Some(house.ben)));
    let patch = BookingPatch { staff: Some(Some(house.ben)), ..BookingPatch::default() };
    let ctx = house.ctx.clone();
    booking::change(&mut house.conn, &ctx, booked.booking_id, &patch).unwrap();
    for (path, status) in [(anna, "STATUS:CANCELLED"), (ben, "STATUS:CONFIRMED")] {
        let text = house.get(&path).await.lines();
        assert!(text.contains(status) && text.contains(&format!("UID:{}", booked.uid)), "{text}");
    }
}

#[tokio::test]
async fn a_booking_as_a_file() {
    let mut house = house();
    let mut haircut = house.haircut();
    haircut.customer = House::cleo();
    haircut.notes = Some("allergic to lavender".into());
    let booked = house.book(&haircut).booking;
    let url = house.ctx.links.ics(&booked);
    let path = url.strip_prefix("https://cal.example").unwrap();
    let answer = house.get(path).await;
    let components = parsed(&answer.text());
    assert!(components.contains(&Component::VTimezone) && components.contains(&Component::VEvent));
    assert!(answer.lines().contains("METHOD:PUBLISH") && answer.lines().contains(&booked.uid));
    assert!(!answer.lines().contains("lavender"), "the customer's view");
    assert_eq!(answer.header("content-disposition"), "attachment; filename=\"booking.ics\"");
    let etag = answer.header("etag").to_owned();
    assert_eq!(house.ask(Method::GET, path, &[("if-none-match", &etag)]).await.status, StatusCode::NOT_MODIFIED);
    let file = booking::export::calendar_file(&mut house.conn, &booked, booking::export::Reader::Manager);
    assert!(file.unwrap().unwrap().text.contains("lavender"), "the manager's view");
    let manage = house.ctx.links.manage(&booked).replace("/manage/", "/ics/") + ".ics";
    let manage = manage.strip_prefix("https://cal.example").unwrap().to_owned();
    for other in [manage.as_str(), "/ics/x.ics", "/ics/.ics", path.strip_suffix(".ics").unwrap()] {
        assert_eq!(house.get(other).await.status, StatusCode::NOT_FOUND, "{other}");
    }
    let (ctx, nobody) = (house.ctx.clone(), Some(CustomerInput::Nobody));
    let patch = BookingPatch { customer: nobody, ..BookingPatch::default() };
    let given_up = booking::change(&mut house.conn, &ctx, booked.booking_id, &patch).unwrap().booking;
    assert_eq!(house.get(path).await.status, StatusCode::NOT_FOUND, "a link is of whoever is the customer");
    let now = ctx.links.ics(&given_up);
    assert_eq!(house.get(now.strip_prefix("https://cal.example").unwrap()).await.status, StatusCode::OK);
    let unbooked =
        house.book_at(&NewBooking { customer: CustomerInput::Nobody, ..haircut }, "2026-03-06T10:00").booking;
    let url = house.ctx.links.ics(&unbooked);
    assert_eq!(house.get(url.strip_prefix("https://cal.example").unwrap()).await.status, StatusCode::OK);
}
