//! The load: events of several kinds, in bulk and one at a time, and what reads them.

use crate::check::Positions;
use crate::load;
use crate::service::Service;
use futures::future::join_all;
use serde_json::Value;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use touchbook_testkit::eventually;

pub(super) const SOURCE: &str = "kill";

/// Enough to fill blocks, so that every commit with it seals.
const BULK: u64 = 150;
const BULK_WRITERS: usize = 2;
const SINGLE_WRITERS: usize = 2;
/// Requests of each who writes in bulk; then it goes on with single events, so that what is read
/// after each kill stays small.
const BULK_REQUESTS: u64 = 6;

pub(super) struct Writers<'a> {
    service: &'a Service,
    next_id: &'a AtomicU64,
    bulk_requests: u64,
    answered: AtomicU64,
}

impl<'a> Writers<'a> {
    /// In bulk all the time if it `seals`.
    pub(super) fn new(service: &'a Service, next_id: &'a AtomicU64, seals: bool) -> Self {
        Self {
            service,
            next_id,
            bulk_requests: if seals { u64::MAX } else { BULK_REQUESTS },
            answered: AtomicU64::new(0),
        }
    }

    /// Something was acknowledged.
    pub(super) async fn have_begun(&self) {
        eventually("something is acknowledged", || {
            std::future::ready(self.answered.load(Ordering::Relaxed) > 0)
        })
        .await;
    }

    /// Each writes until it is not answered; what was acknowledged.
    pub(super) async fn run(&self) -> Positions {
        let bulk = (0..BULK_WRITERS).map(|_| self.write(self.bulk_requests));
        let single = (0..SINGLE_WRITERS).map(|_| self.write(0));
        let answers = join_all(bulk.chain(single)).await;
        answers.into_iter().flatten().collect()
    }

    async fn write(&self, bulk_requests: u64) -> Positions {
        let mut acknowledged = Positions::new();
        for request in 0.. {
            let count = if request < bulk_requests { BULK } else { 1 };
            let from = self.next_id.fetch_add(count, Ordering::Relaxed);
            let Some(positions) = post(self.service, from..from + count).await else {
                break;
            };
            self.answered.fetch_add(1, Ordering::Relaxed);
            acknowledged.extend(positions);
            if count == 1 && self.read(from).await.is_none() {
                break;
            }
        }
        acknowledged
    }

    async fn read(&self, number: u64) -> Option<()> {
        let customer = load::customer(number);
        let path = format!("/api/v1/customers/external_id:{customer}/timeline?limit=20");
        let request = self.service.request(reqwest::Method::GET, &path);
        request.send().await.ok()?.bytes().await.ok().map(drop)
    }
}

/// Writes so many events, which must all be taken.
pub(super) async fn some(service: &Service, next_id: &AtomicU64, count: u64) -> Positions {
    let mut acknowledged = Positions::new();
    let from = next_id.fetch_add(count, Ordering::Relaxed);
    for first in (from..from + count).step_by(BULK as usize) {
        let numbers = first..(first + BULK).min(from + count);
        acknowledged.extend(post(service, numbers).await.expect("it takes events"));
    }
    acknowledged
}

/// Where events stand; nothing where they were not acknowledged.
async fn post(service: &Service, numbers: Range<u64>) -> Option<Positions> {
    let request = service
        .request(reqwest::Method::POST, "/api/v1/events?results=full")
        .header("Content-Type", "application/x-ndjson")
        .body(load::lines(SOURCE, numbers.clone()));
    let response = request.send().await.ok()?;
    if !response.status().is_success() {
        return None;
    }
    let answer: Value = response.json().await.ok()?;
    let results = answer["results"].as_array().expect("a row for every event");
    let positions = results.iter().map(|row| row["position"].as_u64().unwrap());
    Some(numbers.zip(positions).collect())
}
