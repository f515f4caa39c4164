/// What a subscriber needs to know of a VEVENT to follow it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Event {
    pub(crate) uid: String,
    pub(crate) sequence: i64,
    pub(crate) status: String,
}

/// The events of a calendar, read as simply as can be: on purpose not by Fasti's own reader.
pub(crate) fn events(calendar: &str) -> Vec<Event> {
    assert!(calendar.starts_with("BEGIN:VCALENDAR\r\n"), "no calendar: {calendar:.200}");
    assert!(calendar.ends_with("END:VCALENDAR\r\n"), "cut off: …{}", &calendar[calendar.len().saturating_sub(200)..]);
    let unfolded = calendar.replace("\r\n ", "");
    unfolded.split("BEGIN:VEVENT\r\n").skip(1).map(event).collect()
}

fn event(text: &str) -> Event {
    let value = |name: &str| {
        let mut found = text.lines().filter_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        found.next().unwrap_or_else(|| panic!("no {name} in {text}")).to_owned()
    };
    Event { uid: value("UID"), sequence: value("SEQUENCE").parse().unwrap(), status: value("STATUS") }
}
