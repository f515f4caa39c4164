//! The store's own share of a question about free time: the rows that decide, read as Fasti reads them, and no answer
//! made of them.

use std::time::Instant as Tick;

use bytes::Bytes;
use fasti::store::{self, Conn, Id, Options, Store, TenantId, allocations, blocks, hours, people, services};
use fasti::time::{Instant, Interval};
use http_body_util::Full;
use hyper::Response;
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;

use super::hyper as bare;
use crate::Failure;

/// What is asked about.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Window {
    pub tenant: [u8; 8],
    pub service: [u8; 16],
    pub staff: [u8; 16],
    pub from: i64,
    pub until: i64,
}

/// Answers every request with the nanoseconds that the read took on the thread that made it.
pub async fn serve(listener: TcpListener, url: &str, window: Window) -> Result<(), Failure> {
    let store = Store::connect(url, &Options::for_url(url))?;
    bare::serve(listener, move |_| {
        let store = store.clone();
        async move {
            let took = store.read(move |conn| read(conn, window)).await?;
            Ok(Response::new(Full::new(Bytes::from(took.to_string()))))
        }
    })
    .await
}

fn read(conn: &mut Conn, window: Window) -> Result<u128, store::Error> {
    let begun = Tick::now();
    let (tenant, staff) = (TenantId::from_bytes(window.tenant), Id::from_bytes(window.staff));
    let service = Id::from_bytes(window.service);
    let within = Interval { start: Instant::from_unix(window.from), end: Instant::from_unix(window.until) };
    let rows = conn.snapshot(|conn| {
        let service = services::find(conn, tenant, service)?;
        let providers = service.map(|service| services::providers(conn, tenant, service.service_id)).transpose()?;
        let person = people::find(conn, tenant, staff)?;
        let hours = hours::find_all(conn, tenant, &[staff, Id::TEAM])?;
        let blocks = blocks::within(conn, tenant, &[staff, Id::TEAM], within)?;
        let taken = allocations::within(conn, tenant, staff, within)?;
        Ok::<_, store::Error>((providers, person, hours, blocks, taken))
    })?;
    std::hint::black_box(&rows);
    Ok(begun.elapsed().as_nanos())
}
