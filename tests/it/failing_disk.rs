//! A disk that is full, and one that fails to sync: writes stop, reads go on, everybody is told
//! why, and what was acknowledged is there once the service is restarted with room.

mod book;
mod stopped;
mod tmpfs;

use crate::check;
use crate::power_cut::files;
use crate::service::Service;
use book::{Book, SOURCE};
use std::path::PathBuf;
use tempfile::TempDir;
use tmpfs::Tmpfs;
use touchbook_testkit::{FailingDisk, data_dir, eventually};

const FULL: &str = "No space left on device (os error 28)";
const BROKEN: &str = "Input/output error (os error 5)";
/// How much is left when writing begins: nothing, less than a commit, less than a block, several.
const ROOMS: [u64; 4] = [0, 700, 30_000, 600_000];
/// The same of a real file system, which takes longer.
const ROOMS_MOUNTED: [u64; 2] = [0, 600_000];
/// A page of the store is split when it has so many, at the latest, and has half of them then.
const BLOCKS_A_PAGE: u64 = 17;
/// So few records that snapshots are due.
const SNAPSHOTS: [&str; 2] = ["--snapshot-records", "10"];

/// A node whose disk fails when it is told to.
pub(crate) struct Node {
    pub(crate) disk: FailingDisk,
    pub(crate) service: Service,
    _own: TempDir,
}

impl Node {
    pub(crate) fn start(arguments: &[&str]) -> Self {
        let (home, own) = (data_dir(), data_dir());
        let disk = FailingDisk::new(home.path(), own.path()).unwrap();
        let folder = home.path().to_owned();
        let service = Service::start_at(home, folder, arguments, disk.environment());
        Self {
            disk,
            service,
            _own: own,
        }
    }

    fn half_snapshots(&self) -> Vec<PathBuf> {
        let mut files = files(&self.service.data_dir().join("snapshots"));
        files.retain(|file| file.extension().is_some_and(|found| found == "new"));
        files
    }
}

/// Design law 2, on a disk that every test can fill: its writes are refused in the process.
#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_stops_writes_and_loses_nothing() {
    let mut node = Node::start(&[]);
    let disk = &node.disk;
    let refused = || disk.refused_writes().unwrap();
    let fill = |room| disk.leave_room(room).unwrap();
    let free = || disk.give_room().unwrap();
    outlives_full_disks(&mut node.service, &ROOMS, fill, free).await;
    assert!(refused() >= ROOMS.len() as u64, "the disk was never full");
}

/// The same on a real file system, where this machine lets a test mount one.
#[expect(clippy::print_stdout, reason = "what was not proven must be told")]
#[tokio::test(flavor = "multi_thread")]
async fn a_full_file_system_stops_writes_and_loses_nothing() {
    let home = data_dir();
    let Some(tmpfs) = Tmpfs::mount(home.path()) else {
        println!("nothing can be mounted here: see a_full_disk_stops_writes_and_loses_nothing");
        return;
    };
    let mut service = Service::start_within(home, &tmpfs.inside(), &[]);
    let (fill, free) = (|room| tmpfs.fill(room), || tmpfs.free());
    outlives_full_disks(&mut service, &ROOMS_MOUNTED, fill, free).await;
}

async fn outlives_full_disks(
    service: &mut Service,
    rooms: &[u64],
    fill: impl Fn(u64),
    free: impl Fn(),
) {
    let mut book = Book::default();
    book.write(service).await;
    for (round, room) in rooms.iter().enumerate() {
        fill(*room);
        book.write_until_refused(service, FULL).await;
        stopped::is_told(service, FULL).await;
        stopped::reads_go_on(service, &book).await;
        if round % 2 == 0 {
            assert_eq!(service.terminate(), Some(0), "a stop is no crash");
        } else {
            service.kill();
        }
        let said = service
            .attempt_again()
            .expect_err("it starts on a full disk");
        assert!(said.contains(FULL), "it says why it does not start: {said}");
        free();
        service.restart();
        book.is_kept(service).await;
    }
}

