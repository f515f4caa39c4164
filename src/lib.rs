//! Fasti, the calendar server for businesses that take bookings.
//!
//! The rooms, ground floor first; imports point down only (`tests/layers.rs` reads every `use crate::…`):
//!
//! | room | what it is for |
//! | --- | --- |
//! | [`time`] | instants, civil times, zones, intervals; pure |
//! | [`net`] | addresses of clients and networks; pure |
//! | [`secret`] | values that must not be shown |
//! | [`recurrence`] | RRULE, RDATE, EXDATE and overrides → instances in a window; pure |
//! | [`availability`] | when can this be booked: hours, busy times, slots, days, why not; pure |
//! | [`ical`] | iCalendar text to domain and back; pure |
//! | [`store`] | rows in SQLite or PostgreSQL, units of work |
//! | [`auth`] | tokens, passwords, the master key |
//! | [`booking`] | the use cases, and the projection of a booking into its readers' calendars |
//! | [`calendar`] | use cases on collections and the objects in them, as one person sees them |
//! | [`dav`] | CalDAV |
//! | [`feed`] | calendars behind secret URLs |
//! | [`api`] | REST: one file per resource, problem details, OpenAPI |
//! | [`setup`] | configuration profiles for Apple's devices |
//! | [`web`] | pages for people |
//! | [`server`] | connections, every path on one page, the layer in front of them, log, metrics, health |
//! | [`config`] | flags, environment and file → the rooms' option structs |
//! | [`cli`] | one file per command |

pub mod api;
pub mod auth;
pub mod availability;
pub mod booking;
pub mod calendar;
pub mod cli;
pub mod config;
pub mod dav;
pub mod feed;
pub mod ical;
pub mod net;
pub mod recurrence;
pub mod secret;
pub mod server;
pub mod setup;
pub mod store;
pub mod time;
pub mod web;
