//! An open-addressing table that grows by a fifth, so that it is never less than 70 % full.
//!
//! The standard tables double: right after that they take 38 bytes for an entry of 16. Ours is
//! split, so that no single insertion has to move more than a sixty-fourth of all entries.

/// What a table holds. The default is an empty slot.
pub(crate) trait Slot: Copy + Default {
    fn is_vacant(&self) -> bool;
    /// Uniform over all 64 bits.
    fn hash(&self) -> u64;
}

const SHARD_BITS: u32 = 6;
const SHARDS: usize = 1 << SHARD_BITS;

/// Of a hundred slots, how many may be taken.
const MAX_LOAD: usize = 85;

pub(crate) struct Table<S> {
    shards: Box<[Shard<S>]>,
}

struct Shard<S> {
    slots: Vec<S>,
    taken: usize,
}

impl<S: Slot> Default for Table<S> {
    fn default() -> Self {
        let shard = || Shard {
            slots: Vec::new(),
            taken: 0,
        };
        Self {
            shards: std::iter::repeat_with(shard).take(SHARDS).collect(),
        }
    }
}

impl<S: Slot> Table<S> {
    fn shard(hash: u64) -> usize {
        (hash >> (u64::BITS - SHARD_BITS)) as usize
    }

    /// Makes room for so many entries in all. Shards that get more than their share grow later, so
    /// each has room for six standard deviations more.
    pub(crate) fn reserve(&mut self, entries: usize) {
        let share = entries.div_ceil(SHARDS);
        let len = (share + 6 * share.isqrt()) * 100 / MAX_LOAD;
        for shard in self
            .shards
            .iter_mut()
            .filter(|shard| shard.slots.len() < len)
        {
            shard.resize(len);
        }
    }

    /// Adds an entry, whether or not there is one of the same hash.
    pub(crate) fn insert(&mut self, entry: S) {
        let shard = &mut self.shards[Self::shard(entry.hash())];
        if (shard.taken + 1) * 100 > shard.slots.len() * MAX_LOAD {
            shard.grow();
        }
        shard.place(entry);
        shard.taken += 1;
    }

    /// The entries that may have `hash`; the caller compares.
    pub(crate) fn probe(&self, hash: u64) -> impl Iterator<Item = &S> {
        let shard = &self.shards[Self::shard(hash)];
        shard
            .order(hash)
            .map(|at| &shard.slots[at])
            .take_while(|slot| !slot.is_vacant())
    }

    /// The entry of `hash` that satisfies `is`, to change all but its hash.
    pub(crate) fn get_mut(&mut self, hash: u64, is: impl Fn(&S) -> bool) -> Option<&mut S> {
        let shard = &mut self.shards[Self::shard(hash)];
        let at = shard
            .order(hash)
            .take_while(|at| !shard.slots[*at].is_vacant())
            .find(|at| is(&shard.slots[*at]))?;
        Some(&mut shard.slots[at])
    }

    pub(crate) fn bytes(&self) -> usize {
        let slots: usize = self.shards.iter().map(|shard| shard.slots.capacity()).sum();
        slots * size_of::<S>() + SHARDS * size_of::<Shard<S>>()
    }
}

impl<S: Slot> Shard<S> {
    /// Slots in the order in which an entry of `hash` looks for a vacant one.
    fn order(&self, hash: u64) -> impl Iterator<Item = usize> + use<S> {
        let len = self.slots.len();
        let within = hash << SHARD_BITS;
        let start = ((u128::from(within) * len as u128) >> u64::BITS) as usize;
        (start..len).chain(0..start)
    }

    fn place(&mut self, entry: S) {
        let vacant = self
            .order(entry.hash())
            .find(|at| self.slots[*at].is_vacant());
        self.slots[vacant.expect("a table is never full")] = entry;
    }

    fn grow(&mut self) {
        self.resize((self.slots.len() * 6 / 5).max(self.slots.len() + 4));
    }

    fn resize(&mut self, len: usize) {
        let old = std::mem::replace(&mut self.slots, vec![S::default(); len]);
        for entry in old.into_iter().filter(|slot| !slot.is_vacant()) {
            self.place(entry);
        }
    }
}
