//! A PostgreSQL server for one run, with durability on.

use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::Failure;

/// Databases can be made here.
pub struct Cluster {
    base: String,
    own: Option<Own>,
}

/// A server that was started here.
struct Own {
    bin: PathBuf,
    folder: tempfile::TempDir,
    user: Option<(u32, u32)>,
}

impl Cluster {
    /// Uses the server that `FASTI_BENCH_PG_URL` names (without a database), or starts one.
    ///
    /// Not `FASTI_TEST_PG_URL`: the tests' server runs without `fsync`, and here durability is what is measured.
    pub fn start() -> Result<Self, Failure> {
        if let Ok(base) = std::env::var("FASTI_BENCH_PG_URL") {
            return Ok(Self { base, own: None });
        }
        let own = Own { bin: programs()?, folder: tempfile::tempdir()?, user: unprivileged()? };
        if let Some((uid, gid)) = own.user {
            std::os::unix::fs::chown(own.folder.path(), Some(uid), Some(gid))?;
        }
        own.run("initdb", &["-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8"])?;
        let port = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let options = format!(
            "-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=on -c synchronous_commit=on"
        );
        own.run("pg_ctl", &["start", "-w", "-s", "-l", &own.file("log"), "-o", &options])?;
        Ok(Self { base: format!("postgres://postgres@127.0.0.1:{port}"), own: Some(own) })
    }

    /// Makes a database, a copy of another if there is one, and returns its URL. Both must be unused.
    pub async fn create(&self, name: &str, copy_of: Option<&str>) -> Result<String, Failure> {
        let admin = connect(&format!("{}/postgres", self.base)).await?;
        let template = copy_of.map(|other| format!(" TEMPLATE {other}")).unwrap_or_default();
        admin.batch_execute(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await?;
        admin.batch_execute(&format!("CREATE DATABASE {name}{template}")).await?;
        Ok(format!("{}/{name}", self.base))
    }
}

/// A connection whose other half lives on the runtime that calls this.
pub async fn connect(url: &str) -> Result<tokio_postgres::Client, Failure> {
    let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await?;
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            eprintln!("bench: PostgreSQL: {error}");
        }
    });
    Ok(client)
}

impl Own {
    fn file(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    fn run(&self, program: &str, arguments: &[&str]) -> Result<(), Failure> {
        let mut command = Command::new(self.bin.join(program));
        command.args(["-D", &self.file("data")]).args(arguments).current_dir(self.folder.path());
        if let Some((uid, gid)) = self.user {
            command.uid(uid).gid(gid);
        }
        let done = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status()?;
        if done.success() { Ok(()) } else { Err(format!("{program} failed: {done}").into()) }
    }
}

impl Drop for Own {
    fn drop(&mut self) {
        if let Err(error) = self.run("pg_ctl", &["stop", "-m", "immediate", "-s"]) {
            eprintln!("bench: PostgreSQL could not be stopped: {error}");
        }
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        drop(self.own.take());
    }
}

/// Debian keeps the server's programs off the PATH, in a folder per version.
fn programs() -> Result<PathBuf, Failure> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    if let Ok(versions) = std::fs::read_dir("/usr/lib/postgresql") {
        folders.extend(versions.flatten().map(|version| version.path().join("bin")));
    }
    let found = folders.into_iter().find(|folder| folder.join("initdb").is_file() && folder.join("pg_ctl").is_file());
    found.ok_or_else(|| "no PostgreSQL: install it, or name a server with FASTI_BENCH_PG_URL".into())
}

/// PostgreSQL refuses to run as root: then as the user it was installed with, or as nobody.
fn unprivileged() -> Result<Option<(u32, u32)>, Failure> {
    use std::os::unix::fs::MetadataExt;
    if std::fs::metadata("/proc/self")?.uid() != 0 {
        return Ok(None);
    }
    let users = std::fs::read_to_string("/etc/passwd")?;
    for name in ["postgres", "nobody"] {
        let mut fields = users.lines().map(|line| line.split(':').collect::<Vec<_>>());
        if let Some(user) = fields.find(|user| user.first() == Some(&name) && user.len() > 3) {
            return Ok(Some((user[2].parse()?, user[3].parse()?)));
        }
    }
    Err("there is neither a user postgres nor nobody to run PostgreSQL as".into())
}
