//! What was known, and what was true (design idea 5).

use super::*;

const JANE: &str = "/api/v1/customers/external_id:shop:jane";

impl Service {
    async fn body(&self, path: &str) -> Value {
        let answer = self.get(path).await;
        assert_eq!(answer.status, 200, "{path}: {:?}", answer.body);
        answer.body
    }
}

fn at(id: &str, time: &str, status: &str) -> Value {
    let mut event = order(id, "jane", json!({"status": status, "ordered_at": time}));
    event["time"] = json!(time);
    event["id"] = json!(format!("{id}-{status}"));
    event
}

/// Peers §4 no. 3: the answer of then, at every position, whatever came later.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_answered_at_a_position_is_answered_for_it_for_ever() {
    let service = Service::start().await;
    let mut live = Vec::new();
    let steps = [
        at("1", "2024-03-01T10:00:00Z", "Pending"),
        at("2", "2024-02-01T10:00:00Z", "Complete"),
        at("1", "2024-03-02T10:00:00Z", "Complete"),
        at("1", "2024-03-03T10:00:00Z", "Refunded"),
    ];
    for step in &steps {
        let position = service.stored(step).await;
        live.push(position);
    }
    service
        .set_policy("counted_order_statuses", json!(["Refunded"]))
        .await;
    let note = json!({"status": "vip"}).to_string();
    let request =
        Request::put(format!("{JANE}/status?")).header("content-type", "application/json");
    service
        .body(&format!("{JANE}?min_position={}", live[3]))
        .await;
    service.send(request.body(note.into()).unwrap()).await;

    for (position, status, ltv) in [
        (live[0], "Pending", json!([])),
        (
            live[1],
            "Pending",
            json!([{"currency": "USD", "amount": "10.00"}]),
        ),
        (
            live[2],
            "Complete",
            json!([{"currency": "USD", "amount": "20.00"}]),
        ),
        (
            live[3],
            "Refunded",
            json!([{"currency": "USD", "amount": "10.00"}]),
        ),
    ] {
        let then = service.body(&format!("{JANE}?known_at={position}")).await;
        assert_eq!(
            (&then["ltv"], &then["status_is_manual"]),
            (&ltv, &json!(false)),
            "{position}"
        );
        let page = service
            .body(&format!("{JANE}/timeline?known_at={position}"))
            .await;
        let items = page["items"].as_array().unwrap();
        let order = items
            .iter()
            .find(|entry| entry["entry_id"] == "order/1")
            .unwrap();
        assert_eq!(order["details"]["status"], status, "{position}: {order}");
    }
    let ahead = service.get(&format!("{JANE}?known_at=1000")).await;
    assert_eq!(ahead.problem(), (400, "position_ahead"));
    let before = service.get(&format!("{JANE}?known_at=1")).await;
    assert_eq!(before.problem(), (404, "not_found"));
}

/// The same records as answered live, where nothing was left out.
#[tokio::test(flavor = "multi_thread")]
async fn the_present_is_the_past_up_to_the_head() {
    let service = Service::start().await;
    service
        .stored(&at("1", "2024-03-01T10:00:00Z", "Complete"))
        .await;
    let head = service
        .stored(&at("2", "2024-04-01T10:00:00Z", "Complete"))
        .await;
    for path in [JANE.to_owned(), format!("{JANE}/timeline")] {
        let now = service.body(&format!("{path}?min_position={head}")).await;
        assert_eq!(
            service.body(&format!("{path}?known_at={head}")).await,
            now,
            "{path}"
        );
        assert_eq!(
            service.body(&format!("{path}?as_of=2024-06-01")).await,
            now,
            "{path}"
        );
    }
}

/// A late event changes what was true, and not what was known.
#[tokio::test(flavor = "multi_thread")]
async fn what_happened_later_is_not_in_what_was_true_then() {
    let service = Service::start().await;
    let known = service
        .stored(&at("1", "2024-03-01T10:00:00Z", "Complete"))
        .await;
    service
        .stored(&at("2", "2024-04-01T10:00:00Z", "Complete"))
        .await;
    let late = service
        .stored(&at("3", "2024-02-01T10:00:00Z", "Complete"))
        .await;
    service.body(&format!("{JANE}?min_position={late}")).await;
    let count = async |query: &str| {
        let customer = service.body(&format!("{JANE}?{query}")).await;
        customer["order_count"].as_u64().unwrap()
    };
    assert_eq!(
        count("as_of=2024-03-15").await,
        2,
        "the late one belongs there"
    );
    assert_eq!(
        count(&format!("as_of=2024-03-15&known_at={known}")).await,
        1
    );
    assert_eq!(count("as_of=2024-02-15").await, 1);
    let nothing = service.get(&format!("{JANE}?as_of=2023-01-01")).await;
    assert_eq!(nothing.problem(), (404, "not_found"));
}
