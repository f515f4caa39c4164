//! What texts from outside may be: each check returns the value cleaned, or says what would be right.

use crate::time::Zone;

/// A one-line text: trimmed, 1 to `max` characters, no control characters.
///
/// # Errors
/// What is wrong, to follow the field's name.
pub fn line(text: &str, max: usize) -> Result<String, String> {
    let text = text.trim();
    if text.is_empty() {
        return Err("must not be empty".to_owned());
    }
    if text.chars().any(|c| is_no_text(c) || is_line_break(c)) {
        return Err("must not contain control characters or line breaks".to_owned());
    }
    within(text, max)
}

/// A text of several lines: line ends become `\n`, no other control character but tab.
///
/// # Errors
/// What is wrong, to follow the field's name.
pub fn paragraph(text: &str, max: usize) -> Result<String, String> {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    if text.chars().any(|c| is_no_text(c) && c != '\n' && c != '\t') {
        return Err("must not contain control characters".to_owned());
    }
    within(text.trim_end(), max)
}

fn within(text: &str, max: usize) -> Result<String, String> {
    let length = text.chars().count();
    if length > max {
        return Err(format!("has {length} characters; at most {max} are allowed"));
    }
    Ok(text.to_owned())
}

/// Control characters, and the two that no XML can carry (XML 1.0 §2.2): an answer of CalDAV is XML.
fn is_no_text(c: char) -> bool {
    c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}')
}

/// U+2028 and U+2029 end a line for some readers, although Unicode does not call them control characters.
fn is_line_break(c: char) -> bool {
    matches!(c, '\u{2028}' | '\u{2029}')
}

/// One e-mail address as mail systems exchange it: no list, no display name, no quoted local part, no IP literal, a
/// domain with a dot.
///
/// # Errors
/// What is wrong, to follow the field's name.
pub fn email(text: &str) -> Result<String, String> {
    let text = text.trim_matches(' ');
    let wrong = || "must be one e-mail address such as ann@example.com".to_owned();
    let (local, domain) = text.split_once('@').ok_or_else(wrong)?;
    let local_ok = !local.is_empty()
        && local.len() <= 64
        && local.split('.').all(|atom| {
            !atom.is_empty() && atom.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&b))
        });
    let labels: Vec<&str> = domain.split('.').collect();
    let domain_ok = domain.len() <= 253
        && labels.len() >= 2
        && labels.iter().all(|label| {
            (1..=63).contains(&label.len())
                && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
                && !label.starts_with('-')
                && !label.ends_with('-')
        })
        && labels.last().is_some_and(|top| top.bytes().any(|b| b.is_ascii_alphabetic()));
    if local_ok && domain_ok { Ok(text.to_owned()) } else { Err(wrong()) }
}

/// A telephone number as people write it: digits, spaces and `+ - ( ) / . x`, 3 to 32 characters.
///
/// # Errors
/// What is wrong, to follow the field's name.
pub fn phone(text: &str) -> Result<String, String> {
    let text = text.trim();
    let ok = (3..=32).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_digit() || b" +-()/.x".contains(&b))
        && text.bytes().any(|b| b.is_ascii_digit());
    if ok { Ok(text.to_owned()) } else { Err("must be a telephone number such as +49 30 1234567".to_owned()) }
}

/// A login name: 1 to 64 of lower-case letters, digits, `.`, `-`, `_`, beginning with a letter or digit. Apple's
/// clients fail on `@` and `%` in a user name.
///
/// # Errors
/// What is wrong, to follow the field's name.
pub fn username(text: &str) -> Result<String, String> {
    let ok = (1..=64).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"._-".contains(&b))
        && text.bytes().next().is_some_and(|b| b.is_ascii_alphanumeric());
    if ok {
        Ok(text.to_owned())
    } else {
        Err("must be 1 to 64 lower-case letters, digits, dots, hyphens or underscores, beginning with a letter or digit"
            .to_owned())
    }
}

