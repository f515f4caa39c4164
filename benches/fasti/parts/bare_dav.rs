//! The bare loop of a calendar: the same rows by one raw statement, the same bytes written.

use std::cell::RefCell;
use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use http_body_util::BodyExt;
use rusqlite::{Connection, params};
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;

use super::hyper::{self, Taken};
use crate::Failure;

/// What is asked of a calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Asked {
    /// GET of an object.
    Object,
    /// The tags of all.
    Tags,
    /// Those of some addresses, with their texts.
    Addresses,
    /// Those of a month, with their texts.
    Month,
    /// The tags of those that changed.
    Changes,
}

/// Which calendar.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Bare {
    pub file: String,
    pub asked: Asked,
    pub tenant: i64,
    pub collection: [u8; 16],
    pub href: String,
    /// Fasti's answer: the headers, and what of the body is not from rows.
    pub answer: PathBuf,
    /// The objects of each month of 2025: what a series has in it is not in its row.
    pub months: Vec<HashSet<String>>,
}

const OBJECT: &str = "SELECT body, etag FROM calendar_objects
    WHERE tenant_id = ? AND collection_id = ? AND name = ? AND NOT deleted";
const TAGS: &str = "SELECT name, etag FROM calendar_objects
    WHERE tenant_id = ? AND collection_id = ? AND NOT deleted ORDER BY name";
const MONTH: &str = "SELECT name, etag, body FROM calendar_objects
    WHERE tenant_id = ? AND collection_id = ? AND span = ? AND last_end > ? AND last_end <= ? AND first_start < ?
      AND NOT deleted ORDER BY last_end, name";
/// The longest that each span lasts, but for the last.
const SPANS: [i64; 4] = [86_400, 32 * 86_400, 400 * 86_400, i64::MAX];
const CHANGES: &str = "SELECT name, etag FROM calendar_objects
    WHERE tenant_id = ? AND collection_id = ? AND change > ? ORDER BY change";

struct Loop {
    bare: Bare,
    taken: Taken,
    front: usize,
    back: usize,
}

thread_local! {
    /// As many connections as threads: readers do not wait for each other.
    static CONNECTION: RefCell<Option<Connection>> = const { RefCell::new(None) };
}

pub async fn serve(listener: TcpListener, bare: Bare) -> Result<(), Failure> {
    let all = Arc::new(Loop::read(bare)?);
    hyper::serve(listener, move |request| {
        let all = Arc::clone(&all);
        async move {
            let path = request.uri().path().to_owned();
            let body = request.into_body().collect().await?.to_bytes();
            CONNECTION.with_borrow_mut(|open| {
                let conn = match open {
                    Some(conn) => conn,
                    none => none.insert(super::sqlite::open(&all.bare.file)?),
                };
                let body = all.answer(conn, &path, std::str::from_utf8(&body)?)?;
                Ok(all.taken.with(Bytes::from(body)))
            })
        }
    })
    .await
}

impl Loop {
    fn read(bare: Bare) -> Result<Self, Failure> {
        let taken = Taken::read(Path::new(&bare.answer))?;
        let body = std::str::from_utf8(&taken.body)?;
        let member = format!("<D:response><D:href>{}e", bare.href);
        let (front, back) = match body.find(&member) {
            Some(front) => (front, body.rfind("</D:response>").ok_or("no response")? + "</D:response>".len()),
            None => (0, 0),
        };
        Ok(Self { front, back, bare, taken })
    }

