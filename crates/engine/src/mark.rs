//! Which ledger something beside it was made of.

use crate::error::ReadError;
use crate::tenant::Tenant;

impl Tenant {
    /// Names the ledger up to `position`, as [`Tenant::confirms`] reads it: for whoever keeps
    /// beside the ledger how far it came.
    ///
    /// # Errors
    /// When the chain there can't be read, such as beyond the head.
    pub fn mark(&self, position: u64) -> Result<String, ReadError> {
        let chain = self.reader().chain_at(self.number(), position);
        let chain = blake3::Hash::from_bytes(chain.map_err(ReadError::Ledger)?);
        Ok(format!("{position}/{}", chain.to_hex()))
    }

    /// Whether this ledger holds what the marked one held, and is not another, or an older copy.
    pub fn confirms(&self, mark: &str) -> bool {
        let position = mark.split_once('/').map(|(position, _)| position.parse());
        let Some(Ok(position)) = position else {
            return false;
        };
        position <= self.head() && self.mark(position).is_ok_and(|known| known == mark)
    }
}
