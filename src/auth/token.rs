//! Tokens: what they are made of, how they are hashed, how they name their business.
//!
//! Every token is `base64url(tenant, 8 bytes ‖ secret)`, so that a business's rows are found without a search over
//! all businesses. API tokens carry the prefix `fasti_`, by which leaked ones are recognised.

use data_encoding::BASE64URL_NOPAD;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::MasterKey;
use crate::store::{Id, TenantId};

/// The text of a secret token. It has no `Display` and prints as dots; [`Secret::reveal`] is the one way out.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    pub(super) const fn new(text: Zeroizing<String>) -> Self {
        Self(text)
    }

    /// The text itself, to hand to its owner.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(…)")
    }
}

const API_PREFIX: &str = "fasti_";
const SECRET_BYTES: usize = 32;
const MAC_BYTES: usize = 20;
/// SHA-256 hashes up to 55 bytes in one block, and a feed's token has 54.
const ONE_BLOCK: usize = 54;

/// A token for the API: 256 random bits.
pub struct ApiSecret;

impl ApiSecret {
    /// A new token of a business, and the hash to keep.
    #[must_use]
    pub fn generate(tenant: TenantId) -> (Secret, Vec<u8>) {
        let secret: Zeroizing<[u8; SECRET_BYTES]> = Zeroizing::new(rand::random());
        let text = Zeroizing::new(format!("{API_PREFIX}{}", encode(tenant, &secret[..]).as_str()));
        let hash = hash(&text);
        (Secret(text), hash)
    }

    /// The business a token names and the hash to look it up by, or `None` for what cannot be a token.
    #[must_use]
    pub fn parse(text: &str) -> Option<(TenantId, Vec<u8>)> {
        let tenant = decode::<SECRET_BYTES>(text.strip_prefix(API_PREFIX)?)?.0;
        Some((tenant, hash(text)))
    }
}

/// A feed's token: 256 bits derived from the master key, so that a repeated request gets the same URL although only
/// a hash is kept.
pub struct FeedSecret;

impl FeedSecret {
    /// The token of a feed's `generation`, and the hash to keep.
    #[must_use]
    pub fn derive(key: &MasterKey, tenant: TenantId, feed: Id, generation: i32) -> (Secret, Vec<u8>) {
        let parts: [&[u8]; 3] = [&tenant.to_bytes(), feed.as_bytes(), &generation.to_be_bytes()];
        let text = encode(tenant, &key.derive(b"feed token", &parts));
        let hash = hash(&text);
        (Secret(text), hash)
    }

    /// The business a token names and the hash to look it up by, or `None` for what cannot be a token.
    #[must_use]
    pub fn parse(text: &str) -> Option<(TenantId, [u8; 32])> {
        let tenant = decode::<SECRET_BYTES>(text)?.0;
        Some((tenant, Sha256::digest(text.as_bytes()).into()))
    }

    /// What a link's text is looked up by. What cannot be a token is looked up all the same, in vain: whether a token is
    /// malformed or unknown shows neither in the answer nor in its time, nor does its length.
    #[must_use]
    pub fn of_link(text: &str) -> (TenantId, [u8; 32]) {
        let beginning = || &text.as_bytes()[..text.len().min(ONE_BLOCK)];
        Self::parse(text).unwrap_or_else(|| (TenantId::INSTALLATION, Sha256::digest(beginning()).into()))
    }
}

/// What a booking's token opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BookingPurpose {
    /// The calendar file, `/ics/{token}.ics`.
    Calendar,
    /// The customer's page, `/manage/{token}`.
    Manage,
}

impl BookingPurpose {
    const fn label(self) -> &'static [u8] {
        match self {
            Self::Calendar => b"booking calendar",
            Self::Manage => b"booking manage",
        }
    }
}

/// The token of one booking for one purpose, as long as it is this customer's: its id and 160 bits that only the master
/// key gives.
#[must_use]
pub fn booking_secret(
    key: &MasterKey,
    purpose: BookingPurpose,
    (tenant, booking): (TenantId, Id),
    customer: Option<Id>,
) -> Secret {
    let mut bytes = [0; 16 + MAC_BYTES];
    bytes[..16].copy_from_slice(booking.as_bytes());
    bytes[16..].copy_from_slice(&booking_mac(key, purpose, (tenant, booking), customer));
    Secret(encode(tenant, &bytes))
}

/// What a booking's token names, genuine or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BookingToken {
    /// The business.
    pub tenant: TenantId,
    /// The booking.
    pub booking: Id,
    mac: [u8; MAC_BYTES],
}

