//! Recurrence: vectors, brute force, independent implementations, hostile rules, and what a window owes.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod brute;
mod corpus;
mod hostile;
mod others;
mod random;
mod series;
mod spec;
