//! Servers as processes of their own: started, read off, ended.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::Failure;
use crate::load::{Heard, Load};
use crate::parts::Part;

/// Ticks of `/proc/PID/stat` a second: 100 on every Linux.
const TICK: Duration = Duration::from_millis(10);

/// A server that this program plays in another process.
pub struct Server {
    child: Child,
    pub address: SocketAddr,
}

/// Resident memory, in MB (1,000,000 bytes).
#[derive(Debug, Clone, Copy)]
pub struct Memory {
    pub now: f64,
    pub peak: f64,
}

/// One round of load on one server.
#[derive(Debug, Clone, Copy)]
pub struct Round {
    pub per_second: f64,
    /// Processor time of the server's process for one answer.
    pub cpu: Duration,
    pub p50: Duration,
    pub p99: Duration,
}

impl Server {
    pub fn start(part: &Part) -> Result<Self, Failure> {
        let mut child = Command::new(std::env::current_exe()?)
            .arg("--part")
            .arg(serde_json::to_string(part)?)
            // It ends when this end of the pipe closes, however this process ends.
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // Its log lines are written, and nobody reads them.
            .stderr(if std::env::var_os("FASTI_BENCH_LOG").is_some() { Stdio::inherit() } else { Stdio::null() })
            .spawn()?;
        let mut line = String::new();
        let heard = child.stdout.take().map(|out| BufReader::new(out).read_line(&mut line));
        match (heard, line.trim().parse()) {
            (Some(Ok(_)), Ok(address)) => Ok(Self { child, address }),
            _ => {
                child.kill()?;
                child.wait()?;
                Err(format!("a server did not start: {line} (FASTI_BENCH_LOG=1 shows its log)").into())
            }
        }
    }

    /// Processor time so far.
    fn cpu(&self) -> Result<Duration, Failure> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        // Fields 14 and 15, user and system; the second field may contain spaces, but ends with the last parenthesis.
        let after = stat.rsplit(')').next().unwrap_or_default();
        let ticks: Vec<u32> = after.split_whitespace().skip(11).take(2).map(str::parse).collect::<Result<_, _>>()?;
        Ok(TICK * ticks.iter().sum())
    }

    pub fn memory(&self) -> Result<Memory, Failure> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let of = |name: &str| -> Result<f64, Failure> {
            let line = status.lines().find_map(|line| line.strip_prefix(name)).ok_or("no memory in /proc")?;
            let kib: f64 = line.trim_end_matches("kB").trim().parse()?;
            Ok(kib * 1024.0 / 1e6)
        };
        Ok(Memory { now: of("VmRSS:")?, peak: of("VmHWM:")? })
    }

    /// Runs `load`, and reads off what it cost.
    pub async fn measure(&self, load: &mut Load, lasting: Duration) -> Result<Round, Failure> {
        let before = self.cpu()?;
        let heard = load.run(lasting).await?;
        Round::new(&heard, self.cpu()? - before)
    }

    /// Does `work`, which times its requests itself, and reads off what it cost.
    pub async fn measure_with<W>(&self, work: W) -> Result<Round, Failure>
    where
        W: Future<Output = Result<Heard, Failure>>,
    {
        let before = self.cpu()?;
        let heard = work.await?;
        Round::new(&heard, self.cpu()? - before)
    }
}

impl Round {
    pub fn new(heard: &Heard, cpu: Duration) -> Result<Self, Failure> {
        let n = heard.latencies.len();
        let count = u32::try_from(n)?;
        if n == 0 {
            return Err("no request was answered in a round; try more --seconds".into());
        }
        Ok(Self {
            per_second: f64::from(count) / heard.took.as_secs_f64(),
            cpu: cpu / count,
            p50: heard.latencies[n / 2],
            p99: heard.latencies[n * 99 / 100],
        })
    }

    /// The median of rounds, each figure by itself.
    pub fn median(rounds: &[Self]) -> Self {
        fn middle<T: Copy + PartialOrd>(rounds: &[Round], of: impl Fn(&Round) -> T) -> T {
            let mut all: Vec<T> = rounds.iter().map(of).collect();
            all.sort_by(|a, b| a.partial_cmp(b).unwrap_or(std::cmp::Ordering::Equal));
            all[all.len() / 2]
        }
        Self {
            per_second: middle(rounds, |r| r.per_second),
            cpu: middle(rounds, |r| r.cpu),
            p50: middle(rounds, |r| r.p50),
            p99: middle(rounds, |r| r.p99),
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Err(error) = self.child.kill().and_then(|()| self.child.wait()) {
            eprintln!("bench: a server could not be ended: {error}");
        }
    }
}
