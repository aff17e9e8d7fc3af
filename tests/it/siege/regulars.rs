//! Callers of good manners: each asks for little, and takes what it is answered.

use super::figures::Figures;
use crate::check::Positions;
use crate::load::CUSTOMERS;
use crate::service::Service;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::task::JoinSet;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

pub(super) const SOURCE: &str = "siege-regular";
/// What is written is about so few objects that their number does not grow.
const ORDERS: u64 = 2_000;
/// Events of one request with many.
const MANY: u64 = 50;
/// Each event is sent so often, as by senders that saw no answer.
const REPEATS: u64 = 2;
const PAGE: u64 = 50;
/// Longer than anybody follows here.
const FOLLOWING_MAX: Duration = Duration::from_secs(24 * 60 * 60);

/// What a caller does over and over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Work {
    OneEvent,
    ManyEvents,
    Customer,
    Timeline,
    Search,
    List,
}

impl Work {
    pub(super) const ALL: [Self; 6] = [
        Self::OneEvent,
        Self::ManyEvents,
        Self::Customer,
        Self::Timeline,
        Self::Search,
        Self::List,
    ];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::OneEvent => "one event",
            Self::ManyEvents => "50 events",
            Self::Customer => "customer",
            Self::Timeline => "timeline of 50",
            Self::Search => "search",
            Self::List => "list of 50",
        }
    }

    /// How many callers do it, and how many do it together in a second.
    fn callers(self) -> (u32, u32) {
        match self {
            Self::OneEvent => (8, 80),
            Self::ManyEvents => (2, 4),
            Self::Customer => (12, 150),
            Self::Timeline => (24, 320),
            Self::Search => (3, 30),
            Self::List => (2, 16),
        }
    }
}

/// All of them, and what they were promised.
pub(super) struct Regulars {
    service: Arc<Service>,
    figures: Arc<Figures>,
    /// Events that were sent, and other requests.
    sent: AtomicU64,
    asked: AtomicU64,
    acknowledged: Mutex<Positions>,
}

impl Regulars {
    pub(super) fn of(service: &Arc<Service>, figures: &Arc<Figures>) -> Arc<Self> {
        Arc::new(Self {
            service: Arc::clone(service),
            figures: Arc::clone(figures),
            sent: AtomicU64::new(0),
            asked: AtomicU64::new(0),
            acknowledged: Mutex::default(),
        })
    }

    /// Begins, so many times slower than a service that was built to be fast is used; each does its
    /// work until told to end.
    pub(super) fn begin(self: &Arc<Self>, slower: u32, ending: &CancellationToken) -> JoinSet<()> {
        let mut all = JoinSet::new();
        for work in Work::ALL {
            let (callers, a_second) = work.callers();
            let every = Duration::from_secs(1) * callers * slower / a_second;
            for caller in 0..callers {
                let first = every * caller / callers;
                let own = Arc::clone(self);
                all.spawn(own.repeat(work, first, every, ending.clone()));
            }
        }
        all
    }

    async fn repeat(
        self: Arc<Self>,
        work: Work,
        first: Duration,
        every: Duration,
        ending: CancellationToken,
    ) {
        let first = tokio::time::Instant::now() + first;
        let mut turns = tokio::time::interval_at(first, every);
        turns.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while ending.run_until_cancelled(turns.tick()).await.is_some() {
            let began = Instant::now();
            self.perform(work).await;
            self.figures.took(work, began.elapsed());
        }
    }

    async fn perform(&self, work: Work) {
        let number = match work {
            Work::OneEvent => return self.write(1).await,
            Work::ManyEvents => return self.write(MANY).await,
            _ => self.asked.fetch_add(1, Ordering::Relaxed),
        };
        let customer = format!("/api/v1/customers/external_id:{}", customer(number));
        let path = match work {
            Work::Timeline => format!("{customer}/timeline?limit={PAGE}"),
            Work::Search => format!("/api/v1/customers?q={}&limit=10", number % CUSTOMERS),
            Work::List if number.is_multiple_of(2) => list("recent"),
            Work::List => list("top"),
            _ => customer,
        };
        let answer = self.service.get(&path).await;
        let status = answer.status();
        let body = answer.text().await.unwrap();
        assert_eq!(status, StatusCode::OK, "{path}: {body}");
    }

    /// Sends events, some of which were sent before, and keeps where they stand.
    async fn write(&self, events: u64) {
        let first = self.sent.fetch_add(events, Ordering::Relaxed);
        let numbers = first..first + events;
        let lines: Vec<String> = numbers.map(|number| event(number / REPEATS)).collect();
        let answer = self
            .service
            .request(Method::POST, "/api/v1/events?results=full")
            .header("Content-Type", "application/x-ndjson")
            .body(lines.join("\n"));
        let answer = answer.send().await.unwrap();
        let (status, body) = (answer.status(), answer.text().await.unwrap());
        assert_eq!(status, StatusCode::OK, "{body}");
        let answer: Value = serde_json::from_str(&body).unwrap();
        let rows = answer["results"].as_array().unwrap();
        assert_eq!(rows.len(), lines.len(), "{answer}");
        let mut acknowledged = self.acknowledged.lock().unwrap();
        for row in rows {
            let id = row["event_id"].as_str().unwrap().parse().unwrap();
            let position = row["position"].as_u64().unwrap();
            let before = acknowledged.insert(id, position);
            assert!(before.is_none_or(|before| before == position), "{row}");
        }
    }

    /// Where each event stands that was acknowledged.
    pub(super) fn acknowledged(&self) -> Positions {
        self.acknowledged.lock().unwrap().clone()
    }
}

fn list(view: &str) -> String {
    format!("/api/v1/customers?view={view}&limit={PAGE}")
}

fn customer(number: u64) -> String {
    format!("load:{}", number % CUSTOMERS)
}

/// A new state of one of [`ORDERS`] orders.
fn event(id: u64) -> String {
    let event = json!({
        "specversion": "1.0", "id": id.to_string(), "source": SOURCE, "type": "order.updated",
        "data": {
            "customer": {"external_id": customer(id % ORDERS)},
            "order_id": format!("siege:{}", id % ORDERS),
            "status": "Complete",
            "total": {"amount": format!("{id}.25"), "currency": "USD"},
        },
    });
    event.to_string()
}

/// Follows all records from a position until `written`, and then up to the head; none may be
/// missing, and none come twice. Answers how many came.
pub(super) async fn follow(service: Arc<Service>, after: u64, written: CancellationToken) -> u64 {
    let path = format!("/api/v1/stream?after={after}");
    let request = service.request(Method::GET, &path).timeout(FOLLOWING_MAX);
    let mut stream = request.send().await.unwrap();
    let (mut last, mut goal, mut text) = (after, u64::MAX, String::new());
    while last < goal {
        let piece = tokio::select! {
            piece = stream.chunk() => piece.unwrap(),
            () = written.cancelled(), if goal == u64::MAX => {
                goal = service.caught_up().await;
                continue;
            }
        };
        text.push_str(std::str::from_utf8(&piece.expect("it goes on")).unwrap());
        while let Some(end) = text.find("\n\n") {
            let event: String = text.drain(..end + 2).collect();
            let id = event.lines().find_map(|line| line.strip_prefix("id: "));
            if let Some(id) = id {
                last += 1;
                assert_eq!(id.parse(), Ok(last), "a record is missing, or comes again");
            }
        }
    }
    last - after
}
