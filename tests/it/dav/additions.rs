//! What people add to single dates of a series, when the series moves.

use std::sync::mpsc;

use fasti::booking::model::{BookingPatch, Scope};
use fasti::booking::people::Group;
use fasti::booking::scope;
use fasti::store::{Id, Role, members};
use fasti::time::Date;
use serde_json::json;

use super::Client;

/// The VEVENTs of an object, without their ends.
fn events(body: &str) -> Vec<&str> {
    body.split("BEGIN:VEVENT").skip(1).map(|event| event.split("END:VEVENT").next().unwrap()).collect()
}

fn line<'a>(event: &'a str, name: &str) -> &'a str {
    event.lines().find(|line| line.starts_with(name)).unwrap()
}

/// The lines that people of these tests add, by the value of RECURRENCE-ID; none is that of the master.
fn notes(body: &str) -> Vec<String> {
    let mut notes: Vec<String> = Vec::new();
    for event in events(body) {
        let date = event.lines().find(|line| line.starts_with("RECURRENCE-ID"));
        let date = date.map_or("all", |line| line.rsplit_once(':').unwrap().1);
        notes.extend(event.lines().filter(|line| line.starts_with("X-")).map(|line| format!("{date} {line}")));
    }
    notes.sort();
    notes
}

/// The object with a VEVENT of its own for one date, on which a line is added.
fn noted(served: &str, date: &str, note: &str) -> String {
    let master = events(served)[0];
    let start = line(master, "DTSTART");
    let (from, end) = (start.rsplit_once(':').unwrap().1, line(master, "DTEND"));
    let day = |text: &str| Date::strptime("%Y%m%d", &text[..8]).unwrap();
    let (before, until) = end.rsplit_once(':').unwrap();
    let until_day = day(until).checked_add(day(date).duration_since(day(from))).unwrap();
    let own = [
        line(master, "UID").to_owned(),
        "DTSTAMP:20260801T000000Z".to_owned(),
        line(master, "SUMMARY").to_owned(),
        start.replace("DTSTART", "RECURRENCE-ID").replace(from, date),
        start.replace(from, date),
        format!("{before}:{}{}", until_day.strftime("%Y%m%d"), &until[8..]),
        note.to_owned(),
    ];
    let event = format!("BEGIN:VEVENT\r\n{}\r\nEND:VEVENT\r\nEND:VCALENDAR", own.join("\r\n"));
    served.replace("END:VCALENDAR", &event)
}

async fn note(client: &Client, path: &str, date: &str, note: &str) {
    let served = client.get(path).await.insist(200).body;
    client.put(path, &[], &noted(&served, date, note)).await.insist(204);
}

/// The object with its master alone at another time, what else it has as it was, or left out.
fn master_at(served: &str, (from, to): (&str, &str), with_dates: bool) -> String {
    let (head, rest) = served.split_once("BEGIN:VEVENT").unwrap();
    let (master, rest) = rest.split_once("END:VEVENT").unwrap();
    let moved = |line: &str| match line.starts_with("DTSTART") || line.starts_with("DTEND") {
        true => line.replace(from, to),
        false => line.to_owned(),
    };
    let master: String = master.split_inclusive("\r\n").map(moved).collect();
    let rest = if with_dates { rest } else { "\r\nEND:VCALENDAR\r\n" };
    format!("{head}BEGIN:VEVENT{master}END:VEVENT{rest}")
}

