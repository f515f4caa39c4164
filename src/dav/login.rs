//! Basic authentication (RFC 7617), over https or on this machine alone (RFC 4918 §20.1).

use axum::http::{HeaderMap, header};
use data_encoding::BASE64;

use super::condition::Failure;
use super::{DavState, Session};
use crate::auth::LoginError;
use crate::calendar::{Viewer, home};
use crate::net::ClientAddr;

/// Octets of the header.
const MAX_HEADER: usize = 4096;

/// Who asks.
///
/// # Errors
/// [`Failure::Login`], the same for every wrong header.
pub(super) async fn session(state: &DavState, headers: &HeaderMap, from: ClientAddr) -> Result<Session, Failure> {
    if !state.0.protected {
        return Err(Failure::Unprotected);
    }
    let (username, password) = basic(headers).ok_or(LoginError::Wrong)?;
    let login = state.0.logins.check(&username, &password, from).await?;
    let viewer = Viewer { tenant: login.tenant, person: login.person, role: login.role, now: (state.0.clock)() };
    let person = (viewer.tenant, viewer.person);
    if !state.0.furnished.contains_key(&person) {
        state.store().write(move |conn| home::furnish(conn, &viewer)).await?;
        state.0.furnished.insert(person, ());
    }
    Ok(Session { login, viewer })
}

/// Name and password of one well-formed header.
fn basic(headers: &HeaderMap) -> Option<(String, String)> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let value = values.next().filter(|value| value.len() <= MAX_HEADER)?.to_str().ok()?;
    let (scheme, encoded) = value.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("Basic") || values.next().is_some() {
        return None;
    }
    let decoded = String::from_utf8(BASE64.decode(encoded.trim().as_bytes()).ok()?).ok()?;
    let (username, password) = decoded.split_once(':')?;
    let plausible = |text: &str| !text.is_empty() && !text.chars().any(char::is_control);
    (plausible(username) && plausible(password)).then(|| (username.to_owned(), password.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_well_formed_header() {
        let of = |values: &[&str]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(header::AUTHORIZATION, value.parse().unwrap());
            }
            basic(&headers)
        };
        assert_eq!(of(&["basic YW5uYTpwOnc="]), Some(("anna".to_owned(), "p:w".to_owned())));
        for bad in [
            &[][..],
            &["Basic"],
            &["Basic YW5uYQ=="],
            &["Basic YW5uYTo="],
            &["Basic OnB3"],
            &["Basic !"],
            &["Bearer YW5uYTpwOnc="],
            &["Basic YW5uYTpwOnc=", "Basic YW5uYTpwOnc="],
        ] {
            assert_eq!(of(bad), None, "{bad:?}");
        }
    }
}
