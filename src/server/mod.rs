//! Everything between a socket and the routes, and the routes that operate the server.
//!
//! | file | what it is for |
//! | --- | --- |
//! | `accept.rs` | connections: accepting, capping, timing out, draining |
//! | `meter.rs` | counts a connection's bytes, so that a silent one can be told |
//! | `front.rs` | requests: the one layer in front of every route |
//! | `body.rs` | request bodies: size and pauses |
//! | `access.rs` | the one log line and the measurements of a request |
//! | `routes.rs` | what a server answers with: a router, and a room before it |
//! | `router.rs` | every path on one page, and the rooms behind them wired together |
//! | `operate.rs` | `/healthz`, `/readyz`, `/metrics` |
//! | `metrics.rs` | the Prometheus recorder |
//! | `log.rs` | where log lines go and what they may contain |
//! | `healthcheck.rs` | asks a running server whether it is well |

mod accept;
mod access;
mod body;
mod front;
pub mod healthcheck;
pub mod log;
mod meter;
pub mod metrics;
mod operate;
mod options;
mod router;
mod routes;

pub use accept::{serve, shutdown_signal};
pub use front::wrap;
pub use operate::operations;
pub use options::{Limits, ServerOptions};
pub use router::App;
pub use routes::{Handle, Room, Routes};
