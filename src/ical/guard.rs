//! What stands before every parser: bounds the input, and unfolds it, without recursion and in linear time.
//!
//! Deep nesting aborts the process in two of the parsers that read iCalendar, and others take quadratic time to unfold. So
//! a text passes here first; what comes out is whole content lines (RFC 5545 §3.1) that are UTF-8 and know where they were.
//!
//! Lenient where clients differ: a byte order mark, bare LF, CR alone in a file without LF, empty lines, and folds inside
//! a character (RFC 5545 §3.1 allows those, so unfolding goes before decoding).

use std::borrow::Cow;

use memchr::{memchr, memchr_iter};

use super::reason::{ReadError, Reason};

/// How much a calendar may hold.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Octets of the whole text.
    pub bytes: usize,
    /// Physical lines.
    pub lines: usize,
    /// Properties of one component, those of its components not counted.
    pub properties: usize,
    /// Parameters of one property.
    pub parameters: usize,
    /// Components inside one another.
    pub depth: usize,
}

impl Limits {
    /// The usual limits for a text of at most `bytes`. libical draws the same lines at properties and parameters.
    #[must_use]
    pub const fn bytes(bytes: usize) -> Self {
        Self { bytes, lines: 1_000_000, properties: 10_000, parameters: 100, depth: 16 }
    }
}

/// A content line (RFC 5545 §3.1), unfolded.
#[derive(Debug, Clone)]
pub struct Line<'a> {
    /// The line without its line break.
    pub text: Cow<'a, str>,
    /// The physical line on which it begins, from 1.
    pub number: usize,
    /// Where the continuations begin: (octet in the text, physical line).
    folds: Vec<(usize, usize)>,
}

impl Line<'_> {
    /// The physical place of an octet of the text: (line, column), both from 1.
    #[must_use]
    pub fn position(&self, offset: usize) -> (usize, usize) {
        position(self.number, &self.folds, offset)
    }

    /// An error at an octet of the text.
    #[must_use]
    pub fn error(&self, offset: usize, reason: Reason) -> ReadError {
        let (line, column) = self.position(offset);
        ReadError { line, column, reason }
    }

    /// Whether this line begins or ends a component.
    #[must_use]
    pub fn delimiter(&self) -> Option<Delimiter<'_>> {
        let after = |name: &str| {
            let (begin, rest) = self.text.split_at_checked(name.len())?;
            begin.eq_ignore_ascii_case(name).then(|| rest.trim())
        };
        after("BEGIN:").map(Delimiter::Begin).or_else(|| after("END:").map(Delimiter::End))
    }
}

fn position(number: usize, folds: &[(usize, usize)], offset: usize) -> (usize, usize) {
    match folds[..folds.partition_point(|fold| fold.0 <= offset)].last() {
        // The space before the continuation is in its first column.
        Some((start, line)) => (*line, offset - start + 2),
        None => (number, offset + 1),
    }
}

/// A line that begins or ends a component, with the component's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delimiter<'a> {
    /// `BEGIN:name`
    Begin(&'a str),
    /// `END:name`
    End(&'a str),
}

/// Unfolds `bytes` into content lines, empty ones left out.
///
/// # Errors
/// The first place where the text passes a limit, is not UTF-8, or holds a NUL.
pub fn unfold<'a>(bytes: &'a [u8], limits: &Limits) -> Result<Vec<Line<'a>>, ReadError> {
    let at_start = |reason| ReadError { line: 1, column: 1, reason };
    if bytes.len() > limits.bytes {
        return Err(at_start(Reason::TooManyBytes { limit: limits.bytes }));
    }
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
        return Err(at_start(Reason::Utf16));
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let line_break = if memchr(b'\n', bytes).is_some() { b'\n' } else { b'\r' };
    let mut lines = Vec::new();
    let mut checks = Checks::new(*limits);
    let mut open: Option<Folded<'a>> = None;
    let mut start = 0;
    for (index, end) in memchr_iter(line_break, bytes).chain([bytes.len()]).enumerate() {
        let (mut physical, number) = (&bytes[start..end], index + 1);
        start = end + 1;
        let error = |column, reason| ReadError { line: number, column, reason };
        if number > limits.lines {
            return Err(error(1, Reason::TooManyLines { limit: limits.lines }));
        }
        // Some exporters convert line ends twice, so more than one CR can stand before the LF.
        while let Some(shorter) = physical.strip_suffix(b"\r") {
            physical = shorter;
        }
        if let Some(at) = memchr(0, physical) {
            return Err(error(at + 1, Reason::Nul));
        }
        match (physical, &mut open) {
            ([], _) => {}
            ([b' ' | b'\t', rest @ ..], Some(folded)) => folded.push(rest, number),
            ([b' ' | b'\t', rest @ ..], None) if !rest.trim_ascii().is_empty() => {
                return Err(error(1, Reason::NothingToContinue));
            }
            ([b' ' | b'\t', ..], None) => {}
            (first, open) => {
                if let Some(done) = open.replace(Folded::new(first, number)) {
                    lines.push(checks.checked(done.decode()?)?);
                }
            }
        }
    }
    if let Some(done) = open {
        lines.push(checks.checked(done.decode()?)?);
    }
    Ok(lines)
}

