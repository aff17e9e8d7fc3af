//! What the service has in memory, and how much of it its own parts explain.

use crate::service::Service;
use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

const LOOK_EVERY: Duration = Duration::from_secs(5);
/// Lines of the table.
const ROWS: usize = 16;
const MIB: f64 = 1024.0 * 1024.0;
/// Parts that grow with what is stored. Queues and answers must not, and the store's cache is told
/// by its limit alone.
const STORED: [&str; 3] = ["ledger_index", "deciders", "projection_"];

/// What of memory may be more after the second half than after the first, with
/// [`MORE_FLOOR_BYTES`].
const MORE_MAX: f64 = 0.10;
const MORE_FLOOR_BYTES: f64 = 16.0 * MIB;

#[derive(Clone, Copy, Debug)]
struct Sample {
    at: Duration,
    /// As the system counts.
    resident_bytes: f64,
    /// What indexes and states hold.
    explained_bytes: f64,
}

/// Samples, taken now and then.
pub(super) struct Memory {
    began: Instant,
    samples: Mutex<Vec<Sample>>,
}

impl Memory {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self {
            began: Instant::now(),
            samples: Mutex::default(),
        })
    }

    pub(super) async fn watch(self: Arc<Self>, service: Arc<Service>, ending: CancellationToken) {
        let mut turns = tokio::time::interval(LOOK_EVERY);
        while ending.run_until_cancelled(turns.tick()).await.is_some() {
            let sample = self.look(&service).await;
            self.samples.lock().unwrap().push(sample);
        }
    }

    async fn look(&self, service: &Service) -> Sample {
        let metrics = service.get("/metrics").await.text().await.unwrap();
        let of = |name: &str, parts: &[&str]| -> f64 {
            let lines = metrics.lines().filter(|line| line.starts_with(name));
            let lines = lines.filter(|line| parts.iter().any(|part| line.contains(part)));
            let values = lines.filter_map(|line| line.rsplit_once(' ')?.1.parse::<f64>().ok());
            values.sum()
        };
        Sample {
            at: self.began.elapsed(),
            resident_bytes: of("process_resident_memory_bytes", &[""]),
            explained_bytes: of("touchbook_memory_bytes", &STORED),
        }
    }

    /// Between two moments the second half ends with what the first half ended with, but for what
    /// is stored meanwhile.
    pub(super) fn is_flat(&self, began: Duration, ended: Duration) {
        let at = |part: f64| began + (ended - began).mul_f64(part);
        let (half, whole) = (
            self.typical(at(0.3), at(0.5)),
            self.typical(at(0.8), at(1.0)),
        );
        let stored = (whole.explained_bytes - half.explained_bytes).max(0.0);
        let more = whole.resident_bytes - half.resident_bytes - stored;
        let most = half.resident_bytes * MORE_MAX + MORE_FLOOR_BYTES;
        assert!(
            more <= most,
            "{:.0} MiB more: {half:?}, {whole:?}",
            more / MIB
        );
    }

    /// The sample in the middle, by resident memory, of those that were taken in a span.
    fn typical(&self, from: Duration, to: Duration) -> Sample {
        let samples = self.samples.lock().unwrap();
        let within = samples
            .iter()
            .filter(|sample| (from..to).contains(&sample.at));
        let mut within: Vec<Sample> = within.copied().collect();
        within.sort_by(|one, other| one.resident_bytes.total_cmp(&other.resident_bytes));
        within[within.len() / 2]
    }

    pub(super) fn elapsed(&self) -> Duration {
        self.began.elapsed()
    }
}

impl fmt::Display for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "| after | resident | of it explained by what is stored |"
        )?;
        writeln!(f, "|---|---|---|")?;
        let samples = self.samples.lock().unwrap();
        for sample in samples.iter().step_by(samples.len().div_ceil(ROWS).max(1)) {
            writeln!(
                f,
                "| {:.0} s | {:.0} MiB | {:.0} MiB |",
                sample.at.as_secs_f64(),
                sample.resident_bytes / MIB,
                sample.explained_bytes / MIB
            )?;
        }
        Ok(())
    }
}
