use fasti::store::Role;

use super::{XMLNS, event};

on_both! {
    async fn all_or_none_is_set(app: App) {
        let a = app.business("a").await;
        let (_, anna) = app.person(a.tenant, "anna", Role::Staff).await;
        let path = anna.calendar("work").await;
        let set = "<D:displayname>Work &amp; play</D:displayname><A:calendar-color symbolic-color=\"red\">#FF0000FF</A:calendar-color><x xmlns=\"urn:x\"><y>1</y></x>";
        let done = anna.proppatch(&path, set).await.insist(207);
        assert_eq!((done.body.matches("200 OK").count(), done.body.matches("403").count()), (1, 0));
        let refused = anna.proppatch(&path, "<D:displayname>Other</D:displayname><D:getetag>\"x\"</D:getetag>").await.insist(207);
        assert!(refused.body.contains("403 Forbidden") && refused.body.contains("424 Failed Dependency"), "{}", refused.body);
        let read = anna.propfind(&path, "0", "<D:displayname/><A:calendar-color/><x xmlns=\"urn:x\"/>").await.insist(207);
        assert_eq!(read.element("D:displayname"), "Work &amp; play");
        assert!(read.body.contains("<A:calendar-color symbolic-color=\"red\">#FF0000FF</A:calendar-color>"), "{}", read.body);
        assert!(read.body.contains("<x xmlns=\"urn:x\"><y xmlns=\"urn:x\">1</y></x>"), "{}", read.body);
    }

    async fn unknown_properties_are_missing_and_no_error(app: App) {
        let a = app.business("a").await;
        let (_, anna) = app.person(a.tenant, "anna", Role::Staff).await;
        let read = anna.propfind(&anna.home(), "1", "<D:odd/><S:push-transports/><A:autoprovisioned/>").await.insist(207);
        assert_eq!(read.body.matches("404 Not Found").count(), 4);
        let refused = anna.send("PROPFIND", &anna.home(), &[("depth", "infinity")], "").await.insist(403);
        assert!(refused.body.contains("<D:propfind-finite-depth/>"));
        let minimal = [("depth", "0"), ("prefer", "return=minimal")];
        let body = "<propfind xmlns=\"DAV:\"><prop><odd/><displayname/></prop></propfind>";
        let read = anna.send("PROPFIND", &anna.home(), &minimal, body).await.insist(207);
        assert!(!read.body.contains("404"), "{}", read.body);
        for bad in ["<!DOCTYPE x><propfind xmlns=\"DAV:\"><allprop/></propfind>", "<propfind xmlns=\"DAV:\">", "<x/>", "<propfind xmlns=\"DAV:\"/>"] {
            let refused = anna.send("PROPFIND", &anna.home(), &[("depth", "0")], bad).await;
            assert!((400..500).contains(&refused.status), "{bad}: {refused:?}");
        }
    }

    async fn what_one_sets_on_anothers_calendar_is_ones_own(app: App) {
        let a = app.business("a").await;
        let (_, anna) = app.person(a.tenant, "anna", Role::Staff).await;
        let (_, max) = app.person(a.tenant, "max", Role::Manager).await;
        let path = anna.calendar("work").await;
        anna.proppatch(&path, "<D:displayname>Annas</D:displayname>").await.insist(207);
        let name = "<D:displayname/>";
        assert_eq!(max.propfind(&path, "0", name).await.insist(207).element("D:displayname"), "Annas");
        let done = max.proppatch(&path, "<D:displayname>Mine</D:displayname>").await.insist(207);
        assert!(done.body.contains("200 OK"), "macOS stops syncing when this is refused: {}", done.body);
        assert_eq!(max.propfind(&path, "0", name).await.element("D:displayname"), "Mine");
        assert_eq!(anna.propfind(&path, "0", name).await.element("D:displayname"), "Annas");
        max.proppatch(&anna.home(), "<D:displayname>Mine</D:displayname>").await.insist(403);
    }

    async fn how_full_calendars_are_is_told(app: App) {
        let a = app.business("a").await;
        let (_, anna) = app.person(a.tenant, "anna", Role::Staff).await;
        let path = anna.calendar("work").await;
        let asked = "<D:quota-used-bytes/><D:quota-available-bytes/>";
        let read = async |path: &str| {
            let answer = anna.propfind(path, "0", asked).await.insist(207);
            let number = |name: &str| answer.element(name).parse::<i64>().unwrap();
            (number("D:quota-used-bytes"), number("D:quota-available-bytes"))
        };
        let (none, all) = read(&path).await;
        assert_eq!(none, 0);
        let (one, longer) = (event("one", "20260901T080000Z", ""), event("one", "20260901T080000Z", "COMMENT:more\r\n"));
        let used = |text: &str| (text.len() as i64, all - text.len() as i64);
        anna.put(&format!("{path}one.ics"), &[], &one).await.insist(201);
        assert_eq!(read(&path).await, used(&one));
        anna.put(&format!("{path}one.ics"), &[], &longer).await.insist(204);
        assert_eq!((read(&path).await, read(&anna.home()).await.0), (used(&longer), longer.len() as i64));
        let to = [("destination", "/dav/calendars/anna/time-off/one.ics")];
        anna.send("MOVE", &format!("{path}one.ics"), &to, "").await.insist(201);
        assert_eq!((read(&path).await.0, read(&anna.home()).await.0), (0, longer.len() as i64));
        // What is full takes nothing more, and nothing longer; it can be made shorter.
        anna.put(&format!("{path}one.ics"), &[], &one).await.insist(201);
        let room = all - one.len() as i64 - 5;
        app.as_business(a.tenant, move |conn, _| {
            Ok(conn.batch_execute(&format!("UPDATE collections SET octets = octets + {room} WHERE octets = {}", all - room - 5))?)
        })
        .await;
        for (name, text) in [("one.ics", &longer), ("two.ics", &event("two", "20260902T080000Z", ""))] {
            let refused = anna.put(&format!("{path}{name}"), &[], text).await.insist(507);
            assert!(refused.body.contains("<D:quota-not-exceeded/>"), "{}", refused.body);
        }
        assert_eq!(anna.get(&format!("{path}one.ics")).await.insist(200).body, one);
        assert_eq!(anna.propfind(&path, "1", "<D:getetag/>").await.responses().len(), 2);
        anna.put(&format!("{path}one.ics"), &[], &one.replace("SUMMARY:one\r\n", "")).await.insist(204);
        anna.send("DELETE", &format!("{path}one.ics"), &[], "").await.insist(204);
        assert_eq!(read(&path).await.0, room);
    }

    async fn subscriptions_are_kept_for_clients_to_fetch(app: App) {
        let a = app.business("a").await;
        let (_, anna) = app.person(a.tenant, "anna", Role::Staff).await;
        // As Apple's Calendar makes them.
        let body = |source: &str| {
            format!(
                "<C:mkcalendar {XMLNS}><D:set><D:prop><D:resourcetype><D:collection/><S:subscribed/></D:resourcetype>\
                 <S:subscribed-strip-alarms/><A:refreshrate>P1W</A:refreshrate><D:displayname>Holidays</D:displayname>\
                 {source}</D:prop></D:set></C:mkcalendar>"
            )
        };
        let path = format!("{}holidays/", anna.home());
        for bad in ["", "<S:source/>", "<S:source><D:href>file:///etc/passwd</D:href></S:source>"] {
            let refused = anna.send("MKCALENDAR", &path, &[], &body(bad)).await.insist(403);
            assert!(refused.body.contains("S:source"), "{}", refused.body);
        }
        let source = "<S:source><D:href>webcal://holidays.example/de.ics?a=1&amp;b=2</D:href></S:source>";
        anna.send("MKCALENDAR", &path, &[], &body(source)).await.insist(201);
        let asked = "<D:resourcetype/><S:source/><A:refreshrate/><S:subscribed-strip-alarms/><D:displayname/>";
        let home = anna.propfind(&anna.home(), "1", asked).await.insist(207);
        let shown = home.responses().into_iter().find(|text| text.contains("/holidays/")).unwrap();
        for part in ["<D:collection/><S:subscribed/>", source, "P1W", "<S:subscribed-strip-alarms>", "Holidays"] {
            assert!(shown.contains(part), "{part}: {shown}");
        }
        assert!(!shown.contains("C:calendar/>"), "{shown}");
        // It holds nothing.
        let text = event("one", "20260901T080000Z", "");
        let refused = anna.put(&format!("{path}one.ics"), &[], &text).await.insist(403);
        assert!(refused.body.contains("<C:supported-calendar-component/>"), "{}", refused.body);
        assert_eq!(anna.propfind(&path, "1", "<D:getetag/>").await.responses().len(), 1);
        anna.send("DELETE", &path, &[], "").await.insist(204);
        for kind in ["<D:collection/>", "<D:collection/><S:subscribed/><C:calendar/>", "<S:subscribed/>"] {
            let set = format!("<D:set><D:prop><D:resourcetype>{kind}</D:resourcetype>{source}</D:prop></D:set>");
            for method in ["MKCALENDAR", "MKCOL"] {
                let root = if method == "MKCOL" { "D:mkcol" } else { "C:mkcalendar" };
                let refused = anna.send(method, &path, &[], &format!("<{root} {XMLNS}>{set}</{root}>")).await.insist(403);
                assert!(refused.body.contains("<D:valid-resourcetype/>"), "{kind}: {}", refused.body);
            }
        }
    }

    async fn nothing_is_done_of_what_is_refused(app: App) {
        let a = app.business("a").await;
        let (_, anna) = app.person(a.tenant, "anna", Role::Staff).await;
        let (_, ben) = app.person(a.tenant, "ben", Role::Staff).await;
        let refused = async |path: &str, set: &str| {
            let answer = anna.proppatch(path, set).await.insist(207);
            assert!(answer.body.contains("403 Forbidden") && !answer.body.contains("200 OK"), "{}", answer.body);
        };
        // Who may act for her.
        let member = "<D:group-member-set><D:href>/dav/principals/ben/</D:href></D:group-member-set>";
        let proxy = "/dav/principals/anna/calendar-proxy-write/";
        refused(proxy, &format!("{member}<D:displayname>x</D:displayname>")).await;
        ben.propfind(&anna.home(), "0", "<D:owner/>").await.insist(404);
        // Her hours, by both names of the property.
        let inbox = format!("{}inbox/", anna.home());
        let hours = "BEGIN:VCALENDAR&#13;\nVERSION:2.0&#13;\nPRODID:x&#13;\nBEGIN:VAVAILABILITY&#13;\nUID:1&#13;\nDTSTAMP:20260801T000000Z&#13;\nBEGIN:AVAILABLE&#13;\nUID:2&#13;\nDTSTAMP:20260801T000000Z&#13;\nDTSTART;TZID=Europe/Berlin:20260803T090000&#13;\nDTEND;TZID=Europe/Berlin:20260803T120000&#13;\nRRULE:FREQ=WEEKLY&#13;\nEND:AVAILABLE&#13;\nEND:VAVAILABILITY&#13;\nEND:VCALENDAR&#13;\n";
        refused(&inbox, &format!("<S:calendar-availability>{hours}</S:calendar-availability><C:calendar-availability>junk</C:calendar-availability>")).await;
        refused(&inbox, &format!("<C:calendar-availability>{hours}</C:calendar-availability><C:calendar-timezone-id>Europe/Berlin</C:calendar-timezone-id>")).await;
        let read = anna.propfind(&inbox, "0", "<C:calendar-availability/>").await.insist(207);
        assert!(!read.body.contains("BEGIN:AVAILABLE"), "{}", read.body);
        let done = anna.proppatch(&inbox, &format!("<C:calendar-availability>{hours}</C:calendar-availability>")).await.insist(207);
        assert!(done.body.contains("200 OK"), "{}", done.body);
        // What people are called is the business's.
        refused("/dav/principals/anna/", "<D:displayname>The boss</D:displayname>").await;
        let nothing = anna.send("PROPPATCH", &anna.home(), &[], "<D:propertyupdate xmlns:D=\"DAV:\"/>").await.insist(207);
        assert!(nothing.body.contains("<D:propstat>"), "{}", nothing.body);
    }

    async fn what_is_expected_of_a_collection_decides(app: App) {
        let a = app.business("a").await;
        let (_, anna) = app.person(a.tenant, "anna", Role::Staff).await;
        let path = anna.calendar("work").await;
        let object = format!("{path}a.ics");
        anna.put(&object, &[], &event("a", "20260901T080000Z", "")).await.insist(201);
        let token = async || anna.propfind(&path, "0", "<D:sync-token/>").await.insist(207).element("D:sync-token").to_owned();
        let old = token().await;
        anna.put(&object, &[], &event("a", "20260901T090000Z", "")).await.insist(204);
        let update = format!("<D:propertyupdate {XMLNS}><D:set><D:prop><A:note>x</A:note></D:prop></D:set></D:propertyupdate>");
        let (known, tagged) = (format!("(<{old}>)"), format!("<{path}> (<{old}>)"));
        for header in [("if", known.as_str()), ("if", &tagged), ("if-match", "\"nope\""), ("if-none-match", "*")] {
            for (method, path, body) in [("DELETE", &path, ""), ("PROPPATCH", &path, &update), ("PROPPATCH", &object, &update)] {
                let refused = anna.send(method, path, &[header], body).await;
                assert_eq!(refused.status, 412, "{method} {path} {header:?}");
            }
        }
        for header in [("if", tagged.as_str()), ("if-unmodified-since", "Thu, 01 Jan 1970 00:00:00 GMT")] {
            assert_eq!(anna.send("GET", &object, &[header], "").await.status, 412, "{header:?}");
        }
        let known = format!("<{path}> (<{}>)", token().await);
        anna.send("GET", &object, &[("if", &known)], "").await.insist(200);
        anna.send("PROPPATCH", &object, &[("if", &known)], &update).await.insist(207);
        anna.send("DELETE", &path, &[("if", &format!("(<{}>)", token().await)), ("if-match", "*")], "").await.insist(204);
        for path in [&path, &format!("{}outbox/", anna.home())] {
            anna.get(path).await.insist(404);
        }
    }

    async fn time_off_takes_time_whatever_is_set_on_it(app: App) {
        let a = app.business("a").await;
        let (_, anna) = app.person(a.tenant, "anna", Role::Staff).await;
        let path = format!("{}time-off/", anna.home());
        anna.proppatch(&path, "<C:schedule-calendar-transp><C:transparent/></C:schedule-calendar-transp><C:calendar-timezone-id>Asia/Tokyo</C:calendar-timezone-id>").await.insist(207);
        let read = anna.propfind(&path, "0", "<C:schedule-calendar-transp/><C:calendar-timezone-id/>").await.insist(207);
        assert!(read.body.contains("<C:opaque/>") && read.body.contains("Asia/Tokyo"), "{}", read.body);
        // Floating times are on the clocks that were named: nine in Tokyo is midnight in UTC.
        anna.put(&format!("{path}x.ics"), &[], &event("x", "20260901T090000", "")).await.insist(201);
        let range = |start: &str, end: &str| {
            format!("<D:prop><D:getetag/></D:prop><C:filter><C:comp-filter name=\"VCALENDAR\"><C:comp-filter name=\"VEVENT\"><C:time-range start=\"{start}\" end=\"{end}\"/></C:comp-filter></C:comp-filter></C:filter>")
        };
        let found = async |start, end| anna.report(&path, "1", "C:calendar-query", &range(start, end)).await.insist(207).responses().len();
        assert_eq!(found("20260901T000000Z", "20260901T010000Z").await, 1);
        assert_eq!(found("20260901T070000Z", "20260901T080000Z").await, 0);
    }
}
