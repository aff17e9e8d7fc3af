//! One event a request: from one connection, then from 64.

use super::{MB, say};
use crate::client::{Driven, drive};
use crate::limits::{self, Left};
use crate::service::Service;
use crate::table::{Figure, Row, Work};
use crate::{Options, load, reach};
use anyhow::Result;
use std::time::Duration;

pub(crate) const TIME: Duration = Duration::from_secs(6);
/// Enough for the ledger to seal and to take space back while events come one at a time.
const TIME_TO_GROW: Duration = Duration::from_secs(30);
pub(crate) const CONNECTIONS: u64 = 64;
/// Events that are made ready, more than are sent in time.
const ONE_EVENTS_A_SECOND_MAX: u64 = 10_000;
pub(crate) const MANY_EVENTS_MAX: u64 = 400_000;

pub(crate) async fn measure(options: &Options) -> Result<Vec<Figure>> {
    let service = Service::start(&[])?;
    let grows = options.asks(&[Row::Size]);
    let time = if grows { TIME_TO_GROW } else { TIME };
    let customers = ONE_EVENTS_A_SECOND_MAX * time.as_secs() / load::EVENTS_A_CUSTOMER;

    say("one event a request, 1 connection");
    let singles = load::singles(0..customers, 1);
    let (one, peak) = service
        .watched(drive(service.address, singles, time))
        .await?;
    let sizes = match grows {
        true => sizes(&service, options, peak).await?,
        false => Vec::new(),
    };
    let many = match options.asks(&[Row::Many]) {
        true => Some(many(&service, customers).await?),
        false => None,
    };

    let left = Left::open(service.stop()?)?;
    let record_bytes = left.record_bytes()?;
    let syncs = limits::syncs()?;
    let one = figure(Row::One, "singles, 1 connection", &one).work(Work::One);
    let one = one.share(syncs, "fdatasync/s", reach::ONE_OF_SYNCS).share(
        left.appends(1)?,
        "ledger, 1 a commit",
        reach::ONE_OF_LEDGER,
    );
    let mut figures = vec![one];
    if let Some(many) = many {
        let many = figure(Row::Many, "singles, 64 connections", &many).work(Work::Many);
        figures.push(
            many.limit(left.appends(CONNECTIONS)?, "ledger, 64 a commit")
                .limit(syncs, "fdatasync/s")
                .reach(reach::MANY),
        );
    }
    figures.extend(sizes);
    let with_record = |figure: Figure| figure.record_bytes(record_bytes);
    Ok(figures.into_iter().map(with_record).collect())
}

async fn many(service: &Service, from: u64) -> Result<Driven> {
    say("one event a request, 64 connections");
    let customers = from..from + MANY_EVENTS_MAX / load::EVENTS_A_CUSTOMER;
    let driven = drive(service.address, load::singles(customers, CONNECTIONS), TIME).await?;
    service.applied(driven.position).await?;
    Ok(driven)
}

async fn sizes(service: &Service, options: &Options, peak: u64) -> Result<Vec<Figure>> {
    let rest = options.rest.as_secs();
    say(&format!("size: resting {rest} s"));
    let peak = peak.max(service.rest(options.rest).await?);
    let encoded = service.encoded_bytes().await? / MB;
    let of = |what: String, bytes: u64| Figure::new(Row::Size, what, bytes as f64 / MB, "MB");
    Ok(vec![
        of("disk, one at a time, the most".to_owned(), peak).limit(encoded, "MB encoded"),
        of(
            format!("disk, one at a time, after {rest} s"),
            service.disk_bytes()?,
        )
        .share(encoded, "MB encoded", reach::DISK_ONE),
    ])
}

fn figure(row: Row, what: &str, driven: &Driven) -> Figure {
    let (p50, p99) = (driven.percentile(50), driven.percentile(99));
    let what = format!("{what} (p50 {p50:.2} ms, p99 {p99:.2} ms)");
    Figure::new(row, what, driven.rate(), "events/s")
}
