use fasti::auth::{Password, hash_password};
use fasti::booking::people::{Group, PersonPatch, update};
use fasti::store::{Role, app_passwords};

use crate::support::now;

on_both! {
    async fn passwords_open_and_nothing_else_does(app: App) {
        let a = app.business("a").await;
        let (id, anna) = app.person(a.tenant, "anna", Role::Staff).await;
        anna.propfind("/dav/", "0", "<D:current-user-principal/>").await.insist(207);
        for (name, password) in [("anna", "wrong"), ("nobody", "wrong"), ("anna", "aaaa-bbbb-cccc-dddd-eeee-ffff-gggg-hhhh-jjjj-kkkk")] {
            let refused = app.dav(name, password).get("/dav/").await.insist(401);
            assert!(refused.header("www-authenticate").starts_with("Basic realm="), "{refused:?}");
        }
        let (_, ben) = app.person(a.tenant, "ben", Role::Staff).await;
        // Another's password under one's own name.
        let mixed = app.dav("anna", &ben.password());
        mixed.get("/dav/").await.insist(401);
        let hash = hash_password(&Password::new("correct horse battery".to_owned()).unwrap()).unwrap();
        app.as_business(a.tenant, move |conn, ctx| {
            let patch = PersonPatch { password_hash: Some(Some(hash.clone())), ..PersonPatch::default() };
            update(conn, ctx, Group::Staff, id, &patch)
        }).await;
        let account = app.dav("anna", "correct horse battery");
        account.propfind("/dav/calendars/anna/", "1", "<D:displayname/>").await.insist(207);
        account.propfind("/dav/calendars/anna/", "1", "<D:displayname/>").await.insist(207);
    }

    async fn a_revoked_password_opens_nothing(app: App) {
        let a = app.business("a").await;
        let (id, anna) = app.person(a.tenant, "anna", Role::Staff).await;
        let tenant = a.tenant;
        app.store.write(move |conn| {
            for password in app_passwords::list(conn, tenant, id)? {
                assert!(app_passwords::revoke(conn, tenant, id, password.password_id, now())?);
            }
            Ok::<_, fasti::store::Error>(())
        }).await.unwrap();
        anna.get("/dav/").await.insist(401);
    }

    async fn guessing_is_slowed_down(app: App) {
        let a = app.business("a").await;
        let (id, anna) = app.person(a.tenant, "anna", Role::Staff).await;
        let hash = hash_password(&Password::new("correct horse battery".to_owned()).unwrap()).unwrap();
        app.as_business(a.tenant, move |conn, ctx| {
            let patch = PersonPatch { password_hash: Some(Some(hash.clone())), ..PersonPatch::default() };
            update(conn, ctx, Group::Staff, id, &patch)
        }).await;
        let guess = app.dav("anna", "aaaa-bbbb-cccc-dddd-eeee-ffff-gggg-hhhh-jjjj-kkkk");
        for _ in 0..10 {
            guess.get("/dav/").await.insist(401);
        }
        let told = guess.get("/dav/").await.insist(429);
        assert!(told.header("retry-after").parse::<u64>().unwrap() > 0);
        anna.get("/dav/").await.insist(200);
        // From the same network: an account password could be guessed, an app password could not.
        let account = app.dav("anna", "correct horse battery");
        guess.as_other(&account).get("/dav/").await.insist(429);
        guess.as_other(&anna).get("/dav/").await.insist(200);
        guess.get("/dav/").await.insist(429);
    }

    async fn every_home_has_the_same_furniture(app: App) {
        let a = app.business("a").await;
        let (_, anna) = app.person(a.tenant, "anna", Role::Staff).await;
        let (_, max) = app.person(a.tenant, "max", Role::Manager).await;
        let principal = anna.propfind("/dav/principals/anna/", "0", "<C:calendar-home-set/><C:calendar-user-address-set/>").await.insist(207);
        assert_eq!(principal.element("C:calendar-home-set"), "<D:href>/dav/calendars/anna/</D:href>");
        assert!(principal.body.contains("<D:href preferred=\"1\">mailto:anna@business.example</D:href>"), "{principal:?}");
        let home = anna.propfind(&anna.home(), "1", "<D:resourcetype/><D:supported-report-set/>").await.insist(207);
        assert_eq!(home.hrefs(), ["", "bookings/", "time-off/", "inbox/"].map(|part| format!("/dav/calendars/anna/{part}")));
        assert!(home.responses()[0].contains("<D:sync-collection/>"));
        let home = max.propfind(&max.home(), "1", "<D:resourcetype/>").await.insist(207);
        assert!(home.hrefs().contains(&"/dav/calendars/max/team/"));
    }
}
