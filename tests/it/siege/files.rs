//! A service that may open few files.

use super::wire::{Wire, get};
use crate::load;
use crate::service::{Service, TENANT};
use std::process::Command;

/// What of a process's files is kept from connections, and what is left to them here.
const FILES_KEPT: usize = 256;
const CONNECTIONS: usize = 40;
/// Far more than may be open.
const SILENT: usize = 2 * (FILES_KEPT + CONNECTIONS);

/// Whoever connects and says nothing takes no file from the ledger.
#[tokio::test(flavor = "multi_thread")]
async fn connections_leave_the_ledger_its_files() {
    let mut shell = Command::new("sh");
    let limit = format!("ulimit -n {} && exec \"$@\"", FILES_KEPT + CONNECTIONS);
    shell.args(["-c", &limit, "sh"]);
    let home = touchbook_testkit::data_dir();
    // So few records that each write makes a snapshot due, for which files are opened.
    let mut service = Service::start_within(home, &shell, &["--snapshot-records", "100"]);
    load::post(&service, "files", 0..400).await;
    let mut known = Wire::to(service.address()).await.unwrap();
    let customers = get(TENANT, "/api/v1/customers");
    known.send(&customers).await.unwrap();
    assert_eq!(known.answer().await.unwrap().status, 200);

    // Those that are not let in wait in the system's queue.
    let mut silent = Vec::new();
    for _ in 0..SILENT {
        silent.push(Wire::to(service.address()).await.unwrap());
    }
    // Who was there before is served, and so is whoever asks through the socket.
    known.send(&customers).await.unwrap();
    assert_eq!(known.answer().await.unwrap().status, 200);
    let rebuilt = service.command(&["rebuild", "--tenant", TENANT]);
    assert!(rebuilt.status.success(), "{rebuilt:?}");
    drop(silent);
    load::post(&service, "files", 400..800).await;
    assert_eq!(service.get("/readyz").await.status(), 200);
    assert_eq!(service.terminate(), Some(0));
}
