//! What an event is about, and by which names.

use touchbook_events::{Data, Digest, EventType, TenantKey};

/// How an event comes to its customer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum About {
    /// It is the tenant's: policies, users, templates, retractions.
    Nobody,
    /// It belongs to whom it names; its subject is the customer itself, or shared by many
    /// customers.
    Named,
    /// It belongs to its subject's customer: a call, an order, an interaction.
    Subject,
}

pub(crate) fn about(event_type: EventType) -> About {
    match event_type.object() {
        _ if event_type.goes_with_its_subject() => About::Subject,
        "customer" | "campaign" => About::Named,
        _ => About::Nobody,
    }
}

/// Whether later records stand on this one, so that it can't be retracted: who is who, whose a
/// subject is, the policies and types that decisions were taken by. Each is undone, or followed, by
/// a record of its own.
pub(crate) fn is_structural(event_type: EventType) -> bool {
    use EventType as Type;
    matches!(
        event_type,
        Type::TenantCreated
            | Type::PolicyDefined
            | Type::EventTypeRegistered
            | Type::CustomerCreated
            | Type::IdentifierAttached
            | Type::IdentifierDetached
            | Type::CustomerMerged
            | Type::CustomerUnmerged
            | Type::MergeSuggested
            | Type::MergeDismissed
            | Type::SubjectAssigned
            | Type::EventRetracted
            | Type::EventReinstated
    )
}

/// Digests of the object's other names, such as a CallSid.
pub(crate) fn names(key: &TenantKey, data: &Data) -> Vec<Digest> {
    let event_type = data.event_type();
    data.aliases()
        .map(|name| key.subject(&event_type.subject(name)))
        .collect()
}
