//! What somebody adds to an event that another writes: kept as content lines, and put back when it is written anew.

/// A line that is never shown: its owner wants no alarms at all.
pub const NO_ALARMS: &str = "X-FASTI-NO-ALARMS:1\r\n";

/// `component`, VEVENTs as Fasti renders them, with `personal` lines at the end of each master.
///
/// Lines of `personal` replace properties of the same name (DESCRIPTION, COLOR), except those that may be there often.
/// With an alarm among them, the alarms that Fasti wrote are left out: whoever sets their own wants no others.
#[must_use]
pub fn merged(component: &str, personal: &str) -> String {
    let own_alarms = personal.contains("BEGIN:VALARM") || personal.ends_with(NO_ALARMS);
    let personal = personal.strip_suffix(NO_ALARMS).unwrap_or(personal);
    let replaced: Vec<&str> = unfolded_names(personal).collect();
    let mut out = String::with_capacity(component.len() + personal.len());
    let (mut in_alarm, mut skipping) = (false, false);
    for line in component.split_inclusive("\r\n") {
        let continued = line.starts_with([' ', '\t']);
        if !continued {
            skipping = false;
            match line.trim_end() {
                "BEGIN:VALARM" => in_alarm = true,
                "END:VEVENT" => out.push_str(personal),
                _ => {}
            }
            let name = name_of(line);
            skipping |= !in_alarm && replaced.iter().any(|known| name.eq_ignore_ascii_case(known));
        }
        if !(skipping || in_alarm && own_alarms) {
            out.push_str(line);
        }
        if line.trim_end() == "END:VALARM" {
            in_alarm = false;
        }
    }
    out
}

fn name_of(line: &str) -> &str {
    line.split([';', ':']).next().unwrap_or_default().trim_end()
}

/// Names of the properties outside of alarms.
fn unfolded_names(personal: &str) -> impl Iterator<Item = &str> {
    let mut depth = 0;
    personal
        .split("\r\n")
        .filter(move |line| {
            if line.starts_with([' ', '\t']) || line.is_empty() {
                return false;
            }
            match name_of(line) {
                "BEGIN" => depth += 1,
                "END" => depth -= 1,
                _ => return depth == 0,
            }
            false
        })
        .map(name_of)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_somebody_added_replaces_what_was_written() {
        let written = "BEGIN:VEVENT\r\nUID:1\r\nDESCRIPTION:Customer: Ben\\nlong\r\n  line\r\nCOLOR:green\r\nBEGIN:VALARM\r\nACTION:DISPLAY\r\nDESCRIPTION:x\r\nEND:VALARM\r\nEND:VEVENT\r\n";
        let personal = "COLOR:red\r\nX-A:1\r\nBEGIN:VALARM\r\nACTION:AUDIO\r\nEND:VALARM\r\n";
        assert_eq!(
            merged(written, personal),
            "BEGIN:VEVENT\r\nUID:1\r\nDESCRIPTION:Customer: Ben\\nlong\r\n  line\r\nCOLOR:red\r\nX-A:1\r\nBEGIN:VALARM\r\nACTION:AUDIO\r\nEND:VALARM\r\nEND:VEVENT\r\n"
        );
        assert_eq!(
            merged(written, "DESCRIPTION:Mine\r\n"),
            "BEGIN:VEVENT\r\nUID:1\r\nCOLOR:green\r\nBEGIN:VALARM\r\nACTION:DISPLAY\r\nDESCRIPTION:x\r\nEND:VALARM\r\nDESCRIPTION:Mine\r\nEND:VEVENT\r\n"
        );
    }
}
