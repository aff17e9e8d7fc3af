//! Many power cuts.

use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::Args;

use crate::command::{self, cargo};

/// The test that cuts as often as it is told; it is ignored when nobody tells.
const TEST: &str = "power_cut::as_many_power_cuts_as_were_asked_for";

#[derive(Args)]
pub(crate) struct Options {
    /// How many power cuts, each another one
    #[arg(long, default_value_t = 1_000)]
    seeds: u64,
    /// The first of them
    #[arg(long, value_name = "SEED", default_value_t = 0)]
    from: u64,
    /// Cut into what was recorded before, as the report of a failure says
    #[arg(long, value_name = "FILE")]
    recording: Option<PathBuf>,
}

/// Builds the service, records it, and cuts its power.
pub(crate) fn run(root: &Path, options: &Options) -> Result<()> {
    command::run(&mut cargo(
        root,
        &["build", "--locked", "--package", "touchbook"],
    ))?;
    let arguments = ["test", "--locked", "--package", "touchbook-tests"];
    let mut test = cargo(root, &arguments);
    test.args(["--test", "it", "--", TEST])
        .args(["--exact", "--ignored", "--nocapture"])
        .env("POWER_CUT_SEEDS", options.seeds.to_string())
        .env("POWER_CUT_FROM", options.from.to_string());
    if let Some(recording) = &options.recording {
        test.env("POWER_CUT_RECORDING", recording.canonicalize()?);
    }
    command::run(&mut test)
}
