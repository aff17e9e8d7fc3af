//! Conversations across messages.

use crate::customer_ref::CustomerRef;
use crate::member::Member;
use crate::text::{OwnKey, Reference, Word};
use crate::time::Moment;

closed_enum!(
    /// Whether a conversation goes on.
    ConversationStatus {
        Open = "open",
        Closed = "closed",
    }
);

event_data! {
    /// A conversation as it stands (⟳).
    Updated: UpdatedFacts, UpdatedPersonal {
        facts {
            /// Where it is held, such as `chat` or `email`.
            channel: Member<Word>,
            status: Member<ConversationStatus>,
            /// The user or the interaction that closed it.
            closed_by: Member<Reference>,
            created_at: Member<Moment>,
        }
        personal {
            customer: Option<CustomerRef>,
            conversation_id: Option<OwnKey>,
        }
    }
}
