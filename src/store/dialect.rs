//! What differs between the two databases and is no query: nothing outside `store` knows it.

/// `synchronous=FULL`: an acknowledged booking survives a loss of power. 16 MiB of pages for each connection: of the
/// readers one alone is used as long as it keeps up.
pub(super) const SQLITE_SETTINGS: &str = "PRAGMA busy_timeout=10000; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; \
     PRAGMA foreign_keys=ON; PRAGMA temp_store=MEMORY; PRAGMA trusted_schema=OFF; PRAGMA cell_size_check=ON; \
     PRAGMA cache_size=-16384;";

/// A reader cannot write.
pub(super) const SQLITE_READER: &str = "PRAGMA query_only=ON;";

/// Whoever looks something up on their own thread does not wait for a lock: the readers do.
pub(super) const SQLITE_NEAR: &str = "PRAGMA busy_timeout=0;";

/// Nothing waits for ever, and nothing depends on the server's own zone.
pub(super) const POSTGRES_SETTINGS: &str = "SET statement_timeout='30s'; SET lock_timeout='10s'; \
     SET idle_in_transaction_session_timeout='60s'; SET synchronous_commit='on'; SET timezone='UTC'; \
     SET application_name='fasti'";

pub(super) const POSTGRES_SNAPSHOT: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

/// The advisory lock under which one instance migrates while the others wait ("fasti" in ASCII).
pub(super) const MIGRATION_LOCK: i64 = 0x66_61_73_74_69;
