//! What one rule may cost, whatever it says: time and memory for reading it, making it ready and asking it everything.

use std::fmt::Write;
use std::path::Path;
use std::time::Instant as Clock;

use fasti::availability::{Expansion, Filter};
use fasti::ical::busy::busy;
use fasti::ical::read::read_events;
use fasti::time::{Instant, Interval, Zone};

use crate::Failure;
use crate::counting::peak;

/// The worst of all, each with what it was.
#[derive(Default)]
pub struct Worst {
    pub inputs: usize,
    pub ms: f64,
    pub slowest: String,
    pub megabytes: f64,
    pub largest: String,
}

impl Worst {
    /// The vectors, the files beside them in the folder "shared" if it is there, and what is too long to be kept.
    pub fn of(vectors: &[&str], shared: &Path) -> Result<Self, Failure> {
        let mut worst = Self::default();
        for line in vectors.iter().flat_map(|text| text.lines()) {
            let vector: serde_json::Value = serde_json::from_str(line)?;
            let of = |name: &str| vector[name].as_array().into_iter().flatten().filter_map(|value| value.as_str());
            let zone = vector["tzid"].as_str().filter(|zone| *zone != "UTC");
            let start = vector["dtstart"].as_str().ok_or("no start")?;
            let parameter = zone.map_or(String::new(), |zone| format!(";TZID={zone}"));
            let mut lines = format!("DTSTART{parameter}:{start}\r\n");
            for (name, property) in [("rrule", "RRULE"), ("exrule", "EXRULE"), ("exdate", "EXDATE"), ("rdate", "RDATE")]
            {
                for value in of(name) {
                    let parameter = if name.ends_with("rule") { "" } else { &parameter };
                    write!(lines, "{property}{parameter}:{value}\r\n")?;
                }
            }
            worst.look(vector["id"].as_str().unwrap_or_default(), &event(&lines));
        }
        for entry in std::fs::read_dir(shared.join("hostile")).into_iter().flatten() {
            let path = entry?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if name.starts_with("rr_") {
                worst.look(&name, &std::fs::read_to_string(path)?);
            }
        }
        for rule in [
            "FREQ=DAILY;INTERVAL=0",
            "FREQ=DAILY;COUNT=4294967295",
            "FREQ=SECONDLY;COUNT=4294967295",
            "FREQ=SECONDLY;UNTIL=21260101T000000Z",
            "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",
            "FREQ=MINUTELY;BYSECOND=0,30",
            "FREQ=MINUTELY;BYSECOND=0,31;BYHOUR=0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17",
            "FREQ=MINUTELY;BYSECOND=0,31;BYHOUR=0,1,2,3,4,5,6,7,8,9,10,11,12,13,14",
            "FREQ=YEARLY;INTERVAL=7973",
            "FREQ=WEEKLY;BYDAY=MO,TU;BYSETPOS=-1;COUNT=4294967295",
        ] {
            worst.look(rule, &event(&format!("DTSTART:20260101T090000Z\r\nRRULE:{rule}\r\n")));
        }
        worst.look("year 9999", &event("DTSTART:99991231T235959Z\r\nRRULE:FREQ=SECONDLY\r\n"));
        for count in [20_000, 1_000_000] {
            let mut lines = "DTSTART:20000101T000000Z\r\nRRULE:FREQ=SECONDLY\r\n".to_owned();
            for n in 0..count {
                let (day, second) = (n / 86_400 + 1, n % 86_400);
                let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
                write!(lines, "EXDATE:200001{day:02}T{hour:02}{minute:02}{second:02}Z\r\n")?;
            }
            worst.look(&format!("{count} EXDATEs"), &event(&lines));
        }
        Ok(worst)
    }

    fn look(&mut self, name: &str, text: &str) {
        let (mut ms, mut megabytes) = (f64::MAX, 0.0);
        // The best of three: the machine is shared.
        for _ in 0..3 {
            let begin = Clock::now();
            let ((), bytes) = peak(|| ask(text));
            ms = ms.min(begin.elapsed().as_secs_f64() * 1e3);
            megabytes = bytes as f64 / 1e6;
        }
        self.inputs += 1;
        if std::env::var_os("FASTI_BENCH_ALL").is_some() {
            println!("{ms:9.3} ms {megabytes:9.3} MB  {name}");
        }
        if ms > self.ms {
            (self.ms, self.slowest) = (ms, name.to_owned());
        }
        if megabytes > self.megabytes {
            (self.megabytes, self.largest) = (megabytes, name.to_owned());
        }
    }
}

fn event(lines: &str) -> String {
    format!(
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//fasti//bench//EN\r\nBEGIN:VEVENT\r\nUID:hostile\r\n\
         DTSTAMP:20260101T000000Z\r\nDURATION:PT1M\r\n{lines}END:VEVENT\r\nEND:VCALENDAR\r\n"
    )
}

/// Reads a calendar as an import does, and asks for the busy time of a month.
fn ask(text: &str) {
    let utc = Zone::utc();
    let Ok(calendar) = read_events(text.as_bytes(), &utc) else { return };
    let found = busy(&calendar.events, &Filter::default(), None);
    let june = Interval { start: Instant::from_unix(1_780_272_000), end: Instant::from_unix(1_782_864_000) };
    let mut all = Vec::new();
    let asked = Expansion::new(june).busy(&found.events, &utc, &mut all);
    std::hint::black_box((asked.is_ok(), all.len()));
}