/// The short name of a business in URLs: 1 to 63 lower-case letters, digits and inner hyphens.
///
/// # Errors
/// What is wrong, to follow the field's name.
pub fn slug(text: &str) -> Result<String, String> {
    let ok = (1..=63).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        && !text.starts_with('-')
        && !text.ends_with('-');
    if ok {
        Ok(text.to_owned())
    } else {
        Err("must be 1 to 63 lower-case letters, digits and hyphens, such as salon-anna".to_owned())
    }
}

/// An IANA zone, under its canonical spelling.
///
/// # Errors
/// What is wrong, to follow the field's name.
pub fn zone(text: &str) -> Result<Zone, String> {
    Zone::parse(text).map_err(|unknown| format!("is unknown: {unknown}"))
}

/// The canonical name of an IANA zone, where one is given.
///
/// # Errors
/// What is wrong, to follow the field's name.
pub fn zone_name(text: Option<&str>) -> Result<Option<String>, String> {
    text.map(|text| zone(text).map(|zone| zone.name().to_owned())).transpose()
}

/// The reference another system knows something by: one line of up to 200 characters.
///
/// # Errors
/// What is wrong, to follow the field's name.
pub fn reference(text: Option<&str>) -> Result<Option<String>, String> {
    text.map(|text| line(text, 200)).transpose()
}

/// A language tag (RFC 5646) such as `de` or `pt-BR`.
///
/// # Errors
/// What is wrong, to follow the field's name.
pub fn locale(text: &str) -> Result<String, String> {
    let ok = text.len() <= 35
        && text.split('-').enumerate().all(|(i, part)| {
            let letters = part.bytes().all(|b| b.is_ascii_alphabetic());
            if i == 0 {
                (2..=3).contains(&part.len()) && letters
            } else {
                (1..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric())
            }
        });
    if ok { Ok(text.to_owned()) } else { Err("must be a language tag such as de or pt-BR".to_owned()) }
}

/// A whole number within bounds.
///
/// # Errors
/// What is wrong, to follow the field's name.
pub fn number(value: i64, bounds: std::ops::RangeInclusive<i32>) -> Result<i32, String> {
    i32::try_from(value)
        .ok()
        .filter(|n| bounds.contains(n))
        .ok_or_else(|| format!("is {value}; it must be from {} to {}", bounds.start(), bounds.end()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_plain_address() {
        for good in ["ann@guest.example", "o'brien+tag@sub.example.co.uk", "a@b.example", "x_y@xn--mller-kva.example"] {
            assert_eq!(email(good).as_deref(), Ok(good));
        }
        for bad in [
            "a@b.example,c@d.example",
            "a@b.example;c@d.example",
            "\"a b\"@c.example",
            "<a@b.example>",
            "a@[127.0.0.1]",
            "a@localhost",
            "a@b.example\0",
            "ａ@ｂ.example",
            "ann@guest.example\r\nBcc: all@victim.example",
            "a@@b.example",
            "a..b@c.example",
            "@c.example",
            "a@-c.example",
            "a@127.0.0.1",
            "",
            "a b@c.example",
        ] {
            assert!(email(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn lines_hold_no_second_line() {
        for bad in
            ["x\r\nX-Evil: 1", "a\u{fffe}b", "a\u{ffff}", "a\0b", "", "   ", "a\u{2028}b", "a\u{85}b", "a\u{1b}[31m"]
        {
            assert!(line(bad, 200).is_err(), "{bad:?}");
        }
        assert_eq!(line("  O'Brien-Müller 李 🎉 ", 200).as_deref(), Ok("O'Brien-Müller 李 🎉"));
        assert!(line(&"x".repeat(201), 200).is_err());
        assert!(paragraph("a\u{fffe}b", 200).is_err());
        assert_eq!(paragraph("a\r\nb\t\u{fffd}", 200).as_deref(), Ok("a\nb\t\u{fffd}"));
    }
}
