//! Writes that count only while what they change is as their caller has read it.

use super::*;

impl Service {
    async fn write_if(&self, method: &str, path: &str, tags: &str, body: &Value) -> Answer {
        let request = Request::builder().method(method).uri(path);
        let request = request.header(header::CONTENT_TYPE, "application/json");
        let request = request.header(header::IF_MATCH, tags);
        self.send(request.body(body.to_string().into()).unwrap())
            .await
    }

    /// The tag of what `path` answers once `position` is in the answer.
    async fn tag(&self, path: &str, position: u64) -> String {
        let answer = self.get(&format!("{path}?min_position={position}")).await;
        assert_eq!(answer.status, 200, "{:?}", answer.body);
        answer.header("etag").to_owned()
    }

    async fn head(&self) -> u64 {
        let tenant = self.api.engine().create_tenant("default").await.unwrap();
        tenant.head()
    }

    /// Makes a customer known by `user`; answers its path and id.
    async fn customer(&self, user: &str) -> (String, String) {
        let body = json!({ "user": user, "name": user }).to_string();
        let made = self
            .post("/api/v1/customers", "application/json", body)
            .await;
        assert_eq!(made.status, 200, "{:?}", made.body);
        let position = made.body["position"].as_u64().unwrap();
        let path = format!("/api/v1/customers/user:{user}");
        self.tag(&path, position).await;
        (path, made.body["customer_id"].as_str().unwrap().to_owned())
    }

    async fn command(&self, event_type: &str, data: Value) -> u64 {
        let id = self.head().await;
        let event = json!({
            "specversion": "1.0", "id": format!("c{id}"), "source": "test", "type": event_type,
            "data": data,
        });
        self.stored(&event).await
    }
}

fn name(name: &str) -> Value {
    json!({ "name": name })
}

