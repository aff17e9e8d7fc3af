//! What concerns the tenant and its ledger: tenants, policies, registered types, rules.

use super::custom::{TypeMapping, stored_mapping};
use super::typed::Json;
use crate::text::{Code, Text, Word};
use crate::time::Moment;

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
    /// A type of the tenant's own takes a new version; it concerns no customer.
    EventTypeRegistered: EventTypeRegisteredFacts, EventTypeRegisteredPersonal {
        facts {
            /// Such as `visit.logged`.
            name: Code<100>,
            version: u32,
            /// What it is shown and filtered as; absent, the first part of its name.
            source: Option<Word>,
            /// Where what is shown of its events stands in them.
            #[serde(with = "stored_mapping")]
            mapping: Option<TypeMapping>,
        }
        personal {
            /// JSON Schema of its payload, 2020-12 unless it says otherwise.
            schema: Json,
        }
    }
}

event_data! {
    /// A scorer's words count from now on, or from the moment named.
    ScorerActivated: ScorerActivatedFacts, ScorerActivatedPersonal {
        facts {
            name: Code<100>,
            version: Word,
            since: Option<Moment>,
        }
        personal {}
    }
}

event_data! {
    /// Decisions are taken by these rules from now on.
    RulesActivated: RulesActivatedFacts, RulesActivatedPersonal {
        facts {
            version: u32,
        }
        personal {}
    }
}
