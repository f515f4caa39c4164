use zeroize::Zeroizing;

use super::ConfigError;
use super::settings::{Problem, Settings};
use crate::setup::{Pem, Signer};

const CERTIFICATE: &str = "setup.certificate";
const KEY: &str = "setup.key";

/// The files that profiles are signed with.
#[derive(Debug, Clone)]
pub(super) struct Files {
    certificate: String,
    key: String,
}

/// Both files, or none.
pub(super) fn files(settings: &Settings) -> Result<Option<Files>, ConfigError> {
    match (settings.text(CERTIFICATE)?, settings.text(KEY)?) {
        (Some(certificate), Some(key)) => Ok(Some(Files { certificate: certificate.to_owned(), key: key.to_owned() })),
        (None, None) => Ok(None),
        (Some(_), None) => Err(settings.problem(CERTIFICATE, Problem::Alone(KEY))),
        (None, Some(_)) => Err(settings.problem(KEY, Problem::Alone(CERTIFICATE))),
    }
}

impl Files {
    /// Reads both and puts them together.
    pub fn read(&self) -> Result<Signer, ConfigError> {
        let failed = |key: &'static str, path: &str, reason: String| {
            let path = path.to_owned();
            ConfigError::Signer { key, path, reason }
        };
        let read = |key: &'static str, path: &str| {
            let read = std::fs::read(path).map(Zeroizing::new);
            read.map_err(|error| failed(key, path, format!("cannot be read: {error}")))
        };
        let (certificate, key) = (read(CERTIFICATE, &self.certificate)?, read(KEY, &self.key)?);
        Signer::from_pem(&certificate, &key).map_err(|bad| {
            let reason = bad.to_string();
            match bad.of {
                Pem::Certificate => failed(CERTIFICATE, &self.certificate, reason),
                Pem::Key => failed(KEY, &self.key, format!("{reason} (the certificate is {})", self.certificate)),
            }
        })
    }
}
