use super::*;

/// A version of `shop.visit`.
pub(super) fn visit(version: u32) -> Value {
    json!({
        "name": "shop.visit",
        "version": version,
        "schema": {
            "title": "shop.visit",
            "type": "object",
            "required": ["visitor"],
            "properties": { "mood": { "type": "number" } },
        },
        "mapping": {
            "title": "/headline",
            "title_default": "Visit",
            "preview": "/note",
            "customer": { "email": "/visitor/mail", "name": "/visitor/name" },
            "sentiment": "/mood",
            "direction": "outbound",
            "counts_as": "email",
        },
    })
}

fn visited(id: &str, data: &Value) -> Value {
    json!({
        "specversion": "1.0",
        "id": id,
        "source": "till",
        "type": "shop.visit",
        "time": "2024-05-01T10:00:00Z",
        "data": data,
    })
}

impl Service {
    async fn register(&self, registration: &Value) -> Answer {
        let body = registration.to_string();
        self.post("/api/v1/event-types", "application/json", body)
            .await
    }
}

/// S1-135.
#[tokio::test(flavor = "multi_thread")]
async fn a_registered_type_is_taken_shown_filtered_and_counted() {
    let service = Service::start().await;
    let data = json!({
        "visitor": { "mail": "jane@example.com", "name": "Jane" },
        "headline": "Saw sofas",
        "note": "Wants a red one.",
        "mood": 0.5,
        "basket": [{ "price": 1299.990 }],
    });
    let early = service.events(&visited("1", &data)).await;
    assert_eq!(early.problem(), (422, "unregistered_type"));
    assert_eq!(early.body["pointer"], "/type");
    let detail = early.body["detail"].as_str().unwrap();
    assert!(detail.contains("POST /api/v1/event-types"), "{detail}");

    let registered = service.register(&visit(1)).await;
    assert_eq!(registered.status, 200, "{:?}", registered.body);
    let position = service.stored(&visited("1", &data)).await;
    let other = order(
        "1",
        "1",
        json!({ "customer": { "email": "jane@example.com" } }),
    );
    service.stored(&other).await;

    let customer = format!(
        "/api/v1/customers/jane@example.com?min_position={}",
        position + 1
    );
    let customer = service.get(&customer).await.body;
    assert_eq!(customer["name"], "Jane");
    assert_eq!(customer["interaction_count"], 2);
    assert_eq!(customer["total_agent_emails"], 1);
    assert_eq!(customer["sentiment_score"], 0.5);

    let timeline = "/api/v1/customers/jane@example.com/timeline";
    let page = service.get(&format!("{timeline}?sources=shop")).await.body;
    let entry = &page["items"][0];
    assert_eq!(page["items"].as_array().map(Vec::len), Some(1), "{page}");
    for (member, value) in [
        ("entry_id", json!("shop.visit/till#1")),
        ("source", json!("shop")),
        ("type", json!("shop.visit")),
        ("title", json!("Saw sofas")),
        ("preview", json!("Wants a red one.")),
        ("sentiment", json!({ "score": 0.5, "label": "positive" })),
        (
            "details",
            json!({ "version": 1, "direction": "outbound", "counts_as": "email" }),
        ),
    ] {
        assert_eq!(entry[member], value, "{member}");
    }
    check_sources(&service, timeline).await;

    let whole = service
        .get("/api/v1/entries/shop.visit%2Ftill%231")
        .await
        .body;
    let record = &whole["history"][0];
    assert_eq!(
        (&record["type"], &record["version"]),
        (&json!("shop.visit"), &json!(1))
    );
    assert_eq!(record["data"], data);
    let asked = "/api/timeline?action=timeline&customerId=jane@example.com&sources=shop";
    assert_eq!(service.get(asked).await.body["items"][0], *entry);
}

