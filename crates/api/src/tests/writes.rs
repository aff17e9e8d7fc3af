use super::*;
use touchbook_engine::Submission;
use touchbook_events::catalogue::dead_letter::{
    DeadLetter, DeadLetterFacts, DeadLetterPersonal, RawBytes,
};
use touchbook_events::{Code, Data, Incoming, Text};

impl Service {
    async fn write(&self, method: &str, path: &str, key: Option<&str>, body: Value) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        request = request.header(header::CONTENT_TYPE, "application/json");
        if let Some(key) = key {
            request = request.header("Idempotency-Key", key);
        }
        self.send(request.body(body.to_string().into()).unwrap())
            .await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_is_made_known_and_changed() {
    let service = Service::start().await;
    let jane = json!({"email": "Jane@Example.com", "name": "Jane", "custom_fields": {"size": 9}});
    let made = service.write("POST", "/api/v1/customers", None, jane).await;
    assert_eq!(made.status, 200, "{:?}", made.body);
    let change = json!({"phone": "+27 12 345 6789", "name": "Jane Smith"});
    let path = "/api/v1/customers/jane@example.com";
    let position = &made.body["position"];
    service
        .get(&format!("{path}?min_position={position}"))
        .await;
    let changed = service.write("PATCH", path, None, change).await;
    assert_eq!(changed.status, 200, "{:?}", changed.body);
    assert_eq!(changed.body["customer_id"], made.body["customer_id"]);
    let position = &changed.body["position"];
    let read = service
        .get(&format!(
            "/api/v1/customers/phone:+27123456789?min_position={position}"
        ))
        .await;
    assert_eq!(read.body["name"], "Jane Smith", "{:?}", read.body);
    assert_eq!(read.body["custom_fields"], json!({"size": 9}));
    let cleared = json!({"name": null, "custom_fields": {"size": null}});
    let cleared = service.write("PATCH", path, None, cleared).await;
    let position = &cleared.body["position"];
    let read = service
        .get(&format!("{path}?min_position={position}"))
        .await;
    assert_eq!(
        (&read.body["name"], &read.body["custom_fields"]),
        (&Value::Null, &json!({})),
        "{:?}",
        read.body
    );
}

/// The pointer leads into the body that was sent, not into the event that it became.
#[tokio::test(flavor = "multi_thread")]
async fn a_bad_customer_is_told_where() {
    let service = Service::start().await;
    for (body, want, pointer) in [
        (
            json!({"email": "jane"}),
            (422, "invalid_value"),
            json!("/email"),
        ),
        (
            json!({"email": "j@x.org", "name": "n".repeat(201)}),
            (422, "invalid_value"),
            json!("/name"),
        ),
        (json!({"email": 5}), (422, "invalid_value"), json!("/email")),
        (
            json!({"mail": "j@x.org"}),
            (422, "invalid_value"),
            json!("/mail"),
        ),
        (json!({"name": "Jane"}), (422, "invalid_value"), Value::Null),
        (json!([]), (422, "invalid_value"), Value::Null),
        (
            json!([null, null, "j@x.org"]),
            (422, "invalid_value"),
            Value::Null,
        ),
    ] {
        let answer = service
            .write("POST", "/api/v1/customers", None, body.clone())
            .await;
        assert_eq!(answer.problem(), want, "{body}: {:?}", answer.body);
        assert_eq!(answer.body["pointer"], pointer, "{body}: {:?}", answer.body);
    }
    for torn in ["{\"email\":", " [null"] {
        let torn = service
            .post("/api/v1/customers", "application/json", torn)
            .await;
        assert_eq!(torn.problem(), (400, "unreadable"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retry_with_its_key_gets_the_first_answer() {
    let service = Service::start().await;
    let write = async |key: &str, name: &str| {
        let body = json!({"email": "jane@example.com", "name": name});
        service
            .write("POST", "/api/v1/customers", Some(key), body)
            .await
    };
    let first = write("k1", "Jane").await;
    let again = write("k1", "Jane").await;
    assert_eq!(again.body["position"], first.body["position"]);
    assert_eq!(again.body["duplicate"], true);
    assert_eq!(write("k1", "Joan").await.problem(), (409, "id_conflict"));
    assert_eq!(write("k2", "Joan").await.body["duplicate"], false);
    let long = "k".repeat(201);
    assert_eq!(
        write(&long, "Jane").await.problem(),
        (400, "invalid_idempotency_key")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_holds_once_it_is_set() {
    let service = Service::start().await;
    let set = service
        .write(
            "PUT",
            "/api/v1/policies/inactive_after_days",
            None,
            json!({"value": 30}),
        )
        .await;
    assert_eq!(set.status, 200, "{:?}", set.body);
    let path = "/api/v1/policies/inactive_after_days";
    let read = service
        .get(&format!("{path}?min_position={}", set.body["position"]))
        .await;
    assert_eq!(
        read.body,
        json!({"name": "inactive_after_days", "value": 30})
    );
    let bad = service
        .write(
            "PUT",
            "/api/v1/policies/zone",
            None,
            json!({"value": "Mars"}),
        )
        .await;
    assert_eq!(bad.status, 422);
    assert!(
        bad.body["pointer"].as_str().unwrap().starts_with("/value"),
        "{:?}",
        bad.body
    );
    let array = service.write("PUT", path, None, json!([30])).await;
    assert_eq!(array.problem(), (422, "invalid_value"));
    let list = service.get("/api/v1/policies").await;
    assert!(list.body["items"].as_array().unwrap().len() > 5);
    let back = service
        .write("PUT", path, None, json!({"value": null}))
        .await;
    assert_eq!(back.status, 200, "{:?}", back.body);
    let read = service
        .get(&format!("{path}?min_position={}", back.body["position"]))
        .await;
    assert_eq!(read.body["value"], 180);
}

/// As the writer appends one for a stream message that can't be used.
async fn dead_letter(service: &Service, id: &str, raw: &str) -> u64 {
    let tenant = service.api.engine().create_tenant("default").await.unwrap();
    let letter = DeadLetter {
        facts: DeadLetterFacts {
            reason: Code::new("unreadable").unwrap(),
            origin: Code::new("touchbook.events.default.sms.sent").unwrap(),
        },
        personal: Some(DeadLetterPersonal {
            raw: RawBytes(raw.as_bytes().to_vec()),
            pointer: None,
            detail: Text::new("no JSON").unwrap(),
            extra: Default::default(),
        }),
    };
    let data = Data::DeadLetter(Box::new(letter));
    let incoming = Incoming::own(
        data,
        "touchbook",
        id,
        &format!("dead_letter/{id}"),
        tenant.key(),
    );
    let submission = Submission {
        incoming,
        json: Default::default(),
    };
    let outcomes = service
        .api
        .engine()
        .submit(&tenant, vec![submission], false)
        .await
        .unwrap();
    outcomes[0].position.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_letter_is_dealt_with_once() {
    let service = Service::start().await;
    let usable = dead_letter(&service, "a", &order("1", "7", json!({})).to_string()).await;
    let useless = dead_letter(&service, "b", "not json").await;
    let listed = async |query: &str| {
        let answer = service.get(&format!("/api/v1/dead-letters?{query}")).await;
        assert_eq!(answer.status, 200, "{:?}", answer.body);
        let items = answer.body["items"].as_array().unwrap().clone();
        (items, answer.body["next_cursor"].clone())
    };
    let (open, _) = listed("").await;
    assert_eq!(open.len(), 2);
    assert_eq!(
        (&open[0]["position"], &open[0]["raw"]["text"]),
        (&json!(useless), &json!("not json"))
    );
    let (first, cursor) = listed("limit=1").await;
    assert_eq!((first.len(), &cursor), (1, &json!(useless)));
    assert_eq!(
        listed(&format!("limit=1&cursor={cursor}")).await.0[0]["position"],
        usable
    );

    let resubmit = |position: u64| format!("/api/v1/dead-letters/{position}/resubmit");
    let dismiss = |position: u64| format!("/api/v1/dead-letters/{position}/dismiss");
    let again = service
        .post(&resubmit(useless), "application/json", "{}")
        .await;
    assert_eq!(again.problem(), (400, "unreadable"));
    let sent = service
        .send(Request::post(resubmit(usable)).body(Body::empty()).unwrap())
        .await;
    assert_eq!(sent.status, 200, "{:?}", sent.body);
    let reason = json!({"reason": "noise"});
    let dismissed = service.write("POST", &dismiss(useless), None, reason).await;
    assert_eq!(dismissed.status, 200, "{:?}", dismissed.body);
    assert_eq!(
        service
            .write("POST", &dismiss(usable), None, json!({}))
            .await
            .status,
        409
    );
    let head = service
        .api
        .engine()
        .create_tenant("default")
        .await
        .unwrap()
        .head();
    for (position, said) in [(usable, "sent again"), (useless, "dismissed")] {
        let request = Request::post(resubmit(position)).body(Body::empty());
        let late = service.send(request.unwrap()).await;
        assert_eq!(late.problem(), (409, "already_resolved"), "{:?}", late.body);
        assert!(late.body["detail"].as_str().unwrap().contains(said));
        assert!(late.body["position"].as_u64().unwrap() > position);
    }
    let tenant = service.api.engine().create_tenant("default").await.unwrap();
    assert_eq!(tenant.head(), head, "nothing more was stored");
    assert!(listed("").await.0.is_empty());
    let (resolved, _) = listed("status=resolved").await;
    assert_eq!(resolved[0]["resolution"]["reason"], "noise");
    let position = resolved[1]["resolution"]["resubmitted_position"]
        .as_u64()
        .unwrap();
    let record = service.get(&format!("/api/v1/events/{position}")).await;
    assert_eq!(record.body["event_id"], "delivery-1");
}
