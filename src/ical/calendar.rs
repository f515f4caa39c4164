//! The VCALENDAR around the components (RFC 5545 §3.4, RFC 7986 §5), and VFREEBUSY (RFC 5545 §3.6.4).

use std::borrow::Cow;

use super::event::{Attendee, Party, push_instant, push_party, push_utc};
use super::text::ContentLines;
use crate::time::{Instant, Interval, Zone, merge};

/// PRODID of everything Fasti writes. It carries no version, so that an upgrade changes no bytes.
pub const PRODID: &str = "-//Fasti//Fasti//EN";

/// The last line of a VCALENDAR.
pub const TAIL: &str = "END:VCALENDAR\r\n";

/// METHOD (RFC 5546 §1.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// `PUBLISH`: for reading, no answer wanted.
    Publish,
    /// `REQUEST`: an invitation.
    Request,
    /// `REPLY`: an answer.
    Reply,
    /// `CANCEL`: an event, or an instance, is off.
    Cancel,
}

impl Method {
    /// The RFC's word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Publish => "PUBLISH",
            Self::Request => "REQUEST",
            Self::Reply => "REPLY",
            Self::Cancel => "CANCEL",
        }
    }
}

/// What a calendar says about itself before its components. The default says nothing but the version.
#[derive(Debug, Clone, Default)]
pub struct CalendarHead<'a> {
    /// METHOD. Objects in a CalDAV collection must have none (RFC 4791 §4.1).
    pub method: Option<Method>,
    /// NAME (RFC 7986 §5.1) and X-WR-CALNAME, which is the one that clients read.
    pub name: Option<Cow<'a, str>>,
    /// DESCRIPTION (RFC 7986 §5.2) and X-WR-CALDESC.
    pub description: Option<Cow<'a, str>>,
    /// COLOR: a CSS3 colour name (RFC 7986 §5.9).
    pub color: Option<Cow<'a, str>>,
    /// X-WR-TIMEZONE: the zone in which clients show the calendar.
    pub zone: Option<&'a Zone>,
    /// REFRESH-INTERVAL (RFC 7986 §5.7) and X-PUBLISHED-TTL: how often a subscriber may ask, in minutes.
    pub refresh_minutes: Option<u32>,
    /// SOURCE (RFC 7986 §5.8): the address of the feed.
    pub source: Option<Cow<'a, str>>,
    /// LAST-MODIFIED (RFC 7986 §5.4).
    pub modified: Option<Instant>,
}

/// `BEGIN:VCALENDAR` and the calendar's properties, CRLF after each line; components follow, then [`TAIL`].
#[must_use]
pub fn render_head(head: &CalendarHead<'_>) -> String {
    let mut lines = ContentLines::with_capacity(512);
    begin_calendar(&mut lines, head.method);
    if let Some(name) = &head.name {
        lines.text("NAME", name);
        lines.text("X-WR-CALNAME", name);
    }
    if let Some(description) = &head.description {
        lines.text("DESCRIPTION", description);
        lines.text("X-WR-CALDESC", description);
    }
    if let Some(color) = &head.color {
        lines.text("COLOR", color);
    }
    if let Some(zone) = head.zone {
        lines.plain("X-WR-TIMEZONE", zone.name());
    }
    if let Some(minutes) = head.refresh_minutes {
        // RFC 7986 §5.7 makes VALUE=DURATION obligatory; the older X-PUBLISHED-TTL is read without it.
        lines.plain("REFRESH-INTERVAL;VALUE=DURATION", &format!("PT{minutes}M"));
        lines.plain("X-PUBLISHED-TTL", &format!("PT{minutes}M"));
    }
    if let Some(source) = &head.source {
        lines.plain("SOURCE;VALUE=URI", source);
    }
    if let Some(modified) = head.modified {
        push_instant(&mut lines, "LAST-MODIFIED", modified);
    }
    lines.into_string()
}

