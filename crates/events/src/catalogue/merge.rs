//! Customers who are one: groups, their undoing, and suggestions.

use crate::customer_ref::Identifier;
use crate::id::CustomerId;
use crate::problem::Problem;
use crate::text::Reason;

event_data! {
    /// Members become one group under the canonical customer that the event is about.
    Merged: MergedFacts, MergedPersonal {
        facts {
            /// The canonical customer.
            into: CustomerId,
            /// Who joins it.
            members: Vec<CustomerId>,
        }
        personal {
            reason: Option<Reason>,
        }
    }
}

impl Merged {
    pub(crate) fn settle(&mut self) -> Result<(), Problem> {
        if self.facts.members.is_empty() {
            return Err(Problem::invalid(
                "/members",
                "must name at least one customer",
            ));
        }
        match self
            .facts
            .members
            .iter()
            .position(|member| *member == self.facts.into)
        {
            Some(at) => {
                let pointer = format!("/members/{at}");
                Err(Problem::invalid(
                    pointer,
                    "a customer can't be merged into itself",
                ))
            }
            None => Ok(()),
        }
    }
}

event_data! {
    /// Members leave the group.
    Unmerged: UnmergedFacts, UnmergedPersonal {
        facts {
            /// The canonical customer.
            from: CustomerId,
            /// Who leaves it.
            members: Vec<CustomerId>,
        }
        personal {
            reason: Option<Reason>,
        }
    }
}

event_data! {
    /// Two customers may be one.
    MergeSuggested: MergeSuggestedFacts, MergeSuggestedPersonal {
        facts {
            /// The older of the two.
            customer: CustomerId,
            other: CustomerId,
            /// Position of the record that showed it.
            because: u64,
        }
        personal {
            identifiers: Vec<Identifier>,
        }
    }
}

event_data! {
    /// Two customers are not one, says a person; they are not suggested again.
    MergeDismissed: MergeDismissedFacts, MergeDismissedPersonal {
        facts {
            customer: CustomerId,
            other: CustomerId,
        }
        personal {
            reason: Option<Reason>,
        }
    }
}
