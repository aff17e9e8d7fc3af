//! Where every page is: what a reading of the log comes to.

use super::message::{Kind, Message};
use std::ops::Range;

/// A place of a message, in the log and in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) lsn: u64,
    pub(crate) offset: u64,
    /// With its header; of what frees a page it is not kept.
    pub(crate) len: u64,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Page {
    #[default]
    Unknown,
    Free(Place),
    Present {
        base: Place,
        links: Vec<Place>,
    },
}

/// The pages by their ids.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Pages(Vec<Page>);

/// No store of ours comes near this many pages; a damaged number may.
const PAGES_MAX: u64 = 1 << 32;

impl Pages {
    pub(super) fn push(&mut self, page: Page) {
        self.0.push(page);
    }

    /// Applies a message as sled does.
    pub(crate) fn apply(&mut self, message: &Message) {
        let place = Place {
            lsn: message.lsn,
            offset: message.offset,
            len: message.len as u64,
        };
        match message.kind {
            Kind::Nothing | Kind::Cap => {}
            Kind::Free => self.set(message.pid, Page::Free(place)),
            Kind::Counter | Kind::Meta | Kind::Node | Kind::Blob => {
                let links = Vec::new();
                self.set(message.pid, Page::Present { base: place, links });
            }
            Kind::Link => self.link(message.pid, place),
        }
    }

    fn set(&mut self, pid: u64, page: Page) {
        if pid >= PAGES_MAX {
            return;
        }
        let index = pid as usize;
        if self.0.len() <= index {
            self.0.resize(index + 1, Page::Unknown);
        }
        self.0[index] = page;
    }

    /// A link to a page that has no base is of the past: the page was written anew elsewhere.
    fn link(&mut self, pid: u64, place: Place) {
        if let Some(Page::Present { base, links }) = self.0.get_mut(pid as usize) {
            let last = links.last().map_or(base.lsn, |link| link.lsn);
            if last < place.lsn {
                links.push(place);
            }
        }
    }

    /// The messages that a page is made of.
    pub(crate) fn places(&self, pid: u64) -> Option<(Place, &[Place])> {
        match self.0.get(pid as usize)? {
            Page::Present { base, links } => Some((*base, links)),
            Page::Unknown | Page::Free(_) => None,
        }
    }

    /// Whether anything that a page is made of, or that frees one, stands at these offsets.
    pub(crate) fn any_within(&self, offsets: &Range<u64>) -> bool {
        self.needed().any(|place| offsets.contains(&place.offset))
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Page> {
        self.0.iter()
    }

    /// Every message that a page is made of, or that frees one.
    pub(crate) fn needed(&self) -> impl Iterator<Item = Place> {
        self.0.iter().flat_map(|page| {
            let (first, links) = match page {
                Page::Unknown => (None, [].as_slice()),
                Page::Free(place) => (Some(*place), [].as_slice()),
                Page::Present { base, links } => (Some(*base), links.as_slice()),
            };
            first.into_iter().chain(links.iter().copied())
        })
    }

    /// Whether a page would be another without this message, as far as can be told: nothing later
    /// is known that replaces or frees the page.
    pub(crate) fn may_need(&self, message: &Message) -> bool {
        if matches!(message.kind, Kind::Nothing | Kind::Cap) {
            return false;
        }
        match self.0.get(message.pid as usize) {
            Some(Page::Present { base: place, .. } | Page::Free(place)) => place.lsn <= message.lsn,
            Some(Page::Unknown) | None => true,
        }
    }

    /// Whether there are pages of which sled would know that they are, and not where.
    pub(crate) fn has_unknown(&self) -> bool {
        self.0.contains(&Page::Unknown)
    }

    /// Whether a snapshot has a form for all of them.
    pub(crate) fn can_be_snapshotted(&self) -> bool {
        self.0.iter().all(|page| match page {
            Page::Unknown => false,
            Page::Free(_) => true,
            Page::Present { links, .. } => links.len() < usize::from(u8::MAX),
        })
    }

    /// The ids of all pages that hold something.
    pub(crate) fn present(&self) -> impl Iterator<Item = u64> {
        let all = self.0.iter().zip(0..);
        all.filter(|(page, _)| matches!(page, Page::Present { .. }))
            .map(|(_, pid)| pid)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn message(kind: Kind, pid: u64, lsn: u64) -> Message {
        Message {
            offset: lsn + 1_000,
            lsn,
            kind,
            pid,
            len: 1,
        }
    }

    #[test]
    fn a_message_is_needed_until_its_page_is_replaced_or_freed() {
        let mut pages = Pages::default();
        let base = message(Kind::Node, 1, 10);
        let link = message(Kind::Link, 1, 20);
        for one in [base, link] {
            assert!(pages.may_need(&one), "nothing is known of the page");
            pages.apply(&one);
            assert!(pages.may_need(&one));
        }
        pages.apply(&message(Kind::Node, 1, 30));
        assert!(!pages.may_need(&base) && !pages.may_need(&link));
        let last = message(Kind::Link, 1, 40);
        pages.apply(&last);
        assert!(pages.may_need(&last));
        let free = message(Kind::Free, 1, 50);
        pages.apply(&free);
        assert!(!pages.may_need(&last) && pages.may_need(&free));
        assert!(!pages.may_need(&message(Kind::Cap, u64::MAX, 60)));
    }
}
