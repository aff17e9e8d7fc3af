//! Starting: the ledger, what is derived from it, and the threads.

use crate::checkpoint;
use crate::config::{Config, Registry, StreamConfig};
use crate::engine::{Engine, Parts};
use crate::error::OpenError;
use crate::intake::Source;
use crate::ledger_history::peek;
use crate::maintenance::{Maintenance, resume_deciders};
use crate::notary::{self, Notary};
use crate::runner::{FoldError, Runners, catch_up, evolve};
use crate::scrub::Scrub;
use crate::shared::Shared;
use crate::snapshots::Folder;
use crate::tenant::{Live, Tenant};
use crate::writer::{Writer, WriterTenant};
use std::io;
use std::sync::Arc;
use std::thread::JoinHandle;
use touchbook_events::{Data, Incoming, Record, TenantKey, TenantNumber, Timestamp};
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

/// Every tenant of the ledger, the node's own first, with all of its state at its head.
pub(crate) fn resume_tenants(
    shared: &Arc<Shared>,
    reader: &touchbook_ledger::Reader,
) -> Result<Vec<WriterTenant>, OpenError> {
    let mut numbers = reader.tenants();
    if !numbers.contains(&TenantNumber::NODE) {
        numbers.insert(0, TenantNumber::NODE);
    }
    numbers.sort_unstable();
    let mut tenants = Vec::with_capacity(numbers.len());
    for number in numbers {
        let (slug, key) = beginning(reader, number)?;
        let tenant = shared.add_tenant(&slug, number, key);
        tenants.push(resume(shared, tenant)?);
    }
    Ok(tenants)
}

/// A tenant's slug and key, which stand in its first record.
fn beginning(
    reader: &touchbook_ledger::Reader,
    number: TenantNumber,
) -> Result<(String, TenantKey), OpenError> {
    if number == TenantNumber::NODE {
        return Ok((
            NODE_SLUG.to_owned(),
            TenantKey::from_salt(NODE_SLUG.as_bytes()),
        ));
    }
    let missing = || OpenError::NoBeginning { tenant: number.0 };
    let first = reader
        .record(number, 1)
        .map_err(|source| OpenError::Tenant {
            tenant: number.0,
            source: crate::error::ReadError::Ledger(source),
        })?;
    let record = first
        .and_then(|bytes| Record::decode(&bytes).ok())
        .ok_or_else(missing)?;
    match &record.data {
        Data::TenantCreated(created) => Ok((
            created.facts.slug.to_string(),
            TenantKey::from_salt(created.facts.salt.as_bytes()),
        )),
        _ => Err(missing()),
    }
}

/// Deciders and projections from their snapshots and the records since, in parallel.
fn resume(shared: &Arc<Shared>, tenant: Arc<Tenant>) -> Result<WriterTenant, OpenError> {
    let of_read = |source| OpenError::Tenant {
        tenant: tenant.number().0,
        source,
    };
    let last = match tenant.head() {
        0 => None,
        head => tenant.header(head).map_err(of_read)?,
    };
    let recorded_at = last.map_or(Timestamp::MIN, |header| header.recorded_at);
    let deciders = std::thread::scope(|scope| {
        let folds: Vec<_> = tenant
            .lives()
            .map(|live| {
                let tenant = &tenant;
                scope.spawn(move || resume_projection(shared, tenant, live))
            })
            .collect();
        let deciders = resume_deciders(shared, &tenant).map_err(|source| OpenError::CatchUp {
            what: "deciders",
            tenant: tenant.slug().to_owned(),
            source: Box::new(source),
        });
        for fold in folds {
            fold.join()
                .expect("a fold's panic quarantines a customer, or breaks the projection")?;
        }
        deciders
    })?
    .0;
    Ok(WriterTenant::resume(tenant, deciders, recorded_at))
}

/// One whose projector panics is broken until it is rebuilt; everything else is served.
fn resume_projection(shared: &Shared, tenant: &Tenant, live: &Live) -> Result<(), OpenError> {
    let projection = live.current();
    let resumed = evolve(live, || {
        if tenant.head() > 0 {
            let (name, version) = (projection.name(), projection.version());
            Folder::new(&shared.data_dir, tenant, name, version).load_projection(&*projection);
            catch_up(tenant, &*projection, tenant.head())?;
        }
        Ok(projection.go_live(&tenant.history())?)
    });
    match resumed {
        Ok(()) | Err(FoldError::Panicked) => {
            live.announce();
            Ok(())
        }
        Err(source) => Err(OpenError::CatchUp {
            what: projection.name(),
            tenant: tenant.slug().to_owned(),
            source: Box::new(source),
        }),
    }
}
