use fasti::booking::people::Group;
use fasti::store::Role;

use super::{Client, XMLNS, event};

const ANY: &str = "<C:filter><C:comp-filter name=\"VCALENDAR\"/></C:filter>";

/// A VCALENDAR with one definition whose clocks are always an hour ahead.
fn hour_ahead(tzid: &str) -> String {
    format!(
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//test//EN\r\nBEGIN:VTIMEZONE\r\nTZID:{tzid}\r\nBEGIN:STANDARD\r\n\
         DTSTART:16010101T000000\r\nTZOFFSETFROM:+0100\r\nTZOFFSETTO:+0100\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\nEND:VCALENDAR\r\n"
    )
}

fn within(start: &str, end: &str) -> String {
    format!(
        "<C:filter><C:comp-filter name=\"VCALENDAR\"><C:comp-filter name=\"VEVENT\"><C:time-range start=\"{start}\" end=\"{end}\"/>\
         </C:comp-filter></C:comp-filter></C:filter>"
    )
}

/// The names in what is written for a property, sorted.
async fn privileges(client: &Client, path: &str) -> Vec<String> {
    let read = client.propfind(path, "0", "<D:current-user-privilege-set/>").await.insist(207);
    let granted =
        read.element("D:current-user-privilege-set").replace("<D:privilege><", "").replace("/></D:privilege>", " ");
    let mut granted: Vec<String> = granted.split_whitespace().map(str::to_owned).collect();
    granted.retain(|name| name.contains("write") || name.contains("bind"));
    granted.sort();
    granted
}

