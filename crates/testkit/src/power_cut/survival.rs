//! What of the things that were never synced happens to be on the disk.

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use std::collections::HashMap;

/// The kernel writes back whole pages, each with all that was written to it until then.
const PAGE_BYTES: u64 = 4096;
/// A disk writes whole sectors.
const SECTOR_BYTES: u64 = 512;

/// In which pieces what was not synced is kept or lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grain {
    /// Everything up to some operation and the first bytes of that, nothing after it.
    Order,
    /// Whole writes.
    Write,
    /// The pages of each file, every one as it was at some moment.
    Page,
    /// Pages that were torn: their sectors, every one as it was at some moment.
    Sector,
}

/// Chance, the same for the same seed.
#[derive(Debug)]
pub struct Survival {
    pub grain: Grain,
    /// How likely a piece is there as it was last written.
    pub odds: f64,
    /// With [`Grain::Order`]: what comes before this operation has survived.
    before: usize,
    random: StdRng,
}

/// What has survived of the writes to one file.
pub(super) struct Pieces {
    bytes: u64,
    /// By piece: it has the writes before this operation. Where there is none: what `others` says.
    before: HashMap<u64, usize>,
    others: usize,
    /// Of the operation that [`Grain::Order`] ends with: where the bytes end that are there.
    first: Option<(usize, u64)>,
}

impl Survival {
    /// Of a cut after so many operations.
    pub fn new(seed: u64, operations: usize) -> Self {
        let mut random = StdRng::seed_from_u64(seed);
        let grain = match random.random_range(0..8) {
            0..=2 => Grain::Order,
            3 => Grain::Write,
            4 | 5 => Grain::Page,
            _ => Grain::Sector,
        };
        let odds = [0.0, 0.1, 0.5, 0.5, 0.5, 0.9, 0.99][random.random_range(0..7)];
        // Only the last operations are not synced, and there are seldom many.
        let most = [1, 2, 6, 40][random.random_range(0..4)];
        let unsynced = random.random_range(0..=operations.min(most));
        Self {
            grain,
            odds,
            before: operations - unsynced,
            random,
        }
    }

    /// Nothing is lost: what a process finds that starts after another on the same machine.
    pub fn of_everything() -> Self {
        Self {
            grain: Grain::Order,
            odds: 1.0,
            before: usize::MAX,
            random: StdRng::seed_from_u64(0),
        }
    }

    /// Whether a change of a name or a length has survived.
    pub(super) fn keeps(&mut self, operation: usize) -> bool {
        match self.grain {
            Grain::Order => operation < self.before,
            _ => self.random.random_bool(self.odds),
        }
    }

    /// What of one file's writes, each an operation with its place and length, has survived.
    pub(super) fn pieces(&mut self, writes: &[(usize, u64, u64)]) -> Pieces {
        let bytes = match self.grain {
            Grain::Sector => SECTOR_BYTES,
            _ => PAGE_BYTES,
        };
        let before = match self.grain {
            Grain::Order => HashMap::new(),
            Grain::Write => self.by_write(bytes, writes),
            Grain::Page | Grain::Sector => self.by_piece(bytes, writes),
        };
        let (others, first) = match self.grain {
            Grain::Order => (self.before, self.first(writes)),
            _ => (0, None),
        };
        Pieces {
            bytes,
            before,
            others,
            first,
        }
    }

    /// How much is there of the first write that is not.
    fn first(&mut self, writes: &[(usize, u64, u64)]) -> Option<(usize, u64)> {
        let (operation, at, len) = *writes
            .iter()
            .find(|(operation, ..)| *operation >= self.before)?;
        let sectors = self.random.random_range(0..=len / SECTOR_BYTES);
        let end = (at / SECTOR_BYTES + sectors) * SECTOR_BYTES;
        Some((operation, end))
    }

    /// A page that has a write has all the earlier ones to it.
    fn by_write(&mut self, bytes: u64, writes: &[(usize, u64, u64)]) -> HashMap<u64, usize> {
        let mut before = HashMap::new();
        for (operation, at, len) in writes {
            if self.random.random_bool(self.odds) {
                before.extend(touched(bytes, *at, *len).map(|piece| (piece, operation + 1)));
            }
        }
        before
    }

