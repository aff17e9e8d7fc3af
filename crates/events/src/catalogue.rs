//! The catalogue, version 1: every type of event, who may send it, and what it carries.
//!
//! A type's number and a payload's stored layout never change; a new layout is a new version with
//! an upcaster from the old one (design law 6).

pub mod access;
pub mod account;
pub mod call;
pub mod campaign;
pub mod conversation;
pub mod custom;
pub mod customer;
pub mod dead_letter;
pub mod import;
pub mod interaction;
pub mod merge;
pub mod message;
pub mod order;
pub mod outcome;
pub mod quote;
pub mod retraction;
pub mod sentiment;
pub mod social;
pub mod template;
pub mod typed;
pub mod workflow;

use crate::customer_ref::CustomerRef;
use crate::problem::Problem;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;

/// Who may bring an event of a type about (column "by" of the catalogue).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sender {
    /// A producer on the stream, or over HTTP.
    Producer,
    /// A person or program through the API.
    User,
    /// The writer, as the consequence of a decision.
    Writer,
    /// The service itself: clock, scorer, command line.
    Service,
}

event_types! {
    /// What could not be used, kept with its reason; a record, not a type that is sent.
    0 DeadLetter "dead_letter" 1 dead_letter::DeadLetter, by [Writer], object "dead_letter";
    1 TenantCreated "tenant.created" 1 account::TenantCreated, by [Service], object "tenant";
    2 PolicyDefined "policy.defined" 1 account::PolicyDefined, by [User Writer], object "policy",
        key personal name;
    3 DeadLetterResolved "dead_letter.resolved" 1 import::DeadLetterResolved, by [User],
        object "dead_letter", settle settle;
    4 RulesActivated "ledger.rules_activated" 1 account::RulesActivated, by [Service],
        object "ledger";

    10 CustomerCreated "customer.created" 1 customer::Created, by [Writer], object "customer";
    11 CustomerUpdated "customer.updated" 1 customer::Updated, by [Producer User],
        object "customer", customer customer, settle settle;
    12 IdentifierAttached "identifier.attached" 1 customer::IdentifierAttached, by [User Writer],
        object "customer";
    13 IdentifierDetached "identifier.detached" 1 customer::IdentifierDetached, by [User Writer],
        object "customer";
    14 CustomerStatusChanged "customer.status_changed" 1 customer::StatusChanged, by [User],
        object "customer", customer customer, settle settle;
    15 CustomerConsentChanged "customer.consent_changed" 1 customer::ConsentChanged,
        by [Producer User], object "customer", customer customer, settle settle;
    16 CustomerMerged "customer.merged" 1 merge::Merged, by [User], object "customer",
        key facts into, settle settle;
    17 CustomerUnmerged "customer.unmerged" 1 merge::Unmerged, by [User], object "customer",
        key facts from;
    18 MergeSuggested "merge.suggested" 1 merge::MergeSuggested, by [Writer], object "merge";
    19 MergeDismissed "merge.dismissed" 1 merge::MergeDismissed, by [User], object "merge";
    20 SubjectAssigned "subject.assigned" 1 customer::SubjectAssigned, by [User Writer],
        object "subject";
    21 EventRetracted "event.retracted" 2 retraction::Retracted, by [User], object "event",
        settle settle;
    22 EventReinstated "event.reinstated" 2 retraction::Reinstated, by [User], object "event",
        settle settle;
    23 OpeningBalanceImported "customer.opening_balance_imported" 1
        customer::OpeningBalanceImported, by [User], object "customer", customer customer,
        settle settle;
    24 CustomerErased "customer.erased" 1 customer::Erased, by [User], object "customer";

    30 CallStarted "call.started" 1 call::Started, by [Producer User], object "call",
        key personal call_id, customer customer, aliases aliases, settle settle;
    31 CallEnded "call.ended" 1 call::Ended, by [Producer User], object "call",
        key personal call_id;
    32 CallOutcomeRecorded "call.outcome_recorded" 1 call::OutcomeRecorded, by [Producer User],
        object "call", key personal call_id, settle settle;
    33 CallRecordingUpdated "call.recording_updated" 1 call::RecordingUpdated, by [Producer],
        object "call", key by own_key, aliases aliases;
    34 CallTranscribed "call.transcribed" 1 call::Transcribed, by [Producer User], object "call",
        key personal call_id;
    35 CallScored "call.scored" 1 call::Scored, by [Producer User Service], object "call",
        key personal call_id;
    36 CallActionTaken "call.action_taken" 1 call::ActionTaken, by [Producer User],
        object "call", key personal call_id;

    40 EmailReceived "email.received" 1 message::EmailReceived, by [Producer User],
        object "email", key personal email_id, customer customer, placed created_at, whole whole;
    41 EmailSent "email.sent" 1 message::EmailSent, by [Producer User], object "email",
        key personal email_id, customer customer, placed created_at, whole whole;
    42 EmailClassified "email.classified" 1 message::EmailClassified, by [Producer User],
        object "email", key personal email_id;
    44 SmsReceived "sms.received" 1 message::SmsReceived, by [Producer User], object "sms",
        customer customer;
    45 SmsSent "sms.sent" 1 message::SmsSent, by [Producer User], object "sms", customer customer;
    46 ChatReceived "chat.received" 1 message::ChatReceived, by [Producer User], object "chat",
        key personal message_id, customer customer;
    47 ChatSent "chat.sent" 1 message::ChatSent, by [Producer User], object "chat",
        key personal message_id, customer customer;
    48 SocialReceived "social.received" 1 social::Received, by [Producer User], object "social",
        key by own_key, customer customer, placed interaction_date, whole whole;
    49 SocialSent "social.sent" 1 social::Sent, by [Producer User], object "social",
        key by own_key, customer customer, placed interaction_date, whole whole;

    50 OrderUpdated "order.updated" 1 order::Updated, by [Producer User], object "order",
        key personal order_id, customer customer, placed ordered_at, changed updated_at,
        settle settle, whole whole;
    51 OrderRefunded "order.refunded" 1 order::Refunded, by [Producer User], object "order",
        key personal order_id, settle settle;
    55 QuoteUpdated "quote.updated" 1 quote::Updated, by [Producer User], object "quote",
        key personal session_id, customer customer, placed created_at, changed last_activity_at,
        whole whole;

    60 ConversationUpdated "conversation.updated" 1 conversation::Updated,
        by [Producer User Writer], object "conversation", key personal conversation_id,
        customer customer, placed created_at, whole whole;
    65 CampaignUpdated "campaign.updated" 1 campaign::Updated, by [Producer User],
        object "campaign", key personal campaign_id, whole whole;
    66 CampaignTriggered "campaign.triggered" 1 campaign::Triggered, by [Producer User],
        object "campaign", key personal campaign_id, customer customer;

    70 InteractionLogged "interaction.logged" 1 interaction::Logged, by [Producer User],
        object "interaction", key personal interaction_id, customer customer, settle settle,
        whole whole;
    71 InteractionCreated "interaction.created" 1 interaction::Created, by [User Writer],
        object "interaction", key personal interaction_id, customer customer, settle settle;
    72 InteractionUpdated "interaction.updated" 1 interaction::Updated, by [User],
        object "interaction", key personal interaction_id, settle settle;
    73 InteractionStarted "interaction.started" 1 interaction::Started, by [Producer User],
        object "interaction", key personal interaction_id;
    74 InteractionCompleted "interaction.completed" 1 interaction::Completed, by [Producer User],
        object "interaction", key personal interaction_id, settle settle;
    75 InteractionSkipped "interaction.skipped" 1 interaction::Skipped, by [User],
        object "interaction", key personal interaction_id;
    76 InteractionCancelled "interaction.cancelled" 1 interaction::Cancelled, by [User],
        object "interaction", key personal interaction_id;
    77 InteractionFollowUpCompleted "interaction.follow_up_completed" 1
        interaction::FollowUpCompleted, by [User], object "interaction",
        key personal interaction_id;
    78 InteractionArchived "interaction.archived" 1 interaction::Archived, by [User],
        object "interaction", key personal interaction_id;
    79 InteractionUnarchived "interaction.unarchived" 1 interaction::Unarchived, by [User],
        object "interaction", key personal interaction_id;
    80 InteractionDeleted "interaction.deleted" 1 interaction::Deleted, by [User],
        object "interaction", key personal interaction_id;
    81 InteractionReminded "interaction.reminded" 1 interaction::Reminded, by [Service],
        object "interaction", key personal interaction_id;

    90 WorkflowStarted "workflow.started" 1 workflow::Started, by [User Writer],
        object "workflow", key personal workflow_id, customer customer, settle settle;
    91 WorkflowEnded "workflow.ended" 1 workflow::Ended, by [User Writer], object "workflow",
        key personal workflow_id;
    95 TemplateDefined "template.defined" 1 template::Defined, by [User Writer],
        object "template", key facts template_id, settle settle;
    96 TemplateRetired "template.retired" 1 template::Retired, by [User Writer],
        object "template", key facts template_id;

    100 SentimentScored "sentiment.scored" 1 sentiment::Scored, by [Producer User Service],
        object "sentiment", settle settle;
    101 ScorerActivated "scorer.activated" 1 account::ScorerActivated, by [User],
        object "scorer", key facts name;

    110 EventTypeRegistered "event_type.registered" 2 account::EventTypeRegistered, by [User],
        object "event_type", key facts name;
    115 UserDefined "user.defined" 1 access::UserDefined, by [User], object "user",
        key personal user_id;
    116 KeyCreated "key.created" 2 access::KeyCreated, by [User], object "key",
        key facts prefix;
    117 KeyRevoked "key.revoked" 1 access::KeyRevoked, by [User], object "key",
        key facts prefix;
    118 AccessRefused "access.refused" 1 access::AccessRefused, by [Service],
        object "principal", key personal principal;
    120 SubscriptionDefined "subscription.defined" 1 access::SubscriptionDefined, by [User],
        object "subscription", key personal subscription_id;
    121 SubscriptionRemoved "subscription.removed" 1 access::SubscriptionRemoved, by [User],
        object "subscription", key personal subscription_id;
    122 SubscriptionDisabled "subscription.disabled" 1 access::SubscriptionDisabled,
        by [Writer], object "subscription", key personal subscription_id;

    130 ImportStarted "import.started" 1 import::Started, by [User], object "import",
        key personal import_id;
    131 ImportCompleted "import.completed" 1 import::Completed, by [User], object "import",
        key personal import_id;
    132 ImportUndone "import.undone" 1 import::Undone, by [User], object "import",
        key personal import_id;

    140 Custom "custom" 1 custom::Custom, by [Producer User], object "custom",
        customer customer;
}

