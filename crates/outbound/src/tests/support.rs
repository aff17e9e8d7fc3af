//! A server as PostgREST is one, and a sink that remembers.

use crate::client::Bounds;
use crate::{Clock, Health, Poller, Settings, Sink, Standing, Stored, Unstored};
use axum::Router;
use axum::body::Body;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use bytes::Bytes;
use serde_json::{Value, json};
use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tempfile::TempDir;
use tokio::net::TcpListener;
use touchbook_events::Timestamp;

pub(super) const KEY: &str = "key-that-nobody-sees";
pub(super) const INTERVAL: Duration = Duration::from_secs(60);
/// Where the tests' clock stands: 2024-06-01T00:00:00Z.
pub(super) const NOW: Timestamp = Timestamp::from_micros(1_717_200_000_000_000);

/// What the server has, and what it was asked.
#[derive(Default)]
pub(super) struct Source {
    pub(super) rows: Vec<Value>,
    /// Given instead of rows, one a request.
    pub(super) instead: VecDeque<Response>,
    pub(super) asked: Vec<HashMap<String, String>>,
    /// At most so many rows a page, whatever is asked for; 0 is no bound.
    pub(super) rows_max: usize,
    /// Whether it knows nothing of `or`.
    pub(super) is_simple: bool,
}

pub(super) type Shared = Arc<Mutex<Source>>;

/// Serves a source; answers where.
pub(super) async fn serve(source: Shared) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let routes = Router::new()
        .route("/rest/v1/quote_sessions", get(page))
        .with_state(source);
    tokio::spawn(async move { axum::serve(listener, routes).await });
    address
}

async fn page(
    State(source): State<Shared>,
    Query(query): Query<HashMap<String, String>>,
    headers: HeaderMap,
) -> Response {
    assert_eq!(headers["apikey"], KEY);
    assert_eq!(headers[header::AUTHORIZATION], format!("Bearer {KEY}"));
    let mut source = source.lock().unwrap();
    if query["updated_at"] == "is.null" {
        return undated(&source, &query);
    }
    assert_eq!(query["order"], "updated_at.asc,id.asc");
    source.asked.push(query.clone());
    if let Some(answer) = source.instead.pop_front() {
        return answer;
    }
    let asked: usize = query["limit"].parse().unwrap();
    let limit = match source.rows_max {
        0 => asked,
        most => asked.min(most),
    };
    let mut rows = source.rows.clone();
    rows.sort_by_key(key);
    rows.retain(|row| is_asked_for(row, &query, source.is_simple));
    rows.truncate(limit);
    if query["select"] == "id,updated_at" {
        let narrow = |row: &Value| json!({ "id": row["id"], "updated_at": row["updated_at"] });
        rows = rows.iter().map(narrow).collect();
    }
    axum::Json(rows).into_response()
}

fn undated(source: &Source, query: &HashMap<String, String>) -> Response {
    assert_eq!(query["order"], "id.asc");
    let after = query.get("id").map(|id| id.strip_prefix("gt.").unwrap());
    let mut rows = source.rows.clone();
    rows.retain(|row| row["updated_at"].is_null() && row["id"].as_str() > after);
    rows.sort_by_key(key);
    rows.truncate(query["limit"].parse().unwrap());
    axum::Json(rows).into_response()
}

/// All rows of a test write times alike, so that their order is that of the text.
fn key(row: &Value) -> (String, String) {
    let text = |name: &str| row[name].as_str().unwrap_or_default().to_owned();
    (text("updated_at"), text("id"))
}

fn is_asked_for(row: &Value, query: &HashMap<String, String>, is_simple: bool) -> bool {
    let since = query["updated_at"].strip_prefix("gte.").unwrap();
    let (updated_at, id) = key(row);
    if updated_at.is_empty() || updated_at.as_str() < since {
        return false;
    }
    let Some(after) = query.get("or").filter(|_| !is_simple) else {
        return true;
    };
    let quoted: Vec<_> = after.split('"').collect();
    let ["(updated_at.gt.", after_time, ",id.gt.", after_id, ")"] = quoted[..] else {
        panic!("{after}");
    };
    updated_at.as_str() > after_time || id.as_str() > after_id
}

/// A row of the minute `minute`.
pub(super) fn row(id: &str, minute: u32) -> Value {
    json!({ "id": id, "session_id": id, "updated_at": at(minute) })
}

pub(super) fn at(minute: u32) -> String {
    format!("2024-01-15T{:02}:{:02}:00Z", minute / 60, minute % 60)
}

/// An answer without rows.
pub(super) fn answer(status: u16, headers: &[(&str, &str)]) -> Response {
    let mut response = Response::builder().status(StatusCode::from_u16(status).unwrap());
    for (name, value) in headers {
        response = response.header(*name, *value);
    }
    // A server may say the key again; nobody may hear it of us.
    response.body(Body::from(format!("no: {KEY}"))).unwrap()
}

