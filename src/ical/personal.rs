//! What somebody adds to an event that another writes: kept as content lines, and put back when it is written anew.

use std::borrow::Cow;

use super::text::{ContentLines, unescape_text};
use crate::time::{Civil, Date, Instant, Zone};

/// A line that is never shown: its owner wants no alarms at all.
pub const NO_ALARMS: &str = "X-FASTI-NO-ALARMS:1\r\n";

/// A line that is never shown: its owner wants these alarms besides those of who wrote the event.
pub const MORE_ALARMS: &str = "X-FASTI-MORE-ALARMS:1\r\n";

/// Begins what its owner noted in one of the alarms of who wrote the event: one with the TRIGGER that follows. Nothing
/// but such notes comes after it.
pub const NOTED: &str = "X-FASTI-ALARM:";

/// What its owner wrote before the DESCRIPTION, which stays when that is written anew.
pub const BEFORE: &str = "X-FASTI-BEFORE";

/// What its owner wrote after the DESCRIPTION; what there is without one begins with a line break.
pub const AFTER: &str = "X-FASTI-AFTER";

/// Begins what was added to one date of a series; its RECURRENCE-ID follows, as [`date_of`] writes it.
pub const DATE: &str = "X-FASTI-DATE:";

/// The RECURRENCE-ID of an instance of a series whose DTSTART has the value `form`: a date, or a time in UTC or `zone`.
#[must_use]
pub fn date_of(recurrence_at: Instant, form: &str, zone: &Zone) -> String {
    let civil = |zone: &Zone, format| zone.civil_at(recurrence_at).strftime(format).to_string();
    match form.len() {
        8 => civil(zone, "%Y%m%d"),
        _ if form.ends_with('Z') => civil(&Zone::utc(), "%Y%m%dT%H%M%SZ"),
        _ => civil(zone, "%Y%m%dT%H%M%S"),
    }
}

/// The RECURRENCE-IDs of a series that is moved, as [`date_of`] writes them: the n-th of before is the n-th of after.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Moved {
    /// Before.
    pub was: Vec<String>,
    /// After.
    pub is: Vec<String>,
}

impl Moved {
    /// None when its dates, or those it has still, are what they were: who writes anew what is ahead of a series, and
    /// less of it every time, moves nothing.
    #[must_use]
    pub fn new(was: Vec<String>, is: Vec<String>) -> Option<Self> {
        let same_dates = was.ends_with(&is) || is.ends_with(&was);
        (!same_dates).then_some(Self { was, is })
    }

    /// What a date of before is called after. What the series did not have, or has no more, keeps its name unless it is
    /// that of another date after.
    #[must_use]
    pub fn now<'a>(&'a self, date: &'a str) -> Option<&'a str> {
        match nth(&self.was, &self.is, date) {
            None if self.is.iter().any(|other| other == date) => None,
            found => found.or(Some(date)),
        }
    }

    /// What a date of after was called before.
    #[must_use]
    pub fn before<'a>(&'a self, date: &str) -> Option<&'a str> {
        nth(&self.is, &self.was, date)
    }
}

/// What stands in `to` where `date` stands in `from`.
#[must_use]
pub fn nth<'a>(from: &[String], to: &'a [String], date: &str) -> Option<&'a str> {
    from.iter().position(|known| known == date).and_then(|n| to.get(n)).map(String::as_str)
}

/// `personal` with what was added to single dates under the names that these have now; what has none is left out.
#[must_use]
pub fn renamed<'a>(personal: &'a str, name: impl Fn(&'a str) -> Option<&'a str>) -> String {
    let (all, dates) = parts(personal);
    let mut out = all.to_owned();
    for (date, lines) in dates {
        if let Some(now) = name(date) {
            push_date(&mut out, now, lines);
        }
    }
    out
}

/// Adds what was added to one date.
pub fn push_date(personal: &mut String, date: &str, lines: &str) {
    for part in [DATE, date, "\r\n", lines] {
        personal.push_str(part);
    }
}