on_both! {
    async fn additions_go_with_a_series_that_the_business_moves(app: App) {
        let a = app.business("a").await;
        let seed = app.seed(&a).await;
        let anna = app.login(a.tenant, seed.staff, Group::Staff, "anna").await;
        let carl = app.login(a.tenant, seed.customer, Group::Customers, "carl").await;
        let (_, max) = app.person(a.tenant, "max", Role::Manager).await;
        let body = json!({"service": seed.service.to_string(), "staff": seed.staff.to_string(), "start": "2026-10-12T10:00",
            "rrule": "FREQ=WEEKLY;COUNT=4", "customer_id": seed.customer.to_string()});
        let id = app.post("/v1/bookings", &a.write, &body).expect(201).await.id();
        let reschedule = format!("/v1/bookings/{id}/reschedule");
        let (annas, carls) = (format!("{}bookings/{id}.ics", anna.home()), format!("{}bookings/{id}.ics", carl.home()));
        // The second takes place in the afternoon, the third is cancelled.
        let alone = json!({"scope": "this", "occurrence": "2026-10-19T10:00", "start": "2026-10-19T15:00"});
        for (client, path, who) in [(&anna, &annas, "A"), (&carl, &carls, "C")] {
            for (day, line) in [("20261012", "1"), ("20261019", "2"), ("20261026", "3"), ("20261102", "4")] {
                note(client, path, &format!("{day}T100000"), &format!("X-{who}:{line}")).await;
            }
        }
        app.post(&reschedule, &a.write, &alone).expect(200).await;
        let gone = json!({"scope": "this", "occurrence": "2026-10-26T10:00"});
        app.post(&format!("/v1/bookings/{id}/cancel"), &a.write, &gone).expect(200).await;
        let expected = |who: &str, dates: [&str; 3]| {
            let lines = dates.iter().zip(["1", "2", "4"]).map(|(date, n)| format!("{date} X-{who}:{n}"));
            lines.collect::<Vec<_>>()
        };
        let before = ["20261012T100000", "20261019T100000", "20261102T100000"];
        assert_eq!(notes(&anna.get(&annas).await.body), expected("A", before));
        // A move that is refused changes nothing.
        let busy = seed.booking_body("2026-10-13T18:00");
        app.post("/v1/bookings", &a.write, &busy).expect(201).await;
        let was = anna.get(&annas).await;
        let refused = json!({"scope": "all", "start": "2026-10-13T18:00"});
        app.post(&reschedule, &a.write, &refused).expect(409).await;
        let is = anna.get(&annas).await;
        assert_eq!((&is.body, is.header("etag")), (&was.body, was.header("etag")));
        // To another day and hour, over the change of clocks; then a week on, where names of before are names again; back.
        for (start, dates) in [
            ("2026-10-13T11:00", ["20261013T110000", "20261020T110000", "20261103T110000"]),
            ("2026-10-20T11:00", ["20261020T110000", "20261027T110000", "20261110T110000"]),
            ("2026-10-12T10:00", before),
        ] {
            app.post(&reschedule, &a.write, &json!({"scope": "all", "start": start})).expect(200).await;
            let (of_anna, of_carl) = (anna.get(&annas).await, carl.get(&carls).await);
            assert_eq!(notes(&of_anna.body), expected("A", dates), "{}", of_anna.body);
            assert_eq!(notes(&of_carl.body), expected("C", dates), "{}", of_carl.body);
            assert_eq!(of_anna.body.matches("20261019T150000").count(), 1, "{}", of_anna.body);
            let others = max.get(&annas).await.insist(200);
            assert_eq!(notes(&others.body), Vec::<String>::new());
        }
        assert_ne!(anna.get(&annas).await.header("etag"), was.header("etag"));
    }

    async fn additions_of_all_go_with_a_master_that_one_moves(app: App) {
        let a = app.business("a").await;
        let seed = app.seed(&a).await;
        let anna = app.login(a.tenant, seed.staff, Group::Staff, "anna").await;
        let carl = app.login(a.tenant, seed.customer, Group::Customers, "carl").await;
        let body = json!({"service": seed.service.to_string(), "staff": seed.staff.to_string(), "start": "2026-10-12T10:00",
            "rrule": "FREQ=WEEKLY;COUNT=4", "customer_id": seed.customer.to_string()});
        let id = app.post("/v1/bookings", &a.write, &body).expect(201).await.id();
        let (annas, carls) = (format!("{}bookings/{id}.ics", anna.home()), format!("{}bookings/{id}.ics", carl.home()));
        for (client, path, who) in [(&anna, &annas, "A"), (&carl, &carls, "C")] {
            note(client, path, "20261019T100000", &format!("X-{who}:2")).await;
            note(client, path, "20261102T100000", &format!("X-{who}:4")).await;
        }
        // The other dates as they were, left out, with a line of their own at once; an hour, a day, a week on.
        let mut second = "A:2";
        for (from, to, with_dates, more, dates) in [
            ("20261012T1", "20261012T2", true, None, ["20261019T200000", "20261102T200000"]),
            ("20261012T2", "20261012T1", false, None, ["20261019T100000", "20261102T100000"]),
            ("20261012", "20261013", true, None, ["20261020T100000", "20261103T100000"]),
            ("20261013", "20261020", true, None, ["20261027T100000", "20261110T100000"]),
            ("20261020", "20261021", false, Some("20261028T100000"), ["20261028T100000", "20261111T100000"]),
            ("20261021", "20261014", false, None, ["20261021T100000", "20261104T100000"]),
        ] {
            let served = anna.get(&annas).await.insist(200).body;
            let mut sent = master_at(&served, (from, to), with_dates);
            if let Some(date) = more {
                sent = noted(&sent, date, "X-A:new");
                second = "A:new";
            }
            anna.put(&annas, &[], &sent).await.insist(204);
            let (of_anna, of_carl) = (anna.get(&annas).await, carl.get(&carls).await);
            let expected = |first: &str, last: &str| vec![format!("{} X-{first}", dates[0]), format!("{} X-{last}", dates[1])];
            assert_eq!(notes(&of_anna.body), expected(second, "A:4"), "{to}: {}", of_anna.body);
            assert_eq!(notes(&of_carl.body), expected("C:2", "C:4"), "{to}: {}", of_carl.body);
        }
    }

    async fn additions_go_with_the_rest_of_a_series(app: App) {
        let a = app.business("a").await;
        let seed = app.seed(&a).await;
        let anna = app.login(a.tenant, seed.staff, Group::Staff, "anna").await;
        let carl = app.login(a.tenant, seed.customer, Group::Customers, "carl").await;
        let body = json!({"service": seed.service.to_string(), "staff": seed.staff.to_string(), "start": "2026-10-12T10:00",
            "rrule": "FREQ=WEEKLY;COUNT=4", "customer_id": seed.customer.to_string()});
        let id = app.post("/v1/bookings", &a.write, &body).expect(201).await.id();
        let at = |client: &Client, id: &str| format!("{}bookings/{id}.ics", client.home());
        for (client, who) in [(&anna, "A"), (&carl, "C")] {
            let path = at(client, &id);
            let served = client.get(&path).await.insist(200).body;
            let with = served.replacen("END:VEVENT", &format!("X-{who}:all\r\nEND:VEVENT"), 1);
            client.put(&path, &[], &with).await.insist(204);
            for (day, line) in [("20261019", "2"), ("20261026", "3"), ("20261102", "4")] {
                note(client, &path, &format!("{day}T100000"), &format!("X-{who}:{line}")).await;
            }
        }
        let following = json!({"scope": "following", "occurrence": "2026-10-26T10:00", "start": "2026-10-27T12:00"});
        let rest = app.post(&format!("/v1/bookings/{id}/reschedule"), &a.write, &following).expect(200).await.id();
        assert_ne!(rest, id);
        let all = |who: &str, lines: &[&str]| lines.iter().map(|line| line.replace('?', who)).collect::<Vec<_>>();
        for (client, who) in [(&anna, "A"), (&carl, "C")] {
            let (head, tail) = (client.get(&at(client, &id)).await.insist(200), client.get(&at(client, &rest)).await.insist(200));
            assert_eq!(notes(&head.body), all(who, &["20261019T100000 X-?:2", "all X-?:all"]), "{}", head.body);
            let of_rest = ["20261027T120000 X-?:3", "20261103T120000 X-?:4", "all X-?:all"];
            assert_eq!(notes(&tail.body), all(who, &of_rest), "{}", tail.body);
        }
        let (tenant, booking) = (a.tenant, id.parse().unwrap());
        let kept = app.store.read(move |conn| members::additions(conn, tenant, booking)).await.unwrap();
        assert!(kept.len() == 2 && kept.iter().all(|(_, text)| text.matches("X-FASTI-DATE").count() == 1), "{kept:?}");
        // What was left of the first part moves where the rest was: nothing of that comes with it.
        let body = json!({"scope": "all", "start": "2026-10-26T10:00"});
        app.post(&format!("/v1/bookings/{id}/reschedule"), &a.write, &body).expect(200).await;
        let head = anna.get(&at(&anna, &id)).await.insist(200);
        assert_eq!(notes(&head.body), ["20261102T100000 X-A:2", "all X-A:all"], "{}", head.body);
    }

    async fn additions_wait_for_who_serves_a_series_again(app: App) {
        let a = app.business("a").await;
        let seed = app.seed(&a).await;
        let anna = app.login(a.tenant, seed.staff, Group::Staff, "anna").await;
        let (ben_id, ben) = app.person(a.tenant, "ben", Role::Staff).await;
        let service = json!({"name": "Both", "duration_minutes": 30, "staff": [seed.staff.to_string(), ben_id.to_string()]});
        let service = app.post("/v1/services", &a.admin, &service).expect(201).await.id();
        let body = json!({"service": service, "staff": seed.staff.to_string(), "start": "2026-10-12T10:00",
            "rrule": "FREQ=WEEKLY;COUNT=4", "customer_id": seed.customer.to_string()});
        let id = app.post("/v1/bookings", &a.write, &body).expect(201).await.id();
        let path = format!("{}bookings/{id}.ics", anna.home());
        note(&anna, &path, "20261019T100000", "X-A:2").await;
        let mut answers = Vec::new();
        for (staff, start) in [(ben_id, "2026-10-13T11:00"), (seed.staff, "2026-10-14T12:00")] {
            let body = json!({"scope": "all", "start": start, "staff": staff.to_string()});
            app.post(&format!("/v1/bookings/{id}/reschedule"), &a.write, &body).expect(200).await;
            let of_ben = ben.get(&format!("{}bookings/{id}.ics", ben.home())).await;
            assert!(!of_ben.body.contains("X-A"), "{}", of_ben.body);
            answers.push(of_ben.status);
        }
        assert_eq!(answers, [200, 404]);
        assert_eq!(notes(&anna.get(&path).await.body), ["20261021T120000 X-A:2"]);
    }

    async fn additions_are_not_written_to_a_series_as_it_was(app: App) {
        let a = app.business("a").await;
        let seed = app.seed(&a).await;
        let anna = app.login(a.tenant, seed.staff, Group::Staff, "anna").await;
        let body = json!({"service": seed.service.to_string(), "staff": seed.staff.to_string(), "start": "2026-10-12T10:00",
            "rrule": "FREQ=WEEKLY;COUNT=4", "customer_id": seed.customer.to_string()});
        let id = app.post("/v1/bookings", &a.write, &body).expect(201).await.id();
        let path = format!("{}bookings/{id}.ics", anna.home());
        note(&anna, &path, "20261019T100000", "X-A:2").await;
        let served = anna.get(&path).await.insist(200);
        // The business moves the series, and anna adds something before that is committed.
        let ((moved, is_moved), (go_on, may_go_on)) = (mpsc::channel(), mpsc::channel());
        let booking: Id = id.parse().unwrap();
        let business = app.as_business(a.tenant, move |conn, ctx| {
            let patch = BookingPatch { start: Some("2026-10-13T11:00".to_owned()), ..BookingPatch::default() };
            scope::reschedule(conn, ctx, booking, (&Scope::All, &patch))?;
            moved.send(()).unwrap();
            may_go_on.recv().unwrap();
            Ok(())
        });
        let client = async {
            while is_moved.try_recv().is_err() {
                tokio::task::yield_now().await;
            }
            let expected = [("if-match", served.header("etag"))];
            let sent = noted(&served.body, "20261102T100000", "X-A:4");
            let put = anna.put(&path, &expected, &sent);
            let release = async {
                tokio::time::sleep(std::time::Duration::from_millis(300)).await;
                go_on.send(()).unwrap();
            };
            tokio::join!(put, release).0
        };
        let (_, answer) = tokio::join!(business, client);
        assert_eq!(answer.status, 412, "{}", answer.body);
        assert_eq!(notes(&anna.get(&path).await.body), ["20261020T110000 X-A:2"]);
    }

    async fn additions_go_with_dates_in_utc_and_with_whole_days(app: App) {
        let a = app.business("a").await;
        let seed = app.seed(&a).await;
        let anna = app.login(a.tenant, seed.staff, Group::Staff, "anna").await;
        let moves = [
            (json!({"start": "2026-10-12T10:00", "timezone": "UTC"}), "20261019T100000Z",
                json!({"start": "2026-10-13T09:00"}), "20261020T090000Z"),
            (json!({"start": "2026-11-09", "end": "2026-11-10"}), "20261116", json!({"start": "2026-11-11"}), "20261118"),
            // From one zone to another, by the clocks of each.
            (json!({"start": "2026-12-07T10:00"}), "20261214T100000", json!({"timezone": "UTC", "start": "2026-12-08T10:00"}),
                "20261215T100000Z"),
        ];
        for (times, date, to, then) in moves {
            let mut body = json!({"service": seed.service.to_string(), "staff": seed.staff.to_string(),
                "rrule": "FREQ=WEEKLY;COUNT=3", "customer_id": seed.customer.to_string()});
            body.as_object_mut().unwrap().extend(times.as_object().unwrap().clone());
            let id = app.post("/v1/bookings", &a.write, &body).expect(201).await.id();
            let path = format!("{}bookings/{id}.ics", anna.home());
            note(&anna, &path, date, "X-A:2").await;
            assert_eq!(notes(&anna.get(&path).await.body), [format!("{date} X-A:2")]);
            app.post(&format!("/v1/bookings/{id}/reschedule"), &a.write, &to).expect(200).await;
            let now = anna.get(&path).await.insist(200);
            assert_eq!(notes(&now.body), [format!("{then} X-A:2")], "{}", now.body);
        }
    }
}