/// Remembers the ids of rows in the order in which they came.
#[derive(Clone, Default)]
pub(super) struct Remembering {
    pub(super) ids: Arc<Mutex<Vec<String>>>,
    /// Why nothing can be stored.
    pub(super) refusal: Arc<Mutex<Option<String>>>,
    /// The ids of rows that it was told are too large.
    pub(super) passed_by: Arc<Mutex<Vec<String>>>,
    /// A row that it can't bear.
    pub(super) fatal_id: Arc<Mutex<Option<String>>>,
}

impl Sink for Remembering {
    async fn store(&self, rows: Vec<Bytes>) -> Result<Stored, Unstored> {
        if let Some(code) = self.refusal.lock().unwrap().clone() {
            return Err(Unstored { code });
        }
        let accepted = rows.len() as u64;
        for row in rows {
            let row: Value = serde_json::from_slice(&row).unwrap();
            let fatal_id = self.fatal_id.lock().unwrap().clone();
            let is_fatal = fatal_id.is_some_and(|fatal| row["id"] == fatal);
            assert!(!is_fatal, "it can't be borne");
            let mut ids = self.ids.lock().unwrap();
            ids.push(row["id"].as_str().unwrap_or("?").to_owned());
        }
        Ok(Stored {
            accepted,
            ..Stored::default()
        })
    }

    fn mark(&self) -> Option<String> {
        Some("sink".to_owned())
    }

    fn confirms(&self, mark: &str) -> bool {
        mark == "sink"
    }

    async fn pass_by(&self, place: Bytes) -> Result<Stored, Unstored> {
        let place: Value = serde_json::from_slice(&place).unwrap();
        let id = place["id"].as_str().unwrap().to_owned();
        self.passed_by.lock().unwrap().push(id);
        Ok(Stored {
            dead_letters: 1,
            ..Stored::default()
        })
    }
}

/// A source, and a poller that reads it.
pub(super) struct Scene {
    pub(super) source: Shared,
    pub(super) settings: Settings,
    pub(super) sink: Remembering,
    pub(super) health: Arc<Health>,
    pub(super) bounds: Bounds,
    pub(super) poller: Poller<Remembering>,
    _dir: TempDir,
}

impl Scene {
    pub(super) async fn new(rows: Vec<Value>) -> Self {
        Self::bounded(rows, Bounds::default()).await
    }

    pub(super) async fn bounded(rows: Vec<Value>, bounds: Bounds) -> Self {
        let source = Shared::default();
        source.lock().unwrap().rows = rows;
        let address = serve(Arc::clone(&source)).await;
        let dir = tempfile::tempdir().unwrap();
        let settings = settings(&format!("http://{address}"), dir.path());
        let (sink, health) = (Remembering::default(), Arc::new(Health::default()));
        let poller = poller(&settings, bounds, &sink, &health);
        Self {
            source,
            settings,
            sink,
            health,
            bounds,
            poller,
            _dir: dir,
        }
    }

    /// The next start of the process.
    pub(super) fn restart(&mut self) {
        self.poller = poller(&self.settings, self.bounds, &self.sink, &self.health);
    }

    pub(super) fn answer_instead(&self, answer: Response) {
        self.source.lock().unwrap().instead.push_back(answer);
    }

    /// The rows that were stored since this was asked last.
    pub(super) fn stored(&self) -> Vec<String> {
        std::mem::take(&mut self.sink.ids.lock().unwrap())
    }

    /// What the server was asked since this was asked last.
    pub(super) fn asked(&self) -> Vec<HashMap<String, String>> {
        std::mem::take(&mut self.source.lock().unwrap().asked)
    }

    /// Why it fails, with nothing of the key in it.
    pub(super) fn reason(&self) -> String {
        let standing = self.health.standing();
        let Standing::Failing { reason, .. } = standing else {
            panic!("{standing:?}");
        };
        assert!(!reason.contains(KEY), "{reason}");
        reason
    }

    pub(super) fn is_ok(&self) -> bool {
        self.health.standing()
            == Standing::Ok {
                last_polled_at: NOW,
            }
    }
}

pub(super) fn settings(url: &str, dir: &Path) -> Settings {
    Settings {
        url: url.parse().unwrap(),
        table: "quote_sessions".parse().unwrap(),
        key: Some(KEY.parse().unwrap()),
        interval: INTERVAL,
        allow_private: true,
        checkpoint: dir.join("checkpoint.json"),
    }
}

pub(super) fn poller(
    settings: &Settings,
    bounds: Bounds,
    sink: &Remembering,
    health: &Arc<Health>,
) -> Poller<Remembering> {
    poller_at(settings, bounds, sink, health, Arc::new(|| NOW))
}

pub(super) fn poller_at(
    settings: &Settings,
    bounds: Bounds,
    sink: &Remembering,
    health: &Arc<Health>,
    clock: Clock,
) -> Poller<Remembering> {
    let (settings, sink) = (settings.clone(), sink.clone());
    Poller::with_bounds(settings, bounds, sink, Arc::clone(health), clock).unwrap()
}
