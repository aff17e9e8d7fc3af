//! What holds until a tenant says otherwise (C2 to C12b).

use super::{AttentionRule, DefaultFollowUp, FollowUp, FollowUpRule, Limits, Policies, Trend};
use crate::catalogue::interaction::Priority;
use crate::catalogue::outcome::KnownOutcome;
use crate::money::Currency;
use crate::score::Score;
use crate::text::{Text, Word};
use chrono_tz::Tz;
use std::collections::{BTreeMap, BTreeSet};

/// OpenCart's stock statuses that count as realised (C9).
const COUNTED_ORDER_STATUSES: [&str; 5] = [
    "Processing",
    "Processed",
    "Shipped",
    "Complete",
    "Canceled Reversal",
];
const INACTIVE_AFTER_DAYS: u32 = 180;
const RESPONSE_SLA_SECONDS: u32 = 24 * 60 * 60;
const TREND_SCORES: u32 = 5;
const TREND_DIFFERENCE: Score = Score::from_millionths(100_000);

impl Default for Policies {
    fn default() -> Self {
        Self {
            zone: Tz::UTC,
            default_region: None,
            base_currency: Currency::USD,
            counted_order_statuses: COUNTED_ORDER_STATUSES
                .iter()
                .map(|text| word(text))
                .collect(),
            status_mapping: BTreeMap::new(),
            vip_threshold: None,
            inactive_after_days: INACTIVE_AFTER_DAYS,
            response_sla: RESPONSE_SLA_SECONDS,
            trend: Trend {
                scores: TREND_SCORES,
                difference: TREND_DIFFERENCE,
            },
            attention: AttentionRule::ALL.iter().map(|rule| (*rule, 1)).collect(),
            outcome_mapping: outcome_mapping(),
            default_follow_up: DefaultFollowUp {
                r#type: word("follow_up"),
                title: Text::new("Follow up").expect("short enough"),
                scheduled_offset_days: 3,
                due_offset_days: 2,
                priority: Priority::Normal,
            },
            calendar: None,
            own_addresses: BTreeSet::new(),
            blocked_identifiers: BTreeSet::new(),
            interaction_types: BTreeSet::new(),
            outcomes: BTreeSet::new(),
            limits: Limits::default(),
            retention: None,
        }
    }
}

/// C11.
fn outcome_mapping() -> BTreeMap<Word, FollowUpRule> {
    let rule = |outcome| match outcome {
        KnownOutcome::NoAnswer | KnownOutcome::Busy => create("call", 1),
        KnownOutcome::Voicemail => create("call", 2),
        KnownOutcome::CallbackRequested => FollowUpRule::Create(FollowUp {
            when_requested: true,
            ..follow_up("call", 1)
        }),
        KnownOutcome::FollowUpRequired => create("follow_up", 3),
        KnownOutcome::Escalated => FollowUpRule::Create(FollowUp {
            priority: Priority::High,
            ..follow_up("task", 0)
        }),
        KnownOutcome::Contacted | KnownOutcome::Successful => FollowUpRule::NextStep,
        KnownOutcome::Resolved | KnownOutcome::Cancelled | KnownOutcome::Other => {
            FollowUpRule::None
        }
    };
    KnownOutcome::ALL
        .iter()
        .map(|outcome| (word(outcome.as_str()), rule(*outcome)))
        .collect()
}

fn create(kind: &str, after_days: u32) -> FollowUpRule {
    FollowUpRule::Create(follow_up(kind, after_days))
}

fn follow_up(kind: &str, after_days: u32) -> FollowUp {
    FollowUp {
        r#type: word(kind),
        after_days,
        priority: Priority::Normal,
        when_requested: false,
    }
}

fn word(text: &str) -> Word {
    Word::new(text).expect("the words of the defaults are short enough")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_policy_takes_its_own_value_and_null_returns_to_the_default() {
        for name in Policies::NAMES {
            let mut policies = Policies::default();
            let value = policies.value(name).unwrap();
            policies.set(name, &value.to_string()).unwrap();
            assert_eq!(policies, Policies::default(), "{name}");
            policies.set(name, "null").unwrap();
            assert_eq!(policies, Policies::default(), "{name}");
        }
    }

    #[test]
    fn values_are_normal_and_come_back() {
        let mut policies = Policies::default();
        for (name, sent, kept) in [
            (
                "zone",
                json!("Africa/Johannesburg"),
                json!("Africa/Johannesburg"),
            ),
            ("default_region", json!("ZA"), json!("ZA")),
            ("base_currency", json!("ZAR"), json!("ZAR")),
            ("vip_threshold", json!("50000.00"), json!("50000.00")),
            (
                "trend",
                json!({"scores": 3, "difference": 1}),
                json!({"scores": 3, "difference": 1}),
            ),
            (
                "own_addresses",
                json!(["012 345 6789", "Sales@Shop.example"]),
                json!(["+27123456789", "sales@shop.example"]),
            ),
            (
                "blocked_identifiers",
                json!([{"kind": "email", "value": "No@Reply.example"}]),
                json!([{"kind": "email", "value": "no@reply.example"}]),
            ),
        ] {
            policies.set(name, &sent.to_string()).unwrap();
            assert_eq!(
                policies.value(name).unwrap().to_string(),
                kept.to_string(),
                "{name}"
            );
        }
        let mapping = json!({"no_answer": "none", "site_visit": {"create": {"type": "call", "after_days": 9}}});
        policies
            .set("outcome_mapping", &mapping.to_string())
            .unwrap();
        assert_eq!(
            policies.outcome_mapping[&word("no_answer")],
            FollowUpRule::None
        );
        assert_eq!(
            policies.outcome_mapping[&word("site_visit")],
            create("call", 9)
        );
        assert_eq!(policies.outcome_mapping[&word("busy")], create("call", 1));
    }

    #[test]
    fn what_is_no_policy_or_no_value_is_refused_with_its_place() {
        let mut policies = Policies::default();
        let problem = policies.set("vip", "1").unwrap_err();
        assert_eq!(problem.allowed.len(), Policies::NAMES.len());
        for (name, json, pointer) in [
            ("zone", r#""Mars/Olympus""#, ""),
            ("default_region", r#""XX""#, ""),
            ("base_currency", r#""rand""#, ""),
            ("inactive_after_days", "-1", ""),
            ("trend", r#"{"scores":0,"difference":1}"#, "/scores"),
            ("trend", r#"{"scores":51,"difference":1}"#, "/scores"),
            ("trend", r#"{"scores":5,"difference":-0.1}"#, "/difference"),
            (
                "trend",
                r#"{"scores":5,"difference":2.000001}"#,
                "/difference",
            ),
            ("attention", r#"{"moonlight":1}"#, ""),
            ("own_addresses", r#"["a@b.example","nobody"]"#, "/1"),
            (
                "blocked_identifiers",
                r#"[{"kind":"fax","value":"1"}]"#,
                "/0/kind",
            ),
            ("outcomes", r#"["a"] x"#, ""),
        ] {
            let problem = policies.set(name, json).unwrap_err();
            assert_eq!(problem.pointer, pointer, "{name}: {problem}");
        }
        assert_eq!(policies, Policies::default());
    }
}
