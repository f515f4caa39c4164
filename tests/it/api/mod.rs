//! The REST API.

mod availability;
mod blocks;
mod bookings;
mod catalog;
mod day;
mod feeds;
mod holds;
mod hostile;
mod idempotency;
mod lists;
mod matrix;
mod openapi;
mod orders;
mod people;
mod preconditions;
mod series;
mod strict;
mod tokens;
mod working_hours;
