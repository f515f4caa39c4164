//! Fasti, the calendar server for businesses that take bookings.
//!
//! The rooms, ground floor first; imports point down only (a test reads every `use crate::…`):
//!
//! | room | what it is for |
//! | --- | --- |
//! | [`time`] | instants, civil times, zones, intervals; pure |
//! | [`ical`] | iCalendar text to domain and back; pure |
//! | [`store`] | rows in SQLite or PostgreSQL, units of work |
//! | [`auth`] | tokens, passwords, the master key |
//! | [`booking`] | the use cases, and the projection of a booking into its readers' calendars |
//! | [`feed`] | calendars behind secret URLs |

pub mod auth;
pub mod booking;
pub mod feed;
pub mod ical;
pub mod store;
pub mod time;
