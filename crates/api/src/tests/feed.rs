//! Rows of the quote source on their way to the ledger.

use super::*;
use crate::delivery::{Delivery, Shape};
use crate::extract::caller::anybody;
use crate::limits::QUOTE_ROW_BYTES_MAX;
use crate::{Fed, QuoteFeed, QuoteSourceStanding};
use bytes::Bytes;
use touchbook_events::{Problem, Timestamp};

const JSON: &str = "application/json";

fn session(status: &str) -> Value {
    json!({
        "session_id": "qs_abc123", "customer_name": "Bob Wilson",
        "customer_email": "bob@example.com", "customer_phone": "+27987654321",
        "company_name": "Wilson Corp", "status": status, "total_amount": 5499.99,
        "currency": "ZAR", "quote_items": [{"name": "Amplifier"}],
        "created_at": "2024-01-15T09:00:00Z", "last_activity_at": "2024-01-15T11:30:00Z",
        "metadata": {"room": 2}
    })
}

/// The same session as the source has it.
fn row(status: &str) -> Value {
    let mut row = session(status);
    row["id"] = json!(7);
    row["updated_at"] = json!("2024-01-15T11:30:01.123456+00:00");
    row
}

impl Service {
    async fn feed(&self, rows: &[String]) -> Fed {
        let rows = rows.iter().map(|row| Bytes::from(row.clone())).collect();
        let feed = QuoteFeed::new(self.api.clone(), "default");
        feed.take(rows).await.unwrap()
    }

    async fn open_letters(&self) -> Vec<Value> {
        let letters = self.get("/api/v1/dead-letters").await;
        letters.body["items"].as_array().unwrap().clone()
    }
}

/// S1-138, C30: the same session by sync and by polling is one entry.
#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_is_synced_and_polled_is_one_entry() {
    let service = Service::start().await;
    let body = json!({ "action": "sync_quote_session", "data": session("active") });
    let synced = service.post("/api/sync", JSON, body.to_string()).await;
    assert_eq!(synced.status, 200, "{:?}", synced.body);
    let known = service.feed(&[row("active").to_string()]).await;
    assert_eq!((known.accepted, known.duplicates), (0, 1));
    let changed = service.feed(&[row("quote_sent").to_string()]).await;
    assert_eq!((changed.accepted, changed.duplicates), (1, 0));
    let body = json!({ "action": "sync_quote_session", "data": session("quote_sent") });
    let again = service.post("/api/sync", JSON, body.to_string()).await;
    assert_eq!(again.body["duplicate"], true);
    let entries = service
        .timeline_of("bob@example.com", &again.body["position"])
        .await;
    assert_eq!(entries.len(), 1, "{entries:?}");
    assert_eq!(
        (&entries[0]["source"], &entries[0]["revision_count"]),
        (&json!("chat"), &json!(2))
    );
    // C22: its place is when it began.
    assert_eq!(entries[0]["occurred_at"], "2024-01-15T09:00:00Z");
}

/// What came is kept as it came, and says who fetched it.
#[tokio::test(flavor = "multi_thread")]
async fn a_row_is_kept_byte_for_byte() {
    let service = Service::start().await;
    let row = "{\"id\": 7,  \"total_amount\": 10.00, \"currency\": \"ZAR\", \"more\": [1.50]}";
    let fed = service.feed(&[row.to_owned()]).await;
    assert_eq!(fed.accepted, 1);
    let records = service.get("/api/v1/ledger/events?limit=50").await;
    let records = records.body["items"].as_array().unwrap();
    let is_quote = |record: &&Value| record["type"] == "quote.updated";
    let record = records.iter().find(is_quote).unwrap();
    assert_eq!(record["extensions"]["rawpayload"], row, "{record}");
    assert_eq!(record["data"]["session_id"], "7");
}

/// What can't be used is one dead letter however often it is fetched, and can be sent again.
#[tokio::test(flavor = "multi_thread")]
async fn an_unusable_row_is_one_dead_letter_until_it_is_dealt_with() {
    let service = Service::start().await;
    let mut unusable = row("active");
    unusable["total_amount"] = json!("a lot");
    let rows = [
        unusable.to_string(),
        "7".to_owned(),
        row("active").to_string(),
    ];
    for _ in 0..2 {
        let fed = service.feed(&rows).await;
        assert_eq!((fed.accepted + fed.duplicates, fed.dead_letters), (1, 2));
    }
    let letters = service.open_letters().await;
    assert_eq!(letters.len(), 2, "{letters:?}");
    assert!(
        letters
            .iter()
            .all(|letter| letter["origin"] == "quote_source")
    );
    let letter = letters
        .iter()
        .find(|letter| letter["raw"]["text"] == rows[0].as_str())
        .unwrap();
    assert_eq!(letter["pointer"], "/total_amount");
    let path = format!("/api/v1/dead-letters/{}/resubmit", letter["position"]);
    let again = service.post(&path, JSON, "{}").await;
    assert_eq!(
        again.problem(),
        (422, "invalid_value"),
        "it is read by the same normaliser"
    );
}