on_both! {
    async fn names_that_are_none_are_not_kept(app: App) {
        let a = app.business("a").await;
        let (_, anna) = app.person(a.tenant, "anna", Role::Staff).await;
        let path = anna.calendar("work").await;
        for bad in [
            "<1a>1</1a>",
            "<X:a:b xmlns:X=\"u\"/>",
            "<a 1=\"x\"/>",
            "<a xmlns:X=\"u\" xmlns:Y=\"u\" X:a=\"1\" Y:a=\"2\"/>",
            "<X:a xmlns:X=\"\"/>",
            "<a xmlns=\"http://www.w3.org/2000/xmlns/\"/>",
        ] {
            anna.proppatch(&path, bad).await.insist(400);
        }
        let expand = |inside: &'static str| anna.report(&path, "0", "D:expand-property", inside);
        expand("<D:property name=\"x/&gt;&lt;D:status&gt;\"/>").await.insist(400);
        expand("<D:property/>").await.insist(400);
        assert!(expand("<D:property name=\"x\" namespace=\"u\"/>").await.insist(207).body.contains("<x xmlns=\"u\">"));
        // That of xml: cannot be a default namespace.
        anna.proppatch(&path, "<xml:mine>1</xml:mine>").await.insist(207);
        let all = anna.send("PROPFIND", &path, &[("depth", "0")], "").await.insist(207);
        assert!(all.body.contains("<xml:mine>1</xml:mine>"), "{}", all.body);
    }

    async fn a_zone_is_what_its_definition_says(app: App) {
        let a = app.business("a").await;
        let (_, anna) = app.person(a.tenant, "anna", Role::Staff).await;
        let path = anna.calendar("work").await;
        anna.put(&format!("{path}one.ics"), &[], &event("one", "20260901T080000", "")).await.insist(201);
        let asked = |zone: String| {
            let filter = within("20260901T070000Z", "20260901T071000Z");
            let inside = format!("<D:prop><D:getetag/></D:prop>{filter}{zone}");
            let (anna, path) = (&anna, &path);
            async move { anna.report(path, "1", "C:calendar-query", &inside).await }
        };
        for tzid in ["Custom", "Customized Time Zone", "GMT+0100"] {
            let zone = hour_ahead(tzid);
            anna.proppatch(&path, "<C:calendar-timezone-id>Asia/Tokyo</C:calendar-timezone-id>").await.insist(207);
            let found = asked(format!("<C:timezone>{zone}</C:timezone>")).await.insist(207);
            assert_eq!(found.responses().len(), 1, "{tzid}: {}", found.body);
            let done = anna.proppatch(&path, &format!("<C:calendar-timezone>{zone}</C:calendar-timezone>")).await.insist(207);
            assert!(done.body.contains("200 OK"), "{}", done.body);
            let read = anna.propfind(&path, "0", "<C:calendar-timezone-id/>").await;
            assert_eq!(read.element("C:calendar-timezone-id"), "Africa/Lagos");
            let made = format!("{}{}/", anna.home(), tzid.len());
            let body = format!("<C:mkcalendar {XMLNS}><D:set><D:prop><C:calendar-timezone>{zone}</C:calendar-timezone></D:prop></D:set></C:mkcalendar>");
            anna.send("MKCALENDAR", &made, &[], &body).await.insist(201);
        }
        for broken in ["BEGIN:VTIMEZONE\nTZID:Europe/Berlin".to_owned(), hour_ahead("Custom").replace("END:VCALENDAR", "")] {
            let refused = asked(format!("<C:timezone>{broken}</C:timezone>")).await.insist(403);
            assert!(refused.body.contains("<C:valid-calendar-data/>"), "{}", refused.body);
            let refused = anna.proppatch(&path, &format!("<C:calendar-timezone>{broken}</C:calendar-timezone>")).await.insist(207);
            assert!(refused.body.contains("403 Forbidden"), "{}", refused.body);
        }
        // RFC 7809 §3.1.6
        let refused = asked("<C:timezone-id>Europe/Nowhere</C:timezone-id>".to_owned()).await.insist(403);
        assert!(refused.body.contains("<C:valid-timezone/>"), "{}", refused.body);
    }

    async fn objects_answer_the_reports_of_calendars(app: App) {
        let a = app.business("a").await;
        let (_, anna) = app.person(a.tenant, "anna", Role::Staff).await;
        let path = anna.calendar("work").await;
        let one = format!("{path}one.ics");
        anna.put(&one, &[], &event("one", "20260901T080000Z", "")).await.insist(201);
        anna.put(&format!("{path}two.ics"), &[], &event("two", "20260901T083000Z", "")).await.insist(201);
        let reports = anna.propfind(&one, "0", "<D:supported-report-set/>").await.insist(207);
        assert!(!reports.body.contains("free-busy-query"), "{}", reports.body);
        for name in ["calendar-query", "calendar-multiget"] {
            assert!(reports.body.contains(&format!("<D:report><C:{name}/></D:report>")), "{name}: {}", reports.body);
        }
        let query = |path: String, filter: String| {
            let anna = &anna;
            async move { anna.report(&path, "0", "C:calendar-query", &format!("<D:prop><D:getetag/><C:calendar-data/></D:prop>{filter}")).await }
        };
        for filter in [ANY.to_owned(), within("20260901T080000Z", "20260901T090000Z")] {
            let found = query(one.clone(), filter).await.insist(207);
            assert_eq!(found.hrefs(), [one.as_str()]);
            assert!(found.body.contains("UID:one"), "{}", found.body);
        }
        assert!(query(one.clone(), within("20260902T080000Z", "20260902T090000Z")).await.insist(207).responses().is_empty());
        query(format!("{path}none.ics"), ANY.to_owned()).await.insist(404);
        let busy = |path: String| {
            let anna = &anna;
            async move { anna.report(&path, "0", "C:free-busy-query", "<C:time-range start=\"20260901T000000Z\" end=\"20260902T000000Z\"/>").await }
        };
        // RFC 4791 §7.10: of a calendar alone.
        assert!(busy(one.clone()).await.insist(403).body.contains("<D:supported-report/>"));
        assert!(busy(path.clone()).await.insist(200).body.contains("093000Z"));
        let multiget = format!("<D:prop><D:getetag/></D:prop><D:href>{one}</D:href>");
        assert_eq!(anna.report(&one, "0", "C:calendar-multiget", &multiget).await.insist(207).hrefs(), [one.as_str()]);
    }

    async fn a_failed_move_names_what_is_in_its_way(app: App) {
        let a = app.business("a").await;
        let seed = app.seed(&a).await;
        let anna = app.login(a.tenant, seed.staff, Group::Staff, "anna").await;
        let (_, max) = app.person(a.tenant, "max", Role::Manager).await;
        let (one, two) = (anna.calendar("c1").await, anna.calendar("c2").await);
        let mine = max.calendar("mine").await;
        anna.put(&format!("{one}a.ics"), &[], &event("same", "20260901T080000Z", "")).await.insist(201);
        anna.put(&format!("{two}b.ics"), &[], &event("same", "20260901T080000Z", "")).await.insist(201);
        max.put(&format!("{mine}m.ics"), &[], &event("m", "20260901T080000Z", "")).await.insist(201);
        let into = |client: &Client, method: &'static str, from: String, to: String| {
            let client = client.clone();
            async move { client.send(method, &from, &[("destination", &to)], "").await.insist(403).element("D:href").to_owned() }
        };
        for method in ["MOVE", "COPY"] {
            assert_eq!(into(&anna, method, format!("{one}a.ics"), format!("{two}new.ics")).await, format!("{two}b.ics"));
            let bookings = format!("{}bookings/new.ics", anna.home());
            assert_eq!(into(&anna, method, format!("{one}a.ics"), bookings.clone()).await, bookings);
            let theirs = format!("{two}m.ics");
            assert_eq!(into(&max, method, format!("{mine}m.ics"), theirs.clone()).await, theirs);
        }
        assert_eq!(into(&max, "MOVE", format!("{one}a.ics"), format!("{mine}a.ics")).await, format!("{one}a.ics"));
        let booking = format!("{}bookings/{}.ics", anna.home(), seed.booking);
        assert_eq!(into(&anna, "MOVE", booking.clone(), format!("{two}x.ics")).await, booking);
    }

    async fn a_destination_is_a_url(app: App) {
        let a = app.business("a").await;
        let (_, anna) = app.person(a.tenant, "anna", Role::Staff).await;
        let path = anna.calendar("work").await;
        let object = format!("{path}one.ics");
        anna.put(&object, &[], &event("one", "20260901T080000Z", "")).await.insist(201);
        for to in ["", "two.ics", "../work/two.ics"] {
            anna.send("COPY", &object, &[("destination", to)], "").await.insist(400);
        }
    }

    async fn privileges_are_what_is_then_allowed(app: App) {
        let a = app.business("a").await;
        let seed = app.seed(&a).await;
        let anna = app.login(a.tenant, seed.staff, Group::Staff, "anna").await;
        let (_, ben) = app.person(a.tenant, "ben", Role::Staff).await;
        let (_, max) = app.person(a.tenant, "max", Role::Manager).await;
        let work = anna.calendar("work").await;
        let group = "/dav/principals/anna/calendar-proxy-write/";
        let member = "<D:group-member-set><D:href>/dav/principals/ben/</D:href></D:group-member-set>";
        anna.proppatch(group, member).await.insist(207);
        let (home, all) = (anna.home(), ["D:bind", "D:unbind", "D:write", "D:write-content", "D:write-properties"]);
        let (inbox, bookings, properties) = (format!("{home}inbox/"), format!("{home}bookings/"), ["D:write-properties"]);
        let of_bookings = ["D:unbind", "D:write-content", "D:write-properties"];
        let nothing: [&str; 0] = [];
        for (client, path, granted) in [
            (&anna, home.as_str(), &all[..]),
            (&anna, &work, &all),
            (&anna, &bookings, &of_bookings),
            (&anna, &inbox, &properties),
            (&anna, "/dav/principals/anna/", &properties),
            (&anna, group, &properties),
            (&anna, "/dav/principals/ben/", &nothing),
            (&anna, "/dav/", &nothing),
            (&ben, &home, &nothing),
            (&ben, &inbox, &nothing),
            (&ben, &work, &all),
            (&ben, &bookings, &of_bookings),
            (&ben, group, &nothing),
            (&max, &home, &nothing),
            (&max, &work, &properties),
            (&max, &bookings, &properties),
        ] {
            assert_eq!(privileges(client, path).await, granted, "{} on {path}", client.username);
            let set = client.proppatch(path, if path == group { member } else { "<x xmlns=\"u\">1</x>" }).await;
            assert_eq!(set.body.contains("200 OK"), granted.contains(&"D:write-properties"), "{} on {path}", client.username);
        }
        for (client, status) in [(&ben, 403), (&max, 403), (&anna, 201)] {
            client.send("MKCALENDAR", &format!("{home}new/"), &[], "").await.insist(status);
        }
        let acl = anna.propfind(&bookings, "0", "<D:acl/>").await.insist(207);
        assert!(!acl.body.contains("<D:all/>") && !acl.body.contains("<D:bind/>"), "{}", acl.body);
        assert!(acl.body.contains("<D:unbind/>"), "{}", acl.body);
    }

    async fn reports_on_principals_are_about_what_is_there(app: App) {
        let a = app.business("a").await;
        let (_, anna) = app.person(a.tenant, "anna", Role::Staff).await;
        let path = anna.calendar("work").await;
        let home = anna.home();
        let ask = |path: &str, depth: &'static str, name: &'static str, inside: &'static str| {
            let (anna, path) = (anna.clone(), path.to_owned());
            async move { anna.report(&path, depth, name, inside).await }
        };
        let by_owner = "<D:principal-property><D:owner/></D:principal-property>";
        let by_other = "<D:principal-property><x xmlns=\"u\"/></D:principal-property>";
        assert!(ask(&home, "0", "D:principal-match", by_owner).await.insist(207).hrefs().contains(&path.as_str()));
        assert!(ask(&home, "0", "D:principal-match", by_other).await.insist(207).hrefs().is_empty());
        ask(&home, "1", "D:principal-match", by_owner).await.insist(400);
        ask("/dav/calendars/nobody/", "0", "D:principal-match", by_owner).await.insist(404);
        ask("/dav/principals/", "1", "D:principal-search-property-set", "").await.insist(400);
        ask("/dav/principals/", "0", "D:principal-search-property-set", "").await.insist(200);
        // Thunderbird.
        let search = "<D:property-search><D:prop><D:displayname/></D:prop><D:match>anna</D:match></D:property-search>";
        assert_eq!(ask("/dav/principals/", "1", "D:principal-property-search", search).await.insist(207).hrefs(), ["/dav/principals/anna/"]);
        let named = "<D:prop><D:displayname/></D:prop>";
        ask(&path, "0", "D:acl-principal-prop-set", named).await.insist(207);
        ask(&path, "1", "D:acl-principal-prop-set", named).await.insist(400);
        for missing in [format!("{home}nothing/"), format!("{path}none.ics"), "/dav/calendars/nobody/".to_owned()] {
            ask(&missing, "0", "D:acl-principal-prop-set", named).await.insist(404);
        }
    }

    async fn a_time_range_is_in_time(app: App) {
        let a = app.business("a").await;
        let (_, anna) = app.person(a.tenant, "anna", Role::Staff).await;
        let path = anna.calendar("work").await;
        for (start, end, status) in [
            ("99990601T000000Z", "99990701T000000Z", 403),
            ("20260101T000000Z", "99991231T235959Z", 207),
            ("00010101T000000Z", "20260101T000000Z", 207),
        ] {
            let inside = format!("<D:prop><D:getetag/></D:prop>{}", within(start, end));
            let answer = anna.report(&path, "1", "C:calendar-query", &inside).await.insist(status);
            assert_eq!(answer.body.contains("<C:max-date-time/>"), status == 403, "{}", answer.body);
        }
    }
}
