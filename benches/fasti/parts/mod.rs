//! The servers that this program plays in processes of their own.

mod bare_booking;
mod bare_dav;
mod bare_feed;
mod ceiling;
mod fasti;
mod hyper;
mod postgres;
mod rows;
mod sql;
mod sqlite;

use std::io::Read;
use std::net::SocketAddr;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;

use crate::Failure;
pub use bare_booking::Sample;
pub use bare_dav::{Asked, Bare};
pub use bare_feed::Shown;
pub use rows::Window;
pub use sql::{ADD_ALLOCATION, ADD_BOOKING};

/// Which server, and over what.
#[derive(Debug, Serialize, Deserialize)]
pub enum Part {
    /// The memory ceiling: this answer, to every request.
    Ceiling {
        /// Head and body as they went over the wire.
        answer: PathBuf,
    },
    /// Fasti as `fasti serve` runs it.
    Fasti { url: String },
    /// Fasti's feeds, whose rows are looked at in every request instead of every half second.
    Rechecking { url: String },
    /// The bare loop that writes a feed.
    BareFeed {
        url: String,
        shown: Shown,
        /// Fasti's answer: the headers, and what of the body is not from rows.
        answer: PathBuf,
    },
    /// The store alone, which says how long it took for the rows of a window.
    Rows { url: String, window: Window },
    /// CalDAV that keeps no answer, so that rows are read in every request.
    Forgetful { url: String },
    /// The bare loop of a calendar.
    BareDav { bare: Box<Bare> },
    /// The bare loop that takes bookings.
    BareBooking { url: String, sample: Box<Sample> },
}

/// Is the server that `part` describes until standard input ends.
pub fn play(part: &str) -> Result<(), Failure> {
    let part: Part = serde_json::from_str(part)?;
    std::thread::spawn(|| {
        let mut nothing = [0];
        while matches!(std::io::stdin().read(&mut nothing), Ok(1..)) {}
        std::process::exit(0);
    });
    tokio::runtime::Runtime::new()?.block_on(async {
        let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await?;
        match part {
            Part::Ceiling { answer } => ceiling::serve(listener, &answer).await,
            Part::Fasti { url } => fasti::serve(listener, &url).await,
            Part::Rechecking { url } => fasti::serve_rechecking(listener, &url).await,
            Part::BareFeed { url, shown, answer } => bare_feed::serve(listener, &url, shown, &answer).await,
            Part::Forgetful { url } => fasti::serve_forgetful(listener, &url).await,
            Part::BareDav { bare } => bare_dav::serve(listener, *bare).await,
            Part::Rows { url, window } => rows::serve(listener, &url, window).await,
            Part::BareBooking { url, sample } => bare_booking::serve(listener, &url, *sample).await,
        }
    })
}

/// Tells the parent that connections are accepted from now on.
fn ready(listener: &TcpListener) -> Result<(), Failure> {
    println!("{}", listener.local_addr()?);
    Ok(())
}
