//! CalDAV: `make bench-dav`.

pub mod calendar;
mod ceiling;
mod kept;
mod reads;
mod requests;
mod writes;

pub use kept::{listing_again, sync_again};
pub use reads::{against_bare, sizes};
pub use writes::{memory, new, update};