impl BookingToken {
    /// Reads a token; `None` for what cannot be one.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let (tenant, bytes) = decode::<{ 16 + MAC_BYTES }>(text)?;
        let (booking, mac) = bytes.split_at(16);
        Some(Self { tenant, booking: Id::from_bytes(booking.try_into().ok()?), mac: mac.try_into().ok()? })
    }

    /// Whether it was given for this purpose to whoever is the booking's customer. Whoever was before has another.
    #[must_use]
    pub fn opens(&self, key: &MasterKey, purpose: BookingPurpose, customer: Option<Id>) -> bool {
        booking_mac(key, purpose, (self.tenant, self.booking), customer).ct_eq(&self.mac).into()
    }
}

fn booking_mac(
    key: &MasterKey,
    purpose: BookingPurpose,
    (tenant, booking): (TenantId, Id),
    customer: Option<Id>,
) -> [u8; MAC_BYTES] {
    let customer = customer.as_ref().map_or(&[][..], |id| id.as_bytes());
    let full = key.derive(purpose.label(), &[&tenant.to_bytes(), booking.as_bytes(), customer]);
    let mut mac = [0; MAC_BYTES];
    mac.copy_from_slice(&full[..MAC_BYTES]);
    mac
}

/// The business that a feed's token names, genuine or not.
#[must_use]
pub fn tenant_of(feed_token: &str) -> Option<TenantId> {
    decode::<SECRET_BYTES>(feed_token).map(|(tenant, _)| tenant)
}

fn encode(tenant: TenantId, secret: &[u8]) -> Zeroizing<String> {
    let mut bytes = Zeroizing::new(tenant.to_bytes().to_vec());
    bytes.extend_from_slice(secret);
    Zeroizing::new(BASE64URL_NOPAD.encode(&bytes))
}

fn decode<const N: usize>(text: &str) -> Option<(TenantId, [u8; N])> {
    if text.len() != BASE64URL_NOPAD.encode_len(8 + N) {
        return None;
    }
    let bytes = BASE64URL_NOPAD.decode(text.as_bytes()).ok()?;
    let (tenant, secret) = bytes.split_at(8);
    Some((TenantId::from_bytes(tenant.try_into().ok()?), secret.try_into().ok()?))
}

fn hash(text: &str) -> Vec<u8> {
    Sha256::digest(text.as_bytes()).to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_feed_token_is_the_same_again_and_another_after_rotation() {
        let key = MasterKey::generate();
        let (tenant, feed) = (TenantId::of_slug("salon"), Id::new());
        let (token, hash) = FeedSecret::derive(&key, tenant, feed, 1);
        assert_eq!(token.reveal(), FeedSecret::derive(&key, tenant, feed, 1).0.reveal());
        assert_ne!(token.reveal(), FeedSecret::derive(&key, tenant, feed, 2).0.reveal());
        assert_ne!(token.reveal(), FeedSecret::derive(&MasterKey::generate(), tenant, feed, 1).0.reveal());
        let (of, looked_up) = FeedSecret::parse(token.reveal()).unwrap();
        assert_eq!((of, looked_up.to_vec()), (tenant, hash));
    }

    #[test]
    fn a_booking_token_opens_one_booking_for_one_purpose() {
        let key = MasterKey::generate();
        let (tenant, booking) = (TenantId::of_slug("salon"), Id::new());
        let (ann, ben) = (Some(Id::new()), Some(Id::new()));
        let secret = |booking, customer| booking_secret(&key, BookingPurpose::Calendar, (tenant, booking), customer);
        let token = secret(booking, ann);
        let read = BookingToken::read(token.reveal()).unwrap();
        assert_eq!((read.tenant, read.booking), (tenant, booking));
        assert!(read.opens(&key, BookingPurpose::Calendar, ann));
        assert!(!read.opens(&key, BookingPurpose::Manage, ann));
        assert!(!read.opens(&key, BookingPurpose::Calendar, ben) && !read.opens(&key, BookingPurpose::Calendar, None));
        assert!(!read.opens(&MasterKey::generate(), BookingPurpose::Calendar, ann));
        let glued = format!("{}{}", &token.reveal()[..32], &secret(Id::new(), ann).reveal()[32..]);
        assert!(!BookingToken::read(&glued).unwrap().opens(&key, BookingPurpose::Calendar, ann));
    }

    #[test]
    fn what_is_no_token_is_refused_without_a_look_up() {
        for text in ["", "a", "fasti_", "fasti_AAAA", "../..", &"A".repeat(54), &"\u{ff10}".repeat(54), "%25"] {
            assert!(FeedSecret::parse(text).is_none() || text.len() == 54, "{text}");
            assert!(ApiSecret::parse(text).is_none(), "{text}");
        }
        let (token, hash) = ApiSecret::generate(TenantId::of_slug("salon"));
        assert_eq!(ApiSecret::parse(token.reveal()).unwrap().1, hash);
        assert!(!format!("{token:?}").contains(token.reveal()));
    }
}
