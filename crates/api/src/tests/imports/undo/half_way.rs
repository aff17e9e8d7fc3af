//! Undoing that ends early, and what had nothing to undo.

use super::*;

impl Service {
    /// Begins to undo an import and cancels that after `steps`; answers the job's end.
    async fn undo_half_way(&self, import: &Value, steps: usize) -> Value {
        let mut turns = self.api.imports().turns.hold();
        let job = self.begin_undo(import, "").await;
        let mut taken = 0;
        while let Some(turn) = turns.recv().await {
            if taken == steps {
                let id = import["id"].as_str().unwrap();
                let path = format!("/api/v1/imports/{id}/cancel");
                let cancelled = self.post(&path, "application/json", "").await;
                assert_eq!(cancelled.status, StatusCode::ACCEPTED);
            }
            taken += 1;
            turn.send(()).unwrap();
        }
        self.ended(&job).await
    }

    async fn state(&self, import: &Value) -> Value {
        let path = format!("/api/v1/imports/{}", import["id"].as_str().unwrap());
        self.get(&path).await.body["state"].clone()
    }
}

/// Law 4, in as many attempts as it takes: what they come to together is told at the end, and the
/// file is refused until then.
#[tokio::test(flavor = "multi_thread")]
async fn an_undoing_that_was_cancelled_is_gone_on_with() {
    let service = Service::start().await;
    some_are_known(&service).await;
    let import = service.import("", &script(1)).await;
    let planned = service.undo(&import, "dry_run=true").await;

    let ended = service.undo_half_way(&import, 0).await;
    assert_eq!(ended["state"], "cancelled", "{ended}");
    assert_eq!(
        service.state(&import).await,
        "succeeded",
        "nothing was begun"
    );

    for steps in [1, 4, 9, 14] {
        let ended = service.undo_half_way(&import, steps).await;
        assert_eq!(ended["state"], "cancelled", "{ended}");
        assert_eq!(service.state(&import).await, "half_undone");
        let request = Request::post("/api/v1/customers/import");
        let request = request.header(header::CONTENT_TYPE, "text/csv");
        let request = request.body(Body::from(script(1))).unwrap();
        let refused = service.send(request).await;
        assert_eq!(refused.problem(), (409, "half_undone"));
    }
    let undone = service.undo(&import, "").await;
    assert_eq!(undone, planned);
    assert_eq!(service.state(&import).await, "undone");
    let (never, left) = without_imports(service.records());
    assert_eq!(left, [""; 0]);
    service.all_are_as_of(&never).await;
    let again = service.import("", &script(1)).await;
    assert_eq!(counts(&again), counts(&import), "{again}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_wrote_nothing_is_not_undone() {
    let service = Service::start().await;
    let dry = service.import("dry_run=true", &script(1)).await;
    let atomic = service
        .import("atomic=true", "External_ID,Total_Agent_Calls\na,-1\n")
        .await;
    for import in [&dry, &atomic] {
        let path = format!("/api/v1/imports/{}/undo", import["id"].as_str().unwrap());
        let refused = service.post(&path, "application/json", "").await;
        assert_eq!(refused.problem(), (409, "nothing_to_undo"), "{import}");
    }
    let refused = service.post("/api/v1/imports/x/undo", "application/json", "");
    assert_eq!(refused.await.problem(), (404, "not_found"));
}
