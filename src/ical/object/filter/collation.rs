//! Substrings by collation (RFC 4790, RFC 5051).

use unicode_normalization::UnicodeNormalization;

use super::{Collation, TextMatch};

impl TextMatch {
    /// Whether `value` is what is looked for.
    #[must_use]
    pub fn matches(&self, value: &str) -> bool {
        let found = match self.collation {
            Collation::Octet => value.contains(&self.text),
            Collation::AsciiCasemap => contains_ignoring_case(value.as_bytes(), self.text.as_bytes()),
            Collation::UnicodeCasemap if value.is_ascii() && self.text.is_ascii() => {
                contains_ignoring_case(value.as_bytes(), self.text.as_bytes())
            }
            Collation::UnicodeCasemap => casemap(value).contains(&casemap(&self.text)),
        };
        found != self.negate
    }
}

fn contains_ignoring_case(value: &[u8], wanted: &[u8]) -> bool {
    wanted.is_empty() || value.windows(wanted.len()).any(|part| part.eq_ignore_ascii_case(wanted))
}

/// RFC 5051 §2: each character to title case if that is one character, then decomposed. Upper case tells the same
/// characters apart that title case does, once they are decomposed.
fn casemap(text: &str) -> String {
    let title = |c: char| {
        let mut upper = c.to_uppercase();
        match (upper.next(), upper.next()) {
            (Some(one), None) => one,
            _ => c,
        }
    };
    text.chars().map(title).nfkd().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_equal_under_which_collation() {
        use Collation::{AsciiCasemap, Octet, UnicodeCasemap};
        for (collation, value, text, found) in [
            (Octet, "Straße", "raß", true),
            (Octet, "Meeting", "meet", false),
            (AsciiCasemap, "Meeting", "mEET", true),
            (AsciiCasemap, "ÄRZTE", "ärzte", false),
            (AsciiCasemap, "x", "", true),
            (AsciiCasemap, "", "x", false),
            (UnicodeCasemap, "ÄRZTE", "ärzte", true),
            (UnicodeCasemap, "A\u{308}rzte", "Ärzte", true),
            (UnicodeCasemap, "ｆｉｌｅ", "FILE", true),
            (UnicodeCasemap, "Straße", "STRASSE", false),
            (UnicodeCasemap, "ΟΔΟΣ", "οδος", true),
            (UnicodeCasemap, "Meeting", "MEET", true),
            (UnicodeCasemap, "ärzte", "arzt", false),
        ] {
            let wanted = TextMatch { collation, text: text.to_owned(), negate: false };
            assert_eq!(wanted.matches(value), found, "{wanted:?} {value}");
            assert_eq!(TextMatch { negate: true, ..wanted }.matches(value), !found, "not {text} {value}");
        }
    }
}
