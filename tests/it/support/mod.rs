//! The API in this process, over a database of its own.

mod business;
mod http;
pub mod postgres;

pub use business::{Business, Seed};
pub use http::Answer;

use std::sync::{Arc, Mutex};

use fasti::api::{ApiState, routes};
use fasti::auth::MasterKey;
use fasti::booking::Links;
use fasti::store::{Id, Options, Store, TenantId, migrate};
use fasti::time::Instant;

/// Where the API under test believes to be reached.
pub const PUBLIC_URL: &str = "https://fasti.example";

/// 2026-08-01T08:00:00Z, when every test happens.
pub fn now() -> Instant {
    Instant::from_unix(1_785_571_200)
}

/// Which database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backend {
    Sqlite,
    Postgres,
}

/// A database that goes when the test is over.
struct Database {
    url: String,
    _folder: Option<tempfile::TempDir>,
}

impl Database {
    fn fresh(backend: Backend) -> Self {
        // On a thread of its own: a test's thread has a runtime already, and PostgreSQL connections bring theirs.
        let make = move || match backend {
            Backend::Sqlite => {
                let folder = tempfile::tempdir().unwrap();
                let url = format!("sqlite://{}", folder.path().join("fasti.db").display());
                migrate(&url).unwrap();
                Self { url, _folder: Some(folder) }
            }
            Backend::Postgres => Self { url: postgres::fresh(), _folder: None },
        };
        std::thread::spawn(make).join().unwrap()
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if self.url.starts_with("postgres") {
            let url = std::mem::take(&mut self.url);
            std::thread::spawn(move || postgres::discard(&url)).join().unwrap();
        }
    }
}

/// The collections that were said to have changed.
type Changes = Arc<Mutex<Vec<(TenantId, Vec<Id>)>>>;

/// The API over a database of its own.
pub struct App {
    pub store: Store,
    pub links: Links,
    pub changes: Changes,
    router: axum::Router,
    _database: Database,
}

impl App {
    pub fn new(backend: Backend) -> Self {
        let database = Database::fresh(backend);
        let store = Store::connect(&database.url, &Options { threads: 4, ..Options::for_url(&database.url) }).unwrap();
        let links = Links { public_url: PUBLIC_URL.into(), key: MasterKey::from_bytes([7; 32]) };
        let changes = Changes::default();
        let noted = Arc::clone(&changes);
        let state = ApiState {
            store: store.clone(),
            master_key: links.key.clone(),
            public_url: PUBLIC_URL.to_owned(),
            clock: now,
            on_change: Arc::new(move |tenant, ids| noted.lock().unwrap().push((tenant, ids.to_vec()))),
        };
        let router = axum::Router::new().nest("/api", routes(state));
        Self { store, links, changes, router, _database: database }
    }

    /// The collections that were said to have changed since the last time this was asked.
    pub fn changed(&self) -> Vec<Id> {
        std::mem::take(&mut *self.changes.lock().unwrap()).into_iter().flat_map(|(_, ids)| ids).collect()
    }
}

/// A test that runs on each database.
macro_rules! on_both {
    ($($(#[$meta:meta])* async fn $name:ident($app:ident: App) $body:block)*) => {
        $($(#[$meta])* mod $name {
            #[allow(unused_imports, reason = "not every test needs all of them")]
            use super::*;

            async fn run($app: crate::support::App) $body

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                run(crate::support::App::new(crate::support::Backend::Sqlite)).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                run(crate::support::App::new(crate::support::Backend::Postgres)).await;
            }
        })*
    };
}
