//! Names of things: tenants, customers, and the ids that Touchbook makes itself.

use crate::digest::TenantKey;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use uuid::Uuid;

/// A tenant's number on one node, opaque to `ledger` and `stream`; 0 is the node's own ledger.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, Default,
)]
pub struct TenantNumber(pub u32);

impl TenantNumber {
    /// The ledger of the node itself, slug `_node`: what belongs to no tenant.
    pub const NODE: Self = Self(0);
}

impl fmt::Display for TenantNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A customer as events were assigned to it; a UUIDv7 in shape, derived by the identity decider
/// (C1).
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, Default,
)]
pub struct CustomerId(pub Uuid);

impl CustomerId {
    /// No customer has it.
    pub const NIL: Self = Self(Uuid::nil());

    pub fn as_bytes(&self) -> &[u8; 16] {
        self.0.as_bytes()
    }

    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(Uuid::from_bytes(bytes))
    }
}

impl fmt::Display for CustomerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for CustomerId {
    type Err = uuid::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

impl schemars::JsonSchema for CustomerId {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "CustomerId".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "format": "uuid" })
    }
}

/// An id that every node makes alike: UUIDv7 in shape, its time from `recorded_at`, the rest from
/// the tenant's salt, the event that caused it, and which of its consequences this is.
///
/// The salt makes an erased identifier a new customer when it is met again under a new salt.
pub fn derived(
    key: &TenantKey,
    recorded_at: Timestamp,
    source: &str,
    id: &str,
    ordinal: u32,
) -> Uuid {
    let seed = key.digest_parts(
        "derived id",
        &[source.as_bytes(), id.as_bytes(), &ordinal.to_be_bytes()],
    );
    let mut random = [0_u8; 10];
    random.copy_from_slice(&seed.0[..10]);
    uuid::Builder::from_unix_timestamp_millis(recorded_at.millis().max(0) as u64, &random)
        .into_uuid()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn derived_ids_are_alike_on_every_node_and_differ_by_ordinal() {
        let key = TenantKey::from_salt(b"salt");
        let at = Timestamp::from_micros(1_700_000_000_000_000);
        let one = derived(&key, at, "shop", "1", 0);
        assert_eq!(one, derived(&key, at, "shop", "1", 0));
        assert_ne!(one, derived(&key, at, "shop", "1", 1));
        assert_ne!(
            one,
            derived(&TenantKey::from_salt(b"other"), at, "shop", "1", 0)
        );
        assert_eq!(one.get_version_num(), 7);
    }
}
