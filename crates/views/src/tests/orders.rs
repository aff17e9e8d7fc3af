//! A customer's orders after a script.

use super::script::{Asked, Script, order, shown};
use crate::Orders;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};
use touchbook_customers::{Customers, State, summary};
use touchbook_events::{CustomerId, Policies, Timestamp};
use touchbook_projection::Projector;

fn orders(script: &Script) -> Orders {
    let mut orders = Orders::default();
    script.slice().iter().for_each(|record| orders.take(record));
    orders
}

fn rows(script: &Script) -> Value {
    shown(orders(script).page(100, None, &Policies::default()).items)
}

fn statuses(row: &Value) -> Vec<&str> {
    let history = row["status_history"].as_array().unwrap();
    history
        .iter()
        .map(|change| change["status"].as_str().unwrap())
        .collect()
}

/// S1-012, S1-045: an order with its revisions, what went back, and what it is worth.
#[test]
fn an_order_shows_its_history_and_what_it_is_worth() {
    let mut script = Script::new();
    let placed = json!({
        "order_id": "12345",
        "status": "Pending",
        "total": { "amount": 1299.99, "currency": "ZAR" },
        "items": [{ "product_id": 9_007_199_254_740_993_u64, "quantity": 1 }],
        "payment_method": "Credit Card",
        "shipping_address": { "city": "Cape Town" },
        "ordered_at": "2024-01-15T10:30:00Z",
        "updated_at": "2024-01-15T10:30:00Z",
    });
    let kind = "order.updated";
    script.send("01-15 10:31:00", kind, "order/jane:12345", placed);
    let complete = json!({
        "status": "Complete",
        "shipping_method": "Courier",
        "updated_at": "2024-01-17T09:00:00Z",
    });
    script.send("01-17 09:00:01", kind, "order/jane:12345", complete);
    let late = json!({ "status": "Processing", "updated_at": "2024-01-16T08:00:00Z" });
    script.send("01-18 10:00:00", kind, "order/jane:12345", late);
    let refund = json!({
        "refund_id": "R1",
        "amount": { "amount": "99.99", "currency": "ZAR" },
        "reason": "Scratched",
    });
    let kind = "order.refunded";
    script.send("01-20 10:00:00", kind, "order/jane:12345", refund);
    script.send("01-21 10:00:00", "sms.sent", "sms/jane:1", json!({}));
    let rows = rows(&script);
    insta::assert_snapshot!(serde_json::to_string_pretty(&rows).unwrap());
}

/// S1-045: what is learned late of an earlier day becomes history, and never current.
#[test]
fn an_older_revision_that_arrives_late_never_becomes_current() {
    let mut script = Script::new();
    let kind = "order.updated";
    let at = |status: &str, day| {
        let total = json!({ "amount": format!("{day}"), "currency": "ZAR" });
        let updated_at = format!("2024-01-{day}T00:00:00Z");
        json!({ "status": status, "total": total, "updated_at": updated_at })
    };
    script.send("02-01 00:00:00", kind, "order/jane:1", at("Complete", 20));
    script.send("02-02 00:00:00", kind, "order/jane:1", at("Pending", 10));
    script.send("02-03 00:00:00", kind, "order/jane:1", at("Shipped", 15));
    let row = &rows(&script)[0];
    assert_eq!(
        (&row["status"], &row["total"]["amount"]),
        (&json!("Complete"), &json!("20"))
    );
    assert_eq!(row["updated_at"], "2024-01-20T00:00:00Z");
    assert_eq!(statuses(row), ["Pending", "Shipped", "Complete"]);
    assert_eq!(row["status_history"][0]["position"], 2);
    assert_eq!(row["revision_count"], 3);
}

/// S1-013, C9: what counts is a matter of the policies that hold when it is read.
#[test]
fn an_order_counts_while_its_status_does() {
    let mut script = Script::new();
    let kind = "order.updated";
    for (time, subject, status) in [
        ("01-01 00:00:00", "order/jane:1", "Complete"),
        ("01-02 00:00:00", "order/jane:2", "Pending"),
        ("01-03 00:00:00", "order/jane:3", "Complete"),
        ("01-04 00:00:00", "order/jane:3", "Refunded"),
    ] {
        script.send(time, kind, subject, order(status, "100"));
    }
    let back = json!({ "amount": { "amount": "5", "currency": "ZAR" } });
    script.send("01-05 00:00:00", "order.refunded", "order/jane:2", back);
    let orders = orders(&script);
    let worth = |policies: &Policies| -> Vec<Value> {
        let page = orders.page(9, None, policies);
        page.items
            .iter()
            .map(|order| shown((order.is_counted, &order.ltv)))
            .collect()
    };
    let zar = |amount: &str| json!([true, [{ "currency": "ZAR", "amount": amount }]]);
    let not = json!([false, []]);
    let mut policies = Policies::default();
    assert_eq!(worth(&policies), [not.clone(), not.clone(), zar("100.00")]);
    let statistics = json!({
        "order_count": 3,
        "counted_order_count": 1,
        "spent": [{ "currency": "ZAR", "amount": "100.00" }],
        "refunded": [],
        "ltv": [{ "currency": "ZAR", "amount": "100.00" }],
    });
    assert_eq!(shown(orders.statistics(&policies)), statistics);
    let counted = r#"["Pending"]"#;
    policies.set("counted_order_statuses", counted).unwrap();
    assert_eq!(worth(&policies), [not.clone(), zar("95.00"), not]);
}

