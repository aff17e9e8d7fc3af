//! Workflows: sequences of action items that a template describes.

use crate::customer_ref::CustomerRef;
use crate::problem::Problem;
use crate::text::{OwnKey, Reference};
use crate::time::Moment;

event_data! {
    /// A customer begins a workflow.
    Started: StartedFacts, StartedPersonal {
        facts {
            template_id: Reference,
            /// Of the template; absent, its newest.
            version: Option<u32>,
            /// From when its first step counts; absent, the event's time.
            start_at: Option<Moment>,
            campaign_id: Option<Reference>,
        }
        personal {
            customer: CustomerRef,
            workflow_id: Option<OwnKey>,
        }
    }
}

impl Started {
    pub(crate) fn settle(&mut self) -> Result<(), Problem> {
        super::customer::named(self.personal.as_ref().map(|personal| &personal.customer))
    }
}

closed_enum!(
    /// Why a workflow ended.
    WorkflowEnd {
        Finished = "finished",
        Replied = "replied",
        Bought = "bought",
        OptedOut = "opted_out",
        Blocked = "blocked",
        Stopped = "stopped",
    }
);

event_data! {
    /// A customer's workflow ends.
    Ended: EndedFacts, EndedPersonal {
        facts {
            reason: WorkflowEnd,
        }
        personal {
            workflow_id: Option<OwnKey>,
        }
    }
}
