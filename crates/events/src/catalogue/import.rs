//! Imports of files, and dead letters that were dealt with.

use super::typed::Object;
use crate::digest::Digest;
use crate::id::CustomerId;
use crate::problem::Problem;
use crate::text::{Code, Name, OwnKey, Reason};

event_data! {
    /// An import begins; its rows are events that carry its correlation.
    Started: StartedFacts, StartedPersonal {
        facts {
            /// Keyed digest of the file's bytes.
            file_digest: Option<Digest>,
            rows: Option<u64>,
        }
        personal {
            import_id: Option<OwnKey>,
            file_name: Option<Name>,
            options: Option<Object>,
        }
    }
}

event_object! {
    /// What became of a file's rows; they add up to the row count.
    fact ImportCounts {
        created: u64,
        updated: u64,
        unchanged: u64,
        failed: u64,
    }
}

event_data! {
    /// An import ends.
    Completed: CompletedFacts, CompletedPersonal {
        facts {
            counts: ImportCounts,
        }
        personal {
            import_id: Option<OwnKey>,
        }
    }
}

event_object! {
    /// A value that was changed after the import, and stays as it is.
    fact ImportConflict {
        customer: CustomerId,
        field: Option<Code<100>>,
        /// Of the record that changed it.
        position: u64,
    }
}

event_data! {
    /// An import is undone: its records are retracted.
    Undone: UndoneFacts, UndonePersonal {
        facts {
            conflicts: Vec<ImportConflict>,
        }
        personal {
            import_id: Option<OwnKey>,
            reason: Option<Reason>,
        }
    }
}

event_data! {
    /// A dead letter is dealt with: sent again, or dismissed.
    DeadLetterResolved: DeadLetterResolvedFacts, DeadLetterResolvedPersonal {
        facts {
            /// Of the dead letter.
            position: u64,
            /// Of what became of it.
            resubmitted_position: Option<u64>,
            dismissed: Option<bool>,
        }
        personal {
            reason: Option<Reason>,
        }
    }
}

impl DeadLetterResolved {
    pub(crate) fn settle(&mut self) -> Result<(), Problem> {
        let dismissed = self.facts.dismissed.unwrap_or(false);
        if self.facts.resubmitted_position.is_some() == dismissed {
            let detail = "needs either `resubmitted_position` or `dismissed`";
            return Err(Problem::invalid("", detail));
        }
        Ok(())
    }
}
