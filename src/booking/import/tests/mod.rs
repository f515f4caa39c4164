//! Imports into a real database: SQLite, and PostgreSQL where `FASTI_TEST_PG_URL` names a server.

mod calendars;
mod corpora;
mod documents;
mod holidays;
mod tables;

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, LazyLock};

use super::{Counts, Kind, Options, Progress, Report};
use crate::auth::MasterKey;
use crate::booking::tenants::{self, NewTenant};
use crate::booking::{Context, Error, Links};
use crate::store::{self, Conn, Id, Store, TenantId, bookings, collections, people};
use crate::time::Instant;

/// 2 March 2026, a Monday, noon in Berlin.
const NOW: i64 = 1_772_449_200;

/// A business with a folder for the files to import.
struct House {
    store: Store,
    ctx: Context,
    dir: Arc<tempfile::TempDir>,
}

/// What an import said.
struct Said {
    report: Report,
    lines: Vec<String>,
}

impl Said {
    fn counts(&self, kind: Kind) -> [u64; 5] {
        let Counts { created, changed, unchanged, rejected, skipped } = *self.report.of(kind);
        [created, changed, unchanged, rejected, skipped]
    }

    fn line(&self, part: &str) -> &str {
        self.lines.iter().find(|line| line.contains(part)).unwrap_or_else(|| panic!("no {part:?} in {:#?}", self.lines))
    }
}

fn links() -> Links {
    Links { public_url: Arc::from("https://cal.example"), key: MasterKey::from_bytes([7; 32]) }
}

fn sqlite(dir: &tempfile::TempDir) -> String {
    format!("sqlite://{}", dir.path().join("fasti.db").display())
}

/// A database of its own on the PostgreSQL server, if there is one.
fn postgres() -> Option<String> {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let server = std::env::var("FASTI_TEST_PG_URL").ok()?;
    let name = format!("import_{}_{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
    let mut conn = Conn::open(&format!("{server}/postgres"), true).unwrap();
    conn.batch_execute(&format!("CREATE DATABASE {name}")).unwrap();
    Some(format!("{server}/{name}"))
}

/// The databases to test on.
fn houses() -> Vec<House> {
    let dir = || Arc::new(tempfile::tempdir().unwrap());
    let local = dir();
    let mut houses = vec![House::open(&sqlite(&local), local)];
    houses.extend(postgres().map(|url| House::open(&url, dir())));
    houses
}

impl House {
    fn open(url: &str, dir: Arc<tempfile::TempDir>) -> Self {
        store::migrate(url).unwrap();
        let options = store::Options { threads: 1, ..store::Options::for_url(url) };
        let store = Store::connect(url, &options).unwrap();
        Self::in_store(store, "salon", dir)
    }

    fn in_store(store: Store, slug: &str, dir: Arc<tempfile::TempDir>) -> Self {
        let new = NewTenant {
            slug: slug.to_owned(),
            name: "Salon Anna".to_owned(),
            timezone: "Europe/Berlin".to_owned(),
            email: Some("hello@salon.example".to_owned()),
        };
        let now = Instant::from_unix(NOW);
        let made = store.write(move |conn| -> Result<Context, Error> {
            let tenant = tenants::create(conn, &new, now, links())?;
            tenants::context(conn, tenant.tenant_id, "import", now, links())
        });
        let ctx = block_on(made).unwrap();
        Self { store, ctx, dir }
    }

    fn file(&self, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
        let path = self.dir.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    fn import(&self, files: &[PathBuf]) -> Said {
        self.import_as(files, &Options::default())
    }

    fn import_as(&self, files: &[PathBuf], options: &Options) -> Said {
        let mut lines = Vec::new();
        let tell = |progress: Progress<'_>| {
            if let Progress::Line(line) = progress {
                let folder = format!("{}/", self.dir.path().display());
                lines.push(line.to_string().replace(&folder, ""));
            }
        };
        let report = block_on(super::import(&self.store, &self.ctx, files, options, tell)).unwrap();
        Said { report, lines }
    }

    fn read<T: Send + 'static>(
        &self,
        work: impl Fn(&mut Conn, TenantId) -> Result<T, store::Error> + Send + 'static,
    ) -> T {
        let tenant = self.ctx.tenant;
        block_on(self.store.read(move |conn| work(conn, tenant))).unwrap()
    }

    fn booking(&self, reference: &'static str) -> bookings::Booking {
        self.read(move |conn, tenant| bookings::find_by_external_ref(conn, tenant, reference)).unwrap()
    }

    /// All that an import may write, in numbers that every write changes.
    fn state(&self) -> (i64, i64, i64, Vec<(String, i64)>) {
        self.read(|conn, tenant| {
            let team = collections::find(conn, tenant, Id::TEAM)?.map_or(0, |c| c.change);
            let count = store::tenants::booking_count(conn, tenant)?;
            let mut versions = Vec::new();
            let mut objects = 0;
            let (mut after, mut page) = (None, people::list(conn, tenant, store::Role::ALL, None, 1000)?);
            while let Some(last) = page.last() {
                after = Some(last.person_id).or(after);
                for person in &page {
                    versions.push((person.name.clone(), person.version));
                    objects += collections::find(conn, tenant, person.person_id)?.map_or(0, |c| c.change);
                }
                page = people::list(conn, tenant, store::Role::ALL, after, 1000)?;
            }
            versions.sort();
            Ok((team, count, objects, versions))
        })
    }
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    static RUNTIME: LazyLock<tokio::runtime::Runtime> =
        LazyLock::new(|| tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap());
    RUNTIME.block_on(future)
}

const SALON: [(&str, &str); 3] = [
    (
        "services.csv",
        "external_ref,name,duration_minutes,buffer_after_minutes,staff\n\
         cut,Haircut,30,10,anna@salon.example;Ben\nwash,Wash,15,,\n",
    ),
    (
        "people.csv",
        "role,name,email,phone,external_ref,username\n\
         staff,Anna,anna@salon.example,,s1,anna\nstaff,Ben,,,,\nmanager,Mo,mo@salon.example,,,\n\
         customer,Cleo,cleo@guest.example,+49 30 1234,c1,\ncustomer,Dee,,+49 30 99,,\n",
    ),
    (
        "bookings.csv",
        "external_ref,service,staff,customer_name,customer_email,start,timezone,status,notes\n\
         b1,Haircut,Anna,Cleo,cleo@guest.example,2026-03-09T09:00,,confirmed,\"wants \"\"short\"\"\nhair\"\n\
         b2,cut,ben,Eve,,2026-03-09T09:00,,tentative,\n\
         ,Wash,,Fay,,2026-03-09T12:00:00Z,America/New_York,,\n\
         b4,Haircut,s1,Gus,,2026-03-10T09:00,,completed,\n",
    ),
];

impl House {
    /// The files of a small business, in the wrong order.
    fn salon(&self) -> Vec<PathBuf> {
        SALON.iter().rev().map(|(name, text)| self.file(name, text)).collect()
    }
}
