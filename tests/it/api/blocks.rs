//! Blocks: once, again and again, for many at once, and from calendars.

use fasti::booking::Error;
use fasti::booking::rederive::rederive;
use fasti::booking::tenants::context;
use fasti::store::{Conn, Id, blocks};
use serde_json::{Value, json};

use crate::support::{App, Business, now};

impl App {
    async fn block(&self, who: &Business, body: Value) -> Value {
        self.post("/v1/blocks", &who.write, &body).expect(201).await.json()
    }

    async fn refused(&self, who: &Business, body: Value) -> (Vec<String>, String) {
        let answer = self.post("/v1/blocks", &who.write, &body).expect(422).await;
        (answer.pointers(), answer.json()["detail"].as_str().unwrap().to_owned())
    }

    async fn blocks(&self, who: &Business, query: &str) -> Vec<Value> {
        let page = self.get(&format!("/v1/blocks?{query}"), &who.read).expect(200).await.json();
        page["items"].as_array().unwrap().clone()
    }
}

fn off(start: &str, end: &str) -> Value {
    json!({"kind": "time_off", "start": start, "end": end})
}

fn with(mut body: Value, more: Value) -> Value {
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    body
}

on_both! {
    async fn a_block_is_what_was_said(app: App) {
        let a = app.business("a").await;
        let seed = app.seed(&a).await;
        let (staff, room) = (seed.staff.to_string(), seed.resource.to_string());
        let body = json!({
            "kind": "maintenance", "staff": [staff, staff], "resources": [room], "start": "2026-09-01T22:00",
            "end": "2026-09-02T06:00", "timezone": "America/New_York", "rrule": "rrule:freq=daily;interval=2",
            "exdates": ["2026-09-03", "2026-09-05T22:00", "2026-09-07T22:00:00-04:00"], "rdates": ["2026-09-08T22:00"],
            "summary": "  Lift ", "external_ref": "lift-1",
        });
        let made = app.post("/v1/blocks", &a.write, &body).expect(201).await;
        let path = format!("/v1/blocks/{}", made.id());
        assert_eq!(made.header("location"), format!("https://fasti.example/api{path}"));
        assert_eq!(made.header("etag"), "\"v1\"");
        let block = made.json();
        let expected = json!({
            "id": made.id(), "kind": "maintenance", "staff": [staff], "resources": [room],
            "start": "2026-09-01T22:00:00-04:00", "end": "2026-09-02T06:00:00-04:00", "timezone": "America/New_York",
            "all_day": false, "rrule": "FREQ=DAILY;INTERVAL=2",
            "exdates": ["2026-09-03T22:00:00-04:00", "2026-09-05T22:00:00-04:00", "2026-09-07T22:00:00-04:00"],
            "rdates": ["2026-09-08T22:00:00-04:00"], "summary": "Lift", "external_ref": "lift-1",
            "created_at": "2026-08-01T08:00:00Z", "updated_at": "2026-08-01T08:00:00Z",
        });
        assert_eq!(block, expected);
        let read = app.get(&path, &a.read).expect(200).await;
        assert_eq!((read.json(), read.header("etag")), (block, "\"v1\""));
        app.get(&path, &a.read).header("if-none-match", "\"v1\"").expect(304).await;
        app.delete(&path, &a.write).header("if-match", "\"v2\"").expect(412).await;
        app.delete(&path, &a.write).header("if-match", "\"v1\"").expect(204).await;
        app.get(&path, &a.read).expect(404).await;
        app.delete(&path, &a.write).expect(404).await;
    }

    async fn whole_days_end_before_the_last(app: App) {
        let a = app.business("a").await;
        let days = app.block(&a, off("2026-10-24", "2026-10-26")).await;
        assert_eq!((&days["start"], &days["end"]), (&json!("2026-10-24T00:00:00+02:00"), &json!("2026-10-26T00:00:00+01:00")));
        assert_eq!((&days["all_day"], &days["staff"], &days["resources"]), (&json!(true), &json!([]), &json!([])));
        let yearly = with(off("2026-12-24", "2026-12-27"), json!({"rrule": "FREQ=YEARLY", "exdates": ["2027-12-24"]}));
        assert_eq!(app.block(&a, yearly).await["exdates"], json!(["2027-12-24"]));
        // Long, and long ago: what was is kept too.
        app.block(&a, off("2019-01-01", "2022-06-01")).await;
    }

    async fn every_fault_has_its_place(app: App) {
        let (a, b) = (app.business("a").await, app.business("b").await);
        let (seed, theirs) = (app.seed(&a).await, app.seed(&b).await);
        let good = off("2026-09-01T10:00", "2026-09-01T12:00");
        let days = off("2026-09-01", "2026-09-02");
        for (body, pointer, detail) in [
            (with(good.clone(), json!({"kind": "holidays"})), "/kind", "holidays"),
            (with(good.clone(), json!({"id": "x"})), "/id", "is not a field"),
            (with(good.clone(), json!({"staff": [seed.staff, theirs.staff]})), "/staff/1", "no staff member"),
            (with(good.clone(), json!({"staff": [seed.customer]})), "/staff/0", "no staff member"),
            (with(good.clone(), json!({"resources": [seed.staff]})), "/resources/0", "no resource"),
            (with(good.clone(), json!({"resources": ["x"]})), "/resources/0", "is not an id"),
            (with(good.clone(), json!({"timezone": "Mars/Base"})), "/timezone", "not an IANA"),
            (with(good.clone(), json!({"start": "soon"})), "/start", "is not a time"),
            (with(good.clone(), json!({"end": "2026-09-01T10:00"})), "/end", "after the start"),
            (with(good.clone(), json!({"end": "2026-09-02"})), "/end", "must be a date when"),
            (with(good.clone(), json!({"end": "2037-09-02T00:00"})), "/end", "ten years"),
            (with(good.clone(), json!({"summary": "a\nb"})), "/summary", "line breaks"),
            (with(good.clone(), json!({"external_ref": ""})), "/external_ref", "empty"),
            (with(good.clone(), json!({"rrule": "FREQ=DAYLY"})), "/rrule", "FREQ"),
            (with(good.clone(), json!({"rrule": "FREQ=DAILY;INTERVAL=0"})), "/rrule", "INTERVAL"),
            (with(good.clone(), json!({"rrule": "FREQ=WEEKLY;BYDAY=2TU"})), "/rrule", "not allowed"),
            (with(good.clone(), json!({"rrule": "FREQ=WEEKLY;BYDAY=MO"})), "/rrule", "does not include the start"),
            (with(good.clone(), json!({"rrule": "FREQ=DAILY;UNTIL=20260801"})), "/rrule", "does not include the start"),
            (with(good.clone(), json!({"rrule": "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"})), "/rrule", "does not include"),
            (with(good.clone(), json!({"rrule": "FREQ=SECONDLY"})), "/rrule", ""),
            (with(good.clone(), json!({"rrule": "FREQ=MINUTELY;INTERVAL=50"})), "/rrule", "within a year"),
            (with(days.clone(), json!({"rrule": "FREQ=HOURLY;INTERVAL=5"})), "/rrule", "without a time"),
            (with(good.clone(), json!({"rrule": "X".repeat(1001)})), "/rrule", "longer than"),
            (with(good.clone(), json!({"end": "2027-10-01T10:00", "rrule": "FREQ=YEARLY"})), "/end", "must be shorter"),
            (with(good.clone(), json!({"exdates": ["2026-09-01"]})), "/exdates", "need an rrule"),
            (with(good.clone(), json!({"rrule": "FREQ=DAILY", "exdates": ["2026-09-02", "2026-09-03T11:00"]})),
                "/exdates/1", "no occurrence"),
            (with(good.clone(), json!({"rrule": "FREQ=DAILY", "exdates": ["x"]})), "/exdates/0", "is not a time"),
            (with(days.clone(), json!({"rrule": "FREQ=DAILY", "exdates": ["2026-09-02T00:00"]})), "/exdates/0", "a date"),
            (with(good.clone(), json!({"rrule": "FREQ=DAILY;COUNT=2", "exdates": ["2026-09-01", "2026-09-02"]})),
                "/exdates", "no occurrence"),
            (with(good.clone(), json!({"rdates": ["2026-09-02"]})), "/rdates/0", "must be a time"),
            (with(days.clone(), json!({"rdates": ["2026-08-31"]})), "/rdates/0", "before the start"),
            (with(good.clone(), json!({"rdates": ["2027-03-28T02:30"]})), "/rdates/0", "does not exist"),
        ] {
            let (pointers, said) = app.refused(&a, body.clone()).await;
            assert_eq!(pointers, [pointer], "{body}: {said}");
            assert!(said.contains(detail), "{body}: {said}");
        }
        let body = json!({"kind": "block", "start": "2026-09-01T10:00"});
        assert_eq!(app.refused(&a, body).await.0, ["/end"]);
        let all = with(good, json!({"staff": [Id::new()], "summary": "", "external_ref": "", "timezone": "X", "start": "x"}));
        let mut pointers = app.refused(&a, all).await.0;
        pointers.sort();
        assert_eq!(pointers, ["/external_ref", "/staff/0", "/start", "/summary", "/timezone"]);
        assert_eq!(app.blocks(&a, "").await.len(), 1, "only the seed's");
    }

    async fn clocks_that_are_changed(app: App) {
        let a = app.business("a").await;
        let (pointers, said) = app.refused(&a, off("2026-03-29T02:30", "2026-03-29T05:00")).await;
        assert_eq!(pointers, ["/start"]);
        assert!(said.contains("2026-03-29T01:30:00+01:00") && said.contains("2026-03-29T03:30:00+02:00"), "{said}");
        assert_eq!(app.refused(&a, off("2026-03-29T01:00", "2026-03-29T02:30")).await.0, ["/end"]);
        let twice = app.block(&a, off("2026-10-25T02:15", "2026-10-25T02:45")).await;
        assert_eq!(twice["start"], "2026-10-25T02:15:00+02:00");
        let notices = twice["notices"].as_array().unwrap();
        assert_eq!((notices.len(), &notices[0]["pointer"], &notices[1]["pointer"]), (2, &json!("/start"), &json!("/end")));
        let later = off("2026-10-25T02:15:00+01:00", "2026-10-25T02:45:00+01:00");
        let kept = app.block(&a, later.clone()).await;
        assert_eq!((&kept["start"], kept.get("notices")), (&json!("2026-10-25T02:15:00+01:00"), None));
        let path = format!("/v1/blocks/{}", kept["id"].as_str().unwrap());
        let renamed = app.patch(&path, &a.write, &json!({"end": "2026-10-25T04:00"})).expect(200).await.json();
        assert_eq!(renamed["start"], "2026-10-25T02:15:00+01:00", "the later of the two stays the later");
        let (pointers, said) = app.refused(&a, with(later, json!({"rrule": "FREQ=WEEKLY"}))).await;
        assert_eq!(pointers, ["/start", "/end"], "{said}");
        // A rule goes on through a gap; its occurrence there can be named.
        let nightly = with(off("2027-03-27T02:30", "2027-03-27T04:00"), json!({"rrule": "FREQ=DAILY;COUNT=3"}));
        for name in ["2027-03-28", "2027-03-28T02:30", "2027-03-28T03:30:00+02:00"] {
            let block = app.block(&a, with(nightly.clone(), json!({"exdates": [name]}))).await;
            assert_eq!(block["exdates"], json!(["2027-03-28T03:30:00+02:00"]), "{name}");
        }
    }

    async fn a_rule_without_an_end_holds_for_ever(app: App) {
        let a = app.business("a").await;
        let seed = app.seed(&a).await;
        let sundays = with(off("2026-08-02", "2026-08-03"), json!({"rrule": "FREQ=WEEKLY", "kind": "block"}));
        let id = app.block(&a, sundays).await["id"].as_str().unwrap().to_owned();
        let (tenant, block) = (a.tenant, id.parse().unwrap());
        let row = app.store.read(move |conn| blocks::find(conn, tenant, block)).await.unwrap().unwrap();
        assert_eq!(row.last_end, blocks::ENDLESS);
        let book = |start: &str| app.post("/v1/bookings", &a.write, &seed.booking_body(start));
        // 2 March 2036 is a Sunday, as is the day on which summer time begins.
        for sunday in ["2026-09-06T10:00", "2036-03-02T10:00", "2036-03-30T23:30"] {
            book(sunday).expect(409).await;
        }
        book("2036-03-03T10:00").expect(201).await;
        assert_eq!(app.blocks(&a, "from=2090-01-01&kind=block").await.len(), 1);
        let until = json!({"rrule": "FREQ=WEEKLY;UNTIL=20260831"});
        app.patch(&format!("/v1/blocks/{id}"), &a.write, &until).expect(200).await;
        assert_eq!(app.blocks(&a, "from=2026-08-30T12:00&kind=block").await.len(), 1);
        assert_eq!(app.blocks(&a, "from=2026-09-02&kind=block").await.len(), 0);
        book("2026-09-06T10:00").expect(201).await;
    }

    async fn what_is_changed_and_what_moves_along(app: App) {
        let a = app.business("a").await;
        let seed = app.seed(&a).await;
        let (staff, idle, room) = (seed.staff.to_string(), seed.idle_staff.to_string(), seed.resource.to_string());
        let body = json!({
            "kind": "time_off", "staff": [staff], "start": "2026-09-07T09:00", "end": "2026-09-07T11:30",
            "rrule": "FREQ=WEEKLY;COUNT=4", "exdates": ["2026-09-14"], "rdates": ["2026-09-10T09:00"],
        });
        let path = format!("/v1/blocks/{}", app.block(&a, body).await["id"].as_str().unwrap());
        let set = |body: Value| app.patch(&path, &a.write, &body);
        let same = set(json!({"kind": "time_off", "start": "2026-09-07T09:00", "rrule": "FREQ=WEEKLY;COUNT=4"}));
        assert_eq!(same.expect(200).await.header("etag"), "\"v1\"", "what changes nothing makes no version");
        let moved = set(json!({"start": "2026-09-08T13:00"})).header("if-match", "\"v1\"").expect(200).await;
        let block = moved.json();
        assert_eq!(moved.header("etag"), "\"v2\"");
        assert_eq!(block["end"], "2026-09-08T15:30:00+02:00", "the duration stays");
        assert_eq!(block["exdates"], json!(["2026-09-15T13:00:00+02:00"]), "the exception moves along");
        assert_eq!(block["rdates"], json!(["2026-09-11T13:00:00+02:00"]));
        set(json!({"summary": "x"})).header("if-match", "\"v1\"").expect(412).await;
        let zoned = set(json!({"timezone": "America/New_York"})).expect(200).await.json();
        assert_eq!(zoned["start"], "2026-09-08T13:00:00-04:00", "the wall time stays");
        let shorter = set(json!({"rrule": "FREQ=WEEKLY;INTERVAL=2;COUNT=2"})).expect(200).await.json();
        assert_eq!((&shorter["exdates"], &shorter["notices"][0]["pointer"]), (&json!([]), &json!("/exdates")));
        let days = set(json!({"start": "2026-09-08", "end": "2026-09-10", "timezone": "Europe/Berlin"}));
        let days = days.expect(200).await.json();
        assert_eq!((&days["all_day"], &days["rdates"]), (&json!(true), &json!(["2026-09-11"])));
        let once = set(json!({"rrule": null, "rdates": [], "staff": [idle], "resources": [room]})).expect(200).await.json();
        assert_eq!((&once["rrule"], &once["staff"], &once["resources"]), (&Value::Null, &json!([idle]), &json!([room])));
        let all = set(json!({"staff": [], "resources": [], "summary": "Closed"})).expect(200).await.json();
        assert_eq!((&all["staff"], &all["resources"], &all["summary"]), (&json!([]), &json!([]), &json!("Closed")));
        assert_eq!(set(json!({"summary": null})).expect(200).await.json()["summary"], Value::Null);
        for (wrong, pointer) in [
            (json!({"kind": null}), "/kind"), (json!({"start": null}), "/start"), (json!({"staff": [room]}), "/staff/0"),
            (json!({"end": "2026-09-08"}), "/end"), (json!({"exdates": ["2026-09-08"]}), "/exdates"),
            (json!({"rrule": "FREQ=WEEKLY;BYDAY=MO"}), "/rrule"), (json!({"version": 1}), "/version"),
        ] {
            assert_eq!(set(wrong.clone()).expect(422).await.pointers(), [pointer], "{wrong}");
        }
        let before = app.get(&path, &a.read).expect(200).await;
        set(json!({})).expect(200).await;
        assert_eq!(app.get(&path, &a.read).expect(200).await.header("etag"), before.header("etag"));
    }

    async fn references_are_unique(app: App) {
        let a = app.business("a").await;
        let body = with(off("2026-09-01", "2026-09-02"), json!({"external_ref": "7"}));
        let first = app.block(&a, body.clone()).await["id"].as_str().unwrap().to_owned();
        let twin = app.post("/v1/blocks", &a.write, &body).expect(409).await;
        assert_eq!(twin.problem(), "already-exists");
        assert!(twin.json()["detail"].as_str().unwrap().contains(&first));
        let other = app.block(&a, off("2026-09-01", "2026-09-02")).await["id"].as_str().unwrap().to_owned();
        app.patch(&format!("/v1/blocks/{other}"), &a.write, &json!({"external_ref": "7"})).expect(409).await;
        assert_eq!(app.blocks(&a, "external_ref=7").await.len(), 1);
        app.delete(&format!("/v1/blocks/{first}"), &a.write).expect(204).await;
        app.block(&a, body).await;
    }

    async fn bookings_that_are_covered_are_named(app: App) {
        let a = app.business("a").await;
        let seed = app.seed(&a).await;
        let mut booked = Vec::new();
        for start in ["2026-09-07T10:00", "2026-09-08T10:00", "2026-09-14T10:00"] {
            booked.push(app.post("/v1/bookings", &a.write, &seed.booking_body(start)).expect(201).await.id());
        }
        let weekly = with(seed.booking_body("2026-09-09T10:00"), json!({"rrule": "FREQ=WEEKLY;COUNT=2"}));
        booked.push(app.post("/v1/bookings", &a.write, &weekly).expect(201).await.id());
        let gone = app.post("/v1/bookings", &a.write, &seed.booking_body("2026-09-07T14:00")).expect(201).await.id();
        app.post(&format!("/v1/bookings/{gone}/cancel"), &a.write, &json!({})).expect(200).await;
        let covered = |block: &Value| -> Vec<usize> {
            let notices = block["notices"].as_array().cloned().unwrap_or_default();
            let of = |notice: &Value| booked.iter().position(|id| notice["detail"].as_str().unwrap().contains(id));
            notices.iter().map(|notice| of(notice).unwrap_or_else(|| panic!("{notice}"))).collect()
        };
        let (staff, idle) = (json!({"staff": [seed.staff]}), json!({"staff": [seed.idle_staff]}));
        let day = off("2026-09-07", "2026-09-08");
        let block = app.block(&a, with(day.clone(), staff.clone())).await;
        assert_eq!(covered(&block), [0]);
        let said = block["notices"][0]["detail"].as_str().unwrap();
        assert!(said.contains("from 2026-09-07T10:00:00+02:00 to 2026-09-07T11:00:00+02:00"), "{said}");
        assert_eq!(covered(&app.block(&a, day.clone()).await), [0], "the whole business");
        assert!(covered(&app.block(&a, with(day, idle)).await).is_empty());
        let mondays = json!({"rrule": "FREQ=WEEKLY"});
        let block = with(with(off("2026-09-07T10:30", "2026-09-07T12:00"), staff.clone()), mondays.clone());
        assert_eq!(covered(&app.block(&a, block.clone()).await), [0, 2]);
        assert_eq!(covered(&app.block(&a, with(block, json!({"exdates": ["2026-09-07"]}))).await), [2]);
        let touching = with(with(off("2026-09-07T11:00", "2026-09-07T12:00"), staff.clone()), mondays);
        assert!(covered(&app.block(&a, touching).await).is_empty(), "what only touches is free");
        let wednesday = off("2026-09-16T09:00", "2026-09-16T12:00");
        assert_eq!(covered(&app.block(&a, wednesday.clone()).await), [3], "an occurrence of a series");
        let path = format!("/v1/blocks/{}", app.block(&a, with(wednesday, staff)).await["id"].as_str().unwrap());
        let renamed = app.patch(&path, &a.write, &json!({"summary": "x"})).expect(200).await.json();
        assert_eq!(renamed.get("notices"), None, "nothing new is covered");
        let moved = app.patch(&path, &a.write, &json!({"start": "2026-09-08T09:00"})).expect(200).await.json();
        assert_eq!(covered(&moved), [1]);
        // They stay.
        for id in &booked {
            assert_eq!(app.get(&format!("/v1/bookings/{id}"), &a.read).expect(200).await.json()["status"], "confirmed");
        }
    }

    async fn a_series_that_needs_nobody_is_covered_too(app: App) {
        let a = app.business("a").await;
        let open = json!({"name": "Open day", "duration_minutes": 60});
        let service = app.post("/v1/services", &a.admin, &open).expect(201).await.id();
        let body = json!({"service": service, "start": "2026-09-07T10:00", "rrule": "FREQ=WEEKLY;COUNT=3"});
        let series = app.post("/v1/bookings", &a.write, &body).expect(201).await.json();
        assert_eq!(series["staff"], Value::Null);
        let block = app.block(&a, off("2026-09-14", "2026-09-15")).await;
        assert_eq!(block["notices"].as_array().map(Vec::len), Some(1), "{block}");
    }

    async fn many_at_once_or_none(app: App) {
        let a = app.business("a").await;
        let seed = app.seed(&a).await;
        let seeded = app.blocks(&a, "").await.len();
        let (one, two, room) = (seed.staff.to_string(), seed.idle_staff.to_string(), seed.resource.to_string());
        let body = with(off("2026-08-31", "2026-09-01"), json!({"staff": [one, two], "resources": [room, room]}));
        let made = app.post("/v1/blocks/bulk", &a.write, &body).header("idempotency-key", "k").expect(201).await.json();
        let items = made["items"].as_array().unwrap();
        let of = |item: &Value| (item["staff"].clone(), item["resources"].clone());
        let mut owners: Vec<_> = items.iter().map(of).map(|(s, r)| format!("{s}{r}")).collect();
        owners.sort();
        let mut expected = [format!("[\"{one}\"][]"), format!("[\"{two}\"][]"), format!("[][\"{room}\"]")];
        expected.sort();
        assert_eq!(owners, expected, "one each, each once");
        // The seed's booking of the person and the room is on that day.
        let told = items.iter().filter(|item| item["notices"][0]["detail"].as_str().is_some_and(|d| d.contains(&seed.booking.to_string())));
        assert_eq!(told.count(), 2);
        let again = app.post("/v1/blocks/bulk", &a.write, &body).header("idempotency-key", "k").expect(201).await;
        assert_eq!((again.json(), again.header("idempotency-replayed")), (made.clone(), "true"));
        assert_eq!(app.blocks(&a, "").await.len(), seeded + 3);
        let only = format!("/v1/blocks/{}", items[0]["id"].as_str().unwrap());
        app.delete(&only, &a.write).expect(204).await;
        assert_eq!(app.blocks(&a, "").await.len(), seeded + 2, "each is a block of its own");
        for (more, pointer) in [
            (json!({"staff": [one, Id::new()]}), "/staff/1"), (json!({"staff": [], "resources": []}), "/staff"),
            (json!({"rrule": "FREQ=X"}), "/rrule"), (json!({"external_ref": "x"}), "/external_ref"),
        ] {
            let refused = app.post("/v1/blocks/bulk", &a.write, &with(body.clone(), more)).expect(422).await;
            assert_eq!(refused.pointers(), [pointer], "{}", refused.body);
        }
        assert_eq!(app.blocks(&a, "").await.len(), seeded + 2, "none of those that were refused");
    }

    async fn blocks_are_listed_and_filtered(app: App) {
        let a = app.business("a").await;
        let seed = app.seed(&a).await;
        let mine = app.block(&a, with(off("2026-09-01", "2026-09-03"), json!({"staff": [seed.staff]}))).await;
        let ours = app.block(&a, with(off("2026-09-05", "2026-09-06"), json!({"kind": "holiday"}))).await;
        let shown = async |query: &str| -> Vec<Value> { app.blocks(&a, query).await.iter().map(|b| b["id"].clone()).collect() };
        let (mine, ours, room) = (mine["id"].clone(), ours["id"].clone(), json!(seed.block.to_string()));
        assert_eq!(shown("").await, [room.clone(), mine.clone(), ours.clone()], "oldest first");
        assert_eq!(shown(&format!("staff={}", seed.staff)).await, vec![mine.clone()]);
        assert_eq!(shown(&format!("resource={}", seed.resource)).await, vec![room.clone()]);
        assert_eq!(shown("kind=holiday").await, vec![ours.clone()]);
        assert_eq!(shown("from=2026-09-03").await, [room.clone(), ours.clone()]);
        assert_eq!(shown("from=2026-09-02T23:00&to=2026-09-05").await, vec![mine.clone()]);
        let first = app.get("/v1/blocks?limit=2", &a.read).expect(200).await.json();
        let cursor = first["next_cursor"].as_str().unwrap();
        assert_eq!(shown(&format!("limit=2&cursor={cursor}")).await, [ours]);
        for (query, pointer) in [
            ("kind=x", "/kind"), ("staff=x", "/staff"), ("from=x", "/from"), ("to=2026-13-01", "/to"), ("limit=0", "/limit"),
        ] {
            assert_eq!(app.get(&format!("/v1/blocks?{query}"), &a.read).expect(400).await.pointers(), [pointer]);
        }
        let both = format!("/v1/blocks?staff={}&resource={}", seed.staff, seed.resource);
        assert_eq!(app.get(&both, &a.read).expect(400).await.pointers(), ["/resource"]);
    }

    async fn who_is_deleted_leaves_their_blocks(app: App) {
        let a = app.business("a").await;
        let seed = app.seed(&a).await;
        let (person, thing) = (seed.idle_staff, seed.idle_resource);
        let own = app.block(&a, with(off("2026-09-01", "2026-09-02"), json!({"staff": [person]}))).await;
        let shared = with(off("2026-09-01", "2026-09-02"), json!({"staff": [person, seed.staff], "resources": [thing]}));
        let shared = app.block(&a, shared).await;
        let path = |block: &Value| format!("/v1/blocks/{}", block["id"].as_str().unwrap());
        app.delete(&format!("/v1/staff/{person}"), &a.admin).expect(204).await;
        app.get(&path(&own), &a.read).expect(404).await;
        let left = app.get(&path(&shared), &a.read).expect(200).await;
        assert_eq!((left.json()["staff"].clone(), left.header("etag")), (json!([seed.staff]), "\"v2\""));
        app.delete(&format!("/v1/resources/{thing}"), &a.admin).expect(204).await;
        let left = app.get(&path(&shared), &a.read).expect(200).await;
        assert_eq!((left.json()["resources"].clone(), left.header("etag")), (json!([]), "\"v3\""));
        assert_eq!(left.json()["staff"], json!([seed.staff]), "and not the whole business's");
        let (tenant, ids) = (a.tenant, [own["id"].as_str().unwrap().parse().unwrap()]);
        assert_eq!(app.store.read(move |conn| blocks::owners(conn, tenant, &ids)).await.unwrap(), []);
    }
}

