//! What follows from how a customer and we talk, as it is documented; `touchbook-engagement` writes
//! it, and a test validates what it writes.

use super::reference::ResolvedFrom;
use utoipa::ToSchema;
use uuid::Uuid;

/// What a customer's interactions say.
#[derive(ToSchema)]
#[expect(dead_code, reason = "the documentation of insights")]
pub(crate) struct Insights {
    customer_id: Uuid,
    #[schema(required = false)]
    resolved_from: Option<ResolvedFrom>,
    /// The mean of all scored interactions, from −1 to 1; null without any.
    sentiment_score: Option<f64>,
    /// `improving`, `stable` or `declining`, by the policy `trend`.
    #[schema(example = "stable")]
    sentiment_trend: String,
    /// Interactions with a score.
    scored_count: u64,
    /// The newest 500, in the order in which the interactions happened.
    sentiment_series: Vec<ScoredInteraction>,
    frequency: InteractionFrequency,
    channel_preference: ChannelPreference,
    response_time: ResponseTime,
}

#[derive(ToSchema)]
#[expect(dead_code, reason = "the documentation of a score")]
pub(crate) struct ScoredInteraction {
    #[schema(format = DateTime)]
    occurred_at: String,
    /// Of the entry's first record.
    position: u64,
    /// Of the record that scored it.
    scored_position: u64,
    #[schema(example = "email")]
    source: String,
    /// −1 to 1.
    score: f64,
}

/// Interactions week by week in the tenant's zone.
#[derive(ToSchema)]
#[expect(dead_code, reason = "the documentation of a frequency")]
pub(crate) struct InteractionFrequency {
    /// The last 12 calendar weeks, Monday to Sunday, oldest first; in the last, it is now.
    weeks: Vec<InteractionWeek>,
    /// Their mean.
    interactions_per_week: f64,
    /// From one interaction to the next; null with fewer than two.
    mean_gap_seconds: Option<u64>,
}

#[derive(ToSchema)]
#[expect(dead_code, reason = "the documentation of a week")]
pub(crate) struct InteractionWeek {
    /// Its Monday.
    #[schema(format = Date)]
    begins_on: String,
    interaction_count: u64,
}

/// Each channel's share of what the customer began.
#[derive(ToSchema)]
#[expect(dead_code, reason = "the documentation of preferences")]
pub(crate) struct ChannelPreference {
    /// Null without any contact.
    #[schema(example = "email")]
    preferred_channel: Option<String>,
    /// Those with contacts, in the order of preference.
    channels: Vec<ChannelShare>,
}

#[derive(ToSchema)]
#[expect(dead_code, reason = "the documentation of a channel's share")]
pub(crate) struct ChannelShare {
    #[schema(example = "email")]
    channel: String,
    contact_count: u64,
    /// 0 to 1.
    share: f64,
}

/// From each contact that waits to our next one, on whatever channel.
#[derive(ToSchema)]
#[expect(dead_code, reason = "the documentation of response times")]
pub(crate) struct ResponseTime {
    median_seconds: Option<u64>,
    /// The one that nine of ten do not exceed.
    p90_seconds: Option<u64>,
    answered_count: u64,
    /// Those that still wait.
    unanswered_count: u64,
}

/// Why a customer waits for us.
#[derive(ToSchema)]
#[expect(dead_code, reason = "the documentation of `Attention`")]
pub(crate) struct Attention {
    customer_id: Uuid,
    /// Of the most urgent reason.
    score: u64,
    /// Most urgent first.
    reasons: Vec<AttentionReason>,
}

#[derive(ToSchema)]
#[expect(dead_code, reason = "the documentation of a reason")]
pub(crate) struct AttentionReason {
    /// One of the policy `attention`.
    #[schema(example = "unanswered")]
    rule: String,
    #[schema(format = DateTime)]
    since: String,
    /// The records that it follows from, at most 100.
    positions: Vec<u64>,
    weight: u32,
    age_seconds: u64,
    /// Weight × age.
    score: u64,
}
