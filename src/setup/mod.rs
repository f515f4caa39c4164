//! Apple configuration profiles behind secret links: one tap and a device has the calendar (F9).
//!
//! A feed's token gives a profile with the subscription, an app password one with the CalDAV account. Nothing is kept for
//! them: a link works as long as the token or the password in it.
//!
//! | file | what it does |
//! | --- | --- |
//! | `open` | from what a link holds to what the profile says |
//! | `profile` | the profile as a property list |
//! | `sign` | its signature (CMS), where the operator has a certificate for it |
//! | `respond` | statuses and headers |

mod open;
mod profile;
mod respond;
mod sign;

use std::sync::Arc;

use axum::Router;
use axum::routing::get;

pub use sign::{BadSigner, Pem, Signer};

use crate::auth::{LoginError, Logins};
use crate::booking::Links;
use crate::store::Store;
use crate::time::Instant;

/// What profiles are made with.
#[derive(Clone)]
pub struct SetupState {
    /// The database.
    pub store: Store,
    /// How links are made and read.
    pub links: Links,
    /// What counts those who guess; the one that CalDAV has.
    pub logins: Arc<Logins>,
    /// What profiles are signed with, if with anything.
    pub signer: Option<Arc<Signer>>,
    /// The current time.
    pub clock: fn() -> Instant,
}

/// Why a profile could not be answered.
#[derive(Debug, thiserror::Error)]
enum Error {
    #[error(transparent)]
    Login(#[from] LoginError),
    #[error("the public URL names no host")]
    PublicUrl,
    #[error("the profile could not be written: {0}")]
    Render(#[from] askama::Error),
    #[error("the profile could not be signed: {0}")]
    Sign(#[from] sign::Failed),
}

/// `/setup/{token}.mobileconfig`.
pub fn routes(state: SetupState) -> Router {
    Router::new().route("/setup/{file}", get(respond::profile)).with_state(state)
}
