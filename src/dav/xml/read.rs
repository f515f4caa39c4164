//! Request bodies. What is dangerous in XML is refused before it costs anything: document types, encodings that are not
//! UTF-8, depth, and numbers of attributes (RFC 4918 §20.6).

use quick_xml::NsReader;
use quick_xml::events::{BytesStart, Event};
use quick_xml::name::{PrefixDeclaration, QName, ResolveResult};

use super::name::{XML, XMLNS};
use super::write::is_not_xml;
use super::{Name, Ns, Xml, is_ncname};

/// Elements inside one another.
const MAX_DEPTH: usize = 32;
/// Attributes of one element, namespace declarations among them.
const MAX_ATTRIBUTES: usize = 256;

/// An element with what is in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::dav) struct Element {
    pub name: Name,
    /// Without namespace declarations.
    pub attributes: Vec<(Name, String)>,
    pub nodes: Vec<Node>,
}

/// What can be in an element; comments and processing instructions are left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::dav) enum Node {
    Element(Element),
    Text(String),
}

/// Why a body cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(in crate::dav) enum ReadError {
    #[error("the body is not UTF-8; other encodings of XML are not read")]
    NotUtf8,
    #[error("the body has a document type; WebDAV needs none, and entities are not expanded")]
    DocumentType,
    #[error("the body has more than {MAX_DEPTH} elements inside one another")]
    TooDeep,
    #[error("the body has an element with more than {MAX_ATTRIBUTES} attributes")]
    TooManyAttributes,
    #[error("the body is not well-formed XML: {0}")]
    Malformed(String),
}

impl Element {
    pub fn new(name: Name) -> Self {
        Self { name, attributes: Vec::new(), nodes: Vec::new() }
    }

    /// The elements directly in it.
    pub fn children(&self) -> impl Iterator<Item = &Self> {
        self.nodes.iter().filter_map(|node| match node {
            Node::Element(element) => Some(element),
            Node::Text(_) => None,
        })
    }

    /// The first element of this name directly in it.
    pub fn child(&self, name: &Name) -> Option<&Self> {
        self.children().find(|child| child.name == *name)
    }

    /// The text directly in it.
    pub fn text(&self) -> String {
        let texts = self.nodes.iter().filter_map(|node| match node {
            Node::Text(text) => Some(text.as_str()),
            Node::Element(_) => None,
        });
        texts.collect()
    }

    /// An attribute without namespace.
    pub fn attribute(&self, local: &str) -> Option<&str> {
        let found = self.attributes.iter().find(|(name, _)| name.ns == Ns::None && &*name.local == local);
        found.map(|(_, value)| value.as_str())
    }

    /// All of it, as XML that stands for itself within an answer.
    pub fn outer(&self) -> String {
        let mut xml = Xml::fragment();
        xml.nodes(std::slice::from_ref(&Node::Element(self.clone())));
        xml.into_string()
    }

    /// The language of what is in it, where this element says so (XML 1.0 §2.12).
    pub fn language(&self) -> Option<&(Name, String)> {
        let is_xml = |ns: &Ns| matches!(ns, Ns::Other(uri) if &**uri == XML);
        self.attributes.iter().find(|(name, _)| is_xml(&name.ns) && &*name.local == "lang")
    }
}

/// Reads a body that is not empty.
///
/// # Errors
/// [`ReadError`].
pub(in crate::dav) fn read(body: &[u8]) -> Result<Element, ReadError> {
    let text = std::str::from_utf8(body).map_err(|_| ReadError::NotUtf8)?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut reader = NsReader::from_str(text);
    reader.config_mut().expand_empty_elements = true;
    let mut open: Vec<Element> = Vec::new();
    let mut root = None;
    loop {
        match reader.read_event().map_err(malformed)? {
            Event::Start(start) => {
                if open.len() == MAX_DEPTH {
                    return Err(ReadError::TooDeep);
                }
                if open.is_empty() && root.is_some() {
                    return Err(ReadError::Malformed("there is more than one root element".to_owned()));
                }
                open.push(element(&reader, &start)?);
            }
            Event::End(_) => {
                let Some(done) = open.pop() else {
                    return Err(ReadError::Malformed("an end without a start".to_owned()));
                };
                match open.last_mut() {
                    Some(parent) => parent.nodes.push(Node::Element(done)),
                    None => root = Some(done),
                }
            }
            Event::Text(text) => push(&mut open, &text.xml10_content())?,
            Event::CData(data) => push(&mut open, &data.xml10_content())?,
            Event::GeneralRef(reference) => {
                let character = match reference.resolve_char_ref().map_err(malformed)? {
                    Some(character) => character.to_string(),
                    None => predefined(&reference)?.to_owned(),
                };
                push(&mut open, &character)?;
            }
            Event::DocType(_) => return Err(ReadError::DocumentType),
            Event::Decl(declaration) => check_encoding(declaration.encoding())?,
            Event::Comment(_) | Event::PI(_) => {}
            Event::Empty(_) => return Err(ReadError::Malformed("an empty element".to_owned())),
            Event::Eof => break,
        }
    }
    match root {
        Some(root) if open.is_empty() => Ok(root),
        _ => Err(ReadError::Malformed("it ends too early".to_owned())),
    }
}

