//! The values in a volume's live pages, and where each is.

use crate::guard::FileDamage;
use crate::log::{Body, Log, Node, Pages, Value};
use crate::{block, frame, mark, oversize};
use std::collections::BTreeMap;
use std::io;
use touchbook_events::TenantNumber;

/// Keys tell of which tree they are by their length.
#[derive(Default)]
pub(super) struct Entries {
    pub(super) blocks: BTreeMap<(TenantNumber, u64), Value>,
    pub(super) frames: BTreeMap<(u64, u16), Value>,
    pub(super) chunks: BTreeMap<Vec<u8>, Value>,
    pub(super) marks: BTreeMap<TenantNumber, Value>,
    pub(super) damage: Vec<FileDamage>,
}

impl Entries {
    pub(super) fn collect(log: &Log, pages: &Pages) -> io::Result<Self> {
        let mut entries = Self::default();
        for pid in pages.present() {
            if let Some(node) = entries.page(log, pages, pid)? {
                entries.add(&node);
            }
        }
        Ok(entries)
    }

    fn page(&mut self, log: &Log, pages: &Pages, pid: u64) -> io::Result<Option<Node>> {
        let Some((base, links)) = pages.places(pid) else {
            return Ok(None);
        };
        let content = log.content(base.offset)?;
        self.check(content.is_sound, base.offset);
        let mut node = match content.body {
            Body::Node(node) => node,
            // Links still say what they set; the keys are short of what they all began with.
            Body::Unreadable => Node::default(),
            Body::Roots(_) | Body::Link(_) | Body::Other => return Ok(None),
        };
        for link in links {
            let content = log.content(link.offset)?;
            self.check(content.is_sound, link.offset);
            if let Body::Link(link) = content.body {
                node.apply(link);
            }
        }
        Ok(Some(node))
    }

    fn check(&mut self, is_sound: bool, offset: u64) {
        if !is_sound {
            let what = "can not be read, and is in use";
            self.damage.push(FileDamage::of_log(Some(offset), what));
        }
    }

    fn add(&mut self, node: &Node) {
        for (key, value) in node.entries() {
            let value = value.clone();
            if let Some(place) = block::place(&key) {
                self.blocks.insert(place, value);
            } else if let Some(place) = frame::place(&key) {
                self.frames.insert(place, value);
            } else if let Some(tenant) = mark::tenant(&key) {
                self.marks.insert(tenant, value);
            } else if oversize::owner(&key).is_some() {
                self.chunks.insert(key, value);
            }
        }
    }
}
