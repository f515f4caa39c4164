use fasti::store::{Role, collections};

use super::event;

fn asked(token: &str, limit: &str) -> String {
    format!("<D:sync-token>{token}</D:sync-token><D:sync-level>1</D:sync-level>{limit}<D:prop><D:getetag/></D:prop>")
}

on_both! {
    async fn only_what_changed_is_told(app: App) {
        let a = app.business("a").await;
        let (_, anna) = app.person(a.tenant, "anna", Role::Staff).await;
        let path = anna.calendar("work").await;
        let put = async |name: &str, start: &str| anna.put(&format!("{path}{name}.ics"), &[], &event(name, start, "")).await;
        for name in ["one", "two", "three"] {
            put(name, "20260901T080000Z").await.insist(201);
        }
        let sync = async |token: &str, limit: &str| anna.report(&path, "0", "D:sync-collection", &asked(token, limit)).await;
        let first = sync("", "").await.insist(207);
        assert_eq!(first.responses().len(), 3);
        let token = first.element("D:sync-token").to_owned();
        assert_eq!(sync(&token, "").await.insist(207).responses().len(), 0);
        put("two", "20260902T080000Z").await.insist(204);
        anna.send("DELETE", &format!("{path}one.ics"), &[], "").await.insist(204);
        put("four", "20260901T080000Z").await.insist(201);
        anna.send("DELETE", &format!("{path}four.ics"), &[], "").await.insist(204);
        let then = sync(&token, "").await.insist(207);
        assert_eq!(then.hrefs().len(), 3, "{}", then.body);
        assert_eq!(then.body.matches("404 Not Found").count(), 2);
        // In pages: each token covers what was sent before it.
        let (mut token, mut seen) = (token, Vec::new());
        for _ in 0..3 {
            let page = sync(&token, "<D:limit><D:nresults>1</D:nresults></D:limit>").await.insist(207);
            seen.extend(page.hrefs().into_iter().filter(|href| *href != path).map(str::to_owned));
            token = page.element("D:sync-token").to_owned();
            assert_eq!(page.body.contains("507 Insufficient Storage"), seen.len() < 3, "{}", page.body);
        }
        seen.sort_unstable();
        assert_eq!(seen, ["four", "one", "two"].map(|name| format!("{path}{name}.ics")));
        assert_eq!(sync(&token, "").await.insist(207).responses().len(), 0);
    }

    async fn tokens_of_elsewhere_are_refused(app: App) {
        let a = app.business("a").await;
        let (_, anna) = app.person(a.tenant, "anna", Role::Staff).await;
        let (path, other) = (anna.calendar("work").await, anna.calendar("other").await);
        let foreign = anna.report(&other, "0", "D:sync-collection", &asked("", "")).await.element("D:sync-token").to_owned();
        let own = anna.report(&path, "0", "D:sync-collection", &asked("", "")).await.element("D:sync-token").to_owned();
        let future = format!("{own}ff");
        for token in ["nonsense", &foreign, &future, "urn:fasti:sync:99999999999999999999999"] {
            let refused = anna.report(&path, "0", "D:sync-collection", &asked(token, "")).await.insist(403);
            assert!(refused.body.contains("<D:valid-sync-token/>"), "{token}: {}", refused.body);
        }
        // After a restore the epoch is another.
        let tenant = a.tenant;
        let id: fasti::store::Id = own.split(':').nth(3).unwrap().parse().unwrap();
        let found = app.store.read(move |conn| collections::find(conn, tenant, id)).await.unwrap().unwrap();
        let restored = own.replace(&format!(":{:x}:", found.epoch), &format!(":{:x}:", found.epoch + 1));
        anna.report(&path, "0", "D:sync-collection", &asked(&restored, "")).await.insist(403);
    }

    async fn a_home_is_synced_by_its_collections(app: App) {
        let a = app.business("a").await;
        let (_, anna) = app.person(a.tenant, "anna", Role::Staff).await;
        let sync = async |token: &str| anna.report(&anna.home(), "1", "D:sync-collection", &asked(token, "")).await;
        let first = sync("").await.insist(207);
        let token = first.element("D:sync-token").to_owned();
        assert_eq!((first.responses().len(), sync(&token).await.insist(207).responses().len()), (2, 0));
        let work = anna.calendar("work").await;
        let then = sync(&token).await.insist(207);
        assert_eq!(then.hrefs(), [work.as_str()]);
        let token = then.element("D:sync-token").to_owned();
        let shown = anna.propfind(&anna.home(), "0", "<D:sync-token/>").await.insist(207);
        assert_eq!(shown.element("D:sync-token"), token);
        anna.send("DELETE", &work, &[], "").await.insist(204);
        let gone = sync(&token).await.insist(207);
        assert!(gone.hrefs() == [work.as_str()] && gone.body.contains("404 Not Found"), "{}", gone.body);
        // One of that name made at once is another.
        anna.calendar("work").await;
        let again = sync(&token).await.insist(207);
        assert!(again.hrefs() == [work.as_str()] && again.body.contains("200 OK"), "{}", again.body);
        // Tokens of other homes, of numbers that were never reached, and of nothing.
        let (_, ben) = app.person(a.tenant, "ben", Role::Staff).await;
        let others = ben.report(&ben.home(), "1", "D:sync-collection", &asked("", "")).await.insist(207);
        let own = again.element("D:sync-token");
        for token in [others.element("D:sync-token"), "nonsense", "urn:fasti:home:", "urn:fasti:home:work/1.1/", &own.replace(".0/", ".7fffffff/")] {
            let refused = sync(token).await.insist(403);
            assert!(refused.body.contains("<D:valid-sync-token"), "{token}: {}", refused.body);
        }
    }

    async fn a_home_is_synced_in_parts(app: App) {
        let a = app.business("a").await;
        let (_, anna) = app.person(a.tenant, "anna", Role::Staff).await;
        for name in ["one", "two", "three"] {
            anna.calendar(name).await;
        }
        let home = anna.home();
        let whole = anna.report(&home, "1", "D:sync-collection", &asked("", "")).await.insist(207);
        let in_parts = async |mut token: String| {
            let mut told = Vec::new();
            for _ in 0..20 {
                let part = anna.report(&home, "1", "D:sync-collection", &asked(&token, "<D:limit><D:nresults>2</D:nresults></D:limit>")).await.insist(207);
                told.extend(part.hrefs().into_iter().filter(|href| *href != home).map(str::to_owned));
                token = part.element("D:sync-token").to_owned();
                assert!(part.responses().len() <= 3, "{}", part.body);
                if !part.body.contains("507 Insufficient Storage") {
                    return (told, token);
                }
            }
            panic!("it never ends")
        };
        let (told, token) = in_parts(String::new()).await;
        assert_eq!((told, token.as_str()), (whole.hrefs().into_iter().map(str::to_owned).collect(), whole.element("D:sync-token")));
        for name in ["one", "two", "three"] {
            anna.send("DELETE", &format!("{home}{name}/"), &[], "").await.insist(204);
        }
        assert_eq!(in_parts(token).await.0.len(), 3);
    }
}
