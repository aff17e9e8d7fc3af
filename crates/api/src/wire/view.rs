//! What is put together of a customer, as it is documented: threads, quote sessions, orders, and
//! why a value is what it is. `touchbook-views` writes them; a test validates what it writes.

use super::customer::AmountDocument;
use super::reference::ResolvedFrom;
use utoipa::ToSchema;
use uuid::Uuid;

#[derive(ToSchema)]
#[expect(dead_code, reason = "the documentation of a page of threads")]
pub(crate) struct ThreadPage {
    customer_id: Uuid,
    #[schema(required = false)]
    resolved_from: Option<ResolvedFrom>,
    /// Newest first.
    items: Vec<ThreadDocument>,
    next_cursor: Option<String>,
}

/// Mails that belong together.
#[derive(ToSchema)]
#[schema(as = Thread)]
#[expect(dead_code, reason = "the documentation of a thread")]
pub(crate) struct ThreadDocument {
    /// The mail system's own name for it; null where its mails were linked without one.
    thread_id: Option<String>,
    /// Of the first mail that has one.
    subject: Option<String>,
    /// Whoever wrote or was written to, in the order in which they came in; the first 50.
    participants: Vec<ThreadParticipant>,
    participants_omitted: u64,
    message_count: u64,
    #[schema(format = DateTime)]
    first_message_at: String,
    #[schema(format = DateTime)]
    last_message_at: String,
    /// `inbound` or `outbound`.
    last_direction: Option<String>,
    classification: ThreadClassification,
    /// When the first mail came that is not answered yet; null where nothing waits.
    #[schema(format = DateTime)]
    waiting_since: Option<String>,
    /// The last 100, oldest first.
    messages: Vec<ThreadMessage>,
    messages_omitted: u64,
    /// What came among the messages shown, and what answered it.
    responses: Vec<ThreadResponse>,
}

#[derive(ToSchema)]
#[expect(dead_code, reason = "the documentation of a participant")]
pub(crate) struct ThreadParticipant {
    /// In normal form where it is an e-mail address.
    #[schema(example = "jane@example.com")]
    address: String,
    /// As it was written last.
    name: Option<String>,
}

/// How a thread was sorted last.
#[derive(ToSchema)]
#[expect(dead_code, reason = "the documentation of a classification")]
pub(crate) struct ThreadClassification {
    category: Option<String>,
    status: Option<String>,
    /// Null where the mail system said so.
    classifier: Option<Classifier>,
}

#[derive(ToSchema)]
#[expect(dead_code, reason = "the documentation of a classifier")]
pub(crate) struct Classifier {
    name: String,
    version: Option<String>,
}

/// A mail of a thread; its body is at its entry.
#[derive(ToSchema)]
#[expect(dead_code, reason = "the documentation of a mail of a thread")]
pub(crate) struct ThreadMessage {
    entry_id: Option<String>,
    /// Of its first record.
    position: u64,
    /// `inbound` or `outbound`; null while only its classification is known.
    direction: Option<String>,
    from: Option<String>,
    /// The first 50.
    to: Vec<String>,
    to_omitted: u64,
    subject: Option<String>,
    #[schema(format = DateTime)]
    occurred_at: String,
    /// At most 80 characters.
    preview: Option<String>,
    /// The mail system's own word for it.
    status: Option<String>,
}

/// A mail that came, and the mail of ours that answered it.
#[derive(ToSchema)]
#[expect(dead_code, reason = "the documentation of an answered mail")]
pub(crate) struct ThreadResponse {
    entry_id: Option<String>,
    position: u64,
    #[schema(format = DateTime)]
    received_at: String,
    /// The entry of the answer; null, as the rest, while it waits for one.
    answered_by: Option<String>,
    #[schema(format = DateTime)]
    answered_at: Option<String>,
    response_seconds: Option<u64>,
}

/// What one revision said of a status.
#[derive(ToSchema)]
#[schema(as = StatusStep)]
#[expect(dead_code, reason = "the documentation of a status")]
pub(crate) struct StatusDocument {
    /// Null where the revision clears it.
    status: Option<String>,
    #[schema(format = DateTime)]
    time: String,
    position: u64,
}

/// An amount as its sender wrote it.
#[derive(ToSchema)]
#[schema(as = Money)]
#[expect(dead_code, reason = "the documentation of an amount as sent")]
pub(crate) struct MoneyDocument {
    #[schema(example = "ZAR")]
    currency: String,
    amount: DecimalAsSent,
}

/// A number, or decimal text.
#[derive(ToSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "the documentation of a decimal as sent")]
pub(crate) enum DecimalAsSent {
    Text(String),
    Number(f64),
}

#[derive(ToSchema)]
#[expect(dead_code, reason = "the documentation of a page of quote sessions")]
pub(crate) struct QuotePage {
    customer_id: Uuid,
    #[schema(required = false)]
    resolved_from: Option<ResolvedFrom>,
    /// Newest first.
    items: Vec<QuoteDocument>,
    next_cursor: Option<String>,
}

