//! Document 000's promises of summaries: they follow the events, all of them, by themselves.

use super::{Mission, success};
use crate::service::Service;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fs;

/// More than a batch of a rebuild has.
const LOGS: u64 = 3_000;
const CUSTOMERS: u64 = 60;
const TOTALS: [&str; 3] = ["total_agent_calls", "total_agent_emails", "total_agent_sms"];

/// An entry of an agent's log, as a line of NDJSON.
fn logged(number: u64) -> String {
    let customer = number % CUSTOMERS;
    let (minute, second) = (number / 60 % 60, number % 60);
    let event = |kind: &str, data: Value| {
        json!({
            "specversion": "1.0", "id": number.to_string(), "source": "agents", "type": kind,
            "time": format!("2024-05-{:02}T10:{minute:02}:{second:02}Z", 1 + number % 28),
            "data": data,
        })
    };
    let customer = json!({"external_id": format!("crm:{customer}")});
    let event = match number % 3 {
        0 => event(
            "call.ended",
            json!({"call_id": format!("c{number}"), "duration_seconds": 45}),
        ),
        1 => event("sms.sent", json!({"customer": customer, "body": "Hello"})),
        _ => event(
            "email.sent",
            json!({"customer": customer, "subject": "Hello", "body": "…"}),
        ),
    };
    // A call has to begin before it can end, and says whose it is.
    let begun = number.is_multiple_of(3).then(|| {
        json!({
            "specversion": "1.0", "id": format!("{number}-begun"), "source": "agents",
            "type": "call.started", "time": event["time"],
            "data": {"customer": customer, "call_id": format!("c{number}"), "agent_id": "alex",
                     "direction": "outbound"},
        })
    });
    let lines = begun.into_iter().chain([event]);
    lines.map(|event| format!("{event}\n")).collect()
}

/// What the logs come to for a customer, counted by hand.
fn counted(customer: u64) -> [u64; 3] {
    let mut counts = [0; 3];
    for number in (0..LOGS).filter(|number| number % CUSTOMERS == customer) {
        counts[[0, 2, 1][number as usize % 3]] += 1;
    }
    counts
}

async fn summaries(service: &Service) -> Vec<Value> {
    service.caught_up().await;
    let mut all = Vec::new();
    for customer in 0..CUSTOMERS {
        let path = format!("/api/v1/customers/external_id:crm%3A{customer}");
        all.push(service.json(&path).await);
    }
    all
}

fn check(summaries: &[Value]) {
    for (customer, summary) in (0..).zip(summaries) {
        let [calls, emails, sms] = counted(customer);
        assert_eq!(
            TOTALS.map(|field| &summary[field]),
            [&json!(calls), &json!(emails), &json!(sms)],
            "{summary}"
        );
        let minutes = summary["agent_call_duration_total"].as_f64().unwrap();
        assert_eq!(minutes, calls as f64 * 0.75, "{summary}");
    }
}

/// S0-012, S0-013, S0-014; S0-056, migration: the numbers of a ledger whose projections are gone,
/// or whose rebuild was killed on its way, are those of the events, without anybody's help.
#[tokio::test(flavor = "multi_thread")]
async fn summaries_are_made_of_old_logs_and_never_count_twice() {
    let mut service = Service::start();
    let numbers: Vec<u64> = (0..LOGS).collect();
    for part in numbers.chunks(500) {
        let lines = part.iter().map(|number| logged(*number)).collect();
        let stored = service.post_lines(lines).await.unwrap();
        success("logs", stored).await;
    }
    let live = summaries(&service).await;
    check(&live);

    service.terminate();
    let snapshots = service.data_dir().join("snapshots");
    fs::remove_dir_all(&snapshots).unwrap();
    service.restart();
    assert_eq!(summaries(&service).await, live, "nothing but the ledger");

    let job = service
        .accepted("/api/v1/projections/customers/rebuild")
        .await;
    assert!(job["id"].is_string(), "{job}");
    service.kill();
    service.restart();
    assert_eq!(summaries(&service).await, live, "killed on its way");
    let job = service
        .run_job("/api/v1/projections/customers/rebuild")
        .await;
    assert_eq!(
        (&job["state"], &job["done"]),
        (&json!("succeeded"), &job["total"]),
        "its progress: {job}"
    );
    assert_eq!(summaries(&service).await, live, "as often as one likes");
}