/// `component`, VEVENTs as Fasti renders them, with `personal` lines after the properties of each.
///
/// Lines of `personal` replace properties of the same name (DESCRIPTION, COLOR), unless they say that they stand around it
/// ([`BEFORE`], [`AFTER`]). With an alarm among them, the alarms that Fasti wrote are left out, unless it says that it is
/// one more ([`MORE_ALARMS`]); in those that Fasti wrote stands what was noted in them ([`NOTED`]). A date of a series has
/// what was added to that date instead of what was added to all; one that has no VEVENT of its own is given one, if
/// `takes_place` says so.
#[must_use]
pub fn merged(component: &str, personal: &str, takes_place: impl Fn(&str) -> bool) -> String {
    let (all, dates) = parts(personal);
    let mut out = String::with_capacity(component.len() + personal.len());
    let (mut master, mut written) = (None, Vec::new());
    for event in events(component) {
        let date = value_of(event, "RECURRENCE-ID");
        let own = date.and_then(|date| dates.iter().find(|(known, _)| *known == date));
        push_with(&mut out, event, own.map_or(all, |(_, lines)| *lines));
        match date {
            Some(date) => written.push(date),
            None => master = Some(event),
        }
    }
    for (date, lines) in dates.into_iter().filter(|(date, _)| !written.contains(date) && takes_place(date)) {
        if let Some(event) = master.and_then(|master| on_date(master, date)) {
            push_with(&mut out, &event, lines);
        }
    }
    out
}

/// What was added to all dates, and to single ones, by RECURRENCE-ID.
#[must_use]
pub fn parts(personal: &str) -> (&str, Vec<(&str, &str)>) {
    let all = &personal[..sections(personal, DATE).next().unwrap_or(personal.len())];
    (all, named_sections(personal, DATE).collect())
}

/// Where the lines are that begin with `mark`.
fn sections<'a>(personal: &'a str, mark: &'a str) -> impl Iterator<Item = usize> + use<'a> {
    let mut at = 0;
    personal.split_inclusive("\r\n").filter_map(move |line| {
        at += line.len();
        line.starts_with(mark).then_some(at - line.len())
    })
}

/// What follows each line that begins with `mark`, up to the next one, by the rest of that line.
fn named_sections<'a>(personal: &'a str, mark: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
    let ends = sections(personal, mark).skip(1).chain([personal.len()]);
    let lines = sections(personal, mark).zip(ends).map(|(from, to)| &personal[from + mark.len()..to]);
    lines.filter_map(|section| section.split_once("\r\n"))
}

/// What was noted in the alarm with this TRIGGER.
fn notes_in<'a>(noted: &'a str, trigger: &str) -> &'a str {
    named_sections(noted, NOTED).find(|(known, _)| *known == trigger).map_or("", |(_, lines)| lines)
}

/// VEVENT by VEVENT.
fn events(component: &str) -> impl Iterator<Item = &str> {
    let mut rest = component;
    std::iter::from_fn(move || {
        let mut end = 0;
        for line in rest.split_inclusive("\r\n") {
            end += line.len();
            if line.trim_end() == "END:VEVENT" {
                break;
            }
        }
        let (event, after) = rest.split_at(end);
        rest = after;
        (!event.is_empty()).then_some(event)
    })
}

/// The value of the first line of this name.
fn value_of<'a>(event: &'a str, name: &str) -> Option<&'a str> {
    event.lines().find(|line| name_of(line) == name)?.rsplit_once(':').map(|(_, value)| value)
}

/// The VEVENT of one date of the series whose master is given.
fn on_date(master: &str, date: &str) -> Option<String> {
    let start = value_of(master, "DTSTART")?;
    let end = match value_of(master, "DTEND") {
        Some(end) => Some(shifted(end, start, date)?),
        None => None,
    };
    let mut out = String::with_capacity(master.len());
    let mut skipping = false;
    for line in master.split_inclusive("\r\n") {
        let continued = line.starts_with([' ', '\t']);
        let name = if continued { "" } else { name_of(line) };
        skipping = if continued { skipping } else { matches!(name, "RRULE" | "RDATE" | "EXDATE") };
        let parameters = || line.rsplit_once(':').map_or("", |(before, _)| &before[name.len()..]);
        match (name, &end) {
            _ if skipping => {}
            ("DTSTART", _) => {
                for name in ["RECURRENCE-ID", "DTSTART"] {
                    out.push_str(&format!("{name}{}:{date}\r\n", parameters()));
                }
            }
            ("DTEND", Some(end)) => out.push_str(&format!("DTEND{}:{end}\r\n", parameters())),
            _ => out.push_str(line),
        }
    }
    Some(out)
}

