//! Imports point down only: this reads every path through the crate's root in `src/` and fails on an arrow that
//! points up, or sideways between peers. The table below is the architecture; the code has to follow it.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::fs;
use std::path::{Path, PathBuf};

/// A room of the house: a file or folder of `src/`.
struct Room {
    name: &'static str,
    /// A room sees the rooms on lower floors.
    floor: u8,
    /// Rooms on its own floor that it may see all the same.
    peers: &'static [&'static str],
    /// If not empty, the only rooms that may see this one.
    only_for: &'static [&'static str],
    /// Why it is there.
    why: &'static str,
}

const fn room(floor: u8, name: &'static str, why: &'static str) -> Room {
    Room { name, floor, peers: &[], only_for: &[], why }
}

const ROOMS: &[Room] = &[
    room(0, "time", "instants and zones are what everything else is about; pure"),
    room(0, "net", "addresses are data; rooms below the server limit by them; pure"),
    room(0, "secret", "a wrapper that knows nothing of what it wraps"),
    room(1, "recurrence", "arithmetic on civil time; pure, so it cannot know rows or iCalendar"),
    Room {
        peers: &["recurrence"],
        ..room(1, "availability", "arithmetic on intervals; pure, one file of it expands series")
    },
    room(2, "store", "rows; iCalendar in here would make a text format part of the schema"),
    room(2, "ical", "text to domain and back; it must be usable with no database (fasti slots)"),
    Room { peers: &["store"], ..room(2, "auth", "who may: it looks tokens up, but knows no protocol") },
    room(3, "booking", "use cases, the one truth that every dialect goes through"),
    room(3, "calendar", "use cases on collections and what people write into them; bookings are another matter"),
    room(4, "dav", "a dialect; dialects never meet each other"),
    room(4, "feed", "a dialect; dialects never meet each other"),
    room(4, "api", "a dialect; dialects never meet each other"),
    room(4, "setup", "profiles that lead to two dialects; it knows their addresses, not them"),
    room(4, "web", "a dialect; dialects never meet each other"),
    room(5, "server", "sockets and the page of routes: it sees every dialect, none sees it"),
    Room {
        only_for: &["cli", "main"],
        ..room(6, "config", "rooms get small option structs; who could import this could read the environment")
    },
    room(7, "cli", "the commands: they put everything together"),
    room(8, "main", "arguments, then a command"),
];

fn find(name: &str) -> Option<&'static Room> {
    ROOMS.iter().find(|room| room.name == name)
}

/// Why `from` must not see `to`, if so.
fn objection(from: &str, to: &str) -> Option<String> {
    let Some(lower) = find(to) else { return Some(format!("{to} is in no row of this test's table")) };
    let Some(upper) = find(from) else { return Some(format!("{from} is in no row of this test's table")) };
    if from == to || upper.peers.contains(&to) {
        return None;
    }
    if !lower.only_for.is_empty() && !lower.only_for.contains(&from) {
        return Some(format!("only {:?} may see {to}: {}", lower.only_for, lower.why));
    }
    let direction = match lower.floor.cmp(&upper.floor) {
        std::cmp::Ordering::Less => return None,
        std::cmp::Ordering::Equal => "sideways",
        std::cmp::Ordering::Greater => "up",
    };
    Some(format!("{from} → {to} points {direction}. {from}: {}. {to}: {}.", upper.why, lower.why))
}

/// The arrows of one source file that point where they must not. `path` is relative to `src/`.
fn violations(path: &Path, source: &str) -> Vec<String> {
    let parts: Vec<_> = path.iter().map(|part| part.to_str().unwrap().trim_end_matches(".rs")).collect();
    if parts == ["lib"] {
        return Vec::new();
    }
    // How many modules the file's own items are below the root: `super` that often is the root.
    let depth = parts.len() - usize::from(parts.last() == Some(&"mod"));
    let code = without_comments(source);
    let mut found = Vec::new();
    for (line, code) in code.lines().enumerate() {
        for target in targets(code, depth, parts[0] == "main") {
            if let Some(why) = objection(parts[0], &target) {
                found.push(format!("src/{}:{}: {why}", path.display(), line + 1));
            }
        }
    }
    found
}

/// The rooms that a line of code names: after `crate::`, after as many `super::` as lead to the root, and in `main`,
/// which is another crate, after `fasti::`. Groups (`crate::{a, b}`) are joined to one line by `without_comments`.
fn targets(code: &str, depth: usize, is_main: bool) -> Vec<String> {
    let mut roots = vec!["crate::".to_owned(), "super::".repeat(depth)];
    if is_main {
        roots = vec!["fasti::".to_owned()];
    }
    let mut found = Vec::new();
    for (index, root) in roots.iter().enumerate() {
        let mut rest = code;
        while let Some(at) = rest.find(root.as_str()) {
            let before = rest[..at].chars().next_back();
            rest = &rest[at + root.len()..];
            let part_of_a_name = before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == ':');
            if !part_of_a_name {
                // A path of `super` may also lead into an inline module of the file itself: only rooms count there.
                found.extend(heads(rest).into_iter().filter(|name| index == 0 || find(name).is_some()));
            }
        }
    }
    found
}

