use fasti::booking::people::{self, Group};
use fasti::store::{Role, app_passwords, calendars, dav_properties, delegates};

use super::event;

on_both! {
    async fn nobody_sees_anothers(app: App) {
        let (a, b) = (app.business("a").await, app.business("b").await);
        let (_, anna) = app.person(a.tenant, "anna", Role::Staff).await;
        let (_, ben) = app.person(a.tenant, "ben", Role::Staff).await;
        let (_, carl) = app.person(a.tenant, "carl", Role::Customer).await;
        let (_, stranger) = app.person(b.tenant, "eve", Role::Manager).await;
        let path = anna.calendar("work").await;
        let object = format!("{path}one.ics");
        anna.put(&object, &[], &event("one", "20260901T080000Z", "")).await.insist(201);
        for other in [&ben, &carl, &stranger] {
            for (method, path) in [("GET", &object), ("DELETE", &object), ("PROPFIND", &path), ("DELETE", &path), ("PROPFIND", &anna.home())] {
                let refused = other.send(method, path, &[("depth", "0")], "").await;
                assert_eq!(refused.status, 404, "{} {method} {path}", other.username);
            }
            other.put(&object, &[], &event("one", "20260902T080000Z", "")).await.insist(404);
            let theirs = other.calendar("mine").await;
            other.put(&format!("{theirs}x.ics"), &[], &event("x", "20260902T080000Z", "")).await.insist(201);
            other.send("COPY", &format!("{theirs}x.ics"), &[("destination", &format!("{path}x.ics"))], "").await.insist(404);
            other.send("MOVE", &object, &[("destination", &format!("{theirs}y.ics"))], "").await.insist(404);
            other.report(&path, "1", "D:sync-collection", "<D:sync-token/><D:sync-level>1</D:sync-level><D:prop/>").await.insist(404);
        }
        let search = "<D:property-search><D:prop><D:displayname/></D:prop><D:match>a</D:match></D:property-search><D:prop><D:displayname/></D:prop>";
        let found = stranger.report("/dav/principals/", "0", "D:principal-property-search", search).await.insist(207);
        assert!(!found.body.contains("anna") && !found.body.contains("carl"), "{}", found.body);
        anna.get(&object).await.insist(200);
    }

    async fn managers_look_and_delegates_write(app: App) {
        let a = app.business("a").await;
        let (_, anna) = app.person(a.tenant, "anna", Role::Staff).await;
        let (_, max) = app.person(a.tenant, "max", Role::Manager).await;
        let path = anna.calendar("work").await;
        let object = format!("{path}one.ics");
        anna.put(&object, &[], &event("one", "20260901T080000Z", "")).await.insist(201);
        max.get(&object).await.insist(200);
        max.put(&object, &[], &event("one", "20260902T080000Z", "")).await.insist(403);
        max.send("DELETE", &path, &[], "").await.insist(403);
        let group = "/dav/principals/anna/calendar-proxy-write/";
        let member = "<D:group-member-set><D:href>/dav/principals/max/</D:href></D:group-member-set>";
        max.proppatch(group, member).await.insist(403);
        anna.proppatch(group, member).await.insist(207);
        max.put(&object, &[], &event("one", "20260902T080000Z", "")).await.insist(204);
        let proxies = max.propfind("/dav/principals/max/", "0", "<S:calendar-proxy-write-for/>").await.insist(207);
        assert_eq!(proxies.element("S:calendar-proxy-write-for"), "<D:href>/dav/principals/anna/</D:href>");
        anna.proppatch(group, "<D:group-member-set/>").await.insist(207);
        max.put(&object, &[], &event("one", "20260903T080000Z", "")).await.insist(403);
    }

    async fn who_is_deleted_leaves_nothing_of_their_own(app: App) {
        let a = app.business("a").await;
        let (id, anna) = app.person(a.tenant, "anna", Role::Staff).await;
        let (other, max) = app.person(a.tenant, "max", Role::Manager).await;
        let path = anna.calendar("work").await;
        anna.put(&format!("{path}one.ics"), &[], &event("one", "20260901T080000Z", "")).await.insist(201);
        anna.proppatch(&path, "<A:calendar-color>#FF0000</A:calendar-color>").await.insist(207);
        anna.proppatch(&anna.home(), "<A:note>mine</A:note>").await.insist(207);
        max.proppatch(&path, "<A:calendar-color>#00FF00</A:calendar-color>").await.insist(207);
        for (who, whom) in [(&anna, "max"), (&max, "anna")] {
            let group = format!("/dav/principals/{}/calendar-proxy-write/", who.username);
            let member = format!("<D:group-member-set><D:href>/dav/principals/{whom}/</D:href></D:group-member-set>");
            who.proppatch(&group, &member).await.insist(207);
        }
        anna.proppatch(&format!("{path}one.ics"), "<A:note>mine</A:note>").await.insist(207);
        max.proppatch(&format!("{path}one.ics"), "<A:note>his</A:note>").await.insist(207);
        let work = app.as_business(a.tenant, move |conn, ctx| {
            let found = calendars::find(conn, ctx.tenant, id, "work")?.unwrap().0.collection_id;
            assert_eq!(dav_properties::of_members(conn, ctx.tenant, found, &[id, other])?.len(), 2);
            people::delete(conn, ctx, Group::Staff, id, None).map(|_| found)
        });
        let work = work.await;
        // Her login is believed for some seconds more, but there is nothing to see.
        let gone = anna.propfind(&anna.home(), "1", "<D:getetag/>").await;
        assert!(matches!(gone.status, 401 | 404), "{gone:?}");
        let left = app.as_business(a.tenant, move |conn, ctx| {
            let set: Vec<_> = dav_properties::of_members(conn, ctx.tenant, work, &[id, other])?;
            Ok((
                calendars::of_owner(conn, ctx.tenant, id)?.len(),
                app_passwords::list(conn, ctx.tenant, id)?.len(),
                delegates::of_delegate(conn, ctx.tenant, id)?.len() + delegates::of_owner(conn, ctx.tenant, id)?.len(),
                set.len(),
            ))
        });
        assert_eq!(left.await, (0, 0, 0, 0));
        // Somebody else of that name begins with nothing.
        let (_, anna) = app.person(a.tenant, "anna", Role::Staff).await;
        assert!(!anna.propfind(&anna.home(), "1", "<A:note/>").await.insist(207).body.contains("work"));
        max.propfind(&max.home(), "1", "<D:getetag/>").await.insist(207);
    }

    async fn customers_are_nobodys_business(app: App) {
        let a = app.business("a").await;
        let (_, anna) = app.person(a.tenant, "anna", Role::Staff).await;
        let (dora_id, _) = app.person(a.tenant, "dora", Role::Customer).await;
        let (_, cleo) = app.person(a.tenant, "cleo", Role::Customer).await;
        let (_, max) = app.person(a.tenant, "max", Role::Manager).await;
        let member = |name: &str| format!("<D:group-member-set><D:href>/dav/principals/{name}/</D:href></D:group-member-set>");
        // Who is there and who is not look the same.
        let mut answers = Vec::new();
        for name in ["dora", "nobody"] {
            answers.push(cleo.proppatch("/dav/principals/cleo/calendar-proxy-read/", &member(name)).await.insist(207).body);
        }
        assert!(answers[0] == answers[1] && answers[0].contains("403 Forbidden"), "{answers:?}");
        // Nor are they named among whom others let in.
        let anna_id = app.as_business(a.tenant, move |conn, ctx| {
            let anna = fasti::store::people::find_by_username(conn, ctx.tenant, "anna")?.unwrap().person_id;
            delegates::replace(conn, ctx.tenant, anna, false, &[dora_id])?;
            delegates::replace(conn, ctx.tenant, dora_id, false, &[anna]).map(|()| anna).map_err(Into::into)
        });
        let _: fasti::store::Id = anna_id.await;
        let asked = "<D:group-member-set/><D:group-membership/><S:calendar-proxy-read-for/>";
        for path in ["/dav/principals/anna/", "/dav/principals/anna/calendar-proxy-read/"] {
            let told = cleo.propfind(path, "0", asked).await.insist(207);
            assert!(!told.body.contains("dora"), "{}", told.body);
            assert!(anna.propfind(path, "0", asked).await.insist(207).body.contains("dora"));
            assert!(max.propfind(path, "0", asked).await.insist(207).body.contains("dora"));
        }
        // Named twice is named once, and who may write is not made a reader of.
        let group = |kind: &str| format!("/dav/principals/anna/calendar-proxy-{kind}/");
        let twice = "<D:group-member-set><D:href>/dav/principals/max/</D:href><D:href>/dav/principals/max/</D:href></D:group-member-set>";
        assert!(anna.proppatch(&group("write"), twice).await.insist(207).body.contains("200 OK"));
        anna.proppatch(&group("read"), &member("max")).await.insist(207);
        assert!(anna.propfind(&group("write"), "0", "<D:group-member-set/>").await.insist(207).body.contains("max"));
    }

    async fn objects_of_one_name_are_each_owners(app: App) {
        let a = app.business("a").await;
        let (_, anna) = app.person(a.tenant, "anna", Role::Staff).await;
        let (_, max) = app.person(a.tenant, "max", Role::Manager).await;
        for client in [&anna, &max] {
            let path = client.calendar("work").await;
            client.put(&format!("{path}one.ics"), &[], &event(&client.username, "20260901T080000Z", "")).await.insist(201);
        }
        for (reader, owner) in [(&anna, &anna), (&max, &max), (&max, &anna)] {
            let read = reader.get(&format!("{}work/one.ics", owner.home())).await.insist(200);
            assert!(read.body.contains(&format!("UID:{}\r\n", owner.username)), "{}", read.body);
        }
        anna.get(&format!("{}work/one.ics", max.home())).await.insist(404);
    }
}
