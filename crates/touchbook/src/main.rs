//! The Touchbook service and its command line.
//!
//! Owns what makes one process of the other crates: configuration, logs and metrics, which deciders
//! and projectors there are ([`registry`]), starting and stopping ([`service`]), the
//! thread that scores what customers say ([`scoring`]), and the commands.
//!
//! **Never** decides, folds or answers anything itself.

mod access;
mod cli;
mod config;
mod control;
mod damage;
mod demo;
mod progress;
mod quote_source;
mod registry;
mod run;
mod scoring;
mod secrets;
mod service;
mod signals;
mod telemetry;
mod transfer;

use clap::Parser;
use std::process::ExitCode;

/// Gives memory back soon after a rebuild; `.cargo/config.toml` says how soon.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    let cli = cli::Cli::parse();
    match run::run(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            progress::complain(&format!("touchbook: {error:#}"));
            ExitCode::FAILURE
        }
    }
}