/// C30: real shops have orders that say the same.
#[test]
fn two_orders_of_equal_content_are_two_orders() {
    let mut script = Script::new();
    for subject in ["order/jane:1", "order/jane:2"] {
        let same = order("Complete", "9.99");
        script.send("01-01 00:00:00", "order.updated", subject, same);
    }
    assert_eq!(rows(&script).as_array().map(Vec::len), Some(2));
}

/// S1-012: as in `order_count`, a refund alone is no order; it is in the order's row once there is
/// one.
#[test]
fn an_order_of_which_only_a_refund_is_known_is_not_listed() {
    let mut script = Script::new();
    let refund = json!({ "refund_id": "R1", "amount": { "amount": "5", "currency": "ZAR" } });
    let kind = "order.refunded";
    script.send("01-02 00:00:00", kind, "order/jane:1", refund);
    assert_eq!(rows(&script), json!([]));
    let placed = order("Complete", "100");
    script.send("01-03 00:00:00", "order.updated", "order/jane:1", placed);
    let row = &rows(&script)[0];
    assert_eq!(row["refunds"][0]["refund_id"], "R1");
    assert_eq!(row["ltv"][0]["amount"], "95.00");
}

/// A merged customer's orders are in the list, a retracted one is not.
#[test]
fn the_slice_says_which_orders_there_are() {
    let mut script = Script::new();
    let kind = "order.updated";
    let one = script.send(
        "01-01 00:00:00",
        kind,
        "order/jane:1",
        order("Complete", "1"),
    );
    script.send(
        "01-02 00:00:00",
        kind,
        "order/joan:2",
        order("Complete", "2"),
    );
    let id = touchbook_projection::driver::Named::id;
    let merged = json!({ "into": id("jane"), "members": [id("joan")] });
    script.send("01-03 00:00:00", "customer.merged", "customer/jane", merged);
    assert_eq!(rows(&script).as_array().map(Vec::len), Some(2));
    let retracted = json!({ "positions": [one] });
    script.send(
        "01-04 00:00:00",
        "event.retracted",
        "event/jane:1",
        retracted,
    );
    let rows = rows(&script);
    assert_eq!(rows.as_array().map(Vec::len), Some(1));
    assert_eq!(rows[0]["entry_id"], "order/joan:2");
}

/// Erased orders keep their numbers.
#[test]
fn numbers_stay_when_the_person_is_erased() {
    let mut script = Script::new();
    let placed = json!({ "order_id": "1", "items": [1], "status": "Complete",
        "total": { "amount": "7", "currency": "ZAR" } });
    script.send("01-01 00:00:00", "order.updated", "order/jane:1", placed);
    let mut orders = Orders::default();
    for mut record in script.slice() {
        record.data.erase();
        record.sent = None;
        orders.take(&record);
    }
    let row = shown(&orders.page(1, None, &Policies::default()).items[0]);
    assert_eq!(row["ltv"][0]["amount"], "7.00");
    for member in ["entry_id", "event_id", "order_id", "items"] {
        assert_eq!(row[member], Value::Null, "{member}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// S1-012, S1-013: orders by themselves and the customer's summary say the same.
    #[test]
    fn what_orders_are_worth_together_is_the_lifetime_value(
        events in prop::collection::vec(
            (0_u8..4, 0_u8..4, 10_u8..28, 0_u32..40, select(vec!["Complete", "Pending"])),
            0..25,
        ),
        currency in select(vec!["ZAR", "USD"]),
    ) {
        let mut script = Script::new();
        for (what, object, day, amount, status) in events {
            let (time, subject) = (format!("01-{day} 00:00:00"), format!("order/jane:{object}"));
            let amount = json!({ "amount": format!("{}.5", amount + 1), "currency": currency });
            let (kind, data) = match what {
                0 => ("order.updated", json!({ "status": status, "total": amount })),
                1 => ("order.updated", json!({ "status": status })),
                2 => ("order.updated", json!({ "total": amount, "status": null })),
                _ => ("order.refunded", json!({ "amount": amount })),
            };
            script.send(&time, kind, &subject, data);
        }
        let (policies, now) = (Policies::default(), Timestamp::from_micros(0));
        let mut state = State::default();
        script.slice().iter().for_each(|record| Customers::apply(&mut state, record));
        let summary = summary(CustomerId::NIL, &state, &policies, now);
        let orders = orders(&script);
        let statistics = orders.statistics(&policies);
        prop_assert_eq!(&statistics.ltv, &summary.ltv);
        prop_assert_eq!(statistics.order_count, summary.order_count);
        let page = orders.page(100, None, &policies);
        prop_assert_eq!(page.items.len() as u64, summary.order_count);
        for order in &page.items {
            let current = order.status_history.last().and_then(|last| last.status.as_deref());
            prop_assert_eq!(order.status, current);
        }
    }
}
