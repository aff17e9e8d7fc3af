//! What becomes of an action item: begun, done, passed over, called off, archived, deleted.

use crate::catalogue::outcome::{Outcome, settle_outcome};
use crate::problem::Problem;
use crate::text::{Description, OwnKey, Reason, Reference, Word};
use crate::time::Moment;

event_data! {
    /// Work on an action item begins.
    Started: StartedFacts, StartedPersonal {
        facts {}
        personal {
            interaction_id: Option<OwnKey>,
        }
    }
}

event_data! {
    /// An action item is done; the next step follows from it.
    Completed: CompletedFacts, CompletedPersonal {
        facts {
            outcome: Outcome,
            /// The outcome as submitted, where that was another word.
            outcome_raw: Option<Word>,
            /// Absent, the event's time.
            completed_at: Option<Moment>,
            /// The interaction that follows; filled by the decision.
            next: Option<Reference>,
            /// The position that its sender last saw (`If-Match`).
            expected_position: Option<u64>,
        }
        personal {
            interaction_id: Option<OwnKey>,
            outcome_details: Option<Description>,
        }
    }
}

impl Completed {
    pub(crate) fn settle(&mut self) -> Result<(), Problem> {
        settle_outcome(&mut self.facts.outcome, &mut self.facts.outcome_raw);
        Ok(())
    }
}

event_data! {
    /// An action item is passed over; its workflow goes on (C14).
    Skipped: SkippedFacts, SkippedPersonal {
        facts {}
        personal {
            interaction_id: Option<OwnKey>,
            reason: Option<Reason>,
        }
    }
}

event_data! {
    /// An action item is called off; nothing follows (C14).
    Cancelled: CancelledFacts, CancelledPersonal {
        facts {}
        personal {
            interaction_id: Option<OwnKey>,
            reason: Option<Reason>,
        }
    }
}

event_data! {
    /// The follow-up of a logged interaction is done (C19).
    FollowUpCompleted: FollowUpCompletedFacts, FollowUpCompletedPersonal {
        facts {
            /// Absent, the event's time.
            completed_at: Option<Moment>,
        }
        personal {
            interaction_id: Option<OwnKey>,
        }
    }
}

event_data! {
    /// An interaction leaves the usual lists.
    Archived: ArchivedFacts, ArchivedPersonal {
        facts {}
        personal {
            interaction_id: Option<OwnKey>,
        }
    }
}

event_data! {
    /// An interaction returns to the usual lists.
    Unarchived: UnarchivedFacts, UnarchivedPersonal {
        facts {}
        personal {
            interaction_id: Option<OwnKey>,
        }
    }
}

event_data! {
    /// An interaction is deleted: its records are retracted (C16).
    Deleted: DeletedFacts, DeletedPersonal {
        facts {}
        personal {
            interaction_id: Option<OwnKey>,
            reason: Option<Reason>,
        }
    }
}

closed_enum!(
    /// Of what a reminder reminds.
    Reminder {
        Due = "due",
        Overdue = "overdue",
    }
);

event_data! {
    /// Somebody was reminded of an action item.
    Reminded: RemindedFacts, RemindedPersonal {
        facts {
            which: Reminder,
            due_at: Moment,
        }
        personal {
            interaction_id: Option<OwnKey>,
        }
    }
}
