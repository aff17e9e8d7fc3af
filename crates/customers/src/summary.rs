//! One customer's summary, read from its state under the tenant's policies as of an instant.

use crate::orders::Sums;
use crate::state::State;
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use touchbook_events::catalogue::customer::{AgentInteractionType, ConsentChannel, CustomerStatus};
use touchbook_events::money::Currency;
use touchbook_events::{CustomerId, IdentifierKind, Policies, Timestamp};

const DAY_SECONDS: i64 = 24 * 60 * 60;
const MILLION: i128 = 1_000_000;

/// A customer as answers show it (`http.md` §2).
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Summary<'a> {
    pub customer_id: CustomerId,
    pub name: Option<&'a str>,
    pub company: Option<&'a str>,
    /// In order of attachment.
    pub identifiers: Vec<Identified<'a>>,
    pub status: Status,
    /// Somebody set the status by hand.
    pub status_is_manual: bool,
    pub total_agent_calls: u64,
    pub total_agent_emails: u64,
    pub total_agent_sms: u64,
    /// Minutes with two decimals, from the sum of seconds (C3).
    #[serde(serialize_with = "hundredths")]
    pub agent_call_duration_total: u64,
    /// The same in seconds.
    #[serde(skip)]
    pub agent_call_seconds: u64,
    pub last_agent_call_date: Option<Timestamp>,
    pub last_agent_interaction_type: Option<AgentInteractionType>,
    pub last_agent_interaction_date: Option<Timestamp>,
    pub interaction_count: u64,
    /// Of any status.
    pub order_count: u64,
    /// One amount for each currency with orders that count.
    pub ltv: Vec<Amount>,
    /// `None` without orders that count.
    pub average_order_value: Option<Vec<Amount>>,
    pub first_interaction_at: Option<Timestamp>,
    pub last_interaction_at: Option<Timestamp>,
    pub consents: BTreeMap<ConsentChannel, bool>,
    #[serde(serialize_with = "json_values")]
    pub fields: BTreeMap<&'a str, &'a str>,
    #[serde(serialize_with = "json_values")]
    pub custom_fields: BTreeMap<&'a str, &'a str>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Identified<'a> {
    pub kind: IdentifierKind,
    pub value: &'a str,
    /// The one of its kind to use first.
    pub primary: bool,
}

/// An amount in millionths; decimal text in JSON, with two digits after the point or as many as it
/// needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Amount {
    pub currency: Currency,
    #[serde(serialize_with = "decimal_text")]
    pub amount: i128,
}

/// What a customer is (S1-018, S1-019, S1-020, S1-021); the same words that a person may set.
pub type Status = CustomerStatus;

/// Reads what `policies` make of `state` at `now`.
pub fn summary<'a>(
    customer_id: CustomerId,
    state: &'a State,
    policies: &Policies,
    now: Timestamp,
) -> Summary<'a> {
    let person = &state.person;
    let agent = state.agent.fields();
    let counted = state
        .orders
        .totals()
        .counted(&policies.counted_order_statuses);
    let identifiers = person.identifiers.iter().map(|held| Identified {
        kind: held.kind,
        value: &held.value,
        primary: person.is_primary(held),
    });
    let consents = state.standing.consents.iter();
    Summary {
        customer_id,
        name: person.name.get().map(|name| &**name),
        company: person.company.get().map(|company| &**company),
        identifiers: identifiers.collect(),
        status: status(state, &counted, policies, now),
        status_is_manual: state.standing.status.get().is_some(),
        total_agent_calls: agent.calls,
        total_agent_emails: agent.emails,
        total_agent_sms: agent.sms,
        agent_call_duration_total: minute_hundredths(agent.call_seconds),
        agent_call_seconds: agent.call_seconds,
        last_agent_call_date: agent.last_call_at,
        last_agent_interaction_type: agent.last_type,
        last_agent_interaction_date: agent.last_at,
        interaction_count: state.entries.count(),
        order_count: state.orders.placed(),
        ltv: amounts(&counted, |sums| Some(sums.value())),
        average_order_value: Some(amounts(&counted, average)).filter(|all| !all.is_empty()),
        first_interaction_at: state.entries.first_at,
        last_interaction_at: state.entries.last_at,
        consents: consents
            .filter_map(|(channel, said)| Some((*channel, said.copied()?)))
            .collect(),
        fields: person.fields.values().collect(),
        custom_fields: person.custom_fields.values().collect(),
    }
}

