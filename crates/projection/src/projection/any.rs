//! A projection whose projector is not known, as the engine runs it.

use super::shard::Slot;
use super::{Folding, Projection, Stale, read_lock};
use crate::history::{History, HistoryError};
use crate::projector::Projector;
use crate::snapshot;
use std::any::Any;
use std::sync::Arc;
use touchbook_events::{CustomerId, Record};

/// Every [`Projection`]; its methods are those of the same name there.
pub trait AnyProjection: Send + Sync + 'static {
    fn name(&self) -> &'static str;
    fn version(&self) -> u32;
    fn apply_batch(&self, records: &[Record], history: &dyn History) -> Result<(), HistoryError>;
    fn applied(&self) -> u64;
    fn customers(&self) -> usize;
    fn refold(&self, customer: CustomerId, history: &dyn History) -> Result<(), HistoryError>;
    fn quarantined(&self) -> Vec<(CustomerId, Stale)>;
    fn digest(&self) -> [u8; 32];
    fn encode_shard(&self, shard: usize) -> Option<(u64, Vec<u8>)>;
    fn encode_slices(&self) -> (u64, Vec<u8>);
    /// About how much memory a shard takes: its slots, and what their states hold as it is encoded.
    /// Folding waits only if it comes to this shard meanwhile.
    fn weigh_shard(&self, shard: usize) -> usize;
    fn load_shard(&self, shard: usize, position: u64, body: &[u8]) -> Result<(), snapshot::Error>;
    fn load_slices(&self, position: u64, body: &[u8]) -> Result<(), snapshot::Error>;
    fn finish_load(&self) -> u64;
    fn go_live(&self, history: &dyn History) -> Result<(), HistoryError>;

    /// An empty projection of the same projector that folds in bulk: to load snapshots into, or to
    /// rebuild beside the live one.
    fn fresh(&self) -> Arc<dyn AnyProjection>;

    /// To get back at the [`Projection`], which has the reads.
    fn as_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync>;
}

impl<P: Projector> AnyProjection for Projection<P> {
    fn name(&self) -> &'static str {
        P::NAME
    }

    fn version(&self) -> u32 {
        P::VERSION
    }

    fn apply_batch(&self, records: &[Record], history: &dyn History) -> Result<(), HistoryError> {
        self.apply_batch(records, history)
    }

    fn applied(&self) -> u64 {
        self.applied()
    }

    fn customers(&self) -> usize {
        self.customers()
    }

    fn refold(&self, customer: CustomerId, history: &dyn History) -> Result<(), HistoryError> {
        self.refold(customer, history)
    }

    fn quarantined(&self) -> Vec<(CustomerId, Stale)> {
        self.quarantined()
    }

    fn digest(&self) -> [u8; 32] {
        self.digest()
    }

    fn encode_shard(&self, shard: usize) -> Option<(u64, Vec<u8>)> {
        self.encode_shard(shard)
    }

    fn encode_slices(&self) -> (u64, Vec<u8>) {
        self.encode_slices()
    }

    fn weigh_shard(&self, shard: usize) -> usize {
        let shard = read_lock(&self.shards[shard]);
        let states = shard.slots.values().map(|slot| &slot.state);
        let held: usize = states.map(snapshot::encoded_bytes).sum();
        let boxes = shard.slots.capacity() * size_of::<(CustomerId, Box<Slot<P::State>>)>()
            + shard.slots.len() * size_of::<Slot<P::State>>();
        held + boxes + shard.finder.bytes()
    }

    fn load_shard(&self, shard: usize, position: u64, body: &[u8]) -> Result<(), snapshot::Error> {
        self.load_shard(shard, position, body)
    }

    fn load_slices(&self, position: u64, body: &[u8]) -> Result<(), snapshot::Error> {
        self.load_slices(position, body)
    }

    fn finish_load(&self) -> u64 {
        self.finish_load()
    }

    fn go_live(&self, history: &dyn History) -> Result<(), HistoryError> {
        self.go_live(history)
    }

    fn fresh(&self) -> Arc<dyn AnyProjection> {
        Arc::new(Self::new(Folding::Bulk))
    }

    fn as_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync> {
        self
    }
}
