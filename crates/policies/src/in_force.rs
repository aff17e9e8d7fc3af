//! The policies that hold, and since when each does.

use crate::types::RegisteredTypes;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;
use touchbook_events::Policies;
use touchbook_events::catalogue::account::EventTypeRegistered;
use touchbook_projection::snapshot;

/// The policy that phone numbers in others are read with.
const DEFAULT_REGION: &str = "default_region";

/// What readers may have of the policies, as one position has them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct InForce {
    policies: Arc<Policies>,
    /// What `policies` follows from, and what is encoded.
    defined: Defined,
    types: Arc<RegisteredTypes>,
}

/// By policy; one that was never defined is as the service has it.
type Defined = BTreeMap<Box<str>, Definition>;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Definition {
    position: u64,
    /// In normal form, JSON.
    value: Box<str>,
}

impl InForce {
    pub fn policies(&self) -> &Arc<Policies> {
        &self.policies
    }

    /// The types that were registered.
    pub fn types(&self) -> &Arc<RegisteredTypes> {
        &self.types
    }

    pub(crate) fn register(&mut self, registered: &EventTypeRegistered, position: u64) {
        Arc::make_mut(&mut self.types).register(registered, position);
    }

    /// The position at which a policy was defined last; 0 where it never was.
    pub fn changed_at(&self, name: &str) -> u64 {
        self.defined
            .get(name)
            .map_or(0, |definition| definition.position)
    }

    /// A value that the version which reads it no longer takes leaves the policy as it is.
    pub(crate) fn define(&mut self, name: &str, value: &str, position: u64) {
        let policies = Arc::make_mut(&mut self.policies);
        let kept = match policies.set(name, value) {
            Ok(()) => policies.value(name).map(|value| value.to_string()),
            Err(_) => None,
        };
        if let Some(value) = kept {
            let value = value.into();
            self.defined
                .insert(name.into(), Definition { position, value });
        }
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        snapshot::encode_state(&(&self.defined, self.types.rows()))
    }

    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, snapshot::Error> {
        let (defined, types): (Defined, _) = snapshot::decode_state(bytes)?;
        let mut policies = Policies::default();
        let (region, others): (Vec<_>, Vec<_>) = defined
            .iter()
            .partition(|(name, _)| &***name == DEFAULT_REGION);
        // The region comes last: the others stand in normal form, made with the region of their
        // time.
        for (name, definition) in others.into_iter().chain(region) {
            let unusable = |_| snapshot::Error::State(postcard::Error::SerdeDeCustom);
            policies.set(name, &definition.value).map_err(unusable)?;
        }
        Ok(Self {
            policies: Arc::new(policies),
            defined,
            types: Arc::new(RegisteredTypes::of_rows(types)),
        })
    }
}
