//! Customers: their beginning, identifiers, status, consent, balances, and assigned subjects.

use super::typed::Json;
use crate::customer_ref::{CustomerRef, IdentifierKind, SentIdentifier};
use crate::digest::Digest;
use crate::id::CustomerId;
use crate::limits::{FIELD_CHARS_MAX, FIELDS_MAX};
use crate::member::{Member, once_option};
use crate::problem::{Problem, pointer_to};
use crate::text::{Reason, Text};
use crate::time::Moment;
use serde_json::value::RawValue;
use std::collections::BTreeMap;

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
    /// What is known of a customer itself: absent keeps it, null clears it. The reference says who
    /// is meant, and null in it nothing: an identifier is taken away by `identifier.detached`.
    Updated: UpdatedFacts, UpdatedPersonal {
        facts {}
        personal {
            customer: CustomerRef,
            #[serde(with = "once_option")]
            name: Member<Text<200>>,
            #[serde(with = "once_option")]
            company: Member<Text<200>>,
            /// Standard fields by name; null clears one of them, or all.
            #[serde(with = "once_option")]
            fields: Member<Json>,
            /// The tenant's own fields by name; null clears one of them, or all.
            #[serde(with = "once_option")]
            custom_fields: Member<Json>,
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
    /// A subject, with all that was recorded of it, belongs to another customer.
    SubjectAssigned: SubjectAssignedFacts, SubjectAssignedPersonal {
        facts {
            /// Digest of the subject; absent, the event's own subject is the one that is assigned.
            subject: Digest,
            from: Option<CustomerId>,
            to: CustomerId,
        }
        personal {
            reason: Option<Text<500>>,
        }
    }
}

closed_enum!(
    /// What a person makes of a customer; without a person's word it is computed when read.
    CustomerStatus {
        Vip = "vip",
        Blocked = "blocked",
        Inactive = "inactive",
        Active = "active",
    }
);

event_data! {
    /// A person sets a customer's status; null returns to the computed one.
    StatusChanged: StatusChangedFacts, StatusChangedPersonal {
        facts {
            status: Member<CustomerStatus>,
        }
        personal {
            customer: CustomerRef,
            reason: Option<Reason>,
        }
    }
}

impl StatusChanged {
    pub(crate) fn settle(&mut self) -> Result<(), Problem> {
        if self.facts.status == Member::Absent {
            return Err(Problem::invalid("/status", "missing; null means automatic")
                .allowing(CustomerStatus::ALL.iter().map(|status| status.as_str())));
        }
        named(self.personal.as_ref().map(|personal| &personal.customer))
    }
}

closed_enum!(
    /// A way to reach a customer.
    ConsentChannel {
        Call = "call",
        Email = "email",
        Sms = "sms",
        Social = "social",
        All = "all",
    }
);

event_data! {
    /// A customer allows or forbids a channel.
    ConsentChanged: ConsentChangedFacts, ConsentChangedPersonal {
        facts {
            channel: ConsentChannel,
            granted: bool,
        }
        personal {
            customer: CustomerRef,
            reason: Option<Reason>,
        }
    }
}

impl ConsentChanged {
    pub(crate) fn settle(&mut self) -> Result<(), Problem> {
        named(self.personal.as_ref().map(|personal| &personal.customer))
    }
}

closed_enum!(
    /// What an agent's last interaction was (S0-005).
    AgentInteractionType {
        Call = "call",
        Email = "email",
        Sms = "sms",
    }
);

event_object! {
    /// The last interaction that an opening balance knows of.
    fact LastAgentInteraction {
        kind as "type": Option<AgentInteractionType>,
        at: Option<Moment>,
    }
}

event_data! {
    /// Counters from before Touchbook; a later one for the same customer replaces it (C17).
    OpeningBalanceImported: OpeningBalanceImportedFacts, OpeningBalanceImportedPersonal {
        facts {
            agent_calls: Option<u64>,
            agent_emails: Option<u64>,
            agent_sms: Option<u64>,
            call_duration_seconds: Option<u64>,
            last_agent_call_at: Option<Moment>,
            last_agent_interaction: Option<LastAgentInteraction>,
            /// It leaves out what is imported as history too.
            excludes_history: Option<bool>,
        }
        personal {
            customer: CustomerRef,
        }
    }
}

impl OpeningBalanceImported {
    pub(crate) fn settle(&mut self) -> Result<(), Problem> {
        named(self.personal.as_ref().map(|personal| &personal.customer))
    }
}

event_data! {
    /// A customer's personal data is unreadable from now on (C16).
    Erased: ErasedFacts, ErasedPersonal {
        facts {
            /// All members of the group that was erased.
            members: Vec<CustomerId>,
            /// The sealing keys that were destroyed.
            keys_destroyed: Vec<u32>,
            /// Digest of the certificate that its requester holds.
            certificate: Option<Digest>,
        }
        personal {
            reason: Option<Reason>,
        }
    }
}

impl Updated {
    pub(crate) fn settle(&mut self) -> Result<(), Problem> {
        let Some(personal) = &self.personal else {
            return Ok(());
        };
        named(Some(&personal.customer))?;
        check_fields("/fields", personal.fields.value())?;
        check_fields("/custom_fields", personal.custom_fields.value())
    }
}

/// Fields of a customer by name: an object of so many members, each value so long as text.
fn check_fields(pointer: &str, fields: Option<&Json>) -> Result<(), Problem> {
    let Some(Json(json)) = fields else {
        return Ok(());
    };
    let Ok(members) = serde_json::from_str::<BTreeMap<String, &RawValue>>(json) else {
        return Err(Problem::invalid(pointer, "must be an object"));
    };
    if members.len() > FIELDS_MAX {
        let detail = format!(
            "{} members, at most {FIELDS_MAX} are allowed",
            members.len()
        );
        return Err(Problem::invalid(pointer, detail));
    }
    for (name, value) in members {
        let chars = match serde_json::from_str::<String>(value.get()) {
            Ok(text) => text.chars().count(),
            Err(_) => value.get().chars().count(),
        };
        if chars > FIELD_CHARS_MAX {
            let detail = format!("{chars} characters long, at most {FIELD_CHARS_MAX} are allowed");
            return Err(Problem::invalid(pointer_to(&name), detail).under(pointer));
        }
    }
    Ok(())
}

/// A payload whose customer is required must name one.
pub(super) fn named(customer: Option<&CustomerRef>) -> Result<(), Problem> {
    if customer.is_some_and(CustomerRef::names_nobody) {
        let detail =
            "names nobody; needs one of `id`, `external_id`, `user`, `email`, `phone`, `handle`";
        return Err(Problem::invalid("/customer", detail));
    }
    Ok(())
}
