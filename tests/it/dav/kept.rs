//! Answers that are kept are given again only while they are true. `anna` and `elsewhere` are one person at two servers.

use fasti::booking::people::{self, PersonPatch};
use fasti::store::Role;

use super::{Answer, Client, XMLNS, event};

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

on_both! {
    async fn depth_preferences_and_words_are_of_the_question(app: App) {
        let a = app.business("a").await;
        let (_, anna) = app.person(a.tenant, "anna", Role::Staff).await;
        let home = anna.home();
        let of = |props: &str| format!("<D:propfind {XMLNS}><D:prop>{props}</D:prop></D:propfind>");
        let (tags, more) = (of("<S:getctag/><A:note/>"), of("<S:getctag/><A:nota/>"));
        let asked: [(&[(&str, &str)], &str); 5] = [
            (&[("depth", "0")], &tags),
            (&[("depth", "1")], &tags),
            (&[("depth", "1"), ("prefer", "return=minimal")], &tags),
            (&[("depth", "1"), ("brief", "t")], &more),
            (&[("depth", "1")], &more),
        ];
        let mut first = Vec::new();
        for turn in 0..3 {
            for (at, (headers, body)) in asked.into_iter().enumerate() {
                let answer = anna.send("PROPFIND", &home, headers, body).await.insist(207).body;
                let (deep, minimal) = (at > 0, at == 2 || at == 3);
                assert_eq!(answer.contains("/time-off/"), deep, "{at}: {answer}");
                assert_eq!(answer.contains("404 Not Found"), !minimal, "{at}: {answer}");
                assert_eq!(answer.contains("note"), at < 2, "{at}: {answer}");
                match turn {
                    0 => first.push(answer),
                    _ => assert_eq!(answer, first[at]),
                }
            }
        }
    }
}

/// What a client asks again and again: everybody's and everything's state.
const QUESTIONS: [(&str, &str, &str); 14] = [
    ("/dav/", "1", "<D:current-user-principal/><D:displayname/>"),
    ("/dav/principals/anna/", "1", "<D:displayname/><D:group-member-set/><D:group-membership/><S:email-address-set/>"),
    ("/dav/principals/anna/", "0", "<S:calendar-proxy-read-for/><S:calendar-proxy-write-for/>"),
    ("/dav/principals/", "1", "<D:displayname/><D:resourcetype/>"),
    ("/dav/calendars/anna/", "0", "<D:sync-token/><D:quota-used-bytes/>"),
    ("/dav/calendars/anna/", "1", "<D:displayname/><S:getctag/><D:sync-token/><A:calendar-color/><D:resourcetype/>"),
    ("/dav/calendars/anna/work/", "0", "<S:getctag/><D:sync-token/><D:displayname/><A:calendar-color/>"),
    ("/dav/calendars/anna/work/", "1", TAGS),
    ("/dav/calendars/anna/work/", "1", "<D:getetag/><A:note/><D:current-user-privilege-set/>"),
    ("/dav/calendars/anna/time-off/", "1", TAGS),
    ("/dav/calendars/anna/bookings/", "1", TAGS),
    ("/dav/calendars/anna/other/", "1", "<D:getetag/><D:displayname/>"),
    ("/dav/calendars/anna/inbox/", "0", "<C:calendar-availability/>"),
    ("/dav/calendars/anna/work/one.ics", "0", "<D:getetag/><A:note/>"),
];

/// All that `client` is told, each of it asked for three times.
async fn told(client: &Client, since: &str) -> Vec<(u16, String)> {
    let sync = |token: &str| {
        format!("<D:sync-token>{token}</D:sync-token><D:sync-level>1</D:sync-level><D:prop>{TAGS}</D:prop>")
    };
    let mut told = Vec::new();
    for turn in 0..3 {
        let mut answers = Vec::new();
        for (path, depth, props) in QUESTIONS {
            answers.push(client.propfind(path, depth, props).await);
        }
        for (path, token) in [("work/", since), ("work/", ""), ("", "")] {
            let path = format!("/dav/calendars/anna/{path}");
            answers.push(client.report(&path, "0", "D:sync-collection", &sync(token)).await);
        }
        for (path, name, inside) in [
            ("/dav/calendars/anna/work/", "C:calendar-query", MONTH),
            (
                "/dav/calendars/anna/work/",
                "C:free-busy-query",
                "<C:time-range start=\"20260901T000000Z\" end=\"20261001T000000Z\"/>",
            ),
        ] {
            answers.push(client.report(path, "1", name, inside).await);
        }
        let answers: Vec<_> = answers.into_iter().map(|answer| (answer.status, answer.body)).collect();
        if turn > 0 {
            assert_eq!(told, answers, "turn {turn}");
        }
        told = answers;
    }
    told
}

