//! What no client of good faith sends: each is answered as `http.md` §4 has it, in a sentence, and
//! the service lives on.

use super::*;
use touchbook_events::limits::{
    BATCH_BYTES_MAX, BATCH_EVENTS_MAX, EVENT_BYTES_MAX, EXTENSION_BYTES_MAX, JSON_DEPTH_MAX,
};

const JSON: &str = "application/json";
const BATCH: &str = "application/cloudevents-batch+json";
const NDJSON: &str = "application/x-ndjson";

const UNREADABLE: (u16, &str) = (400, "unreadable");
const UNUSABLE: (u16, &str) = (422, "invalid_value");

/// One event whose payload has these members, as text that nothing has read yet.
fn event(members: &str) -> Vec<u8> {
    with("", members)
}

/// The same with attributes.
fn with(attributes: &str, members: &str) -> Vec<u8> {
    format!(
        r#"{{"specversion":"1.0","id":"1","source":"shop","type":"order.updated",{attributes}
            "data":{{"order_id":"1"{members}}}}}"#
    )
    .into_bytes()
}

fn nested(depth: usize) -> String {
    format!("{}{}", "[".repeat(depth), "]".repeat(depth))
}

/// A body of one event, what it is answered, where that points, and words that say why.
type Case = (Vec<u8>, (u16, &'static str), Value, &'static str);

fn deep_and_double() -> Vec<Case> {
    let deep = nested(10_000);
    let too_deep = format!(r#","x":{}"#, nested(JSON_DEPTH_MAX));
    let point_to = |pointer: &str| json!(pointer);
    vec![
        (
            event(&format!(r#","items":{deep}"#)),
            UNUSABLE,
            Value::Null,
            "nested deeper than 64 levels",
        ),
        (event(&too_deep), UNUSABLE, Value::Null, "64 levels"),
        (
            event(&format!(r#","status":{deep}"#)),
            UNUSABLE,
            point_to("/data/status"),
            "expected a string",
        ),
        (
            event(&format!(
                r#","customer":{}1"#,
                r#"{"email":"#.repeat(10_000)
            )),
            UNREADABLE,
            Value::Null,
            "ends early",
        ),
        (
            with(&format!(r#""x":{},"#, nested(1_000)), ""),
            UNUSABLE,
            Value::Null,
            "64 levels",
        ),
        (
            with(r#""id":"2","#, ""),
            UNUSABLE,
            point_to("/id"),
            "stands twice",
        ),
        (
            with(r#""x":1,"x":1,"#, ""),
            UNUSABLE,
            point_to("/x"),
            "stands twice",
        ),
        (
            event(r#","order_id":"2""#),
            UNUSABLE,
            point_to("/data/order_id"),
            "stands twice",
        ),
        (
            event(r#","items":[{"a":1,"\u0061":2}]"#),
            UNUSABLE,
            point_to("/data/items/0/a"),
            "stands twice",
        ),
    ]
}

fn texts() -> Vec<Case> {
    vec![
        (
            event(r#","status":"\ud800""#),
            UNREADABLE,
            Value::Null,
            "surrogate",
        ),
        (
            event(r#","items":["\udc00\ud800"]"#),
            UNREADABLE,
            Value::Null,
            "surrogate",
        ),
        (
            event(r#","\ud800":1"#),
            UNREADABLE,
            Value::Null,
            "surrogate",
        ),
        (
            with(r#""x":"\ud800","#, ""),
            UNREADABLE,
            Value::Null,
            "surrogate",
        ),
        (
            event(",\"status\":\"a\u{1}b\""),
            UNREADABLE,
            Value::Null,
            "control character",
        ),
    ]
}

fn numbers() -> Vec<Case> {
    let amount = |text: &str| event(&format!(r#","total":{{"amount":{text},"currency":"ZAR"}}"#));
    let number = |text: &str| {
        let body = event(&format!(r#","duration_seconds":{text}"#));
        let body = String::from_utf8(body).unwrap();
        body.replace("order.updated", "call.ended")
            .replace("order_id", "call_id")
            .into_bytes()
    };
    let money = || json!("/data/total/amount");
    vec![
        (event(r#","x":NaN"#), UNREADABLE, Value::Null, "not valid"),
        (
            event(r#","x":-Infinity"#),
            UNREADABLE,
            Value::Null,
            "not valid",
        ),
        (event(r#","x":0x10"#), UNREADABLE, Value::Null, "not valid"),
        (event(r#","x":01"#), UNREADABLE, Value::Null, "not valid"),
        (amount("1e999999999"), UNUSABLE, money(), "plain decimal"),
        (amount("\"NaN\""), UNUSABLE, money(), "plain decimal"),
        (
            amount(&"9".repeat(100_000)),
            UNUSABLE,
            money(),
            "plain decimal",
        ),
        (
            number("1e400"),
            UNUSABLE,
            json!("/data/duration_seconds"),
            "",
        ),
        (
            number(&"9".repeat(400)),
            UNUSABLE,
            json!("/data/duration_seconds"),
            "",
        ),
        (number("-1"), UNUSABLE, json!("/data/duration_seconds"), ""),
        (number("1.5"), UNUSABLE, json!("/data/duration_seconds"), ""),
    ]
}

fn bytes_and_ends() -> Vec<Case> {
    let whole = event("");
    let cut = whole[..whole.len() - 3].to_vec();
    let latin1 = [b"[".as_slice(), &[0xe9], b"]"].concat();
    let marked = ["\u{feff}".as_bytes(), &whole].concat();
    let twice = [whole.as_slice(), &whole].concat();
    let commented = [b"// an order\n".as_slice(), &whole].concat();
    let wide = whole.iter().flat_map(|byte| [*byte, 0]).collect();
    let not_json = "not valid JSON";
    vec![
        (cut, UNREADABLE, Value::Null, "ends early"),
        (latin1, UNREADABLE, Value::Null, "not UTF-8"),
        (marked, UNREADABLE, Value::Null, "byte order mark"),
        (twice, UNREADABLE, Value::Null, "trailing characters"),
        (commented, UNREADABLE, Value::Null, not_json),
        (wide, UNREADABLE, Value::Null, not_json),
        (vec![], UNREADABLE, Value::Null, "nothing to read"),
        (b" \n".to_vec(), UNREADABLE, Value::Null, "nothing to read"),
        (vec![0; 1_000], UNREADABLE, Value::Null, not_json),
        (b"null".to_vec(), UNUSABLE, Value::Null, "CloudEvents"),
        (b"\"{}\"".to_vec(), UNUSABLE, Value::Null, "CloudEvents"),
        (b"{}".to_vec(), UNUSABLE, Value::Null, "missing"),
    ]
}

/// A sentence that a person understands: words, no name of a type of ours, and no end in it.
fn is_a_sentence(detail: &str) -> bool {
    detail.split(' ').count() > 2 && !detail.contains("::") && !detail.contains('\n')
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_json_is_answered_as_promised_and_stores_nothing() {
    let mut wrong = Vec::new();
    let service = Service::start().await;
    let head = service.stored(&order("first", "7", json!({}))).await;
    let all = [deep_and_double(), texts(), numbers(), bytes_and_ends()];
    for (body, want, pointer, words) in all.into_iter().flatten() {
        let shown = String::from_utf8_lossy(&body[..body.len().min(200)]).into_owned();
        let answer = service.post("/api/v1/events", JSON, body).await;
        let detail = answer.body["detail"].as_str().unwrap_or_default();
        let place = &answer.body["pointer"];
        let is_right = answer.status == want.0
            && answer.body["type"] == format!("/problems/{}", want.1)
            && detail.contains(words)
            && is_a_sentence(detail)
            && (pointer == Value::Null || *place == pointer);
        if !is_right {
            wrong.push((shown, answer.body));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    let next = service.stored(&order("last", "7", json!({}))).await;
    assert_eq!(next, head + 1, "nothing was stored in between");
}

/// Unusual, and right: kept and given back as it was written.
#[tokio::test(flavor = "multi_thread")]
async fn what_only_looks_hostile_is_kept_as_it_was_sent() {
    let service = Service::start().await;
    let deep = nested(JSON_DEPTH_MAX - 1);
    let members = format!(
        r#","status":"\ud83d\ude00 \u0000","x":{deep},"n":[1E+400,-0,{},0.10]"#,
        "9".repeat(1_000)
    );
    let body = with(r#""partitionkey":"\ud83d\ude00","#, &members);
    let answer = service.post("/api/v1/events", JSON, body.clone()).await;
    assert_eq!(answer.status, 200, "{:?}", answer.body);
    let again = service.post("/api/v1/events", JSON, body).await;
    assert_eq!(again.body["duplicate"], true, "{:?}", again.body);
    let path = format!("/api/v1/events/{}", answer.body["position"]);
    let request = Request::get(path).body(Body::empty()).unwrap();
    let response = service.router.clone().oneshot(request).await.unwrap();
    let bytes = to_bytes(response.into_body(), usize::MAX).await.unwrap();
    let text = std::str::from_utf8(&bytes).unwrap();
    for part in ["1E+400,-0,999", ",0.10]", &deep, "😀"] {
        assert!(text.contains(part), "{part} in {text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sizes_at_their_limit_are_taken_and_one_byte_more_is_not() {
    let service = Service::start().await;
    let padded = |id: &str, bytes: usize| {
        let mut event = order(id, "7", json!({"note": ""}));
        let missing = bytes - event.to_string().len();
        event["data"]["note"] = "x".repeat(missing).into();
        event.to_string()
    };
    let post = async |media_type, body: String| {
        let answer = service.post("/api/v1/events", media_type, body).await;
        match answer.status.is_success() {
            true => (answer.status.as_u16(), String::new()),
            false => (answer.problem().0, answer.problem().1.to_owned()),
        }
    };
    let taken = (200, String::new());
    let refused = |code: &str| (413, code.to_owned());
    assert_eq!(post(JSON, padded("1", EVENT_BYTES_MAX)).await, taken);
    let larger = padded("2", EVENT_BYTES_MAX + 1);
    assert_eq!(post(JSON, larger).await, refused("event_too_large"));
    let line = order("3", "7", json!({})).to_string();
    let lines = |bytes: usize| line.clone() + &" ".repeat(bytes - line.len());
    assert_eq!(post(NDJSON, lines(BATCH_BYTES_MAX)).await, taken);
    let larger = lines(BATCH_BYTES_MAX + 1);
    assert_eq!(post(NDJSON, larger).await, refused("body_too_large"));
    let text = |chars: usize| order("4", "7", json!({"status": "ü".repeat(chars)})).to_string();
    assert_eq!(post(JSON, text(50)).await, taken);
    let answer = service.post("/api/v1/events", JSON, text(51)).await;
    assert_eq!(answer.body["pointer"], "/data/status", "{:?}", answer.body);
    let extension = |bytes: usize| {
        let mut event = order("5", "7", json!({}));
        event["x"] = "x".repeat(bytes - 3).into();
        event.to_string()
    };
    assert_eq!(post(JSON, extension(EXTENSION_BYTES_MAX)).await, taken);
    let larger = post(JSON, extension(EXTENSION_BYTES_MAX + 1)).await;
    assert_eq!(larger, (422, "invalid_value".to_owned()));
}

/// A batch whose sender went away in the middle of a line: what is whole is stored, or nothing.
#[tokio::test(flavor = "multi_thread")]
async fn a_torn_batch_says_which_line_is_torn() {
    let service = Service::start().await;
    let lines = format!(
        "{}\n{}\n{}",
        order("1", "7", json!({})),
        order("2", "7", json!({})),
        order("3", "7", json!({}))
    );
    let torn = &lines[..lines.len() - 20];
    let atomic = "/api/v1/events?atomic=true";
    let refused = service.post(atomic, NDJSON, torn.to_owned()).await;
    assert_eq!(refused.problem(), (422, "batch_refused"));
    assert_eq!(refused.body["errors"][0]["index"], 2);
    let answer = service
        .post("/api/v1/events", NDJSON, torn.to_owned())
        .await;
    assert_eq!(answer.body["accepted"], 2, "{:?}", answer.body);
    let error = &answer.body["errors"][0];
    assert_eq!(
        (&error["index"], &error["status"]),
        (&json!(2), &json!(400))
    );
    assert!(error["detail"].as_str().unwrap().contains("ends early"));
    let array = format!("[{}", lines.replace('\n', ","));
    let answer = service.post("/api/v1/events", BATCH, array).await;
    assert_eq!(answer.problem(), UNREADABLE, "an array is one text");
}

#[tokio::test(flavor = "multi_thread")]
async fn strange_batches_are_batches_of_strange_items() {
    let service = Service::start().await;
    for (media_type, body) in [
        (BATCH, "[]"),
        (JSON, " [ ] "),
        (NDJSON, ""),
        (NDJSON, "\n \r\n"),
    ] {
        let answer = service.post("/api/v1/events", media_type, body).await;
        assert_eq!(answer.status, 200, "{body:?}: {:?}", answer.body);
        assert_eq!(answer.body["accepted"], 0, "{body:?}");
    }
    for body in ["{}", "null", "\"[]\"", "1"] {
        let answer = service.post("/api/v1/events", BATCH, body).await;
        assert_eq!(answer.problem(), UNREADABLE, "{body}");
        assert_eq!(answer.body["detail"], "not a JSON array of events");
    }
    let strange = format!("[[],null,1,\"x\",{{}},{},[{{}}]]", nested(10_000));
    let answer = service.post("/api/v1/events", BATCH, strange).await;
    assert_eq!(answer.status, 200, "{:?}", answer.body);
    assert_eq!(answer.body["errors"].as_array().unwrap().len(), 7);
    let most = format!("[{}]", vec!["[]"; BATCH_EVENTS_MAX + 1].join(","));
    let answer = service.post("/api/v1/events", BATCH, most).await;
    assert_eq!(answer.problem(), (413, "too_many_events"));
}

/// A few kilobytes that unpack to gigabytes are never unpacked.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_compressed_is_taken() {
    let service = Service::start().await;
    let body = order("1", "7", json!({})).to_string();
    let send = async |encoding: &str| {
        let request = Request::post("/api/v1/events")
            .header(header::CONTENT_TYPE, JSON)
            .header(header::CONTENT_ENCODING, encoding);
        service
            .send(request.body(body.clone().into()).unwrap())
            .await
    };
    for encoding in ["gzip", "br", "identity, gzip", "zstd"] {
        let answer = send(encoding).await;
        assert_eq!(
            answer.problem(),
            (415, "unsupported_encoding"),
            "{encoding}"
        );
        assert_eq!(answer.body["allowed"], json!(["identity"]));
    }
    assert_eq!(send("identity").await.status, 200);
}

/// Bodies other than events are as strict.
#[tokio::test(flavor = "multi_thread")]
async fn commands_take_no_hostile_json_either() {
    let service = Service::start().await;
    for (body, want) in [
        (
            format!(
                r#"{{"email":"j@x.org","fields":{{"x":{}}}}}"#,
                nested(10_000)
            ),
            UNUSABLE,
        ),
        (
            r#"{"email":"j@x.org","email":"k@x.org"}"#.to_owned(),
            UNUSABLE,
        ),
        (r#"{"email":"\ud800"}"#.to_owned(), UNREADABLE),
        (r#"{"email":"j@x.org","name":"#.to_owned(), UNREADABLE),
        ("\u{feff}{}".to_owned(), UNREADABLE),
        (String::new(), UNREADABLE),
        ("{\"email\":".repeat(10_000), UNUSABLE),
    ] {
        let shown: String = body.chars().take(100).collect();
        let answer = service.post("/api/v1/customers", JSON, body).await;
        assert_eq!(answer.problem(), want, "{shown}: {:?}", answer.body);
        let detail = answer.body["detail"].as_str().unwrap();
        assert!(is_a_sentence(detail), "{shown}: {detail}");
    }
}
