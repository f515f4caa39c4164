//! A PostgreSQL to test on: the one `FASTI_TEST_PG_URL` names, or a throw-away one that this process starts.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::{LazyLock, Mutex};

use fasti::store::{Conn, migrate};

/// The database that tests' own ones are copied from.
const TEMPLATE: &str = "fasti_template";

struct Server {
    /// Without a database's name.
    url: String,
    /// It ends when its standard input closes, that is, with this process.
    _keeper: Option<Mutex<Child>>,
}

static SERVER: LazyLock<Server> = LazyLock::new(|| {
    let server = match std::env::var("FASTI_TEST_PG_URL") {
        Ok(url) => Server { url, _keeper: None },
        Err(_) => start(),
    };
    let template = format!("{TEMPLATE}_{}", std::process::id());
    let created = format!("CREATE DATABASE {template}");
    Conn::open(&format!("{}/postgres", server.url), true).unwrap().batch_execute(&created).unwrap();
    migrate(&format!("{}/{template}", server.url)).unwrap();
    server
});

fn start() -> Server {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/with-postgres.sh");
    let mut keeper = Command::new(script)
        .args(["sh", "-c", "echo \"$FASTI_TEST_PG_URL\"; cat >/dev/null"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{script}: {error}; or set FASTI_TEST_PG_URL"));
    let mut url = String::new();
    BufReader::new(keeper.stdout.take().unwrap()).read_line(&mut url).unwrap();
    assert!(!url.trim().is_empty(), "{script} started no PostgreSQL");
    Server { url: url.trim().to_owned(), _keeper: Some(Mutex::new(keeper)) }
}

/// A new migrated database of a name of its own.
pub fn fresh() -> String {
    static COUNT: Mutex<u32> = Mutex::new(0);
    // One at a time: a template cannot be copied twice at once.
    let mut count = COUNT.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    *count += 1;
    let pid = std::process::id();
    let name = format!("fasti_test_{pid}_{count}");
    let mut admin = Conn::open(&format!("{}/postgres", SERVER.url), true).unwrap();
    admin.batch_execute(&format!("CREATE DATABASE {name} TEMPLATE {TEMPLATE}_{pid} STRATEGY FILE_COPY")).unwrap();
    format!("{}/{name}", SERVER.url)
}

/// Drops a database that a test is done with.
pub fn discard(url: &str) {
    let Some((_, name)) = url.rsplit_once('/') else { return };
    if let Ok(mut admin) = Conn::open(&format!("{}/postgres", SERVER.url), true)
        && let Err(error) = admin.batch_execute(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"))
    {
        eprintln!("{name} stays: {error}");
    }
}
