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
}
