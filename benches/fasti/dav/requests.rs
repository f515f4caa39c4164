//! What clients send, as davload does.

use super::calendar::{Calendar, chance, event, month_of, name};

const ASKED: &str = "<D:prop><D:getetag/></D:prop>";
const ASKED_WITH_TEXT: &str = "<D:prop><D:getetag/><C:calendar-data/></D:prop>";
const NAMESPACES: &str = "xmlns:D=\"DAV:\" xmlns:C=\"urn:ietf:params:xml:ns:caldav\"";

impl Calendar {
    fn send(&self, to: &mut Vec<u8>, (method, path): (&str, &str), headers: &str, body: &str) {
        let (authorization, length) = (&self.authorization, body.len());
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: localhost\r\nUser-Agent: bench/1\r\n{authorization}{headers}\
             Content-Length: {length}\r\n\r\n"
        );
        to.extend_from_slice(head.as_bytes());
        to.extend_from_slice(body.as_bytes());
    }

    fn report(&self, to: &mut Vec<u8>, depth: &str, kind: &str, inside: &str) {
        let body = format!("<{kind} {NAMESPACES}>{inside}</{kind}>");
        let headers = format!("Depth: {depth}\r\nContent-Type: application/xml\r\n");
        self.send(to, ("REPORT", &self.href), &headers, &body);
    }

    /// Any object, by chance.
    fn any(&self, client: usize, n: u64) -> usize {
        chance(client * 1_000_003 + n as usize, self.events as i64) as usize
    }

    pub fn get(&self, to: &mut Vec<u8>, client: usize, n: u64) {
        let path = format!("{}{}", self.href, name(self.any(client, n)));
        self.send(to, ("GET", &path), "", "");
    }

    pub fn propfind(&self, to: &mut Vec<u8>) {
        let body = format!("<D:propfind {NAMESPACES}>{ASKED}</D:propfind>");
        self.send(to, ("PROPFIND", &self.href), "Depth: 1\r\nContent-Type: application/xml\r\n", &body);
    }

    /// Fifty objects.
    pub fn multiget(&self, to: &mut Vec<u8>, client: usize, n: u64) {
        let mut inside = ASKED_WITH_TEXT.to_owned();
        // Steps of a prime: none comes twice.
        let first = self.any(client, n);
        for k in 0..50 {
            let index = (first + k * 7919) % self.events;
            inside.push_str(&format!("<D:href>{}{}</D:href>", self.href, name(index)));
        }
        self.report(to, "1", "C:calendar-multiget", &inside);
    }

    /// A month of 2025, but for some seconds at its start, when nothing takes place: no two clients ask for the same.
    pub fn month(&self, to: &mut Vec<u8>, number: i64, late: i64) {
        self.month_of(to, 2025, number, late);
    }

    /// The same of another year.
    pub fn month_of(&self, to: &mut Vec<u8>, year: i16, number: i64, late: i64) {
        let (from, until) = month_of(year, number);
        let (from, until) = (from + late % 18_000, until);
        let inside = format!(
            "{ASKED_WITH_TEXT}<C:filter><C:comp-filter name=\"VCALENDAR\"><C:comp-filter name=\"VEVENT\">\
             <C:time-range start=\"{}\" end=\"{}\"/></C:comp-filter></C:comp-filter></C:filter>",
            from.to_ical(),
            until.to_ical()
        );
        self.report(to, "1", "C:calendar-query", &inside);
    }

    pub fn sync(&self, to: &mut Vec<u8>, token: &str) {
        let inside = format!("<D:sync-token>{token}</D:sync-token><D:sync-level>1</D:sync-level>{ASKED}");
        self.report(to, "0", "D:sync-collection", &inside);
    }

    /// A new object.
    pub fn put_new(&self, to: &mut Vec<u8>, client: usize, n: u64) {
        // Neither a name nor a UID that is there.
        let index = self.events + client + 16 * n as usize;
        let path = format!("{}new-{index}.ics", self.href);
        let text = event(index, self.events, 0);
        self.send(to, ("PUT", &path), "If-None-Match: *\r\nContent-Type: text/calendar\r\n", &text);
    }

    /// The next revision of an object that only this client of sixteen changes.
    pub fn put_update(&self, to: &mut Vec<u8>, client: usize, n: u64) {
        let mine = self.events / 16;
        let (index, revision) = (client + 16 * (n as usize % mine), n / mine as u64 + 1);
        let path = format!("{}{}", self.href, name(index));
        let text = event(index, self.events, revision);
        self.send(to, ("PUT", &path), "Content-Type: text/calendar\r\n", &text);
    }
}
