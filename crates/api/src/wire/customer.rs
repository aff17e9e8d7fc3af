//! Customers as they are answered and changed.

use super::reference::ResolvedFrom;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use touchbook_customers::{Matched, Summary};
use touchbook_engagement::{Attention, Sentiment};
use touchbook_events::Member;
use utoipa::ToSchema;
use uuid::Uuid;

/// A customer's summary with what only this answer says.
#[derive(Serialize)]
pub(crate) struct CustomerAnswer<'a> {
    #[serde(flatten)]
    pub summary: Summary<'a>,
    #[serde(flatten)]
    pub sentiment: Sentiment,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resolved_from: Option<ResolvedFrom>,
    /// Position of the record whose fold failed; the summary is as of before it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stale_since: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub matched: Option<MatchedBy>,
    /// Why the customer waits for us, in the list of those who do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attention: Option<&'a Attention>,
}

/// Why a search found a customer.
#[derive(Clone, Copy, Serialize, ToSchema)]
pub(crate) struct MatchedBy {
    /// What of the customer matched.
    #[schema(example = "email")]
    pub field: &'static str,
    /// The whole of it is what was searched for.
    pub exact: bool,
}

impl From<Matched> for MatchedBy {
    fn from(matched: Matched) -> Self {
        Self {
            field: matched.field.as_str(),
            exact: matched.how == touchbook_customers::How::Exact,
        }
    }
}

/// What is known of a customer, and what it comes to under the policies that hold.
#[derive(ToSchema)]
#[schema(as = Customer)]
#[expect(
    dead_code,
    reason = "the documentation of `CustomerAnswer`, which a test compares"
)]
pub(crate) struct CustomerDocument {
    customer_id: Uuid,
    name: Option<String>,
    company: Option<String>,
    /// In order of attachment.
    identifiers: Vec<IdentifierDocument>,
    /// Set by hand, else by the policies `vip_threshold` and `inactive_after_days`.
    #[schema(example = "active")]
    status: String,
    status_is_manual: bool,
    total_agent_calls: u64,
    total_agent_emails: u64,
    total_agent_sms: u64,
    /// Minutes.
    agent_call_duration_total: f64,
    #[schema(format = DateTime)]
    last_agent_call_date: Option<String>,
    last_agent_interaction_type: Option<String>,
    #[schema(format = DateTime)]
    last_agent_interaction_date: Option<String>,
    /// Entries of the timeline.
    interaction_count: u64,
    /// Orders of any status.
    order_count: u64,
    /// What counted orders are worth less refunds, by currency.
    ltv: Vec<AmountDocument>,
    average_order_value: Option<Vec<AmountDocument>>,
    #[schema(format = DateTime)]
    first_interaction_at: Option<String>,
    #[schema(format = DateTime)]
    last_interaction_at: Option<String>,
    /// By channel.
    consents: BTreeMap<String, bool>,
    #[schema(value_type = Object)]
    fields: BTreeMap<String, serde_json::Value>,
    #[schema(value_type = Object)]
    custom_fields: BTreeMap<String, serde_json::Value>,
    /// The mean of all scored interactions, from −1 to 1; null without any.
    sentiment_score: Option<f64>,
    /// `improving`, `stable` or `declining`, by the policy `trend`.
    #[schema(example = "stable")]
    sentiment_trend: String,
    /// Interactions with a score.
    scored_count: u64,
    /// By what it was asked for, where that is not its id.
    #[schema(required = false)]
    resolved_from: Option<ResolvedFrom>,
    /// Present while the summary is as of before the record at this position, whose fold failed.
    #[schema(required = false)]
    stale_since: Option<u64>,
    /// In answers to a search.
    #[schema(required = false)]
    matched: Option<MatchedBy>,
    /// In the list of those who need it.
    #[schema(required = false)]
    attention: Option<super::insight::Attention>,
}

#[derive(ToSchema)]
#[schema(as = CustomerIdentifier)]
#[expect(dead_code, reason = "the documentation of an identifier")]
pub(crate) struct IdentifierDocument {
    #[schema(example = "email")]
    kind: String,
    /// In normal form.
    value: String,
    /// The one of its kind to use first.
    primary: bool,
}

