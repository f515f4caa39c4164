use std::io::Write;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use super::client::Api;
use super::database::{Database, Kind};
use super::server::Server;

/// What links start with. Nothing answers there: tests exchange it for the address of a server.
pub(crate) const PUBLIC_URL: &str = "https://cal.fasti.example";

/// An installation: a database, a key, and what its processes are started with.
pub(crate) struct House {
    pub(crate) database: Database,
    pub(crate) key: String,
    environment: Vec<(String, String)>,
}

/// A command that has ended.
pub(crate) struct Finished {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl House {
    pub(crate) async fn new(kind: Kind) -> Self {
        let key = data_encoding::HEXLOWER.encode(&rand::random::<[u8; 32]>());
        Self { database: Database::new(kind).await, key, environment: Vec::new() }
    }

    /// The same, with one more variable for every process.
    pub(crate) fn with(mut self, variable: &str, value: &str) -> Self {
        self.environment.push((variable.to_owned(), value.to_owned()));
        self
    }

    /// `fasti` with nothing but this installation's configuration, from its environment.
    pub(crate) fn command(&self) -> Command {
        let mut command = bare();
        command
            .env("FASTI_DATABASE_URL", self.database.url())
            .env("FASTI_DATA_DIR", self.database.directory().join("data"))
            .env("FASTI_MASTER_KEY", &self.key)
            .env("FASTI_PUBLIC_URL", PUBLIC_URL)
            .env("FASTI_LISTEN", "127.0.0.1:0")
            .envs(self.environment.iter().map(|(variable, value)| (variable, value)))
            .current_dir(self.database.directory());
        command
    }

    /// Runs a command to its end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Finished {
        let mut command = self.command();
        command.args(arguments);
        finish(command, "")
    }

    /// Runs a command that must succeed; what it printed, without the line's end.
    pub(crate) fn ok(&self, arguments: &[&str]) -> String {
        let finished = self.run(arguments);
        assert_eq!(finished.code, Some(0), "fasti {}: {}", arguments.join(" "), finished.stderr);
        finished.stdout.trim_end().to_owned()
    }

    /// `fasti serve`, ready to be started.
    pub(crate) fn serve(&self) -> Command {
        let mut command = self.command();
        command.arg("serve");
        command
    }

    /// One more server over this database.
    pub(crate) async fn start(&self) -> Server {
        Server::start(self.serve()).await
    }

    /// A business in Berlin; a token that may do everything.
    pub(crate) fn business(&self, slug: &str) -> String {
        let name = format!("The {slug}");
        let zone = ["--timezone", "Europe/Berlin"];
        self.ok(&[&["tenant", "create", slug, "--name", &name][..], &zone].concat());
        self.ok(&["token", "create", slug, "--scope", "admin"])
    }
}

/// `fasti` with an empty environment.
pub(crate) fn bare() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_fasti"));
    command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
    command
}

/// Runs a command to its end with `input` on its standard input.
pub(crate) fn finish(mut command: Command, input: &str) -> Finished {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // A command that does not read closes its end early.
    child.stdin.take().unwrap().write_all(input.as_bytes()).ok();
    let output = child.wait_with_output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("Fasti prints UTF-8");
    Finished { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
}

/// What can be booked in a test.
pub(crate) struct Business {
    pub(crate) api: Api,
    /// Ids.
    pub(crate) staff: Vec<String>,
}

impl Business {
    /// Hires so many.
    pub(crate) async fn new(api: Api, staff: usize) -> Self {
        let mut hired = Vec::new();
        for i in 0..staff {
            let person = json!({ "name": format!("Staff {i}"), "email": format!("staff{i}@salon.example") });
            hired.push(api.create("staff", &person).await);
        }
        Self { api, staff: hired }
    }

    /// Offers a service of so many minutes; `more` is merged into it. Its id.
    pub(crate) async fn service(&self, name: &str, minutes: i64, more: Value) -> String {
        let mut service = json!({ "name": name, "duration_minutes": minutes });
        if let (Some(service), Value::Object(more)) = (service.as_object_mut(), more) {
            service.extend(more);
        }
        self.api.create("services", &service).await
    }
}
