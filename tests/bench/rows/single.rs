//! One event a request: from one connection, then from 64.

use super::{create_tenant, say};
use crate::client::{Driven, drive};
use crate::limits::{self, Left};
use crate::service::Service;
use crate::table::{Figure, Row};
use crate::{Options, load};
use anyhow::Result;
use std::time::Duration;

const TIME: Duration = Duration::from_secs(6);
const CONNECTIONS: u64 = 64;
const REACH_MANY: f64 = 10_000.0;
/// Events that are made ready, more than are sent in time.
const ONE_EVENTS_MAX: u64 = 60_000;
const MANY_EVENTS_MAX: u64 = 400_000;

pub(crate) async fn measure(options: &Options) -> Result<Vec<Figure>> {
    let service = Service::start(&[])?;
    create_tenant(&mut service.connect().await?).await?;
    let one = ONE_EVENTS_MAX / load::EVENTS_A_CUSTOMER;
    let many = one + MANY_EVENTS_MAX / load::EVENTS_A_CUSTOMER;

    say("one event a request, 1 connection");
    let one = drive(service.address, load::singles(0..one, 1), TIME).await?;
    say("one event a request, 64 connections");
    let start = ONE_EVENTS_MAX / load::EVENTS_A_CUSTOMER;
    let many = drive(
        service.address,
        load::singles(start..many, CONNECTIONS),
        TIME,
    )
    .await?;
    service.applied(one.position.max(many.position)).await?;

    let left = Left::open(service.stop()?)?;
    let record_bytes = left.record_bytes()?;
    let syncs = limits::syncs()?;
    let mut figures = vec![
        figure(Row::One, "singles, 1 connection", &one)
            .limit(syncs, "fdatasync/s")
            .limit(left.appends(1)?, "ledger, 1 a commit")
            .record_bytes(record_bytes),
    ];
    if options.asks(&[Row::Many]) {
        figures.push(
            figure(Row::Many, "singles, 64 connections", &many)
                .limit(left.appends(CONNECTIONS)?, "ledger, 64 a commit")
                .limit(syncs, "fdatasync/s")
                .record_bytes(record_bytes)
                .reach(REACH_MANY),
        );
    }
    Ok(figures)
}

fn figure(row: Row, what: &str, driven: &Driven) -> Figure {
    let (p50, p99) = (driven.percentile(50), driven.percentile(99));
    let what = format!("{what} (p50 {p50:.2} ms, p99 {p99:.2} ms)");
    Figure::new(row, what, driven.rate(), "events/s")
}
