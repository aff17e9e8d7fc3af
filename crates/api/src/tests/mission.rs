//! The questions of document 001 in its own spelling.

use super::*;

impl Service {
    async fn ask(&self, query: &str) -> Answer {
        self.get(&format!("/api/timeline?{query}")).await
    }

    /// Two customers, of whom Jane has two orders and an SMS.
    async fn with_customers() -> Self {
        let service = Self::start().await;
        service
            .stored(&order(
                "1",
                "jane",
                json!({"ordered_at": "2024-02-01T10:00:00Z"}),
            ))
            .await;
        service
            .stored(&order(
                "2",
                "jane",
                json!({"ordered_at": "2024-03-01T10:00:00Z"}),
            ))
            .await;
        service
            .stored(&order(
                "3",
                "joe",
                json!({"ordered_at": "2024-04-01T10:00:00Z"}),
            ))
            .await;
        let sms = json!({
            "specversion": "1.0", "id": "sms-1", "source": "gateway", "type": "sms.received",
            "time": "2024-05-02T10:00:00Z",
            "data": {"customer": {"external_id": "shop:jane", "email": "jane@example.com"},
                     "body": "Hello"},
        });
        let position = service.stored(&sms).await;
        service
            .timeline_of("external_id:shop:jane", &json!(position))
            .await;
        service
    }
}

/// S1-036, S1-047.
#[tokio::test(flavor = "multi_thread")]
async fn a_timeline_is_filtered_as_the_document_spells_it() {
    let service = Service::with_customers().await;
    let jane = "action=timeline&customerId=jane@example.com";
    let all = service.ask(jane).await;
    assert_eq!(
        all.body["items"].as_array().unwrap().len(),
        3,
        "{:?}",
        all.body
    );
    let orders = service
        .ask(&format!(
            "{jane}&sources=order,email&dateFrom=2024-02-15&dateTo=2024-03-01&limit=100"
        ))
        .await;
    let items = orders.body["items"].as_array().unwrap();
    assert_eq!(
        (items.len(), &items[0]["entry_id"]),
        (1, &json!("order/2")),
        "S1-023"
    );
    let page = service.ask(&format!("{jane}&limit=2")).await;
    let cursor = page.body["next_cursor"].as_str().unwrap();
    let rest = service
        .ask(&format!("{jane}&limit=2&cursor={cursor}"))
        .await;
    assert_eq!(rest.body["items"].as_array().unwrap().len(), 1);
    for (query, said) in [
        ("&sources=fax", "fax"),
        ("&limit=0", "limit"),
        ("&limit=-1", "limit"),
        ("&limit=abc", "limit"),
        ("&limit=501", "limit"),
        ("&dateFrom=yesterday", "dateFrom"),
        ("&cursor=nonsense", "cursor"),
    ] {
        let refused = service.ask(&format!("{jane}{query}")).await;
        assert_eq!(refused.status, 400, "{query}");
        assert!(
            refused.body["detail"].as_str().unwrap().contains(said),
            "{query}: {refused:?}"
        );
    }
    let nobody = service
        .ask("action=timeline&customerId=nobody@example.com")
        .await;
    assert_eq!(nobody.problem(), (404, "not_found"));
}

