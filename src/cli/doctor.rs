//! `fasti doctor`: is everything this installation needs as it should be?

use super::Failure;
use super::installation::prepare_directory;
use crate::config::Config;
use crate::store::{self, Conn, TenantId};
use crate::time::{clock, tzdata_version};

/// What a check found: fine, or what to do.
type Finding = Result<String, String>;

/// Runs every check, prints each, and fails when one does. It must not run inside a runtime: connections to
/// PostgreSQL have their own.
pub(super) fn run(config: &Config) -> Result<(), Failure> {
    let checks: [(&str, Finding); 7] = [
        ("configuration", configuration(config)),
        ("master key", master_key(config)),
        ("database", database(config)),
        ("schema", schema(config)),
        ("clock", clock_check(config)),
        ("profiles", profiles(config)),
        ("time zones", Ok(format!("IANA {}, compiled in", tzdata_version()))),
    ];
    let mut failed = 0;
    for (name, finding) in checks {
        match finding {
            Ok(text) => println!("ok    {name}: {text}"),
            Err(text) => {
                failed += 1;
                println!("FAIL  {name}: {text}");
            }
        }
    }
    if failed == 0 { Ok(()) } else { Err(format!("{failed} of these need attention").into()) }
}

fn configuration(config: &Config) -> Finding {
    let local = config.public_url.contains("127.0.0.1") || config.public_url.contains("localhost");
    let behind_proxy = config.public_url.starts_with("https:") && config.server.trusted_proxies.is_empty();
    let note = if behind_proxy {
        "; set trusted_proxies to the address of the proxy that speaks TLS, or all behind it count as one client, so that \
         failed logins of one stop the others"
    } else if local {
        "; set public_url before you give feeds to others"
    } else if config.public_url.starts_with("http:") {
        "; Apple's devices subscribe over https only"
    } else {
        ""
    };
    Ok(format!("listens on {}, reached at {}{note}", config.listen, config.public_url))
}

fn master_key(config: &Config) -> Finding {
    config.master_key().map(|_| "there, and only its owner can read it".to_owned()).map_err(|e| e.to_string())
}

fn database(config: &Config) -> Finding {
    let url = config.database.url.expose();
    prepare_directory(url).map_err(|e| format!("{e}; create the directory or change database_url"))?;
    let mut conn = Conn::open(url, true).map_err(|e| format!("{e}; is it running, and may this user use it?"))?;
    let kind = if conn.is_postgres() { "PostgreSQL" } else { "SQLite" };
    conn.batch_execute("CREATE TEMPORARY TABLE fasti_doctor (n INTEGER)").map_err(|e| e.to_string())?;
    Ok(format!("{kind} answers"))
}

fn schema(config: &Config) -> Finding {
    let pending = store::pending(config.database.url.expose()).map_err(|e| e.to_string())?;
    if !pending.is_empty() {
        return Err(format!("{} migrations are pending; run `fasti migrate`", pending.len()));
    }
    let key = config.master_key().map_err(|e| e.to_string())?;
    let mut conn = Conn::open(config.database.url.expose(), true).map_err(|e| e.to_string())?;
    let kept = store::tenants::setting(&mut conn, TenantId::INSTALLATION, "master_key_check");
    match kept.map_err(|e| e.to_string())? {
        Some(kept) if kept != key.check_value() => {
            Err("the master key is not the one this database was begun with; restore it from a backup".to_owned())
        }
        _ => Ok("at this version".to_owned()),
    }
}

/// What profiles for Apple's devices are signed with.
fn profiles(config: &Config) -> Finding {
    let Some(signer) = config.profile_signer().map_err(|e| e.to_string())? else {
        return Ok("not signed, so devices show them as such; setup.certificate and setup.key would".to_owned());
    };
    let (from, until) = signer.valid().ok_or("the certificate in setup.certificate says no time")?;
    if !(from..=until).contains(&clock::now()) {
        return Err(format!("the certificate in setup.certificate is valid from {from} to {until}; get a new one"));
    }
    Ok(format!("signed, with a certificate that is valid until {until}"))
}

/// The database's clock and this machine's should agree: holds and tokens expire by them.
fn clock_check(config: &Config) -> Finding {
    let mut conn = Conn::open(config.database.url.expose(), true).map_err(|e| e.to_string())?;
    let theirs = store::database_now(&mut conn).map_err(|e| e.to_string())?;
    let apart = (theirs - clock::now()).abs();
    if apart > 5 {
        return Err(format!("this machine and the database are {apart} seconds apart; synchronise them by NTP"));
    }
    Ok("agrees with the database's".to_owned())
}
