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
use anyhow::{Context, Result};
use std::time::{Duration, Instant};

/// Bytes are counted as disks and `ps` are.
const MB: f64 = 1e6;
/// Longer than sending what was prepared ever takes.
const UNTIL_ALL_IS_SENT: Duration = Duration::from_secs(3_600);

/// What was measured, and what could not be.
#[derive(Default)]
pub(crate) struct Measured {
    pub(crate) figures: Vec<Figure>,
    pub(crate) failures: Vec<anyhow::Error>,
}

impl Measured {
    fn take(&mut self, group: &'static str, figures: Result<Vec<Figure>>) {
        match figures.context(group) {
            Ok(figures) => self.figures.extend(figures),
            Err(failure) => self.failures.push(failure),
        }
    }
}

/// Measures what is asked for; a group that fails takes no other's figures along.
pub(crate) async fn measure(options: &Options) -> Measured {
    let mut measured = Measured::default();
    if options.asks(&[Row::One, Row::Many, Row::Size]) {
        measured.take("one event a request", single::measure(options).await);
    }
    if options.asks(&[Row::Bulk, Row::Size, Row::Rebuild, Row::Ready]) {
        measured.take("bulk", bulk::measure(options).await);
    }
    if options.asks(&[Row::Page]) {
        measured.take("pages", page::measure(options).await);
    }
    if options.asks(&[Row::Customers]) {
        measured.take("customers", customers::measure(options).await);
    }
    if options.asks(&[Row::Large]) {
        measured.take("one large customer", large::measure(options).await);
    }
    if options.asks(&[Row::Jetstream]) {
        measured.take("jetstream", stream::measure(options).await);
    }
    measured
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
