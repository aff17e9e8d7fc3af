//! Real input: the 69,659 orders of CDNOW's customers, through a real NATS server.

use crate::load;
use crate::root;
use crate::service::{Service, TENANT};
use async_nats::jetstream::Context;
use rand::SeedableRng;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use serde_json::Value;
use std::collections::{BTreeMap, VecDeque};
use touchbook_testkit::{Nats, eventually};

const ORDERS: usize = 69_659;
const CUSTOMERS: usize = 23_570;
const TOTAL_CENTS: u64 = 250_031_563;
/// Customer, LTV, orders.
const TOP: [(&str, &str, u64); 10] = [
    ("07592", "13990.93", 201),
    ("14048", "8976.33", 217),
    ("07983", "6973.07", 149),
    ("19339", "6552.70", 56),
    ("07931", "6497.18", 62),
    ("06569", "4968.00", 42),
    ("22279", "4490.64", 13),
    ("00499", "4378.55", 110),
    ("03049", "4262.85", 117),
    ("15162", "4234.45", 32),
];
/// Publishes that wait for the server's acknowledgement at once.
const IN_FLIGHT: usize = 512;

/// 255 rows equal another row and are real purchases, so the order id is the line number (C30).
fn orders() -> Vec<String> {
    let path = root().join(".cache/cdnow/CDNOW_master.txt");
    let text = std::fs::read_to_string(&path)
        .unwrap_or_else(|error| panic!("{}: {error}; run `cargo xtask orders`", path.display()));
    let orders: Vec<String> = (1..)
        .zip(text.lines())
        .map(|(line, row)| (line, row.split_whitespace().collect::<Vec<_>>()))
        .filter(|(_, row)| row.len() == 4 && row[1] != "date")
        .map(|(line, row)| order(line, &row))
        .collect();
    assert_eq!(orders.len(), ORDERS);
    orders
}

fn order(line: usize, row: &[&str]) -> String {
    let [customer, date, compact_discs, dollars] = row else {
        panic!("four columns: {row:?}")
    };
    let (year, month, day) = (&date[..4], &date[4..6], &date[6..]);
    format!(
        r#"{{"specversion":"1.0","id":"{line}","source":"cdnow","type":"order.updated","time":"{year}-{month}-{day}T00:00:00Z","subject":"order/cdnow:{line}","data":{{"customer":{{"external_id":"cdnow:{customer}"}},"order_id":"cdnow:{line}","status":"Complete","total":{{"amount":"{dollars}","currency":"USD"}},"ordered_at":"{year}-{month}-{day}T00:00:00Z","compact_discs":{compact_discs}}}}}"#
    )
}

/// Shuffled, and every tenth sent twice, without `Nats-Msg-Id`: the ledger's own check is tested.
fn shuffled_with_repeats(orders: &[String]) -> Vec<String> {
    let mut sent = orders.to_vec();
    sent.extend(orders.iter().step_by(10).cloned());
    sent.shuffle(&mut StdRng::seed_from_u64(1997));
    sent
}

/// Each in a message of its own.
async fn publish_singles(context: &Context, orders: &[String]) {
    let mut waiting = VecDeque::new();
    for order in orders {
        let subject = format!("touchbook.events.{TENANT}.order.updated");
        let sent = context.publish(subject, order.clone().into()).await;
        waiting.push_back(sent.unwrap());
        if waiting.len() >= IN_FLIGHT {
            waiting.pop_front().unwrap().await.unwrap();
        }
    }
    for acknowledged in waiting {
        acknowledged.await.unwrap();
    }
}

/// Every customer's summary by external id, without what differs from ledger to ledger.
async fn summaries(service: &Service) -> BTreeMap<String, Value> {
    let mut found = BTreeMap::new();
    let mut cursor = String::new();
    loop {
        let page = service
            .json(&format!("/api/v1/customers?view=top&limit=500{cursor}"))
            .await;
        for mut customer in page["items"].as_array().unwrap().iter().cloned() {
            let external_id = external_id(&customer);
            customer.as_object_mut().unwrap().remove("customer_id");
            found.insert(external_id, customer);
        }
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return found,
        }
    }
}

fn external_id(customer: &Value) -> String {
    let identifiers = customer["identifiers"].as_array().unwrap();
    let of_kind = |one: &&Value| one["kind"] == "external_id";
    identifiers.iter().find(of_kind).unwrap()["value"]
        .as_str()
        .unwrap()
        .to_owned()
}

fn dollars(customer: &Value) -> &str {
    assert_eq!(customer["ltv"][0]["currency"], "USD");
    customer["ltv"][0]["amount"].as_str().unwrap()
}

fn cents(amount: &str) -> u64 {
    let (whole, fraction) = amount.split_once('.').unwrap_or((amount, ""));
    format!("{whole}{fraction:0<2}").parse().unwrap()
}

/// A service on a server of its own, and a producer that may send to it.
async fn service() -> (Nats, Service, Context) {
    let nats = Nats::start();
    let service = Service::start_with(&["--stream", &nats.url()]);
    // The tenant must be there before a producer may send to it.
    service.json("/api/v1/customers?view=recent").await;
    let producer = load::producer(&nats).await;
    (nats, service, producer)
}

/// The summaries once every order is applied.
async fn ingested(service: &Service) -> BTreeMap<String, Value> {
    eventually("every order is applied", || async {
        let (count, lag) = progress(service).await;
        count >= ORDERS as u64 && lag == 0
    })
    .await;
    check_top(service).await;
    summaries(service).await
}

/// Customers' records: one for each order, one for each new customer; and the lag behind them.
async fn progress(service: &Service) -> (u64, u64) {
    let projections = service.json("/api/v1/projections").await;
    let items = projections["items"].as_array().unwrap();
    let lag = items
        .iter()
        .map(|one| one["lag"].as_u64().unwrap())
        .max()
        .unwrap();
    let applied = items
        .iter()
        .map(|one| one["applied"].as_u64().unwrap())
        .min()
        .unwrap();
    (applied.saturating_sub(1 + CUSTOMERS as u64), lag)
}

async fn check_top(service: &Service) {
    let top = service.json("/api/v1/customers?view=top&limit=10").await;
    let items = top["items"].as_array().unwrap();
    for (customer, (id, ltv, orders)) in items.iter().zip(TOP) {
        assert_eq!(external_id(customer), format!("cdnow:{id}"));
        assert_eq!(
            (dollars(customer), &customer["order_count"]),
            (ltv, &Value::from(orders))
        );
    }
}

/// S1-013, S1-029, S1-040, S1-049, C9, C30: the order of arrival and repeats change no summary.
#[tokio::test(flavor = "multi_thread")]
async fn real_orders_give_the_same_summaries_in_file_order_and_shuffled() {
    let orders = orders();
    let (_nats, one, producer) = service().await;
    load::publish_batches(&producer, &orders).await;
    let in_order = ingested(&one).await;
    assert_eq!(in_order.len(), CUSTOMERS);
    let total: u64 = in_order
        .values()
        .map(|customer| cents(dollars(customer)))
        .sum();
    assert_eq!(total, TOTAL_CENTS);
    let (_nats, other, producer) = service().await;
    publish_singles(&producer, &shuffled_with_repeats(&orders)).await;
    let shuffled = ingested(&other).await;
    for (customer, summary) in &in_order {
        assert_eq!(shuffled.get(customer), Some(summary), "{customer}");
    }
    assert_eq!(shuffled.len(), CUSTOMERS);
}
