use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::BoxError;
use axum::body::Body;
use bytes::Bytes;
use http_body_util::Limited;
use hyper::body::{Body as _, Frame, SizeHint};
use tokio::time::{Instant, Sleep};

/// A request's body as handlers see it: never longer than the ceiling, never pausing longer than allowed.
pub(super) struct Guarded {
    body: Limited<Body>,
    pause: Duration,
    /// Set while the handler waits for the client; the handler's own work before and between reads is not counted.
    deadline: Option<Pin<Box<Sleep>>>,
    waiting: bool,
    progress: Progress,
}

/// How far the body of a request has been read, for the layer that answers.
#[derive(Clone, Default)]
pub(super) struct Progress(Arc<AtomicU8>);

const PAUSED: u8 = 1;
const COMPLETE: u8 = 2;

impl Progress {
    /// Whether the client stopped sending for longer than allowed.
    pub(super) fn paused(&self) -> bool {
        self.0.load(Ordering::Relaxed) == PAUSED
    }

    /// Whether all of it arrived.
    pub(super) fn complete(&self) -> bool {
        self.0.load(Ordering::Relaxed) == COMPLETE
    }
}

/// The client paused for too long.
#[derive(Debug, thiserror::Error)]
#[error("the request's body did not arrive in time")]
struct Paused;

impl Guarded {
    /// Guards `body`, or gives it back when it is empty, as most are: then there is nothing to guard.
    pub(super) fn around(body: Body, ceiling: usize, pause: Duration) -> (Body, Option<Progress>) {
        if body.is_end_stream() {
            return (body, None);
        }
        let progress = Progress::default();
        let guarded = Self {
            body: Limited::new(body, ceiling),
            pause,
            deadline: None,
            waiting: false,
            progress: progress.clone(),
        };
        (Body::new(guarded), Some(progress))
    }
}

impl Guarded {
    fn waited_too_long(&mut self, cx: &mut Context<'_>) -> bool {
        let until = Instant::now() + self.pause;
        let deadline = self.deadline.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(until)));
        if !self.waiting {
            deadline.as_mut().reset(until);
            self.waiting = true;
        }
        deadline.as_mut().poll(cx).is_ready()
    }
}

impl hyper::body::Body for Guarded {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let polled = Pin::new(&mut self.body).poll_frame(cx);
        match &polled {
            Poll::Ready(Some(Ok(_))) => {
                self.waiting = false;
                if self.body.is_end_stream() {
                    self.progress.0.store(COMPLETE, Ordering::Relaxed);
                }
            }
            Poll::Ready(None) => self.progress.0.store(COMPLETE, Ordering::Relaxed),
            Poll::Ready(Some(Err(_))) => {}
            Poll::Pending => {
                if self.waited_too_long(cx) {
                    self.progress.0.store(PAUSED, Ordering::Relaxed);
                    return Poll::Ready(Some(Err(Box::new(Paused))));
                }
            }
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