/// S1-022.
async fn check_sources(service: &Service, timeline: &str) {
    let both = service
        .get(&format!("{timeline}?sources=shop,order"))
        .await
        .body;
    assert_eq!(both["items"].as_array().map(Vec::len), Some(2), "{both}");
    let orders = service.get(&format!("{timeline}?sources=order")).await.body;
    assert_eq!(
        orders["items"].as_array().map(Vec::len),
        Some(1),
        "{orders}"
    );
    let unknown = service.get(&format!("{timeline}?sources=shop,till")).await;
    assert_eq!(unknown.problem(), (400, "invalid_parameter"));
    let allowed = unknown.body["allowed"].as_array().unwrap();
    assert!(
        allowed.contains(&json!("shop")) && allowed.contains(&json!("call")),
        "{allowed:?}"
    );
    assert!(!allowed.contains(&json!("custom")), "{allowed:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn versions_are_listed_with_their_schemas_and_never_change() {
    let service = Service::start().await;
    for version in [1, 2] {
        let registered = service.register(&visit(version)).await;
        assert_eq!(registered.status, 200, "{:?}", registered.body);
    }
    let again = service.register(&visit(1)).await;
    assert_eq!(again.body["duplicate"], true, "{:?}", again.body);
    let mut changed = visit(1);
    changed["schema"]["required"] = json!([]);
    let refused = service.register(&changed).await;
    assert_eq!(refused.problem(), (409, "version_registered"));
    assert_eq!(refused.body["pointer"], "/version");
    changed["mapping"]["title"] = json!("headline");
    changed["version"] = json!(3);
    let refused = service.register(&changed).await;
    assert_eq!(refused.problem(), (422, "invalid_value"));
    assert_eq!(refused.body["pointer"], "/mapping/title");

    let types = service.get("/api/v1/event-types").await.body;
    let items = types["items"].as_array().unwrap();
    assert!(items.iter().any(|item| item["type"] == "order.updated"));
    assert!(items.iter().all(|item| item["type"] != "custom"));
    let own: Vec<_> = items
        .iter()
        .filter(|item| item["type"] == "shop.visit")
        .collect();
    assert_eq!(own.len(), 2);
    for (item, version) in own.iter().zip([1, 2]) {
        assert_eq!(item["version"], version);
        assert_eq!(item["entry_source"], "shop");
        assert_eq!(item["mapping"], visit(version)["mapping"]);
        let schema = service.get(item["schema"].as_str().unwrap()).await;
        assert_eq!(schema.body, visit(version)["schema"]);
    }
    let missing = service.get("/schemas/events/shop.visit/3").await;
    assert_eq!(missing.problem(), (404, "not_found"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_breaks_a_registered_schema_is_refused_where_it_does() {
    let service = Service::start().await;
    service.register(&visit(1)).await;
    let broken = visited("1", &json!({ "visitor": {}, "mood": "fine" }));
    let refused = service.events(&broken).await;
    assert_eq!(refused.problem(), (422, "schema_broken"));
    assert_eq!(refused.body["pointer"], "/data/mood");
    let batch = json!([broken, visited("2", &json!({ "visitor": {} }))]);
    let answer = service.events(&batch).await.body;
    assert_eq!(answer["accepted"], 1);
    assert_eq!(answer["errors"][0]["index"], 0);
    assert_eq!(answer["errors"][0]["pointer"], "/data/mood");
}

/// Design law 8.
#[tokio::test(flavor = "multi_thread")]
async fn types_come_in_pages() {
    let service = Service::start().await;
    for version in 1..=4 {
        service.register(&visit(version)).await;
    }
    let name = |item: &Value| format!("{}/{}", item["type"].as_str().unwrap(), item["version"]);
    let names = |page: &Value| -> Vec<String> {
        page["items"].as_array().unwrap().iter().map(name).collect()
    };
    let all = service.get("/api/v1/event-types").await.body;
    assert_eq!(all["next_cursor"], Value::Null);
    let (mut paged, mut cursor) = (Vec::new(), String::new());
    loop {
        let path = format!("/api/v1/event-types?limit=7{cursor}");
        let page = service.get(&path).await.body;
        assert!(names(&page).len() <= 7, "{page}");
        paged.extend(names(&page));
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(paged, names(&all));
    let unknown = service.get("/api/v1/event-types?cursor=shop.visit/9").await;
    assert_eq!(unknown.problem(), (400, "invalid_parameter"));
}

/// What is too much for one request is no other kind of too much than an event that is too large.
#[tokio::test(flavor = "multi_thread")]
async fn a_payload_or_a_batch_that_takes_too_long_to_check_is_too_large() {
    let service = Service::start().await;
    let numbers: Vec<u32> = (0..5_000).collect();
    let mut heavy = visit(1);
    heavy["schema"] = json!({ "properties": { "x": { "items": { "enum": numbers } } } });
    assert_eq!(service.register(&heavy).await.status, 200);
    let of = |id: usize, count: usize| visited(&id.to_string(), &json!({ "x": vec![0; count] }));
    let large = service.events(&of(0, 5_000)).await;
    assert_eq!(large.problem(), (413, "payload_too_large"));
    let batch: Vec<Value> = (1..=100).map(|id| of(id, 1_500)).collect();
    let answer = service.events(&json!(batch)).await.body;
    let errors = answer["errors"].as_array().unwrap();
    let accepted = answer["accepted"].as_u64().unwrap() as usize;
    assert!(accepted > 10 && accepted + errors.len() == 100, "{answer}");
    for error in errors {
        assert_eq!(error["status"], 413, "{error}");
        assert!(
            error["type"].as_str().unwrap().contains("batch_too_costly"),
            "{error}"
        );
    }
    let again = service.events(&batch[99]).await;
    assert_eq!(again.status, 200, "{:?}", again.body);
}

/// Design law 7, C20: a schema is its tenant's, and super admins alone register types.
#[tokio::test(flavor = "multi_thread")]
async fn a_registered_type_is_its_tenants() {
    let service = Service::start().await;
    service.register(&visit(1)).await;
    let of_other = |path: &str| {
        let request = Request::get(path).header("X-Tenant-ID", "other");
        service.send(request.body(Body::empty()).unwrap())
    };
    let foreign = of_other("/schemas/events/shop.visit/1").await;
    assert_eq!(foreign.problem(), (404, "not_found"));
    let types = of_other("/api/v1/event-types").await.body;
    assert!(!types.to_string().contains("shop.visit"));

    let closed = Service::with_accounts().await;
    let own = closed.get("/schemas/events/shop.visit/1").await;
    assert_eq!(own.problem(), (401, "not_authenticated"));
    assert_eq!(
        closed.get("/schemas/events/order.updated/1").await.status,
        200
    );
}

/// However many requests of one tenant are held against schemas, those of others pass by.
#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_waits_for_its_own_checks_alone() {
    let service = Service::start().await;
    let of_other = async |path: &str, body: Value| {
        let request = Request::post(path).header("X-Tenant-ID", "other");
        let request = request.header(header::CONTENT_TYPE, "application/json");
        let request = request.body(Body::from(body.to_string())).unwrap();
        service.send(request).await
    };
    service.register(&visit(1)).await;
    let registered = of_other("/api/v1/event-types", visit(1)).await;
    assert_eq!(registered.status, 200, "{:?}", registered.body);
    let tenant = service.api.engine().tenant("default").unwrap();
    let turn = service.api.check_turn(&tenant).await.unwrap();
    let event = visited("1", &json!({ "visitor": { "mail": "jane@example.com" } }));
    let mut waits = std::pin::pin!(service.events(&event));
    // So many that the first would be done by then.
    for number in 0..50 {
        let event = visited(&number.to_string(), &event["data"]);
        let passed = tokio::select! {
            answer = &mut waits => panic!("it did not wait: {:?}", answer.body),
            answer = of_other("/api/v1/events", event) => answer,
        };
        assert_eq!(passed.status, 200, "{:?}", passed.body);
    }
    drop(turn);
    let stored = waits.await;
    assert_eq!(stored.status, 200, "{:?}", stored.body);
}