    fn by_piece(&mut self, bytes: u64, writes: &[(usize, u64, u64)]) -> HashMap<u64, usize> {
        let mut versions: Vec<(u64, usize)> = Vec::new();
        for (operation, at, len) in writes {
            versions.extend(touched(bytes, *at, *len).map(|piece| (piece, *operation)));
        }
        versions.sort_unstable();
        let mut before = HashMap::new();
        for versions in versions.chunk_by(|one, next| one.0 == next.0) {
            let (piece, last) = versions[versions.len() - 1];
            if self.random.random_bool(self.odds) {
                before.insert(piece, last + 1);
            } else {
                let (_, lost) = versions[self.random.random_range(0..versions.len())];
                before.insert(piece, lost);
            }
        }
        before
    }
}

impl Pieces {
    /// The parts of a write that are on the disk, as offsets into it.
    pub(super) fn of(&self, operation: usize, at: u64, len: u64) -> Vec<(u64, u64)> {
        let mut parts: Vec<(u64, u64)> = Vec::new();
        if let Some((first, end)) = self.first
            && first == operation
        {
            parts.extend((end > at).then(|| (0, (end - at).min(len))));
            return parts;
        }
        for piece in touched(self.bytes, at, len) {
            if operation >= *self.before.get(&piece).unwrap_or(&self.others) {
                continue;
            }
            let from = (piece * self.bytes).max(at) - at;
            let to = ((piece + 1) * self.bytes).min(at + len) - at;
            match parts.last_mut() {
                Some(part) if part.1 == from => part.1 = to,
                _ => parts.push((from, to)),
            }
        }
        parts
    }
}

fn touched(bytes: u64, at: u64, len: u64) -> std::ops::Range<u64> {
    at / bytes..(at + len).div_ceil(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn survival(grain: Grain, odds: f64) -> Survival {
        Survival {
            grain,
            odds,
            ..Survival::of_everything()
        }
    }

    #[test]
    fn a_page_never_has_a_later_write_without_an_earlier_one() {
        let writes: Vec<_> = (0..6).map(|operation| (operation, 100, 5000)).collect();
        for grain in [Grain::Write, Grain::Page, Grain::Sector] {
            let mut survival = survival(grain, 0.5);
            for _ in 0..100 {
                let pieces = survival.pieces(&writes);
                let kept: Vec<u64> = writes
                    .iter()
                    .map(|(operation, at, len)| {
                        let parts = pieces.of(*operation, *at, *len);
                        parts.iter().map(|(from, to)| to - from).sum()
                    })
                    .collect();
                assert!(kept.is_sorted_by(|one, next| one >= next), "{kept:?}");
            }
        }
    }

    #[test]
    fn parts_of_a_write_end_at_the_borders_of_pages() {
        let pieces = Pieces {
            bytes: PAGE_BYTES,
            before: HashMap::from([(1, 9), (2, 9), (4, 9)]),
            others: 0,
            first: None,
        };
        assert_eq!(pieces.of(8, 4000, 16_000), [(96, 8_288), (12_384, 16_000)]);
        assert_eq!(pieces.of(9, 4000, 16_000), []);
    }
    #[test]
    fn what_is_written_in_order_ends_within_one_write() {
        let writes = [(3, 0, 10_000), (7, 10_000, 10_000), (9, 20_000, 10_000)];
        let mut survival = survival(Grain::Order, 0.5);
        survival.before = 5;
        for _ in 0..100 {
            let pieces = survival.pieces(&writes);
            assert_eq!(pieces.of(3, 0, 10_000), [(0, 10_000)]);
            let second = pieces.of(7, 10_000, 10_000);
            assert!(second.iter().all(|(from, to)| *from == 0 && *to <= 10_000));
            assert_eq!(pieces.of(9, 20_000, 10_000), []);
        }
    }
}
