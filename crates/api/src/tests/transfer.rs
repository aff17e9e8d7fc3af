//! Customers as files.

use super::*;
use crate::export::{Export, by_age};
use touchbook_ingest::csv::{Columns, HeaderStyle};

impl Service {
    async fn export(&self, query: &str) -> String {
        let answer = self.get(&format!("/api/v1/customers/export?{query}")).await;
        assert_eq!(answer.status, 200, "{:?}", answer.body);
        assert_eq!(answer.header("content-type"), "text/csv; charset=utf-8");
        answer.body.as_str().unwrap().to_owned()
    }
}

/// One who is merged while a file is written has no row beside that of the other.
#[tokio::test(flavor = "multi_thread")]
async fn who_is_merged_meanwhile_is_exported_once() {
    let service = Service::start().await;
    let mut head = 0;
    for (id, customer) in [("1", "zoe"), ("2", "anna")] {
        head = service.stored(&order(id, customer, json!({}))).await;
    }
    service.export(&format!("min_position={head}")).await;
    let tenant = service.api.engine().tenant("default").unwrap();
    let customers = tenant.projection::<Customers>().unwrap();
    let known = by_age(&customers);
    let [one, other] = known[..] else {
        panic!("{known:?}");
    };
    let merged = json!({
        "specversion": "1.0", "id": "merge", "source": "crm", "type": "customer.merged",
        "data": {"into": one, "members": [other]},
    });
    let head = service.stored(&merged).await;
    let columns = format!("columns=External_ID&min_position={head}");
    let once = service.export(&columns).await;
    assert_eq!(once.lines().count(), 2, "{once}");
    let export = Export {
        columns: Columns::choose(["External_ID"], &[]).unwrap(),
        headers: HeaderStyle::Readable,
        customers,
        policies: Arc::default(),
        now: touchbook_events::Timestamp::from_micros(NOW_MICROS),
    };
    let file = export.write_all(&known, Vec::new()).unwrap();
    assert_eq!(String::from_utf8(file).unwrap(), once);
}

/// S0-031, S0-032, S0-033, S0-034, S0-035, S0-036, S0-037, S0-040, S0-042.
#[tokio::test(flavor = "multi_thread")]
async fn chosen_columns_are_exported_for_everybody_oldest_first() {
    let service = Service::start().await;
    for (id, customer) in [("1", "zoe"), ("2", "anna"), ("3", "mia")] {
        service.stored(&order(id, customer, json!({}))).await;
    }
    let mut position = 0;
    for number in 0..3 {
        let call = json!({
            "specversion": "1.0", "id": format!("call-{number}"), "source": "alex",
            "type": "call.started", "time": format!("2024-05-0{}T10:00:00Z", number + 1),
            "data": {"customer": {"external_id": "shop:anna"}, "agent_id": "alex"},
        });
        position = service.stored(&call).await;
    }
    let columns = "columns=External_ID,Total%20Agent%20Calls,Last_Agent_Call_Date";
    let file = service
        .export(&format!("{columns}&min_position={position}"))
        .await;
    assert_eq!(
        file,
        "External ID,Total Agent Calls,Last Agent Call Date\n\
         shop:zoe,,\nshop:anna,3,2024-05-03T10:00:00Z\nshop:mia,,\n"
    );
    let snake = service
        .export("columns=Total_Agent_Calls&headers=snake")
        .await;
    assert!(snake.starts_with("Total_Agent_Calls\n"), "{snake}");
    let refused = service.get("/api/v1/customers/export?columns=Fax").await;
    assert_eq!(refused.problem(), (400, "invalid_parameter"));
    assert!(refused.body["allowed"].as_array().unwrap().len() > 12);
}

/// S0-022, S0-023.
#[tokio::test(flavor = "multi_thread")]
async fn the_columns_are_described_and_a_sample_has_them() {
    let service = Service::start().await;
    for prefix in ["/api/v1", "/api"] {
        let columns = service
            .get(&format!("{prefix}/customers/import/columns"))
            .await;
        let items = columns.body["items"].as_array().unwrap().clone();
        assert_eq!(
            items.iter().filter(|item| item["group"] == "agent").count(),
            7
        );
        let sample = service
            .get(&format!("{prefix}/customers/import/sample.csv"))
            .await;
        let sample = sample.body.as_str().unwrap();
        for item in items.iter().filter(|item| item["group"] == "agent") {
            assert!(sample.contains(item["name"].as_str().unwrap()), "{item}");
            assert!(
                item["rule"].is_string() && item["example"].is_string(),
                "{item}"
            );
        }
        assert!(sample.lines().count() >= 3);
    }
}

/// S0-041, S0-043: no cell is a formula, custom fields come along, and many pieces make one file.
#[tokio::test(flavor = "multi_thread")]
async fn a_large_file_with_hostile_cells_is_whole() {
    let service = Service::start().await;
    let mut events = Vec::new();
    for number in 0..700 {
        events.push(json!({
            "specversion": "1.0", "id": format!("c-{number}"), "source": "crm",
            "type": "customer.updated",
            "data": {
                "customer": {"external_id": format!("crm:{number:03}")},
                "name": "=HYPERLINK(\"x\")",
                "custom_fields": {"Notes": format!("{}\n\"{number}\"", "x".repeat(300))},
            },
        }));
    }
    let stored = service.events(&Value::Array(events)).await;
    assert_eq!(stored.body["accepted"], 700, "{:?}", stored.body["errors"]);
    let file = service
        .export(&format!("min_position={}", stored.body["position"]))
        .await;
    assert!(
        file.lines().next().unwrap().ends_with(",Notes"),
        "{}",
        &file[..200]
    );
    assert_eq!(file.matches("'=HYPERLINK").count(), 700);
    let first = file.find("crm:000").unwrap();
    assert!(first < file.find("crm:001").unwrap() && file.contains("crm:699"));
    assert!(
        file.ends_with("\"\"699\"\"\"\n"),
        "{}",
        &file[file.len() - 40..]
    );
}