    fn answer(&self, conn: &Connection, path: &str, request: &str) -> Result<Vec<u8>, Failure> {
        let (tenant, collection) = (self.bare.tenant, &self.bare.collection[..]);
        let mut body = Vec::with_capacity(self.taken.body.len() * 5 / 4);
        body.extend_from_slice(&self.taken.body[..self.front]);
        match self.bare.asked {
            Asked::Object => {
                let name = path.rsplit('/').next().unwrap_or_default();
                conn.prepare_cached(OBJECT)?.query_row(params![tenant, collection, name], |row| {
                    body.extend_from_slice(row.get_ref(0)?.as_bytes()?);
                    Ok(())
                })?;
                return Ok(body);
            }
            Asked::Tags => self.rows(conn, TAGS, params![tenant, collection], &mut body)?,
            Asked::Changes => {
                let token = request.split("</D:sync-token>").next().and_then(|head| head.rsplit(':').next());
                let change = i64::from_str_radix(token.unwrap_or_default(), 16)?;
                self.rows(conn, CHANGES, params![tenant, collection, change], &mut body)?;
            }
            Asked::Addresses => {
                for name in request.split("<D:href>").skip(1) {
                    let name = name.split('<').next().and_then(|href| href.rsplit('/').next()).unwrap_or_default();
                    conn.prepare_cached(OBJECT)?.query_row(params![tenant, collection, name], |row| {
                        let (text, tag) = (row.get_ref(0)?.as_str()?, row.get_ref(1)?.as_str()?);
                        self.member(&mut body, name, tag, Some(text));
                        Ok(())
                    })?;
                }
            }
            Asked::Month => self.month(conn, request, &mut body)?,
        }
        body.extend_from_slice(&self.taken.body[self.back..]);
        Ok(body)
    }

    fn rows(
        &self,
        conn: &Connection,
        sql: &str,
        values: &[&dyn rusqlite::ToSql],
        body: &mut Vec<u8>,
    ) -> Result<(), Failure> {
        let mut statement = conn.prepare_cached(sql)?;
        let mut rows = statement.query(values)?;
        while let Some(row) = rows.next()? {
            self.member(body, row.get_ref(0)?.as_str()?, row.get_ref(1)?.as_str()?, None);
        }
        Ok(())
    }

    fn month(&self, conn: &Connection, request: &str, body: &mut Vec<u8>) -> Result<(), Failure> {
        let range = request.split("time-range start=\"").nth(1).ok_or("no time-range")?;
        let month: usize = range[4..6].parse()?;
        let within = self.bare.months.get(month - 1).ok_or("no such month")?;
        let (from, until) = super::super::dav::calendar::month(month as i64 - 1);
        let mut statement = conn.prepare_cached(MONTH)?;
        let (tenant, collection, from, until) =
            (self.bare.tenant, &self.bare.collection[..], from.unix(), until.unix());
        for (span, longest) in (0..).zip(SPANS) {
            let latest = until.saturating_add(longest);
            let mut rows = statement.query(params![tenant, collection, span, from, latest, until])?;
            while let Some(row) = rows.next()? {
                let (name, tag) = (row.get_ref(0)?.as_str()?, row.get_ref(1)?.as_str()?);
                if within.contains(name) {
                    self.member(body, name, tag, Some(row.get_ref(2)?.as_str()?));
                }
            }
        }
        Ok(())
    }

    fn member(&self, body: &mut Vec<u8>, name: &str, tag: &str, text: Option<&str>) {
        let mut push = |text: &str| body.extend_from_slice(text.as_bytes());
        push("<D:response><D:href>");
        push(&self.bare.href);
        push(name);
        push("</D:href><D:propstat><D:prop><D:getetag>&quot;");
        push(tag);
        push("&quot;</D:getetag>");
        if let Some(text) = text {
            push("<C:calendar-data>");
            // These texts have neither `>` nor `"`.
            let mut from = 0;
            for at in memchr::memchr3_iter(b'\r', b'<', b'&', text.as_bytes()) {
                push(&text[from..at]);
                push(match text.as_bytes()[at] {
                    b'\r' => "&#13;",
                    b'<' => "&lt;",
                    _ => "&amp;",
                });
                from = at + 1;
            }
            push(&text[from..]);
            push("</C:calendar-data>");
        }
        push("</D:prop><D:status>HTTP/1.1 200 OK</D:status></D:propstat></D:response>");
    }
}