/// A quote session.
#[derive(ToSchema)]
#[schema(as = Quote)]
#[expect(dead_code, reason = "the documentation of a quote session")]
pub(crate) struct QuoteDocument {
    entry_id: Option<String>,
    /// Of its first record, as is `event_id`.
    position: u64,
    event_id: Option<String>,
    last_position: u64,
    revision_count: u32,
    #[schema(format = DateTime)]
    occurred_at: String,
    /// The quoting system's own name for it.
    session_id: Option<String>,
    #[schema(example = "quote_sent")]
    status: Option<String>,
    /// By time; the last one is current.
    status_history: Vec<StatusDocument>,
    /// How many older statuses are left out.
    status_history_omitted: u64,
    total: Option<MoneyDocument>,
    /// As sent.
    #[schema(value_type = Option<Vec<serde_json::Value>>)]
    items: Option<Vec<serde_json::Value>>,
    company: Option<String>,
    #[schema(format = DateTime)]
    created_at: Option<String>,
    #[schema(format = DateTime)]
    last_activity_at: Option<String>,
    #[schema(value_type = Option<Object>)]
    metadata: Option<serde_json::Value>,
    message_count: u64,
    /// The last 100, oldest first.
    messages: Vec<QuoteMessage>,
    messages_omitted: u64,
}

/// A chat message of a session; the whole of it is at its entry.
#[derive(ToSchema)]
#[expect(dead_code, reason = "the documentation of a chat message")]
pub(crate) struct QuoteMessage {
    entry_id: Option<String>,
    position: u64,
    /// `inbound` or `outbound`.
    direction: Option<String>,
    agent_id: Option<String>,
    #[schema(format = DateTime)]
    occurred_at: String,
    /// At most 80 characters.
    preview: Option<String>,
}

#[derive(ToSchema)]
#[expect(dead_code, reason = "the documentation of a page of orders")]
pub(crate) struct OrderPage {
    customer_id: Uuid,
    #[schema(required = false)]
    resolved_from: Option<ResolvedFrom>,
    /// Newest first.
    items: Vec<OrderDocument>,
    next_cursor: Option<String>,
    statistics: OrderStatistics,
}

/// An order as it stands, with its history.
#[derive(ToSchema)]
#[schema(as = Order)]
#[expect(dead_code, reason = "the documentation of an order")]
pub(crate) struct OrderDocument {
    entry_id: Option<String>,
    /// Of its first record, as is `event_id`.
    position: u64,
    event_id: Option<String>,
    last_position: u64,
    revision_count: u32,
    #[schema(format = DateTime)]
    occurred_at: String,
    /// The shop's own name for it.
    order_id: Option<String>,
    #[schema(example = "Complete")]
    status: Option<String>,
    /// By time; the last one is current.
    status_history: Vec<StatusDocument>,
    /// How many older statuses are left out.
    status_history_omitted: u64,
    total: Option<MoneyDocument>,
    /// As sent.
    #[schema(value_type = Option<Vec<serde_json::Value>>)]
    items: Option<Vec<serde_json::Value>>,
    payment_method: Option<String>,
    shipping_method: Option<String>,
    /// As sent: an object or a text; null where nothing is known.
    #[schema(required = false)]
    shipping_address: serde_json::Value,
    #[schema(format = DateTime)]
    ordered_at: Option<String>,
    #[schema(format = DateTime)]
    updated_at: Option<String>,
    /// Oldest first, each once however often it was sent.
    refunds: Vec<OrderRefund>,
    /// Their sums by currency.
    refunded: Vec<AmountDocument>,
    /// Whether its status is in the policy `counted_order_statuses`.
    is_counted: bool,
    /// What it adds to the customer's `ltv`; nothing where it is not counted.
    ltv: Vec<AmountDocument>,
}

#[derive(ToSchema)]
#[expect(dead_code, reason = "the documentation of a refund")]
pub(crate) struct OrderRefund {
    refund_id: Option<String>,
    amount: MoneyDocument,
    reason: Option<String>,
    #[schema(format = DateTime)]
    time: String,
    /// Of the record that said so last.
    position: u64,
}

/// Counts and sums over all orders, whatever page of them is shown.
#[derive(ToSchema)]
#[expect(dead_code, reason = "the documentation of statistics of orders")]
pub(crate) struct OrderStatistics {
    /// Of any status.
    order_count: u64,
    /// With a status that counts.
    counted_order_count: u64,
    /// Totals of the counted orders when placed, by currency.
    spent: Vec<AmountDocument>,
    /// What went back of them.
    refunded: Vec<AmountDocument>,
    /// The one less the other.
    ltv: Vec<AmountDocument>,
}

/// A value of a customer with all that made it.
#[derive(ToSchema)]
#[expect(dead_code, reason = "the documentation of an explanation")]
pub(crate) struct Explanation {
    customer_id: Uuid,
    #[schema(required = false)]
    resolved_from: Option<ResolvedFrom>,
    #[schema(example = "ltv")]
    field: String,
    /// As the customer's answer shows it.
    value: serde_json::Value,
    /// The present as of which it was read.
    #[schema(format = DateTime)]
    as_of: String,
    rules_version: u32,
    /// The policies that the value depends on, as they stand.
    policies: Vec<PolicyInForce>,
    /// In the order of positions; of many, the first 50 and the last 50.
    trail: Vec<ExplanationStep>,
    trail_omitted: u64,
}

#[derive(ToSchema)]
#[expect(
    dead_code,
    reason = "the documentation of a policy that a value depends on"
)]
pub(crate) struct PolicyInForce {
    name: String,
    /// In the policy's own shape.
    value: serde_json::Value,
}

/// What one record did to a value.
#[derive(ToSchema)]
#[expect(dead_code, reason = "the documentation of a step of an explanation")]
pub(crate) struct ExplanationStep {
    position: u64,
    #[schema(example = "order.updated")]
    r#type: String,
    event_id: Option<String>,
    entry_id: Option<String>,
    #[schema(format = DateTime)]
    time: String,
    before: serde_json::Value,
    after: serde_json::Value,
    /// False where the record only prepared a later change.
    is_change: bool,
}
