//! Interactions: things done and written down, and action items with a lifecycle (C5).

mod lifecycle;

pub use lifecycle::*;

use super::call::Direction;
use super::outcome::{Outcome, settle_outcome};
use super::typed::Object;
use crate::customer_ref::CustomerRef;
use crate::member::Member;
use crate::problem::Problem;
use crate::text::{AgentId, Code, Description, OwnKey, Reference, Text, Title, Word};
use crate::time::Moment;

/// Types that every tenant has (C4); others are those that the tenant registered.
pub const TYPES: &[&str] = &[
    "call",
    "email",
    "sms",
    "meeting",
    "demo",
    "note",
    "task",
    "quote",
    "proposal",
    "contract",
    "support",
    "complaint",
    "feedback",
    "follow_up",
    "chat",
    "social",
    "order",
    "other",
];

/// Other words for types, each with its type (C4).
pub const TYPE_ALIASES: &[(&str, &str)] = &[("phone_call", "call"), ("send_proposal", "proposal")];

/// The one word for a type that has two (C4); the sent word is what is stored and returned.
pub fn canonical_type(kind: &str) -> &str {
    match TYPE_ALIASES.iter().find(|(alias, _)| *alias == kind) {
        Some((_, canonical)) => canonical,
        None => kind,
    }
}

closed_enum!(
    /// By what means people met (document 002).
    ContactMethod {
        Phone = "phone",
        Email = "email",
        InPerson = "in_person",
        VideoCall = "video_call",
        Chat = "chat",
        SocialMedia = "social_media",
        Other = "other",
    }
);

closed_enum!(
    /// How much an action item matters; `normal` unless said (document 003).
    Priority {
        Low = "low",
        Normal = "normal",
        High = "high",
        Urgent = "urgent",
    }
);

closed_enum!(
    /// Where an action item is in its life (document 003).
    InteractionStatus {
        Pending = "pending",
        InProgress = "in_progress",
        Completed = "completed",
        Cancelled = "cancelled",
        Skipped = "skipped",
    }
);

event_object! {
    /// What an interaction is about elsewhere: an invoice, a quote, a contract. Both or neither.
    personal RelatedEntity {
        kind as "type": Word,
        id: Text<128>,
    }
}

event_data! {
    /// Something that was done is written down (⟳).
    Logged: LoggedFacts, LoggedPersonal {
        facts {
            kind as "type": Word,
            user_id: Member<AgentId>,
            contact_method: Member<ContactMethod>,
            /// Absent, it is outbound.
            direction: Member<Direction>,
            duration_seconds: Member<u32>,
            outcome: Member<Outcome>,
            /// The outcome as submitted, where that was another word.
            outcome_raw: Member<Word>,
            next_action_at: Member<Moment>,
            requires_response: Member<bool>,
            source_log: Member<Word>,
        }
        personal {
            customer: Option<CustomerRef>,
            interaction_id: Option<OwnKey>,
            subject_line: Member<Title>,
            /// Required for notes and meetings (C27).
            description: Member<Description>,
            next_action: Member<Text<500>>,
            related_entity: Member<RelatedEntity>,
            metadata: Member<Object>,
        }
    }
}

impl Logged {
    pub(crate) fn settle(&mut self) -> Result<(), Problem> {
        let facts = &mut self.facts;
        if let Member::Value(outcome) = &mut facts.outcome {
            let mut raw = facts.outcome_raw.value().cloned();
            settle_outcome(outcome, &mut raw);
            if let Some(raw) = raw {
                facts.outcome_raw = Member::Value(raw);
            }
        }
        if facts.duration_seconds == Member::Value(0) {
            return Err(Problem::invalid("/duration_seconds", "must be positive"));
        }
        let needs_description = matches!(facts.kind.as_str(), "note" | "meeting");
        let described = self.personal.as_ref().is_none_or(|personal| {
            personal
                .description
                .value()
                .is_some_and(|text| !text.is_empty())
        });
        if needs_description && !described {
            let detail = format!("a {} needs a description", self.facts.kind);
            return Err(Problem::invalid("/description", detail));
        }
        Ok(())
    }
}

closed_enum!(
    /// What brought an action item about.
    CreatedBy {
        User = "user",
        Workflow = "workflow",
        Outcome = "outcome",
        Campaign = "campaign",
    }
);

event_object! {
    /// The step of a template that an action item is.
    fact TemplateStep {
        id: Reference,
        version: u32,
        step: u32,
    }
}

event_data! {
    /// An action item begins, pending.
    Created: CreatedFacts, CreatedPersonal {
        facts {
            kind as "type": Word,
            /// Absent, it is normal.
            priority: Option<Priority>,
            scheduled_at: Option<Moment>,
            /// The wall clock that was asked for, `YYYY-MM-DDTHH:MM:SS`, where there was one.
            scheduled_local: Option<Code<30>>,
            /// The zone of that wall clock, such as `Africa/Johannesburg`.
            scheduled_zone: Option<Word>,
            /// Not before `scheduled_at`.
            due_at: Option<Moment>,
            assignee: Option<AgentId>,
            template: Option<TemplateStep>,
            workflow_id: Option<Reference>,
            previous_interaction_id: Option<Reference>,
            campaign_id: Option<Reference>,
            conversation_id: Option<Reference>,
            created_by: Option<CreatedBy>,
        }
        personal {
            customer: CustomerRef,
            interaction_id: Option<OwnKey>,
            title: Title,
            description: Option<Description>,
        }
    }
}

impl Created {
    pub(crate) fn settle(&mut self) -> Result<(), Problem> {
        super::customer::named(self.personal.as_ref().map(|personal| &personal.customer))?;
        if self
            .personal
            .as_ref()
            .is_some_and(|personal| personal.title.trim().is_empty())
        {
            return Err(Problem::invalid("/title", "must not be empty"));
        }
        not_due_early(self.facts.scheduled_at, self.facts.due_at)
    }
}

/// Times in two forms are compared by the decider, which knows the zone.
fn not_due_early(scheduled_at: Option<Moment>, due_at: Option<Moment>) -> Result<(), Problem> {
    let early = match (scheduled_at, due_at) {
        (Some(Moment::At(scheduled)), Some(Moment::At(due)))
        | (Some(Moment::Local(scheduled)), Some(Moment::Local(due))) => due < scheduled,
        _ => false,
    };
    if early {
        return Err(Problem::invalid(
            "/due_at",
            "must not be before `scheduled_at`",
        ));
    }
    Ok(())
}

event_data! {
    /// Some members of an action item change; those that are absent stay, null clears.
    Updated: UpdatedFacts, UpdatedPersonal {
        facts {
            kind as "type": Option<Word>,
            priority: Option<Priority>,
            scheduled_at: Member<Moment>,
            due_at: Member<Moment>,
            assignee: Member<AgentId>,
            /// The position that its sender last saw (`If-Match`).
            expected_position: Option<u64>,
        }
        personal {
            interaction_id: Option<OwnKey>,
            title: Option<Title>,
            description: Member<Description>,
        }
    }
}

impl Updated {
    pub(crate) fn settle(&mut self) -> Result<(), Problem> {
        let facts = &self.facts;
        not_due_early(
            facts.scheduled_at.value().copied(),
            facts.due_at.value().copied(),
        )
    }
}
