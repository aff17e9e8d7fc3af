//! A projection's digest: equal for equal states, whatever shards or order.

use super::{Projection, read_lock};
use crate::projector::Projector;
use crate::snapshot::append;

impl<P: Projector> Projection<P> {
    /// Sum modulo 2^256 over customers of BLAKE3(id, canonical encoding of the state), at
    /// [`Projection::applied`]; in bulk, without who is yet to be folded. Folding waits meanwhile.
    pub fn digest(&self) -> [u8; 32] {
        let _standing_still = self.work();
        let mut sum = [0; 32];
        let mut bytes = Vec::new();
        for shard in &self.shards {
            for (customer, slot) in &read_lock(shard).slots {
                bytes.clear();
                bytes.extend_from_slice(customer.as_bytes());
                bytes = append(&slot.state, bytes);
                add(&mut sum, blake3::hash(&bytes).as_bytes());
            }
        }
        sum
    }
}

/// Adds 256-bit numbers, least significant byte first.
fn add(sum: &mut [u8; 32], other: &[u8; 32]) {
    let mut carry = 0_u16;
    for (byte, other) in sum.iter_mut().zip(other) {
        carry += u16::from(*byte) + u16::from(*other);
        [*byte, _] = carry.to_le_bytes();
        carry >>= 8;
    }
}
