//! From the objects of a collection to the bytes of a calendar.

use std::sync::Arc;

use bytes::Bytes;

use super::Error;
use super::busy;
use super::shown::{Format, Shown};
use crate::auth::MasterKey;
use crate::ical::calendar::{CalendarHead, Method, TAIL, render_head};
use crate::ical::timezone;
use crate::store::collections::{self, Entry};
use crate::store::{Conn, FeedKind};
use crate::time::{Instant, Zone};

/// How often a subscriber may ask, in minutes. Bookings move on their own day, an unchanged feed costs microseconds,
/// and Outlook takes this as the least it waits, Nextcloud as the time it waits instead of a week.
const REFRESH_MINUTES: u32 = 15;

/// Room in front of the components for the head and a few VTIMEZONEs, which are known only when all objects were read.
const HEADROOM: usize = 8 * 1024;

/// What composing needs beside rows.
pub(super) struct Composer {
    key: MasterKey,
    public_url: Arc<str>,
}

impl Composer {
    pub fn new(key: MasterKey, public_url: Arc<str>) -> Self {
        Self { key, public_url }
    }

    /// The whole calendar of a feed whose secret is `token`. `expected` is how long it will be, or 0.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub fn compose(
        &self,
        conn: &mut Conn,
        shown: &Shown,
        format: Format,
        token: &str,
        expected: usize,
    ) -> Result<Bytes, Error> {
        let text = match format {
            Format::FreeBusy => busy::freebusy(conn, shown, &self.key)?,
            Format::Events if shown.is_busy_only() => {
                let mut text = self.head(shown, token);
                busy::push_events(&mut text, conn, shown, &self.key)?;
                text.push_str(TAIL);
                text
            }
            Format::Events => return self.events(conn, shown, token, expected),
        };
        Ok(Bytes::from(text))
    }

    fn head(&self, shown: &Shown, token: &str) -> String {
        // Who is given a customer's busy times is not told which customer's they are.
        let nameless = shown.is_busy_only() && shown.feed.kind == FeedKind::Customer;
        let name = if nameless { "Busy" } else { shown.feed.name.as_str() };
        render_head(&CalendarHead {
            method: Some(Method::Publish),
            name: Some(name.into()),
            zone: Some(&shown.day.zone),
            refresh_minutes: Some(REFRESH_MINUTES),
            source: Some(format!("{}/feeds/{token}.ics", self.public_url).into()),
            ..CalendarHead::default()
        })
    }

    fn events(&self, conn: &mut Conn, shown: &Shown, token: &str, expected: usize) -> Result<Bytes, Error> {
        let mut body = Body::new(expected);
        let window = shown.day.window(&shown.options, shown.only());
        let (tenant, collection) = (shown.tenant, shown.feed.collection_id);
        if shown.feed.kind == FeedKind::Route {
            for entry in collections::route(conn, tenant, collection, &window)? {
                body.push(&entry);
            }
        } else {
            collections::visit_window(conn, tenant, collection, &window, |entry| body.push(&entry))?;
        }
        let mut front = self.head(shown, token);
        body.zones.sort_unstable_by(|one, other| one.name.cmp(&other.name));
        for span in &body.zones {
            front.push_str(&Self::vtimezone(span));
        }
        Ok(body.finish(&front))
    }

    /// The VTIMEZONE of a zone for the years it is used in.
    fn vtimezone(span: &ZoneSpan) -> Arc<str> {
        let Ok(zone) = Zone::parse(&span.name) else {
            tracing::error!(zone = span.name, "an object refers to a zone that is unknown to this version");
            return Arc::from("");
        };
        timezone::kept(&zone, span.from, span.until)
    }
}

/// A zone and the time that it is used for.
struct ZoneSpan {
    name: String,
    from: Instant,
    until: Instant,
}

/// Components one after the other, with room for the rest in front.
struct Body {
    bytes: Vec<u8>,
    zones: Vec<ZoneSpan>,
}

impl Body {
    fn new(expected: usize) -> Self {
        // A little more than the last time: most changes are one booking more.
        let mut bytes = Vec::with_capacity(HEADROOM + (expected + expected / 16).max(64 * 1024));
        bytes.resize(HEADROOM, 0);
        Self { bytes, zones: Vec::new() }
    }

    fn push(&mut self, entry: &Entry) {
        self.bytes.extend_from_slice(entry.component.as_bytes());
        // Times in UTC are written with a Z, and refer to no zone.
        let Some(name) = entry.timezone.as_ref().filter(|name| *name != "UTC") else { return };
        match self.zones.iter_mut().find(|span| span.name == *name) {
            Some(span) => {
                span.from = span.from.min(entry.first_start);
                span.until = span.until.max(entry.last_end);
            }
            None => self.zones.push(ZoneSpan { name: name.clone(), from: entry.first_start, until: entry.last_end }),
        }
    }

    fn finish(self, front: &str) -> Bytes {
        let mut bytes = self.bytes;
        bytes.extend_from_slice(TAIL.as_bytes());
        let begin = match HEADROOM.checked_sub(front.len()) {
            Some(begin) => {
                bytes[begin..HEADROOM].copy_from_slice(front.as_bytes());
                begin
            }
            None => {
                bytes.splice(..HEADROOM, front.bytes());
                0
            }
        };
        // What is kept under a byte budget must not be much more than it is counted for.
        if bytes.capacity() - bytes.len() > bytes.len() / 8 {
            bytes.shrink_to_fit();
        }
        Bytes::from(bytes).slice(begin..)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(components: usize) -> Body {
        let mut body = Body::new(0);
        for i in 0..components {
            body.push(&Entry {
                timezone: Some(["Europe/Berlin", "Asia/Tokyo"][i % 2].to_owned()),
                first_start: Instant::from_unix(1_770_000_000 - i as i64),
                last_end: Instant::from_unix(1_770_003_600 + i as i64),
                component: format!("BEGIN:VEVENT\r\nUID:{i}\r\nEND:VEVENT\r\n"),
            });
        }
        body
    }

    #[test]
    fn the_front_fits_or_is_made_to_fit() {
        for length in [0, 100, HEADROOM - 1, HEADROOM, HEADROOM + 1, 5 * HEADROOM] {
            let front = "x".repeat(length);
            let bytes = body(3).finish(&front);
            let text = std::str::from_utf8(&bytes).unwrap();
            assert!(text.starts_with(&front) && text.ends_with(TAIL), "{length}");
            assert_eq!(text.len(), length + 3 * "BEGIN:VEVENT\r\nUID:0\r\nEND:VEVENT\r\n".len() + TAIL.len());
        }
    }

    #[test]
    fn a_zone_is_described_once_for_all_its_times() {
        let body = body(5);
        let spans: Vec<_> = body.zones.iter().map(|z| (z.name.as_str(), z.until - z.from)).collect();
        assert_eq!(spans, [("Europe/Berlin", 3608), ("Asia/Tokyo", 3606)]);
    }
}
