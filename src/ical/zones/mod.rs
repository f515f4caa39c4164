//! What a TZID means (RFC 5545 §3.2.19).
//!
//! An IANA name wins over the VTIMEZONE beside it: about a third of the embedded definitions contradict the zone that they
//! name (rules of the United States before 2007, lists that end). Only a name that says nothing makes the definition count.

mod calendar;
mod custom;
mod name;

pub use calendar::of_calendar;
pub(super) use custom::{CustomZone, Observance};
pub use name::zone_by_name;
