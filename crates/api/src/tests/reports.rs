//! Reports over all customers.

use super::views::event;
use super::*;

/// S0-055.
#[tokio::test(flavor = "multi_thread")]
async fn what_agents_did_is_reported_by_period() {
    let service = Service::start().await;
    let mut head = 0;
    for (number, (agent, day, customer)) in (0..).zip([
        ("alex", "05-06", "jane"),
        ("alex", "05-07", "jane"),
        ("alex", "05-14", "joe"),
        ("bo", "05-14", "joe"),
    ]) {
        let call = json!({"call_id": format!("c-{number}")});
        let email = format!("{customer}@example.com");
        let mut started = json!({"customer": {"email": email}, "agent_id": agent});
        started["call_id"] = call["call_id"].clone();
        let mut ended = json!({"duration_seconds": 90});
        ended["call_id"] = call["call_id"].clone();
        for (kind, data) in [("call.started", started), ("call.ended", ended)] {
            let time = format!("2024-{day}T10:00:00Z");
            head = service
                .stored(&event(&format!("{kind}-{number}"), kind, &time, data))
                .await;
        }
    }
    let report = async |query: &str| {
        let path = format!("/api/v1/reports/agents?min_position={head}&{query}");
        let answer = service.view(&path).await;
        let items = answer["items"].as_array().unwrap().iter();
        let rows = items.map(|row| {
            let [agent, day] = ["agent_id", "begins_on"].map(|name| row[name].as_str().unwrap());
            (
                format!("{agent} {day}"),
                row["call_count"].clone(),
                row["customer_count"].clone(),
            )
        });
        (rows.collect::<Vec<_>>(), answer)
    };
    let row =
        |what: &str, calls: u64, customers: u64| (what.to_owned(), json!(calls), json!(customers));
    let (weeks, answer) = report("period=week").await;
    assert_eq!(
        weeks,
        [
            row("alex 2024-05-06", 2, 1),
            row("alex 2024-05-13", 1, 1),
            row("bo 2024-05-13", 1, 1),
        ]
    );
    assert_eq!(answer["items"][0]["call_minutes"], 3);
    let (months, _) = report("period=month&from=2024-05-07&to=2024-05-14").await;
    assert_eq!(
        months,
        [row("alex 2024-05-01", 2, 2), row("bo 2024-05-01", 1, 1)]
    );
    let (days, first) = report("limit=3").await;
    assert_eq!(days.len(), 3);
    let cursor = first["next_cursor"].as_str().unwrap();
    let (rest, last) = report(&format!("limit=3&cursor={cursor}")).await;
    assert_eq!(
        (rest, &last["next_cursor"]),
        (vec![row("bo 2024-05-14", 1, 1)], &json!(null))
    );

    let merge = json!({"members": ["joe@example.com"]}).to_string();
    let merge = service
        .post(
            "/api/v1/customers/jane@example.com/merge",
            "application/json",
            merge,
        )
        .await;
    let merged = format!("period=month&min_position={}", merge.body["position"]);
    let answer = service
        .view(&format!("/api/v1/reports/agents?{merged}"))
        .await;
    assert_eq!(answer["items"][0]["customer_count"], 1, "{answer}");
    assert_eq!(answer["items"][0]["call_count"], 3);
    for query in ["period=year", "from=1990-01-01", "cursor=x", "limit=0"] {
        let refused = service
            .get(&format!("/api/v1/reports/agents?{query}"))
            .await;
        assert_eq!(refused.problem(), (400, "invalid_parameter"), "{query}");
    }
}