/// `end`, when what began at `start` begins at `date`.
fn shifted(end: &str, start: &str, date: &str) -> Option<String> {
    if date.len() == 8 {
        let [end, start, date] = [end, start, date].map(|text| Date::strptime("%Y%m%d", text).ok());
        let later = date?.checked_add(end?.duration_since(start?)).ok()?;
        return Some(later.strftime("%Y%m%d").to_string());
    }
    let utc = if date.ends_with('Z') { "Z" } else { "" };
    let civil = |text: &str| Civil::strptime("%Y%m%dT%H%M%S", text.trim_end_matches('Z')).ok();
    let [end, start, date] = [end, start, date].map(civil);
    let later = date?.checked_add(end?.duration_since(start?)).ok()?;
    Some(format!("{}{utc}", later.strftime("%Y%m%dT%H%M%S")))
}

/// Adds a VEVENT with `personal` lines after its properties: alarms come last (RFC 5545 §3.6.1).
fn push_with(out: &mut String, event: &str, personal: &str) {
    let (personal, noted) = personal.split_at(sections(personal, NOTED).next().unwrap_or(personal.len()));
    let more = personal.ends_with(MORE_ALARMS);
    let own_alarms = !more && (personal.contains("BEGIN:VALARM") || personal.ends_with(NO_ALARMS));
    let personal = personal.strip_suffix(if more { MORE_ALARMS } else { NO_ALARMS }).unwrap_or(personal);
    let personal = &*described(event, personal);
    let replaced: Vec<&str> = unfolded_names(personal).collect();
    let (mut in_alarm, mut skipping, mut added, mut trigger) = (false, false, false, "");
    for line in event.split_inclusive("\r\n") {
        let continued = line.starts_with([' ', '\t']);
        if !continued {
            skipping = false;
            let part = line.trim_end();
            in_alarm |= part == "BEGIN:VALARM";
            if (in_alarm || part == "END:VEVENT") && !std::mem::replace(&mut added, true) {
                out.push_str(personal);
            }
            let name = name_of(line);
            skipping |= !in_alarm && replaced.iter().any(|known| name.eq_ignore_ascii_case(known));
        }
        if in_alarm && name_of(line) == "TRIGGER" {
            trigger = line.rsplit_once(':').map_or("", |(_, value)| value.trim_end());
        }
        let ends_alarm = line.trim_end() == "END:VALARM";
        if ends_alarm && !own_alarms {
            out.push_str(notes_in(noted, trigger));
        }
        if !(skipping || in_alarm && own_alarms) {
            out.push_str(line);
        }
        in_alarm &= !ends_alarm;
    }
}

/// `personal` with the DESCRIPTION that its owner's words make with those of who wrote the event.
fn described<'p>(event: &str, personal: &'p str) -> Cow<'p, str> {
    let own = [BEFORE, AFTER].map(|name| text_of(personal, name));
    if own.iter().all(Option::is_none) {
        return Cow::Borrowed(personal);
    }
    let [before, after] = own.map(Option::unwrap_or_default);
    let properties = event.split("BEGIN:VALARM").next().unwrap_or_default();
    let written = text_of(properties, "DESCRIPTION").unwrap_or_default();
    let mut text = before + &written + &after;
    if written.is_empty() && text.starts_with('\n') {
        text.remove(0);
    }
    let mut lines = ContentLines::default();
    lines.text("DESCRIPTION", &text);
    let mut out = lines.into_string();
    let mut skipping = false;
    for line in personal.split_inclusive("\r\n") {
        skipping = if line.starts_with([' ', '\t']) { skipping } else { [BEFORE, AFTER].contains(&name_of(line)) };
        if !skipping {
            out.push_str(line);
        }
    }
    Cow::Owned(out)
}

/// The TEXT of the first property of this name, which has no parameters.
fn text_of(lines: &str, name: &str) -> Option<String> {
    let mut lines = lines.split("\r\n").skip_while(|line| name_of(line) != name);
    let mut value = lines.next()?.split_once(':')?.1.to_owned();
    for line in lines.map_while(|line| line.strip_prefix([' ', '\t'])) {
        value.push_str(line);
    }
    Some(unescape_text(&value))
}

fn name_of(line: &str) -> &str {
    line.split([';', ':']).next().unwrap_or_default().trim_end()
}

