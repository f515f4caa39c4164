//! Keep-alive HTTP/1.1 clients that cost little, so that what is measured is the server.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::Failure;

/// Bytes read at once.
const BUFFER: usize = 128 * 1024;

/// One connection.
pub struct Client {
    stream: TcpStream,
    buffer: Box<[u8]>,
}

/// An answer that was kept.
#[derive(Debug, Clone, Default)]
pub struct Answer {
    pub status: u16,
    /// Status line and header lines, with the empty line.
    pub head: String,
    pub body: Vec<u8>,
}

impl Answer {
    /// The value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut fields = self.head.lines().filter_map(|line| line.split_once(": "));
        fields.find(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }
}

impl Client {
    pub async fn connect(address: SocketAddr) -> Result<Self, Failure> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: vec![0; BUFFER].into_boxed_slice() })
    }

    /// Sends a request and reads its answer, whose body is dropped unless `keep` wants it. Returns the status.
    pub async fn exchange(&mut self, request: &[u8], keep: Option<&mut Answer>) -> Result<u16, Failure> {
        self.stream.write_all(request).await?;
        let mut filled = 0;
        let head = loop {
            let from = filled;
            filled += self.read(from).await?;
            let seen = &self.buffer[..filled];
            if let Some(at) = seen[from.saturating_sub(3)..].windows(4).position(|four| four == b"\r\n\r\n") {
                break from.saturating_sub(3) + at + 4;
            }
        };
        let status = std::str::from_utf8(&self.buffer[9..12])?.parse()?;
        let length = content_length(&self.buffer[..head])?;
        if is_chunked(&self.buffer[..head]) {
            return self.chunks((head, filled), status, keep).await;
        }
        let mut left = if status == 304 { 0 } else { length + head - filled };
        match keep {
            None => {
                while left > 0 {
                    left = left.checked_sub(self.read(0).await?).ok_or("an answer is longer than it says")?;
                }
            }
            Some(answer) => {
                answer.status = status;
                answer.head = String::from_utf8(self.buffer[..head].to_vec())?;
                answer.body = self.buffer[head..filled].to_vec();
                while left > 0 {
                    let n = self.read(0).await?;
                    answer.body.extend_from_slice(&self.buffer[..n]);
                    left = left.checked_sub(n).ok_or("an answer is longer than it says")?;
                }
            }
        }
        Ok(status)
    }

    /// The rest of an answer that comes in chunks (RFC 9112 §7.1).
    async fn chunks(
        &mut self,
        (head, filled): (usize, usize),
        status: u16,
        keep: Option<&mut Answer>,
    ) -> Result<u16, Failure> {
        let headers = self.buffer[..head].to_vec();
        let (mut chunks, mut body) = (Chunks::default(), Vec::new());
        let mut take = |bytes: &[u8]| chunks.take(bytes, if keep.is_some() { Some(&mut body) } else { None });
        let mut done = take(&self.buffer[head..filled])?;
        while !done {
            let n = self.read(0).await?;
            done = take(&self.buffer[..n])?;
        }
        if let Some(answer) = keep {
            *answer = Answer { status, head: String::from_utf8(headers)?, body };
        }
        Ok(status)
    }

    async fn read(&mut self, from: usize) -> Result<usize, Failure> {
        match self.stream.read(&mut self.buffer[from..]).await? {
            0 => Err("the server closed a connection".into()),
            n => Ok(n),
        }
    }
}

fn is_chunked(head: &[u8]) -> bool {
    const LINE: &[u8] = b"transfer-encoding: chunked";
    head.split(|byte| *byte == b'\n')
        .any(|line| line.len() >= LINE.len() && line[..LINE.len()].eq_ignore_ascii_case(LINE))
}

/// Where in a chunked body a reader is.
#[derive(Default)]
struct Chunks {
    /// Octets of the chunk that are still to come, with the line's end after it.
    left: usize,
    line: Vec<u8>,
    last: bool,
}

