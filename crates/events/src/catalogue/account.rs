//! What concerns the tenant and its ledger: tenants, policies, registered types, rules.

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

event_object! {
    /// Where Touchbook finds what it shows in the payload of a registered type: JSON pointers.
    fact TypeMapping {
        title: Option<Code<200>>,
        preview: Option<Code<200>>,
        customer: Option<Code<200>>,
        sentiment: Option<Code<200>>,
        /// The built-in source that it counts as, such as `call`.
        counts_as: Option<Word>,
    }
}

event_data! {
    /// A type of the tenant's own takes a new version; it concerns no customer.
    EventTypeRegistered: EventTypeRegisteredFacts, EventTypeRegisteredPersonal {
        facts {
            /// Such as `visit.logged`.
            name: Code<100>,
            version: u32,
            /// What it is shown and filtered as.
            source: Option<Word>,
            mapping: Option<TypeMapping>,
        }
        personal {
            /// Of its payload.
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