/// By hand; else VIP by lifetime value in the base currency; else active or inactive by the days
/// since the last activity, that of an opening balance included, or since the customer began.
fn status(
    state: &State,
    counted: &BTreeMap<Currency, Sums>,
    policies: &Policies,
    now: Timestamp,
) -> Status {
    if let Some(manual) = state.standing.status.copied() {
        return manual;
    }
    let value = counted
        .get(&policies.base_currency)
        .map_or(0, |sums| sums.value());
    if policies
        .vip_threshold
        .is_some_and(|threshold| value >= threshold.millionths())
    {
        return Status::Vip;
    }
    match state.seen_at() {
        Some(seen_at) if seen_at >= active_since(policies, now) => Status::Active,
        _ => Status::Inactive,
    }
}

/// Whoever showed itself since then is active.
pub(crate) fn active_since(policies: &Policies, now: Timestamp) -> Timestamp {
    let window = i64::from(policies.inactive_after_days) * DAY_SECONDS;
    now.plus_seconds(-window)
}

fn amounts(
    counted: &BTreeMap<Currency, Sums>,
    amount: impl Fn(&Sums) -> Option<i128>,
) -> Vec<Amount> {
    counted
        .iter()
        .filter_map(|(currency, sums)| {
            Some(Amount {
                currency: *currency,
                amount: amount(sums)?,
            })
        })
        .collect()
}

/// What counted orders were worth when placed, on average, rounded half up to hundredths; refunds
/// are no orders (S1-014).
fn average(sums: &Sums) -> Option<i128> {
    const HUNDREDTH: i128 = MILLION / 100;
    let orders = i128::from(sums.orders);
    if orders == 0 {
        return None;
    }
    let hundredths = (2 * sums.spent + orders * HUNDREDTH).div_euclid(2 * orders * HUNDREDTH);
    Some(hundredths * HUNDREDTH)
}

/// Seconds / 60, rounded half up to two decimals.
fn minute_hundredths(seconds: u64) -> u64 {
    u64::try_from((u128::from(seconds) * 100 + 30) / 60).unwrap_or(u64::MAX)
}

fn hundredths<S: Serializer>(hundredths: &u64, serializer: S) -> Result<S::Ok, S::Error> {
    let text = format!("{}.{:02}", hundredths / 100, hundredths % 100);
    let text = text.trim_end_matches('0').trim_end_matches('.').to_owned();
    RawValue::from_string(text)
        .map_err(serde::ser::Error::custom)?
        .serialize(serializer)
}

fn decimal_text<S: Serializer>(millionths: &i128, serializer: S) -> Result<S::Ok, S::Error> {
    let sign = if *millionths < 0 { "-" } else { "" };
    let (whole, fraction) = (
        millionths.unsigned_abs() / 1_000_000,
        millionths.unsigned_abs() % 1_000_000,
    );
    let text = format!("{sign}{whole}.{fraction:06}");
    let beyond_cents = text.len() - 4;
    let kept = text[beyond_cents..].trim_end_matches('0').len();
    serializer.serialize_str(&text[..beyond_cents + kept])
}

fn json_values<S: Serializer>(
    values: &BTreeMap<&str, &str>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_map(values.iter().map(|(name, json)| {
        // What was read from JSON is JSON.
        (
            name,
            serde_json::from_str::<&RawValue>(json).unwrap_or(RawValue::NULL),
        )
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// S0-007, C3: the sum of seconds is rounded, never a sum of rounded minutes.
    #[test]
    fn minutes_are_made_of_the_sum_of_seconds() {
        assert_eq!(minute_hundredths(90 + 45), 225);
        assert_eq!(minute_hundredths(1), 2);
        assert_eq!(minute_hundredths(0), 0);
        assert_eq!(minute_hundredths(u64::MAX), u64::MAX);
    }

    #[test]
    fn amounts_have_two_decimals_or_as_many_as_they_need() {
        for (amount, want) in [
            (1_299_990_000, "1299.99"),
            (1_300_000_000, "1300.00"),
            (-500_000, "-0.50"),
            (1, "0.000001"),
            (0, "0.00"),
        ] {
            let amount = Amount {
                currency: Currency::parse("ZAR").unwrap(),
                amount,
            };
            let json = serde_json::to_value(amount).unwrap();
            assert_eq!(json["amount"], want);
        }
    }

    /// S1-014: spend / orders, null without orders.
    #[test]
    fn an_average_needs_an_order_and_is_rounded_half_up() {
        let sums = |orders, spent| Sums {
            orders,
            spent,
            refunded: 0,
        };
        assert_eq!(average(&sums(0, 0)), None);
        assert_eq!(average(&sums(2, 10_010_000)), Some(5_010_000));
        assert_eq!(average(&sums(3, 10_000_000)), Some(3_330_000));
        assert_eq!(average(&sums(2, -10_010_000)), Some(-5_000_000));
    }
}