impl Data {
    /// The type's name as it was sent: a registered type's is its own.
    pub fn type_name(&self) -> &str {
        match self {
            Self::Custom(custom) => &custom.facts.name,
            data => data.event_type().as_str(),
        }
    }

    /// The version of its type, where `recorded` is what the record's header says.
    pub fn type_version(&self, recorded: u8) -> u32 {
        match self {
            Self::Custom(custom) => custom.facts.version,
            _ => recorded.into(),
        }
    }

    /// Positions of the records that it retracts or reinstates.
    pub fn positions(&self) -> &[u64] {
        match self {
            Self::EventRetracted(data) => &data.facts.positions,
            Self::EventReinstated(data) => &data.facts.positions,
            _ => &[],
        }
    }
}

impl EventType {
    /// The types that are sent and shown under names of ours.
    pub fn named() -> impl Iterator<Item = Self> {
        Self::ALL.iter().copied().filter(|known| known.is_named())
    }

    /// Whether events of it go by its own name; those of registered types go by theirs.
    pub const fn is_named(self) -> bool {
        !matches!(self, Self::Custom)
    }

    /// Its payload does not say which object it is about, so the envelope must.
    pub const fn needs_subject(self) -> bool {
        matches!(
            self,
            Self::SentimentScored | Self::IdentifierAttached | Self::IdentifierDetached
        )
    }

