//! Starting: the ledger, what is derived from it, and the threads.

use crate::checkpoint;
use crate::config::{Config, Registry, StreamConfig};
use crate::engine::{Engine, Parts};
use crate::error::OpenError;
use crate::intake::Source;
use crate::ledger_history::peek;
use crate::maintenance::Maintenance;
use crate::notary::{self, Notary};
use crate::resume::resume_tenants;
use crate::runner::Runners;
use crate::scrub::Scrub;
use crate::shared::Shared;
use crate::writer::Writer;
use std::io;
use std::sync::Arc;
use std::thread::JoinHandle;
use touchbook_events::Incoming;
use touchbook_ledger::{Ledger, OpenReport};
use touchbook_stream::{Reader, Stream};

/// Slug of the node's own ledger.
pub const NODE_SLUG: &str = "_node";

pub(crate) async fn open(config: Config, registry: Registry) -> Result<Engine, OpenError> {
    let (ledger, report) =
        Ledger::open(&config.data_dir, &config.ledger, peek).map_err(|source| {
            OpenError::Ledger {
                path: config.data_dir.clone(),
                source,
            }
        })?;
    tell(&report);
    let ledger_reader = ledger.reader();
    let (stream, reader) = stream(&config, &ledger).await?;
    let shared = Arc::new(Shared::new(
        registry,
        Arc::clone(&config.clock),
        config.data_dir.clone(),
        ledger_reader.clone(),
        matches!(config.stream, StreamConfig::JetStream(_)),
    ));
    let tenants = resume_tenants(&shared, &ledger_reader)?;
    let (runners, runner_threads) = Runners::start(&shared)?;
    let source = source(&config, reader, &shared)?;
    let writer = Writer::new(
        ledger,
        Arc::clone(&shared),
        runners.clone(),
        source,
        tenants,
    );
    let writer = spawn("touchbook-writer", move || writer.run())?;
    let (stop, stopped) = crossbeam_channel::bounded(0);
    let scrub = Scrub {
        shared: Arc::clone(&shared),
        reader: ledger_reader.clone(),
        config: config.scrub,
    };
    let stop_scrub = stopped.clone();
    let notary = Notary::start(ledger_reader.clone()).map_err(|source| OpenError::Thread {
        name: notary::THREAD.to_owned(),
        source,
    })?;
    let scrub = spawn("touchbook-scrub", move || scrub.run(&stop_scrub))?;
    let maintenance = Maintenance {
        shared: Arc::clone(&shared),
        reader: ledger_reader,
        stream: stream.clone(),
        snapshot_records: config.snapshot_records,
    };
    let maintenance = spawn("touchbook-maintenance", move || maintenance.run(&stopped))?;
    Ok(Engine::assemble(Parts {
        shared,
        stream,
        runners,
        writer,
        runner_threads,
        maintenance,
        scrub,
        notary,
        stop_maintenance: stop,
    }))
}

fn tell(report: &OpenReport) {
    tracing::info!(
        tenants = report.tenants,
        records = report.records,
        saved_records = report.saved_records,
        "opened the ledger"
    );
    for dropped in &report.dropped {
        tracing::warn!(
            tenant = dropped.tenant.0,
            from = dropped.from,
            to = dropped.to,
            "dropped records of a commit that was never acknowledged"
        );
    }
}

async fn stream(
    config: &Config,
    ledger: &Ledger,
) -> Result<(Stream<Incoming>, Reader<Incoming>), OpenError> {
    let checkpoint = ledger.reader().checkpoint().map(checkpoint::read);
    match &config.stream {
        StreamConfig::Embedded => Ok(Stream::embedded(checkpoint, Arc::clone(&config.clock))),
        StreamConfig::JetStream(options) => Stream::jetstream(options.clone(), checkpoint)
            .await
            .map_err(OpenError::Stream),
    }
}

fn source(
    config: &Config,
    reader: Reader<Incoming>,
    shared: &Arc<Shared>,
) -> Result<Source, OpenError> {
    let tenants = Arc::clone(&shared.tenants);
    match config.stream {
        StreamConfig::Embedded => Ok(Source::direct(reader, tenants)),
        StreamConfig::JetStream(_) => {
            Source::decoded(reader, tenants).map_err(|source| OpenError::Thread {
                name: "touchbook-decode".to_owned(),
                source,
            })
        }
    }
}

fn spawn<T: Send + 'static>(
    name: &str,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<JoinHandle<T>, OpenError> {
    let failed = |source: io::Error| OpenError::Thread {
        name: name.to_owned(),
        source,
    };
    std::thread::Builder::new()
        .name(name.to_owned())
        .spawn(work)
        .map_err(failed)
}
