//! Quote sessions.

use super::typed::{Json, Object};
use crate::customer_ref::CustomerRef;
use crate::member::Member;
use crate::money::Money;
use crate::text::{Name, OwnKey, Word};
use crate::time::Moment;

event_data! {
    /// A quote session as it stands (⟳); its place is `created_at` (C22).
    Updated: UpdatedFacts, UpdatedPersonal {
        facts {
            /// The quoting system's own word for it (C6).
            status: Member<Word>,
            total: Member<Money>,
            created_at: Member<Moment>,
            /// When it changed; an older revision is kept and does not become current.
            last_activity_at: Member<Moment>,
        }
        personal {
            customer: Option<CustomerRef>,
            session_id: Option<OwnKey>,
            company: Member<Name>,
            items: Member<Vec<Json>>,
            metadata: Member<Object>,
        }
    }
}
