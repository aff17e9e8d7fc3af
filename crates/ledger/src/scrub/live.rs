//! The pages as the store would find them, and which blocks stand whole in them.

use crate::block::{self, Header};
use crate::log::{Body, Content, Image, Kind, Link, Message, SEGMENT, Snapshot, Value};
use crate::oversize;
use crate::record::Chain;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::Path;
use touchbook_events::TenantNumber;

/// A block by its first position, or a long record.
pub(super) type Place = (TenantNumber, u64);

/// What was read of the pages: nothing of the values, only which there are.
pub(super) struct Live {
    /// Blocks that were not found yet.
    wanted: BTreeMap<Place, Chain>,
    /// Up to here the snapshot says which messages count, by their segments.
    stable: u64,
    snapshot: BTreeMap<u64, Vec<Located>>,
    pages: BTreeMap<u64, Page>,
}

/// A message that counts.
#[derive(Clone, Copy)]
struct Located {
    pid: u64,
    lsn: u64,
    offset: u64,
    is_base: bool,
}

/// Made of the newest message that replaces it, and of those after that. They may come in any
/// order, and come again.
#[derive(Default)]
struct Page {
    base: Option<Base>,
    parts: Vec<Part>,
}

struct Base {
    lsn: u64,
    /// What all keys in the page begin with, and which is left out in them.
    prefix: Vec<u8>,
}

/// What a message holds.
#[derive(Default)]
struct Part {
    lsn: u64,
    /// Wanted blocks that are whole.
    whole: Vec<Place>,
    /// Keys, without prefix, of what the store could not read.
    lost: Vec<Vec<u8>>,
}

impl Live {
    /// Nothing of the log is read yet.
    pub(super) fn new(volume: &Path, wanted: BTreeMap<Place, Chain>) -> io::Result<Self> {
        // A snapshot that can't be read is found when the store is opened. The log has it all.
        let snapshot = Snapshot::newest(volume)?.ok().flatten();
        let stable = snapshot.as_ref().map_or(0, |snapshot| snapshot.stable);
        Ok(Self {
            wanted,
            stable,
            snapshot: snapshot.as_ref().map(by_segment).unwrap_or_default(),
            pages: BTreeMap::new(),
        })
    }

    /// Takes in what a segment holds. Answers whether all of it could be read, so that reading it
    /// again would say nothing new.
    pub(super) fn read(&mut self, image: &Image) -> bool {
        let mut is_read = true;
        for located in self.snapshot.get(&image.lsn).cloned().unwrap_or_default() {
            // The header of its segment is not needed any more.
            is_read &= self.apply(image, located, true);
        }
        if image.lsn + SEGMENT <= self.stable {
            return is_read;
        }
        let segment = image.segment();
        is_read &= segment.has_header && segment.is_complete() && segment.gaps.is_empty();
        for message in segment.messages.iter().chain(&segment.damaged) {
            let located = Located::new(message).filter(|located| located.lsn >= self.stable);
            is_read &= located.is_none_or(|one| self.apply(image, one, segment.has_header));
        }
        is_read
    }

    /// Takes in a message, and answers whether it could be read.
    fn apply(&mut self, image: &Image, message: Located, is_reachable: bool) -> bool {
        let content = image.content(message.offset);
        let is_read = content.is_sound && is_reachable;
        let part = self.part(&content, message.lsn, is_read);
        let page = self.pages.entry(message.pid).or_default();
        match content.body {
            _ if !message.is_base => page.link(part),
            Body::Node(node) => page.replace(part, node.prefix),
            _ => page.replace(part, Vec::new()),
        }
        is_read
    }

    fn part(&self, content: &Content, lsn: u64, is_read: bool) -> Part {
        let mut part = Part {
            lsn,
            ..Part::default()
        };
        for (key, value) in entries(content) {
            match content.value(value).and_then(|bytes| whole(key, bytes)) {
                Some((place, chain)) if self.wanted.get(&place) == Some(&chain) => {
                    part.whole.push(place);
                }
                None if !is_read => part.lost.push(key.to_vec()),
                Some(_) | None => {}
            }
        }
        if !is_read && part.lost.is_empty() {
            // Then it is something else that is damaged, and the store could read none of it.
            part.whole.clear();
        }
        part
    }

