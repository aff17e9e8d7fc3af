//! State at a start: snapshots, and the records since, on all cores.

use crate::error::{OpenError, ReadError};
use crate::open::NODE_SLUG;
use crate::runner::{FoldError, catch_up, evolve};
use crate::shared::Shared;
use crate::snapshots::Folder;
use crate::spread::{Job, spread};
use crate::tenant::{DECIDERS, Live, Tenant};
use crate::writer::WriterTenant;
use std::ops::ControlFlow;
use std::sync::Arc;
use touchbook_events::{Data, Record, TenantKey, TenantNumber, Timestamp};
use touchbook_projection::Deciders;

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
            source: ReadError::Ledger(source),
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
    let mut deciders = (shared.registry.deciders)(tenant.key());
    let loaded = load(shared, &tenant, &mut deciders);
    std::thread::scope(|scope| {
        let folds: Vec<_> = tenant
            .lives()
            .map(|live| {
                let tenant = &tenant;
                scope.spawn(move || go_live(tenant, live))
            })
            .collect();
        let caught_up = catch_up_deciders(&tenant, &mut deciders, &loaded);
        for fold in folds {
            fold.join()
                .expect("a fold's panic quarantines a customer, or breaks the projection")?;
        }
        caught_up.map_err(|source| not_caught_up("deciders", &tenant, source))
    })?;
    Ok(WriterTenant::resume(tenant, deciders, recorded_at))
}

fn not_caught_up(what: &'static str, tenant: &Tenant, source: FoldError) -> OpenError {
    OpenError::CatchUp {
        what,
        tenant: tenant.slug().to_owned(),
        source: Box::new(source),
    }
}

/// Loads all snapshots of a tenant; answers up to where each decider was.
fn load(shared: &Shared, tenant: &Tenant, deciders: &mut Deciders) -> Vec<u64> {
    let mut loaded = vec![0; deciders.iter().count()];
    if tenant.head() == 0 {
        return loaded;
    }
    let mut jobs = Vec::new();
    for (decider, loaded) in deciders.iter_mut().zip(&mut loaded) {
        let folder = Folder::new(&shared.data_dir, tenant, decider.name(), decider.version());
        let bytes = folder.decider_bytes();
        let load = move |buffer: &mut _| *loaded = folder.load_decider(&mut **decider, buffer);
        jobs.push(Job::new(bytes, load));
    }
    for live in tenant.lives() {
        let projection = live.current();
        let (name, version) = (projection.name(), projection.version());
        let folder = Arc::new(Folder::new(&shared.data_dir, tenant, name, version));
        for (part, bytes) in folder.parts() {
            let (folder, projection) = (Arc::clone(&folder), Arc::clone(&projection));
            jobs.push(Job::new(bytes, move |buffer: &mut _| {
                // A panic has broken the projection and been told; everything else is served.
                let _ = evolve(live, || {
                    folder.load_part(part, &*projection, buffer);
                    Ok(())
                });
            }));
        }
    }
    spread(jobs);
    let behind = loaded.iter().copied().min().unwrap_or(0);
    tenant.note_snapshot(DECIDERS, behind);
    loaded
}

/// One whose projector panics is broken until it is rebuilt; everything else is served.
fn go_live(tenant: &Tenant, live: &Live) -> Result<(), OpenError> {
    let projection = live.current();
    let resumed = evolve(live, || {
        tenant.note_snapshot(projection.name(), projection.finish_load());
        catch_up(tenant, &*projection, tenant.head())?;
        Ok(projection.go_live(&tenant.history())?)
    });
    match resumed {
        Ok(()) | Err(FoldError::Panicked) => {
            live.announce();
            Ok(())
        }
        Err(source) => Err(not_caught_up(projection.name(), tenant, source)),
    }
}

/// A tenant's deciders as of its head, beside the writer's: from their snapshots, and the records
/// since.
pub(crate) fn resume_deciders(
    shared: &Shared,
    tenant: &Tenant,
) -> Result<(Deciders, u64), FoldError> {
    let mut deciders = (shared.registry.deciders)(tenant.key());
    let mut buffer = Vec::new();
    let mut loaded = Vec::new();
    for decider in deciders.iter_mut() {
        let (name, version) = (decider.name(), decider.version());
        let folder = Folder::new(&shared.data_dir, tenant, name, version);
        loaded.push(folder.load_decider(&mut **decider, &mut buffer));
    }
    drop(buffer);
    let head = catch_up_deciders(tenant, &mut deciders, &loaded)?;
    Ok((deciders, head))
}

/// Hands each decider the records after those that it has; answers up to where they now are.
fn catch_up_deciders(
    tenant: &Tenant,
    deciders: &mut Deciders,
    loaded: &[u64],
) -> Result<u64, FoldError> {
    let head = tenant.head();
    let behind = loaded.iter().copied().min().unwrap_or(head);
    tenant.records(behind + 1..=head, &mut |record| {
        for (decider, loaded) in deciders.iter_mut().zip(loaded) {
            if record.header.position > *loaded {
                decider.apply(&record);
            }
        }
        ControlFlow::Continue(())
    })?;
    Ok(head)
}
