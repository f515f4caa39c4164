//! The same feeds from PostgreSQL: every query of this room, compared with SQLite.

use super::*;

/// A house in a database of its own, if there is a server.
fn postgres_house() -> Option<House> {
    let server = std::env::var("FASTI_TEST_PG_URL").ok()?;
    let name = format!("feed_{}", Id::new().to_string().replace('-', ""));
    let mut admin = Conn::open(&format!("{server}/postgres"), true).unwrap();
    admin.batch_execute(&format!("CREATE DATABASE {name}")).unwrap();
    Some(house_on(&format!("{server}/{name}"), tempfile::tempdir().unwrap(), Duration::ZERO, 1 << 20))
}

/// What a feed tells, without what differs by chance.
fn told(text: &str) -> Vec<String> {
    let varies = ["UID:", "SOURCE", "URL:", "DESCRIPTION:"];
    let lines = text.lines().filter(|line| varies.iter().all(|name| !line.starts_with(name)));
    let mut lines: Vec<String> = lines.map(str::to_owned).collect();
    lines.sort();
    lines
}

/// Not async: a connection to PostgreSQL waits on a runtime of its own.
fn everything(house: &mut House) -> Vec<Vec<String>> {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let haircut = house.haircut();
    let weekly = NewBooking { rrule: Some("FREQ=WEEKLY;COUNT=3".into()), customer: House::cleo(), ..haircut.clone() };
    let customer = house.book(&weekly).booking.customer_id;
    let van = Some(vec![house.van]);
    for (name, kind, capacity, hour) in [
        ("Parcel", BookingKind::Delivery, 1, "09"),
        ("Oil change", BookingKind::Maintenance, 1, "12"),
        ("Yoga", BookingKind::Class, 3, "15"),
    ] {
        let service = house.service(name, kind, capacity);
        let new = NewBooking { service, resources: van.clone(), customer: House::cleo(), ..NewBooking::default() };
        house.book_at(&NewBooking { stop: Some(2), ..new.clone() }, &format!("2026-03-03T{hour}:00"));
        house.book_at(&NewBooking { stop: Some(1), ..new }, &format!("2026-03-04T{hour}:30"));
    }
    let gone = house.book_at(&haircut, "2026-03-06T10:00").booking.booking_id;
    let ctx = house.ctx.clone();
    house.conn.transaction(|conn| booking::cancel(conn, &ctx, gone, None, None)).unwrap();
    let mut all = Vec::new();
    for (kind, subject) in [
        (FeedKind::Staff, Some(house.anna)),
        (FeedKind::Customer, customer),
        (FeedKind::Resource, Some(house.van)),
        (FeedKind::Team, None),
        (FeedKind::Route, Some(house.van)),
        (FeedKind::Maintenance, None),
        (FeedKind::Busy, Some(house.anna)),
    ] {
        for options in [NewFeedOptions::default(), busy_only()] {
            let (_, path) = house.feed(kind, subject, options);
            for extension in ["ics", "ifb"] {
                let answer = runtime.block_on(house.get(&format!("{path}.{extension}")));
                assert_eq!(answer.status, StatusCode::OK, "{kind} {extension}");
                all.push(told(&answer.lines()));
            }
        }
    }
    assert_eq!(runtime.block_on(house.state.flush_fetches()).unwrap(), 14);
    all
}

#[test]
fn both_databases_tell_the_same() {
    let Some(mut postgres) = postgres_house() else { return };
    let (here, there) = (everything(&mut house()), everything(&mut postgres));
    for (here, there) in here.iter().zip(&there) {
        assert_eq!(here, there);
    }
}
