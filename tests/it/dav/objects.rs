use fasti::store::Role;

use super::{XMLNS, event};

on_both! {
    async fn what_was_put_comes_back_byte_for_byte(app: App) {
        let a = app.business("a").await;
        let (_, anna) = app.person(a.tenant, "anna", Role::Staff).await;
        let path = anna.calendar("work").await;
        let text = event("one", "20260901T080000Z", "X-ODD;X-P=\"a^nb\":1\\,2\r\n");
        let object = format!("{path}one%20&%C3%A9.ics");
        let made = anna.put(&object, &[("if-none-match", "*")], &text).await.insist(201);
        let read = anna.get(&object).await.insist(200);
        assert_eq!((read.body.as_str(), read.header("etag")), (text.as_str(), made.header("etag")));
        assert_eq!(read.header("content-type"), "text/calendar; charset=utf-8");
        anna.send("GET", &object, &[("if-none-match", made.header("etag"))], "").await.insist(304);
        let head = anna.send("HEAD", &object, &[], "").await.insist(200);
        // RFC 9110 §8.6: as long as the answer to GET.
        assert_eq!((head.body.as_str(), head.header("content-length")), ("", &*text.len().to_string()));
        anna.send("HEAD", &object, &[("if-none-match", made.header("etag"))], "").await.insist(304);
        let listed = anna.propfind(&path, "1", "<D:getetag/><D:getcontentlength/>").await.insist(207);
        assert_eq!(listed.hrefs().len(), 2);
        assert!(listed.responses()[1].contains(&format!("<D:getcontentlength>{}</D:getcontentlength>", text.len())));
        let listed = anna.propfind(&path, "1", "<D:getetag/><D:getcontenttype/>").await.insist(207);
        let (response, tag) = (listed.responses()[1].to_owned(), made.header("etag").trim_matches('"'));
        assert!(response.contains("one%20%26%C3%A9.ics</D:href>"), "{response}");
        assert!(response.contains(&format!("<D:getetag>&quot;{tag}&quot;</D:getetag>")), "{response}");
        assert!(response.contains("component=VEVENT</D:getcontenttype>"), "{response}");
        // LF alone becomes CRLF, and so the tag of what was sent is not known.
        let made = anna.put(&format!("{path}two.ics"), &[], &event("two", "20260901T080000Z", "").replace("\r\n", "\n")).await.insist(201);
        assert_eq!(made.header("etag"), "");
        assert_eq!(anna.get(&format!("{path}two.ics")).await.body, event("two", "20260901T080000Z", ""));
    }

    async fn preconditions_are_kept(app: App) {
        let a = app.business("a").await;
        let (_, anna) = app.person(a.tenant, "anna", Role::Staff).await;
        let object = format!("{}one.ics", anna.calendar("work").await);
        let (first, second) = (event("one", "20260901T080000Z", ""), event("one", "20260901T090000Z", ""));
        anna.put(&object, &[("if-match", "\"x\"")], &first).await.insist(412);
        let tag = anna.put(&object, &[], &first).await.insist(201).header("etag").to_owned();
        anna.put(&object, &[("if-none-match", "*")], &second).await.insist(412);
        let proxied = format!("{}-gzip\"", tag.trim_end_matches('"'));
        let newer = anna.put(&object, &[("if-match", &proxied)], &second).await.insist(204);
        anna.put(&object, &[("if-match", &tag)], &first).await.insist(412);
        // Nothing has a Schedule-Tag; an empty one, which Apple sends, asks for nothing.
        anna.put(&object, &[("if-schedule-tag-match", "\"x\"")], &first).await.insist(412);
        anna.put(&object, &[("if-schedule-tag-match", "")], &second).await.insist(204);
        anna.send("DELETE", &object, &[("if-match", &tag)], "").await.insist(412);
        assert_eq!(anna.get(&object).await.body, second);
        anna.send("DELETE", &object, &[("if-match", newer.header("etag"))], "").await.insist(204);
        anna.get(&object).await.insist(404);
        anna.send("DELETE", &object, &[], "").await.insist(404);
        anna.put(&object, &[("if-none-match", "*")], &first).await.insist(201);
    }

    async fn what_is_no_object_of_the_collection_is_named(app: App) {
        let a = app.business("a").await;
        let (_, anna) = app.person(a.tenant, "anna", Role::Staff).await;
        let path = anna.calendar("work").await;
        let good = event("one", "20260901T080000Z", "");
        anna.put(&format!("{path}one.ics"), &[], &good).await.insist(201);
        let todos = format!("{}todos/", anna.home());
        let set = r#"<D:set><D:prop><C:supported-calendar-component-set><C:comp name="VTODO"/></C:supported-calendar-component-set></D:prop></D:set>"#;
        let body = format!("<C:mkcalendar {}>{set}</C:mkcalendar>", XMLNS);
        anna.send("MKCALENDAR", &todos, &[], &body).await.insist(201);
        for (target, text, element) in [
            (format!("{path}two.ics"), good.clone(), "C:no-uid-conflict><D:href>/dav/calendars/anna/work/one.ics"),
            (format!("{path}one.ics"), good.replace("UID:one", "UID:other"), "C:no-uid-conflict><D:href>/dav/calendars/anna/work/one.ics"),
            (format!("{path}x.ics"), "nonsense".to_owned(), "C:valid-calendar-data"),
            (format!("{path}x.ics"), good.replace("UID:one\r\n", ""), "C:valid-calendar-object-resource"),
            (format!("{path}x.ics"), good.replace("VERSION", "METHOD:PUBLISH\r\nVERSION"), "C:valid-calendar-object-resource"),
            (format!("{todos}x.ics"), good.clone(), "C:supported-calendar-component"),
            (format!("{path}x.ics"), format!("{good}{}", " ".repeat(2 << 20)), "C:max-resource-size"),
        ] {
            let refused = anna.put(&target, &[], &text).await.insist(403);
            assert!(refused.body.contains(&format!("<{element}")), "{element}: {}", refused.body);
        }
        anna.put(&format!("{}nowhere/x.ics", anna.home()), &[], &good).await.insist(409);
        anna.send("MKCOL", &format!("{}folder/", anna.home()), &[], "").await.insist(403);
        anna.send("MKCALENDAR", &path, &[], "").await.insist(405);
    }

    async fn copies_and_moves_are_whole(app: App) {
        let a = app.business("a").await;
        let (_, anna) = app.person(a.tenant, "anna", Role::Staff).await;
        let (work, other) = (anna.calendar("work").await, anna.calendar("other").await);
        let one = format!("{work}one.ics");
        anna.put(&one, &[], &event("one", "20260901T080000Z", "")).await.insist(201);
        let to = |path: &str| format!("https://elsewhere.example:444{path}");
        anna.send("MOVE", &one, &[("destination", &to(&one))], "").await.insist(403);
        anna.send("COPY", &one, &[("destination", &to(&format!("{work}copy.ics")))], "").await.insist(403);
        anna.send("COPY", &one, &[("destination", &to(&format!("{other}one.ics")))], "").await.insist(201);
        anna.send("MOVE", &one, &[("destination", &to(&format!("{other}one.ics"))), ("overwrite", "F")], "").await.insist(412);
        anna.get(&one).await.insist(200);
        anna.send("MOVE", &one, &[("destination", &to(&format!("{other}one.ics")))], "").await.insist(204);
        anna.get(&one).await.insist(404);
        anna.send("MOVE", &format!("{other}one.ics"), &[("destination", &to(&format!("{work}renamed.ics")))], "").await.insist(201);
        anna.send("MOVE", &format!("{work}renamed.ics"), &[("destination", &to(&other))], "").await.insist(409);
        anna.send("MOVE", &format!("{work}renamed.ics"), &[("destination", &to("/dav/calendars/anna/bookings/x.ics"))], "").await.insist(403);
        anna.get(&format!("{work}renamed.ics")).await.insist(200);
    }

    async fn queries_find_what_they_ask_for(app: App) {
        let a = app.business("a").await;
        let (_, anna) = app.person(a.tenant, "anna", Role::Staff).await;
        let path = anna.calendar("work").await;
        for (name, start, more) in [
            ("once", "20260901T080000Z", ""), ("weekly", "20260105T080000Z", "RRULE:FREQ=WEEKLY\r\n"), ("late", "20261201T080000Z", ""),
        ] {
            anna.put(&format!("{path}{name}.ics"), &[], &event(name, start, more)).await.insist(201);
        }
        let query = |range: &str, data: &str| format!(
            r#"<D:prop><D:getetag/>{data}</D:prop><C:filter><C:comp-filter name="VCALENDAR"><C:comp-filter name="VEVENT">{range}</C:comp-filter></C:comp-filter></C:filter>"#
        );
        let range = r#"<C:time-range start="20260901T000000Z" end="20260908T000000Z"/>"#;
        let found = anna.report(&path, "1", "C:calendar-query", &query(range, "")).await.insist(207);
        let mut hrefs = found.hrefs();
        hrefs.sort_unstable();
        assert_eq!(hrefs, [format!("{path}once.ics"), format!("{path}weekly.ics")]);
        let expand = r#"<C:calendar-data><C:expand start="20260901T000000Z" end="20260915T000000Z"/></C:calendar-data>"#;
        let found = anna.report(&path, "1", "C:calendar-query", &query(range, expand)).await.insist(207);
        assert_eq!(found.body.matches("RECURRENCE-ID").count(), 2, "{}", found.body);
        let inverted = r#"<C:time-range start="20260908T000000Z" end="20260901T000000Z"/>"#;
        let refused = anna.report(&path, "1", "C:calendar-query", &query(inverted, "")).await.insist(403);
        assert!(refused.body.contains("<C:valid-filter/>"));
        let get = format!("<D:prop><D:getetag/><C:calendar-data/></D:prop><D:href>{path}once.ics</D:href><D:href>{path}gone.ics</D:href><D:href>/dav/calendars/ben/x/y.ics</D:href>");
        let got = anna.report(&path, "1", "C:calendar-multiget", &get).await.insist(207);
        assert_eq!((got.responses().len(), got.body.matches("404").count()), (3, 2), "{}", got.body);
        let busy = anna.report(&path, "1", "C:free-busy-query", range).await.insist(200);
        assert_eq!(busy.body.matches("FREEBUSY;FBTYPE=BUSY:").count(), 2, "{}", busy.body);
    }
}
