//! The binary from outside: how it starts, stops, refuses and explains itself.

use crate::load;
use crate::service::{Service, TENANT, run};
use std::process::Output;
use std::sync::atomic::{AtomicU64, Ordering};
use touchbook_testkit::{data_dir, eventually};

const WRITERS: u64 = 4;
/// Events that are acknowledged before it is told to stop.
const BEFORE: u64 = 200;
/// What the demo promises.
const DEMO_CUSTOMERS: usize = 200;
const DEMO_EVENTS: usize = 5_000;

/// Design law 2, for a stop that was asked for.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_before_and_during_a_clean_stop_is_there_after_it() {
    let mut service = Service::start();
    let count = AtomicU64::new(0);
    let writing =
        futures::future::join_all((0..WRITERS).map(|writer| write(&service, writer, &count)));
    let stopping = async {
        eventually("the load is on", || {
            std::future::ready(count.load(Ordering::Relaxed) >= BEFORE)
        })
        .await;
        service.ask_to_stop();
    };
    let (acknowledged, ()) = tokio::join!(writing, stopping);
    assert_eq!(service.exit_code(), Some(0));
    service.restart();
    let records = service.records().await;
    for (id, position) in acknowledged.into_iter().flatten() {
        let record = &records[usize::try_from(position).unwrap() - 1];
        assert_eq!(record["event_id"], id.to_string(), "{record}");
    }
}

/// Writes until nothing is acknowledged any more; answers ids and positions.
async fn write(service: &Service, writer: u64, count: &AtomicU64) -> Vec<(u64, u64)> {
    let mut acknowledged = Vec::new();
    for id in (writer..).step_by(WRITERS as usize) {
        let Some(position) = service.post_one(load::event("stop", id)).await else {
            break;
        };
        acknowledged.push((id, position));
        count.fetch_add(1, Ordering::Relaxed);
    }
    acknowledged
}

#[test]
fn nobody_is_served_without_credentials_but_on_this_machine() {
    let dir = data_dir();
    let dir = dir.path().to_str().unwrap();
    let anywhere = ["serve", "--dev", "--listen", "0.0.0.0:0", "--data-dir", dir];
    refused(&run(&anywhere), "loopback");
}

#[test]
fn a_folder_that_is_served_already_is_left_alone() {
    let service = Service::start();
    let dir = service.data_dir().to_str().unwrap();
    let second = run(&[
        "serve",
        "--dev",
        "--listen",
        "127.0.0.1:0",
        "--data-dir",
        dir,
    ]);
    refused(&second, "another process");
}

#[test]
fn the_configuration_is_printed_with_its_origin_and_an_unknown_key_is_refused() {
    let dir = data_dir();
    let file = dir.path().join("touchbook.toml");
    std::fs::write(&file, "listen = \"127.0.0.1:7777\"\n").unwrap();
    let file = file.to_str().unwrap();
    let printed = run(&["config", "print", "--config", file, "--log-level", "warn"]);
    assert!(printed.status.success(), "{printed:?}");
    let text = String::from_utf8(printed.stdout).unwrap();
    let line = |name: &str| {
        text.lines()
            .find(|line| line.starts_with(name))
            .unwrap()
            .to_owned()
    };
    assert!(
        line("listen = \"127.0.0.1:7777\"").contains("# file"),
        "{text}"
    );
    assert!(
        line("log_level = \"warn\"").contains("--log-level"),
        "{text}"
    );
    assert!(line("stream = \"embedded\"").contains("default"), "{text}");

    std::fs::write(file, "lissten = \"127.0.0.1:7777\"\n").unwrap();
    refused(
        &run(&["config", "print", "--config", file]),
        "there is no setting lissten",
    );
}

#[test]
fn the_help_says_what_there_is() {
    let help = run(&["-h"]);
    assert!(help.status.success(), "{help:?}");
    let said = String::from_utf8(help.stdout).unwrap();
    insta::assert_snapshot!(said, @r"
    The ledger of every customer touchpoint

    Usage: touchbook <COMMAND>

    Commands:
      serve    Run the service
      demo     Serve made-up or real data, to look around
      tenants  Create or list tenants
      keys     Create, list or revoke API keys
      import   Import customers from a CSV file
      export   Export all customers as a CSV file
      rebuild  Rebuild projections from the ledger [alias: replay]
      verify   Check that the ledger holds what was written
      stream   Look after the connection to the stream
      config   Look at the configuration

    Options:
      -h, --help     Print help (see more with '--help')
      -V, --version  Print version

    Try it: `touchbook demo` serves made-up customers and says what to look at.
    ");
}

/// S1-006 for the late event; the demo's promise: customers, events, a duplicate, a dead letter.
#[tokio::test(flavor = "multi_thread")]
async fn the_demo_loads_what_it_promises() {
    let dir = data_dir();
    let demo = run(&[
        "demo",
        "--exit-after-load",
        "--listen",
        "127.0.0.1:0",
        "--default-tenant",
        TENANT,
        "--data-dir",
        dir.path().to_str().unwrap(),
    ]);
    assert!(demo.status.success(), "{demo:?}");
    let said = String::from_utf8(demo.stdout).unwrap();
    assert!(said.contains("5000 events of 200 customers"), "{said}");

    let service = Service::start_in(dir, &[]);
    let records = service.records().await;
    let dead = service.json("/api/v1/dead-letters").await;
    assert_eq!(dead["items"].as_array().unwrap().len(), 1, "{dead}");
    // One event is a dead letter and one came twice.
    let taken = records
        .iter()
        .filter(|record| record["source"] == "touchbook/demo" && record["type"] != "dead_letter");
    assert_eq!(taken.count(), DEMO_EVENTS - 2);
    assert_eq!(customers(&service).await, DEMO_CUSTOMERS);

    let is_late = |record: &&serde_json::Value| {
        record["event_id"]
            .as_str()
            .is_some_and(|id| id.ends_with("-late"))
    };
    let late = records.iter().find(is_late).unwrap();
    let customer = late["customer_id"].as_str().unwrap();
    let timeline = service
        .json(&format!("/api/v1/customers/{customer}/timeline?limit=500"))
        .await;
    let entries = timeline["items"].as_array().unwrap();
    let place = entries
        .iter()
        .position(|entry| entry["event_id"] == late["event_id"])
        .unwrap();
    assert!(
        place > 0
            && entries.is_sorted_by(|newer, older| {
                newer["occurred_at"].as_str() >= older["occurred_at"].as_str()
            })
    );
}

async fn customers(service: &Service) -> usize {
    let mut count = 0;
    let mut cursor = String::new();
    loop {
        let page = service
            .json(&format!("/api/v1/customers?view=recent&limit=500{cursor}"))
            .await;
        count += page["items"].as_array().unwrap().len();
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return count,
        }
    }
}

/// It did not start, and said why.
fn refused(output: &Output, reason: &str) {
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(said.contains(reason), "{said}");
}
