use fasti::booking::people::Group;
use fasti::store::Role;
use serde_json::json;

use super::{Client, event};

on_both! {
    async fn a_drag_is_a_reschedule(app: App) {
        let a = app.business("a").await;
        let seed = app.seed(&a).await;
        let anna = app.login(a.tenant, seed.staff, Group::Staff, "anna").await;
        let carl = app.login(a.tenant, seed.customer, Group::Customers, "carl").await;
        let path = format!("{}bookings/{}.ics", anna.home(), seed.booking);
        let served = anna.get(&path).await.insist(200);
        let tag = served.header("etag").to_owned();
        assert!(served.body.contains("DTSTART;TZID=Europe/Berlin:20260831T100000"), "{}", served.body);
        let moved = |to: &str, end: &str| served.body.replace("20260831T100000", to).replace("20260831T110000", end);
        // 14:00 is held, as the seed has it.
        let refused = anna.put(&path, &[("if-match", &tag)], &moved("20260831T143000", "20260831T153000")).await.insist(403);
        assert!(refused.body.contains("<D:need-privileges>"), "{}", refused.body);
        let unchanged = anna.get(&path).await.insist(200);
        assert_eq!((unchanged.body.as_str(), unchanged.header("etag")), (served.body.as_str(), tag.as_str()));
        let done = anna.put(&path, &[("if-match", &tag)], &moved("20260831T120000", "20260831T130000")).await.insist(204);
        assert_eq!(done.header("etag"), "", "what is kept is not what was sent");
        anna.put(&path, &[("if-match", &tag)], &moved("20260831T130000", "20260831T140000")).await.insist(412);
        let booking = app.get(&format!("/v1/bookings/{}", seed.booking), &a.read).expect(200).await.json();
        assert_eq!(booking["start"], "2026-08-31T12:00:00+02:00");
        let history = app.get(&format!("/v1/bookings/{}/history", seed.booking), &a.read).expect(200).await.json();
        assert_eq!(history["items"].as_array().unwrap().last().unwrap()["actor"], "caldav:anna");
        for (reader, home) in [(&anna, anna.home()), (&carl, carl.home())] {
            let now = reader.get(&format!("{home}bookings/{}.ics", seed.booking)).await.insist(200);
            assert!(now.body.contains("DTSTART;TZID=Europe/Berlin:20260831T120000"), "{}", now.body);
        }
    }

    async fn deleting_cancels_and_nothing_else_is_theirs(app: App) {
        let a = app.business("a").await;
        let seed = app.seed(&a).await;
        let anna = app.login(a.tenant, seed.staff, Group::Staff, "anna").await;
        let path = format!("{}bookings/{}.ics", anna.home(), seed.booking);
        let served = anna.get(&path).await.insist(200);
        let renamed = served.body.replace("SUMMARY:", "SUMMARY:My ");
        anna.put(&path, &[], &renamed).await.insist(403);
        anna.put(&format!("{}bookings/new.ics", anna.home()), &[], &event("new", "20260901T080000Z", "")).await.insist(403);
        anna.send("DELETE", &format!("{}bookings/", anna.home()), &[], "").await.insist(403);
        let token = anna.propfind(&format!("{}bookings/", anna.home()), "0", "<D:sync-token/>").await.element("D:sync-token").to_owned();
        anna.send("DELETE", &path, &[("if-match", served.header("etag"))], "").await.insist(204);
        anna.get(&path).await.insist(404);
        let booking = app.get(&format!("/v1/bookings/{}", seed.booking), &a.read).expect(200).await.json();
        assert_eq!(booking["status"], "cancelled");
        let inside = format!("<D:sync-token>{token}</D:sync-token><D:sync-level>1</D:sync-level><D:prop><D:getetag/></D:prop>");
        let told = anna.report(&format!("{}bookings/", anna.home()), "0", "D:sync-collection", &inside).await.insist(207);
        assert!(told.responses()[0].contains("404 Not Found"), "{}", told.body);
    }

    async fn what_one_adds_is_shown_to_nobody_else(app: App) {
        let a = app.business("a").await;
        let seed = app.seed(&a).await;
        let anna = app.login(a.tenant, seed.staff, Group::Staff, "anna").await;
        let (_, max) = app.person(a.tenant, "max", Role::Manager).await;
        let path = format!("{}bookings/{}.ics", anna.home(), seed.booking);
        let served = anna.get(&path).await.insist(200);
        let added = "X-APPLE-TRAVEL-ADVISORY-BEHAVIOR:AUTOMATIC\r\nBEGIN:VALARM\r\nUID:mine\r\nACTION:DISPLAY\r\nDESCRIPTION:bring scissors\r\nTRIGGER:-PT7M\r\nEND:VALARM\r\nEND:VEVENT\r\nEND:VCALENDAR";
        let with = served.body.replace("END:VEVENT\r\nEND:VCALENDAR", added);
        anna.put(&path, &[("if-match", served.header("etag"))], &with).await.insist(204);
        let mine = anna.get(&path).await.insist(200);
        assert!(mine.body.contains("TRIGGER:-PT7M") && mine.body.contains("X-APPLE-TRAVEL"), "{}", mine.body);
        assert_ne!(mine.header("etag"), served.header("etag"));
        anna.proppatch(&path, "<A:note>for me</A:note>").await.insist(207);
        for (path, depth) in [(path.clone(), "0"), (format!("{}bookings/", anna.home()), "1")] {
            assert!(anna.propfind(&path, depth, "<A:note/>").await.insist(207).body.contains("for me"));
            assert!(!max.propfind(&path, depth, "<A:note/>").await.insist(207).body.contains("for me"));
        }
        let others = max.get(&path).await.insist(200);
        assert!(!others.body.contains("scissors") && !others.body.contains("X-APPLE"), "{}", others.body);
        assert_ne!(others.header("etag"), mine.header("etag"), "other octets, the same tag");
        // It stays when the business moves the booking.
        let body = json!({ "start": "2026-08-31T12:00" });
        app.post(&format!("/v1/bookings/{}/reschedule", seed.booking), &a.write, &body).expect(200).await;
        let later = anna.get(&path).await.insist(200);
        assert!(later.body.contains("TRIGGER:-PT7M") && later.body.contains("20260831T120000"), "{}", later.body);
    }

    async fn what_the_business_says_later_stands_beside_what_one_added(app: App) {
        let a = app.business("a").await;
        let seed = app.seed(&a).await;
        let anna = app.login(a.tenant, seed.staff, Group::Staff, "anna").await;
        let carl = app.login(a.tenant, seed.customer, Group::Customers, "carl").await;
        let path = |of: &Client| format!("{}bookings/{}.ics", of.home(), seed.booking);
        let of_series = |body: &str| body.replace("\r\n ", "");
        for (who, words) in [(&anna, "bring towels"), (&carl, "park behind the house")] {
            let served = who.get(&path(who)).await.insist(200);
            let body = of_series(&served.body);
            let line = body.lines().find(|line| line.starts_with("DESCRIPTION:")).unwrap();
            let alarm = "BEGIN:VALARM\r\nACTION:DISPLAY\r\nDESCRIPTION:own\r\nTRIGGER:-PT7M\r\nEND:VALARM\r\nEND:VEVENT";
            let sent = body.replacen(line, &format!("{line}\\n{words}"), 1).replace("END:VEVENT", alarm);
            who.put(&path(who), &[], &sent).await.insist(204);
            let mine = of_series(&who.get(&path(who)).await.insist(200).body);
            assert!(mine.contains(&format!("{line}\\n{words}\r\n")) && mine.contains("TRIGGER:-PT7M"), "{mine}");
            // Sent as it was served, it adds nothing more.
            let tag = who.get(&path(who)).await.header("etag").to_owned();
            who.put(&path(who), &[], &mine).await.insist(204);
            assert_eq!(who.get(&path(who)).await.header("etag"), tag);
        }
        app.patch(&format!("/v1/services/{}", seed.service), &a.admin, &json!({"reminders_minutes": [30]})).expect(200).await;
        let change = json!({"notes": "ALLERGIC TO LATEX", "customer": {"name": "Dora", "email": "dora@guest.example"}});
        app.patch(&format!("/v1/bookings/{}", seed.booking), &a.write, &change).expect(200).await;
        let now = of_series(&anna.get(&path(&anna)).await.insist(200).body);
        let description = now.lines().find(|line| line.starts_with("DESCRIPTION:")).unwrap();
        assert!(description.starts_with("DESCRIPTION:Customer: Dora"), "{description}");
        assert!(description.ends_with("ALLERGIC TO LATEX\\nbring towels"), "{description}");
        assert!(now.contains("TRIGGER:-PT30M") && now.contains("TRIGGER:-PT7M") && !now.contains("X-FASTI"), "{now}");
        // Who dismisses the business's alarm on one device has dismissed it on all, as long as it rings then.
        let seen = "ACKNOWLEDGED:20260831T063100Z";
        let dismissed = now.replace("TRIGGER:-PT30M", &format!("UID:A1\r\n{seen}\r\nTRIGGER;VALUE=DURATION:-PT1800S"));
        anna.put(&path(&anna), &[], &dismissed).await.insist(204);
        let mine = anna.get(&path(&anna)).await.insist(200).body;
        let alarm = mine.split("BEGIN:VALARM").find(|alarm| alarm.contains("TRIGGER:-PT30M")).unwrap();
        assert!(alarm.contains(seen) && alarm.contains("UID:A1") && !alarm.contains("TRIGGER:-PT7M"), "{mine}");
        assert_eq!((mine.matches("BEGIN:VALARM").count(), mine.matches(seen).count()), (2, 1), "{mine}");
        app.patch(&format!("/v1/services/{}", seed.service), &a.admin, &json!({"reminders_minutes": [45]})).expect(200).await;
        let mine = anna.get(&path(&anna)).await.insist(200).body;
        assert!(mine.contains("TRIGGER:-PT45M") && !mine.contains(seen) && !mine.contains("PT30M"), "{mine}");
    }

    async fn lengths_are_of_what_is_served(app: App) {
        let a = app.business("a").await;
        let seed = app.seed(&a).await;
        let anna = app.login(a.tenant, seed.staff, Group::Staff, "anna").await;
        let path = format!("{}bookings/{}.ics", anna.home(), seed.booking);
        let served = anna.get(&path).await.insist(200);
        let with = served.body.replace("END:VEVENT", "X-MINE:scissors\r\nEND:VEVENT");
        anna.put(&path, &[], &with).await.insist(204);
        let length = anna.get(&path).await.insist(200).body.len();
        let said = format!("<D:getcontentlength>{length}</D:getcontentlength>");
        let (calendar, asked) = (format!("{}bookings/", anna.home()), "<D:prop><D:getcontentlength/></D:prop>");
        let sync = format!("<D:sync-token/><D:sync-level>1</D:sync-level>{asked}");
        let filter = "<C:filter><C:comp-filter name=\"VCALENDAR\"/></C:filter>";
        let answers = [
            anna.propfind(&path, "0", "<D:getcontentlength/>").await,
            anna.propfind(&calendar, "1", "<D:getcontentlength/>").await,
            anna.report(&calendar, "0", "D:sync-collection", &sync).await,
            anna.report(&calendar, "1", "C:calendar-query", &format!("{asked}{filter}")).await,
            anna.report(&calendar, "0", "C:calendar-multiget", &format!("{asked}<D:href>{path}</D:href>")).await,
        ];
        for answer in answers {
            let answer = answer.insist(207);
            let of_it = answer.responses().into_iter().find(|response| response.contains(&path)).unwrap();
            assert!(of_it.contains(&said), "{said}: {of_it}");
        }
    }

    async fn what_one_adds_to_one_date_is_on_that_date(app: App) {
        let a = app.business("a").await;
        let seed = app.seed(&a).await;
        let anna = app.login(a.tenant, seed.staff, Group::Staff, "anna").await;
        let (_, max) = app.person(a.tenant, "max", Role::Manager).await;
        let mut body = seed.booking_body("2026-09-07T10:00");
        body["rrule"] = json!("FREQ=WEEKLY;COUNT=4");
        let id = app.post("/v1/bookings", &a.write, &body).expect(201).await.id();
        let path = format!("{}bookings/{id}.ics", anna.home());
        let served = anna.get(&path).await.insist(200);
        let event = served.body.split_once("BEGIN:VEVENT").unwrap().1;
        let line = |name: &str| event.lines().find(|line| line.starts_with(name)).unwrap().to_owned();
        let (start, uid) = (line("DTSTART"), line("UID"));
        let second = |name: &str, time: &str| {
            start.replace("DTSTART", name).replace("20260907T100000", &format!("20260914T{time}"))
        };
        let date = |time: &str, more: &str| {
            format!(
                "BEGIN:VEVENT\r\n{uid}\r\nDTSTAMP:20260801T000000Z\r\n{}\r\n{}\r\n{}\r\n{}\r\n{more}END:VEVENT\r\nEND:VCALENDAR",
                line("SUMMARY"),
                second("RECURRENCE-ID", "100000"),
                second("DTSTART", &format!("{time}0000")),
                second("DTEND", &format!("{time}3000")),
            )
        };
        let put = async |text: &str| anna.put(&path, &[], &served.body.replace("END:VCALENDAR", text)).await.insist(204);
        // Only what is the person's is added to a date: nothing moves.
        put(&date("10", "X-MINE:bring cake\r\n")).await;
        let mine = anna.get(&path).await.insist(200);
        let (master, own) = mine.body.split_once("END:VEVENT").unwrap();
        assert!(!master.contains("cake") && own.contains("X-MINE:bring cake"), "{}", mine.body);
        assert!(own.contains(&second("RECURRENCE-ID", "100000")), "{}", mine.body);
        assert!(!max.get(&path).await.insist(200).body.contains("cake"));
        let occurrences = async || {
            let booking = app.get(&format!("/v1/bookings/{id}"), &a.read).expect(200).await.json();
            booking["occurrences"].to_string()
        };
        assert!(occurrences().await.contains("2026-09-14T10:00"), "{}", occurrences().await);
        // It stays when that date is moved, and goes when the date does.
        put(&date("14", "X-MINE:bring cake\r\n")).await;
        let moved = anna.get(&path).await.insist(200);
        assert!(moved.body.contains("20260914T140000") && moved.body.matches("cake").count() == 1, "{}", moved.body);
        assert!(occurrences().await.contains("2026-09-14T14:00"), "{}", occurrences().await);
        let cancel = json!({ "scope": "this", "occurrence": "2026-09-14T10:00" });
        app.post(&format!("/v1/bookings/{id}/cancel"), &a.write, &cancel).expect(200).await;
        let after = anna.get(&path).await.insist(200);
        assert!(!after.body.contains("cake"), "{}", after.body);
    }

    async fn time_off_cannot_be_booked(app: App) {
        let a = app.business("a").await;
        let seed = app.seed(&a).await;
        let anna = app.login(a.tenant, seed.staff, Group::Staff, "anna").await;
        anna.get("/dav/").await.insist(200);
        let slots = async || {
            let path = format!("/v1/availability?service={}&staff={}&from=2026-09-07&to=2026-09-08", seed.service, seed.staff);
            app.get(&path, &a.read).expect(200).await.json()["slots"].as_array().unwrap().len()
        };
        let before = slots().await;
        let path = format!("{}time-off/gym.ics", anna.home());
        let weekly = event("gym", "20260803T080000Z", "RRULE:FREQ=WEEKLY\r\n");
        anna.put(&path, &[], &weekly).await.insist(201);
        let blocked = slots().await;
        assert!(blocked < before, "{blocked} < {before}");
        let wanted = json!({"service": seed.service.to_string(), "staff": seed.staff.to_string(), "start": "2026-09-07T10:00",
            "customer": {"name": "Ann Guest", "email": "ann@guest.example"}});
        app.post("/v1/bookings", &a.write, &wanted).expect(409).await;
        let explained = app.get(&format!("/v1/availability/explain?service={}&staff={}&start=2026-09-07T10:00", seed.service, seed.staff), &a.admin).expect(200).await.json();
        assert_eq!(explained["available"], false, "{explained}");
        assert!(explained["reasons"].to_string().contains("time_off"), "{explained}");
        let free = weekly.replace("DURATION", "TRANSP:TRANSPARENT\r\nDURATION");
        anna.put(&path, &[], &free).await.insist(204);
        assert_eq!(slots().await, before, "what is shown as free takes no time");
        // Calendar programs say of all whole days that they are free; the end of a vacation is told as it is.
        let days = weekly.replace(":20260803T080000Z", ";VALUE=DATE:20260903").replace("DURATION:PT1H", "TRANSP:TRANSPARENT\r\nDURATION:P1W");
        let days = days.replace("RRULE:FREQ=WEEKLY\r\n", "");
        anna.put(&path, &[], &days).await.insist(204);
        assert_eq!(slots().await, 0, "{days}");
        let explained = app.get(&format!("/v1/availability/explain?service={}&staff={}&start=2026-09-07T10:00", seed.service, seed.staff), &a.admin).expect(200).await.json();
        assert!(explained["reasons"].to_string().contains("2026-09-10T00:00"), "{explained}");
        anna.put(&path, &[], &days.replace("UID", "STATUS:CANCELLED\r\nUID")).await.insist(204);
        assert_eq!(slots().await, before);
        // Elsewhere they are what they are said to be.
        let own = anna.calendar("work").await;
        anna.proppatch(&own, "<C:schedule-calendar-transp><C:opaque/></C:schedule-calendar-transp>").await.insist(207);
        anna.put(&format!("{own}birthday.ics"), &[], &days).await.insist(201);
        assert_eq!(slots().await, before);
        anna.send("DELETE", &format!("{own}birthday.ics"), &[], "").await.insist(204);
        anna.put(&path, &[], &weekly).await.insist(204);
        anna.send("DELETE", &path, &[], "").await.insist(204);
        assert_eq!(slots().await, before);
        app.post("/v1/bookings", &a.write, &wanted).expect(201).await;
    }

    async fn working_hours_are_calendar_availability(app: App) {
        let a = app.business("a").await;
        let seed = app.seed(&a).await;
        let anna = app.login(a.tenant, seed.staff, Group::Staff, "anna").await;
        let hours = json!([{"rrule": "FREQ=WEEKLY;BYDAY=MO,TU", "start": "09:00", "end": "17:00", "breaks": [{"start": "12:00", "end": "13:00"}]}]);
        let path = format!("/v1/staff/{}/working-hours", seed.staff);
        app.put(&path, &a.admin, &hours).expect(200).await;
        let inbox = format!("{}inbox/", anna.home());
        let read = anna.propfind(&inbox, "0", "<C:calendar-availability/>").await.insist(207);
        let text = read.element("C:calendar-availability").replace("&#13;", "\r");
        assert_eq!(text.matches("BEGIN:AVAILABLE").count(), 2, "{text}");
        // What was read says the same when it is written back, and what is changed in it holds.
        let set = |text: &str| format!("<C:calendar-availability>{text}</C:calendar-availability>");
        anna.proppatch(&inbox, &set(&text)).await.insist(207);
        let kept = app.get(&path, &a.read).expect(200).await.json();
        assert_eq!(kept.as_array().unwrap().len(), 2, "{kept}");
        assert_eq!((&kept[1]["start"], &kept[1]["end"], &kept[1]["timezone"]), (&json!("13:00"), &json!("17:00"), &json!("Europe/Berlin")));
        let later = text.replace("T170000", "T193000");
        let done = anna.proppatch(&inbox, &set(&later)).await.insist(207);
        assert!(done.body.contains("200 OK"), "{}", done.body);
        let slots = format!("/v1/availability?service={}&staff={}&from=2026-09-07&to=2026-09-09", seed.service, seed.staff);
        let slots = app.get(&slots, &a.read).expect(200).await;
        assert!(slots.body.contains("2026-09-08T18:30:00+02:00") && !slots.body.contains("\"start\":\"2026-09-07T12:00"), "{}", slots.body);
        let bad = anna.proppatch(&inbox, &set("nonsense")).await.insist(207);
        assert!(bad.body.contains("403 Forbidden"), "{}", bad.body);
    }

    async fn who_serves_one_date_of_a_series_changes_that_date_alone(app: App) {
        let a = app.business("a").await;
        let seed = app.seed(&a).await;
        let (ben_id, ben) = app.person(a.tenant, "ben", Role::Staff).await;
        let anna = app.login(a.tenant, seed.staff, Group::Staff, "anna").await;
        let service = json!({"name": "Both", "duration_minutes": 30, "staff": [seed.staff.to_string(), ben_id.to_string()]});
        let service = app.post("/v1/services", &a.admin, &service).expect(201).await.id();
        let mut body = seed.booking_body("2026-09-07T10:00");
        (body["service"], body["rrule"]) = (json!(service), json!("FREQ=WEEKLY;COUNT=4"));
        let id = app.post("/v1/bookings", &a.write, &body).expect(201).await.id();
        for day in ["14", "21"] {
            let other = json!({"scope": "this", "occurrence": format!("2026-09-{day}T10:00"), "start": format!("2026-09-{day}T10:00"), "staff": ben_id.to_string()});
            app.post(&format!("/v1/bookings/{id}/reschedule"), &a.write, &other).expect(200).await;
        }
        let occurrences = async || {
            let booking = app.get(&format!("/v1/bookings/{id}"), &a.read).expect(200).await.json();
            let told = booking["occurrences"].as_array().unwrap().iter();
            let told = told.map(|it| format!("{} {}", &it["start"].as_str().unwrap()[..16], it["status"].as_str().unwrap()));
            told.collect::<Vec<_>>().join(", ")
        };
        let path = format!("{}bookings/{id}.ics", ben.home());
        let served = ben.get(&path).await.insist(200);
        assert_eq!(served.body.matches("RECURRENCE-ID").count(), served.body.matches("BEGIN:VEVENT").count(), "{}", served.body);
        // A note on one date, then another time for it, then it is cancelled: the other dates are as they were.
        let (first, second) = served.body.split_once("END:VEVENT").unwrap();
        let noted = format!("{first}X-MINE:cake\r\nEND:VEVENT{second}");
        ben.put(&path, &[], &noted).await.insist(204);
        let mine = ben.get(&path).await.insist(200);
        assert_eq!((mine.body.matches("X-MINE:cake").count(), mine.body.split_once("END:VEVENT").unwrap().0.contains("cake")), (1, true), "{}", mine.body);
        let at = |name: &str, from: &str, to: &str, text: &str| {
            text.replacen(&format!("{name};TZID=Europe/Berlin:20260914T{from}"), &format!("{name};TZID=Europe/Berlin:20260914T{to}"), 1)
        };
        let later = at("DTEND", "103000", "143000", &at("DTSTART", "100000", "140000", &mine.body));
        assert_ne!(later, mine.body);
        ben.put(&path, &[], &later).await.insist(204);
        let told = occurrences().await;
        assert!(told.contains("2026-09-07T10:00 confirmed, 2026-09-14T14:00 confirmed, 2026-09-21T10:00 confirmed, 2026-09-28T10:00 confirmed"), "{told}");
        let now = ben.get(&path).await.insist(200);
        let cancelled = now.body.replacen("STATUS:CONFIRMED", "STATUS:CANCELLED", 1);
        ben.put(&path, &[], &cancelled).await.insist(204);
        let told = occurrences().await;
        assert!(told.matches("cancelled").count() == 1 && told.contains("2026-09-21T10:00 confirmed"), "{told}");
        ben.send("DELETE", &path, &[], "").await.insist(204);
        let told = occurrences().await;
        assert!(told.contains("2026-09-07T10:00 confirmed") && told.contains("2026-09-28T10:00 confirmed"), "{told}");
        assert_eq!(told.matches("cancelled").count(), 2, "{told}");
        anna.get(&format!("{}bookings/{id}.ics", anna.home())).await.insist(200);
        // A second device hears that it is gone.
        ben.send("DELETE", &path, &[], "").await.insist(404);
    }

    async fn who_serves_a_series_leaves_the_dates_that_others_serve(app: App) {
        let a = app.business("a").await;
        let seed = app.seed(&a).await;
        let (ben_id, ben) = app.person(a.tenant, "ben", Role::Staff).await;
        let anna = app.login(a.tenant, seed.staff, Group::Staff, "anna").await;
        let service = json!({"name": "Both", "duration_minutes": 30, "staff": [seed.staff.to_string(), ben_id.to_string()]});
        let service = app.post("/v1/services", &a.admin, &service).expect(201).await.id();
        for (month, how) in [("09", "EXDATE"), ("10", "DELETE"), ("11", "STATUS")] {
            let mut body = seed.booking_body(&format!("2026-{month}-02T10:00"));
            (body["service"], body["rrule"]) = (json!(service), json!("FREQ=DAILY;COUNT=4"));
            let id = app.post("/v1/bookings", &a.write, &body).expect(201).await.id();
            let day = format!("2026-{month}-04T10:00");
            let other = json!({"scope": "this", "occurrence": day, "start": day, "staff": ben_id.to_string()});
            app.post(&format!("/v1/bookings/{id}/reschedule"), &a.write, &other).expect(200).await;
            let path = format!("{}bookings/{id}.ics", anna.home());
            let served = anna.get(&path).await.insist(200);
            let exdate = |day: &str| format!("EXDATE;TZID=Europe/Berlin:2026{month}{day}T100000\r\n");
            let without = ["02", "03", "05"].map(exdate).concat() + "RRULE:FREQ=DAILY";
            match how {
                "EXDATE" => anna.put(&path, &[], &served.body.replacen("RRULE:FREQ=DAILY", &without, 1)).await.insist(204),
                "STATUS" => anna.put(&path, &[], &served.body.replace("STATUS:CONFIRMED", "STATUS:CANCELLED")).await.insist(204),
                _ => anna.send("DELETE", &path, &[], "").await.insist(204),
            };
            let booking = app.get(&format!("/v1/bookings/{id}"), &a.read).expect(200).await.json();
            let told = booking["occurrences"].as_array().unwrap().iter().map(|it| it["status"].as_str().unwrap());
            assert_eq!(told.collect::<Vec<_>>(), ["cancelled", "cancelled", "confirmed", "cancelled"], "{how}");
            assert_eq!(booking["status"], "confirmed", "{how}");
            ben.get(&format!("{}bookings/{id}.ics", ben.home())).await.insist(200);
            // Nothing of it is hers any more, and there is nothing left to delete.
            anna.get(&path).await.insist(404);
            anna.send("DELETE", &path, &[], "").await.insist(404);
        }
        // The same, when the business gives all dates away.
        let mut body = seed.booking_body("2026-12-02T10:00");
        (body["service"], body["rrule"]) = (json!(service), json!("FREQ=DAILY;COUNT=2"));
        let id = app.post("/v1/bookings", &a.write, &body).expect(201).await.id();
        let path = format!("{}bookings/{id}.ics", anna.home());
        let given = async |day: &str, to: &str| {
            let other = json!({"scope": "this", "occurrence": day, "start": day, "staff": to});
            app.post(&format!("/v1/bookings/{id}/reschedule"), &a.write, &other).expect(200).await;
        };
        given("2026-12-02T10:00", &ben_id.to_string()).await;
        anna.get(&path).await.insist(200);
        given("2026-12-03T10:00", &ben_id.to_string()).await;
        anna.get(&path).await.insist(404);
        given("2026-12-03T10:00", &seed.staff.to_string()).await;
        assert_eq!(anna.get(&path).await.insist(200).body.matches("EXDATE").count(), 1);
    }

    async fn what_would_be_undone_without_a_word_is_refused(app: App) {
        let a = app.business("a").await;
        let seed = app.seed(&a).await;
        let anna = app.login(a.tenant, seed.staff, Group::Staff, "anna").await;
        let path = format!("{}bookings/{}.ics", anna.home(), seed.booking);
        let served = anna.get(&path).await.insist(200);
        let with = |line: &str| served.body.replacen("END:VEVENT", &format!("{line}\r\nEND:VEVENT"), 1);
        for (what, text) in [
            ("status", served.body.replace("STATUS:CONFIRMED", "STATUS:TENTATIVE")),
            ("transparency", if served.body.contains("TRANSP:") { served.body.replace("TRANSP:OPAQUE", "TRANSP:TRANSPARENT") } else { with("TRANSP:TRANSPARENT") }),
            ("categories", with("CATEGORIES:mine")),
        ] {
            assert_ne!(text, served.body, "{what}");
            let refused = anna.put(&path, &[], &text).await.insist(403);
            assert!(refused.body.contains("<D:need-privileges>"), "{what}: {}", refused.body);
        }
        // What says the same in other words is nothing.
        let plain: String = served.body.split_inclusive("\r\n").filter(|line| !line.starts_with("STATUS") && !line.starts_with("TRANSP")).collect();
        anna.put(&path, &[], &plain).await.insist(204);
        assert_eq!(anna.get(&path).await.body, served.body);
    }

    async fn windows_of_customers_are_of_when_dates_take_place(app: App) {
        let a = app.business("a").await;
        let seed = app.seed(&a).await;
        let carl = app.login(a.tenant, seed.customer, Group::Customers, "carl").await;
        let service = json!({"name": "Lesson", "duration_minutes": 30, "staff": [seed.staff.to_string()], "cancellation_window_minutes": 2880});
        let service = app.post("/v1/services", &a.admin, &service).expect(201).await.id();
        let body = json!({"service": service, "start": "2026-09-08T18:00", "rrule": "FREQ=WEEKLY;COUNT=3", "customer_id": seed.customer.to_string()});
        let id = app.post("/v1/bookings", &a.write, &body).expect(201).await.id();
        let apart = |occurrence: &str, start: &str| json!({"scope": "this", "occurrence": occurrence, "start": start});
        // The second is tomorrow now.
        app.post(&format!("/v1/bookings/{id}/reschedule"), &a.write, &apart("2026-09-15T18:00", "2026-08-02T18:00")).expect(200).await;
        let path = format!("{}bookings/{id}.ics", carl.home());
        let served = carl.get(&path).await.insist(200);
        let cancelled = |number: usize| {
            let mut parts: Vec<String> = served.body.split_inclusive("END:VEVENT").map(str::to_owned).collect();
            parts[number] = parts[number].replace("STATUS:CONFIRMED", "STATUS:CANCELLED");
            parts.concat()
        };
        let refused = carl.put(&path, &[], &cancelled(1)).await.insist(403);
        assert!(refused.body.contains("too late"), "{}", refused.body);
        let refused = carl.send("DELETE", &path, &[], "").await.insist(403);
        assert!(refused.body.contains("too late"), "{}", refused.body);
        // Moved away again, it can be cancelled, and so can all.
        app.post(&format!("/v1/bookings/{id}/reschedule"), &a.write, &apart("2026-09-15T18:00", "2026-09-20T18:00")).expect(200).await;
        carl.send("DELETE", &path, &[], "").await.insist(204);
    }
}
