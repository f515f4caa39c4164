//! The one place that reads the wall clock.

use super::Instant;

/// The current instant, to the second.
#[must_use]
pub fn now() -> Instant {
    Instant::from_unix(jiff::Timestamp::now().as_second())
}
