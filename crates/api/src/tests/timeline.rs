use super::*;

async fn with_days() -> (Service, u64) {
    let service = Service::start().await;
    let mut last = 0;
    for day in 1..=5 {
        let mut event = order(&day.to_string(), "7", json!({}));
        event["time"] = json!(format!("2024-05-0{day}T23:30:00Z"));
        last = service.stored(&event).await;
    }
    let sms = json!({
        "specversion": "1.0", "id": "s", "source": "phone", "type": "sms.received",
        "time": "2024-05-03T12:00:00Z",
        "data": {"customer": {"external_id": "shop:7"}, "from": "+27123456789", "body": "Hello"},
    });
    last = last.max(service.stored(&sms).await);
    (service, last)
}

fn ids(answer: &Answer) -> Vec<&str> {
    assert_eq!(answer.status, 200, "{:?}", answer.body);
    let items = answer.body["items"].as_array().unwrap().iter();
    items
        .map(|item| item["event_id"].as_str().unwrap())
        .collect()
}

/// S1-006, S1-022, S1-036: newest first, by page, by source.
#[tokio::test(flavor = "multi_thread")]
async fn a_timeline_goes_by_page_and_source() {
    let (service, last) = with_days().await;
    let path = format!("/api/v1/customers/external_id:shop:7/timeline?min_position={last}");
    let whole = service.get(&path).await;
    let all = ids(&whole);
    assert_eq!(
        all,
        [
            "delivery-5",
            "delivery-4",
            "delivery-3",
            "s",
            "delivery-2",
            "delivery-1"
        ]
    );
    let mut paged = Vec::new();
    let mut next = format!("{path}&limit=4");
    loop {
        let page = service.get(&next).await;
        paged.extend(ids(&page).into_iter().map(str::to_owned));
        let Some(cursor) = page.body["next_cursor"].as_str() else {
            break;
        };
        next = format!("{path}&limit=4&cursor={cursor}");
    }
    assert_eq!(paged, all);
    assert_eq!(
        ids(&service.get(&format!("{path}&sources=sms,call")).await),
        ["s"]
    );
    let unknown = service.get(&format!("{path}&sources=fax")).await;
    assert_eq!(unknown.problem(), (400, "invalid_parameter"));
    assert!(
        unknown.body["allowed"]
            .as_array()
            .unwrap()
            .contains(&json!("sms"))
    );
}

/// S1-023, C12: both ends are inclusive, and a date is a day of the tenant's zone.
#[tokio::test(flavor = "multi_thread")]
async fn a_range_is_read_in_the_tenants_zone() {
    let (service, last) = with_days().await;
    let path = format!("/api/v1/customers/external_id:shop:7/timeline?min_position={last}");
    let range = async |range: &str| {
        let answer = service.get(&format!("{path}&{range}")).await;
        ids(&answer)
            .into_iter()
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    assert_eq!(
        range("from=2024-05-03&to=2024-05-03").await,
        ["delivery-3", "s"]
    );
    let instant = "2024-05-03T23:30:00Z";
    assert_eq!(
        range(&format!("from={instant}&to={instant}")).await,
        ["delivery-3"]
    );
    assert_eq!(
        range("from=2024-05-04T01:30:00+02:00&to=2024-05-04").await,
        ["delivery-4", "delivery-3"]
    );
    let change = json!({"value": "Africa/Johannesburg"}).to_string();
    let request =
        Request::put("/api/v1/policies/zone").header(header::CONTENT_TYPE, "application/json");
    let set = service.send(request.body(change.into()).unwrap()).await;
    assert_eq!(set.status, 200, "{:?}", set.body);
    // Half past eleven in the evening, UTC, is the next day there.
    assert_eq!(
        range("from=2024-05-03&to=2024-05-03").await,
        ["s", "delivery-2"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_has_its_history() {
    let (service, _) = with_days().await;
    let mut revision = order("3", "7", json!({"status": "Refunded"}));
    revision["id"] = json!("delivery-3b");
    revision["time"] = json!("2024-05-06T00:00:00Z");
    let last = service.stored(&revision).await;
    let path = format!("/api/v1/entries/order%2F3?min_position={last}");
    let entry = service.get(&path).await;
    assert_eq!(entry.status, 200, "{:?}", entry.body);
    assert_eq!(entry.body["entry"]["entry_id"], "order/3");
    assert_eq!(entry.body["entry"]["revision_count"], 2);
    assert_eq!(entry.body["entry"]["last_position"], last);
    let history = entry.body["history"].as_array().unwrap();
    assert_eq!(history.len(), 2);
    assert_eq!(history[1]["data"]["status"], "Refunded");
    let etag = entry.header("etag").to_owned();
    let again = Request::get(&path)
        .header("if-none-match", &etag)
        .body(Body::empty())
        .unwrap();
    assert_eq!(service.send(again).await.status, 304);
}

/// What is in the answer besides the entry's newest record changes its tag too.
#[tokio::test(flavor = "multi_thread")]
async fn a_merge_and_a_retraction_of_a_middle_revision_change_an_entrys_tag() {
    let (service, _) = with_days().await;
    let mut positions = Vec::new();
    for (id, status) in [("b", "Packed"), ("c", "Shipped")] {
        let mut revision = order("3", "7", json!({ "status": status }));
        revision["id"] = json!(id);
        positions.push(service.stored(&revision).await);
    }
    let other = service.stored(&order("9", "8", json!({}))).await;
    let read = async |position: u64, tag: &str| {
        let path = format!("/api/v1/entries/order%2F3?min_position={position}");
        let request = Request::get(path).header("if-none-match", tag);
        service.send(request.body(Body::empty()).unwrap()).await
    };
    let named = async |name: &str| {
        let path = format!("/api/v1/customers/external_id:shop:{name}?min_position={other}");
        service.get(&path).await.body["customer_id"].clone()
    };
    let mut entry = read(other, "\"0\"").await;
    let into = named("8").await;
    for (event_type, data) in [
        ("event.retracted", json!({ "positions": [positions[0]] })),
        (
            "customer.merged",
            json!({ "into": into, "members": [named("7").await] }),
        ),
    ] {
        let event = json!({
            "specversion": "1.0", "id": event_type, "source": "test", "type": event_type,
            "data": data,
        });
        let tag = entry.header("etag").to_owned();
        let changed = service.stored(&event).await;
        entry = read(changed, &tag).await;
        assert_eq!(entry.status, 200, "{event_type}");
        assert_eq!(entry.body["entry"]["last_position"], positions[1]);
        let tag = entry.header("etag").to_owned();
        assert_eq!(read(changed, &tag).await.status, 304, "{event_type}");
    }
    assert_eq!(entry.body["customer_id"], into);
}

/// What the document says an entry is, is what is answered.
#[tokio::test(flavor = "multi_thread")]
async fn an_entry_is_as_documented() {
    let (service, last) = with_days().await;
    let path = format!("/api/v1/customers/external_id:shop:7/timeline?min_position={last}");
    let page = service.get(&path).await.body;
    let document = serde_json::to_value(crate::openapi()).unwrap();
    let properties = document["components"]["schemas"]["Entry"]["properties"]
        .as_object()
        .unwrap();
    for item in page["items"].as_array().unwrap() {
        let answered: Vec<_> = item.as_object().unwrap().keys().collect();
        let documented: Vec<_> = properties.keys().collect();
        let sorted = |mut names: Vec<&String>| {
            names.sort_unstable();
            names.into_iter().cloned().collect::<Vec<_>>()
        };
        assert_eq!(sorted(answered), sorted(documented));
    }
}
