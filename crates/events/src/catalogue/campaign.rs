//! Campaigns, and the customers they reach.

use crate::customer_ref::CustomerRef;
use crate::member::Member;
use crate::text::{Name, OwnKey, Reference, Word};

event_data! {
    /// A campaign as it stands (⟳).
    Updated: UpdatedFacts, UpdatedPersonal {
        facts {
            /// The campaign system's own word for it (C6).
            status: Member<Word>,
            /// The workflow that it starts.
            template_id: Member<Reference>,
        }
        personal {
            campaign_id: Option<OwnKey>,
            name: Member<Name>,
        }
    }
}

event_data! {
    /// A campaign reaches a customer, and starts its workflow.
    Triggered: TriggeredFacts, TriggeredPersonal {
        facts {
            /// The workflow to start; absent, the campaign's.
            template_id: Option<Reference>,
        }
        personal {
            customer: CustomerRef,
            campaign_id: Option<OwnKey>,
        }
    }
}
