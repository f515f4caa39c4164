//! The calendars of `../shared` (or `FASTI_SHARED`): no crash, a reason for whatever is not taken, and nothing changes
//! the second time.

use std::collections::BTreeMap;
use std::path::Path;

use super::*;

fn shared() -> Option<PathBuf> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).parent().map(|parent| parent.join("shared"));
    let shared = std::env::var_os("FASTI_SHARED").map(PathBuf::from).or_else(beside)?;
    shared.join("corpora").is_dir().then_some(shared)
}

fn calendars(folder: &Path, found: &mut Vec<PathBuf>) {
    let mut entries: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        let name = path.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
        if path.is_dir() {
            calendars(&path, found);
        } else if name.ends_with(".ics") || name.ends_with(".ical") || name.ends_with(".ics.gz") {
            found.push(path);
        }
    }
}

/// The file as one that an import takes: unpacked, and of the right name.
fn staged(path: &Path, dir: &Path) -> PathBuf {
    let bytes = std::fs::read(path).unwrap();
    let mut plain = Vec::new();
    if path.extension().is_some_and(|extension| extension == "gz") {
        let mut reader = flate2::read::GzDecoder::new(bytes.as_slice());
        std::io::Read::read_to_end(&mut reader, &mut plain).unwrap();
    } else {
        plain = bytes;
    }
    let staged = dir.join("c.ics");
    std::fs::write(&staged, plain).unwrap();
    staged
}

/// Imports each calendar twice into a business of its own, and adds up what came of it.
fn import_all(group: &str, folders: &[PathBuf]) {
    let dir = Arc::new(tempfile::tempdir().unwrap());
    let url = postgres().unwrap_or_else(|| sqlite(&dir));
    store::migrate(&url).unwrap();
    let store = Store::connect(&url, &store::Options { threads: 1, ..store::Options::for_url(&url) }).unwrap();
    let mut files = Vec::new();
    folders.iter().for_each(|folder| calendars(folder, &mut files));
    assert!(!files.is_empty());
    let (mut sums, mut reasons, mut unreadable) = ([0_u64; 5], BTreeMap::<String, u64>::new(), 0);
    for (i, path) in files.iter().enumerate() {
        let house = House::in_store(store.clone(), &format!("{group}-{i}"), Arc::clone(&dir));
        let anna = house.file("staff.csv", "name,email\nAnna,anna@salon.example\n");
        house.import(&[anna]);
        let file = staged(path, dir.path());
        let serve = Options { staff: Some("Anna".to_owned()), ..Options::default() };
        let first = house.import_as(std::slice::from_ref(&file), &serve);
        let before = house.state();
        let second = house.import_as(&[file], &serve);
        let shown = path.display();
        assert_eq!(second.report.total().created + second.report.total().changed, 0, "{shown}: {:#?}", second.lines);
        assert_eq!(house.state(), before, "{shown}");
        let (one, two) = (first.counts(Kind::Booking), second.counts(Kind::Booking));
        assert_eq!((one[0] + one[2], &one[3..]), (two[2], &two[3..]), "{shown}: {:#?}", second.lines);
        let rejected: u64 = one[3] + first.report.unreadable;
        let told = first.lines.iter().filter(|l| !l.contains(": note: ") && !l.contains(": skipped: ")).count();
        assert_eq!(rejected, told as u64, "{shown}: {:#?}", first.lines);
        assert!(
            first.report.total().rows() + first.report.unreadable + first.lines.len() as u64 > 0 || is_eventless(path),
            "{shown}"
        );
        for (sum, count) in sums.iter_mut().zip(one) {
            *sum += count;
        }
        unreadable += first.report.unreadable;
        for line in &first.lines {
            let reason = line.splitn(5, ':').last().unwrap_or_default().trim();
            let reason: String = reason.chars().filter(|c| !c.is_ascii_digit()).take(48).collect();
            *reasons.entry(reason).or_default() += 1;
        }
    }
    let [created, changed, unchanged, rejected, skipped] = sums;
    println!(
        "{group}: {} files, {unreadable} of them unreadable; events: {created} created, {changed} changed, {unchanged} \
         unchanged, {rejected} rejected, {skipped} skipped",
        files.len()
    );
    let mut reasons: Vec<_> = reasons.into_iter().collect();
    reasons.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    for (reason, count) in reasons.iter().take(40) {
        println!("  {count:5} {reason}");
    }
}

fn is_eventless(path: &Path) -> bool {
    !std::fs::read(path).unwrap().to_ascii_uppercase().windows(12).any(|window| window == b"BEGIN:VEVENT")
}

fn with_shared(group: &str, folders: &[&str]) {
    match shared() {
        Some(shared) => import_all(group, &folders.iter().map(|folder| shared.join(folder)).collect::<Vec<_>>()),
        None => eprintln!("skipped: no ../shared/corpora and no FASTI_SHARED"),
    }
}

#[test]
fn calendars_of_the_field() {
    with_shared("field", &["corpora/ics", "corpora/ics-copyleft"]);
}

#[test]
fn hostile_calendars() {
    with_shared("hostile", &["corpora/ics-hostile", "corpora/security", "hostile"]);
}
