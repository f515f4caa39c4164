//! The business's use cases: people, resources, services, feeds, and bookings with their projection.
//!
//! Each is a function of a connection inside one unit of work, a [`Context`] and its input. It decides in the
//! transaction, writes whole or not at all, and says what is wrong with [`Error`].

mod error;
pub mod input;
pub mod model;
pub mod people;

pub use error::{Conflict, Error, Fault, Faults};

use crate::store::TenantId;
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
    /// The current time.
    pub now: Instant,
    /// Who does it, as the history shows it, e.g. `token:website`.
    pub actor: String,
}
