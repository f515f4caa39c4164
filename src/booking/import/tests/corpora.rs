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

/// What came of all calendars of a group.
#[derive(Default)]
struct Sums {
    files: usize,
    unreadable: u64,
    events: [u64; 5],
    reasons: BTreeMap<String, u64>,
    slowest: (u128, PathBuf),
}

impl Sums {
    fn add(&mut self, said: &Said) {
        self.files += 1;
        self.unreadable += said.report.unreadable;
        for (sum, count) in self.events.iter_mut().zip(said.counts(Kind::Booking)) {
            *sum += count;
        }
        for line in &said.lines {
            let reason = line.splitn(4, ':').last().unwrap_or_default().trim();
            let reason: String = reason.chars().filter(|c| !c.is_ascii_digit()).take(60).collect();
            *self.reasons.entry(reason).or_default() += 1;
        }
    }

    fn print(self, group: &str) {
        let [created, changed, unchanged, rejected, skipped] = self.events;
        let Self { files, unreadable, slowest, .. } = self;
        println!(
            "{group}: {files} files, {unreadable} unreadable; events: {created} created, {changed} changed, {unchanged} \
             unchanged, {rejected} rejected, {skipped} skipped; slowest: {slowest:?} ms"
        );
        let mut reasons: Vec<_> = self.reasons.into_iter().collect();
        reasons.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        reasons.iter().take(40).for_each(|(reason, count)| println!("  {count:5} {reason}"));
    }
}

/// Imports each calendar twice into a business of its own, and adds up what came of it.
fn import_all(group: &str, folders: &[PathBuf]) {
    // In memory where that is possible: nothing of it is worth a disk.
    let dir = Arc::new(tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap());
    let url = postgres().unwrap_or_else(|| sqlite(&dir));
    store::migrate(&url).unwrap();
    let store = Store::connect(&url, &store::Options { threads: 1, ..store::Options::for_url(&url) }).unwrap();
    let mut files = Vec::new();
    folders.iter().for_each(|folder| calendars(folder, &mut files));
    // All 2,000 calendars of the field take minutes without optimisation: `make soak` has them, every run a tenth.
    let whole = std::env::var_os("FASTI_TEST_SOAK").is_some() || files.len() < 500;
    let files: Vec<PathBuf> = files.into_iter().step_by(if whole { 1 } else { 10 }).collect();
    assert!(!files.is_empty());
    let mut sums = Sums::default();
    for (i, path) in files.iter().enumerate() {
        let began = std::time::Instant::now();
        let house = House::in_store(store.clone(), &format!("{group}-{i}"), Arc::clone(&dir));
        sums.add(&import_twice(&house, path));
        sums.slowest = sums.slowest.max((began.elapsed().as_millis(), path.clone()));
    }
    sums.print(group);
}

fn import_twice(house: &House, path: &Path) -> Said {
    house.import(&[house.file("staff.csv", "name,email\nAnna,anna@salon.example\n")]);
    let file = staged(path, house.dir.path());
    let serve = Options { staff: Some("Anna".to_owned()), ..Options::default() };
    let first = house.import_as(std::slice::from_ref(&file), &serve);
    let before = house.state();
    let second = house.import_as(std::slice::from_ref(&file), &serve);
    let shown = path.display();
    assert_eq!(second.report.total().created + second.report.total().changed, 0, "{shown}: {:#?}", second.lines);
    assert_eq!(house.state(), before, "{shown}");
    let (one, two) = (first.counts(Kind::Booking), second.counts(Kind::Booking));
    assert_eq!((one[0] + one[2], &one[3..]), (two[2], &two[3..]), "{shown}: {:#?}", second.lines);
    let is_rejection = |line: &&String| !line.contains(": note: ") && !line.contains(": skipped: ");
    let told = first.lines.iter().filter(is_rejection).count() as u64;
    assert_eq!(one[3] + first.report.unreadable, told, "{shown}: {:#?}", first.lines);
    if first.report.unreadable == 0 {
        // Each event is a row, or belongs to the row of its series.
        let rows: u64 = one.iter().sum();
        let (events, moved) = (begins(&file, b"BEGIN:VEVENT"), begins(&file, b"RECURRENCE-ID"));
        assert!(rows + moved >= events, "{shown}: {rows} rows and {moved} moved of {events}: {:#?}", first.lines);
    }
    first
}

/// How many lines begin with a text.
fn begins(path: &Path, text: &[u8]) -> u64 {
    let bytes = std::fs::read(path).unwrap().to_ascii_uppercase();
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
    bytes.split(|byte| matches!(byte, b'\n' | b'\r')).filter(|line| line.starts_with(text)).count() as u64
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
