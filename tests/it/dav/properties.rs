use fasti::store::Role;

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
}
