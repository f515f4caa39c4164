use std::path::Path;

use tempfile::TempDir;
use tokio_postgres::{NoTls, SimpleQueryMessage};

/// Which database a test runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Sqlite,
    Postgres,
}

/// One row, every column as text: integers in decimal, bytes as `\x…`.
pub(crate) type Row = Vec<Option<String>>;

/// An empty database of one test, and a directory beside it; both are gone with this value.
pub(crate) struct Database {
    pub(crate) kind: Kind,
    directory: TempDir,
    /// The server's URL and the database's name.
    postgres: Option<(String, String)>,
}

impl Database {
    pub(crate) async fn new(kind: Kind) -> Self {
        let directory = tempfile::Builder::new().prefix("fasti-system-").tempdir().unwrap();
        let postgres = match kind {
            Kind::Sqlite => None,
            Kind::Postgres => {
                let server = postgres_server();
                let name = format!("fasti_system_{:016x}", rand::random::<u64>());
                query(&format!("{server}/postgres"), &format!("CREATE DATABASE {name}")).await;
                Some((server, name))
            }
        };
        Self { kind, directory, postgres }
    }

    /// As `database_url` wants it.
    pub(crate) fn url(&self) -> String {
        match &self.postgres {
            Some((server, name)) => format!("{server}/{name}"),
            None => format!("sqlite://{}", self.file().display()),
        }
    }

    pub(crate) fn directory(&self) -> &Path {
        self.directory.path()
    }

    fn file(&self) -> std::path::PathBuf {
        self.directory.path().join("fasti.db")
    }

    /// Asks the database itself, past Fasti.
    pub(crate) async fn rows(&self, sql: &str) -> Vec<Row> {
        match &self.postgres {
            Some(_) => query(&self.url(), sql).await,
            None => sqlite_rows(&self.file(), sql).unwrap_or_else(|error| panic!("{error} in {sql}")),
        }
    }

    /// The one number that `sql` asks for.
    pub(crate) async fn number(&self, sql: &str) -> i64 {
        let rows = self.rows(sql).await;
        let text = rows.first().and_then(|row| row.first()?.as_deref()).unwrap_or_else(|| panic!("nothing from {sql}"));
        text.parse().unwrap_or_else(|_| panic!("{text:?} from {sql}"))
    }

    /// Changes the database itself, past Fasti.
    pub(crate) async fn execute(&self, sql: &str) {
        match &self.postgres {
            Some(_) => drop(query(&self.url(), sql).await),
            None => rusqlite::Connection::open(self.file()).unwrap().execute_batch(sql).unwrap(),
        }
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let Some((server, name)) = self.postgres.take() else { return };
        // On a thread of its own, because this one may be inside a runtime.
        let dropping = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(query(&format!("{server}/postgres"), &format!("DROP DATABASE {name} WITH (FORCE)")));
        });
        if dropping.join().is_err() {
            eprintln!("a test's database could not be dropped");
        }
    }
}

/// The PostgreSQL of the tests, without a database's name.
pub(crate) fn postgres_server() -> String {
    match std::env::var("FASTI_TEST_PG_URL") {
        Ok(url) => url.trim_end_matches('/').to_owned(),
        Err(_) => panic!("run tests/with-postgres.sh cargo nextest run, or make test"),
    }
}

async fn query(url: &str, sql: &str) -> Vec<Row> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap_or_else(|e| panic!("{url}: {e}"));
    let connection = tokio::spawn(connection);
    let messages = client.simple_query(sql).await.unwrap_or_else(|error| panic!("{error:?} in {sql}"));
    drop(client);
    connection.await.unwrap().unwrap();
    let row = |message| match message {
        SimpleQueryMessage::Row(row) => Some((0..row.len()).map(|i| row.get(i).map(str::to_owned)).collect()),
        _ => None,
    };
    messages.into_iter().filter_map(row).collect()
}

fn sqlite_rows(file: &Path, sql: &str) -> rusqlite::Result<Vec<Row>> {
    use rusqlite::types::ValueRef;
    let connection = rusqlite::Connection::open(file)?;
    connection.busy_timeout(std::time::Duration::from_secs(30))?;
    let mut statement = connection.prepare(sql)?;
    let columns = statement.column_count();
    let text = |value: ValueRef<'_>| match value {
        ValueRef::Null => None,
        ValueRef::Integer(number) => Some(number.to_string()),
        ValueRef::Real(number) => Some(number.to_string()),
        ValueRef::Text(text) => Some(String::from_utf8_lossy(text).into_owned()),
        ValueRef::Blob(bytes) => Some(format!("\\x{}", data_encoding::HEXLOWER.encode(bytes))),
    };
    let rows = statement.query_map([], |row| (0..columns).map(|i| Ok(text(row.get_ref(i)?))).collect())?;
    rows.collect()
}