fn malformed(error: impl std::fmt::Display) -> ReadError {
    let text: String = error.to_string().chars().filter(|c| !c.is_control()).take(200).collect();
    ReadError::Malformed(text)
}

fn check_encoding<E>(named: Option<Result<std::borrow::Cow<'_, str>, E>>) -> Result<(), ReadError> {
    match named {
        None => Ok(()),
        Some(Ok(name)) if name.eq_ignore_ascii_case("utf-8") || name.eq_ignore_ascii_case("us-ascii") => Ok(()),
        Some(_) => Err(ReadError::NotUtf8),
    }
}

fn element(reader: &NsReader<&[u8]>, start: &BytesStart<'_>) -> Result<Element, ReadError> {
    check_qualified(start.name())?;
    if start.name().prefix().is_some_and(|prefix| prefix.is_xmlns()) {
        return Err(ReadError::Malformed("an element cannot have the prefix xmlns".to_owned()));
    }
    let mut element = Element::new(name(reader.resolver().resolve_element(start.name()))?);
    for (count, attribute) in start.attributes().enumerate() {
        if count == MAX_ATTRIBUTES {
            return Err(ReadError::TooManyAttributes);
        }
        let attribute = attribute.map_err(malformed)?;
        check_qualified(attribute.key)?;
        if let Some(declared) = attribute.key.as_namespace_binding() {
            checked(&attribute.value)?;
            // Only the default namespace can be taken back, and it is none of the two of XML itself (Namespaces in XML §3,
            // §5). The rest of such rules quick-xml knows.
            let refused = match declared {
                PrefixDeclaration::Named(_) => attribute.value.is_empty(),
                PrefixDeclaration::Default => matches!(&*attribute.value, XML | XMLNS),
            };
            if refused {
                return Err(ReadError::Malformed("a namespace is declared that cannot be".to_owned()));
            }
            continue;
        }
        let name = name(reader.resolver().resolve_attribute(attribute.key))?;
        // The same attribute twice under two prefixes (Namespaces in XML §6.3).
        if attribute.key.prefix().is_some() && element.attributes.iter().any(|(other, _)| *other == name) {
            return Err(ReadError::Malformed(format!("{} is there twice", name.local)));
        }
        let value = attribute.normalized_value(quick_xml::XmlVersion::Implicit1_0).map_err(malformed)?;
        element.attributes.push((name, checked(&value)?.to_owned()));
    }
    Ok(element)
}

/// Refuses what is no name, or has more than one colon (Namespaces in XML §4, §7).
fn check_qualified(name: QName<'_>) -> Result<(), ReadError> {
    let (prefix, local) = name.into_inner().split_once(':').map_or((None, name.into_inner()), |(p, l)| (Some(p), l));
    if prefix.is_none_or(is_ncname) && is_ncname(local) {
        Ok(())
    } else {
        Err(ReadError::Malformed("an element or attribute has a name that is none".to_owned()))
    }
}

fn name((resolved, local): (ResolveResult<'_>, quick_xml::name::LocalName<'_>)) -> Result<Name, ReadError> {
    let local = local.into_inner();
    let ns = match resolved {
        ResolveResult::Bound(ns) => Ns::of(ns.into_inner()),
        ResolveResult::Unbound => Ns::None,
        ResolveResult::Unknown(_) => return Err(ReadError::Malformed(format!("{local} has an undeclared prefix"))),
    };
    Ok(Name::new(ns, local))
}

/// Adds text to the innermost open element.
fn push(open: &mut [Element], text: &str) -> Result<(), ReadError> {
    checked(text)?;
    let Some(element) = open.last_mut() else {
        return if text.trim().is_empty() {
            Ok(())
        } else {
            Err(ReadError::Malformed("text outside of elements".to_owned()))
        };
    };
    match element.nodes.last_mut() {
        Some(Node::Text(before)) => before.push_str(text),
        _ => element.nodes.push(Node::Text(text.to_owned())),
    }
    Ok(())
}

/// Refuses characters that XML does not have.
fn checked(text: &str) -> Result<&str, ReadError> {
    if text.contains(is_not_xml) {
        Err(ReadError::Malformed("a character that XML does not have".to_owned()))
    } else {
        Ok(text)
    }
}

