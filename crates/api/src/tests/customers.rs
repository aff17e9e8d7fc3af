use super::*;

async fn with_orders() -> (Service, u64) {
    let service = Service::start().await;
    let mut last = 0;
    for (id, customer, amount) in [
        ("1", "7", "10.00"),
        ("2", "8", "30.00"),
        ("3", "7", "15.50"),
    ] {
        let total = json!({"amount": amount, "currency": "USD"});
        last = service
            .stored(&order(id, customer, json!({"total": total})))
            .await;
    }
    (service, last)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_is_read_by_any_of_its_names() {
    let (service, last) = with_orders().await;
    let path = format!("/api/v1/customers/external_id:shop:7?min_position={last}");
    let customer = service.get(&path).await;
    assert_eq!(customer.status, 200, "{:?}", customer.body);
    assert!(
        customer
            .header("touchbook-position")
            .parse::<u64>()
            .unwrap()
            >= last
    );
    assert_eq!(customer.body["interaction_count"], 2);
    assert_eq!(
        customer.body["ltv"],
        json!([{"currency": "USD", "amount": "25.50"}])
    );
    let id = customer.body["customer_id"].as_str().unwrap();
    let path = format!("/api/v1/customers/{id}");
    let (by_id, mut by_name) = (service.get(&path).await, customer.body.clone());
    by_name.as_object_mut().unwrap().remove("resolved_from");
    assert_eq!(by_id.body, by_name);
    let etag = customer.header("etag").to_owned();
    assert_eq!(by_id.header("etag"), etag);
    let unless = async |tag: String| {
        let request = Request::get(&path).header("if-none-match", tag);
        service.send(request.body(Body::empty()).unwrap()).await
    };
    assert_eq!(unless(format!("\"x\", W/{etag}")).await.status, 304);
    let newer = service.stored(&order("4", "7", json!({}))).await;
    service.get(&format!("{path}?min_position={newer}")).await;
    assert_eq!(unless(etag).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_go_by_page() {
    let (service, last) = with_orders().await;
    let names = |answer: &Answer| -> Vec<String> {
        let items = answer.body["items"].as_array().unwrap().iter();
        items
            .map(|item| item["name"].as_str().unwrap().to_owned())
            .collect()
    };
    let path = format!("/api/v1/customers?view=top&limit=1&min_position={last}");
    let first = service.get(&path).await;
    assert_eq!(names(&first), ["Customer 8"]);
    let cursor = first.body["next_cursor"].as_str().unwrap();
    let second = service.get(&format!("{path}&cursor={cursor}")).await;
    assert_eq!(names(&second), ["Customer 7"]);
    assert_eq!(second.body["next_cursor"], Value::Null);
    assert_eq!(second.body["currency"], "USD");
    let recent = format!("/api/v1/customers?cursor={cursor}");
    let other = cursor.replace("USD", "EUR");
    for wrong in [recent, format!("{path}&cursor={other}")] {
        let refused = service.get(&wrong).await;
        assert_eq!(refused.problem(), (400, "invalid_parameter"), "{wrong}");
    }
    let found = service.get("/api/v1/customers?q=shop:8").await;
    assert_eq!(names(&found), ["Customer 8"]);
    assert_eq!(
        found.body["items"][0]["matched"],
        json!({"field": "external_id", "exact": true})
    );
    assert_eq!(
        names(&service.get("/api/v1/customers?q=nobody").await),
        [""; 0]
    );
    assert_eq!(names(&service.get("/api/v1/customers").await).len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_can_be_nobodys_is_told_why() {
    let service = Service::start().await;
    let answer = service.get("/api/v1/customers/email:jane").await;
    assert_eq!(answer.problem(), (400, "invalid_reference"));
    assert_eq!(
        answer.body["detail"],
        "`email` must be one: not an e-mail address such as jane@example.com"
    );
}

/// Merged customers are one row, and answer under each other's names.
#[tokio::test(flavor = "multi_thread")]
async fn a_merged_customer_is_listed_once() {
    let (service, last) = with_orders().await;
    let id = async |name: &str| {
        let path = format!("/api/v1/customers/external_id:shop:{name}?min_position={last}");
        service.get(&path).await.body["customer_id"].clone()
    };
    let merge = json!({
        "specversion": "1.0", "id": "m", "source": "test", "type": "customer.merged",
        "data": {"into": id("7").await, "members": [id("8").await]},
    });
    let merged = service.stored(&merge).await;
    let list = service
        .get(&format!("/api/v1/customers?min_position={merged}"))
        .await;
    assert_eq!(list.body["items"].as_array().unwrap().len(), 1);
    assert_eq!(list.body["items"][0]["interaction_count"], 3);
    assert_eq!(id("8").await, id("7").await);
}

#[tokio::test(flavor = "multi_thread")]
async fn folding_again_shows_no_drift() {
    let (service, last) = with_orders().await;
    service
        .get(&format!(
            "/api/v1/customers/external_id:shop:7?min_position={last}"
        ))
        .await;
    let path = "/api/v1/customers/external_id:shop:7/refresh";
    let refreshed = service.post(path, "application/json", "").await;
    assert_eq!(refreshed.status, 200, "{:?}", refreshed.body);
    assert_eq!(refreshed.body["drift"], 0);
    assert_eq!(refreshed.body["projections"].as_array().unwrap().len(), 2);
}

/// What the document says a customer is, is what is answered.
#[tokio::test(flavor = "multi_thread")]
async fn a_customer_is_as_documented() {
    let (service, last) = with_orders().await;
    let path = format!("/api/v1/customers/external_id:shop:7?min_position={last}");
    let customer = service.get(&path).await.body;
    let document = serde_json::to_value(crate::openapi()).unwrap();
    let schema = &document["components"]["schemas"]["Customer"];
    let required: Vec<_> = schema["required"].as_array().unwrap().iter().collect();
    let properties = schema["properties"].as_object().unwrap();
    for name in customer.as_object().unwrap().keys() {
        assert!(properties.contains_key(name), "{name} is not documented");
    }
    for name in required {
        assert!(
            customer.get(name.as_str().unwrap()).is_some(),
            "{name} is not answered"
        );
    }
}

/// S0-045, S0-046, S0-047.
#[tokio::test(flavor = "multi_thread")]
async fn all_customers_are_folded_again_as_a_job_that_changes_nothing() {
    let service = Service::start().await;
    for number in 0..3 {
        service
            .stored(&order(&number.to_string(), &number.to_string(), json!({})))
            .await;
    }
    let tenant = service.api.engine().tenant("default").unwrap();
    let head = tenant.head();
    let timeline = "/api/v1/customers/external_id:shop:2/timeline";
    for path in ["/api/v1/customers", timeline] {
        let path = format!("{path}?min_position={head}");
        assert_eq!(service.get(&path).await.status, 200);
    }
    let digests = || ["customers", "timeline"].map(|name| tenant.digest(name));
    let before = digests();
    let request = Request::post("/api/v1/customers/refresh").body(Body::empty());
    let job = service.send(request.unwrap()).await;
    assert_eq!(job.status, 202, "{:?}", job.body);
    let path = job.header("location").to_owned();
    touchbook_testkit::eventually("all are folded", || async {
        service.get(&path).await.body["state"] == "succeeded"
    })
    .await;
    let result = service.get(&path).await.body["result"].clone();
    assert_eq!(result, json!({"updated": 3, "drift": 0}));
    assert_eq!((digests(), tenant.head()), (before, head));
}

/// S0-052.
#[tokio::test(flavor = "multi_thread")]
async fn customers_are_listed_by_when_an_agent_had_to_do_with_them() {
    let service = Service::start().await;
    let mut position = 0;
    for (day, customer) in [(1, "a"), (2, "b"), (3, "c")] {
        let call = json!({
            "specversion": "1.0", "id": format!("call-{day}"), "source": "alex",
            "type": "call.started", "time": format!("2024-05-0{day}T10:00:00Z"),
            "data": {"customer": {"external_id": format!("shop:{customer}"), "name": customer},
                     "agent_id": "alex"},
        });
        service.stored(&call).await;
        position = service
            .stored(&order(customer, &format!("none-{customer}"), json!({})))
            .await;
    }
    let names = async |query: &str| {
        let path = format!("/api/v1/customers?{query}&min_position={position}");
        let answer = service.get(&path).await;
        assert_eq!(answer.status, 200, "{:?}", answer.body);
        let items = answer.body["items"].as_array().unwrap().clone();
        let names = items
            .iter()
            .map(|item| item["name"].as_str().unwrap().to_owned());
        (
            names.collect::<Vec<_>>().concat(),
            answer.body["next_cursor"].clone(),
        )
    };
    let (from, to) = ("last_agent_interaction_from", "last_agent_interaction_to");
    assert_eq!(names(&format!("{from}=2024-05-02")).await.0, "cb");
    assert_eq!(names(&format!("{to}=2024-05-02")).await.0, "ba");
    assert_eq!(
        names(&format!("{from}=2024-05-02&{to}=2024-05-02")).await.0,
        "b"
    );
    let (first, cursor) = names(&format!("{from}=2024-05-01&limit=2")).await;
    let cursor = cursor.as_str().unwrap().to_owned();
    let rest = names(&format!("{from}=2024-05-01&limit=2&cursor={cursor}")).await;
    assert_eq!(
        (first.as_str(), rest.0.as_str(), rest.1),
        ("cb", "a", Value::Null)
    );
    let both = service
        .get(&format!("/api/v1/customers?{from}=2024-05-01&view=top"))
        .await;
    assert_eq!(both.problem(), (400, "invalid_parameter"));
}
