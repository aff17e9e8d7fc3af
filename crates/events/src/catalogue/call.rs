//! Calls.

use crate::customer_ref::CustomerRef;
use crate::text::{Code, Text};
use crate::time::Moment;

closed_enum!(
    /// Who began a contact.
    Direction {
        /// The customer.
        Inbound = "inbound",
        /// We.
        Outbound = "outbound",
    }
);

event_data! {
    /// A call begins.
    Started: StartedFacts, StartedPersonal {
        facts {
            agent_id: Option<Code<128>>,
            direction: Option<Direction>,
        }
        personal {
            customer: Option<CustomerRef>,
            call_id: Option<Text<200>>,
            from: Option<Text<320>>,
            to: Option<Text<320>>,
        }
    }
}

event_data! {
    /// A call ends.
    Ended: EndedFacts, EndedPersonal {
        facts {
            ended_at: Option<Moment>,
            duration_seconds: Option<u32>,
            disposition: Option<Code<50>>,
        }
        personal {
            call_id: Option<Text<200>>,
        }
    }
}
