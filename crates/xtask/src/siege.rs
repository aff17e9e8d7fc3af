//! A day's callers in minutes, beside others who misbehave.

use std::path::Path;

use anyhow::Result;
use clap::Args;

use crate::long_test::{self, LongTest};

/// The test that goes on for as long as it is told; it is ignored when nobody tells.
const TEST: &str = "siege::for_as_long_as_was_asked_for";

#[derive(Args)]
pub(crate) struct Options {
    /// For how long; an hour's requests of an ordinary day come in ten minutes
    #[arg(long, default_value_t = 600)]
    seconds: u64,
}

/// Builds the service as it ships, and has it used and misused.
pub(crate) fn run(root: &Path, options: &Options) -> Result<()> {
    let test = LongTest {
        is_of_release: true,
        ..long_test::of_binary(TEST)
    };
    let told = [("SIEGE_SECONDS", options.seconds.to_string().into())];
    long_test::run(root, &test, &told)
}
