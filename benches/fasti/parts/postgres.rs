//! PostgreSQL without anything around it: as many connections as Fasti has, their statements prepared.

use std::sync::{Mutex, PoisonError};

use tokio::sync::Semaphore;
use tokio_postgres::{Client, Statement};
use uuid::Uuid;

use super::bare_booking::Booking;
use super::sql;
use crate::Failure;
use crate::cluster;

/// As in Fasti.
const CONNECTIONS: usize = 16;

/// Connections that take turns.
pub struct Pool {
    free: Mutex<Vec<Connection>>,
    turns: Semaphore,
}

struct Connection {
    client: Client,
    find_customer: Statement,
    add_customer: Statement,
    add_collection: Statement,
    add_allocation: Statement,
    add_booking: Statement,
    add_history: Statement,
    bump: Statement,
    add_object: Statement,
}

impl Pool {
    pub async fn connect(url: &str) -> Result<Self, Failure> {
        let mut free = Vec::with_capacity(CONNECTIONS);
        for _ in 0..CONNECTIONS {
            free.push(Connection::open(url).await?);
        }
        Ok(Self { free: Mutex::new(free), turns: Semaphore::new(CONNECTIONS) })
    }

    /// One transaction, durable when this returns.
    pub async fn write(&self, booking: &Booking) -> Result<(), Failure> {
        let _turn = self.turns.acquire().await?;
        let taken = self.free.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let connection = taken.ok_or("a turn without a connection")?;
        let mut written = connection.write(booking).await;
        let end = if written.is_ok() { "COMMIT" } else { "ROLLBACK" };
        let ended = connection.client.batch_execute(end).await;
        if written.is_ok() {
            written = ended.map_err(Failure::from);
        }
        self.free.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
        written
    }
}

impl Connection {
    async fn open(url: &str) -> Result<Self, Failure> {
        let client = cluster::connect(url).await?;
        client.batch_execute("SET synchronous_commit='on'; SET timezone='UTC'").await?;
        Ok(Self {
            find_customer: client.prepare(sql::FIND_CUSTOMER).await?,
            add_customer: client.prepare(sql::ADD_CUSTOMER).await?,
            add_collection: client.prepare(sql::ADD_COLLECTION).await?,
            add_allocation: client.prepare(sql::ADD_ALLOCATION).await?,
            add_booking: client.prepare(sql::ADD_BOOKING).await?,
            add_history: client.prepare(sql::ADD_HISTORY).await?,
            bump: client.prepare(sql::BUMP).await?,
            add_object: client.prepare(sql::ADD_OBJECT).await?,
            client,
        })
    }

    /// The rows in the order in which Fasti writes them: the counters, which others wait for, as late as can be.
    async fn write(&self, b: &Booking) -> Result<(), Failure> {
        let client = &self.client;
        client.batch_execute("BEGIN").await?;
        let tenant = b.sample.tenant;
        let id = bytes(&b.id);
        let customer = self.customer(b).await?;
        for provider in b.providers() {
            let row: [&(dyn tokio_postgres::types::ToSql + Sync); 6] =
                [&tenant, &id, &bytes(&provider), &b.start, &b.busy_until, &b.end];
            client.execute(&self.add_allocation, &row).await?;
        }
        client
            .execute(
                &self.add_booking,
                &[
                    &tenant,
                    &id,
                    &b.uid,
                    &bytes(&b.service),
                    &bytes(&b.staff),
                    &bytes(&b.resource),
                    &bytes(&customer),
                    &b.start_local,
                    &b.end_local,
                    &b.start,
                    &b.end,
                    &b.notes,
                    &b.now,
                ],
            )
            .await?;
        client.execute(&self.add_history, &[&tenant, &id, &b.now, &b.sample.changes]).await?;
        let mut changes = [0_i64; 4];
        let readers = b.readers(customer);
        for (change, (reader, _)) in changes.iter_mut().zip(&readers) {
            *change = client.query_one(&self.bump, &[&b.now, &tenant, &bytes(reader)]).await?.get(0);
        }
        for (change, (reader, component)) in changes.iter().zip(&readers) {
            let reader = bytes(reader);
            let row: [&(dyn tokio_postgres::types::ToSql + Sync); 9] =
                [&tenant, &reader, &id, &b.uid, &b.start, &b.end, &b.now, change, component];
            client.execute(&self.add_object, &row).await?;
        }
        Ok(())
    }

    async fn customer(&self, b: &Booking) -> Result<Uuid, Failure> {
        let (tenant, identity) = (b.sample.tenant, b.customer.identity());
        if let Some(row) = self.client.query_opt(&self.find_customer, &[&tenant, &identity]).await? {
            return Ok(Uuid::from_slice(row.get::<_, &[u8]>(0))?);
        }
        let id = Uuid::now_v7();
        let who = &b.customer;
        let person: [&(dyn tokio_postgres::types::ToSql + Sync); 7] =
            [&tenant, &bytes(&id), &who.name, &who.email, &who.phone, &identity, &b.now];
        self.client.execute(&self.add_customer, &person).await?;
        self.client.execute(&self.add_collection, &[&tenant, &bytes(&id), &b.now]).await?;
        Ok(id)
    }
}

fn bytes(id: &Uuid) -> &[u8] {
    id.as_bytes()
}
