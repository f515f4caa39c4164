//! `calendar-availability` of the inbox (RFC 7953 §7.2.4): what is written is when people can be booked.

use fasti::booking::people::Group;
use serde_json::json;

const BERLIN: &str = "DTSTART;TZID=Europe/Berlin:20260907T090000\r\n";

/// The property with a VAVAILABILITY of such AVAILABLEs.
fn set(available: &[&str]) -> String {
    let inner = available.iter().enumerate().map(|(number, lines)| {
        format!("BEGIN:AVAILABLE\r\nUID:a{number}\r\nDTSTAMP:20260101T000000Z\r\n{lines}END:AVAILABLE\r\n")
    });
    let inner: String = inner.collect();
    format!(
        "<C:calendar-availability>BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//x//y//EN\r\nBEGIN:VAVAILABILITY\r\nUID:v\r\n\
         DTSTAMP:20260101T000000Z\r\n{inner}END:VAVAILABILITY\r\nEND:VCALENDAR\r\n</C:calendar-availability>"
    )
}

on_both! {
    async fn hours_are_what_was_written_or_nothing_is(app: App) {
        let a = app.business("a").await;
        let seed = app.seed(&a).await;
        let anna = app.login(a.tenant, seed.staff, Group::Staff, "anna").await;
        let inbox = format!("{}inbox/", anna.home());
        let path = format!("/v1/staff/{}/working-hours", seed.staff);
        let slots = async || {
            let path = format!("/v1/availability?service={}&staff={}&from=2026-09-07&to=2026-09-08", seed.service, seed.staff);
            app.get(&path, &a.read).expect(200).await.json()["slots"].as_array().unwrap().len()
        };
        let always = slots().await;
        // Without an AVAILABLE nobody can be booked, and that is what comes back.
        anna.proppatch(&inbox, &set(&[])).await.insist(207);
        assert_eq!(slots().await, 0);
        let read = anna.propfind(&inbox, "0", "<C:calendar-availability/>").await.insist(207);
        let text = read.element("C:calendar-availability").replace("&#13;", "\r");
        assert!(text.contains("BEGIN:VAVAILABILITY") && !text.contains("BEGIN:AVAILABLE"), "{text}");
        anna.proppatch(&inbox, &format!("<C:calendar-availability>{text}</C:calendar-availability>")).await.insist(207);
        assert_eq!(slots().await, 0);
        // An end on other clocks is that instant.
        let day = format!("{BERLIN}DTEND:20260907T150000Z\r\nRRULE:FREQ=WEEKLY\r\n");
        let done = anna.proppatch(&inbox, &set(&[&day])).await.insist(207);
        assert!(done.body.contains("200 OK"), "{}", done.body);
        let kept = app.get(&path, &a.read).expect(200).await.json();
        assert_eq!((&kept[0]["start"], &kept[0]["end"], kept.as_array().unwrap().len()), (&json!("09:00"), &json!("17:00"), 1), "{kept}");
        let open = slots().await;
        assert!(0 < open && open < always, "{open} of {always}");
        for wrong in ["FREQ=DAILY;BYHOUR=9,14", "FREQ=HOURLY;INTERVAL=3"] {
            let refused = anna.proppatch(&inbox, &set(&[&format!("{BERLIN}DURATION:PT1H\r\nRRULE:{wrong}\r\n")])).await.insist(207);
            assert!(refused.body.contains("403 Forbidden") && refused.body.contains("<C:valid-calendar-data/>"), "{}", refused.body);
            assert!(refused.element("D:responsedescription").contains("AVAILABLE"), "{}", refused.body);
        }
        assert_eq!(app.get(&path, &a.read).expect(200).await.json(), kept, "a refusal changes nothing");
    }
}