    /// Blocks that are not whole where the store would read them, nor were before.
    pub(super) fn missing_blocks(&mut self) -> BTreeSet<Place> {
        let parts = self.pages.values().flat_map(Page::parts);
        for (_, part) in parts {
            for place in &part.whole {
                self.wanted.remove(place);
            }
        }
        self.wanted.keys().copied().collect()
    }

    /// Long records of which the store could not read a chunk.
    pub(super) fn missing_chunks(&self) -> impl Iterator<Item = Place> {
        let parts = self.pages.values().flat_map(Page::parts);
        let keys = parts.flat_map(|(base, part)| {
            let lost = part.lost.iter();
            lost.map(|key| [&base.prefix, key.as_slice()].concat())
        });
        keys.filter_map(|key| oversize::owner(&key))
    }
}

impl Located {
    /// Nothing where a message changes no page.
    fn new(message: &Message) -> Option<Self> {
        let is_base = match message.kind {
            Kind::Nothing | Kind::Cap => return None,
            Kind::Link => false,
            Kind::Free | Kind::Counter | Kind::Meta | Kind::Node | Kind::Blob => true,
        };
        Some(Self {
            pid: message.pid,
            lsn: message.lsn,
            offset: message.offset,
            is_base,
        })
    }
}

impl Page {
    fn replace(&mut self, part: Part, prefix: Vec<u8>) {
        let lsn = part.lsn;
        if self.base.as_ref().is_none_or(|base| base.lsn <= lsn) {
            self.parts.retain(|known| known.lsn > lsn);
            self.base = Some(Base { lsn, prefix });
            self.add(part);
        }
    }

    /// Before its base is known too: segments are not always met in order.
    fn link(&mut self, part: Part) {
        if self.base.as_ref().is_none_or(|base| base.lsn < part.lsn) {
            self.parts.retain(|known| known.lsn != part.lsn);
            self.add(part);
        }
    }

    fn add(&mut self, part: Part) {
        if !part.whole.is_empty() || !part.lost.is_empty() {
            self.parts.push(part);
        }
    }

    /// Nothing where it has no base: then the store would not know of it.
    fn parts(&self) -> impl Iterator<Item = (&Base, &Part)> {
        let base = self.base.iter();
        base.flat_map(|base| self.parts.iter().map(move |part| (base, part)))
    }
}

fn by_segment(snapshot: &Snapshot) -> BTreeMap<u64, Vec<Located>> {
    let mut segments: BTreeMap<u64, Vec<Located>> = BTreeMap::new();
    for pid in snapshot.pages.present() {
        let places = snapshot.pages.places(pid).into_iter();
        for (base, links) in places {
            let places = [(base, true)].into_iter();
            let places = places.chain(links.iter().map(|link| (*link, false)));
            for (place, is_base) in places {
                let segment = segments.entry(place.lsn / SEGMENT * SEGMENT).or_default();
                segment.push(Located {
                    pid,
                    lsn: place.lsn,
                    offset: place.offset,
                    is_base,
                });
            }
        }
    }
    segments
}

/// What a message sets, by keys without prefix.
fn entries(content: &Content) -> Vec<(&[u8], &Value)> {
    match &content.body {
        Body::Node(node) => {
            let values = node.values.iter();
            values.map(|(key, value)| (key.as_slice(), value)).collect()
        }
        Body::Link(Link::Set(key, value)) => vec![(key.as_slice(), value)],
        Body::Link(_) | Body::Roots(_) | Body::Other | Body::Unreadable => Vec::new(),
    }
}

/// Which block a value is, if it is one and whole, and stands under its own key.
fn whole(key: &[u8], value: &[u8]) -> Option<(Place, Chain)> {
    let header = Header::of_value(value)?;
    let is_own = block::key(header.tenant, header.first).ends_with(key);
    let place = (header.tenant, header.first);
    (is_own && block::is_whole(&header, value)).then_some((place, header.chain))
}
