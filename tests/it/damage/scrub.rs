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
        metrics.contains("touchbook_ledger_scrub_completed_timestamp_seconds ")
    })
    .await;

    let db = service.data_dir().join("ledger/0001/db");
    let file = OpenOptions::new().read(true).write(true).open(db).unwrap();
    let pieces = layout(service.data_dir()).unwrap();
    let block = pieces
        .iter()
        .filter(|piece| piece.what == "block body")
        .nth(1)
        .unwrap();
    let at = block.offset + block.len / 2;
    let mut byte = [0];
    file.read_exact_at(&mut byte, at).unwrap();
    file.write_all_at(&[byte[0] ^ 4], at).unwrap();

    let copy = image::copy(service.data_dir());
    let survey = touchbook_ledger::survey(copy.path()).unwrap();
    let mut damage = survey
        .tenants
        .iter()
        .filter_map(|tenant| tenant.damage.as_ref());
    let position = damage.next().unwrap().position;
    assert!(position > 1, "not the first block");

    eventually("the damage is said", || async {
        service.get("/readyz").await.status() == 503
    })
    .await;
    let ready = service.get("/readyz").await.text().await.unwrap();
    assert!(ready.contains("ledger_damaged"), "{ready}");
    let said = format!("tenant acme is damaged at position {position}");
    assert!(ready.contains(&said), "{said}: {ready}");
    let position = service.post_one(crate::load::event("after", 1)).await;
    assert!(position.is_some(), "what is not damaged goes on");
}
