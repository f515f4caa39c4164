//! Bringing the schema to this version: twin folders of migrations, forward only.

use diesel::backend::Backend;
use diesel::connection::SimpleConnection;
use diesel::migration::MigrationSource;
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use super::{Conn, Error, dialect, on};

const SQLITE: EmbeddedMigrations = embed_migrations!("migrations/sqlite");
const POSTGRES: EmbeddedMigrations = embed_migrations!("migrations/postgres");

/// Applies what is missing and returns the names of what was applied. Safe when several instances start at once.
///
/// # Errors
/// [`Error::Connect`], or [`Error::Migration`] with the migration that failed; it was rolled back whole.
pub fn migrate(url: &str) -> Result<Vec<String>, Error> {
    // On a thread of its own: a PostgreSQL connection closes when the runtime of its thread ends.
    std::thread::scope(|scope| scope.spawn(|| migrate_here(url)).join().unwrap_or(Err(Error::Panic)))
}

fn migrate_here(url: &str) -> Result<Vec<String>, Error> {
    match Conn::open(url, true)? {
        // The write lock makes other starting instances wait; the transaction of each migration is a savepoint of it.
        Conn::Sqlite(mut c, _) => c.immediate_transaction(|c| run(c, SQLITE)),
        Conn::Pg(mut c) => {
            c.batch_execute(&format!("SET lock_timeout=0; SELECT pg_advisory_lock({})", dialect::MIGRATION_LOCK))?;
            let result = run(&mut c, POSTGRES);
            c.batch_execute(&format!("SELECT pg_advisory_unlock({})", dialect::MIGRATION_LOCK))?;
            result
        }
    }
}

fn run<DB: Backend>(c: &mut impl MigrationHarness<DB>, migrations: EmbeddedMigrations) -> Result<Vec<String>, Error>
where
    EmbeddedMigrations: MigrationSource<DB>,
{
    let applied = c.run_pending_migrations(migrations).map_err(|refused| Error::Migration(refused.to_string()))?;
    Ok(applied.iter().map(ToString::to_string).collect())
}

/// The names of migrations that this version brings and the database does not have yet.
///
/// # Errors
/// [`Error::Connect`] or [`Error::Migration`].
pub fn pending(url: &str) -> Result<Vec<String>, Error> {
    let look = || {
        let mut conn = Conn::open(url, true)?;
        let migrations = if conn.is_postgres() { POSTGRES } else { SQLITE };
        let refused = |e: Box<dyn std::error::Error + Send + Sync>| Error::Migration(e.to_string());
        on!(&mut conn, |c| {
            let pending = c.pending_migrations(migrations).map_err(refused)?;
            Ok(pending.iter().map(|m| m.name().to_string()).collect())
        })
    };
    std::thread::scope(|scope| scope.spawn(look).join().unwrap_or(Err(Error::Panic)))
}