fn calendar(events: &[&str]) -> String {
    let events: String = events.iter().map(|lines| format!("BEGIN:VEVENT\n{lines}\nEND:VEVENT\n")).collect();
    format!("BEGIN:VCALENDAR\nVERSION:2.0\nX-WR-TIMEZONE:UTC\n{events}END:VCALENDAR\n").replace('\n', "\r\n")
}

impl App {
    /// [created, changed, unchanged, rejected], and the answer.
    async fn holidays(&self, who: &Business, events: &[&str]) -> ([u64; 4], Value) {
        let body = json!({"ics": calendar(events)});
        let said = self.post("/v1/blocks/import", &who.write, &body).expect(200).await.json();
        let count = |name: &str| said[name].as_u64().unwrap();
        let rejected = said["rejected"].as_array().unwrap().len() as u64;
        ([count("created"), count("changed"), count("unchanged"), rejected], said)
    }

    async fn of_uid(&self, who: &Business, uid: &str) -> Value {
        self.blocks(who, &format!("external_ref={uid}")).await.into_iter().next().unwrap_or(Value::Null)
    }
}

const CHRISTMAS: &str = "UID:xmas@x\nDTSTART;VALUE=DATE:20251225\nDTEND;VALUE=DATE:20251227\nSUMMARY:Christmas\n\
                         RRULE:FREQ=YEARLY;\nEXDATE;VALUE=DATE:20261225\nEXDATE;VALUE=DATE:20261226\nTRANSP:TRANSPARENT";
