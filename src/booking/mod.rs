//! The business's use cases: people, resources, services, feeds, and bookings with their projection.
//!
//! Each is a function of a connection inside one unit of work, a [`Context`] and its input. It decides in the
//! transaction, writes whole or not at all, and says what is wrong with [`Error`].

pub mod additions;
pub mod allocate;
pub mod blocks;
pub mod book;
pub mod cast;
pub mod change;
mod error;
pub mod export;
pub mod feeds;
pub mod history;
pub mod holds;
pub mod hours;
pub mod import;
pub mod input;
pub mod model;
pub mod offer;
pub mod orders;
pub mod people;
pub mod project;
pub mod rederive;
mod refusal;
mod render;
pub mod resources;
mod retake;
mod revise;
mod saved;
pub mod scope;
pub mod series;
pub mod services;
pub mod span;
pub mod tenants;

pub use book::{adopt, book};
pub use change::{cancel, change, complete, no_show, reschedule};
pub use error::{Conflict, Error, Failing, Fault, Faults};
pub use revise::revise;
pub use saved::Saved;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use crate::auth::{BookingPurpose, MasterKey, Secret, booking_secret};
use crate::store::TenantId;
use crate::store::bookings::Booking;
use crate::time::{Instant, Zone};

/// For whom, when and by whom something is done.
#[derive(Debug, Clone)]
pub struct Context {
    /// The business.
    pub tenant: TenantId,
    /// The business's own zone: for local times that come without one.
    pub zone: Zone,
    /// The business's name.
    pub tenant_name: String,
    /// Where its customers write to.
    pub tenant_email: Option<String>,
    /// The current time.
    pub now: Instant,
    /// Who does it, as the history shows it, e.g. `token:website`.
    pub actor: String,
    /// How links to bookings are made.
    pub links: Links,
}

/// Makes the links that are written into calendars.
#[derive(Debug, Clone)]
pub struct Links {
    /// Where this installation is reached from outside, without a slash at the end.
    pub public_url: Arc<str>,
    /// What the tokens in links are derived from.
    pub key: MasterKey,
}

impl Links {
    /// The customer's page of a booking, for whoever is its customer.
    #[must_use]
    pub fn manage(&self, booking: &Booking) -> String {
        let token = self.of_booking(BookingPurpose::Manage, booking);
        format!("{}/manage/{}", self.public_url, token.reveal())
    }

    /// The configuration profile for Apple's devices, of a feed's token or of an app password.
    #[must_use]
    pub fn setup(&self, secret: &Secret) -> String {
        format!("{}/setup/{}.mobileconfig", self.public_url, secret.reveal())
    }

    fn of_booking(&self, purpose: BookingPurpose, booking: &Booking) -> Secret {
        booking_secret(&self.key, purpose, (booking.tenant_id, booking.booking_id), booking.customer_id)
    }

    /// The calendar file of a booking, for whoever is its customer.
    #[must_use]
    pub fn ics(&self, booking: &Booking) -> String {
        let token = self.of_booking(BookingPurpose::Calendar, booking);
        format!("{}/ics/{}.ics", self.public_url, token.reveal())
    }
}
