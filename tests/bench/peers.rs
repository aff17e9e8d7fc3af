//! What our users would otherwise take, doing the same work with the same events on the same
//! machine: Postgres with triggers, and UmaDB. `cargo xtask bench --peers` says where they are.

mod postgres;
mod umadb;

use crate::Options;
use crate::table::{Figure, Row, Work, number};
use anyhow::{Context, Result};
use std::path::{Path, PathBuf};
use std::process::Command;

/// More of them would take longer than all that the service is asked to do.
const EVENTS_MAX: u64 = 1_000_000;

/// Where the peers' programs are, or why there are none.
#[derive(clap::Args)]
pub(crate) struct Places {
    /// Folder of initdb and postgres
    #[arg(long, hide = true)]
    postgres: Option<PathBuf>,
    /// Why there is none
    #[arg(long, hide = true)]
    no_postgres: Option<String>,
    /// Folder of what `tests/peers` builds
    #[arg(long, hide = true)]
    umadb: Option<PathBuf>,
    /// Why there is none
    #[arg(long, hide = true)]
    no_umadb: Option<String>,
}

/// What a peer has shown.
pub(crate) struct Peer {
    /// With its version.
    name: String,
    figures: Vec<(Work, f64)>,
    /// What one must know of its figures.
    pub(crate) notes: Vec<String>,
}

/// Measures the peers that were named. One that fails says so in its notes.
pub(crate) async fn measure(places: &Places, options: &Options) -> Vec<Peer> {
    let events = options.events.min(EVENTS_MAX);
    let mut peers = Vec::new();
    if let Some(programs) = &places.postgres {
        let measured = postgres::measure(programs, options, events).await;
        peers.push(measured.unwrap_or_else(|error| missing("Postgres", &format!("{error:#}"))));
    }
    if let Some(programs) = &places.umadb {
        let measured = umadb::measure(programs, options, events).await;
        peers.push(measured.unwrap_or_else(|error| missing("UmaDB", &format!("{error:#}"))));
    }
    let missing_ones = [
        ("Postgres", &places.no_postgres),
        ("UmaDB", &places.no_umadb),
    ];
    for (name, why) in missing_ones {
        peers.extend(why.as_ref().map(|why| missing(name, why)));
    }
    peers
}

fn missing(name: &str, why: &str) -> Peer {
    Peer {
        name: format!("{name}: not measured"),
        figures: Vec::new(),
        notes: vec![format!("{name} was not measured: {why}")],
    }
}

/// Puts what each peer has shown of the same work beside the service's figures.
pub(crate) fn put_beside(peers: &[Peer], figures: &mut [Figure]) {
    for figure in figures {
        let Some(work) = figure.work else {
            continue;
        };
        for peer in peers {
            let mut figures = peer.figures.iter();
            let same = figures.find_map(|(of, figure)| (*of == work).then_some(*figure));
            figure.put_beside(peer.name.clone(), same);
        }
    }
}

fn note(peer: &str, events: u64, more: &str) -> String {
    let events = number(events as f64);
    format!("{peer}: {events} events in bulk, rebuilt, read, and on disk. {more}")
}

/// The rows that need everything loaded.
const LOADED: [Row; 4] = [Row::Bulk, Row::Rebuild, Row::Page, Row::Size];

/// The number in what a program says of its version.
fn version(program: &Path) -> Result<String> {
    let output = Command::new(program).arg("--version").output();
    let output = output.with_context(|| format!("starting {}", program.display()))?;
    let said = String::from_utf8(output.stdout)?;
    let mut words = said.split_whitespace();
    let number = words.find(|word| word.starts_with(|first: char| first.is_ascii_digit()));
    Ok(number.context("it does not tell its version")?.to_owned())
}
