//! Merging, looking before, and undoing it.

use super::*;

impl Service {
    async fn group(&self, path: &str, body: Value) -> Answer {
        let path = format!("/api/v1/customers/external_id:shop:{path}");
        self.post(&path, "application/json", body.to_string()).await
    }

    async fn customer_at(&self, named: &str, position: &Value) -> Value {
        let path = format!("/api/v1/customers/external_id:shop:{named}?min_position={position}");
        let answer = self.get(&path).await;
        assert_eq!(answer.status, 200, "{:?}", answer.body);
        answer.body
    }
}

/// Peers §3 no. 1 and 2.
#[tokio::test(flavor = "multi_thread")]
async fn a_merge_is_seen_before_it_is_made_and_undone_after() {
    let service = Service::start().await;
    service.stored(&order("1", "jane", json!({}))).await;
    let head = service.stored(&order("2", "j", json!({}))).await;
    let jane = service.customer_at("jane", &json!(head)).await;
    let j = service.customer_at("j", &json!(head)).await;
    let members = json!({"members": ["external_id:shop:j"], "reason": "the same person"});

    let preview = service
        .group("jane/merge?dry_run=true", members.clone())
        .await;
    assert_eq!(preview.status, 200, "{:?}", preview.body);
    assert_eq!(preview.body["members"].as_array().unwrap().len(), 2);
    assert_eq!(preview.body["customer"]["order_count"], 2);
    assert_eq!(
        service.customer_at("jane", &json!(head)).await,
        jane,
        "nothing is stored"
    );

    let merged = service.group("jane/merge", members.clone()).await;
    assert_eq!(merged.status, 200, "{:?}", merged.body);
    let both = service.customer_at("jane", &merged.body["position"]).await;
    assert_eq!(both, preview.body["customer"], "as it was seen before");
    let by_j = service.customer_at("j", &merged.body["position"]).await;
    for whose in [&both, &by_j] {
        assert_eq!(whose["customer_id"], jane["customer_id"]);
    }
    let path = "/api/v1/customers/external_id:shop:jane/members";
    let listed = service.get(path).await.body["items"].clone();
    assert_eq!(listed.as_array().unwrap().len(), 2, "{listed}");
    let again = service.group("jane/merge", members).await;
    assert_eq!(again.status, 422, "{:?}", again.body);

    let undone = service
        .group("jane/unmerge", json!({"members": [j["customer_id"]]}))
        .await;
    assert_eq!(undone.status, 200, "{:?}", undone.body);
    assert_eq!(
        service.customer_at("jane", &undone.body["position"]).await,
        jane
    );
    assert_eq!(service.customer_at("j", &undone.body["position"]).await, j);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_merged_with_itself_or_with_nobody() {
    let service = Service::start().await;
    let head = service.stored(&order("1", "jane", json!({}))).await;
    service.customer_at("jane", &json!(head)).await;
    for (members, pointer) in [
        (json!(["external_id:shop:jane"]), "/members"),
        (json!(["external_id:shop:nobody"]), "/members/0"),
        (json!([]), "/members"),
    ] {
        for query in ["", "?dry_run=true"] {
            let body = json!({ "members": members });
            let refused = service.group(&format!("jane/merge{query}"), body).await;
            let said = (refused.status.as_u16(), &refused.body["pointer"]);
            assert_eq!(said, (422, &json!(pointer)), "{members}");
        }
    }
}

/// The same phone with another e-mail is suggested once, and stays dismissed.
#[tokio::test(flavor = "multi_thread")]
async fn who_may_be_one_is_suggested_until_a_person_says() {
    let service = Service::start().await;
    let sms = |id: &str, customer: Value| {
        json!({
            "specversion": "1.0", "id": id, "source": "gateway", "type": "sms.received",
            "data": {"customer": customer, "body": "Hello"},
        })
    };
    let first = json!({"phone": "+27123456789", "email": "jane@example.com"});
    service.stored(&sms("1", first)).await;
    service
        .stored(&sms("2", json!({"email": "j@example.com"})))
        .await;
    let both = json!({"email": "j@example.com", "phone": "+27 12 345 6789"});
    service.stored(&sms("3", both.clone())).await;
    let head = service.stored(&sms("4", both)).await;
    let path = "/api/v1/merge-suggestions";
    let list = async |position: u64| {
        let answer = service
            .get(&format!("{path}?min_position={position}"))
            .await;
        assert_eq!(answer.status, 200, "{:?}", answer.body);
        answer.body["items"].as_array().unwrap().clone()
    };
    let open = list(head).await;
    assert_eq!(open.len(), 1, "{open:?}");
    let shared = json!({"kind": "phone", "value": "+27123456789"});
    assert!(
        open[0]["identifiers"].as_array().unwrap().contains(&shared),
        "{open:?}"
    );
    let body = json!({"customer": open[0]["customer_id"], "other": "j@example.com"});
    let route = format!("{path}/dismiss");
    let dismissed = service
        .post(&route, "application/json", body.to_string())
        .await;
    assert_eq!(dismissed.status, 200, "{:?}", dismissed.body);
    assert!(
        list(dismissed.body["position"].as_u64().unwrap())
            .await
            .is_empty()
    );
    let nobody = json!({"customer": "nobody@example.com", "other": "j@example.com"});
    let nobody = service
        .post(&route, "application/json", nobody.to_string())
        .await;
    assert_eq!(nobody.problem(), (422, "unknown_customer"));
}