/// S1-037, S1-038, S1-039, S1-040.
#[tokio::test(flavor = "multi_thread")]
async fn customers_are_found_and_listed_as_the_document_spells_it() {
    let service = Service::with_customers().await;
    let profile = service
        .ask("action=profile&customerId=jane@example.com")
        .await;
    assert_eq!(
        (
            &profile.body["order_count"],
            &profile.body["interaction_count"]
        ),
        (&json!(2), &json!(3))
    );
    let names = |answer: &Answer| {
        let items = answer.body["items"].as_array().unwrap().iter();
        items
            .map(|item| item["name"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    let found = service.ask("action=search&query=JANE@").await;
    assert_eq!(names(&found), ["Customer jane"]);
    assert_eq!(found.body["items"][0]["matched"]["field"], "email");
    let recent = service.ask("action=recent&limit=20").await;
    assert_eq!(names(&recent), ["Customer jane", "Customer joe"]);
    let top = service.ask("action=top&limit=1").await;
    assert_eq!(
        (names(&top), &top.body["currency"]),
        (vec!["Customer jane".to_owned()], &json!("USD"))
    );
    for query in ["action=search", "action=search&query=%20", "action=profile"] {
        assert_eq!(service.ask(query).await.status, 400, "{query}");
    }
}

/// S1-046.
#[tokio::test(flavor = "multi_thread")]
async fn whoever_asks_for_nothing_that_there_is_learns_what_there_is() {
    let service = Service::start().await;
    for query in ["", "action=everything"] {
        let refused = service.ask(query).await;
        assert_eq!(refused.problem(), (400, "unknown_action"), "{query}");
        assert!(
            refused.body["allowed"]
                .as_array()
                .unwrap()
                .contains(&json!("timeline"))
        );
        assert!(
            refused.body["allowed"]
                .as_array()
                .unwrap()
                .contains(&json!("customer_details"))
        );
    }
}

/// S1-048.
#[tokio::test(flavor = "multi_thread")]
async fn a_profile_is_folded_again_and_answered() {
    let service = Service::with_customers().await;
    let update = |customer: &str| {
        let body = json!({"action": "update_profile", "customerId": customer}).to_string();
        service.post("/api/timeline", "application/json", body)
    };
    let profile = service
        .ask("action=profile&customerId=jane@example.com")
        .await;
    let updated = update("jane@example.com").await;
    assert_eq!(
        (updated.status.as_u16(), &updated.body),
        (200, &profile.body)
    );
    assert_eq!(
        update("nobody@example.com").await.problem(),
        (404, "not_found")
    );
    let other = json!({"action": "forget", "customerId": "jane@example.com"}).to_string();
    let other = service
        .post("/api/timeline", "application/json", other)
        .await;
    assert_eq!(other.problem(), (400, "unknown_action"));
}

/// S0-044: one row for each customer, with everything that the customer's own page has.
#[tokio::test(flavor = "multi_thread")]
async fn the_summary_view_has_customers_with_their_interactions() {
    const VIEW: &str = "/api/customer_interaction_summary";
    let service = Service::with_customers().await;
    let all = service.get(VIEW).await;
    assert_eq!(all.status, 200, "{:?}", all.body);
    let rows = all.body["items"].as_array().unwrap();
    assert_eq!(rows.len(), 2);
    let jane = &rows[0];
    let page = service
        .get("/api/v1/customers/email:jane@example.com")
        .await;
    for (name, value) in page.body.as_object().unwrap() {
        if name != "resolved_from" {
            assert_eq!(&jane[name], value, "{name}");
        }
    }
    assert_eq!(jane["interaction_counts"], json!({"order": 2, "sms": 1}));
    let path = "/api/v1/customers/email:jane@example.com/timeline?limit=5";
    let newest = service.get(path).await;
    assert_eq!(jane["recent_interactions"], newest.body["items"]);

    let first = service.get(&format!("{VIEW}?limit=1")).await;
    assert_eq!(first.body["items"], json!([jane]));
    let cursor = first.body["next_cursor"].as_str().unwrap();
    let second = service
        .get(&format!("{VIEW}?limit=1&cursor={cursor}"))
        .await;
    assert_eq!(second.body["items"], json!([rows[1]]));
    let named = service
        .get(&format!("{VIEW}?customer_id=jane@example.com"))
        .await;
    let row = &named.body["items"][0];
    assert_eq!(row["resolved_from"]["value"], "jane@example.com");
    assert_eq!(row["customer_id"], jane["customer_id"]);
    let nobody = service
        .get(&format!("{VIEW}?customer_id=nobody@example.com"))
        .await;
    assert_eq!(nobody.status, 404);
    assert_eq!(service.get(&format!("{VIEW}?limit=101")).await.status, 400);
}
