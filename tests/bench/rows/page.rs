//! Timeline pages.

use super::{say, send_all};
use crate::client::{drive, get};
use crate::limits::{Left, StaticServer};
use crate::service::Service;
use crate::table::{Figure, Row, Work};
use crate::{Options, load, reach};
use anyhow::{Result, ensure};
use std::time::Duration;
use touchbook_testkit::Mix;

pub(crate) const TIME: Duration = Duration::from_secs(6);
pub(crate) const CONNECTIONS: u64 = 32;
const LOADING_CONNECTIONS: u64 = 4;
pub(crate) const ENTRIES: u64 = 50;

pub(crate) async fn measure(options: &Options) -> Result<Vec<Figure>> {
    let service = Service::start(&[])?;
    let customers = (options.events / load::EVENTS_A_PAGE_CUSTOMER).max(LOADING_CONNECTIONS);
    say(&format!(
        "page: loading {customers} customers of 200 events"
    ));
    let (requests, _) = load::bulk(
        0..customers,
        load::EVENTS_A_PAGE_CUSTOMER,
        LOADING_CONNECTIONS,
    )?;
    send_all(&service, requests).await?;
    check_full(&service).await?;

    say("page: 32 connections, random customers");
    let pages = || load::pages(0..customers, ENTRIES, CONNECTIONS);
    let driven = drive(service.address, pages(), TIME).await?;
    let page_bytes = driven.body_bytes / driven.requests.max(1);

    say("limit: a static answer of the same size");
    let left = Left::open(service.stop()?)?;
    let record_bytes = left.record_bytes()?;
    let fixed = StaticServer::start(page_bytes)?.rate(pages()).await?;
    let what = format!("timeline page of 50, {page_bytes} bytes, 32 connections");
    Ok(vec![
        Figure::new(Row::Page, what, driven.rate(), "pages/s")
            .limit(fixed, "static answers/s by axum")
            .record_bytes(record_bytes)
            .reach(reach::PAGE)
            .work(Work::Page),
        Figure::new(Row::Page, "timeline page, p50", driven.percentile(50), "ms")
            .work(Work::PageMedian),
        Figure::new(Row::Page, "timeline page, p99", driven.percentile(99), "ms")
            .reach(reach::PAGE_SLOW)
            .work(Work::PageSlow),
    ])
}

/// A page with fewer entries would measure something else.
async fn check_full(service: &Service) -> Result<()> {
    let named = Mix::external_id(0);
    let path = format!("/api/v1/customers/external_id:{named}/timeline?limit={ENTRIES}");
    let mut connection = service.connect().await?;
    let page: serde_json::Value = serde_json::from_slice(connection.body(&get(&path)).await?)?;
    let entries = page["items"].as_array().map_or(0, Vec::len);
    ensure!(entries as u64 == ENTRIES, "a page has {entries} entries");
    Ok(())
}
