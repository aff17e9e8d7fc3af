//! Everything that is measured on one ledger of all the events: bulk, size, rebuild, ready.

use super::{MB, say, send_all};
use crate::limits::{self, Left};
use crate::service::Service;
use crate::table::{Figure, Row, Work};
use crate::{Options, load, reach};
use anyhow::{Context, Result};
use std::time::Instant;

const CONNECTIONS: u64 = 4;

pub(crate) async fn measure(options: &Options) -> Result<Vec<Figure>> {
    let mut service = Service::start(&[])?;
    let customers = options.events / load::EVENTS_A_CUSTOMER;
    say(&format!("bulk: making {} events", options.events));
    let (load, events) = load::bulk(0..customers, load::EVENTS_A_CUSTOMER, CONNECTIONS)?;

    say("bulk: sending");
    let cpu = service.cpu_seconds()?;
    let ((took, position), peak) = service.watched(send_all(&service, load)).await?;
    let cpu = service.cpu_seconds()? - cpu;
    let loaded = Loaded { events, position };
    let mut figures = vec![loaded.bulk(took.as_secs_f64(), cpu)];
    if options.asks(&[Row::Size]) {
        figures.extend(loaded.sizes(&service, options, peak).await?);
    }
    if options.asks(&[Row::Rebuild]) {
        figures.extend(loaded.rebuild(&service).await?);
    }
    if options.asks(&[Row::Ready]) {
        figures.extend(loaded.ready(&mut service).await?);
    }
    add_limits(figures, service)
}

/// Once the service has stopped, its own records tell what the ledger can do.
fn add_limits(figures: Vec<Figure>, service: Service) -> Result<Vec<Figure>> {
    say("limits: fdatasync, commits of the same records, a scan of them");
    let left = Left::open(service.stop()?)?;
    let record_bytes = left.record_bytes()?;
    let limited = figures.into_iter().map(|figure| {
        let figure = figure.record_bytes(record_bytes);
        Ok(match figure.work {
            Some(Work::Bulk) => figure
                .limit(
                    left.appends(load::EVENTS_A_REQUEST)?,
                    "records/s, ledger, 1000 a commit",
                )
                .limit(limits::syncs()?, "fdatasync/s"),
            Some(Work::Rebuild) => figure.limit(left.scan()?, "records/s, raw scan"),
            _ => figure,
        })
    });
    limited.collect()
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
        figure.reach(reach::BULK).work(Work::Bulk)
    }

    async fn sizes(&self, service: &Service, options: &Options, peak: u64) -> Result<Vec<Figure>> {
        let busy = (service.resident_bytes()?, service.disk_bytes()?);
        let rest = options.rest.as_secs();
        say(&format!("size: resting {rest} s"));
        let peak = peak.max(service.rest(options.rest).await?);
        let rested = (service.resident_bytes()?, service.disk_bytes()?);
        let encoded = service.encoded_bytes().await? / MB;
        let of = |what: &str, bytes: u64| {
            let what = format!("{what}, {} events", self.events);
            Figure::new(Row::Size, what, bytes as f64 / MB, "MB")
        };
        let disk = |what: &str, bytes| of(what, bytes).limit(encoded, "MB encoded");
        let reach = reach::memory(self.events);
        let each = rested.1 as f64 / self.events as f64;
        Ok(vec![
            of("memory at the end of bulk", busy.0).reach(reach),
            of(&format!("memory after {rest} s"), rested.0).reach(reach),
            disk("disk at the end of bulk", busy.1),
            disk("disk, the most until then", peak),
            of(&format!("disk in bulk, after {rest} s"), rested.1).share(
                encoded,
                "MB encoded",
                reach::DISK_BULK,
            ),
            Figure::new(Row::Size, "the same, an event", each, "B").work(Work::Disk),
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
            Figure::new(Row::Rebuild, what, rate as f64, "records/s")
                .reach(reach::REBUILD)
                .work(Work::Rebuild),
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
        let memory = service.resident_bytes()? as f64 / MB;
        let what = format!(
            "ready after SIGKILL, {} events (all applied {applied:.2} s)",
            self.events
        );
        Ok(vec![
            Figure::new(Row::Ready, what, ready, "s").reach(reach::ready(self.events)),
            Figure::new(Row::Ready, "memory after that start", memory, "MB")
                .reach(reach::memory(self.events)),
        ])
    }
}
