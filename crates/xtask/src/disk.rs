//! What the ledger takes on disk over whole hours.

use std::path::Path;

use anyhow::Result;
use clap::Args;

use crate::long_test::{self, LongTest};

/// The test that commits as much as it is told; it is ignored when nobody tells.
const TEST: &str = "as_many_commits_as_were_asked_for";

#[derive(Args)]
pub(crate) struct Options {
    /// How many commits are an hour
    #[arg(long, default_value_t = 36_000)]
    commits: u64,
    /// Events of each commit in bulk; 300 take 4 GB of disk for the time
    #[arg(long, default_value_t = 300)]
    events: u64,
    /// For how long the size on disk must stay the same after each load; less than 90
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    rest: u64,
}

/// Writes a ledger for hours without the time between commits, and prints what it takes.
pub(crate) fn run(root: &Path, options: &Options) -> Result<()> {
    let test = LongTest {
        package: "touchbook-ledger",
        target: "disk",
        name: TEST,
        is_of_release: true,
    };
    let told = [
        ("DISK_COMMITS", options.commits.to_string().into()),
        ("DISK_EVENTS", options.events.to_string().into()),
        ("DISK_REST_SECONDS", options.rest.to_string().into()),
    ];
    long_test::run(root, &test, &told)
}
