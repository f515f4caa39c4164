//! Busy-only feeds and VFREEBUSY: nothing but times.

use super::*;
use crate::store::bookings::Override;
use crate::store::{Local, allocations};
use crate::time::parse_civil;

fn starts(text: &str) -> Vec<String> {
    text.lines()
        .filter(|line| line.starts_with("DTSTART"))
        .map(|line| line.rsplit(':').next().unwrap().to_owned())
        .collect()
}

/// A booking with something to give away in every field, its series' second occurrence moved and third cancelled.
fn plant(house: &mut House) -> booking::model::Booked {
    let service = house.service("LEAK-service", BookingKind::Appointment, 1);
    let customer = CustomerInput::Named {
        name: "LEAK-customer".into(),
        email: Some("leak-mail@guest.example".into()),
        phone: Some("+49 30 5550123".into()),
    };
    let booked = house.book(&NewBooking {
        service,
        staff: Some(house.anna),
        resources: Some(vec![house.van]),
        customer,
        start: "2026-03-03T10:00".into(),
        timezone: Some("Asia/Kolkata".into()),
        rrule: Some("FREQ=WEEKLY;COUNT=3".into()),
        notes: Some("LEAK-notes".into()),
        location: Some("LEAK-location".into()),
        external_ref: Some("LEAK-reference".into()),
        ..NewBooking::default()
    });
    let (tenant, id) = (house.ctx.tenant, booked.booking.booking_id);
    let local = |text: &str| Local(parse_civil(text).unwrap());
    let change = |original: &str, cancelled, start: &str, end: &str| Override {
        tenant_id: tenant,
        booking_id: id,
        recurrence_id: local(original),
        cancelled,
        start_local: local(start),
        end_local: local(end),
        fold: 0,
        end_fold: 0,
        staff_id: None,
        resource_ids: None,
    };
    let overrides = [
        change("2026-03-10T10:00", false, "2026-03-11T12:00", "2026-03-11T13:30"),
        change("2026-03-17T10:00", true, "2026-03-17T10:00", "2026-03-17T11:00"),
    ];
    let rows = allocations::of_booking(&mut house.conn, tenant, id).unwrap();
    let ctx = house.ctx.clone();
    house
        .conn
        .transaction(|conn| {
            store::bookings::set_overrides(conn, tenant, id, &overrides)?;
            allocations::delete(conn, tenant, id)?;
            for mut row in rows {
                let day = row.start_at.to_string();
                if day.starts_with("2026-03-17") {
                    continue;
                }
                if day.starts_with("2026-03-10") {
                    row.start_at = row.start_at + 26 * 3600;
                    row.end_at = row.start_at + 5400;
                    (row.busy_from, row.busy_until) = (row.start_at - 300, row.end_at + 600);
                }
                allocations::insert(conn, &row)?;
            }
            booking::project::reproject(conn, &ctx, &booked.booking)
        })
        .unwrap();
    booked
}

#[tokio::test]
async fn busy_feeds_give_nothing_away() {
    let mut house = house();
    let booked = plant(&mut house);
    let customer = booked.booking.customer_id;
    let full = house.path(FeedKind::Staff, Some(house.anna));
    let full = house.get(&full).await.lines();
    assert!(full.contains("LEAK-service") && full.contains("RECURRENCE-ID"), "the plant is there\n{full}");
    for (kind, subject, options) in [
        (FeedKind::Busy, Some(house.anna), NewFeedOptions::default()),
        (FeedKind::Busy, Some(house.van), NewFeedOptions::default()),
        (FeedKind::Staff, Some(house.anna), busy_only()),
        (FeedKind::Resource, Some(house.van), busy_only()),
        (FeedKind::Customer, customer, busy_only()),
        (FeedKind::Team, None, busy_only()),
    ] {
        let (feed, path) = house.feed(kind, subject, options);
        for extension in ["ics", "ifb"] {
            let answer = house.get(&format!("{path}.{extension}")).await;
            assert_eq!(answer.status, StatusCode::OK);
            parsed(&answer.text());
            let text = answer.lines();
            if extension == "ics" {
                assert_eq!(starts(&text), ["20260303T043000Z", "20260311T063000Z"], "{kind}");
                assert!(text.contains("DTEND:20260303T053000Z") && text.contains("DTEND:20260311T080000Z"));
            } else {
                assert!(text.contains("FREEBUSY;FBTYPE=BUSY:20260303T043000Z/20260303T053000Z\r\n"), "{text}");
                assert!(text.contains("FREEBUSY;FBTYPE=BUSY:20260311T063000Z/20260311T080000Z\r\n"));
                assert_eq!(count(&text, "FREEBUSY;FBTYPE"), 2);
            }
            let lower = text.to_lowercase();
            let ids = [booked.booking.uid.clone(), booked.booking.booking_id.to_string(), feed.feed_id.to_string()];
            let mut secrets = vec!["leak", "guest", "5550123", "kolkata", "rrule", "recurrence", "attendee", "manage"];
            secrets.extend(["organizer", "description", "location", "categories", "color", "url:", "valarm"]);
            secrets.extend(ids.iter().map(String::as_str));
            for secret in secrets {
                assert!(!lower.contains(&secret.to_lowercase()), "{kind} {extension}: {secret}\n{text}");
            }
        }
    }
}