/// A content line whose continuations are still coming.
struct Folded<'a> {
    bytes: Cow<'a, [u8]>,
    number: usize,
    folds: Vec<(usize, usize)>,
}

impl<'a> Folded<'a> {
    const fn new(bytes: &'a [u8], number: usize) -> Self {
        Self { bytes: Cow::Borrowed(bytes), number, folds: Vec::new() }
    }

    fn push(&mut self, continuation: &[u8], number: usize) {
        self.folds.push((self.bytes.len(), number));
        self.bytes.to_mut().extend_from_slice(continuation);
    }

    fn decode(self) -> Result<Line<'a>, ReadError> {
        let decoded = match self.bytes {
            Cow::Borrowed(bytes) => str::from_utf8(bytes).map(Cow::Borrowed),
            Cow::Owned(bytes) => String::from_utf8(bytes).map(Cow::Owned).map_err(|error| error.utf8_error()),
        };
        match decoded {
            Ok(text) => Ok(Line { text, number: self.number, folds: self.folds }),
            Err(error) => {
                let (line, column) = position(self.number, &self.folds, error.valid_up_to());
                Err(ReadError { line, column, reason: Reason::NotUtf8 })
            }
        }
    }
}

/// What is counted from line to line.
struct Checks {
    limits: Limits,
    /// The properties so far of each open component; the first is for what stands outside of all.
    properties: Vec<usize>,
}

impl Checks {
    fn new(limits: Limits) -> Self {
        Self { limits, properties: vec![0] }
    }

