//! From the structs to content lines.

use std::borrow::Cow;

use super::{BusyEvent, Event, PartStat, Party, Status, When};
use crate::ical::text::{ContentLines, push_mailto, push_param, push_text};
use crate::time::{Civil, Date, Instant, Zone};

/// `BEGIN:VEVENT` to `END:VEVENT`, CRLF after each line.
#[must_use]
pub fn render_event(event: &Event<'_>) -> String {
    let mut lines = ContentLines::with_capacity(1024);
    lines.plain("BEGIN", "VEVENT");
    push_identity(&mut lines, &event.uid, event.modified, event.sequence);
    push_instant(&mut lines, "CREATED", event.created);
    push_times(&mut lines, event.recurrence_id.as_ref(), &event.start, &event.end);
    push_recurrence(&mut lines, event.rrule.as_deref(), &event.exdates);
    lines.text("SUMMARY", &event.summary);
    push_optional_text(&mut lines, "DESCRIPTION", event.description.as_deref());
    push_optional_text(&mut lines, "LOCATION", event.location.as_deref());
    if let Some(url) = &event.url {
        lines.plain("URL", url);
    }
    lines.plain("STATUS", event.status.as_str());
    lines.plain("TRANSP", if event.transparent { "TRANSPARENT" } else { "OPAQUE" });
    if let Some(class) = event.class {
        lines.plain("CLASS", class.as_str());
    }
    push_categories(&mut lines, &event.categories);
    push_optional_text(&mut lines, "COLOR", event.color.as_deref());
    if let Some(organizer) = &event.organizer {
        push_party(&mut lines, "ORGANIZER", organizer, None);
    }
    for attendee in &event.attendees {
        push_party(&mut lines, "ATTENDEE", &attendee.who, Some(attendee.partstat));
    }
    if event.status != Status::Cancelled {
        for minutes in &event.alarms_minutes {
            push_alarm(&mut lines, *minutes, &event.summary);
        }
    }
    lines.plain("END", "VEVENT");
    lines.into_string()
}

/// A VEVENT that says no more than "busy", CRLF after each line.
///
/// It carries no CLASS: there is nothing left to protect, and Nextcloud hides PRIVATE events from those who share a
/// calendar, so that the time would look free.
#[must_use]
pub fn render_busy(event: &BusyEvent<'_>) -> String {
    let mut lines = ContentLines::with_capacity(384);
    lines.plain("BEGIN", "VEVENT");
    push_identity(&mut lines, &event.uid, event.modified, event.sequence);
    push_times(&mut lines, event.recurrence_id.as_ref(), &event.start, &event.end);
    push_recurrence(&mut lines, event.rrule.as_deref(), &event.exdates);
    lines.plain("SUMMARY", "Busy");
    lines.plain("STATUS", "CONFIRMED");
    lines.plain("TRANSP", "OPAQUE");
    lines.plain("END", "VEVENT");
    lines.into_string()
}

fn push_identity(lines: &mut ContentLines, uid: &str, modified: Instant, sequence: u32) {
    lines.text("UID", uid);
    push_instant(lines, "DTSTAMP", modified);
    push_instant(lines, "LAST-MODIFIED", modified);
    lines.plain("SEQUENCE", &sequence.to_string());
}

fn push_times(lines: &mut ContentLines, recurrence_id: Option<&When>, start: &When, end: &When) {
    if let Some(instance) = recurrence_id {
        push_when(lines, "RECURRENCE-ID", instance);
    }
    push_when(lines, "DTSTART", start);
    push_when(lines, "DTEND", end);
}

/// One EXDATE line per instance: several readers take only the first value of a list.
fn push_recurrence(lines: &mut ContentLines, rrule: Option<&str>, exdates: &[When]) {
    if let Some(rule) = rrule {
        lines.plain("RRULE", rule);
    }
    for date in exdates {
        push_when(lines, "EXDATE", date);
    }
}

fn push_optional_text(lines: &mut ContentLines, name: &str, value: Option<&str>) {
    if let Some(value) = value {
        lines.text(name, value);
    }
}

