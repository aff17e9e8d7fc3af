//! How fast the service is here, each figure beside what limits it: `cargo xtask bench`.
//!
//! Drives the release binary over HTTP and JetStream with the reference mix of `testkit`, from a
//! process that shares its cores, then its peers with the same events, and prints one table.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program that reports to a person"
)]

mod client;
mod limits;
mod load;
mod peers;
mod reach;
mod rows;
mod service;
mod static_server;
mod table;

use anyhow::{Result, ensure};
use clap::{Parser, ValueEnum};
use std::time::Duration;
use table::Row;

const QUICK_EVENTS: u64 = 100_000;

/// Measure the service on this machine.
#[derive(Parser)]
#[command(name = "cargo xtask bench --")]
struct Cli {
    /// Events in the ledger of the larger rows
    #[arg(long, default_value_t = 1_000_000)]
    events: u64,
    /// 100,000 events, to see that everything works
    #[arg(long)]
    quick: bool,
    /// Only these rows
    #[arg(long, value_enum, num_args = 1..)]
    only: Vec<Row>,
    /// Seconds between the load and the second look at memory and disk
    #[arg(long, default_value_t = 60)]
    rest: u64,
    #[command(flatten)]
    places: peers::Places,
    /// Be the server of so many bytes that pages are compared with
    #[arg(long, hide = true)]
    static_server: Option<usize>,
    /// Cargo says so
    #[arg(long, hide = true)]
    bench: bool,
}

/// What is to be measured.
struct Options {
    events: u64,
    rest: Duration,
    rows: Vec<Row>,
}

impl Options {
    fn asks(&self, rows: &[Row]) -> bool {
        rows.iter().any(|row| self.rows.contains(row))
    }
}

/// One thread drives everything, so that the service has the rest of the cores.
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let cli = Cli::parse();
    if let Some(body_bytes) = cli.static_server {
        return static_server::serve(body_bytes).await;
    }
    let rows = if cli.only.is_empty() {
        Row::value_variants().to_vec()
    } else {
        cli.only
    };
    let events = if cli.quick { QUICK_EVENTS } else { cli.events };
    let options = Options {
        events,
        rest: Duration::from_secs(cli.rest),
        rows,
    };
    let dir = service::data_dir()?;
    let before = limits::machine(dir.path())?;
    let rows::Measured {
        mut figures,
        failures,
    } = rows::measure(&options).await;
    let peers = peers::measure(&cli.places, &options).await;
    peers::put_beside(&peers, &mut figures);
    println!("{}", table::table(&figures, &options.rows));
    for note in peers.iter().flat_map(|peer| &peer.notes) {
        println!("{note}");
    }
    println!(
        "Reference mix: 40 % calls, 20 % e-mail of 400 bytes, 15 % SMS, 10 % social, 15 % orders."
    );
    println!("Every request carries a key; accounts and all projections are on.");
    println!("Load generator and service on the same machine: {before} before,");
    println!("load {} after.", limits::load());
    for failure in &failures {
        eprintln!("could not measure {failure:#}");
    }
    ensure!(failures.is_empty(), "not everything could be measured");
    Ok(())
}
