//! Data directories of the real service, and which bytes in them are what.

use crate::load;
use crate::service::Service;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;
use touchbook_ledger::layout::layout;
use touchbook_testkit::{Nats, data_dir, eventually};

/// Enough for several blocks.
const EVENTS: u64 = 3_000;
/// What stays in the tail.
const SINGLES: u64 = 30;
/// Of a record that is stored in chunks: a body has fewer characters than that has bytes.
const LONG_CHARS: usize = 60_000;
/// A second tenant, with a few records.
pub(super) const OTHER: &str = "quiet";
const OTHER_EVENTS: u64 = 20;

/// A directory that no service has open.
pub(super) struct Image {
    pub(super) name: &'static str,
    dir: TempDir,
    pieces: BTreeMap<&'static str, Vec<Piece>>,
}

/// Bytes of one kind.
#[derive(Clone, Debug)]
pub(super) struct Piece {
    pub(super) file: PathBuf,
    pub(super) offset: u64,
    pub(super) len: u64,
}

/// One that was killed, and the same after a clean stop.
pub(super) async fn make() -> (Image, Image) {
    let nats = Nats::start();
    let service = Service::start_with(&["--stream", &nats.url()]);
    fill(&service).await;
    let nowhere = "touchbook.events.nowhere.sms.received";
    let producer = load::producer(&nats).await;
    let sent = producer.publish(nowhere, load::event("nats", 0).into());
    sent.await.unwrap().await.unwrap();
    noted(&service).await;
    service.kill();
    let killed = Image::new("killed", copy(service.data_dir()));
    drop(service);
    let mut service = Service::start_in(killed.copy(), &[]);
    service.caught_up().await;
    assert_eq!(service.terminate(), Some(0));
    let stopped = Image::new("stopped", copy(service.data_dir()));
    (killed, stopped)
}

async fn fill(service: &Service) {
    load::post(service, "damage", 0..EVENTS).await;
    let body = "€".repeat(LONG_CHARS);
    let long = format!(
        r#"{{"specversion":"1.0","id":"long","source":"damage","type":"email.received","subject":"long","data":{{"customer":{{"external_id":"long:1"}},"subject":"Hello","body":"{body}"}}}}"#
    );
    service.post_one(long).await.unwrap();
    for number in 0..OTHER_EVENTS {
        let request = service.request_as(OTHER, reqwest::Method::POST, "/api/v1/events");
        let request = request.header("Content-Type", "application/cloudevents+json");
        let answer = request.body(load::event("other", number)).send().await;
        assert_eq!(answer.unwrap().status(), 200);
    }
    for number in 0..SINGLES {
        service
            .post_one(load::event("single", number))
            .await
            .unwrap();
    }
    service.caught_up().await;
}

/// Waits until it is noted beside the ledger that everything is durable.
async fn noted(service: &Service) {
    let ledgers = service.data_dir().join("ledger/0001/witness");
    eventually("everything is noted", || async {
        let tenants = service.json("/api/v1/tenants").await;
        let tenants = tenants["items"].as_array().unwrap();
        let heads = tenants
            .iter()
            .map(|tenant| tenant["head"].as_u64().unwrap());
        // The node's own ledger has the dead letter.
        let records: u64 = heads.sum::<u64>() + 1;
        let bytes = fs::read(&ledgers).unwrap_or_default();
        let slots = bytes.chunks(512).filter_map(|slot| slot.get(25..33));
        slots
            .map(|noted| u64::from_le_bytes(noted.try_into().unwrap()))
            .any(|noted| noted == records)
    })
    .await;
}

pub(super) fn copy(from: &Path) -> TempDir {
    let to = data_dir();
    copy_folder(from, to.path());
    to
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let kind = entry.file_type().unwrap();
        let to = to.join(entry.file_name());
        if kind.is_dir() {
            copy_folder(&entry.path(), &to);
        } else if kind.is_file() {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}

impl Image {
    fn new(name: &'static str, dir: TempDir) -> Self {
        let mut pieces: BTreeMap<&'static str, Vec<Piece>> = BTreeMap::new();
        for extent in layout(dir.path()).unwrap() {
            pieces.entry(extent.what).or_default().push(Piece {
                file: PathBuf::from("ledger/0001/db"),
                offset: extent.offset,
                len: extent.len,
            });
        }
        let mut files = BTreeSet::new();
        list(dir.path(), dir.path(), &mut files);
        for file in files {
            let Some(kind) = kind_of(&file) else { continue };
            let len = fs::metadata(dir.path().join(&file)).unwrap().len();
            let offset = 0;
            let piece = Piece { file, offset, len };
            pieces.entry(kind).or_default().push(piece);
        }
        Self { name, dir, pieces }
    }

    pub(super) fn copy(&self) -> TempDir {
        copy(self.dir.path())
    }

    pub(super) fn kinds(&self) -> impl Iterator<Item = &'static str> {
        self.pieces.keys().copied()
    }

    pub(super) fn pieces(&self, kind: &str) -> &[Piece] {
        &self.pieces[kind]
    }
}

fn list(top: &Path, folder: &Path, files: &mut BTreeSet<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_dir() {
            list(top, &entry.path(), files);
        } else if entry.metadata().unwrap().len() > 0 {
            files.insert(entry.path().strip_prefix(top).unwrap().to_owned());
        }
    }
}

/// What a file but the log is.
fn kind_of(file: &Path) -> Option<&'static str> {
    let name = file.file_name().unwrap().to_str().unwrap();
    let in_ledger = file.starts_with("ledger");
    match name {
        "conf" if in_ledger => Some("the store's settings"),
        "witness" if in_ledger => Some("witness"),
        _ if in_ledger && name.starts_with("snap.") => Some("the store's snapshot"),
        _ if file.starts_with("snapshots") => Some("snapshot"),
        _ => None,
    }
}

/// Every kind that one directory or the other must have, so that none is left out by mistake.
pub(super) const KINDS: &[&str] = &[
    "block body",
    "block header",
    "chunk",
    "dead message",
    "frame body",
    "frame header",
    "mark",
    "message header",
    "page",
    "segment header",
    "snapshot",
    "snapshotted message header",
    "the store's settings",
    "the store's snapshot",
    "witness",
];
