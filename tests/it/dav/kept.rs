//! Answers that are kept are given again only while they are true. `anna` and `elsewhere` are one person at two servers.

use fasti::store::Role;

use super::{Answer, Client, event};

const TAGS: &str = "<D:getetag/>";
const MONTH: &str = "<D:prop><D:getetag/></D:prop><C:filter><C:comp-filter name=\"VCALENDAR\">\
    <C:comp-filter name=\"VEVENT\"><C:time-range start=\"20260901T000000Z\" end=\"20261001T000000Z\"/></C:comp-filter>\
    </C:comp-filter></C:filter>";

async fn listed(client: &Client, path: &str) -> Answer {
    let first = client.propfind(path, "1", TAGS).await.insist(207);
    let again = client.propfind(path, "1", TAGS).await.insist(207);
    assert_eq!(first.body, again.body);
    again
}

async fn found(client: &Client, path: &str) -> usize {
    let first = client.report(path, "1", "C:calendar-query", MONTH).await.insist(207);
    let again = client.report(path, "1", "C:calendar-query", MONTH).await.insist(207);
    assert_eq!(first.body, again.body);
    again.responses().len()
}

on_both! {
    async fn a_change_elsewhere_is_seen(app: App) {
        let a = app.business("a").await;
        let (_, anna) = app.person(a.tenant, "anna", Role::Staff).await;
        let elsewhere = app.dav("anna", &anna.password());
        let path = anna.calendar("work").await;
        assert_eq!((listed(&anna, &path).await.responses().len(), found(&anna, &path).await), (1, 0));
        let one = format!("{path}one.ics");
        elsewhere.put(&one, &[], &event("one", "20260901T080000Z", "")).await.insist(201);
        let after_put = listed(&anna, &path).await;
        assert_eq!((after_put.responses().len(), found(&anna, &path).await), (2, 1));
        // The same name, another text, which now recurs: from a month before.
        elsewhere.put(&one, &[], &event("one", "20260801T080000Z", "RRULE:FREQ=MONTHLY\r\n")).await.insist(204);
        assert_ne!(listed(&anna, &path).await.body, after_put.body);
        assert_eq!(found(&anna, &path).await, 1);
        elsewhere.put(&one, &[], &event("one", "20260801T080000Z", "RRULE:FREQ=YEARLY\r\n")).await.insist(204);
        assert_eq!(found(&anna, &path).await, 0);
        elsewhere.send("DELETE", &one, &[], "").await.insist(204);
        assert_eq!((listed(&anna, &path).await.responses().len(), found(&anna, &path).await), (1, 0));
    }

    async fn what_is_set_elsewhere_is_seen(app: App) {
        let a = app.business("a").await;
        let (_, anna) = app.person(a.tenant, "anna", Role::Staff).await;
        let elsewhere = app.dav("anna", &anna.password());
        let path = anna.calendar("work").await;
        let one = format!("{path}one.ics");
        let text = event("one", "20260930T233000", "");
        anna.put(&one, &[], &text).await.insist(201);
        // A floating time: in Berlin it is September, in Los Angeles October.
        for (zone, count) in [("Europe/Berlin", 1), ("America/Los_Angeles", 0), ("Europe/Berlin", 1)] {
            elsewhere.proppatch(&path, &format!("<C:calendar-timezone-id>{zone}</C:calendar-timezone-id>")).await.insist(207);
            assert_eq!(found(&anna, &path).await, count, "{zone}");
        }
        let note = "<A:note/>";
        let shown = async || anna.propfind(&path, "1", note).await.insist(207).body;
        assert_eq!(shown().await, shown().await);
        for value in ["first", "second"] {
            elsewhere.proppatch(&one, &format!("<A:note>{value}</A:note>")).await.insist(207);
            assert!(shown().await.contains(value), "{value}");
        }
    }

    async fn each_reader_has_their_own(app: App) {
        let a = app.business("a").await;
        let (_, anna) = app.person(a.tenant, "anna", Role::Staff).await;
        // Two who look at the same server.
        let (_, max) = app.person(a.tenant, "max", Role::Manager).await;
        let max = anna.as_other(&max);
        let path = anna.calendar("work").await;
        anna.put(&format!("{path}one.ics"), &[], &event("one", "20260901T080000Z", "")).await.insist(201);
        let mine = "<D:current-user-principal/><D:current-user-privilege-set/>";
        let hers = anna.propfind(&path, "1", mine).await.insist(207);
        let his = max.propfind(&path, "1", mine).await.insist(207);
        assert!(hers.body.contains("/principals/anna/") && !hers.body.contains("/principals/max/"), "{}", hers.body);
        assert!(his.body.contains("/principals/max/") && !his.body.contains("D:write-content"), "{}", his.body);
        // Whoever may see less afterwards is shown less.
        let group = "/dav/principals/anna/calendar-proxy-write/";
        let member = "<D:group-member-set><D:href>/dav/principals/max/</D:href></D:group-member-set>";
        anna.proppatch(group, member).await.insist(207);
        assert!(max.propfind(&path, "1", mine).await.insist(207).body.contains("D:write-content"));
        anna.proppatch(group, "<D:group-member-set/>").await.insist(207);
        assert_eq!(max.propfind(&path, "1", mine).await.insist(207).body, his.body);
    }
}
