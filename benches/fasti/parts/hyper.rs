//! A bare hyper server: accept, HTTP/1.1, one handler, nothing else.

use std::convert::Infallible;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

use crate::Failure;

pub type Answer = Response<Full<Bytes>>;

/// Serves for ever.
pub async fn serve<H, A>(listener: TcpListener, handler: H) -> Result<(), Failure>
where
    H: Fn(Request<Incoming>) -> A + Send + Sync + 'static,
    A: Future<Output = Result<Answer, Failure>> + Send + 'static,
{
    super::ready(&listener)?;
    let handler = Arc::new(handler);
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let handler = Arc::clone(&handler);
        tokio::spawn(async move {
            let service = service_fn(|request| {
                let answer = handler(request);
                async move { Ok::<_, Infallible>(answer.await.unwrap_or_else(|error| failed(&error))) }
            });
            if let Err(error) = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await {
                eprintln!("a connection ended: {error}");
            }
        });
    }
}

fn failed(error: &Failure) -> Answer {
    eprintln!("failed: {error}");
    let mut answer = Response::new(Full::default());
    *answer.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
    answer
}

/// An answer that was taken off the wire, to be given again.
#[derive(Clone)]
pub struct Taken {
    status: StatusCode,
    headers: HeaderMap,
    pub body: Bytes,
}

impl Taken {
    pub fn read(file: &Path) -> Result<Self, Failure> {
        let bytes = std::fs::read(file)?;
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").ok_or("the answer has no head")?;
        let head = std::str::from_utf8(&bytes[..end])?;
        let status = head.get(9..12).ok_or("the answer has no status")?.parse()?;
        let mut headers = HeaderMap::new();
        for (name, value) in head.lines().filter_map(|line| line.split_once(": ")) {
            let name: HeaderName = name.parse()?;
            // hyper writes these itself.
            if name != header::CONTENT_LENGTH && name != header::DATE {
                headers.append(name, HeaderValue::from_str(value)?);
            }
        }
        Ok(Self { status, headers, body: Bytes::from(bytes).slice(end + 4..) })
    }

    pub fn with(&self, body: Bytes) -> Answer {
        let mut answer = Response::new(Full::new(body));
        *answer.status_mut() = self.status;
        *answer.headers_mut() = self.headers.clone();
        answer
    }
}