fn begin_calendar(lines: &mut ContentLines, method: Option<Method>) {
    lines.plain("BEGIN", "VCALENDAR");
    lines.plain("VERSION", "2.0");
    lines.plain("PRODID", PRODID);
    lines.plain("CALSCALE", "GREGORIAN");
    if let Some(method) = method {
        lines.plain("METHOD", method.as_str());
    }
}

/// FBTYPE: how a stretch of time is taken (RFC 5545 §3.2.9). The order is that of RFC 7953 §4, weakest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FbType {
    /// `FREE`
    Free,
    /// `BUSY-TENTATIVE`
    BusyTentative,
    /// `BUSY-UNAVAILABLE`
    BusyUnavailable,
    /// `BUSY`, which is also what no FBTYPE, or an unknown one, means.
    Busy,
}

impl FbType {
    /// The RFC's word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Free => "FREE",
            Self::BusyTentative => "BUSY-TENTATIVE",
            Self::BusyUnavailable => "BUSY-UNAVAILABLE",
            Self::Busy => "BUSY",
        }
    }

    /// What a value of FBTYPE or BUSYTYPE means.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let known = [Self::Free, Self::BusyTentative, Self::BusyUnavailable];
        known.into_iter().find(|known| known.as_str().eq_ignore_ascii_case(text)).unwrap_or(Self::Busy)
    }
}

/// An answer about busy time (RFC 5545 §3.6.4).
#[derive(Debug, Clone)]
pub struct FreeBusy<'a> {
    /// METHOD: [`Method::Reply`] to a request over scheduling (RFC 6638 §5), none in a CalDAV REPORT (RFC 4791 §7.10).
    pub method: Option<Method>,
    /// UID: the one of the request, where there was one.
    pub uid: Option<Cow<'a, str>>,
    /// DTSTAMP.
    pub stamp: Instant,
    /// DTSTART and DTEND: the time that was asked about.
    pub window: Interval,
    /// ORGANIZER: who asked, in a reply; whose time it is, when published.
    pub organizer: Option<Party<'a>>,
    /// ATTENDEE: whose time it is, in a reply.
    pub attendee: Option<Attendee<'a>>,
    /// The busy stretches, in any order; they are cut to the window, and those of one type joined where they overlap or
    /// touch (RFC 4791 §7.10). [`FbType::Free`] is not written.
    pub busy: Vec<(Interval, FbType)>,
}

