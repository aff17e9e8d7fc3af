//! Reading the tail when the ledger is opened, and deciding whether the last commit counts.

use crate::block;
use crate::error::{self, Error, Flaw};
use crate::frame::{self, Part};
use crate::open::Dropped;
use crate::record::Checkpoint;
use crate::volume::Store;
use sled::IVec;

/// The parts of one commit's frame that are there.
pub(crate) struct StoredFrame {
    pub(crate) commit: u64,
    parts: Vec<(frame::Key, IVec)>,
}

#[derive(Default)]
pub(crate) struct Tail {
    /// Frames that count, oldest first.
    pub(crate) frames: Vec<StoredFrame>,
    /// The last one, if a part or a block of its commit is missing.
    pub(crate) torn: Option<StoredFrame>,
    /// The last commit that counts.
    pub(crate) last_commit: u64,
    pub(crate) checkpoint: Option<Checkpoint>,
}

impl StoredFrame {
    /// The parts, decoded.
    pub(crate) fn parts(&self) -> Result<Vec<Part<'_>>, Error> {
        self.parts
            .iter()
            .map(|(key, value)| self.decoded(key, value))
            .collect()
    }

    fn decoded<'a>(&self, key: &frame::Key, value: &'a IVec) -> Result<Part<'a>, Error> {
        frame::decode(key, value).map_err(|flaw| Error::DamagedFrame {
            commit: self.commit,
            flaw,
        })
    }

    pub(crate) fn bytes(&self) -> usize {
        self.parts.iter().map(|(_, value)| value.len()).sum()
    }

    /// Which records are in the frame.
    pub(crate) fn sections(&self) -> Vec<Dropped> {
        let parts = self.parts().unwrap_or_default();
        let sections = parts.iter().flat_map(|part| &part.sections);
        let held = sections.filter(|section| section.count > 0);
        held.map(|section| Dropped {
            tenant: section.tenant,
            from: section.first,
            to: section.first + u64::from(section.count) - 1,
        })
        .collect()
    }

    fn is_whole(&self, store: &Store) -> Result<bool, Error> {
        let parts = self.parts()?;
        if parts
            .iter()
            .any(|part| usize::from(part.parts) != parts.len())
        {
            return Ok(false);
        }
        for (tenant, first) in parts.iter().flat_map(|part| &part.blocks) {
            let key = block::key(*tenant, *first);
            let Some(value) = store.blocks.get(key).map_err(error::load)? else {
                return Ok(false);
            };
            // A damaged header is the scan's to judge: the block is there.
            let other = block::Header::decode(&key, &value)
                .is_ok_and(|header| header.commit != self.commit);
            if other {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

pub(crate) fn read(store: &Store) -> Result<Tail, Error> {
    let mut tail = Tail {
        frames: stored(store)?,
        ..Tail::default()
    };
    let Some(last) = tail.frames.pop() else {
        return Ok(tail);
    };
    match last.is_whole(store)? {
        true => tail.frames.push(last),
        false => {
            let before = last.commit - 1;
            if before > 0
                && tail
                    .frames
                    .last()
                    .is_none_or(|frame| frame.commit != before)
            {
                return Err(Error::MissingFrames { commit: before });
            }
            tail.torn = Some(last);
        }
    }
    tail.with_last()
}

impl Tail {
    fn with_last(mut self) -> Result<Self, Error> {
        if let Some(last) = self.frames.last() {
            let checkpoint = last.parts()?.iter().find_map(|part| part.checkpoint);
            self.last_commit = last.commit;
            self.checkpoint = checkpoint;
        }
        Ok(self)
    }
}

fn stored(store: &Store) -> Result<Vec<StoredFrame>, Error> {
    let mut frames: Vec<StoredFrame> = Vec::new();
    for item in &store.tail {
        let (key, value) = item.map_err(error::load)?;
        // A key that isn't ours fails with its value, as part of the commit that it sorts into.
        let (commit, part) = frame::place(&key).unwrap_or((u64::MAX, 0));
        let part = (frame::key(commit, part), value);
        match frames.last_mut() {
            Some(frame) if frame.commit == commit => frame.parts.push(part),
            _ => frames.push(StoredFrame {
                commit,
                parts: vec![part],
            }),
        }
    }
    Ok(frames)
}

/// How a frame of `commit` is refused.
pub(crate) fn damaged(commit: u64) -> impl Fn(Flaw) -> Error {
    move |flaw| Error::DamagedFrame { commit, flaw }
}
