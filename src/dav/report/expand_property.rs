//! `DAV:expand-property` (RFC 3253 §3.8): properties, and those of what the addresses in them name.

use std::sync::Arc;

use axum::body::Body;
use axum::http::Response;

use super::Call;
use crate::dav::condition::Failure;
use crate::dav::multistatus;
use crate::dav::path::Target;
use crate::dav::property::{Asked, Wanted, live};
use crate::dav::propfind::Ask;
use crate::dav::xml::{self, Element, Name, Node, Ns, Xml};
use crate::store::Conn;

/// Addresses that one answer follows.
const MOST: usize = 500;
/// How far they are followed.
const DEEPEST: usize = 4;

/// A `DAV:property` element: which property, and what of the resources in it.
#[derive(Clone)]
struct Property {
    name: Name,
    inside: Vec<Property>,
}

fn properties(element: &Element) -> Result<Vec<Property>, Failure> {
    let named = element.children().filter(|child| child.name.is_dav("property"));
    let property = |child: &Element| {
        let name = child.attribute("name").filter(|name| xml::is_ncname(name));
        let name = name.ok_or_else(|| Failure::BadRequest("a DAV:property has a name of XML".to_owned()))?;
        let ns = Ns::of(child.attribute("namespace").unwrap_or("DAV:"));
        Ok(Property { name: Name::new(ns, name), inside: properties(child)? })
    };
    named.map(property).collect()
}

pub(super) async fn answer(call: Call<'_>) -> Result<Response<Body>, Failure> {
    let wanted = properties(&call.root)?;
    let (ask, target) = (call.ask()?, call.target.clone());
    let found = call.state.store().read(move |conn| {
        let mut expansion = Expansion { followed: 0, ask: ask.clone() };
        let responses = expansion.of(conn, &target, &wanted, 0)?;
        let mut xml = Xml::document("D:multistatus");
        xml.nodes(&responses);
        Ok::<_, Failure>(xml)
    });
    Ok(multistatus::whole(found.await?))
}

struct Expansion {
    followed: usize,
    ask: Ask,
}

impl Expansion {
    /// The responses for a resource, with the addresses in them followed.
    fn of(
        &mut self,
        conn: &mut Conn,
        target: &Target,
        wanted: &[Property],
        depth: usize,
    ) -> Result<Vec<Node>, Failure> {
        let asked = wanted.iter().map(|property| match live(&property.name) {
            Some(live) => Asked::Live(property.name.clone(), live),
            None => Asked::Other(property.name.clone()),
        });
        let ask = Ask { wanted: Arc::new(Wanted::These(asked.collect())), ..self.ask.clone() };
        let mut xml = Xml::document("D:multistatus");
        ask.describe(conn, &mut xml, target)?;
        xml.close("D:multistatus");
        // What was just written is read again: that is how properties become trees.
        let mut root =
            xml::read(xml.into_string().as_bytes()).map_err(|error| Failure::BadRequest(error.to_string()))?;
        for property in wanted.iter().filter(|property| !property.inside.is_empty()) {
            self.follow(conn, &mut root, property, depth)?;
        }
        Ok(root.nodes)
    }

    /// Replaces the addresses in a property by the responses of what they name.
    fn follow(
        &mut self,
        conn: &mut Conn,
        element: &mut Element,
        property: &Property,
        depth: usize,
    ) -> Result<(), Failure> {
        for node in &mut element.nodes {
            let Node::Element(child) = node else { continue };
            if child.name != property.name {
                self.follow(conn, child, property, depth)?;
                continue;
            }
            let mut replaced = Vec::new();
            for inner in std::mem::take(&mut child.nodes) {
                let address = match &inner {
                    Node::Element(href) if href.name.is_dav("href") => Target::of_href(&href.text()),
                    _ => None,
                };
                self.followed += usize::from(address.is_some());
                match address {
                    Some(target) if depth < DEEPEST && self.followed <= MOST => {
                        // What cannot be seen stays an address.
                        match self.of(conn, &target, &property.inside, depth + 1) {
                            Ok(responses) => replaced.extend(responses),
                            Err(_) => replaced.push(inner),
                        }
                    }
                    _ => replaced.push(inner),
                }
            }
            child.nodes = replaced;
        }
        Ok(())
    }
}
