//! How fast the service is on this machine.

use std::{ffi::OsString, fs, path::Path};

use anyhow::Result;
use clap::Args;

use crate::{
    command::{self, cargo},
    nats, peers,
};

#[derive(Args)]
pub(crate) struct Options {
    /// Measure Postgres and UmaDB too, in the same run; fetches them where they are missing
    #[arg(long)]
    peers: bool,
    /// Passed on to the program that measures; `cargo xtask bench -- --help` lists them
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<OsString>,
}

/// Builds the service as it ships and measures it, on the disk that the checkout is on.
pub(crate) fn run(root: &Path, options: &Options) -> Result<()> {
    nats::find(root)?;
    command::run(&mut cargo(
        root,
        &["build", "--release", "--locked", "--package", "touchbook"],
    ))?;
    let folder = root.join("target/bench");
    fs::create_dir_all(&folder)?;
    let mut bench = cargo(root, &["bench", "--locked", "--package", "touchbook-tests"]);
    bench.args(["--bench", "table", "--"]);
    if options.peers {
        peers::install(root).tell(&mut bench);
    }
    bench.args(&options.arguments);
    // nats-server, too, should write to that disk.
    let measured = command::run(bench.env("TMPDIR", &folder));
    fs::remove_dir_all(&folder)?;
    measured
}