#[tokio::test]
async fn busy_uids_last_but_cannot_be_compared_between_feeds() {
    let mut house = house();
    let haircut = house.haircut();
    let id = house.book(&haircut).booking.booking_id;
    let uid = |text: &str| text.lines().find(|line| line.starts_with("UID:")).unwrap().to_owned();
    let one = house.path(FeedKind::Busy, Some(house.anna));
    let other = house.path(FeedKind::Busy, Some(house.anna));
    let before = house.get(&one).await.lines();
    assert_ne!(uid(&before), uid(&house.get(&other).await.lines()));
    let patch = booking::model::BookingPatch { start: Some("2026-03-04T10:00".into()), ..Default::default() };
    let ctx = house.ctx.clone();
    booking::reschedule(&mut house.conn, &ctx, id, &patch).unwrap();
    let after = house.get(&one).await.lines();
    assert_eq!(uid(&before), uid(&after));
    assert_eq!(starts(&after), ["20260304T090000Z"]);
    assert!(before.contains("SEQUENCE:0") && after.contains("SEQUENCE:1"));
    booking::cancel(&mut house.conn, &ctx, id, None, None).unwrap();
    assert_eq!(count(&house.get(&one).await.lines(), "BEGIN:VEVENT"), 0);
}

#[tokio::test]
async fn the_seats_of_a_class_are_one_event() {
    let mut house = house();
    let service = house.service("Yoga", BookingKind::Class, 5);
    let seat = NewBooking { service, staff: Some(house.anna), start: "2026-03-03T18:00".into(), ..Default::default() };
    let path = house.path(FeedKind::Busy, Some(house.anna));
    house.book(&seat);
    let alone = house.get(&path).await.text();
    house.pass(60);
    house.book(&seat);
    house.book(&seat);
    assert_eq!(house.get(&path).await.text(), alone, "not even that somebody joined is to be seen");
    assert_eq!(count(&alone, "BEGIN:VEVENT"), 1);
}

#[tokio::test]
async fn whole_days_stay_whole_days() {
    let mut house = house();
    let service = house.service("Rental", BookingKind::Rental, 1);
    let van = Some(vec![house.van]);
    house.book(&NewBooking {
        service,
        resources: van,
        start: "2026-03-28".into(),
        end: Some("2026-03-30".into()),
        ..NewBooking::default()
    });
    let path = house.path(FeedKind::Busy, Some(house.van));
    let text = house.get(&path).await.lines();
    assert!(text.contains("DTSTART;VALUE=DATE:20260328\r\nDTEND;VALUE=DATE:20260330\r\n"), "{text}");
}

#[tokio::test]
async fn free_busy_tells_tentative_from_firm_within_the_window() {
    let mut house = house();
    let haircut = house.haircut();
    house.book_at(&haircut, "2026-03-03T10:00");
    let service = house.service("Yoga", BookingKind::Class, 2);
    let maybe = NewBooking {
        service,
        staff: Some(house.ben),
        status: Some(store::BookingStatus::Tentative),
        ..NewBooking::default()
    };
    house.book_at(&maybe, "2026-03-03T10:30");
    house.book_at(&haircut, "2026-03-03T12:00");
    house.book_at(&haircut, "2026-03-03T13:15");
    let options = NewFeedOptions { past_days: Some(0), future_days: Some(3), ..NewFeedOptions::default() };
    let (_, path) = house.feed(FeedKind::Team, None, options);
    let answer = house.get(&format!("{path}.ifb")).await;
    let text = answer.lines();
    let periods: Vec<&str> = text.lines().filter(|line| line.starts_with("FREEBUSY")).collect();
    assert_eq!(
        periods,
        [
            "FREEBUSY;FBTYPE=BUSY:20260303T090000Z/20260303T100000Z",
            "FREEBUSY;FBTYPE=BUSY:20260303T110000Z/20260303T120000Z",
            "FREEBUSY;FBTYPE=BUSY:20260303T121500Z/20260303T131500Z",
            "FREEBUSY;FBTYPE=BUSY-TENTATIVE:20260303T100000Z/20260303T103000Z",
        ]
    );
    for line in ["DTSTART:20260301T230000Z", "DTEND:20260304T230000Z", "BEGIN:VFREEBUSY"] {
        assert!(text.contains(line), "{text}");
    }
    assert!(!text.contains("METHOD"));
    assert_ne!(answer.header("etag"), house.get(&format!("{path}.ics")).await.header("etag"));
}

#[tokio::test]
async fn a_series_that_needs_nobody_is_busy_too() {
    let mut house = house();
    let service = house.service("Self study", BookingKind::Appointment, 1);
    let booked = house.book(&NewBooking {
        service,
        customer: House::cleo(),
        start: "2026-03-03T18:00".into(),
        rrule: Some("FREQ=DAILY;COUNT=3".into()),
        ..NewBooking::default()
    });
    let tenant = house.ctx.tenant;
    if booked.booking.staff_id.is_some() {
        allocations::delete(&mut house.conn, tenant, booked.booking.booking_id).unwrap();
    }
    let (_, path) = house.feed(FeedKind::Customer, booked.booking.customer_id, busy_only());
    let text = house.get(&format!("{path}.ics")).await.lines();
    assert_eq!(starts(&text), ["20260303T170000Z", "20260304T170000Z", "20260305T170000Z"]);
}
