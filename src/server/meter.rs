use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// How much of the latest read is kept for [`Meter::saw_both_lengths`]: more than any honest request head.
const KEPT_BYTES: usize = 4096;

/// What has moved over a connection.
#[derive(Debug, Default)]
pub(super) struct Meter {
    received: AtomicU64,
    sent: AtomicU64,
    latest: Mutex<Vec<u8>>,
}

impl Meter {
    /// Returns once the connection is to be given up: nothing arrived within `first`, or later nothing moved in
    /// either direction for `idle`.
    ///
    /// hyper's own timers cover the head of a request, but neither a client that never sends its first byte (the
    /// version sniff has no timer) nor one that stops reading its answers.
    pub(super) async fn silence(&self, first: Duration, idle: Duration) {
        tokio::time::sleep(first).await;
        let mut moved = self.moved();
        if moved == 0 {
            return;
        }
        // Looking four times as often as needed notices silence at most a quarter late.
        let mut quiet = 0;
        while quiet < 4 {
            tokio::time::sleep(idle / 4).await;
            let now = self.moved();
            quiet = if now == moved { quiet + 1 } else { 0 };
            moved = now;
        }
    }

    /// Whether the latest request head named both a length and a transfer coding (RFC 9112 §6.3).
    ///
    /// hyper believes the coding, drops the length before anyone can see it and closes the connection after its
    /// answer, which is safe; but such a request is an attack or a broken proxy, and is to be refused. A head split
    /// over two reads escapes this look and gets hyper's treatment.
    pub(super) fn saw_both_lengths(&self) -> bool {
        let Ok(latest) = self.latest.lock() else { return true };
        let lines = latest.split(|byte| *byte == b'\n').take_while(|line| !matches!(line, [] | [b'\r']));
        let (mut length, mut coding) = (false, false);
        for line in lines {
            length |= has_name(line, b"content-length");
            coding |= has_name(line, b"transfer-encoding");
        }
        length && coding
    }

    fn moved(&self) -> u64 {
        self.received.load(Ordering::Relaxed).wrapping_add(self.sent.load(Ordering::Relaxed))
    }

    fn keep(&self, read: &[u8]) {
        if let Ok(mut latest) = self.latest.lock() {
            latest.clear();
            latest.extend_from_slice(&read[..read.len().min(KEPT_BYTES)]);
        }
    }
}

fn has_name(line: &[u8], name: &[u8]) -> bool {
    line.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name)) && line.get(name.len()) == Some(&b':')
}

/// A stream whose bytes are counted.
#[derive(Debug)]
pub(super) struct Metered<S> {
    stream: S,
    meter: Arc<Meter>,
}

impl<S> Metered<S> {
    pub(super) const fn new(stream: S, meter: Arc<Meter>) -> Self {
        Self { stream, meter }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Metered<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(cx, buf))?;
        let read = &buf.filled()[before..];
        if !read.is_empty() {
            self.meter.received.fetch_add(read.len() as u64, Ordering::Relaxed);
            self.meter.keep(read);
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Metered<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.stream).poll_write(cx, buf))?;
        self.meter.sent.fetch_add(written as u64, Ordering::Relaxed);
        Poll::Ready(Ok(written))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.stream).poll_write_vectored(cx, bufs))?;
        self.meter.sent.fetch_add(written as u64, Ordering::Relaxed);
        Poll::Ready(Ok(written))
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_lengths_are_seen_only_in_the_head() {
        for (read, both) in [
            ("POST / HTTP/1.1\r\nContent-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", true),
            ("POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\ncontent-length: 6\r\n\r\n", true),
            ("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nContent-Length: 6\r\n", false),
            ("POST / HTTP/1.1\r\nX-Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n", false),
            ("", false),
        ] {
            let meter = Meter::default();
            meter.keep(read.as_bytes());
            assert_eq!(meter.saw_both_lengths(), both, "{read:?}");
        }
    }
}