impl Chunks {
    /// Takes what came; true at the end of the body.
    fn take(&mut self, mut bytes: &[u8], mut body: Option<&mut Vec<u8>>) -> Result<bool, Failure> {
        while !bytes.is_empty() {
            if self.left > 0 {
                let n = self.left.min(bytes.len());
                if let Some(body) = &mut body {
                    let text = n.min(self.left.saturating_sub(2));
                    body.extend_from_slice(&bytes[..text]);
                }
                self.left -= n;
                bytes = &bytes[n..];
                continue;
            }
            let end = bytes.iter().position(|byte| *byte == b'\n');
            self.line.extend_from_slice(&bytes[..end.map_or(bytes.len(), |at| at + 1)]);
            let Some(end) = end else { break };
            bytes = &bytes[end + 1..];
            let line = String::from_utf8(std::mem::take(&mut self.line))?;
            if self.last {
                return Ok(true);
            }
            let size = usize::from_str_radix(line.trim_end(), 16)?;
            (self.last, self.left) = (size == 0, if size == 0 { 0 } else { size + 2 });
        }
        Ok(false)
    }
}

fn content_length(head: &[u8]) -> Result<usize, Failure> {
    const NAME: &[u8] = b"content-length: ";
    let mut lines = head.split(|byte| *byte == b'\n');
    let line = lines.find(|line| line.len() > NAME.len() && line[..NAME.len()].eq_ignore_ascii_case(NAME));
    match line {
        Some(line) => Ok(std::str::from_utf8(&line[NAME.len()..])?.trim_end().parse()?),
        None => Ok(0),
    }
}

/// One request and its whole answer.
pub async fn ask(address: SocketAddr, request: &[u8]) -> Result<Answer, Failure> {
    let mut answer = Answer::default();
    Client::connect(address).await?.exchange(request, Some(&mut answer)).await?;
    Ok(answer)
}

/// Writes the `n`-th request of a client.
pub type Requests = Arc<dyn Fn(usize, u64, &mut Vec<u8>) + Send + Sync>;

/// Clients that ask one after the other as fast as they are answered.
pub struct Load {
    clients: Vec<(Client, u64)>,
    requests: Requests,
    expected: u16,
}

/// What came of some time of load.
#[derive(Debug, Default)]
pub struct Heard {
    pub took: Duration,
    /// How long each answer took, sorted.
    pub latencies: Vec<Duration>,
}

impl Load {
    /// `expected` is the status that every answer must have.
    pub async fn new(address: SocketAddr, clients: usize, expected: u16, requests: Requests) -> Result<Self, Failure> {
        let mut connected = Vec::with_capacity(clients);
        for _ in 0..clients {
            connected.push((Client::connect(address).await?, 0));
        }
        Ok(Self { clients: connected, requests, expected })
    }

    /// Load for a while.
    pub async fn run(&mut self, lasting: Duration) -> Result<Heard, Failure> {
        let begun = Instant::now();
        let mut tasks = JoinSet::new();
        for (i, (mut client, mut n)) in self.clients.drain(..).enumerate() {
            let (requests, expected) = (Arc::clone(&self.requests), self.expected);
            tasks.spawn(async move {
                let (mut request, mut latencies) = (Vec::new(), Vec::new());
                while begun.elapsed() < lasting {
                    request.clear();
                    requests(i, n, &mut request);
                    n += 1;
                    let asked = Instant::now();
                    let status = client.exchange(&request, None).await?;
                    latencies.push(asked.elapsed());
                    if status != expected {
                        return Err(Failure::from(format!("an answer was {status} instead of {expected}")));
                    }
                }
                Ok((i, client, n, latencies))
            });
        }
        let mut heard = Heard::default();
        let mut back = Vec::new();
        while let Some(done) = tasks.join_next().await {
            let (i, client, n, latencies) = done??;
            heard.latencies.extend(latencies);
            back.push((i, client, n));
        }
        heard.took = begun.elapsed();
        heard.latencies.sort_unstable();
        back.sort_unstable_by_key(|(i, ..)| *i);
        self.clients = back.into_iter().map(|(_, client, n)| (client, n)).collect();
        Ok(heard)
    }
}
