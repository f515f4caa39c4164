//! Strict JSON in: what is not understood is refused, and every refusal names its place.

use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, DeserializeOwned, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::error::Category;
use serde_path_to_error::{Path, Segment};

use super::problem::Problem;
use crate::booking::Fault;

/// Reads a body. No body at all is an empty object.
pub(super) fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let Object(value) = read(if bytes.is_empty() { b"{}" } else { bytes })?;
    Ok(value)
}

fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    if nesting(bytes) > MAX_NESTING {
        return Err(Problem::bad_request(format!("the body is nested more than {MAX_NESTING} levels deep")));
    }
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        // A reader stops at the first field it does not like; what follows may be no JSON at all.
        match serde_json::from_slice::<IgnoredAny>(bytes) {
            Err(broken) => refused("", &broken),
            Ok(IgnoredAny) => refused(&pointer(error.path()), error.inner()),
        }
    })?;
    reader.end().map_err(|error| refused("", &error))?;
    Ok(value)
}

/// Reads a body that is a list of objects.
pub(super) fn parse_list<T: DeserializeOwned>(bytes: &[u8]) -> Result<Vec<T>, Problem> {
    let List(items) = read(bytes)?;
    Ok(items.into_iter().map(|Object(item)| item).collect())
}

/// More than any body of ours has, and less than any reader minds.
const MAX_NESTING: usize = 32;

/// How deep arrays and objects are nested, strings left aside.
fn nesting(bytes: &[u8]) -> usize {
    let (mut depth, mut deepest, mut in_string, mut escaped) = (0_usize, 0, false, false);
    for byte in bytes {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'[' | b'{' if !in_string => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b']' | b'}' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

/// Syntax is the request's fault (400), anything else the input's (422).
fn refused(path: &str, error: &serde_json::Error) -> Problem {
    let text = shortened(&error.to_string());
    // Where a word out of a few is expected, the reader calls null broken syntax. What is broken indeed comes without a path.
    let null = !path.is_empty() && text.starts_with("expected value");
    if error.classify() != Category::Data && !null {
        return Problem::bad_request(format!("the body is not JSON: {text}"));
    }
    let text = text.split(" at line ").next().unwrap_or(&text).to_owned();
    let pointer = match field_of(&text) {
        // The reader stands before the object when it misses or refuses one of its fields.
        Some(field) if !path.ends_with(&format!("/{}", escaped(field))) => format!("{path}/{}", escaped(field)),
        _ => path.to_owned(),
    };
    let detail = match text.split_once('`') {
        Some(("missing field ", _)) => "is missing".to_owned(),
        Some(("duplicate field ", _)) => "is given twice".to_owned(),
        Some(("unknown field ", rest)) => {
            format!("is not a field here{}", rest.split_once("`, ").map_or_else(String::new, |(_, e)| format!("; {e}")))
        }
        _ => format!("is wrong: {text}"),
    };
    Problem::invalid(vec![Fault { pointer: shortened(&pointer), detail }])
}

/// The field that serde's message is about.
fn field_of(text: &str) -> Option<&str> {
    ["missing field `", "unknown field `", "duplicate field `"]
        .iter()
        .find_map(|start| text.strip_prefix(start))
        .and_then(|rest| rest.split('`').next())
}

fn pointer(path: &Path) -> String {
    path.iter().fold(String::new(), |mut pointer, segment| {
        match segment {
            Segment::Seq { index } => pointer.push_str(&format!("/{index}")),
            Segment::Map { key } => pointer.push_str(&format!("/{}", escaped(key))),
            Segment::Enum { .. } | Segment::Unknown => {}
        }
        pointer
    })
}

/// RFC 6901 §3.
fn escaped(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

/// What callers sent is told back to them, but not without end.
fn shortened(text: &str) -> String {
    if text.chars().count() <= 300 { text.to_owned() } else { text.chars().take(300).chain(['…']).collect() }
}

/// For the fields of a patch: absent is `None` (by `serde(default)`), and whatever is there is `Some`. So `null` is
/// refused where `T` knows no null, and is `Some(None)` where `T` is an `Option`.
pub(super) fn given<'de, T: Deserialize<'de>, D: Deserializer<'de>>(reader: D) -> Result<Option<T>, D::Error> {
    T::deserialize(reader).map(Some)
}

/// What is written as an object. serde's derived readers take an array of the fields' values as well.
struct Object<T>(T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
        struct Fields<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Fields<T> {
            type Value = Object<T>;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Object<T>, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map)).map(Object)
            }
        }
        reader.deserialize_map(Fields(PhantomData))
    }
}

