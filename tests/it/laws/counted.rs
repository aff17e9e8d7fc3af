//! What one entry of a registered type counts as, asked of everybody who counts it.

use super::play::SALT;
use serde_json::{Value, json};
use touchbook_customers::{Customers, summary};
use touchbook_engagement::{Engagement, insights};
use touchbook_events::{CustomerId, Policies, TenantKey, Timestamp};
use touchbook_identity::IdentityDecider;
use touchbook_policies::PoliciesDecider;
use touchbook_projection::{Driver, Outcome, Projector};
use touchbook_timeline::{Details, Timeline};

const NOW: Timestamp = Timestamp::from_micros(1_710_000_000_000_000);
/// Version `n` of the type counts as the one at `n - 1`.
const COUNTED: [&str; 6] = ["manual", "email", "call", "sms", "chat", "social"];

struct Tenant(Driver);

impl Tenant {
    fn new() -> Self {
        let key = TenantKey::from_salt(SALT);
        let mut tenant = Self(Driver::new(vec![
            Box::new(PoliciesDecider::new()),
            Box::new(IdentityDecider::new(key)),
        ]));
        for (version, counted) in (1..).zip(COUNTED) {
            let mapping = json!({ "customer": "/who", "direction": "/way", "counts_as": counted });
            let data = json!({
                "name": "shop.ticket", "version": version, "schema": {}, "mapping": mapping,
            });
            tenant.send(json!({ "type": "event_type.registered", "data": data }));
        }
        tenant
    }

    fn send(&mut self, mut event: Value) -> Option<CustomerId> {
        event["specversion"] = json!("1.0");
        event["source"] = json!("test");
        event["id"] = json!(self.0.head().to_string());
        let sent = self.0.send(&event.to_string(), NOW);
        assert!(
            matches!(sent, Outcome::Appended { .. }),
            "{event}: {sent:?}"
        );
        sent.customer()
    }

    /// The ticket's next event, of a version that counts as `counted`.
    fn ticket(&mut self, day: u32, counted: &str, way: Option<&str>) -> CustomerId {
        let version = 1 + COUNTED.iter().position(|known| *known == counted).unwrap();
        let event = json!({
            "type": "shop.ticket",
            "dataschema": format!("/schemas/events/shop.ticket/{version}"),
            "subject": "ticket/7",
            "time": format!("2024-01-0{day}T10:00:00Z"),
            "data": { "who": "jane@example.com", "way": way },
        });
        self.send(event).unwrap()
    }

    fn read<P: Projector, R>(&self, jane: CustomerId, read: impl FnOnce(&P::State) -> R) -> R {
        self.0
            .project::<P>()
            .read(jane, |state, _| read(state))
            .unwrap()
    }

    fn summary(&self, jane: CustomerId) -> Value {
        let policies = Policies::default();
        self.read::<Customers, _>(jane, |state| {
            serde_json::to_value(summary(jane, state, &policies, NOW)).unwrap()
        })
    }
}

/// An entry stays what its first record made it, for everybody alike, whatever later versions of
/// its type count as and whenever what they tell of happened.
#[test]
fn an_entry_counts_as_its_first_record_says_everywhere() {
    for first in COUNTED {
        for second in COUNTED {
            for (way, days) in [
                ("inbound", [1, 2]),
                ("outbound", [1, 2]),
                ("inbound", [2, 1]),
            ] {
                let mut tenant = Tenant::new();
                let jane = tenant.ticket(days[0], first, Some(way));
                tenant.ticket(days[1], second, Some(way));
                let case = format!("{first}, then {second}, {way} {days:?}");
                let subject = tenant.0.key().subject("ticket/7");
                let shown = tenant.read::<Timeline, _>(jane, |state| {
                    match state.entry(subject).unwrap().details() {
                        Details::Custom(custom) => custom.counts_as.unwrap().as_str(),
                        _ => panic!("{case}: of another type"),
                    }
                });
                assert_eq!(shown, first, "{case}");
                let preferred = tenant.read::<Engagement, _>(jane, |state| {
                    let insights = insights(state, &Policies::default(), NOW);
                    insights.channel_preference.preferred_channel
                });
                let channel = (way == "inbound" && first != "manual").then_some(first);
                assert_eq!(preferred.map(|channel| channel.as_str()), channel, "{case}");
                let summary = tenant.summary(jane);
                for (member, counted) in [
                    ("total_agent_calls", "call"),
                    ("total_agent_emails", "email"),
                    ("total_agent_sms", "sms"),
                ] {
                    let is_ours = way == "outbound" || counted == "call";
                    let count = u64::from(is_ours && first == counted);
                    assert_eq!(summary[member], count, "{case}: {member}");
                }
            }
        }
    }
}

/// What came in stays nobody's message of ours when a later event leaves out which way it went.
#[test]
fn an_entry_that_came_in_is_no_agents_when_it_is_told_of_again() {
    for counted in ["email", "sms"] {
        let mut tenant = Tenant::new();
        let jane = tenant.ticket(1, counted, Some("inbound"));
        tenant.ticket(2, counted, None);
        let summary = tenant.summary(jane);
        assert_eq!(summary["total_agent_emails"], 0, "{counted}");
        assert_eq!(summary["total_agent_sms"], 0, "{counted}");
        assert_eq!(summary["last_agent_interaction_date"], Value::Null);
    }
}