/// S0-011, S0-047; S0-056, trigger: who wrote reads it at once, and folding again changes nothing
/// and writes nothing.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_written_is_read_at_once() {
    let service = Service::start();
    let path = "/api/v1/customers/external_id:crm%3A1";
    for number in 0..20 {
        let sms = json!({
            "specversion": "1.0", "id": number.to_string(), "source": "agents", "type": "sms.sent",
            "time": "2024-05-01T10:00:00Z",
            "data": {"customer": {"external_id": "crm:1"}, "body": "Hello"},
        });
        let position = service.post_one(sms.to_string()).await.unwrap();
        let summary = service
            .json(&format!("{path}?min_position={position}"))
            .await;
        assert_eq!(summary["total_agent_sms"], json!(number + 1), "{summary}");
    }
    let head = service.records().await.len();
    let refreshed = service.accepted(&format!("{path}/refresh")).await;
    assert_eq!(refreshed["drift"], 0, "{refreshed}");
    assert_eq!(service.records().await.len(), head);
}

/// S0-053: one SMS changes what is about it, and nothing else of its customer.
#[tokio::test(flavor = "multi_thread")]
async fn an_sms_changes_only_what_is_about_it() {
    let service = Service::start();
    for number in 0..6 {
        let stored = service
            .post_lines(logged(number * CUSTOMERS))
            .await
            .unwrap();
        success("log", stored).await;
    }
    service.caught_up().await;
    let path = "/api/v1/customers/external_id:crm%3A0";
    let before = service.json(path).await;
    let sms = json!({
        "specversion": "1.0", "id": "new", "source": "agents", "type": "sms.sent",
        "time": "2024-06-01T10:00:00Z",
        "data": {"customer": {"external_id": "crm:0"}, "body": "12:30"},
    });
    let position = service.post_one(sms.to_string()).await.unwrap();
    let after = service
        .json(&format!("{path}?min_position={position}"))
        .await;
    let changed: BTreeSet<&str> = before
        .as_object()
        .unwrap()
        .iter()
        .filter(|(name, value)| after[name.as_str()] != **value)
        .map(|(name, _)| name.as_str())
        .collect();
    let expected = [
        "total_agent_sms",
        "last_agent_interaction_type",
        "last_agent_interaction_date",
        "interaction_count",
        "last_interaction_at",
    ];
    assert_eq!(changed, BTreeSet::from(expected));
}

/// S1-114, S1-115, S1-116, S1-117, S1-118, S1-119, S1-121, S1-122, S1-123, S1-124, S1-125, S1-126,
/// S1-127, S1-128: what the documents keep in tables are projections here: each is listed with its
/// position, and what it answers is the same when it is folded again.
#[tokio::test(flavor = "multi_thread")]
async fn what_the_documents_keep_in_tables_is_folded_again_to_the_same() {
    let mission = Mission::start();
    mission.bring_everything().await;
    let answers = || async {
        let mut answers = Vec::new();
        for customer in [
            "john@example.com",
            "customer@example.com",
            "jane@example.com",
        ] {
            for part in [
                "",
                "/timeline",
                "/threads",
                "/quotes",
                "/orders",
                "/insights",
            ] {
                let path = format!("/api/v1/customers/{customer}{part}");
                answers.push((path.clone(), mission.get(&path).await));
            }
        }
        answers.push((
            "calls".to_owned(),
            mission.get("/api/v1/calls/call_42").await,
        ));
        answers
    };
    let live = answers().await;
    let listed = mission.get("/api/v1/projections").await;
    for projection in listed["items"].as_array().unwrap() {
        assert!(projection["applied"].as_u64() > Some(0), "{projection}");
        let name = projection["name"].as_str().unwrap();
        let path = format!("/api/v1/projections/{name}/rebuild");
        let begun = mission.post(&path, &mission.key, "").await;
        assert!(begun.status().is_success(), "{name}: {begun:?}");
        let job: Value = begun.json().await.unwrap();
        let path = format!("/api/v1/jobs/{}", job["id"].as_str().unwrap());
        touchbook_testkit::eventually(format!("{name} is rebuilt"), || async {
            mission.get(&path).await["state"] == "succeeded"
        })
        .await;
    }
    assert_eq!(answers().await, live);
}
