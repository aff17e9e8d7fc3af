use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn the_service_says_how_it_is() {
    let service = Service::start().await;
    assert_eq!(service.get("/healthz").await.status, 200);
    let ready = service.get("/readyz").await;
    assert_eq!(
        (ready.status.as_u16(), &ready.body["ready"]),
        (200, &json!(true))
    );
    assert_eq!(service.get("/metrics").await.problem(), (404, "not_found"));
    assert!(
        service
            .get("/")
            .await
            .body
            .as_str()
            .unwrap()
            .contains("/docs")
    );
    let docs = service.get("/docs/").await;
    assert_eq!(docs.status, 200);
    assert!(
        !docs.body.as_str().unwrap().contains("https://"),
        "{}",
        docs.body
    );
    let document = service.get("/api/openapi.json").await;
    assert_eq!(document.body["info"]["title"], "Touchbook");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_projection_is_rebuilt_as_a_job() {
    let service = Service::start().await;
    service.stored(&order("1", "7", json!({}))).await;
    let projections = service.get("/api/v1/projections").await;
    let names: Vec<_> = projections.body["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| &item["name"])
        .collect();
    assert!(names.contains(&&json!("customers")) && names.contains(&&json!("timeline")));
    let job = service.send(
        Request::post("/api/v1/projections/customers/rebuild")
            .body(Body::empty())
            .unwrap(),
    );
    let job = job.await;
    assert_eq!(job.status, 202, "{:?}", job.body);
    assert_eq!(job.body["targets"], json!(["customers"]));
    let path = job.header("location").to_owned();
    touchbook_testkit::eventually("the projection is rebuilt", || async {
        service.get(&path).await.body["state"] == "succeeded"
    })
    .await;
    let jobs = service.get("/api/v1/jobs").await;
    assert_eq!(jobs.body["items"][0]["id"], job.body["id"]);
    let foreign = Request::get(&path)
        .header("X-Tenant-ID", "other")
        .body(Body::empty())
        .unwrap();
    assert_eq!(service.send(foreign).await.problem(), (404, "not_found"));
    let cancelled = Request::post(format!("{path}/cancel"))
        .body(Body::empty())
        .unwrap();
    assert_eq!(service.send(cancelled).await.body["state"], "succeeded");
}

#[tokio::test(flavor = "multi_thread")]
async fn event_types_name_their_schemas() {
    let service = Service::start().await;
    let types = service.get("/api/v1/event-types").await;
    for item in types.body["items"].as_array().unwrap() {
        let schema = service.get(item["schema"].as_str().unwrap()).await;
        assert_eq!(schema.body["title"], item["type"]);
    }
}

/// A handler that panics is answered for, and nobody else is harmed.
#[tokio::test]
async fn a_panic_is_a_problem() {
    let router: Router = Router::new()
        .route(
            "/",
            axum::routing::get(|| async { panic!("on purpose") as () }),
        )
        .layer(tower_http::catch_panic::CatchPanicLayer::custom(
            crate::router::panicked,
        ));
    let request = Request::get("/").body(Body::empty()).unwrap();
    let response = router.oneshot(request).await.unwrap();
    assert_eq!(response.status(), 500);
    assert_eq!(
        response.headers()[header::CONTENT_TYPE],
        crate::problem::PROBLEM_JSON
    );
}
