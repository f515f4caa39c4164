//! Calendar objects as CalDAV keeps them.
//!
//! | file | what it does |
//! | --- | --- |
//! | `rfc4791` | the calendar of appendix B and every example query of §7.8, §7.10 |
//! | `hostile` | what must be refused, and what must not, of `../shared/hostile` |
//! | `corpus` | real objects of `../shared/corpora/ics` |
//!
//! `FASTI_SHARED` names the folder `shared`, if it is not beside this checkout.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod corpus;
mod hostile;
mod rfc4791;

/// The folder of that name in `shared`, or `None` with a word why.
fn shared(path: &str) -> Option<std::path::PathBuf> {
    let beside = std::path::PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../shared"));
    let folder = std::env::var_os("FASTI_SHARED").map_or(beside, std::path::PathBuf::from).join(path);
    if folder.exists() {
        return Some(folder);
    }
    eprintln!("not tested: {} is not here (FASTI_SHARED names the folder \"shared\")", folder.display());
    None
}
