//! Passwords of people: argon2id (RFC 9106), at least 19 MiB and two passes.

use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version};
use zeroize::Zeroizing;

/// A password on its way to be hashed or checked. It prints as dots.
pub struct Password(Zeroizing<String>);

/// Longer than a password may be: 1,024 bytes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a password has at most 1024 bytes")]
pub struct TooLong;

impl Password {
    /// Takes a password of at most 1,024 bytes.
    ///
    /// # Errors
    /// [`TooLong`].
    pub fn new(text: String) -> Result<Self, TooLong> {
        let text = Zeroizing::new(text);
        if text.len() > 1024 { Err(TooLong) } else { Ok(Self(text)) }
    }
}

impl std::fmt::Debug for Password {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Password(…)")
    }
}

fn hasher() -> Argon2<'static> {
    Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::new(19 * 1024, 2, 1, None).unwrap_or_default())
}

/// The PHC string to keep. Takes some 20 ms of one core: not on an async thread.
///
/// # Errors
/// When the machine has no randomness or memory for it.
pub fn hash_password(password: &Password) -> Result<String, argon2::password_hash::Error> {
    Ok(hasher().hash_password(password.0.as_bytes())?.to_string())
}

/// Whether the password is the one that was hashed. Without a hash the same work is done, so that an unknown user
/// takes as long as a known one.
#[must_use]
pub fn verify_password(password: &Password, hash: Option<&str>) -> bool {
    /// The hash of no password that anybody has.
    const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5bm9ib2R5$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    let Ok(parsed) = PasswordHash::new(hash.unwrap_or(NOBODY)) else { return false };
    hasher().verify_password(password.0.as_bytes(), &parsed).is_ok() && hash.is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_password_that_was_hashed() {
        let password = |text: &str| Password::new(text.to_owned()).unwrap();
        let hash = hash_password(&password("correct horse")).unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        assert!(verify_password(&password("correct horse"), Some(&hash)));
        assert!(!verify_password(&password("battery staple"), Some(&hash)));
        assert!(!verify_password(&password("correct horse"), None));
        assert!(Password::new("x".repeat(1025)).is_err());
    }
}
