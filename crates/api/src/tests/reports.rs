//! Reports over all customers.

use super::views::event;
use super::*;
use crate::limits::REPORTS_WAITING_MAX;
use crate::routes::reports::Groups;
use touchbook_projection::Slices;

const REPORT: &str = "/api/v1/reports/agents";

impl Service {
    /// Alex talked twice with Jane and once with Joe, Bo once with Joe, 90 seconds each.
    async fn with_calls() -> (Self, u64) {
        let service = Self::start().await;
        let mut head = 0;
        for (number, (agent, day, customer)) in (0..).zip([
            ("alex", "05-06", "jane"),
            ("alex", "05-07", "jane"),
            ("alex", "05-14", "joe"),
            ("bo", "05-14", "joe"),
        ]) {
            let id = format!("c-{number}");
            let customer = json!({"email": format!("{customer}@example.com")});
            let started = json!({"customer": customer, "agent_id": agent, "call_id": id});
            let ended = json!({"duration_seconds": 90, "call_id": id});
            for (kind, data) in [("call.started", started), ("call.ended", ended)] {
                let time = format!("2024-{day}T10:00:00Z");
                head = service
                    .stored(&event(&format!("{kind}-{number}"), kind, &time, data))
                    .await;
            }
        }
        (service, head)
    }
}

fn row(what: &str, calls: u64, customers: u64) -> (String, Value, Value) {
    (what.to_owned(), json!(calls), json!(customers))
}

fn rows(report: &Value) -> Vec<(String, Value, Value)> {
    let items = report["items"].as_array().unwrap().iter();
    let rows = items.map(|row| {
        let [agent, day] = ["agent_id", "begins_on"].map(|name| row[name].as_str().unwrap());
        (
            format!("{agent} {day}"),
            row["call_count"].clone(),
            row["customer_count"].clone(),
        )
    });
    rows.collect()
}

/// S0-055.
#[tokio::test(flavor = "multi_thread")]
async fn what_agents_did_is_reported_by_period() {
    let (service, head) = Service::with_calls().await;
    let report = async |query: &str| {
        let path = format!("{REPORT}?min_position={head}&{query}");
        service.view(&path).await
    };
    let weeks = report("period=week").await;
    assert_eq!(
        rows(&weeks),
        [
            row("alex 2024-05-06", 2, 1),
            row("alex 2024-05-13", 1, 1),
            row("bo 2024-05-13", 1, 1),
        ]
    );
    assert_eq!(weeks["items"][0]["call_minutes"], 3);
    let months = report("period=month&from=2024-05-07&to=2024-05-14").await;
    assert_eq!(
        rows(&months),
        [row("alex 2024-05-01", 2, 2), row("bo 2024-05-01", 1, 1)]
    );
    let first = report("limit=3").await;
    assert_eq!(rows(&first).len(), 3);
    let cursor = first["next_cursor"].as_str().unwrap();
    let last = report(&format!("limit=3&cursor={cursor}")).await;
    assert_eq!(
        (rows(&last), &last["next_cursor"]),
        (vec![row("bo 2024-05-14", 1, 1)], &json!(null))
    );
    for query in ["period=year", "from=1990-01-01", "cursor=x", "limit=0"] {
        let refused = service.get(&format!("{REPORT}?{query}")).await;
        assert_eq!(refused.problem(), (400, "invalid_parameter"), "{query}");
    }
}

/// A merge takes nothing from the counts, and makes two customers one.
#[tokio::test(flavor = "multi_thread")]
async fn merged_customers_are_reported_as_one() {
    let (service, head) = Service::with_calls().await;
    let months = format!("{REPORT}?period=month&min_position=");
    let before = service.view(&format!("{months}{head}")).await;
    assert_eq!(
        rows(&before),
        [row("alex 2024-05-01", 3, 2), row("bo 2024-05-01", 1, 1)]
    );
    service
        .view(&format!(
            "/api/v1/customers/joe@example.com?min_position={head}"
        ))
        .await;
    let merge = json!({"members": ["joe@example.com"]}).to_string();
    let jane = "/api/v1/customers/jane@example.com/merge";
    let merge = service.post(jane, "application/json", merge).await;
    assert_eq!(merge.status, 200, "{:?}", merge.body);
    let position = &merge.body["position"];
    let after = service.view(&format!("{months}{position}")).await;
    assert_eq!(
        rows(&after),
        [row("alex 2024-05-01", 3, 1), row("bo 2024-05-01", 1, 1)]
    );
}

/// Others' reports don't wait behind as many as one tenant likes.
#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_waits_for_few_reports_at_a_time() {
    let service = Service::start().await;
    service.stored(&order("1", "zoe", json!({}))).await;
    let tenant = service.api.engine().tenant("default").unwrap();
    let turns: Vec<_> = std::iter::from_fn(|| service.api.report(&tenant).ok()).collect();
    assert_eq!(turns.len(), REPORTS_WAITING_MAX);
    let refused = service.get("/api/v1/reports/agents").await;
    assert_eq!(refused.problem(), (429, "too_many_requests"));
    drop(turns);
    assert_eq!(service.get("/api/v1/reports/agents").await.status, 200);
}

/// A report that is made while an import is undone is answered: what is taken back counts nobody
/// twice.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_retracted_meanwhile_holds_no_report_up() {
    let (service, head) = Service::with_calls().await;
    let tenant = service.api.engine().tenant("default").unwrap();
    let moves: [fn(&Slices) -> u64; 2] = [Slices::moved_at, Slices::regrouped_at];
    let groups = moves.map(|last_move| {
        let (calls, timeline) = (tenant.projection(), tenant.projection());
        Groups::new(calls.unwrap(), timeline.unwrap(), last_move)
    });
    let report = async |position: u64| {
        service
            .view(&format!("{REPORT}?min_position={position}&from=2024-05-01"))
            .await
    };
    report(head).await;
    let stand = || groups.each_ref().map(|groups| groups.changed_at());
    let before = stand();
    let still = || {
        let same = groups
            .each_ref()
            .map(|groups| groups.as_of(before[0], || ()));
        same.map(|same| same.is_some())
    };
    let data = json!({"positions": [head]});
    let retracted = event(
        "takes-back",
        "event.retracted",
        "2024-05-20T10:00:00Z",
        data,
    );
    let retracted = service.stored(&retracted).await;
    report(retracted).await;
    assert_eq!(still(), [true, true]);

    let bo = service.view("/api/v1/customers/joe@example.com").await["customer_id"].clone();
    let subject = tenant.key().subject("call/c-0");
    let data = json!({"subject": subject, "to": bo});
    let assigned = event("gives", "subject.assigned", "2024-05-20T10:00:00Z", data);
    let assigned = service.stored(&assigned).await;
    report(assigned).await;
    assert_eq!(still(), [false, true]);

    let merge = json!({"members": ["joe@example.com"]}).to_string();
    let jane = "/api/v1/customers/jane@example.com/merge";
    let merge = service.post(jane, "application/json", merge).await;
    report(merge.body["position"].as_u64().unwrap()).await;
    assert_eq!(still(), [false, false]);
}
