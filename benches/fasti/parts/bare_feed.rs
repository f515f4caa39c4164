//! The bare loop of a feed: one row that says what is shown, a thousand that are, and the bytes.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;

use super::hyper::{self, Taken};
use super::sql;
use crate::Failure;
use crate::cluster;

/// Which feed.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Shown {
    pub tenant: i64,
    pub token_hash: Vec<u8>,
    pub collection: [u8; 16],
    pub from: i64,
    pub until: i64,
    pub cancelled_since: i64,
}

/// The answer's parts that are from no object.
struct Frame {
    taken: Taken,
    front: usize,
    back: usize,
}

impl Frame {
    fn read(answer: &Path) -> Result<Self, Failure> {
        let taken = Taken::read(answer)?;
        let find = |needle: &[u8]| taken.body.windows(needle.len()).position(|part| part == needle);
        let front = find(b"BEGIN:VEVENT").ok_or("the feed has no events")?;
        let back = find(b"END:VCALENDAR").ok_or("the feed has no end")?;
        Ok(Self { taken, front, back })
    }

    fn begin(&self) -> Vec<u8> {
        let mut body = Vec::with_capacity(self.taken.body.len());
        body.extend_from_slice(&self.taken.body[..self.front]);
        body
    }

    fn end(&self, mut body: Vec<u8>) -> hyper::Answer {
        body.extend_from_slice(&self.taken.body[self.back..]);
        self.taken.with(Bytes::from(body))
    }
}

pub async fn serve(listener: TcpListener, url: &str, shown: Shown, answer: &Path) -> Result<(), Failure> {
    let frame = Arc::new(Frame::read(answer)?);
    let shown = Arc::new(shown);
    match url.strip_prefix("sqlite://") {
        Some(file) => {
            let conn = Arc::new(Mutex::new(super::sqlite::open(file)?));
            hyper::serve(listener, move |_| {
                let conn = conn.lock().unwrap_or_else(PoisonError::into_inner);
                std::future::ready(from_sqlite(&conn, &shown, &frame))
            })
            .await
        }
        None => {
            let client = cluster::connect(url).await?;
            let feed = client.prepare(sql::SUBSCRIPTION).await?;
            let window = client.prepare(sql::WINDOW).await?;
            let bare = Arc::new((client, feed, window));
            hyper::serve(listener, move |_| from_postgres(Arc::clone(&bare), Arc::clone(&shown), Arc::clone(&frame)))
                .await
        }
    }
}

fn from_sqlite(conn: &rusqlite::Connection, shown: &Shown, frame: &Frame) -> Result<hyper::Answer, Failure> {
    conn.execute_batch("BEGIN DEFERRED")?;
    let feed = rusqlite::params![shown.tenant, shown.token_hash];
    let change: i64 = conn.prepare_cached(sql::SUBSCRIPTION)?.query_row(feed, |row| row.get(11))?;
    let mut body = frame.begin();
    {
        let mut window = conn.prepare_cached(sql::WINDOW)?;
        let bounds = rusqlite::params![shown.tenant, shown.collection, shown.from, shown.until, shown.cancelled_since];
        let mut rows = window.query(bounds)?;
        while let Some(row) = rows.next()? {
            body.extend_from_slice(row.get_ref(3)?.as_bytes()?);
        }
    }
    conn.execute_batch("COMMIT")?;
    debug_assert!(change > 0, "a feed that changed is read");
    Ok(frame.end(body))
}

type Prepared = (tokio_postgres::Client, tokio_postgres::Statement, tokio_postgres::Statement);

async fn from_postgres(bare: Arc<Prepared>, shown: Arc<Shown>, frame: Arc<Frame>) -> Result<hyper::Answer, Failure> {
    let (client, feed, window) = &*bare;
    client.batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?;
    let found = client.query_one(feed, &[&shown.tenant, &shown.token_hash]).await?;
    debug_assert!(found.get::<_, i64>(11) > 0, "a feed that changed is read");
    let collection = &shown.collection[..];
    let rows =
        client.query(window, &[&shown.tenant, &collection, &shown.from, &shown.until, &shown.cancelled_since]).await?;
    let mut body = frame.begin();
    for row in &rows {
        body.extend_from_slice(row.get::<_, &str>(3).as_bytes());
    }
    client.batch_execute("COMMIT").await?;
    Ok(frame.end(body))
}
