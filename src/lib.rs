//! Fasti, the calendar server for businesses that take bookings.
//!
//! The rooms, ground floor first; imports point down only (a test reads every `use crate::…`):
//!
//! | room | what it is for |
//! | --- | --- |
//! | [`time`] | instants, civil times, zones, intervals; pure |
//! | [`ical`] | iCalendar text to domain and back; pure |

pub mod ical;
pub mod time;
