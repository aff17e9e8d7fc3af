//! Recent, top and search over many customers.

use super::script::{Asked, Script, id, order, person};
use crate::{Customers, Found, Index};
use serde_json::json;
use touchbook_events::{CustomerId, Policies};

fn found(index: &Index, query: &str) -> Vec<CustomerId> {
    let page = index.search(query, &Policies::default(), None, 10);
    page.rows.iter().map(|row| row.customer).collect()
}

/// S1-028, C22: by last interaction; a quote's later activity counts.
#[test]
fn recent_customers_come_first_and_a_page_goes_on_where_the_last_ended() {
    let mut script = Script::new();
    for (day, name) in [("01", "a"), ("03", "b"), ("02", "c"), ("03", "d")] {
        let (time, subject) = (format!("01-{day} 00:00:00"), format!("sms/{name}:1"));
        script.send(&time, "sms.sent", &subject, json!({ "body": "Hi" }));
    }
    let quote = json!({
        "created_at": "2024-01-01T09:00:00Z",
        "last_activity_at": "2024-01-04T09:00:00Z",
    });
    script.send("01-04 10:00:00", "quote.updated", "quote/a:1", quote);
    for name in ["f", "e"] {
        let subject = format!("customer/{name}");
        let silent = person("Silent", None, &[]);
        script.send("01-05 00:00:00", "customer.created", &subject, silent);
    }
    script.index(|index| {
        let names = |page: &crate::Page<crate::Listed>| -> Vec<CustomerId> {
            page.rows.iter().map(|row| row.customer).collect()
        };
        let first = index.recent(None, 2);
        assert_eq!(names(&first), [id("a"), id("b")]);
        let second = index.recent(first.next_cursor, 2);
        assert_eq!(names(&second), [id("d"), id("c")]);
        let silent = index.recent(second.next_cursor, 1);
        assert_eq!(names(&silent), [id("e")], "without any activity, by id");
        let last = index.recent(silent.next_cursor, 1);
        assert_eq!((names(&last), last.next_cursor), (vec![id("f")], None));
        assert_eq!(index.count(), 6);
    });
}

/// S1-029, C9: by value in the base currency; where nobody has any, in the one that most have.
#[test]
fn top_customers_are_ranked_in_one_currency() {
    let mut script = Script::new();
    for (name, total) in [("a", "10"), ("b", "30.5"), ("c", "20")] {
        let subject = format!("order/{name}:1");
        script.send(
            "01-01 00:00:00",
            "order.updated",
            &subject,
            order("Complete", total),
        );
    }
    let euro = json!({ "status": "Complete", "total": { "amount": "99", "currency": "EUR" } });
    script.send("01-01 00:00:00", "order.updated", "order/e:1", euro);
    script.send(
        "01-01 00:00:00",
        "order.updated",
        "order/p:1",
        order("Pending", "1000"),
    );
    let projection = script.project::<Customers>();
    let mut policies = Policies::default();
    let top = |policies: &Policies| {
        let top = projection.index(|index| index.top(policies, None, 10));
        top.unwrap().page.rows
    };
    let rows = top(&policies);
    let names: Vec<_> = rows.iter().map(|row| row.customer).collect();
    assert_eq!(
        names,
        [id("b"), id("c"), id("a")],
        "nobody has USD, most have ZAR"
    );
    assert_eq!(
        (rows[0].value, rows[0].currency.as_str()),
        (30_500_000, "ZAR")
    );
    let first = projection.index(|index| index.top(&policies, None, 1));
    let cursor = first.unwrap().page.next_cursor;
    policies.set("base_currency", "\"EUR\"").unwrap();
    let second = projection.index(|index| index.top(&policies, cursor, 1));
    assert_eq!(second.unwrap_err().0.as_str(), "EUR");
    assert_eq!(top(&policies)[0].customer, id("e"));
    policies.set("base_currency", "\"ZAR\"").unwrap();
    policies
        .set("counted_order_statuses", r#"["Pending"]"#)
        .unwrap();
    let rows = top(&policies);
    assert_eq!(
        (rows.len(), rows[0].customer),
        (1, id("p")),
        "ranked anew under other statuses"
    );
    assert_eq!(top(&Policies::default()).len(), 3);
}

/// S1-024, S1-025, S1-026, S1-027, S1-038.
#[test]
fn customers_are_found_by_name_company_email_and_phone() {
    let mut script = Script::new();
    three_people(&mut script);
    script.index(|index| {
        for query in [
            "zoe mu",
            "MULLER",
            "ZOË",
            "bucher",
            "Bücher AG",
            "zoe@books.com",
            "zoe@",
        ] {
            assert_eq!(found(index, query), [id("a")], "{query}");
        }
        for query in ["0123456789", "+27 12 345 6789", "27123456789", "345 6789"] {
            assert_eq!(found(index, query), [id("a")], "{query}");
        }
        assert_eq!(found(index, "smith"), [id("b"), id("c")]);
        assert_eq!(found(index, "67890"), [id("b")]);
        assert_eq!(found(index, "opencart:67890"), [id("b")]);
        assert_eq!(found(index, "johnny"), [id("c")]);
        for query in [
            "example.com",
            "nobody",
            "",
            "\n",
            "\u{1}",
            "12",
            "oe@books.com",
        ] {
            assert_eq!(found(index, query), [], "{query:?}");
        }
        let first = index.search("smith", &Policies::default(), None, 1);
        let second = index.search("smith", &Policies::default(), first.next_cursor, 1);
        let rows: Vec<&Found> = first.rows.iter().chain(&second.rows).collect();
        assert_eq!(rows.len(), 2);
        assert_eq!(rows[0].matched.field.as_str(), "name");
        assert_eq!(second.next_cursor, None);
    });
    let update = json!({ "customer": { "external_id": "a" }, "name": "Zoe Meyer" });
    script.send("01-02 00:00:00", "customer.updated", "customer/a", update);
    script.index(|index| {
        assert_eq!(found(index, "muller"), []);
        assert_eq!(found(index, "meyer"), [id("a")]);
    });
}

#[test]
fn anonymous_and_empty_customers_are_listed_nowhere() {
    let mut script = Script::new();
    let nobody = json!({ "anonymous": true, "identifiers": [] });
    script.send("01-01 00:00:00", "customer.created", "customer/x", nobody);
    script.send("01-01 00:00:00", "call.started", "call/x:1", json!({}));
    let sms = script.send(
        "01-01 00:00:00",
        "sms.sent",
        "sms/y:1",
        json!({ "body": "Hi" }),
    );
    assert_eq!(script.index(|index| index.recent(None, 10).rows.len()), 1);
    script.send(
        "01-02 00:00:00",
        "event.retracted",
        "event/y:1",
        json!({ "positions": [sms] }),
    );
    assert_eq!(
        script.index(|index| (index.recent(None, 10).rows.len(), index.count())),
        (0, 0)
    );
}

fn three_people(script: &mut Script) {
    let people = [
        (
            "a",
            "Zoë Müller",
            Some("Bücher AG"),
            [("email", "zoe@books.com"), ("phone", "+27123456789")],
        ),
        (
            "b",
            "Jane Smith",
            None,
            [
                ("email", "jane@example.com"),
                ("external_id", "opencart:67890"),
            ],
        ),
        (
            "c",
            "John Smithers",
            None,
            [
                ("email", "john@example.com"),
                ("handle", "instagram:johnny"),
            ],
        ),
    ];
    for (name, full, company, identifiers) in people {
        let subject = format!("customer/{name}");
        script.send(
            "01-01 00:00:00",
            "customer.created",
            &subject,
            person(full, company, &identifiers),
        );
    }
}