#[derive(ToSchema)]
#[schema(as = Amount)]
#[expect(dead_code, reason = "the documentation of an amount")]
pub(crate) struct AmountDocument {
    #[schema(example = "USD")]
    currency: String,
    /// Decimal text.
    #[schema(example = "1299.99")]
    amount: String,
}

#[derive(ToSchema)]
#[expect(dead_code, reason = "the documentation of a page of customers")]
pub(crate) struct CustomerList {
    items: Vec<CustomerDocument>,
    next_cursor: Option<String>,
    /// With `view=top`: the currency in which customers are ranked.
    #[schema(required = false, example = "USD")]
    currency: Option<String>,
}

/// What is to be known of a customer. What is absent stays as it is; null clears a name, a company
/// and fields, and says nothing of an identifier.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct CustomerChange {
    /// A shop's or another system's own name, made unique: `opencart:67890`.
    pub external_id: Option<String>,
    pub user: Option<String>,
    pub email: Option<String>,
    /// In international form, or of the policy `default_region`.
    pub phone: Option<String>,
    #[schema(example = "instagram:janesmith")]
    pub handle: Option<String>,
    #[schema(value_type = Option<String>, max_length = 200)]
    pub name: Member<String>,
    #[schema(value_type = Option<String>, max_length = 200)]
    pub company: Member<String>,
    /// Standard fields by name; null clears one of them, or all.
    #[schema(value_type = Option<Object>)]
    pub fields: Member<Box<RawValue>>,
    /// The tenant's own fields by name; null clears one of them, or all.
    #[schema(value_type = Option<Object>)]
    pub custom_fields: Member<Box<RawValue>>,
}

/// The payload of the `customer.updated` that a change becomes.
#[derive(Serialize)]
pub(crate) struct CustomerUpdated<'a> {
    customer: Reference<'a>,
    #[serde(skip_serializing_if = "Member::is_absent")]
    name: Member<&'a str>,
    #[serde(skip_serializing_if = "Member::is_absent")]
    company: Member<&'a str>,
    #[serde(skip_serializing_if = "Member::is_absent")]
    fields: Member<&'a RawValue>,
    #[serde(skip_serializing_if = "Member::is_absent")]
    custom_fields: Member<&'a RawValue>,
}

#[derive(Serialize)]
struct Reference<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<Uuid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    external_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    phone: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    handle: Option<&'a str>,
}

impl CustomerChange {
    pub(crate) fn names_nobody(&self) -> bool {
        let identifiers = [
            &self.external_id,
            &self.user,
            &self.email,
            &self.phone,
            &self.handle,
        ];
        identifiers.iter().all(|identifier| identifier.is_none())
    }

    /// The change as a payload, about customer `id` or whom its identifiers name.
    pub(crate) fn payload(&self, id: Option<Uuid>) -> CustomerUpdated<'_> {
        CustomerUpdated {
            customer: Reference {
                id,
                external_id: self.external_id.as_deref(),
                user: self.user.as_deref(),
                email: self.email.as_deref(),
                phone: self.phone.as_deref(),
                handle: self.handle.as_deref(),
            },
            name: self.name.as_deref(),
            company: self.company.as_deref(),
            fields: self.fields.as_deref(),
            custom_fields: self.custom_fields.as_deref(),
        }
    }
}

/// What folding a customer again has shown.
#[derive(Serialize, ToSchema)]
pub(crate) struct Refreshed {
    pub customer_id: Uuid,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resolved_from: Option<ResolvedFrom>,
    /// How many projections had a state that the ledger does not bear out: 0 unless something
    /// broke.
    pub drift: usize,
    pub projections: Vec<RefreshedProjection>,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct RefreshedProjection {
    pub name: &'static str,
    pub drifted: bool,
}

/// What folding several customers again has shown.
#[derive(Serialize, ToSchema)]
pub(crate) struct ProfilesRefreshed {
    /// How many were found.
    pub updated: usize,
    /// One for each that was named, in that order.
    pub results: Vec<ProfileRefreshed>,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct ProfileRefreshed {
    /// As it was named.
    pub named: String,
    /// Null where there is no such customer.
    pub customer_id: Option<Uuid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resolved_from: Option<ResolvedFrom>,
    /// How many projections had a state that the ledger does not bear out.
    pub drift: usize,
    /// Why nothing was done.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "not_found")]
    pub error: Option<String>,
}
