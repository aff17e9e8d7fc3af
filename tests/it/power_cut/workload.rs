//! What is recorded: the real service in every state that a power cut can meet.

use super::recorded::Recorded;
use crate::service::Service;
use futures::future::join_all;
use rand::distr::{Alphanumeric, SampleString};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use reqwest::Method;
use std::path::{Path, PathBuf};
use std::time::SystemTime;
use tempfile::TempDir;
use touchbook_testkit::data_dir;
use touchbook_testkit::power_cut::Recorder;

pub(super) const TENANTS: [&str; 3] = ["acme", "bravo", "cargo"];
/// Where the data directory lies below the recorded folder: the service makes both.
pub(super) const DATA_DIR: &str = "var/touchbook";
/// So few that snapshots are due while it is recorded.
const ARGUMENTS: [&str; 4] = ["--snapshot-records", "300", "--log-level", "error"];

pub(super) const PROJECTIONS: [&str; 3] = ["customers", "identifiers", "timeline"];

const CONNECTIONS: usize = 4;
const SINGLES: usize = 12;
/// Together more than a segment of the ledger's store.
const BATCHES: usize = 16;
const EVENTS_A_BATCH: usize = 100;
const TEXT_IN_BATCHES: usize = 4_000;
/// Longer than what stands in one value of the ledger's store.
const LONG_TEXT: usize = 200_000;

/// A service under a recorder, and who writes to it.
pub(super) struct Workload {
    recorder: Recorder,
    service: Service,
    random: StdRng,
    /// Of the ids of events.
    prefix: &'static str,
    next_id: u64,
    /// Events whose answers came.
    pub(super) answered: usize,
    _own: TempDir,
}

impl Workload {
    /// Starts the service in `home`, recorded.
    pub(super) fn start(home: TempDir, prefix: &'static str, seed: u64) -> Self {
        let own = data_dir();
        let recorder = Recorder::new(home.path(), own.path()).unwrap();
        recorder.note("opening an empty folder").unwrap();
        let data_dir = home.path().join(DATA_DIR);
        let environment = recorder.environment();
        Self {
            service: Service::start_at(home, data_dir, &ARGUMENTS, environment),
            recorder,
            random: StdRng::seed_from_u64(seed),
            prefix,
            next_id: 0,
            answered: 0,
            _own: own,
        }
    }

    /// Everything, in phases; with so much in bulk that the store uses its segments again if
    /// `rounds` are several.
    pub(super) async fn run(mut self, rounds: usize) -> (Self, Recorded) {
        self.phase("one event at a time");
        self.singles().await;
        self.phase("bulk and sealing");
        self.bulk(BATCHES * rounds).await;
        self.phase("snapshots");
        self.until_snapshots().await;
        self.phase("rebuild");
        self.rebuild().await;
        self.stop();
        self.phase("opening after a clean stop");
        self.service.restart();
        self.trickle(5).await;
        self.kill().await;
        self.phase("opening after a kill");
        self.service.restart();
        self.phase("bulk and sealing");
        self.bulk(BATCHES * rounds / 2).await;
        self.stop();
        self.phase("opening after a clean stop");
        self.service.restart();
        self.stop();
        let recorded = self.recorded();
        (self, recorded)
    }

    /// A little of everything that is promised, and a clean stop.
    pub(super) async fn run_briefly(mut self) -> Recorded {
        self.phase("one event at a time");
        self.singles().await;
        self.phase("bulk and sealing");
        self.bulk(2).await;
        self.stop();
        self.phase("opening after a clean stop");
        self.service.restart();
        self.trickle(2).await;
        self.stop();
        self.recorded()
    }

    /// Writes until the process is gone.
    pub(super) async fn kill(&mut self) {
        self.recorder.halt().unwrap();
        while self.post(0, 100).await.is_some() {}
        assert_eq!(self.service.exit_code(), Some(137), "it was to be halted");
        self.recorder.resume().unwrap();
    }

    pub(super) fn recorded(&self) -> Recorded {
        Recorded::read(self.recorder.log())
    }

    /// What is left of the folder itself.
    pub(super) fn root(&self) -> PathBuf {
        let below = Path::new(DATA_DIR).components().count();
        let mut above = self.service.data_dir().ancestors();
        above.nth(below).unwrap().to_owned()
    }

    fn phase(&self, name: &str) {
        self.recorder.note(name).unwrap();
    }

    fn stop(&mut self) {
        self.phase("clean stop");
        assert_eq!(self.service.terminate(), Some(0));
    }

