//! CALDAV:free-busy-query: which time an object takes (RFC 4791 §7.10, RFC 7953 §5).

use super::Object;
pub use crate::ical::calendar::FbType;
use crate::recurrence::Exhausted;
use crate::time::{Interval, Zone};

/// The time that `object` takes of `window`, cut to it, in no order; [`FbType::Free`] is never given. Floating times and
/// dates are those of `floating`. `owner` is the e-mail address of the person whose time is asked about: an invitation
/// that they declined takes none of it, one they have not accepted is tentative.
///
/// A VAVAILABILITY gives what its AVAILABLEs leave of it; of several, ask [`unavailable`].
///
/// # Errors
/// [`Exhausted`] when a series has too many instances in the window.
pub fn free_busy(
    object: &Object,
    window: Interval,
    floating: &Zone,
    owner: Option<&str>,
) -> Result<Vec<(Interval, FbType)>, Exhausted> {
    let (_, _, _, _) = (object, window, floating, owner);
    Ok(Vec::new())
}

/// The time of `window` that VAVAILABILITYs together leave unavailable, each instant with one type: those of higher
/// PRIORITY hold where they are, and of equal ones the stronger type (RFC 7953 §4 and §5).
///
/// # Errors
/// [`Exhausted`] when a series has too many instances in the window.
pub fn unavailable(
    objects: &[&Object],
    window: Interval,
    floating: &Zone,
) -> Result<Vec<(Interval, FbType)>, Exhausted> {
    let (_, _, _) = (objects, window, floating);
    Ok(Vec::new())
}
