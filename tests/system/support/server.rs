use std::io::Read;
use std::net::SocketAddr;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// How long anything may take before a test gives up. Generous: CI's machines are small, and builds are debug builds.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// A running Fasti. It is killed when this value goes.
pub(crate) struct Server {
    child: Child,
    stdout: Captured,
    stderr: Captured,
    pub(crate) address: SocketAddr,
}

impl Server {
    /// Starts `command` and waits until it listens. The log must be at `info` at least.
    pub(crate) async fn start(command: Command) -> Self {
        let mut server = Self::spawn(command);
        server.wait_until_ready().await;
        server
    }

    /// Starts `command` without waiting for anything.
    pub(crate) fn spawn(mut command: Command) -> Self {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("fasti starts");
        let stdout = Captured::of(child.stdout.take().unwrap());
        let stderr = Captured::of(child.stderr.take().unwrap());
        Self { child, stdout, stderr, address: SocketAddr::from(([0, 0, 0, 0], 0)) }
    }

    /// Waits until the log says where it listens, and `/readyz` says that it works.
    pub(crate) async fn wait_until_ready(&mut self) {
        let started = Instant::now();
        self.address = loop {
            if let Some(address) = address_in(&self.stderr.text()) {
                break address;
            }
            self.pause(started, "listens").await;
        };
        let url = format!("http://{}/readyz", self.address);
        while !reqwest::get(&url).await.is_ok_and(|answer| answer.status() == 200) {
            self.pause(started, "is ready").await;
        }
    }

    async fn pause(&mut self, since: Instant, until: &str) {
        if let Some(status) = self.child.try_wait().unwrap() {
            panic!("fasti ended ({status}) before it {until}:\n{}", self.stderr.text());
        }
        assert!(since.elapsed() < PATIENCE, "fasti never {until}:\n{}", self.stderr.text());
        tokio::time::sleep(Duration::from_millis(10)).await;
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// `kill -9`, at once.
    pub(crate) fn kill(&mut self) {
        self.child.kill().expect("fasti is killed");
        self.child.wait().expect("fasti is gone");
    }

    /// Whether it has ended, and how.
    pub(crate) fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().unwrap()
    }

    /// SIGTERM.
    pub(crate) fn terminate(&self) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
    }

    /// Waits for the end, and says how it ended and how long that took.
    pub(crate) async fn wait(&mut self) -> (ExitStatus, Duration) {
        let started = Instant::now();
        loop {
            if let Some(status) = self.ended() {
                return (status, started.elapsed());
            }
            assert!(started.elapsed() < PATIENCE, "fasti does not end:\n{}", self.stderr.text());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Everything it wrote to standard output so far.
    pub(crate) fn stdout(&self) -> String {
        self.stdout.text()
    }

    /// Everything it wrote to standard error so far.
    pub(crate) fn stderr(&self) -> String {
        self.stderr.text()
    }

    /// Resident memory, in KiB.
    pub(crate) fn resident_kib(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("a process has VmRSS");
        line.trim().trim_end_matches(" kB").parse().unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let log = self.stderr.text();
            let tail: Vec<&str> = log.lines().rev().take(30).collect();
            eprintln!("-- the end of fasti's log");
            tail.into_iter().rev().for_each(|line| eprintln!("{line}"));
        }
        if self.ended().is_none() {
            self.kill();
        }
    }
}

/// What a process writes, read as it comes so that its pipe is never full.
struct Captured(Arc<Mutex<Vec<u8>>>);

impl Captured {
    fn of(mut source: impl Read + Send + 'static) -> Self {
        let kept = Arc::new(Mutex::new(Vec::new()));
        let keeper = Arc::clone(&kept);
        std::thread::spawn(move || {
            let mut buffer = [0; 8192];
            while let Ok(count @ 1..) = source.read(&mut buffer) {
                keeper.lock().unwrap().extend_from_slice(&buffer[..count]);
            }
        });
        Self(kept)
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap()).into_owned()
    }
}

/// From `… listening address=127.0.0.1:43210` or the same as JSON.
fn address_in(log: &str) -> Option<SocketAddr> {
    let line = log.lines().find(|line| line.contains("listening") && line.contains("address"))?;
    let (_, rest) = line.split_once("address=").or_else(|| line.split_once("\"address\":\""))?;
    let end = rest.find([' ', '"']).unwrap_or(rest.len());
    rest[..end].parse().ok()
}