    async fn singles(&mut self) {
        let mut writers = Vec::new();
        for tenant in 0..TENANTS.len() {
            for _ in 0..CONNECTIONS {
                let texts = (0..SINGLES).map(|_| self.event(tenant, 600));
                writers.push((tenant, texts.collect::<Vec<_>>()));
            }
        }
        let service = &self.service;
        join_all(writers.into_iter().map(|(tenant, events)| async move {
            for event in events {
                post(service, tenant, event).await.unwrap();
            }
        }))
        .await;
        self.answered += TENANTS.len() * CONNECTIONS * SINGLES;
    }

    /// A batch fills blocks, in every tenant at the same time.
    async fn bulk(&mut self, batches: usize) {
        for tenant in 0..TENANTS.len() {
            let event = self.event(tenant, LONG_TEXT);
            post(&self.service, tenant, event).await.unwrap();
        }
        self.answered += TENANTS.len();
        for _ in 0..batches {
            let each = (0..TENANTS.len()).map(|tenant| (tenant, self.batch(tenant)));
            let each: Vec<_> = each.collect();
            let posts = each
                .into_iter()
                .map(|(tenant, lines)| post(&self.service, tenant, lines));
            for answered in join_all(posts).await {
                answered.unwrap();
            }
            self.answered += TENANTS.len() * EVENTS_A_BATCH;
        }
    }

    fn batch(&mut self, tenant: usize) -> String {
        let events = (0..EVENTS_A_BATCH).map(|_| self.event(tenant, TEXT_IN_BATCHES) + "\n");
        events.collect()
    }

    /// Every tenant's projections are snapshotted while events arrive.
    async fn until_snapshots(&mut self) {
        let snapshots = self.service.data_dir().join("snapshots");
        let folders = TENANTS
            .iter()
            .zip(1..)
            .map(|(_, number)| snapshots.join(format!("{number}/customers")));
        let folders: Vec<PathBuf> = folders.collect();
        let before: Vec<_> = folders.iter().map(|folder| written(folder)).collect();
        let is_newer = |(folder, before): (&PathBuf, &Option<_>)| written(folder) > *before;
        while !folders.iter().zip(&before).all(is_newer) {
            self.trickle(1).await;
        }
    }

    async fn rebuild(&mut self) {
        for tenant in TENANTS {
            self.service.ask_as(tenant);
            for name in PROJECTIONS {
                let path = format!("/api/v1/projections/{name}/rebuild");
                self.service.accepted(&path).await;
                self.trickle(3).await;
            }
            self.service.caught_up().await;
        }
    }

    /// A few events for every tenant.
    pub(super) async fn trickle(&mut self, events: usize) {
        for _ in 0..events {
            for tenant in 0..TENANTS.len() {
                self.post(tenant, 300).await.unwrap();
            }
        }
    }

    async fn post(&mut self, tenant: usize, text: usize) -> Option<()> {
        let event = self.event(tenant, text);
        post(&self.service, tenant, event).await?;
        self.answered += 1;
        Some(())
    }

    /// About one of a few customers, with up to so much text that no compression makes small.
    fn event(&mut self, tenant: usize, text_max: usize) -> String {
        let text = self.random.random_range(text_max / 4..=text_max);
        let text = Alphanumeric.sample_string(&mut self.random, text);
        let customer = self.random.random_range(0..40);
        let id = format!("{}:{}{}", TENANTS[tenant], self.prefix, self.next_id);
        let order = self.next_id / 3;
        self.next_id += 1;
        format!(
            r#"{{"specversion":"1.0","id":"{id}","source":"cut","type":"order.updated","subject":"order/{order}","data":{{"customer":{{"external_id":"k:{customer}"}},"status":"Complete","total":{{"amount":"1.50","currency":"USD"}},"note":"{text}"}}}}"#
        )
    }
}

/// Posts events, one a line; nothing where no answer came.
async fn post(service: &Service, tenant: usize, lines: String) -> Option<()> {
    let request = service
        .request_as(TENANTS[tenant], Method::POST, "/api/v1/events?results=full")
        .header("Content-Type", "application/x-ndjson")
        .body(lines);
    let response = request.send().await.ok()?;
    let status = response.status();
    let body = response.text().await.ok()?;
    assert!(status.is_success(), "{status} {body}");
    Some(())
}

/// All files below a folder; none where there is no folder.
pub(crate) fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => files.extend(self::files(&entry.path())),
            Ok(kind) if kind.is_file() => files.push(entry.path()),
            _ => {}
        }
    }
    files
}

/// When a file below a folder was last written.
fn written(folder: &Path) -> Option<SystemTime> {
    let files = files(folder).into_iter();
    files
        .filter_map(|path| path.metadata().ok()?.modified().ok())
        .max()
}
