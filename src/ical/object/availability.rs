//! VAVAILABILITY: the sets of its AVAILABLEs (RFC 7953 §3.1).

use std::collections::BTreeMap;

use super::part::{Part, Read, Reader};
use super::set::{Set, assemble};
use super::structure::Node;
use super::{Kind, Violation};

/// What one VAVAILABILITY leaves free.
#[derive(Debug, Clone, Default)]
pub(super) struct Available {
    pub parts: Vec<Part>,
    pub sets: Vec<Set>,
}

/// Reads the AVAILABLEs in the node at `place`. Those of one UID are a set, and those without one each for itself.
pub(super) fn read<'a>(nodes: &[Node<'a>], place: usize, reader: &mut Reader<'_, 'a>) -> Result<Available, Violation> {
    let mut by_uid: BTreeMap<String, Vec<Read>> = BTreeMap::new();
    let inside = nodes.iter().filter(|node| node.parent == Some(place)).enumerate();
    for (index, node) in inside.filter(|(_, node)| node.name == "AVAILABLE") {
        // With a start, an end or a duration, and what repeats: that of an event.
        let read = reader.read(node, index, Kind::Event)?;
        let key = if read.uid.is_empty() { format!("\0{index}") } else { read.uid.clone() };
        by_uid.entry(key).or_default().push(read);
    }
    let mut available = Available::default();
    for reads in by_uid.into_values() {
        assemble(reads, &mut available.parts, &mut available.sets, reader.limits)?;
    }
    Ok(available)
}
