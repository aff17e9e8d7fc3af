//! What was sent to a node, and what it owes.

use crate::check::{self, Positions};
use crate::load;
use crate::service::Service;
use futures::future::join_all;
use rand::SeedableRng;
use rand::distr::{Alphanumeric, SampleString};
use rand::rngs::StdRng;
use reqwest::StatusCode;
use serde_json::Value;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

pub(super) const SOURCE: &str = "disk";
/// Events of a request, which is never cut into several messages.
const REQUESTS: [u64; 4] = [1, 8, 1, 4];
/// Long, since it takes a segment of the store (16 MiB) until a file grows again, and most fill a
/// block.
const TEXT_LONG: u64 = 24_000;
const SHORT_ONE_OF: u64 = 4;
const TEXT_SHORT: u64 = 400;
/// What each connection still sends when it was refused.
const REFUSED: usize = 3;

#[derive(Default)]
pub(super) struct Book {
    next: AtomicU64,
    pub(super) acknowledged: Positions,
    /// On their way when writes stopped: all of a request is there, or nothing.
    cut_off: Vec<Range<u64>>,
    /// Sent when somebody had been refused: nothing of it is there.
    refused: Vec<Range<u64>>,
}

enum Answer {
    Acknowledged(Positions),
    CutOff(Range<u64>),
    Refused(Range<u64>),
}

impl Book {
    /// Writes some, which must be taken.
    pub(super) async fn write(&mut self, service: &Service) {
        for count in REQUESTS {
            let numbers = self.numbers(count);
            let positions = post(service, numbers).await.expect("it takes events");
            self.acknowledged.extend(positions);
        }
    }

    /// Writes long events, each of which ends the block that the one before it began.
    pub(super) async fn write_blocks(&mut self, service: &Service, blocks: u64) {
        for _ in 0..blocks {
            let long = self
                .numbers(SHORT_ONE_OF)
                .find(|number| !is_short(*number))
                .unwrap();
            let positions = post(service, long..long + 1)
                .await
                .expect("it takes events");
            self.acknowledged.extend(positions);
        }
    }

    /// Writes on several connections until each was refused, for this reason.
    pub(super) async fn write_until_refused(&mut self, service: &Service, reason: &str) {
        let stopped = AtomicBool::new(false);
        let writers = REQUESTS.map(|count| self.connection(service, count, reason, &stopped));
        for answer in join_all(writers).await.into_iter().flatten() {
            match answer {
                Answer::Acknowledged(positions) => self.acknowledged.extend(positions),
                Answer::CutOff(numbers) => self.cut_off.push(numbers),
                Answer::Refused(numbers) => self.refused.push(numbers),
            }
        }
        assert!(!self.refused.is_empty() && !self.cut_off.is_empty());
    }

    async fn connection(
        &self,
        service: &Service,
        count: u64,
        reason: &str,
        stopped: &AtomicBool,
    ) -> Vec<Answer> {
        let mut answers = Vec::new();
        let mut refused = 0;
        while refused < REFUSED {
            let was_stopped = stopped.load(Ordering::SeqCst);
            let numbers = self.numbers(count);
            match post(service, numbers.clone()).await {
                Ok(positions) => {
                    assert!(!was_stopped, "{numbers:?} was taken after one was refused");
                    answers.push(Answer::Acknowledged(positions));
                }
                Err(problem) => {
                    stopped.store(true, Ordering::SeqCst);
                    is_said(&problem, reason);
                    refused += 1;
                    answers.push(if was_stopped {
                        Answer::Refused(numbers)
                    } else {
                        Answer::CutOff(numbers)
                    });
                }
            }
        }
        answers
    }

    fn numbers(&self, count: u64) -> Range<u64> {
        let from = self.next.fetch_add(count, Ordering::Relaxed);
        from..from + count
    }

    /// A restarted node has what it owes and nothing that it refused, and takes all of that now.
    pub(super) async fn is_kept(&mut self, service: &Service) {
        assert_eq!(service.get("/readyz").await.status(), StatusCode::OK);
        let stored = check::stored(service, SOURCE).await;
        check::holds(&stored, &self.acknowledged);
        let is_stored = |number: &u64| stored.contains_key(number);
        for numbers in &self.refused {
            assert!(
                !numbers.clone().any(|number| is_stored(&number)),
                "{numbers:?} was refused"
            );
        }
        for numbers in &self.cut_off {
            let count = numbers.clone().filter(is_stored).count() as u64;
            let is_whole = count == 0 || count == numbers.end - numbers.start;
            assert!(is_whole, "{count} of {numbers:?} are there");
        }
        self.write_again(service, &stored).await;
        self.write(service).await;
        let stored = check::stored(service, SOURCE).await;
        assert_eq!(stored, self.acknowledged, "another event is there");
        check::verifies(service);
        check::folds(service).await;
    }

    /// What was there already stays where it was.
    async fn write_again(&mut self, service: &Service, stored: &Positions) {
        let again = self.cut_off.drain(..).chain(self.refused.drain(..));
        for numbers in again.collect::<Vec<_>>() {
            let positions = post(service, numbers).await.expect("it takes events again");
            for (number, position) in positions {
                let before = stored.get(&number);
                assert!(
                    before.is_none_or(|before| *before == position),
                    "{number} moved"
                );
                self.acknowledged.insert(number, position);
            }
        }
    }
}

/// What a problem must say to whoever writes.
fn is_said(problem: &Value, reason: &str) {
    assert_eq!(problem["status"], 503, "{problem}");
    assert_eq!(problem["type"], "/problems/writes_unavailable");
    let detail = problem["detail"].as_str().unwrap();
    assert!(detail.contains(reason), "{problem}");
}

fn is_short(number: u64) -> bool {
    number.is_multiple_of(SHORT_ONE_OF)
}

fn event(number: u64) -> String {
    let text = if is_short(number) {
        TEXT_SHORT
    } else {
        TEXT_LONG
    };
    let mut random = StdRng::seed_from_u64(number);
    let body = Alphanumeric.sample_string(&mut random, text as usize);
    let customer = load::customer(number);
    format!(
        r#"{{"specversion":"1.0","id":"{number}","source":"{SOURCE}","type":"email.received","data":{{"customer":{{"external_id":"{customer}"}},"body":"{body}"}}}}"#
    ) + "\n"
}

/// Where events stand, or the problem that was answered.
async fn post(service: &Service, numbers: Range<u64>) -> Result<Positions, Value> {
    let request = service
        .request(reqwest::Method::POST, "/api/v1/events?results=full")
        .header("Content-Type", "application/x-ndjson")
        .body(numbers.clone().map(event).collect::<String>());
    let response = request.send().await.expect("every request is answered");
    let is_success = response.status().is_success();
    let answer: Value = response.json().await.expect("answers are JSON");
    if !is_success {
        return Err(answer);
    }
    let results = answer["results"].as_array().expect("a row for every event");
    let positions = results.iter().map(|row| row["position"].as_u64().unwrap());
    Ok(numbers.zip(positions).collect())
}