fn push_categories(lines: &mut ContentLines, categories: &[Cow<'_, str>]) {
    let Some((first, others)) = categories.split_first() else { return };
    lines.property("CATEGORIES", |out| {
        out.push(':');
        push_text(out, first);
        for category in others {
            out.push(',');
            push_text(out, category);
        }
    });
}

/// Without an address the value is `invalid:nomail`, as Exchange writes it: a `cal-address` must be a URI, and clients
/// would offer to write to an invented `mailto:`.
pub(in crate::ical) fn push_party(lines: &mut ContentLines, name: &str, party: &Party<'_>, partstat: Option<PartStat>) {
    lines.property(name, |out| {
        if !party.name.is_empty() {
            out.push_str(";CN=");
            push_param(out, &party.name);
        }
        if let Some(partstat) = partstat {
            out.push_str(";PARTSTAT=");
            out.push_str(partstat.as_str());
        }
        out.push(':');
        match &party.email {
            Some(email) => push_mailto(out, email),
            None => out.push_str("invalid:nomail"),
        }
    });
}

/// VALARM (RFC 5545 §3.6.6).
fn push_alarm(lines: &mut ContentLines, minutes: u32, summary: &str) {
    lines.plain("BEGIN", "VALARM");
    lines.plain("ACTION", "DISPLAY");
    lines.text("DESCRIPTION", summary);
    if minutes == 0 {
        lines.plain("TRIGGER", "PT0S");
    } else {
        lines.plain("TRIGGER", &format!("-PT{minutes}M"));
    }
    lines.plain("END", "VALARM");
}

pub(in crate::ical) fn push_instant(lines: &mut ContentLines, name: &str, instant: Instant) {
    lines.property(name, |out| {
        out.push(':');
        push_utc(out, instant);
    });
}

fn push_when(lines: &mut ContentLines, name: &str, when: &When) {
    lines.property(name, |out| match when {
        When::Date(date) => {
            out.push_str(";VALUE=DATE:");
            push_date(out, *date);
        }
        When::Zoned { civil, zone } => {
            let utc = zone.name() == "UTC";
            if !utc {
                out.push_str(";TZID=");
                push_param(out, zone.name());
            }
            out.push(':');
            push_civil(out, *civil);
            if utc {
                out.push('Z');
            }
        }
        When::Utc(instant) => {
            out.push(':');
            push_utc(out, *instant);
        }
    });
}

/// RFC 5545 §3.3.5, form 2.
pub(in crate::ical) fn push_utc(out: &mut String, instant: Instant) {
    push_civil(out, Zone::utc().civil_at(instant));
    out.push('Z');
}

/// RFC 5545 §3.3.5, form 1.
pub(in crate::ical) fn push_civil(out: &mut String, civil: Civil) {
    push_date(out, civil.date());
    out.push('T');
    for part in [civil.hour(), civil.minute(), civil.second()] {
        push_two_digits(out, part);
    }
}

/// RFC 5545 §3.3.4. Years run from 0 to 9999 there.
fn push_date(out: &mut String, date: Date) {
    let year = date.year().clamp(0, 9999);
    push_two_digits(out, (year / 100) as i8);
    push_two_digits(out, (year % 100) as i8);
    push_two_digits(out, date.month());
    push_two_digits(out, date.day());
}

/// By hand, because `strftime` takes ten times as long and a booking writes some thirty of these.
fn push_two_digits(out: &mut String, number: i8) {
    let number = number.unsigned_abs();
    out.push(char::from(b'0' + number / 10 % 10));
    out.push(char::from(b'0' + number % 10));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ical::event::{Attendee, Class};
    use crate::time::{parse_civil, parse_date};

    fn zoned(civil: &str, zone: &str) -> When {
        When::Zoned { civil: parse_civil(civil).unwrap(), zone: Zone::parse(zone).unwrap() }
    }

    fn typical() -> Event<'static> {
        Event {
            uid: "0198c0de-7b1e-7c3a-9f00-3c5d2a8e4b11@fasti".into(),
            sequence: 2,
            created: Instant::from_unix(1_772_000_000),
            modified: Instant::from_unix(1_772_100_000),
            start: zoned("2026-03-02T09:00", "Europe/Berlin"),
            end: zoned("2026-03-02T09:45", "Europe/Berlin"),
            status: Status::Confirmed,
            summary: "Haircut: Zoë, Müller; \"short\"".into(),
            description: Some("Phone: +49 30 1234567\r\nPlease ring twice\\thrice; the bell is broken, sorry.".into()),
            location: Some("Salon Mitte, Torstraße 12, Berlin".into()),
            organizer: Some(Party { name: "Salon Mitte".into(), email: Some("salon@example.com".into()) }),
            attendees: vec![Attendee {
                who: Party { name: "Müller, Zoë".into(), email: Some("zoe@example.com".into()) },
                partstat: PartStat::Accepted,
            }],
            categories: vec!["Haircut".into(), "New, first".into()],
            color: Some("teal".into()),
            url: Some("https://book.example.com/m/abc?x=1;y=2,3".into()),
            alarms_minutes: vec![60, 0],
            transparent: false,
            class: Some(Class::Private),
            rrule: None,
            exdates: Vec::new(),
            recurrence_id: None,
        }
    }

    #[test]
    fn a_booking() {
        let expected = concat!(
            "BEGIN:VEVENT\r\n",
            "UID:0198c0de-7b1e-7c3a-9f00-3c5d2a8e4b11@fasti\r\n",
            "DTSTAMP:20260226T100000Z\r\n",
            "LAST-MODIFIED:20260226T100000Z\r\n",
            "SEQUENCE:2\r\n",
            "CREATED:20260225T061320Z\r\n",
            "DTSTART;TZID=Europe/Berlin:20260302T090000\r\n",
            "DTEND;TZID=Europe/Berlin:20260302T094500\r\n",
            "SUMMARY:Haircut: Zoë\\, Müller\\; \"short\"\r\n",
            "DESCRIPTION:Phone: +49 30 1234567\\nPlease ring twice\\\\thrice\\; the bell is \r\n",
            " broken\\, sorry.\r\n",
            "LOCATION:Salon Mitte\\, Torstraße 12\\, Berlin\r\n",
            "URL:https://book.example.com/m/abc?x=1;y=2,3\r\n",
            "STATUS:CONFIRMED\r\n",
            "TRANSP:OPAQUE\r\n",
            "CLASS:PRIVATE\r\n",
            "CATEGORIES:Haircut,New\\, first\r\n",
            "COLOR:teal\r\n",
            "ORGANIZER;CN=Salon Mitte:mailto:salon@example.com\r\n",
            "ATTENDEE;CN=\"Müller, Zoë\";PARTSTAT=ACCEPTED:mailto:zoe@example.com\r\n",
            "BEGIN:VALARM\r\n",
            "ACTION:DISPLAY\r\n",
            "DESCRIPTION:Haircut: Zoë\\, Müller\\; \"short\"\r\n",
            "TRIGGER:-PT60M\r\n",
            "END:VALARM\r\n",
            "BEGIN:VALARM\r\n",
            "ACTION:DISPLAY\r\n",
            "DESCRIPTION:Haircut: Zoë\\, Müller\\; \"short\"\r\n",
            "TRIGGER:PT0S\r\n",
            "END:VALARM\r\n",
            "END:VEVENT\r\n",
        );
        assert_eq!(render_event(&typical()), expected);
    }

    #[test]
    fn a_series_with_an_exception_and_an_override() {
        let mut event = typical();
        event.rrule = Some("FREQ=WEEKLY;COUNT=4".into());
        event.exdates = vec![zoned("2026-03-09T09:00", "Europe/Berlin"), When::Utc(Instant::from_unix(1_773_650_000))];
        event.recurrence_id = Some(When::Date(parse_date("2026-03-16").unwrap()));
        event.start = zoned("2026-03-02T09:00", "UTC");
        let text = render_event(&event);
        let position = |line: &str| text.find(&format!("\r\n{line}\r\n")).unwrap_or_else(|| panic!("{line}\n{text}"));
        let order = [
            "RECURRENCE-ID;VALUE=DATE:20260316",
            "DTSTART:20260302T090000Z",
            "RRULE:FREQ=WEEKLY;COUNT=4",
            "EXDATE;TZID=Europe/Berlin:20260309T090000",
            "EXDATE:20260316T083320Z",
        ]
        .map(position);
        assert!(order.is_sorted(), "{text}");
    }

    #[test]
    fn an_independent_reader_finds_the_same() {
        use calcard::icalendar::{ICalendar, ICalendarProperty};
        let event = typical();
        let text = format!("BEGIN:VCALENDAR\r\nVERSION:2.0\r\n{}END:VCALENDAR\r\n", render_event(&event));
        let calendar = ICalendar::parse(&text).unwrap();
        assert_eq!(calendar.components.len(), 4, "a calendar, its event and two alarms");
        let read = |property: &ICalendarProperty| {
            let values = calendar.components[1].property(property).unwrap().values.iter();
            values.filter_map(|value| value.as_text()).collect::<Vec<_>>()
        };
        assert_eq!(read(&ICalendarProperty::Uid), [event.uid.as_ref()]);
        assert_eq!(read(&ICalendarProperty::Summary), [event.summary.as_ref()]);
        let description = "Phone: +49 30 1234567\nPlease ring twice\\thrice; the bell is broken, sorry.";
        assert_eq!(read(&ICalendarProperty::Description), [description]);
        assert_eq!(read(&ICalendarProperty::Categories), ["Haircut", "New, first"]);
    }

    #[test]
    fn another_reader_finds_the_same() {
        use icalendar::{Calendar, CalendarComponent, CalendarDateTime, Component, DatePerhapsTime, EventLike};
        let event = typical();
        let text = format!("BEGIN:VCALENDAR\r\nVERSION:2.0\r\n{}END:VCALENDAR\r\n", render_event(&event));
        let calendar: Calendar = text.parse().unwrap();
        let [CalendarComponent::Event(read)] = &calendar.components[..] else { panic!("{calendar:?}") };
        assert_eq!(read.get_uid(), Some(event.uid.as_ref()));
        assert_eq!(read.get_summary(), Some(event.summary.as_ref()));
        assert_eq!(read.get_location(), event.location.as_deref());
        assert_eq!(read.get_sequence(), Some(event.sequence));
        let Some(DatePerhapsTime::DateTime(CalendarDateTime::WithTimezone { date_time, tzid })) = read.get_start()
        else {
            panic!("{text}")
        };
        assert_eq!((date_time.to_string().as_str(), tzid.as_str()), ("2026-03-02 09:00:00", "Europe/Berlin"));
    }

    #[test]
    fn a_cancelled_event_rings_no_bell() {
        let text = render_event(&Event { status: Status::Cancelled, ..typical() });
        assert!(text.contains("STATUS:CANCELLED"));
        assert!(!text.contains("VALARM"));
    }

    #[test]
    fn no_field_can_start_a_line() {
        let attack = "x\r\nBEGIN:VALARM\u{2028}ATTENDEE:mailto:evil@example.com\nX\u{85}Y";
        let party = Party { name: attack.into(), email: Some(attack.into()) };
        let event = Event {
            uid: attack.into(),
            summary: attack.into(),
            description: Some(attack.into()),
            location: Some(attack.into()),
            organizer: Some(party.clone()),
            attendees: vec![Attendee { who: party, partstat: PartStat::NeedsAction }],
            categories: vec![attack.into()],
            color: Some(attack.into()),
            url: Some(attack.into()),
            rrule: Some(attack.into()),
            alarms_minutes: vec![5],
            ..typical()
        };
        let text = render_event(&event);
        assert_eq!(text.matches("\r\nBEGIN:").count(), 1, "{text}");
        assert_eq!(text.matches("\r\nATTENDEE").count(), 1, "{text}");
        assert!(!text.replace("\r\n", "").contains(|c: char| c.is_control()), "{text}");
    }

    #[test]
    fn busy_says_nothing_else() {
        let text = render_busy(&BusyEvent {
            uid: "b1".into(),
            sequence: 0,
            modified: Instant::from_unix(1_772_100_000),
            start: zoned("2026-03-02T09:00", "Europe/Berlin"),
            end: zoned("2026-03-02T09:45", "Europe/Berlin"),
            rrule: None,
            exdates: Vec::new(),
            recurrence_id: None,
        });
        let names: Vec<&str> = text.lines().filter_map(|line| line.split([':', ';']).next()).collect();
        assert_eq!(
            names,
            [
                "BEGIN",
                "UID",
                "DTSTAMP",
                "LAST-MODIFIED",
                "SEQUENCE",
                "DTSTART",
                "DTEND",
                "SUMMARY",
                "STATUS",
                "TRANSP",
                "END"
            ]
        );
        assert!(text.contains("\r\nSUMMARY:Busy\r\n"));
    }
}
