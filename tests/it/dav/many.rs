//! A calendar of ten thousand objects, of which one is corrupt: a list has ten pages.

use std::collections::BTreeSet;

use fasti::store::calendar_objects::{self, CalendarObject};
use fasti::store::{Id, Role, TenantId, calendars, collections};
use fasti::time::Instant;

use super::{Answer, Client, event};
use crate::support::{App, now};

const OBJECTS: usize = 10_000;
const CORRUPT: usize = 4_321;
const SEPTEMBER: &str = "<C:filter><C:comp-filter name=\"VCALENDAR\"><C:comp-filter name=\"VEVENT\">\
    <C:time-range start=\"20260901T000000Z\" end=\"20261001T000000Z\"/></C:comp-filter></C:comp-filter></C:filter>";

fn name(number: usize) -> String {
    format!("event {number:05}.ics")
}

/// Of ten, one recurs; each begins in September 2026.
fn text(number: usize) -> String {
    if number == CORRUPT {
        return "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nDTSTART:soon\u{1}\u{fffe}\r\nEND:VTODO".to_owned();
    }
    let rule = if number.is_multiple_of(10) { "RRULE:FREQ=WEEKLY;COUNT=2\r\n" } else { "" };
    event(&number.to_string(), &format!("202609{:02}T080000Z", 1 + number % 14), rule)
}

/// The members of an answer, each once.
fn members(answer: &Answer) -> BTreeSet<&str> {
    let hrefs = answer.hrefs();
    let members: BTreeSet<&str> = hrefs.iter().copied().filter(|href| href.ends_with(".ics")).collect();
    assert_eq!(members.len(), hrefs.iter().filter(|href| href.ends_with(".ics")).count());
    members
}

/// The objects, into somebody's calendar `work`.
async fn seed(app: &App, tenant: TenantId, owner: Id) {
    app.as_business(tenant, move |conn, _| {
        let (calendar, _) = calendars::find(conn, tenant, owner, "work")?.unwrap();
        let id = calendar.collection_id;
        let first = Instant::from_unix(1_788_220_800); // 2026-09-01
        for number in 0..OBJECTS {
            let body = text(number);
            let (change, _) = collections::grow(conn, tenant, id, now(), body.len() as i64)?;
            let start = first + (number as i64 % 14) * 86_400 + 8 * 3600;
            let exact = number != CORRUPT && !number.is_multiple_of(10);
            let object = CalendarObject {
                tenant_id: tenant,
                collection_id: id,
                name: name(number),
                uid: number.to_string(),
                component: "VEVENT".to_owned(),
                etag: format!("tag-{number}"),
                first_start: start,
                last_end: start + if exact { 3600 } else { 8 * 86_400 },
                busy: true,
                exact,
                deleted: false,
                change,
                created_at: now(),
                modified_at: now(),
                body,
            };
            assert!(calendar_objects::insert(conn, object)?);
        }
        Ok(())
    })
    .await;
}

/// What filters find.
async fn queries(anna: &Client, path: &str, all: &BTreeSet<&str>) {
    for asked in ["<D:getetag/>", "<D:getetag/><C:calendar-data/>"] {
        let inside = format!("<D:prop>{asked}</D:prop>{SEPTEMBER}");
        let found = anna.report(path, "1", "C:calendar-query", &inside).await.insist(207);
        let found = members(&found);
        assert!(all.iter().filter(|href| !found.contains(*href)).all(|href| href.contains("04321")), "{asked}");
    }
    // The corrupt one lies on the tenth; a fourteenth of the others, and those of the week before that recur.
    let day = "start=\"20260910T000000Z\" end=\"20260911T000000Z\"";
    let inside = format!(
        "<D:prop><C:calendar-data><C:expand {day}/></C:calendar-data></D:prop><C:filter><C:comp-filter \
             name=\"VCALENDAR\"><C:comp-filter name=\"VEVENT\"><C:time-range {day}/></C:comp-filter></C:comp-filter></C:filter>"
    );
    let found = anna.report(path, "1", "C:calendar-query", &inside).await.insist(207);
    let takes_place = |number: &usize| number % 14 == 9 || (number.is_multiple_of(10) && number % 14 == 2);
    assert_eq!(members(&found).len(), (0..OBJECTS).filter(|n| *n != CORRUPT && takes_place(n)).count());
}

on_both! {
    async fn a_corrupt_object_hides_no_other(app: App) {
        let a = app.business("a").await;
        let (owner, anna) = app.person(a.tenant, "anna", Role::Staff).await;
        let path = anna.calendar("work").await;
        seed(&app, a.tenant, owner).await;
        let listed = anna.propfind(&path, "1", "<D:getetag/>").await.insist(207);
        let all = members(&listed);
        assert_eq!(all.len(), OBJECTS);
        assert!(all.contains(&*format!("{path}event%2004321.ics")), "{:?}", all.first());
        for (number, response) in listed.responses().into_iter().filter(|text| text.contains(".ics<")).enumerate() {
            assert!(response.contains(&format!("event%20{number:05}.ics<")), "{response}");
            assert!(response.contains(&format!("&quot;tag-{number}&quot;")), "{response}");
        }
        // What more is asked is read in another way, and says the same.
        let more = anna.propfind(&path, "1", "<D:getetag/><D:getcontentlength/><D:nothing/>").await.insist(207);
        assert_eq!(members(&more), all);
        let sync = |token: String| {
            let inside = format!("<D:sync-token>{token}</D:sync-token><D:sync-level>1</D:sync-level><D:prop><D:getetag/></D:prop>");
            let (anna, path) = (anna.clone(), path.clone());
            async move { anna.report(&path, "0", "D:sync-collection", &inside).await.insist(207) }
        };
        let first = sync(String::new()).await;
        assert_eq!(members(&first), all);
        assert!(members(&sync(first.element("D:sync-token").to_owned()).await).is_empty());
        let changed = first.element("D:sync-token");
        let zero = format!("{}:0", changed.rsplit_once(':').unwrap().0);
        assert_eq!(members(&sync(zero).await), all);
        queries(&anna, &path, &all).await;
        let hrefs: String = [CORRUPT, 7].map(|number| format!("<D:href>{path}event%20{number:05}.ics</D:href>")).concat();
        let inside = format!("<D:prop><D:getetag/><C:calendar-data/></D:prop>{hrefs}");
        let got = anna.report(&path, "1", "C:calendar-multiget", &inside).await.insist(207);
        assert!(got.body.contains("tag-7&quot;") && got.body.contains("tag-4321&quot;"), "{}", got.body);
        assert!(got.body.contains("soon\u{fffd}\u{fffd}") && !got.body.contains(['\u{1}', '\u{fffe}']), "{}", got.body);
        assert_eq!(anna.get(&format!("{path}event%2004321.ics")).await.insist(200).body, text(CORRUPT));
        let busy = "<C:time-range start=\"20260901T000000Z\" end=\"20261001T000000Z\"/>";
        let busy = anna.report(&path, "1", "C:free-busy-query", busy).await.insist(200);
        assert!(busy.body.contains("20260914T080000Z"), "{}", busy.body);
        // Nor does it keep anybody from mending it.
        anna.put(&format!("{path}event%2004321.ics"), &[], &event("4321", "20260901T080000Z", "")).await.insist(204);
    }
}