fn predefined(entity: &str) -> Result<&'static str, ReadError> {
    match entity {
        "lt" => Ok("<"),
        "gt" => Ok(">"),
        "amp" => Ok("&"),
        "apos" => Ok("'"),
        "quot" => Ok("\""),
        _ => Err(ReadError::Malformed("an entity that is not declared".to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_resolved_by_namespace_not_by_prefix() {
        let root = read(br#"<?xml version="1.0" encoding="UTF-8"?><x:propfind xmlns:x="DAV:" xmlns="urn:ietf:params:xml:ns:caldav"><x:prop><calendar-data a="1"/><y xmlns="">t&amp;<![CDATA[<u>]]>&#x41;</y></x:prop></x:propfind>"#).unwrap();
        assert!(root.name.is_dav("propfind"));
        let prop = root.child(&Name::dav("prop")).unwrap();
        let data = prop.child(&Name::caldav("calendar-data")).unwrap();
        assert_eq!(data.attribute("a"), Some("1"));
        assert_eq!(prop.child(&Name::new(Ns::None, "y")).unwrap().text(), "t&<u>A");
        assert!(!read(br#"<D:propfind xmlns:D="urn:x"/>"#).unwrap().name.is_dav("propfind"));
    }

    #[test]
    fn what_is_dangerous_is_refused() {
        let deep = format!("{}{}", "<a>".repeat(100_000), "</a>".repeat(100_000));
        let wide = format!("<a {}/>", (0..300).map(|n| format!("b{n}='1' ")).collect::<String>());
        let declared = format!("<a {}/>", (0..300).map(|n| format!("xmlns:b{n}='u' ")).collect::<String>());
        for (body, why) in [
            ("<!DOCTYPE a [<!ENTITY b \"c\">]><a>&b;</a>", "a document type"),
            ("<a>&b;</a>", "an undeclared entity"),
            ("<a>&#0;</a>", "no character"),
            ("<a>\u{1}</a>", "a control character"),
            ("<a></b>", "the wrong end"),
            ("<a>", "no end"),
            ("", "nothing"),
            ("<a/><b/>", "two roots"),
            ("<x:a/>", "an undeclared prefix"),
            ("<?xml version=\"1.0\" encoding=\"UTF-16\"?><a/>", "another encoding"),
            ("<1a/>", "a digit first"),
            ("<a \u{d7}b='1'/>", "no letter"),
            ("<X:a:b xmlns:X='u'/>", "two colons"),
            ("<:a/>", "an empty prefix"),
            ("<X: xmlns:X='u'/>", "an empty name"),
            ("<a 1='x'/>", "an attribute that begins with a digit"),
            ("<a xmlns:1='x'/>", "a prefix that begins with a digit"),
            ("<a xmlns:='x'/>", "a declaration of no prefix"),
            ("<a xmlns:X='u' xmlns:Y='u' X:a='1' Y:a='2'/>", "one attribute by two prefixes"),
            ("<a xmlns:X=''/>", "a prefix for no namespace"),
            ("<a xmlns:xmlns='u'/>", "a declaration of xmlns"),
            ("<a xmlns='u\u{1}'/>", "a control character in a namespace"),
            ("<xmlns:a/>", "an element in the namespace of declarations"),
            ("<a xmlns:xml='u'/>", "another meaning of xml"),
            ("<a xmlns:X='http://www.w3.org/XML/1998/namespace'/>", "another prefix for that of xml"),
            ("<a xmlns='http://www.w3.org/2000/xmlns/'/>", "the namespace of declarations as the default"),
            (&deep, "depth"),
            (&wide, "attributes"),
            (&declared, "declarations"),
        ] {
            assert!(read(body.as_bytes()).is_err(), "{why}");
        }
        assert_eq!(read(b"\xff\xfe<\0a\0"), Err(ReadError::NotUtf8));
    }

    #[test]
    fn names_are_of_any_script() {
        for body in [
            "<größe/>",
            "<_a-b.c1 xml:lang='de'/>",
            "<名 b='1' xmlns:X='u' X:b='2'/>",
            "<xml:a/>",
            "<a xmlns='u'><b xmlns=''/></a>",
        ] {
            assert!(read(body.as_bytes()).is_ok(), "{body}");
        }
    }

    #[test]
    fn an_element_stands_for_itself() {
        let root = read(
            br#"<a xmlns="urn:x" xmlns:D="DAV:"><D:href xml:lang="en">/x?a&amp;b</D:href> and <b c="&quot;&lt;"/></a>"#,
        )
        .unwrap();
        let outer = root.outer();
        assert_eq!(
            outer,
            r#"<a xmlns="urn:x"><D:href xml:lang="en">/x?a&amp;b</D:href> and <b xmlns="urn:x" c="&quot;&lt;"></b></a>"#
        );
        let again = read(format!(r#"<r xmlns:D="DAV:">{outer}</r>"#).as_bytes()).unwrap();
        assert_eq!(again.nodes, [Node::Element(root)]);
    }
}
