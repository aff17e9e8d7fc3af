//! Status, consent and identifiers, by hand.

use super::*;

impl Service {
    async fn change(&self, method: &str, path: &str, body: Value) -> Answer {
        let request = Request::builder().method(method).uri(path);
        let request = request.header(header::CONTENT_TYPE, "application/json");
        self.send(request.body(body.to_string().into()).unwrap())
            .await
    }

    async fn jane(&self, position: &Value) -> Value {
        let path = format!("/api/v1/customers/shop:jane?min_position={position}");
        self.get(&path.replace("shop:", "external_id:shop:"))
            .await
            .body
    }
}

const JANE: &str = "/api/v1/customers/external_id:shop:jane";

/// S1-018, S1-019, S1-020, S1-021.
#[tokio::test(flavor = "multi_thread")]
async fn a_status_is_set_by_hand_and_given_back_to_the_policies() {
    let service = Service::start().await;
    service.stored(&order("1", "jane", json!({}))).await;
    service
        .timeline_of("external_id:shop:jane", &json!(3))
        .await;
    for status in ["vip", "blocked", "inactive", "active"] {
        let body = json!({"status": status, "reason": "by a test"});
        let set = service.change("PUT", &format!("{JANE}/status"), body).await;
        assert_eq!(set.status, 200, "{:?}", set.body);
        let jane = service.jane(&set.body["position"]).await;
        assert_eq!(
            (&jane["status"], &jane["status_is_manual"]),
            (&json!(status), &json!(true))
        );
    }
    let set = service
        .change("PUT", &format!("{JANE}/status"), json!({"status": null}))
        .await;
    let jane = service.jane(&set.body["position"]).await;
    assert_eq!(jane["status_is_manual"], false);
    let wrong = service
        .change("PUT", &format!("{JANE}/status"), json!({"status": "gold"}))
        .await;
    assert_eq!(
        (wrong.status.as_u16(), &wrong.body["pointer"]),
        (422, &json!("/status"))
    );
    let missing = service
        .change("PUT", &format!("{JANE}/status"), json!({}))
        .await;
    assert_eq!(
        (missing.status.as_u16(), &missing.body["pointer"]),
        (422, &json!("/status"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_consent_is_kept_by_channel() {
    let service = Service::start().await;
    service.stored(&order("1", "jane", json!({}))).await;
    service
        .timeline_of("external_id:shop:jane", &json!(3))
        .await;
    let body = json!({"channel": "email", "granted": false});
    let set = service
        .change("PUT", &format!("{JANE}/consent"), body)
        .await;
    assert_eq!(set.status, 200, "{:?}", set.body);
    let jane = service.jane(&set.body["position"]).await;
    assert_eq!(jane["consents"], json!({"email": false}));
}

/// S1-011, S1-026: every spelling is one identifier.
#[tokio::test(flavor = "multi_thread")]
async fn identifiers_are_attached_and_detached_in_any_spelling() {
    let service = Service::start().await;
    service.set_policy("default_region", json!("ZA")).await;
    service.stored(&order("1", "jane", json!({}))).await;
    service.stored(&order("2", "joe", json!({}))).await;
    service.timeline_of("external_id:shop:joe", &json!(5)).await;
    let phone = json!({"kind": "phone", "value": "012 345 6789"});
    let attached = service
        .change("POST", &format!("{JANE}/identifiers"), phone.clone())
        .await;
    assert_eq!(attached.status, 200, "{:?}", attached.body);
    let jane = service.jane(&attached.body["position"]).await;
    assert_eq!(jane["identifiers"][1]["value"], "+27123456789", "{jane}");
    let joe = "/api/v1/customers/external_id:shop:joe/identifiers";
    let taken = service.change("POST", joe, phone).await;
    assert_eq!(taken.problem(), (409, "not_allowed_in_state"));
    let other = json!({"kind": "phone", "value": "+27 12 345 6789"});
    let path = format!("{JANE}/identifiers/detach");
    let detached = service.change("POST", &path, other).await;
    assert_eq!(detached.status, 200, "{:?}", detached.body);
    let jane = service.jane(&detached.body["position"]).await;
    assert_eq!(jane["identifiers"].as_array().unwrap().len(), 1, "{jane}");
}

/// S1-018, S1-019, S1-020, S1-021.
#[tokio::test(flavor = "multi_thread")]
async fn customers_are_listed_by_status() {
    let service = Service::start().await;
    let mut head = 0;
    for (customer, total) in [("jane", "10.00"), ("joe", "900.00"), ("ann", "20.00")] {
        let total = json!({"total": {"amount": total, "currency": "USD"}});
        head = service.stored(&order(customer, customer, total)).await;
    }
    service
        .timeline_of("external_id:shop:ann", &json!(head))
        .await;
    service.set_policy("vip_threshold", json!("500")).await;
    let body = json!({"status": "blocked"});
    let blocked = service.change("PUT", &format!("{JANE}/status"), body).await;
    service.jane(&blocked.body["position"]).await;
    let names = async |query: &str| {
        let answer = service.get(&format!("/api/v1/customers?{query}")).await;
        assert_eq!(answer.status, 200, "{query}: {:?}", answer.body);
        let items = answer.body["items"].as_array().unwrap().clone();
        let (_, status) = query.split_once("status=").unwrap();
        let status = status.split('&').next().unwrap();
        assert!(items.iter().all(|item| item["status"] == status), "{query}");
        let names = items
            .iter()
            .map(|item| item["name"].as_str().unwrap().to_owned());
        (
            names.collect::<Vec<_>>(),
            answer.body["next_cursor"].clone(),
        )
    };
    for (query, name) in [
        ("status=blocked", "Customer jane"),
        ("status=vip", "Customer joe"),
        ("status=active", "Customer ann"),
    ] {
        assert_eq!(names(query).await.0, [name], "{query}");
    }
    assert!(names("status=inactive").await.0.is_empty());
    service.set_policy("vip_threshold", json!("20")).await;
    let (first, cursor) = names("limit=1&status=vip").await;
    let next = format!("limit=1&cursor={}&status=vip", cursor.as_str().unwrap());
    let (second, cursor) = names(&next).await;
    let mut all = [first, second].concat();
    all.sort_unstable();
    assert_eq!(
        (all, cursor),
        (
            vec!["Customer ann".into(), "Customer joe".into()],
            json!(null)
        )
    );
    service.set_policy("inactive_after_days", json!(10)).await;
    assert!(names("status=active").await.0.is_empty());
    for query in ["status=gold", "status=vip&q=jane", "status=vip&view=top"] {
        let refused = service.get(&format!("/api/v1/customers?{query}")).await;
        assert_eq!(refused.problem(), (400, "invalid_parameter"), "{query}");
    }
}
