//! The service as its callers see it, over a real engine in a temporary folder.

mod accounts;
mod bad_input;
mod batch;
mod conditions;
mod credentials;
mod customers;
mod deliveries;
mod document;
mod event_types;
mod events;
mod feed;
mod groups;
mod hostile;
mod imports;
mod large;
mod mission;
mod node;
mod operations;
mod past;
mod reports;
mod resolved;
mod schemas;
mod scorers;
mod serving;
mod stalled;
mod standing;
mod stream;
mod timeline;
mod transfer;
mod views;
mod writes;

use crate::limits::CONNECTIONS_MAX;
use crate::{Access, Api, router};
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode, header};
use serde_json::{Value, json};
use std::sync::Arc;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;
use touchbook_accounts::AccountsDecider;
use touchbook_calls::Calls;
use touchbook_customers::Customers;
use touchbook_dead_letters::DeadLettersDecider;
use touchbook_engagement::Engagement;
use touchbook_engine::{Config, Engine, Registry, SNAPSHOT_RECORDS, StreamConfig};
use touchbook_identity::{Identifiers, IdentityDecider, Suggestions};
use touchbook_policies::PoliciesDecider;
use touchbook_projection::projection::AnyProjection;
use touchbook_projection::{Deciders, Projection};
use touchbook_testkit::FakeClock;
use touchbook_timeline::Timeline;
use tower::ServiceExt;

/// Where the tests' clock stands: 2024-06-01T00:00:00Z.
const NOW_MICROS: i64 = 1_717_200_000_000_000;

/// A service on an empty ledger.
pub(crate) struct Service {
    router: Router,
    pub(crate) api: Api,
    _dir: TempDir,
}

/// What it answered.
#[derive(Debug)]
pub(crate) struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    pub(crate) body: Value,
}

impl Service {
    pub(crate) async fn start() -> Self {
        Self::with_connections(CONNECTIONS_MAX).await
    }

    async fn with(access: Access) -> Self {
        Self::on(registry(), access, CONNECTIONS_MAX).await
    }

    /// One that asks who comes, and knows nobody yet.
    pub(crate) async fn with_accounts() -> Self {
        Self::with(Access::Accounts(accounts::access())).await
    }

    /// One that has so many connections and no more.
    async fn with_connections(count: usize) -> Self {
        let access = Access::Dev {
            default_tenant: "default".to_owned(),
        };
        Self::on(registry(), access, count).await
    }

    async fn on(registry: Registry, access: Access, connections: usize) -> Self {
        Self::in_dir(touchbook_testkit::data_dir(), registry, access, connections).await
    }

    async fn in_dir(dir: TempDir, registry: Registry, access: Access, connections: usize) -> Self {
        let clock = FakeClock::at(touchbook_events::Timestamp::from_micros(NOW_MICROS));
        let config = Config {
            data_dir: dir.path().to_owned(),
            stream: StreamConfig::Embedded,
            ledger: Default::default(),
            snapshot_records: SNAPSHOT_RECORDS,
            scrub: touchbook_engine::ScrubConfig::default(),
            clock: Arc::new(move || clock.now()),
        };
        let engine = Engine::open(config, registry).await.unwrap();
        let stopping = CancellationToken::new();
        let api = Api::with_connections(connections, engine, access, None, stopping);
        Self {
            router: router(api.clone()),
            api,
            _dir: dir,
        }
    }

    async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = to_bytes(body, usize::MAX).await.unwrap();
        let body = serde_json::from_slice(&bytes)
            .unwrap_or_else(|_| Value::String(String::from_utf8_lossy(&bytes).into_owned()));
        Answer {
            status: parts.status,
            headers: parts.headers,
            body,
        }
    }

    async fn get(&self, path: &str) -> Answer {
        self.send(Request::get(path).body(Body::empty()).unwrap())
            .await
    }

    async fn post(&self, path: &str, media_type: &str, body: impl Into<Body>) -> Answer {
        let request = Request::post(path).header(header::CONTENT_TYPE, media_type);
        self.send(request.body(body.into()).unwrap()).await
    }

    /// Sends one event or an array of them.
    pub(crate) async fn events(&self, body: &Value) -> Answer {
        self.post("/api/v1/events", "application/json", body.to_string())
            .await
    }

    /// Sends one event that must be stored; answers its position.
    async fn stored(&self, event: &Value) -> u64 {
        let answer = self.events(event).await;
        assert_eq!(answer.status, StatusCode::OK, "{:?}", answer.body);
        answer.body["position"].as_u64().unwrap()
    }
}

impl Answer {
    /// The refusal's status and code.
    fn problem(&self) -> (u16, &str) {
        assert_eq!(
            self.headers[header::CONTENT_TYPE],
            crate::problem::PROBLEM_JSON,
            "{self:?}"
        );
        assert_eq!(self.body["status"], self.status.as_u16());
        let code = self.body["type"]
            .as_str()
            .unwrap()
            .strip_prefix("/problems/");
        (self.status.as_u16(), code.unwrap())
    }

    fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }
}

fn registry() -> Registry {
    Registry {
        deciders: |key| {
            Deciders::new(vec![
                Box::new(PoliciesDecider::default()),
                Box::new(IdentityDecider::new(key.clone())),
                Box::new(AccountsDecider::new()),
                Box::new(DeadLettersDecider::new()),
            ])
        },
        projections: vec![
            Arc::new(Projection::<Identifiers>::default()) as Arc<dyn AnyProjection>,
            Arc::new(Projection::<Suggestions>::default()),
            Arc::new(Projection::<Customers>::default()),
            Arc::new(Projection::<Calls>::default()),
            Arc::new(Projection::<Engagement>::default()),
            Arc::new(Projection::<Timeline>::default()),
        ],
    }
}

/// An order of the customer `shop:<customer>`, as its shop would send it.
pub(crate) fn order(id: &str, customer: &str, data: Value) -> Value {
    let mut event = json!({
        "specversion": "1.0",
        "id": format!("delivery-{id}"),
        "source": "shop",
        "type": "order.updated",
        "time": "2024-05-01T10:00:00Z",
        "data": {
            "customer": {
                "external_id": format!("shop:{customer}"),
                "name": format!("Customer {customer}"),
            },
            "order_id": id,
            "status": "Complete",
            "total": {"amount": "10.00", "currency": "USD"},
        },
    });
    if let Value::Object(members) = data {
        event["data"].as_object_mut().unwrap().extend(members);
    }
    event
}
