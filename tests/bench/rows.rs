//! The rows, grouped by the service that they are measured on.

mod bulk;
mod customers;
mod large;
mod page;
mod single;
mod stream;

pub(crate) use page::{CONNECTIONS as PAGE_CONNECTIONS, ENTRIES, TIME as PAGE_TIME};
pub(crate) use single::{CONNECTIONS, MANY_EVENTS_MAX, TIME};

use crate::Options;
use crate::client::{self, Requests};
use crate::service::Service;
use crate::table::{Figure, Row};
use anyhow::Result;
use std::time::{Duration, Instant};

/// Bytes are counted as disks and `ps` are.
const MB: f64 = 1e6;
/// Longer than sending what was prepared ever takes.
const UNTIL_ALL_IS_SENT: Duration = Duration::from_secs(3_600);

/// Measures what is asked for.
pub(crate) async fn measure(options: &Options) -> Result<Vec<Figure>> {
    let mut figures = Vec::new();
    if options.asks(&[Row::One, Row::Many, Row::Size]) {
        figures.extend(single::measure(options).await?);
    }
    if options.asks(&[Row::Bulk, Row::Size, Row::Rebuild, Row::Ready]) {
        figures.extend(bulk::measure(options).await?);
    }
    if options.asks(&[Row::Page]) {
        figures.extend(page::measure(options).await?);
    }
    if options.asks(&[Row::Customers]) {
        figures.extend(customers::measure(options).await?);
    }
    if options.asks(&[Row::Large]) {
        figures.extend(large::measure(options).await?);
    }
    if options.asks(&[Row::Jetstream]) {
        figures.extend(stream::measure(options).await?);
    }
    Ok(figures)
}

/// Tells what is being done; the table comes last.
pub(crate) fn say(text: &str) {
    eprintln!("… {text}");
}

/// Sends prepared requests in bulk; answers how long it took until every projection had applied it
/// all, and the last position.
async fn send_all<R: Requests>(service: &Service, load: Vec<R>) -> Result<(Duration, u64)> {
    let begun = Instant::now();
    let driven = client::drive(service.address, load, UNTIL_ALL_IS_SENT).await?;
    service.applied(driven.position).await?;
    Ok((begun.elapsed(), driven.position))
}
