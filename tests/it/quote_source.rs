//! The quote source, polled by the real binary.

use crate::service::{Service, binary, run};
use axum::Router;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};
use tokio::net::TcpListener;
use touchbook_testkit::eventually;

const KEY: &str = "a-key-of-the-quote-source";
const URL_VARIABLE: &str = "AUDICO_CHAT_QUOTE_SUPABASE_URL";
const KEY_VARIABLE: &str = "AUDICO_CHAT_QUOTE_SUPABASE_KEY";

#[derive(Default)]
struct Source {
    rows: Vec<Value>,
    /// Whether it knows the key.
    is_open: bool,
    requests: usize,
}

type Shared = Arc<Mutex<Source>>;

async fn serve(source: &Shared) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let routes = Router::new()
        .route("/rest/v1/quote_sessions", get(page))
        .with_state(Arc::clone(source));
    tokio::spawn(async move { axum::serve(listener, routes).await });
    format!("http://{address}")
}

/// Rows in order, as if each were of another instant.
async fn page(
    State(source): State<Shared>,
    Query(query): Query<HashMap<String, String>>,
    headers: HeaderMap,
) -> Response {
    let mut source = source.lock().unwrap();
    source.requests += 1;
    let bearer = format!("Bearer {KEY}");
    if !source.is_open || headers["apikey"] != KEY || headers[header::AUTHORIZATION] != bearer {
        // A server may say the key again.
        let said = headers["apikey"].as_bytes().to_vec();
        return (StatusCode::UNAUTHORIZED, said).into_response();
    }
    if query["updated_at"] == "is.null" {
        return axum::Json(Vec::<Value>::new()).into_response();
    }
    let since = query["updated_at"].strip_prefix("gte.").unwrap().to_owned();
    let is_asked_for = |row: &&Value| {
        let updated_at = row["updated_at"].as_str().unwrap();
        match query.contains_key("or") {
            true => updated_at > since.as_str(),
            false => updated_at >= since.as_str(),
        }
    };
    let rows: Vec<_> = source.rows.iter().filter(is_asked_for).cloned().collect();
    axum::Json(rows).into_response()
}

fn session(id: u32) -> Value {
    json!({
        "id": id, "session_id": format!("qs_{id}"), "customer_email": format!("q{id}@example.com"),
        "status": "active", "total_amount": 10.5, "currency": "ZAR",
        "created_at": "2024-01-15T09:00:00Z", "last_activity_at": "2024-01-15T11:30:00Z",
        "updated_at": format!("2024-01-15T12:{id:02}:00Z")
    })
}

/// What the service logs goes to `log`, and all of it is asked for.
fn logged(log: &Path, url: &str) -> Command {
    let mut under = Command::new("sh");
    under.args(["-c", "exec \"$@\" 2>>\"$0\""]).arg(log);
    under.env(URL_VARIABLE, url).env(KEY_VARIABLE, KEY);
    under
}

const ARGUMENTS: [&str; 6] = [
    "--quote-source-interval-seconds",
    "1",
    "--quote-source-allow-private",
    "true",
    "--log-level",
    "trace",
];

async fn stands(service: &Service, state: &str) {
    eventually(format!("the quote source is {state}"), || async {
        service.json("/readyz").await["quote_source"]["state"] == state
    })
    .await;
}

async fn entries(service: &Service, email: &str) -> Vec<Value> {
    let path = format!("/api/v1/customers/{email}/timeline");
    let response = service.get(&path).await;
    if response.status() == StatusCode::NOT_FOUND {
        return Vec::new();
    }
    let timeline: Value = response.json().await.unwrap();
    timeline["items"].as_array().unwrap().clone()
}

