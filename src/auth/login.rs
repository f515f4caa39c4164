//! Name and password → person: app passwords and account passwords, with limits on failures.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant as Tick};

use data_encoding::BASE64;
use moka::sync::Cache;
use sha2::{Digest, Sha256};

use super::{AppKey, AppSecret, MasterKey, Password, verify_password};
use crate::net::ClientAddr;
use crate::store::people::{self, Person};
use crate::store::{self, Id, Role, Store, TenantId, app_passwords};
use crate::time::Instant;

/// How long a login is believed before its rows are looked at again: a revocation is seen within that time.
const BELIEVED: Duration = Duration::from_secs(5);
/// How long an account password need not be hashed again.
const VERIFIED: Duration = Duration::from_secs(300);
/// Over which time failures are counted.
const WINDOW: Duration = Duration::from_secs(300);
/// Failures of one name from one network.
const PER_NAME: u32 = 10;
/// Failures of one network.
const PER_NETWORK: u32 = 100;
/// `last_used_at` is written at most this often.
const USE_NOTED_SECONDS: i64 = 3600;
/// Of how many businesses the people who have one login name and an account password are tried: each takes a hash.
const NAMESAKES: i64 = 8;
/// A wrong account password is answered a multiple of this after it came: each namesake's takes a hash, and nobody is to
/// see how many there were.
const BEAT: Duration = Duration::from_millis(500);

/// Who has logged in.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Login {
    /// The business.
    pub tenant: TenantId,
    /// The person.
    pub person: Id,
    /// Their login name.
    pub username: String,
    /// What they may do.
    pub role: Role,
}

/// Why nobody has logged in.
#[derive(Debug, thiserror::Error)]
pub enum LoginError {
    /// The name, the password, or both are wrong.
    #[error("the user name or the password is wrong")]
    Wrong,
    /// There were too many wrong ones from this network.
    #[error("too many failed logins; try again in {0:?}")]
    TooMany(Duration),
    /// Too many passwords are being checked.
    #[error("too many logins at once; try again in a moment")]
    Busy,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] store::Error),
}

/// Checks logins. One for the process: it counts failures and remembers successes.
pub struct Logins {
    store: Store,
    key: MasterKey,
    clock: fn() -> Instant,
    /// By a hash, under a key of this process, of name and password as they were encoded, which is one way only.
    known: Cache<[u8; 32], Arc<Known>>,
    salt: [u8; 32],
    failures: Cache<(IpAddr, Option<[u8; 32]>), u32>,
    /// Passwords being hashed: each takes a core and 19 MiB for a while.
    hashing: tokio::sync::Semaphore,
}

/// A login that succeeded.
struct Known {
    login: Arc<Login>,
    checked: Tick,
    /// For an account password: the hash it was found to match, and when.
    matched: Option<(String, Tick)>,
}

impl Logins {
    /// Logins of the people in `store`.
    #[must_use]
    pub fn new(store: Store, key: MasterKey, clock: fn() -> Instant) -> Self {
        Self {
            store,
            key,
            clock,
            known: Cache::builder().max_capacity(10_000).time_to_live(VERIFIED).build(),
            salt: rand::random(),
            failures: Cache::builder().max_capacity(100_000).time_to_live(WINDOW).build(),
            hashing: tokio::sync::Semaphore::new(2),
        }
    }

    /// Who has the name and password of these credentials: those of an `Authorization` header, by the scheme Basic (RFC
    /// 7617).
    ///
    /// # Errors
    /// [`LoginError`]; an unknown name takes as long as a wrong password.
    pub async fn check(&self, credentials: &str, from: ClientAddr) -> Result<Arc<Login>, LoginError> {
        let encoded = encoded(credentials).ok_or(LoginError::Wrong)?;
        let known_as = self.digest(encoded);
        if let Some(known) = self.known.get(&known_as)
            && known.checked.elapsed() < BELIEVED
        {
            return Ok(Arc::clone(&known.login));
        }
        let (username, password) = decoded(encoded).ok_or(LoginError::Wrong)?;
        let (username, password) = (username.as_str(), password.as_str());
        let name = self.digest(username);
        let found = match AppSecret::parse(&self.key, password) {
            // Nobody guesses one, so a right one is let in whatever others tried: a device that was forgotten behind the same
            // address, or everybody behind a proxy that is not trusted.
            Some(key) => match self.by_app_password(username, key).await? {
                Some(login) => Some((login, None)),
                None => {
                    self.refuse_many(from, Some(name))?;
                    None
                }
            },
            None => {
                self.refuse_many(from, Some(name))?;
                let came = tokio::time::Instant::now();
                let found = self.by_account_password(username, password, known_as).await?;
                if found.is_none() {
                    tokio::time::sleep_until(came + next_beat(came.elapsed())).await;
                }
                found
            }
        };
        let Some((login, matched)) = found else {
            self.known.invalidate(&known_as);
            self.count(from, Some(name));
            return Err(LoginError::Wrong);
        };
        let login = Arc::new(login);
        self.known.insert(known_as, Arc::new(Known { login: Arc::clone(&login), checked: Tick::now(), matched }));
        Ok(login)
    }

    /// Runs `look`, which looks for what the secret in a link opens, under the limits of logins: what opens nothing counts
    /// as a failed login from there, and after too many nothing is looked for.
    ///
    /// # Errors
    /// [`LoginError::TooMany`], or that of the database.
    pub async fn by_link<T>(
        &self,
        from: ClientAddr,
        look: impl Future<Output = Result<Option<T>, store::Error>>,
    ) -> Result<Option<T>, LoginError> {
        self.refuse_many(from, None)?;
        let found = look.await?;
        if found.is_none() {
            self.count(from, None);
        }
        Ok(found)
    }

