//! Where the ledger and its snapshots are kept.

use super::{ConfigError, Layers};
use std::path::PathBuf;
use std::time::Duration;
use touchbook_engine::{SCRUB_BYTES_PER_SECOND, SCRUB_PAUSE, SNAPSHOT_RECORDS, ScrubConfig};
use touchbook_ledger::limits::DEFAULT_CACHE_BYTES;

pub(super) const KEYS: &[&str] = &[
    "data_dir",
    "ledger_cache_bytes",
    "snapshot_records",
    "scrub_bytes_per_second",
    "scrub_pause_seconds",
];

const DATA_DIR_DEFAULT: &str = "./data";
/// Less makes the store evict what it has just read.
const CACHE_BYTES_MIN: u64 = 8 * 1024 * 1024;

#[derive(Clone, Debug)]
pub(crate) struct Storage {
    /// Holds `ledger/`, the truth, and `snapshots/`. `TOUCHBOOK_DATA_DIR`, `--data-dir`.
    pub(crate) data_dir: PathBuf,
    /// Memory for the ledger's own cache. `TOUCHBOOK_LEDGER_CACHE_BYTES`, `--ledger-cache-bytes`.
    pub(crate) ledger_cache_bytes: u64,
    /// Least records between two snapshots. `TOUCHBOOK_SNAPSHOT_RECORDS`, `--snapshot-records`.
    pub(crate) snapshot_records: u64,
    /// How fast, and how often, what is stored is read to see whether it is whole.
    /// `TOUCHBOOK_SCRUB_BYTES_PER_SECOND`, `TOUCHBOOK_SCRUB_PAUSE_SECONDS`, and as flags.
    pub(crate) scrub: ScrubConfig,
}

#[derive(clap::Args, Clone, Debug, Default)]
#[group(skip)]
pub(crate) struct Flags {
    /// Directory of the ledger and its snapshots [env: TOUCHBOOK_DATA_DIR] [default: ./data]
    #[arg(long, value_name = "DIR")]
    pub(crate) data_dir: Option<String>,
    /// Memory for the ledger's own cache
    /// [env: TOUCHBOOK_LEDGER_CACHE_BYTES] [default: 16777216]
    #[arg(long, value_name = "BYTES")]
    pub(crate) ledger_cache_bytes: Option<String>,
    /// Records between two snapshots; fewer make starts quicker. A busy tenant's are at least an
    /// eighth of it apart
    /// [env: TOUCHBOOK_SNAPSHOT_RECORDS] [default: 500000]
    #[arg(long, value_name = "RECORDS")]
    pub(crate) snapshot_records: Option<String>,
    /// How fast what is stored is read to see whether it is whole; 0 is never
    /// [env: TOUCHBOOK_SCRUB_BYTES_PER_SECOND] [default: 8388608]
    #[arg(long, value_name = "BYTES")]
    pub(crate) scrub_bytes_per_second: Option<String>,
    /// How long that pauses once everything was read
    /// [env: TOUCHBOOK_SCRUB_PAUSE_SECONDS] [default: 3600]
    #[arg(long, value_name = "SECONDS")]
    pub(crate) scrub_pause_seconds: Option<String>,
}

impl Flags {
    pub(super) fn values(&self) -> Vec<(&'static str, Option<String>)> {
        vec![
            ("data_dir", self.data_dir.clone()),
            ("ledger_cache_bytes", self.ledger_cache_bytes.clone()),
            ("snapshot_records", self.snapshot_records.clone()),
            (
                "scrub_bytes_per_second",
                self.scrub_bytes_per_second.clone(),
            ),
            ("scrub_pause_seconds", self.scrub_pause_seconds.clone()),
        ]
    }
}

impl Storage {
    pub(super) fn read(layers: &mut Layers) -> Result<Self, ConfigError> {
        let data_dir = layers.text("data_dir", Some(DATA_DIR_DEFAULT), "a directory")?;
        let bytes = "a whole number of bytes, at least 8388608";
        let records = "a whole number of records, at least 1";
        Ok(Self {
            data_dir: data_dir.expect("it has a default"),
            ledger_cache_bytes: layers.number(
                "ledger_cache_bytes",
                DEFAULT_CACHE_BYTES,
                CACHE_BYTES_MIN,
                bytes,
            )?,
            snapshot_records: layers.number("snapshot_records", SNAPSHOT_RECORDS, 1, records)?,
            scrub: scrub(layers)?,
        })
    }
}

fn scrub(layers: &mut Layers) -> Result<ScrubConfig, ConfigError> {
    let bytes = "a whole number of bytes; 0 turns it off";
    let seconds = "a whole number of seconds, at least 1";
    let rate = SCRUB_BYTES_PER_SECOND;
    let bytes_per_second = layers.number("scrub_bytes_per_second", rate, 0, bytes)?;
    let pause = layers.number("scrub_pause_seconds", SCRUB_PAUSE.as_secs(), 1, seconds)?;
    Ok(ScrubConfig {
        bytes_per_second,
        pause: Duration::from_secs(pause),
    })
}