/// A list of what is written as objects.
#[derive(serde::Deserialize)]
#[serde(transparent)]
struct List<T>(#[serde(bound(deserialize = "T: Deserialize<'de>"))] Vec<Object<T>>);

/// For a field that is an object or null.
pub(super) fn object<'de, T: Deserialize<'de>, D: Deserializer<'de>>(reader: D) -> Result<Option<T>, D::Error> {
    Ok(Option::<Object<T>>::deserialize(reader)?.map(|Object(value)| value))
}

/// For a field of a patch that is an object or null: see [`given`].
pub(super) fn given_object<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    reader: D,
) -> Result<Option<Option<T>>, D::Error> {
    object(reader).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, serde::Deserialize)]
    #[serde(rename_all = "lowercase")]
    enum Word {
        Some,
    }

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Outer {
        #[serde(default, deserialize_with = "given")]
        name: Option<String>,
        #[serde(default, deserialize_with = "given")]
        note: Option<Option<String>>,
        #[serde(default, deserialize_with = "object")]
        inner: Option<Inner>,
        #[serde(default)]
        list: Vec<i64>,
        #[serde(default, deserialize_with = "given")]
        word: Option<Word>,
    }

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "read by serde only")]
    struct Inner {
        deep: bool,
    }

    fn fault(text: &str) -> (u16, String, String) {
        let body = parse::<Outer>(text.as_bytes()).unwrap_err().body("");
        let first = body.errors.into_iter().next();
        let (pointer, detail) = first.map_or_else(Default::default, |f| (f.pointer, f.detail));
        (body.status, pointer, detail)
    }

    #[test]
    fn every_refusal_names_its_place() {
        for (text, pointer, detail) in [
            (r#"{"nme":1}"#, "/nme", "is not a field here; expected one of `name`, `note`, `inner`, `list`, `word`"),
            (r#"{"inner":{}}"#, "/inner/deep", "is missing"),
            (r#"{"inner":{"a/b":1}}"#, "/inner/a~1b", "is not a field here; expected `deep`"),
            (r#"{"inner":{"deep":1}}"#, "/inner/deep", "is wrong: invalid type: integer `1`, expected a boolean"),
            (r#"{"name":"a","name":"b"}"#, "/name", "is given twice"),
            (r#"{"name":null}"#, "/name", "is wrong: invalid type: null, expected a string"),
            (r#"{"list":[1,0.5]}"#, "/list/1", "is wrong: invalid type: floating point `0.5`, expected i64"),
            (r#"{"word":null}"#, "/word", "is wrong: expected value"),
            (r#"["a"]"#, "", "is wrong: invalid type: sequence, expected an object"),
            (r#"{"inner":[true]}"#, "/inner", "is wrong: invalid type: sequence, expected an object"),
        ] {
            assert_eq!(fault(text), (422, pointer.to_owned(), detail.to_owned()), "{text}");
        }
    }

    #[test]
    fn what_is_no_json_is_a_bad_request() {
        let deep = "[".repeat(200_000);
        assert_eq!((nesting(br#"{"a\"[[":[{}]}"#), nesting(b"[][][]")), (3, 1));
        let broken =
            [r"{", r#"{"name":"\ud800"}"#, r#"{"list":[1e999]}"#, "{} {}", "{'name':1}", "\u{feff}{}", "nul", &deep];
        for text in broken {
            assert_eq!(fault(text).0, 400, "{}", &text[..text.len().min(40)]);
        }
        assert!(parse::<Outer>(b"{\"name\":\"\xff\"}").is_err());
    }

    #[test]
    fn a_list_holds_objects() {
        let read = |text: &str| parse_list::<Inner>(text.as_bytes()).map(|list| list.len());
        assert_eq!(read(r#"[{"deep":true},{"deep":false}]"#).unwrap(), 2);
        for (text, status, pointer) in [
            (r#"[{"deep":true},{"deep":1}]"#, 422, "/1/deep"),
            ("[[true]]", 422, "/0"),
            ("{}", 422, ""),
            ("", 400, ""),
            ("[", 400, ""),
        ] {
            let body = read(text).unwrap_err().body("");
            let found = body.errors.first().map_or("", |fault| fault.pointer.as_str());
            assert_eq!((body.status, found), (status, pointer), "{text}");
        }
    }

    #[test]
    fn absent_is_not_null() {
        let patch: Outer = parse(br#"{"note":null}"#).unwrap();
        assert_eq!((patch.name, patch.note), (None, Some(None)));
        let nothing: Outer = parse(b"").unwrap();
        assert_eq!((nothing.note, nothing.list.len()), (None, 0));
        assert!(nothing.inner.is_none() && nothing.word.is_none());
    }
}