on_both! {
    /// A server that has answered it all before says after each change what one says that never did.
    async fn nothing_that_is_kept_outlives_a_change(app: App) {
        let a = app.business("a").await;
        let (id, anna) = app.person(a.tenant, "anna", Role::Staff).await;
        let (_, max) = app.person(a.tenant, "max", Role::Manager).await;
        let max = anna.as_other(&max);
        let elsewhere = app.dav("anna", &anna.password());
        let work = elsewhere.calendar("work").await;
        let group = "/dav/principals/anna/calendar-proxy-write/";
        let member = "<D:group-member-set><D:href>/dav/principals/max/</D:href></D:group-member-set>";
        let zone = "<C:calendar-timezone-id>America/Los_Angeles</C:calendar-timezone-id>";
        let name = "<D:displayname>Praxis</D:displayname>";
        let (one, late, off) = (format!("{work}one.ics"), format!("{work}late.ics"), "/dav/calendars/anna/time-off/x.ics");
        let floating = event("late", "20260930T233000", "");
        let weekly = event("one", "20260701T080000Z", "RRULE:FREQ=WEEKLY\r\n");
        let once = event("one", "20260901T080000Z", "");
        let since = elsewhere.propfind(&work, "0", "<D:sync-token/>").await.element("D:sync-token").to_owned();
        let mut before = (Vec::new(), Vec::new());
        for step in 0..16 {
            match step {
                0 => _ = elsewhere.put(&one, &[], &once).await.insist(201),
                1 => _ = elsewhere.put(&one, &[], &weekly).await.insist(204),
                2 => _ = elsewhere.put(&late, &[], &floating).await.insist(201),
                3 => _ = elsewhere.proppatch(&work, zone).await.insist(207),
                4 => _ = elsewhere.proppatch(&one, "<A:note>new</A:note>").await.insist(207),
                5 => _ = elsewhere.proppatch(&work, name).await.insist(207),
                6 => _ = elsewhere.proppatch(&work, "<A:calendar-color>#ff0000</A:calendar-color>").await.insist(207),
                7 => _ = elsewhere.proppatch(group, member).await.insist(207),
                8 => _ = elsewhere.put(off, &[], &event("x", "20260902T080000Z", "")).await.insist(201),
                9 => _ = elsewhere.calendar("other").await,
                10 => _ = elsewhere.send("MOVE", &late, &[("destination", "/dav/calendars/anna/other/l.ics")], "").await.insist(201),
                11 => _ = elsewhere.send("DELETE", &one, &[], "").await.insist(204),
                12 => _ = elsewhere.send("DELETE", "/dav/calendars/anna/other/", &[], "").await.insist(204),
                13 => _ = elsewhere.proppatch(group, "<D:group-member-set/>").await.insist(207),
                14 => app.as_business(a.tenant, move |conn, ctx| {
                    let patch = PersonPatch { name: Some("Anna B.".to_owned()), ..PersonPatch::default() };
                    people::update(conn, ctx, people::Group::Staff, id, &patch).map(|_| ())
                }).await,
                _ => _ = app.person(a.tenant, "zoe", Role::Manager).await,
            }
            let now = (told(&anna, &since).await, told(&max, &since).await);
            assert_ne!(now, before, "step {step} changed nothing that was asked for");
            assert_eq!(now.0, told(&app.dav("anna", &anna.password()), &since).await, "step {step}");
            assert_eq!(now.1, told(&app.dav("max", &max.password()), &since).await, "step {step}");
            before = now;
        }
    }
}
