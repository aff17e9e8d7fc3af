//! Many flipped bits.

use std::path::Path;

use anyhow::Result;
use clap::Args;

use crate::{long_test, nats};

/// The test that flips as many as it is told; it is ignored when nobody tells.
const TEST: &str = "damage::many_flipped_bits_of_any_kind_are_named_or_harmless_and_never_served";

#[derive(Args)]
pub(crate) struct Options {
    /// How many bits of each kind, in each directory
    #[arg(long, default_value_t = 10)]
    flips: u64,
}

/// Builds the service, and damages what it wrote.
pub(crate) fn run(root: &Path, options: &Options) -> Result<()> {
    nats::find(root)?;
    let told = [("DAMAGE_FLIPS", options.flips.to_string().into())];
    long_test::run(root, &long_test::of_binary(TEST), &told)
}