    /// Whether its records go wherever the object goes that they are about. Others are the
    /// tenant's, or stay with whom they name: their subject is the customer, or shared by many.
    pub fn goes_with_its_subject(self) -> bool {
        !matches!(
            self.object(),
            "campaign"
                | "customer"
                | "dead_letter"
                | "event"
                | "event_type"
                | "import"
                | "key"
                | "ledger"
                | "merge"
                | "policy"
                | "principal"
                | "scorer"
                | "subject"
                | "subscription"
                | "template"
                | "tenant"
                | "user"
        )
    }

    /// Whether it may say with `expectedposition` that it counts only while its object, a customer
    /// or a policy, is as it was at that position.
    pub const fn is_conditional(self) -> bool {
        matches!(
            self,
            Self::PolicyDefined
                | Self::CustomerUpdated
                | Self::IdentifierAttached
                | Self::IdentifierDetached
                | Self::CustomerStatusChanged
                | Self::CustomerConsentChanged
                | Self::OpeningBalanceImported
                | Self::CustomerMerged
                | Self::CustomerUnmerged
        )
    }

    /// Whether a record of it changes the customer that it names, [whoever sent
    /// it](crate::Header::changes_its_customer). A suggestion to merge doesn't: it follows from
    /// what its sender wrote, who must be able to go on from there.
    pub const fn changes_its_customer(self) -> bool {
        !matches!(self, Self::MergeSuggested | Self::MergeDismissed)
    }
}

impl fmt::Display for EventType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for EventType {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.serialize_str(self.as_str())
        } else {
            serializer.serialize_u16(self.code())
        }
    }
}

impl<'de> Deserialize<'de> for EventType {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        use serde::de::Error;
        if deserializer.is_human_readable() {
            let name = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
            return Self::parse(&name).ok_or_else(|| D::Error::custom("no event type"));
        }
        let code = u16::deserialize(deserializer)?;
        Self::from_code(code).ok_or_else(|| D::Error::custom("no event type"))
    }
}
