//! Everything of a customer at once, as it is documented; `touchbook-views` writes it.

use super::customer::CustomerDocument;
use super::reference::ResolvedFrom;
use super::timeline::EntryDocument;
use super::view::{OrderDocument, QuoteDocument, ThreadDocument};
use std::collections::BTreeMap;
use utoipa::ToSchema;
use uuid::Uuid;

/// A customer with all sources: of each the newest entries, and what is put together of them.
#[derive(ToSchema)]
#[expect(dead_code, reason = "the documentation of a customer's details")]
pub(crate) struct CustomerDetails {
    customer_id: Uuid,
    #[schema(required = false)]
    resolved_from: Option<ResolvedFrom>,
    profile: CustomerDocument,
    /// Newest first, as in every list here.
    calls: Vec<EntryDocument>,
    emails: Vec<EntryDocument>,
    sms: Vec<EntryDocument>,
    /// Chat messages, quote sessions and conversations.
    chats: Vec<EntryDocument>,
    socials: Vec<EntryDocument>,
    orders: Vec<EntryDocument>,
    manual: Vec<EntryDocument>,
    workflow: Vec<EntryDocument>,
    /// Of registered types.
    custom: Vec<EntryDocument>,
    /// How many there are of each source that has any, whatever is shown of them.
    entry_counts: BTreeMap<String, u64>,
    email_threads: ThreadRows,
    quote_sessions: QuoteRows,
    order_history: OrderRows,
}

#[derive(ToSchema)]
#[expect(dead_code, reason = "the documentation of a customer's details")]
pub(crate) struct ThreadRows {
    items: Vec<ThreadDocument>,
    /// For `email_threads`, as those beside it are for their lists.
    next_cursor: Option<String>,
}

#[derive(ToSchema)]
#[expect(dead_code, reason = "the documentation of a customer's details")]
pub(crate) struct QuoteRows {
    items: Vec<QuoteDocument>,
    next_cursor: Option<String>,
}

#[derive(ToSchema)]
#[expect(dead_code, reason = "the documentation of a customer's details")]
pub(crate) struct OrderRows {
    items: Vec<OrderDocument>,
    next_cursor: Option<String>,
}
