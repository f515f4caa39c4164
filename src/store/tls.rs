//! `sslmode` and `sslrootcert` of a PostgreSQL URL as libpq means them: tokio-postgres knows only part of them.

use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use tokio_postgres::config::SslMode;

use super::Error;

/// How the connection is protected.
pub(super) enum Mode {
    /// Not at all.
    Plain,
    /// By TLS.
    Tls(Box<ClientConfig>),
}

/// Splits a URL into what tokio-postgres understands and how to protect the connection.
pub(super) fn postgres_config(url: &str) -> Result<(tokio_postgres::Config, Mode), Error> {
    let (base, query) = url.split_once('?').unwrap_or((url, ""));
    let mut sslmode = "prefer";
    let mut root_file = None;
    let mut kept = Vec::new();
    for pair in query.split('&').filter(|p| !p.is_empty()) {
        match pair.split_once('=') {
            Some(("sslmode", value)) => sslmode = value,
            Some(("sslrootcert", value)) => root_file = Some(value.replace("%2F", "/")),
            _ => kept.push(pair),
        }
    }
    let url = if kept.is_empty() { base.to_owned() } else { format!("{base}?{}", kept.join("&")) };
    let mut config: tokio_postgres::Config =
        url.parse().map_err(|e: tokio_postgres::Error| Error::Url(e.to_string()))?;
    let mode = match sslmode {
        "disable" => {
            config.ssl_mode(SslMode::Disable);
            Mode::Plain
        }
        // A server on this machine is asked for TLS by no one; elsewhere it is used when offered.
        "prefer" | "allow" => {
            config.ssl_mode(SslMode::Prefer);
            Mode::Tls(Box::new(client(Trust::Anyone)?))
        }
        "require" => {
            config.ssl_mode(SslMode::Require);
            Mode::Tls(Box::new(client(Trust::Anyone)?))
        }
        "verify-ca" | "verify-full" => {
            config.ssl_mode(SslMode::Require);
            Mode::Tls(Box::new(client(Trust::Roots(root_file.as_deref()))?))
        }
        other => {
            return Err(Error::Url(format!(
                "sslmode \"{other}\" is unknown; use disable, prefer, require, verify-ca or verify-full"
            )));
        }
    };
    Ok((config, mode))
}

enum Trust<'a> {
    /// As libpq's `prefer` and `require`: the line is encrypted, the server is not checked.
    Anyone,
    /// Only servers certified by the roots of this file, or by the machine's.
    Roots(Option<&'a str>),
}

fn client(trust: Trust<'_>) -> Result<ClientConfig, Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .map_err(|e| Error::Connect(e.to_string()))?;
    Ok(match trust {
        Trust::Anyone => {
            builder.dangerous().with_custom_certificate_verifier(Arc::new(Unchecked(provider))).with_no_client_auth()
        }
        Trust::Roots(file) => builder.with_root_certificates(roots(file)?).with_no_client_auth(),
    })
}

fn roots(file: Option<&str>) -> Result<RootCertStore, Error> {
    let mut roots = RootCertStore::empty();
    let refused = |e: &dyn std::fmt::Display| Error::Url(format!("sslrootcert {}: {e}", file.unwrap_or_default()));
    if let Some(path) = file {
        for certificate in CertificateDer::pem_file_iter(path).map_err(|e| refused(&e))? {
            roots.add(certificate.map_err(|e| refused(&e))?).map_err(|e| refused(&e))?;
        }
    } else {
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    }
    Ok(roots)
}

#[derive(Debug)]
struct Unchecked(Arc<CryptoProvider>);

impl ServerCertVerifier for Unchecked {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, cert, dss, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, cert, dss, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
