//! The scrub finds what is damaged while the service runs.

use super::image;
use crate::service::Service;
use std::fs::OpenOptions;
use std::os::unix::fs::FileExt;
use touchbook_ledger::layout::layout;
use touchbook_testkit::eventually;

#[tokio::test(flavor = "multi_thread")]
async fn the_scrub_names_the_position_of_a_block_that_is_damaged_while_it_is_served() {
    let (killed, _) = image::make().await;
    let dir = killed.copy();
    let quick = [
        "--scrub-pause-seconds",
        "1",
        "--scrub-bytes-per-second",
        "1000000000",
    ];
    let service = Service::start_in(dir, &quick);
    let ready = service.get("/readyz").await;
    assert_eq!(ready.status(), 200);
    eventually("a first round is done", || async {
        let metrics = service.get("/metrics").await.text().await.unwrap();
        metrics.contains("touchbook_ledger_scrubbed_bytes_total")
    })
    .await;

    let db = service.data_dir().join("ledger/0001/db");
    let file = OpenOptions::new().read(true).write(true).open(db).unwrap();
    let pieces = layout(service.data_dir()).unwrap();
    let block = pieces
        .iter()
        .find(|piece| piece.what == "block body")
        .unwrap();
    let at = block.offset + block.len / 2;
    let mut byte = [0];
    file.read_exact_at(&mut byte, at).unwrap();
    file.write_all_at(&[byte[0] ^ 4], at).unwrap();

    eventually("the damage is said", || async {
        service.get("/readyz").await.status() == 503
    })
    .await;
    let ready = service.get("/readyz").await.text().await.unwrap();
    assert!(ready.contains("ledger_damaged"), "{ready}");
    assert!(
        ready.contains("tenant acme is damaged at position "),
        "{ready}"
    );
    let position = service.post_one(crate::load::event("after", 1)).await;
    assert!(position.is_some(), "what is not damaged goes on");
}
