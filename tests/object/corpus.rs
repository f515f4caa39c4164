//! Objects that real programs wrote: split by UID, almost all are accepted.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use fasti::ical::object::{Component, Kind, Limits, Object};

fn files(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, into);
        } else if path.extension().is_some_and(|ending| ending == "ics") {
            into.push(path);
        }
    }
}

/// The lines of components by their type and UID.
type ByUid = BTreeMap<(String, String), String>;

/// The lines of a file by component: those of each VTIMEZONE, and of the others.
fn split(text: &str) -> Option<(Vec<String>, ByUid)> {
    let (mut zones, mut objects) = (Vec::new(), ByUid::new());
    let (mut depth, mut block, mut uid, mut name) = (0, String::new(), None, String::new());
    let mut calendars = 0;
    for line in text.lines().map(str::trim_end) {
        let upper = line.to_ascii_uppercase();
        if let Some(begun) = upper.strip_prefix("BEGIN:") {
            depth += 1;
            if depth == 1 {
                calendars += 1;
                if begun.trim() != "VCALENDAR" {
                    return None;
                }
                continue;
            }
            if depth == 2 {
                (block, uid, name) = (String::new(), None, begun.trim().to_owned());
            }
        }
        if depth == 2 && upper.starts_with("UID") {
            uid = uid.or_else(|| Some(line.split_once(':')?.1.to_owned()));
        }
        if depth >= 2 {
            block += line;
            block += "\r\n";
        }
        if upper.starts_with("END:") {
            depth -= 1;
            if depth == 1 && name == "VTIMEZONE" {
                zones.push(std::mem::take(&mut block));
            } else if depth == 1 {
                *objects.entry((name.clone(), uid.take()?)).or_default() += &block;
            }
        }
    }
    (depth == 0 && calendars == 1).then_some((zones, objects))
}

#[test]
fn nineteen_of_twenty_are_accepted() {
    let Some(folder) = super::shared("corpora/ics") else { return };
    let mut all = Vec::new();
    files(&folder, &mut all);
    all.sort();
    let limits = Limits { kinds: &Kind::ALL, ..Limits::default() };
    let (mut accepted, mut refused) = (0, Vec::new());
    for file in &all {
        let Ok(text) = std::fs::read_to_string(file) else { continue };
        let Some((zones, objects)) = split(&text) else { continue };
        for ((kind, uid), block) in objects {
            let text = format!("BEGIN:VCALENDAR\r\nVERSION:2.0\r\n{}{block}END:VCALENDAR\r\n", zones.concat());
            match Object::parse(text.as_bytes(), &limits) {
                Ok(object) => {
                    accepted += 1;
                    assert_eq!(object.kind().as_str(), kind);
                    let again: Component = object.calendar().clone();
                    let reread = Object::parse(again.to_ical().as_bytes(), &Limits::stored());
                    assert_eq!(reread.unwrap().calendar(), &again, "{} {uid}", file.display());
                }
                Err(violation) => {
                    let file = file.strip_prefix(&folder).unwrap().display();
                    refused.push(format!("{} {violation} ({file} {uid})", violation.condition.element()));
                }
            }
        }
    }
    refused.sort();
    for why in &refused {
        eprintln!("{why}");
    }
    eprintln!("{accepted} accepted, {} refused", refused.len());
    assert!(accepted > 1000, "{accepted}");
    assert!(refused.len() * 20 <= accepted + refused.len(), "{} of {}", refused.len(), accepted + refused.len());
}
