//! A profile's signature: CMS SignedData with the profile inside (RFC 5652 §5), which Apple's devices show as "Verified"
//! when they trust the certificate.

use std::sync::Arc;
use std::time::Duration;

use cms::cert::{CertificateChoices, IssuerAndSerialNumber};
use cms::content_info::{CmsVersion, ContentInfo};
use cms::signed_data::{
    CertificateSet, EncapsulatedContentInfo, SignedData, SignerIdentifier, SignerInfo, SignerInfos,
};
use der::asn1::{Any, GeneralizedTime, Null, ObjectIdentifier, OctetString, SetOfVec, UtcTime};
use der::{Decode, Encode, Tag};
use rustls::SignatureScheme;
use rustls::crypto::ring::sign::any_supported_type;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::SigningKey;
use sha2::{Digest, Sha256};
use x509_cert::Certificate;
use x509_cert::attr::{Attribute, Attributes};
use x509_cert::spki::AlgorithmIdentifierOwned;
use x509_cert::time::Time;

use crate::time::Instant;

const ID_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.1");
const ID_SIGNED_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.2");
const ID_CONTENT_TYPE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.3");
const ID_MESSAGE_DIGEST: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.4");
const ID_SIGNING_TIME: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.5");
const ID_SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.1");
const RSA_ENCRYPTION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const ECDSA_WITH_SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.2");

/// The signatures that are made, both over SHA-256.
const SCHEMES: [SignatureScheme; 2] = [SignatureScheme::RSA_PKCS1_SHA256, SignatureScheme::ECDSA_NISTP256_SHA256];

/// Signs profiles: a certificate with those that lead to its root, and its key.
pub struct Signer {
    key: Box<dyn rustls::sign::Signer>,
    /// The signer's certificate comes first.
    chain: Vec<Certificate>,
}

/// Which of the two texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pem {
    /// The certificates.
    Certificate,
    /// The private key.
    Key,
}

/// A text that profiles cannot be signed with, and why. Nothing of the text itself is told.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct BadSigner {
    /// Which one.
    pub of: Pem,
    /// What is wrong with it.
    pub reason: &'static str,
}

/// Why a signature was not made.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failed {
    #[error("{0}")]
    Der(#[from] der::Error),
    #[error("{0}")]
    Key(#[from] rustls::Error),
    #[error("{0}")]
    Task(#[from] tokio::task::JoinError),
}

impl Signer {
    /// From PEM: certificates, the signer's first, and its private key (PKCS #8, PKCS #1 or SEC 1; RSA or ECDSA P-256).
    ///
    /// # Errors
    /// [`BadSigner`].
    pub fn from_pem(certificates: &[u8], key: &[u8]) -> Result<Self, BadSigner> {
        let chain = chain(certificates).map_err(|reason| BadSigner { of: Pem::Certificate, reason })?;
        let bad_key = |reason| BadSigner { of: Pem::Key, reason };
        let key = signing_key(key).map_err(bad_key)?;
        let certified = chain.first().map(|first| first.tbs_certificate.subject_public_key_info.to_der());
        let own = key.public_key();
        if !matches!((&certified, &own), (Some(Ok(certified)), Some(own)) if certified == own.as_ref()) {
            return Err(bad_key("is not the key of the first certificate"));
        }
        let key = key.choose_scheme(&SCHEMES).ok_or_else(|| bad_key("must be an RSA or an ECDSA P-256 key"))?;
        Ok(Self { key, chain })
    }

    /// From when until when the signer's certificate is valid.
    #[must_use]
    pub fn valid(&self) -> Option<(Instant, Instant)> {
        let validity = self.chain.first()?.tbs_certificate.validity;
        let instant = |time: Time| i64::try_from(time.to_unix_duration().as_secs()).map(Instant::from_unix).ok();
        Some((instant(validity.not_before)?, instant(validity.not_after)?))
    }

    /// The DER of a signature over `content` with the content in it.
    pub(super) fn sign(&self, content: &[u8], at: Instant) -> Result<Vec<u8>, Failed> {
        let sha256 = AlgorithmIdentifierOwned { oid: ID_SHA256, parameters: None };
        let attributes = attributes(content, at)?;
        // §5.4: of the attributes as the SET OF that they are, not as the tagged field that they become.
        let signature = self.key.sign(&attributes.to_der()?)?;
        let signer = SignerInfo {
            version: CmsVersion::V1,
            sid: self.identifier()?,
            digest_alg: sha256.clone(),
            signed_attrs: Some(attributes),
            signature_algorithm: self.algorithm(),
            signature: OctetString::new(signature)?,
            unsigned_attrs: None,
        };
        let certificates = self.chain.iter().cloned().map(CertificateChoices::Certificate).collect::<Vec<_>>();
        let signed = SignedData {
            version: CmsVersion::V1,
            digest_algorithms: SetOfVec::try_from(vec![sha256])?,
            encap_content_info: EncapsulatedContentInfo {
                econtent_type: ID_DATA,
                econtent: Some(Any::new(Tag::OctetString, content)?),
            },
            certificates: Some(CertificateSet(SetOfVec::try_from(certificates)?)),
            crls: None,
            signer_infos: SignerInfos(SetOfVec::try_from(vec![signer])?),
        };
        Ok(ContentInfo { content_type: ID_SIGNED_DATA, content: Any::encode_from(&signed)? }.to_der()?)
    }

    fn identifier(&self) -> Result<SignerIdentifier, der::Error> {
        let of = &self.chain.first().ok_or(der::ErrorKind::Failed)?.tbs_certificate;
        let (issuer, serial_number) = (of.issuer.clone(), of.serial_number.clone());
        Ok(SignerIdentifier::IssuerAndSerialNumber(IssuerAndSerialNumber { issuer, serial_number }))
    }

    /// RFC 3370 §3.2: RSA by the key's own identifier, with NULL. RFC 5754 §3.3: ECDSA with nothing.
    fn algorithm(&self) -> AlgorithmIdentifierOwned {
        if self.key.scheme() == SignatureScheme::RSA_PKCS1_SHA256 {
            AlgorithmIdentifierOwned { oid: RSA_ENCRYPTION, parameters: Some(Null.into()) }
        } else {
            AlgorithmIdentifierOwned { oid: ECDSA_WITH_SHA256, parameters: None }
        }
    }
}

impl std::fmt::Debug for Signer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Signer(…)")
    }
}

