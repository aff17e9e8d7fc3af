//! Many power cuts.

use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::Args;

use crate::long_test;

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
    let mut told = vec![
        ("POWER_CUT_SEEDS", options.seeds.to_string().into()),
        ("POWER_CUT_FROM", options.from.to_string().into()),
    ];
    if let Some(recording) = &options.recording {
        told.push(("POWER_CUT_RECORDING", recording.canonicalize()?.into()));
    }
    long_test::run(root, &long_test::of_binary(TEST), &told)
}
