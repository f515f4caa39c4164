//! The REST API.

mod blocks;
mod bookings;
mod catalog;
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
mod working_hours;
