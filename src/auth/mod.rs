//! Who may: secrets, the tokens derived from them, passwords.
//!
//! No token is kept. What the database holds is a hash; what must be shown again is derived anew from the
//! [`MasterKey`], which is never in the database.

mod app_password;
mod key;
mod login;
mod password;
mod token;

pub use app_password::{AppKey, AppSecret};
pub use key::{BadKey, MasterKey};
pub use login::{Login, LoginError, Logins};
pub use password::{Password, TooLong, hash_password, verify_password};
pub use token::{ApiSecret, BookingPurpose, BookingToken, FeedSecret, Secret, booking_secret, tenant_of};
