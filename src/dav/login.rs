//! Basic authentication (RFC 7617), over https or on this machine alone (RFC 4918 §20.1).

use axum::http::{HeaderMap, header};

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
    let credentials = credentials(headers).ok_or(LoginError::Wrong)?;
    let login = state.0.logins.check(credentials, from).await?;
    let viewer = Viewer { tenant: login.tenant, person: login.person, role: login.role, now: (state.0.clock)() };
    let person = (viewer.tenant, viewer.person);
    if state.0.furnished.get(&person).is_none() {
        state.store().write(move |conn| home::furnish(conn, &viewer)).await?;
        state.0.furnished.insert(person, (), 1);
    }
    Ok(Session { login, viewer, mark: None })
}

/// The credentials, where there is one header of them.
fn credentials(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let value = values.next().filter(|value| value.len() <= MAX_HEADER)?.to_str().ok()?;
    if values.next().is_some() { None } else { Some(value) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_header() {
        let of = |values: &[&'static str]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(header::AUTHORIZATION, value.parse().unwrap());
            }
            credentials(&headers).map(str::to_owned)
        };
        assert_eq!(of(&["Basic YW5uYTpwOnc="]), Some("Basic YW5uYTpwOnc=".to_owned()));
        assert_eq!(of(&[]), None);
        assert_eq!(of(&["Basic YW5uYTpwOnc=", "Basic YW5uYTpwOnc="]), None);
    }
}
