//! Where an entry of the timeline comes from: the one rule of what makes an entry.

use crate::catalogue::EventType;

closed_enum!(
    /// The channel of a timeline entry, as filters name it.
    EntrySource {
        Call = "call",
        Email = "email",
        Sms = "sms",
        /// Chat messages, quote sessions and conversations.
        Chat = "chat",
        Social = "social",
        Order = "order",
        /// Interactions that somebody logged.
        Manual = "manual",
        /// Completed steps.
        Workflow = "workflow",
        /// Events of registered types. Each is shown and filtered under its type's own source.
        Custom = "custom",
    }
);

impl EntrySource {
    /// Those that every tenant has, by their own names.
    pub fn built_in() -> impl Iterator<Item = Self> {
        let is_built_in = |source: &Self| *source != Self::Custom;
        Self::ALL.iter().copied().filter(is_built_in)
    }
}

impl EventType {
    /// The source of the entry that records of this type make, or extend once their subject has
    /// one;
    /// `None` where they make no entry.
    ///
    /// `interaction_count` is the number of distinct subjects of such records, and the timeline has
    /// one entry for each, so the two never differ.
    pub const fn entry_source(self) -> Option<EntrySource> {
        Some(match self {
            Self::CallStarted
            | Self::CallEnded
            | Self::CallOutcomeRecorded
            | Self::CallRecordingUpdated
            | Self::CallTranscribed
            | Self::CallScored
            | Self::CallActionTaken => EntrySource::Call,
            Self::EmailReceived | Self::EmailSent | Self::EmailClassified => EntrySource::Email,
            Self::SmsReceived | Self::SmsSent => EntrySource::Sms,
            Self::ChatReceived
            | Self::ChatSent
            | Self::QuoteUpdated
            | Self::ConversationUpdated => EntrySource::Chat,
            Self::SocialReceived | Self::SocialSent => EntrySource::Social,
            Self::OrderUpdated | Self::OrderRefunded => EntrySource::Order,
            Self::InteractionLogged => EntrySource::Manual,
            Self::InteractionCompleted => EntrySource::Workflow,
            Self::Custom => EntrySource::Custom,
            _ => return None,
        })
    }
}