/// What could not be used, and can be by now, becomes what it would have become.
#[tokio::test(flavor = "multi_thread")]
async fn a_letter_of_the_source_is_sent_again_through_the_same_normaliser() {
    let service = Service::start().await;
    let tenant = service.api.engine().create_tenant("default").await.unwrap();
    let caller = anybody(&service.api, tenant);
    let body = row("active").to_string();
    let delivery = Delivery::again(Shape::QuoteSource, body.into());
    let problem = Problem::invalid("/status", "was no status then");
    let kept = caller
        .keep(&service.api, &delivery, &problem)
        .await
        .unwrap();
    let path = format!("/api/v1/dead-letters/{kept}/resubmit");
    let resolved = service.post(&path, JSON, "{}").await;
    assert_eq!(resolved.status, 200, "{:?}", resolved.body);
    let fed = service.feed(&[row("active").to_string()]).await;
    assert_eq!((fed.accepted, fed.duplicates), (0, 1));
    let position = &resolved.body["position"];
    let entries = service.timeline_of("bob@example.com", position).await;
    assert_eq!(entries.len(), 1);
    assert!(service.open_letters().await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_is_too_large_is_kept_as_far_as_there_is_room() {
    let service = Service::start().await;
    let mut large = row("active");
    large["metadata"] = json!({ "text": "\"".repeat(QUOTE_ROW_BYTES_MAX) });
    // The largest that is taken, all of which is escaped where it is kept.
    let fits = format!(
        "[{}]",
        "\"\",".repeat((QUOTE_ROW_BYTES_MAX - 4) / 3) + "\"\""
    );
    assert!(fits.len() <= QUOTE_ROW_BYTES_MAX && fits.len() > QUOTE_ROW_BYTES_MAX - 8);
    let fed = service.feed(&[large.to_string(), fits.clone()]).await;
    assert_eq!(fed.dead_letters, 2);
    let letters = service.open_letters().await;
    let of = |reason: &str| {
        let letter = letters.iter().find(|letter| letter["reason"] == reason);
        letter.unwrap_or_else(|| panic!("{reason}"))["raw"]["text"]
            .as_str()
            .unwrap()
    };
    assert_eq!(
        of("event_too_large"),
        &large.to_string()[..QUOTE_ROW_BYTES_MAX]
    );
    assert_eq!(of("invalid_value"), fits);
    // A part of a row is another thing than the row.
    let cut = letters
        .iter()
        .find(|letter| letter["reason"] == "event_too_large");
    let path = format!("/api/v1/dead-letters/{}", cut.unwrap()["position"]);
    let resubmit = format!("{path}/resubmit");
    let refused = service.post(&resubmit, JSON, "{}").await;
    assert_eq!(refused.problem(), (422, "not_whole"));
    let dismiss = format!("{path}/dismiss");
    let dismissed = service.post(&dismiss, JSON, "{}").await;
    assert_eq!(dismissed.status, 200, "{:?}", dismissed.body);
}

/// What is known of a row that can't be read is kept, once.
#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_was_passed_by_is_a_dead_letter_that_can_not_be_sent_again() {
    let service = Service::start().await;
    let feed = QuoteFeed::new(service.api.clone(), "default");
    let place = r#"{"id":"qs_1","updated_at":"2024-01-15T09:00:00Z"}"#;
    for _ in 0..2 {
        let fed = feed.pass_by(place.into()).await.unwrap();
        assert_eq!(fed.dead_letters, 1);
    }
    let letters = service.open_letters().await;
    assert_eq!(letters.len(), 1);
    assert_eq!(letters[0]["raw"]["text"], place);
    let resubmit = format!("/api/v1/dead-letters/{}/resubmit", letters[0]["position"]);
    let refused = service.post(&resubmit, JSON, "{}").await;
    assert_eq!(refused.problem(), (422, "not_whole"));
}

/// A copy of the ledger from before knows nothing of what came since, and another one nothing.
#[tokio::test(flavor = "multi_thread")]
async fn only_the_ledger_that_holds_its_rows_confirms_how_far_a_source_was_read() {
    let (service, other) = (Service::start().await, Service::start().await);
    let of = |service: &Service| QuoteFeed::new(service.api.clone(), "default");
    service.feed(&[row("active").to_string()]).await;
    let mark = of(&service).mark().unwrap();
    other.feed(&[row("active").to_string()]).await;
    assert!(of(&service).confirms(&mark));
    assert!(!of(&other).confirms(&mark));
    service.feed(&[row("quote_sent").to_string()]).await;
    assert!(of(&service).confirms(&mark), "it goes on");
    let beyond = format!("1{mark}");
    for unknown in [&*beyond, "", "1", "x/y"] {
        assert!(!of(&service).confirms(unknown), "{unknown}");
    }
}

/// S1-138: unset is off, and nothing of the source makes the service unready.
#[tokio::test(flavor = "multi_thread")]
async fn readiness_says_how_the_source_stands() {
    let service = Service::start().await;
    let standing = || async {
        let ready = service.get("/readyz").await;
        assert_eq!(ready.status, 200);
        ready.body["quote_source"].clone()
    };
    assert_eq!(standing().await, json!({ "state": "off" }));
    service
        .api
        .watch_quote_source(|| QuoteSourceStanding::Failing {
            reason: "it answered 500".to_owned(),
            last_polled_at: Some(Timestamp::from_micros(NOW_MICROS)),
        });
    let failing = json!({
        "state": "failing",
        "last_polled_at": "2024-06-01T00:00:00Z",
        "reason": "it answered 500"
    });
    assert_eq!(standing().await, failing);
}