/// A whole VCALENDAR with one VFREEBUSY, CRLF after each line.
#[must_use]
pub fn freebusy(answer: &FreeBusy<'_>) -> String {
    let mut lines = ContentLines::with_capacity(512 + answer.busy.len() * 60);
    begin_calendar(&mut lines, answer.method);
    lines.plain("BEGIN", "VFREEBUSY");
    if let Some(uid) = &answer.uid {
        lines.text("UID", uid);
    }
    push_instant(&mut lines, "DTSTAMP", answer.stamp);
    push_instant(&mut lines, "DTSTART", answer.window.start);
    push_instant(&mut lines, "DTEND", answer.window.end);
    if let Some(organizer) = &answer.organizer {
        push_party(&mut lines, "ORGANIZER", organizer, None);
    }
    if let Some(attendee) = &answer.attendee {
        push_party(&mut lines, "ATTENDEE", &attendee.who, Some(attendee.partstat));
    }
    for kind in [FbType::Busy, FbType::BusyUnavailable, FbType::BusyTentative] {
        let of_kind = answer.busy.iter().filter(|(_, found)| *found == kind);
        let inside = of_kind.filter_map(|(busy, _)| {
            Interval::new(busy.start.max(answer.window.start), busy.end.min(answer.window.end))
        });
        for busy in merge(inside.collect()) {
            lines.property("FREEBUSY;FBTYPE=", |out| {
                out.push_str(kind.as_str());
                out.push(':');
                push_utc(out, busy.start);
                out.push('/');
                push_utc(out, busy.end);
            });
        }
    }
    lines.plain("END", "VFREEBUSY");
    lines.append(TAIL);
    lines.into_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ical::event::PartStat;

    #[test]
    fn a_feed_says_what_subscribers_read() {
        let berlin = Zone::parse("Europe/Berlin").unwrap();
        let head = CalendarHead {
            method: Some(Method::Publish),
            name: Some("Anna, Salon".into()),
            description: Some("All bookings\nof Anna".into()),
            color: Some("teal".into()),
            zone: Some(&berlin),
            refresh_minutes: Some(15),
            source: Some("https://cal.example.com/f/abc.ics".into()),
            modified: Some(Instant::from_unix(1_772_100_000)),
        };
        let expected = concat!(
            "BEGIN:VCALENDAR\r\n",
            "VERSION:2.0\r\n",
            "PRODID:-//Fasti//Fasti//EN\r\n",
            "CALSCALE:GREGORIAN\r\n",
            "METHOD:PUBLISH\r\n",
            "NAME:Anna\\, Salon\r\n",
            "X-WR-CALNAME:Anna\\, Salon\r\n",
            "DESCRIPTION:All bookings\\nof Anna\r\n",
            "X-WR-CALDESC:All bookings\\nof Anna\r\n",
            "COLOR:teal\r\n",
            "X-WR-TIMEZONE:Europe/Berlin\r\n",
            "REFRESH-INTERVAL;VALUE=DURATION:PT15M\r\n",
            "X-PUBLISHED-TTL:PT15M\r\n",
            "SOURCE;VALUE=URI:https://cal.example.com/f/abc.ics\r\n",
            "LAST-MODIFIED:20260226T100000Z\r\n",
        );
        assert_eq!(render_head(&head), expected);
        let bare = render_head(&CalendarHead::default());
        assert_eq!(bare.lines().count(), 4);
    }

    #[test]
    fn busy_time_is_cut_and_joined() {
        let at = |minutes: i64| Instant::from_unix(1_772_409_600 + minutes * 60);
        let span = |from, until| Interval::new(at(from), at(until)).unwrap();
        let text = freebusy(&FreeBusy {
            method: Some(Method::Reply),
            uid: Some("q-1".into()),
            stamp: at(0),
            window: span(60, 600),
            organizer: Some(Party { name: "Anna".into(), email: Some("anna@example.com".into()) }),
            attendee: Some(Attendee {
                who: Party { name: "".into(), email: Some("ben@example.com".into()) },
                partstat: PartStat::NeedsAction,
            }),
            busy: vec![
                (span(500, 700), FbType::Busy),
                (span(90, 120), FbType::Busy),
                (span(0, 70), FbType::Busy),
                (span(120, 150), FbType::Busy),
                (span(600, 660), FbType::Busy),
                (span(100, 130), FbType::BusyTentative),
                (span(200, 300), FbType::Free),
            ],
        });
        let expected = concat!(
            "BEGIN:VCALENDAR\r\n",
            "VERSION:2.0\r\n",
            "PRODID:-//Fasti//Fasti//EN\r\n",
            "CALSCALE:GREGORIAN\r\n",
            "METHOD:REPLY\r\n",
            "BEGIN:VFREEBUSY\r\n",
            "UID:q-1\r\n",
            "DTSTAMP:20260302T000000Z\r\n",
            "DTSTART:20260302T010000Z\r\n",
            "DTEND:20260302T100000Z\r\n",
            "ORGANIZER;CN=Anna:mailto:anna@example.com\r\n",
            "ATTENDEE;PARTSTAT=NEEDS-ACTION:mailto:ben@example.com\r\n",
            "FREEBUSY;FBTYPE=BUSY:20260302T010000Z/20260302T011000Z\r\n",
            "FREEBUSY;FBTYPE=BUSY:20260302T013000Z/20260302T023000Z\r\n",
            "FREEBUSY;FBTYPE=BUSY:20260302T082000Z/20260302T100000Z\r\n",
            "FREEBUSY;FBTYPE=BUSY-TENTATIVE:20260302T014000Z/20260302T021000Z\r\n",
            "END:VFREEBUSY\r\n",
            "END:VCALENDAR\r\n",
        );
        assert_eq!(text, expected);
    }
}
