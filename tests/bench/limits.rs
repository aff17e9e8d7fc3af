//! What the machine and the ledger alone can do: no figure of the service can be better.

use crate::client::{self, Requests};
use crate::service::{Stopped, data_dir, listening};
use anyhow::{Context, Result};
use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::process::{Child, Command};
use std::time::{Duration, Instant};
use touchbook_engine::peek;
use touchbook_events::TenantNumber;
use touchbook_ledger::{Commit, Ledger, NewRecord, Options, Peek, Reader};

/// How long a limit is measured.
const TIME: Duration = Duration::from_secs(3);
const SYNC_BYTES: usize = 4 * 1024;
/// Records that the ledger appends again at most.
const RECORDS_MAX: u64 = 1_000_000;

/// How often a second 4 KiB are appended to a file and synced: the best of some seconds, since what
/// else the disk does only makes it slower.
pub(crate) fn syncs() -> Result<f64> {
    let dir = data_dir()?;
    let mut file = File::create(dir.path().join("syncs"))?;
    let mut best = 0;
    for _ in 0..TIME.as_secs() {
        let begun = Instant::now();
        let mut count = 0;
        while begun.elapsed() < Duration::from_secs(1) {
            file.write_all(&[7; SYNC_BYTES])?;
            file.sync_data()?;
            count += 1;
        }
        best = best.max(count);
    }
    Ok(f64::from(best))
}

/// The ledger that a service left, opened without it.
pub(crate) struct Left {
    ledger: Ledger,
    tenant: TenantNumber,
    /// It holds the ledger's files.
    _dir: Stopped,
}

impl Left {
    pub(crate) fn open(stopped: Stopped) -> Result<Self> {
        let (ledger, _) = Ledger::open(stopped.0.path(), &Options::default(), peek)?;
        let reader = ledger.reader();
        let tenants = reader.tenants();
        let largest = tenants
            .into_iter()
            .max_by_key(|tenant| reader.head(*tenant).position);
        let tenant = largest.context("the ledger is empty")?;
        Ok(Self {
            ledger,
            tenant,
            _dir: stopped,
        })
    }

    /// Mean bytes of an encoded record.
    pub(crate) fn record_bytes(&self) -> Result<f64> {
        let stats = self.ledger.reader().stats()?;
        Ok(stats.logical_bytes as f64 / stats.records as f64)
    }

    pub(crate) fn records(&self) -> u64 {
        self.ledger.reader().head(self.tenant).position
    }

    /// Records a second that are read and unpacked, nothing else done with them.
    pub(crate) fn scan(&self) -> Result<f64> {
        let begun = Instant::now();
        let mut bytes = 0;
        for run in self.ledger.reader().scan(self.tenant, 1, self.records()) {
            bytes += run?.iter().map(|(_, record)| record.len()).sum::<usize>();
        }
        std::hint::black_box(bytes);
        Ok(self.records() as f64 / begun.elapsed().as_secs_f64())
    }

    /// Records a second that an empty ledger takes of these, so many a commit, each commit durable.
    pub(crate) fn appends(&self, records_a_commit: u64) -> Result<f64> {
        let dir = data_dir()?;
        let (mut ledger, _) = Ledger::open(dir.path(), &Options::default(), peek)?;
        let records = copy(
            &self.ledger.reader(),
            self.tenant,
            self.records().min(RECORDS_MAX),
        )?;
        let begun = Instant::now();
        let mut appended = 0;
        for commit in records.chunks(records_a_commit as usize) {
            if begun.elapsed() >= TIME {
                break;
            }
            let new = commit
                .iter()
                .map(|(bytes, peek)| NewRecord { bytes, peek: *peek });
            let tenants = vec![(self.tenant, new.collect())];
            ledger.append(&Commit {
                tenants,
                checkpoint: None,
            })?;
            appended += commit.len();
        }
        Ok(appended as f64 / begun.elapsed().as_secs_f64())
    }
}

fn copy(reader: &Reader, tenant: TenantNumber, to: u64) -> Result<Vec<(Vec<u8>, Peek)>> {
    let mut records = Vec::new();
    for run in reader.scan(tenant, 1, to) {
        for (_, bytes) in run?.iter() {
            records.push((
                bytes.to_vec(),
                peek(bytes).context("a record that can't be read")?,
            ));
        }
    }
    Ok(records)
}

/// A process of this program that answers every request with the same bytes, by axum.
pub(crate) struct StaticServer {
    child: Child,
    address: std::net::SocketAddr,
}

impl StaticServer {
    pub(crate) fn start(body_bytes: u64) -> Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["--static-server", &body_bytes.to_string()]);
        let (child, address) = listening(command)?;
        Ok(Self { child, address })
    }

    /// Answers a second to the same requests.
    pub(crate) async fn rate<R: Requests>(&self, load: Vec<R>) -> Result<f64> {
        Ok(client::drive(self.address, load, TIME).await?.rate())
    }
}

impl Drop for StaticServer {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// How many want the processor, in the last 1, 5 and 15 minutes.
pub(crate) fn load() -> String {
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    load.split(' ').take(3).collect::<Vec<_>>().join(" ")
}

/// The machine, and how busy it is with other things.
pub(crate) fn machine(data: &Path) -> Result<String> {
    let read = |path| std::fs::read_to_string(path).unwrap_or_default();
    let cores = std::thread::available_parallelism()?;
    let (cpu, memory) = (read("/proc/cpuinfo"), read("/proc/meminfo"));
    let field = |text: &str, name: &str| {
        let line = text
            .lines()
            .find(|line| line.starts_with(name))
            .unwrap_or_default();
        line.split_once(':')
            .map_or("", |(_, value)| value)
            .trim()
            .to_owned()
    };
    let memory: u64 = field(&memory, "MemTotal")
        .trim_end_matches(" kB")
        .parse()
        .unwrap_or(0);
    let release = read("/proc/sys/kernel/osrelease");
    Ok(format!(
        "{cores} cores ({}), {} GiB of memory, Linux {}, {}, load {}",
        field(&cpu, "model name"),
        memory >> 20,
        release.trim(),
        file_system(&read("/proc/mounts"), data),
        load(),
    ))
}

fn file_system(mounts: &str, path: &Path) -> String {
    let parts = mounts
        .lines()
        .map(|line| line.split(' ').collect::<Vec<_>>());
    let below = parts.filter(|parts| parts.len() > 2 && path.starts_with(parts[1]));
    let nearest = below.max_by_key(|parts| parts[1].len());
    nearest.map_or_else(String::new, |parts| parts[2].to_owned())
}
