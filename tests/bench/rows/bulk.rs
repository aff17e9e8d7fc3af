//! Everything that is measured on one ledger of all the events: bulk, size, rebuild, ready.

use super::{create_tenant, say, send_all};
use crate::limits::{self, Left};
use crate::service::Service;
use crate::table::{Figure, Row};
use crate::{Options, load};
use anyhow::{Context, Result};
use std::time::{Duration, Instant};

const CONNECTIONS: u64 = 4;
/// How often the size on disk is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(100);
const MIB: f64 = 1024.0 * 1024.0;
const REACH_BULK: f64 = 80_000.0;
const REACH_REBUILD: f64 = 300_000.0;

pub(crate) async fn measure(options: &Options) -> Result<Vec<Figure>> {
    let mut service = Service::start(&[])?;
    create_tenant(&mut service.connect().await?).await?;
    let customers = options.events / load::EVENTS_A_CUSTOMER;
    say(&format!("bulk: making {} events", options.events));
    let (load, events) = load::bulk(0..customers, load::EVENTS_A_CUSTOMER, CONNECTIONS);

    say("bulk: sending");
    let cpu = service.cpu_seconds()?;
    let (took, position) = send_all(&service, load).await?;
    let cpu = service.cpu_seconds()? - cpu;
    let loaded = Loaded { events, position };
    let mut figures = vec![loaded.bulk(took.as_secs_f64(), cpu)];
    if options.asks(&[Row::Size]) {
        figures.extend(loaded.sizes(&service, options).await?);
    }
    if options.asks(&[Row::Rebuild]) {
        figures.extend(loaded.rebuild(&service).await?);
    }
    if options.asks(&[Row::Ready]) {
        figures.extend(loaded.ready(&mut service).await?);
    }
    add_limits(&mut figures, service)?;
    Ok(figures)
}

/// Once the service has stopped, its own records tell what the ledger can do.
fn add_limits(figures: &mut Vec<Figure>, service: Service) -> Result<()> {
    say("limits: fdatasync, commits of the same records, a scan of them");
    let left = Left::open(service.stop()?)?;
    let record_bytes = left.record_bytes()?;
    let encoded = record_bytes * left.records() as f64 / MIB;
    for figure in std::mem::take(figures) {
        let figure = figure.record_bytes(record_bytes);
        figures.push(match figure.row {
            Row::Bulk => figure
                .limit(
                    left.appends(load::EVENTS_A_REQUEST)?,
                    "records/s, ledger, 1000 a commit",
                )
                .limit(limits::syncs()?, "fdatasync/s"),
            Row::Rebuild if figure.reach.is_some() => {
                figure.limit(left.scan()?, "records/s, raw scan")
            }
            Row::Size if figure.what.starts_with("disk") => figure.limit(encoded, "MiB encoded"),
            _ => figure,
        });
    }
    Ok(())
}

struct Loaded {
    events: u64,
    position: u64,
}

impl Loaded {
    fn bulk(&self, seconds: f64, cpu: f64) -> Figure {
        let Self { events, position } = self;
        let each = cpu * 1e6 / *events as f64;
        let what = format!(
            "bulk, 1000 a request, 4 connections ({events} events, {position} records, {each:.1} µs \
             of a core an event)"
        );
        let figure = Figure::new(Row::Bulk, what, *events as f64 / seconds, "events/s");
        figure.reach(REACH_BULK)
    }

    async fn sizes(&self, service: &Service, options: &Options) -> Result<Vec<Figure>> {
        let busy = (service.resident_bytes()?, service.disk_bytes()?);
        say(&format!("size: resting {} s", options.rest.as_secs()));
        let peak = peak(service, options.rest).await?;
        let rested = (service.resident_bytes()?, service.disk_bytes()?);
        let of = |what: &str, bytes: u64| {
            let what = format!("{what}, {} events", self.events);
            Figure::new(Row::Size, what, bytes as f64 / MIB, "MiB")
        };
        let rest = options.rest.as_secs();
        Ok(vec![
            of("memory at the end of bulk", busy.0),
            of(&format!("memory after {rest} s"), rested.0),
            of("disk at the end of bulk", busy.1),
            of("disk, the most in that time", peak),
            of(&format!("disk after {rest} s"), rested.1),
        ])
    }

    /// Through the command line, which rebuilds everything as one job.
    async fn rebuild(&self, service: &Service) -> Result<Vec<Figure>> {
        say("rebuild of all projections");
        let (begun, cpu) = (Instant::now(), service.cpu_seconds()?);
        service.command(&["rebuild", "--tenant", crate::client::TENANT])?;
        let wall = begun.elapsed().as_secs_f64();
        let each = (service.cpu_seconds()? - cpu) * 1e6 / self.position as f64;
        let jobs = service.connect().await?.json("/api/v1/jobs").await?;
        let job = jobs["items"]
            .as_array()
            .and_then(|jobs| jobs.iter().find(|job| job["kind"] == "rebuild"));
        let job = job.context("the job is forgotten")?;
        let rate = job["rate_per_second"]
            .as_u64()
            .context("the job has no rate")?;
        let by_wall = self.position as f64 / wall;
        let what = format!(
            "rebuild, all projections ({} records, {each:.1} µs of a core a record)",
            self.position
        );
        Ok(vec![
            Figure::new(Row::Rebuild, what, rate as f64, "records/s").reach(REACH_REBUILD),
            Figure::new(
                Row::Rebuild,
                "rebuild, the command's wall time",
                by_wall,
                "records/s",
            ),
        ])
    }

    async fn ready(&self, service: &mut Service) -> Result<Vec<Figure>> {
        say("ready after SIGKILL");
        let begun = Instant::now();
        let ready = service.kill_and_restart().await?.as_secs_f64();
        service.applied(self.position).await?;
        let applied = begun.elapsed().as_secs_f64();
        let memory = service.resident_bytes()? as f64 / MIB;
        let what = format!(
            "ready after SIGKILL, {} events (all applied {applied:.2} s)",
            self.events
        );
        Ok(vec![
            Figure::new(Row::Ready, what, ready, "s"),
            Figure::new(Row::Ready, "memory after that start", memory, "MiB"),
        ])
    }
}

/// The most that the ledger takes on disk in this time.
async fn peak(service: &Service, time: Duration) -> Result<u64> {
    let begun = Instant::now();
    let mut look = tokio::time::interval(LOOK_EVERY);
    let mut most = 0;
    while begun.elapsed() < time {
        look.tick().await;
        most = most.max(service.disk_bytes()?);
    }
    Ok(most)
}
