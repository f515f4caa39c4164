//! Escaping, quoting and folding (RFC 5545 §3.1, §3.3.11; RFC 6868).
//!
//! Nothing that comes through here can start a line of its own: control characters are dropped, and what looks like a
//! line break in any reader (U+2028 and U+2029 do in Python's) becomes an escaped one.

use std::borrow::Cow;

/// The longest content line in octets, its line break excluded (RFC 5545 §3.1).
const MAX_LINE_OCTETS: usize = 75;

/// Appends `text` as a TEXT value (RFC 5545 §3.3.11).
///
/// Line breaks of every kind become `\n`; other control characters are dropped, horizontal tabs kept.
pub fn push_text(out: &mut String, text: &str) {
    let mut copied = 0;
    for (at, c) in text.char_indices() {
        let replacement = match c {
            '\\' => "\\\\",
            ';' => "\\;",
            ',' => "\\,",
            // The LF of a CRLF speaks for both.
            '\r' if text.as_bytes().get(at + 1) == Some(&b'\n') => "",
            '\n' | '\r' | '\u{2028}' | '\u{2029}' => "\\n",
            c if is_unsafe_control(c) => "",
            _ => continue,
        };
        out.push_str(&text[copied..at]);
        out.push_str(replacement);
        copied = at + c.len_utf8();
    }
    out.push_str(&text[copied..]);
}

/// `text` as a TEXT value, see [`push_text`].
#[must_use]
pub fn escape_text(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    push_text(&mut out, text);
    out
}

/// What a TEXT value says (RFC 5545 §3.3.11): `\n` and `\N` are line breaks, a backslash before anything else is dropped.
///
/// Control characters other than tabs are dropped, so that none reaches a database, a page or a log.
#[must_use]
pub fn unescape_text(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    let mut chars = value.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some('n' | 'N') => out.push('\n'),
                Some(c) if !is_unsafe_control(c) => out.push(c),
                Some(_) => {}
                None => out.push('\\'),
            },
            c if is_unsafe_control(c) => {}
            c => out.push(c),
        }
    }
    out
}

/// The values of a TEXT list, such as CATEGORIES: split at the commas that are not escaped.
#[must_use]
pub fn split_text_list(value: &str) -> Vec<String> {
    let mut items = Vec::new();
    let mut start = 0;
    let mut escaped = false;
    for (at, c) in value.char_indices() {
        if c == ',' && !escaped {
            items.push(unescape_text(&value[start..at]));
            start = at + 1;
        }
        escaped = c == '\\' && !escaped;
    }
    items.push(unescape_text(&value[start..]));
    items
}

/// Appends a parameter value, encoded by RFC 6868 and quoted where RFC 5545 §3.2 asks for it.
pub fn push_param(out: &mut String, value: &str) {
    let quoted = value.contains([':', ';', ',']);
    if quoted {
        out.push('"');
    }
    let mut chars = value.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '^' => out.push_str("^^"),
            '"' => out.push_str("^'"),
            '\r' if chars.peek() == Some(&'\n') => {}
            '\n' | '\r' | '\u{2028}' | '\u{2029}' => out.push_str("^n"),
            c if is_unsafe_control(c) => {}
            c => out.push(c),
        }
    }
    if quoted {
        out.push('"');
    }
}

/// What a parameter value says once its quotes are off (RFC 6868 §3.2). A `^` before anything else stands for itself.
#[must_use]
pub fn unescape_param(value: &str) -> Cow<'_, str> {
    if !value.contains('^') && !value.contains(is_unsafe_control) {
        return Cow::Borrowed(value);
    }
    let mut out = String::with_capacity(value.len());
    let mut chars = value.chars().peekable();
    while let Some(c) = chars.next() {
        let decoded = match (c, chars.peek()) {
            ('^', Some('n')) => Some('\n'),
            ('^', Some('^')) => Some('^'),
            ('^', Some('\'')) => Some('"'),
            _ => None,
        };
        if let Some(decoded) = decoded {
            out.push(decoded);
            chars.next();
        } else if !is_unsafe_control(c) {
            out.push(c);
        }
    }
    Cow::Owned(out)
}

/// Appends `value` without its control characters: for values that are neither TEXT nor numbers, such as URIs.
fn push_plain(out: &mut String, value: &str) {
    out.extend(value.chars().filter(|c| !c.is_control() && !matches!(c, '\u{2028}' | '\u{2029}')));
}

/// Appends `email` as a `mailto:` URI. What would begin header fields or end the address is percent-encoded (RFC 6068 §2).
pub fn push_mailto(out: &mut String, email: &str) {
    out.push_str("mailto:");
    for c in email.chars() {
        match c {
            '%' => out.push_str("%25"),
            '?' => out.push_str("%3F"),
            '#' => out.push_str("%23"),
            '"' => out.push_str("%22"),
            '<' => out.push_str("%3C"),
            '>' => out.push_str("%3E"),
            c if c.is_control() || c.is_whitespace() => {}
            c => out.push(c),
        }
    }
}

/// Control characters that no value may hold: all but the horizontal tab (RFC 5545 §3.1 `CONTROL`, and U+0080 to U+009F).
pub(super) fn is_unsafe_control(c: char) -> bool {
    c.is_control() && c != '\t'
}

/// Writes content lines (RFC 5545 §3.1), each folded when it ends.
#[derive(Debug, Default)]
pub struct ContentLines {
    out: String,
    line_start: usize,
}

impl ContentLines {
    /// An empty text with room for `bytes`.
    #[must_use]
    pub fn with_capacity(bytes: usize) -> Self {
        Self { out: String::with_capacity(bytes), line_start: 0 }
    }

