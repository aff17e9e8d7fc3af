//! Reports as they are documented; `touchbook-views` writes them, and a test validates what it
//! writes.

use std::collections::BTreeMap;
use utoipa::ToSchema;

/// What agents did.
#[derive(ToSchema)]
#[expect(dead_code, reason = "the documentation of a page of the report")]
pub(crate) struct AgentReport {
    /// `day`, `week` or `month`.
    #[schema(example = "week")]
    period: String,
    #[schema(format = DateTime)]
    from: String,
    #[schema(format = DateTime)]
    to: String,
    /// By period, then by agent; who did nothing in a period is not in it.
    items: Vec<AgentRow>,
    next_cursor: Option<String>,
}

#[derive(ToSchema)]
#[expect(dead_code, reason = "the documentation of a row of the report")]
pub(crate) struct AgentRow {
    agent_id: String,
    /// The period's first day.
    #[schema(format = Date)]
    begins_on: String,
    /// Customers whom the agent talked with or wrote to.
    customer_count: u64,
    /// In any direction, or in none that is known.
    call_count: u64,
    inbound_call_count: u64,
    outbound_call_count: u64,
    /// In which somebody talked, as far as outcome or duration say so.
    answered_call_count: u64,
    /// In which nobody did.
    missed_call_count: u64,
    call_minutes: f64,
    /// Messages that the agent sent.
    email_count: u64,
    sms_count: u64,
    chat_count: u64,
    /// Calls by outcome, where there is one.
    outcomes: BTreeMap<String, u64>,
    /// Calls that made a sale.
    sale_count: u64,
}
