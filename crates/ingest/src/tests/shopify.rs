//! Orders of a Shopify shop.

use super::{accepted, at, subject};
use crate::Event;
use crate::shopify::{self, TOPICS};
use serde_json::{Value, json};

const ORDER: &str = r#"{
  "id": 820982911946154508,
  "admin_graphql_api_id": "gid://shopify/Order/820982911946154508",
  "email": "jon@example.com",
  "phone": null,
  "created_at": "2021-12-31T19:00:00-05:00",
  "updated_at": "2022-01-02T08:00:00-05:00",
  "cancelled_at": null,
  "currency": "USD",
  "total_price": "403.00",
  "financial_status": "paid",
  "fulfillment_status": null,
  "note": null,
  "line_items": [{"id": 866550311766439020, "title": "Speaker", "quantity": 1, "price": "199.00"}],
  "customer": {
    "id": 115310627314723954,
    "email": "john@example.com",
    "phone": "+27123456789",
    "first_name": "John",
    "last_name": "Smith",
    "tags": "vip"
  },
  "shipping_address": {"city": "Ottawa", "country_code": "CA"}
}"#;

fn read(body: &str) -> Event {
    shopify::order(body, None).unwrap()
}

fn with(name: &str, value: Value) -> Event {
    let mut order: Value = serde_json::from_str(ORDER).unwrap();
    order[name] = value;
    read(&order.to_string())
}

#[test]
fn an_order_keeps_its_digits() {
    assert_eq!(TOPICS, ["orders/create", "orders/updated"]);
    let event = read(ORDER);
    accepted(&event);
    assert_eq!(subject(&event), "order/shopify:820982911946154508");
    assert_eq!(
        at(&event, "/customer"),
        json!({
            "external_id": "shopify:115310627314723954", "email": "john@example.com",
            "phone": "+27123456789", "name": "John Smith",
        })
    );
    assert_eq!(
        at(&event, "/total"),
        json!({ "amount": "403.00", "currency": "USD" })
    );
    assert_eq!(at(&event, "/status"), "paid");
    assert!(
        event.data.get().contains("866550311766439020"),
        "{}",
        event.data
    );
    assert_eq!(at(&event, "/ordered_at"), "2021-12-31T19:00:00-05:00");
    assert_eq!(event.time.as_deref(), Some("2022-01-02T08:00:00-05:00"));
    assert_eq!(at(&event, "/shipping_address/city"), "Ottawa");
    assert_eq!(
        at(&event, "/unmapped/customer/tags"),
        "vip",
        "what nothing takes is kept"
    );
    assert_eq!(at(&event, "/financial_status"), "paid");
    let delivered = shopify::order(ORDER, Some("b54557e4")).unwrap();
    assert_eq!(delivered.id.as_deref(), Some("b54557e4"));
}

#[test]
fn a_status_says_what_matters_most() {
    assert_eq!(
        at(&with("fulfillment_status", json!("fulfilled")), "/status"),
        "fulfilled"
    );
    assert_eq!(
        at(&with("financial_status", json!("refunded")), "/status"),
        "refunded"
    );
    let cancelled = with("cancelled_at", json!("2022-01-03T00:00:00Z"));
    assert_eq!(at(&cancelled, "/status"), "cancelled");
    let both = json!({
        "id": 1, "financial_status": "partially_refunded", "fulfillment_status": "fulfilled",
    });
    assert_eq!(
        at(&read(&both.to_string()), "/status"),
        "partially_refunded"
    );
    assert_eq!(at(&read(r#"{"id":1}"#), "/status"), Value::Null);
}

#[test]
fn an_order_without_an_account_is_its_addresses() {
    let event = with("customer", Value::Null);
    assert_eq!(
        at(&event, "/customer"),
        json!({ "email": "jon@example.com" })
    );
    let event = with(
        "customer",
        json!({ "id": 7, "first_name": "Ann", "last_name": null }),
    );
    assert_eq!(
        at(&event, "/customer"),
        json!({
            "external_id": "shopify:7", "email": "jon@example.com", "name": "Ann",
        })
    );
}

#[test]
fn what_is_wrong_is_named() {
    for (name, wrong, pointer) in [
        ("id", json!("gid"), "/id"),
        ("id", Value::Null, "/id"),
        ("total_price", json!("-1"), "/total_price"),
        ("total_price", json!("free"), "/total_price"),
        ("currency", Value::Null, "/currency"),
        ("line_items", json!({}), "/line_items"),
        ("shipping_address", json!("Ottawa"), "/shipping_address"),
        ("created_at", json!("today"), "/created_at"),
        ("updated_at", json!(5), "/updated_at"),
        ("financial_status", json!(5), "/financial_status"),
        ("cancelled_at", json!(true), "/cancelled_at"),
        ("email", json!("jon"), "/email"),
        ("customer", json!("John"), "/customer"),
        ("customer", json!({ "id": true }), "/customer/id"),
        ("customer", json!({ "email": "john" }), "/customer/email"),
    ] {
        let mut order: Value = serde_json::from_str(ORDER).unwrap();
        order[name] = wrong.clone();
        let problem = shopify::order(&order.to_string(), None).unwrap_err();
        assert_eq!(problem.pointer, pointer, "{wrong}: {problem}");
    }
}
