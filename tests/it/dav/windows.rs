//! What takes place in a window is found, however long it takes and whatever comes after it.

use std::collections::BTreeSet;

use fasti::store::Role;
use fasti::time::Instant;

use super::Client;

const DAY: i64 = 86_400;
/// Around the bounds by which the database sorts objects, in seconds.
const LASTING: [i64; 12] = [
    0,
    1,
    DAY - 1,
    DAY,
    DAY + 1,
    32 * DAY - 1,
    32 * DAY,
    32 * DAY + 1,
    400 * DAY - 1,
    400 * DAY,
    400 * DAY + 1,
    3000 * DAY,
];

fn start() -> Instant {
    Instant::from_unix(1_780_272_000) // 2026-06-01
}

async fn put(anna: &Client, path: &str, name: &str, (from, lasting): (Instant, i64), rule: &str) {
    let end = if lasting == 0 { String::new() } else { format!("DTEND:{}\r\n", (from + lasting).to_ical()) };
    let text = format!(
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//t//EN\r\nBEGIN:VEVENT\r\nUID:{name}\r\nDTSTAMP:20260101T000000Z\r\n\
         DTSTART:{}\r\n{end}{rule}END:VEVENT\r\nEND:VCALENDAR\r\n",
        from.to_ical()
    );
    anna.put(&format!("{path}{name}.ics"), &[], &text).await.insist(201);
}

/// The names of what is found within a window, whichever way texts are asked for.
async fn found(anna: &Client, path: &str, (from, until): (Instant, Instant)) -> BTreeSet<String> {
    let filter = format!(
        "<C:filter><C:comp-filter name=\"VCALENDAR\"><C:comp-filter name=\"VEVENT\"><C:time-range start=\"{}\" end=\"{}\"/>\
         </C:comp-filter></C:comp-filter></C:filter>",
        from.to_ical(),
        until.to_ical()
    );
    let mut ways = Vec::new();
    for asked in ["<D:getetag/><C:calendar-data/>", "<D:getlastmodified/><D:getetag/>"] {
        let inside = format!("<D:prop>{asked}</D:prop>{filter}");
        let answer = anna.report(path, "1", "C:calendar-query", &inside).await.insist(207);
        let names = answer.hrefs().into_iter().map(|href| href.trim_start_matches(path).replace(".ics", ""));
        let all: Vec<String> = names.collect();
        let once: BTreeSet<String> = all.iter().cloned().collect();
        assert_eq!(all.len(), once.len(), "each once: {all:?}");
        ways.push(once);
    }
    assert_eq!(ways[0], ways[1]);
    ways.swap_remove(0)
}

on_both! {
    async fn whatever_overlaps_a_window_is_found(app: App) {
        let a = app.business("a").await;
        let (_, anna) = app.person(a.tenant, "anna", Role::Staff).await;
        let path = anna.calendar("work").await;
        for lasting in LASTING {
            put(&anna, &path, &format!("of-{lasting}"), (start(), lasting), "").await;
        }
        put(&anna, &path, "endless", (start(), 3600), "RRULE:FREQ=DAILY\r\n").await;
        put(&anna, &path, "thrice", (start(), 3600), "RRULE:FREQ=WEEKLY;COUNT=3\r\n").await;
        for later in 0..20 {
            put(&anna, &path, &format!("later-{later}"), (start() + (4000 + later) * DAY, 3600), "").await;
        }
        let mut windows = vec![(start() - DAY, start()), (start() - DAY, start() + 4000 * DAY)];
        for lasting in LASTING {
            let end = start() + lasting;
            windows.extend([(end - 1, end + 1), (end, end + 60), (end, end + 4000 * DAY), (end - 60, end), (end - 1, end)]);
        }
        for window in windows {
            let (from, until) = window;
            // RFC 4791 §9.9; the rest takes place at midnight, for an hour.
            let of = |lasting: &i64| match lasting {
                0 => from <= start() && until > start(),
                _ => from < start() + *lasting && until > start(),
            };
            let hour = |day: i64| from < start() + day * DAY + 3600 && until > start() + day * DAY;
            let mut wanted: BTreeSet<String> = LASTING.iter().filter(|it| of(it)).map(|it| format!("of-{it}")).collect();
            wanted.extend((0..9000).any(hour).then(|| "endless".to_owned()));
            wanted.extend([0, 7, 14].into_iter().any(hour).then(|| "thrice".to_owned()));
            wanted.extend((0..20).filter(|later| hour(4000 + later)).map(|later| format!("later-{later}")));
            assert_eq!(found(&anna, &path, window).await, wanted, "{} to {}", from.to_ical(), until.to_ical());
        }
    }
}