const EASTER: &str =
    "UID:easter@x\nDTSTART;VALUE=DATE:20270329\nSUMMARY:Easter Monday\nRDATE;VALUE=DATE:20280417,20290402";
const EVE: &str = "UID:eve@x\nDTSTART;TZID=Europe/Berlin:20261224T130000\nDTEND;TZID=Europe/Berlin:20261224T180000";

on_both! {
    async fn a_calendar_of_holidays_closes_the_business(app: App) {
        let a = app.business("a").await;
        let seed = app.seed(&a).await;
        let (counts, said) = app.holidays(&a, &[CHRISTMAS, EASTER, EVE]).await;
        assert_eq!(counts, [3, 0, 0, 0], "{said}");
        let xmas = app.of_uid(&a, "xmas%40x").await;
        assert_eq!((&xmas["kind"], &xmas["summary"], &xmas["staff"]), (&json!("holiday"), &json!("Christmas"), &json!([])));
        // In the business's zone, whatever the calendar says.
        assert_eq!((&xmas["start"], &xmas["timezone"]), (&json!("2025-12-25T00:00:00+01:00"), &json!("Europe/Berlin")));
        assert_eq!((&xmas["rrule"], &xmas["exdates"]), (&json!("FREQ=YEARLY"), &json!(["2026-12-25"])));
        assert_eq!(app.of_uid(&a, "easter%40x").await["rdates"], json!(["2028-04-17", "2029-04-02"]));
        let book = |start: &str| app.post("/v1/bookings", &a.write, &seed.booking_body(start));
        for closed in ["2027-12-26T23:00", "2028-04-17T10:00", "2029-04-02T10:00", "2026-12-24T17:30"] {
            assert_eq!(book(closed).expect(409).await.problem(), "slot-unavailable", "{closed}");
        }
        for open in ["2026-12-25T10:00", "2027-12-27T00:00", "2027-03-30T10:00", "2026-12-24T18:00"] {
            book(open).expect(201).await;
        }
    }

    async fn a_calendar_again_changes_nothing(app: App) {
        let a = app.business("a").await;
        let nameless = "DTSTART;VALUE=DATE:20261003\nSUMMARY:Unity";
        let all = [CHRISTMAS, EASTER, EVE, nameless];
        assert_eq!(app.holidays(&a, &all).await.0, [4, 0, 0, 0]);
        let before = app.get("/v1/blocks", &a.read).expect(200).await.body;
        assert_eq!(app.holidays(&a, &all).await.0, [0, 0, 4, 0]);
        assert_eq!(app.get("/v1/blocks", &a.read).expect(200).await.body, before);
        let moved = EVE.replace("T130000", "T120000");
        assert_eq!(app.holidays(&a, &[&moved, EASTER]).await.0, [0, 1, 1, 0], "what the file leaves out stays");
        let eve = app.get("/v1/blocks?external_ref=eve%40x", &a.read).expect(200).await.json()["items"][0].clone();
        assert_eq!(eve["start"], "2026-12-24T12:00:00+01:00");
        let etag = app.get(&format!("/v1/blocks/{}", eve["id"].as_str().unwrap()), &a.read).expect(200).await;
        assert_eq!(etag.header("etag"), "\"v2\"");
        let cancelled = format!("{EVE}\nSTATUS:CANCELLED");
        assert_eq!(app.holidays(&a, &[&cancelled]).await.0, [0, 1, 0, 0]);
        assert_eq!(app.of_uid(&a, "eve%40x").await, Value::Null);
        assert_eq!(app.holidays(&a, &[&cancelled]).await.0, [0, 0, 1, 0]);
    }

    async fn single_dates_of_a_series_may_differ(app: App) {
        let a = app.business("a").await;
        let series = "UID:s@x\nDTSTART;VALUE=DATE:20260501\nRRULE:FREQ=YEARLY;COUNT=5";
        let change = |year: i32, rest: &str| format!("UID:s@x\nRECURRENCE-ID;VALUE=DATE:{year}0501\n{rest}");
        let moved = change(2027, "DTSTART;VALUE=DATE:20270503");
        let gone = change(2028, "DTSTART;VALUE=DATE:20280501\nSTATUS:CANCELLED");
        let renamed = change(2029, "DTSTART;VALUE=DATE:20290501\nSUMMARY:Other");
        let longer = change(2030, "DTSTART;VALUE=DATE:20300501\nDTEND;VALUE=DATE:20300503");
        let (counts, said) = app.holidays(&a, &[series, &moved, &gone, &renamed, &longer]).await;
        assert_eq!(counts, [1, 0, 0, 1], "{said}");
        let block = app.of_uid(&a, "s%40x").await;
        assert_eq!((&block["exdates"], &block["rdates"]), (&json!(["2027-05-01", "2028-05-01"]), &json!(["2027-05-03"])));
        let rejected = &said["rejected"][0];
        assert!(rejected["reason"].as_str().unwrap().contains("longer or shorter"), "{said}");
        // Five events: three lines before the first, four in the first, five, six, six.
        assert_eq!(rejected["line"], 26, "{said}");
    }

    async fn what_cannot_be_read_is_reported_and_the_rest_is_taken(app: App) {
        let a = app.business("a").await;
        let events = [
            "UID:1@x\nDTSTART;VALUE=DATE:20261399", EASTER, "UID:3@x\nDTSTART:20270101T100000Z",
            "UID:4@x\nDTSTART;TZID=Europe/Berlin:20270328T023000\nDURATION:PT1H", "UID:5@x\nSUMMARY:Never",
            "UID:6@x\nDTSTART;VALUE=DATE:20270105\nRRULE:FREQ=WEEKLY;BYDAY=MO",
            "UID:7@x\nDTSTART;VALUE=DATE:20270105\nRDATE;VALUE=DATE:20270104",
            "UID:8@x\nDTSTART:20270105T100000Z\nDURATION:PT1S\nRRULE:FREQ=SECONDLY",
        ];
        let (counts, said) = app.holidays(&a, &events).await;
        assert_eq!(counts, [1, 0, 0, 7], "{said}");
        let rejected = said["rejected"].as_array().unwrap();
        for (at, (line, reason)) in [
            (6, "names a day"), (14, "takes no time"), (18, "does not exist"), (23, "DTSTART is missing"), (27, "RRULE"),
            (32, "RDATE is before the start"), (37, "RRULE"),
        ].into_iter().enumerate() {
            let (found, text) = (rejected[at]["line"].as_u64().unwrap(), rejected[at]["reason"].as_str().unwrap());
            assert!(found == line && text.contains(reason), "{line} {reason}: {found} {text}");
        }
        let broken = [
            (json!({"ics": "hello"}), "/ics"), (json!({"ics": "BEGIN:VCALENDAR\r\nBEGIN:VEVENT"}), "/ics"), (json!({}), "/ics"),
            (json!({"ics": calendar(&[EVE]), "timezone": "Mars/Base"}), "/timezone"),
            (json!({"ics": calendar(&[EVE]), "staff": [Id::new()]}), "/staff/0"),
            (json!({"ics": calendar(&[EVE]), "url": "https://x.example"}), "/url"),
        ];
        for (body, pointer) in broken {
            let refused = app.post("/v1/blocks/import", &a.write, &body).expect(422).await;
            assert_eq!(refused.pointers(), [pointer], "{}", refused.body);
        }
        assert_eq!(app.blocks(&a, "").await.len(), 1);
    }

    async fn a_calendar_for_some_says_whom_it_covers(app: App) {
        let a = app.business("a").await;
        let seed = app.seed(&a).await;
        let body = json!({
            "ics": calendar(&["UID:t@x\nDTSTART;VALUE=DATE:20260831\nDTEND;VALUE=DATE:20260901"]), "kind": "time_off",
            "staff": [seed.staff], "timezone": "America/New_York",
        });
        let said = app.post("/v1/blocks/import", &a.write, &body).expect(200).await.json();
        let notice = &said["notices"][0];
        assert_eq!(notice["line"], 4);
        assert!(notice["reason"].as_str().unwrap().contains(&seed.booking.to_string()), "{said}");
        let block = app.of_uid(&a, "t%40x").await;
        assert_eq!((&block["staff"], &block["kind"]), (&json!([seed.staff]), &json!("time_off")));
        assert_eq!(block["start"], "2026-08-31T00:00:00-04:00");
        let ours = with(body, json!({"staff": []}));
        assert_eq!(app.post("/v1/blocks/import", &a.write, &ours).expect(200).await.json()["changed"], 1);
        assert_eq!(app.of_uid(&a, "t%40x").await["staff"], json!([]));
    }

    /// A day in New York is six hours later than one in Berlin, five in the week between the two changes of clocks.
    async fn a_day_is_that_of_the_blocks_zone_each_time(app: App) {
        let a = app.business("a").await;
        let seed = app.seed(&a).await;
        let weekly = json!({
            "kind": "time_off", "staff": [seed.staff.to_string()], "start": "2026-10-21", "end": "2026-10-22",
            "timezone": "America/New_York", "rrule": "FREQ=WEEKLY;COUNT=3",
        });
        app.block(&a, weekly).await;
        for (day, offset, blocked) in [("21", "+02:00", "06:00"), ("28", "+01:00", "05:00"), ("04", "+01:00", "06:00")] {
            let month = if day == "04" { "11" } else { "10" };
            let next = format!("{:02}", day.parse::<u8>().unwrap() + 1);
            let query = format!(
                "service={}&from=2026-{month}-{day}T00:00&to=2026-{month}-{next}T12:00", seed.service
            );
            let slots = app.get(&format!("/v1/availability?{query}"), &a.read).expect(200).await.json();
            let slots = slots["slots"].as_array().unwrap();
            let has = |start: String| slots.iter().any(|slot| slot["start"] == start.as_str());
            let hour: u8 = blocked[..2].parse().unwrap();
            // The service takes an hour.
            assert!(has(format!("2026-{month}-{day}T{:02}:00:00{offset}", hour - 1)), "{day}: before");
            assert!(!has(format!("2026-{month}-{day}T{:02}:15:00{offset}", hour - 1)), "{day}: into it");
            assert!(!has(format!("2026-{month}-{next}T{:02}:45:00{offset}", hour - 1)), "{day}: at its end");
            assert!(has(format!("2026-{month}-{next}T{blocked}:00{offset}")), "{day}: after it");
        }
    }

    /// As if the zone rules these were made with had been an hour off.
    async fn new_zone_rules_move_instants_and_keep_what_clocks_show(app: App) {
        let a = app.business("a").await;
        let seed = app.seed(&a).await;
        let staff = json!({"staff": [seed.staff.to_string()]});
        let once = with(off("2026-09-01T09:00", "2026-09-01T11:00"), staff.clone());
        let daily = with(off("2026-10-20", "2026-10-21"), json!({"rrule": "FREQ=DAILY;COUNT=10"}));
        let endless = with(off("2026-09-01T18:00", "2026-09-01T20:00"), json!({"rrule": "FREQ=DAILY"}));
        let later = with(off("2026-10-25T02:30:00+01:00", "2026-10-25T05:00"), staff);
        let mut made = Vec::new();
        for body in [once, daily, endless, later] {
            made.push(app.block(&a, body).await);
        }
        let ids: Vec<Id> = made.iter().map(|block| block["id"].as_str().unwrap().parse().unwrap()).collect();
        let (tenant, links) = (a.tenant, app.links.clone());
        let off_by_an_hour = ids[..3].to_vec();
        let rederived = move |conn: &mut Conn| -> Result<_, Error> {
            for id in &off_by_an_hour {
                let old = blocks::find(conn, tenant, *id)?.unwrap();
                let owners: Vec<Id> = blocks::owners(conn, tenant, &[*id])?.iter().map(|row| row.owner_id).collect();
                let (start_at, end_at) = (old.start_at + 3600, old.end_at + 3600);
                let last_end = if old.last_end == blocks::ENDLESS { old.last_end } else { old.last_end + 3600 };
                blocks::replace(conn, &blocks::Block { start_at, end_at, last_end, ..old.clone() }, &owners, old.version)?;
            }
            let ctx = context(conn, tenant, "test", now(), links.clone())?;
            Ok([rederive(conn, &ctx)?.blocks, rederive(conn, &ctx)?.blocks])
        };
        assert_eq!(app.store.write(rederived).await.unwrap(), [3, 0], "the later of two equal times is right as it is");
        for (i, before) in made.iter().enumerate() {
            let after = app.get(&format!("/v1/blocks/{}", ids[i]), &a.read).expect(200).await;
            assert_eq!(after.header("etag"), if i < 3 { "\"v2\"" } else { "\"v1\"" });
            for field in ["start", "end", "timezone", "rrule", "staff"] {
                assert_eq!(after.json()[field], before[field], "{field} of {i}");
            }
        }
        let last_day = app.blocks(&a, "from=2026-10-29T23:30&to=2026-10-30").await;
        assert!(last_day.iter().any(|block| block["id"] == made[1]["id"]), "its last end is right too");
        assert!(!app.blocks(&a, "from=2026-10-30").await.iter().any(|block| block["id"] == made[1]["id"]));
    }

    async fn what_cannot_be_worked_out_is_named(app: App) {
        let a = app.business("a").await;
        let seed = app.seed(&a).await;
        let daily = json!({"rrule": "FREQ=DAILY", "summary": "Odd hours"});
        let body = with(off("2026-09-01T12:00", "2026-09-01T13:00"), daily);
        let block = app.block(&a, body).await["id"].as_str().unwrap().to_owned();
        let hours = json!([{"rrule": "FREQ=DAILY", "start": "09:00", "end": "17:00"}]);
        let of_staff = format!("/v1/staff/{}/working-hours", seed.staff);
        app.put(&of_staff, &a.admin, &hours).expect(200).await;
        let query = format!("/v1/availability?service={}&from=2026-09-03&to=2026-09-04", seed.service);
        app.get(&query, &a.read).expect(200).await;
        let spoil = async |sql: &'static str| {
            app.store.write(move |conn| conn.batch_execute(sql)).await.unwrap();
            let book = app.post("/v1/bookings", &a.write, &seed.booking_body("2026-09-03T10:00")).expect(409).await;
            let look = app.get(&query, &a.read).expect(409).await;
            assert_eq!((book.problem(), look.problem()), ("unusable-rules".to_owned(), "unusable-rules".to_owned()));
            assert_eq!(book.json()["detail"], look.json()["detail"]);
            look.json()["detail"].as_str().unwrap().to_owned()
        };
        // That takes more work than a question may.
        let detail = spoil("UPDATE blocks SET rrule = 'FREQ=SECONDLY' WHERE rrule IS NOT NULL").await;
        assert!(detail.contains(&format!("/blocks/{block}")) && detail.contains("Odd hours"), "{detail}");
        app.delete(&format!("/v1/blocks/{block}"), &a.write).expect(204).await;
        let detail = spoil("UPDATE working_hours SET rules = '[{\"rrule\":\"FREQ=YEARLY\",\"start\":\"late\",\"end\":\"17:00\"}]'").await;
        assert!(detail.contains("Anna Berger") && detail.contains(&of_staff[3..]), "{detail}");
        app.put(&of_staff, &a.admin, &hours).expect(200).await;
        app.get(&query, &a.read).expect(200).await;
    }
}
