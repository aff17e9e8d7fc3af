//! What concerns the tenant and its ledger: tenants, policies, retractions.

use super::typed::Json;
use crate::text::{Code, Text};

event_data! {
    /// A tenant begins; the first record of its ledger.
    TenantCreated: TenantCreatedFacts, TenantCreatedPersonal {
        facts {
            /// Its name in subjects and headers: `[a-z0-9-]{1,40}`.
            slug: Code<40>,
            /// Random text that all of its keyed digests derive from.
            salt: Code<128>,
        }
        personal {}
    }
}

event_data! {
    /// A policy takes a value; it holds for what is decided and read from then on.
    PolicyDefined: PolicyDefinedFacts, PolicyDefinedPersonal {
        facts {}
        personal {
            /// Which policy.
            name: Option<Text<50>>,
            /// Its value, in the policy's own shape; null returns to the default.
            value: Json,
        }
    }
}

event_data! {
    /// Records stop counting, as if they had never been.
    Retracted: RetractedFacts, RetractedPersonal {
        facts {
            positions: Vec<u64>,
            /// Position of the record that stands instead.
            replaced_by: Option<u64>,
        }
        personal {
            reason: Option<Text<500>>,
        }
    }
}

event_data! {
    /// Retracted records count again.
    Reinstated: ReinstatedFacts, ReinstatedPersonal {
        facts {
            positions: Vec<u64>,
        }
        personal {
            reason: Option<Text<500>>,
        }
    }
}