    /// `NAME:value`, the value freed of control characters and otherwise as it is: numbers, URIs, enumerated words.
    pub fn plain(&mut self, name: &str, value: &str) {
        self.property(name, |out| {
            out.push(':');
            push_plain(out, value);
        });
    }

    /// `NAME:value` with a TEXT value.
    pub fn text(&mut self, name: &str, value: &str) {
        self.property(name, |out| {
            out.push(':');
            push_text(out, value);
        });
    }

    /// A line that begins with `name`; `rest` appends parameters, the colon and the value.
    ///
    /// `rest` must write through the `push_…` functions, or what it writes must not hold a line break.
    pub fn property(&mut self, name: &str, rest: impl FnOnce(&mut String)) {
        self.out.push_str(name);
        rest(&mut self.out);
        self.end_line();
    }

    /// Appends whole content lines that another renderer wrote.
    pub fn append(&mut self, lines: &str) {
        self.out.push_str(lines);
        self.line_start = self.out.len();
    }

    /// The text so far: whole lines, CRLF after each.
    #[must_use]
    pub fn into_string(self) -> String {
        self.out
    }

    fn end_line(&mut self) {
        if self.out.len() - self.line_start > MAX_LINE_OCTETS {
            let line = self.out.split_off(self.line_start);
            push_folded(&mut self.out, &line);
        }
        self.out.push_str("\r\n");
        self.line_start = self.out.len();
    }
}

/// Appends `line` folded, without a line break at its end. A fold never falls inside a character.
fn push_folded(out: &mut String, line: &str) {
    let mut rest = line;
    let mut room = MAX_LINE_OCTETS;
    while rest.len() > room {
        let (head, tail) = rest.split_at(rest.floor_char_boundary(room));
        out.push_str(head);
        out.push_str("\r\n ");
        rest = tail;
        // The space that marks the continuation counts.
        room = MAX_LINE_OCTETS - 1;
    }
    out.push_str(rest);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn text_values() {
        for (said, written) in [
            ("a,b;c\\d", r"a\,b\;c\\d"),
            ("one\ntwo\r\nthree\rfour", r"one\ntwo\nthree\nfour"),
            ("bell\u{7} nul\0 tab\t del\u{7f} nel\u{85}", "bell nul tab\t del nel"),
            ("line\u{2028}paragraph\u{2029}", r"line\nparagraph\n"),
            ("\r\nBEGIN:VALARM", r"\nBEGIN:VALARM"),
            ("Größe 🎉: \"x\"", "Größe 🎉: \"x\""),
        ] {
            assert_eq!(escape_text(said), written);
        }
    }

    #[test]
    fn text_values_read() {
        for (written, said) in
            [(r"a\,b\;c\\d\N", "a,b;c\\d\n"), (r"odd\x end\", "oddx end\\"), ("nul\0bell\u{7}", "nulbell")]
        {
            assert_eq!(unescape_text(written), said);
        }
        assert_eq!(split_text_list(r"a\,b,c\\,d"), ["a,b", "c\\", "d"]);
        assert_eq!(split_text_list(""), [""]);
    }

    #[test]
    fn parameter_values() {
        for (said, written) in [
            ("Ada Lovelace", "Ada Lovelace"),
            ("Lovelace, Ada", "\"Lovelace, Ada\""),
            ("George \"Babe\" ^Ruth^\nx", "George ^'Babe^' ^^Ruth^^^nx"),
            (
                "x\";ROLE=CHAIR:mailto:evil@example.com\r\nATTENDEE",
                "\"x^';ROLE=CHAIR:mailto:evil@example.com^nATTENDEE\"",
            ),
        ] {
            let mut out = String::new();
            push_param(&mut out, said);
            assert_eq!(out, written);
        }
        assert_eq!(unescape_param("a^b^"), "a^b^");
    }

    #[test]
    fn mailto_cannot_carry_header_fields() {
        let mut out = String::new();
        push_mailto(&mut out, "a@example.com?bcc=b@example.com\r\nX: %0a");
        assert_eq!(out, "mailto:a@example.com%3Fbcc=b@example.comX:%250a");
    }

    /// Unfolds as a reader does: CRLF and one space go away.
    fn unfold(text: &str) -> String {
        text.replace("\r\n ", "")
    }

    proptest! {
        #[test]
        fn text_round_trips(said in any::<String>()) {
            let written = escape_text(&said);
            prop_assert!(!written.contains(is_unsafe_control));
            let expected = said.replace("\r\n", "\n").replace(['\r', '\u{2028}', '\u{2029}'], "\n");
            let expected: String = expected.chars().filter(|c| *c == '\n' || !is_unsafe_control(*c)).collect();
            prop_assert_eq!(unescape_text(&written), expected);
        }

        #[test]
        fn parameters_round_trip(said in "[^\r\u{2028}\u{2029}]*") {
            let mut written = String::new();
            push_param(&mut written, &said);
            prop_assert!(!written.contains(is_unsafe_control));
            let bare = written.strip_prefix('"').and_then(|w| w.strip_suffix('"')).unwrap_or(&written);
            prop_assert!(!bare.contains('"'));
            let expected: String = said.chars().filter(|c| *c == '\n' || !is_unsafe_control(*c)).collect();
            prop_assert_eq!(unescape_param(bare), expected);
        }

        #[test]
        fn lines_are_folded_between_characters(said in "[a é🎉;]{0,400}") {
            let mut lines = ContentLines::default();
            lines.text("SUMMARY", &said);
            lines.plain("SEQUENCE", "0");
            let written = lines.into_string();
            for line in written.split("\r\n") {
                prop_assert!(line.len() <= 75, "{} octets", line.len());
            }
            prop_assert_eq!(unfold(&written), format!("SUMMARY:{}\r\nSEQUENCE:0\r\n", escape_text(&said)));
        }
    }
}
