//! What messages bring: the roots of trees, nodes of trees, and changes of nodes.

use super::fields::Fields;
use super::message::{Header, Kind};
use std::collections::BTreeMap;
use std::ops::Range;

/// A node has few entries; a damaged number may be any.
const ENTRIES_MAX: u64 = 1 << 16;

/// A value and where it is in the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Value {
    pub(crate) offset: u64,
    pub(crate) len: usize,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Node {
    /// What all keys begin with, and which is left out in them.
    pub(crate) prefix: Vec<u8>,
    /// The node to the right.
    pub(crate) next: Option<u64>,
    pub(crate) merging_child: Option<u64>,
    /// Of an inner node.
    pub(crate) children: Vec<u64>,
    /// Of a leaf, by keys without prefix.
    pub(crate) values: BTreeMap<Vec<u8>, Value>,
}

/// A change of a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Link {
    Set(Vec<u8>, Value),
    Remove(Vec<u8>),
    /// A child of an inner node begins to go into its left neighbour.
    Merge(u64),
    /// It has gone: its page is free, for any tree.
    Merged,
    Capped,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Body {
    Roots(BTreeMap<Vec<u8>, u64>),
    Node(Node),
    Link(Link),
    Other,
    Unreadable,
}

/// A message's content.
#[derive(Clone, Debug)]
pub(crate) struct Content {
    /// Whether sled would read it.
    pub(crate) is_sound: bool,
    pub(crate) body: Body,
    bytes: Vec<u8>,
    offset: u64,
}

impl Content {
    pub(super) fn unreadable() -> Self {
        Self {
            is_sound: false,
            body: Body::Unreadable,
            bytes: Vec::new(),
            offset: 0,
        }
    }

    /// `bytes` are the message at `offset`, from its header on.
    pub(super) fn parse(bytes: Vec<u8>, header: &Header, offset: u64) -> Self {
        let whole = bytes.len() as u64 == header.bytes as u64 + header.len;
        let is_sound = whole && header.is_sound(&bytes);
        let mut body = Fields::new(&bytes);
        let parsed = body.take(header.bytes).and_then(|_| match header.kind {
            Kind::Meta => roots(&mut body).map(Body::Roots),
            Kind::Node => node(&mut body, offset).map(Body::Node),
            Kind::Link => link(&mut body, offset).map(Body::Link),
            Kind::Nothing | Kind::Cap | Kind::Free | Kind::Counter | Kind::Blob => {
                Some(Body::Other)
            }
        });
        Self {
            is_sound,
            body: parsed.unwrap_or(Body::Unreadable),
            bytes,
            offset,
        }
    }

    /// The bytes of all values in it.
    pub(crate) fn values(&self) -> impl Iterator<Item = &[u8]> {
        let values: Vec<&Value> = match &self.body {
            Body::Node(node) => node.values.values().collect(),
            Body::Link(Link::Set(_, value)) => vec![value],
            _ => Vec::new(),
        };
        values.into_iter().filter_map(|value| self.value(value))
    }

    /// The bytes of a value in it.
    pub(crate) fn value(&self, value: &Value) -> Option<&[u8]> {
        let from = usize::try_from(value.offset.checked_sub(self.offset)?).ok()?;
        let range: Range<usize> = from..from + value.len;
        self.bytes.get(range)
    }
}

impl Node {
    pub(crate) fn apply(&mut self, link: Link) {
        match link {
            Link::Set(key, value) => drop(self.values.insert(key, value)),
            Link::Remove(key) => drop(self.values.remove(&key)),
            Link::Merge(child) => self.merging_child = Some(child),
            Link::Merged => {
                let gone = self.merging_child.take();
                self.children.retain(|child| Some(*child) != gone);
            }
            Link::Capped => {}
        }
    }

    /// Whole keys, with their values.
    pub(crate) fn entries(&self) -> impl Iterator<Item = (Vec<u8>, &Value)> {
        self.values
            .iter()
            .map(|(key, value)| ([&self.prefix, key.as_slice()].concat(), value))
    }
}

fn roots(fields: &mut Fields<'_>) -> Option<BTreeMap<Vec<u8>, u64>> {
    let mut roots = BTreeMap::new();
    while !fields.is_empty() {
        let name = fields.slice()?.to_vec();
        roots.insert(name, fields.varint()?);
    }
    Some(roots)
}

fn node(fields: &mut Fields<'_>, offset: u64) -> Option<Node> {
    let optional = |number: u64| (number > 0).then_some(number);
    let next = optional(fields.varint()?);
    let merging_child = optional(fields.varint()?);
    let _merging = fields.u8()?;
    let prefix_len = usize::from(fields.u8()?);
    let prefix = fields.slice()?.get(..prefix_len)?.to_vec();
    let _high = fields.slice()?;
    let is_leaf = fields.u8()? == 0;
    let count = fields.varint().filter(|count| *count <= ENTRIES_MAX)?;
    let mut node = Node {
        prefix,
        next,
        merging_child,
        ..Node::default()
    };
    let keys = (0..count).map(|_| fields.slice().map(<[u8]>::to_vec));
    let keys: Vec<Vec<u8>> = keys.collect::<Option<_>>()?;
    for key in keys {
        if is_leaf {
            node.values.insert(key, value(fields, offset)?);
        } else {
            node.children.push(fields.varint()?);
        }
    }
    Some(node)
}

fn link(fields: &mut Fields<'_>, offset: u64) -> Option<Link> {
    match fields.u8()? {
        0 => {
            let key = fields.slice()?.to_vec();
            Some(Link::Set(key, value(fields, offset)?))
        }
        1 => Some(Link::Remove(fields.slice()?.to_vec())),
        2 => Some(Link::Merge(fields.varint()?)),
        3 => Some(Link::Merged),
        4 => Some(Link::Capped),
        _ => None,
    }
}

fn value(fields: &mut Fields<'_>, offset: u64) -> Option<Value> {
    let len = fields.slice()?.len();
    let from = fields.at() - len;
    Some(Value {
        offset: offset + from as u64,
        len,
    })
}