/// S1-138, S1-139: what is configured is polled, over a restart too, and the key is nowhere.
#[tokio::test(flavor = "multi_thread")]
async fn a_configured_source_is_polled_and_its_key_is_shown_nowhere() {
    let source = Shared::default();
    source.lock().unwrap().rows = vec![
        session(1),
        json!({
            "id": 2, "status": ["no", "word"], "updated_at": "2024-01-15T12:02:00Z"
        }),
    ];
    let url = serve(&source).await;
    let home = touchbook_testkit::data_dir();
    let log = home.path().join("log");
    let mut service = Service::start_within(home, &logged(&log, &url), &ARGUMENTS);
    service.ask_as("default");
    stands(&service, "failing").await;
    let ready = service.get("/readyz").await;
    assert_eq!(ready.status(), StatusCode::OK, "it serves all the same");
    let mut said = ready.text().await.unwrap();

    source.lock().unwrap().is_open = true;
    stands(&service, "ok").await;
    assert_eq!(entries(&service, "q1@example.com").await.len(), 1);
    let letters = service.json("/api/v1/dead-letters").await;
    assert_eq!(letters["items"][0]["origin"], "quote_source");
    let metrics = service.get("/metrics").await.text().await.unwrap();
    for line in [
        "touchbook_quote_source_failures_total{reason=\"key_refused\"}",
        "touchbook_quote_source_sessions_total{outcome=\"accepted\"} 1",
        "touchbook_quote_source_sessions_total{outcome=\"dead_letter\"} 1",
        "touchbook_quote_source_polls_total",
        "touchbook_quote_source_success_timestamp_seconds",
    ] {
        assert!(metrics.contains(line), "{line} is not in {metrics}");
    }

    service.terminate();
    service.restart();
    source.lock().unwrap().rows.push(session(3));
    stands(&service, "ok").await;
    eventually("the new session is there", || async {
        entries(&service, "q3@example.com").await.len() == 1
    })
    .await;
    assert_eq!(entries(&service, "q1@example.com").await.len(), 1);
    let letters = service.json("/api/v1/dead-letters?status=all").await;
    assert_eq!(letters["items"].as_array().unwrap().len(), 1);

    for path in ["/readyz", "/metrics", "/api/v1/ledger/events?limit=500"] {
        said += &service.get(path).await.text().await.unwrap();
    }
    said += &letters.to_string();
    service.terminate();
    said += &fs::read_to_string(&log).unwrap();
    assert!(said.contains("the quote source is not read"), "{said}");
    assert!(!said.contains(KEY), "{said}");
    let holders = holders(service.data_dir());
    assert!(holders.is_empty(), "{holders:?}");
}

/// The files below a folder that hold the key.
fn holders(folder: &Path) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(holders(&path));
        } else if let Ok(bytes) = fs::read(&path)
            && bytes.windows(KEY.len()).any(|part| part == KEY.as_bytes())
        {
            found.push(path);
        }
    }
    found
}

/// S1-138.
#[tokio::test(flavor = "multi_thread")]
async fn without_a_source_nothing_is_polled_and_health_says_so() {
    let home = touchbook_testkit::data_dir();
    let log = home.path().join("log");
    let service = Service::start_within(home, &logged(&log, ""), &[]);
    let ready = service.json("/readyz").await;
    assert_eq!(ready["quote_source"], json!({ "state": "off" }));
    assert_eq!(ready["ready"], true);
}

/// A source in a private network is not asked unless that is allowed: it never hears the key.
#[tokio::test(flavor = "multi_thread")]
async fn a_private_source_is_not_asked_unless_it_is_allowed() {
    let source = Shared::default();
    let url = serve(&source).await.replace("http://", "https://");
    let home = touchbook_testkit::data_dir();
    let log = home.path().join("log");
    let service = Service::start_within(home, &logged(&log, &url), &[]);
    stands(&service, "failing").await;
    let reason = service.json("/readyz").await["quote_source"]["reason"].clone();
    assert!(
        reason.as_str().unwrap().contains("private network"),
        "{reason}"
    );
    assert_eq!(source.lock().unwrap().requests, 0);
}

/// S1-139.
#[test]
fn the_configuration_names_the_source_and_not_its_key() {
    let print = |url: &str| {
        let mut command = Command::new(binary());
        command.args(["config", "print"]);
        command.env(URL_VARIABLE, url).env(KEY_VARIABLE, KEY);
        let output = command.output().unwrap();
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8(said).unwrap();
        assert!(!said.contains(KEY), "{said}");
        said
    };
    let said = print("https://project.supabase.co");
    let line = said
        .lines()
        .find(|line| line.starts_with("quote_source_url"));
    assert!(
        line.unwrap()
            .ends_with("# environment, AUDICO_CHAT_QUOTE_SUPABASE_URL"),
        "{said}"
    );
    let said = print("https://user:password@project.supabase.co");
    assert!(
        said.contains(URL_VARIABLE) && !said.contains("password"),
        "{said}"
    );
    let said = print("http://project.supabase.co");
    assert!(said.contains("quote_source_allow_private"), "{said}");
    let unknown = run(&["config", "print", "--quote-source-key", KEY]);
    assert!(!unknown.status.success(), "a key is no flag");
}