/// The winner's position of an answer that lost.
#[track_caller]
fn lost(answer: &Answer) -> u64 {
    assert_eq!(
        answer.problem(),
        (412, "position_changed"),
        "{:?}",
        answer.body
    );
    answer.body["position"].as_u64().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_who_change_the_customer_that_both_have_read_the_first_wins() {
    let service = Service::start().await;
    let (path, id) = service.customer("jane").await;
    let tag = service.tag(&path, 0).await;
    let first = service.write_if("PATCH", &path, &tag, &name("Jane")).await;
    assert_eq!(first.status, 200, "{:?}", first.body);
    let position = first.body["position"].as_u64().unwrap();
    let second = service.write_if("PATCH", &path, &tag, &name("Joan")).await;
    assert_eq!(lost(&second), position);
    let read = service
        .get(&format!("{path}?min_position={position}"))
        .await;
    assert_eq!(read.body["name"], "Jane");

    // What lost is a record of hers, with what it expected.
    let record = service
        .get(&format!("/api/v1/events/{}", position + 1))
        .await;
    assert_eq!(
        record.body["reason"], "position_changed",
        "{:?}",
        record.body
    );
    assert_eq!(
        (&record.body["winner"], &record.body["customer_id"]),
        (&json!(position), &json!(id))
    );
    let expected = tag.trim_matches('"').split('.').next().unwrap();
    assert_eq!(
        record.body["extensions"],
        json!({ "expectedposition": expected })
    );

    // From the tag that is answered now, and from the position of one's own write, one goes on.
    let tag = service.tag(&path, position + 1).await;
    assert!(tag.starts_with(&format!("\"{position}.")), "{tag}");
    let third = service.write_if("PATCH", &path, &tag, &name("Joan")).await;
    let bare = format!("\"{}\"", third.body["position"]);
    let fourth = service.write_if("PATCH", &path, &bare, &name("Jo")).await;
    assert_eq!(fourth.status, 200, "{:?}", fourth.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn several_tags_stand_for_the_newest_and_the_asterisk_for_any() {
    let service = Service::start().await;
    let (path, _) = service.customer("jane").await;
    let (old, head) = (service.tag(&path, 0).await, service.head().await);
    let one = service.write_if("PATCH", &path, "*", &name("1")).await;
    assert_eq!(one.status, 200, "{:?}", one.body);
    let new = format!("\"{}\"", one.body["position"]);
    let both = format!("{new}, {old}");
    let two = service.write_if("PATCH", &path, &both, &name("2")).await;
    assert_eq!(two.status, 200, "{:?}", two.body);
    let before = service.head().await;
    for tags in ["W/\"7\"", "7", "\"x\"", "", "*, \"7\""] {
        let answer = service.write_if("PATCH", &path, tags, &name("3")).await;
        assert_eq!(answer.problem(), (400, "invalid_if_match"), "{tags:?}");
        assert!(
            answer.body["allowed"]
                .as_array()
                .unwrap()
                .contains(&json!("*"))
        );
    }
    assert_eq!(service.head().await, before);
    // A tag of a ledger that went further than this one.
    let ahead = format!("\"{}\"", head + 1_000);
    let answer = service.write_if("PATCH", &path, &ahead, &name("4")).await;
    assert_eq!(answer.problem(), (412, "position_changed"));
    assert_eq!(answer.body["position"], Value::Null, "nothing has won");
    let detail = answer.body["detail"].as_str().unwrap();
    assert!(detail.contains("was never here"), "{detail}");
    let nobody = "/api/v1/customers/user:nobody";
    let answer = service.write_if("PATCH", nobody, "*", &name("5")).await;
    assert_eq!(answer.problem(), (404, "not_found"));
}

/// `If-Match` is decided, not checked: whoever repeats a write is answered as it was answered.
#[tokio::test(flavor = "multi_thread")]
async fn a_retry_is_answered_as_it_was_first_whatever_happened_since() {
    let service = Service::start().await;
    let (path, _) = service.customer("jane").await;
    let tag = service.tag(&path, 0).await;
    let write = async |key: &str, new: &str| {
        let request = Request::patch(&path).header(header::CONTENT_TYPE, "application/json");
        let request = request
            .header(header::IF_MATCH, &tag)
            .header("Idempotency-Key", key);
        let body = name(new).to_string().into();
        service.send(request.body(body).unwrap()).await
    };
    let won = write("a", "Jane").await;
    let position = won.body["position"].as_u64().unwrap();
    assert_eq!(lost(&write("b", "Joan").await), position);
    let head = service.head().await;
    let again = write("a", "Jane").await;
    assert_eq!(again.body["position"], position, "{:?}", again.body);
    assert_eq!(again.body["duplicate"], true);
    assert_eq!(lost(&write("b", "Joan").await), position);
    assert_eq!(service.head().await, head);
}

/// A group is one object: what changes it, or takes it apart, changes the tag of all of it.
#[tokio::test(flavor = "multi_thread")]
async fn a_merge_an_unmerge_and_a_retraction_change_the_tag() {
    let service = Service::start().await;
    let (jane, jane_id) = service.customer("jane").await;
    let (joan, joan_id) = service.customer("joan").await;
    let (other, _) = service.customer("other").await;
    let of_other = service.tag(&other, 0).await;
    let order = json!({ "customer": { "user": "joan" }, "status": "Complete" });
    let ordered = service.command("order.updated", order).await;

    let mut tag = service.tag(&joan, ordered).await;
    assert!(tag.starts_with(&format!("\"{ordered}.")), "{tag}");
    let members = json!([joan_id]);
    for (event_type, data) in [
        (
            "customer.merged",
            json!({ "into": jane_id, "members": members }),
        ),
        ("event.retracted", json!({ "positions": [ordered] })),
        ("event.reinstated", json!({ "positions": [ordered] })),
        (
            "customer.unmerged",
            json!({ "from": jane_id, "members": members }),
        ),
    ] {
        let position = service.command(event_type, data).await;
        let answer = service.write_if("PATCH", &joan, &tag, &name("Joan")).await;
        assert_eq!(lost(&answer), position, "{event_type}");
        tag = service.tag(&joan, position).await;
        assert!(
            tag.starts_with(&format!("\"{position}.")),
            "{event_type}: {tag}"
        );
        let of_jane = service.tag(&jane, position).await;
        assert_eq!(
            of_jane == tag,
            event_type != "customer.unmerged",
            "{event_type}"
        );
    }
    for path in [&jane, &joan] {
        let tag = service.tag(path, 0).await;
        let answer = service.write_if("PATCH", path, &tag, &name("J")).await;
        assert_eq!(answer.status, 200, "{:?}", answer.body);
    }
    let of_nobody_else = service
        .write_if("PATCH", &other, &of_other, &name("O"))
        .await;
    assert_eq!(of_nobody_else.status, 200, "{:?}", of_nobody_else.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_is_changed_only_as_it_was_read() {
    let service = Service::start().await;
    let path = "/api/v1/policies/inactive_after_days";
    let days = |days: u32| json!({ "value": days });
    let never_set = service.tag(path, 0).await;
    assert!(never_set.starts_with("\"0."), "{never_set}");
    let first = service.write_if("PUT", path, &never_set, &days(30)).await;
    assert_eq!(first.status, 200, "{:?}", first.body);
    let position = first.body["position"].as_u64().unwrap();
    let second = service.write_if("PUT", path, &never_set, &days(40)).await;
    assert_eq!(lost(&second), position);
    let tag = service.tag(path, position + 1).await;
    assert!(tag.starts_with(&format!("\"{position}.")), "{tag}");
    let unless = Request::get(path).header(header::IF_NONE_MATCH, &tag);
    let unless = service.send(unless.body(Body::empty()).unwrap()).await;
    assert_eq!(
        (unless.status.as_u16(), unless.header("etag")),
        (304, &*tag)
    );
    let other = "/api/v1/policies/zone";
    let unrelated = service
        .write_if("PUT", other, "\"0\"", &json!({ "value": "UTC" }))
        .await;
    assert_eq!(unrelated.status, 200, "{:?}", unrelated.body);
    let third = service.write_if("PUT", path, &tag, &days(50)).await;
    assert_eq!(third.status, 200, "{:?}", third.body);
}

/// Ignoring the header would break what its sender relies on.
#[tokio::test(flavor = "multi_thread")]
async fn where_nobody_decides_on_it_the_header_is_refused() {
    let service = Service::start().await;
    let (path, _) = service.customer("jane").await;
    let body = json!({ "user": "jane", "name": "Jane" });
    for (method, path) in [
        ("POST", "/api/v1/customers"),
        ("POST", "/api/v1/events"),
        ("POST", "/api/v1/projections/customers/rebuild"),
        ("GET", &*path),
    ] {
        let answer = service.write_if(method, path, "\"1\"", &body).await;
        assert_eq!(
            answer.problem(),
            (400, "if_match_not_supported"),
            "{method} {path}"
        );
    }
}

/// An event says itself what it expects; in a batch each stands or falls alone.
#[tokio::test(flavor = "multi_thread")]
async fn an_event_of_its_own_says_what_it_expects() {
    let service = Service::start().await;
    let (path, _) = service.customer("jane").await;
    let read_at = service.head().await;
    let event = |id: &str, expected: Value| {
        json!({
            "specversion": "1.0", "id": id, "source": "crm", "type": "customer.status_changed",
            "expectedposition": expected,
            "data": { "customer": { "user": "jane" }, "status": "vip" },
        })
    };
    let vip = service
        .stored(&event("1", json!(read_at.to_string())))
        .await;
    let late = service.events(&event("2", json!(read_at))).await;
    assert_eq!(lost(&late), vip);
    let batch = json!([
        event("3", json!(vip.to_string())),
        event("4", json!(vip.to_string()))
    ]);
    let answer = service.events(&batch).await;
    assert_eq!(answer.body["accepted"], 1, "{:?}", answer.body);
    let error = &answer.body["errors"][0];
    assert_eq!(
        (&error["index"], &error["status"]),
        (&json!(1), &json!(412)),
        "{error}"
    );
    let third = error["position"].as_u64().unwrap();
    assert!(
        service
            .tag(&path, third + 1)
            .await
            .starts_with(&format!("\"{third}."))
    );

    let mut order = order("1", "7", json!({}));
    order["expectedposition"] = json!("1");
    let refused = service.events(&order).await;
    assert_eq!(refused.problem(), (422, "expected_position_not_supported"));
    assert_eq!(refused.body["pointer"], "/expectedposition");
    let allowed = refused.body["allowed"].as_array().unwrap();
    assert!(
        allowed.contains(&json!("customer.updated")) && !allowed.contains(&json!("order.updated"))
    );
    let words = service.events(&event("5", json!("latest"))).await;
    assert_eq!(words.problem(), (422, "invalid_value"), "{:?}", words.body);
    assert_eq!(words.body["pointer"], "/expectedposition");
}

/// Many who read the same, and all write: one wins, and every other is told that it did.
#[tokio::test(flavor = "multi_thread")]
async fn of_many_at_once_exactly_one_wins() {
    let service = Arc::new(Service::start().await);
    let (path, _) = service.customer("jane").await;
    let tag = service.tag(&path, 0).await;
    let mut writes = tokio::task::JoinSet::new();
    for number in 0..20 {
        let (service, path, tag) = (Arc::clone(&service), path.clone(), tag.clone());
        writes.spawn(async move {
            let body = name(&format!("Jane {number}"));
            service.write_if("PATCH", &path, &tag, &body).await
        });
    }
    let answers = writes.join_all().await;
    let (won, others): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == 200);
    let [won] = won[..] else {
        panic!("{} have won", won.len());
    };
    for other in others {
        assert_eq!(lost(other), won.body["position"].as_u64().unwrap());
    }
}

/// What a batch retracts of itself is in no ledger yet.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_recorded_and_retracted_in_one_batch_changes_the_tag() {
    let service = Service::start().await;
    let (path, _) = service.customer("jane").await;
    for query in ["", "?atomic=true"] {
        let before = service.head().await;
        let event = |event_type: &str, data: Value| {
            json!({
                "specversion": "1.0", "id": format!("{event_type}{before}"), "source": "test",
                "type": event_type, "data": data,
            })
        };
        let sms = json!({ "customer": { "user": "jane" }, "body": "Hi" });
        let batch = json!([
            event("sms.received", sms),
            event("event.retracted", json!({ "positions": [before + 1] })),
        ]);
        let path_of_events = format!("/api/v1/events{query}");
        let sent = service
            .post(&path_of_events, "application/json", batch.to_string())
            .await;
        assert_eq!(sent.body["accepted"], 2, "{:?}", sent.body);
        let tag = service.tag(&path, before + 2).await;
        assert!(tag.starts_with(&format!("\"{}.", before + 2)), "{tag}");
        let stale = format!("\"{}\"", before + 1);
        let answer = service.write_if("PATCH", &path, &stale, &name("J")).await;
        assert_eq!(lost(&answer), before + 2);
    }
}