/// Names of the properties outside of alarms.
fn unfolded_names(personal: &str) -> impl Iterator<Item = &str> {
    let mut depth = 0;
    personal
        .split("\r\n")
        .filter(move |line| {
            if line.starts_with([' ', '\t']) || line.is_empty() {
                return false;
            }
            match name_of(line) {
                "BEGIN" => depth += 1,
                "END" => depth -= 1,
                _ => return depth == 0,
            }
            false
        })
        .map(name_of)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_somebody_added_replaces_what_was_written() {
        let written = "BEGIN:VEVENT\r\nUID:1\r\nDESCRIPTION:Customer: Ben\\nlong\r\n  line\r\nCOLOR:green\r\nBEGIN:VALARM\r\nACTION:DISPLAY\r\nDESCRIPTION:x\r\nEND:VALARM\r\nEND:VEVENT\r\n";
        let personal = "COLOR:red\r\nX-A:1\r\nBEGIN:VALARM\r\nACTION:AUDIO\r\nEND:VALARM\r\n";
        assert_eq!(
            merged(written, personal, |_| false),
            "BEGIN:VEVENT\r\nUID:1\r\nDESCRIPTION:Customer: Ben\\nlong\r\n  line\r\nCOLOR:red\r\nX-A:1\r\nBEGIN:VALARM\r\nACTION:AUDIO\r\nEND:VALARM\r\nEND:VEVENT\r\n"
        );
        assert_eq!(
            merged(written, "DESCRIPTION:Mine\r\n", |_| false),
            "BEGIN:VEVENT\r\nUID:1\r\nCOLOR:green\r\nDESCRIPTION:Mine\r\nBEGIN:VALARM\r\nACTION:DISPLAY\r\nDESCRIPTION:x\r\nEND:VALARM\r\nEND:VEVENT\r\n"
        );
    }

    #[test]
    fn what_stands_beside_what_was_written_stays_beside_what_is() {
        let event = |inside: &str| format!("BEGIN:VEVENT\r\n{inside}END:VEVENT\r\n");
        let alarm = "BEGIN:VALARM\r\nDESCRIPTION:x\r\nEND:VALARM\r\n";
        let own = "BEGIN:VALARM\r\nDESCRIPTION:own\r\nEND:VALARM\r\n";
        let personal = format!(
            "X-FASTI-BEFORE:mine\\n\r\nX-FASTI-AFTER:\\n{}\r\n  end\r\nX-A:1\r\n{own}{MORE_ALARMS}",
            "y".repeat(50)
        );
        let written = event(&format!("DESCRIPTION:Customer: Dora\\, n\r\n  ew\r\n{alarm}"));
        let expected =
            format!("DESCRIPTION:mine\\nCustomer: Dora\\, n ew\\n{} end\r\nX-A:1\r\n{own}{alarm}", "y".repeat(50));
        let unfolded = |text: String| text.replace("\r\n ", "");
        assert_eq!(unfolded(merged(&written, &personal, |_| false)), event(&expected));
        // Notes stand in the alarm that they are of, as long as there is one.
        let rings =
            |trigger: &str, note: &str| event(&format!("BEGIN:VALARM\r\nTRIGGER:{trigger}\r\n{note}END:VALARM\r\n"));
        let noted =
            format!("X-A:1\r\n{own}{MORE_ALARMS}X-FASTI-ALARM:-PT5M\r\nUID:5\r\nX-FASTI-ALARM:-PT60M\r\nUID:60\r\n");
        for (trigger, note) in [("-PT60M", "UID:60\r\n"), ("-PT5M", "UID:5\r\n"), ("-PT30M", "")] {
            let with = merged(&rings(trigger, ""), &noted, |_| false);
            assert_eq!(with, rings(trigger, note).replacen("BEGIN:VALARM", &format!("X-A:1\r\n{own}BEGIN:VALARM"), 1));
        }
        // Of nothing only one's own words are left.
        let merged = |inside: &str, personal: &str| merged(&event(inside), personal, |_| false);
        assert_eq!(merged(alarm, "X-FASTI-AFTER:\\nscissors\r\n"), event(&format!("DESCRIPTION:scissors\r\n{alarm}")));
        assert_eq!(merged("DESCRIPTION:a\r\n", "X-FASTI-AFTER:\\nb\r\n"), event("DESCRIPTION:a\\nb\r\n"));
    }

    #[test]
    fn additions_go_with_the_nth_date() {
        let names = |days: &[&str]| days.iter().map(|day| format!("202603{day}")).collect::<Vec<_>>();
        let on = |days: &[&str]| {
            let lines = |(n, day): (usize, &&str)| format!("X-FASTI-DATE:202603{day}\r\nX-A:{n}\r\n");
            ["X-ALL:1\r\n".to_owned()].into_iter().chain(days.iter().enumerate().map(lines)).collect::<String>()
        };
        let moved = Moved { was: names(&["02", "09", "16"]), is: names(&["09", "16", "23"]) };
        let there = renamed(&on(&["02", "09", "16"]), |date| moved.now(date));
        assert_eq!(there, on(&["09", "16", "23"]));
        let back = Moved { was: moved.is.clone(), is: moved.was.clone() };
        assert_eq!(renamed(&there, |date| back.now(date)), on(&["02", "09", "16"]));
        // What the series does not have stays where it is, but not on a date that the series has now.
        assert_eq!(renamed(&on(&["02", "30"]), |date| moved.now(date)), on(&["09", "30"]));
        assert_eq!(renamed(&on(&["02", "23"]), |date| moved.now(date)), on(&["09"]));
        for (one, other) in [(&["02", "09"][..], &["09"][..]), (&["09"], &["02", "09"]), (&["02"], &["02"])] {
            assert_eq!(Moved::new(names(one), names(other)), None, "{one:?} {other:?}");
        }
        assert_eq!(Moved::new(moved.was.clone(), moved.is.clone()), Some(moved));
        let fewer = Moved { was: names(&["02", "09", "16"]), is: names(&["09", "16"]) };
        assert_eq!(renamed(&on(&["02", "16"]), |date| fewer.now(date)), on(&["09"]));
        assert_eq!((fewer.before("20260316"), fewer.before("20260323")), (Some("20260309"), None));
    }

    #[test]
    fn what_was_added_to_one_date_is_on_that_date() {
        let master = "BEGIN:VEVENT\r\nUID:1\r\nDTSTART;TZID=Europe/Berlin:20260302T100000\r\nDTEND;TZID=Europe/Berlin:20260303T003000\r\nRRULE:FREQ=WEEKLY;\r\n COUNT=4\r\nEXDATE;TZID=Europe/Berlin:20260323T100000\r\nDESCRIPTION:END:VEVENT\r\nEND:VEVENT\r\n";
        let moved = "BEGIN:VEVENT\r\nUID:1\r\nRECURRENCE-ID;TZID=Europe/Berlin:20260316T100000\r\nDTSTART;TZID=Europe/Berlin:20260317T100000\r\nEND:VEVENT\r\n";
        let personal = "COLOR:red\r\nX-FASTI-DATE:20260309T100000\r\nX-A:1\r\nX-FASTI-DATE:20260316T100000\r\nX-FASTI-DATE:20260323T100000\r\nX-A:2\r\n";
        let all = merged(&format!("{master}{moved}"), personal, |date| date != "20260323T100000");
        let added = "BEGIN:VEVENT\r\nUID:1\r\nRECURRENCE-ID;TZID=Europe/Berlin:20260309T100000\r\nDTSTART;TZID=Europe/Berlin:20260309T100000\r\nDTEND;TZID=Europe/Berlin:20260310T003000\r\nDESCRIPTION:END:VEVENT\r\nX-A:1\r\nEND:VEVENT\r\n";
        let red = master.replace("END:VEVENT\r\nEND:VEVENT\r\n", "END:VEVENT\r\nCOLOR:red\r\nEND:VEVENT\r\n");
        assert_eq!(all, format!("{red}{moved}{added}"));
        for (end, start, date, later) in [
            ("20260305", "20260302", "20260330", "20260402"),
            ("20260302T233000Z", "20260302T223000Z", "20260309T233000Z", "20260310T003000Z"),
        ] {
            assert_eq!(shifted(end, start, date).as_deref(), Some(later));
        }
        let at = Zone::utc().instant(Civil::constant(2026, 7, 1, 22, 0, 0, 0));
        let berlin = Zone::parse("Europe/Berlin").unwrap();
        let forms = ["20260101", "20260101T000000Z", "20260101T000000"].map(|form| date_of(at, form, &berlin));
        assert_eq!(forms, ["20260702", "20260701T220000Z", "20260702T000000"]);
    }
}
