//! XML as WebDAV uses it (RFC 4918 §8.2, §17): bodies read into small trees, answers written as text.

mod name;
mod read;
mod write;

pub(super) use name::{Name, Ns, is_ncname};
pub(super) use read::{Element, Node, ReadError, read};
pub(super) use write::Xml;
