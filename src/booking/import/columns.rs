//! Which fields a row of each kind may have.

use super::report::Kind;

/// The fields of a booking. A slash leads into an object in JSON and is an underscore in CSV.
const BOOKING: [&str; 17] = [
    "external_ref",
    "uid",
    "service",
    "staff",
    "resources",
    "customer/name",
    "customer/email",
    "customer/phone",
    "customer_id",
    "start",
    "end",
    "timezone",
    "status",
    "notes",
    "location",
    "stop",
    "rrule",
];
const PERSON: [&str; 8] = ["external_ref", "role", "name", "email", "phone", "username", "timezone", "locale"];
const RESOURCE: [&str; 5] = ["external_ref", "name", "kind", "quantity", "timezone"];
const SERVICE: [&str; 15] = [
    "external_ref",
    "name",
    "duration_minutes",
    "kind",
    "buffer_before_minutes",
    "buffer_after_minutes",
    "slot_step_minutes",
    "min_notice_minutes",
    "max_advance_days",
    "capacity",
    "color",
    "reminders_minutes",
    "cancellation_window_minutes",
    "staff",
    "resources",
];

/// The fields of a kind.
pub(super) const fn of(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::Booking => &BOOKING,
        // They come from calendars only.
        Kind::Block => &[],
        Kind::Person => &PERSON,
        Kind::Resource => &RESOURCE,
        Kind::Service => &SERVICE,
    }
}

/// A field as CSV calls it.
pub(super) fn in_csv(field: &str) -> String {
    field.replace('/', "_")
}

/// The kind of rows that have these fields: each kind but one has a field that no other has and every row needs.
pub(super) fn kind_of<'a>(mut fields: impl Iterator<Item = &'a str>) -> Option<Kind> {
    fields.find_map(|field| match field {
        "start" => Some(Kind::Booking),
        "duration_minutes" => Some(Kind::Service),
        "role" => Some(Kind::Person),
        "quantity" => Some(Kind::Resource),
        _ => None,
    })
}

/// What to say where the kind cannot be told.
pub(super) fn sets() -> String {
    let set = |kind: Kind| of(kind).iter().map(|field| in_csv(field)).collect::<Vec<_>>().join(", ");
    format!(
        "cannot tell what the rows are. Bookings have a start ({}); people have a role ({}); services have \
         duration_minutes ({}); resources have a quantity ({})",
        set(Kind::Booking),
        set(Kind::Person),
        set(Kind::Service),
        set(Kind::Resource)
    )
}

/// The field that a heading means: case, spaces and hyphens do not matter, and an id is the other system's reference.
pub(super) fn named(kind: Kind, heading: &str) -> Option<&'static str> {
    let plain = heading.trim().to_lowercase().replace([' ', '-'], "_");
    let plain = if plain == "id" { "external_ref" } else { plain.as_str() };
    of(kind).iter().find(|field| in_csv(field) == plain).copied()
}

/// What to say of a field that no row of this kind has.
pub(super) fn unknown(kind: Kind, found: &str, known: impl Fn(&str) -> String) -> String {
    let shown: String = found.chars().take(60).collect();
    if found.eq_ignore_ascii_case("password") && kind == Kind::Person {
        return "\"password\" is not imported; set it with `fasti user` or through the API".to_owned();
    }
    let plain: String = shown.to_lowercase().replace([' ', '-'], "_");
    let nearest = of(kind).iter().map(|field| known(field)).min_by_key(|field| distance(field, &plain));
    let all = of(kind).iter().map(|field| known(field)).collect::<Vec<_>>().join(", ");
    let nearest = nearest.unwrap_or_default();
    format!("\"{shown}\" is unknown; did you mean {nearest}? The fields of {} are {all}", kind.plural())
}

/// How many characters to insert, delete or replace to make one text the other (Levenshtein).
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, to) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(from != *to);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headings_are_read_as_people_write_them() {
        assert_eq!(named(Kind::Booking, " Customer Email "), Some("customer/email"));
        assert_eq!(named(Kind::Booking, "ID"), Some("external_ref"));
        assert_eq!(named(Kind::Person, "Time-zone"), None);
        assert_eq!(named(Kind::Service, "price"), None);
    }

    #[test]
    fn the_nearest_field_is_named() {
        for (found, nearest) in [("custmer_name", "customer_name"), ("Strat", "start"), ("time zone", "timezone")] {
            let said = unknown(Kind::Booking, found, in_csv);
            assert!(said.contains(&format!("did you mean {nearest}?")), "{said}");
        }
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("", "abc"), 3);
    }
}
