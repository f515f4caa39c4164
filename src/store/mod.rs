//! Rows: what is kept, in SQLite or PostgreSQL. It knows no HTTP and no iCalendar.
//!
//! Everything happens in *units of work* ([`Store::read`], [`Store::write`]): closures that get a [`Conn`] and run
//! whole on a thread that owns it. Functions of this room take the connection and the [`TenantId`] first.

pub mod allocations;
pub mod app_passwords;
pub mod blocks;
pub mod bookings;
pub mod busy;
pub mod calendar_objects;
pub mod calendars;
pub mod collections;
mod connection;
pub mod dav_properties;
pub mod delegates;
mod dialect;
mod error;
pub mod feeds;
pub mod holds;
pub mod homes;
pub mod hours;
mod id;
mod mark;
pub mod members;
mod migrate;
mod near;
pub mod orders;
pub mod people;
mod queue;
pub mod resources;
#[rustfmt::skip]
mod schema;
pub mod services;
mod statement;
pub mod tenants;
mod tls;
pub mod tokens;
mod types;
mod work;

pub use connection::{Conn, PgConn};
pub(crate) use connection::{locking, on};
pub use error::{Error, WorkError};
pub use id::{Id, Ids, NotAnId};
pub use mark::Mark;
pub use migrate::{migrate, pending};
pub use tenants::database_now;
pub use types::{
    BlockKind, BookingKind, BookingStatus, CollectionKind, FeedKind, Local, OrderStatus, ProviderKind, ResourceKind,
    Role, Scope, Short, TenantId,
};
pub use work::{Options, Store};
