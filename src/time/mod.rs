//! Instants, civil times, zones and intervals. Pure: the only clock is [`clock::now`].
//!
//! Civil time plus zone is the truth of a booking; an [`Instant`] is derived from it by [`Zone::resolve`].

pub mod clock;
mod http;
mod instant;
mod interval;
mod parse;
mod zone;

pub use http::{http_date, parse_http_date};
pub use instant::{Instant, Texts};
pub use interval::{Interval, merge};
pub use jiff::civil::{Date, DateTime as Civil, Time};
pub use parse::{ParseError, TimeInput, parse_civil, parse_date, parse_time};
pub use zone::{Resolved, UnknownZone, Zone, tzdata_version};