/// The store splits a page for whoever comes by next, and can't once it has failed to write.
#[tokio::test(flavor = "multi_thread")]
async fn what_the_store_would_have_to_write_for_is_read_all_the_same() {
    let mut node = Node::start(&["--log-level", "off"]);
    let mut book = Book::default();
    book.write_blocks(&node.service, BLOCKS_A_PAGE).await;
    for _ in 0..=BLOCKS_A_PAGE.div_ceil(2) {
        book.write_blocks(&node.service, 1).await;
        node.disk.refuse_writes().unwrap();
        book.write_until_refused(&node.service, FULL).await;
        let stored = check::stored(&node.service, SOURCE).await;
        assert_eq!(stored, book.acknowledged);
        node.service.kill();
        node.disk.give_room().unwrap();
        node.service.restart();
    }
    book.is_kept(&node.service).await;
}

/// Design law 8: what Linux says of a sync it says once, so the first error is the last.
#[tokio::test(flavor = "multi_thread")]
async fn a_sync_that_fails_once_is_the_end_of_writing() {
    let mut node = Node::start(&[]);
    let mut book = Book::default();
    book.write(&node.service).await;
    for _ in 0..2 {
        node.disk.break_next_syncs().unwrap();
        book.write_until_refused(&node.service, BROKEN).await;
        assert!(node.disk.failed_syncs().unwrap() > 0);
        stopped::is_told(&node.service, BROKEN).await;
        stopped::reads_go_on(&node.service, &book).await;
        node.service.kill();
        node.service.restart();
        book.is_kept(&node.service).await;
    }
}

/// A snapshot saves time. What could not be written of one takes no room from the ledger.
#[tokio::test(flavor = "multi_thread")]
async fn snapshots_that_can_not_be_written_stop_nothing() {
    let mut node = Node::start(&SNAPSHOTS);
    let mut book = Book::default();
    node.disk.concern("/snapshots/").unwrap();
    node.disk.leave_room(2_000).unwrap();
    book.write(&node.service).await;
    eventually("a snapshot is refused", || {
        std::future::ready(node.disk.refused_writes().unwrap() > 0)
    })
    .await;
    eventually("it is counted", || async {
        stopped::metric(&node.service, "touchbook_snapshot_errors_total").await > 0.0
    })
    .await;
    goes_on(&mut node, &mut book).await;
    node.disk.give_room().unwrap();
    node.disk.break_next_syncs().unwrap();
    goes_on(&mut node, &mut book).await;
    assert!(
        node.disk.failed_syncs().unwrap() > 0,
        "no snapshot was tried"
    );
    assert_eq!(node.service.terminate(), Some(0));
    let written = files(&node.service.data_dir().join("snapshots"));
    assert!(!written.is_empty(), "nothing was snapshotted in the end");
}

/// Writes, stops with snapshots that fail, and starts without them.
async fn goes_on(node: &mut Node, book: &mut Book) {
    assert_eq!(node.service.get("/readyz").await.status(), 200);
    book.write(&node.service).await;
    assert_eq!(node.service.terminate(), Some(0));
    assert_eq!(node.half_snapshots(), Vec::<PathBuf>::new());
    node.service.restart();
    book.is_kept(&node.service).await;
}

/// It says what was acknowledged, and is looked at only when something is missing.
#[tokio::test(flavor = "multi_thread")]
async fn a_witness_that_can_not_be_written_stops_nothing() {
    let mut node = Node::start(&[]);
    let mut book = Book::default();
    node.disk.concern("/witness").unwrap();
    node.disk.break_next_syncs().unwrap();
    book.write(&node.service).await;
    eventually("a note is not synced", || {
        std::future::ready(node.disk.failed_syncs().unwrap() > 0)
    })
    .await;
    book.write(&node.service).await;
    assert_eq!(node.service.get("/readyz").await.status(), 200);
    node.service.kill();
    node.service.restart();
    book.is_kept(&node.service).await;
    check::verifies(&node.service);
}
