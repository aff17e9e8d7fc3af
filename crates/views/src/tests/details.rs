//! Everything of a customer at once, after a script.

use super::script::{Asked, Script, at, order, shown};
use crate::details::EntriesBySource;
use crate::{CustomerDetails, Orders, Quotes, Threads};
use serde_json::{Value, json};
use touchbook_customers::{Customers, State, summary};
use touchbook_events::{CustomerId, EntrySource, Policies};
use touchbook_projection::Projector;
use touchbook_timeline::{Filter, Timeline};

/// Two touchpoints of each source.
fn script() -> Script {
    let mut script = Script::new();
    let social = json!({ "platform": "instagram", "interaction_type": "mention" });
    let step = json!({ "outcome": "contacted" });
    for day in 1..3 {
        for (hour, kind, data) in [
            (10, "call.started", json!({ "direction": "inbound" })),
            (11, "email.received", json!({ "subject": "Hello" })),
            (12, "sms.sent", json!({ "body": "Hi" })),
            (13, "chat.received", json!({ "body": "Hi" })),
            (14, "quote.updated", json!({ "status": "active" })),
            (15, "social.received", social.clone()),
            (16, "order.updated", order("Complete", "10")),
            (17, "interaction.logged", json!({ "type": "call" })),
            (18, "interaction.completed", step.clone()),
        ] {
            let subject = format!("{}/jane:{hour}{day}", kind.split('.').next().unwrap());
            script.send(&format!("01-{day:02} {hour}:00:00"), kind, &subject, data);
        }
    }
    script
}

fn details(script: &Script, each_max: usize) -> Value {
    let (policies, now) = (Policies::default(), at("01-31 00:00:00"));
    let (mut customer, mut timeline) = (State::default(), touchbook_timeline::State::default());
    let (mut threads, mut quotes, mut orders) =
        (Threads::default(), Quotes::default(), Orders::default());
    for record in &script.slice() {
        Customers::apply(&mut customer, record);
        Timeline::apply(&mut timeline, record);
        threads.take(record);
        quotes.take(record);
        orders.take(record);
    }
    shown(CustomerDetails {
        profile: summary(CustomerId::NIL, &customer, &policies, now),
        entries: EntriesBySource::group(timeline.entries(&Filter::default()), each_max),
        email_threads: threads.page(each_max, None),
        quote_sessions: quotes.page(each_max, None),
        order_history: orders.page(each_max, None, &policies),
    })
}

const GROUPS: [&str; 8] = [
    "calls", "emails", "sms", "chats", "socials", "orders", "manual", "workflow",
];

/// S1-042: one object with all sources and the profile.
#[test]
fn details_have_every_source_and_the_profile() {
    let details = details(&script(), 100);
    assert_eq!(details["profile"]["interaction_count"], 18);
    for (group, source) in GROUPS.iter().zip(EntrySource::built_in()) {
        let entries = details[group].as_array().unwrap();
        let wanted = if *group == "chats" { 4 } else { 2 };
        assert_eq!(entries.len(), wanted, "{group}");
        assert!(
            entries
                .iter()
                .all(|entry| entry["source"] == source.as_str())
        );
        assert_eq!(details["entry_counts"][source.as_str()], wanted);
    }
    assert_eq!(
        details["email_threads"]["items"].as_array().map(Vec::len),
        Some(2)
    );
    assert_eq!(details["quote_sessions"]["items"][0]["status"], "active");
    let orders = &details["order_history"];
    assert_eq!(orders["items"][0]["ltv"][0]["amount"], "10.00");
    assert_eq!(orders["next_cursor"], Value::Null);
}

#[test]
fn each_source_shows_its_newest_and_says_how_many_there_are() {
    let details = details(&script(), 1);
    assert_eq!(details["calls"][0]["entry_id"], "call/jane:102");
    assert_eq!(details["calls"].as_array().map(Vec::len), Some(1));
    assert_eq!(details["entry_counts"]["call"], 2);
    assert!(details["order_history"]["next_cursor"].is_string());
}

/// S1-120: all sources together, by date, are the rows of the timeline.
#[test]
fn the_groups_together_are_the_timeline() {
    let script = script();
    let mut timeline = touchbook_timeline::State::default();
    let slice = script.slice();
    slice
        .iter()
        .for_each(|record| Timeline::apply(&mut timeline, record));
    let page = timeline.page(&Filter::default(), 500, None);
    let details = details(&script, 100);
    let groups = GROUPS
        .iter()
        .map(|group| details[group].as_array().unwrap());
    let mut rows: Vec<Value> = groups.flatten().cloned().collect();
    rows.sort_by_key(|row| {
        let place = (
            row["occurred_at"].as_str().unwrap().to_owned(),
            row["position"].as_u64(),
        );
        std::cmp::Reverse(place)
    });
    assert_eq!(Value::Array(rows), shown(&page.entries));
}