/// The first names of a path or of a group of paths: `a::b` → a; `{a::{x, y}, b}` → a, b.
fn heads(path: &str) -> Vec<String> {
    let name = |text: &str| text.trim().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
    let Some(group) = path.strip_prefix('{') else { return vec![name(path)] };
    let (mut depth, mut start, mut found) = (0, 0, Vec::new());
    for (at, character) in group.char_indices() {
        match character {
            '{' => depth += 1,
            '}' if depth == 0 => {
                found.push(name(&group[start..at]));
                break;
            }
            '}' => depth -= 1,
            ',' if depth == 0 => {
                found.push(name(&group[start..at]));
                start = at + 1;
            }
            _ => {}
        }
    }
    found.retain(|name| !name.is_empty() && name != "self");
    found
}

/// The source without line comments, with lines that end inside a group joined to the next (line numbers then are
/// those of the group's start).
fn without_comments(source: &str) -> String {
    let mut code = String::with_capacity(source.len());
    let mut open = 0_usize;
    let mut owed = 0;
    for line in source.lines() {
        let line = line.split("//").next().unwrap_or_default();
        let begins = line.trim_start().starts_with("use ") || line.trim_start().starts_with("pub use ");
        if begins || open > 0 {
            open = (open + line.matches('{').count()).saturating_sub(line.matches('}').count());
        }
        code.push_str(line);
        if open > 0 {
            owed += 1;
        } else {
            code.push_str(&"\n".repeat(1 + std::mem::take(&mut owed)));
        }
    }
    code
}

fn sources(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, into);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            into.push(path);
        }
    }
}

#[test]
fn imports_point_down_only() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&src, &mut files);
    assert!(files.len() > 10, "src was not found");
    let wrong: Vec<_> = files
        .iter()
        .flat_map(|file| violations(file.strip_prefix(&src).unwrap(), &fs::read_to_string(file).unwrap()))
        .collect();
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

#[test]
fn every_room_is_in_the_table() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    for entry in fs::read_dir(src).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let name = name.trim_end_matches(".rs");
        assert!(name == "lib" || find(name).is_some(), "src/{name} is in no row of this test's table");
    }
}

#[test]
fn planted_violations_are_found() {
    for (path, source) in [
        ("store/rows.rs", "use crate::booking::Book;"),
        ("store/rows.rs", "use crate::ical::Event;"),
        ("ical/read.rs", "use crate::store::Row;"),
        ("feed/compose.rs", "use crate::api::Problem;"),
        ("api/mod.rs", "fn f() { let x = crate::server::Limits::default(); }"),
        ("api/mod.rs", "use crate::{\n    store,\n    feed::Feed,\n};"),
        ("api/mod.rs", "use crate::{store::{a, b}, feed};"),
        ("api/mod.rs", "use super::feed;"),
        ("api/bookings.rs", "use super::super::feed;"),
        ("server/mod.rs", "use crate::config::Config;"),
        ("booking/mod.rs", "macro_rules! m { () => { $crate::server::wrap } }"),
        ("time/mod.rs", "pub use crate::cli as x;"),
        ("api/mod.rs", "use crate::unheard_of::Thing;"),
        ("unheard_of.rs", "use crate::time::Instant;"),
    ] {
        assert_eq!(violations(Path::new(path), source).len(), 1, "{path}: {source}");
    }
    let group = violations(Path::new("api/mod.rs"), "\nuse crate::{\n    store,\n    feed::Feed,\n};\nuse crate::cli;");
    assert!(group[0].starts_with("src/api/mod.rs:2:") && group[1].starts_with("src/api/mod.rs:6:"), "{group:?}");
}

#[test]
fn arrows_that_point_down_are_not_objected_to() {
    for (path, source) in [
        ("store/rows.rs", "use crate::time::Instant; // not crate::cli"),
        ("store/rows.rs", "/// See [`crate::booking`]."),
        ("store/rows.rs", "use super::on; use crate::store::on; use super::feeds;"),
        ("auth/token.rs", "use crate::store::Store;"),
        ("feed/mod.rs", "use crate::{auth, booking::{Booking, api}, time};"),
        ("server/router.rs", "use crate::{api, feed};"),
        ("cli/serve.rs", "use crate::config::Config;"),
        ("main.rs", "fn main() { fasti::cli::run() }"),
        ("api/mod.rs", "use other_crate::server; mod tests { use super::*; }"),
        ("lib.rs", "pub mod server;"),
    ] {
        assert_eq!(violations(Path::new(path), source), Vec::<String>::new(), "{path}: {source}");
    }
}