    async fn by_app_password(&self, username: &str, key: AppKey) -> Result<Option<Login>, LoginError> {
        let now = (self.clock)();
        let username = username.to_owned();
        let found = self.store.look_up(move |conn| {
            let found = key.open(conn)?;
            Ok::<_, store::Error>(found.filter(|(_, person)| person.username.as_deref() == Some(&*username)))
        });
        let Some((row, person)) = found.await? else { return Ok(None) };
        if row.last_used_at.is_none_or(|at| now - at > USE_NOTED_SECONDS) {
            let (tenant, id) = (row.tenant_id, row.password_id);
            // The login does not wait for it, nor fail by it.
            let store = self.store.clone();
            tokio::spawn(async move {
                if let Err(error) = store.write(move |conn| app_passwords::note_use(conn, tenant, id, now)).await {
                    tracing::warn!(%error, "when an app password was used could not be written");
                }
            });
        }
        Ok(login_of(&person))
    }

    async fn by_account_password(
        &self,
        username: &str,
        password: &str,
        known_as: [u8; 32],
    ) -> Result<Option<(Login, Option<(String, Tick)>)>, LoginError> {
        let Ok(password) = Password::new(password.to_owned()) else { return Ok(None) };
        let name = username.to_owned();
        let namesakes = self.store.read(move |conn| people::with_password(conn, &name, NAMESAKES)).await?;
        let matched = self.known.get(&known_as).and_then(|known| known.matched.clone());
        if let Some((hash, at)) = matched.filter(|(_, at)| at.elapsed() < VERIFIED)
            && let Some(person) = namesakes.iter().find(|person| person.password_hash.as_ref() == Some(&hash))
        {
            return Ok(login_of(person).map(|login| (login, Some((hash, at)))));
        }
        let permit = tokio::time::timeout(Duration::from_secs(2), self.hashing.acquire()).await;
        let Ok(Ok(_permit)) = permit else { return Err(LoginError::Busy) };
        let checked = tokio::task::spawn_blocking(move || {
            if namesakes.is_empty() {
                let _nobody: bool = verify_password(&password, None);
                return None;
            }
            namesakes.iter().find(|person| verify_password(&password, person.password_hash.as_deref())).cloned()
        });
        let Some(person) = checked.await.unwrap_or(None) else { return Ok(None) };
        let matched = person.password_hash.clone().map(|hash| (hash, Tick::now()));
        Ok(login_of(&person).map(|login| (login, matched)))
    }

    fn digest(&self, text: &str) -> [u8; 32] {
        Sha256::new().chain_update(self.salt).chain_update(text).finalize().into()
    }

    /// By name and network together, so that nobody can lock the owner out from elsewhere, and by network.
    fn refuse_many(&self, from: ClientAddr, name: Option<[u8; 32]>) -> Result<(), LoginError> {
        let failed = |name| self.failures.get(&(from.network(), name)).unwrap_or(0);
        if name.is_some() && failed(name) >= PER_NAME || failed(None) >= PER_NETWORK {
            return Err(LoginError::TooMany(WINDOW));
        }
        Ok(())
    }

    /// A secret in a link is nobody's by name: there, the network alone counts.
    fn count(&self, from: ClientAddr, name: Option<[u8; 32]>) {
        for name in std::iter::once(None).chain(name.map(Some)) {
            let failures = self.failures.entry((from.network(), name));
            failures.and_upsert_with(|count| count.map_or(1, |c| c.into_value().saturating_add(1)));
        }
    }
}

/// When the beat comes next after so long.
fn next_beat(passed: Duration) -> Duration {
    BEAT.mul_f64((passed.as_secs_f64() / BEAT.as_secs_f64()).ceil())
}

/// What stands for name and password in credentials.
fn encoded(credentials: &str) -> Option<&str> {
    let (scheme, encoded) = credentials.split_once(' ')?;
    scheme.eq_ignore_ascii_case("Basic").then(|| encoded.trim())
}

/// Name and password, if they are well-formed.
fn decoded(encoded: &str) -> Option<(String, String)> {
    let decoded = String::from_utf8(BASE64.decode(encoded.as_bytes()).ok()?).ok()?;
    let (username, password) = decoded.split_once(':')?;
    let plausible = |text: &str| !text.is_empty() && !text.chars().any(char::is_control);
    (plausible(username) && plausible(password)).then(|| (username.to_owned(), password.to_owned()))
}

fn login_of(person: &Person) -> Option<Login> {
    let username = person.username.clone().filter(|_| person.deleted_at.is_none())?;
    Some(Login { tenant: person.tenant_id, person: person.person_id, username, role: person.role })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn well_formed_credentials() {
        let basic = |credentials| encoded(credentials).and_then(decoded);
        assert_eq!(basic("basic  YW5uYTpwOnc= "), Some(("anna".to_owned(), "p:w".to_owned())));
        for bad in [
            "",
            "Basic",
            "Basic YW5uYQ==",
            "Basic YW5uYTo=",
            "Basic OnB3",
            "Basic !",
            "Bearer YW5uYTpwOnc=",
            "Basic YW5uYTpwOnd=",
        ] {
            assert_eq!(basic(bad), None, "{bad:?}");
        }
    }
}
