//! Many kills.

use std::path::Path;

use anyhow::Result;
use clap::Args;

use crate::{long_test, nats};

/// The test that kills as often as it is told; it is ignored when nobody tells.
const TEST: &str = "kill::as_many_kills_as_were_asked_for";

#[derive(Args)]
pub(crate) struct Options {
    /// How many kills, each another one
    #[arg(long, default_value_t = 200)]
    kills: u64,
    /// The first seed: what is aimed at, and when
    #[arg(long, value_name = "SEED", default_value_t = 0)]
    from: u64,
}

/// Builds the service, and kills it under load.
pub(crate) fn run(root: &Path, options: &Options) -> Result<()> {
    nats::find(root)?;
    let told = [
        ("KILL_KILLS", options.kills.to_string().into()),
        ("KILL_FROM", options.from.to_string().into()),
    ];
    long_test::run(root, &long_test::of_binary(TEST), &told)
}
