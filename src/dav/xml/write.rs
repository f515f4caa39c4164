use std::sync::LazyLock;

use bytes::Bytes;
use memchr::{memchr_iter, memchr2, memchr3_iter};

use super::name::XML;
use super::{Name, Node, Ns};

/// The start of every answer: its root declares the namespaces that Fasti writes.
const DECLARATION: &str = "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<";
const DECLARED: [Ns; 4] = [Ns::Dav, Ns::CalDav, Ns::CalendarServer, Ns::Apple];

/// The attributes of the root that do it.
static DECLARATIONS: LazyLock<String> = LazyLock::new(|| {
    let attribute = |ns: Ns| format!(" xmlns:{}=\"{}\"", ns.prefix().unwrap_or_default(), ns.uri());
    DECLARED.map(attribute).concat()
});

/// XML that is being written. Names of Fasti's own are written as `prefix:name`.
#[derive(Debug, Default)]
pub(in crate::dav) struct Xml {
    text: String,
}

impl Xml {
    /// A document whose root is `name`, opened.
    pub fn document(name: &str) -> Self {
        let mut text = String::with_capacity(1024);
        for part in [DECLARATION, name, &DECLARATIONS, ">"] {
            text.push_str(part);
        }
        Self { text }
    }

    /// What will stand within a document.
    pub fn fragment() -> Self {
        Self::default()
    }

    /// Makes room for so many more octets.
    pub fn reserve(&mut self, octets: usize) {
        self.text.reserve(octets);
    }

    /// How many octets are written.
    pub fn len(&self) -> usize {
        self.text.len()
    }

    pub fn open(&mut self, name: &str) {
        self.text.push('<');
        self.text.push_str(name);
        self.text.push('>');
    }

    pub fn close(&mut self, name: &str) {
        self.text.push_str("</");
        self.text.push_str(name);
        self.text.push('>');
    }

    pub fn empty(&mut self, name: &str) {
        self.text.push('<');
        self.text.push_str(name);
        self.text.push_str("/>");
    }

    /// An element with text in it.
    pub fn text(&mut self, name: &str, text: &str) {
        self.open(name);
        push_escaped(&mut self.text, text);
        self.close(name);
    }

    /// An element with XML in it.
    pub fn element(&mut self, name: &str, inside: impl FnOnce(&mut Self)) {
        self.open(name);
        inside(self);
        self.close(name);
    }

    /// A `D:href` (RFC 4918 §14.7).
    pub fn href(&mut self, path: &str) {
        self.text("D:href", path);
    }

    /// XML as it is.
    pub fn raw(&mut self, xml: &str) {
        self.text.push_str(xml);
    }

    /// Text between tags.
    pub fn escaped(&mut self, text: &str) {
        push_escaped(&mut self.text, text);
    }

    /// Opens an element of any name.
    pub fn open_name(&mut self, name: &Name) {
        self.start(name);
        self.text.push('>');
    }

    /// Closes it.
    pub fn close_name(&mut self, name: &Name) {
        self.text.push_str("</");
        self.tag(name);
        self.text.push('>');
    }

    /// An element of any name with nothing in it.
    pub fn empty_name(&mut self, name: &Name) {
        self.start(name);
        self.text.push_str("/>");
    }

    fn start(&mut self, name: &Name) {
        self.text.push('<');
        self.tag(name);
        if name.ns.prefix().is_none() {
            self.text.push_str(" xmlns=\"");
            push_escaped(&mut self.text, name.ns.uri());
            self.text.push('"');
        }
    }

    fn tag(&mut self, name: &Name) {
        if let Some(prefix) = name.ns.prefix() {
            self.text.push_str(prefix);
            self.text.push(':');
        }
        self.text.push_str(&name.local);
    }

    /// Elements and texts that a client sent.
    pub fn nodes(&mut self, nodes: &[Node]) {
        for node in nodes {
            match node {
                Node::Text(text) => push_escaped(&mut self.text, text),
                Node::Element(element) => {
                    self.start(&element.name);
                    for (at, (name, value)) in element.attributes.iter().enumerate() {
                        self.attribute(at, name, value);
                    }
                    self.text.push('>');
                    self.nodes(&element.nodes);
                    self.close_name(&element.name);
                }
            }
        }
    }

