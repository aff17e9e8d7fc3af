//! Many kills.

use std::path::Path;

use anyhow::Result;
use clap::Args;

use crate::command::{self, cargo};

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
    command::run(&mut cargo(
        root,
        &["build", "--locked", "--package", "touchbook"],
    ))?;
    let arguments = ["test", "--locked", "--package", "touchbook-tests"];
    let mut test = cargo(root, &arguments);
    test.args(["--test", "it", "--", TEST])
        .args(["--exact", "--ignored", "--nocapture"])
        .env("KILL_KILLS", options.kills.to_string())
        .env("KILL_FROM", options.from.to_string());
    command::run(&mut test)
}
