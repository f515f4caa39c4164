use data_encoding::{Encoding, Specification};
use std::sync::LazyLock;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::{MasterKey, Secret};
use crate::store::app_passwords::{self, AppPassword};
use crate::store::people::{self, Person};
use crate::store::{self, Conn, Id, TenantId};

/// Random octets of a password: 136 bits.
const SECRET_BYTES: usize = 17;
/// Letters of a password.
const LETTERS: usize = 40;

/// Letters and digits that nobody takes for one another.
static ALPHABET: LazyLock<Encoding> = LazyLock::new(|| {
    let mut specification = Specification::new();
    specification.symbols.push_str("abcdefghijkmnpqrstuvwxyz23456789");
    specification.translate.from.push_str("ABCDEFGHIJKMNPQRSTUVWXYZ");
    specification.translate.to.push_str("abcdefghijkmnpqrstuvwxyz");
    specification.ignore.push_str("- ");
    #[expect(clippy::expect_used, reason = "the specification is a constant")]
    specification.encoding().expect("32 symbols")
});

/// A password for one client (D9): the business's id and 136 random bits, in ten groups of four letters.
///
/// It is looked up by an id that is derived from it and compared as a keyed hash, so that a login costs microseconds and
/// who has only the database can neither use nor test one.
pub struct AppSecret;

/// What an app password that a client sent is looked up by and compared with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppKey {
    /// The business it names.
    pub tenant: TenantId,
    /// Its row.
    pub id: Id,
    /// What the row must hold.
    pub hash: [u8; 32],
}

impl AppSecret {
    /// A new password, to be shown once, and what to keep of it.
    #[must_use]
    pub fn generate(key: &MasterKey, tenant: TenantId) -> (Secret, AppKey) {
        let secret: Zeroizing<[u8; SECRET_BYTES]> = Zeroizing::new(rand::random());
        let mut bytes = Zeroizing::new(tenant.to_bytes().to_vec());
        bytes.extend_from_slice(&secret[..]);
        let letters = Zeroizing::new(ALPHABET.encode(&bytes));
        let mut text = Zeroizing::new(String::with_capacity(LETTERS + LETTERS / 4));
        for (at, letter) in letters.chars().enumerate() {
            if at > 0 && at % 4 == 0 {
                text.push('-');
            }
            text.push(letter);
        }
        (Secret::new(text), app_key(key, tenant, &bytes))
    }

    /// What a text is looked up by, or `None` for what cannot be an app password. Hyphens, blanks and case do not count.
    #[must_use]
    pub fn parse(key: &MasterKey, text: &str) -> Option<AppKey> {
        if !(LETTERS..=LETTERS * 2).contains(&text.len()) {
            return None;
        }
        let bytes = Zeroizing::new(ALPHABET.decode(text.as_bytes()).ok()?);
        let (tenant, secret) = bytes.split_at_checked(8)?;
        let tenant = TenantId::from_bytes(tenant.try_into().ok()?);
        (secret.len() == SECRET_BYTES).then(|| app_key(key, tenant, &bytes))
    }
}

impl AppKey {
    /// What `text` is looked up by in a link. What cannot be an app password is looked up all the same, in vain, so that
    /// its form does not show in the time that takes.
    #[must_use]
    pub fn of_link(key: &MasterKey, text: &str) -> Self {
        let beginning = || &text.as_bytes()[..text.len().min(2 * LETTERS)];
        AppSecret::parse(key, text).unwrap_or_else(|| app_key(key, TenantId::INSTALLATION, beginning()))
    }

    /// The row it opens and whose it is: not revoked, of somebody who is there and has a login name.
    ///
    /// # Errors
    /// The store's.
    pub fn open(&self, conn: &mut Conn) -> Result<Option<(AppPassword, Person)>, store::Error> {
        let Some(row) = app_passwords::find(conn, self.tenant, self.id)? else { return Ok(None) };
        if row.revoked_at.is_some() || !bool::from(row.secret_hash.ct_eq(&self.hash)) {
            return Ok(None);
        }
        let person = people::find(conn, self.tenant, row.person_id)?;
        Ok(person.filter(|p| p.deleted_at.is_none() && p.username.is_some()).map(|person| (row, person)))
    }
}

fn app_key(key: &MasterKey, tenant: TenantId, bytes: &[u8]) -> AppKey {
    AppKey { tenant, id: Id::derived(&[b"app password", bytes]), hash: key.derive(b"app password", &[bytes]) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_read_as_it_is_typed() {
        let key = MasterKey::generate();
        let tenant = TenantId::of_slug("salon");
        let (secret, made) = AppSecret::generate(&key, tenant);
        let text = secret.reveal();
        assert_eq!((text.len(), made.tenant), (49, tenant));
        for typed in [text.to_owned(), text.replace('-', ""), text.to_uppercase(), text.replace('-', " ")] {
            assert_eq!(AppSecret::parse(&key, &typed), Some(made.clone()), "{typed}");
        }
        let other = AppSecret::parse(&MasterKey::generate(), text).unwrap();
        assert_ne!(other.hash, made.hash);
        for bad in [
            "",
            "aaaa",
            &text[1..],
            &format!("{text}a"),
            &text.replace('-', "0"),
            "correct horse battery staple no password",
        ] {
            assert_eq!(AppSecret::parse(&key, bad), None, "{bad}");
        }
    }
}