    fn attribute(&mut self, at: usize, name: &Name, value: &str) {
        self.text.push(' ');
        match &name.ns {
            Ns::None => {}
            Ns::Other(uri) if &**uri == XML => self.text.push_str("xml:"),
            // Attributes have no default namespace: each gets a prefix of its own.
            other => {
                let prefix = format!("a{at}");
                self.text.push_str(&format!("xmlns:{prefix}=\""));
                push_escaped(&mut self.text, other.uri());
                self.text.push_str(&format!("\" {prefix}:"));
            }
        }
        self.text.push_str(&name.local);
        self.text.push_str("=\"");
        push_escaped(&mut self.text, value);
        self.text.push('"');
    }

    pub fn into_string(self) -> String {
        self.text
    }

    /// What was written, with little room to grow.
    pub fn into_bytes(mut self) -> Bytes {
        // Some of these are kept.
        if self.text.capacity() - self.text.len() > 1024 {
            self.text.shrink_to(self.text.len() / 8 * 9);
        }
        self.text.into()
    }
}

/// Writes text so that it is text again when it is read. CR is written as a reference: a reader makes LF of CRLF
/// (XML 1.0 §2.11), and calendar data has CRLF. What XML does not have becomes U+FFFD: whoever put it into the database,
/// all that stands beside it in an answer is to be read.
pub(in crate::dav) fn push_escaped(out: &mut String, text: &str) {
    // To the end of the text, because that can be done for many octets at once.
    let suspect = |byte: u8| ((byte < b' ') & !matches!(byte, b'\t' | b'\n' | b'\r')) | (byte == 0xef);
    if text.bytes().fold(false, |any, byte| any | suspect(byte)) && text.contains(is_not_xml) {
        push_characters(out, &text.replace(is_not_xml, "\u{fffd}"));
    } else {
        push_characters(out, text);
    }
}

fn push_characters(out: &mut String, text: &str) {
    // Long texts are calendars, which have many a CR and mostly nothing else.
    const LONG: usize = 64;
    let octets = text.as_bytes();
    if text.len() < LONG || memchr2(b'>', b'"', octets).is_some() {
        push_with_references(out, text, (0..text.len()).filter(|at| NEEDS_REFERENCE[usize::from(octets[*at])]));
        return;
    }
    out.reserve(text.len() + text.len() / 8);
    match memchr2(b'<', b'&', octets) {
        None => push_with_references(out, text, memchr_iter(b'\r', octets)),
        Some(_) => push_with_references(out, text, memchr3_iter(b'\r', b'<', b'&', octets)),
    }
}

/// Writes text whose octets at some places do not stand for themselves.
fn push_with_references(out: &mut String, text: &str, places: impl Iterator<Item = usize>) {
    let mut written = 0;
    for at in places {
        out.push_str(&text[written..at]);
        out.push_str(REFERENCES[usize::from(text.as_bytes()[at])]);
        written = at + 1;
    }
    out.push_str(&text[written..]);
}

/// Whether XML does not have a character, not even as a reference (XML 1.0 §2.2).
pub(super) fn is_not_xml(c: char) -> bool {
    (c < ' ' && !matches!(c, '\t' | '\n' | '\r')) || matches!(c, '\u{fffe}' | '\u{ffff}')
}

/// Which octets do not stand for themselves.
const NEEDS_REFERENCE: [bool; 256] = {
    let mut needs = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        needs[byte] = !REFERENCES[byte].is_empty();
        byte += 1;
    }
    needs
};

/// What is written for an octet that does not stand for itself.
const REFERENCES: [&str; 256] = {
    let mut references = [""; 256];
    references[b'<' as usize] = "&lt;";
    references[b'>' as usize] = "&gt;";
    references[b'&' as usize] = "&amp;";
    references[b'"' as usize] = "&quot;";
    references[b'\r' as usize] = "&#13;";
    references
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_character_that_is_not_itself_is_a_reference_wherever_it_is() {
        let special = ['\r', '<', '>', '&', '"', 'é', 'x', '\u{1}', '\u{fffe}', '\u{ffff}', '\u{ff01}'];
        for length in [0, 1, 2, 63, 64, 65, 200] {
            for one in special {
                for other in special {
                    let mut text = "a".repeat(length);
                    text.insert(length / 2, one);
                    text.push(other);
                    let mut written = String::new();
                    push_escaped(&mut written, &text);
                    let escaped = text.chars().map(|c| match c {
                        '\r' => "&#13;".to_owned(),
                        '<' => "&lt;".to_owned(),
                        '>' => "&gt;".to_owned(),
                        '&' => "&amp;".to_owned(),
                        '"' => "&quot;".to_owned(),
                        '\u{1}' | '\u{fffe}' | '\u{ffff}' => "\u{fffd}".to_owned(),
                        c => c.to_string(),
                    });
                    assert_eq!(written, escaped.collect::<String>());
                }
            }
        }
    }
}
