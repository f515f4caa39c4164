//! The REST API.

mod availability;
mod bookings;
mod catalog;
mod day;
mod feeds;
mod hostile;
mod idempotency;
mod lists;
mod matrix;
mod openapi;
mod people;
mod preconditions;
mod strict;
mod tokens;