    fn checked<'a>(&mut self, line: Line<'a>) -> Result<Line<'a>, ReadError> {
        match line.delimiter() {
            Some(Delimiter::Begin(_)) => {
                if self.properties.len() > self.limits.depth {
                    return Err(line.error(0, Reason::TooDeep { limit: self.limits.depth }));
                }
                self.properties.push(0);
            }
            // That it closes the right one is for the reader to see.
            Some(Delimiter::End(_)) => self.properties.truncate((self.properties.len() - 1).max(1)),
            None => {
                if let Some(count) = self.properties.last_mut() {
                    *count += 1;
                    if *count > self.limits.properties {
                        return Err(line.error(0, Reason::TooManyProperties { limit: self.limits.properties }));
                    }
                }
                self.check_parameters(&line)?;
            }
        }
        Ok(line)
    }

    fn check_parameters(&self, line: &Line<'_>) -> Result<(), ReadError> {
        let (mut count, mut quoted) = (0, false);
        for (at, byte) in line.text.bytes().enumerate() {
            match byte {
                b'"' => quoted = !quoted,
                b':' if !quoted => break,
                b';' if !quoted => {
                    count += 1;
                    if count > self.limits.parameters {
                        return Err(line.error(at, Reason::TooManyParameters { limit: self.limits.parameters }));
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn texts(bytes: &[u8]) -> Vec<String> {
        let lines = unfold(bytes, &Limits::bytes(1_000_000)).unwrap();
        lines.into_iter().map(|line| line.text.into_owned()).collect()
    }

    fn refused(bytes: &[u8]) -> (usize, usize, Reason) {
        let error = unfold(bytes, &Limits::bytes(1_000_000)).unwrap_err();
        (error.line, error.column, error.reason)
    }

    #[test]
    fn every_way_to_end_a_line() {
        for text in ["A:1\r\nB:2\r\n", "A:1\nB:2", "A:1\rB:2\r", "\u{feff}A:1\r\nB:2", "\r\nA:1\r\r\n\r\n \r\nB:2\n\n"]
        {
            assert_eq!(texts(text.as_bytes()), ["A:1", "B:2"], "{text:?}");
        }
        assert!(texts(b"").is_empty());
        // Where LF ends the lines, a CR inside one is data: it must not begin another.
        assert_eq!(texts(b"A:1\rB:2\nC:3\n"), ["A:1\rB:2", "C:3"]);
    }

    #[test]
    fn folds() {
        assert_eq!(texts(b"A:a\r\n b\r\n\tc\r\n  d\r\nB:2"), ["A:abc d", "B:2"]);
        assert_eq!(texts(b"A:caf\xc3\r\n \xa9\r\n"), ["A:café"]);
        let lines = unfold(b"X:1\r\nA:abc\r\n def\r\n\r\n ghi\r\n", &Limits::bytes(99)).unwrap();
        let places = [(0, (2, 1)), (4, (2, 5)), (5, (3, 2)), (7, (3, 4)), (8, (5, 2)), (10, (5, 4))];
        for (offset, place) in places {
            assert_eq!(lines[1].position(offset), place, "{offset}");
        }
    }

    #[test]
    fn what_is_refused_and_where() {
        let limits = Limits::bytes(0);
        assert_eq!(refused(b"A:1\nB:caf\xe9\n"), (2, 6, Reason::NotUtf8));
        assert_eq!(refused(b"A:1\nB:caf\n \xe9\n"), (3, 2, Reason::NotUtf8));
        assert_eq!(refused(b"\xff\xfeB\0"), (1, 1, Reason::Utf16));
        assert_eq!(refused(b"A:1\nB:\0"), (2, 3, Reason::Nul));
        assert_eq!(refused(b"\n x\n"), (2, 1, Reason::NothingToContinue));
        let deep = "BEGIN:A\n".repeat(17);
        assert_eq!(refused(deep.as_bytes()), (17, 1, Reason::TooDeep { limit: 16 }));
        assert_eq!(texts(deep.trim_end().rsplit_once('\n').unwrap().0.as_bytes()).len(), 16);
        let wide = format!("BEGIN:A\n{}", "X:1\n".repeat(10_001));
        assert_eq!(refused(wide.as_bytes()), (10_002, 1, Reason::TooManyProperties { limit: 10_000 }));
        let many = format!("X{}:1", ";a=\";:\"".repeat(101));
        assert_eq!(refused(many.as_bytes()), (1, 702, Reason::TooManyParameters { limit: 100 }));
        assert!(matches!(unfold(b"A:1", &limits).unwrap_err().reason, Reason::TooManyBytes { limit: 0 }));
        let lines = Limits { lines: 2, ..Limits::bytes(99) };
        assert!(matches!(unfold(b"A:1\n\n\n", &lines).unwrap_err().reason, Reason::TooManyLines { limit: 2 }));
    }

    #[test]
    fn siblings_are_not_depth() {
        let flat = "BEGIN:A\nX:1\nEND:A\n".repeat(30_000);
        assert_eq!(texts(flat.as_bytes()).len(), 90_000);
        let ends = "END:A\n".repeat(100);
        assert_eq!(texts(ends.as_bytes()).len(), 100);
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(values in proptest::collection::vec("[ -~é🎉]{0,200}", 1..8)) {
            let mut lines = crate::ical::text::ContentLines::default();
            for value in &values {
                lines.text("SUMMARY", value);
            }
            let read = texts(lines.into_string().as_bytes());
            let unescaped: Vec<String> = read.iter()
                .map(|line| crate::ical::text::unescape_text(line.strip_prefix("SUMMARY:").unwrap())).collect();
            prop_assert_eq!(unescaped, values);
        }

        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(prop_oneof![Just(b'\n'), Just(b'\r'), Just(b' '), any::<u8>()], 0..300)) {
            if let Ok(lines) = unfold(&bytes, &Limits::bytes(1000)) {
                for line in lines {
                    prop_assert!(!line.text.is_empty() && line.position(line.text.len()).0 >= line.number);
                }
            }
        }
    }
}