fn chain(pem: &[u8]) -> Result<Vec<Certificate>, &'static str> {
    let mut chain: Vec<Certificate> = Vec::new();
    for section in CertificateDer::pem_slice_iter(pem) {
        let der = section.map_err(|_| "is not PEM")?;
        let certificate = Certificate::from_der(&der).map_err(|_| "has a certificate that cannot be read")?;
        // It is written again into every profile, where one bit more or less would break its issuer's signature.
        if certificate.to_der().ok().as_deref() != Some(der.as_ref()) {
            return Err("has a certificate that is not in DER");
        }
        if chain.contains(&certificate) {
            return Err("has a certificate twice");
        }
        chain.push(certificate);
    }
    if chain.is_empty() { Err("holds no certificate in PEM") } else { Ok(chain) }
}

fn signing_key(pem: &[u8]) -> Result<Arc<dyn SigningKey>, &'static str> {
    let der = PrivateKeyDer::from_pem_slice(pem)
        .map_err(|_| "holds no private key in PEM that can be read; an encrypted one has to be decrypted")?;
    any_supported_type(&der).map_err(|_| "must be an RSA key of 2048 bits or more, or an ECDSA P-256 key")
}

/// What is signed: the content's type and hash (RFC 5652 §11.1, §11.2), and when (§11.3).
fn attributes(content: &[u8], at: Instant) -> Result<Attributes, der::Error> {
    let digest = OctetString::new(Sha256::digest(content).to_vec())?;
    let since_epoch = Duration::from_secs(u64::try_from(at.unix()).map_err(|_| der::ErrorKind::DateTime)?);
    // §11.3: years up to 2049 as UTCTime.
    let time = match UtcTime::from_unix_duration(since_epoch) {
        Ok(time) => Time::UtcTime(time),
        Err(_) => Time::GeneralTime(GeneralizedTime::from_unix_duration(since_epoch)?),
    };
    let attribute = |oid, value| Ok::<_, der::Error>(Attribute { oid, values: SetOfVec::try_from(vec![value])? });
    SetOfVec::try_from(vec![
        attribute(ID_CONTENT_TYPE, Any::encode_from(&ID_DATA)?)?,
        attribute(ID_MESSAGE_DIGEST, Any::encode_from(&digest)?)?,
        attribute(ID_SIGNING_TIME, Any::encode_from(&time)?)?,
    ])
}
