use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn an_event_is_answered_with_its_record() {
    let service = Service::start().await;
    let answer = service.events(&order("1", "7", json!({}))).await;
    assert_eq!(answer.status, 200, "{:?}", answer.body);
    let position = answer.body["position"].as_u64().unwrap();
    assert_eq!(answer.body["event_id"], "delivery-1");
    assert_eq!(answer.body["duplicate"], false);
    assert_eq!(answer.body["decision"], "effective");
    let record = service.get(&format!("/api/v1/events/{position}")).await;
    assert_eq!(record.status, 200);
    assert_eq!(record.body["customer_id"], answer.body["customer_id"]);
    assert_eq!(record.body["subject"], "order/1");
    assert_eq!(record.body["data"]["total"]["amount"], "10.00");
    assert!(record.header("touchbook-position").parse::<u64>().unwrap() >= position);
    let raw = service.get(&format!("/api/v1/events/{position}/raw")).await;
    assert_eq!(raw.header("content-type"), "application/octet-stream");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_event_is_a_duplicate_and_another_one_of_its_id_conflicts() {
    let service = Service::start().await;
    let first = service.stored(&order("1", "7", json!({}))).await;
    let again = service.events(&order("1", "7", json!({}))).await;
    assert_eq!(again.status, 200);
    assert_eq!(
        (&again.body["duplicate"], &again.body["position"]),
        (&json!(true), &json!(first))
    );
    let other = service
        .events(&order("1", "7", json!({"status": "Refunded"})))
        .await;
    assert_eq!(other.problem(), (409, "id_conflict"));
    assert_eq!(other.body["position"], first);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_that_lost_is_answered_409_again_and_again() {
    let service = Service::start().await;
    let customer = |id: &str| {
        let id = id.to_owned();
        let service = &service;
        async move { service.events(&order(&id, &id, json!({}))).await.body["customer_id"].clone() }
    };
    let (into, member) = (customer("1").await, customer("2").await);
    let merge = |id: &str| {
        json!({
            "specversion": "1.0", "id": id, "source": "test", "type": "customer.merged",
            "data": {"into": into, "members": [member]},
        })
    };
    let won = service.stored(&merge("first")).await;
    for _ in 0..2 {
        let lost = service.events(&merge("second")).await;
        assert_eq!(lost.problem(), (409, "already_merged"));
        assert!(lost.body["position"].as_u64().unwrap() >= won);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_ledger_is_read_in_order_and_by_subject() {
    let service = Service::start().await;
    for id in ["1", "2", "3"] {
        service.stored(&order(id, id, json!({}))).await;
    }
    let mut after = 0;
    let mut positions = Vec::new();
    loop {
        let page = service
            .get(&format!("/api/v1/ledger/events?after={after}&limit=2"))
            .await;
        assert_eq!(page.status, 200, "{:?}", page.body);
        let items = page.body["items"].as_array().unwrap();
        positions.extend(items.iter().map(|item| item["position"].as_u64().unwrap()));
        match page.body["next_cursor"].as_u64() {
            Some(next) => after = next,
            None => break,
        }
    }
    assert_eq!(positions, (1..=positions.len() as u64).collect::<Vec<_>>());
    let of_one = service.get("/api/v1/ledger/events?subject=order/2").await;
    let items = of_one.body["items"].as_array().unwrap();
    assert_eq!(items.len(), 1);
    assert_eq!(items[0]["event_id"], "delivery-2");
    let job = service
        .post("/api/v1/ledger/verify", "application/json", "")
        .await;
    assert_eq!(job.status, 202);
    let path = job.header("location").to_owned();
    touchbook_testkit::eventually("the ledger is verified", || async {
        service.get(&path).await.body["state"] == "succeeded"
    })
    .await;
}

/// With the salt, anybody could find out by trying what the ledger's digests are of.
#[tokio::test(flavor = "multi_thread")]
async fn the_salt_of_a_tenant_is_not_given_out() {
    let service = Service::start().await;
    service.stored(&order("1", "7", json!({}))).await;
    let one = service.get("/api/v1/events/1").await;
    assert_eq!(one.body["type"], "tenant.created");
    assert_eq!(one.body["data"], json!({"slug": "default", "salt": "…"}));
    let list = service.get("/api/v1/ledger/events?limit=1").await;
    assert_eq!(list.body["items"][0]["data"], one.body["data"]);
    let raw = service.get("/api/v1/events/1/raw").await;
    assert_eq!(raw.problem(), (409, "holds_secret"));
    assert_eq!(service.get("/api/v1/events/2/raw").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn tenants_do_not_see_each_other() {
    let service = Service::start().await;
    let position = service.stored(&order("1", "7", json!({}))).await;
    let path = format!("/api/v1/events/{position}");
    let of_other = Request::get(&path)
        .header("X-Tenant-ID", "other")
        .body(Body::empty())
        .unwrap();
    let theirs = service.send(of_other).await;
    let nowhere = service.get("/api/v1/events/999999").await;
    assert_eq!(theirs.problem(), (404, "not_found"));
    assert_eq!(theirs.body["detail"], nowhere.body["detail"]);
    let mut foreign = order("2", "7", json!({}));
    foreign["tenantid"] = json!("other");
    let refused = service.events(&foreign).await;
    assert_eq!(refused.problem(), (422, "unknown_tenant"));
    assert_eq!(refused.body["pointer"], "/tenantid");
    let tenants = service.get("/api/v1/tenants").await;
    let names: Vec<_> = tenants.body["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| &item["tenant"])
        .collect();
    assert_eq!(names, ["default", "other"]);
}

/// An id is unique only within its source: what two gateways call "1" belongs to two customers.
#[tokio::test(flavor = "multi_thread")]
async fn events_of_two_sources_with_one_id_stay_apart() {
    let service = Service::start().await;
    let sms = |source: &str, phone: &str| {
        let customer = json!({"phone": phone});
        json!({
            "specversion": "1.0", "id": "1", "source": source, "type": "sms.received",
            "data": {"customer": customer, "body": "Hi"},
        })
    };
    let north = service.events(&sms("north", "+27123456781")).await;
    let south = service.events(&sms("south", "+27123456782")).await;
    assert_eq!((north.status.as_u16(), south.status.as_u16()), (200, 200));
    assert_ne!(north.body["customer_id"], south.body["customer_id"]);
    let position = &south.body["position"];
    let path = format!("/api/v1/entries/sms%2Fsouth%231?min_position={position}");
    let entry = service.get(&path).await;
    assert_eq!(entry.body["entry"]["entry_id"], "sms/south#1", "{entry:?}");
}

/// Peers §4: who did what, and what followed from it, is asked of the ledger itself.
#[tokio::test(flavor = "multi_thread")]
async fn the_ledger_is_read_by_cause_and_correlation() {
    let service = Service::start().await;
    let position = service.stored(&order("1", "jane", json!({}))).await;
    let refund = |id: &str, refund_id: &str| {
        json!({
            "specversion": "1.0", "id": id, "source": "shop", "type": "order.refunded",
            "data": {"order_id": "1", "refund_id": refund_id,
                     "amount": {"amount": "1.00", "currency": "USD"}},
        })
    };
    for (id, refund_id) in [("r-1", "R1"), ("r-2", "R2"), ("r-3", "R1")] {
        service.stored(&refund(id, refund_id)).await;
    }
    let ids = |answer: &Answer| {
        let items = answer.body["items"].as_array().unwrap().iter();
        items
            .map(|item| item["event_id"].clone())
            .collect::<Vec<_>>()
    };
    let all = service.get("/api/v1/ledger/events?limit=500").await;
    let items = all.body["items"].as_array().unwrap();
    let of = |id: &str| items.iter().find(|item| item["event_id"] == id).unwrap();
    let correlation = of("r-1")["correlation"].as_str().unwrap();
    let found = service
        .get(&format!("/api/v1/ledger/events?correlation={correlation}"))
        .await;
    assert_eq!(ids(&found), ["r-1", "r-3"], "{:?}", found.body);
    let followed = items.iter().filter(|item| item["cause"] == position);
    let followed: Vec<_> = followed.map(|item| item["position"].clone()).collect();
    let found = service
        .get(&format!("/api/v1/ledger/events?cause={position}"))
        .await;
    let found = found.body["items"].as_array().unwrap().iter();
    let found: Vec<_> = found.map(|item| item["position"].clone()).collect();
    assert_eq!(found, followed);
    let causes: Vec<_> = items
        .iter()
        .filter_map(|item| item["cause"].as_u64())
        .collect();
    assert!(!causes.is_empty(), "something followed from something");
    for cause in causes {
        let path = format!("/api/v1/ledger/events?cause={cause}");
        let found = service.get(&path).await;
        let rows = found.body["items"].as_array().unwrap();
        assert!(
            !rows.is_empty() && rows.iter().all(|row| row["cause"] == cause),
            "{path}"
        );
    }
    for query in ["correlation=xyz", "cause=0", "cause=x"] {
        let refused = service.get(&format!("/api/v1/ledger/events?{query}")).await;
        assert_eq!(refused.problem(), (400, "invalid_parameter"), "{query}");
    }
}
