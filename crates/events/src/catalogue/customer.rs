//! Customers: their beginning, identifiers, merges and assigned subjects.

use super::typed::Json;
use crate::customer_ref::{CustomerRef, IdentifierKind, SentIdentifier};
use crate::digest::Digest;
use crate::id::CustomerId;
use crate::problem::Problem;
use crate::text::Text;

event_data! {
    /// A customer begins, with the identifiers of the event that named it first.
    Created: CreatedFacts, CreatedPersonal {
        facts {
            /// Nobody is named: listed nowhere until its subject is assigned.
            anonymous: bool,
        }
        personal {
            identifiers: Vec<SentIdentifier>,
            name: Option<Text<200>>,
            company: Option<Text<200>>,
        }
    }
}

event_data! {
    /// What is known of a customer itself.
    Updated: UpdatedFacts, UpdatedPersonal {
        facts {}
        personal {
            customer: CustomerRef,
            name: Option<Text<200>>,
            company: Option<Text<200>>,
            /// Standard fields by name.
            fields: Option<Json>,
            /// The tenant's own fields by name.
            custom_fields: Option<Json>,
        }
    }
}

event_data! {
    /// An identifier becomes a customer's.
    IdentifierAttached: IdentifierAttachedFacts, IdentifierAttachedPersonal {
        facts {
            kind: IdentifierKind,
        }
        personal {
            value: Text<320>,
            as_sent: Option<Text<320>>,
        }
    }
}

event_data! {
    /// An identifier is no customer's any more.
    IdentifierDetached: IdentifierDetachedFacts, IdentifierDetachedPersonal {
        facts {
            kind: IdentifierKind,
        }
        personal {
            value: Text<320>,
        }
    }
}

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
            reason: Option<Text<500>>,
        }
    }
}

impl Merged {
    pub(crate) fn check(&self) -> Result<(), Problem> {
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
            reason: Option<Text<500>>,
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
            identifiers: Vec<crate::customer_ref::Identifier>,
        }
    }
}

event_data! {
    /// A subject, with all that was recorded of it, belongs to another customer.
    SubjectAssigned: SubjectAssignedFacts, SubjectAssignedPersonal {
        facts {
            /// Digest of the subject.
            subject: Digest,
            from: Option<CustomerId>,
            to: CustomerId,
        }
        personal {
            reason: Option<Text<500>>,
        }
    }
}
